//! What the boxes take: phrases, reasons, acknowledgements. Part of `update`, and as pure.

use super::controls;
use super::field::Field;
use super::input::Key;
use super::keymap;
use super::model::{Mode, Model, Order, Overlay, Purpose, TRIES};
use super::seen::Seen;
use super::update::{decide, decision, rearm};
use super::view;
use crate::engine::{self, Choice};
use crate::journal::{Decision, Evidence, Filled, Question, Seeing};
use crate::types::{Moment, Paste, Seq};

/// Decides what a box offered, and closes it.
pub(super) fn offered(model: &mut Model, seen: &Seen<'_>, decision: Decision) -> Vec<Order> {
    model.overlay = None;
    decide(model, seen, decision)
}

/// A key while a text field has the focus; none where it is no key of the field.
pub(super) fn edit(
    model: &mut Model,
    seen: &Seen<'_>,
    mode: Mode,
    key: Key,
    now: &Moment,
) -> Option<Vec<Order>> {
    if is_text(mode, key) && model.missing(now.up).is_some() {
        return Some(Vec::new());
    }
    if is_text(mode, key) && controls::waits(model, seen, now) {
        return Some(Vec::new());
    }
    if key == Key::Enter {
        return match mode {
            Mode::Phrase => Some(submit_phrase(model, seen, now)),
            Mode::Text => Some(submit_text(model, seen)),
            _ => None,
        };
    }
    if !matches!(mode, Mode::Phrase | Mode::Text) {
        return None;
    }
    if matches!(key, Key::Char(_)) && !is_last_page(model, seen, now) {
        model.said = Some(READ_ON.into());
        return Some(Vec::new());
    }
    field(model, mode)?.take(key).then(Vec::new)
}

/// Whether a key writes or submits here.
fn is_text(mode: Mode, key: Key) -> bool {
    let writes = matches!(key, Key::Char(_) | Key::Backspace | Key::Enter);
    writes && matches!(mode, Mode::Phrase | Mode::Text)
}

/// The field that has the focus.
fn field(model: &mut Model, mode: Mode) -> Option<&mut Field> {
    match (&mut model.overlay, mode) {
        (Some(Overlay::Text(_, field, _)), Mode::Text) => Some(field),
        (_, Mode::Phrase) => Some(&mut model.consent.field),
        _ => None,
    }
}

/// A paste: refused, unless pastes may fill fields here. Enter stays a key of its own either way.
pub(super) fn paste(model: &mut Model, seen: &Seen<'_>, text: &str, now: &Moment) {
    let mode = model.mode(seen);
    if model.rules.paste == Paste::Refuse || field(model, mode).is_none() {
        model.said = Some("Paste is off here: type it.".into());
    } else if model.missing(now.up).is_some() {
        model.said = None;
    } else if !is_last_page(model, seen, now) {
        model.said = Some(READ_ON.into());
    } else if let Some(field) = field(model, mode) {
        field.paste(text);
        model.said = None;
    }
}

const READ_ON: &str = "Read on first: PgDn shows the next page.";

/// Whether Enter is a key of its own: not the end of a burst, and not held down.
fn may_submit(model: &Model) -> bool {
    let gap = model.key_gap;
    gap.is_none_or(|gap| gap >= model.rules.submit_gap)
}

/// Opens a box with a line of text.
pub(super) fn text(model: &mut Model, seen: &Seen<'_>, purpose: Purpose) {
    model.overlay = Some(Overlay::Text(purpose, Field::default(), 0));
    rearm(model, seen);
}

/// Closes what is in front; a warning is set aside, and the run stays where it is.
pub(super) fn back(model: &mut Model, seen: &Seen<'_>) -> Vec<Order> {
    let orders = controls::withdraw(model, seen);
    if model.overlay.take().is_none() {
        set_aside(model);
    }
    rearm(model, seen);
    orders
}

