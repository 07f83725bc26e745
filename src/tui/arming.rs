//! What must hold before a key can answer a question: keys from before it was seen, from a window
//! that nobody looks at, or towards a supervisor that does not answer must not.
//!
//! Pure: `update` tells it what happened, `view` says what is missing, `run` obeys.

use super::model::Model;
use super::seen::Seen;
use crate::types::{Millis, Moment, Timestamp};
use ratatui::layout::Position;

/// How long the terminal may take to say that it has drawn a frame. Some never say it.
pub(crate) const FENCE: Millis = Millis(2000);
/// A key that opened a box and comes again this soon is held down: terminals begin to repeat a key
/// after up to so long, which may be later than the quiet time.
pub(crate) const REPEAT: Millis = Millis(1000);

/// The question for the cursor's place that is asked behind a frame. Each asks at another place, so
/// that its answer cannot be taken for that of another: not for one that comes late, and not for
/// F3 with Shift, which looks like an answer from the first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fence(u16);

impl Fence {
    /// How many there are before a place is used again.
    const PLACES: u16 = 50;

    /// Where the cursor is while it is asked.
    pub(crate) fn place(self) -> Position {
        Position {
            x: 1 + self.0,
            y: 1,
        }
    }

    /// The one after this.
    fn next(self) -> Self {
        Self((self.0 + 1) % Self::PLACES)
    }

    /// Whether this is its answer; rows and columns count from 1.
    fn is_answered_by(self, row: u16, column: u16) -> bool {
        let Position { x, y } = self.place();
        (row, column) == (y + 1, x + 1)
    }
}

/// How far a screen that asks has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing is asked: keys count.
    Idle,
    /// The terminal does not have it yet; the fence behind its frame, once that is on its way.
    Unshown(Option<Fence>),
    /// It is written; the terminal has been asked whether it has drawn it.
    Fenced(Option<Fence>, Millis),
    /// It is drawn, and no key has come since.
    Quiet(Millis),
    /// Nobody has typed for long enough.
    Still,
}

/// Whether the window has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    /// The terminal does not say: it is taken to have it.
    Untold,
    /// It has.
    Here,
    /// Another window has.
    Elsewhere,
}

/// What is missing before a key can answer, the first that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The frame, or the terminal's word that it has drawn it.
    Frame,
    /// A while without any key.
    Stillness,
    /// Room on the terminal.
    Room,
    /// The focus.
    Focus,
    /// The supervisor's word that it is there.
    Supervisor,
}

impl Missing {
    /// Whether no key at all is taken meanwhile. Else only those that answer are refused: a person
    /// can still read and go back.
    pub(crate) fn drops_all(self) -> bool {
        match self {
            Self::Frame | Self::Stillness => true,
            Self::Room | Self::Focus | Self::Supervisor => false,
        }
    }

    /// One sentence for the person who waits.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Frame => "Keep still and read: keys typed before this was shown are thrown away.",
            Self::Stillness => "Keys count in a moment: keep still and read.",
            Self::Room => "This window is too small to answer in. Make it larger.",
            Self::Focus => "Keys do not count: another window has the focus. Click into this one.",
            Self::Supervisor => {
                "Keys do not count yet: the supervisor of the run has not answered."
            }
        }
    }
}

/// How far the screen in front has come towards taking an answer.
#[derive(Debug, Clone)]
pub(crate) struct Arming {
    stage: Stage,
    next: Fence,
    focus: Focus,
    /// The supervisor has answered since the frame was written.
    heard: bool,
    /// When the frame was written.
    shown: Option<Moment>,
    /// Since when keys count.
    armed: Option<Timestamp>,
}

