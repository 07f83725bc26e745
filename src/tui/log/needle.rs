//! A text that is looked for: plain, of any case unless it has a capital letter. Nothing here
//! touches a file.

use std::ops::Range;

/// Bytes that make what a line shows differ from what stands in the file.
const REWRITES: [u8; 3] = [0x1b, b'\r', 0x08];

/// What is looked for.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    /// As it was typed.
    pub(super) text: String,
    /// Whether case counts.
    exact: bool,
    /// As it is compared.
    folded: String,
    /// The part of it that is looked for first: its longest run of ASCII.
    key: Vec<u8>,
    /// The byte of that part that is rarest in logs, by its place.
    rarest: usize,
}

impl Needle {
    /// A text that is looked for.
    pub(super) fn new(text: &str) -> Self {
        let exact = text.chars().any(char::is_uppercase);
        let folded = fold(text, exact);
        let runs = folded.split(|c: char| !c.is_ascii());
        let key = runs.max_by_key(|run| run.len()).unwrap_or_default();
        let key = key.as_bytes().to_vec();
        let rarest = (0..key.len()).max_by_key(|at| rarity(key[*at]));
        Self {
            text: text.to_owned(),
            exact,
            folded,
            rarest: rarest.unwrap_or(0),
            key,
        }
    }

    /// Whether a line, made safe, has it.
    pub(super) fn fits(&self, line: &str) -> bool {
        fold(line, self.exact).contains(&self.folded)
    }

    /// Where a line, made safe, has it, in bytes.
    pub(super) fn hits(&self, line: &str) -> Vec<Range<usize>> {
        // Folding may change how long a character is: places are counted in characters.
        let folded = fold(line, self.exact);
        if folded.len() != line.len() || self.folded.is_empty() {
            return Vec::new();
        }
        let found = folded.match_indices(&self.folded);
        let ranges = found.map(|(at, part)| at..at + part.len());
        let whole = |range: &Range<usize>| {
            line.is_char_boundary(range.start) && line.is_char_boundary(range.end)
        };
        ranges.filter(whole).collect()
    }

    /// The places in these bytes that make their lines worth a closer look.
    pub(super) fn candidates<'a>(&'a self, bytes: &'a [u8]) -> Candidates<'a> {
        Candidates {
            needle: self,
            bytes,
            next: [0; 3],
            known: [false; 3],
        }
    }

    /// The first place where the key stands.
    fn first_key(&self, bytes: &[u8]) -> Option<usize> {
        let rare = self.key[self.rarest];
        let other = if self.exact {
            rare
        } else {
            rare.to_ascii_uppercase()
        };
        let mut found = memchr::memchr2_iter(rare, other, bytes);
        found.find_map(|at| {
            let begin = at.checked_sub(self.rarest)?;
            let part = bytes.get(begin..begin + self.key.len())?;
            let same = if self.exact {
                part == self.key
            } else {
                part.eq_ignore_ascii_case(&self.key)
            };
            same.then_some(begin)
        })
    }
}

/// The places worth a closer look, in one pass over the bytes for each reason.
#[derive(Debug)]
pub(super) struct Candidates<'a> {
    needle: &'a Needle,
    bytes: &'a [u8],
    /// The next place for each reason: the text itself, what rewrites its line, and a tab that shows
    /// as spaces; the end where there is none.
    next: [usize; 3],
    known: [bool; 3],
}

impl Candidates<'_> {
    /// The first one from here on; none where no line is worth it.
    pub(super) fn from(&mut self, from: usize) -> Option<usize> {
        if self.needle.key.is_empty() {
            return (from < self.bytes.len()).then_some(from);
        }
        for reason in 0..self.next.len() {
            if !self.known[reason] || self.next[reason] < from {
                let rest = &self.bytes[from..];
                let found = self.look(reason, rest).map(|at| from + at);
                self.next[reason] = found.unwrap_or(self.bytes.len());
                self.known[reason] = true;
            }
        }
        self.next
            .into_iter()
            .min()
            .filter(|at| *at < self.bytes.len())
    }

    fn look(&self, reason: usize, bytes: &[u8]) -> Option<usize> {
        let [escape, cr, back] = REWRITES;
        match reason {
            0 => self.needle.first_key(bytes),
            1 => memchr::memchr3(escape, cr, back, bytes),
            _ if self.needle.folded.contains(' ') => memchr::memchr(b'\t', bytes),
            _ => None,
        }
    }
}

/// A text as it is compared.
fn fold(text: &str, exact: bool) -> String {
    if exact {
        text.to_owned()
    } else if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.to_lowercase()
    }
}

/// How rare a byte is in logs, roughly.
fn rarity(byte: u8) -> u8 {
    match byte {
        b' ' | b'e' | b't' | b'a' | b'0' => 0,
        b'o' | b'i' | b'n' | b's' | b'r' | b'1' => 1,
        b'l' | b'd' | b'c' | b'm' | b'u' | b'p' | b'2'..=b'9' => 2,
        b'f' | b'g' | b'h' | b'b' | b'y' | b'w' | b'.' | b'-' | b'_' | b'/' | b':' => 3,
        b'v' | b'k' | b'=' | b'"' | b'\'' | b',' | b'(' | b')' => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn case_counts_only_with_a_capital_letter() {
        let any = Needle::new("add_index");
        assert!(any.fits("ADD_INDEX") && any.fits("add_index(:x)"));
        assert_eq!(any.candidates(b"-- Add_Index").from(0), Some(3));
        let exact = Needle::new("Add");
        assert!(exact.fits("Add it") && !exact.fits("add it"));
        assert_eq!(exact.candidates(b"add it").from(0), None);
        assert_eq!(any.hits("an add_index, ADD_INDEX"), [3..12, 14..23]);
        assert!(Needle::new("straße").fits("STRAßE"));
        assert_eq!(Needle::new("日本").hits("a日本 日本"), [1..7, 8..14]);
    }

    proptest::proptest! {
        #[test]
        fn no_line_that_shows_it_is_passed_over(
            line in "[ -~\u{1b}\r\u{8}\té日]{0,60}", needle in "[a-zA-Z0-9 é._-]{1,6}",
        ) {
            let needle = Needle::new(&needle);
            if needle.fits(&text::sanitise(line.as_bytes()).text) {
                proptest::prop_assert!(needle.candidates(line.as_bytes()).from(0).is_some());
            }
        }
    }
}
