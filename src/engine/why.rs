//! What a run waits for, in one sentence, and the next command to type.

use crate::journal::RunState;
use crate::plan::Plan;
use crate::types::Moment;

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// One or two full sentences.
    pub sentence: String,
    /// Commands that answer, the usual one first, each beginning with `upwalk `.
    pub commands: Vec<String>,
    /// Whether a person is needed.
    pub needs_person: bool,
}

/// What the run waits for now.
pub fn why(_plan: &Plan, _state: &RunState, _now: &Moment) -> Why {
    todo!()
}
