//! What can be seen of an intent's command by somebody who neither waits nor decides: for `status`
//! and `why` where no supervisor lives.

use super::intent::{Intent, PidFile};
use super::left;
use crate::shell::clock;
use crate::shell::proc::Proc;
use crate::shell::store::RunDir;
use crate::types::{ExitRecord, Seq};
use std::fs::TryLockError;

/// What became of an intent's command so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trace {
    /// It runs, or something of it does: numbers and command lines.
    Runs(String),
    /// It has ended, and this is what its shim wrote down.
    Ended(Box<ExitRecord>),
    /// It was not started.
    NotStarted,
    /// Nobody can know how it ended, and nobody of it is left: why.
    Lost(String),
}

/// Looks what became of an intent's command; changes nothing.
pub fn trace(dir: &RunDir, number: Seq, stem: &str) -> Trace {
    let intent = Intent {
        dir: dir.clone(),
        number,
        stem: stem.to_owned(),
    };
    let watched = is_watched(&intent);
    match intent.read_exit() {
        // Its shim may still be at work on the log: that changes nothing.
        Ok(Some(record)) => return Trace::Ended(Box::new(record)),
        Ok(None) if watched => {
            let what = command(&intent).unwrap_or_else(|| "it begins or ends".to_owned());
            return Trace::Runs(what);
        }
        Ok(None) => {}
        Err(error) => return Trace::Lost(format!("its status cannot be read: {error}")),
    }
    let pids = match intent.read_pid() {
        Ok(None | Some(PidFile { shim: None, .. })) => return Trace::NotStarted,
        Ok(Some(pids)) => pids,
        Err(error) => return Trace::Lost(format!("its files cannot be read: {error}")),
    };
    let boot = clock::boot();
    if pids.shim.as_ref().is_some_and(|shim| shim.boot != boot) {
        return Trace::Lost("the machine was restarted while it ran".to_owned());
    }
    let left = left::left(&intent, &pids);
    if left.is_empty() {
        return Trace::Lost("it is gone, and so is the process that watched it".to_owned());
    }
    Trace::Runs(left::names(&left))
}

/// Makes sure that an intent of which nothing was started never is; says whether that came in time.
pub fn fence(dir: &RunDir, number: Seq, stem: &str) -> std::io::Result<bool> {
    let intent = Intent {
        dir: dir.clone(),
        number,
        stem: stem.to_owned(),
    };
    let lock = intent.open_lock()?;
    if lock.try_lock().is_err() || intent.read_pid()?.is_some() {
        return Ok(false);
    }
    super::void(&intent, None)?;
    Ok(true)
}

/// Whether a shim lives for it.
fn is_watched(intent: &Intent) -> bool {
    let Ok(lock) = intent.open_lock() else {
        return false;
    };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Its first process, where that lives and is known.
fn command(intent: &Intent) -> Option<String> {
    let command = intent.read_pid().ok()??.command?;
    let proc = Proc::read(command.group)?;
    (proc.start == command.start && !proc.dead).then(|| proc.title())
}
