//! Making one-line texts harmless: names, versions, host names, what a plan says.

use std::fmt::Write as _;

/// A text of foreign origin made safe for one line: control characters and those that turn the
/// direction of writing or cannot be seen are shown as `^[` or `<U+202E>`; tabs and line breaks
/// become spaces.
pub fn clean(text: &str) -> String {
    if super::is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.trim_end_matches(['\n', '\r']).chars() {
        match stand_in(character) {
            _ if matches!(character, '\t' | '\n') => out.push(' '),
            Some(shown) => out.push_str(&shown),
            None => out.push(character),
        }
    }
    out
}

/// What stands for a character that must not reach a terminal.
pub(super) fn stand_in(character: char) -> Option<String> {
    let mut shown = String::new();
    // Writing to a string cannot fail.
    let _ = match character {
        '\0'..='\x1f' => write!(shown, "^{}", char::from(character as u8 + b'@')),
        '\x7f' => write!(shown, "^?"),
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => write!(shown, "<U+{:04X}>", u32::from(character)),
        _ => return None,
    };
    Some(shown)
}

/// Whether a character may reach a terminal as it is.
pub fn is_harmless(character: char) -> bool {
    stand_in(character).is_none()
}
