//! Small maps of texts in the same YAML or JSON as plans: configuration and variables.

use super::findings::Findings;
use super::node::{Key, Node, Value};
use super::{Diagnostic, Diagnostics, text_of, tree};
use std::ops::Range;

/// A map as it was read, with its text for findings.
#[derive(Debug, Clone)]
pub struct Map {
    file: String,
    text: String,
    /// Its entries, in the order of the file.
    pub entries: Vec<MapEntry>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapEntry {
    /// Its key.
    pub key: String,
    /// Where the key stands, in bytes.
    pub span: Range<usize>,
    /// Its value.
    pub value: MapValue,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MapValue {
    /// A text exactly as written.
    Text(String),
    /// A map.
    Map(Vec<MapEntry>),
    /// A list.
    List(Vec<MapValue>),
}

/// Reads a file that is one map; `name` is the file as findings call it. An empty file is an empty
/// map.
pub fn read_map(name: &str, bytes: &[u8]) -> Result<Map, Diagnostics> {
    let text = text_of(name, bytes)?;
    let file = name.to_owned();
    let mut out = Findings::new(text);
    let root = if is_blank(text) { None } else { tree(&mut out) };
    let entries = match root.as_ref().map(|root| &root.value) {
        Some(Value::Map(entries)) => entries.iter().map(entry).collect(),
        Some(Value::Text(_) | Value::List(_)) => {
            out.error(&(0..0), "this file is a map")
                .label("`name: value` is expected here");
            Vec::new()
        }
        None => Vec::new(),
    };
    if out.errors.is_empty() {
        let text = text.to_owned();
        Ok(Map {
            file,
            text,
            entries,
        })
    } else {
        Err(Diagnostics::sorted(name, text, out.errors))
    }
}

/// Whether a file holds nothing but comments.
fn is_blank(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#'))
}

/// A node of the tree as its readers see it.
fn entry((key, node): &(Key, Node)) -> MapEntry {
    MapEntry {
        key: key.text.clone(),
        span: key.span.clone(),
        value: value(node),
    }
}

/// A node's value.
fn value(node: &Node) -> MapValue {
    match &node.value {
        Value::Text(scalar) => MapValue::Text(scalar.text.clone()),
        Value::List(items) => MapValue::List(items.iter().map(value).collect()),
        Value::Map(entries) => MapValue::Map(entries.iter().map(entry).collect()),
    }
}

impl Map {
    /// A finding at a place of this file.
    pub fn finding(&self, span: &Range<usize>, title: &str) -> Diagnostics {
        Diagnostics {
            file: self.file.clone(),
            text: self.text.clone(),
            found: vec![Diagnostic {
                title: title.to_owned(),
                span: span.clone(),
                label: "here".to_owned(),
                also: None,
                help: None,
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_texts_as_written_and_an_empty_file_is_an_empty_map() {
        let map =
            read_map("vars.yaml", b"a: 4.10\nb: yes\nc: [1]\nd: { e: 010 }\n").expect("a map");
        let texts: Vec<_> = map
            .entries
            .iter()
            .map(|entry| entry.value.clone())
            .collect();
        assert_eq!(
            texts[..3],
            [
                MapValue::Text("4.10".into()),
                MapValue::Text("yes".into()),
                MapValue::List(vec![MapValue::Text("1".into())]),
            ]
        );
        assert!(
            matches!(&texts[3], MapValue::Map(inner) if inner[0].value == MapValue::Text("010".into()))
        );
        assert_eq!(read_map("x", b"# nothing\n\n").expect("a map").entries, []);
        assert_eq!(
            read_map("x", b"{\"a\": \"b\"}")
                .expect("a map")
                .entries
                .len(),
            1
        );
    }

    #[test]
    fn what_is_no_map_is_refused_with_its_place() {
        for (text, title) in [
            (&b"- a\n"[..], "this file is a map"),
            (b"a: 1\na: 2\n", "the key `a` stands here twice"),
            (b"a: !x 1\n", "YAML reads `!x` as a tag and drops it"),
            (b"a: \xff\n", "this file is not UTF-8 text"),
        ] {
            let found = read_map("x", text).expect_err("not a map");
            assert_eq!(found.found[0].title, title);
        }
    }
}
