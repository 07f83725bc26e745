//! Reading a log that is being written, from its end, in constant memory.
//!
//! A front end asks for a screenful around an offset, follows growth by asking for the length, and
//! counts lines only where somebody wants to see numbers. Nothing here interprets bytes: making them
//! safe for a terminal is `text`'s.

use super::shim::RECORD;
use crate::types::Timestamp;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// A line of a log, or the part of it that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// Its bytes without the newline, at most [`MAX_LINE`]: of a longer one its beginning, or, where
    /// it rewrites itself with CR, what it shows in the end.
    pub bytes: Vec<u8>,
    /// Where the next line begins; the file's end where its newline is not written yet.
    pub next: u64,
}

impl Line {
    /// One that begins there, with nothing in it yet.
    fn at(offset: u64) -> Self {
        Self {
            offset,
            bytes: Vec::new(),
            next: offset,
        }
    }

    /// Takes more of the line, as far as there is room.
    fn push(&mut self, mut part: &[u8]) {
        if self.bytes.len() + part.len() > MAX_LINE {
            // What stands before the last CR has been overwritten; one at the very end rewrites
            // nothing yet.
            let body = part.trim_ascii_end();
            if let Some(at) = body.iter().rposition(|byte| *byte == b'\r') {
                self.bytes.clear();
                part = &part[at + 1..];
            }
        }
        let room = MAX_LINE - self.bytes.len();
        self.bytes.extend_from_slice(&part[..part.len().min(room)]);
    }
}

/// When anything was last written to a log, by the wall clock of then; none where it is not there.
pub fn last_written(log: &Path) -> Option<Timestamp> {
    let meta = log.metadata().ok()?;
    let millis = meta.mtime().checked_mul(1000)?;
    Some(Timestamp::from_millis(
        millis + meta.mtime_nsec() / 1_000_000,
    ))
}

/// The most bytes of a line that are kept.
pub const MAX_LINE: usize = 16 << 10;
/// A line that is longer than this comes in several pieces, so that no screen waits for its end.
const MAX_PIECE: u64 = 4 << 20;
/// How much is read at once, in bytes.
const BLOCK: usize = 64 << 10;
/// How many places the index of lines keeps; when it is full, every second one goes.
const MARKS: usize = 4096;

/// A log that is open for reading. Its memory does not grow with the log.
#[derive(Debug)]
pub struct LogReader {
    file: File,
    /// The `.times` beside it; none as long as there is none.
    times: Option<File>,
    times_path: std::path::PathBuf,
    index: Index,
}

/// Where lines begin, for every so manyth block.
#[derive(Debug)]
struct Index {
    /// Offset and the number of newlines before it, rising.
    marks: Vec<(u64, u64)>,
    /// The least distance between two marks, in bytes.
    apart: u64,
    /// How far newlines have been counted: offset and number.
    seen: (u64, u64),
}

/// Opens a file for reading without following a link or waiting for a FIFO.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("this is no regular file"))
    }
}