fn set_aside(model: &mut Model) {
    model.consent = super::model::Consent {
        aside: true,
        ..Default::default()
    };
}

/// The page of the box in front.
fn page(model: &mut Model) -> Option<&mut usize> {
    match &mut model.overlay {
        Some(
            Overlay::Help(page)
            | Overlay::Detail(_, page)
            | Overlay::Warnings(page)
            | Overlay::Copied(_, page)
            | Overlay::Parting(page)
            | Overlay::Text(_, _, page),
        ) => Some(page),
        Some(Overlay::Interrupt) => None,
        None => Some(&mut model.consent.page),
    }
}

/// Whether all of the box in front has been turned to.
fn is_last_page(model: &mut Model, seen: &Seen<'_>, now: &Moment) -> bool {
    let last = view::last_page(model, seen, now);
    !model.is_too_small() && page(model).is_none_or(|page| *page >= last)
}

/// Turns pages.
pub(super) fn turn(model: &mut Model, seen: &Seen<'_>, by: i32, now: &Moment) {
    let last = view::last_page(model, seen, now);
    let Some(page) = page(model) else {
        return;
    };
    *page = match by {
        i32::MIN => 0,
        i32::MAX => last,
        by if by < 0 => (*page).min(last).saturating_sub(1),
        _ => (*page + 1).min(last),
    };
}

/// `a` at a warning to acknowledge.
pub(super) fn acknowledge(model: &mut Model, seen: &Seen<'_>, now: &Moment) -> Vec<Order> {
    if !is_last_page(model, seen, now) {
        model.said = Some(READ_ON.into());
        return Vec::new();
    }
    confirm(model, seen, Evidence::Acknowledged)
}

fn confirm(model: &mut Model, seen: &Seen<'_>, evidence: Evidence) -> Vec<Order> {
    let Some(Question::Confirm {
        warning, digest, ..
    }) = seen.open().map(|open| &open.question)
    else {
        return Vec::new();
    };
    let decision = Decision::Confirm {
        warning: warning.clone(),
        digest: digest.clone(),
        seeing: model.arming.record().map(|(shown, armed)| Seeing {
            shown,
            armed,
            field: match (&evidence, model.consent.field.pasted) {
                (Evidence::Typed(_), true) => Some(Filled::Pasted),
                (Evidence::Typed(_), false) => Some(Filled::Typed),
                (Evidence::Acknowledged | Evidence::Named | Evidence::Accepted, _) => None,
            },
        }),
        evidence,
    };
    decide(model, seen, decision)
}

const ONCE_MORE: &str = "That was fast: press Enter once more.";

/// Enter at a phrase.
fn submit_phrase(model: &mut Model, seen: &Seen<'_>, now: &Moment) -> Vec<Order> {
    let Some(Question::Confirm {
        phrase: Some(phrase),
        ..
    }) = seen.open().map(|open| &open.question)
    else {
        return Vec::new();
    };
    if model.consent.field.trimmed().is_empty() {
        return Vec::new();
    }
    if !is_last_page(model, seen, now) {
        model.said = Some(READ_ON.into());
        return Vec::new();
    }
    if !may_submit(model) {
        model.said = Some(ONCE_MORE.into());
        return Vec::new();
    }
    let typed = model.consent.field.trimmed().to_owned();
    if typed == *phrase {
        return confirm(model, seen, Evidence::Typed(typed));
    }
    model.consent.wrong += 1;
    if model.consent.wrong >= TRIES {
        set_aside(model);
        model.said = Some(format!(
            "That was wrong {TRIES} times. Nothing was done, the run stays where it is."
        ));
        return Vec::new();
    }
    model.said = Some(difference(&typed, phrase));
    model.consent.tried = Some(typed);
    Vec::new()
}

/// The place of the first character that differs, from 0.
pub(super) fn first_difference(typed: &str, wanted: &str) -> usize {
    let same = typed
        .chars()
        .zip(wanted.chars())
        .take_while(|(a, b)| a == b);
    same.count()
}

