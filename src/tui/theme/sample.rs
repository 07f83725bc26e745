//! A theme shown on a terminal that prints lines: each role by its name, in its look.

use super::{Depth, GlyphSet, MARKS, Palette, ROLES, Theme};
use crate::text;
use ratatui::style::{Color, Modifier, Style};
use std::fmt::Write as _;

/// The roles and the marks, each in its look, as lines with escape sequences for so many colours.
pub fn sample(palette: &Palette, depth: Depth, glyphs: GlyphSet) -> String {
    let theme = Theme::new(palette, depth, palette.glyphs(glyphs));
    let mut out = format!("{}\n", text::clean(palette.name()));
    for pair in ROLES.chunks(2) {
        out.push_str("  ");
        for (role, name) in pair {
            let _ = write!(
                out,
                "{}",
                painted(&format!("{name:<24}"), theme.style(*role))
            );
        }
        out.push('\n');
    }
    for mark in MARKS {
        let symbol = painted(&theme.glyphs.symbol(mark), theme.style(mark.role()));
        let _ = writeln!(
            out,
            "  {symbol} {}",
            painted(mark.word(), theme.style(mark.role()))
        );
    }
    out
}

/// A text between the escape sequences of a style.
fn painted(text: &str, style: Style) -> String {
    let mut codes: Vec<String> = Vec::new();
    let attributes = [
        (Modifier::BOLD, "1"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::REVERSED, "7"),
    ];
    for (attribute, code) in attributes {
        if style.add_modifier.contains(attribute) {
            codes.push(code.to_owned());
        }
    }
    codes.extend(style.fg.map(|colour| code(colour, 38)));
    codes.extend(style.bg.map(|colour| code(colour, 48)));
    if codes.is_empty() {
        return text.to_owned();
    }
    format!("\x1b[{}m{text}\x1b[0m", codes.join(";"))
}

/// The code of a colour; `ground` is 38 in front and 48 behind.
fn code(colour: Color, ground: u8) -> String {
    let first = ground - 8;
    match colour {
        Color::Rgb(r, g, b) => format!("{ground};2;{r};{g};{b}"),
        Color::Indexed(index) => format!("{ground};5;{index}"),
        Color::Black => first.to_string(),
        Color::Red => (first + 1).to_string(),
        Color::Green => (first + 2).to_string(),
        Color::Yellow => (first + 3).to_string(),
        Color::Blue => (first + 4).to_string(),
        Color::Magenta => (first + 5).to_string(),
        Color::Cyan => (first + 6).to_string(),
        Color::White => (first + 67).to_string(),
        // Themes name no others.
        _ => (first + 9).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Themes;
    use super::*;

    #[test]
    fn a_sample_names_every_role_and_has_no_colour_where_there_is_none() {
        let dark = Themes::default().named("dark").expect("it is shipped");
        let coloured = sample(&dark, Depth::C256, GlyphSet::Ascii);
        let bare = sample(&dark, Depth::Mono, GlyphSet::Ascii);
        assert!(coloured.contains("\x1b[1;38;5;210m") && !bare.contains("38;"));
        for (_, name) in ROLES {
            assert!(coloured.contains(name) && bare.contains(name));
        }
    }
}
