//! Writing Markdown around text that is not ours: nothing in it can end a fence, open a heading or
//! become a link. Called by `markdown`.

use crate::text;

/// A Markdown document as it grows.
#[derive(Debug, Default)]
pub(super) struct Runbook {
    out: String,
    /// Whether the last block is a list item: items of one list stand close.
    in_list: bool,
}

impl Runbook {
    /// The document.
    pub(super) fn finish(self) -> String {
        format!("{}\n", self.out.trim_end())
    }

    /// A block of its own.
    fn block(&mut self, text: &str) {
        if self.in_list {
            self.out.push('\n');
            self.in_list = false;
        }
        self.out.extend([text, "\n\n"]);
    }

    /// A heading; its text is escaped.
    pub(super) fn heading(&mut self, level: usize, text: &str) {
        self.block(&format!("{} {}", "#".repeat(level), escape(text)));
    }

    /// A paragraph; its text is escaped.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.block(&escape(text));
    }

    /// A list item with a label; its text is escaped.
    pub(super) fn item(&mut self, label: &str, text: &str) {
        let text: Vec<_> = text.lines().map(escape).collect();
        let line = format!(
            "- **{}**: {}
",
            escape(label),
            text.join(" ")
        );
        self.out.push_str(&line);
        self.in_list = true;
    }

    /// A list item for each of these texts, of which there may be none.
    pub(super) fn items<'a>(&mut self, label: &str, texts: impl IntoIterator<Item = &'a String>) {
        for text in texts {
            self.item(label, text);
        }
    }

    /// Texts of the plan, as quotations; escaped.
    pub(super) fn quotes<'a>(&mut self, texts: impl IntoIterator<Item = &'a String>) {
        for text in texts {
            let lines: Vec<_> = text
                .lines()
                .map(|line| format!("> {}", escape(line)))
                .collect();
            self.block(&lines.join("\n"));
        }
    }

    /// A fenced block; its text stays as it is but for what a terminal must not see.
    pub(super) fn fence(&mut self, language: &str, text: &str) {
        let lines: Vec<_> = text.lines().map(code).collect();
        let text = lines.join("\n");
        let fence = "`".repeat(longest_run(&text).max(2) + 1);
        self.block(&format!("{fence}{language}\n{text}\n{fence}"));
    }

    /// A rule with a sentence.
    pub(super) fn rule(&mut self, text: &str) {
        self.block("---");
        self.block(&format!("**{}**", escape(text)));
    }
}

/// A line of code: cleaned, tabs kept, since they mean something in it.
fn code(line: &str) -> String {
    line.split('\t')
        .map(text::clean)
        .collect::<Vec<_>>()
        .join("\t")
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A text in which nothing is markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text::clean(text).chars() {
        if "\\`*_[]<>#|~".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_fence_or_becomes_markup() {
        let mut book = Runbook::default();
        book.fence("sh", "echo '```'\n\tcat\u{1b}");
        book.heading(2, "a # b [x](y)");
        let text = book.finish();
        assert!(
            text.starts_with("````sh\necho '```'\n\tcat^[\n````\n"),
            "{text}"
        );
        assert!(text.contains(r"## a \# b \[x\](y)"), "{text}");
    }
}
