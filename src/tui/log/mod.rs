//! The log pane's window into a file that may be growing and of any size: a few rows of it, never
//! the whole.
//!
//! Everything that reads, counts or searches happens on a thread of its own (`feed`), so that no key
//! ever waits for a disk; `book` is what that thread does, one short piece at a time. The model keeps
//! the last window that came of it.

mod book;
mod errors;
mod feed;
mod items;
mod needle;
mod own;
mod tally;

pub(crate) use feed::{Feed, Growth, Haste};

use own::{OwnLine, Place, own_lines};

use super::model::Model;
use super::seen::Seen;
use crate::engine;
use crate::text::{self, Stretch};
use crate::types::{Millis, Seq, Timestamp};
use book::Book;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Where shown lines are cut, in columns.
pub(crate) const LONGEST: usize = text::MAX_COLUMNS;

/// Takes the secrets of the run out of a line.
pub type Blot = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Which lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Streams {
    /// The log's and upwalk's own.
    #[default]
    All,
    /// Lines of the log that look like errors.
    Errors,
    /// What upwalk has to say of the command.
    Own,
}

impl Streams {
    /// The next one that `s` shows.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::All => Self::Errors,
            Self::Errors => Self::Own,
            Self::Own => Self::All,
        }
    }

    /// As the title says it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::All => "all lines",
            Self::Errors => "ERROR LINES ONLY",
            Self::Own => "UPWALK'S LINES ONLY",
        }
    }
}

/// What the first column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TimeColumn {
    /// The time of day, UTC.
    #[default]
    Clock,
    /// How long after the command began.
    Elapsed,
    /// Nothing; the text has its columns.
    Off,
}

impl TimeColumn {
    /// The next one that `t` shows.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Clock => Self::Elapsed,
            Self::Elapsed => Self::Off,
            Self::Off => Self::Clock,
        }
    }

    /// The columns before the text: time, mark, and the air around them.
    pub(crate) fn columns(self) -> usize {
        match self {
            Self::Clock | Self::Elapsed => 12,
            Self::Off => 3,
        }
    }
}

/// What becomes of lines that are longer than the pane is wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Wrap {
    /// They are cut, and can be moved sideways.
    #[default]
    Off,
    /// They go on in the next row.
    On,
}

impl Wrap {
    /// The other.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Off => Self::On,
            Self::On => Self::Off,
        }
    }
}

/// Whether the mouse's wheel scrolls. Nothing else of it is ever looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mouse {
    /// The terminal has it, so that text can be selected.
    #[default]
    Off,
    /// Its wheel scrolls.
    On,
}

/// What becomes of the colours that a command gives its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogColours {
    /// They are dropped.
    #[default]
    Strip,
    /// They are shown, as far as the terminal has them and the text can be read.
    Keep,
}

/// How a person looks at logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Looks {
    pub(crate) streams: Streams,
    pub(crate) time: TimeColumn,
    pub(crate) wrap: Wrap,
    pub(crate) colours: LogColours,
}

/// A movement in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogMove {
    /// So many rows, upwards where negative.
    Lines(i32),
    /// So many pages, upwards where negative.
    Pages(i32),
    /// To the first line.
    First,
    /// To the last line, and along with it.
    Follow,
    /// From following to staying here, and back.
    Toggle,
    /// To the next or the last error line before here, round at the ends.
    Error(Way),
    /// To the next or the last match before here, round at the ends.
    Match(Way),
    /// Look for this text, and go to the next match.
    Search(String),
    /// Look no further, and forget what was looked for.
    Cancel,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Next,
    Before,
}

/// What kind of line a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Sort {
    /// The command wrote it.
    #[default]
    Plain,
    /// The command wrote it, and it looks like an error.
    Error,
    /// It comes from upwalk, and is in no log file.
    Own,
}

