//! The account of a run as lines to read in a pager: the summary, then every step with its attempts,
//! what was confirmed and answered, and what people left in the record.

use super::summary::{finished_summary, shells_opened};
use crate::engine::{Scope, walk_of};
use crate::journal::{Attempt, Outcome, RunState, SkipReason, StepRecord};
use crate::plan::{Item, Plan};
use crate::text;

/// What has become of a run, as a text of full lines. Anything that is not ours is made safe.
pub fn account(plan: &Plan, state: &RunState) -> String {
    let mut lines = finished_summary(plan, state);
    let walk = walk_of(plan, state);
    let scope = Scope::of(plan, state);
    for item in walk.map_or(&[][..], |walk| walk.items.as_slice()) {
        let number = walk.map(|walk| walk.number(item.id())).unwrap_or_default();
        lines.push(String::new());
        lines.push(format!(
            "{number} {}",
            text::clean(&scope.text(item.name()))
        ));
        let Item::Phase(phase) = item else { continue };
        for step in &phase.steps {
            let number = walk.map(|walk| walk.number(&step.id)).unwrap_or_default();
            let name = text::clean(&scope.text(&step.name));
            let record = state.steps.get(&step.id);
            let became = record.map_or_else(|| "not begun".to_owned(), became);
            lines.push(format!("  {number} {name}: {became}"));
            lines.extend(record.into_iter().flat_map(attempts));
        }
    }
    lines.extend(people(state));
    lines.push(String::new());
    lines.join("\n")
}

/// How a step ended.
fn became(record: &StepRecord) -> String {
    if let Some(outcome) = &record.undo_outcome {
        return match outcome {
            Outcome::Done | Outcome::NothingToDo => "taken back".to_owned(),
            Outcome::Failed(why) => format!("taking it back failed, {}", text::clean(why)),
            Outcome::Unknown(why) => {
                format!(
                    "nobody knows whether it is taken back, {}",
                    text::clean(why)
                )
            }
        };
    }
    if let Some(why) = &record.skipped {
        return match why {
            SkipReason::Guard(said) => format!("skipped, its condition said {}", text::clean(said)),
            SkipReason::Person { who, because } => {
                format!("skipped by {who}: {}", text::clean(because))
            }
            SkipReason::NothingToTakeBack(why) => text::clean(why),
        };
    }
    match &record.outcome {
        Some(Outcome::Done) => "done".to_owned(),
        Some(Outcome::NothingToDo) => "there was nothing to do".to_owned(),
        Some(Outcome::Failed(why)) => format!("failed, {}", text::clean(why)),
        Some(Outcome::Unknown(why)) => format!("nobody knows, {}", text::clean(why)),
        None => "not ended".to_owned(),
    }
}

/// A line for each attempt at a step, and at taking it back.
fn attempts(record: &StepRecord) -> Vec<String> {
    let line = |what: &str, attempt: &Attempt| {
        let end = match (&attempt.end, &attempt.unknown) {
            (Some(end), _) => format!("{} after {}", end.exit, text::duration(end.took)),
            (None, Some(why)) => format!("nobody knows how it ended, {}", text::clean(why)),
            (None, None) => "no end is known".to_owned(),
        };
        let began = attempt.started.wall.full();
        let (number, at) = (attempt.attempt, attempt.number);
        format!(
            "      {what} {number}, files {:04}, from {began}: {}",
            at.0,
            text::clean(&end)
        )
    };
    let commands = |list: &[Attempt], what: &str| {
        let list = list.iter().filter(|attempt| attempt.command);
        list.map(|attempt| line(what, attempt)).collect::<Vec<_>>()
    };
    let mut lines = commands(&record.attempts, "attempt");
    lines.extend(commands(&record.undo_attempts, "undo"));
    lines
}

/// What people confirmed, did and noted.
fn people(state: &RunState) -> Vec<String> {
    let mut lines = vec![String::new(), "People".to_owned()];
    for consent in &state.consents {
        let at = consent.at.wall.full();
        lines.push(format!(
            "  {at} {} confirmed {}",
            consent.who, consent.warning
        ));
    }
    for shell in &state.shells {
        let (at, who) = (shell.at.wall.full(), &shell.opened.who);
        let dir = text::clean(&shell.opened.dir.display().to_string());
        lines.push(format!("  {at} {who} opened a shell in {dir}"));
    }
    lines.extend(shells_opened(state).map(|shells| format!("  {shells}")));
    for note in &state.notes {
        let at = note.at.wall.full();
        lines.push(format!(
            "  {at} {} noted: {}",
            note.who,
            text::clean(&note.text)
        ));
    }
    if lines.len() == 2 {
        lines.push("  Nobody had to confirm anything.".to_owned());
    }
    lines
}
