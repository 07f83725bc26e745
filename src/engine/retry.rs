//! Failed steps that begin again by themselves (plan-language, `retries` and `retry_codes`).
//!
//! An outcome that nobody knows is never tried again this way: that is `rerun`'s.

use super::walk::{position, walk_of};
use crate::journal::{Outcome, RunState, StepRecord};
use crate::plan::{Plan, Step};
use crate::types::{Exit, Moment, StepId};

/// An attempt that begins by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Of which step.
    pub step: StepId,
    /// Its number among the attempts that follow the first by themselves, from 1.
    pub number: u32,
    /// How many there are at most.
    pub of: u32,
    /// When it begins.
    pub begins: Moment,
    /// Why the one before it failed.
    pub why: String,
}

/// When a failed step begins again by itself; none where it has not failed, or where a person is
/// asked.
pub(super) fn by_itself(step: &Step, record: &StepRecord) -> Option<Moment> {
    let retries = step.retries.as_ref()?;
    if !matches!(record.outcome, Some(Outcome::Failed(_))) || record.retries >= retries.times {
        return None;
    }
    let end = record
        .attempts
        .last()
        .and_then(|attempt| attempt.end.as_ref());
    let meant = match end.map(|end| &end.exit) {
        _ if retries.codes.is_empty() => true,
        Some(Exit::Code(code)) => retries.codes.contains(code),
        Some(Exit::Signal(_) | Exit::TimedOut | Exit::Cancelled | Exit::NotStarted(_)) | None => {
            false
        }
    };
    // Whoever cancelled it wanted it to stop.
    let cancelled = end.is_some_and(|end| end.exit == Exit::Cancelled);
    (meant && !cancelled).then(|| record.ended.as_ref().map(|at| at.plus(retries.wait)))?
}

/// The attempt that the run waits for before it begins by itself; none where it waits for anything
/// else.
pub fn retry(plan: &Plan, state: &RunState) -> Option<Retry> {
    if state.open.is_some() || state.rollback.is_some() || state.finished.is_some() {
        return None;
    }
    let id = position(plan, state).step?;
    let (_, step) = walk_of(plan, state)?.step(&id)?;
    let record = state.steps.get(&id)?;
    let Some(Outcome::Failed(why)) = &record.outcome else {
        return None;
    };
    Some(Retry {
        begins: by_itself(step, record)?,
        number: record.retries + 1,
        of: step.retries.as_ref()?.times,
        why: why.clone(),
        step: id,
    })
}
