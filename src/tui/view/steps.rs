//! The list of phases and steps with their marks, and who else looks.

use super::Scene;
use super::overview;
use super::panels;
use super::pen::{Pen, Row, bit, pad, row};
use crate::engine;
use crate::plan::{Item, Pause, Step};
use crate::text;
use crate::tui::model::Pane;
use crate::tui::theme::{Mark, Role};
use crate::types::{Millis, StepId};

/// The list, line by line.
struct List {
    lines: Vec<Row>,
    /// The line of what is under way.
    here: usize,
    /// The line of each phase, pause and step: others stand between them.
    rows: Vec<usize>,
}

/// Draws the list; what is under way stays in sight unless the list is being scrolled. Whoever else
/// looks is named below it, where there is room.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let columns = pen.columns();
    let List { lines, here, rows } = list(scene, columns);
    let room = pen.rows();
    let most = lines.len().saturating_sub(room);
    let chosen = (scene.model.pane == Pane::Steps)
        .then(|| rows.get(scene.model.scrolled).copied())
        .flatten();
    let top = chosen.unwrap_or(here).saturating_sub(room / 2).min(most);
    pen.rows_from(0, &lines[top..]);
    if let Some(at) = chosen
        .and_then(|at| at.checked_sub(top))
        .filter(|at| *at < room)
    {
        let text: String = lines[top + at]
            .iter()
            .map(|bit| bit.text.as_str())
            .collect();
        pen.line(at, &row(Role::Selection, pad(&text, columns)));
    }
    let others = others(scene);
    if lines.len() + others.len() < room {
        pen.rows_from(room - others.len(), &others);
    }
}

/// Who looks beside whoever has the controls.
fn others(scene: &Scene<'_>) -> Vec<Row> {
    let seen = scene.seen;
    if seen.observers.is_empty() || seen.gone {
        return Vec::new();
    }
    let mut rows = vec![row(Role::Title, " LOOKING ON")];
    let names = seen.observers.iter().map(|one| match one.since {
        Some(since) => format!(" {} since {}", one.who, since.clock_minutes()),
        None => format!(" {}", one.who),
    });
    rows.extend(names.map(|name| row(Role::Text, name)));
    rows
}

/// Every line, and what stands where.
fn list(scene: &Scene<'_>, columns: usize) -> List {
    let seen = scene.seen;
    let current = seen.current().or(seen.asked_about());
    let never = seen.walk().and_then(engine::point_of_no_return);
    let never = never.map(|step| &step.id);
    let (mut lines, mut rows, mut here) = (Vec::new(), Vec::new(), 0);
    for (at, item) in seen.items().iter().enumerate() {
        let first = match item {
            Item::Phase(phase) => phase.steps.first().map(|step| &step.id),
            Item::Pause(_) => None,
        };
        let all_of_it = never.is_some() && first == never;
        if all_of_it {
            lines.push(no_undo(scene, columns));
        }
        if current == Some(item.id()) {
            here = lines.len();
        }
        rows.push(lines.len());
        lines.push(item_line(scene, at + 1, item, columns));
        let phase = match item {
            Item::Phase(phase) => phase,
            Item::Pause(pause) => {
                lines.push(pause_line(scene, pause, item));
                continue;
            }
        };
        for (place, step) in phase.steps.iter().enumerate() {
            if never == Some(&step.id) && !all_of_it {
                lines.push(no_undo(scene, columns));
            }
            let is_current = current == Some(&step.id);
            if is_current {
                here = lines.len();
            }
            let number = format!("{}.{}", at + 1, place + 1);
            rows.push(lines.len());
            lines.push(line(scene, step, &number, is_current, columns));
        }
    }
    List { lines, here, rows }
}

/// What is below cannot be taken back.
fn no_undo(scene: &Scene<'_>, columns: usize) -> Row {
    let heavy = scene.theme.glyphs.heavy;
    let words = " NO UNDO BELOW ";
    let rest = columns.saturating_sub(text::width(words) + 4);
    let line = format!(" {}{words}{} ", heavy.repeat(2), heavy.repeat(rest));
    row(Role::NoReturn, line)
}

/// A phase or a pause, with the labels of the warnings before it.
fn item_line(scene: &Scene<'_>, number: usize, item: &Item, columns: usize) -> Row {
    let seen = scene.seen;
    let role = match seen.item_mark(item) {
        Mark::Pending => Role::Muted,
        _ => Role::Strong,
    };
    let name = format!(" {number} {}", seen.text(item.name()));
    let labels = overview::marks(scene, |of| of == item.id());
    let room = columns.saturating_sub(text::width(&labels) + 2);
    vec![
        bit(role, pad(&name, room)),
        bit(Role::Asking, format!(" {labels}")),
    ]
}

/// `[ ] 30 min to 7 days`.
fn pause_line(scene: &Scene<'_>, pause: &Pause, item: &Item) -> Row {
    let mark = scene.seen.item_mark(item);
    let role = match mark {
        Mark::Pending => Role::Muted,
        _ => Role::Text,
    };
    vec![
        bit(Role::Text, "   "),
        bit(mark.role(), scene.theme.glyphs.symbol(mark)),
        bit(role, format!(" {}", how_long(pause))),
    ]
}

/// How long a pause takes, as the plan has it.
fn how_long(pause: &Pause) -> String {
    match (pause.min, pause.max) {
        (Some(min), Some(max)) => format!("{} to {}", spelt(min), spelt(max)),
        (Some(min), None) => format!("at least {}", spelt(min)),
        (None, Some(max)) => format!("at most {}", spelt(max)),
        (None, None) => "until you continue".to_owned(),
    }
}

/// A length in whole minutes or days with its unit in words, any other in short.
fn spelt(length: Millis) -> String {
    const DAY: u64 = 86_400;
    match length.secs() {
        DAY => "1 day".to_owned(),
        secs if secs > 0 && secs % DAY == 0 => format!("{} days", secs / DAY),
        secs @ 60..3600 if secs % 60 == 0 => format!("{} min", secs / 60),
        _ => text::duration(length),
    }
}

/// At the right end of a step's line: how long it took, or the labels of the warnings before it.
fn remark(scene: &Scene<'_>, step: &StepId) -> (Role, String) {
    let took = panels::took(scene, step).filter(|took| took.secs() > 0);
    match took {
        Some(took) => (Role::Muted, text::duration(took)),
        None => (Role::Asking, overview::marks(scene, |of| of == step)),
    }
}

/// One step: cursor, symbol, number, name, and the remark.
fn line(scene: &Scene<'_>, step: &Step, number: &str, current: bool, columns: usize) -> Row {
    let mark = scene.seen.step_mark(&step.id);
    let (remark_role, remark) = remark(scene, &step.id);
    let room = columns.saturating_sub(9 + text::width(&remark));
    let cursor = if current {
        scene.theme.glyphs.cursor
    } else {
        " "
    };
    let role = match (current, mark) {
        (true, _) => Role::Strong,
        (false, Mark::Pending | Mark::Skipped) => Role::Muted,
        (false, _) => Role::Text,
    };
    let name = format!("{number} {}", scene.seen.text(&step.name));
    vec![
        bit(Role::Running, format!(" {cursor} ")),
        bit(mark.role(), scene.theme.glyphs.symbol(mark)),
        bit(role, format!(" {}", pad(&name, room))),
        bit(remark_role, format!(" {remark}")),
    ]
}
