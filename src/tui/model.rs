//! Looks only: what is in front, where the cursor stands, what has been typed. Facts about the run
//! are never in here. `update` is its only writer; `view` draws it.

use super::arming::Arming;
use super::errands::{Loan, ShellAt};
use super::field::Field;
use super::input::{Key, Typed};
use super::log::{LogMove, Looks, Mouse, Window};
use super::seen::{Screen, Seen, Subject};
use crate::engine::Refusal;
use crate::journal::{Decision, Question};
use crate::supervisor::client::Handover;
use crate::types::{ConsentRules, Millis, Moment, Seq, StepId, Timestamp, Who, Zone};

/// How soon a second Ctrl-C detaches.
pub(crate) const TWICE: Millis = Millis(2000);
/// How often a phrase may be wrong before the box is set aside.
pub(crate) const TRIES: u32 = 5;
/// The smallest screen, columns and rows.
pub(crate) const SMALLEST: (u16, u16) = (60, 16);
/// From this width on the steps stand beside the log.
pub(crate) const WIDE: u16 = 110;

/// Something that happened to the screen.
#[derive(Debug)]
pub(crate) enum Msg {
    /// A key, a paste or a word of the terminal; comes with the time at which it was read.
    Typed(Typed),
    /// The terminal has this many columns and rows.
    Resized(u16, u16),
    /// A frame is written, and the fence behind it.
    Shown,
    /// The terminal has drawn that frame, or had its time, and no key from before is left in any
    /// queue.
    Drained,
    /// The supervisor has answered what it was asked behind that frame.
    Alive,
    /// The run's state or who is attached changed.
    Changed,
    /// The supervisor does not answer; when it said something last. None: it answers again.
    Silent(Option<Timestamp>),
    /// The supervisor answered what this screen sent.
    Replied(Result<Seq, Refusal>),
    /// Lines of the log.
    Log(Box<Window>),
    /// The viewer is in the foreground again.
    Resumed,
    /// The terminal was lent and is back: a sentence on that, or none.
    Returned(String),
}

/// Something to be done outside the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Send a decision, the answer to this question.
    Decide(Option<Seq>, Decision),
    /// Take the controls.
    TakeControls,
    /// Ask for the controls, or answer who asks.
    HandOver(Handover),
    /// Leave the screen.
    Leave,
    /// Suspend this viewer.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Throw all keys away that have been typed so far, and say when that is done.
    Drain,
    /// Move in the log.
    Log(LogMove),
    /// Have the terminal send the mouse's wheel, or keep it.
    Mouse(Mouse),
    /// Lend the terminal.
    Lend(Loan),
    /// Write this to the terminal's clipboard.
    Copy(String),
}

/// What a text box is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The reason of a decision with this verb, at this question.
    Reason {
        verb: &'static str,
        at: Seq,
        early: bool,
    },
    /// The phrase of a decision with this verb, before its reason is asked for where it needs one.
    Phrase {
        verb: &'static str,
        at: Seq,
        early: bool,
    },
    /// A note for the journal.
    Note,
    /// Taking the controls: the phrase.
    TakeControls,
}

/// A box that a person opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Overlay {
    /// The keys of the screen behind it; the page.
    Help(usize),
    /// A step: what it does, exactly.
    Detail(StepId, usize),
    /// All warnings of the run.
    Warnings(usize),
    /// What the supervisor said when it ended; the page.
    Parting(usize),
    /// A text that was copied, to be marked by hand where the terminal did not take it; the page.
    Copied(String, usize),
    /// What Ctrl-C means.
    Interrupt,
    /// A line of text.
    Text(Purpose, Field, usize),
}

/// The box of a warning that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Consent {
    /// The page that is shown, from 0.
    pub(crate) page: usize,
    pub(crate) field: Field,
    /// How often the phrase was wrong.
    pub(crate) wrong: u32,
    /// The text that was wrong last.
    pub(crate) tried: Option<String>,
    /// It was set aside: the run stays where it is.
    pub(crate) aside: bool,
}

/// Which clocks row 1 shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clocks {
    /// UTC, as in the journal and the logs.
    Utc,
    /// The local one too.
    Both,
}

/// Which part of a screen the movement keys move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    /// The log.
    Log,
    /// The steps.
    Steps,
}

/// What is in front and takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Small,
    Overview,
    Running,
    Decide,
    Pause,
    Rollback,
    Finished,
    FullLog,
    /// A text to look for in the log.
    Search,
    /// A warning to acknowledge.
    Ack,
    /// A warning with a phrase to type.
    Phrase,
    /// A text box of a person's own.
    Text,
    /// Something to read.
    Reading,
    /// What Ctrl-C means.
    Interrupt,
    /// Somebody asks for the controls.
    Asked,
}

