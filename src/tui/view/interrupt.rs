//! What Ctrl-C opens: the ways to leave, and to end what runs.

use super::Scene;
use super::pen::{Row, bit, row};
use crate::engine;
use crate::text;
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
    if keymap::may_cancel(scene.seen)
        && let Some(subject) = scene.seen.subject()
    {
        let label = scene.seen.label(subject.step);
        let words = format!("end the running command of {label}: asks it to end (TERM);");
        rows.push(choice("X", &words));
        let grace = text::duration(scene.seen.plan.defaults.grace);
        rows.push(more(&format!(
            "what still runs {grace} later is killed (KILL)."
        )));
        rows.push(more(
            "The step has failed then, and you are asked what to do.",
        ));
    }
    if keymap::may_let_go(scene.seen) {
        let left = engine::leftovers(scene.seen.state).join(", ");
        rows.push(choice(
            "X",
            "let it stay: what the command left behind goes on,",
        ));
        rows.push(more("and nobody waits for it any more. It is:"));
        rows.push(more(&left));
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

/// What follows a choice, under its words.
fn more(words: &str) -> Row {
    row(Role::Muted, format!("     {words}"))
}
