//! Asking for the controls, and being asked for them. Part of `update`, and as pure.

use super::boxes;
use super::model::{Model, Order, Overlay, Purpose};
use super::seen::Seen;
use super::update::rearm;
use crate::supervisor::client::Handover;
use crate::types::Moment;

/// Opens the box that takes the controls; whoever sits there is asked.
pub(super) fn take(model: &mut Model, seen: &Seen<'_>, now: &Moment) -> Vec<Order> {
    boxes::text(model, seen, Purpose::TakeControls);
    if seen.may_take(now) {
        Vec::new()
    } else {
        vec![Order::HandOver(Handover::Ask)]
    }
}

/// Whether the box in front waits for an answer instead of a phrase.
pub(super) fn waits(model: &Model, seen: &Seen<'_>, now: &Moment) -> bool {
    is_open(model) && !seen.may_take(now)
}

fn is_open(model: &Model) -> bool {
    matches!(
        model.overlay,
        Some(Overlay::Text(Purpose::TakeControls, ..))
    )
}

/// What goes out where that box is closed.
pub(super) fn withdraw(model: &Model, seen: &Seen<'_>) -> Vec<Order> {
    let asked = is_open(model) && seen.you_ask;
    let withdraw = Order::HandOver(Handover::Withdraw);
    asked.then_some(withdraw).into_iter().collect()
}

/// Who asks, or how that was answered, may have changed.
pub(super) fn changed(model: &mut Model, seen: &Seen<'_>, now: &Moment) {
    if model.asked_by.as_ref() != seen.asks_for_controls() {
        // What is typed into a box behind it must neither answer, nor be sent by the answer.
        model.asked_by = seen.asks_for_controls().cloned();
        rearm(model, seen);
    }
    let asked = std::mem::replace(&mut model.asking, seen.you_ask);
    let over = asked && !seen.you_ask && !seen.yours;
    if let Some(who) = seen.controls.filter(|_| over)
        && waits(model, seen, now)
    {
        model.overlay = None;
        model.said = Some(format!("{who} keeps the controls."));
        rearm(model, seen);
    }
}
