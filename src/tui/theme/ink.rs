//! A command's own colours on this terminal: as many as it has, and none that cannot be read. Called by
//! the pen that draws lines of logs.

use super::colour::{contrast, of_256};
use super::{Depth, Role, Theme};
use crate::text::{Graphics, Ink};
use ratatui::style::{Color, Modifier, Style};

/// With less contrast nobody reads a text. Far below what themes need: how a command looks is its own
/// choice, as long as it can be seen at all.
const LEAST: f64 = 1.3;
const BLACK: u32 = 0;
const WHITE: u32 = 0x00ff_ffff;

/// The first 16 colours as terminals usually have them.
const SIXTEEN: [u32; 16] = [
    0x0000_0000,
    0x00cd_0000,
    0x0000_cd00,
    0x00cd_cd00,
    0x0000_00ee,
    0x00cd_00cd,
    0x0000_cdcd,
    0x00e5_e5e5,
    0x007f_7f7f,
    0x00ff_0000,
    0x0000_ff00,
    0x00ff_ff00,
    0x005c_5cff,
    0x00ff_00ff,
    0x0000_ffff,
    0x00ff_ffff,
];

impl Theme {
    /// What a command's choice changes about text in a role. Its colours are left out as a pair where
    /// the text could not be read in them: in front of its own background, the painted one, or any
    /// that the theme is made for.
    pub(crate) fn coloured(&self, role: Role, graphics: &Graphics) -> Style {
        let shown = |ink: Option<Ink>| ink.and_then(|ink| on(self.depth, ink));
        let (front, back) = (shown(graphics.front), shown(graphics.back));
        let mut attributes = Modifier::empty();
        attributes.set(Modifier::BOLD, graphics.bold);
        attributes.set(Modifier::UNDERLINED, graphics.underlined);
        attributes.set(Modifier::REVERSED, graphics.reversed);
        let style = Style::new().add_modifier(attributes);
        if (front, back) == (None, None) || !self.is_readable(role, front, back) {
            return style;
        }
        Style {
            fg: front,
            bg: back,
            ..style
        }
    }

    /// Whether text of a role can be read in these colours.
    fn is_readable(&self, role: Role, front: Option<Color>, back: Option<Color>) -> bool {
        if front.is_some() && front == back {
            return false;
        }
        let own = self.style(role);
        let painted = own.bg.or(self.style(Role::Surface).bg);
        let behind = match back.or(painted).and_then(value) {
            Some(back) => vec![back],
            None => self.backgrounds.clone(),
        };
        let Some(text) = front.or(own.fg).and_then(value).or_else(|| self.own_text()) else {
            return true;
        };
        behind.iter().all(|back| contrast(text, *back) >= LEAST)
    }

    /// The colour that a terminal's own text has, roughly: white where the theme is made for dark
    /// backgrounds, black where for light ones; none where for both.
    fn own_text(&self) -> Option<u32> {
        let is_on_all = |text: &u32| {
            let mut behind = self.backgrounds.iter();
            behind.all(|back| contrast(*text, *back) >= 4.5)
        };
        let one_of = [WHITE, BLACK].into_iter().find(is_on_all);
        one_of.filter(|_| !self.backgrounds.is_empty())
    }
}

/// A colour on a terminal with so many; none where it has none.
fn on(depth: Depth, ink: Ink) -> Option<Color> {
    let index = match (depth, ink) {
        (Depth::Mono, _) => return None,
        (Depth::True, Ink::Rgb(r, g, b)) => return Some(Color::Rgb(r, g, b)),
        (Depth::True | Depth::C256, Ink::Indexed(index)) | (_, Ink::Indexed(index @ 0..=15)) => {
            index
        }
        (Depth::C256, Ink::Rgb(r, g, b)) => among_256([r, g, b]),
        (Depth::C16, Ink::Rgb(r, g, b)) => among_16(u32::from_be_bytes([0, r, g, b])),
        (Depth::C16, Ink::Indexed(index)) => among_16(of_256(index).unwrap_or(WHITE)),
    };
    Some(Color::Indexed(index))
}

/// The one of the 256 that is nearest by its numbers: the cube's or a grey. Rough, but cheap enough
/// for every stretch of every line of every frame.
fn among_256([r, g, b]: [u8; 3]) -> u8 {
    // The cube has 0, 95, 135, 175, 215 and 255; the greys 8, 18 and so on up to 238.
    let level = |part: u8| match part {
        0..48 => 0,
        48..115 => 1,
        115.. => (part - 35) / 40,
    };
    let cube = 16 + 36 * level(r) + 6 * level(g) + level(b);
    let middle = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey = 232 + u8::try_from((middle.saturating_sub(3) / 10).min(23)).unwrap_or(23);
    let hex = u32::from_be_bytes([0, r, g, b]);
    let away = |index: u8| of_256(index).map_or(u32::MAX, |other| apart(hex, other));
    if away(grey) < away(cube) { grey } else { cube }
}

/// The one of the 16 that is nearest to it as terminals usually have them.
fn among_16(hex: u32) -> u8 {
    (0..16)
        .min_by_key(|index| apart(hex, SIXTEEN[usize::from(*index)]))
        .unwrap_or(7)
}

