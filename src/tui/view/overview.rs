//! The first screen: everything that will happen, before anything does.

use super::pen::{Pen, Row, bit, pad, row, wrapped};
use super::{Scene, panels, reading};
use crate::engine::{self, Back, Stop};
use crate::plan::{Item, Kind, Level, Pause, Phase, Step};
use crate::text;
use crate::tui::rows::{self, Row as Line};
use crate::tui::theme::Role;
use crate::types::StepId;
use ratatui::layout::Rect;

/// Columns of the way back, at the right.
const BACK: usize = 9;
/// What the list takes beside the details on a wide terminal.
const WIDE_LIST: u16 = 74;

/// Draws the body.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let area = pen.area;
    let list = if scene.model.is_wide() {
        let right = Rect {
            x: area.x + WIDE_LIST + 1,
            width: area.width.saturating_sub(WIDE_LIST + 1),
            ..area
        };
        beside(scene, &mut pen.part(right));
        let side = row(Role::Border, scene.theme.glyphs.side);
        for y in 0..pen.rows() {
            pen.line_in(y, usize::from(WIDE_LIST), 1, &side);
        }
        Rect {
            width: WIDE_LIST,
            ..area
        }
    } else {
        area
    };
    let mut pen = pen.part(list);
    let summary = summary(scene, pen.columns());
    let room = pen.rows().saturating_sub(summary.len() + 2).max(3);
    let widths = Widths::of(scene, pen.columns());
    pen.line(0, &heading(widths));
    let (lines, cursor) = lines(scene, widths);
    let most = lines.len().saturating_sub(room);
    let top = cursor.saturating_sub(room * 2 / 3).min(most);
    let shown = lines.len().min(top + room);
    pen.rows_from(1, &lines[top..shown]);
    if shown < lines.len() {
        let more = format!("     {} more below ", lines.len() - shown);
        pen.line(room + 1, &row(Role::Muted, more));
    }
    let at = (2 + shown - top).min(pen.rows().saturating_sub(summary.len()));
    pen.rows_from(at, &summary);
}

/// The step or phase under the cursor, in full.
fn beside(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let under = rows::rows(scene.model, scene.seen)
        .get(scene.model.cursor)
        .cloned();
    let rows = match under {
        Some(Line::Step(step)) => reading::step_rows(scene, &step, pen.columns()),
        Some(Line::Item(item)) => reading::item_rows(scene, &item, pen.columns()),
        None => Vec::new(),
    };
    pen.rows_from(0, &rows);
}

/// How the list's columns are shared out.
#[derive(Clone, Copy)]
struct Widths {
    all: usize,
    name: usize,
}

impl Widths {
    /// The names get what they need, up to half of the room and a little.
    fn of(scene: &Scene<'_>, all: usize) -> Self {
        let seen = scene.seen;
        let rows = rows::rows(scene.model, seen);
        let needed = rows.iter().map(|line| match line {
            Line::Item(id) => 7 + text::width(&seen.name(id)),
            Line::Step(id) => 13 + text::width(&seen.name(id)),
        });
        let name = needed.max().unwrap_or(0).clamp(24, (all * 11 / 20).max(24));
        Self { all, name }
    }
}

fn heading(widths: Widths) -> Row {
    let what = widths.all.saturating_sub(widths.name + BACK + 1);
    row(
        Role::Muted,
        format!(
            "{}{}{}",
            pad("     PHASE / STEP", widths.name),
            pad("  WHAT RUNS", what + 1),
            pad(" BACK", BACK)
        ),
    )
}

