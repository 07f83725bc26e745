//! The last screen: what was done, what was confirmed, what is left to look at.

use super::Scene;
use super::decide::scrolled;
use super::pen::{Pen, Row, bit, wrapped};
use crate::engine;
use crate::journal::{
    Consent, Evidence, Filled, Outcome, RunResult, SkipReason, StepRecord, WarningState,
};
use crate::text;
use crate::tui::theme::Role;
use crate::types::{Millis, StepId};

/// The column of the values.
const LABEL: usize = 12;

/// Draws the body.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let columns = pen.columns();
    let mut rows = Vec::new();
    let why = engine::why(scene.seen.plan, scene.seen.state, scene.now);
    rows.extend(wrapped(Role::Strong, 1, &why.sentence, columns));
    rows.push(Vec::new());
    rows.extend(section("steps", &steps(scene), columns));
    rows.extend(section("hands on", &[hands_on(scene)], columns));
    rows.extend(section("passed over", &passed_over(scene), columns));
    rows.extend(section("not done", &not_done(scene), columns));
    rows.extend(section("counted", &counted(scene), columns));
    rows.extend(section("confirmed", &confirmed(scene), columns));
    rows.extend(section("versions", &[versions(scene)], columns));
    rows.extend(section("slowest", &[slowest(scene)], columns));
    rows.extend(section("notes", &notes(scene), columns));
    rows.push(Vec::new());
    rows.extend(section("OWED NEXT", &owed(scene), columns));
    let run_dir = scene.seen.state.run.run_dir.display().to_string();
    rows.extend(section("FILES", &[files(scene), run_dir], columns));
    let room = pen.rows();
    scrolled(scene, pen, &rows, room);
}

/// A label and its values, one below the other; nothing where there are none.
fn section(label: &str, values: &[String], columns: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for value in values.iter().filter(|value| !value.is_empty()) {
        let name = if rows.is_empty() { label } else { "" };
        let name = bit(Role::Muted, format!(" {name}"));
        rows.extend(super::pen::labelled(
            &name,
            LABEL + 1,
            Role::Text,
            value,
            columns - 1,
        ));
    }
    rows
}

fn steps(scene: &Scene<'_>) -> Vec<String> {
    let records = || scene.seen.state.steps.values();
    let with = |wanted: fn(&StepRecord) -> bool| records().filter(|r| wanted(r)).count();
    let done = with(|r| matches!(r.outcome, Some(Outcome::Done)) && r.undo_outcome.is_none());
    let nothing = with(|r| matches!(r.outcome, Some(Outcome::NothingToDo)));
    let failed = with(|r| {
        let ended_badly = matches!(r.outcome, Some(Outcome::Failed(_) | Outcome::Unknown(_)));
        ended_badly && r.undo_outcome.is_none() && r.skipped.is_none()
    });
    let undone = with(|r| matches!(r.undo_outcome, Some(Outcome::Done)));
    let skipped = with(|r| r.skipped.is_some());
    let (_, all) = scene.seen.steps_done();
    let counts = [
        (nothing, "had nothing to do"),
        (failed, "failed at the end"),
        (undone, "undone"),
        (skipped, "skipped"),
    ];
    let parts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    let first = format!("{done} of {all} done");
    let all = std::iter::once(first).chain(parts).chain(retried(scene));
    let all: Vec<String> = all.collect();
    vec![all.join(", ")]
}

/// Which steps took more than one attempt, and how many.
fn retried(scene: &Scene<'_>) -> Option<String> {
    let steps = scene.seen.state.steps.iter();
    let each: Vec<String> = steps
        .filter(|(_, record)| record.attempts.len() > 1)
        .map(|(step, record)| format!("{} x{}", scene.seen.label(step), record.attempts.len()))
        .collect();
    (!each.is_empty()).then(|| format!("{} retried ({})", each.len(), each.join(", ")))
}

