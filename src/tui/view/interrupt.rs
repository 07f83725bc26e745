//! What Ctrl-C opens: the ways to leave, and to end what runs.

use super::Scene;
use super::pen::{Row, bit, row};
use crate::engine;
use crate::tui::keymap;
use crate::tui::theme::Role;

/// What Ctrl-C means: nothing yet.
pub(super) fn page(scene: &Scene<'_>) -> (String, Vec<Row>) {
    let mut rows = vec![
        row(Role::Strong, "What do you want?"),
        Vec::new(),
        choice("k", "keep watching"),
        choice("d", "detach: the run goes on, and can be attached again"),
    ];
    if keymap::may_cancel(scene.seen) {
        let step = scene
            .seen
            .subject()
            .map(|subject| scene.seen.label(subject.step));
        let words = format!(
            "end the running command of {}: asks it to end, then makes it",
            step.unwrap_or_default()
        );
        rows.push(choice("X", &words));
    }
    if keymap::may_let_go(scene.seen) {
        let left = engine::leftovers(scene.seen.state).join(", ");
        rows.push(choice("X", &format!("let it stay: {left}")));
    }
    rows.push(Vec::new());
    rows.push(row(
        Role::Muted,
        "Ctrl-C once more within 2 seconds detaches.",
    ));
    ("Ctrl-C".to_owned(), rows)
}

fn choice(key: &str, words: &str) -> Row {
    vec![bit(Role::Key, format!("  {key}  ")), bit(Role::Text, words)]
}