impl LogReader {
    /// Opens the log at this path and the `.times` beside it.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: open(path)?,
            times: None,
            times_path: path.with_extension("times"),
            index: Index {
                marks: vec![(0, 0)],
                apart: BLOCK as u64,
                seen: (0, 0),
            },
        })
    }

    /// How long it is now, in bytes.
    pub fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Whether its name was taken away: what is written to it is lost when nobody reads it any more.
    pub fn is_removed(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.nlink() == 0)
    }

    /// Whether nothing is in it yet.
    pub fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads at an offset until the buffer is full or the file ends; says how much.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self
                .file
                .read_at(&mut buffer[filled..], offset + filled as u64)
            {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// At most `count` lines that end before the line that begins at `offset` (the file's length
    /// for the last lines), in the file's order.
    pub fn lines_before(&self, offset: u64, count: usize) -> io::Result<Vec<Line>> {
        let offset = offset.min(self.len()?);
        if count == 0 || offset == 0 {
            return Ok(Vec::new());
        }
        let begin = self.begin_before(offset, count)?;
        let mut lines = self.lines_from(begin, count)?;
        lines.retain(|line| line.offset < offset);
        Ok(lines)
    }

    /// Where the line begins that is `count` lines before `offset`.
    fn begin_before(&self, offset: u64, count: usize) -> io::Result<u64> {
        let mut buffer = vec![0; BLOCK];
        let (mut found, mut last) = (0, offset);
        let mut end = offset;
        while end > 0 {
            if last - end >= MAX_PIECE {
                return Ok(end);
            }
            let begin = end.saturating_sub(BLOCK as u64);
            let wanted = usize::try_from(end - begin).unwrap_or(BLOCK);
            let got = self.read_at(&mut buffer[..wanted], begin)?;
            for (at, byte) in buffer[..got].iter().enumerate().rev() {
                let after = begin + at as u64 + 1;
                // The newline right before `offset` ends the last of the lines.
                if *byte == b'\n' && after < offset {
                    (found, last) = (found + 1, after);
                    if found == count {
                        return Ok(after);
                    }
                }
            }
            end = begin;
        }
        Ok(0)
    }

    /// At most `count` lines from the one that begins at `offset`.
    pub fn lines_from(&self, offset: u64, count: usize) -> io::Result<Vec<Line>> {
        let mut lines = Vec::new();
        let mut line = Line::at(offset);
        let mut buffer = vec![0; BLOCK];
        loop {
            let got = self.read_at(&mut buffer, line.next)?;
            if got == 0 {
                if line.next > line.offset && lines.len() < count {
                    lines.push(line);
                }
                return Ok(lines);
            }
            for part in buffer[..got].split_inclusive(|byte| *byte == b'\n') {
                if lines.len() == count {
                    return Ok(lines);
                }
                line.next += part.len() as u64;
                let text = part.strip_suffix(b"\n");
                line.push(text.unwrap_or(part));
                if text.is_some() || line.next - line.offset >= MAX_PIECE {
                    let next = Line::at(line.next);
                    lines.push(std::mem::replace(&mut line, next));
                }
            }
        }
    }

    /// How many lines the file has, counted on from where the last call stopped. A line without its
    /// newline counts too.
    pub fn count_lines(&mut self) -> io::Result<u64> {
        let len = self.len()?;
        if len < self.index.seen.0 {
            // Somebody has cut the file: everything is counted anew.
            self.index.seen = (0, 0);
            self.index.marks.truncate(1);
        }
        self.count_until(u64::MAX)?;
        let (end, newlines) = self.index.seen;
        let mut last = [b'\n'];
        if end > 0 {
            self.read_at(&mut last, end - 1)?;
        }
        Ok(newlines + u64::from(last != [b'\n']))
    }

    /// Counts newlines on until so many are seen or the file ends.
    fn count_until(&mut self, wanted: u64) -> io::Result<()> {
        let mut buffer = vec![0; BLOCK];
        loop {
            let (offset, number) = self.index.seen;
            if number >= wanted {
                return Ok(());
            }
            let got = self.read_at(&mut buffer, offset)?;
            if got == 0 {
                return Ok(());
            }
            let newlines: u64 = buffer[..got]
                .iter()
                .map(|byte| u64::from(*byte == b'\n'))
                .sum();
            self.index.add(offset + got as u64, number + newlines);
        }
    }

    /// Where the line of this number (from 0) begins; none where there are fewer.
    pub fn offset_of(&mut self, number: u64) -> io::Result<Option<u64>> {
        self.count_until(number)?;
        let after = self.index.marks.partition_point(|mark| mark.1 < number);
        let (mut offset, before) = if number == 0 || after == 0 {
            (0, 0)
        } else {
            self.index.marks[after - 1]
        };
        let mut left = number - before;
        let mut buffer = vec![0; BLOCK];
        while left > 0 {
            let got = self.read_at(&mut buffer, offset)?;
            if got == 0 {
                return Ok(None);
            }
            for (at, byte) in buffer[..got].iter().enumerate() {
                left -= u64::from(*byte == b'\n');
                if left == 0 {
                    offset += at as u64 + 1;
                    return Ok((offset < self.len()?).then_some(offset));
                }
            }
            offset += got as u64;
        }
        Ok((offset < self.len()?).then_some(offset))
    }

    /// When what stands at `offset` was written, to 0.1 s; none where nobody noted it.
    pub fn time_at(&mut self, offset: u64) -> Option<Timestamp> {
        if self.times.is_none() {
            self.times = open(&self.times_path).ok();
        }
        let times = self.times.as_ref()?;
        let mut records = times.metadata().ok()?.len() / RECORD as u64;
        // The first record whose length lies beyond the offset.
        let (mut first, mut found) = (0, None);
        while first < records {
            let middle = first + (records - first) / 2;
            let (len, at) = record(times, middle)?;
            if len > offset {
                found = Some(at);
                records = middle;
            } else {
                first = middle + 1;
            }
        }
        found
    }
}

