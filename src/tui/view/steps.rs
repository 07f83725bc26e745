//! The list of phases and steps with their marks.

use super::Scene;
use super::panels;
use super::pen::{Pen, Row, bit, pad, row};
use crate::plan::{Item, Step};
use crate::text;
use crate::tui::model::Pane;
use crate::tui::theme::{Mark, Role};

/// Draws the list; what is under way stays in sight unless the list is being scrolled.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let columns = pen.columns();
    let (lines, here) = lines(scene, columns);
    let room = pen.rows();
    let most = lines.len().saturating_sub(room);
    let chosen = (scene.model.pane == Pane::Steps).then_some(scene.model.scrolled);
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
}

/// Every line, and the number of the one that is under way.
fn lines(scene: &Scene<'_>, columns: usize) -> (Vec<Row>, usize) {
    let seen = scene.seen;
    let current = seen.current().or(seen.asked_about());
    let mut lines = Vec::new();
    let mut here = 0;
    for (at, item) in seen.items().iter().enumerate() {
        if current == Some(item.id()) {
            here = lines.len();
        }
        let mark = seen.item_mark(item);
        let name = format!(" {} {}", at + 1, seen.text(item.name()));
        let (symbol, role) = match item {
            Item::Pause(_) => (format!(" {}", scene.theme.glyphs.symbol(mark)), mark.role()),
            Item::Phase(_) => (String::new(), Role::Text),
        };
        let name_role = match mark {
            Mark::Pending => Role::Muted,
            _ => Role::Strong,
        };
        lines.push(vec![bit(name_role, name), bit(role, symbol)]);
        let Item::Phase(phase) = item else { continue };
        for (place, step) in phase.steps.iter().enumerate() {
            let is_current = current == Some(&step.id);
            if is_current {
                here = lines.len();
            }
            let number = format!("{}.{}", at + 1, place + 1);
            lines.push(line(scene, step, &number, is_current, columns));
        }
    }
    (lines, here)
}

/// One step: cursor, symbol, number, name, how long it took.
fn line(scene: &Scene<'_>, step: &Step, number: &str, current: bool, columns: usize) -> Row {
    let mark = scene.seen.step_mark(&step.id);
    let took = panels::took(scene, &step.id)
        .filter(|took| took.secs() > 0)
        .map(text::duration);
    let took = took.unwrap_or_default();
    let room = columns.saturating_sub(9 + text::width(&took));
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
        bit(Role::Muted, format!(" {took}")),
    ]
}
