//! Starting a run's supervisor where none lives. Start is idempotent: whoever comes second finds the
//! service's lock taken, and the first one's socket.

use super::ClientError;
use crate::shell::store::{RunDir, StateDir};
use crate::shell::users::User;
use crate::shell::{identity, os};
use crate::supervisor::load::{self, LoadError};
use crate::supervisor::serve::{FAILED, READY, TAKEN};
use crate::types::{Millis, RunId};

/// How long a supervisor may take to read its journal and to be ready.
const READY_WITHIN: Millis = Millis::from_secs(60);

/// What became of the wish for a supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Started {
    /// It is ready.
    Ready,
    /// Another one has the service's lock.
    Taken,
}

/// Fails where another run of the service is the open one: its supervisor does not go away.
pub(super) fn not_another(
    state_dir: &StateDir,
    run: &RunId,
    dir: &RunDir,
) -> Result<(), ClientError> {
    let service = load::service_of(dir)?;
    match state_dir.open_run_of(&service)? {
        Some(other) if other != *run => Err(ClientError {
            code: 7,
            ..ClientError::new(format!("another run of {service} is open: {other}"))
                .hint(format!("upwalk attach {other}"))
        }),
        Some(_) | None => Ok(()),
    }
}

/// A supervisor acts as whoever started it: root's would run another user's commands as root.
pub(super) fn not_as_root(dir: &RunDir) -> ClientError {
    let owner = User::numbered(dir.owner());
    let owner = owner.map_or_else(|| format!("#{}", dir.owner()), |user| user.name);
    let run = dir.path().file_name().unwrap_or_default();
    let state = dir.path().ancestors().nth(2).unwrap_or(dir.path());
    ClientError::new(format!(
        "no supervisor of {} lives, and the run belongs to {owner}: root can attach to it, but does \
         not start it",
        run.to_string_lossy()
    ))
    .hint(format!(
        "sudo -u '{owner}' upwalk attach {} --state-dir '{}'",
        run.to_string_lossy(),
        state.display()
    ))
}

/// Starts a supervisor for the run and waits until it is ready, or until it may be that another
/// one is.
pub(super) fn start(dir: &RunDir) -> Result<Started, ClientError> {
    if dir.owner() != identity::uid() {
        return Err(not_as_root(dir));
    }
    let log = dir.supervisor_log();
    let tail = format!("tail {}", log.display());
    let line = os::spawn_supervisor(dir.path(), &log, READY_WITHIN).map_err(|error| {
        ClientError::new(format!("the run's supervisor cannot be started: {error}")).hint(&tail)
    })?;
    let line = line.trim_end();
    if line == READY {
        return Ok(Started::Ready);
    }
    if line == TAKEN {
        return Ok(Started::Taken);
    }
    let reason = line.strip_prefix(FAILED);
    let reason: Option<LoadError> = reason.and_then(|text| serde_json::from_str(text).ok());
    Err(match reason {
        Some(error) => error.into(),
        None if line.is_empty() => {
            ClientError::new("the run's supervisor ended before it was ready").hint(tail)
        }
        None => ClientError::new(format!("the run's supervisor said \"{line}\"")).hint(tail),
    })
}
