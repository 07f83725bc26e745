//! Signals, sessions, descriptors: the thin layer over the kernel, and the only `unsafe`.

use crate::types::Millis;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// The process at the other end of a Unix socket, as the kernel knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its process.
    pub pid: u32,
}

/// Who connected (`SO_PEERCRED`).
pub fn login_peer(_stream: &UnixStream) -> io::Result<Peer> {
    todo!()
}

/// Makes this process a supervisor: a session of its own, subreaper of what its commands leave,
/// default signals, an empty mask, no inherited descriptor above 2, working directory `/`. Call it
/// before any thread is started.
pub fn become_supervisor() -> io::Result<()> {
    todo!()
}

/// Calls `told` on a thread of its own whenever SIGTERM arrives.
pub fn on_terminate(_told: impl FnMut() + Send + 'static) -> io::Result<()> {
    todo!()
}

/// Starts `upwalk __supervise RUN_DIR` detached from this login, its standard error appended to
/// `log`, and returns the line it says on standard output; fails where it says none in time.
pub fn spawn_supervisor(_run_dir: &Path, _log: &Path, _timeout: Millis) -> io::Result<String> {
    todo!()
}
