//! The log pane: time, mark, text.

use super::Scene;
use super::pen::{Bit, Pen, Row, bit, row, width};
use crate::text::{self, Stretch};
use crate::tui::log::{Count, LogRow, Search, Sort, Streams, TimeColumn, Wrap};
use crate::tui::seen::Subject;
use crate::tui::theme::Role;
use crate::types::{Millis, Timestamp};
use std::ops::Range;

/// Draws a rule with what the log is, and as many of its rows as fit below.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let columns = pen.columns();
    pen.rule(0, &title(scene, columns));
    let mut rows = trouble(scene);
    rows.extend(lines(
        scene,
        pen.rows().saturating_sub(1 + rows.len()),
        columns,
    ));
    if rows.is_empty() {
        rows.push(row(Role::Muted, format!(" {}", nothing_yet(scene))));
    }
    pen.rows_from(1, &rows);
}

/// The log on the whole body.
pub(super) fn draw_full(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    draw(scene, pen);
}

/// The rows for lines in a pane that is so high: its title is not one, nor is what is wrong.
pub(super) fn rows_in(scene: &Scene<'_>, high: usize) -> usize {
    high.saturating_sub(1 + trouble(scene).len()).max(1)
}

/// The columns for the text in a pane that is so wide.
pub(super) fn columns_in(scene: &Scene<'_>, wide: usize) -> usize {
    wide.saturating_sub(scene.model.looks.time.columns()).max(1)
}

/// The command whose log the window shows, where that is the one that is wanted.
fn subject<'a>(scene: &Scene<'a>) -> Option<Subject<'a>> {
    let subject = scene.model.subject(scene.seen)?;
    (scene.model.log.of == Some(subject.attempt.number)).then_some(subject)
}

/// What is wrong with the file.
fn trouble(scene: &Scene<'_>) -> Vec<Row> {
    let said = subject(scene).and(scene.model.log.trouble.as_ref());
    said.map(|said| row(Role::Warn, format!(" {said}")))
        .into_iter()
        .collect()
}

/// What the rule above says: which log, how long, whether it moves along, what is looked for. What
/// is as usual is left out where there is no room.
fn title(scene: &Scene<'_>, columns: usize) -> Row {
    let Some(subject) = scene.model.subject(scene.seen) else {
        return row(Role::Title, "log");
    };
    let mut name = row(Role::Title, format!("log {}", log_name(scene, &subject)));
    let log = &scene.model.log;
    if log.of != Some(subject.attempt.number) {
        return name;
    }
    name.extend(length(scene));
    let usual = [
        bit(Role::Muted, "  wrap off"),
        bit(Role::Muted, format!("  {}", Streams::All.words())),
    ];
    let follow = match (log.follow, log.line) {
        (true, _) => row(Role::Text, "  follow ON"),
        (false, Some(line)) => row(Role::Warn, format!("  follow OFF at line {line}")),
        (false, None) => row(Role::Warn, "  follow OFF"),
    };
    // What is shown counts, not what was asked for a moment ago.
    let looks = &log.looks;
    let wrap = match looks.wrap {
        Wrap::Off => usual[0].clone(),
        Wrap::On => bit(Role::Text, "  wrap ON"),
    };
    let streams = match looks.streams {
        Streams::All => usual[1].clone(),
        Streams::Errors | Streams::Own => bit(Role::Warn, format!("  {}", looks.streams.words())),
    };
    let mut rest = follow;
    rest.extend([wrap, streams]);
    if scene.model.sideways > 0 && looks.wrap == Wrap::Off {
        let from = format!("  from column {}", scene.model.sideways + 1);
        rest.push(bit(Role::Text, from));
    }
    rest.extend(log.search.as_ref().map(searched));
    let room = columns.saturating_sub(4);
    if width(&name) + width(&rest) > room {
        rest.retain(|bit| !usual.contains(bit));
    }
    name.extend(rest);
    name
}

/// `3.1`, `undo of 3.1`, `3.1 attempt 2`.
fn log_name(scene: &Scene<'_>, subject: &Subject<'_>) -> String {
    let undo = if subject.undo { "undo of " } else { "" };
    let label = scene.seen.label(subject.step);
    match subject.attempt.attempt {
        1 => format!("{undo}{label}"),
        attempt => format!("{undo}{label} attempt {attempt}"),
    }
}

