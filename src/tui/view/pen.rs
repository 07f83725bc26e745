//! Writing into a part of the screen: everything is cleaned, cut with `>` where it does not fit, and
//! drawn in a role.

use crate::journal::Fact;
use crate::text::{self, Stretch};
use crate::tui::theme::{Role, Theme};
use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation as _;

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tui) struct Bit {
    pub(super) role: Role,
    pub(super) text: String,
    /// The parts of it that a command coloured; only lines of a log have any.
    pub(super) stretches: Vec<Stretch>,
}

/// A piece of a line in this role.
pub(super) fn bit(role: Role, text: impl Into<String>) -> Bit {
    Bit {
        role,
        text: text.into(),
        stretches: Vec::new(),
    }
}

/// A line of pieces.
pub(super) type Row = Vec<Bit>;

/// A line in one role.
pub(super) fn row(role: Role, text: impl Into<String>) -> Row {
    vec![bit(role, text)]
}

/// A text as wrapped lines in one role, each after the same indent.
pub(super) fn wrapped(role: Role, indent: usize, text: &str, columns: usize) -> Vec<Row> {
    let room = columns.saturating_sub(indent).max(1);
    crate::text::wrap(text.trim_end(), room)
        .into_iter()
        .map(|line| row(role, format!("{:indent$}{line}", "")))
        .collect()
}

/// `label` in a column of its own, and a text that is wrapped beside it.
pub(super) fn labelled(
    label: &Bit,
    wide: usize,
    role: Role,
    text: &str,
    columns: usize,
) -> Vec<Row> {
    let room = columns.saturating_sub(wide).max(1);
    let mut lines = crate::text::wrap(text.trim_end(), room).into_iter();
    let mut rows = vec![vec![
        bit(label.role, pad(&label.text, wide)),
        bit(role, lines.next().unwrap_or_default()),
    ]];
    rows.extend(lines.map(|line| row(role, format!("{:wide$}{line}", ""))));
    rows
}

/// Measured values, their names in a column.
pub(super) fn pairs_of(facts: &[Fact], indent: usize) -> Vec<Row> {
    let wide = facts
        .iter()
        .map(|fact| text::width(&fact.name))
        .max()
        .unwrap_or(0);
    let line = |fact: &Fact| {
        let name = bit(
            Role::Muted,
            format!("{:indent$}{}  ", "", pad(&fact.name, wide)),
        );
        let value = match &fact.value {
            Ok(value) => bit(Role::Text, value.clone()),
            Err(why) => bit(Role::Warn, format!("unknown: {why}")),
        };
        vec![name, value]
    };
    facts.iter().map(line).collect()
}

/// A text cut or filled up to exactly so many columns.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let mut text = text::cut(&text::clean(text), columns);
    let missing = columns.saturating_sub(text::width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// The columns that a line takes.
pub(super) fn width(row: &[Bit]) -> usize {
    row.iter()
        .map(|bit| text::width(&text::clean(&bit.text)))
        .sum()
}

/// Writes into one part of the screen.
pub(super) struct Pen<'a> {
    buffer: &'a mut Buffer,
    pub(super) theme: &'a Theme,
    pub(super) area: Rect,
}

impl<'a> Pen<'a> {
    /// A pen for this part.
    pub(super) fn new(buffer: &'a mut Buffer, theme: &'a Theme, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        Self {
            buffer,
            theme,
            area,
        }
    }

