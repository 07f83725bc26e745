//! Text for terminals: widths, wrapping, durations, and the sanitisers for everything not ours.
//!
//! All that reaches a screen, a prompt or a report from a plan, a log or the machine goes through
//! [`clean`], [`cut`], [`wrap`] or [`sanitise`] first. Everybody may call this; it looks nothing
//! up and never fails.

mod clean;
mod layout;
mod sanitise;

pub use clean::{clean, is_harmless};
pub use layout::{cut, duration, silence, wrap};
pub use sanitise::{Line, MAX_COLUMNS, sanitise};

use unicode_width::UnicodeWidthStr as _;

/// How many columns a text takes on one line.
pub fn width(text: &str) -> usize {
    text.width()
}