/// What people had to do with it.
fn hands_on(scene: &Scene<'_>) -> String {
    let questions = match scene.seen.state.answered.len() {
        1 => "1 question was answered".to_owned(),
        many => format!("{many} questions were answered"),
    };
    match crate::report::shells_opened(scene.seen.state) {
        Some(shells) => format!("{questions}; {shells}"),
        None => questions,
    }
}

fn named(scene: &Scene<'_>, step: &StepId) -> String {
    format!("{} {}", scene.seen.label(step), scene.seen.name(step))
}

fn passed_over(scene: &Scene<'_>) -> Vec<String> {
    let why = |reason: &SkipReason| match reason {
        SkipReason::Guard(said) => format!("its condition said {said}"),
        SkipReason::Person { who, because } => format!("{who}: {because}"),
        SkipReason::NothingToTakeBack(why) => why.clone(),
    };
    let skipped = scene.seen.state.steps.iter();
    skipped
        .filter_map(|(step, record)| {
            let reason = record.skipped.as_ref()?;
            let before = match &record.outcome {
                Some(Outcome::Failed(why)) => format!("; it had failed: {why}"),
                Some(Outcome::Unknown(why)) => format!("; nobody knows how it ended: {why}"),
                Some(Outcome::Done | Outcome::NothingToDo) | None => String::new(),
            };
            Some(format!("{} ({}){before}", named(scene, step), why(reason)))
        })
        .collect()
}

fn not_done(scene: &Scene<'_>) -> Vec<String> {
    let records = scene.seen.state.steps.iter();
    records
        .filter(|(_, record)| record.undo_outcome.is_none() && record.skipped.is_none())
        .filter_map(|(step, record)| match &record.outcome {
            Some(Outcome::Failed(why)) => Some(format!("{} failed: {why}", named(scene, step))),
            Some(Outcome::Unknown(why)) => {
                Some(format!("{}: nobody knows, {why}", named(scene, step)))
            }
            Some(Outcome::Done | Outcome::NothingToDo) | None => None,
        })
        .collect()
}

/// What steps had to do, and what they left.
fn counted(scene: &Scene<'_>) -> Vec<String> {
    let records = scene.seen.state.steps.iter();
    records
        .filter_map(|(step, record)| {
            let counts = engine::counts(record)?;
            Some(format!("{}: {counts}", named(scene, step)))
        })
        .collect()
}

/// How the phrase of a consent came into its field, where that is known.
fn filled(consent: &Consent) -> Option<Filled> {
    consent.seeing.as_ref()?.field
}

fn confirmed(scene: &Scene<'_>) -> Vec<String> {
    let seen = scene.seen;
    let shown = |(id, record): (&crate::types::WarningId, &crate::journal::WarningRecord)| {
        (record.state == WarningState::Shown).then(|| {
            format!(
                "{} note, shown {}",
                seen.warning_label(id),
                record.at.wall.clock()
            )
        })
    };
    let consent = |consent: &Consent| {
        let how = match &consent.evidence {
            Evidence::Acknowledged => "acknowledged".to_owned(),
            Evidence::Typed(phrase) => match filled(consent) {
                Some(Filled::Pasted) => format!("pasted \"{phrase}\""),
                Some(Filled::Typed) | None => format!("typed \"{phrase}\""),
            },
            Evidence::Named => "confirmed by command".to_owned(),
            Evidence::Accepted => "accepted before the start".to_owned(),
        };
        let read = consent.seeing.as_ref().map_or_else(String::new, |seeing| {
            let after = consent.at.wall.since(seeing.shown);
            format!(", {} after it was shown", text::duration(after))
        });
        format!(
            "{} {how}, {} at {}{read}",
            seen.warning_label(&consent.warning),
            consent.who,
            consent.at.wall.clock()
        )
    };
    let notes = seen.state.warnings.iter().filter_map(shown);
    notes
        .chain(seen.state.consents.iter().map(consent))
        .collect()
}

