//! A stopped run can still be taken back: which events open it again.

use super::decide::Refusal;
use super::undo::take_backs;
use crate::journal::{Event, RunResult, RunState};
use crate::plan::Plan;
use crate::types::{Moment, Who};

/// The events that open a stopped run again and turn it around, or why that cannot be. They go into
/// the journal in one append: between them the run would go on forwards.
pub fn reopen(
    plan: &Plan,
    state: &RunState,
    who: &Who,
    because: Option<String>,
    now: &Moment,
) -> Result<Vec<Event>, Refusal> {
    backwards(plan, state)?;
    Ok(vec![
        Event::RunReopened {
            who: who.clone(),
            boot: now.boot.clone(),
        },
        Event::RollbackStarted {
            who: who.clone(),
            because,
        },
    ])
}

/// Whether a run that has ended can still be taken back.
pub fn may_reopen(plan: &Plan, state: &RunState) -> bool {
    backwards(plan, state).is_ok()
}

/// Why a run cannot be taken back after its end, where it cannot.
fn backwards(plan: &Plan, state: &RunState) -> Result<(), Refusal> {
    let Some(finished) = &state.finished else {
        return Err(Refusal::new("The run is open. Nothing was done."));
    };
    let refused = match finished.result {
        RunResult::Stopped { .. } => None,
        RunResult::Done => Some("The run is done, and what is done is not taken back."),
        RunResult::RolledBack => Some("The run was taken back already."),
        RunResult::NeverStarted => Some("The run never began: there is nothing to take back."),
        RunResult::Lost => Some(
            "Nobody knows how the run ended: the end of its journal is lost. What it did has to be \
             taken back by hand.",
        ),
    };
    if let Some(why) = refused {
        return Err(Refusal::new(format!("{why} Nothing was done.")));
    }
    if take_backs(plan, state).map_err(Refusal::new)?.is_empty() {
        return Err(Refusal::new(
            "Nothing has been started that could be taken back. Nothing was done.",
        ));
    }
    Ok(())
}
