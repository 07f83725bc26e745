//! The dry run as a runbook.

use super::DryRun;

/// The dry run as a runbook in Markdown, to paste into a ticket.
pub fn markdown(_dry_run: &DryRun) -> String {
    todo!()
}
