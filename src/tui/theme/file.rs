//! Theme files: reading them, with the theme that each builds on.
//!
//! A file is a patch over its parent, role by role; unknown keys and roles are errors with line and
//! column, and so is a role that is missing where nothing is built on.

use super::{GlyphSet, MARKS, colour};
use super::{Look, Mark, Palette, ROLES, SHIPPED, Symbols};
use crate::plan::{Diagnostics, Map, MapEntry, MapValue, read_map};
use ratatui::style::{Color, Modifier};

/// No theme file is longer, in bytes.
pub const MAX_BYTES: u64 = 64 << 10;

/// How many themes may build on each other.
const DEEPEST: usize = 8;

/// Why there is no such theme.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ThemeError {
    /// Nobody has one of this name.
    #[error("there is no theme \"{0}\"")]
    Unknown(String),
    /// A file has mistakes.
    #[error("the theme {0} is invalid")]
    Invalid(String, Box<Diagnostics>),
    /// Themes build on each other in a circle, or nearly.
    #[error("the theme \"{0}\" builds on too many others, or on itself")]
    Circle(String),
}

/// The themes that can be named: a user's own, and those that come with upwalk.
#[derive(Debug, Clone, Default)]
pub struct Themes {
    /// Name, path and bytes.
    own: Vec<(String, String, Vec<u8>)>,
}

impl Themes {
    /// With a user's own: name, path as findings show it, and bytes.
    pub fn with(own: Vec<(String, String, Vec<u8>)>) -> Self {
        Self { own }
    }

    /// Every name once, a user's own last; with the path of those.
    pub fn names(&self) -> Vec<(&str, Option<&str>)> {
        let mine = |name: &str| self.own.iter().any(|(own, ..)| own == name);
        let shipped = SHIPPED.iter().filter(|(name, _)| !mine(name));
        let own = self
            .own
            .iter()
            .map(|(name, path, _)| (name.as_str(), Some(path.as_str())));
        shipped.map(|(name, _)| (*name, None)).chain(own).collect()
    }

    /// The theme of this name; a user's own goes before one that comes with upwalk.
    pub fn named(&self, name: &str) -> Result<Palette, ThemeError> {
        self.at_depth(name, "", 0)
    }

    /// A theme from a file's bytes.
    pub fn read(&self, file: &str, bytes: &[u8]) -> Result<Palette, ThemeError> {
        self.build(file, bytes, "", 0)
    }

    /// The theme of this name; `within` is the one that builds on it.
    fn at_depth(&self, name: &str, within: &str, depth: usize) -> Result<Palette, ThemeError> {
        if depth > DEEPEST {
            return Err(ThemeError::Circle(name.to_owned()));
        }
        // A theme of a user's own that builds on its namesake means the one that comes with upwalk.
        let own = self
            .own
            .iter()
            .find(|(own, ..)| own == name && name != within);
        if let Some((_, path, bytes)) = own {
            return self.build(path, bytes, name, depth);
        }
        let shipped = SHIPPED.iter().find(|(shipped, _)| *shipped == name);
        let (_, text) = shipped.ok_or_else(|| ThemeError::Unknown(name.to_owned()))?;
        self.build(name, text.as_bytes(), name, depth)
    }

    fn build(
        &self,
        file: &str,
        bytes: &[u8],
        name: &str,
        depth: usize,
    ) -> Result<Palette, ThemeError> {
        let invalid = |found| ThemeError::Invalid(file.to_owned(), Box::new(found));
        let map = read_map(file, bytes).map_err(invalid)?;
        let parent = match map.entries.iter().find(|entry| entry.key == "extends") {
            None => None,
            Some(entry) => {
                let on = text(&map, entry, "the name of a theme").map_err(invalid)?;
                let parent = self.at_depth(on, name, depth + 1);
                Some(parent.map_err(|error| match error {
                    ThemeError::Unknown(on) => {
                        invalid(map.finding(&entry.span, &format!("there is no theme `{on}`")))
                    }
                    error @ (ThemeError::Invalid(..) | ThemeError::Circle(_)) => error,
                })?)
            }
        };
        Reader::new(&map, parent).palette().map_err(invalid)
    }
}

/// A file on its way to a palette.
struct Reader<'a> {
    map: &'a Map,
    palette: Palette,
    /// Which roles have a look.
    known: [bool; ROLES.len()],
    named: bool,
    versioned: bool,
}