/// `lines 1180  errors 1`, as far as they are counted.
fn length(scene: &Scene<'_>) -> Vec<Bit> {
    let log = &scene.model.log;
    let counted = match log.lines {
        Count::Exactly(lines) => format!("  lines {lines}"),
        Count::AtLeast(_, percent) => format!("  counting lines {percent} %"),
        Count::Unknown => format!("  {}", size(log.bytes)),
    };
    let mut bits = row(Role::Muted, counted);
    match log.errors {
        Count::AtLeast(0, percent) if log.busy && log.search.is_none() => {
            let said = format!("  looking for errors {percent} %");
            bits.push(bit(Role::LogError, said));
        }
        Count::Exactly(0) | Count::AtLeast(0, _) | Count::Unknown => {}
        Count::Exactly(errors) => bits.push(bit(Role::LogError, format!("  errors {errors}"))),
        Count::AtLeast(errors, _) => bits.push(bit(Role::LogError, format!("  errors {errors}+"))),
    }
    bits
}

/// A file's size.
fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        10_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

/// `/add_index 3 of 9`.
fn searched(search: &Search) -> Bit {
    let text = text::cut(&search.text, 24);
    let at = search.at.map(|at| format!("{at} of "));
    let at = at.unwrap_or_default();
    let said = match search.found {
        Count::Exactly(found) => format!("  /{text} {at}{found}"),
        Count::AtLeast(found, percent) => {
            format!("  /{text} {at}{found}+ searching {percent} %")
        }
        Count::Unknown => format!("  /{text} searching"),
    };
    bit(Role::LogMatch, said)
}

fn nothing_yet(scene: &Scene<'_>) -> &'static str {
    match (subject(scene), scene.model.log.looks.streams) {
        (Some(_), Streams::Errors) => "No line so far looks like an error (s shows all lines).",
        (Some(subject), _) if subject.is_running() => "No output so far.",
        (Some(_), _) => "It wrote nothing.",
        (None, _) if scene.seen.subject().is_some() => "",
        (None, _) => "No command has run yet.",
    }
}

/// The rows of the window that go into so many: its last ones where it follows.
pub(super) fn lines(scene: &Scene<'_>, rows: usize, columns: usize) -> Vec<Row> {
    let Some(subject) = subject(scene) else {
        return Vec::new();
    };
    let log = &scene.model.log;
    // Where nothing moves along, every row keeps its distance from the lower edge, however high the
    // pane was when the window was made.
    let (from, air) = if log.follow {
        (log.rows.len().saturating_sub(rows), 0)
    } else {
        (log.room.saturating_sub(rows), rows.saturating_sub(log.room))
    };
    let began = subject.attempt.started.wall;
    let time = |row: &LogRow| time_column(scene.model.looks.time, row, began);
    let sideways = match log.looks.wrap {
        Wrap::Off => scene.model.sideways,
        Wrap::On => 0,
    };
    let some = log.rows.iter().skip(from).take(rows);
    let lines = some.map(|one| line(one, &time(one), sideways, columns));
    std::iter::repeat_n(Row::new(), air).chain(lines).collect()
}

/// The first column, filled up.
fn time_column(column: TimeColumn, row: &LogRow, began: Timestamp) -> String {
    let at = row.at.filter(|_| !row.goes_on);
    let shown = match (column, at) {
        (TimeColumn::Off, _) => return String::new(),
        (TimeColumn::Clock | TimeColumn::Elapsed, None) => String::new(),
        (TimeColumn::Clock, Some(at)) => at.clock().trim_end_matches('Z').to_owned(),
        (TimeColumn::Elapsed, Some(at)) => elapsed(at.since(began)),
    };
    format!(" {shown:>8}")
}

/// `0:03:12`, from 100 hours on `4d 04:00`.
fn elapsed(since: Millis) -> String {
    let (hours, minutes, seconds) = (
        since.secs() / 3600,
        since.secs() / 60 % 60,
        since.secs() % 60,
    );
    if hours < 100 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{}d {:02}:{minutes:02}", hours / 24, hours % 24)
    }
}

