//! The last lines of a step's log: for the moment it fails, and for whoever asks for them.

use super::names::Names;
use super::{PlainError, Session, say};
use crate::journal::Attempt;
use crate::supervisor::client::LogReader;
use crate::text;
use crate::types::StepId;
use std::path::Path;

/// How many lines are shown of a step that failed.
const LINES: usize = 10;
/// How many are shown to whoever asks for them.
const MORE: usize = 40;

/// The end of the step's present or last log, made safe and without secrets; empty where it has
/// none.
pub(super) fn last_lines(session: &Session<'_>, step: &StepId) -> Vec<String> {
    let state = session.mirror.state.as_ref();
    let latest = state.and_then(|state| state.steps.get(step)?.latest());
    let latest = latest.filter(|latest| latest.command);
    latest.map_or_else(Vec::new, |latest| end_of_log(session, latest, LINES))
}

/// More of the end of the latest log of all, and what shows the whole of it.
pub(super) fn more_lines(session: &Session<'_>) -> Result<(), PlainError> {
    let Some(state) = &session.mirror.state else {
        return Ok(());
    };
    let attempts = state.steps.iter().flat_map(|(id, step)| {
        let all = step.attempts.iter().chain(&step.undo_attempts);
        all.map(move |attempt| (id, attempt))
    });
    let commands = attempts.filter(|(_, attempt)| attempt.command);
    let Some((step, latest)) = commands.max_by_key(|(_, attempt)| attempt.number) else {
        return Ok(say::lines("  No command has run yet, so there is no log.")?);
    };
    let name = Names::of(&session.mirror.plan, state).item(step);
    say::lines(&format!("  This is from step {name}."))?;
    for line in end_of_log(session, latest, MORE) {
        say::lines(&line)?;
    }
    say::lines("  In another terminal the whole of it is shown by:")?;
    let command = format!("upwalk log {} --of {step}", state.run.service);
    Ok(say::command(&(session.paste)(&command))?)
}

/// The last lines of an attempt's log.
fn end_of_log(session: &Session<'_>, attempt: &Attempt, count: usize) -> Vec<String> {
    let Some(path) = session.mirror.log_path(attempt.number) else {
        return Vec::new();
    };
    let read = || -> std::io::Result<_> {
        let log = LogReader::open(&path)?;
        let len = log.len()?;
        Ok((len, log.lines_before(len, count)?))
    };
    let (len, lines) = match read() {
        Ok(read) => read,
        Err(error) if attempt.ended.is_none() && is_missing(&error) => {
            return vec!["  It has printed nothing yet.".to_owned()];
        }
        // No reason not to ask what to do now.
        Err(error) => return vec![unread(&path, &error)],
    };
    let path = path.display();
    let mut shown = vec![if lines.is_empty() {
        format!("  It has printed nothing: its log, {path}, is empty.")
    } else {
        format!("  The end of its log, {path}:")
    }];
    let written = attempt.end.as_ref().map(|end| end.log_bytes);
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

/// Whether there is no such file.
fn is_missing(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound
}

/// Why a log is not shown.
fn unread(path: &Path, error: &std::io::Error) -> String {
    let path = path.display();
    if is_missing(error) {
        format!("  Its log, {path}, was removed by somebody.")
    } else {
        format!("  Its log, {path}, cannot be read: {error}.")
    }
}
