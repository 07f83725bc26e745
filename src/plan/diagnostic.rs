//! What is wrong with a plan: every finding with its place, drawn like rustc draws them.

use std::ops::Range;

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

impl Diagnostics {
    /// Draws every finding, with file, line and column.
    pub fn render(&self, _paint: Paint) -> String {
        todo!()
    }
}
