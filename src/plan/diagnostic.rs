//! What is wrong with a plan: every finding with its place, drawn like rustc draws them.

use crate::text;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::ops::Range;

/// How many findings are drawn; the rest is counted.
const MOST_DRAWN: usize = 100;

/// The longest excerpt that is drawn, in bytes.
const LONGEST: usize = 4096;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, one line.
    pub title: String,
    /// Where, in bytes of the plan file.
    pub span: Range<usize>,
    /// What to say at that place.
    pub label: String,
    /// A further place with its remark, such as the first of two equal ids.
    pub also: Option<(Range<usize>, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding at a place, with nothing more to say about it yet.
    pub(super) fn new(span: Range<usize>, title: String) -> Self {
        Self {
            title,
            span,
            label: String::new(),
            also: None,
            help: None,
        }
    }

    /// Says something at the place.
    pub(super) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = label.into();
        self
    }

    /// Says what to do.
    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Points at a second place.
    pub(super) fn also(&mut self, span: &Range<usize>, remark: impl Into<String>) -> &mut Self {
        self.also = Some((span.clone(), remark.into()));
        self
    }
}

/// All findings of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    /// The file as it was named.
    pub file: String,
    /// Its text; lossy where it is not UTF-8.
    pub text: String,
    /// In the order of their places.
    pub found: Vec<Diagnostic>,
}

/// Whether drawings may use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Plain ASCII.
    Plain,
    /// With SGR colours.
    Colour,
}

/// A place as people count it, both from 1; the column is in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Diagnostics {
    /// Findings in the order of their places.
    pub(super) fn sorted(file: &str, text: &str, mut found: Vec<Diagnostic>) -> Self {
        found.sort_by_key(|one| (one.span.start, one.span.end));
        let (file, text) = (file.to_owned(), text.to_owned());
        Self { file, text, found }
    }

    /// Draws every finding, with file, line and column.
    pub fn render(&self, paint: Paint) -> String {
        let renderer = match paint {
            Paint::Plain => Renderer::plain(),
            Paint::Colour => Renderer::styled(),
        };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let lines = Lines::of(&self.text);
        let mut drawn: Vec<String> = self
            .found
            .iter()
            .take(MOST_DRAWN)
            .map(|found| renderer.render(&[self.group(&lines, found)]))
            .collect();
        let rest = self.found.len().saturating_sub(MOST_DRAWN);
        if rest > 0 {
            drawn.push(format!("... and {rest} more"));
        }
        harmless(&drawn.join("\n\n"))
    }

    /// Where a finding is.
    pub fn place(&self, found: &Diagnostic) -> Place {
        Lines::of(&self.text).place(found.span.start)
    }

    /// One finding as the drawing library wants it: only the lines it is about are handed over.
    fn group<'a>(&'a self, lines: &Lines<'a>, found: &'a Diagnostic) -> Group<'a> {
        let title = Level::ERROR.primary_title(found.title.as_str());
        let (source, _) = lines.around(&found.span);
        let group = match &found.also {
            _ if self.text.is_empty() => title.element(Origin::path(self.file.as_str())),
            // Machines write lines that no terminal can show.
            _ if source.len() > LONGEST => {
                let place = lines.place(found.span.start);
                let origin = Origin::path(self.file.as_str()).line(place.line);
                title.element(origin.char_column(place.column))
            }
            Some((span, remark)) if source.contains(&span.start) => {
                let also = AnnotationKind::Context.span(within(&self.text, span, &source));
                let snippet =
                    self.snippet(lines, AnnotationKind::Primary, &found.span, &found.label);
                title.element(snippet.annotation(also.label(remark.as_str())))
            }
            Some((span, remark)) => title
                .element(self.snippet(lines, AnnotationKind::Primary, &found.span, &found.label))
                .element(self.snippet(lines, AnnotationKind::Context, span, remark)),
            None => title.element(self.snippet(
                lines,
                AnnotationKind::Primary,
                &found.span,
                &found.label,
            )),
        };
        match &found.help {
            Some(help) => group.element(Level::HELP.message(help.as_str())),
            None => group,
        }
    }

    /// The lines around a place, with a remark at it.
    fn snippet<'a>(
        &'a self,
        lines: &Lines<'a>,
        kind: AnnotationKind,
        span: &Range<usize>,
        remark: &'a str,
    ) -> Snippet<'a, Annotation<'a>> {
        let (source, first) = lines.around(span);
        let place = kind.span(within(&self.text, span, &source)).label(remark);
        Snippet::source(&self.text[source])
            .line_start(first)
            .path(self.file.as_str())
            .annotation(place)
    }
}

/// A span inside an excerpt of a text, at most to the excerpt's end.
fn within(text: &str, span: &Range<usize>, excerpt: &Range<usize>) -> Range<usize> {
    let from = floor(text, span.start.clamp(excerpt.start, excerpt.end));
    let to = floor(text, span.end.clamp(from, excerpt.end)).max(from);
    from - excerpt.start..to - excerpt.start
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Looks for the lines of a text.
    pub(super) fn of(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1));
        Self {
            text,
            starts: starts.collect(),
        }
    }

    /// The line a byte lies on, from 0.
    fn index(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1) - 1
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.index(at) + 1
    }

    /// The line and column of a byte.
    pub(super) fn place(&self, at: usize) -> Place {
        let at = floor(self.text, at);
        let line = self.index(at);
        let column = self.text[self.starts[line]..at].chars().count() + 1;
        Place {
            line: line + 1,
            column,
        }
    }

    /// The lines a span begins on, at most three, and the first one's number.
    fn around(&self, span: &Range<usize>) -> (Range<usize>, usize) {
        let first = self.index(span.start);
        let last = self.index(span.end.max(span.start)).min(first + 2);
        let end = self
            .starts
            .get(last + 1)
            .copied()
            .unwrap_or(self.text.len());
        (self.starts[first]..end, first + 1)
    }
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What was drawn, safe for a terminal: the drawing library stands in for ASCII's control characters
/// alone. Line ends and its own colours stay.
fn harmless(drawn: &str) -> String {
    let ours = |c: char| matches!(c, '\n' | '\x1b') || text::is_harmless(c);
    let stand_in = |c: char| {
        if ours(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    drawn.chars().map(stand_in).collect()
}
