//! The screen of a question: what happened, the end of the log, where this leaves one, and what can
//! be answered.

use super::pen::{Pen, Row, bit, pad, pairs_of, row, wrapped};
use super::{Scene, log, panels};
use crate::engine::Scope;
use crate::journal::{Outcome, Question};
use crate::plan::{Kind, Rerun, Step};
use crate::text;
use crate::tui::theme::{Mark, Role};
use crate::types::StepId;

/// The fewest lines of the log that are worth their rule.
const FEWEST: usize = 3;

/// The rule above the end of a log, with the keys that show more of it.
pub(super) const LAST_LINES: &str = "last lines of the log (e: error lines, l: whole log)";

/// From so many rows on it is said too what can be done without an answer.
const ROOMY: usize = 20;

/// Draws the body: the answers stay in sight, what is above them scrolls.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let Some(open) = scene.seen.open() else {
        return;
    };
    let columns = pen.columns();
    let answers = with_leaving(scene, &open.question, pen);
    let room = pen.rows().saturating_sub(answers.len());
    let mut upper = what(scene, &open.question, columns);
    let leaves = where_it_leaves(scene, &open.question, columns);
    if has_log(scene, &open.question) {
        let free = room.saturating_sub(upper.len() + leaves.len() + 2);
        let lines = log::lines(scene, free.max(FEWEST), columns);
        if !lines.is_empty() {
            upper.push(panels::rule(scene.theme, LAST_LINES, columns));
            upper.extend(lines);
        }
    }
    if !leaves.is_empty() {
        upper.push(panels::rule(scene.theme, "where this leaves you", columns));
        upper.extend(leaves);
    }
    scrolled(scene, pen, &upper, room);
    pen.rows_from(room, &answers);
}

/// Rows that may be more than fit: from the scrolled one on, and saying what is out of sight.
pub(super) fn scrolled(scene: &Scene<'_>, pen: &mut Pen<'_>, rows: &[Row], room: usize) {
    let most = rows.len().saturating_sub(room);
    let top = scene.model.scrolled.min(most);
    let shown = &rows[top..rows.len().min(top + room)];
    pen.rows_from(0, shown);
    if top < most && room > 0 {
        let more = format!("  ({} more lines, j or PgDn) ", most - top + 1);
        let more = pad(&more, pen.columns());
        pen.line(room - 1, &row(Role::Muted, more));
    }
}

/// The answers; at a step that went wrong also what can be done without one of them.
fn with_leaving(scene: &Scene<'_>, question: &Question, pen: &Pen<'_>) -> Vec<Row> {
    let step = match question {
        Question::Failed { step, .. }
        | Question::OutcomeUnknown { step, .. }
        | Question::CouldNotTell { step, .. }
            if pen.rows() >= ROOMY =>
        {
            step
        }
        _ => return answers(scene, pen.columns(), &[]),
    };
    let label = scene.seen.label(step);
    let stays = format!(
        "It stays like this; come back with: {}",
        scene.seen.attach_command()
    );
    let more = [
        panels::Offer {
            key: '!',
            name: "Shell".into(),
            does: format!("Opens a shell where step {label} runs; that is recorded."),
        },
        panels::Offer {
            key: 'q',
            name: "Leave it".into(),
            does: stays,
        },
    ];
    answers(scene, pen.columns(), &more)
}

/// The answers and what else is offered, with a line of air above.
pub(super) fn answers(scene: &Scene<'_>, columns: usize, more: &[panels::Offer]) -> Vec<Row> {
    let mut rows = panels::choices(scene, more, columns);
    if !scene.seen.yours {
        rows = vec![row(
            Role::Muted,
            " The answers are with whoever has the controls (T takes them).",
        )];
    }
    if !rows.is_empty() {
        rows.insert(0, Vec::new());
    }
    rows
}

