//! What the pane shows of a log.

use super::{Book, UNASKED};
use crate::supervisor::client::MAX_LINE;
use crate::text::{self, Stretch};
use crate::tui::log::errors::read_progress;
use crate::tui::log::items::{Item, What};
use crate::tui::log::tally::Tally;
use crate::tui::log::{Count, LogColours, LogRow, Progress, Search, Sort, Window, Wrap, pieces};
use crate::types::Timestamp;
use std::io;
use std::ops::Range;

/// How many of the last lines progress is looked for in.
const RECENT: usize = 50;

/// A part of a whole in percent; less than 100 as long as anything is missing.
pub(super) fn percent(part: u64, whole: u64) -> u8 {
    let share = u128::from(part) * 100 / u128::from(whole.max(1));
    u8::try_from(share.min(99)).unwrap_or(99)
}

fn count(tally: &Tally, length: u64) -> Count {
    if tally.is_at(length) {
        Count::Exactly(tally.found())
    } else if tally.seen() == 0 {
        Count::Unknown
    } else {
        Count::AtLeast(tally.found(), percent(tally.seen(), length))
    }
}

impl Book {
    /// What is shown now.
    pub(in crate::tui::log) fn window(&mut self) -> Window {
        let rows = self.rows().unwrap_or_default();
        let length = self.length;
        let everything = self.asked || length <= UNASKED;
        let counted = |tally: &Tally| {
            if everything {
                count(tally, length)
            } else {
                Count::Unknown
            }
        };
        let search = self.matches.as_ref().map(|tally| Search {
            text: tally.needle().map_or_else(String::new, |n| n.text.clone()),
            at: self.at_match,
            found: count(tally, length),
        });
        Window {
            of: Some(self.wanted.of),
            rows,
            looks: self.wanted.looks,
            room: self.wanted.rows,
            follow: self.top.is_none(),
            line: self.line_number(),
            bytes: length,
            lines: counted(&self.lines),
            errors: counted(&self.errors),
            search,
            busy: self.sought.is_some(),
            said: self.said.take(),
            trouble: self.trouble.clone(),
            progress: self.progress_now(),
            last_output: self.last_output(),
            pid: self.pid.filter(|_| self.wanted.running),
        }
    }

    /// When the last byte was written: as noted, and as long as that is not done yet, as the file
    /// itself says.
    fn last_output(&mut self) -> Option<Timestamp> {
        let last = self.length.checked_sub(1)?;
        let log = self.log.as_mut()?;
        log.time_at(last).or_else(|| log.last_written().ok())
    }

    fn line_number(&self) -> Option<u64> {
        let (top, _) = self.top?;
        let known = self.lines.seen() >= top.offset() || self.lines.is_at(self.length);
        let log = self.log.as_ref().filter(|_| known)?;
        Some(self.lines.before(log, top.offset()).ok()? + 1)
    }

    fn progress_now(&self) -> Option<Progress> {
        let (regex, log) = (self.progress.as_ref()?, self.log.as_ref()?);
        let recent = log.lines_before(self.length, RECENT).ok()?;
        let mut backwards = recent.iter().rev();
        backwards.find_map(|line| read_progress(regex, &line.bytes))
    }

    /// The rows of the pane.
    fn rows(&mut self) -> io::Result<Vec<LogRow>> {
        let wanted = self.wanted.rows;
        let top = self.first_row()?;
        let mut rows: Vec<LogRow> = Vec::new();
        for item in self.items().forward(top.0, wanted)? {
            let hidden = if item.key == top.0 { top.1 } else { 0 };
            let at = self.time_of(&item);
            let made = self.rows_of(&item);
            rows.extend(
                made.into_iter()
                    .skip(hidden)
                    .map(|row| LogRow { at, ..row }),
            );
            if rows.len() >= wanted {
                break;
            }
        }
        rows.truncate(wanted);
        Ok(rows)
    }

    fn time_of(&mut self, item: &Item) -> Option<Timestamp> {
        match &item.what {
            What::Log(line) => self.log.as_mut()?.time_at(line.offset),
            What::Own(at, _) => *at,
        }
    }

    /// A line as it is shown, made safe and without secrets.
    pub(super) fn shown(&self, item: &Item) -> Shown {
        let line = match &item.what {
            What::Own(_, text) => return Shown::own(text),
            What::Log(line) => line,
        };
        let (safe, stretches) = match self.wanted.looks.colours {
            LogColours::Strip => (text::sanitise(&line.bytes), Vec::new()),
            LogColours::Keep => text::sanitise_coloured(&line.bytes),
        };
        let mut text = (self.blot)(&safe.text);
        // Where a secret was taken out, nobody knows what has which colour any more.
        let stretches = if text == safe.text {
            stretches
        } else {
            Vec::new()
        };
        if safe.cut || line.bytes.len() >= MAX_LINE {
            text.push('>');
        }
        let sort = if self.errors.is_one(&line.bytes) {
            Sort::Error
        } else {
            Sort::Plain
        };
        Shown {
            text,
            sort,
            stretches,
        }
    }

    fn rows_of(&self, item: &Item) -> Vec<LogRow> {
        let shown = self.shown(item);
        let needle = self.matches.as_ref().and_then(Tally::needle);
        let hits = needle.map_or_else(Vec::new, |needle| needle.hits(&shown.text));
        let here = self.here == Some(item.key);
        let parts = match self.wanted.looks.wrap {
            Wrap::Off => pieces(&shown.text, usize::MAX),
            Wrap::On => pieces(&shown.text, self.wanted.columns),
        };
        let row = |part: Range<usize>| LogRow {
            at: None,
            sort: shown.sort,
            goes_on: part.start > 0,
            here,
            hits: hits
                .iter()
                .filter_map(|hit| text::within(hit, &part))
                .collect(),
            stretches: Stretch::within(&shown.stretches, &part),
            text: shown.text[part].to_owned(),
        };
        parts.into_iter().map(row).collect()
    }
}

/// What is shown of a line, in one row or in several.
pub(super) struct Shown {
    pub(super) text: String,
    sort: Sort,
    stretches: Vec<Stretch>,
}

impl Shown {
    /// One of upwalk's lines.
    fn own(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            sort: Sort::Own,
            stretches: Vec::new(),
        }
    }
}
