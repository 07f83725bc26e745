//! Printing: whole lines, ASCII only, at most 200 characters, nothing redrawn.

use super::Bell;
use crate::text;
use crate::types::Timestamp;
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal as _, Result, Write as _};

/// The longest line.
const COLUMNS: usize = 200;
/// What continues a sentence or a command is indented by this.
const INDENT: &str = "  ";

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
    hanging(&format!("upwalk: {}", text::clean(text)))
}

/// Prints what happened, and when.
pub(super) fn news(at: Timestamp, text: &str) -> Result<()> {
    hanging(&format!("upwalk: {} {}", at.clock(), text::clean(text)))
}

/// Prints a command on a line of its own; a long one goes on behind a backslash, so that it can
/// still be pasted.
pub(super) fn command(text: &str) -> Result<()> {
    put(&broken(&ascii(&text::clean(text))))
}

/// Prints a question's last line; the answer is typed behind it.
pub(super) fn ask(text: &str) -> Result<()> {
    let text = ascii(&text::clean(text));
    let mut lines = text::wrap(&text, COLUMNS - 1);
    let last = lines.pop().unwrap_or_default();
    for line in lines {
        put(&format!("{line}\n"))?;
    }
    put(&format!("{last} "))
}

/// Ends the line that a question left open.
pub(super) fn end_line() -> Result<()> {
    put("\n")
}

/// Calls whoever sits at the terminal; a file or a pipe is not called.
pub(super) fn ring(bell: Bell) -> Result<()> {
    match bell {
        Bell::Rings if std::io::stdout().is_terminal() => put("\x07"),
        Bell::Rings | Bell::Silent => Ok(()),
    }
}

/// Prints a sentence; what goes on in further lines is indented, so that lines that begin at the
/// margin begin a sentence.
fn hanging(text: &str) -> Result<()> {
    let text = ascii(text);
    let mut page = String::new();
    let narrow = COLUMNS - INDENT.len();
    for (at, line) in text::wrap(&text, narrow).iter().enumerate() {
        if at > 0 {
            page.push_str(INDENT);
        }
        page.push_str(line);
        page.push('\n');
    }
    put(&page)
}

/// A command as indented lines, broken at spaces outside of quotes. A word that is longer than a
/// line stays whole: broken it could not be pasted.
fn broken(command: &str) -> String {
    let mut page = String::from(INDENT);
    let mut used = INDENT.len();
    for (at, word) in words(command).into_iter().enumerate() {
        // Room is kept for the space and the backslash.
        if at > 0 && used + 1 + word.len() + 2 > COLUMNS {
            page.push_str(" \\\n");
            page.push_str(INDENT);
            page.push_str(INDENT);
            used = 2 * INDENT.len();
        } else if at > 0 {
            page.push(' ');
            used += 1;
        }
        page.push_str(word);
        used += word.len();
    }
    page.push('\n');
    page
}

/// The words of a command, quoted spaces kept.
fn words(command: &str) -> Vec<&str> {
    let (mut words, mut from, mut quote) = (Vec::new(), 0, None);
    for (at, character) in command.char_indices() {
        match (character, quote) {
            (' ', None) => {
                words.push(&command[from..at]);
                from = at + 1;
            }
            ('\'' | '"', None) => quote = Some(character),
            (_, Some(open)) if character == open => quote = None,
            (_, _) => {}
        }
    }
    words.push(&command[from..]);
    words
}

/// Writes. A reader that went away misses the rest, and the run does not.
fn put(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// A sentence with its full stop, where whoever wrote it left that out.
pub(super) fn full(sentence: &str) -> String {
    let trimmed = sentence.trim_end();
    if trimmed.ends_with(['.', '!', '?', ':']) {
        trimmed.to_owned()
    } else {
        format!("{trimmed}.")
    }
}

/// The last words of a finished run (a sentence, then labels with what they stand for) as lines like
/// all others; `paste` makes its commands fit to be typed here.
pub fn last_words(lines: &[String], paste: &dyn Fn(&str) -> String) -> String {
    let mut page = String::new();
    let mut add = |line: &str| {
        for line in text::wrap(&ascii(line), COLUMNS) {
            page.push_str(&line);
            page.push('\n');
        }
    };
    for (at, line) in lines.iter().enumerate() {
        match line.split_once("  ") {
            Some((label, words)) if at > 0 => {
                let words = paste(&words.trim().replace(" -> ", " to "));
                add(&format!("  {label}: {words}"));
            }
            Some(_) | None => add(&format!("upwalk: {line}")),
        }
    }
    page
}

/// A text in ASCII: usual typographic characters become their plain forms, others their number.
pub(super) fn ascii(text: &str) -> String {
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
    use super::{COLUMNS, ascii, broken};

    #[test]
    fn everything_is_ascii_and_nothing_is_lost_silently() {
        let plain = ascii("it\u{2019}s \u{201c}4.2 \u{2192} 4.3\u{201d} \u{fc}ber\u{1b}[2J");
        assert_eq!(plain, "it's \"4.2 -> 4.3\" <U+00FC>ber?[2J");
    }

    #[test]
    fn a_long_command_is_broken_where_a_shell_puts_it_together_again() {
        assert_eq!(broken("upwalk why app"), "  upwalk why app\n");
        let long = format!(
            "upwalk skip app --because 'two  {}' {}",
            "w ".repeat(60),
            "--x ".repeat(40)
        );
        let page = broken(long.trim_end());
        assert!(page.lines().count() > 1, "{page}");
        assert!(page.lines().all(|line| line.len() <= COLUMNS), "{page}");
        let joined = page.replace(" \\\n    ", " ");
        assert_eq!(joined.trim(), long.trim_end());
    }
}
