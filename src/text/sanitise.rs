//! Making log lines harmless, with their carriage returns and escapes.
//!
//! Nothing that comes out of here holds a control character, an escape or a character that turns
//! the direction of writing, so no log line can forge a prompt or move the cursor. The raw bytes
//! stay in the log file.

use super::clean::stand_in;
use super::graphics::{Colours, Pen, Stretch};
use anstyle_parse::state::{Action, State, state_change};
use unicode_width::UnicodeWidthChar as _;

/// Where lines are cut.
pub const MAX_COLUMNS: usize = 4096;
/// How many combining marks a character may carry.
const MAX_MARKS: usize = 8;
/// What stands for an escape sequence that was dropped.
const DROPPED: &str = "^[";

/// A log line as it can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Its text, without any control character; dropped sequences stand as `^[`.
    pub text: String,
    /// How many escape sequences and control characters were dropped.
    pub dropped: usize,
    /// Whether it was longer than [`MAX_COLUMNS`].
    pub cut: bool,
}

/// A line as it comes into being.
#[derive(Default)]
struct Sanitiser<P: Pen> {
    cells: Vec<Cell<P::Trace>>,
    pen: P,
    column: usize,
    dropped: usize,
    cut: bool,
    state: State,
    sequence: Sequence,
}

/// One column: a character with its marks, or the second half of a wide one.
struct Cell<T> {
    character: Option<char>,
    marks: String,
    trace: T,
}

/// What is known of the escape sequence under way.
#[derive(Debug, Clone, Default)]
struct Sequence {
    /// Its first number.
    number: u16,
    /// Whether it has more than one number.
    more: bool,
    /// What stands before the numbers or the final byte: `?`, `(`.
    intermediate: Option<u8>,
}

/// One line of a log, without its line end, as it can be shown. Text, colours (which are not kept),
/// tab, carriage return, backspace and "erase in line" do what a terminal does; all else is dropped,
/// counted and shown as `^[` or the like. An open sequence ends with its line.
pub fn sanitise(line: &[u8]) -> Line {
    plain(line).unwrap_or_else(|| read::<()>(line).end().0)
}

/// The same line with the colours and attributes that are kept, in the order of its text. It begins
/// plain, whatever the line before ended with, and so is all that stands for what was dropped.
pub fn sanitise_coloured(line: &[u8]) -> (Line, Vec<Stretch>) {
    match plain(line) {
        Some(line) => (line, Vec::new()),
        None => read::<Colours>(line).end(),
    }
}

/// A line with nothing to be looked at, as nearly every line of a log is.
fn plain(line: &[u8]) -> Option<Line> {
    let plain = line.len() <= MAX_COLUMNS && line.iter().all(|byte| (b' '..=b'~').contains(byte));
    plain.then(|| Line {
        text: String::from_utf8_lossy(line).into_owned(),
        ..Line::default()
    })
}

/// Reads a line to its end.
fn read<P: Pen>(line: &[u8]) -> Sanitiser<P> {
    let mut sanitiser = Sanitiser::default();
    for chunk in line.utf8_chunks() {
        for character in chunk.valid().chars() {
            sanitiser.character(character);
        }
        if !chunk.invalid().is_empty() {
            sanitiser.character('\u{fffd}');
        }
    }
    sanitiser
}

impl<P: Pen> Sanitiser<P> {
    /// Ends the line: whatever is open ends with it.
    fn end(mut self) -> (Line, Vec<Stretch>) {
        if !matches!(self.state, State::Ground) {
            self.drop_sequence();
        }
        let line = Line {
            text: self.text(),
            dropped: self.dropped,
            cut: self.cut,
        };
        (line, P::stretches(self.cells.iter().map(Cell::written)))
    }

