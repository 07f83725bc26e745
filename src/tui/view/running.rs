//! The screen while steps run: what runs, since when, what it prints; beside it all steps where
//! there is room.

use super::pen::{Pen, Row, bit, row, width, wrapped};
use super::{Scene, facts, log, panels, steps};
use crate::engine;
use crate::journal::{AskKey, WarningState};
use crate::plan::{Level, Step};
use crate::text;
use crate::tui::log::Progress;
use crate::tui::model::Pane;
use crate::tui::theme::{Mark, Role};
use crate::types::{Pending, StepId};
use ratatui::layout::Rect;

/// The columns of the list of steps, its separator not counted.
const LIST: u16 = 38;

/// Draws the body.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let area = pen.area;
    if !scene.model.is_wide() {
        return main(scene, pen, scene.model.pane == Pane::Steps);
    }
    steps::draw(
        scene,
        &mut pen.part(Rect {
            width: LIST,
            ..area
        }),
    );
    let side = row(Role::Border, scene.theme.glyphs.side);
    for y in 0..pen.rows() {
        pen.line_in(y, usize::from(LIST), 1, &side);
    }
    let right = Rect {
        x: area.x + LIST + 1,
        width: area.width.saturating_sub(LIST + 1),
        ..area
    };
    main(scene, &mut pen.part(right), false);
}

/// Rows and columns of the log's pane in a body of this size.
pub(super) fn log_area(scene: &Scene<'_>, area: Rect) -> (usize, usize) {
    let wide = if scene.model.is_wide() {
        area.width.saturating_sub(LIST + 1)
    } else {
        area.width
    };
    let head = head(scene, usize::from(wide)).len();
    (
        usize::from(area.height).saturating_sub(head),
        usize::from(wide),
    )
}

/// What runs, and its log (or the steps, where there is no room for both).
fn main(scene: &Scene<'_>, pen: &mut Pen<'_>, list: bool) {
    let head = head(scene, pen.columns());
    pen.rows_from(0, &head);
    let below = Rect {
        y: pen.area.y
            + u16::try_from(head.len())
                .unwrap_or(u16::MAX)
                .min(pen.area.height),
        height: pen
            .area
            .height
            .saturating_sub(u16::try_from(head.len()).unwrap_or(u16::MAX)),
        ..pen.area
    };
    let mut below = pen.part(below);
    if list {
        below.rule(0, &row(Role::Title, "all steps"));
        let area = below.area;
        let under = Rect {
            y: area.y + 1,
            height: area.height.saturating_sub(1),
            ..area
        };
        steps::draw(scene, &mut below.part(under));
    } else {
        log::draw(scene, &mut below);
    }
}

/// The lines above the log.
fn head(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let Some((id, step)) = seen.current().and_then(|id| Some((id, seen.step(id)?.1))) else {
        let mut rows = vec![Row::new(), row(Role::Text, format!(" {}", coming(scene)))];
        rows.extend(asking(scene, columns));
        rows.push(Row::new());
        return rows;
    };
    let undo = seen
        .record(id)
        .is_some_and(|record| !record.undo_attempts.is_empty());
    let mut rows = vec![title(scene, id, step, columns)];
    rows.extend(facts::rows(scene, step, undo, columns));
    rows.extend(tried_again(scene, columns));
    rows.extend(silence(scene, columns));
    rows.extend(notes(scene, id));
    if let Some(progress) = scene.model.log.progress
        && seen.subject().is_some_and(|subject| subject.step == id)
    {
        rows.push(panels::bar(scene.theme, progress, columns));
    }
    rows.extend(pending(scene, id, columns));
    rows.extend(asking(scene, columns));
    rows
}

/// How much the step has left to do, as it was counted last.
fn pending(scene: &Scene<'_>, id: &StepId, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let counted = seen.counted.filter(|(of, _)| of == id);
    let now = counted.map(|(_, pending)| pending);
    if let Some(far) = engine::progress(seen.state, id, now) {
        // The bar is drawn with what a float can hold; nobody counts further by eye.
        #[expect(clippy::cast_precision_loss, reason = "a bar is no count")]
        let of = |number: u64| number as f64;
        let progress = Progress {
            done: of(far.of - far.left),
            total: of(far.of),
        };
        if far.of == 0 {
            let words = "   There is nothing to do, as the plan counts it.";
            return vec![row(Role::Text, words)];
        }
        // One bar is enough: what the log says moves faster, and two counts of one thing that are not
        // of the same moment contradict each other.
        if scene.model.log.progress.is_some() {
            return Vec::new();
        }
        let mut bar = panels::bar(scene.theme, progress, columns.saturating_sub(12));
        bar.push(bit(Role::Text, format!("   {} left", far.left)));
        return vec![bar];
    }
    let record = seen.record(id);
    let before = record.and_then(|record| record.attempts.last()?.before.as_ref());
    match now.or(before) {
        Some(Pending::Known(left)) => vec![row(Role::Text, format!("   {left} left to do."))],
        Some(Pending::Unknown(why)) => {
            let words = format!("How much is left to do is unknown: {why}.");
            wrapped(Role::Warn, 3, &words, columns)
        }
        None => Vec::new(),
    }
}

/// What comes next while nothing runs.
fn coming(scene: &Scene<'_>) -> String {
    let place = engine::position(scene.seen.plan, scene.seen.state);
    match place.step.or(place.item) {
        Some(next) => format!(
            "{} {} comes next.",
            scene.seen.label(&next),
            scene.seen.name(&next)
        ),
        None => "All steps are over; the installed version is looked up.".to_owned(),
    }
}

