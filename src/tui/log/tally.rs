//! Counting lines of a kind in a file of any size, piece by piece, in bounded memory: how many there
//! are, how many stand before a place, and where the nth one begins.

use super::errors::ErrorLines;
use super::needle::Needle;
use crate::supervisor::client::LogReader;
use crate::text;
use std::io;

/// How much is looked at in one go, in bytes: a key never waits for longer than that takes.
pub(super) const BLOCK: usize = 64 << 10;
/// The least distance between two marks at the beginning, in bytes.
const APART: u64 = 64 << 10;
/// How many marks are kept; when they are full, every second one goes.
const MARKS: usize = 4096;

/// Which lines are counted.
#[derive(Debug)]
pub(super) enum Kind {
    /// All.
    Any,
    /// Those that look like errors.
    Errors(ErrorLines),
    /// Those that show a text.
    Match(Needle),
}

impl Kind {
    /// Whether a line, as it stands in the file, is one.
    fn fits(&self, line: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Errors(errors) => errors.fits(&text::sanitise(line).text),
            Self::Match(needle) => needle.fits(&text::sanitise(line).text),
        }
    }

    /// How many of these whole lines are ones; `each` is told where one begins, and says whether to
    /// go on.
    fn scan(&self, lines: &[u8], each: &mut dyn FnMut(usize) -> bool) {
        let mut candidates = match self {
            Self::Match(needle) => Some(needle.candidates(lines)),
            Self::Any | Self::Errors(_) => None,
        };
        let mut next = |from: usize| match (self, &mut candidates) {
            (Self::Errors(errors), _) => {
                let found = errors.first_candidate(&lines[from..]);
                found.map(|at| from + at)
            }
            (Self::Match(_), Some(candidates)) => candidates.from(from),
            (Self::Any | Self::Match(_), _) => (from < lines.len()).then_some(from),
        };
        let mut from = 0;
        while let Some(at) = next(from) {
            let begin = memchr::memrchr(b'\n', &lines[from..at]).map_or(from, |nl| from + nl + 1);
            let end = memchr::memchr(b'\n', &lines[at..]).map_or(lines.len(), |nl| at + nl);
            if self.fits(&lines[begin..end]) && !each(begin) {
                return;
            }
            from = (end + 1).min(lines.len());
        }
    }

    fn count(&self, lines: &[u8]) -> u64 {
        let mut count = 0;
        if matches!(self, Self::Any) {
            return memchr::memchr_iter(b'\n', lines).count() as u64;
        }
        self.scan(lines, &mut |_| {
            count += 1;
            true
        });
        count
    }
}

/// Whether there is more to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    More,
    Nothing,
}

/// A count under way.
#[derive(Debug)]
pub(super) struct Tally {
    kind: Kind,
    /// Beginnings of lines with the number of counted ones before them, rising.
    marks: Vec<(u64, u64)>,
    apart: u64,
    /// Whole lines have been looked at up to here, and so many were ones.
    seen: u64,
    count: u64,
    /// The line at the end that has no newline yet, where it is one.
    tail: Option<u64>,
    /// The length of the file that all has been looked at of.
    reached: u64,
}

