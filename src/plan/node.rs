//! A plan file as a tree of texts, lists and maps, each with its place.

use std::ops::Range;

/// A place in the plan file, in bytes.
pub(super) type Span = Range<usize>;

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Sp<T> {
    /// The value.
    pub(super) value: T,
    /// Where it stands.
    pub(super) span: Span,
    /// Where its key stands; the value's own place for an entry of a list.
    pub(super) key: Span,
}

impl<T> std::ops::Deref for Sp<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Bare.
    Plain,
    /// In quotes.
    Quoted,
    /// Below `|`, or a JSON string: nothing of it is changed.
    Literal,
    /// Below `>`.
    Folded,
}

/// A value of the tree.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A scalar, as text exactly as written.
    Text(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the file, without repeated keys.
    Map(Vec<(Key, Node)>),
}

/// A scalar.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    /// Its text; YAML's escapes are resolved.
    pub(super) text: String,
    /// How it is written.
    pub(super) style: Style,
}

/// A key of a map.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// Its text.
    pub(super) text: String,
    /// Where it stands.
    pub(super) span: Span,
}

/// A value with its place. A map's or list's is that of its first key or entry.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The value.
    pub(super) value: Value,
    /// Its place.
    pub(super) span: Span,
}

impl Node {
    /// The node below `key`, where this is a map that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, n)| n),
            Value::Text(_) | Value::List(_) => None,
        }
    }

    /// The tree as JSON text, in the order of the file: the same for the same contents, however
    /// they are laid out.
    pub(super) fn canonical(&self) -> String {
        match &self.value {
            Value::Text(scalar) => json_text(&scalar.text),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Self::canonical).collect();
                format!("[{}]", items.join(","))
            }
            Value::Map(entries) => {
                let pair = |(key, node): &(Key, Node)| {
                    format!("{}:{}", json_text(&key.text), node.canonical())
                };
                let entries: Vec<String> = entries.iter().map(pair).collect();
                format!("{{{}}}", entries.join(","))
            }
        }
    }
}

/// A text as a JSON string.
fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
