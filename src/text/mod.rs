//! Text for terminals: widths, wrapping, durations, and the sanitisers for everything not ours.
//!
//! All that reaches a screen, a prompt or a report from a plan, a log or the machine goes through
//! [`clean`], [`cut`], [`wrap`] or [`sanitise`] first. Everybody may call this; it looks nothing
//! up and never fails.

mod clean;
mod graphics;
mod layout;
mod sanitise;

pub use clean::{clean, is_harmless};
pub use graphics::{Graphics, Ink, Stretch, within};
pub use layout::{cut, duration, silence, wrap};
pub use sanitise::{Line, MAX_COLUMNS, sanitise, sanitise_coloured};

use unicode_width::UnicodeWidthStr as _;

/// How many columns a text takes on one line.
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        text.len()
    } else {
        text.width()
    }
}

/// Whether a text has nothing but printable ASCII, so that each byte is a column. Nearly every text
/// is like that, and asking is far cheaper than looking every character up.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
