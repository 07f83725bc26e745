//! Frames: when one is due, what is in it, and what follows once the terminal has it.

use super::{Event, LONGEST_WAIT, Session};
use crate::tui::arming::Missing;
use crate::tui::model::Msg;
use crate::tui::pace::{FRAME, Urgency};
use crate::tui::seen::Seen;
use crate::tui::term::{Ask, Heard};
use crate::tui::view;
use crate::types::{Millis, Moment};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Whether a frame is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dirty {
    No,
    /// When the last one is old enough.
    Soon,
    /// A key waits for its effect.
    Now,
}

impl Dirty {
    /// How soon that is.
    pub(super) fn urgency(self) -> Option<Urgency> {
        match self {
            Self::No => None,
            Self::Soon => Some(Urgency::Change),
            Self::Now => Some(Urgency::Key),
        }
    }
}

/// What the last frame was drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drawn {
    /// The second or minute of its clock.
    tick: i64,
    /// Why no key counts.
    missing: Option<Missing>,
    /// There is a fence behind it: it shows something that takes keys only once it was seen.
    fenced: bool,
}

/// How long the clock shows the same, in milliseconds.
pub(super) const fn unit(by_the_second: bool) -> i64 {
    if by_the_second { 1000 } else { 60_000 }
}

impl Session<'_> {
    /// How long nothing will change by itself.
    pub(super) fn wait(&self, now: &Moment) -> Millis {
        if self.away.is_some() {
            return LONGEST_WAIT;
        }
        let mut waits = vec![LONGEST_WAIT];
        waits.extend(self.pace.wait(now.up, self.dirty.urgency()));
        let arming = &self.model.arming;
        waits.extend(arming.fence_left(now.up));
        waits.extend(arming.quiet_left(now.up, self.model.rules.quiet));
        waits.extend(self.pulse.left(now.up));
        let seen = Seen::of(&self.mirror);
        let (by_the_second, running) = seen.map_or((false, false), |seen| {
            let running = seen.subject().is_some_and(|subject| subject.is_running());
            (self.ticks(&seen, now), running && !seen.gone)
        });
        if running {
            waits.push(FRAME);
        }
        let unit = unit(by_the_second);
        let past = now.wall.as_millis().rem_euclid(unit);
        waits.push(Millis(u64::try_from(unit - past).unwrap_or(1000)));
        let shortest = waits.into_iter().min().unwrap_or(LONGEST_WAIT);
        shortest.max(Millis(1))
    }

    /// Whether the screen changes with every second.
    fn ticks(&self, seen: &Seen<'_>, now: &Moment) -> bool {
        let lively = seen.is_lively(now) || self.model.ticks(seen, now);
        lively && !self.pace.is_slow()
    }

    /// Draws a frame where one is due and the last one has arrived.
    pub(super) fn draw(&mut self, now: &Moment) {
        let Some(seen) = Seen::of(&self.mirror).filter(|_| self.mirror.is_whole()) else {
            return;
        };
        self.model.slow_link = self.pace.is_slow();
        let unit = unit(self.ticks(&seen, now));
        let drawn = Drawn {
            tick: now.wall.as_millis().div_euclid(unit),
            missing: self.model.missing(now.up),
            fenced: self.model.arming.wants_fence(),
        };
        let same = self
            .drawn
            .is_some_and(|last| last.tick == drawn.tick && last.missing == drawn.missing);
        if !same {
            self.dirty = self.dirty.max(Dirty::Soon);
        }
        let urgency = self.dirty.urgency();
        if !urgency.is_some_and(|urgency| self.pace.is_free(now.up, urgency)) {
            return;
        }
        let (columns, rows) = self.model.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        let cursor = view::draw(&self.scene(&seen, now), &mut buffer);
        let ask = if self.pace.asks() {
            Ask::Answer
        } else {
            Ask::Nothing
        };
        // Making bytes of it does not fail; that the terminal is gone, its own thread says.
        let fence = self.model.arming.fence();
        let more = self.caller.take();
        if let Ok(bytes) = self.term.draw(buffer, cursor, fence, &more, ask) {
            self.pace.began(now.up, bytes);
        }
        self.drawn = Some(drawn);
        self.dirty = Dirty::No;
    }

    /// The terminal makes boxes two columns wide, which tears every row apart: it gets none.
    pub(super) fn draw_in_ascii(&mut self) {
        self.theme = self.plain.clone();
        self.term.forget();
        self.dirty = Dirty::Now;
    }

    /// The terminal took the last frame. Where it shows what is to be answered, the supervisor is
    /// asked whether it is there.
    pub(super) fn written(&mut self, now: Millis) {
        self.pace.written(now);
        if let Some(drawn) = self.drawn.as_mut().filter(|drawn| drawn.fenced) {
            drawn.fenced = false;
            // Where it cannot be sent, nothing comes back, and nothing can be confirmed.
            self.pinged = self.ping().ok();
            self.tell(Msg::Shown);
        }
    }

    /// Goes on without the terminal's word where it has had its time to give it.
    pub(super) fn look_at_fence(&mut self, now: Millis) {
        if self.model.arming.fence_left(now) == Some(Millis(0)) {
            self.throw_keys_away();
        }
    }

    /// Drops every key from before the frame that is on the screen now, in all queues.
    pub(super) fn throw_keys_away(&mut self) {
        let words = self.term.drain();
        let waiting = std::mem::take(&mut self.held);
        let queued = waiting.into_iter().chain(self.events.try_iter());
        let stays = |event: &Event| match event {
            Event::Heard(Heard::Typed(typed, _)) => typed.is_kept(),
            Event::Heard(Heard::Written | Heard::Answered | Heard::HungUp | Heard::Signal(_))
            | Event::Update(_)
            | Event::Log(..)
            | Event::Returned(_) => true,
        };
        self.held = queued.filter(stays).collect();
        self.held.extend(words.into_iter().map(Event::Heard));
        self.tell(Msg::Drained);
    }
}
