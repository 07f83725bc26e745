//! What a run's journal leaves in the service's ledger, and what its end leaves behind. Called
//! while the service's lock is held, by `serve` on taking a run over and by the loop.

use super::load::LoadError;
use crate::journal::{Event, Recorded, RunResult, RunStarted};
use crate::ledger::{self, Entry};
use crate::shell::store::{RunDir, StateDir, StoreError};

/// Appends what an event of the journal leaves in the ledger; what is there already is not
/// repeated.
pub(super) fn keep(dir: &StateDir, run: &RunStarted, event: &Recorded) -> Result<(), StoreError> {
    let entry = |state_version, stopped_at| Entry {
        v: ledger::FORMAT,
        service: run.service.clone(),
        state_version,
        run: run.run.clone(),
        number: event.n,
        at: event.at.wall,
        by: run.who.clone(),
        stopped_at,
    };
    if let Event::LedgerMoved { version } = &event.event {
        return dir.append_ledger(&entry(Some(version.clone()), None));
    }
    let Event::RunFinished { result } = &event.event else {
        return Ok(());
    };
    let before = dir.ledger(&run.service)?;
    let version = before
        .as_ref()
        .and_then(|before| before.state_version.clone());
    match result {
        RunResult::Stopped { at, .. } => {
            let at = at.as_ref().map_or("its beginning", |at| at.as_str());
            dir.append_ledger(&entry(version, Some(at.to_owned())))
        }
        // The open ends of an earlier run are tied up by one that came to its end.
        RunResult::Done if before.is_some_and(|before| before.stopped_at.is_some()) => {
            dir.append_ledger(&entry(version, None))
        }
        RunResult::Done | RunResult::RolledBack | RunResult::NeverStarted => Ok(()),
    }
}

/// After the last event: secrets go where nothing of the run can be run any more, and the service
/// is free for another run.
pub(super) fn close(
    state_dir: &StateDir,
    dir: &RunDir,
    run: &RunStarted,
    result: &RunResult,
) -> Result<(), StoreError> {
    match result {
        RunResult::Done | RunResult::RolledBack | RunResult::NeverStarted => {
            dir.remove_secrets()?;
        }
        RunResult::Stopped { .. } => {}
    }
    state_dir.release(&run.service, &run.run)
}

/// Names the run as the service's open one, if nobody did; fails where another one is.
pub(super) fn claim(state_dir: &StateDir, run: &RunStarted) -> Result<(), LoadError> {
    match state_dir.claim(&run.service, &run.run)? {
        Some(other) if other != run.run => Err(LoadError {
            what: format!("another run of {} is open: {other}", run.service),
            hint: Some(format!("upwalk attach {other}")),
            code: 7,
        }),
        Some(_) | None => Ok(()),
    }
}