impl Tally {
    /// Nothing has been looked at.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            marks: vec![(0, 0)],
            apart: APART,
            seen: 0,
            count: 0,
            tail: None,
            reached: 0,
        }
    }

    /// All of a file of this length has been looked at.
    pub(super) fn reached(&mut self, length: u64) {
        self.reached = length;
    }

    /// Whether all of a file of this length has been looked at.
    pub(super) fn is_at(&self, length: u64) -> bool {
        self.reached >= length
    }

    /// Whether a line, as it stands in the file, is one.
    pub(super) fn is_one(&self, line: &[u8]) -> bool {
        self.kind.fits(line)
    }

    /// Up to where the file has been looked at.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// How many have been found.
    pub(super) fn found(&self) -> u64 {
        self.count + u64::from(self.tail.is_some())
    }

    /// What is looked for, where that is a text.
    pub(super) fn needle(&self) -> Option<&Needle> {
        match &self.kind {
            Kind::Match(needle) => Some(needle),
            Kind::Any | Kind::Errors(_) => None,
        }
    }

    /// Looks at the next block.
    pub(super) fn advance(&mut self, log: &LogReader, buffer: &mut Vec<u8>) -> io::Result<Rest> {
        buffer.resize(BLOCK, 0);
        let got = log.read_at(buffer, self.seen)?;
        let block = &buffer[..got];
        let Some(last) = memchr::memrchr(b'\n', block) else {
            return self.long_line(log, block);
        };
        let (lines, rest) = block.split_at(last + 1);
        self.count += self.kind.count(lines);
        self.seen += lines.len() as u64;
        self.mark();
        if got == BLOCK {
            return Ok(Rest::More);
        }
        self.tail = (!rest.is_empty() && self.kind.fits(rest)).then_some(self.seen);
        Ok(Rest::Nothing)
    }

    /// A block without a newline: the file's end, or a very long line, which is looked at as it is
    /// shown.
    fn long_line(&mut self, log: &LogReader, block: &[u8]) -> io::Result<Rest> {
        let lines = log.lines_from(self.seen, 2)?;
        self.tail = None;
        let (Some(line), true) = (lines.first(), block.len() == BLOCK) else {
            self.tail = (!block.is_empty() && self.kind.fits(block)).then_some(self.seen);
            return Ok(Rest::Nothing);
        };
        let fits = self.kind.fits(&line.bytes);
        if lines.len() < 2 && line.next >= log.len()? {
            self.tail = fits.then_some(self.seen);
            return Ok(Rest::Nothing);
        }
        self.count += u64::from(fits);
        self.seen = line.next;
        self.mark();
        Ok(Rest::More)
    }

    fn mark(&mut self) {
        let last = self.marks.last().map_or(0, |mark| mark.0);
        if self.seen - last < self.apart {
            return;
        }
        if self.marks.len() == MARKS {
            self.apart *= 2;
            let mut keep = false;
            self.marks.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.marks.push((self.seen, self.count));
    }

    /// How many ones begin before `offset`, as far as the file has been looked at.
    pub(super) fn before(&self, log: &LogReader, offset: u64) -> io::Result<u64> {
        let after = self.marks.partition_point(|mark| mark.0 <= offset);
        let (from, mut count) = self.marks[after.saturating_sub(1)];
        let until = offset.min(self.seen);
        self.each(log, from, until, &mut |at| {
            count += u64::from(at < offset);
            true
        })?;
        Ok(count + u64::from(self.tail.is_some_and(|tail| tail < offset)))
    }

    /// Where the ones from number `first` (from 0) begin, at most `count` of them.
    pub(super) fn some(&self, log: &LogReader, first: u64, count: usize) -> io::Result<Vec<u64>> {
        let mut found = Vec::new();
        let mut at = self.marks.partition_point(|mark| mark.1 <= first);
        at = at.saturating_sub(1);
        while at < self.marks.len() && found.len() < count {
            let (from, mut number) = self.marks[at];
            let (until, all) = self
                .marks
                .get(at + 1)
                .copied()
                .unwrap_or((self.seen, self.count));
            at += 1;
            if all == number || all <= first {
                continue;
            }
            self.each(log, from, until, &mut |offset| {
                if number >= first {
                    found.push(offset);
                }
                number += 1;
                found.len() < count
            })?;
        }
        let reached = first + found.len() as u64 >= self.count;
        if found.len() < count && reached && first <= self.count {
            found.extend(self.tail);
        }
        Ok(found)
    }

    /// Tells where each one between two beginnings of lines begins.
    fn each(
        &self,
        log: &LogReader,
        mut from: u64,
        until: u64,
        each: &mut dyn FnMut(u64) -> bool,
    ) -> io::Result<()> {
        let mut buffer = vec![0; BLOCK];
        while from < until {
            let wanted = usize::try_from(until - from).map_or(BLOCK, |left| left.min(BLOCK));
            let got = log.read_at(&mut buffer[..wanted], from)?;
            let end = memchr::memrchr(b'\n', &buffer[..got]);
            let Some(end) = end else {
                let Some(line) = log.lines_from(from, 1)?.pop() else {
                    return Ok(());
                };
                if self.kind.fits(&line.bytes) && !each(from) || line.next <= from {
                    return Ok(());
                }
                from = line.next;
                continue;
            };
            let mut goes_on = true;
            self.kind.scan(&buffer[..=end], &mut |at| {
                goes_on = each(from + at as u64);
                goes_on
            });
            if !goes_on {
                return Ok(());
            }
            from += end as u64 + 1;
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes logs")]
mod tests {
    use super::*;

    fn reader(bytes: &[u8]) -> (tempfile::TempDir, LogReader) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("0042-a.1.log");
        std::fs::write(&path, bytes).expect("written");
        let reader = LogReader::open(&path).expect("a log");
        (dir, reader)
    }

    fn all(tally: &mut Tally, log: &LogReader) {
        let mut buffer = Vec::new();
        while tally.advance(log, &mut buffer).expect("read") == Rest::More {}
    }

    #[test]
    fn lines_of_a_kind_are_counted_and_found_again() {
        let line = |n: usize| match n % 1000 {
            7 => format!("{n} ERROR\n"),
            _ => format!("{n} {}\n", "x".repeat(n % 17)),
        };
        let text: String = (0..60_000).map(line).collect();
        let (_dir, log) = reader(text.as_bytes());
        let mut lines = Tally::new(Kind::Any);
        let mut errors = Tally::new(Kind::Errors(ErrorLines::default()));
        let mut found = Tally::new(Kind::Match(Needle::new("59007 error")));
        for tally in [&mut lines, &mut errors, &mut found] {
            all(tally, &log);
        }
        assert_eq!(
            (lines.found(), errors.found(), found.found()),
            (60_000, 60, 1)
        );
        for number in [0_u64, 1, 6000, 59_999, 25_000] {
            let at = lines.some(&log, number, 1).expect("read")[0];
            let shown = log.lines_from(at, 1).expect("read");
            assert!(shown[0].bytes.starts_with(format!("{number} ").as_bytes()));
            assert_eq!(lines.before(&log, at).expect("read"), number);
        }
        assert!(lines.some(&log, 60_000, 1).expect("read").is_empty());
        let three = errors.some(&log, 57, 9).expect("read");
        assert_eq!(three.len(), 3);
        assert_eq!(errors.before(&log, three[1]).expect("read"), 58);
        assert_eq!(found.some(&log, 0, 5).expect("read"), [three[2]]);
    }

    #[test]
    fn a_line_without_its_end_counts_once_however_it_grows() {
        let (dir, log) = reader(b"one\nan error");
        let mut errors = Tally::new(Kind::Errors(ErrorLines::default()));
        let mut lines = Tally::new(Kind::Any);
        all(&mut errors, &log);
        all(&mut lines, &log);
        assert_eq!((lines.found(), errors.found()), (2, 1));
        assert_eq!(errors.some(&log, 0, 3).expect("read"), [4]);
        assert_eq!(errors.before(&log, 5).expect("read"), 1);
        let path = dir.path().join("0042-a.1.log");
        std::fs::write(path, b"one\nan error here\nnone").expect("written");
        all(&mut errors, &log);
        all(&mut lines, &log);
        assert_eq!((lines.found(), errors.found()), (3, 1));
    }

    #[test]
    fn a_line_longer_than_a_block_is_one_and_what_follows_is_found() {
        let mut text = vec![b'a'; 3 * BLOCK];
        text.extend(b"\nan error\n");
        let (_dir, log) = reader(&text);
        let mut lines = Tally::new(Kind::Any);
        let mut errors = Tally::new(Kind::Errors(ErrorLines::default()));
        all(&mut lines, &log);
        all(&mut errors, &log);
        assert_eq!((lines.found(), errors.found()), (2, 1));
        let at = 3 * BLOCK as u64 + 1;
        assert_eq!(errors.some(&log, 0, 1).expect("read"), [at]);
        assert_eq!(lines.some(&log, 1, 1).expect("read"), [at]);
    }

    #[test]
    fn the_marks_are_bounded_however_long_the_log_is() {
        let mut tally = Tally::new(Kind::Any);
        for block in 1..=100_000_u64 {
            tally.seen = block * BLOCK as u64;
            tally.count = block;
            tally.mark();
        }
        assert!(tally.marks.len() <= MARKS);
        assert!(tally.marks.is_sorted());
    }
}
