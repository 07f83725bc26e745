//! The last lines of a step's log, for the moment it fails.

use super::Session;
use crate::supervisor::client::LogReader;
use crate::text;
use crate::types::StepId;

/// How many lines are shown.
const LINES: usize = 10;

/// The end of the step's present or last log, made safe and without secrets; empty where it has
/// none.
pub(super) fn last_lines(session: &Session<'_>, step: &StepId) -> Vec<String> {
    let state = session.mirror.state.as_ref();
    let latest = state.and_then(|state| state.steps.get(step)?.latest());
    let Some(number) = latest
        .filter(|latest| latest.command)
        .map(|latest| latest.number)
    else {
        return Vec::new();
    };
    let Some(path) = session.mirror.log_path(number) else {
        return Vec::new();
    };
    let read = || {
        let log = LogReader::open(&path)?;
        log.lines_before(log.len()?, LINES)
    };
    // A log that cannot be read is no reason not to ask what to do now.
    let Ok(lines) = read() else {
        return Vec::new();
    };
    let mut shown = vec![format!("  The end of its log, {}:", path.display())];
    shown.extend(lines.iter().map(|line| {
        let safe = text::sanitise(&line.bytes).text;
        format!("    {}", (session.blot)(&safe))
    }));
    shown
}
