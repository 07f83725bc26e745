//! The box of a warning that waits to be confirmed, and what all boxes with a field share. A box longer than a page is confirmed from its last page only.

use super::pen::{Pen, Row, bit, pairs_of, row, wrapped};
use super::what_follows::{command, steps_behind};
use super::{Scene, panels};
use crate::journal::{Fact, Open, Question};
use crate::plan::{Step, Undo};
use crate::text;
use crate::tui::boxes;
use crate::tui::field::Field;
use crate::tui::model::{Mode, TRIES};
use crate::tui::theme::Role;
use ratatui::layout::{Position, Rect};

/// The widest a box gets.
pub(super) const WIDEST: u16 = 100;
/// Rows of a screen that a box leaves free: the two above it, sentence and keys below.
pub(super) const AROUND: u16 = 4;

/// Where a box of so many inner rows stands.
fn place(size: (u16, u16), inner: usize) -> Rect {
    let width = size.0.min(WIDEST);
    let most = size.1.saturating_sub(AROUND).max(3);
    let wanted = u16::try_from(inner).unwrap_or(most).saturating_add(2);
    let height = wanted.min(most);
    let spare = if size.0 > WIDEST {
        (most - height) / 2
    } else {
        0
    };
    Rect {
        x: (size.0 - width) / 2,
        y: 2 + spare,
        width,
        height,
    }
}

/// Empties the screen behind a box, so that nothing beside it distracts; the rule below stays where
/// the box leaves it free.
pub(super) fn clear(scene: &Scene<'_>, pen: &mut Pen<'_>, boxed: Rect) {
    let (columns, rows) = scene.model.size;
    let behind = Rect {
        x: 0,
        y: 2,
        width: columns,
        height: rows.saturating_sub(AROUND),
    };
    pen.part(behind).blank();
    if boxed.bottom() < behind.bottom() {
        pen.rule(usize::from(behind.bottom() - 1), &[]);
    }
}

/// The columns and rows inside the largest box.
pub(super) fn inside(size: (u16, u16)) -> (usize, usize) {
    let columns = usize::from(size.0.min(WIDEST)).saturating_sub(4).max(1);
    let rows = usize::from(size.1.saturating_sub(AROUND))
        .saturating_sub(2)
        .max(1);
    (columns, rows)
}

/// How many pages so many rows take, with so many kept free on the last.
pub(super) fn pages(rows: usize, tail: usize, size: (u16, u16)) -> usize {
    let (_, room) = inside(size);
    let last = room.saturating_sub(tail).max(1);
    1 + rows.saturating_sub(last).div_ceil(room)
}

/// The last page of the warning that waits, from 0.
pub(super) fn last_page(scene: &Scene<'_>) -> usize {
    let Some(open) = scene.seen.open() else {
        return 0;
    };
    let size = scene.model.size;
    let (columns, _) = inside(size);
    let rows = content(scene, open, columns).len();
    pages(rows, tail(scene, open).0.len(), size) - 1
}

/// Draws the warning that waits; gives the text cursor's place.
pub(super) fn warning(scene: &Scene<'_>, pen: &mut Pen<'_>) -> Option<Position> {
    let open = scene.seen.open()?;
    let (columns, _) = inside(scene.model.size);
    let content = content(scene, open, columns);
    let (tail, field_row) = tail(scene, open);
    let title = title(scene, open);
    let field =
        (scene.model.mode(scene.seen) == Mode::Phrase).then_some(&scene.model.consent.field);
    let draft = Draft {
        title: &title,
        role: if is_final(scene, open) {
            Role::Danger
        } else {
            Role::Asking
        },
        content: &content,
        tail: &tail,
        field: field.zip(field_row),
        page: scene.model.consent.page,
    };
    draw(scene, pen, &draft)
}

/// A box before it is drawn.
pub(super) struct Draft<'a> {
    pub(super) title: &'a str,
    pub(super) role: Role,
    pub(super) content: &'a [Row],
    /// Only on the last page.
    pub(super) tail: &'a [Row],
    /// The text that is typed, and its row within the tail.
    pub(super) field: Option<(&'a Field, usize)>,
    pub(super) page: usize,
}

pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>, draft: &Draft<'_>) -> Option<Position> {
    let size = scene.model.size;
    let (_, room) = inside(size);
    let all = pages(draft.content.len(), draft.tail.len(), size);
    let page = draft.page.min(all - 1);
    let first = page * room;
    let last_page = page + 1 == all;
    let shown = &draft.content[first.min(draft.content.len())..];
    let shown = &shown[..shown.len().min(room)];
    let inner = match (all, last_page) {
        (1, _) => shown.len() + draft.tail.len(),
        _ => room,
    };
    let area = place(size, inner);
    clear(scene, pen, area);
    let part = if last_page {
        format!("part {}/{all}", page + 1)
    } else {
        format!("part {}/{all}, PgDn reads on", page + 1)
    };
    let mut boxed = pen.part(area);
    let mut inside = boxed.frame(draft.role, draft.title, if all > 1 { &part } else { "" });
    inside.rows_from(0, shown);
    if !last_page {
        return None;
    }
    let at = inside.rows().saturating_sub(draft.tail.len());
    inside.rows_from(at, draft.tail);
    let (field, row) = draft.field?;
    let y = inside.area.y + u16::try_from(at + row).ok()?;
    let typed = u16::try_from(text::width(&shown_text(field, inside.columns()))).ok()?;
    let x = inside.area.x + 4 + typed;
    (y < inside.area.bottom() && x < inside.area.right()).then_some(Position { x, y })
}

/// The end of what is typed, as much as fits.
fn shown_text(field: &Field, columns: usize) -> String {
    let room = columns.saturating_sub(5);
    let mut text = text::clean(&field.text);
    while text::width(&text) > room && !text.is_empty() {
        text.remove(0);
    }
    text
}

/// Whether nothing takes a step back.
fn is_last_word(step: &Step) -> bool {
    matches!(step.undo, Undo::Irreversible(_))
}

/// Whether there is no way back once this has been confirmed.
fn is_final(scene: &Scene<'_>, open: &Open) -> bool {
    let Question::Confirm { before, .. } = &open.question else {
        return false;
    };
    let steps = steps_behind(scene, before.as_ref());
    steps.into_iter().any(is_last_word)
}

fn title(scene: &Scene<'_>, open: &Open) -> String {
    let Question::Confirm {
        warning, phrase, ..
    } = &open.question
    else {
        return String::new();
    };
    let label = scene.seen.warning_label(warning);
    match phrase {
        Some(_) if is_final(scene, open) => format!("{label}  STOP: NO UNDO AFTER THIS"),
        Some(_) => format!("{label}  STOP: TYPE TO GO ON"),
        None => format!("{label}  READ AND ACKNOWLEDGE"),
    }
}

/// The text of the box; without its empty lines where it fits on one page only so.
fn content(scene: &Scene<'_>, open: &Open, columns: usize) -> Vec<Row> {
    let rows = airy(scene, open, columns);
    let (size, tail) = (scene.model.size, tail(scene, open).0.len());
    let dense: Vec<Row> = rows.iter().filter(|row| !row.is_empty()).cloned().collect();
    if pages(rows.len(), tail, size) > 1 && pages(dense.len(), tail, size) == 1 {
        dense
    } else {
        rows
    }
}

