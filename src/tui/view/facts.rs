//! How the step that runs does so: its command, user, directory, time limit, exit codes and way back;
//! all of it where the screen is large. Called by `running`; it changes nothing.

use super::pen::{Row, bit, labelled, row, wrapped};
use super::{Scene, panels};
use crate::engine;
use crate::plan::{Kind, Rerun, Step};
use crate::text;
use crate::tui::theme::Role;

/// From so many rows on everything about the step has room above its log.
const ROOMY: u16 = 30;
/// The rows that a command gets there.
const COMMAND: usize = 4;

/// The rows below the step's title.
pub(super) fn rows(scene: &Scene<'_>, step: &Step, undo: bool, columns: usize) -> Vec<Row> {
    if is_roomy(scene) {
        let parts = [output(scene, step), facts(scene, step, undo)].concat();
        let mut rows = flowing(&parts, columns);
        rows.extend(command(scene, step, undo, columns));
        return rows;
    }
    let what = match panels::command_text(scene, step, undo) {
        Some(text) => vec![
            bit(Role::Muted, "   $ "),
            bit(Role::Text, panels::first_line(&text)),
        ],
        None => row(
            Role::Muted,
            format!("   {}", panels::what_runs(scene, step)),
        ),
    };
    let how = format!("   {}", details(scene, step, undo));
    vec![what, row(Role::Muted, how)]
}

/// Whether there is room for everything about the step beside the list.
fn is_roomy(scene: &Scene<'_>) -> bool {
    scene.model.is_wide() && scene.model.size.1 >= ROOMY
}

/// `last output 1 s ago   time limit 2 h   way back: undo   as root, in /`.
fn details(scene: &Scene<'_>, step: &Step, undo: bool) -> String {
    let command = panels::command_of(scene, step, undo);
    let mut parts = output(scene, step);
    if let Some(limit) = command.as_ref().and_then(|spec| spec.timeout) {
        parts.push(format!("time limit {}", text::duration(limit)));
    }
    parts.extend(way_back(scene, step));
    parts.extend(command.map(|spec| panels::runs_as(scene, &spec)));
    parts.join("   ")
}

/// How long ago the command has written something.
fn output(scene: &Scene<'_>, step: &Step) -> Vec<String> {
    let last = scene.model.log.last_output;
    let last = last.filter(|_| matches!(step.kind, Kind::Run(_) | Kind::Argv(_)));
    let said = last.map(|at| {
        let ago = text::duration(scene.now.wall.since(at));
        format!("last output {ago} ago")
    });
    said.into_iter().collect()
}

fn way_back(scene: &Scene<'_>, step: &Step) -> Option<String> {
    let (phase, _) = scene.seen.step(&step.id)?;
    let (word, _) = panels::back_word(engine::back_of(phase, step));
    (word != "-").then(|| format!("way back: {word}"))
}

/// All that is known of how the command runs.
fn facts(scene: &Scene<'_>, step: &Step, undo: bool) -> Vec<String> {
    let mut parts = Vec::new();
    let command = panels::command_of(scene, step, undo);
    if let Some(spec) = &command {
        let limit = spec.timeout.map(text::duration);
        let limit = limit.unwrap_or_else(|| "none".to_owned());
        parts.push(format!("time limit {limit}"));
    }
    if let Some(spec) = command {
        let codes: Vec<String> = step.ok_codes.iter().map(ToString::to_string).collect();
        // How a step is taken back has no codes of its own.
        if !undo && !codes.is_empty() {
            parts.push(format!("passing exit codes: {}", codes.join(" ")));
        }
        parts.push(format!("user {}", panels::user(scene, &spec)));
        if !undo {
            let rerun = match step.rerun {
                Rerun::Safe => "safe",
                Rerun::Check => "after asking whether it is done",
                Rerun::Never | Rerun::Unsaid => "only by you",
            };
            parts.push(format!("rerun: {rerun}"));
        }
        parts.extend(way_back(scene, step));
        parts.push(format!("in {}", spec.dir.display()));
    } else {
        parts.extend(way_back(scene, step));
    }
    parts
}

/// Parts one behind the other, as many in a row as fit.
fn flowing(parts: &[String], columns: usize) -> Vec<Row> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if text::width(line) + 3 + text::width(part) <= columns => {
                line.push_str("   ");
                line.push_str(part);
            }
            _ => lines.push(format!("   {part}")),
        }
    }
    let lines = lines.into_iter();
    lines.map(|line| row(Role::Muted, line)).collect()
}

/// The command, in as many lines as there is room for; `c` shows all of a longer one.
fn command(scene: &Scene<'_>, step: &Step, undo: bool, columns: usize) -> Vec<Row> {
    let Some(text) = panels::command_text(scene, step, undo) else {
        let what = panels::what_runs(scene, step);
        return wrapped(Role::Muted, 3, &what, columns);
    };
    let mut rows = labelled(&bit(Role::Muted, "   $ "), 5, Role::Text, &text, columns);
    if rows.len() > COMMAND {
        rows.truncate(COMMAND - 1);
        let more = "     ... the command is longer: c shows all of it.";
        rows.push(row(Role::Muted, more));
    }
    rows
}