/// The three steps that took longest.
fn slowest(scene: &Scene<'_>) -> String {
    let took = |record: &StepRecord| {
        let ends = record
            .attempts
            .iter()
            .filter_map(|attempt| attempt.end.as_ref());
        Millis(ends.map(|end| end.took.0).sum())
    };
    let mut steps: Vec<(Millis, &StepId)> = scene
        .seen
        .state
        .steps
        .iter()
        .map(|(step, record)| (took(record), step))
        .filter(|(took, _)| took.0 >= 1000)
        .collect();
    steps.sort_by(|a, b| b.cmp(a));
    let words = |(took, step): &(Millis, &StepId)| {
        format!("{} {}", named(scene, step), text::duration(*took))
    };
    let first: Vec<String> = steps.iter().take(3).map(words).collect();
    first.join(", ")
}

/// Where it came from and since when it was there, and what the ledger says now.
fn versions(scene: &Scene<'_>) -> String {
    let state = scene.seen.state;
    let service = &state.run.service;
    match (&state.run.from_exact, &state.ledger) {
        (Some(from), Some(to)) => {
            let since = state.run.from_since;
            let since = since.map(|since| format!(" (was {from} since {})", since.day()));
            let since = since.unwrap_or_default();
            format!("{service} {from} -> {to}{since}; the ledger says {to}")
        }
        (None, Some(to)) => format!("{service} is at {to} by the ledger"),
        (Some(from), None) => {
            format!("{service} was at {from} at the start; the ledger has not moved")
        }
        (None, None) => String::new(),
    }
}

/// What is left to do of the plan.
fn owed(scene: &Scene<'_>) -> Vec<String> {
    let (plan, state) = (scene.seen.plan, scene.seen.state);
    let (done, all) = scene.seen.steps_done();
    let left = all.saturating_sub(done);
    let first = match state.finished.as_ref().map(|finished| &finished.result) {
        Some(RunResult::Done) if left == 0 => "nothing of this plan".to_owned(),
        Some(RunResult::RolledBack | RunResult::NeverStarted) => "nothing of this run".to_owned(),
        Some(RunResult::Stopped { .. }) if state.rollback.is_some() => {
            "the rollback was stopped before its end".to_owned()
        }
        Some(RunResult::Done | RunResult::Stopped { .. }) => {
            format!("{left} of {all} steps are neither done nor passed over")
        }
        Some(RunResult::Lost) | None => return Vec::new(),
    };
    let back = engine::may_reopen(plan, state)
        .then(|| format!("Can be taken back with: upwalk rollback {}", state.run.run));
    std::iter::once(first).chain(back).collect()
}

/// What the run's directory holds, as far as the journal says.
fn files(scene: &Scene<'_>) -> String {
    let commands = scene.seen.commands();
    let ends: Vec<u64> = commands
        .iter()
        .filter_map(|command| Some(command.attempt.end.as_ref()?.log_bytes))
        .collect();
    let size = bytes(ends.iter().sum());
    // Of a command whose end nobody saw the size is not known either.
    let at_least = if ends.len() < commands.len() {
        "at least "
    } else {
        ""
    };
    let logs = match commands.len() {
        0 => "no logs".to_owned(),
        1 => format!("1 log ({at_least}{size})"),
        many => format!("{many} logs ({at_least}{size})"),
    };
    format!("the journal, a copy of the plan, {logs}, in")
}

/// A length in bytes as people say it.
fn bytes(length: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = length / (unit / 10);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match length {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{length} bytes"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

fn notes(scene: &Scene<'_>) -> Vec<String> {
    let state = scene.seen.state;
    let notes = state.notes.iter().map(|note| {
        format!(
            "{} {}: {}",
            note.at.wall.clock_minutes(),
            note.who.login,
            note.text
        )
    });
    let of_the_journal = state
        .remarks
        .iter()
        .map(|remark| format!("{} {}", remark.at.wall.clock_minutes(), remark.text));
    notes.chain(of_the_journal).collect()
}