/// What is lost, the exact command, the facts, the way back.
fn airy(scene: &Scene<'_>, open: &Open, columns: usize) -> Vec<Row> {
    let Question::Confirm {
        before,
        text,
        facts,
        remark,
        ..
    } = &open.question
    else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    if let Some(before) = before {
        let place = format!(
            "Before {} {}",
            scene.seen.label(before),
            scene.seen.name(before)
        );
        rows.extend(wrapped(Role::Muted, 0, &place, columns));
        rows.push(Vec::new());
    }
    rows.extend(wrapped(Role::Strong, 0, text, columns));
    if let Some(remark) = remark {
        rows.push(Vec::new());
        rows.extend(wrapped(Role::Warn, 0, remark, columns));
    }
    if let Some(before) = before {
        rows.extend(command(scene, before, columns));
    }
    if !facts.is_empty() {
        rows.push(Vec::new());
        let at = open.at.wall.clock();
        let words = format!("Facts, measured at {at} and again every minute:");
        rows.push(row(Role::Muted, words));
        rows.extend(pairs_of(facts, 2));
        rows.extend(changed(&open.before, facts, columns));
    }
    let steps = steps_behind(scene, before.as_ref());
    let of_a_step = before
        .as_ref()
        .is_some_and(|id| scene.seen.step(id).is_some());
    for step in steps
        .into_iter()
        .filter(|step| of_a_step || is_last_word(step))
    {
        let role = if is_last_word(step) {
            Role::NoReturn
        } else {
            Role::Text
        };
        rows.push(Vec::new());
        let back = panels::back_sentence(scene, step);
        rows.extend(wrapped(role, 0, &back, columns));
    }
    rows
}

/// Which facts were others when the warning was shown before.
fn changed(before: &[Fact], now: &[Fact], columns: usize) -> Vec<Row> {
    let each = now.iter().filter_map(|fact| {
        let was = before.iter().find(|was| was.name == fact.name)?;
        let value = was.value.as_deref().unwrap_or("unknown");
        (was.value != fact.value).then(|| format!("{} has changed: it was {value}.", fact.name))
    });
    each.flat_map(|words| wrapped(Role::Warn, 2, &words, columns))
        .collect()
}

/// What stands below the text: phrase and field, or the key; the field's row, where there is one.
fn tail(scene: &Scene<'_>, open: &Open) -> (Vec<Row>, Option<usize>) {
    let Question::Confirm { phrase, .. } = &open.question else {
        return (Vec::new(), None);
    };
    let back = row(Role::Muted, "Esc goes back: the run stays where it is.");
    match phrase {
        None => {
            let keys = vec![
                bit(Role::Key, "a"),
                bit(Role::Text, " acknowledges, and the run goes on.   "),
                bit(Role::Muted, "Esc goes back, the run waits."),
            ];
            (vec![Vec::new(), keys], None)
        }
        Some(phrase) => {
            let ask = vec![
                bit(Role::Text, "To go on, type exactly:   "),
                bit(Role::Strong, phrase.clone()),
            ];
            let typed = field_row(&scene.model.consent.field, Some(phrase), scene.model.size);
            let pointer = pointer(scene, phrase);
            (vec![Vec::new(), ask, typed, pointer, back], Some(2))
        }
    }
}

/// `> drop colu   keep typing`.
pub(super) fn field_row(field: &Field, phrase: Option<&str>, size: (u16, u16)) -> Row {
    let (columns, _) = inside(size);
    let mut line = vec![
        bit(Role::Muted, "  > "),
        bit(Role::Input, shown_text(field, columns)),
        bit(Role::Selection, " "),
    ];
    let Some(phrase) = phrase else {
        return line;
    };
    let typed = field.trimmed();
    let hint = match typed {
        "" => return line,
        typed if typed == phrase => bit(Role::Match, "   complete: press Enter"),
        typed if phrase.starts_with(typed) => bit(Role::Match, "   keep typing"),
        typed => {
            let at = boxes::first_difference(typed, phrase) + 1;
            bit(Role::Mismatch, format!("   differs at character {at}"))
        }
    };
    line.push(hint);
    line
}

/// Points at the first wrong character of the last try, while that still stands there.
fn pointer(scene: &Scene<'_>, phrase: &str) -> Row {
    let consent = &scene.model.consent;
    let same = consent.tried.as_deref() == Some(consent.field.trimmed());
    match &consent.tried {
        Some(tried) if same => {
            let at = boxes::first_difference(tried, phrase);
            let before: String = tried.chars().take(at).collect();
            let words = format!("^ here   (try {} of {})", consent.wrong, TRIES);
            let indent = 4 + text::width(&before);
            row(Role::Mismatch, format!("{:indent$}{words}", ""))
        }
        Some(_) | None => Vec::new(),
    }
}