    /// Takes one character, wherever it stands.
    fn character(&mut self, character: char) {
        let Some(byte) = ascii(character) else {
            return self.beyond_ascii(character);
        };
        let (next, action) = state_change(self.state, byte);
        if !matches!(next, State::Anywhere) {
            self.leave(next);
        }
        self.act(action, byte);
    }

    /// A character that no escape sequence contains: it ends a short one and belongs to the body
    /// of a long one.
    fn beyond_ascii(&mut self, character: char) {
        match self.state {
            State::OscString
            | State::SosPmApcString
            | State::DcsEntry
            | State::DcsIgnore
            | State::DcsIntermediate
            | State::DcsParam
            | State::DcsPassthrough => {}
            State::Ground | State::Anywhere | State::Utf8 => self.show(character),
            State::CsiEntry
            | State::CsiIgnore
            | State::CsiIntermediate
            | State::CsiParam
            | State::Escape
            | State::EscapeIntermediate => {
                self.drop_sequence();
                self.show(character);
            }
        }
    }

    /// Goes over to another state of the parser; a body that ends here was dropped.
    fn leave(&mut self, next: State) {
        let body = matches!(
            self.state,
            State::OscString
                | State::SosPmApcString
                | State::DcsPassthrough
                | State::DcsIgnore
                | State::CsiIgnore
        );
        if body && matches!(next, State::Ground | State::Escape) {
            self.drop_sequence();
        }
        if matches!(next, State::Escape | State::CsiEntry) {
            self.sequence = Sequence::default();
            self.pen.begin();
        }
        self.state = next;
    }

    /// Does what the parser says about a byte.
    fn act(&mut self, action: Action, byte: u8) {
        match action {
            Action::Print => self.show(char::from(byte)),
            Action::Execute => self.control(byte),
            Action::CsiDispatch => self.control_sequence(byte),
            Action::EscDispatch => self.escape(byte),
            Action::Collect => self.sequence.intermediate = Some(byte),
            Action::Param => self.parameter(byte),
            // The bodies of strings are swallowed; characters beyond ASCII never get here.
            Action::Nop
            | Action::Clear
            | Action::Hook
            | Action::Ignore
            | Action::OscEnd
            | Action::OscPut
            | Action::OscStart
            | Action::Put
            | Action::Unhook
            | Action::BeginUtf8 => {}
        }
    }

    /// A digit or separator of a sequence's numbers.
    fn parameter(&mut self, byte: u8) {
        self.pen.parameter(byte);
        if !byte.is_ascii_digit() {
            self.sequence.more = true;
        } else if !self.sequence.more {
            let digit = u16::from(byte - b'0');
            let number = self.sequence.number.saturating_mul(10);
            self.sequence.number = number.saturating_add(digit);
        }
    }

    /// A control character.
    fn control(&mut self, byte: u8) {
        match byte {
            b'\r' => self.column = 0,
            0x08 => self.column = self.column.saturating_sub(1),
            b'\t' => {
                for _ in self.column % 8..8 {
                    self.put(' ', 1, P::Trace::default());
                }
            }
            // CAN and SUB break a sequence off.
            _ => self.show(char::from(byte)),
        }
    }

    /// The end of a `CSI` sequence.
    fn control_sequence(&mut self, byte: u8) {
        match (byte, self.sequence.intermediate) {
            (b'm', None) => self.pen.choose(),
            (b'K', None) => self.erase(),
            _ => self.drop_sequence(),
        }
    }

    /// The end of a short escape. The terminator of a string has been counted with it, and
    /// choosing ASCII (part of `tput sgr0`) is what we do anyway.
    fn escape(&mut self, byte: u8) {
        match (byte, self.sequence.intermediate) {
            (b'\\', None) | (b'B', Some(b'(')) => {}
            _ => self.drop_sequence(),
        }
    }

    /// Erases in the line: from the cursor on, up to the cursor, or all.
    fn erase(&mut self) {
        let (from, to) = match self.sequence.number {
            0 => (self.column, self.cells.len()),
            1 => (0, (self.column + 1).min(self.cells.len())),
            _ => (0, self.cells.len()),
        };
        for column in from..to {
            self.clear_cell(column);
        }
        if to == self.cells.len() {
            self.cells.truncate(from);
        }
    }

