//! Mode to key to action: the one table that footer, help and the handler of keys are made from.
//!
//! A lower-case letter never changes the run, except `p` (and `a` in the box of a warning to
//! acknowledge); Enter, Space and Tab never do.

use super::bindings::bindings;
use super::input::Key;
use super::log::Way;
use super::model::Mode;
use super::seen::Seen;
use crate::engine::{self, Choice};
use crate::journal::Question;

/// What a key does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    WheelUp,
    WheelDown,
    First,
    Last,
    /// Opens what the cursor is on, or the warning that waits.
    Open,
    /// Back, the safe direction.
    Back,
    NextPane,
    /// Something with a log.
    Log(LogKey),
    /// The mouse's wheel scrolls, or the terminal has it.
    Mouse,
    /// The local clock beside UTC, or not.
    Clock,
    Command,
    Warnings,
    Help,
    /// Stop after the present step.
    PauseRun,
    Note,
    /// Answers the open question.
    Choose(Choice),
    Acknowledge,
    TakeControls,
    /// Gives the terminal to the step that wants it.
    Join,
    /// Gives the controls to who asks.
    GiveControls,
    /// Keeps them.
    KeepControls,
    /// A shell where the step runs.
    Shell,
    /// The whole log, or the report, in the pager.
    Pager,
    /// Copies the command, or where the run is kept.
    Copy,
    /// Leaves the screen.
    Leave,
    /// Has the running command ended.
    Cancel,
    /// Let go of what outlives an ended command.
    LetGo,
}

impl Action {
    /// Whether it answers or changes anything, so that it has to be meant.
    pub(crate) fn answers(&self) -> bool {
        match self {
            Self::PauseRun
            | Self::Note
            | Self::Choose(_)
            | Self::Acknowledge
            | Self::TakeControls
            | Self::Join
            | Self::GiveControls
            | Self::KeepControls
            | Self::Shell
            | Self::Cancel
            | Self::LetGo => true,
            Self::Up
            | Self::Down
            | Self::PageUp
            | Self::PageDown
            | Self::WheelUp
            | Self::WheelDown
            | Self::Mouse
            | Self::Clock
            | Self::First
            | Self::Last
            | Self::Open
            | Self::Back
            | Self::NextPane
            | Self::Log(_)
            | Self::Command
            | Self::Warnings
            | Self::Help
            | Self::Pager
            | Self::Copy
            | Self::Leave => false,
        }
    }
}

/// What a key does with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogKey {
    Left,
    Right,
    /// Moves along with the end, or stays.
    Follow,
    /// On the whole screen, or back from there.
    Full,
    /// Long lines go on in the next row, or are cut.
    Wrap,
    /// What the first column says.
    Time,
    /// Which lines are shown.
    Streams,
    /// To another error line.
    Error(Way),
    /// Asks for a text to look for.
    Search,
    /// To another line that has it.
    Match(Way),
    /// To the log of the command before or after.
    Other(Way),
}

/// Under which heading the help lists a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Move,
    Log,
    Upgrade,
    View,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) keys: Vec<Key>,
    /// The key as it is called.
    pub(crate) shown: String,
    /// Two or three words for the last row; empty: it is not there.
    pub(crate) footer: String,
    pub(crate) help: String,
    pub(crate) group: Group,
    pub(crate) action: Action,
}

/// What this key does here.
pub(crate) fn action(mode: Mode, key: Key, seen: &Seen<'_>) -> Option<Action> {
    let all = bindings(mode, seen);
    all.into_iter()
        .find(|binding| binding.keys.contains(&key))
        .map(|binding| binding.action)
}

/// The capital letter of a decision.
pub(crate) fn letter(verb: &str, question: &Question) -> Option<char> {
    let by_hand = matches!(question, Question::ManualDone { .. });
    match verb {
        "start" | "skip" => Some('S'),
        "continue" if !by_hand => Some('C'),
        "retry" => Some('R'),
        "continue" | "settle done" => Some('D'),
        "settle rerun" => Some('A'),
        "rollback" => Some('U'),
        "stop" => Some('X'),
        _ => None,
    }
}

/// A decision in two or three words; `...` where a box opens first.
pub(crate) fn label(choice: &Choice, seen: &Seen<'_>) -> String {
    let question = seen.open().map(|open| &open.question);
    let by_hand = matches!(question, Some(Question::ManualDone { .. }));
    let hands_over = matches!(question, Some(Question::NextStep { step })
        if engine::wants_terminal(seen.plan, seen.state, step));
    let words = match choice.verb {
        "start" => "start checks",
        "continue" if by_hand => "it is done",
        "continue" if hands_over => "give it your terminal",
        "settle done" => "it is done",
        "settle rerun" => "run it anyway",
        "rollback" => "roll back",
        other => other,
    };
    if opens_box(choice) {
        format!("{words} ...")
    } else {
        words.to_owned()
    }
}

/// Whether a decision is written in a box before it is sent.
pub(crate) fn opens_box(choice: &Choice) -> bool {
    choice.needs_reason || choice.phrase.is_some() || matches!(choice.verb, "rollback" | "stop")
}

/// What can be answered here, each with its letter.
pub(crate) fn choices(seen: &Seen<'_>) -> Vec<(char, Choice)> {
    let Some(open) = seen.open() else {
        return Vec::new();
    };
    let lettered = |choice: Choice| Some((letter(choice.verb, &open.question)?, choice));
    engine::choices(seen.plan, seen.state)
        .into_iter()
        .filter_map(lettered)
        .collect()
}

/// Whether something outlives an ended command that this screen may let go.
pub(crate) fn may_let_go(seen: &Seen<'_>) -> bool {
    seen.yours && !engine::leftovers(seen.state).is_empty()
}

/// Whether a command runs that this screen may have ended.
pub(crate) fn may_cancel(seen: &Seen<'_>) -> bool {
    seen.yours
        && seen
            .subject()
            .is_some_and(|subject| subject.is_running() && subject.attempt.cancelled.is_none())
        && !may_let_go(seen)
}
