//! Frames: when one is due, what is in it, and what follows once the terminal has it.

use super::{Dirty, Event, Session};
use crate::tui::model::{Arming, Msg};
use crate::tui::pace::Urgency;
use crate::tui::seen::Seen;
use crate::tui::term::{Ask, Heard};
use crate::tui::view::{self, Scene};
use crate::types::{Millis, Moment};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What the last frame was drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drawn {
    /// The second or minute of its clock.
    tick: i64,
    armed: bool,
    /// It shows something that takes keys only once it was seen.
    unshown: bool,
}

/// How long the clock shows the same, in milliseconds.
pub(super) const fn unit(by_the_second: bool) -> i64 {
    if by_the_second { 1000 } else { 60_000 }
}

impl Session<'_> {
    /// Draws a frame where one is due and the last one has arrived.
    pub(super) fn draw(&mut self, now: &Moment) {
        let Some(seen) = Seen::of(&self.mirror).filter(|_| self.mirror.caught_up) else {
            return;
        };
        self.model.slow_link = self.pace.is_slow();
        let unit = unit(seen.is_lively(now) && !self.model.slow_link);
        let drawn = Drawn {
            tick: now.wall.as_millis().div_euclid(unit),
            armed: self.model.is_armed(now.up),
            unshown: self.model.arming == Arming::Unshown,
        };
        let same = self
            .drawn
            .is_some_and(|last| last.tick == drawn.tick && last.armed == drawn.armed);
        let due = match self.dirty.urgency() {
            None => !same && self.pace.is_free(now.up, Urgency::Key),
            Some(urgency) => self.pace.is_free(now.up, urgency),
        };
        if !due {
            return;
        }
        let (columns, rows) = self.model.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        let scene = Scene {
            seen: &seen,
            model: &self.model,
            theme: &self.theme,
            now,
            login: &self.login,
        };
        let cursor = view::draw(&scene, &mut buffer);
        let ask = if self.pace.asks() {
            Ask::Answer
        } else {
            Ask::Nothing
        };
        // Making bytes of it does not fail; that the terminal is gone, its own thread says.
        if let Ok(bytes) = self.term.draw(buffer, cursor, ask) {
            self.pace.began(now.up, bytes);
        }
        self.drawn = Some(drawn);
        self.dirty = Dirty::No;
    }

    /// The terminal took the last frame. Where it shows what is to be answered, keys count from here
    /// on, unless a newer frame is already wanted.
    pub(super) fn written(&mut self, now: Millis) {
        self.pace.written(now);
        let shown = self.drawn.is_some_and(|drawn| drawn.unshown);
        if shown && self.model.arming == Arming::Unshown && self.dirty == Dirty::No {
            self.throw_keys_away();
            self.tell(Msg::Shown);
        }
    }

    /// Drops every key from before the frame that is on the screen now, in all queues.
    fn throw_keys_away(&mut self) {
        self.term.drain();
        self.pace.lost();
        let waiting = std::mem::take(&mut self.held);
        let queued = waiting.into_iter().chain(self.events.try_iter());
        self.held = queued
            .filter(|event| !matches!(event, Event::Heard(Heard::Typed(_))))
            .collect();
    }
}
