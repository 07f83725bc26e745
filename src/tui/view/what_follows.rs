//! What runs once a warning has been confirmed: the step behind it, or the steps of its phase. Called by
//! `consent`; it changes nothing.

use super::pen::{Bit, Row, bit, pad, row, wrapped};
use super::{Scene, panels};
use crate::plan::{Item, Step};
use crate::text;
use crate::tui::theme::Role;
use crate::types::StepId;

/// The step that the question stands before, or all steps of the phase that it does.
pub(super) fn steps_behind<'a>(scene: &Scene<'a>, before: Option<&StepId>) -> Vec<&'a Step> {
    let Some(before) = before else {
        return Vec::new();
    };
    match (scene.seen.step(before), scene.seen.item_of(before)) {
        (Some((_, step)), _) => vec![step],
        (None, Some(Item::Phase(phase))) => phase.steps.iter().collect(),
        (None, Some(Item::Pause(_)) | None) => Vec::new(),
    }
}

/// The command that would run.
pub(super) fn command(scene: &Scene<'_>, id: &StepId, columns: usize) -> Vec<Row> {
    let Some((_, step)) = scene.seen.step(id) else {
        return commands(scene, id);
    };
    let Some(text) = panels::command_text(scene, step, false) else {
        return Vec::new();
    };
    let mut rows = vec![Vec::new()];
    if let Some(spec) = panels::command_of(scene, step, false) {
        let as_whom = format!("Runs {}:", panels::runs_as(scene, &spec));
        rows.extend(wrapped(Role::Muted, 0, &as_whom, columns));
    }
    for (at, line) in text.lines().enumerate() {
        let prompt = if at == 0 { "  $ " } else { "    " };
        let mut lines = wrapped(Role::Text, 4, line, columns);
        if let Some(first) = lines.first_mut() {
            *first = vec![
                bit(Role::Muted, prompt),
                bit(Role::Text, line_after(first, 4)),
            ];
        }
        rows.extend(lines);
    }
    rows
}

/// What the steps of a phase run, a line each.
fn commands(scene: &Scene<'_>, id: &StepId) -> Vec<Row> {
    let steps = steps_behind(scene, Some(id));
    let name = |step: &Step| {
        let name = scene.seen.text(&step.name);
        format!("  {} {name}  ", scene.seen.label(&step.id))
    };
    let wide = steps.iter().map(|step| text::width(&name(step))).max();
    let wide = wide.unwrap_or(0).min(40);
    let mut rows = vec![Row::new(), row(Role::Muted, "Then these run:")];
    rows.extend(steps.iter().map(|step| {
        vec![
            bit(Role::Text, pad(&name(step), wide)),
            bit(Role::Muted, panels::what_runs(scene, step)),
        ]
    }));
    if steps.is_empty() { Vec::new() } else { rows }
}

/// A row's text without its indent.
fn line_after(row: &[Bit], indent: usize) -> String {
    let text: String = row.iter().map(|bit| bit.text.as_str()).collect();
    text.get(indent..).unwrap_or_default().to_owned()
}
