//! The last lines of a step's log, for the moment it fails.

use super::Session;
use crate::supervisor::client::LogReader;
use crate::text;
use crate::types::StepId;
use std::path::Path;

/// How many lines are shown.
const LINES: usize = 10;

/// The end of the step's present or last log, made safe and without secrets; empty where it has
/// none.
pub(super) fn last_lines(session: &Session<'_>, step: &StepId) -> Vec<String> {
    let state = session.mirror.state.as_ref();
    let latest = state.and_then(|state| state.steps.get(step)?.latest());
    let latest = latest.filter(|latest| latest.command);
    let Some(number) = latest.map(|latest| latest.number) else {
        return Vec::new();
    };
    let Some(path) = session.mirror.log_path(number) else {
        return Vec::new();
    };
    let read = || -> std::io::Result<_> {
        let log = LogReader::open(&path)?;
        let len = log.len()?;
        Ok((len, log.lines_before(len, LINES)?))
    };
    let (len, lines) = match read() {
        Ok(read) => read,
        // No reason not to ask what to do now.
        Err(error) => return vec![unread(&path, &error)],
    };
    let mut shown = vec![format!("  The end of its log, {}:", path.display())];
    let written = latest.and_then(|latest| Some(latest.end.as_ref()?.log_bytes));
    if let Some(written) = written.filter(|written| len < *written) {
        shown.push(format!(
            "    (Somebody has cut or replaced it: {len} of {written} bytes are left.)"
        ));
    }
    shown.extend(lines.iter().map(|line| {
        let safe = text::sanitise(&line.bytes).text;
        format!("    {}", (session.blot)(&safe))
    }));
    shown
}

/// Why a log is not shown.
fn unread(path: &Path, error: &std::io::Error) -> String {
    let path = path.display();
    if error.kind() == std::io::ErrorKind::NotFound {
        format!("  Its log, {path}, was removed by somebody.")
    } else {
        format!("  Its log, {path}, cannot be read: {error}.")
    }
}
