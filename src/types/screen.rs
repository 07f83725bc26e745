//! What a person has chosen about questions and alerts, for whatever shows a run.

use super::Millis;

/// Whether a paste may fill the field of a phrase. Enter stays a key of its own either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paste {
    /// A paste is refused with a sentence.
    #[default]
    Refuse,
    /// A paste fills the field: speech input and text expanders paste.
    Allow,
}

/// How consents are taken (ux.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsentRules {
    /// Whether a phrase may be pasted.
    pub paste: Paste,
    /// How long no key may come before a screen that asks takes one.
    pub quiet: Millis,
    /// How long after the last character Enter counts.
    pub submit_gap: Millis,
    /// How old a typed phrase may be when its step has not begun.
    pub max_age: Millis,
}

impl ConsentRules {
    /// The shortest quiet time that may be configured.
    pub const LEAST_QUIET: Millis = Millis(200);
    /// The shortest age: below, two phrases before one step would be asked for in turn for ever.
    pub const LEAST_MAX_AGE: Millis = Millis::from_secs(60);
    /// The shortest gap before Enter that may be configured.
    pub const LEAST_SUBMIT_GAP: Millis = Millis(100);
}

impl Default for ConsentRules {
    fn default() -> Self {
        Self {
            paste: Paste::Refuse,
            quiet: Millis(500),
            submit_gap: Millis(150),
            max_age: Millis::from_secs(12 * 3600),
        }
    }
}

/// How a person is told that the run needs them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Notify {
    /// The terminal's bell.
    #[default]
    Bel,
    /// The bell and a message by the control sequence OSC 9.
    Osc9,
    /// The bell and a message by OSC 777.
    Osc777,
    /// The bell and a message by OSC 99.
    Osc99,
    /// Not at all.
    None,
    /// The bell and a command; its words.
    Command(Vec<String>),
}
