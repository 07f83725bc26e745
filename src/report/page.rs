//! Laying out text of at most 80 columns: labelled fields, paragraphs, commands, rules. Called by
//! `terminal`.

use crate::text;

/// The width of all text output.
pub(super) const COLUMNS: usize = 80;

/// Text as it grows.
#[derive(Debug, Default)]
pub(super) struct Page {
    out: String,
    /// Whether a command was broken over several lines.
    pub(super) broken: bool,
}

impl Page {
    /// The text.
    pub(super) fn finish(self) -> String {
        self.out
    }

    /// An empty line, unless one is there already.
    pub(super) fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// One line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// A paragraph at this indent.
    pub(super) fn paragraph(&mut self, indent: usize, body: &str) {
        self.labelled(indent, "", body);
    }

    /// A paragraph whose first line begins with `label` and all others below the text after it.
    pub(super) fn labelled(&mut self, indent: usize, label: &str, body: &str) {
        let head = format!("{:indent$}{label}", "");
        let inner = text::width(&head);
        let lines = text::wrap(body, COLUMNS.saturating_sub(inner).max(20));
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                self.line(&format!("{head}{line}"));
            } else {
                self.line(&format!("{:inner$}{line}", ""));
            }
        }
        if lines.is_empty() {
            self.line(&head);
        }
    }

    /// The same for each of these texts, of which there may be none.
    pub(super) fn each<'a>(
        &mut self,
        indent: usize,
        label: &str,
        bodies: impl IntoIterator<Item = &'a String>,
    ) {
        for body in bodies {
            self.labelled(indent, label, body);
        }
    }

    /// A field of the head or the end: a word in capitals, and text beside it.
    pub(super) fn field(&mut self, label: &str, body: &str) {
        self.labelled(0, &format!("{label:10}"), body);
    }

    /// A headline with a few words at the right edge, or after it where there is no room.
    pub(super) fn headline(&mut self, indent: usize, left: &str, right: &str) {
        let left = text::clean(left);
        let used = indent + text::width(&left) + text::width(right);
        if used + 2 <= COLUMNS {
            let room = COLUMNS - used;
            self.line(&format!("{:indent$}{left}{:room$}{right}", "", ""));
        } else {
            self.paragraph(indent, &format!("{left} ({right})"));
        }
    }

    /// A command: its first line after `mark`, the others below; too long ones broken with `\`.
    pub(super) fn command(&mut self, indent: usize, mark: &str, command: &str) {
        let mut head = format!("{:indent$}{mark}", "");
        let inner = text::width(&head);
        let room = COLUMNS.saturating_sub(inner + 2).max(20);
        for line in command.lines() {
            let pieces = if text::width(&text::clean(line)) <= room + 2 {
                vec![text::clean(line)]
            } else {
                text::wrap(line, room)
            };
            for (index, piece) in pieces.iter().enumerate() {
                let more = index + 1 < pieces.len();
                self.broken |= more;
                self.line(&format!("{head}{piece}{}", if more { " \\" } else { "" }));
                head = " ".repeat(inner);
            }
        }
    }

    /// Words of a command line, none of them broken, so that it can be pasted.
    pub(super) fn words(&mut self, label: &str, words: &[String]) {
        let mut line = label.to_owned();
        let inner = label.len();
        let mut fresh = true;
        for (index, word) in words.iter().enumerate() {
            let tail = if index + 1 < words.len() { 2 } else { 0 };
            if !fresh && text::width(&line) + 1 + text::width(word) + tail > COLUMNS {
                self.line(&format!("{line} \\"));
                line = " ".repeat(inner + 2);
                fresh = true;
            }
            if !fresh {
                line.push(' ');
            }
            line.push_str(word);
            fresh = false;
        }
        self.line(&line);
    }

    /// A rule over the whole width with a sentence in it.
    pub(super) fn rule(&mut self, stroke: &str, label: &str) {
        let label = text::cut(label, COLUMNS - 8);
        let room = COLUMNS - text::width(&label) - 2;
        let left = room / 2;
        let (left, right) = (stroke.repeat(left), stroke.repeat(room - left));
        self.line(&format!("{left} {label} {right}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_never_broken_and_lines_end_in_a_backslash() {
        let words: Vec<_> = (0..12)
            .map(|n| format!("--accept warning-{n}:0123456789abcdef"))
            .collect();
        let mut page = Page::default();
        page.words("UNATTENDED  ", &words);
        let text = page.finish();
        assert!(text.lines().all(|line| line.len() <= COLUMNS), "{text}");
        let joined = text.replace("UNATTENDED", "").replace(" \\\n", " ");
        assert_eq!(joined.split_whitespace().count(), 24, "{text}");
        assert_eq!(text.matches(" \\\n").count() + 1, text.lines().count());
    }

    #[test]
    fn commands_and_rules_keep_the_width() {
        let mut page = Page::default();
        page.command(6, "$ ", &"word ".repeat(40));
        page.rule("=", &"x".repeat(100));
        page.headline(2, &"name ".repeat(30), "as root");
        assert!(page.broken);
        assert!(page.finish().lines().all(|line| line.len() <= COLUMNS));
    }
}
