//! What is chosen once, before the first frame. Nothing here looks at the environment itself: `cli`
//! brings what it needs of it.

use super::log::{LogColours, Mouse};
use super::theme::{Depth, GlyphSet, Palette};
use crate::types::{ConsentRules, Notify, Zone};

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// As the environment says.
    Auto,
    /// Always.
    Always,
    /// Never; bold, underline and reverse stay.
    Never,
}

/// Whether the glyphs are a guess about the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    /// A person has chosen them, or they are ASCII.
    No,
    /// By locale and `TERM`: the terminal may still draw them two columns wide.
    Yes,
}

/// Whether the terminal's title is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Titles {
    /// This terminal has one.
    Shown,
    /// It has none, and would draw it as text.
    None,
}

/// What the screen looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Whose screen this is, as long as the supervisor does not say.
    pub login: String,
    /// The theme.
    pub palette: Palette,
    /// How many colours.
    pub depth: Depth,
    /// Which characters.
    pub glyphs: GlyphSet,
    /// Whether the terminal is asked about them.
    pub guess: Guess,
    /// Whether the title says how the run is.
    pub titles: Titles,
    /// How a person is called.
    pub notify: Notify,
    /// How consents are taken.
    pub rules: ConsentRules,
    /// Whether the mouse's wheel scrolls from the start.
    pub mouse: Mouse,
    /// What `z` shows beside UTC.
    pub zone: Zone,
    /// What becomes of the colours in a command's output.
    pub log_colours: LogColours,
    /// The configured pager's words.
    pub pager: Option<Vec<String>>,
}

/// Whether a terminal of this `TERM` can show screens at all.
pub fn is_capable(term: Option<&str>) -> bool {
    !matches!(term, None | Some("" | "dumb"))
}

/// The theme where nobody names one: light where the terminal says that its background is, else
/// dark. Nothing else is guessed (ux.md, section 4).
pub fn usual_theme(env: &dyn Fn(&str) -> Option<String>) -> &'static str {
    let said = env("COLORFGBG").unwrap_or_default();
    match said.rsplit(';').next() {
        Some("7" | "15") => "light",
        Some(_) | None => "dark",
    }
}

impl Settings {
    /// Chooses by flags and environment (`env` looks a variable up), first match first: ux.md,
    /// section 4.
    pub fn choose(
        palette: Palette,
        colour: Colour,
        glyphs: Option<GlyphSet>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let guessed = glyphs.is_none();
        let glyphs = glyphs.unwrap_or_else(|| palette.glyphs(glyph_set(&set)));
        Self {
            login: ["SUDO_USER", "LOGNAME", "USER"]
                .iter()
                .find_map(|name| set(name))
                .unwrap_or_default(),
            depth: depth(colour, &set),
            guess: if guessed && glyphs != GlyphSet::Ascii {
                Guess::Yes
            } else {
                Guess::No
            },
            glyphs,
            titles: titles(&set),
            notify: Notify::default(),
            rules: ConsentRules::default(),
            mouse: Mouse::default(),
            zone: Zone::UTC,
            log_colours: LogColours::default(),
            pager: None,
            palette,
        }
    }
}

/// How many colours to use.
fn depth(colour: Colour, set: &dyn Fn(&str) -> Option<String>) -> Depth {
    let term = set("TERM");
    let forced =
        |name: &str| matches!(set(name), Some(value) if value != "0") && colour == Colour::Auto;
    let off = match colour {
        Colour::Never => true,
        Colour::Always => false,
        Colour::Auto if set("NO_COLOR").is_some() => true,
        Colour::Auto if forced("CLICOLOR_FORCE") || forced("FORCE_COLOR") => false,
        Colour::Auto => set("CLICOLOR").as_deref() == Some("0") || !is_capable(term.as_deref()),
    };
    let term = term.unwrap_or_default();
    let known = [
        "xterm",
        "screen",
        "tmux",
        "linux",
        "rxvt",
        "alacritty",
        "kitty",
        "foot",
        "st",
        "konsole",
        "putty",
        "ansi",
        "wezterm",
        "ghostty",
        "cygwin",
        "gnome",
        "vte",
        "eterm",
        "iterm",
        "mintty",
    ];
    let wanted = colour == Colour::Always || forced("CLICOLOR_FORCE") || forced("FORCE_COLOR");
    if off {
        Depth::Mono
    } else if matches!(set("COLORTERM").as_deref(), Some("truecolor" | "24bit")) {
        Depth::True
    } else if term.ends_with("-256color") || term.ends_with("-direct") {
        Depth::C256
    } else if wanted || known.iter().any(|name| term.starts_with(name)) {
        Depth::C16
    } else {
        Depth::Mono
    }
}

