//! Asking for the end of an intent's command, or letting go of what outlives it.

use super::Intent;
use crate::shell::proc::Proc;
use crate::shell::store::RunDir;
use crate::shell::{clock, os};
use crate::types::{Reach, Seq};
use rustix::process::{Pid, Signal};
use std::io;

/// Asks the shim of an intent to end its command, or to wait no longer for what outlives it:
/// `.cancel` (why) is written, then the shim is woken. Asked the same again, it is only woken.
pub fn cancel(dir: &RunDir, number: Seq, stem: &str, why: &str, reach: Reach) -> io::Result<()> {
    let intent = Intent {
        dir: dir.clone(),
        number,
        stem: stem.to_owned(),
    };
    if intent.cancelled().is_none_or(|asked| asked < reach) {
        intent.write_cancel(why, reach)?;
    }
    wake_shim(&intent)
}

/// Has the shim look for `.cancel`. Without a `.pid` it has yet to look; without a shim, whoever
/// waits for what it left does.
fn wake_shim(intent: &Intent) -> io::Result<()> {
    let Some(shim) = intent.read_pid()?.and_then(|pids| pids.shim) else {
        return Ok(());
    };
    let handle = Pid::from_raw(shim.pid).and_then(os::pidfd);
    if let Some(handle) = handle
        && shim.boot == clock::boot()
        && Proc::is(shim.pid, shim.start)
    {
        match rustix::process::pidfd_send_signal(&handle, Signal::USR1) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