/// A record of `.times`: the log's length, and when it had that.
fn record(times: &File, number: u64) -> Option<(u64, Timestamp)> {
    let mut bytes = [0; RECORD];
    times
        .read_exact_at(&mut bytes, number * RECORD as u64)
        .ok()?;
    let (len, at) = bytes.split_at(8);
    let at = i64::from_le_bytes(at.try_into().ok()?);
    let len = u64::from_le_bytes(len.try_into().ok()?);
    Some((len, Timestamp::from_millis(at)))
}

impl Index {
    /// Newlines have been counted up to here.
    fn add(&mut self, offset: u64, number: u64) {
        self.seen = (offset, number);
        let last = self.marks.last().map_or(0, |mark| mark.0);
        if offset - last < self.apart {
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
        self.marks.push((offset, number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn log(bytes: &[u8]) -> (tempfile::TempDir, LogReader) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("0042-a.1.log");
        std::fs::write(&path, bytes).expect("written");
        let reader = LogReader::open(&path).expect("a log");
        (dir, reader)
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| String::from_utf8_lossy(&line.bytes).into_owned())
            .collect()
    }

    /// 40 000 lines of different lengths: several blocks.
    fn long() -> Vec<u8> {
        (0..40_000)
            .flat_map(|n| format!("{n} {}\n", "x".repeat(n % 17)).into_bytes())
            .collect()
    }

    #[test]
    fn the_last_lines_come_in_order_whatever_the_length() {
        let (_dir, reader) = log(&long());
        let len = reader.len().expect("a length");
        let last = reader.lines_before(len, 9000).expect("read");
        assert_eq!(last.len(), 9000);
        assert!(texts(&last)[0].starts_with("31000 "));
        assert!(texts(&last)[8999].starts_with("39999 "));
        assert_eq!(last[8999].next, len);
        let before = reader.lines_before(last[0].offset, 2).expect("read");
        assert!(texts(&before)[1].starts_with("30999 "));
        assert_eq!(before[1].next, last[0].offset);
        let after = reader.lines_from(before[0].offset, 3).expect("read");
        assert_eq!((&after[1], &after[2]), (&before[1], &last[0]));
    }

    #[test]
    fn an_unfinished_line_counts_and_grows() {
        let (dir, mut reader) = log(b"one\ntw");
        let lines = reader.lines_before(6, 5).expect("read");
        assert_eq!(texts(&lines), ["one", "tw"]);
        assert_eq!(
            (lines[1].next, reader.count_lines().expect("counted")),
            (6, 2)
        );
        let path = dir.path().join("0042-a.1.log");
        let file = std::fs::OpenOptions::new().append(true).open(path);
        file.expect("it is there")
            .write_all(b"o\n\n")
            .expect("written");
        let lines = reader.lines_from(lines[1].offset, 5).expect("read");
        assert_eq!(texts(&lines), ["two", ""]);
        assert_eq!(reader.count_lines().expect("counted"), 3);
    }

    #[test]
    fn nothing_is_nothing() {
        let (_dir, mut reader) = log(b"");
        assert!(reader.is_empty().expect("a length"));
        assert!(reader.lines_before(9, 5).expect("read").is_empty());
        assert!(reader.lines_from(9, 5).expect("read").is_empty());
        assert_eq!(reader.count_lines().expect("counted"), 0);
        assert_eq!(reader.offset_of(0).expect("looked"), None);
        assert_eq!(reader.time_at(0), None);
    }

    #[test]
    fn an_endless_line_is_cut_and_does_not_fill_the_memory() {
        let mut bytes = vec![b'a'; 3 * BLOCK];
        bytes.extend(b"\nend\n");
        let (_dir, reader) = log(&bytes);
        let lines = reader.lines_from(0, 2).expect("read");
        assert_eq!(lines[0].bytes.len(), MAX_LINE);
        assert_eq!(texts(&lines)[1], "end");
        let last = reader.lines_before(bytes.len() as u64, 2).expect("read");
        assert_eq!(last, lines);
    }

    #[test]
    fn a_line_that_rewrites_itself_shows_its_end() {
        let mut bytes = Vec::new();
        for n in 0..=20_000 {
            bytes.extend(format!("\r{n} of 20000").into_bytes());
        }
        let (_dir, reader) = log(&bytes);
        let lines = reader.lines_before(bytes.len() as u64, 3).expect("read");
        assert_eq!(lines.len(), 1);
        assert!(texts(&lines)[0].ends_with("20000 of 20000"));
    }

    #[test]
    fn a_line_of_many_megabytes_comes_in_pieces_from_either_side() {
        let bytes = vec![b'a'; 9 << 20];
        let (_dir, reader) = log(&bytes);
        let last = reader.lines_before(bytes.len() as u64, 1).expect("read");
        assert_eq!((last.len(), last[0].next), (1, bytes.len() as u64));
        assert_eq!(last[0].next - last[0].offset, MAX_PIECE);
        let all = reader.lines_from(0, 9).expect("read");
        let ends: Vec<u64> = all.iter().map(|line| line.next).collect();
        assert_eq!(ends, [MAX_PIECE, 2 * MAX_PIECE, bytes.len() as u64]);
    }

    #[test]
    fn lines_are_found_by_number_with_a_bounded_index() {
        let bytes = long();
        let (_dir, mut reader) = log(&bytes);
        for number in [0_u64, 1, 6000, 39_999, 25_000] {
            let offset = reader
                .offset_of(number)
                .expect("looked")
                .expect("it is there");
            let line = reader.lines_from(offset, 1).expect("read");
            assert!(
                texts(&line)[0].starts_with(&format!("{number} ")),
                "{number}"
            );
        }
        assert_eq!(reader.offset_of(40_000).expect("looked"), None);
        assert_eq!(reader.count_lines().expect("counted"), 40_000);
        let index = &mut reader.index;
        for n in 0..20_000 {
            index.add(bytes.len() as u64 + n * BLOCK as u64, 40_000 + n);
        }
        assert!(index.marks.len() <= MARKS);
        assert!(index.marks.is_sorted());
    }

    #[test]
    fn what_was_written_between_two_records_has_the_later_time() {
        let (dir, mut reader) = log(b"one\ntwo\n");
        let mut times = Vec::new();
        for (len, at) in [(4_u64, 1000_i64), (8, 2000)] {
            times.extend(len.to_le_bytes());
            times.extend(at.to_le_bytes());
        }
        // A crash has cut off the third.
        times.extend([0; 5]);
        std::fs::write(dir.path().join("0042-a.1.times"), times).expect("written");
        let mut at = |offset| reader.time_at(offset).map(Timestamp::as_millis);
        assert_eq!((at(0), at(3), at(4)), (Some(1000), Some(1000), Some(2000)));
        assert_eq!(at(8), None);
    }
}