impl<'a> Reader<'a> {
    fn new(map: &'a Map, parent: Option<Palette>) -> Self {
        let known = [parent.is_some(); ROLES.len()];
        let palette = parent.unwrap_or_else(|| Palette {
            name: String::new(),
            looks: [Look::default(); ROLES.len()],
            glyphs: None,
            symbols: Symbols::default(),
            backgrounds: vec![0],
            min_contrast: 4.5,
        });
        Self {
            map,
            palette,
            known,
            named: false,
            versioned: false,
        }
    }

    fn palette(mut self) -> Result<Palette, Diagnostics> {
        for entry in &self.map.entries {
            self.key(entry)?;
        }
        let missing = |what: &str| self.map.finding(&(0..0), what);
        if !self.versioned {
            return Err(missing("a theme says its format: `schema: 1`"));
        }
        if !self.named {
            return Err(missing("a theme has a `name`"));
        }
        if let Some(place) = self.known.iter().position(|known| !known) {
            let role = ROLES[place].1;
            return Err(missing(&format!(
                "the role `{role}` is missing, and this theme builds on no other (`extends`)"
            )));
        }
        Ok(self.palette)
    }

    /// One key of the file.
    fn key(&mut self, entry: &MapEntry) -> Result<(), Diagnostics> {
        let map = self.map;
        match entry.key.as_str() {
            "schema" => {
                if text(map, entry, "1")? != "1" {
                    return Err(map.finding(&entry.span, "this upwalk reads themes of `schema: 1`"));
                }
                self.versioned = true;
            }
            "name" => {
                text(map, entry, "the theme's name")?.clone_into(&mut self.palette.name);
                self.named = true;
            }
            // It was looked at before.
            "extends" => {}
            "background" => self.palette.backgrounds = backgrounds(map, entry)?,
            "min_contrast" => {
                let said = text(map, entry, "a number")?.parse().ok();
                let least = said.filter(|least| (1.0..=21.0).contains(least));
                self.palette.min_contrast = least
                    .ok_or_else(|| map.finding(&entry.span, "`min_contrast` is from 1 to 21"))?;
            }
            "glyphs" => self.palette.glyphs = glyphs(map, entry)?,
            "roles" => {
                for role in inner(map, entry)? {
                    self.role(role)?;
                }
            }
            "symbols" => {
                for symbol in inner(map, entry)? {
                    self.symbol(symbol)?;
                }
            }
            other => {
                return Err(map.finding(&entry.span, &format!("a theme has no key `{other}`")));
            }
        }
        Ok(())
    }

    /// One role: it takes the place of the parent's.
    fn role(&mut self, entry: &MapEntry) -> Result<(), Diagnostics> {
        let place = ROLES.iter().position(|(_, name)| *name == entry.key);
        let place = place.ok_or_else(|| {
            let title = format!("there is no role `{}`", entry.key);
            self.map.finding(&entry.span, &title)
        })?;
        self.palette.looks[place] = look(self.map, inner(self.map, entry)?)?;
        self.known[place] = true;
        Ok(())
    }

    /// One symbol.
    fn symbol(&mut self, entry: &MapEntry) -> Result<(), Diagnostics> {
        let fail = |title: &str| self.map.finding(&entry.span, title);
        let mark = MARKS.iter().find(|mark| mark.name() == entry.key);
        let mark: Mark =
            *mark.ok_or_else(|| fail(&format!("there is no symbol `{}`", entry.key)))?;
        let mut characters = text(self.map, entry, "one character")?.chars();
        let (Some(symbol @ ' '..='~'), None) = (characters.next(), characters.next()) else {
            return Err(fail("a symbol is one printable ASCII character"));
        };
        self.palette.symbols.set(mark, symbol);
        Ok(())
    }
}

/// The text of an entry.
fn text<'a>(map: &Map, entry: &'a MapEntry, wanted: &str) -> Result<&'a str, Diagnostics> {
    match &entry.value {
        MapValue::Text(text) => Ok(text),
        MapValue::Map(_) | MapValue::List(_) => {
            Err(map.finding(&entry.span, &format!("`{}` is {wanted}", entry.key)))
        }
    }
}

/// The map of an entry.
fn inner<'a>(map: &Map, entry: &'a MapEntry) -> Result<&'a [MapEntry], Diagnostics> {
    match &entry.value {
        MapValue::Map(inner) => Ok(inner),
        MapValue::Text(_) | MapValue::List(_) => {
            Err(map.finding(&entry.span, &format!("`{}` is a map", entry.key)))
        }
    }
}

/// An entry's words: a list of texts, or one.
fn words<'a>(map: &Map, entry: &'a MapEntry) -> Result<Vec<&'a str>, Diagnostics> {
    let items = match &entry.value {
        MapValue::List(items) => items.as_slice(),
        value @ (MapValue::Text(_) | MapValue::Map(_)) => std::slice::from_ref(value),
    };
    let word = |item: &'a MapValue| match item {
        MapValue::Text(text) => Some(text.as_str()),
        MapValue::Map(_) | MapValue::List(_) => None,
    };
    let words: Option<Vec<_>> = items.iter().map(word).collect();
    words.ok_or_else(|| map.finding(&entry.span, &format!("`{}` holds texts", entry.key)))
}