/// The looks of the screen.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any of them goes with any other"
)]
pub(crate) struct Model {
    pub(crate) size: (u16, u16),
    pub(crate) overlay: Option<Overlay>,
    pub(crate) consent: Consent,
    pub(crate) arming: Arming,
    pub(crate) rules: ConsentRules,
    /// The last key that counted, and when.
    pub(crate) acted: Option<(Key, Millis)>,
    /// When the last key came, whether it counted or not.
    pub(crate) key_at: Option<Millis>,
    /// How long after the key before it that was; none: it was the first.
    pub(crate) key_gap: Option<Millis>,
    /// The question that was in front last, and its first number.
    pub(crate) question: Option<Seq>,
    pub(crate) first_asked: Option<Seq>,
    pub(crate) was_yours: bool,
    /// Who asked for the controls last, and whether this screen did.
    pub(crate) asked_by: Option<Who>,
    pub(crate) asking: bool,
    pub(crate) cursor: usize,
    /// The phase whose steps are listed in the overview.
    pub(crate) unfolded: Option<StepId>,
    pub(crate) pane: Pane,
    pub(crate) full_log: bool,
    pub(crate) log: Window,
    /// How logs are looked at.
    pub(crate) looks: Looks,
    /// Whether the mouse's wheel scrolls.
    pub(crate) mouse: Mouse,
    pub(crate) clocks: Clocks,
    /// Where the local clock is.
    pub(crate) zone: Zone,
    /// The intent whose log a person wants; none: the present one's.
    pub(crate) chosen: Option<Seq>,
    /// The text to look for that is being typed.
    pub(crate) search: Option<Field>,
    /// Columns that are out of sight at the log's left.
    pub(crate) sideways: usize,
    /// Rows that are out of sight above, on screens longer than the terminal.
    pub(crate) scrolled: usize,
    /// One sentence about the last key.
    pub(crate) said: Option<String>,
    /// The step that is about to begin gets the terminal.
    pub(crate) joins: bool,
    /// A shell is opened as soon as that is recorded.
    pub(crate) shell: Option<ShellAt>,
    /// A decision is on its way.
    pub(crate) sent: bool,
    /// The run was ended before it began; leave as soon as that is journalled.
    pub(crate) quitting: bool,
    pub(crate) interrupted: Option<Millis>,
    /// A frame takes seconds to arrive, so that the clock shows minutes.
    pub(crate) slow_link: bool,
    /// Since when the supervisor is gone.
    pub(crate) silent_since: Option<Timestamp>,
    /// It lives, but does not answer: when it said something last.
    pub(crate) hung: Option<Timestamp>,
}

impl Model {
    /// The looks at the beginning.
    pub(crate) fn new(size: (u16, u16)) -> Self {
        Self {
            size,
            overlay: None,
            consent: Consent::default(),
            arming: Arming::new(),
            rules: ConsentRules::default(),
            acted: None,
            key_at: None,
            key_gap: None,
            question: None,
            first_asked: None,
            was_yours: false,
            asked_by: None,
            asking: false,
            cursor: 0,
            unfolded: None,
            pane: Pane::Log,
            full_log: false,
            log: Window::default(),
            looks: Looks::default(),
            mouse: Mouse::default(),
            clocks: Clocks::Utc,
            zone: Zone::UTC,
            chosen: None,
            search: None,
            sideways: 0,
            scrolled: 0,
            said: None,
            joins: false,
            shell: None,
            sent: false,
            quitting: false,
            interrupted: None,
            slow_link: false,
            silent_since: None,
            hung: None,
        }
    }

    /// What is in front.
    pub(crate) fn mode(&self, seen: &Seen<'_>) -> Mode {
        if self.is_too_small() {
            return Mode::Small;
        }
        match &self.overlay {
            Some(Overlay::Interrupt) => return Mode::Interrupt,
            _ if seen.asks_for_controls().is_some() => return Mode::Asked,
            Some(Overlay::Text(..)) => return Mode::Text,
            Some(
                Overlay::Help(_)
                | Overlay::Detail(..)
                | Overlay::Warnings(_)
                | Overlay::Copied(..)
                | Overlay::Parting(_),
            ) => {
                return Mode::Reading;
            }
            None => {}
        }
        if let Some(phrase) = self.consent_in_front(seen) {
            return phrase;
        }
        if self.search.is_some() {
            return Mode::Search;
        }
        self.screen_mode(seen)
    }

    /// The box of a warning, where it is in front of the screen.
    pub(crate) fn consent_in_front(&self, seen: &Seen<'_>) -> Option<Mode> {
        if self.consent.aside || !seen.yours || seen.state.finished.is_some() {
            return None;
        }
        match &seen.open()?.question {
            Question::Confirm {
                phrase: Some(_), ..
            } => Some(Mode::Phrase),
            Question::Confirm { phrase: None, .. } => Some(Mode::Ack),
            _ => None,
        }
    }

    /// The screen behind all boxes.
    pub(crate) fn screen_mode(&self, seen: &Seen<'_>) -> Mode {
        if self.full_log {
            return Mode::FullLog;
        }
        match seen.screen() {
            Screen::Overview => Mode::Overview,
            Screen::Running => Mode::Running,
            Screen::Decide => Mode::Decide,
            Screen::Pause => Mode::Pause,
            Screen::Rollback => Mode::Rollback,
            Screen::Finished => Mode::Finished,
        }
    }

    /// The command whose log is shown.
    pub(crate) fn subject<'a>(&self, seen: &Seen<'a>) -> Option<Subject<'a>> {
        let chosen = self.chosen.and_then(|number| seen.command(number));
        chosen.or_else(|| seen.subject())
    }

    /// Whether nothing but a few words fits.
    pub(crate) fn is_too_small(&self) -> bool {
        self.size.0 < SMALLEST.0 || self.size.1 < SMALLEST.1
    }

    /// Whether something that only this screen shows changes with every second.
    pub(crate) fn ticks(&self, seen: &Seen<'_>, now: &Moment) -> bool {
        let watches = !seen.yours && !seen.may_take(now) && seen.state.finished.is_none();
        (self.hung.is_some() || watches) && !seen.gone
    }

    /// Whether steps and log stand side by side.
    pub(crate) fn is_wide(&self) -> bool {
        self.size.0 >= WIDE
    }
}