/// A sentence on where a phrase is wrong.
fn difference(typed: &str, wanted: &str) -> String {
    let at = first_difference(typed, wanted);
    let what = match (typed.chars().nth(at), wanted.chars().nth(at)) {
        (Some(is), Some(should)) => format!("it has \"{is}\" where \"{should}\" is asked for"),
        (Some(_), None) => "it goes on where the phrase ends".to_owned(),
        (None, Some(_)) => "it ends too soon".to_owned(),
        (None, None) => "outer spaces apart it is the same".to_owned(),
    };
    format!("Not the same: at character {} {what}.", at + 1)
}

/// The phrase that takes the controls.
pub(super) fn take_over_phrase(seen: &Seen<'_>) -> String {
    format!("take control of {}", seen.state.run.host)
}

/// The phrase that is typed before a decision, where one is: a pause that is left before its time
/// has one of its own.
pub(super) fn phrase(seen: &Seen<'_>, verb: &str, early: bool) -> Option<String> {
    if early {
        return Some(engine::early_phrase(seen.state));
    }
    let choices = keymap::choices(seen);
    let choice = choices.into_iter().find(|(_, choice)| choice.verb == verb);
    choice?.1.phrase
}

/// Whether a reason is asked for behind the phrase of a decision.
pub(super) fn asks_reason(seen: &Seen<'_>, verb: &str, early: bool) -> bool {
    let choices = keymap::choices(seen);
    let asks = |(_, choice): &(char, Choice)| choice.verb == verb && choice.needs_reason;
    early || choices.iter().any(asks)
}

/// What follows from a phrase that was typed as it has to be: the reason is asked for, or it is
/// decided.
fn typed_out(
    model: &mut Model,
    seen: &Seen<'_>,
    (verb, at, early): (&'static str, Seq, bool),
) -> Vec<Order> {
    if asks_reason(seen, verb, early) {
        text(model, seen, Purpose::Reason { verb, at, early });
        return Vec::new();
    }
    match decision(verb, early, None) {
        Some(decision) => offered(model, seen, decision),
        None => Vec::new(),
    }
}

/// Enter in a text box.
fn submit_text(model: &mut Model, seen: &Seen<'_>) -> Vec<Order> {
    let Some(Overlay::Text(purpose, field, _)) = &model.overlay else {
        return Vec::new();
    };
    let text = field.trimmed().to_owned();
    if text.is_empty() {
        return Vec::new();
    }
    if !may_submit(model) {
        model.said = Some(ONCE_MORE.into());
        return Vec::new();
    }
    let decision = match purpose {
        Purpose::Note => Some(Decision::Note { text }),
        Purpose::Reason { verb, early, .. } => decision(verb, *early, Some(text)),
        Purpose::Phrase { verb, at, early } => {
            let (verb, at, early) = (*verb, *at, *early);
            let phrase = self::phrase(seen, verb, early).unwrap_or_default();
            if text != phrase {
                model.said = Some(difference(&text, &phrase));
                return Vec::new();
            }
            return typed_out(model, seen, (verb, at, early));
        }
        Purpose::TakeControls => {
            let phrase = take_over_phrase(seen);
            if text != phrase {
                model.said = Some(difference(&text, &phrase));
                return Vec::new();
            }
            model.overlay = None;
            rearm(model, seen);
            return vec![Order::TakeControls];
        }
    };
    model.overlay = None;
    rearm(model, seen);
    decision.map_or_else(Vec::new, |decision| decide(model, seen, decision))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(
            difference("drop columns on web1", "drop columns on web01"),
            "Not the same: at character 20 it has \"1\" where \"0\" is asked for."
        );
        assert!(difference("Drop", "drop").contains("character 1 "));
        assert!(difference("drop", "drop columns").contains("character 5 it ends too soon"));
        assert!(difference("drop it", "drop").contains("it goes on"));
    }
}
