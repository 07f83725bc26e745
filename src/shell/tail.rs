//! Reading a log that is being written, from its end, in constant memory.
//!
//! A front end asks for a screenful around an offset and follows growth by asking for the length.
//! Nothing here interprets bytes or counts: making them safe for a terminal is `text`'s, counting and
//! searching is done by whoever wants to see numbers.

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
    Some(modified(&log.metadata().ok()?))
}

/// When a file was last written to.
fn modified(meta: &std::fs::Metadata) -> Timestamp {
    let millis = meta.mtime().saturating_mul(1000);
    Timestamp::from_millis(millis.saturating_add(meta.mtime_nsec() / 1_000_000))
}

/// The most bytes of a line that are kept.
pub const MAX_LINE: usize = 16 << 10;
/// A line that is longer than this comes in several pieces, so that no screen waits for its end.
const MAX_PIECE: u64 = 4 << 20;
/// How much is read at once, in bytes.
const BLOCK: usize = 64 << 10;
/// A log that is open for reading. Its memory does not grow with the log.
#[derive(Debug)]
pub struct LogReader {
    file: File,
    /// The `.times` beside it; none as long as there is none.
    times: Option<File>,
    times_path: std::path::PathBuf,
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
        })
    }

    /// How long it is now, in bytes.
    pub fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// When anything was last written to it, by the wall clock of then.
    pub fn last_written(&self) -> io::Result<Timestamp> {
        Ok(modified(&self.file.metadata()?))
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
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
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

    /// The `.times`, where it is there, and how many records it has.
    fn times(&mut self) -> Option<(&File, u64)> {
        if self.times.is_none() {
            self.times = open(&self.times_path).ok();
        }
        let times = self.times.as_ref()?;
        Some((times, times.metadata().ok()?.len() / RECORD as u64))
    }

    /// The number of the first record of `.times` of which this holds, as all later ones fulfil it.
    fn first_record(&mut self, holds: impl Fn(u64, Timestamp) -> bool) -> Option<u64> {
        let (times, mut records) = self.times()?;
        let mut first = 0;
        while first < records {
            let middle = first + (records - first) / 2;
            let (len, at) = record(times, middle)?;
            if holds(len, at) {
                records = middle;
            } else {
                first = middle + 1;
            }
        }
        Some(first)
    }

    /// When what stands at `offset` was written, to 0.1 s; none where nobody noted it.
    pub fn time_at(&mut self, offset: u64) -> Option<Timestamp> {
        let first = self.first_record(|len, _| len > offset)?;
        let (times, records) = self.times()?;
        (first < records)
            .then(|| record(times, first))?
            .map(|r| r.1)
    }

    /// How long the log was at a time, as far as that was noted; 0 before its first byte.
    pub fn length_at(&mut self, time: Timestamp) -> u64 {
        let later = self.first_record(|_, at| at > time).unwrap_or(0);
        let before = later.checked_sub(1).and_then(|number| {
            let (times, _) = self.times()?;
            record(times, number)
        });
        before.map_or(0, |(len, _)| len)
    }

    /// At most `count` records of `.times` from this number on: the log's length, and when it had
    /// that.
    pub fn records_from(&mut self, number: u64, count: usize) -> Vec<(u64, Timestamp)> {
        let Some((times, records)) = self.times() else {
            return Vec::new();
        };
        let left = usize::try_from(records.saturating_sub(number)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(count) * RECORD];
        if times
            .read_exact_at(&mut bytes, number * RECORD as u64)
            .is_err()
        {
            return Vec::new();
        }
        bytes.chunks_exact(RECORD).filter_map(decoded).collect()
    }
}

/// A record of `.times`: the log's length, and when it had that.
fn record(times: &File, number: u64) -> Option<(u64, Timestamp)> {
    let mut bytes = [0; RECORD];
    times
        .read_exact_at(&mut bytes, number * RECORD as u64)
        .ok()?;
    decoded(&bytes)
}

/// The bytes of a record as its two numbers.
fn decoded(bytes: &[u8]) -> Option<(u64, Timestamp)> {
    let (len, at) = bytes.split_at_checked(8)?;
    let at = i64::from_le_bytes(at.try_into().ok()?);
    let len = u64::from_le_bytes(len.try_into().ok()?);
    Some((len, Timestamp::from_millis(at)))
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
        let (dir, reader) = log(b"one\ntw");
        let lines = reader.lines_before(6, 5).expect("read");
        assert_eq!(texts(&lines), ["one", "tw"]);
        assert_eq!(lines[1].next, 6);
        let path = dir.path().join("0042-a.1.log");
        let file = std::fs::OpenOptions::new().append(true).open(path);
        file.expect("it is there")
            .write_all(b"o\n\n")
            .expect("written");
        let lines = reader.lines_from(lines[1].offset, 5).expect("read");
        assert_eq!(texts(&lines), ["two", ""]);
    }

    #[test]
    fn nothing_is_nothing() {
        let (_dir, mut reader) = log(b"");
        assert!(reader.is_empty().expect("a length"));
        assert!(reader.lines_before(9, 5).expect("read").is_empty());
        assert!(reader.lines_from(9, 5).expect("read").is_empty());
        assert_eq!(reader.length_at(Timestamp::from_millis(9)), 0);
        assert!(reader.records_from(0, 9).is_empty());
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
        let mut length = |millis| reader.length_at(Timestamp::from_millis(millis));
        assert_eq!(
            (length(999), length(1000), length(1999), length(9999)),
            (0, 4, 4, 8)
        );
        let records = reader.records_from(1, 5);
        assert_eq!(records, [(8, Timestamp::from_millis(2000))]);
        assert_eq!(reader.records_from(2, 5), []);
    }
}
