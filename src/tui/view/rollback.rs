//! The screen of a rollback: what is taken back in which order, and the log of what runs.

use super::decide::{LAST_LINES, answers, scrolled};
use super::pen::{Pen, Row, bit, labelled, pad, row, wrapped};
use super::{Scene, log, panels};
use crate::engine::{self, Back, Scope, TakeBack};
use crate::journal::{Question, SkipReason, StepRecord};
use crate::plan::Undo;
use crate::text;
use crate::tui::theme::{Mark, Role};
use ratatui::layout::Rect;

/// What stands before what is lost.
const LOST: &str = " WHAT YOU LOSE: ";

/// Draws the body.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let columns = pen.columns();
    let table = table(scene, columns);
    if scene.seen.open().is_some() {
        let mut rows = asked(scene, columns);
        let answers = answers(scene, columns, &[]);
        let room = pen.rows().saturating_sub(answers.len());
        let spare = room.saturating_sub(rows.len() + table.len() + 1);
        let lines = log::lines(scene, spare.clamp(0, 10), columns);
        if !lines.is_empty() {
            rows.push(panels::rule(scene.theme, LAST_LINES, columns));
            rows.extend(lines);
        }
        rows.push(panels::rule(scene.theme, "the way back", columns));
        rows.extend(table);
        rows.extend(lost(scene, columns));
        scrolled(scene, pen, &rows, room);
        pen.rows_from(room, &answers);
        return;
    }
    let lost = lost_shown(scene, pen.rows(), columns);
    let high = table_high(table.len(), lost.len(), pen.rows());
    let here = running_row(scene).saturating_sub(high / 2);
    let top = here.min(table.len().saturating_sub(high));
    pen.rows_from(0, &table[top..top + high]);
    pen.rows_from(high, &lost);
    let area = pen.area;
    let above = high + lost.len();
    let down = u16::try_from(above).unwrap_or(area.height).min(area.height);
    log::draw(
        scene,
        &mut pen.part(Rect {
            y: area.y + down,
            height: area.height - down,
            ..area
        }),
    );
}

/// What is the case while steps are taken back.
pub(super) fn sentence(scene: &Scene<'_>) -> String {
    match &scene.seen.state.pause_requested {
        Some(who) => format!("It stops after this step, as {who} asked."),
        None if scene.seen.yours => {
            "Steps are taken back one by one. p stops after this one.".into()
        }
        None => "Steps are taken back one by one. Closing the terminal stops nothing.".into(),
    }
}

/// How many rows of the table are shown above the log.
fn table_high(table: usize, lost: usize, rows: usize) -> usize {
    table.min(rows.saturating_sub(5 + lost).max(1))
}

/// Rows and columns of the log's pane in a body of this size.
pub(super) fn log_area(scene: &Scene<'_>, area: Rect) -> (usize, usize) {
    let (rows, columns) = (usize::from(area.height), usize::from(area.width));
    if scene.seen.open().is_some() {
        return (rows, columns);
    }
    let table = table(scene, columns).len();
    let lost = lost_shown(scene, rows, columns).len();
    let above = table_high(table, lost, rows) + lost;
    (rows.saturating_sub(above), columns)
}

/// The lines of the way back, in its order.
pub(super) fn order(scene: &Scene<'_>) -> Vec<TakeBack> {
    engine::take_backs(scene.seen.plan, scene.seen.state).unwrap_or_default()
}

fn running_row(scene: &Scene<'_>) -> usize {
    let current = scene.seen.current();
    let place = order(scene)
        .iter()
        .position(|line| Some(&line.step) == current);
    place.map_or(0, |place| place + 1)
}

/// Order, step, what runs and, once it is under way, how far it is.
pub(super) fn table(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let name = (columns / 3).clamp(20, 44);
    let state = match scene.seen.state.rollback {
        Some(_) => 18,
        None => 0,
    };
    let what = columns.saturating_sub(7 + name + state + 2);
    let mut head = format!("   NO  {} {}", pad("STEP", name), pad("WHAT RUNS", what));
    if state > 0 {
        head.push_str(" STATE");
    }
    let mut rows = vec![row(Role::Muted, head)];
    for (at, line) in order(scene).iter().enumerate() {
        rows.push(table_line(scene, at, line, (name, what, state)));
    }
    rows
}

fn table_line(
    scene: &Scene<'_>,
    at: usize,
    line: &TakeBack,
    (name, what, state): (usize, usize, usize),
) -> Row {
    let seen = scene.seen;
    let title = format!("{} {}", seen.label(&line.step), seen.name(&line.step));
    let command = match line.back {
        Back::Undo | Back::Again => seen
            .step(&line.step)
            .and_then(|(_, step)| panels::command_text(scene, step, true))
            .map_or_else(String::new, |text| panels::first_line(&text)),
        Back::Nothing => "changed nothing".into(),
        Back::Harmless => "may stay as it is".into(),
        Back::Unsaid => "you are asked".into(),
        Back::Never => "nothing takes it back".into(),
    };
    let cursor = if seen.current() == Some(&line.step) {
        scene.theme.glyphs.cursor
    } else {
        " "
    };
    let mut shown = vec![
        bit(Role::Running, format!(" {cursor} ")),
        bit(Role::Muted, format!("{:>2}  ", at + 1)),
        bit(Role::Text, format!("{} ", pad(&title, name))),
        bit(Role::Muted, format!("{} ", pad(&command, what))),
    ];
    if state > 0 {
        let (role, words) = state_of(scene, line);
        shown.push(bit(role, pad(&words, state)));
    }
    shown
}