/// A row as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LogRow {
    /// When its line was written; none where nobody noted it.
    pub(crate) at: Option<Timestamp>,
    pub(crate) sort: Sort,
    /// Its text, made safe: the whole line, or its part in this row where lines are wrapped.
    pub(crate) text: String,
    /// Whether the row goes on with the line of the row above.
    pub(crate) goes_on: bool,
    /// Whether its line is the one that was looked for last.
    pub(crate) here: bool,
    /// Where in the text matches stand, in bytes.
    pub(crate) hits: Vec<Range<usize>>,
    /// Where the command gave it colours, in its order; none unless they are kept.
    pub(crate) stretches: Vec<Stretch>,
}

/// How many there are of something, as far as anybody has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Count {
    /// Nobody has begun to look.
    #[default]
    Unknown,
    /// At least so many; this part of the log, in percent, has been looked at.
    AtLeast(u64, u8),
    /// So many.
    Exactly(u64),
}

/// What is being looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    /// The text.
    pub(crate) text: String,
    /// The number of the match that was gone to last, from 1.
    pub(crate) at: Option<u64>,
    /// How many lines have it.
    pub(crate) found: Count,
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
    /// Rows in the order of the log.
    pub(crate) rows: Vec<LogRow>,
    /// How its lines were chosen and laid out, and for how many rows.
    pub(crate) looks: Looks,
    pub(crate) room: usize,
    /// Whether it moves along with the end.
    pub(crate) follow: bool,
    /// The number of the first line that is shown, from 1, where that is known and the window stays.
    pub(crate) line: Option<u64>,
    /// The file's length in bytes.
    pub(crate) bytes: u64,
    /// How many lines the file has.
    pub(crate) lines: Count,
    /// How many of them look like errors.
    pub(crate) errors: Count,
    pub(crate) search: Option<Search>,
    /// Whether something is being looked for that a person waits for.
    pub(crate) busy: bool,
    /// A sentence on the last movement.
    pub(crate) said: Option<String>,
    /// Why the file cannot be shown, or what is wrong with it.
    pub(crate) trouble: Option<String>,
    pub(crate) progress: Option<Progress>,
    /// When the last line was written.
    pub(crate) last_output: Option<Timestamp>,
    /// The command's first process, while it runs.
    pub(crate) pid: Option<i32>,
}

/// Whose log is to be shown, and how.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// The intent.
    pub(crate) of: Seq,
    /// Its log file.
    pub(crate) path: PathBuf,
    /// The step's own pattern of error lines, and that of its progress.
    pub(crate) errors: Option<String>,
    pub(crate) progress: Option<String>,
    /// Whether its command runs: only then a file that is not there is no trouble.
    pub(crate) running: bool,
    /// How long the log was when its command ended.
    pub(crate) written: Option<u64>,
    /// A silence this long is a line of its own.
    pub(crate) silence: Millis,
    /// upwalk's own lines.
    pub(crate) own: Vec<OwnLine>,
    pub(crate) looks: Looks,
    /// Rows of the pane, and columns for the text in each.
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

/// What is to be shown in a pane of so many rows with so many columns for the text; none where no
/// command has run yet.
pub(crate) fn wanted(
    seen: &Seen<'_>,
    model: &Model,
    path: &dyn Fn(Seq) -> Option<PathBuf>,
    (rows, columns): (usize, usize),
) -> Option<Wanted> {
    let subject = model.subject(seen)?;
    let step = seen.step(subject.step).map(|(_, step)| step);
    let end = subject.attempt.end.as_ref();
    Some(Wanted {
        of: subject.attempt.number,
        path: path(subject.attempt.number)?,
        errors: step.and_then(|step| step.error_lines.clone()),
        progress: step.and_then(|step| step.progress.clone()),
        running: subject.is_running() && !seen.gone,
        written: end.map(|end| end.log_bytes),
        silence: engine::remarked_from(seen.plan),
        own: own_lines(seen, &subject),
        looks: model.looks,
        rows,
        columns,
    })
}