/// The list with the point of no return in it, and the number of the cursor's line.
fn lines(scene: &Scene<'_>, widths: Widths) -> (Vec<Row>, usize) {
    let seen = scene.seen;
    let never = seen.walk().and_then(engine::point_of_no_return);
    let never_phase = never.and_then(|step| seen.item_of(&step.id));
    let mut lines = Vec::new();
    let mut cursor = 0;
    let rows = rows::rows(scene.model, seen);
    for (at, line) in rows.iter().enumerate() {
        let is_first = match line {
            Line::Item(id) => {
                let next = rows.get(at + 1);
                let first = never_phase.is_some_and(|item| match item {
                    Item::Phase(phase) => {
                        phase.steps.first().map(|s| &s.id) == never.map(|s| &s.id)
                    }
                    Item::Pause(_) => false,
                });
                let folded = !matches!(next, Some(Line::Step(_)));
                never_phase.is_some_and(|item| item.id() == id) && (first || folded)
            }
            Line::Step(id) => {
                let first = never_phase.is_some_and(|item| match item {
                    Item::Phase(phase) => phase.steps.first().is_some_and(|s| s.id == *id),
                    Item::Pause(_) => false,
                });
                never.is_some_and(|step| step.id == *id) && !first
            }
        };
        if is_first {
            lines.push(no_return(scene, widths.all));
        }
        let chosen = at == scene.model.cursor;
        if chosen {
            cursor = lines.len();
        }
        lines.push(match line {
            Line::Item(id) => item_line(scene, id, chosen, widths),
            Line::Step(id) => step_line(scene, id, chosen, widths),
        });
    }
    (lines, cursor)
}

fn no_return(scene: &Scene<'_>, columns: usize) -> Row {
    let heavy = scene.theme.glyphs.heavy;
    let words = " POINT OF NO RETURN: nothing below can be taken back ";
    let rest = columns.saturating_sub(text::width(words) + 3);
    vec![bit(
        Role::NoReturn,
        format!(" {}{words}{}", heavy.repeat(2), heavy.repeat(rest)),
    )]
}

fn item_line(scene: &Scene<'_>, id: &StepId, chosen: bool, widths: Widths) -> Row {
    let seen = scene.seen;
    let Some(item) = seen.item_of(id) else {
        return Row::new();
    };
    let (what, back) = match item {
        Item::Phase(phase) => (phase_words(scene, phase), phase_back(phase)),
        Item::Pause(pause) => (pause_words(pause), None),
    };
    let name = format!("{:>2} {}", seen.label(id), seen.text(item.name()));
    let warnings = marks(scene, |of| {
        of == id || matches!(item, Item::Phase(p) if p.steps.iter().any(|s| s.id == *of))
    });
    line(scene, &name, &what, &warnings, back, chosen, widths)
}

fn step_line(scene: &Scene<'_>, id: &StepId, chosen: bool, widths: Widths) -> Row {
    let seen = scene.seen;
    let Some((phase, step)) = seen.step(id) else {
        return Row::new();
    };
    let name = format!("     {} {}", seen.label(id), seen.text(&step.name));
    let warnings = marks(scene, |of| of == id);
    let back = Some(engine::back_of(phase, step));
    let what = panels::what_runs(scene, step);
    line(scene, &name, &what, &warnings, back, chosen, widths)
}

/// One line of the list.
fn line(
    scene: &Scene<'_>,
    name: &str,
    what: &str,
    warnings: &str,
    back: Option<Back>,
    chosen: bool,
    widths: Widths,
) -> Row {
    let cursor = if chosen {
        scene.theme.glyphs.cursor
    } else {
        " "
    };
    let (word, back_role) = back.map_or(("-", Role::Muted), panels::back_word);
    let name_role = if chosen {
        Role::Selection
    } else if name.starts_with("     ") {
        Role::Text
    } else {
        Role::Strong
    };
    let what_role = if chosen { Role::Text } else { Role::Muted };
    let marks = if warnings.is_empty() {
        String::new()
    } else {
        format!("{warnings} ")
    };
    let room = widths
        .all
        .saturating_sub(widths.name + BACK + 2 + text::width(&marks));
    vec![
        bit(Role::Running, format!(" {cursor}")),
        bit(name_role, pad(name, widths.name - 2)),
        bit(Role::Text, "  "),
        bit(Role::Asking, marks),
        bit(what_role, pad(what, room)),
        bit(back_role, format!(" {}", pad(word, BACK - 1))),
    ]
}

/// The labels of the warnings that belong to what `belongs` says.
pub(super) fn marks(scene: &Scene<'_>, belongs: impl Fn(&StepId) -> bool) -> String {
    let Some(walk) = scene.seen.walk() else {
        return String::new();
    };
    let labels: Vec<String> = walk
        .warnings()
        .filter(|(of, _)| belongs(of))
        .map(|(_, warning)| scene.seen.warning_label(&warning.id))
        .collect();
    labels.join(" ")
}

