//! Quoting: words for a shell, texts for JSON.

use crate::text;
use serde::Serialize;
use std::fmt::Write as _;

/// A word as a shell reads it back: as it is where it is plain, else in single quotes.
pub fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=,+@%^".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A value as indented JSON; characters that a terminal must not see are written as `\uXXXX`,
/// which means the same.
pub(super) fn json_text(value: &impl Serialize) -> String {
    // Maps have text keys and nothing here fails to serialise, so the text is never missing.
    let plain = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut out = String::with_capacity(plain.len() + 1);
    for character in plain.chars() {
        // JSON holds line breaks of its own; all other odd characters stand inside strings.
        if character == '\n' || text::is_harmless(character) {
            out.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out.push('\n');
    out
}

/// A document with a list of runs.
#[derive(Serialize)]
struct Listed<'a, T> {
    schema: u32,
    runs: &'a [T],
}

/// Runs as JSON: `schema` and `runs`.
pub(super) fn list(runs: &[impl Serialize]) -> String {
    let schema = super::SCHEMA;
    json_text(&Listed { schema, runs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_from_a_shell() {
        assert_eq!(quote("demo:51be0c77"), "demo:51be0c77");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote("$HOME"), "'$HOME'");
        assert_eq!(quote("~root"), "'~root'");
        assert_eq!(quote(""), "''");
    }

    #[test]
    fn json_shows_no_odd_character_and_loses_none() {
        let value = "a\u{202e}b\u{9b}c\u{e0041}\u{1b}\n";
        let text = json_text(&value);
        assert!(text.trim_end().chars().all(text::is_harmless), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).expect("JSON"), value);
    }
}
