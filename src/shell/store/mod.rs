//! State on disk: the state directory, run directories, the journal's file, locks, ledgers.
//!
//! Layout and modes: architecture.md, "State on disk". Nothing here knows what a journal line or a
//! plan means: it takes and gives bytes, durably.

mod error;
mod files;
mod journal_file;
mod plan_file;
mod remains;
mod run_dir;
mod salvage;
mod space;
mod state_dir;

pub use error::StoreError;
pub use journal_file::JournalFile;
pub use plan_file::{
    Copied, MAX_PLAN, PlanFile, PlanFileError, files_in, read_plan, read_private, read_small,
};
pub use remains::Remains;
pub use run_dir::RunDir;
pub use state_dir::{OpenRuns, ServiceLock, StateDir};

pub(super) use files::{create_new, open_new, put_in_place, replace, sync_dir, unfinished};