/// A heading: symbol, number, word, name.
fn heading(scene: &Scene<'_>, mark: Mark, id: &StepId, word: &str) -> Row {
    let symbol = scene.theme.glyphs.symbol(mark);
    let mut line = vec![
        bit(
            mark.role(),
            format!(" {symbol} {} {word}", scene.seen.label(id)),
        ),
        bit(Role::Strong, format!("  {}", scene.seen.name(id))),
    ];
    let latest = scene.seen.record(id).and_then(|record| record.latest());
    if let Some(attempt) = latest {
        if let Some(end) = attempt.end.as_ref().filter(|end| end.took.secs() > 0) {
            line.push(bit(Role::Muted, "   after "));
            line.push(bit(Role::Text, text::duration(end.took)));
        }
        if attempt.command || attempt.attempt > 1 {
            line.push(bit(Role::Muted, format!("   attempt {}", attempt.attempt)));
        }
    }
    line
}

/// What happened, or what is asked.
fn what(scene: &Scene<'_>, question: &Question, columns: usize) -> Vec<Row> {
    let trouble = |step, mark, word, role, why: &str| {
        let mut rows = vec![heading(scene, mark, step, word)];
        rows.extend(wrapped(role, 3, &panels::sentence_case(why), columns));
        rows.extend(command(scene, step));
        rows
    };
    match question {
        Question::Failed { step, why } => trouble(step, Mark::Failed, "FAILED", Role::Fail, why),
        Question::OutcomeUnknown { step, why } => {
            let why = format!("Nobody knows whether it did its work: {why}");
            trouble(step, Mark::Unknown, "OUTCOME UNKNOWN", Role::Fail, &why)
        }
        Question::CouldNotTell { step, why, .. } => {
            let why = format!("Whether it has to run could not be told: {why}");
            trouble(step, Mark::Unknown, "COULD NOT TELL", Role::Warn, &why)
        }
        Question::ManualDone { step } => {
            let mut rows = vec![heading(scene, Mark::Asking, step, "BY HAND"), Row::new()];
            rows.extend(wrapped(Role::Text, 3, &manual(scene, step), columns));
            rows
        }
        Question::NextStep { step } => {
            let mut rows = vec![heading(scene, Mark::Asking, step, "IS NEXT")];
            rows.extend(command(scene, step));
            if crate::engine::wants_terminal(scene.seen.plan, scene.seen.state, step) {
                let words = "It asks something and waits for your terminal. While it has that, Ctrl-] brings \
                             you back here, and it goes on.";
                rows.extend(wrapped(Role::Text, 3, words, columns));
            }
            rows
        }
        Question::Blocked { phase, steps } => {
            let said = "   Nothing has been changed. These checks failed:";
            let mut rows = vec![heading(scene, Mark::Failed, phase, "BLOCKED")];
            rows.push(row(Role::Text, said));
            rows.extend(steps.iter().flat_map(|step| blocker(scene, step, columns)));
            rows
        }
        Question::Confirm { .. } => warning(scene, question, columns),
        Question::WrongVersion { expected, found } => {
            let found = match found {
                Ok(found) => format!("It is {found}; it must be {expected}."),
                Err(why) => format!("It must be {expected}, and could not be looked up: {why}."),
            };
            let title = " The installed version is not what it must be";
            let mut rows = vec![row(Role::Fail, title)];
            rows.extend(wrapped(Role::Text, 3, &found, columns));
            rows
        }
        Question::Halted => vec![
            row(Role::Paused, " Stopped here, as was asked for"),
            row(Role::Text, "   The last step has ended; nothing runs now."),
        ],
        Question::Start
        | Question::Paused { .. }
        | Question::Boundary { .. }
        | Question::PauseHeld { .. }
        | Question::UndoFailed { .. }
        | Question::UndoUnsure { .. } => Vec::new(),
    }
}

/// A warning that was set aside, or that somebody else has to confirm.
fn warning(scene: &Scene<'_>, question: &Question, columns: usize) -> Vec<Row> {
    let Question::Confirm {
        warning,
        before,
        text,
        facts,
        remark,
        ..
    } = question
    else {
        return Vec::new();
    };
    let seen = scene.seen;
    let title = format!(" {} waits for a confirmation", seen.warning_label(warning));
    let mut rows = vec![row(Role::Asking, title)];
    if let Some(before) = before {
        let place = format!("   before {} {}", seen.label(before), seen.name(before));
        rows.push(row(Role::Muted, place));
    }
    rows.push(Row::new());
    rows.extend(wrapped(Role::Text, 3, text, columns));
    if let Some(remark) = remark {
        rows.extend(wrapped(Role::Warn, 3, remark, columns));
    }
    rows.push(Row::new());
    rows.extend(pairs_of(facts, 3));
    rows
}

