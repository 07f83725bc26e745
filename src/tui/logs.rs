//! What keys mean for logs: moving, looking for something, another step's log. Part of `update`, and
//! as pure; nothing here touches the run.

use super::field::Field;
use super::input::Key;
use super::keymap::LogKey;
use super::log::{LogMove, Mouse, Way, Wrap};
use super::model::{Mode, Model, Order, Pane};
use super::rows::{Row, every_row};
use super::seen::{Screen, Seen};
use crate::types::{Seq, StepId};

/// Whether the movement keys move a log here.
pub(super) fn moves_log(model: &Model, mode: Mode) -> bool {
    match mode {
        Mode::FullLog | Mode::Rollback => true,
        Mode::Running => model.pane == Pane::Log,
        Mode::Small
        | Mode::Overview
        | Mode::Decide
        | Mode::Pause
        | Mode::Finished
        | Mode::Search
        | Mode::Ack
        | Mode::Phrase
        | Mode::Text
        | Mode::Reading
        | Mode::Asked
        | Mode::Interrupt => false,
    }
}

/// A key that a log takes before the key map is asked; none where it takes none.
pub(super) fn take(model: &mut Model, seen: &Seen<'_>, mode: Mode, key: Key) -> Option<Vec<Order>> {
    if mode == Mode::Search {
        return Some(type_search(model, key));
    }
    let leaves = matches!(key, Key::Esc | Key::Ctrl('g'));
    let looking = model.log.search.is_some() || model.log.busy;
    if leaves && looking && matches!(mode, Mode::Running | Mode::Rollback | Mode::FullLog) {
        return Some(vec![Order::Log(LogMove::Cancel)]);
    }
    let opens = matches!(key, Key::Enter | Key::Char('l'));
    if opens && mode == Mode::Running && model.pane == Pane::Steps {
        open_step(model, seen);
        return Some(Vec::new());
    }
    None
}

/// A key while the text to look for is typed. Enter looks for it; nothing else comes of it.
fn type_search(model: &mut Model, key: Key) -> Vec<Order> {
    match key {
        Key::Esc | Key::Ctrl('g') => model.search = None,
        Key::Enter => {
            let typed = model.search.take().map(|field| field.text);
            let text = typed.unwrap_or_default();
            if !text.trim().is_empty() {
                return vec![Order::Log(LogMove::Search(text))];
            }
        }
        _ => {
            if let Some(field) = &mut model.search {
                field.take(key);
            }
        }
    }
    Vec::new()
}

/// Does what a key of the log is for.
pub(super) fn act(model: &mut Model, seen: &Seen<'_>, mode: Mode, key: LogKey) -> Vec<Order> {
    let go = |to: LogMove| vec![Order::Log(to)];
    match key {
        LogKey::Left => {
            model.sideways = model.sideways.saturating_sub(half(model));
            Vec::new()
        }
        LogKey::Right => {
            if model.looks.wrap == Wrap::Off {
                model.sideways = (model.sideways + half(model)).min(super::log::LONGEST);
            }
            Vec::new()
        }
        LogKey::Follow => go(LogMove::Toggle),
        LogKey::Full => toggle_full(model, seen),
        LogKey::Wrap => {
            model.looks.wrap = model.looks.wrap.other();
            model.sideways = 0;
            Vec::new()
        }
        LogKey::Time => {
            model.looks.time = model.looks.time.next();
            Vec::new()
        }
        LogKey::Streams => {
            model.looks.streams = model.looks.streams.next();
            Vec::new()
        }
        LogKey::Error(way) => {
            // Elsewhere only the last lines are shown, which an error may not be among.
            model.full_log |= !moves_log(model, mode);
            go(LogMove::Error(way))
        }
        LogKey::Match(way) => go(LogMove::Match(way)),
        LogKey::Search => {
            model.search = Some(Field::default());
            Vec::new()
        }
        LogKey::Other(way) => {
            other_log(model, seen, way);
            Vec::new()
        }
    }
}

/// Has the mouse's wheel scroll, or leaves the mouse to the terminal.
pub(super) fn switch_mouse(model: &mut Model) -> Vec<Order> {
    let (mouse, said) = match model.mouse {
        Mouse::Off => (
            Mouse::On,
            "The mouse wheel scrolls. Selecting text needs Shift now, or m again.",
        ),
        Mouse::On => (Mouse::Off, "The mouse is the terminal's: it selects text."),
    };
    model.mouse = mouse;
    model.said = Some(said.into());
    vec![Order::Mouse(mouse)]
}

/// Half a page, in columns.
fn half(model: &Model) -> usize {
    usize::from(model.size.0) / 2
}

/// Opens the log on the whole screen, or closes it.
fn toggle_full(model: &mut Model, seen: &Seen<'_>) -> Vec<Order> {
    model.full_log = !model.full_log;
    if model.full_log {
        return Vec::new();
    }
    model.chosen = None;
    // The other screens show the last lines, whatever was looked at.
    if matches!(seen.screen(), Screen::Running) {
        Vec::new()
    } else {
        vec![Order::Log(LogMove::Follow)]
    }
}

/// Shows the log of the step under the cursor.
fn open_step(model: &mut Model, seen: &Seen<'_>) {
    let row = every_row(seen).into_iter().nth(model.scrolled);
    let step = match row {
        Some(Row::Step(step)) => step,
        Some(Row::Item(_)) | None => {
            model.said = Some("Choose a step: phases and pauses have no log.".into());
            return;
        }
    };
    match newest(seen, &step) {
        Some(number) => {
            model.chosen = Some(number);
            model.full_log = true;
        }
        None => model.said = Some(format!("{} has run no command yet.", seen.label(&step))),
    }
}

/// The newest command of a step.
fn newest(seen: &Seen<'_>, step: &StepId) -> Option<Seq> {
    let all = seen.commands();
    let mut of_it = all.iter().filter(|subject| subject.step == step);
    of_it.next_back().map(|subject| subject.attempt.number)
}

/// Shows the log of the command before or after.
fn other_log(model: &mut Model, seen: &Seen<'_>, way: Way) {
    let all = seen.commands();
    let shown = model.subject(seen).map(|subject| subject.attempt.number);
    let at = all
        .iter()
        .position(|subject| Some(subject.attempt.number) == shown);
    let other = match way {
        Way::Before => at.and_then(|at| at.checked_sub(1)),
        Way::Next => at.map(|at| at + 1),
    };
    if let Some(subject) = other.and_then(|at| all.get(at)) {
        model.chosen = Some(subject.attempt.number);
    } else {
        let which = match way {
            Way::Before => "first",
            Way::Next => "last",
        };
        let said = format!("This is the log of the {which} command of the run.");
        model.said = Some(said);
    }
    if model.chosen == all.last().map(|subject| subject.attempt.number) {
        // The last one is the present one: the next command takes its place.
        model.chosen = None;
    }
}
