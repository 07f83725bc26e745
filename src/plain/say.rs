//! Printing: whole lines, ASCII only, at most 200 characters, nothing redrawn.

use crate::text;
use crate::types::Timestamp;
use std::fmt::Write as _;
use std::io::{ErrorKind, Result, Write as _};

/// The longest line.
const COLUMNS: usize = 200;

/// Prints lines as they are, but safe: cleaned, in ASCII and wrapped.
pub(super) fn lines(text: &str) -> Result<()> {
    let mut page = String::new();
    for line in text::wrap(&ascii(text), COLUMNS) {
        page.push_str(&line);
        page.push('\n');
    }
    put(&page)
}

/// Prints a sentence of upwalk's own.
pub(super) fn sentence(text: &str) -> Result<()> {
    lines(&format!("upwalk: {}", text::clean(text)))
}

/// Prints what happened, and when.
pub(super) fn news(at: Timestamp, text: &str) -> Result<()> {
    lines(&format!("upwalk: {} {}", at.clock(), text::clean(text)))
}

/// Prints a command on a line of its own, however long: it is there to be pasted.
pub(super) fn command(text: &str) -> Result<()> {
    put(&format!("{}\n", text::clean(text)))
}

/// Prints a question's last line; the answer is typed behind it.
pub(super) fn ask(text: &str) -> Result<()> {
    let text = ascii(&text::clean(text));
    put(&format!("{text} "))
}

/// Ends the line that a question left open.
pub(super) fn end_line() -> Result<()> {
    put("\n")
}

/// Writes. A reader that went away misses the rest, and the run does not.
fn put(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// A text in ASCII: usual typographic characters become their plain forms, others their number.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | ' '..='~' => out.push(character),
            '\t' | '\u{a0}' => out.push(' '),
            '\u{2018}' | '\u{2019}' => out.push('\''),
            '\u{201c}' | '\u{201d}' => out.push('"'),
            '\u{2010}'..='\u{2015}' => out.push('-'),
            '\u{2026}' => out.push_str("..."),
            '\u{2192}' => out.push_str("->"),
            _ if character.is_control() => out.push('?'),
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(out, "<U+{:04X}>", u32::from(character));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::ascii;

    #[test]
    fn everything_is_ascii_and_nothing_is_lost_silently() {
        let plain = ascii("it\u{2019}s \u{201c}4.2 \u{2192} 4.3\u{201d} \u{fc}ber\u{1b}[2J");
        assert_eq!(plain, "it's \"4.2 -> 4.3\" <U+00FC>ber?[2J");
    }
}
