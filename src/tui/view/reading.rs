//! Boxes to read: help, a step in full, all warnings, what Ctrl-C means.

use super::consent::{AROUND, WIDEST, clear};
use super::pen::{Pen, Row, bit, pad, row, wrapped};
use super::{Scene, exact, panels};
use crate::engine::{self, Scope};
use crate::plan::{Item, Kind, Level, Polled, Rerun, Step};
use crate::report::RetriesShown;
use crate::text;
use crate::tui::bindings;
use crate::tui::keymap::{Binding, Group};
use crate::tui::model::{Mode, Model, Overlay};
use crate::tui::theme::{MARKS, Role};
use crate::types::StepId;
use ratatui::layout::Rect;

/// Draws what there is to read, one page of it.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>, overlay: &Overlay) {
    let Some((title, rows, page)) = content(scene, overlay) else {
        return;
    };
    let (columns, high) = scene.model.size;
    let width = columns.min(WIDEST);
    let most = high.saturating_sub(AROUND).max(3);
    let room = room(scene.model.size);
    let all = rows.len().div_ceil(room).max(1);
    let page = page.min(all - 1);
    let shown = &rows[(page * room).min(rows.len())..rows.len().min((page + 1) * room)];
    let height = if all > 1 {
        most
    } else {
        u16::try_from(shown.len() + 2).unwrap_or(most).min(most)
    };
    let spare = if columns > WIDEST {
        (most - height) / 2
    } else {
        0
    };
    let place = Rect {
        x: (columns - width) / 2,
        y: 2 + spare,
        width,
        height,
    };
    clear(scene, pen, place);
    let mut boxed = pen.part(place);
    let remark = format!("page {}/{all}", page + 1);
    let mut inside = boxed.frame(Role::Border, &title, if all > 1 { &remark } else { "" });
    inside.rows_from(0, shown);
}

/// The last page of what there is to read, from 0.
pub(super) fn last_page(scene: &Scene<'_>, overlay: &Overlay) -> usize {
    let rows = content(scene, overlay).map_or(0, |(_, rows, _)| rows.len());
    rows.div_ceil(room(scene.model.size)).max(1) - 1
}

/// The rows inside the largest box.
fn room(size: (u16, u16)) -> usize {
    usize::from(size.1.saturating_sub(AROUND + 2)).max(1)
}

/// Title, rows and the page that is wanted; none where something is to be typed.
fn content(scene: &Scene<'_>, overlay: &Overlay) -> Option<(String, Vec<Row>, usize)> {
    let columns = usize::from(scene.model.size.0.min(WIDEST)).saturating_sub(4);
    let ((title, rows), page) = match overlay {
        Overlay::Help(page) => (help(scene, columns), *page),
        Overlay::Detail(step, page) => (detail(scene, step, columns), *page),
        Overlay::Warnings(page) => (warnings(scene, columns), *page),
        Overlay::Copied(text, page) => (copied(text, columns), *page),
        Overlay::Parting(page) => (parting(scene, columns), *page),
        Overlay::Interrupt => (super::interrupt::page(scene), 0),
        Overlay::Text(..) => return None,
    };
    Some((title, rows, page))
}

/// The keys of the screen behind the box, from the key map, and the symbols.
fn help(scene: &Scene<'_>, columns: usize) -> (String, Vec<Row>) {
    let mode = behind(scene.model, scene);
    let bindings = bindings::bindings(mode, scene.seen);
    let half = columns / 2 - 1;
    let left: Vec<Row> = group(&bindings, Group::Upgrade, "UPGRADE", half)
        .into_iter()
        .chain(group(&bindings, Group::View, "LOOK", half))
        .collect();
    let right: Vec<Row> = group(&bindings, Group::Move, "MOVE", half)
        .into_iter()
        .chain(group(&bindings, Group::Log, "LOG", half))
        .collect();
    let mut rows = side_by_side(&left, &right, half);
    let rest = [always(columns), symbols(scene, columns)].concat();
    let room = room(scene.model.size);
    if rows.len() < room && rows.len() + rest.len() > room {
        // The rest is a page of its own, and nothing of it is torn apart.
        rows.resize(room, Row::new());
    }
    rows.extend(rest);
    (format!("keys on this screen ({})", words(mode)), rows)
}

/// What the box in front hides.
fn behind(model: &Model, scene: &Scene<'_>) -> Mode {
    model
        .consent_in_front(scene.seen)
        .unwrap_or_else(|| model.screen_mode(scene.seen))
}

fn words(mode: Mode) -> &'static str {
    match mode {
        Mode::Small => "too small",
        Mode::Overview => "overview",
        Mode::Running => "running step",
        Mode::Decide | Mode::Asked => "a question",
        Mode::Pause => "pause",
        Mode::Rollback => "rollback",
        Mode::Finished => "finished",
        Mode::FullLog | Mode::Search => "log",
        Mode::Ack | Mode::Phrase => "a warning",
        Mode::Text => "a line of text",
        Mode::Reading => "reading",
        Mode::Interrupt => "Ctrl-C",
    }
}

