//! JSON to a tree of nodes: what generators write.
//!
//! `serde_json` decides whether it is JSON; the walk over the checked text that follows only
//! finds the places.

use super::findings::Findings;
use super::node::{Key, Node, Scalar, Span, Style, Value};
use super::yaml::{DEPTH, NODES, too_deep, too_many};
use std::collections::HashMap;

/// Reads a JSON file; none where it is not JSON, which is then among the findings.
pub(super) fn read(out: &mut Findings<'_>) -> Option<Node> {
    let text = out.text;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let begins = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1));
        let at = begins.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let said = error.to_string();
        // The place is drawn, so the text need not repeat it.
        let what = said.split(" at line ").next().unwrap_or_default();
        out.error(&(at..at), format!("this is not JSON: {what}"))
            .label("here")
            .help("a file whose first character is `{` is read as JSON");
        return None;
    }
    let mut reader = Reader {
        text,
        at: 0,
        nodes: 0,
    };
    reader.value(0, out)
}

/// Walks over a text that is known to be JSON.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    nodes: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> u8 {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied().unwrap_or(b' ')
    }

    fn value(&mut self, depth: usize, out: &mut Findings<'_>) -> Option<Node> {
        self.nodes += 1;
        let first = self.peek();
        let start = self.at;
        if self.nodes > NODES {
            too_many(&(start..start), out);
            return None;
        }
        if depth > DEPTH {
            too_deep(&(start..start), out);
            return None;
        }
        match first {
            b'{' => self.map(depth, out),
            b'[' => self.list(depth, out),
            b'"' => {
                let (text, span) = self.text(out);
                let scalar = Scalar {
                    text,
                    style: Style::Literal,
                };
                Some(Node {
                    value: Value::Text(scalar),
                    span,
                })
            }
            _ => {
                let rest = &self.text[start..];
                let len = rest
                    .find([',', ']', '}', ' ', '\n', '\t', '\r'])
                    .unwrap_or(rest.len());
                self.at += len;
                let scalar = Scalar {
                    text: rest[..len].to_owned(),
                    style: Style::Plain,
                };
                Some(Node {
                    value: Value::Text(scalar),
                    span: start..self.at,
                })
            }
        }
    }

    /// A string, its escapes resolved.
    fn text(&mut self, out: &mut Findings<'_>) -> (String, Span) {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => break,
                _ => {}
            }
        }
        let span = start..self.at.min(self.text.len());
        let text: String = serde_json::from_str(&self.text[span.clone()]).unwrap_or_default();
        if text.contains('\0') {
            out.error(&span, "a text contains a NUL character")
                .label("NUL cannot be passed to a command");
        }
        (text, span)
    }

    fn list(&mut self, depth: usize, out: &mut Findings<'_>) -> Option<Node> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        while self.peek() != b']' {
            items.push(self.value(depth + 1, out)?);
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        let span = items
            .first()
            .map_or(start..start + 1, |item: &Node| item.span.clone());
        Some(Node {
            value: Value::List(items),
            span,
        })
    }

    fn map(&mut self, depth: usize, out: &mut Findings<'_>) -> Option<Node> {
        let start = self.at;
        self.at += 1;
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut seen: HashMap<String, Span> = HashMap::new();
        while self.peek() != b'}' {
            let (text, span) = self.text(out);
            if self.peek() == b':' {
                self.at += 1;
            }
            let node = self.value(depth + 1, out)?;
            if let Some(first) = seen.get(&text) {
                out.key_twice(&text, &span, first);
            } else {
                seen.insert(text.clone(), span.clone());
                entries.push((Key { text, span }, node));
            }
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        let span = entries
            .first()
            .map_or(start..start + 1, |(key, _)| key.span.clone());
        Some(Node {
            value: Value::Map(entries),
            span,
        })
    }
}
