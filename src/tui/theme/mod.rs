//! How things look: a theme gives each role its colours and attributes, and the glyphs.
//!
//! Panels name a role, never a colour. A colour is never the only carrier of a state: every state
//! has its own word and symbol too. Themes are files (`themes/*.yaml`, compiled in; a user's own
//! over them); `file` reads them, `check` measures them.

mod check;
mod colour;
mod file;
mod glyphs;
mod ink;
mod sample;
mod shipped;

pub use check::{Report, check};
pub use file::{MAX_BYTES, ThemeError, Themes};
pub use sample::sample;
pub use shipped::SHIPPED;

pub(crate) use colour::of_256;
pub(crate) use glyphs::{Glyphs, MARKS, Mark, Symbols, in_ascii};

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

/// Which characters are drawn with, the fewest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GlyphSet {
    /// Bytes 0x20 to 0x7e.
    Ascii,
    /// Line drawing only, for consoles whose font has little else.
    Boxes,
    /// Lines and symbols of Unicode.
    Unicode,
}

/// What a piece of text is on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Text,
    Muted,
    Strong,
    Surface,
    SurfaceBox,
    Border,
    BorderFocus,
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
    LogMatch,
    DiffAdd,
    DiffDel,
    Stale,
}

/// Every role with its name in theme files (ux.md, section 4), in the order of [`Role`].
pub(crate) const ROLES: [(Role, &str); 34] = [
    (Role::Text, "text"),
    (Role::Muted, "muted"),
    (Role::Strong, "strong"),
    (Role::Surface, "surface"),
    (Role::SurfaceBox, "surface.box"),
    (Role::Border, "border"),
    (Role::BorderFocus, "border.focus"),
    (Role::Title, "title"),
    (Role::EnvProd, "env.prod"),
    (Role::EnvOther, "env.other"),
    (Role::Driver, "role.driver"),
    (Role::Observer, "role.observer"),
    (Role::Pending, "state.pending"),
    (Role::Running, "state.running"),
    (Role::Ok, "state.ok"),
    (Role::Warn, "state.warn"),
    (Role::Fail, "state.fail"),
    (Role::Asking, "state.asking"),
    (Role::Paused, "state.paused"),
    (Role::Skipped, "state.skipped"),
    (Role::Undone, "state.undone"),
    (Role::Danger, "danger"),
    (Role::NoReturn, "point_of_no_return"),
    (Role::Input, "input"),
    (Role::Match, "input.match"),
    (Role::Mismatch, "input.mismatch"),
    (Role::Selection, "selection"),
    (Role::Key, "key"),
    (Role::LogMeta, "log.meta"),
    (Role::LogError, "log.error"),
    (Role::LogMatch, "log.match"),
    (Role::DiffAdd, "diff.add"),
    (Role::DiffDel, "diff.del"),
    (Role::Stale, "stale"),
];

/// How a role looks: its colours at each depth (foreground, background; none: the terminal's own),
/// its attributes with colours, and those that carry it without any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Look {
    rgb: (Option<u32>, Option<u32>),
    c256: (Option<u8>, Option<u8>),
    c16: (Option<Color>, Option<Color>),
    with: Modifier,
    mono: Modifier,
}

/// What a theme file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Palette {
    name: String,
    looks: [Look; ROLES.len()],
    /// The characters that it wants; none: what terminal and locale can show.
    glyphs: Option<GlyphSet>,
    symbols: Symbols,
    /// The backgrounds that it is checked against.
    backgrounds: Vec<u32>,
    /// The least contrast on any of them.
    min_contrast: f64,
}

impl Palette {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The most characters that it wants of those that a terminal can show.
    pub(crate) fn glyphs(&self, most: GlyphSet) -> GlyphSet {
        self.glyphs.map_or(most, |wanted| wanted.min(most))
    }

    /// How a role looks.
    fn look(&self, role: Role) -> &Look {
        &self.looks[role as usize]
    }
}

/// How this terminal is drawn on.
#[derive(Debug, Clone)]
pub(crate) struct Theme {
    depth: Depth,
    set: GlyphSet,
    looks: [Look; ROLES.len()],
    /// The backgrounds that it is made for.
    backgrounds: Vec<u32>,
    pub(crate) glyphs: Glyphs,
}

impl Theme {
    /// A palette on a terminal with so many colours and these characters.
    pub(crate) fn new(palette: &Palette, depth: Depth, glyphs: GlyphSet) -> Self {
        Self {
            depth,
            set: glyphs,
            looks: palette.looks,
            backgrounds: palette.backgrounds.clone(),
            glyphs: Glyphs::of(glyphs, palette.symbols),
        }
    }

    /// A look without any: what a frame says, and how much room that takes.
    pub(crate) fn bare(glyphs: GlyphSet) -> Self {
        Self {
            depth: Depth::Mono,
            set: glyphs,
            looks: [Look::default(); ROLES.len()],
            backgrounds: Vec::new(),
            glyphs: Glyphs::of(glyphs, Symbols::default()),
        }
    }

    /// Whether nothing but ASCII may reach the terminal.
    pub(crate) fn is_ascii(&self) -> bool {
        self.set == GlyphSet::Ascii
    }

    /// A role's style on this terminal.
    pub(crate) fn style(&self, role: Role) -> Style {
        let look = &self.looks[role as usize];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_role_once_and_in_order() {
        for (at, (role, name)) in ROLES.iter().enumerate() {
            assert_eq!(*role as usize, at, "{name}");
            assert!(!ROLES[at + 1..].iter().any(|(_, other)| other == name));
        }
    }

    #[test]
    fn without_colours_only_attributes_are_left() {
        let palette = Themes::default().named("dark").expect("it is shipped");
        let theme = Theme::new(&palette, Depth::Mono, GlyphSet::Ascii);
        for (role, name) in ROLES {
            let style = theme.style(role);
            assert!(style.fg.is_none() && style.bg.is_none(), "{name}");
        }
    }
}