/// The keys of a group below its heading.
fn group(bindings: &[Binding], wanted: Group, title: &str, columns: usize) -> Vec<Row> {
    let of_it: Vec<&Binding> = bindings
        .iter()
        .filter(|b| b.group == wanted && !b.help.is_empty())
        .collect();
    if of_it.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![row(Role::Title, title)];
    for binding in of_it {
        let key = bit(Role::Key, format!("  {}", binding.shown));
        rows.extend(super::pen::labelled(
            &key,
            11,
            Role::Text,
            &binding.help,
            columns,
        ));
    }
    rows.push(Vec::new());
    rows
}

fn side_by_side(left: &[Row], right: &[Row], half: usize) -> Vec<Row> {
    let high = left.len().max(right.len());
    (0..high)
        .map(|at| {
            let mut line = left.get(at).cloned().unwrap_or_default();
            let used = super::pen::width(&line);
            line.push(bit(Role::Text, " ".repeat((half + 2).saturating_sub(used))));
            line.extend(right.get(at).cloned().unwrap_or_default());
            line
        })
        .collect()
}

fn always(columns: usize) -> Vec<Row> {
    let mut rows = vec![row(Role::Title, "EVERYWHERE")];
    let keys = [
        (
            "Ctrl-C",
            "asks what to do; never ends the running command by itself",
        ),
        ("Ctrl-Z", "suspends only this screen; Ctrl-L draws it anew"),
        (
            "Esc",
            "back, as are Ctrl-G and b; Enter and Space never change the run",
        ),
    ];
    for (key, does) in keys {
        let key = bit(Role::Key, format!("  {key}"));
        rows.extend(super::pen::labelled(&key, 11, Role::Text, does, columns));
    }
    rows.push(Vec::new());
    rows
}

fn symbols(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let mut rows = vec![row(Role::Title, "SYMBOLS")];
    let each = 22;
    let in_a_row = (columns / each).max(1);
    for marks in MARKS.chunks(in_a_row) {
        let mut line = row(Role::Text, "  ");
        for mark in marks {
            line.push(bit(mark.role(), scene.theme.glyphs.symbol(*mark)));
            line.push(bit(Role::Text, format!(" {}", pad(mark.word(), each - 4))));
        }
        rows.push(line);
    }
    rows.push(vec![
        bit(Role::LogError, "  E  "),
        bit(Role::Text, " a line of the log that looks like an error"),
    ]);
    rows.push(vec![
        bit(Role::LogMeta, "  u  "),
        bit(
            Role::Text,
            " a line that upwalk wrote; it is in no log file",
        ),
    ]);
    rows
}

/// A step in full, or a pause.
fn detail(scene: &Scene<'_>, step: &StepId, columns: usize) -> (String, Vec<Row>) {
    let label = scene.seen.label(step);
    if scene.seen.step(step).is_some() {
        (format!("step {label}"), step_rows(scene, step, columns))
    } else {
        (format!("part {label}"), item_rows(scene, step, columns))
    }
}

/// A phase or pause: its text and how it is taken back.
pub(super) fn item_rows(scene: &Scene<'_>, id: &StepId, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let Some(item) = seen.item_of(id) else {
        return Vec::new();
    };
    let title = format!(" {} {}", seen.label(id), seen.text(item.name()));
    let mut rows = vec![row(Role::Strong, title), Vec::new()];
    let (text, more) = match item {
        Item::Phase(phase) => (phase.text.as_ref(), Vec::new()),
        Item::Pause(pause) => (pause.text.as_ref(), pause.meanwhile.clone()),
    };
    for text in text.into_iter().chain(&more) {
        rows.extend(wrapped(Role::Text, 1, &seen.text(text), columns));
    }
    for warning in item.warnings() {
        rows.push(Vec::new());
        rows.extend(warning_rows(scene, warning, columns));
    }
    if let Item::Phase(phase) = item {
        rows.push(Vec::new());
        for step in &phase.steps {
            let title = format!("{} {}", seen.label(&step.id), seen.text(&step.name));
            rows.extend(wrapped(Role::Text, 1, &title, columns));
            let what = panels::what_runs(scene, step);
            rows.push(row(Role::Muted, format!("     {what}")));
        }
    }
    rows
}

