//! The journal: facts about one run, append-only, and the state they add up to.
//!
//! [`Event`] is the vocabulary, [`codec`] turns bytes into events and back, [`RunState`] is the
//! fold of them and has no other writer. Nothing here touches a file.

mod answers;
mod asked;
pub mod codec;
mod commands;
mod event;
mod fold;
mod opening;
mod question;
mod salvaged;
#[cfg(test)]
pub(crate) mod samples;
mod shell;
mod state;

pub use asked::{AskKey, Count, Fact, Measured};
pub use event::{Event, Outcome, Recorded, RunResult, SkipReason};
pub use fold::FoldError;
pub use opening::{RunStarted, StepMode, VarValue};
pub use question::{Asks, Decision, Evidence, Filled, Question, Seeing, Verdict};
pub use salvaged::{LostIntent, Salvaged, Standing, Way};
pub use shell::{ShellLeft, ShellOpened, ShellRecord};
pub use state::{
    Answered, Attempt, Consent, Facts, Finished, Note, Open, PauseRecord, PhaseRecord, Remark,
    Rollback, RunState, StepRecord, WarningRecord, WarningState, Word,
};
