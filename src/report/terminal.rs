//! The dry run as text for a terminal.

use super::DryRun;

/// The dry run as text of at most 80 columns.
pub fn text(_dry_run: &DryRun) -> String {
    todo!()
}
