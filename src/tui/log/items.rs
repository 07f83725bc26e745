//! The lines of a log and upwalk's own among them, as one sequence that is walked in both directions
//! from any place. Nothing here remembers a position or knows about rows.

use super::own::silence;
use super::tally::Tally;
use super::{OwnLine, Place, Streams, Wanted};
use crate::supervisor::client::{Line, LogReader};
use crate::types::{Millis, Timestamp};
use std::io;

/// How many records of `.times` are looked at in one go.
const RECORDS: usize = 4096;
/// How many silences are kept: the last ones.
const SILENCES: usize = 500;

/// A place in the sequence. upwalk's lines stand before the line of the log that begins at their
/// offset or is the first to begin behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    offset: u64,
    class: Class,
    at: i64,
    nth: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Own,
    Log,
    End,
}

impl Key {
    /// Before everything.
    pub(super) const FIRST: Self = Self::new(0, Class::Own, i64::MIN, 0);
    /// Behind everything.
    pub(super) const LAST: Self = Self::new(u64::MAX, Class::End, i64::MAX, u32::MAX);

    const fn new(offset: u64, class: Class, at: i64, nth: u32) -> Self {
        Self {
            offset,
            class,
            at,
            nth,
        }
    }

    /// The line of the log that begins there.
    pub(super) fn line(offset: u64) -> Self {
        Self::new(offset, Class::Log, 0, 0)
    }

    /// Its place in the file, in bytes.
    pub(super) fn offset(self) -> u64 {
        self.offset
    }
}

/// A line of the sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) key: Key,
    pub(super) what: What,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// One of the log, as it stands in the file.
    Log(Line),
    /// One of upwalk's, and its time.
    Own(Option<Timestamp>, String),
}

/// upwalk's lines, each at its place in the log.
#[derive(Debug, Default)]
pub(super) struct Own {
    items: Vec<Item>,
    /// Silences that are over: the log's length, since when, until when.
    silences: Vec<(u64, Timestamp, Timestamp)>,
    /// How many records of `.times` have been looked at, and the last of them.
    records: u64,
    last: Option<(u64, Timestamp)>,
}

impl Own {
    /// Looks at what `.times` tells of silences since the last time.
    pub(super) fn look(&mut self, log: &mut LogReader, least: Millis) {
        loop {
            let records = log.records_from(self.records, RECORDS);
            self.records += records.len() as u64;
            for (len, at) in &records {
                if let Some((before, since)) = self.last
                    && at.since(since) >= least
                {
                    self.silences.push((before, since, *at));
                }
                self.last = Some((*len, *at));
            }
            let over = self.silences.len().saturating_sub(SILENCES);
            self.silences.drain(..over);
            if records.len() < RECORDS {
                return;
            }
        }
    }

    /// Puts the lines and the silences at their places.
    pub(super) fn place(&mut self, log: Option<&mut LogReader>, wanted: &Wanted) {
        let mut placed: Vec<(u64, i64, Option<Timestamp>, String)> = Vec::new();
        let mut log = log;
        for OwnLine { at, place, text } in &wanted.own {
            let offset = match (place, &mut log) {
                (Place::Begin, _) => 0,
                (Place::End, _) => wanted.written.unwrap_or(u64::MAX),
                (Place::Time, Some(log)) => at.map_or(u64::MAX, |at| log.length_at(at)),
                (Place::Time, None) => u64::MAX,
            };
            let order = match place {
                Place::Begin => i64::MIN + 1,
                Place::Time => at.map_or(i64::MAX, Timestamp::as_millis),
                Place::End => i64::MAX,
            };
            placed.push((offset, order, *at, text.clone()));
        }
        for (offset, since, until) in &self.silences {
            let text = silence(Some(until.since(*since)), *since);
            placed.push((*offset, until.as_millis(), Some(*until), text));
        }
        placed.sort_by_key(|(offset, order, ..)| (*offset, *order));
        let numbered = placed.into_iter().zip(0..);
        self.items = numbered
            .map(|((offset, order, at, text), nth)| {
                // Begun together, told together: only those need their number.
                let nth = if order == i64::MIN + 1 || order == i64::MAX {
                    nth
                } else {
                    0
                };
                Item {
                    key: Key::new(offset, Class::Own, order, nth),
                    what: What::Own(at, text),
                }
            })
            .collect();
    }
}

/// The sequence.
pub(super) struct Items<'a> {
    pub(super) log: Option<&'a LogReader>,
    pub(super) own: &'a Own,
    pub(super) errors: &'a Tally,
    pub(super) streams: Streams,
}

impl Items<'_> {
    /// At most `count` lines from this place on.
    pub(super) fn forward(&self, from: Key, count: usize) -> io::Result<Vec<Item>> {
        let lines = match (self.log, self.streams) {
            (Some(log), Streams::All) => log.lines_from(line_at(log, from)?, count)?,
            (Some(log), Streams::Errors) => {
                let first = self.errors.before(log, line_at(log, from)?)?;
                self.errors_from(log, first, count)?
            }
            (None, _) | (_, Streams::Own) => Vec::new(),
        };
        let mut items: Vec<Item> = lines.into_iter().map(of_log).collect();
        if self.streams != Streams::Errors {
            let own = &self.own.items;
            let first = own.partition_point(|item| item.key < from);
            items.extend(own[first..].iter().take(count).cloned());
            items.sort_by_key(|item| item.key);
            items.truncate(count);
        }
        Ok(items)
    }

    /// At most `count` lines before this place, in their order.
    pub(super) fn backward(&self, before: Key, count: usize) -> io::Result<Vec<Item>> {
        let lines = match (self.log, self.streams) {
            (Some(log), Streams::All) => log.lines_before(line_at(log, before)?, count)?,
            (Some(log), Streams::Errors) => {
                let until = self.errors.before(log, line_at(log, before)?)?;
                let first = until.saturating_sub(count as u64);
                let some = usize::try_from(until - first).unwrap_or(count);
                self.errors_from(log, first, some)?
            }
            (None, _) | (_, Streams::Own) => Vec::new(),
        };
        let mut items: Vec<Item> = lines.into_iter().map(of_log).collect();
        if self.streams != Streams::Errors {
            let own = &self.own.items;
            let end = own.partition_point(|item| item.key < before);
            items.extend(own[end.saturating_sub(count)..end].iter().cloned());
            items.sort_by_key(|item| item.key);
        }
        items.retain(|item| item.key < before);
        let over = items.len().saturating_sub(count);
        Ok(items.split_off(over))
    }

    fn errors_from(&self, log: &LogReader, first: u64, count: usize) -> io::Result<Vec<Line>> {
        let mut lines = Vec::new();
        for offset in self.errors.some(log, first, count)? {
            lines.extend(log.lines_from(offset, 1)?);
        }
        Ok(lines)
    }
}

fn of_log(line: Line) -> Item {
    Item {
        key: Key::line(line.offset),
        what: What::Log(line),
    }
}

/// Where the first line begins that belongs to this place or stands behind it.
fn line_at(log: &LogReader, key: Key) -> io::Result<u64> {
    let len = log.len()?;
    let offset = key.offset.min(len);
    if key.class == Class::Log || offset == 0 || key.offset > len {
        return Ok(offset);
    }
    let mut before = [0];
    log.read_at(&mut before, offset - 1)?;
    if before == [b'\n'] {
        return Ok(offset);
    }
    let rest = log.lines_from(offset, 1)?;
    Ok(rest.first().map_or(len, |line| line.next))
}
