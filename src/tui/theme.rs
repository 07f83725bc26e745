//! How things look: roles as one table, and the glyphs.
//!
//! Panels name a role, never a colour. A colour is never the only carrier of a state: every state
//! has its own word and symbol too. Themes other than the dark one are a later part.

use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: attributes and words only.
    Mono,
    /// The 16 of old, of which only red and yellow can be read on any background.
    C16,
    /// The usual case over SSH.
    C256,
    /// 24 bits.
    True,
}

/// Which characters are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlyphSet {
    /// Lines and symbols of Unicode.
    Unicode,
    /// Line drawing only, for consoles whose font has little else.
    Boxes,
    /// Bytes 0x20 to 0x7e.
    Ascii,
}

/// What a piece of text is on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Text,
    Muted,
    Strong,
    Border,
    Title,
    EnvProd,
    EnvOther,
    Driver,
    Observer,
    Pending,
    Running,
    Ok,
    Warn,
    Fail,
    Asking,
    Paused,
    Skipped,
    Undone,
    Danger,
    NoReturn,
    Input,
    Match,
    Mismatch,
    Selection,
    Key,
    LogMeta,
    LogError,
}

/// One line of the table: a role's colours at each depth (foreground, background), its attributes
/// with colours, and those that carry it without any.
pub(crate) struct Look {
    role: Role,
    rgb: (Option<u32>, Option<u32>),
    c256: (Option<u8>, Option<u8>),
    c16: (Option<Color>, Option<Color>),
    with: Modifier,
    mono: Modifier,
}

const NONE: Modifier = Modifier::empty();
const BOLD: Modifier = Modifier::BOLD;
const LINE: Modifier = Modifier::UNDERLINED;
const TURNED: Modifier = Modifier::REVERSED;
const LOUD: Modifier = BOLD.union(TURNED);

/// A role in the terminal's own colours.
const fn plain(role: Role, with: Modifier, mono: Modifier) -> Look {
    Look {
        role,
        rgb: (None, None),
        c256: (None, None),
        c16: (None, None),
        with,
        mono,
    }
}

/// A role with a colour of its own in front of the terminal's background.
const fn hue(role: Role, rgb: u32, c256: u8, c16: Option<Color>, with: Modifier) -> Look {
    Look {
        role,
        rgb: (Some(rgb), None),
        c256: (Some(c256), None),
        c16: (c16, None),
        with,
        mono: with,
    }
}

impl Look {
    /// The same with other attributes where there are no colours.
    const fn mono(mut self, mono: Modifier) -> Self {
        self.mono = mono;
        self
    }

    /// The same on a background of its own.
    const fn on(mut self, rgb: u32, c256: u8, c16: Color) -> Self {
        self.rgb.1 = Some(rgb);
        self.c256.1 = Some(c256);
        self.c16.1 = Some(c16);
        self
    }
}

const RED: Option<Color> = Some(Color::Red);
const YELLOW: Option<Color> = Some(Color::Yellow);
const WHITE: Option<Color> = Some(Color::White);

/// The dark theme. `Text` stays the terminal's own, so that a light terminal can be read as well.
pub(crate) const ROLES: [Look; 27] = [
    plain(Role::Text, NONE, NONE),
    hue(Role::Muted, 0x00a3_aebb, 145, None, NONE),
    plain(Role::Strong, BOLD, BOLD),
    hue(Role::Border, 0x00a3_aebb, 145, None, NONE),
    plain(Role::Title, BOLD, BOLD),
    hue(Role::EnvProd, 0x00ff_ffff, 231, WHITE, BOLD)
        .on(0x00a8_1218, 124, Color::Red)
        .mono(LOUD),
    plain(Role::EnvOther, TURNED, TURNED),
    hue(Role::Driver, 0x007f_d38a, 114, None, BOLD),
    hue(Role::Observer, 0x00f0_c060, 221, YELLOW, BOLD),
    hue(Role::Pending, 0x00a3_aebb, 145, None, NONE),
    hue(Role::Running, 0x007c_c4ff, 117, None, BOLD),
    hue(Role::Ok, 0x007f_d38a, 114, None, NONE),
    hue(Role::Warn, 0x00f0_c060, 221, YELLOW, BOLD),
    hue(Role::Fail, 0x00ff_8f85, 210, RED, BOLD).mono(LOUD),
    hue(Role::Asking, 0x00f0_c060, 221, YELLOW, BOLD).mono(LOUD),
    hue(Role::Paused, 0x00d9_b3ff, 183, None, BOLD).mono(LINE),
    hue(Role::Skipped, 0x00a3_aebb, 145, None, NONE),
    hue(Role::Undone, 0x00ff_b37a, 216, None, NONE).mono(LINE),
    hue(Role::Danger, 0x00ff_ffff, 231, WHITE, BOLD)
        .on(0x00a8_1218, 124, Color::Red)
        .mono(LOUD),
    hue(Role::NoReturn, 0x00ff_8f85, 210, RED, BOLD),
    plain(Role::Input, BOLD, BOLD),
    hue(Role::Match, 0x007f_d38a, 114, None, NONE),
    hue(Role::Mismatch, 0x00ff_8f85, 210, RED, BOLD),
    plain(Role::Selection, TURNED, TURNED),
    plain(Role::Key, BOLD, BOLD),
    hue(Role::LogMeta, 0x00a3_aebb, 145, None, NONE),
    hue(Role::LogError, 0x00ff_8f85, 210, RED, NONE),
];

