//! The way back: what a rollback takes back, in which order, and from where on there is none.

use crate::journal::RunState;
use crate::plan::{Phase, Plan, Step, Walk};
use crate::types::StepId;

/// How a step is taken back, as overview and dry run show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// It changes nothing.
    Nothing,
    /// Its `undo` runs.
    Undo,
    /// It runs once more after what it follows.
    Again,
    /// It may stay as it is.
    Harmless,
    /// The plan does not say; a person has to.
    Unsaid,
    /// Nothing takes it back.
    Never,
}

/// How this step is taken back.
pub fn back_of(_phase: &Phase, _step: &Step) -> Back {
    todo!()
}

/// The first step from which there is no way back.
pub fn point_of_no_return(_walk: &Walk) -> Option<&Step> {
    todo!()
}

/// One line of a rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeBack {
    /// Which step.
    pub step: StepId,
    /// What happens to it.
    pub back: Back,
}

/// What a rollback from here would do, in its order; `Err` names the step (or the reason) that
/// leaves no way back.
pub fn take_backs(_plan: &Plan, _state: &RunState) -> Result<Vec<TakeBack>, String> {
    todo!()
}