/// The command of a step, cut to its first line.
fn command(scene: &Scene<'_>, step: &StepId) -> Vec<Row> {
    let Some((_, step)) = scene.seen.step(step) else {
        return Vec::new();
    };
    match panels::command_text(scene, step, false) {
        Some(text) => vec![vec![
            bit(Role::Muted, "   $ "),
            bit(Role::Text, panels::first_line(&text)),
        ]],
        None => vec![row(
            Role::Muted,
            format!("   {}", panels::what_runs(scene, step)),
        )],
    }
}

/// What a manual step asks for.
fn manual(scene: &Scene<'_>, id: &StepId) -> String {
    let scope = Scope::at(scene.seen.plan, scene.seen.state, id);
    match scene.seen.step(id).map(|(_, step)| &step.kind) {
        Some(Kind::Manual(text)) => scope.text(text),
        Some(Kind::Run(_) | Kind::Argv(_) | Kind::Check(_)) | None => String::new(),
    }
}

/// One failed check of several: why, and what to do about it.
fn blocker(scene: &Scene<'_>, id: &StepId, columns: usize) -> Vec<Row> {
    let symbol = scene.theme.glyphs.symbol(Mark::Failed);
    let mut rows = vec![vec![
        bit(Role::Fail, format!("   {symbol} {}", scene.seen.label(id))),
        bit(Role::Strong, format!(" {}", scene.seen.name(id))),
    ]];
    let outcome = scene
        .seen
        .record(id)
        .and_then(|record| record.outcome.as_ref());
    if let Some(Outcome::Failed(why) | Outcome::Unknown(why)) = outcome {
        rows.extend(wrapped(Role::Text, 7, &panels::sentence_case(why), columns));
    }
    if let Some(remedy) = remedy(scene, id) {
        rows.extend(wrapped(Role::Muted, 7, &remedy, columns));
    }
    rows
}

fn remedy(scene: &Scene<'_>, id: &StepId) -> Option<String> {
    let scope = Scope::at(scene.seen.plan, scene.seen.state, id);
    let (_, step) = scene.seen.step(id)?;
    step.remedy.as_ref().map(|remedy| scope.text(remedy))
}

/// Whether the log on hand is that of the step in question.
fn has_log(scene: &Scene<'_>, question: &Question) -> bool {
    let (Question::Failed { step, .. }
    | Question::OutcomeUnknown { step, .. }
    | Question::UndoFailed { step, .. }
    | Question::UndoUnsure { step, .. }) = question
    else {
        return false;
    };
    let asked = step;
    scene
        .seen
        .subject()
        .is_some_and(|subject| subject.step == asked)
}

/// Remedy, way back, what is left running.
fn where_it_leaves(scene: &Scene<'_>, question: &Question, columns: usize) -> Vec<Row> {
    let (Question::Failed { step, .. }
    | Question::OutcomeUnknown { step, .. }
    | Question::CouldNotTell { step, .. }) = question
    else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    if let Some(remedy) = remedy(scene, step) {
        rows.extend(wrapped(Role::Strong, 1, &remedy, columns));
    }
    if let Some((_, step)) = scene.seen.step(step) {
        rows.extend(wrapped(Role::Text, 1, &standing(scene, step), columns));
    }
    let end = scene
        .seen
        .record(step)
        .and_then(|record| record.latest()?.end.as_ref());
    for left in end.iter().flat_map(|end| &end.left_running) {
        rows.extend(wrapped(
            Role::Warn,
            1,
            &format!("Left running: {left}"),
            columns,
        ));
    }
    rows
}

/// How much is done, and how this step is taken back.
fn standing(scene: &Scene<'_>, step: &Step) -> String {
    let (done, all) = scene.seen.steps_done();
    let back = panels::back_sentence(scene, step);
    let again = match step.rerun {
        Rerun::Safe => " The plan says that it may simply be run again (rerun: safe).",
        Rerun::Never => " The plan says that it must not simply be run again (rerun: never).",
        Rerun::Check | Rerun::Unsaid => "",
    };
    format!("{done} of {all} steps are done. {back}{again}")
}
