//! The colours and attributes that a command gives its lines (`CSI .. m`, "select graphic
//! rendition"), as far as they may be shown. Called by `sanitise` alone, on bytes of any origin.
//!
//! Concealed and blinking text, fonts, italics and the like are not known here: nothing that a command
//! writes is hidden or moves.

use std::ops::Range;

/// The longest sequence that is looked at, in bytes: several times what one with two colours and all
/// attributes takes.
const MAX_SEQUENCE: usize = 96;

/// How many stretches of a line keep their colours; what follows is plain. Windows of many lines are
/// kept and compared, whatever a command writes.
const MAX_STRETCHES: usize = 512;

/// A colour as a command names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// One of the 256; the first 16 are whatever the terminal makes of them.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// How a piece of a line is to look; the default is plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Graphics {
    /// The text's colour; none: as text around it.
    pub front: Option<Ink>,
    /// What is behind it, likewise.
    pub back: Option<Ink>,
    /// Whether it is bold.
    pub bold: bool,
    /// Whether it is underlined.
    pub underlined: bool,
    /// Whether front and back change places.
    pub reversed: bool,
}

/// A piece of a line that does not look plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Where it stands in the line's text, in bytes.
    pub range: Range<usize>,
    /// How it looks.
    pub graphics: Graphics,
}

impl Stretch {
    /// Those that stand in a part of the text, or partly so, by their place in that part.
    pub fn within(all: &[Self], part: &Range<usize>) -> Vec<Self> {
        let placed = all.iter().filter_map(|one| {
            let range = within(&one.range, part)?;
            Some(Self {
                range,
                graphics: one.graphics,
            })
        });
        placed.collect()
    }
}

/// What of a range of a text is in a part of it, by its place in that part; none where nothing is.
pub fn within(range: &Range<usize>, part: &Range<usize>) -> Option<Range<usize>> {
    let (start, end) = (range.start.max(part.start), range.end.min(part.end));
    (start < end).then(|| start - part.start..end - part.start)
}

/// What becomes of a line's colours while it is read.
pub(super) trait Pen: Default {
    /// What a column remembers of the pen that wrote it; the default is plain.
    type Trace: Copy + Default + PartialEq;

    /// A control sequence begins.
    fn begin(&mut self);

    /// A digit or a separator of its numbers.
    fn parameter(&mut self, byte: u8);

    /// It was one that chooses colours.
    fn choose(&mut self);

    /// What the next character is written with.
    fn trace(&self) -> Self::Trace;

    /// The stretches of a line, from how many bytes of it each column is and what wrote it.
    fn stretches(columns: impl Iterator<Item = (usize, Self::Trace)>) -> Vec<Stretch>;
}

/// Colours are not looked at, which costs nothing.
impl Pen for () {
    type Trace = ();

    fn begin(&mut self) {}

    fn parameter(&mut self, _byte: u8) {}

    fn choose(&mut self) {}

    fn trace(&self) {}

    fn stretches(_columns: impl Iterator<Item = (usize, ())>) -> Vec<Stretch> {
        Vec::new()
    }
}

/// Colours are kept.
#[derive(Debug, Default)]
pub(super) struct Colours {
    now: Graphics,
    /// The numbers of the sequence under way, with their separators.
    numbers: Vec<u8>,
}

impl Pen for Colours {
    type Trace = Graphics;

    fn begin(&mut self) {
        self.numbers.clear();
    }

    fn parameter(&mut self, byte: u8) {
        // One byte more tells that it is too long.
        if self.numbers.len() <= MAX_SEQUENCE {
            self.numbers.push(byte);
        }
    }

    fn choose(&mut self) {
        // A part of a sequence may say something else than the whole.
        if self.numbers.len() <= MAX_SEQUENCE {
            self.now.choose(&self.numbers);
        }
    }

    fn trace(&self) -> Graphics {
        self.now
    }

    fn stretches(columns: impl Iterator<Item = (usize, Graphics)>) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut at = 0;
        for (bytes, graphics) in columns {
            let range = at..at + bytes;
            at = range.end;
            if bytes == 0 || graphics == Graphics::default() {
                continue;
            }
            let full = stretches.len() == MAX_STRETCHES;
            match stretches.last_mut() {
                Some(last) if last.range.end == range.start && last.graphics == graphics => {
                    last.range.end = range.end;
                }
                Some(_) | None if full => break,
                Some(_) | None => stretches.push(Stretch { range, graphics }),
            }
        }
        stretches
    }
}

impl Graphics {
    /// Takes the numbers of one sequence. What is not known is passed over; behind a colour of an
    /// unknown kind nobody can tell what the numbers are, so that the rest is left alone.
    fn choose(&mut self, numbers: &[u8]) {
        let mut groups = numbers.split(|byte| *byte == b';');
        while let Some(group) = groups.next() {
            let mut parts = group.split(|byte| *byte == b':');
            let code = parts.next().and_then(number);
            let more: Vec<Option<u16>> = parts.map(number).collect();
            match code {
                Some(code @ (38 | 48 | 58)) => {
                    let colour = if more.is_empty() {
                        match listed(&mut groups) {
                            Ok(colour) => colour,
                            Err(Unknown) => return,
                        }
                    } else {
                        in_parts(&more)
                    };
                    match code {
                        38 => self.front = colour.or(self.front),
                        48 => self.back = colour.or(self.back),
                        // The colour of the line below the text.
                        _ => {}
                    }
                }
                Some(4) => self.underlined = more.first() != Some(&Some(0)),
                Some(code) if more.is_empty() => self.take(code),
                Some(_) | None => {}
            }
        }
    }

