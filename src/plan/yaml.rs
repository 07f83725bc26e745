//! YAML to a tree of nodes.
//!
//! The parser's events are taken rather than its `serde` side: only they tell a plain text from a
//! quoted one, keep `4.10` as it is written, and have a place for everything. What YAML would do to
//! a text behind the author's back (tags, anchors, aliases, several documents) is refused here.

use super::findings::{Findings, quoted};
use super::node::{Key, Node, Scalar, Span, Style, Value};
use serde_yaml::granit_parser::{
    ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span as Mark,
};
use std::collections::HashMap;

/// How deep maps and lists may be nested.
pub(super) const DEPTH: usize = 32;
/// How many values a plan may have.
pub(super) const NODES: usize = 200_000;

/// What a command that YAML reads as something else needs.
pub(super) const NEEDS_BAR: &str = "a command that contains `: ` or begins with a quote or one of \
     `! [ { * & @ %` goes below a `|`, on a line of its own";

/// Reads a YAML file; none where it has a syntax error, which is then among the findings.
pub(super) fn read(out: &mut Findings<'_>) -> Option<Node> {
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    options.set_emit_comments(false);
    options.disallow_directives = true;
    // Ours is checked with a better message.
    options.flow_nesting_limit = DEPTH + 2;
    options.block_nesting_limit = DEPTH + 2;
    let text = out.text;
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, mark)) => builder.take(event, mark, out).ok()?,
            Err(error) => {
                syntax_error(&error, out);
                return None;
            }
        }
    }
    if builder.root.is_none() && out.errors.is_empty() {
        out.error(&(0..0), "the plan is empty")
            .help("a plan begins with `upwalk: 1`");
    }
    builder.root
}

/// The finding has been made and reading cannot go on.
struct Stop;

/// A map or list that is not finished yet.
struct Open {
    begins: Span,
    what: Unfinished,
}

enum Unfinished {
    List(Vec<Node>),
    Map {
        entries: Vec<(Key, Node)>,
        seen: HashMap<String, Span>,
        key: Option<Key>,
    },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl Builder {
    /// Takes one event in.
    fn take(&mut self, event: Event<'_>, mark: Mark, out: &mut Findings<'_>) -> Result<(), Stop> {
        let span = place(&mark, out.text);
        if let Some(tag) = mark.tag_span().filter(|_| event.tag().is_some()) {
            let tag = place(&tag, out.text);
            let written = out.text.get(tag.clone()).unwrap_or("!").to_owned();
            out.error(
                &tag,
                format!("YAML reads {} as a tag and drops it", quoted(&written)),
            )
            .label("a tag")
            .help(NEEDS_BAR);
        }
        if event.anchor_id().is_some() {
            let begins = anchor_before(out.text, &span);
            out.error(
                &begins,
                "anchors (`&name`) are not part of the plan language",
            )
            .label("an anchor")
            .help(NEEDS_BAR);
        }
        match event {
            Event::DocumentStart(..) => self.document(&span, out),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                out.error(&span, "aliases (`*name`) are not part of the plan language")
                    .label("an alias")
                    .help(NEEDS_BAR);
                let text = out.text.get(span.clone()).unwrap_or("*").to_owned();
                self.scalar(text, Style::Plain, span, out)
            }
            // The parser writes `~` where nothing stands.
            Event::Scalar(_, ScalarStyle::Plain, ..) if span.is_empty() => {
                self.scalar(String::new(), Style::Plain, span, out)
            }
            Event::Scalar(text, style, ..) => {
                self.scalar(text.into_owned(), style_of(style), span, out)
            }
            Event::SequenceStart(..) => self.begin(Unfinished::List(Vec::new()), span, out),
            Event::MappingStart(..) => {
                let map = Unfinished::Map {
                    entries: Vec::new(),
                    seen: HashMap::new(),
                    key: None,
                };
                self.begin(map, span, out)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(out),
            _ => Ok(()),
        }
    }

    fn document(&mut self, span: &Span, out: &mut Findings<'_>) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents < 2 {
            return Ok(());
        }
        out.error(span, "a second YAML document begins here")
            .label("a plan is one document");
        Err(Stop)
    }

