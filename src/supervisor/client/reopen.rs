//! Opening a stopped run again, to take it back. The service is claimed first and the journal says so
//! then: whatever dies in between leaves a finished run, which the next supervisor closes again.

use super::start::{not_another, not_as_root};
use super::{ClientError, PATIENCE};
use crate::engine;
use crate::journal::{RunResult, codec};
use crate::shell::store::{ServiceLock, StateDir};
use crate::shell::{clock, identity};
use crate::supervisor::mirror::read_run;
use crate::supervisor::{load, records};
use crate::types::{RunId, Seq, ServiceId};
use std::time::Duration;

/// Opens the stopped run again and turns it around; says at which number that is journalled. Fails
/// where it was not stopped, where there is no way back, where another run of the service is open,
/// or where a later one has begun.
pub fn reopen(
    state_dir: &StateDir,
    run: &RunId,
    because: Option<String>,
) -> Result<Seq, ClientError> {
    let dir = state_dir.run(run)?;
    if dir.owner() != identity::uid() {
        return Err(not_as_root(&dir));
    }
    let service = load::service_of(&dir)?;
    not_another(state_dir, run, &dir)?;
    let _lock = lock(state_dir, &service, run)?;
    not_a_later_one(state_dir, &service, run)?;
    let loaded = load::load(&dir)?;
    dir.settle_fences(loaded.state.last)?;
    let now = clock::now();
    let who = identity::who();
    let events = engine::reopen(&loaded.plan, &loaded.state, &who, because, &now);
    let events = events.map_err(|refusal| ClientError {
        code: 4,
        hint: refusal.hint,
        ..ClientError::new(refusal.why)
    })?;
    let (bytes, _, recorded) =
        codec::encode(&loaded.journal.hash, loaded.state.last, &now, &events);
    records::claim(state_dir, &loaded.state.run)?;
    let mut journal = dir.open_journal(loaded.journal.good_bytes)?;
    journal.append(&bytes)?;
    Ok(recorded.last().map_or(loaded.state.last, |last| last.n))
}

/// The service's lock; whoever shows the run's end, or ends, holds it for a moment longer.
fn lock(
    state_dir: &StateDir,
    service: &ServiceId,
    run: &RunId,
) -> Result<ServiceLock, ClientError> {
    let began = clock::up();
    loop {
        if let Some(lock) = state_dir.lock(service)? {
            return Ok(lock);
        }
        if clock::up().since(began) > PATIENCE {
            let what = format!("a supervisor of {service} lives and does not end");
            return Err(ClientError::new(what).hint(format!("upwalk attach {run}")));
        }
        // The end of a lock cannot be waited for.
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a later run has done stands on what this one has left.
fn not_a_later_one(
    state_dir: &StateDir,
    service: &ServiceId,
    run: &RunId,
) -> Result<(), ClientError> {
    let later = state_dir
        .runs()?
        .into_iter()
        .take_while(|other| other > run);
    for other in later.filter(|other| other.service() == service.as_str()) {
        let dir = state_dir.run(&other)?;
        if !dir.has_begun()? {
            continue;
        }
        let (_, state) = read_run(&dir)?;
        let result = state.finished.as_ref().map(|finished| &finished.result);
        if result != Some(&RunResult::NeverStarted) {
            return Err(ClientError {
                code: 4,
                ..ClientError::new(format!(
                    "a later run of {service} has begun: {other}; what it did stands on what {run} \
                     left, which is not taken back any more"
                ))
                .hint(format!("upwalk attach {other}"))
            });
        }
    }
    Ok(())
}
