//! Going to error lines and matches, as soon as enough of the log has been looked at.

use super::Book;
use crate::tui::log::Way;
use crate::tui::log::items::Key;
use crate::tui::log::tally::Tally;
use std::io;

/// A movement that waits until enough of the log has been looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sought {
    pub(super) what: Looked,
    way: Way,
    /// From here.
    from: Key,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    Error,
    Match,
}

/// What came of looking.
struct Sight {
    /// Where it is, and its number from 0.
    found: Option<(Key, u64)>,
    /// A sentence on that.
    said: String,
}

impl Sight {
    fn none(said: impl Into<String>) -> Self {
        Self {
            found: None,
            said: said.into(),
        }
    }
}

impl Book {
    /// Begins to look for the next or last error or match.
    pub(super) fn begin(&mut self, what: Looked, way: Way) -> io::Result<()> {
        if what == Looked::Match && self.matches.is_none() {
            self.said = Some("Nothing is looked for yet: / asks for a text.".into());
            return Ok(());
        }
        self.asked = true;
        let top = self.first_row()?;
        let shown = self.items().forward(top.0, self.wanted.rows)?;
        let in_sight = |here: &Key| shown.iter().any(|item| item.key == *here);
        let visible = self.here.filter(in_sight).filter(|_| self.top.is_some());
        let from = match (visible, self.top, way) {
            (Some(here), ..) => here,
            // Whoever follows the end begins at the top.
            (None, None, Way::Next) => Key::FIRST,
            (None, None, Way::Before) => Key::LAST,
            (None, Some(_), _) => top.0,
        };
        self.sought = Some(Sought { what, way, from });
        self.seek();
        Ok(())
    }

    /// Goes to what is looked for, as soon as that can be told.
    pub(super) fn seek(&mut self) {
        let Some(sought) = self.sought else {
            return;
        };
        match self.sight(sought) {
            Ok(None) => {}
            // What cannot be read cannot be looked for.
            Err(_) => self.sought = None,
            Ok(Some(Sight { found, said })) => {
                self.sought = None;
                self.said = Some(said);
                if let Some((key, number)) = found {
                    self.arrive(key);
                    if sought.what == Looked::Match {
                        self.at_match = Some(number + 1);
                    }
                }
            }
        }
    }

    /// Where that is and its number from 0, with a sentence; none as long as nobody can tell.
    fn sight(&self, sought: Sought) -> io::Result<Option<Sight>> {
        let (Some(log), Some(tally)) = (&self.log, self.tally_of(sought.what)) else {
            return Ok(Some(Sight::none("There is no log to look in.")));
        };
        let whole = tally.is_at(self.length);
        let found = tally.found();
        let what = match sought.what {
            Looked::Error => "Error line",
            Looked::Match => "Match",
        };
        let (number, round) = match sought.way {
            Way::Next => {
                let passed = match sought.from {
                    Key::FIRST => 0,
                    from => {
                        let at = u64::from(self.here == Some(from));
                        if !whole && tally.seen() <= from.offset() {
                            return Ok(None);
                        }
                        tally.before(log, from.offset() + at)?
                    }
                };
                if passed < found {
                    (passed, "")
                } else if whole {
                    (0, "; from here on it begins again at the top")
                } else {
                    return Ok(None);
                }
            }
            Way::Before if !whole => return Ok(None),
            Way::Before => match tally.before(log, sought.from.offset())?.checked_sub(1) {
                Some(number) => (number, ""),
                None => (found.saturating_sub(1), "; it went round to the end"),
            },
        };
        let Some(at) = tally.some(log, number, 1)?.pop() else {
            return Ok(whole.then(|| Sight::none(none_found(sought.what, tally))));
        };
        let of = if whole {
            found.to_string()
        } else {
            format!("at least {found}")
        };
        let said = format!("{what} {} of {of}{round}.", number + 1);
        Ok(Some(Sight {
            found: Some((Key::line(at), number)),
            said,
        }))
    }

    fn tally_of(&self, what: Looked) -> Option<&Tally> {
        match what {
            Looked::Error => Some(&self.errors),
            Looked::Match => self.matches.as_ref(),
        }
    }

    /// Shows a line, with some above it.
    fn arrive(&mut self, key: Key) {
        self.here = Some(key);
        let above = self.wanted.rows / 3;
        let top = self.above((key, 0), above).unwrap_or((key, 0));
        let end = self.above((Key::LAST, 0), self.wanted.rows);
        // Nothing is shown below the end.
        let top = end.map_or(top, |end| top.min(end));
        self.stay(top);
    }
}

fn none_found(what: Looked, tally: &Tally) -> String {
    match (what, tally.needle()) {
        (Looked::Match, Some(needle)) => format!("No line of this log has \"{}\".", needle.text),
        (Looked::Error | Looked::Match, _) => "No line of this log looks like an error.".into(),
    }
}
