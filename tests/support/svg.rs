//! A still screen as an SVG picture: its own background, lines drawn as lines, each piece of text
//! held to its columns, so that no font of the reader's can shift them.

use std::fmt::Write as _;
use upwalk::tui::Cell;

/// The size of a cell in pixels.
const WIDE: f64 = 8.4;
const HIGH: f64 = 18.0;
/// Where a line of text stands in its row.
const BASE: f64 = 13.5;
/// What is left free around the screen.
const MARGIN: f64 = 10.0;

/// What the terminal's own colours are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground {
    /// Text, `0xRRGGBB`.
    pub(crate) front: u32,
    /// Behind it.
    pub(crate) back: u32,
}

/// The picture of these rows of cells.
pub(crate) fn picture(rows: &[Vec<Cell>], ground: Ground, title: &str) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let (wide, high) = (
        number(columns) * WIDE + 2.0 * MARGIN,
        number(rows.len()) * HIGH + 2.0 * MARGIN,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide:.1} {high:.1}\" \
         width=\"{wide:.0}\" height=\"{high:.0}\" role=\"img\">\n<title>{}</title>\n\
         <style>text{{font:14px 'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace;\
         white-space:pre}}.b{{font-weight:bold}}.u{{text-decoration:underline}}</style>\n\
         <rect width=\"{wide:.1}\" height=\"{high:.1}\" rx=\"6\" fill=\"#{:06x}\"/>\n\
         <g transform=\"translate({MARGIN},{MARGIN})\" fill=\"#{:06x}\">\n",
        escaped(title),
        ground.back,
        ground.front
    );
    for (y, row) in rows.iter().enumerate() {
        draw(&mut out, row, y, ground);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// A count as a length.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a screen is small"))
}

/// What colours a cell has in the end.
fn colours(cell: &Cell, ground: Ground) -> (u32, u32) {
    let front = cell.front.unwrap_or(ground.front);
    let back = cell.back.unwrap_or(ground.back);
    if cell.reversed {
        (back, front)
    } else {
        (front, back)
    }
}

/// One row: what is behind, then lines, then text.
fn draw(out: &mut String, row: &[Cell], y: usize, ground: Ground) {
    let top = number(y) * HIGH;
    for (x, part) in runs(row, |a, b| colours(a, ground).1 == colours(b, ground).1) {
        let back = colours(&part[0], ground).1;
        if back != ground.back {
            let _ = writeln!(
                out,
                "<rect x=\"{:.1}\" y=\"{top:.0}\" width=\"{:.1}\" height=\"{HIGH:.0}\" \
                 fill=\"#{back:06x}\"/>",
                number(x) * WIDE,
                number(part.len()) * WIDE
            );
        }
    }
    let same = |a: &Cell, b: &Cell| Look::of(a, ground) == Look::of(b, ground);
    for (x, part) in runs(row, same) {
        let look = Look::of(&part[0], ground);
        match look.shape {
            Shape::Line => lines(out, x, top, part, look, ground),
            Shape::Symbol | Shape::Letters => texts(out, x, top, part, look, ground),
        }
    }
}

/// Stretches of cells that are alike, each with its first column.
fn runs(row: &[Cell], alike: impl Fn(&Cell, &Cell) -> bool) -> Vec<(usize, &[Cell])> {
    let mut found = Vec::new();
    let mut begin = 0;
    for at in 1..=row.len() {
        if at == row.len() || !alike(&row[begin], &row[at]) {
            found.push((begin, &row[begin..at]));
            begin = at;
        }
    }
    found
}

/// How a character is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Letters,
    /// By itself: it may come from another font.
    Symbol,
    /// As lines or areas.
    Line,
}

/// What cells of one piece have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    front: u32,
    bold: bool,
    underlined: bool,
    shape: Shape,
}

impl Look {
    fn of(cell: &Cell, ground: Ground) -> Self {
        let shape = match cell.text.chars().next() {
            Some('─' | '│' | '┌' | '┐' | '└' | '┘' | '═' | '█' | '░') => {
                Shape::Line
            }
            Some(c) if !c.is_ascii() => Shape::Symbol,
            Some(_) | None => Shape::Letters,
        };
        Self {
            front: colours(cell, ground).0,
            bold: cell.bold,
            underlined: cell.underlined,
            shape,
        }
    }

    /// The attributes that are not those of the whole picture.
    fn attributes(self, ground: Ground) -> String {
        let mut all = String::new();
        if self.front != ground.front {
            let _ = write!(all, " fill=\"#{:06x}\"", self.front);
        }
        let classes: Vec<&str> = [(self.bold, "b"), (self.underlined, "u")]
            .into_iter()
            .filter_map(|(has, class)| has.then_some(class))
            .collect();
        if !classes.is_empty() {
            let _ = write!(all, " class=\"{}\"", classes.join(" "));
        }
        all
    }
}

/// Text, in pieces that no gap of two spaces is in.
fn texts(out: &mut String, x: usize, top: f64, part: &[Cell], look: Look, ground: Ground) {
    let blank = |cell: &Cell| cell.text.trim().is_empty();
    let mut at = 0;
    while at < part.len() {
        if blank(&part[at]) && !look.underlined {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        let gap = |end: usize| part[end..].iter().take(2).all(blank);
        while end < part.len() && look.shape == Shape::Letters && (look.underlined || !gap(end)) {
            end += 1;
        }
        let text: String = part[at..end]
            .iter()
            .map(|cell| cell.text.as_str())
            .collect();
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\"{}>{}</text>",
            number(x + at) * WIDE,
            top + BASE,
            number(end - at) * WIDE,
            look.attributes(ground),
            escaped(&text)
        );
        at = end;
    }
}

/// Lines and areas: the same ones side by side as one.
fn lines(out: &mut String, x: usize, top: f64, part: &[Cell], look: Look, ground: Ground) {
    for (at, same) in runs(part, |a, b| a.text == b.text) {
        let left = number(x + at) * WIDE;
        let right = left + number(same.len()) * WIDE;
        let (middle, centre) = (top + HIGH / 2.0, left + WIDE / 2.0);
        let bottom = top + HIGH;
        let path = match same[0].text.as_str() {
            "─" => format!("M{left:.1} {middle:.1}H{right:.1}"),
            "═" => format!(
                "M{left:.1} {:.1}H{right:.1}M{left:.1} {:.1}H{right:.1}",
                middle - 2.0,
                middle + 2.0
            ),
            "│" => format!("M{centre:.1} {top:.1}V{bottom:.1}"),
            "┌" => format!("M{right:.1} {middle:.1}H{centre:.1}V{bottom:.1}"),
            "┐" => format!("M{left:.1} {middle:.1}H{centre:.1}V{bottom:.1}"),
            "└" => format!("M{right:.1} {middle:.1}H{centre:.1}V{top:.1}"),
            "┘" => format!("M{left:.1} {middle:.1}H{centre:.1}V{top:.1}"),
            area => {
                let strength = if area == "█" { "1" } else { "0.25" };
                let _ = writeln!(
                    out,
                    "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
                     opacity=\"{strength}\"{}/>",
                    top + 3.0,
                    right - left,
                    HIGH - 6.0,
                    look.attributes(ground)
                );
                continue;
            }
        };
        let _ = writeln!(
            out,
            "<path d=\"{path}\" fill=\"none\" stroke=\"#{:06x}\"/>",
            look.front
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