/// The window at once, with everything counted: for screens that stand still.
pub(crate) fn at_once(wanted: Wanted) -> Window {
    let mut book = Book::new(wanted, Arc::new(str::to_owned));
    while book.is_behind() {
        book.work();
    }
    book.window()
}

/// The parts of a text that go into rows of so many columns, in bytes; one where it is empty.
pub(crate) fn pieces(text: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(2);
    let mut pieces = Vec::new();
    let (mut from, mut used) = (0, 0);
    for (at, character) in text.char_indices() {
        let wide = text::width(character.encode_utf8(&mut [0; 4]));
        if used + wide > columns {
            pieces.push(from..at);
            (from, used) = (at, 0);
        }
        used += wide;
    }
    pieces.push(from..text.len());
    pieces
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes logs")]
mod tests {
    use super::*;
    use crate::text::{Graphics, Ink};

    /// The rows of a log with these bytes, looked at like this, without the text "hunter2".
    fn rows(bytes: &[u8], looks: Looks) -> Vec<LogRow> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("0042-a.1.log");
        std::fs::write(&path, bytes).expect("written");
        let wanted = Wanted {
            of: Seq(42),
            path,
            errors: None,
            progress: None,
            running: false,
            written: None,
            silence: Millis::from_secs(300),
            own: Vec::new(),
            looks,
            rows: 20,
            columns: 8,
        };
        let blot = Arc::new(|text: &str| text.replace("hunter2", "***"));
        Book::new(wanted, blot).window().rows
    }

    /// The coloured parts of rows, as text.
    fn coloured<'a>(rows: &'a [LogRow]) -> Vec<Vec<&'a str>> {
        let parts = |row: &'a LogRow| {
            let LogRow {
                text, stretches, ..
            } = row;
            stretches
                .iter()
                .map(|one| &text[one.range.clone()])
                .collect()
        };
        rows.iter().map(parts).collect()
    }

    #[test]
    fn colours_are_kept_where_they_are_wanted_and_never_change_the_rows() {
        let bytes = b"a \x1b[31mred line\x1b[m end\n\x1b[32mnext\nplain\n\x1b[33mhunter2\x1b[m\n\
            \x1b[34mhun\x1b[35mter2\x1b[m\n";
        for wrap in [Wrap::Off, Wrap::On] {
            let strip = Looks {
                wrap,
                ..Looks::default()
            };
            let keep = Looks {
                colours: LogColours::Keep,
                ..strip
            };
            let (stripped, kept) = (rows(bytes, strip), rows(bytes, keep));
            assert!(coloured(&stripped).concat().is_empty());
            let lines: [&[&str]; 5] = [&["red line"], &["next"], &[], &[], &[]];
            let wrapped: [&[&str]; 6] = [&["red li"], &["ne"], &["next"], &[], &[], &[]];
            match wrap {
                Wrap::Off => assert_eq!(coloured(&kept), lines),
                Wrap::On => assert_eq!(coloured(&kept), wrapped),
            }
            let red = Graphics {
                front: Some(Ink::Indexed(1)),
                ..Graphics::default()
            };
            assert_eq!(kept[0].stretches[0].graphics, red);
            assert_eq!(kept[kept.len() - 1].text, "***");
            let plain = kept.into_iter().map(|row| LogRow {
                stretches: Vec::new(),
                ..row
            });
            assert_eq!(plain.collect::<Vec<_>>(), stripped);
        }
    }

    #[test]
    fn a_text_goes_into_rows_without_losing_a_character() {
        let parts = |text: &str| pieces(text, 5).len();
        assert_eq!((parts(""), parts("abcde"), parts("abcdef")), (1, 1, 2));
        assert_eq!(pieces("abcdef", 5), [0..5, 5..6]);
        // A wide character that does not fit goes into the next row as a whole.
        assert_eq!(pieces("ab\u{65e5}c", 3), [0..2, 2..6]);
        // A combining mark stays with what it stands on.
        assert_eq!(pieces("abe\u{301}f", 3), [0..5, 5..6]);
    }
}