/// How this terminal is drawn on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    depth: Depth,
    pub(crate) glyphs: Glyphs,
}

impl Theme {
    /// The look of a terminal with so many colours and these characters.
    pub(crate) fn new(depth: Depth, glyphs: GlyphSet) -> Self {
        Self {
            depth,
            glyphs: Glyphs::of(glyphs),
        }
    }

    /// A role's style on this terminal.
    pub(crate) fn style(self, role: Role) -> Style {
        let Some(look) = ROLES.iter().find(|look| look.role == role) else {
            return Style::new();
        };
        let rgb = |hex: u32| {
            let [_, r, g, b] = hex.to_be_bytes();
            Color::Rgb(r, g, b)
        };
        let (fg, bg) = match self.depth {
            Depth::Mono => (None, None),
            Depth::C16 => look.c16,
            Depth::C256 => (
                look.c256.0.map(Color::Indexed),
                look.c256.1.map(Color::Indexed),
            ),
            Depth::True => (look.rgb.0.map(rgb), look.rgb.1.map(rgb)),
        };
        let attributes = match self.depth {
            Depth::Mono => look.mono,
            Depth::C16 | Depth::C256 | Depth::True => look.with,
        };
        Style {
            fg,
            bg,
            ..Style::new()
        }
        .add_modifier(attributes)
    }
}

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
    symbols: [&'static str; 9],
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

/// Every mark, as the help explains them.
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
    /// The characters of this set.
    pub(crate) fn of(set: GlyphSet) -> Self {
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
            symbols: [
                "[x]", "[>]", "[ ]", "[W]", "[F]", "[?]", "[~]", "[s]", "[u]",
            ],
        };
        let boxes = Self {
            rule: "─",
            heavy: "═",
            side: "│",
            corners: ["┌", "┐", "└", "┘"],
            ..ascii
        };
        match set {
            GlyphSet::Ascii => ascii,
            GlyphSet::Boxes => boxes,
            GlyphSet::Unicode => Self {
                cursor: "▸",
                bullet: "•",
                full: "█",
                empty: "░",
                arrow: "→",
                symbols: [
                    "[✓]", "[▸]", "[ ]", "[!]", "[✗]", "[?]", "[~]", "[-]", "[◂]",
                ],
                ..boxes
            },
        }
    }

    /// A mark's symbol, three columns wide.
    pub(crate) fn symbol(&self, mark: Mark) -> &'static str {
        let place = match mark {
            Mark::Done => 0,
            Mark::Running => 1,
            Mark::Pending => 2,
            Mark::Asking => 3,
            Mark::Failed => 4,
            Mark::Unknown => 5,
            Mark::Paused => 6,
            Mark::Skipped => 7,
            Mark::Undone => 8,
        };
        self.symbols[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_line_and_no_state_is_told_by_colour_alone() {
        let theme = Theme::new(Depth::Mono, GlyphSet::Ascii);
        for (at, look) in ROLES.iter().enumerate() {
            let twice = ROLES[at + 1..].iter().any(|other| other.role == look.role);
            assert!(!twice, "{:?} has two lines", look.role);
            let style = theme.style(look.role);
            assert!(style.fg.is_none() && style.bg.is_none(), "{:?}", look.role);
        }
        for set in [GlyphSet::Ascii, GlyphSet::Boxes, GlyphSet::Unicode] {
            let glyphs = Glyphs::of(set);
            let mut symbols: Vec<_> = MARKS.iter().map(|mark| glyphs.symbol(*mark)).collect();
            symbols.sort_unstable();
            symbols.dedup();
            assert_eq!(symbols.len(), MARKS.len(), "{set:?}");
        }
    }

    #[test]
    fn the_ascii_set_is_ascii() {
        let glyphs = Glyphs::of(GlyphSet::Ascii);
        let mut all = vec![glyphs.rule, glyphs.heavy, glyphs.side, glyphs.cursor];
        all.extend([glyphs.bullet, glyphs.full, glyphs.empty]);
        all.extend(glyphs.corners);
        all.extend(glyphs.symbols);
        assert!(all.iter().all(|text| text.is_ascii()));
    }
}