    /// A pen for a part of this part.
    pub(super) fn part(&mut self, area: Rect) -> Pen<'_> {
        Pen {
            area: area.intersection(self.area),
            buffer: self.buffer,
            theme: self.theme,
        }
    }

    /// Columns.
    pub(super) fn columns(&self) -> usize {
        usize::from(self.area.width)
    }

    /// Rows.
    pub(super) fn rows(&self) -> usize {
        usize::from(self.area.height)
    }

    /// Writes a line at row `y` of the part, cut where the part ends.
    pub(super) fn line(&mut self, y: usize, bits: &[Bit]) {
        self.line_in(y, 0, self.columns(), bits);
    }

    /// Writes a line at row `y` from column `x` on, in at most `columns`.
    pub(super) fn line_in(&mut self, y: usize, x: usize, columns: usize, bits: &[Bit]) {
        let columns = columns.min(self.columns().saturating_sub(x));
        if y >= self.rows() || columns == 0 {
            return;
        }
        let (left, top) = (usize::from(self.area.x) + x, usize::from(self.area.y) + y);
        let (Ok(mut at), Ok(top)) = (u16::try_from(left), u16::try_from(top)) else {
            return;
        };
        let too_long = width(bits) > columns;
        let mut room = if too_long { columns - 1 } else { columns };
        for bit in bits {
            let clean = text::clean(&bit.text);
            let style = self.theme.style(bit.role);
            let (next, _) = self.buffer.set_stringn(at, top, &clean, room, style);
            if !bit.stretches.is_empty() && clean.len() == bit.text.len() {
                self.colour(Position::new(at, top), next, bit);
            }
            room = room.saturating_sub(usize::from(next.saturating_sub(at)));
            at = next;
            if too_long && text::width(&clean) > room {
                let last = u16::try_from(left + columns - 1).unwrap_or(at);
                self.buffer.set_stringn(last, top, ">", 1, style);
            }
        }
    }

    /// Colours a piece that was just written from here up to a column. The characters stand already,
    /// so that none of them can come to stand elsewhere.
    fn colour(&mut self, mut at: Position, until: u16, bit: &Bit) {
        let mut stretches = bit.stretches.iter();
        let mut next = stretches.next();
        let mut style = None;
        for (byte, piece) in bit.text.grapheme_indices(true) {
            let wide = piece.cell_width();
            if at.x.saturating_add(wide) > until {
                return;
            }
            while next.is_some_and(|one| one.range.end <= byte) {
                next = stretches.next();
                style = None;
            }
            let Some(stretch) = next else {
                return;
            };
            if wide > 0 && stretch.range.contains(&byte) {
                let look = || self.theme.coloured(bit.role, &stretch.graphics);
                self.buffer[at].set_style(*style.get_or_insert_with(look));
            }
            at.x += wide;
        }
    }

    /// Writes a line at the right end of row `y`.
    pub(super) fn right(&mut self, y: usize, bits: &[Bit]) {
        let wide = width(bits).min(self.columns());
        self.line_in(y, self.columns() - wide, wide, bits);
    }

    /// Writes rows from row `y` on, as many as fit.
    pub(super) fn rows_from(&mut self, y: usize, rows: &[Row]) {
        for (place, row) in rows.iter().enumerate() {
            self.line(y + place, row);
        }
    }

    /// Fills row `y` with a rule, with a title in it where there is one.
    pub(super) fn rule(&mut self, y: usize, title: &[Bit]) {
        let glyph = self.theme.glyphs.rule;
        self.line(y, &row(Role::Border, glyph.repeat(self.columns())));
        if !title.is_empty() {
            let mut bits = vec![bit(Role::Border, format!("{} ", glyph.repeat(2)))];
            bits.extend_from_slice(title);
            bits.push(bit(Role::Border, " "));
            self.line(y, &bits);
        }
    }

    /// Empties the part.
    pub(super) fn blank(&mut self) {
        let text = " ".repeat(self.columns());
        for y in 0..self.rows() {
            self.line(y, &row(Role::Text, text.clone()));
        }
        self.buffer.set_style(self.area, Style::reset());
        let surface = self.theme.style(Role::SurfaceBox);
        self.buffer.set_style(self.area, surface);
    }

    /// Draws a box around the part with a title and a remark at the right of its upper edge; gives
    /// a pen for its inside, one column of air at each side.
    pub(super) fn frame(&mut self, role: Role, title: &str, remark: &str) -> Pen<'_> {
        self.blank();
        let glyphs = self.theme.glyphs;
        let inner = self.columns().saturating_sub(2);
        let edge = |left: &str, right: &str| {
            row(role, format!("{left}{}{right}", glyphs.rule.repeat(inner)))
        };
        let [top_left, top_right, bottom_left, bottom_right] = glyphs.corners;
        let bottom = self.rows().saturating_sub(1);
        self.line(0, &edge(top_left, top_right));
        self.line(bottom, &edge(bottom_left, bottom_right));
        for y in 1..bottom {
            self.line_in(y, 0, 1, &row(role, glyphs.side));
            self.line_in(
                y,
                self.columns().saturating_sub(1),
                1,
                &row(role, glyphs.side),
            );
        }
        self.line_in(
            0,
            2,
            inner.saturating_sub(2),
            &row(role, format!(" {title} ")),
        );
        if !remark.is_empty() {
            let remark = format!(" {remark} ");
            let x = self.columns().saturating_sub(text::width(&remark) + 2);
            self.line_in(0, x, inner, &row(role, remark));
        }
        let inside = Rect {
            x: self.area.x + 2,
            y: self.area.y + 1,
            width: self.area.width.saturating_sub(4),
            height: self.area.height.saturating_sub(2),
        };
        self.part(inside)
    }
}