/// One row in three columns.
fn line(line: &LogRow, time: &str, sideways: usize, columns: usize) -> Row {
    let (mark, role) = match line.sort {
        Sort::Error => ("E", Role::LogError),
        Sort::Own => ("u", Role::LogMeta),
        Sort::Plain => (" ", Role::Text),
    };
    let mark = if line.goes_on { " " } else { mark };
    let mark_role = if line.here { Role::Selection } else { role };
    let room = columns.saturating_sub(text::width(time) + 3);
    let mut row = vec![
        bit(Role::LogMeta, format!("{time} ")),
        bit(mark_role, mark),
        bit(role, " "),
    ];
    row.extend(visible(line, role, sideways, room));
    row
}

/// The part of a row's text that is in sight, matches in their own role. A row that has any is drawn
/// without the command's colours, which could look like a match, or like the text around one.
fn visible(line: &LogRow, role: Role, sideways: usize, room: usize) -> Vec<Bit> {
    let from = column_at(&line.text, sideways);
    let mut shown = text::cut(&line.text[from..], room);
    let mut bits = Vec::new();
    let mut passed = from;
    for Range { start, end } in &line.hits {
        let (start, end) = ((*start).max(passed), (*end).max(passed));
        let (before, hit) = (start - passed, end - start);
        // What is behind the cut is not there any more.
        if !shown.is_char_boundary((before + hit).min(shown.len())) || before + hit > shown.len() {
            break;
        }
        let rest = shown.split_off(before + hit);
        let found = shown.split_off(before);
        bits.push(bit(role, shown));
        bits.push(bit(Role::LogMatch, found));
        shown = rest;
        passed = end;
    }
    let mut last = bit(role, shown);
    if line.hits.is_empty() && !line.stretches.is_empty() {
        last.stretches = coloured(line, from, &last.text);
    }
    bits.push(last);
    bits.retain(|bit| !bit.text.is_empty());
    bits
}

/// The command's colours in what is shown of a row's text from here on. The `>` at a cut is ours.
fn coloured(line: &LogRow, from: usize, shown: &str) -> Vec<Stretch> {
    let whole = line.text[from..] == *shown;
    let kept = shown.len() - usize::from(!whole && !shown.is_empty());
    Stretch::within(&line.stretches, &(from..from + kept))
}

