//! What is typed: whether it counts, and which action it means. Part of `update`, and as pure.

use super::arming::{Missing, REPEAT};
use super::boxes;
use super::input::{Key, Typed};
use super::keymap;
use super::logs;
use super::model::{Mode, Model, Order, Overlay, TWICE};
use super::seen::{Screen, Seen};
use super::update::{act, rearm};
use crate::types::Moment;

/// A key, a paste or a word of the terminal.
pub(super) fn typed(model: &mut Model, seen: &Seen<'_>, typed: &Typed, now: &Moment) -> Vec<Order> {
    match typed {
        Typed::Key(key) => pressed(model, seen, *key, now),
        Typed::Paste(text) => {
            if counts(model, None, now) {
                boxes::paste(model, seen, text, now);
            }
            Vec::new()
        }
        Typed::Focus(focus) => {
            model.arming.focus(*focus);
            rearm(model, seen);
            Vec::new()
        }
        Typed::Cursor { row, column } => {
            let drawn = model.arming.is_drawn_by(*row, *column, now);
            drawn.then_some(Order::Drain).into_iter().collect()
        }
    }
}

/// A key.
fn pressed(model: &mut Model, seen: &Seen<'_>, key: Key, now: &Moment) -> Vec<Order> {
    if let Key::Ctrl(letter @ ('c' | 'l' | 'z')) = key {
        return match letter {
            'c' => interrupted(model, seen, now),
            'l' => vec![Order::Redraw],
            _ => vec![Order::Suspend],
        };
    }
    if !counts(model, Some(key), now) {
        return Vec::new();
    }
    model.acted = Some((key, now.up));
    model.said = None;
    let mode = model.mode(seen);
    if let Some(orders) = boxes::edit(model, seen, mode, key, now) {
        return orders;
    }
    if let Some(orders) = logs::take(model, seen, mode, key) {
        return orders;
    }
    let Some(action) = keymap::action(mode, key, seen) else {
        model.said = no_such_key(mode, key, seen);
        return Vec::new();
    };
    if action.answers() && model.missing(now.up).is_some() {
        // What is missing stands on the screen as long as it is, and no longer.
        return Vec::new();
    }
    act(model, seen, mode, action, now)
}

/// Whether a key or paste counts by now; one that does not begins the quiet time anew. The key that
/// opened what is in front may still be held down: its first repetition is none.
fn counts(model: &mut Model, key: Option<Key>, now: &Moment) -> bool {
    model.key_gap = model.key_at.map(|before| now.up.since(before));
    model.key_at = Some(now.up);
    let held = model.acted.is_some_and(|(acted, at)| {
        key == Some(acted) && model.arming.is_fresh() && now.up.since(at) < REPEAT
    });
    if held || model.missing(now.up).is_some_and(Missing::drops_all) {
        model.arming.disturbed(now.up);
        return false;
    }
    model.arming.still(model.rules.quiet);
    true
}

/// What Ctrl-C does: asks what is meant; twice in a row detaches.
fn interrupted(model: &mut Model, seen: &Seen<'_>, now: &Moment) -> Vec<Order> {
    let twice = model
        .interrupted
        .is_some_and(|before| now.up.since(before) < TWICE);
    if twice || seen.state.finished.is_some() || model.is_too_small() {
        return vec![Order::Leave];
    }
    model.interrupted = Some(now.up);
    model.overlay = Some(Overlay::Interrupt);
    rearm(model, seen);
    Vec::new()
}

/// A sentence for the reflexes: Enter, Space and `y` where a letter is wanted.
fn no_such_key(mode: Mode, key: Key, seen: &Seen<'_>) -> Option<String> {
    let reflex = matches!(key, Key::Enter | Key::Char(' ' | 'y' | 'n'));
    let asks = matches!(
        mode,
        Mode::Decide | Mode::Pause | Mode::Ack | Mode::Interrupt | Mode::Asked
    );
    if reflex && mode == Mode::Ack {
        return Some("That key does nothing here: a acknowledges, Esc goes back.".into());
    }
    if reflex && (asks || seen.screen() == Screen::Overview) {
        return Some("That key does nothing here: choose a letter of the last row.".into());
    }
    None
}