/// ` > 3.1 RUNNING  name   attempt 1   elapsed 3 m 12 s`.
fn title(scene: &Scene<'_>, id: &StepId, step: &Step, columns: usize) -> Row {
    let seen = scene.seen;
    let verifies = |key: &AskKey| matches!(key, AskKey::Verify(of) | AskKey::Check(of) if of == id);
    let (word, role) = if engine::retry(seen.plan, seen.state).is_some() {
        ("FAILED", Role::Fail)
    } else if seen.asking.keys().any(verifies) {
        ("CHECKING", Role::Running)
    } else {
        ("RUNNING", Role::Running)
    };
    let begin = format!(" {} {} {word}", scene.theme.glyphs.cursor, seen.label(id));
    let attempt = seen.record(id).and_then(|record| record.latest());
    let mut rest = Row::new();
    if let Some(attempt) = attempt {
        let role = match attempt.attempt {
            1 => Role::Muted,
            _ => Role::Warn,
        };
        rest.push(bit(role, format!("   attempt {}", attempt.attempt)));
    }
    if let Some(pid) = pid(scene, id) {
        rest.push(bit(Role::Muted, format!("   pid {pid}")));
    }
    if let Some(took) = panels::took(scene, id) {
        rest.push(bit(Role::Muted, "   elapsed "));
        rest.push(bit(Role::Text, text::duration(took)));
    }
    if attempt.is_some_and(|attempt| attempt.cancelled.is_some() && attempt.ended.is_none()) {
        rest.push(bit(Role::Warn, "   is being ended"));
    }
    // A long name gives way to what cannot be looked up elsewhere.
    let room = columns.saturating_sub(text::width(&begin) + 2 + width(&rest));
    let name = text::cut(&text::clean(&seen.text(&step.name)), room.max(8));
    let mut title = vec![bit(role, begin), bit(Role::Strong, format!("  {name}"))];
    title.extend(rest);
    title
}

/// The first process of the command that runs, where its log is the one that is looked at.
fn pid(scene: &Scene<'_>, id: &StepId) -> Option<i32> {
    let subject = scene.seen.subject()?;
    let here = subject.step == id && subject.is_running();
    let log = &scene.model.log;
    log.pid
        .filter(|_| here && log.of == Some(subject.attempt.number))
}

/// A failed step that begins again by itself: why it failed, and when that is.
fn tried_again(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let Some(retry) = engine::retry(scene.seen.plan, scene.seen.state) else {
        return Vec::new();
    };
    let left = text::duration(retry.begins.since(scene.now));
    let said = format!(
        "It failed: {}. It is tried again by itself in {left} (retry {} of {}); p stops before that.",
        retry.why, retry.number, retry.of
    );
    wrapped(Role::Warn, 3, &said, columns)
}

/// That the command has written nothing for long, what that may mean and what can be done.
fn silence(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let (plan, state) = (scene.seen.plan, scene.seen.state);
    let written = scene.model.log.last_output.or_else(|| {
        let (_, attempt) = engine::running_command(state)?;
        Some(attempt.started.wall)
    });
    written
        .and_then(|written| engine::silence(plan, state, written, scene.now))
        .map_or_else(Vec::new, |silence| {
            let what = text::silence(silence.length);
            let words = format!("{what}. Ctrl-C offers to end the command.");
            wrapped(Role::Warn, 3, &words, columns)
        })
}

/// Notes of the plan that were shown for this step or its phase.
fn notes(scene: &Scene<'_>, id: &StepId) -> Vec<Row> {
    let seen = scene.seen;
    let Some(walk) = seen.walk() else {
        return Vec::new();
    };
    let item = seen.item_of(id).map(crate::plan::Item::id);
    let shown = |warning: &crate::plan::Warning| {
        let record = seen.state.warnings.get(&warning.id);
        warning.level == Level::Note
            && record.is_some_and(|record| record.state == WarningState::Shown)
    };
    walk.warnings()
        .filter(|(of, warning)| (*of == id || Some(*of) == item) && shown(warning))
        .map(|(_, warning)| {
            vec![
                bit(
                    Role::Warn,
                    format!("   {} note  ", seen.warning_label(&warning.id)),
                ),
                bit(Role::Text, panels::first_line(&seen.text(&warning.text))),
            ]
        })
        .collect()
}

/// What is being asked of the machine, with the last answer and the end of the asking; and what
/// outlives its shim.
fn asking(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for (last, until) in scene.seen.asking.values() {
        let mut parts = Vec::new();
        if let Some(last) = last {
            parts.push(format!("last answer {last}"));
        }
        if let Some(until) = until {
            let left = until.since(scene.now.wall);
            parts.push(format!("asked again for {}", text::duration(left)));
        }
        if !parts.is_empty() {
            rows.extend(wrapped(Role::Text, 3, &parts.join(", "), columns));
        }
    }
    for what in scene.seen.still_running.values() {
        rows.extend(wrapped(
            Role::Warn,
            3,
            &format!("Still running: {what}"),
            columns,
        ));
    }
    let left = engine::leftovers(scene.seen.state);
    if !left.is_empty() {
        let words = format!(
            "Ended, but it has left running: {}. The run waits until that is gone; Ctrl-C offers to \
             let it stay.",
            left.join(", ")
        );
        rows.extend(wrapped(Role::Warn, 3, &words, columns));
    }
    let mark = scene.seen.current().map(|id| scene.seen.step_mark(id));
    if mark == Some(Mark::Unknown) {
        rows.push(row(Role::Warn, "   Nobody knows yet how it ended."));
    }
    rows
}