/// Where a text goes on behind its first columns, in bytes.
fn column_at(text: &str, column: usize) -> usize {
    let mut passed = 0;
    let at = text.char_indices().find(|(_, c)| {
        let here = passed >= column;
        passed += text::width(c.encode_utf8(&mut [0; 4]));
        here
    });
    at.map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{Depth, GlyphSet, Palette, Theme, Themes};
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Color;

    fn of(text: &str, hits: &[Range<usize>]) -> LogRow {
        LogRow {
            sort: Sort::Error,
            text: text.into(),
            hits: hits.to_vec(),
            ..LogRow::default()
        }
    }

    fn said(row: &[Bit]) -> String {
        row.iter().map(|bit| bit.text.as_str()).collect()
    }

    #[test]
    fn a_line_keeps_its_columns() {
        let error = of("ERROR: canceling statement", &[]);
        let made = line(&error, "         ", 7, 22);
        assert_eq!(said(&made), "          E canceling>");
        assert_eq!(said(&line(&error, "", 0, 9)), " E ERROR>");
        assert_eq!(column_at("日本語", 2), 3);
        assert_eq!(column_at("ab", 9), 2);
    }

    #[test]
    fn matches_have_a_role_of_their_own_wherever_the_line_is_moved_and_cut() {
        let hits = |row: &LogRow, sideways: usize, room: usize| -> Vec<String> {
            let bits = visible(row, Role::Text, sideways, room);
            let hits = bits.into_iter().filter(|bit| bit.role == Role::LogMatch);
            hits.map(|bit| bit.text).collect()
        };
        let line = of("an index, the index", &[3..8, 14..19]);
        assert_eq!(hits(&line, 0, 80), ["index", "index"]);
        assert_eq!(hits(&line, 5, 80), ["dex", "index"]);
        assert_eq!(hits(&line, 10, 80), ["index"]);
        assert_eq!(hits(&line, 0, 10), ["index"]);
        assert_eq!(said(&visible(&line, Role::Text, 5, 80)), "dex, the index");
        assert_eq!(said(&visible(&line, Role::Text, 0, 10)), "an index,>");
    }

    /// A line of a log as it is drawn: what stands in each column, and its colour there.
    fn drawn(line: &LogRow, sideways: usize, columns: u16) -> Vec<(String, Color)> {
        let theme = Theme::new(&palette(), Depth::C256, GlyphSet::Unicode);
        let area = Rect::new(0, 0, columns, 1);
        let mut buffer = Buffer::empty(area);
        let row = super::line(line, "", sideways, usize::from(columns));
        Pen::new(&mut buffer, &theme, area).line(0, &row);
        let cells = buffer.content.into_iter();
        cells
            .map(|cell| (cell.symbol().to_owned(), cell.fg))
            .collect()
    }

    fn palette() -> Palette {
        Themes::default().named("dark").expect("it is shipped")
    }

    /// A row as the log's thread makes it where colours are kept.
    fn kept(bytes: &[u8]) -> LogRow {
        let (line, stretches) = text::sanitise_coloured(bytes);
        LogRow {
            text: line.text,
            stretches,
            ..LogRow::default()
        }
    }

    /// The drawn characters that have a colour of their own.
    fn red(drawn: &[(String, Color)]) -> String {
        let red = drawn
            .iter()
            .filter(|(_, colour)| *colour == Color::Indexed(1));
        red.map(|(symbol, _)| symbol.as_str()).collect()
    }

    #[test]
    fn the_commands_colours_stay_where_they_are_however_the_line_is_moved_and_cut() {
        let line = kept("ab \x1b[31mcd日e\u{301}f\x1b[m gh".as_bytes());
        assert_eq!(red(&drawn(&line, 0, 20)), "cd日e\u{301}f");
        assert_eq!(red(&drawn(&line, 4, 20)), "d日e\u{301}f");
        // The mark of the cut is ours.
        assert_eq!(red(&drawn(&line, 0, 9)), "cd");
        assert_eq!(red(&drawn(&line, 0, 11)), "cd日");
        let cut = drawn(&line, 0, 11);
        assert_eq!(cut.last(), Some(&(">".to_owned(), Color::Reset)));
    }

    #[test]
    fn marks_and_matches_keep_their_look_among_the_commands_colours() {
        let error = LogRow {
            sort: Sort::Error,
            ..kept(b"ERROR: \x1b[31mred\x1b[m rest")
        };
        let cells = drawn(&error, 0, 20);
        let own = cells[1].1;
        assert!(own != Color::Reset && cells[1].0 == "E" && cells[3].1 == own);
        assert_eq!((red(&cells).as_str(), cells[14].1), ("red", own));
        let found = LogRow {
            hits: vec![0..2, 3..4],
            ..error
        };
        assert_eq!(red(&drawn(&found, 0, 20)), "");
    }

    proptest! {
        #[test]
        fn colours_move_no_character(
            line in "[a-f日é👩🏽🇩🇪\u{200d}\u{301}\u{644}\u{627}\u{ff9e} ]{0,12}(\u{1b}\\[[0-9;:]{0,9}m[a-f日é👩🏽🇩🇪\u{200d}\u{301}\u{644}\u{627}\t\r ]{0,6}){0,6}",
            sideways in 0_usize..12, columns in 4_u16..40,
        ) {
            let line = kept(line.as_bytes());
            let stripped = LogRow { stretches: Vec::new(), ..line.clone() };
            let symbols = |line| drawn(line, sideways, columns).into_iter().map(|cell| cell.0).collect::<Vec<_>>();
            prop_assert_eq!(symbols(&line), symbols(&stripped));
        }
    }

    #[test]
    fn elapsed_time_keeps_its_columns_for_days() {
        assert_eq!(elapsed(Millis::from_secs(192)), "0:03:12");
        assert_eq!(elapsed(Millis::from_secs(359_999)), "99:59:59");
        assert_eq!(elapsed(Millis::from_secs(360_060)), "4d 04:01");
    }
}
