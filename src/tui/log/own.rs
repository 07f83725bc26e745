//! What upwalk itself has to say of a command, as lines for its log: they come from the journal and
//! from what is seen now, and stand in no file.

use crate::engine;
use crate::plan::{Kind, Step, Undo};
use crate::text;
use crate::tui::seen::{Seen, Subject};
use crate::types::{Exit, Millis, Timestamp};

/// How many lines of a long command text are shown.
const MOST_OF_COMMAND: usize = 12;

/// Where a line stands among those of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// Before all.
    Begin,
    /// Behind what was written until its time.
    Time,
    /// Behind all that the command wrote.
    End,
}

/// A line of upwalk's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnLine {
    /// When that was; none where nobody knows.
    pub(crate) at: Option<Timestamp>,
    pub(crate) place: Place,
    pub(crate) text: String,
}

/// The lines for an attempt, in order.
pub(crate) fn own_lines(seen: &Seen<'_>, subject: &Subject<'_>) -> Vec<OwnLine> {
    let attempt = subject.attempt;
    let line = |at: Timestamp, place: Place, text: String| OwnLine {
        at: Some(at),
        place,
        text: text::clean(&text),
    };
    let began = attempt.started.wall;
    let mut lines = vec![line(began, Place::Begin, opening(seen, subject))];
    let commands = command_lines(seen, subject);
    lines.extend(commands.map(|text| line(began, Place::Begin, text)));
    if let (Some(who), Some(at)) = (&attempt.cancelled, &attempt.cancel_asked) {
        let said = format!("{who} had the command ended: it was asked to stop");
        lines.push(line(at.wall, Place::Time, said));
    }
    if let Some(end) = &attempt.end {
        let took = text::duration(end.took);
        lines.push(line(
            end.at,
            Place::End,
            format!("{} after {took}", ended(&end.exit)),
        ));
        if !end.left_running.is_empty() {
            let said = format!("it left running: {}", end.left_running.join(", "));
            lines.push(line(end.at, Place::End, said));
        }
    } else if let (Some(why), Some(at)) = (&attempt.unknown, &attempt.ended) {
        let said = format!("nobody knows how it ended: {why}");
        lines.push(line(at.wall, Place::End, said));
    }
    lines.extend(outlived(seen, subject).map(|said| OwnLine {
        at: None,
        place: Place::End,
        text: text::clean(&said),
    }));
    lines.extend(again(seen, subject).map(|(at, said)| line(at, Place::End, said)));
    lines
}

/// `step 3.1 begins, attempt 2`.
fn opening(seen: &Seen<'_>, subject: &Subject<'_>) -> String {
    let undo = if subject.undo { "the undo of " } else { "" };
    let label = seen.label(subject.step);
    let name = seen.name(subject.step);
    match subject.attempt.attempt {
        1 => format!("{undo}step {label} begins: {name}"),
        attempt => format!("{undo}step {label} begins: {name}, attempt {attempt}"),
    }
}

/// The command's text as the plan writes it, each line after a `$`.
fn command_lines(seen: &Seen<'_>, subject: &Subject<'_>) -> impl Iterator<Item = String> {
    let step = seen.step(subject.step).map(|(_, step)| step);
    let text = step.and_then(|step| command_of(seen, step, subject.undo));
    let text = text.unwrap_or_default();
    let all = text.lines().filter(|line| !line.trim().is_empty()).count();
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(MOST_OF_COMMAND)
        .map(|line| format!("$ {line}"))
        .collect();
    if all > MOST_OF_COMMAND {
        let more = all - MOST_OF_COMMAND;
        lines.push(format!("$ ... and {more} more lines (c shows all)"));
    }
    lines.into_iter()
}

fn command_of(seen: &Seen<'_>, step: &Step, undo: bool) -> Option<String> {
    let own = |kind: &Kind| match kind {
        Kind::Run(text) => Some(text.clone()),
        Kind::Argv(words) => {
            let scope = engine::Scope::at(seen.plan, seen.state, &step.id);
            let words: Vec<String> = words.iter().map(|word| scope.text(word)).collect();
            Some(words.join(" "))
        }
        Kind::Check(_) | Kind::Manual(_) => None,
    };
    match (&step.undo, undo) {
        (Undo::Run { text, .. }, true) => Some(text.clone()),
        (Undo::Again { .. }, true) | (_, false) => own(&step.kind),
        (Undo::Unsaid | Undo::Harmless(_) | Undo::Irreversible(_), true) => None,
    }
}

/// How a command ended, as a sentence's beginning.
fn ended(exit: &Exit) -> String {
    match exit {
        Exit::Code(_) => format!("ended: {exit}"),
        Exit::Signal(_) | Exit::TimedOut | Exit::Cancelled | Exit::NotStarted(_) => {
            exit.to_string()
        }
    }
}

/// What of it still runs although it has ended.
fn outlived(seen: &Seen<'_>, subject: &Subject<'_>) -> Option<String> {
    let attempt = subject.attempt;
    if let Some(who) = &attempt.let_go {
        return Some(format!("{who} let stay what it has left running"));
    }
    if !attempt.outlived.is_empty() {
        return Some(format!("still running: {}", attempt.outlived.join(", ")));
    }
    seen.still_running.get(&attempt.number).cloned()
}

/// That it is tried again by itself, and when.
fn again(seen: &Seen<'_>, subject: &Subject<'_>) -> Option<(Timestamp, String)> {
    let retry = engine::retry(seen.plan, seen.state).filter(|retry| retry.step == *subject.step)?;
    let at = subject.attempt.ended.as_ref()?.wall;
    let said = format!(
        "it failed ({}) and is tried again by itself at {} (retry {} of {})",
        retry.why,
        retry.begins.wall.clock(),
        retry.number,
        retry.of
    );
    Some((at, said))
}

/// How a silence is said once it is over (its length), or while it lasts.
pub(super) fn silence(length: Option<Millis>, since: Timestamp) -> String {
    match length {
        Some(length) => format!("no output for {}", text::duration(length)),
        None => format!("no output since {}", since.clock()),
    }
}
