//! The last screen: what was done, what was confirmed, what is left to look at.

use super::Scene;
use super::decide::scrolled;
use super::pen::{Pen, Row, bit, wrapped};
use crate::engine;
use crate::journal::{Consent, Evidence, Filled, Outcome, SkipReason, StepRecord, WarningState};
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
    rows.extend(section("passed over", &passed_over(scene), columns));
    rows.extend(section("not done", &not_done(scene), columns));
    rows.extend(section("counted", &counted(scene), columns));
    rows.extend(section("confirmed", &confirmed(scene), columns));
    let shells = crate::report::shells_opened(scene.seen.state);
    rows.extend(section("shells", shells.as_slice(), columns));
    rows.extend(section("slowest", &[slowest(scene)], columns));
    rows.extend(section("ledger", &ledger(scene), columns));
    rows.extend(section("notes", &notes(scene), columns));
    rows.push(Vec::new());
    let run_dir = scene.seen.state.run.run_dir.display().to_string();
    rows.extend(section("kept in", &[run_dir], columns));
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
        ended_badly && r.undo_outcome.is_none()
    });
    let undone = with(|r| matches!(r.undo_outcome, Some(Outcome::Done)));
    let skipped = with(|r| r.skipped.is_some());
    let again = with(|r| r.attempts.len() > 1);
    let (_, all) = scene.seen.steps_done();
    let counts = [
        (nothing, "had nothing to do"),
        (failed, "failed at the end"),
        (undone, "undone"),
        (skipped, "skipped"),
        (again, "took more than one attempt"),
    ];
    let parts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    let first = format!("{done} of {all} done");
    let all: Vec<String> = std::iter::once(first).chain(parts).collect();
    vec![all.join(", ")]
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
            Some(format!("{} ({})", named(scene, step), why(reason)))
        })
        .collect()
}

fn not_done(scene: &Scene<'_>) -> Vec<String> {
    let records = scene.seen.state.steps.iter();
    records
        .filter(|(_, record)| record.undo_outcome.is_none())
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
        format!(
            "{} {how}, {} at {}",
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

fn ledger(scene: &Scene<'_>) -> Vec<String> {
    let state = scene.seen.state;
    let moved = state.ledger.as_ref();
    moved
        .map(|version| format!("{} is recorded at {version}", state.run.service))
        .into_iter()
        .collect()
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
