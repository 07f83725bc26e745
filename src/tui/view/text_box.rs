//! The boxes with a line of a person's own: a reason, a note, the phrase that takes the controls.

use super::consent::{self, Draft, field_row, inside};
use super::pen::{Pen, Row, bit, row, wrapped};
use super::{Scene, rollback};
use crate::text;
use crate::tui::boxes;
use crate::tui::keymap;
use crate::tui::model::{Field, Purpose};
use crate::tui::theme::Role;
use ratatui::layout::Position;

/// A box with a line of text of a person's own: a reason, a note, the phrase for the controls.
pub(super) fn draw(
    scene: &Scene<'_>,
    pen: &mut Pen<'_>,
    purpose: &Purpose,
    field: &Field,
    page: usize,
) -> Option<Position> {
    let (columns, _) = inside(scene.model.size);
    let (title, content, ask, phrase) = match purpose {
        Purpose::Note => (
            "ADD A NOTE".to_owned(),
            wrapped(
                Role::Text,
                0,
                "It goes into the run's record and its report.",
                columns,
            ),
            "The note:",
            None,
        ),
        Purpose::TakeControls => {
            let phrase = boxes::take_over_phrase(scene.seen);
            (
                "TAKE THE CONTROLS".to_owned(),
                take_over(scene, &phrase, columns),
                "Type it here:",
                Some(phrase),
            )
        }
        Purpose::Reason { verb, early, .. } => {
            let content = reason(scene, verb, *early, columns);
            (
                verb_title(scene, verb, *early),
                content,
                "Why (kept in the record):",
                None,
            )
        }
    };
    let tail = vec![
        Vec::new(),
        row(Role::Text, ask),
        field_row(field, phrase.as_deref(), scene.model.size),
        Vec::new(),
        row(
            Role::Muted,
            "Enter does it; an empty line does nothing. Esc goes back.",
        ),
    ];
    let draft = Draft {
        title: &title,
        role: Role::Asking,
        content: &content,
        tail: &tail,
        field: Some((field, 2)),
        page,
    };
    consent::draw(scene, pen, &draft)
}

fn take_over(scene: &Scene<'_>, phrase: &str, columns: usize) -> Vec<Row> {
    let who = match scene.seen.controls {
        Some(who) => format!("{who} has the controls and then looks only, like you now."),
        None => "Nobody has the controls.".to_owned(),
    };
    let mut rows = wrapped(Role::Text, 0, &who, columns);
    rows.push(Vec::new());
    rows.push(vec![
        bit(Role::Text, "To take them, type exactly:   "),
        bit(Role::Strong, phrase),
    ]);
    rows
}

fn verb_title(scene: &Scene<'_>, verb: &str, early: bool) -> String {
    let step = scene
        .seen
        .asked_about()
        .map(|id| format!(" {}", scene.seen.label(id)));
    let step = step.unwrap_or_default();
    match verb {
        "skip" => format!("SKIP{step}"),
        "rollback" => "ROLL BACK".to_owned(),
        "stop" => "STOP THE RUN FOR GOOD".to_owned(),
        "continue" if early => "CONTINUE BEFORE THE PAUSE'S SHORTEST TIME".to_owned(),
        "continue" => "CONTINUE ALTHOUGH SOMETHING DOES NOT HOLD".to_owned(),
        "settle done" => format!("SAY THAT{step} IS DONE"),
        "settle rerun" => format!("RUN{step} WITHOUT KNOWING"),
        other => other.to_uppercase(),
    }
}

/// What a decision does, before it is made.
fn reason(scene: &Scene<'_>, verb: &str, early: bool, columns: usize) -> Vec<Row> {
    let choices = keymap::choices(scene.seen);
    let choice = choices.iter().find(|(_, choice)| choice.verb == verb);
    let does = choice.map_or("", |(_, choice)| choice.does.as_str());
    let mut rows = wrapped(Role::Strong, 0, does, columns);
    if let (true, Some(free)) = (early, scene.seen.locked_until(scene.now)) {
        let left = text::duration(free.wall.since(scene.now.wall));
        let text = format!(
            "The plan wants it to last until {}, {left} from now.",
            free.wall.clock()
        );
        rows.extend(wrapped(Role::Warn, 0, &text, columns));
    }
    match verb {
        "rollback" => {
            rows.push(Vec::new());
            rows.push(row(
                Role::Muted,
                "In this order, each step journalled; it stops where one fails:",
            ));
            rows.extend(rollback::table(scene, columns));
        }
        "stop" => {
            rows.push(Vec::new());
            let text = "Nothing is taken back. The run is finished then, and the next one opens \
                        with a warning that names it.";
            rows.extend(wrapped(Role::Text, 0, text, columns));
        }
        _ => {}
    }
    rows
}