    fn begin(&mut self, what: Unfinished, span: Span, out: &mut Findings<'_>) -> Result<(), Stop> {
        if let Some(Open {
            what: Unfinished::Map { key: None, .. },
            ..
        }) = self.open.last()
        {
            out.error(&span, "a key must be a text")
                .label("this is a map or a list")
                .help(NEEDS_BAR);
            return Err(Stop);
        }
        if self.open.len() >= DEPTH {
            too_deep(&span, out);
            return Err(Stop);
        }
        self.open.push(Open { begins: span, what });
        Ok(())
    }

    fn end(&mut self, out: &mut Findings<'_>) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let node = match open.what {
            Unfinished::List(items) => Node {
                span: items.first().map_or(open.begins, |item| item.span.clone()),
                value: Value::List(items),
            },
            Unfinished::Map { entries, .. } => Node {
                span: entries
                    .first()
                    .map_or(open.begins, |(key, _)| key.span.clone()),
                value: Value::Map(entries),
            },
        };
        self.add(node, out)
    }

    fn scalar(
        &mut self,
        text: String,
        style: Style,
        span: Span,
        out: &mut Findings<'_>,
    ) -> Result<(), Stop> {
        if text.contains('\0') {
            out.error(&span, "a text contains a NUL character")
                .label("NUL cannot be passed to a command");
        }
        if let Some(Open {
            what:
                Unfinished::Map {
                    key: key @ None,
                    seen,
                    ..
                },
            ..
        }) = self.open.last_mut()
        {
            if let Some(first) = seen.get(&text) {
                out.key_twice(&text, &span, first);
            } else {
                seen.insert(text.clone(), span.clone());
            }
            *key = Some(Key { text, span });
            return Ok(());
        }
        let value = Value::Text(Scalar { text, style });
        self.add(Node { value, span }, out)
    }

    fn add(&mut self, node: Node, out: &mut Findings<'_>) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > NODES {
            too_many(&node.span, out);
            return Err(Stop);
        }
        match self.open.last_mut().map(|open| &mut open.what) {
            None => self.root = Some(node),
            Some(Unfinished::List(items)) => items.push(node),
            Some(Unfinished::Map { entries, seen, key }) => {
                // The first of two equal keys stays; the second has been reported.
                if let Some(key) = key.take().filter(|k| seen.get(&k.text) == Some(&k.span)) {
                    entries.push((key, node));
                }
            }
        }
        Ok(())
    }
}

/// How the parser's styles are told apart here.
fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

/// A parser's place in bytes.
fn place(mark: &Mark, text: &str) -> Span {
    let span = mark.byte_range().unwrap_or(0..0);
    let end = span.end.min(text.len());
    span.start.min(end)..end
}

/// Where the anchor of a value that begins at `span` stands: the last `&` before it.
fn anchor_before(text: &str, span: &Span) -> Span {
    let before = &text.as_bytes()[..span.start.min(text.len())];
    match before.iter().rposition(|b| *b == b'&') {
        Some(at) => at..at + 1,
        None => span.clone(),
    }
}

/// Reports a map or list inside too many others.
pub(super) fn too_deep(span: &Span, out: &mut Findings<'_>) {
    out.error(
        span,
        format!("the plan is nested deeper than {DEPTH} levels"),
    )
    .label("one level too many");
}

/// Reports a value beyond the most that are read.
pub(super) fn too_many(span: &Span, out: &mut Findings<'_>) {
    out.error(span, format!("the plan has more than {NODES} values"))
        .label("one too many");
}

/// Reports what the parser stumbled over; where the line holds a command, says what that needs.
fn syntax_error(error: &ScanError, out: &mut Findings<'_>) {
    let text = out.text;
    let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
    // At the end of the file there is nothing to point at but its last line.
    let at = if at == text.len() {
        text.trim_end().len()
    } else {
        at
    };
    let begins = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let ends = text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline);
    let line = &text[begins..ends];
    let value = line
        .trim_start()
        .trim_start_matches("- ")
        .split_once(": ")
        .map(|(_, v)| v.trim());
    let odd = value.is_some_and(|value| {
        value.contains(": ")
            || value.starts_with(['"', '\'', '!', '[', '{', '*', '&', '@', '%', '`'])
    });
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        too_deep(&(at..at), out);
        return;
    }
    let info = error.info();
    let found = out.error(&(at..at), format!("this is not YAML: {info}"));
    found.label("here");
    if odd {
        found.help(NEEDS_BAR);
    } else if line.contains('\t') {
        found.help("indent with spaces, not with tabs");
    }
}