    /// Shows that a sequence was dropped, and counts it.
    fn drop_sequence(&mut self) {
        self.state = State::Ground;
        self.dropped += 1;
        self.stand_in(DROPPED);
    }

    /// Shows a character, or what stands for it.
    fn show(&mut self, character: char) {
        if let Some(shown) = stand_in(character) {
            self.dropped += 1;
            self.stand_in(&shown);
            return;
        }
        match character.width() {
            Some(0) | None => self.mark(character),
            Some(columns) => self.put(character, columns, self.pen.trace()),
        }
    }

    /// Writes what stands for something that was dropped: these are our words, in no colour of theirs.
    fn stand_in(&mut self, shown: &str) {
        for character in shown.chars() {
            self.put(character, 1, P::Trace::default());
        }
    }

    /// Adds a combining mark to the character before the cursor.
    fn mark(&mut self, mark: char) {
        let before = self.column.min(self.cells.len());
        let cell = self.cells[..before]
            .iter_mut()
            .rev()
            .find(|cell| cell.character.is_some());
        if let Some(cell) = cell
            && cell.marks.chars().count() < MAX_MARKS
        {
            cell.marks.push(mark);
        }
    }

    /// Writes a character at the cursor, over what is there.
    fn put(&mut self, character: char, columns: usize, trace: P::Trace) {
        let end = self.column + columns;
        if end > MAX_COLUMNS {
            self.cut = true;
            return;
        }
        for column in self.column..end.min(self.cells.len()) {
            self.clear_cell(column);
        }
        if self.cells.len() < end {
            self.cells.resize_with(end, || Cell::of(Some(' ')));
        }
        self.cells[self.column] = Cell {
            trace,
            ..Cell::of(Some(character))
        };
        for cell in &mut self.cells[self.column + 1..end] {
            *cell = Cell::of(None);
        }
        self.column = end;
    }

    /// Blanks a column, and the other half of a wide character that stood there.
    fn clear_cell(&mut self, column: usize) {
        let first = (0..=column)
            .rev()
            .find(|at| self.cells[*at].character.is_some());
        let first = first.unwrap_or(column);
        self.cells[first] = Cell::of(Some(' '));
        for cell in &mut self.cells[first + 1..] {
            if cell.character.is_some() {
                break;
            }
            *cell = Cell::of(Some(' '));
        }
    }

    /// The line as text.
    fn text(&self) -> String {
        let mut text = String::with_capacity(self.cells.len());
        for cell in &self.cells {
            text.extend(cell.character);
            text.push_str(&cell.marks);
        }
        text
    }
}

impl<T: Default + Copy> Cell<T> {
    /// A plain column without marks.
    fn of(character: Option<char>) -> Self {
        Self {
            character,
            marks: String::new(),
            trace: T::default(),
        }
    }

    /// How many bytes of the text it is, and what wrote it.
    fn written(&self) -> (usize, T) {
        let first = self.character.map_or(0, char::len_utf8);
        (first + self.marks.len(), self.trace)
    }
}

