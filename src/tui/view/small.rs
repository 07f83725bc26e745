//! What still fits when the terminal is too small for a screen.

use super::pen::{Pen, row};
use super::{Scene, panels};
use crate::text;
use crate::tui::model::SMALLEST;
use crate::tui::theme::Role;

/// A few words, framed where there is room for a frame.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let (columns, rows) = (pen.columns(), pen.rows());
    if columns < 20 || rows < 3 {
        return pen.line(0, &row(Role::Warn, "too small"));
    }
    let size = format!(
        "too small: {columns}x{rows}, need {}x{}",
        SMALLEST.0, SMALLEST.1
    );
    let mut inside = pen.frame(Role::Border, "upwalk", "");
    inside.line(0, &row(Role::Warn, size));
    inside.line(1, &row(Role::Text, place(scene)));
    let attach = format!("{} --ui plain", scene.seen.attach_command());
    inside.line(2, &row(Role::Muted, "it goes on; enlarge, or q and use"));
    inside.line(3, &row(Role::Muted, attach));
}

/// Host, service and where the run stands.
fn place(scene: &Scene<'_>) -> String {
    let seen = scene.seen;
    let run = &seen.state.run;
    let at = match (seen.current(), seen.open()) {
        (_, Some(_)) => "waits for you".to_owned(),
        (Some(step), None) => {
            let mark = seen.step_mark(step);
            let took = panels::took(scene, step).map(text::duration);
            let words = [seen.label(step), mark.word().to_owned()];
            let words: Vec<_> = words.into_iter().chain(took).collect();
            words.join(" ")
        }
        (None, None) => String::new(),
    };
    format!("{} {} {at}", run.host, run.service)
}
