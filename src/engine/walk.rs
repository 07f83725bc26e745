//! Where a run stands in its walk.

use crate::journal::RunState;
use crate::plan::{Plan, Walk};
use crate::types::StepId;

/// The walk of the run's direction.
pub fn walk_of<'a>(_plan: &'a Plan, _state: &RunState) -> Option<&'a Walk> {
    todo!()
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The phase or pause under way or next; none after the last.
    pub item: Option<StepId>,
    /// Its number, from 1.
    pub item_number: usize,
    /// The step under way or next.
    pub step: Option<StepId>,
    /// The step's number in its phase, from 1; 0 without a step.
    pub step_number: usize,
}

/// Where the run stands.
pub fn position(_plan: &Plan, _state: &RunState) -> Position {
    todo!()
}