    /// Takes one number that stands for itself.
    fn take(&mut self, code: u16) {
        let index = |base: u16| u8::try_from(code - base).ok().map(Ink::Indexed);
        match code {
            0 => *self = Self::default(),
            1 => self.bold = true,
            7 => self.reversed = true,
            // Two lines below the text are one here.
            21 => self.underlined = true,
            22 => self.bold = false,
            24 => self.underlined = false,
            27 => self.reversed = false,
            30..=37 => self.front = index(30),
            39 => self.front = None,
            40..=47 => self.back = index(40),
            49 => self.back = None,
            90..=97 => self.front = index(90 - 8),
            100..=107 => self.back = index(100 - 8),
            _ => {}
        }
    }
}

/// A colour of a kind that nobody knows.
struct Unknown;

/// A colour whose numbers are each a parameter: `38;5;208`, `38;2;255;128;0`. None where one of them
/// is missing or too large.
fn listed<'a>(groups: &mut impl Iterator<Item = &'a [u8]>) -> Result<Option<Ink>, Unknown> {
    let kind = groups.next().and_then(number);
    let mut next = || groups.next().and_then(number);
    match kind {
        Some(5) => Ok(indexed(next())),
        Some(2) => Ok(rgb([next(), next(), next()])),
        Some(_) | None => Err(Unknown),
    }
}

/// A colour that is one parameter: `38:5:208`, `38:2:255:128:0`, `38:2::255:128:0` with a place for a
/// colour space, which is not looked at.
fn in_parts(parts: &[Option<u16>]) -> Option<Ink> {
    match parts {
        [Some(5), index, ..] => indexed(*index),
        [Some(2), r, g, b] | [Some(2), _, r, g, b, ..] => rgb([*r, *g, *b]),
        _ => None,
    }
}

fn indexed(index: Option<u16>) -> Option<Ink> {
    u8::try_from(index?).ok().map(Ink::Indexed)
}

fn rgb([r, g, b]: [Option<u16>; 3]) -> Option<Ink> {
    let byte = |part: Option<u16>| u8::try_from(part?).ok();
    Some(Ink::Rgb(byte(r)?, byte(g)?, byte(b)?))
}

/// A number, 0 where it is left out; none where it is none, or too large to mean anything.
fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() {
        return Some(0);
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a pen writes with after these sequences.
    fn after(sequences: &[&str]) -> Graphics {
        let mut pen = Colours::default();
        for numbers in sequences {
            pen.begin();
            numbers.bytes().for_each(|byte| pen.parameter(byte));
            pen.choose();
        }
        pen.trace()
    }

    fn front(ink: Ink) -> Graphics {
        Graphics {
            front: Some(ink),
            ..Graphics::default()
        }
    }

    #[test]
    fn colours_come_in_all_their_forms() {
        for (numbers, ink) in [
            ("31", Ink::Indexed(1)),
            ("97", Ink::Indexed(15)),
            ("38;5;208", Ink::Indexed(208)),
            ("38:5:208", Ink::Indexed(208)),
            ("38;2;255;128;0", Ink::Rgb(255, 128, 0)),
            ("38:2:255:128:0", Ink::Rgb(255, 128, 0)),
            ("38:2::255:128:0", Ink::Rgb(255, 128, 0)),
            ("38:2:1:255:128:0:9:9", Ink::Rgb(255, 128, 0)),
            ("38;5;", Ink::Indexed(0)),
        ] {
            assert_eq!(after(&[numbers]), front(ink), "{numbers}");
        }
        let back = after(&["104", "49", "48;5;7"]).back;
        assert_eq!(back, Some(Ink::Indexed(7)));
        assert_eq!(after(&["100"]).back, Some(Ink::Indexed(8)));
    }

    #[test]
    fn attributes_are_switched_on_and_off() {
        let all = after(&["1;4;7;31"]);
        assert!(all.bold && all.underlined && all.reversed);
        for reset in ["", "0", ";", "22;24;27;39", "22;4:0;27;39"] {
            assert_eq!(after(&["1;4;7;31", reset]), Graphics::default(), "{reset}");
        }
        assert!(after(&["4:3"]).underlined && after(&["21"]).underlined);
    }

    #[test]
    fn what_hides_moves_or_changes_the_font_is_nothing() {
        for numbers in [
            "2", "3", "5", "6", "8", "9", "10", "11;20", "53", "73", "8:1",
        ] {
            assert_eq!(after(&[numbers]), Graphics::default(), "{numbers}");
        }
        // The numbers of the line's colour are none of their own: 5 is not blinking, 7 not reversed.
        assert_eq!(after(&["58;5;7"]), Graphics::default());
        assert_eq!(after(&["58;2;1;4;7;31"]), front(Ink::Indexed(1)));
        assert_eq!(after(&["58:2::1:4:7;31"]), front(Ink::Indexed(1)));
    }

    #[test]
    fn what_makes_no_sense_changes_nothing() {
        for numbers in [
            "38",
            "38;5",
            "38;5;256",
            "38;2;1;2",
            "38;2;1;2;256",
            "38;9;1;7",
            "38:5",
            "38:9:1",
            "38:",
            "38;2:1:2:3",
            "99999999999",
            "31:5",
            "1:1",
            ":",
            ":::",
        ] {
            let found = after(&["32", numbers]);
            assert!(
                found == front(Ink::Indexed(2))
                    || found == Graphics::default() && numbers.starts_with(':'),
                "{numbers}: {found:?}"
            );
        }
        // A sequence that is too long is no half of one.
        let many = "31;".repeat(10_000);
        assert_eq!(after(&["32", &many]), front(Ink::Indexed(2)));
        let mut pen = Colours::default();
        many.bytes().for_each(|byte| pen.parameter(byte));
        assert!(pen.numbers.len() <= MAX_SEQUENCE + 1);
    }
}