/// How far apart two colours are, by their numbers.
fn apart(one: u32, other: u32) -> u32 {
    let parts = one.to_be_bytes().into_iter().zip(other.to_be_bytes());
    parts.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

/// A colour as `0xRRGGBB`, as terminals usually have it; none for their own text and background.
fn value(colour: Color) -> Option<u32> {
    let index = match colour {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some(u32::from_be_bytes([0, r, g, b])),
        Color::Indexed(index @ 16..) => return of_256(index),
        Color::Indexed(index) => index,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    SIXTEEN.get(usize::from(index)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{GlyphSet, Themes};

    fn theme(name: &str, depth: Depth) -> Theme {
        let palette = Themes::default().named(name).expect("it is shipped");
        Theme::new(&palette, depth, GlyphSet::Ascii)
    }

    /// Front and back of plain text that a command coloured so.
    fn seen(
        theme: &Theme,
        front: Option<Ink>,
        back: Option<Ink>,
    ) -> (Option<Color>, Option<Color>) {
        let graphics = Graphics {
            front,
            back,
            bold: true,
            ..Graphics::default()
        };
        let style = theme.coloured(Role::Text, &graphics);
        assert_eq!(style.add_modifier, Modifier::BOLD, "attributes stay");
        (style.fg, style.bg)
    }

    const RED: Ink = Ink::Indexed(1);
    const ORANGE: Ink = Ink::Rgb(255, 130, 4);

    #[test]
    fn a_terminal_gets_no_more_colours_than_it_has() {
        for (depth, red, orange) in [
            (Depth::Mono, None, None),
            (Depth::C16, Some(1), Some(3)),
            (Depth::C256, Some(1), Some(208)),
        ] {
            let theme = theme("dark", depth);
            assert_eq!(seen(&theme, Some(RED), None).0, red.map(Color::Indexed));
            assert_eq!(
                seen(&theme, Some(ORANGE), None).0,
                orange.map(Color::Indexed)
            );
        }
        let all = theme("dark", Depth::True);
        assert_eq!(
            seen(&all, Some(ORANGE), None).0,
            Some(Color::Rgb(255, 130, 4))
        );
        assert_eq!(seen(&all, Some(RED), None).0, Some(Color::Indexed(1)));
        let few = theme("dark", Depth::C16);
        assert_eq!(
            seen(&few, Some(Ink::Indexed(196)), None).0,
            Some(Color::Indexed(9))
        );
    }

    #[test]
    fn the_cheap_way_finds_every_colour_of_the_256_itself() {
        for index in 16..=255 {
            let hex = of_256(index).expect("it is no colour of the terminal's own");
            let [_, r, g, b] = hex.to_be_bytes();
            assert_eq!(of_256(among_256([r, g, b])), Some(hex), "{index}");
        }
    }

    #[test]
    fn text_in_the_colour_of_its_background_loses_both() {
        let plain = (None, None);
        let same = |depth, front, back| seen(&theme("dark", depth), Some(front), Some(back));
        assert_eq!(same(Depth::C16, RED, RED), plain);
        assert_eq!(same(Depth::True, ORANGE, ORANGE), plain);
        // Alike is as bad as the same, and so is what becomes the same on this terminal.
        assert_eq!(
            same(Depth::True, Ink::Rgb(1, 1, 1), Ink::Rgb(0, 0, 0)),
            plain
        );
        assert_eq!(same(Depth::C256, Ink::Indexed(16), Ink::Indexed(0)), plain);
        assert_eq!(
            same(Depth::C16, Ink::Rgb(250, 0, 0), Ink::Indexed(196)),
            plain
        );
        let (front, back) = same(Depth::C256, Ink::Indexed(0), Ink::Indexed(3));
        assert_eq!(
            (front, back),
            (Some(Color::Indexed(0)), Some(Color::Indexed(3)))
        );
    }

    #[test]
    fn text_can_be_read_on_the_backgrounds_that_the_theme_is_made_for() {
        let front = |name, ink| seen(&theme(name, Depth::C256), Some(Ink::Indexed(ink)), None).0;
        for ink in [1, 2, 3, 4, 5, 6, 8, 9, 12, 196] {
            assert!(front("dark", ink).is_some(), "{ink}");
        }
        assert_eq!((front("dark", 0), front("dark", 235)), (None, None));
        assert_eq!((front("light", 15), front("light", 255)), (None, None));
        assert_eq!(
            (front("high-contrast", 0), front("high-contrast", 232)),
            (None, None)
        );
        assert!(front("light", 0).is_some() && front("dark", 15).is_some());
        // A background alone: the text on it is the theme's, or the terminal's own.
        let back = |name, ink| seen(&theme(name, Depth::C256), None, Some(Ink::Indexed(ink))).1;
        assert_eq!(
            (back("dark", 231), back("light", 16), back("cb-safe", 254)),
            (None, None, None)
        );
        assert!(back("dark", 4).is_some() && back("light", 11).is_some());
    }
}
