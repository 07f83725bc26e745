//! What a person can answer at the open question: one table for keys, prompts, verbs and `why`.

use crate::journal::RunState;
use crate::plan::Plan;

/// One thing a person can answer here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The decision's verb: `start`, `confirm`, `continue`, `retry`, `skip`, `settle done`,
    /// `settle rerun`, `rollback`, `stop`.
    pub verb: &'static str,
    /// What it does here, one sentence.
    pub does: String,
    /// Whether a reason has to be given (`--because`).
    pub needs_reason: bool,
    /// The command that decides the same, `--at SEQ` included; a reason stands as `'WHY'`.
    pub command: String,
}

/// The answers to the open question, the usual one first; empty where nothing is asked.
pub fn choices(_plan: &Plan, _state: &RunState) -> Vec<Choice> {
    todo!()
}
