//! What the log's thread does: one log, the place that is looked at, and what is being counted or
//! looked for, in pieces short enough that no key waits. It knows no channel and no terminal.

mod page;
mod seek;

use super::errors::ErrorLines;
use super::items::{Item, Items, Key, Own};
use super::needle::Needle;
use super::tally::{Kind, Rest, Tally};
use super::{Blot, LogMove, Streams, Wanted, Way, Wrap, pieces};
use crate::supervisor::client::{LogReader, command_pid};
use page::percent;
use regex_lite::Regex;
use seek::{Looked, Sought};
use std::io;

/// The longest log whose lines are counted although nobody looks around in it, in bytes: no log is
/// read as a whole to show its end.
const UNASKED: u64 = 8 << 20;

/// The place of the first row: a line, and how many of its rows are above.
type Top = (Key, usize);

/// What a tally is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Errors,
    Matches,
    Lines,
}

/// A log that is looked at.
pub(super) struct Book {
    wanted: Wanted,
    blot: Blot,
    log: Option<LogReader>,
    trouble: Option<String>,
    own: Own,
    progress: Option<Regex>,
    lines: Tally,
    errors: Tally,
    matches: Option<Tally>,
    /// The number of the match that was gone to last.
    at_match: Option<u64>,
    /// None: it follows the end.
    top: Option<Top>,
    /// The line that was gone to last.
    here: Option<Key>,
    sought: Option<Sought>,
    /// A person looks around, so everything is counted.
    asked: bool,
    said: Option<String>,
    /// The length up to which everything has been looked at.
    length: u64,
    /// The command's first process, once its shim has noted it.
    pid: Option<i32>,
    buffer: Vec<u8>,
}

impl Book {
    /// A log that nobody has looked at yet.
    pub(super) fn new(wanted: Wanted, blot: Blot) -> Self {
        let compiled = |pattern: Option<&String>| Regex::new(pattern?).ok();
        let error_lines = ErrorLines::new(wanted.errors.as_deref());
        let mut book = Self {
            progress: compiled(wanted.progress.as_ref()),
            errors: Tally::new(Kind::Errors(error_lines)),
            wanted,
            blot,
            log: None,
            trouble: None,
            own: Own::default(),
            lines: Tally::new(Kind::Any),
            matches: None,
            at_match: None,
            top: None,
            here: None,
            sought: None,
            asked: false,
            said: None,
            length: 0,
            pid: None,
            buffer: Vec::new(),
        };
        book.look();
        book
    }

    /// The intent whose log it is.
    pub(super) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The same log, looked at otherwise.
    pub(super) fn look_so(&mut self, wanted: Wanted) {
        let before = std::mem::replace(&mut self.wanted, wanted);
        let (looks, rows) = (self.wanted.looks, self.wanted.rows);
        self.asked |= looks.streams == Streams::Errors;
        self.look();
        if looks.wrap != before.looks.wrap || self.wanted.columns != before.columns {
            // Rows are others now, the line stays.
            self.top = self.top.map(|(key, _)| (key, 0));
        }
        // A log that cannot be read stays where it is.
        let _ = self.keep_still(before.rows);
        if looks != before.looks || rows != before.rows {
            let _ = self.fill();
        }
    }

    /// A pane grows and shrinks at its upper edge: what is shown stays where it is on the terminal.
    fn keep_still(&mut self, rows_before: usize) -> io::Result<()> {
        let Some(top) = self.top else {
            return Ok(());
        };
        let rows = self.wanted.rows;
        self.top = Some(if rows > rows_before {
            self.above(top, rows - rows_before)?
        } else {
            self.below(top, rows_before - rows)?
        });
        Ok(())
    }

    /// Leaves no row empty below the end as long as there is anything above.
    fn fill(&mut self) -> io::Result<()> {
        if let Some(top) = self.top {
            self.top = Some(top.min(self.above((Key::LAST, 0), self.wanted.rows)?));
        }
        Ok(())
    }

    /// Looks whether the file has grown, is there by now, or was cut.
    pub(super) fn look(&mut self) {
        if self.log.is_none() {
            self.open();
        }
        if self.wanted.running && self.pid.is_none() {
            self.pid = command_pid(&self.wanted.path);
        }
        if let Some(log) = &mut self.log {
            let length = log.len().unwrap_or(0);
            if length < self.length {
                self.cut();
                return self.look();
            }
            self.length = length;
            let removed = log.is_removed().unwrap_or(false);
            self.trouble = removed.then(|| {
                "Somebody has removed the log's file: what is shown here is kept nowhere.".into()
            });
            self.own.look(log, self.wanted.silence);
        }
        self.own.place(self.log.as_mut(), &self.wanted);
    }