impl Arming {
    /// Nothing has been drawn yet.
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::Unshown(None),
            next: Fence::default(),
            focus: Focus::Untold,
            heard: false,
            shown: None,
            armed: None,
        }
    }

    /// Something is asked that has to be seen first.
    pub(crate) fn again(&mut self) {
        self.stage = Stage::Unshown(None);
        self.heard = false;
        self.shown = None;
        self.armed = None;
    }

    /// Nothing is asked.
    pub(crate) fn rest(&mut self) {
        self.stage = Stage::Idle;
    }

    /// Whether a fence belongs behind the next frame.
    pub(crate) fn wants_fence(&self) -> bool {
        matches!(self.stage, Stage::Unshown(_))
    }

    /// The fence that goes behind the frame that is about to be written; none where none is needed.
    pub(crate) fn fence(&mut self) -> Option<Fence> {
        let fence = self.wants_fence().then_some(self.next)?;
        self.stage = Stage::Unshown(Some(fence));
        self.next = fence.next();
        Some(fence)
    }

    /// The frame is written, and the fence behind it.
    pub(crate) fn written(&mut self, now: &Moment) {
        if let Stage::Unshown(fence) = self.stage {
            self.stage = Stage::Fenced(fence, now.up);
            self.shown = Some(now.clone());
        }
    }

    /// The terminal says where its cursor is; whether that means that it has drawn the frame, so that
    /// all keys from before are stale. Its word may come before that of the thread that writes.
    pub(crate) fn is_drawn_by(&mut self, row: u16, column: u16, now: &Moment) -> bool {
        let (Stage::Unshown(fence) | Stage::Fenced(fence, _)) = self.stage else {
            return false;
        };
        let drawn = fence.is_some_and(|fence| fence.is_answered_by(row, column));
        if drawn {
            self.written(now);
        }
        drawn
    }

    /// How long the terminal may still take to answer; none where nothing is asked of it.
    pub(crate) fn fence_left(&self, now: Millis) -> Option<Millis> {
        match self.stage {
            Stage::Fenced(_, since) => Some(FENCE.since(now.since(since))),
            Stage::Idle | Stage::Unshown(_) | Stage::Quiet(_) | Stage::Still => None,
        }
    }

    /// All keys from before are thrown away.
    pub(crate) fn drained(&mut self, now: Millis) {
        if let Stage::Fenced(..) = self.stage {
            self.stage = Stage::Quiet(now);
        }
    }

    /// The supervisor has answered what it was asked when the frame was written.
    pub(crate) fn heard(&mut self) {
        self.heard = true;
    }

    /// The terminal says where the focus is.
    pub(crate) fn focus(&mut self, focus: Focus) {
        self.focus = focus;
    }

    /// A key that does not count: the quiet time begins again.
    pub(crate) fn disturbed(&mut self, now: Millis) {
        if matches!(self.stage, Stage::Quiet(_) | Stage::Still) {
            self.stage = Stage::Quiet(now);
            self.armed = None;
        }
    }

    /// Whether no key has counted here so far.
    pub(crate) fn is_fresh(&self) -> bool {
        matches!(self.stage, Stage::Quiet(_))
    }

    /// A key came after the quiet time.
    pub(crate) fn still(&mut self, quiet: Millis) {
        if let (Stage::Quiet(since), Some(shown)) = (self.stage, &self.shown) {
            let armed = since.plus(quiet).since(shown.up);
            self.armed = Some(shown.wall.plus(armed));
            self.stage = Stage::Still;
        }
    }

    /// When the frame was written, and since when keys count.
    pub(crate) fn record(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.shown.as_ref()?.wall, self.armed?))
    }

    /// How long until the quiet time is over; none where it has not begun or is over.
    pub(crate) fn quiet_left(&self, now: Millis, quiet: Millis) -> Option<Millis> {
        match self.stage {
            Stage::Quiet(since) => Some(quiet.since(now.since(since))).filter(|left| left.0 > 0),
            Stage::Idle | Stage::Unshown(_) | Stage::Fenced(..) | Stage::Still => None,
        }
    }
}

impl Model {
    /// What is missing before a key can answer; none where nothing is, or nothing is asked.
    pub(crate) fn missing(&self, now: Millis) -> Option<Missing> {
        let arming = &self.arming;
        match arming.stage {
            Stage::Idle => return None,
            Stage::Unshown(_) | Stage::Fenced(..) => return Some(Missing::Frame),
            Stage::Quiet(_) if arming.quiet_left(now, self.rules.quiet).is_some() => {
                return Some(Missing::Stillness);
            }
            Stage::Quiet(_) | Stage::Still => {}
        }
        if self.is_too_small() {
            Some(Missing::Room)
        } else if arming.focus == Focus::Elsewhere {
            Some(Missing::Focus)
        } else if !arming.heard {
            Some(Missing::Supervisor)
        } else {
            None
        }
    }

    /// What is missing, as far as it concerns who has the controls: others answer nothing anyway.
    pub(crate) fn missing_here(&self, seen: &Seen<'_>, now: Millis) -> Option<Missing> {
        self.missing(now)
            .filter(|missing| seen.yours || self.overlay.is_some() || missing.drops_all())
    }
}
