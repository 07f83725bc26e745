//! Bytes of the terminal to keys.
//!
//! An own reader, because crossterm's spins for ever on a closed terminal and holds its lock while
//! it waits, so that nobody else can empty its queue (ux.md, M1 and M3). Nothing here reads or waits;
//! `term` feeds it.

use super::arming::Focus;

/// A key, as far as the screens tell keys apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character, space included.
    Char(char),
    /// Control and a lower-case letter.
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    F1,
    /// The mouse's wheel, one notch.
    WheelUp,
    WheelDown,
}

/// What the bytes said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A key.
    Key(Key),
    /// A bracketed paste: what it held, control characters and all, as far as it is kept.
    Paste(String),
    /// The window got or lost the focus.
    Focus(Focus),
    /// The terminal says where its cursor is, from 1; no key.
    Cursor { row: u16, column: u16 },
}

impl Typed {
    /// Whether it counts however early it came: the terminal says it and no person, or it is a
    /// command to this screen, which answers nothing.
    pub(crate) fn is_kept(&self) -> bool {
        match self {
            Self::Focus(_) | Self::Cursor { .. } => true,
            Self::Key(key) => matches!(key, Key::Ctrl('c' | 'l' | 'z')),
            Self::Paste(_) => false,
        }
    }
}

/// What the held bytes may still become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The key Escape, or the rest of a sequence.
    Escape,
    /// The end of a paste.
    Paste,
}

/// The longest escape sequence that is waited for.
const LONGEST: usize = 32;
/// How much of a paste is kept, in bytes.
const LONGEST_PASTE: usize = 4096;
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";
/// What a terminal says that was asked whether it is well.
const WELL: &[u8] = b"\x1b[0n";

/// Bytes that are not yet a whole key.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    held: Vec<u8>,
    /// What has been pasted so far, while a paste is under way.
    pasting: Option<Vec<u8>>,
    /// How often the terminal has said that it is well.
    answers: usize,
}

/// What the beginning of the held bytes is.
enum Step {
    /// So many bytes, and what they say.
    Took(usize, Option<Typed>),
    /// More bytes are needed.
    Wait,
}

impl Parser {
    /// Takes bytes in and gives the keys they complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Typed> {
        self.held.extend_from_slice(bytes);
        let mut typed = Vec::new();
        while !self.held.is_empty() {
            let (used, said) = match self.step() {
                Step::Took(used, said) => (used, said),
                Step::Wait => break,
            };
            if self.pasting.is_none() && self.held.get(..used) == Some(WELL) {
                self.answers += 1;
            }
            self.held.drain(..used.clamp(1, self.held.len()));
            typed.extend(said);
        }
        typed
    }

    /// How often the terminal has said that it is well, since this was asked last.
    pub(crate) fn take_answers(&mut self) -> usize {
        std::mem::take(&mut self.answers)
    }

    /// What is waited for, but not for ever: a lone Escape may be a key of its own, and the end of a
    /// paste may be lost.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        if self.pasting.is_some() {
            return Some(Waiting::Paste);
        }
        (self.held.first() == Some(&0x1b)).then_some(Waiting::Escape)
    }

    /// Nothing more came for a while: what is held is the key Escape, a torn sequence, or a paste
    /// without its end.
    pub(crate) fn give_up(&mut self) -> Option<Typed> {
        let held = std::mem::take(&mut self.held);
        match self.pasting.take() {
            Some(mut pasted) => {
                // Behind an Escape stands the beginning of the mark that should have ended it.
                pasted.extend(held.into_iter().take_while(|byte| *byte != 0x1b));
                Some(paste(&pasted))
            }
            None => (held == [0x1b]).then_some(Typed::Key(Key::Esc)),
        }
    }

    /// Forgets what is held.
    pub(crate) fn clear(&mut self) {
        self.held.clear();
        self.pasting = None;
    }

    fn step(&mut self) -> Step {
        if self.pasting.is_some() {
            return self.inside_paste();
        }
        if self.held.starts_with(PASTE_BEGINS) {
            self.pasting = Some(Vec::new());
            return Step::Took(PASTE_BEGINS.len(), None);
        }
        match self.held[0] {
            0x1b => escape(&self.held),
            b'\r' | b'\n' => key(1, Key::Enter),
            b'\t' => key(1, Key::Tab),
            0x7f | 0x08 => key(1, Key::Backspace),
            byte @ 1..=26 => key(1, Key::Ctrl(char::from(byte + b'a' - 1))),
            0 | 0x1c..=0x1f => Step::Took(1, None),
            _ => character(&self.held),
        }
    }

    /// Keeps what is pasted, but for a beginning of the mark that ends it.
    fn inside_paste(&mut self) -> Step {
        let ends = self
            .held
            .windows(PASTE_ENDS.len())
            .position(|part| part == PASTE_ENDS);
        let text = ends.unwrap_or((self.held.len() + 1).saturating_sub(PASTE_ENDS.len()));
        let mut pasted = self.pasting.take().unwrap_or_default();
        let room = LONGEST_PASTE.saturating_sub(pasted.len());
        pasted.extend_from_slice(&self.held[..text.min(room)]);
        if let Some(at) = ends {
            return Step::Took(at + PASTE_ENDS.len(), Some(paste(&pasted)));
        }
        self.pasting = Some(pasted);
        if text > 0 {
            Step::Took(text, None)
        } else {
            Step::Wait
        }
    }
}