/// The character's byte, where it is ASCII.
fn ascii(character: char) -> Option<u8> {
    u8::try_from(character).ok().filter(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Graphics, Ink, clean};
    use proptest::prelude::*;

    fn text(line: &[u8]) -> String {
        sanitise(line).text
    }

    #[test]
    fn colours_go_and_text_stays() {
        let line = sanitise(b"\x1b[1;31merror\x1b[0m: no\x1b(B\x1b[m room");
        assert_eq!((line.text.as_str(), line.dropped), ("error: no room", 0));
    }

    /// The coloured stretches of a line: their text and how it looks.
    fn coloured(line: &[u8]) -> Vec<(String, Graphics)> {
        let (line, stretches) = sanitise_coloured(line);
        let of = |stretch: Stretch| (line.text[stretch.range].to_owned(), stretch.graphics);
        stretches.into_iter().map(of).collect()
    }

    /// Text in one of the 256 colours.
    fn ink(index: u8) -> Graphics {
        Graphics {
            front: Some(Ink::Indexed(index)),
            ..Graphics::default()
        }
    }

    fn is(text: &str, graphics: Graphics) -> (String, Graphics) {
        (text.to_owned(), graphics)
    }

    #[test]
    fn colours_are_kept_where_they_are_wanted() {
        let bold = Graphics {
            bold: true,
            ..ink(1)
        };
        assert_eq!(
            coloured(b"a \x1b[1;31merror\x1b[0m: \x1b[38;5;208mno\x1b[m room"),
            [is("error", bold), is("no", ink(208))]
        );
        let wide = "\x1b[32m日e\u{301}\x1b[m日".as_bytes();
        assert_eq!(coloured(wide), [is("日e\u{301}", ink(2))]);
        assert!(coloured(b"plain").is_empty() && coloured(b"\x1b[31m").is_empty());
    }

    #[test]
    fn a_column_has_the_colour_of_what_was_written_there_last() {
        assert_eq!(coloured(b"\x1b[31mabc\x1b[m\rX"), [is("bc", ink(1))]);
        assert_eq!(coloured(b"\x1b[31mabc\r\x1b[K\x1b[mX"), []);
        assert_eq!(
            coloured("\x1b[31m日本\x1b[32m\rx".as_bytes()),
            [is("x", ink(2)), is("本", ink(1))]
        );
        // Terminals write nothing where a tab goes.
        assert_eq!(coloured(b"\x1b[41m\t\x1b[m."), []);
    }

    #[test]
    fn what_stands_for_something_dropped_has_no_colour() {
        assert_eq!(
            coloured("\x1b[31ma\x1b[2Jb\x07c\u{202e}".as_bytes()),
            [is("a", ink(1)), is("b", ink(1)), is("c", ink(1))]
        );
        // Open at its end, of another kind, and broken off.
        for line in [
            &b"\x1b[32mx\x1b[31"[..],
            b"\x1b[32mx\x1b[31;",
            b"\x1b[32mx\x1b[?31m",
            b"\x1b[32mx\x1b[>4;1m",
            b"\x1b[32mx\x1b[31 m",
            b"\x1b[32mx\x1b[31\x18",
        ] {
            assert_eq!(coloured(line), [is("x", ink(2))], "{line:?}");
        }
        // Bytes that are no text belong to no sequence.
        let line = sanitise_coloured(b"\x1b[3\xff1mx");
        assert_eq!((line.0.text.as_str(), line.1), ("^[\u{fffd}1mx", vec![]));
        assert_eq!(coloured(b"\xff\x1b[31m\xfe"), [is("\u{fffd}", ink(1))]);
    }

    #[test]
    fn a_hostile_line_costs_no_more_than_any_other() {
        let many = format!("\x1b[{}31mx", "1;".repeat(10_000));
        assert_eq!(coloured(many.as_bytes()), []);
        let bright = "\x1b[31mx\x1b[32mx".repeat(1500);
        let (line, stretches) = sanitise_coloured(bright.as_bytes());
        assert_eq!((line.text.len(), stretches.len()), (3000, 512));
    }

    #[test]
    fn a_carriage_return_writes_over_the_line() {
        assert_eq!(text(b"  5 %\r 50 %\r100 %\r"), "100 %");
        assert_eq!(text(b"working...\r\x1b[Kdone"), "done");
        assert_eq!(text(b"abc\r\x1b[2Kx"), "x");
        assert_eq!(text(b"abc\x08\x08X"), "aXc");
        assert_eq!(text("日本\rx".as_bytes()), "x 本");
        assert_eq!(text(b"a\tb"), "a       b");
    }

    #[test]
    fn other_sequences_are_dropped_counted_and_shown() {
        let line = sanitise(b"a\x1b[2Jb\x1b]52;c;ZXZpbA==\x07c\x1b[6nd\x07");
        assert_eq!((line.text.as_str(), line.dropped), ("a^[b^[c^[d^G", 4));
        let line = sanitise(b"\x1b]0;title\x1b\\text");
        assert_eq!((line.text.as_str(), line.dropped), ("^[text", 1));
        let line = sanitise("\u{9b}2J \u{202e}abc".as_bytes());
        assert_eq!(line.text, "<U+009B>2J <U+202E>abc");
    }

    #[test]
    fn an_open_sequence_ends_with_its_line() {
        let line = sanitise(b"a\x1b]0;never closed");
        assert_eq!((line.text.as_str(), line.dropped), ("a^[", 1));
        assert_eq!(text(b"next\x1b["), "next^[");
    }

    #[test]
    fn invalid_bytes_are_shown() {
        assert_eq!(text(b"a\xffb\xe2\x82"), "a\u{fffd}b\u{fffd}");
        assert_eq!(text(b"\xc2\x1b[31mx"), "\u{fffd}x");
    }

    #[test]
    fn long_lines_are_cut_and_marks_bounded() {
        let line = sanitise(&vec![b'x'; MAX_COLUMNS + 1]);
        assert!(line.cut && line.text.len() == MAX_COLUMNS);
        assert!(!sanitise(&vec![b'x'; MAX_COLUMNS]).cut);
        let marks = format!("a{}", "\u{301}".repeat(100));
        assert_eq!(
            sanitise(marks.as_bytes()).text.chars().count(),
            1 + MAX_MARKS
        );
    }

    #[test]
    fn a_cleaned_text_is_one_line() {
        assert_eq!(
            clean("web01\u{1b}]0;x\u{7}\nnext\t\u{202e}"),
            "web01^[]0;x^G next <U+202E>"
        );
        assert_eq!(clean("a line\r\n"), "a line");
    }

    /// Whether nothing in a text can do anything to a terminal.
    fn is_harmless(text: &str) -> bool {
        !text
            .chars()
            .any(|c| c.is_control() || stand_in(c).is_some())
    }

    /// Asserts that colours change nothing but how a line looks, and that each has its place there.
    fn same_text(bytes: &[u8]) {
        let (line, stretches) = sanitise_coloured(bytes);
        assert_eq!(line, sanitise(bytes));
        let mut passed = 0;
        for Stretch { range, graphics } in stretches {
            assert!(passed <= range.start && range.start < range.end);
            assert!(line.text.get(range.clone()).is_some() && graphics != Graphics::default());
            passed = range.end;
        }
    }

    proptest! {
        #[test]
        fn nothing_harmful_comes_out(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(is_harmless(&text(&bytes)), "{:?}", text(&bytes));
            same_text(&bytes);
            let cleaned = clean(&String::from_utf8_lossy(&bytes));
            prop_assert!(is_harmless(&cleaned));
            prop_assert_eq!(clean(&cleaned), cleaned);
        }

        #[test]
        fn sequences_made_of_their_own_bytes_are_harmless(text in "[\u{1b}\\[\\]0-9;?()BKmJPX^_\\\\a\r\u{8}\t\u{7}日é]{0,80}") {
            let line = sanitise(text.as_bytes());
            prop_assert!(is_harmless(&line.text));
            prop_assert!(crate::text::width(&line.text) <= MAX_COLUMNS);
            same_text(text.as_bytes());
        }

        #[test]
        fn plain_lines_are_unchanged(text in "[ -~]{0,200}") {
            let line = sanitise(text.as_bytes());
            prop_assert_eq!((line.text, line.dropped, line.cut), (text, 0, false));
        }
    }
}
