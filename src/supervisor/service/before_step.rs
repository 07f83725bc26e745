//! The last look before a step: whether the disk can carry it. What the disk cannot carry is not
//! begun, and what led up to it is kept.

use super::{End, Service};
use crate::journal::Event;
use crate::types::Seq;

impl Service {
    /// How many of the events that follow number `last` may be kept: all of them, with the fences of
    /// their intents made, or those before a step that cannot begin; then `stop` says why.
    pub(super) fn admit<'a>(&mut self, last: Seq, events: &'a [Event]) -> &'a [Event] {
        let Some(at) = events.iter().position(begins) else {
            return events;
        };
        let end = match self.dir.shortage() {
            Some(short) => Some(End::Short(short)),
            None => self.fence(last, events).err(),
        };
        if end.is_none() {
            return events;
        }
        self.stop = end;
        settled(&events[..at])
    }

    /// Makes what a disk has to hold before any intent is journalled.
    fn fence(&self, last: Seq, events: &[Event]) -> Result<(), End> {
        self.dir.keep_reserve()?;
        let mut number = last;
        for event in events {
            number = number.next();
            if let Some(stem) = crate::supervisor::stem::of_event(event) {
                self.dir.create_fence(number, &stem)?;
            }
        }
        Ok(())
    }
}

/// Whether an event begins a step, or begins to take one back.
fn begins(event: &Event) -> bool {
    event.is_intent() || matches!(event, Event::StepStarted { .. })
}

/// The same without what was measured and answered for the step that does not begin: until it does,
/// that may change, and it is asked again.
fn settled(events: &[Event]) -> &[Event] {
    let passing = |event: &Event| {
        matches!(
            event,
            Event::GuardAnswered { .. }
                | Event::ValuesMeasured { .. }
                | Event::PendingCounted { .. }
        )
    };
    let kept = events.iter().rposition(|event| !passing(event));
    &events[..kept.map_or(0, |last| last + 1)]
}
