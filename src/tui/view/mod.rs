//! Drawing: one file per panel, each from what is seen and the looks, and nothing else. Nothing here
//! changes anything, looks anything up or remembers.

mod bars;
mod consent;
mod controls;
mod decide;
mod exact;
mod facts;
mod far;
mod finished;
mod interrupt;
mod log;
mod overview;
mod panels;
mod pause;
mod pen;
mod reading;
mod rollback;
mod running;
mod small;
mod steps;
mod text_box;
mod what_follows;

use super::model::{Mode, Model, Overlay};
use super::seen::Seen;
use super::theme::{GlyphSet, Role, Theme, in_ascii};
use crate::text;
use crate::types::Moment;
use pen::Pen;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// All that a panel may look at.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) seen: &'a Seen<'a>,
    pub(super) model: &'a Model,
    pub(super) theme: &'a Theme,
    pub(super) now: &'a Moment,
    /// Whose screen this is.
    pub(super) login: &'a str,
}

/// The rows that the bars above and below a screen's body take.
const BARS_ABOVE: u16 = 3;
const BARS_BELOW: u16 = 3;

/// Draws one frame; gives the place of the text cursor, where a text is being typed.
pub(super) fn draw(scene: &Scene<'_>, buffer: &mut Buffer) -> Option<Position> {
    let cursor = draw_all(scene, buffer);
    if scene.theme.is_ascii() {
        // Plans and logs say what they like.
        for cell in &mut buffer.content {
            if !cell.symbol().is_ascii() {
                let first = cell.symbol().chars().next().map_or('?', in_ascii);
                cell.set_char(first);
            }
        }
    }
    cursor
}

fn draw_all(scene: &Scene<'_>, buffer: &mut Buffer) -> Option<Position> {
    let area = buffer.area;
    if area.is_empty() {
        return None;
    }
    buffer.set_style(area, scene.theme.style(Role::Surface));
    let mut pen = Pen::new(buffer, scene.theme, area);
    if scene.model.mode(scene.seen) == Mode::Small {
        small::draw(scene, &mut pen);
        return None;
    }
    bars::draw(scene, &mut pen);
    let body = body(area);
    match scene.model.screen_mode(scene.seen) {
        Mode::Overview => overview::draw(scene, &mut pen.part(body)),
        Mode::Decide => decide::draw(scene, &mut pen.part(body)),
        Mode::Pause => pause::draw(scene, &mut pen.part(body)),
        Mode::Rollback => rollback::draw(scene, &mut pen.part(body)),
        Mode::Finished => finished::draw(scene, &mut pen.part(body)),
        Mode::FullLog => log::draw_full(scene, &mut pen.part(body)),
        Mode::Running
        | Mode::Small
        | Mode::Search
        | Mode::Ack
        | Mode::Phrase
        | Mode::Text
        | Mode::Reading
        | Mode::Asked
        | Mode::Interrupt => running::draw(scene, &mut pen.part(body)),
    }
    in_front(scene, &mut pen)
}

/// The box in front of the screen.
fn in_front(scene: &Scene<'_>, pen: &mut Pen<'_>) -> Option<Position> {
    if scene.model.mode(scene.seen) == Mode::Asked {
        return controls::asked(scene, pen);
    }
    match &scene.model.overlay {
        Some(Overlay::Text(purpose, field, page)) => {
            text_box::draw(scene, pen, purpose, field, *page)
        }
        Some(overlay) => {
            reading::draw(scene, pen, overlay);
            None
        }
        None if scene.model.consent_in_front(scene.seen).is_some() => consent::warning(scene, pen),
        None => searching(scene),
    }
}

/// The last page of the box in front, from 0.
pub(super) fn last_page(model: &Model, seen: &Seen<'_>, now: &Moment) -> usize {
    // Neither colours nor glyphs change how long a text is.
    let theme = Theme::bare(GlyphSet::Ascii);
    let scene = Scene {
        seen,
        model,
        theme: &theme,
        now,
        login: "",
    };
    match &model.overlay {
        Some(Overlay::Text(purpose, ..)) => text_box::last_page(&scene, purpose),
        Some(overlay) => reading::last_page(&scene, overlay),
        None => consent::last_page(&scene),
    }
}

/// The part of the screen between the bars.
fn body(area: Rect) -> Rect {
    Rect {
        y: area.y + BARS_ABOVE,
        height: area.height.saturating_sub(BARS_ABOVE + BARS_BELOW),
        ..area
    }
}

/// Where the text to look for is being typed.
fn searching(scene: &Scene<'_>) -> Option<Position> {
    let typed = text::clean(&scene.model.search.as_ref()?.text);
    let (columns, rows) = scene.model.size;
    let x = u16::try_from(text::width(&typed) + 2).unwrap_or(columns);
    Some(Position {
        x: x.min(columns.saturating_sub(1)),
        y: rows.saturating_sub(2),
    })
}

/// How many rows of a log the frame has room for, and how many columns for the text in each.
pub(super) fn log_size(scene: &Scene<'_>) -> (usize, usize) {
    let (columns, rows) = scene.model.size;
    let body = body(Rect::new(0, 0, columns, rows));
    let (high, wide) = match scene.model.screen_mode(scene.seen) {
        Mode::Running => running::log_area(scene, body),
        Mode::Rollback => rollback::log_area(scene, body),
        Mode::Small
        | Mode::Overview
        | Mode::Decide
        | Mode::Pause
        | Mode::Finished
        | Mode::FullLog
        | Mode::Search
        | Mode::Ack
        | Mode::Phrase
        | Mode::Text
        | Mode::Reading
        | Mode::Asked
        | Mode::Interrupt => (usize::from(body.height), usize::from(body.width)),
    };
    (log::rows_in(scene, high), log::columns_in(scene, wide))
}
