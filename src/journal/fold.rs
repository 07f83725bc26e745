//! The fold of events to a state: its only writer.

use super::event::Recorded;
use super::state::RunState;

/// Why an event does not fit the state before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {n}: {why}")]
pub struct FoldError {
    /// The event's number.
    pub n: u64,
    /// What does not fit.
    pub why: String,
}

impl RunState {
    /// The state after a journal's first event; fails where that is not `RunStarted`.
    pub fn begin(_first: &Recorded) -> Result<Self, FoldError> {
        todo!()
    }

    /// Adds one event; fails where it does not fit, which is damage.
    pub fn apply(&mut self, _next: &Recorded) -> Result<(), FoldError> {
        todo!()
    }
}
