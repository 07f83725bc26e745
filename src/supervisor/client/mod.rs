//! The front ends' side: find the run's supervisor or start it, attach, decide, look. It shows
//! nothing and decides nothing. Called by `cli`, `tui` and `plain`, which see nothing else of the
//! supervisor.

mod connection;
mod reopen;
mod start;

use super::load::LoadError;
use super::server;
use super::wire::{self, FromServer, Part, ToServer};
use crate::journal::Decision;
use crate::shell::store::{RunDir, StateDir, StoreError};
use crate::shell::{clock, os};
use crate::types::{Millis, RunId, Seq};
use connection::{Connection, connect};
use start::{Started, not_another, start};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use reopen::reopen;

pub use super::mirror::{Mirror, join, log_path, now, read_run, silence, trace};
pub use super::wire::{Handover, Held, Observer, UNATTENDED};
pub use crate::shell::announce::announce;
pub use crate::shell::exec::{Trace, command_pid};
pub use crate::shell::foreground::{Errand, Lent, hang_up, lend, pager, shell};
pub use crate::shell::relay::WENT_BACK;
pub use crate::shell::tail::{Line, LogReader, MAX_LINE};

/// How long another supervisor may take to open its socket, or to end and let go of its lock.
const PATIENCE: Millis = Millis::from_secs(15);

/// Why no supervisor can be spoken with.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct ClientError {
    /// What failed, one sentence.
    pub what: String,
    /// A command that helps.
    pub hint: Option<String>,
    /// The exit code that goes with it (1, 3, 4, 7 or 8).
    pub code: u8,
    /// The run's supervisor is another upwalk, which speaks otherwise: the program it runs. Whoever
    /// replaces this process by that, with the same arguments, will be understood.
    pub other: Option<PathBuf>,
}

impl ClientError {
    /// An error outside upwalk.
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: None,
            code: 1,
            other: None,
        }
    }

    /// With a command that helps.
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<LoadError> for ClientError {
    fn from(LoadError { what, hint, code }: LoadError) -> Self {
        Self {
            what,
            hint,
            code,
            other: None,
        }
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        LoadError::from(error).into()
    }
}

/// Replaces this process by the upwalk that the run's supervisor is, with the same arguments, where
/// the error says that it speaks otherwise; gives the error back where it does not, or where that
/// fails. Call it before anything was shown or changed.
pub fn hand_over(error: ClientError) -> ClientError {
    let Some(program) = &error.other else {
        return error;
    };
    let cause = os::become_program(program);
    ClientError {
        what: format!("{}, and its program cannot be started: {cause}", error.what),
        ..error
    }
}

/// News from the supervisor.
#[derive(Debug, Clone)]
pub enum Update {
    /// A frame.
    Frame(Box<FromServer>),
    /// The connection is gone: the supervisor ended or died. Comes once, as the last.
    Gone(String),
}

/// A connection to a run's supervisor; dropping it leaves.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    /// Held while a frame is written, so that frames arrive whole.
    writing: Mutex<()>,
    next: AtomicU64,
}

impl Client {
    /// Attaches to the run's supervisor, starting one where none lives. `on_update` is called on a
    /// thread of its own for every frame, in order.
    pub fn attach(
        state_dir: &StateDir,
        run: &RunId,
        part: Part,
        on_update: impl FnMut(Update) + Send + 'static,
    ) -> Result<Self, ClientError> {
        let dir = state_dir.run(run)?;
        let began = clock::up();
        loop {
            if let Some(connection) = Connection::open(&dir, part)? {
                return connection.join(on_update);
            }
            if clock::up().since(began) > PATIENCE {
                return Err(ClientError::new(format!(
                    "the supervisor of {run} does not open its socket, or that of an earlier run \
                     of the service does not end"
                ))
                .hint(format!("tail {}", dir.supervisor_log().display())));
            }
            if start(&dir)? == Started::Taken {
                not_another(state_dir, run, &dir)?;
                // Its socket, or the end of its lock, is a moment away; neither can be waited for.
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Attaches to the run's supervisor; none where none lives.
    pub fn attach_existing(
        state_dir: &StateDir,
        run: &RunId,
        part: Part,
        on_update: impl FnMut(Update) + Send + 'static,
    ) -> Result<Option<Self>, ClientError> {
        let dir = state_dir.run(run)?;
        let connection = Connection::open(&dir, part)?;
        connection
            .map(|connection| connection.join(on_update))
            .transpose()
    }

    /// Sends a decision; the reply comes as an update with the returned id.
    pub fn decide(&self, at: Option<Seq>, decision: Decision) -> Result<u64, ClientError> {
        self.ask(|id| ToServer::Decide { id, at, decision })
    }

    /// Takes the controls; the reply comes as an update with the returned id.
    pub fn take_controls(&self) -> Result<u64, ClientError> {
        self.ask(|id| ToServer::TakeControls { id })
    }

    /// Asks for the controls, or answers who asks; the reply comes as an update with the returned id.
    pub fn hand_over(&self, what: Handover) -> Result<u64, ClientError> {
        self.ask(|id| ToServer::Handover { id, what })
    }

    /// Tells that a person has pressed a key here; nothing comes back.
    pub fn key(&self) -> Result<(), ClientError> {
        self.ask(|_| ToServer::Key).map(drop)
    }

    /// Asks whether the supervisor is alive; the pong comes as an update with the returned id.
    pub fn ping(&self) -> Result<u64, ClientError> {
        self.ask(|id| ToServer::Ping { id })
    }

    /// Sends a frame with an id of its own.
    fn ask(&self, frame: impl FnOnce(u64) -> ToServer) -> Result<u64, ClientError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let line = wire::encode_to_server(&frame(id));
        let _whole = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match send(&self.stream, &line) {
            Ok(()) => Ok(id),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Writes a frame; one that the supervisor would refuse is refused here.
fn send(stream: &UnixStream, line: &[u8]) -> Result<(), ClientError> {
    if line.len() > wire::MAX_FRAME {
        return Err(ClientError::new(format!(
            "this is too long to be sent: {} bytes, and {} are the most",
            line.len(),
            wire::MAX_FRAME
        )));
    }
    server::send(stream, line).map_err(|error| {
        ClientError::new(format!(
            "the supervisor cannot be reached any more: {error}"
        ))
        .hint("attach again; what runs goes on")
    })
}

/// The process of the supervisor that serves the run in this directory; none where none does.
pub fn supervisor_of(dir: &RunDir) -> Option<u32> {
    let stream = connect(dir.path()).ok()?;
    Some(os::login_peer(&stream).ok()?.pid)
}

/// Whether a supervisor serves a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// One does: its process, where the socket tells.
    Yes(Option<u32>),
    /// One lives, but a signal has stopped it: its process.
    Stopped(u32),
    /// None does.
    No,
}

/// Whether a supervisor serves the run in this directory.
pub fn served(dir: &RunDir) -> Served {
    match connect(dir.path()) {
        Ok(stream) => match os::login_peer(&stream) {
            Ok(peer) if os::is_stopped(peer.pid) => Served::Stopped(peer.pid),
            peer => Served::Yes(peer.ok().map(|peer| peer.pid)),
        },
        Err(_) => Served::No,
    }
}