/// `"#rrggbb"`.
fn hex(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('#')?;
    let well = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    well.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// The backgrounds that a theme is checked against.
fn backgrounds(map: &Map, entry: &MapEntry) -> Result<Vec<u32>, Diagnostics> {
    let read: Option<Vec<u32>> = words(map, entry)?.into_iter().map(hex).collect();
    read.filter(|all| !all.is_empty()).ok_or_else(|| {
        map.finding(
            &entry.span,
            "`background` lists colours such as \"#1e1e1e\"",
        )
    })
}

/// The characters that a theme wants.
fn glyphs(map: &Map, entry: &MapEntry) -> Result<Option<GlyphSet>, Diagnostics> {
    Ok(match text(map, entry, "auto, ascii, box or unicode")? {
        "auto" => None,
        "ascii" => Some(GlyphSet::Ascii),
        "box" => Some(GlyphSet::Boxes),
        "unicode" => Some(GlyphSet::Unicode),
        _ => {
            let title = "`glyphs` is `auto`, `ascii`, `box` or `unicode`";
            return Err(map.finding(&entry.span, title));
        }
    })
}

/// How one role looks.
fn look(map: &Map, entries: &[MapEntry]) -> Result<Look, Diagnostics> {
    let mut look = Look::default();
    let (mut told_256, mut told_mono) = (false, false);
    for entry in entries {
        let fail = |title: &str| map.finding(&entry.span, title);
        match entry.key.as_str() {
            "fg" => look.rgb.0 = Some(one_hex(map, entry)?),
            "bg" => look.rgb.1 = Some(one_hex(map, entry)?),
            "c256" => {
                told_256 = true;
                look.c256 = pair(map, entry, &|word| word.parse().ok()).map_err(|found| {
                    found.unwrap_or_else(|| fail("`c256` is 16 to 255 or `default`"))
                })?;
            }
            "c16" => {
                look.c16 = pair(map, entry, &named).map_err(|found| {
                    found.unwrap_or_else(|| fail("`c16` is the name of a colour, such as `red`"))
                })?;
            }
            "attr" => look.with = attributes(map, entry)?,
            "mono" => {
                told_mono = true;
                look.mono = attributes(map, entry)?;
            }
            other => return Err(fail(&format!("a role has no key `{other}`"))),
        }
    }
    if !told_256 {
        look.c256 = (
            look.rgb.0.map(colour::nearest_256),
            look.rgb.1.map(colour::nearest_256),
        );
    }
    if !told_mono {
        look.mono = look.with;
    }
    Ok(look)
}

/// One colour.
fn one_hex(map: &Map, entry: &MapEntry) -> Result<u32, Diagnostics> {
    let read = hex(text(map, entry, "a colour such as \"#7fd38a\"")?);
    let title = format!("`{}` is a colour such as \"#7fd38a\"", entry.key);
    read.ok_or_else(|| map.finding(&entry.span, &title))
}

/// One value or two, for foreground and background; `default` is the terminal's own. The error is
/// empty where a word is not understood.
fn pair<T>(
    map: &Map,
    entry: &MapEntry,
    read: &dyn Fn(&str) -> Option<T>,
) -> Result<(Option<T>, Option<T>), Option<Diagnostics>> {
    let words = words(map, entry).map_err(Some)?;
    let one = |word: Option<&&str>| match word {
        None | Some(&"default") => Ok(None),
        Some(word) => read(word).map(Some).ok_or(None),
    };
    if words.is_empty() || words.len() > 2 {
        return Err(None);
    }
    Ok((one(words.first())?, one(words.get(1))?))
}

/// One of the 16 by its name.
fn named(word: &str) -> Option<Color> {
    Some(match word {
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::White,
        _ => return None,
    })
}

/// `[bold, reverse, underline]`.
fn attributes(map: &Map, entry: &MapEntry) -> Result<Modifier, Diagnostics> {
    let mut all = Modifier::empty();
    for word in words(map, entry)? {
        all |= match word {
            "bold" => Modifier::BOLD,
            "reverse" => Modifier::REVERSED,
            "underline" => Modifier::UNDERLINED,
            other => {
                let title = format!("`{other}` is no attribute: bold, reverse, underline");
                return Err(map.finding(&entry.span, &title));
            }
        };
    }
    Ok(all)
}
