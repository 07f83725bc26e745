//! What the machine is asked: which questions guards answer, what is measured and counted.
//!
//! Part of the file format, as the events that carry them.

use crate::types::{StepId, WarningId};
use serde::{Deserialize, Serialize};

/// A measured value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its first line, or why it is unknown.
    pub value: Result<String, String>,
}

/// What values were measured for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// A warning's facts.
    Warning(WarningId),
    /// The installed version after the last step (round 1, 2, … as a person retries).
    VersionAtEnd(u32),
    /// The installed version after a rollback.
    VersionAfterRollback(u32),
}

/// When it is counted how much a step has left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Before an attempt begins.
    Before,
    /// After its command has ended, or its check has answered.
    After,
}

/// Which question a guard answers. Rounds count how often a person had it asked again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskKey {
    /// `only_if` of a warning.
    WarningApplies(WarningId),
    /// `only_if` of a step.
    StepApplies(StepId),
    /// `unless` of a step, before it runs.
    StepDone(StepId),
    /// `unless` of a step whose outcome is unknown.
    StepDoneAfterAll(StepId),
    /// A check step's own question.
    Check(StepId),
    /// `verify` of a step.
    Verify(StepId),
    /// The pause's guard of this index, on leaving.
    PauseGuard(StepId, usize),
    /// A lasting check, asked again on leaving the pause.
    Lasting(StepId, StepId),
    /// The pause's guard of this index, re-measured during the pause.
    PauseWatch(StepId, usize),
    /// `undo_if` of a step.
    UndoApplies(StepId),
    /// `undo_verify` of a step.
    UndoVerify(StepId),
}
