//! Text for terminals: widths, wrapping, durations, and the sanitiser for everything not ours.

use crate::types::Millis;

/// How many columns a text takes.
pub fn width(_text: &str) -> usize {
    todo!()
}

/// A text cut to `columns`, with `>` in the last one where something is missing.
pub fn cut(_text: &str, _columns: usize) -> String {
    todo!()
}

/// A text as lines of at most `columns`, broken at spaces where there are any; its own line breaks
/// stay.
pub fn wrap(_text: &str, _columns: usize) -> Vec<String> {
    todo!()
}

/// `3 m 12 s`, `1 d 00 h 12 m`, `0.4 s`.
pub fn duration(_length: Millis) -> String {
    todo!()
}

/// A text of foreign origin made safe for one line: control bytes, escapes and bidi controls are
/// shown as `^[` and the like or dropped (ux.md, "Untrusted text").
pub fn clean(_text: &str) -> String {
    todo!()
}