fn phase_words(scene: &Scene<'_>, phase: &Phase) -> String {
    let checks = phase.steps.iter().all(|s| matches!(s.kind, Kind::Check(_)));
    let many = phase.steps.len();
    if let [only] = phase.steps.as_slice()
        && !checks
    {
        return panels::what_runs(scene, only);
    }
    match (checks, many) {
        (true, 1) => "1 check, changes nothing".into(),
        (true, many) => format!("{many} checks, change nothing"),
        (false, many) => format!("{many} steps, {}", phase.role.as_str()),
    }
}

fn pause_words(pause: &Pause) -> String {
    let min = pause
        .min
        .map(|min| format!("at least {}", text::duration(min)));
    let max = pause
        .max
        .map(|max| format!("at most {}", text::duration(max)));
    let bounds: Vec<String> = min.into_iter().chain(max).collect();
    if bounds.is_empty() {
        "pause, until you continue".into()
    } else {
        format!("pause, {}", bounds.join(", "))
    }
}

/// How hard it is to take a phase back: as hard as its hardest step.
fn phase_back(phase: &Phase) -> Option<Back> {
    let rank = |step: &Step| {
        let back = engine::back_of(phase, step);
        let rank = match back {
            Back::Nothing => 0,
            Back::Harmless => 1,
            Back::Again => 2,
            Back::Undo => 3,
            Back::Unsaid => 4,
            Back::Never => 5,
        };
        (rank, back)
    };
    let hardest = phase.steps.iter().map(rank).max_by_key(|(rank, _)| *rank);
    hardest.map(|(_, back)| back)
}

/// What a person is asked, and where the run lives.
fn summary(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let mut rows = wrapped(Role::Text, 1, &asked(scene), columns);
    let typed = seen
        .walk()
        .into_iter()
        .flat_map(crate::plan::Walk::warnings);
    for (of, warning) in typed
        .filter(|(_, w)| matches!(w.level, Level::Type(_)))
        .take(3)
    {
        rows.push(vec![
            bit(
                Role::Asking,
                format!("   {}", seen.warning_label(&warning.id)),
            ),
            bit(Role::Muted, format!("  before {}  ", seen.label(of))),
            bit(Role::Text, panels::first_line(&seen.text(&warning.text))),
        ]);
    }
    let run = format!(" Run {}", seen.state.run.run);
    let survives = "   survives logout and reboot";
    let mut last = row(Role::Muted, run);
    if text::width(&last[0].text) + survives.len() < columns {
        last.push(bit(Role::Muted, survives));
    }
    rows.push(last);
    rows
}

/// How often and for what a person is asked.
fn asked(scene: &Scene<'_>) -> String {
    let Some(walk) = scene.seen.walk() else {
        return String::new();
    };
    let level =
        |wanted: fn(&Level) -> bool| walk.warnings().filter(|(_, w)| wanted(&w.level)).count();
    let acks = level(|level| *level == Level::Ack);
    let typed = level(|level| matches!(level, Level::Type(_)));
    let notes = level(|level| *level == Level::Note);
    let pauses = walk
        .items
        .iter()
        .filter(|item| matches!(item, Item::Pause(_)))
        .count();
    let by_hand = walk
        .steps()
        .filter(|(_, s)| matches!(s.kind, Kind::Manual(_)))
        .count();
    let own = engine::boundary(walk).is_some_and(|(_, stop)| stop == Stop::OfItsOwn);
    let counts = [
        (acks, "acknowledgement", "acknowledgements"),
        (typed, "typed phrase", "typed phrases"),
        (pauses, "pause", "pauses"),
        (usize::from(own), "stop before post-deployment", ""),
        (by_hand, "step by hand", "steps by hand"),
    ];
    let total: usize = counts.iter().map(|(count, ..)| count).sum();
    let parts: Vec<String> = counts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        })
        .collect();
    let said = match total {
        0 => "You will not be asked anything.".to_owned(),
        1 => format!("You will be asked once: {}.", parts.join(", ")),
        total => format!("You will be asked {total} times: {}.", parts.join(", ")),
    };
    match notes {
        0 => said,
        1 => format!("{said} 1 note is shown."),
        notes => format!("{said} {notes} notes are shown."),
    }
}