/// A step: what it is for, its command with user, directory and environment, its proofs, its way
/// back.
pub(super) fn step_rows(scene: &Scene<'_>, id: &StepId, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let Some((_, step)) = seen.step(id) else {
        return Vec::new();
    };
    let scope = Scope::at(seen.plan, seen.state, id);
    let title = format!(" {} {}", seen.label(id), seen.text(&step.name));
    let mut rows = vec![row(Role::Strong, title)];
    if let Some(text) = &step.text {
        rows.extend(wrapped(Role::Text, 1, &scope.text(text), columns));
    }
    rows.push(Vec::new());
    let mut add = |label: &str, text: &str| {
        let label = bit(Role::Muted, format!(" {label}"));
        rows.extend(super::pen::labelled(&label, 13, Role::Text, text, columns));
    };
    match (&step.kind, panels::command_text(scene, step, false)) {
        (_, Some(text)) => add("runs", &text),
        (Kind::Manual(text), None) => add("by hand", &scope.text(text)),
        (Kind::Check(polled), None) => add("checks", &polled_words(polled)),
        (Kind::Run(_) | Kind::Argv(_), None) => {}
    }
    for (label, text) in facts_of(scene, step) {
        add(label, &text);
    }
    for warning in &step.warnings {
        rows.push(Vec::new());
        rows.extend(warning_rows(scene, warning, columns));
    }
    rows
}

/// What a check asks, and for how long.
fn polled_words(polled: &Polled) -> String {
    match polled.within {
        Some(within) => format!(
            "{} (asked every {} for up to {})",
            polled.guard.source,
            text::duration(polled.every),
            text::duration(within)
        ),
        None => polled.guard.source.clone(),
    }
}

/// User and directory, environment, conditions, proofs, way back.
fn facts_of(scene: &Scene<'_>, step: &Step) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let spec = panels::command_of(scene, step, false);
    if let Some(spec) = &spec {
        facts.push(("how", panels::runs_as(scene, spec)));
        let limit = spec.timeout.map(text::duration);
        facts.push(("time limit", limit.unwrap_or_else(|| "none".into())));
    }
    if let Some(guard) = &step.only_if {
        facts.push(("only if", guard.source.clone()));
    }
    if let Some(guard) = &step.unless {
        facts.push(("unless", guard.source.clone()));
    }
    if let Some(verify) = &step.verify {
        facts.push(("proof", polled_words(verify)));
    }
    facts.push(("way back", panels::back_sentence(scene, step)));
    if let Some(text) = panels::command_text(scene, step, true) {
        facts.push(("undo", text));
    }
    if spec.is_some() {
        let again = match step.rerun {
            Rerun::Safe => "may simply be run again",
            Rerun::Check => "its condition tells whether it is done",
            Rerun::Never | Rerun::Unsaid => "is not run again without you",
        };
        facts.push(("if cut off", again.to_owned()));
    }
    if let Some(pending) = &step.pending {
        facts.push(("counts", pending.clone()));
    }
    if let Some(retries) = &step.retries {
        facts.push(("retries", RetriesShown::of(retries).words()));
    }
    if step.required {
        facts.push(("required", "nobody can skip it".to_owned()));
    }
    if let Some(spec) = spec {
        facts.extend(exact::exact(scene, step, &spec));
    }
    facts
}

/// A warning: label, level, digest, text.
fn warning_rows(scene: &Scene<'_>, warning: &crate::plan::Warning, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let level = match &warning.level {
        Level::Note => "note, stops nobody".to_owned(),
        Level::Ack => "stops until you acknowledge".to_owned(),
        Level::Type(phrase) => format!("stops until you type \"{}\"", seen.text(phrase)),
    };
    let digest = engine::warning_digest(seen.plan, &seen.state.run, warning);
    let mut rows = vec![vec![
        bit(
            Role::Asking,
            format!(" {} ", seen.warning_label(&warning.id)),
        ),
        bit(Role::Strong, format!("{}  ", warning.id)),
        bit(Role::Muted, format!("{level}   {digest}")),
    ]];
    rows.extend(wrapped(Role::Text, 4, &seen.text(&warning.text), columns));
    rows
}

/// All warnings of the run.
fn warnings(scene: &Scene<'_>, columns: usize) -> (String, Vec<Row>) {
    let mut rows = Vec::new();
    for (of, warning) in scene
        .seen
        .walk()
        .into_iter()
        .flat_map(crate::plan::Walk::warnings)
    {
        let place = format!("before {} {}", scene.seen.label(of), scene.seen.name(of));
        rows.extend(warning_rows(scene, warning, columns));
        rows.push(row(Role::Muted, format!("    {place}")));
        rows.push(Vec::new());
    }
    rows.pop();
    if rows.is_empty() {
        rows.push(row(Role::Muted, "The plan has no warnings."));
    }
    ("warnings of this run".to_owned(), rows)
}

/// A text that was handed to the terminal's clipboard.
fn copied(text: &str, columns: usize) -> (String, Vec<Row>) {
    let mut rows = wrapped(Role::Strong, 1, text, columns);
    rows.push(Vec::new());
    let words = "This was sent to the clipboard of your terminal. Many terminals refuse that without a \
                 word; then mark it here with the mouse.";
    rows.extend(wrapped(Role::Muted, 1, words, columns));
    ("copied".to_owned(), rows)
}

/// Why a supervisor has ended, in its words.
fn parting(scene: &Scene<'_>, columns: usize) -> (String, Vec<Row>) {
    let said = scene.seen.parting.unwrap_or_default();
    let rows = wrapped(Role::Strong, 1, said, columns);
    ("the supervisor has ended".to_owned(), rows)
}
