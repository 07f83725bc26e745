//! Collects what is wrong with a plan while it is read, so that everything is said in one go.

use super::diagnostic::{Diagnostic, Lines};
use super::node::{Node, Span, Value};
use std::collections::HashSet;

/// How often something is found before the rest is not looked at any more.
const MOST: usize = 1000;

/// How often something near is looked for.
const MOST_SUGGESTIONS: usize = 100;

/// The findings so far, and the text they point into.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    /// The plan file.
    pub(super) text: &'a str,
    /// Its lines.
    pub(super) lines: Lines<'a>,
    /// Errors.
    pub(super) errors: Vec<Diagnostic>,
    /// What is read but not executed yet.
    pub(super) not_yet: Vec<Diagnostic>,
    /// How often something near was looked for; a file of mistakes alone is not worth more.
    suggestions: usize,
    /// Keys whose values could not be read, with the place of their map.
    broken: HashSet<(usize, &'static str)>,
    /// Takes what is found once there are [`MOST`] findings.
    overflow: Diagnostic,
}

impl<'a> Findings<'a> {
    /// Nothing is found yet in `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            lines: Lines::of(text),
            errors: Vec::new(),
            not_yet: Vec::new(),
            suggestions: 0,
            broken: HashSet::new(),
            overflow: Diagnostic::new(0..0, String::new()),
        }
    }

    /// Adds an error; the caller may go on to say more in what is returned.
    pub(super) fn error(&mut self, span: &Span, title: impl Into<String>) -> &mut Diagnostic {
        if self.is_full() {
            return &mut self.overflow;
        }
        self.errors
            .push(Diagnostic::new(span.clone(), title.into()));
        self.errors.last_mut().unwrap_or(&mut self.overflow)
    }

    /// Adds that a map has this key twice.
    pub(super) fn key_twice(&mut self, key: &str, again: &Span, first: &Span) {
        self.error(again, format!("the key {} stands here twice", quoted(key)))
            .label("again")
            .also(first, "first here");
    }

    /// Whether so much was found that nothing more is looked for.
    pub(super) fn is_full(&self) -> bool {
        self.errors.len() >= MOST
    }

    /// The candidate that was probably meant.
    pub(super) fn closest<'c>(
        &mut self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<String> {
        self.suggestions += 1;
        let near = (self.suggestions <= MOST_SUGGESTIONS).then(|| closest(word, candidates));
        near.flatten().map(str::to_owned)
    }

    /// Notes that a key of the map at `span` is there but could not be read, which has been said.
    pub(super) fn broken(&mut self, span: &Span, key: &'static str) {
        self.broken.insert((span.start, key));
    }

    /// Whether a key of the map at `span` could not be read.
    pub(super) fn is_broken(&self, span: &Span, key: &'static str) -> bool {
        self.broken.contains(&(span.start, key))
    }

    /// Reports that the map at `span` lacks a key; not where it is there and could not be read.
    pub(super) fn lacks(&mut self, span: &Span, key: &'static str, title: &str) -> &mut Diagnostic {
        if self.is_broken(span, key) {
            return &mut self.overflow;
        }
        self.error(span, title).label(format!("`{key}` is missing"))
    }

    /// Notes a key that is read but not executed yet.
    pub(super) fn not_yet(&mut self, span: &Span, what: &str) {
        if self.not_yet.len() < MOST {
            let title = format!("{what} is read but not executed by this version of upwalk");
            let mut found = Diagnostic::new(span.clone(), title);
            found.label("not executed yet");
            self.not_yet.push(found);
        }
    }

    /// Reports a key that is not among `known`.
    pub(super) fn unknown_key(&mut self, key: &str, span: &Span, known: &[&str], whose: &str) {
        let close = self.closest(key, known.iter().copied());
        let found = self.error(span, format!("{whose} has no key {}", quoted(key)));
        match close {
            // What authors look for in a guard stands elsewhere.
            _ if whose == "a guard" && ["within", "every"].contains(&key) => {
                found.label("not in the guard's map").help(format!(
                    "`{key}` is a key of the step, beside `check` or `verify`"
                ))
            }
            Some(close) => found.label(format!("did you mean `{close}`?")),
            None if known.len() > 20 => found
                .label("unknown key")
                .help("`upwalk schema` prints all keys"),
            None => found
                .label("unknown key")
                .help(format!("known keys: {}", known.join(", "))),
        };
    }

    /// Reports a node of the wrong shape.
    pub(super) fn wrong_shape(&mut self, node: &Node, wanted: &str) {
        let is = match &node.value {
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        };
        self.error(&node.span, format!("expected {wanted}, found {is}"))
            .label(format!("this is {is}"));
    }
}

/// A text of the plan's inside a message: in backquotes, without control characters, not too long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(shown_char).collect();
    if text.chars().count() > 60 {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

/// A character as it may be printed: control characters are spelled out.
fn shown_char(c: char) -> Vec<char> {
    if c.is_control() || ('\u{200b}'..='\u{206f}').contains(&c) {
        c.escape_unicode().collect()
    } else {
        vec![c]
    }
}

/// The candidate nearest to `word`, where one is near enough to have been meant.
fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > 64 {
        return None;
    }
    let most = (word.chars().count() / 3).clamp(1, 3);
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = plain(word);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= 3)
        .map(|candidate| (distance(&wanted, &plain(candidate)), candidate))
        .filter(|(far, _)| *far <= most)
        .min_by_key(|(far, _)| *far)
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, left out, replaced or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j - 1] + change)
                .min(rows[i - 1][j] + 1)
                .min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_suggested_and_a_far_one_is_not() {
        let keys = ["unless", "undo", "only_if", "timeout"];
        assert_eq!(closest("unles", keys), Some("unless"));
        assert_eq!(closest("only-if", keys), Some("only_if"));
        assert_eq!(closest("tiemout", keys), Some("timeout"));
        assert_eq!(closest("banana", keys), None);
    }

    #[test]
    fn texts_of_the_plan_are_shown_without_control_characters() {
        assert_eq!(quoted("a\u{1b}[2Jb"), "`a\\u{1b}[2Jb`");
        assert!(quoted(&"x".repeat(500)).len() < 80);
    }
}