/// A paste; bytes that are no text are left out.
fn paste(bytes: &[u8]) -> Typed {
    let text = String::from_utf8_lossy(bytes);
    Typed::Paste(text.replace(char::REPLACEMENT_CHARACTER, ""))
}

fn key(used: usize, key: Key) -> Step {
    Step::Took(used, Some(Typed::Key(key)))
}

/// One character of UTF-8; bytes that are none are dropped.
fn character(held: &[u8]) -> Step {
    let length = match held[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    if held.len() < length {
        return Step::Wait;
    }
    match std::str::from_utf8(&held[..length]) {
        Ok(text) => {
            let shown = text.chars().next().filter(|c| !c.is_control());
            Step::Took(length, shown.map(|c| Typed::Key(Key::Char(c))))
        }
        Err(_) => Step::Took(1, None),
    }
}

/// A sequence that begins with Escape.
fn escape(held: &[u8]) -> Step {
    match held.get(1) {
        None => Step::Wait,
        Some(b'[') => csi(held),
        Some(b'O') => match held.get(2) {
            None => Step::Wait,
            Some(end) => Step::Took(3, named(*end, 0).map(Typed::Key)),
        },
        // A second Escape: the first was a key.
        Some(0x1b) => key(1, Key::Esc),
        // Alt and something means nothing here.
        Some(_) => Step::Took(2, None),
    }
}

/// `ESC [ parameters final`.
fn csi(held: &[u8]) -> Step {
    // The Linux console says `ESC [ [ A` for F1.
    if held.get(2) == Some(&b'[') {
        return match held.get(3) {
            None => Step::Wait,
            Some(b'A') => key(4, Key::F1),
            Some(_) => Step::Took(4, None),
        };
    }
    let Some(end) = held[2..].iter().position(|b| (0x40..=0x7e).contains(b)) else {
        return if held.len() > LONGEST {
            Step::Took(held.len(), None)
        } else {
            Step::Wait
        };
    };
    let parameters = &held[2..2 + end];
    if let Some(mouse) = parameters.strip_prefix(b"<") {
        // Of the mouse only the wheel counts.
        let said = match (held[2 + end], number(mouse)) {
            (b'M', 64) => Some(Typed::Key(Key::WheelUp)),
            (b'M', 65) => Some(Typed::Key(Key::WheelDown)),
            _ => None,
        };
        return Step::Took(3 + end, said);
    }
    let mut numbers = parameters.split(|b| *b == b';').map(number);
    let (first, second) = (numbers.next().unwrap_or(0), numbers.next());
    let said = match (held[2 + end], second) {
        (b'R', Some(column)) => Some(Typed::Cursor { row: first, column }),
        (b'I', None) => Some(Typed::Focus(Focus::Here)),
        (b'O', None) => Some(Typed::Focus(Focus::Elsewhere)),
        // With Shift, Ctrl or Alt a key means nothing here.
        (_, Some(_)) => None,
        (end, None) => named(end, first).map(Typed::Key),
    };
    Step::Took(3 + end, said)
}

/// The number that a parameter begins with.
fn number(parameter: &[u8]) -> u16 {
    let digits = parameter.iter().take_while(|b| b.is_ascii_digit());
    digits.fold(0, |sum: u16, b| {
        sum.saturating_mul(10).saturating_add(u16::from(b - b'0'))
    })
}

/// The key of a final byte and, for `~`, its number.
fn named(end: u8, number: u16) -> Option<Key> {
    match (end, number) {
        (b'A', _) => Some(Key::Up),
        (b'B', _) => Some(Key::Down),
        (b'C', _) => Some(Key::Right),
        (b'D', _) => Some(Key::Left),
        (b'H', _) | (b'~', 1 | 7) => Some(Key::Home),
        (b'F', _) | (b'~', 4 | 8) => Some(Key::End),
        (b'P', _) | (b'~', 11) => Some(Key::F1),
        (b'~', 5) => Some(Key::PageUp),
        (b'~', 6) => Some(Key::PageDown),
        (b'M', _) => Some(Key::Enter),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let typed = Parser::default().feed(bytes);
        typed
            .into_iter()
            .map(|typed| match typed {
                Typed::Key(key) => key,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn usual_keys_are_told_apart() {
        assert_eq!(
            keys(b"aS\r\t\x7f\x03\x0c"),
            [
                Key::Char('a'),
                Key::Char('S'),
                Key::Enter,
                Key::Tab,
                Key::Backspace,
                Key::Ctrl('c'),
                Key::Ctrl('l'),
            ]
        );
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1bOP\x1b[11~\x1b[[A"),
            [
                Key::Up,
                Key::Down,
                Key::PageUp,
                Key::PageDown,
                Key::Home,
                Key::End,
                Key::F1,
                Key::F1,
                Key::F1,
            ]
        );
        assert_eq!(keys("ü→".as_bytes()), [Key::Char('ü'), Key::Char('→')]);
    }

    #[test]
    fn a_torn_sequence_waits_and_a_lone_escape_is_a_key() {
        let mut parser = Parser::default();
        assert!(parser.feed(b"\x1b").is_empty() && parser.waiting() == Some(Waiting::Escape));
        assert_eq!(parser.feed(b"[A"), [Typed::Key(Key::Up)]);
        assert!(parser.feed(b"\x1b").is_empty());
        assert_eq!(parser.give_up(), Some(Typed::Key(Key::Esc)));
        assert!(parser.feed(&"ü".as_bytes()[..1]).is_empty());
        assert_eq!(
            parser.feed(&"ü".as_bytes()[1..]),
            [Typed::Key(Key::Char('ü'))]
        );
    }

    #[test]
    fn a_paste_is_one_event_and_its_text_is_no_keys() {
        let mut parser = Parser::default();
        let mut typed = parser.feed(b"x\x1b[200~drop columns\r");
        typed.extend(parser.feed(b"more\x1b[20"));
        typed.extend(parser.feed(b"1~y"));
        assert_eq!(
            typed,
            [
                Typed::Key(Key::Char('x')),
                Typed::Paste("drop columns\rmore".into()),
                Typed::Key(Key::Char('y')),
            ]
        );
    }

    #[test]
    fn the_answer_of_a_terminal_is_no_key() {
        let mut parser = Parser::default();
        assert_eq!(parser.feed(b"a\x1b[0n"), [Typed::Key(Key::Char('a'))]);
        assert_eq!((parser.take_answers(), parser.take_answers()), (1, 0));
        assert!(parser.feed(b"\x1b[").is_empty() && parser.feed(b"0n").is_empty());
        assert_eq!(parser.take_answers(), 1);
        parser.feed(b"\x1b[200~\x1b[0n\x1b[201~");
        assert_eq!(parser.take_answers(), 0, "a paste is no answer");
    }

    #[test]
    fn a_paste_without_its_end_does_not_swallow_the_keyboard_and_a_huge_one_is_cut() {
        let mut parser = Parser::default();
        assert!(parser.feed(b"\x1b[200~half\x1b[20").is_empty());
        assert_eq!(parser.waiting(), Some(Waiting::Paste));
        assert_eq!(parser.give_up(), Some(Typed::Paste("half".into())));
        assert_eq!(parser.feed(b"y"), [Typed::Key(Key::Char('y'))]);
        assert!(parser.feed(b"\x1b[200~").is_empty());
        for _ in 0..1000 {
            assert!(parser.feed(&[b'x'; 100]).is_empty());
        }
        let typed = parser.feed(b"\x1b[201~");
        assert_eq!(typed, [Typed::Paste("x".repeat(LONGEST_PASTE))]);
    }

    #[test]
    fn what_the_terminal_says_is_no_key() {
        let mut parser = Parser::default();
        let typed = parser.feed(b"\x1b[I\x1b[O\x1b[2;17R\x1b[1;2P\x1b[99999;1Rx");
        assert_eq!(
            typed,
            [
                Typed::Focus(Focus::Here),
                Typed::Focus(Focus::Elsewhere),
                Typed::Cursor { row: 2, column: 17 },
                Typed::Cursor {
                    row: 65535,
                    column: 1
                },
                Typed::Key(Key::Char('x')),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let mut parser = Parser::default();
            for part in bytes.chunks(7) {
                parser.feed(part);
                proptest::prop_assert!(parser.held.len() <= LONGEST + 7);
            }
        }
    }
}
