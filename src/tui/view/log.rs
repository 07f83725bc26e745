//! The log pane: time, mark, text.

use super::Scene;
use super::pen::{Pen, Row, bit, row};
use crate::text;
use crate::tui::log::LogLine;
use crate::tui::theme::Role;
use crate::types::Timestamp;

/// Draws a rule with what the log is, and as many of its lines as fit below.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    pen.rule(0, &title(scene));
    let columns = pen.columns();
    let lines = lines(scene, pen.rows().saturating_sub(1), columns);
    if lines.is_empty() {
        pen.line(1, &row(Role::Muted, format!(" {}", nothing_yet(scene))));
    }
    pen.rows_from(1, &lines);
}

/// The log on the whole body.
pub(super) fn draw_full(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    draw(scene, pen);
}

/// What the rule above says: which log, how long, whether it moves along.
fn title(scene: &Scene<'_>) -> Row {
    let Some(subject) = scene.seen.subject() else {
        return row(Role::Title, "log");
    };
    let undo = if subject.undo { "undo of " } else { "" };
    let log = &scene.model.log;
    let mut title = row(
        Role::Title,
        format!("log of {undo}{}", scene.seen.label(subject.step)),
    );
    if let Some(count) = log.count {
        let lines = if count == 1 { "line" } else { "lines" };
        title.push(bit(Role::Muted, format!("  {count} {lines}")));
    }
    if log.count.is_none() && log.bytes > 0 {
        title.push(bit(Role::Muted, format!("  {} MiB", log.bytes >> 20)));
    }
    title.push(bit(Role::Muted, "  follow "));
    title.push(if log.follow {
        bit(Role::Text, "on")
    } else {
        bit(Role::Warn, "OFF")
    });
    if scene.model.sideways > 0 {
        title.push(bit(
            Role::Muted,
            format!("  from column {}", scene.model.sideways + 1),
        ));
    }
    title
}

fn nothing_yet(scene: &Scene<'_>) -> &'static str {
    match scene.seen.subject() {
        Some(subject) if subject.is_running() => "No output so far.",
        Some(_) => "It wrote nothing.",
        None => "No command has run yet.",
    }
}

/// The lines of the window that go into so many rows: its last ones where it follows.
pub(super) fn lines(scene: &Scene<'_>, rows: usize, columns: usize) -> Vec<Row> {
    let log = &scene.model.log;
    let shown = scene.seen.subject().map(|subject| subject.attempt.number);
    if log.of != shown {
        return Vec::new();
    }
    let from = if log.follow {
        log.lines.len().saturating_sub(rows)
    } else {
        0
    };
    let some = log.lines.iter().skip(from).take(rows);
    some.map(|one| line(one, scene.model.sideways, columns))
        .collect()
}

/// One line in three columns.
fn line(line: &LogLine, sideways: usize, columns: usize) -> Row {
    let at = line.at.map_or_else(String::new, Timestamp::clock);
    let at = at.trim_end_matches('Z');
    let (mark, role) = if line.error {
        ("E", Role::LogError)
    } else {
        (" ", Role::Text)
    };
    let room = columns.saturating_sub(12);
    let text = from_column(&line.text, sideways);
    vec![
        bit(Role::LogMeta, format!(" {at:8} ")),
        bit(role, format!("{mark} ")),
        bit(role, text::cut(&text, room)),
    ]
}

/// A text without its first columns.
fn from_column(text: &str, column: usize) -> String {
    if column == 0 {
        return text.to_owned();
    }
    let mut passed = 0;
    let rest = text.char_indices().find(|(_, c)| {
        let here = passed >= column;
        passed += text::width(c.encode_utf8(&mut [0; 4]));
        here
    });
    rest.map_or_else(String::new, |(at, _)| text[at..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_columns() {
        let made = line(
            &LogLine {
                at: None,
                error: true,
                text: "ERROR: canceling statement".into(),
            },
            7,
            22,
        );
        let text: String = made.iter().map(|bit| bit.text.as_str()).collect();
        assert_eq!(text, "          E canceling>");
        assert_eq!(from_column("日本語", 2), "本語");
        assert_eq!(from_column("ab", 9), "");
    }
}
