//! Texts about a plan or a run as a whole: the dry run, the status, the summary at the end.
//!
//! Everything is a function of the plan and the folded state (and of what the caller measured);
//! nothing is looked up, nothing printed. The dry run goes through the same `decide` and the same
//! fold as a run, with a pretend host. Called by `cli`, and by `tui` and `plain` for the summary.

mod account;
mod build;
mod build_step;
mod command;
mod disk;
mod dry_run;
mod evaluate;
mod fence;
mod items;
mod markdown;
mod page;
mod pretend;
mod quote;
mod runs;
mod stands;
mod status;
mod summary;
mod terminal;
mod terminal_step;
mod words;

pub use account::account;
pub use build::dry_run;
pub use disk::Disk;
pub use dry_run::{
    Confirmation, DryRun, EnvironmentName, FromSource, QuestionKind, QuestionShown, Questions,
    Unattended, VariableShown, VersionsShown, WayBack, json,
};
pub use evaluate::{Evaluated, ReadOnly, read_only};
pub use items::{
    AnswerShown, BackShown, CommandShown, FactShown, GuardShown, ItemShown, LevelName,
    PauseGuardShown, PauseShown, PhaseShown, RetriesShown, StepKind, StepShown, WarningShown,
};
pub use markdown::markdown;
pub use quote::quote;
pub use runs::{RunLine, run_line, runs, runs_json};
pub use stands::{Meanwhile, Supervisor};
pub use status::{Doing, Owed, Place, Status, StepLine, status, status_json, statuses};
pub use summary::{finished_summary, shells_opened};
pub use terminal::text;

/// The version of the JSON documents written here: new optional fields do not change it.
pub const SCHEMA: u32 = 1;