    fn open(&mut self) {
        let name = self
            .wanted
            .path
            .file_name()
            .map(|name| name.to_string_lossy());
        let name = name.unwrap_or_default();
        match LogReader::open(&self.wanted.path) {
            Ok(log) => self.log = Some(log),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.trouble =
                    (!self.wanted.running).then(|| format!("The log file is gone: {name}"));
            }
            Err(error) => self.trouble = Some(format!("The log {name} cannot be read: {error}.")),
        }
    }

    /// Somebody has cut the file: everything is counted and shown anew.
    fn cut(&mut self) {
        let fresh = Self::new(self.wanted.clone(), self.blot.clone());
        *self = Self {
            asked: self.asked,
            said: Some("Somebody has cut the log; this is what is there now.".into()),
            ..fresh
        };
    }

    /// Whether a person waits for something that is being looked for.
    pub(super) fn is_sought(&self) -> bool {
        self.sought.is_some()
    }

    /// Whether there is something to be counted or looked for.
    pub(super) fn is_behind(&self) -> bool {
        self.log.is_some() && self.next_tally().is_some()
    }

    /// Which tally is to go on: first what a person waits for.
    fn next_tally(&self) -> Option<Counted> {
        let behind = |tally: &Tally| !tally.is_at(self.length);
        let everything = self.asked || self.length <= UNASKED;
        let errors = everything && behind(&self.errors);
        if errors
            && self
                .sought
                .is_some_and(|sought| sought.what == Looked::Error)
        {
            return Some(Counted::Errors);
        }
        if self.matches.as_ref().is_some_and(behind) {
            return Some(Counted::Matches);
        }
        // Lines are counted in no time, compared with looking at what they say.
        if everything && behind(&self.lines) {
            return Some(Counted::Lines);
        }
        errors.then_some(Counted::Errors)
    }

    /// Counts or looks on for a moment.
    pub(super) fn work(&mut self) {
        let Some(which) = self.next_tally() else {
            return;
        };
        let length = self.length;
        let (Some(log), Some(tally)) = (
            &self.log,
            match which {
                Counted::Errors => Some(&mut self.errors),
                Counted::Matches => self.matches.as_mut(),
                Counted::Lines => Some(&mut self.lines),
            },
        ) else {
            return;
        };
        // What cannot be read is not looked at again before the file grows.
        if !matches!(tally.advance(log, &mut self.buffer), Ok(Rest::More)) {
            tally.reached(length);
        }
        self.seek();
    }

    /// Moves; what cannot be told yet is gone to as soon as it can.
    pub(super) fn go(&mut self, to: &LogMove) {
        self.said = None;
        let rows = i32::try_from(self.wanted.rows).unwrap_or(i32::MAX);
        // A log that cannot be read stays where it is.
        let _ = match to {
            LogMove::Lines(by) => self.scroll(*by),
            LogMove::Pages(by) => self.scroll(by.saturating_mul((rows - 1).max(1))),
            LogMove::First => {
                self.stay((Key::FIRST, 0));
                Ok(())
            }
            LogMove::Follow => {
                self.follow();
                Ok(())
            }
            LogMove::Toggle if self.top.is_some() => {
                self.follow();
                Ok(())
            }
            LogMove::Toggle => self.first_row().map(|top| self.stay(top)),
            LogMove::Error(way) => self.begin(Looked::Error, *way),
            LogMove::Match(way) => self.begin(Looked::Match, *way),
            LogMove::Search(text) => {
                self.matches = Some(Tally::new(Kind::Match(Needle::new(text))));
                self.at_match = None;
                self.here = None;
                self.begin(Looked::Match, Way::Next)
            }
            LogMove::Cancel => {
                self.cancel();
                Ok(())
            }
        };
    }

    fn cancel(&mut self) {
        if let (Some(sought), Some(tally)) = (self.sought.take(), &self.matches)
            && sought.what == Looked::Match
        {
            let percent = percent(tally.seen(), self.length);
            self.said = Some(format!(
                "The search was given up after {percent} % of the log."
            ));
        }
        self.matches = None;
        self.at_match = None;
        self.here = None;
    }

    fn stay(&mut self, top: Top) {
        self.asked = true;
        self.top = Some(top);
    }

    fn follow(&mut self) {
        self.top = None;
        self.here = None;
        self.sought = None;
    }

    fn items(&self) -> Items<'_> {
        Items {
            log: self.log.as_ref(),
            own: &self.own,
            errors: &self.errors,
            streams: self.wanted.looks.streams,
        }
    }

    /// How many rows a line takes.
    fn height(&self, item: &Item) -> usize {
        match self.wanted.looks.wrap {
            Wrap::Off => 1,
            Wrap::On => pieces(&self.shown(item).text, self.wanted.columns).len(),
        }
    }

    /// The place of the row that is so many rows above this one, or the first.
    fn above(&self, (key, hidden): Top, count: usize) -> io::Result<Top> {
        if hidden >= count {
            return Ok((key, hidden - count));
        }
        let mut left = count - hidden;
        let mut top = (key, 0);
        for item in self.items().backward(key, left)?.iter().rev() {
            let height = self.height(item);
            top = (item.key, height.saturating_sub(left));
            if height >= left {
                return Ok(top);
            }
            left -= height;
        }
        Ok(top)
    }

    /// The place of the row that is so many rows below this one, or the last.
    fn below(&self, top: Top, count: usize) -> io::Result<Top> {
        let (mut place, mut left) = (top, count);
        for item in self.items().forward(top.0, count.saturating_add(1))? {
            let hidden = if item.key == top.0 { top.1 } else { 0 };
            let height = self.height(&item).saturating_sub(hidden);
            place = (item.key, hidden + left.min(height.saturating_sub(1)));
            if left < height {
                break;
            }
            left -= height;
        }
        Ok(place)
    }

    /// The first row that is shown.
    fn first_row(&self) -> io::Result<Top> {
        match self.top {
            Some(top) => Ok(top),
            None => self.above((Key::LAST, 0), self.wanted.rows),
        }
    }

    /// Moves by so many rows; at the end it moves along again.
    fn scroll(&mut self, by: i32) -> io::Result<()> {
        let count = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
        let top = self.first_row()?;
        if by < 0 {
            let top = self.above(top, count)?;
            self.stay(top);
            return Ok(());
        }
        if self.top.is_none() {
            return Ok(());
        }
        let place = self.below(top, count)?;
        if self.is_end(place)? {
            self.follow();
        } else {
            self.stay(place);
        }
        Ok(())
    }

    /// Whether nothing stands below a pane that begins there.
    fn is_end(&self, top: Top) -> io::Result<bool> {
        let end = self.above((Key::LAST, 0), self.wanted.rows)?;
        Ok(top >= end)
    }
}
