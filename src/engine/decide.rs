//! Inputs to events.

use super::Input;
use crate::journal::{Event, RunState};
use crate::plan::Plan;
use crate::types::Moment;

/// Why a decision was not taken. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// What is the case, one or two full sentences.
    pub why: String,
    /// A command to type instead, where there is one.
    pub hint: Option<String>,
}

/// The events that follow from `input`, those of going on after it included.
pub fn decide(
    _plan: &Plan,
    _state: &RunState,
    _input: &Input,
    _now: &Moment,
) -> Result<Vec<Event>, Refusal> {
    todo!()
}
