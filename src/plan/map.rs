//! Small maps of texts in the same YAML or JSON as plans: configuration and variables.

use super::{Diagnostic, Diagnostics};
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
    /// A list, of whatever.
    List,
}

/// Reads a file that is one map; `name` is the file as findings call it. An empty file is an empty
/// map.
pub fn read_map(_name: &str, _bytes: &[u8]) -> Result<Map, Diagnostics> {
    todo!()
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
