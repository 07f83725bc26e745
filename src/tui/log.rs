//! The log pane's window into a file that may be growing: a few lines of it, never the whole.
//!
//! `run` refreshes it a few times a second while a command runs; the model keeps the last window.

use super::model::LogMove;
use super::seen::Seen;
use crate::supervisor::client::LogReader;
use crate::text;
use crate::types::{Seq, Timestamp};
use regex_lite::Regex;
use std::io;
use std::path::PathBuf;

/// Where shown lines are cut, in columns.
pub(crate) const LONGEST: usize = text::MAX_COLUMNS;
/// How many of the last lines progress is looked for in.
const RECENT: usize = 50;

/// The longest log whose lines are counted, in bytes: no log is read as a whole to show its end.
const COUNTED: u64 = 8 << 20;

/// A line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LogLine {
    /// When it was written.
    pub(crate) at: Option<Timestamp>,
    /// Whether it looks like an error.
    pub(crate) error: bool,
    /// Its text, made safe.
    pub(crate) text: String,
}

/// How far a step is, read off its log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Progress {
    pub(crate) done: f64,
    pub(crate) total: f64,
}

/// What the log pane shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Window {
    /// The intent whose log it is.
    pub(crate) of: Option<Seq>,
    /// Lines in the file's order.
    pub(crate) lines: Vec<LogLine>,
    /// Whether it moves along with the end.
    pub(crate) follow: bool,
    /// The file's length in bytes.
    pub(crate) bytes: u64,
    /// How many lines the file has; none while nobody has counted them.
    pub(crate) count: Option<u64>,
    pub(crate) progress: Option<Progress>,
    /// When the last line was written.
    pub(crate) last_output: Option<Timestamp>,
}

/// The log that is shown, open.
pub(crate) struct Feed {
    of: Option<Seq>,
    reader: Option<LogReader>,
    /// Where the first line of the window begins; none: it follows the end.
    top: Option<u64>,
    errors: Option<Regex>,
    progress: Option<Regex>,
    /// What the last window was made of: file length, top, rows.
    made: Option<(u64, Option<u64>, usize)>,
}

impl Feed {
    /// No log yet.
    pub(crate) fn new() -> Self {
        Self {
            of: None,
            reader: None,
            top: None,
            errors: None,
            progress: None,
            made: None,
        }
    }

    /// The window of so many rows onto the log of the run's present command, where it is another
    /// than last time. A log that cannot be read is shown as empty.
    pub(crate) fn refresh(
        &mut self,
        seen: &Seen<'_>,
        path: impl Fn(Seq) -> Option<PathBuf>,
        rows: usize,
    ) -> Option<Window> {
        let subject = seen.subject();
        let of = subject.map(|subject| subject.attempt.number);
        let other = of != self.of;
        if other {
            *self = Self::new();
            self.of = of;
        }
        if let Some(subject) = subject
            && self.reader.is_none()
        {
            self.reader = path(subject.attempt.number).and_then(|path| LogReader::open(&path).ok());
            let step = seen.step(subject.step).map(|(_, step)| step);
            let compiled = |pattern: Option<&String>| Regex::new(pattern?).ok();
            self.errors = compiled(step.and_then(|step| step.error_lines.as_ref()));
            self.progress = compiled(step.and_then(|step| step.progress.as_ref()));
        }
        let length = self.reader.as_ref().map_or(0, |r| r.len().unwrap_or(0));
        let made = Some((length, self.top, rows));
        if made == self.made && !other {
            return None;
        }
        self.made = made;
        Some(self.window(length, rows).unwrap_or_else(|_| self.empty()))
    }

    /// Moves in the log; the next refresh shows it.
    pub(crate) fn go(&mut self, to: LogMove, rows: usize) -> io::Result<()> {
        let Some(reader) = &self.reader else {
            return Ok(());
        };
        let length = reader.len()?;
        let held = match self.top {
            Some(top) => top,
            None => begin_of(reader, length, rows)?,
        };
        self.top = match to {
            LogMove::Follow => None,
            LogMove::First => Some(0),
            LogMove::Hold => Some(held),
            LogMove::Lines(by) => {
                let count = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
                let top = if by < 0 {
                    begin_of(reader, held, count)?
                } else {
                    let passed = reader.lines_from(held, count)?;
                    passed.last().map_or(held, |line| line.next)
                };
                // At the end it moves along again.
                let left = reader.lines_from(top, rows + 1)?;
                (left.len() > rows || by < 0).then_some(top)
            }
        };
        Ok(())
    }

