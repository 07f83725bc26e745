//! Fitting text into columns, and lengths of time into words.

use super::{clean, is_plain, width};
use crate::types::Millis;
use unicode_segmentation::UnicodeSegmentation as _;

/// A text on one line, cleaned and cut to `columns`, with `>` in the last one where something is
/// missing.
pub fn cut(text: &str, columns: usize) -> String {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut out = String::with_capacity(columns);
    let mut used = 0;
    for piece in text.graphemes(true) {
        if used + width(piece) > room {
            break;
        }
        used += width(piece);
        out.push_str(piece);
    }
    out.push('>');
    out
}

/// A text as cleaned lines of at most `columns`, broken at spaces where there are any; its own line
/// breaks stay, and what continues a line is indented as that line is. A character wider than
/// `columns` stands alone.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        wrap_line(&clean(line), columns.max(1), &mut lines);
    }
    lines
}

/// Wraps one clean line.
fn wrap_line(line: &str, columns: usize, lines: &mut Vec<String>) {
    let words = line.trim_start_matches(' ');
    let mut indent = &line[..line.len() - words.len()];
    // Two columns are what the widest character takes.
    if indent.len() * 2 > columns || columns < indent.len() + 2 {
        indent = "";
    }
    let mut rest = words.trim_end_matches(' ');
    let fitting = if is_plain(rest) {
        fitting_plain
    } else {
        fitting
    };
    loop {
        let end = fitting(rest, columns - indent.len());
        lines.push(format!("{indent}{}", rest[..end].trim_end_matches(' ')));
        rest = rest[end..].trim_start_matches(' ');
        if rest.is_empty() {
            return;
        }
    }
}

/// How many bytes of `text` go into one line of `columns`: up to the last space that fits, else as
/// much as fits, and never nothing.
fn fitting(text: &str, columns: usize) -> usize {
    let (mut used, mut space) = (0, None);
    for (at, piece) in text.grapheme_indices(true) {
        if piece == " " {
            space = Some(at);
        }
        used += width(piece);
        if used > columns && at > 0 {
            return space.filter(|space| *space > 0).unwrap_or(at);
        }
        if used > columns {
            return fitting_chars(piece, columns);
        }
    }
    text.len()
}

/// The same where each byte is a column.
fn fitting_plain(text: &str, columns: usize) -> usize {
    if text.len() <= columns {
        return text.len();
    }
    // The space may be the first character that does not fit.
    let space = text[..=columns].rfind(' ');
    space
        .filter(|space| *space > 0)
        .unwrap_or_else(|| columns.max(1))
}

/// The same within one cluster of characters that is wider than the line, such as an emoji with a
/// mark of its own width.
fn fitting_chars(cluster: &str, columns: usize) -> usize {
    let ends = cluster.char_indices().map(|(at, c)| at + c.len_utf8());
    let first = cluster.chars().next().map_or(0, char::len_utf8);
    let fits = ends.take_while(|end| width(&cluster[..*end]) <= columns);
    fits.last().unwrap_or(first)
}

/// What a silence of this length is to a person: that it is one, and what it may mean.
pub fn silence(length: Millis) -> String {
    format!(
        "no output for {}: it may be at work without a word, or wait for what never comes",
        duration(length)
    )
}

/// `0.4 s`, `12 s`, `3 m 12 s`, `1 h 03 m`, `1 d 00 h 12 m`; what is zero at the end is left out.
pub fn duration(length: Millis) -> String {
    let secs = length.secs();
    let tenths = length.0 % 1000 / 100;
    let (days, hours, minutes) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60);
    if secs < 10 && tenths > 0 {
        format!("{secs}.{tenths} s")
    } else if secs < 60 {
        format!("{secs} s")
    } else if secs < 3600 {
        units(&[(minutes, 'm'), (secs % 60, 's')])
    } else if days == 0 {
        units(&[(hours, 'h'), (minutes, 'm')])
    } else {
        units(&[(days, 'd'), (hours, 'h'), (minutes, 'm')])
    }
}

/// Numbers with their units, all but the first with two digits, without zeros at the end.
fn units(parts: &[(u64, char)]) -> String {
    let kept = parts
        .iter()
        .rposition(|(number, _)| *number > 0)
        .unwrap_or(0);
    let shown = parts[..=kept]
        .iter()
        .enumerate()
        .map(|(index, (number, unit))| {
            if index == 0 {
                format!("{number} {unit}")
            } else {
                format!("{number:02} {unit}")
            }
        });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cut_text_ends_in_a_mark() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long>");
        assert_eq!(cut("日本語です", 6), "日本>");
        assert_eq!(cut("日本語です", 5), "日本>");
        assert_eq!(cut("any", 0), "");
        assert_eq!(cut("a\nb\u{1b}", 80), "a b^[");
    }

    #[test]
    fn lines_break_at_spaces_and_keep_their_indent() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("  one two three", 7), ["  one", "  two", "  three"]);
        assert_eq!(wrap("a\n\nb\n", 7), ["a", "", "b"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
        assert_eq!(wrap("🤌𖽑", 2), ["🤌", "𖽑"]);
        assert_eq!(wrap(" 並", 2), ["並"]);
        assert_eq!(wrap("", 10), Vec::<String>::new());
    }

    #[test]
    fn lengths_of_time_are_words() {
        let shown = |secs: u64| duration(Millis::from_secs(secs));
        assert_eq!(duration(Millis(430)), "0.4 s");
        assert_eq!(duration(Millis(9_960)), "9.9 s");
        assert_eq!(duration(Millis(12_340)), "12 s");
        assert_eq!(duration(Millis(0)), "0 s");
        assert_eq!(shown(192), "3 m 12 s");
        assert_eq!(shown(185), "3 m 05 s");
        assert_eq!(shown(1800), "30 m");
        assert_eq!(shown(3600 + 180), "1 h 03 m");
        assert_eq!(shown(86_400 + 720), "1 d 00 h 12 m");
        assert_eq!(shown(7 * 86_400), "7 d");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_asked(text in any::<String>(), columns in 2_usize..60) {
            prop_assert!(width(&cut(&text, columns)) <= columns);
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns, "{:?}", line);
                prop_assert!(!line.chars().any(char::is_control));
            }
        }

        #[test]
        fn a_plain_text_breaks_where_any_other_does(text in "[ -~]{1,60}", columns in 1_usize..70) {
            prop_assert_eq!(fitting_plain(&text, columns), fitting(&text, columns));
        }

        #[test]
        fn wrapping_loses_no_word(text in "[a-z]{1,6}( [a-z]{1,6}){0,20}", columns in 6_usize..40) {
            prop_assert_eq!(wrap(&text, columns).join(" "), text);
        }
    }
}