/// What the way back costs, where the plan says so.
pub(super) fn costs(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let mut rows = vec![Row::new()];
    for line in order(scene) {
        let undo = seen.step(&line.step).map(|(_, step)| &step.undo);
        if let Some(Undo::Run {
            costs: Some(costs), ..
        }) = undo
        {
            let scope = Scope::at(seen.plan, seen.state, &line.step);
            let label = bit(Role::Warn, format!("   {} costs", seen.label(&line.step)));
            let text = scope.text(costs);
            rows.extend(labelled(&label, 14, Role::Text, &text, columns));
        }
    }
    if rows.len() > 1 { rows } else { Vec::new() }
}

/// What is lost by this rollback, as the plan says it: of every step that is taken back, those that
/// were left as they are not counted.
fn lost(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let mut said = Vec::new();
    for line in order(scene) {
        let left = |record: &StepRecord| record.undo_skipped.is_some();
        let Some((_, step)) = seen.step(&line.step) else {
            continue;
        };
        if let Undo::Run {
            costs: Some(costs), ..
        } = &step.undo
            && !seen.record(&line.step).is_some_and(left)
        {
            let scope = Scope::at(seen.plan, seen.state, &line.step);
            said.push(format!("{} {}", seen.label(&line.step), scope.text(costs)));
        }
    }
    if said.is_empty() {
        said.push("nothing that the plan knows of.".to_owned());
    }
    let mut rows = vec![panels::rule(scene.theme, "", columns)];
    for (at, text) in said.iter().enumerate() {
        let label = bit(Role::Warn, if at == 0 { LOST } else { "" });
        let wide = text::width(LOST);
        rows.extend(labelled(&label, wide, Role::Text, text, columns));
    }
    rows
}

/// As many rows of it as leave room for table and log; the last says how many are out of sight.
fn lost_shown(scene: &Scene<'_>, rows: usize, columns: usize) -> Vec<Row> {
    let mut lost = lost(scene, columns);
    let most = (rows / 4).max(3);
    let hidden = (lost.len() + 1).saturating_sub(most);
    if lost.len() > most {
        lost.truncate(most - 1);
        let more = format!("{:1$}({hidden} more lines)", "", text::width(LOST));
        lost.push(row(Role::Muted, more));
    }
    lost
}

/// How far taking one step back is.
fn state_of(scene: &Scene<'_>, line: &TakeBack) -> (Role, String) {
    let seen = scene.seen;
    let record = seen.record(&line.step);
    let symbol = |mark: Mark, words: &str| {
        let text = format!("{} {words}", scene.theme.glyphs.symbol(mark));
        (mark.role(), text)
    };
    if seen.asked_about() == Some(&line.step) {
        return symbol(Mark::Asking, "asks you");
    }
    match record {
        Some(StepRecord {
            undo_skipped: Some(why),
            ..
        }) => match why {
            SkipReason::Person { .. } => symbol(Mark::Skipped, "left as it is"),
            SkipReason::Guard(_) | SkipReason::NothingToTakeBack(_) => {
                symbol(Mark::Skipped, "nothing to do")
            }
        },
        Some(StepRecord {
            undo_outcome: Some(_),
            ..
        }) => {
            let mark = seen.step_mark(&line.step);
            symbol(mark, mark.word())
        }
        Some(record) if !record.undo_attempts.is_empty() => {
            let took = panels::took(scene, &line.step).map(text::duration);
            symbol(
                Mark::Running,
                &format!("running {}", took.unwrap_or_default()),
            )
        }
        Some(_) | None => symbol(Mark::Pending, "waiting"),
    }
}

/// What the rollback asks.
fn asked(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let Some(open) = scene.seen.open() else {
        return Vec::new();
    };
    let (word, step, why) = match &open.question {
        Question::UndoFailed { step, why } => ("COULD NOT BE TAKEN BACK", step, why),
        Question::UndoUnsure { step, why } => ("MAY HAVE TO BE TAKEN BACK", step, why),
        _ => return Vec::new(),
    };
    let symbol = scene.theme.glyphs.symbol(Mark::Failed);
    let mut rows = vec![vec![
        bit(
            Role::Fail,
            format!(" {symbol} {} {word}", scene.seen.label(step)),
        ),
        bit(Role::Strong, format!("  {}", scene.seen.name(step))),
    ]];
    rows.extend(wrapped(Role::Text, 3, &panels::sentence_case(why), columns));
    rows
}
