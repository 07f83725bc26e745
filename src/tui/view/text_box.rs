//! The boxes with a line of a person's own: a reason, a note, the phrase that takes the controls.

use super::consent::{self, Draft, field_row, inside};
use super::pen::{Pen, Row, bit, row, wrapped};
use super::{Scene, controls, rollback};
use crate::text;
use crate::tui::boxes;
use crate::tui::field::Field;
use crate::tui::keymap;
use crate::tui::model::Purpose;
use crate::tui::theme::Role;
use ratatui::layout::Position;

/// What stands in a box besides its field.
struct Parts {
    title: String,
    content: Vec<Row>,
    /// What the field is for.
    ask: &'static str,
    /// What has to be typed, where that is given.
    phrase: Option<String>,
}

/// The rows below the content, the field among them.
const TAIL: usize = 5;

/// Draws the box; gives the text cursor's place.
pub(super) fn draw(
    scene: &Scene<'_>,
    pen: &mut Pen<'_>,
    purpose: &Purpose,
    field: &Field,
    page: usize,
) -> Option<Position> {
    if is_waiting(scene, purpose) {
        let (columns, _) = inside(scene.model.size);
        let draft = Draft {
            title: "ASK FOR THE CONTROLS",
            role: Role::Asking,
            content: &controls::waiting(scene, columns),
            tail: &[],
            field: None,
            page: 0,
        };
        return consent::draw(scene, pen, &draft);
    }
    let parts = parts(scene, purpose);
    let ends = "Enter does it, an empty line nothing. Esc goes back.";
    let tail: [Row; TAIL] = [
        Row::new(),
        row(Role::Text, parts.ask),
        field_row(field, parts.phrase.as_deref(), scene.model.size),
        Row::new(),
        row(Role::Muted, ends),
    ];
    let draft = Draft {
        title: &parts.title,
        role: Role::Asking,
        content: &parts.content,
        tail: &tail,
        field: Some((field, 2)),
        page,
    };
    consent::draw(scene, pen, &draft)
}

/// Whether there is nothing to type, since somebody is asked first.
fn is_waiting(scene: &Scene<'_>, purpose: &Purpose) -> bool {
    *purpose == Purpose::TakeControls && !scene.seen.may_take(scene.now)
}

/// The last page of the box, from 0.
pub(super) fn last_page(scene: &Scene<'_>, purpose: &Purpose) -> usize {
    if is_waiting(scene, purpose) {
        return 0;
    }
    let rows = parts(scene, purpose).content.len();
    consent::pages(rows, TAIL, scene.model.size) - 1
}

fn parts(scene: &Scene<'_>, purpose: &Purpose) -> Parts {
    let (columns, _) = inside(scene.model.size);
    match purpose {
        Purpose::Note => {
            let text = "It goes into the run's record and its report.";
            Parts {
                title: "ADD A NOTE".to_owned(),
                content: wrapped(Role::Text, 0, text, columns),
                ask: "The note:",
                phrase: None,
            }
        }
        Purpose::TakeControls => {
            let phrase = boxes::take_over_phrase(scene.seen);
            Parts {
                title: "TAKE THE CONTROLS".to_owned(),
                content: take_over(scene, &phrase, columns),
                ask: "Type it here:",
                phrase: Some(phrase),
            }
        }
        Purpose::Phrase { verb, early, .. } => {
            let phrase = boxes::phrase(scene.seen, verb, *early).unwrap_or_default();
            let mut content = reason(scene, verb, *early, columns);
            content.push(Vec::new());
            content.push(vec![
                bit(Role::Text, "To go on, type exactly:   "),
                bit(Role::Strong, &phrase),
            ]);
            Parts {
                title: verb_title(scene, verb, *early),
                content,
                ask: if boxes::asks_reason(scene.seen, verb, *early) {
                    "Type it here; the reason is asked for next:"
                } else {
                    "Type it here:"
                },
                phrase: Some(phrase),
            }
        }
        Purpose::Reason { verb, early, .. } => Parts {
            title: verb_title(scene, verb, *early),
            content: reason(scene, verb, *early, columns),
            ask: "Why (kept in the record):",
            phrase: None,
        },
    }
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
        "retry" => format!("RUN{step} AGAIN"),
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
            rows.extend(rollback::costs(scene, columns));
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