/// Whether this terminal has a title.
fn titles(set: &dyn Fn(&str) -> Option<String>) -> Titles {
    let term = set("TERM").unwrap_or_default();
    if term.starts_with("vt") || term == "linux" || !is_capable(Some(&term)) {
        Titles::None
    } else {
        Titles::Shown
    }
}

/// Which characters the locale and the terminal can show.
fn glyph_set(set: &dyn Fn(&str) -> Option<String>) -> GlyphSet {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| set(name))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let term = set("TERM").unwrap_or_default();
    let unicode = locale.contains("utf-8") || locale.contains("utf8");
    if !unicode || term.starts_with("vt") || !is_capable(Some(&term)) {
        GlyphSet::Ascii
    } else if term == "linux" {
        GlyphSet::Boxes
    } else {
        GlyphSet::Unicode
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::Themes;

    fn with(pairs: &[(&str, &str)]) -> Settings {
        let dark = Themes::default().named("dark").expect("it is shipped");
        Settings::choose(dark, Colour::Auto, None, &|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colours_follow_the_environment() {
        let xterm = ("TERM", "xterm-256color");
        assert_eq!(with(&[xterm]).depth, Depth::C256);
        assert_eq!(
            with(&[xterm, ("COLORTERM", "truecolor")]).depth,
            Depth::True
        );
        assert_eq!(with(&[xterm, ("NO_COLOR", "1")]).depth, Depth::Mono);
        assert_eq!(with(&[xterm, ("NO_COLOR", "")]).depth, Depth::C256);
        assert_eq!(with(&[xterm, ("CLICOLOR", "0")]).depth, Depth::Mono);
        assert_eq!(with(&[("TERM", "linux")]).depth, Depth::C16);
        assert_eq!(with(&[("TERM", "vt100")]).depth, Depth::Mono);
        assert_eq!(with(&[]).depth, Depth::Mono);
        let forced = with(&[("TERM", "vt100"), ("FORCE_COLOR", "1")]);
        assert_eq!(forced.depth, Depth::C16);
    }

    #[test]
    fn a_terminal_that_says_its_background_is_light_gets_the_light_theme() {
        let usual = |said: Option<&str>| usual_theme(&|_| said.map(str::to_owned));
        assert_eq!(usual(None), "dark");
        assert_eq!(usual(Some("15;0")), "dark");
        assert_eq!(usual(Some("0;15")), "light");
        assert_eq!(usual(Some("0;default;7")), "light");
    }

    #[test]
    fn glyphs_follow_the_locale_first_match_first() {
        let utf8 = ("LANG", "en_US.UTF-8");
        let xterm = ("TERM", "xterm");
        assert_eq!(with(&[xterm, utf8]).glyphs, GlyphSet::Unicode);
        assert_eq!(
            with(&[xterm, utf8, ("LC_ALL", "C")]).glyphs,
            GlyphSet::Ascii
        );
        let ctype = ("LC_CTYPE", "de_DE.utf8");
        assert_eq!(with(&[xterm, ctype]).glyphs, GlyphSet::Unicode);
        assert_eq!(with(&[("TERM", "linux"), utf8]).glyphs, GlyphSet::Boxes);
        assert_eq!(with(&[("TERM", "vt100"), utf8]).glyphs, GlyphSet::Ascii);
        assert_eq!(with(&[utf8]).glyphs, GlyphSet::Ascii);
    }
}
