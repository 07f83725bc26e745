//! Starting a run's supervisor where none lives. Start is idempotent: whoever comes second finds the
//! service's lock taken, and the first one's socket.

use super::ClientError;
use crate::shell::os;
use crate::shell::store::{RunDir, StateDir};
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

/// Starts a supervisor for the run and waits until it is ready, or until it may be that another
/// one is.
pub(super) fn start(dir: &RunDir) -> Result<Started, ClientError> {
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
