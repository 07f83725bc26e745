//! The terminal UI: shows a run as its events fold, and sends what a person decides.
//!
//! It owns nothing of the run: it reads the plan and the folded state, keeps its own looks apart in
//! a model, and ends whenever the terminal does. `cli` calls [`run`]; nobody else knows it.
//!
//! Keys become messages, `update` turns a message into a new model and orders, `view` draws the
//! model, `run` is the loop around them and `term` the only place that touches the terminal. `still`
//! draws one frame of a folded journal, for pictures.

mod alerts;
mod arming;
mod bindings;
mod boxes;
#[cfg(test)]
mod consents;
mod controls;
mod errands;
mod field;
#[cfg(test)]
mod fuzz;
mod input;
mod keymap;
mod log;
mod logs;
mod model;
mod pace;
mod rows;
mod run;
#[cfg(test)]
mod screens;
mod seen;
mod settings;
mod still;
mod term;
#[cfg(test)]
mod testing;
mod theme;
mod typed;
mod update;
mod view;

pub use log::{Blot, LogColours, Mouse};
pub use run::run;
pub use settings::{Colour, Guess, Settings, Titles, is_capable, usual_theme};
pub use still::{Cell, Sitting, still};
pub use theme::{Depth, GlyphSet, Palette, Report, SHIPPED, ThemeError, Themes};
pub use theme::{MAX_BYTES as MAX_THEME_BYTES, check as check_theme, sample as theme_sample};

/// How the screen was left. The run itself goes on, unless it is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// A person left; the run goes on, or it was quit before it began.
    Detached,
    /// The run is finished, and its last screen was left.
    Finished,
    /// The terminal went away.
    HungUp,
    /// This signal came.
    Signal(i32),
}

/// The end of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// How it was left.
    pub left: Left,
    /// At most ten lines for the scrollback: where the run stands, its directory, how to come back.
    pub summary: Vec<String>,
}

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// Standard input or output is no terminal.
    #[error("standard {0} is not a terminal")]
    NoTerminal(&'static str),
    /// The terminal cannot be set up.
    #[error("the terminal cannot be set up")]
    Setup(#[source] std::io::Error),
    /// A part of the screen has panicked; what it said stands on the terminal.
    #[error("the screen has ended because of a bug in upwalk")]
    Bug,
    /// The supervisor's events do not fit each other.
    #[error("the run's events cannot be followed")]
    Events(#[from] crate::journal::FoldError),
}
