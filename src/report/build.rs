//! The dry run from plan and hypothetical run: fills the data that all three forms show.

use super::{DryRun, Evaluated, FromSource};
use crate::journal::RunStarted;
use crate::plan::Plan;

/// What the run that `run` describes would do. `from` says where its version was taken from;
/// `evaluated` is what the read-only commands said (`--evaluate`).
pub fn dry_run(
    _plan: &Plan,
    _run: &RunStarted,
    _from: FromSource,
    _evaluated: Option<&Evaluated>,
) -> DryRun {
    todo!()
}
