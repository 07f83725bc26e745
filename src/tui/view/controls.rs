//! The boxes about the controls: the one of whoever has them and is asked, and what the one that
//! takes them says.

use super::Scene;
use super::consent::{self, Draft, inside};
use super::pen::{Pen, Row, bit, row, wrapped};
use crate::supervisor::client::UNATTENDED;
use crate::tui::theme::Role;
use ratatui::layout::Position;

/// Draws the box of whoever is asked for the controls. No text is typed there.
pub(super) fn asked(scene: &Scene<'_>, pen: &mut Pen<'_>) -> Option<Position> {
    let who = scene.seen.asks_for_controls()?;
    let (columns, _) = inside(scene.model.size);
    let host = &scene.seen.state.run.host;
    let first = format!("{who} looks at this run on {host} and asks you for the controls.");
    let mut content = wrapped(Role::Strong, 0, &first, columns);
    content.push(Row::new());
    content.push(choice("y", "give them away: this screen looks only then"));
    content.push(choice("n", "keep them here"));
    content.push(Row::new());
    let rest = format!(
        "The run goes on as it is, whatever you answer: y confirms nothing of it. Where no key comes \
         from you for {} s, they can take the controls without your answer.",
        UNATTENDED.secs()
    );
    content.extend(wrapped(Role::Muted, 0, &rest, columns));
    let draft = Draft {
        title: "SOMEBODY ASKS FOR THE CONTROLS",
        role: Role::Asking,
        content: &content,
        tail: &[],
        field: None,
        page: 0,
    };
    consent::draw(scene, pen, &draft)
}

fn choice(key: &str, words: &str) -> Row {
    vec![bit(Role::Key, format!("  {key}  ")), bit(Role::Text, words)]
}

/// What the box that takes the controls says while somebody sits at the screen that has them.
pub(super) fn waiting(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let who = seen.controls.map_or_else(String::new, ToString::to_string);
    let first = if seen.you_ask {
        format!("{who} has been asked and answers with y or n.")
    } else {
        format!("{who} has the controls.")
    };
    let mut rows = wrapped(Role::Strong, 0, &first, columns);
    rows.push(Row::new());
    let last = seen.held.and_then(|held| held.last_key);
    let ago = last.map_or(0, |last| scene.now.up.since(last).secs());
    let left = UNATTENDED.secs().saturating_sub(ago);
    let text = format!(
        "Their last key was {ago} s ago. Where none comes for {left} s more, you can take the \
         controls here by a phrase."
    );
    rows.extend(wrapped(Role::Text, 0, &text, columns));
    rows.push(Row::new());
    rows.push(row(Role::Muted, "Esc stops asking."));
    rows
}