    fn empty(&self) -> Window {
        Window {
            of: self.of,
            follow: self.top.is_none(),
            ..Window::default()
        }
    }

    fn window(&mut self, length: u64, rows: usize) -> io::Result<Window> {
        let Some(reader) = &mut self.reader else {
            return Ok(self.empty());
        };
        let lines = match self.top {
            None => reader.lines_before(length, rows)?,
            Some(top) => reader.lines_from(top, rows)?,
        };
        let recent = match self.progress {
            Some(_) => reader.lines_before(length, RECENT)?,
            None => Vec::new(),
        };
        let progress = self.progress.as_ref().and_then(|regex| {
            let mut backwards = recent.iter().rev();
            backwards.find_map(|line| read_progress(regex, &text::sanitise(&line.bytes).text))
        });
        let mut shown = Vec::with_capacity(lines.len());
        for line in &lines {
            let at = reader.time_at(line.offset);
            let text = text::sanitise(&line.bytes).text;
            shown.push(LogLine {
                at,
                error: looks_like_error(&text, self.errors.as_ref()),
                text,
            });
        }
        Ok(Window {
            of: self.of,
            lines: shown,
            follow: self.top.is_none(),
            bytes: length,
            count: if length <= COUNTED {
                reader.count_lines().ok()
            } else {
                None
            },
            progress,
            last_output: reader.time_at(length.saturating_sub(1)),
        })
    }
}

/// Where the `count` lines before `offset` begin.
fn begin_of(reader: &LogReader, offset: u64, count: usize) -> io::Result<u64> {
    let lines = reader.lines_before(offset, count)?;
    Ok(lines.first().map_or(offset, |line| line.offset))
}

/// Words that make a line look like an error.
const WORDS: [&str; 6] = [
    "error",
    "fatal",
    "panic",
    "exception",
    "traceback",
    "failed",
];

/// Whether a line looks like an error: one of the usual words, or the step's own pattern.
fn looks_like_error(text: &str, own: Option<&Regex>) -> bool {
    let word = |part: &str| WORDS.iter().any(|word| part.eq_ignore_ascii_case(word));
    let usual = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(word);
    usual || own.is_some_and(|regex| regex.is_match(text))
}

/// Two groups are done and total, one is percent.
fn read_progress(regex: &Regex, line: &str) -> Option<Progress> {
    let found = regex.captures(line)?;
    let number = |at: usize| found.get(at)?.as_str().parse::<f64>().ok();
    let (done, total) = match (number(1)?, number(2)) {
        (done, Some(total)) => (done, total),
        (percent, None) => (percent, 100.0),
    };
    let usable = done.is_finite() && total.is_finite() && total > 0.0 && done >= 0.0;
    usable.then_some(Progress { done, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_lines_are_told_by_whole_words_of_any_case() {
        for line in ["ERROR: no", "PG::Error: x", "it failed.", "Traceback (most"] {
            assert!(looks_like_error(line, None), "{line}");
        }
        for line in ["errors_total 0", "no terror here", "unfailed", ""] {
            assert!(!looks_like_error(line, None), "{line}");
        }
        let own = Regex::new("^NOTICE").expect("a pattern");
        assert!(looks_like_error("NOTICE:  relation", Some(&own)));
    }

    #[test]
    fn progress_is_done_and_total_or_percent() {
        let two = Regex::new(r"(\d+) of (\d+) rows").expect("a pattern");
        let some = read_progress(&two, "moved 30 of 200 rows").expect("found");
        assert!((some.done - 30.0).abs() < 1e-9 && (some.total - 200.0).abs() < 1e-9);
        let one = Regex::new(r"(\d+)%").expect("a pattern");
        let some = read_progress(&one, "at 45%").expect("found");
        assert!((some.done / some.total - 0.45).abs() < 1e-9);
        assert_eq!(read_progress(&two, "3 of 0 rows"), None);
        assert_eq!(read_progress(&two, "nothing"), None);
    }
}
