//! Whether the supervisor answers. It is asked before anything that changes the run is sent to it,
//! and one that does not answer in time is shown as not live; there is no heartbeat at rest
//! (ux.md 1.12). Called by the loop, and by nobody else.

use super::Session;
use crate::engine::Refusal;
use crate::journal::Decision;
use crate::supervisor::client::{ClientError, Handover, Update, now};
use crate::tui::model::Msg;
use crate::types::{Millis, Moment, Seq};

/// How long an answer may take.
const ANSWER_WITHIN: Millis = Millis::from_secs(2);

/// How often keys are told of.
const KEY_EVERY: Millis = Millis::from_secs(2);

/// What changes the run, or who has the controls.
#[derive(Debug)]
pub(super) enum Wish {
    /// A decision, the answer to this question.
    Decide(Option<Seq>, Decision),
    /// The controls.
    TakeControls,
    /// A word about them.
    HandOver(Handover),
}

/// What is known of the supervisor's life.
#[derive(Debug)]
pub(super) struct Pulse {
    /// When it said something last, whatever it was.
    word: Moment,
    /// The first question that it has not answered yet, and since when.
    asked: Option<(u64, Millis)>,
    /// It has not answered in time, and has not answered since.
    silent: bool,
    /// What goes out once it has answered this question.
    waiting: Option<(u64, Wish)>,
    /// When it was told last that a key was pressed here.
    key_told: Option<Millis>,
}

impl Pulse {
    /// It has just been spoken with.
    pub(super) fn new(now: Moment) -> Self {
        Self {
            word: now,
            asked: None,
            silent: false,
            waiting: None,
            key_told: None,
        }
    }

    /// A question went out.
    fn asked(&mut self, id: u64, now: Millis) {
        self.asked.get_or_insert((id, now));
    }

    /// An answer came: to the first question that is open, or to a later one.
    fn answered(&mut self, id: u64) {
        if self.asked.is_some_and(|(asked, _)| id >= asked) {
            self.asked = None;
            self.silent = false;
        }
    }

    /// How long it may still take to answer; none where nothing is asked, or it is too late.
    pub(super) fn left(&self, now: Millis) -> Option<Millis> {
        let (_, since) = self.asked.filter(|_| !self.silent)?;
        Some(ANSWER_WITHIN.since(now.since(since)))
    }

    /// Whether it has just become too late.
    fn falls_silent(&mut self, now: Millis) -> bool {
        let late = self.left(now).is_some_and(|left| left.0 == 0);
        self.silent |= late;
        late
    }
}

impl Session<'_> {
    /// Asks the supervisor whether it is there; the answer's number.
    pub(super) fn ping(&mut self) -> Result<u64, ClientError> {
        let id = self.client.ping()?;
        self.pulse.asked(id, now().up);
        Ok(id)
    }

    /// Sends a wish once the supervisor has answered: one that hangs would grant it whenever it goes
    /// on, and nobody could say when that is.
    pub(super) fn ask_first(&mut self, wish: Wish) {
        match self.ping() {
            Ok(id) => self.pulse.waiting = Some((id, wish)),
            Err(error) => self.sent(Err(error)),
        }
    }

    fn send(&mut self, wish: Wish) {
        let sent = match wish {
            Wish::Decide(at, decision) => self.client.decide(at, decision),
            Wish::TakeControls => self.client.take_controls(),
            Wish::HandOver(what) => self.client.hand_over(what),
        };
        self.sent(sent);
    }

    /// Tells the supervisor now and then that somebody sits here, as long as this screen has the
    /// controls: those who look see it, and nobody takes them unasked.
    fn tell_of_keys(&mut self) {
        if !self.mirror.yours {
            self.pulse.key_told = None;
            return;
        }
        let due = match (self.pulse.key_told, self.model.key_at) {
            (None, _) => true,
            (Some(told), Some(pressed)) => pressed.since(told) >= KEY_EVERY,
            (Some(_), None) => false,
        };
        if due {
            self.pulse.key_told = Some(now().up);
            // Where it is gone there is nobody to tell.
            let _ = self.client.key();
        }
    }

    /// Takes the sign of life out of an update.
    pub(super) fn hear(&mut self, update: &Update) {
        if matches!(update, Update::Gone(_)) {
            self.pulse.waiting = None;
            self.pulse.asked = None;
            return;
        }
        self.pulse.word = now();
        let Some(id) = update.pong() else {
            return;
        };
        let was_silent = self.pulse.silent;
        self.pulse.answered(id);
        if was_silent && !self.pulse.silent {
            self.tell(Msg::Silent(None));
        }
        if self
            .pulse
            .waiting
            .as_ref()
            .is_some_and(|(asked, _)| *asked == id)
            && let Some((_, wish)) = self.pulse.waiting.take()
        {
            self.send(wish);
        }
    }

    /// Tells of keys, and says it where the supervisor has not answered in time; what waited for that is not sent.
    pub(super) fn look_at_pulse(&mut self) {
        self.tell_of_keys();
        if !self.pulse.falls_silent(now().up) {
            return;
        }
        let waited = self.pulse.waiting.take();
        self.tell(Msg::Silent(Some(self.pulse.word.wall)));
        if waited.is_some() {
            self.tell(Msg::Replied(Err(Refusal {
                why: "The supervisor does not answer. Nothing was sent.".to_owned(),
                hint: None,
            })));
        }
        self.dirty = super::Dirty::Now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{BootId, Timestamp};

    fn pulse() -> Pulse {
        Pulse::new(Moment {
            wall: Timestamp::from_millis(0),
            boot: BootId::default(),
            up: Millis(0),
        })
    }

    #[test]
    fn who_answers_within_two_seconds_is_live() {
        let mut pulse = pulse();
        assert_eq!(pulse.left(Millis(9000)), None, "nothing was asked");
        pulse.asked(1, Millis(1000));
        pulse.asked(2, Millis(2500));
        assert!(!pulse.falls_silent(Millis(2999)));
        assert_eq!(pulse.left(Millis(2999)), Some(Millis(1)));
        pulse.answered(1);
        assert!(!pulse.falls_silent(Millis(9000)));
    }

    #[test]
    fn who_does_not_is_silent_until_the_answer_comes_after_all() {
        let mut pulse = pulse();
        pulse.asked(3, Millis(1000));
        assert!(pulse.falls_silent(Millis(3000)));
        assert!(!pulse.falls_silent(Millis(4000)), "it is said once");
        pulse.answered(2);
        assert!(pulse.silent, "an answer from before");
        pulse.answered(3);
        assert!(!pulse.silent);
    }
}
