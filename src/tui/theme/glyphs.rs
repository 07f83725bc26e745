//! The characters that screens are drawn with, and the marks of steps, phases and pauses.

use super::{GlyphSet, Role};

/// The characters of a set; both columns of the table are one column wide each, symbols three.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Glyphs {
    pub(crate) rule: &'static str,
    pub(crate) heavy: &'static str,
    pub(crate) side: &'static str,
    /// Top left, top right, bottom left, bottom right.
    pub(crate) corners: [&'static str; 4],
    pub(crate) cursor: &'static str,
    pub(crate) bullet: &'static str,
    pub(crate) full: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) arrow: &'static str,
    symbols: [char; MARKS.len()],
}

/// The symbols that a theme has of its own, by mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Symbols([Option<char>; MARKS.len()]);

impl Symbols {
    /// Takes another symbol for a mark.
    pub(crate) fn set(&mut self, mark: Mark, symbol: char) {
        self.0[mark as usize] = Some(symbol);
    }
}

/// What became of a step, phase or pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Done,
    Running,
    Pending,
    Asking,
    Failed,
    Unknown,
    Paused,
    Skipped,
    Undone,
}

impl Mark {
    /// The role it is drawn in.
    pub(crate) fn role(self) -> Role {
        match self {
            Self::Done => Role::Ok,
            Self::Running => Role::Running,
            Self::Pending => Role::Pending,
            Self::Asking => Role::Asking,
            Self::Failed | Self::Unknown => Role::Fail,
            Self::Paused => Role::Paused,
            Self::Skipped => Role::Skipped,
            Self::Undone => Role::Undone,
        }
    }

    /// Its name in theme files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Running => "running",
            Self::Pending => "pending",
            Self::Asking => "asking",
            Self::Failed => "fail",
            Self::Unknown => "unknown",
            Self::Paused => "paused",
            Self::Skipped => "skipped",
            Self::Undone => "undone",
        }
    }

    /// The word that says the same.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Running => "running",
            Self::Pending => "waiting",
            Self::Asking => "asks you",
            Self::Failed => "failed",
            Self::Unknown => "outcome unknown",
            Self::Paused => "paused",
            Self::Skipped => "skipped",
            Self::Undone => "undone",
        }
    }
}

/// Every mark in the order of [`Mark`], as the help explains them.
pub(crate) const MARKS: [Mark; 9] = [
    Mark::Done,
    Mark::Running,
    Mark::Pending,
    Mark::Asking,
    Mark::Failed,
    Mark::Unknown,
    Mark::Paused,
    Mark::Skipped,
    Mark::Undone,
];

impl Glyphs {
    /// The characters of this set, with a theme's own symbols.
    pub(crate) fn of(set: GlyphSet, own: Symbols) -> Self {
        let ascii = Self {
            rule: "-",
            heavy: "=",
            side: "|",
            corners: ["+", "+", "+", "+"],
            cursor: ">",
            bullet: "-",
            full: "#",
            empty: ".",
            arrow: "->",
            symbols: ['x', '>', ' ', 'W', 'F', '?', '~', 's', 'u'],
        };
        let boxes = Self {
            rule: "─",
            heavy: "═",
            side: "│",
            corners: ["┌", "┐", "└", "┘"],
            ..ascii
        };
        let mut glyphs = match set {
            GlyphSet::Ascii => ascii,
            GlyphSet::Boxes => boxes,
            GlyphSet::Unicode => Self {
                cursor: "▸",
                bullet: "•",
                full: "█",
                empty: "░",
                arrow: "→",
                symbols: ['✓', '▸', ' ', '!', '✗', '?', '~', '-', '◂'],
                ..boxes
            },
        };
        for (place, symbol) in own.0.into_iter().enumerate() {
            glyphs.symbols[place] = symbol.unwrap_or(glyphs.symbols[place]);
        }
        glyphs
    }

    /// A mark's symbol, three columns wide.
    pub(crate) fn symbol(&self, mark: Mark) -> String {
        format!("[{}]", self.symbols[mark as usize])
    }
}

/// What stands for a character where only ASCII may be drawn; one column, like a `?` for the rest.
/// Not for wide ones: their second column stays empty.
pub(crate) fn in_ascii(character: char) -> char {
    match character {
        ' '..='~' => character,
        '\u{a0}' => ' ',
        '‐'..='―' | '─' | '−' => '-',
        '‘' | '’' | '′' => '\'',
        '“' | '”' | '″' | '«' | '»' => '"',
        '…' => '.',
        '•' | '·' => '*',
        '→' | '▸' => '>',
        '←' | '◂' => '<',
        '│' => '|',
        '×' | '✓' => 'x',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_marks_look_alike_in_any_set() {
        for set in [GlyphSet::Ascii, GlyphSet::Boxes, GlyphSet::Unicode] {
            let glyphs = Glyphs::of(set, Symbols::default());
            let mut symbols: Vec<_> = MARKS.iter().map(|mark| glyphs.symbol(*mark)).collect();
            symbols.sort_unstable();
            symbols.dedup();
            assert_eq!(symbols.len(), MARKS.len(), "{set:?}");
        }
    }

    #[test]
    fn the_ascii_set_is_ascii() {
        let glyphs = Glyphs::of(GlyphSet::Ascii, Symbols::default());
        let mut all = vec![glyphs.rule, glyphs.heavy, glyphs.side, glyphs.cursor];
        all.extend([glyphs.bullet, glyphs.full, glyphs.empty]);
        all.extend(glyphs.corners);
        assert!(all.iter().all(|text| text.is_ascii()));
        assert!(MARKS.iter().all(|mark| glyphs.symbol(*mark).is_ascii()));
    }
}
