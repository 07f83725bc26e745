//! Asking the machine: guards, checks, measured values. Nothing asked here changes anything.

use crate::types::{Answer, Ask, CommandSpec, Millis, Moment};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The secrets of a run, by variable name.
pub type Secrets = BTreeMap<String, String>;

/// Tells asks, from any thread, that their answer is no longer wanted.
#[derive(Debug, Clone)]
pub struct Stop {
    _private: (),
}

impl Stop {
    /// One that has not been told yet.
    pub fn new() -> std::io::Result<Self> {
        todo!()
    }

    /// Ends every ask that was given this, at once.
    pub fn stop(&self) {
        todo!()
    }

    /// Whether it has been told.
    pub fn is_stopped(&self) -> bool {
        todo!()
    }
}

/// Asks once.
pub fn ask(_ask: &Ask, _secrets: &Secrets) -> Answer {
    todo!()
}

/// Asks once; none where `stop` was told first.
pub fn ask_unless(_ask: &Ask, _secrets: &Secrets, _stop: &Stop) -> Option<Answer> {
    todo!()
}

/// How long and how often to ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The time between the beginnings of two asks.
    pub every: Millis,
    /// When the last ask may begin; none: until stopped.
    pub until: Option<Moment>,
}

/// Asks again and again (blocking) and gives every answer to `said`, until that breaks, the time is
/// over or `stop` is told. Returns the last answer; none where it was stopped.
pub fn ask_again(
    _ask: &Ask,
    _secrets: &Secrets,
    _again: &Again,
    _stop: &Stop,
    _said: &mut dyn FnMut(&Answer) -> ControlFlow<()>,
) -> Option<Answer> {
    todo!()
}

/// The first line a command prints, trimmed, or why that cannot be had (it must exit 0 and print
/// one).
pub fn first_line(_command: &CommandSpec, _secrets: &Secrets) -> Result<String, String> {
    todo!()
}
