//! Text with `${name}` in it, for people to read and for a few values; never for shell text.

use std::fmt;

/// What is wrong with a text's `${…}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct TemplateError {
    /// Where in the text, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub reason: String,
}

/// A text of the plan in which `${name}` stands for a variable and `$${` for a literal `${`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    pieces: Vec<Piece>,
}

/// A stretch of literal text, or a variable's name with its offset.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Name(String, usize),
}

impl Template {
    /// Reads a text; fails at a `${` that is not closed or holds no variable's name.
    pub fn parse(source: impl Into<String>) -> Result<Self, TemplateError> {
        let source = source.into();
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut at = 0;
        while let Some(found) = source[at..].find("${") {
            let start = at + found;
            if source[at..start].ends_with('$') {
                text.push_str(&source[at..start - 1]);
                text.push_str("${");
                at = start + 2;
                continue;
            }
            text.push_str(&source[at..start]);
            let fail = |reason: String| TemplateError {
                offset: start,
                reason,
            };
            let Some(len) = source[start..].find('}') else {
                return Err(fail(
                    "this `${` has no `}` (write `$${` for a literal one)".into(),
                ));
            };
            let name = &source[start + 2..start + len];
            if !is_name(name) {
                return Err(fail(format!(
                    "`${{{name}}}` does not name a variable (write `$${{` for a literal `${{`)"
                )));
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::Name(name.to_owned(), start));
            at = start + len + 1;
        }
        text.push_str(&source[at..]);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self { source, pieces })
    }

    /// A text in which nothing is expanded.
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            source: text.replace("${", "$${"),
            pieces: vec![Piece::Text(text)],
        }
    }

    /// The text as the plan writes it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names it uses, each with its offset in bytes.
    pub fn names(&self) -> impl Iterator<Item = (&str, usize)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Name(name, offset) => Some((name.as_str(), *offset)),
        })
    }

    /// The text with each name replaced by what `lookup` says; a name it does not know stays as
    /// it is written.
    pub fn render(&self, lookup: &dyn Fn(&str) -> Option<String>) -> String {
        let mut out = String::with_capacity(self.source.len());
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name(name, _) => match lookup(name) {
                    Some(value) => out.push_str(&value),
                    None => out.extend(["${", name, "}"]),
                },
            }
        }
        out
    }

    /// The text as one word of a shell command: literal parts quoted, names as the environment
    /// variables that `env` says.
    pub(super) fn shell_word(&self, env: &dyn Fn(&str) -> String) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => super::shelltext::word(text),
            Piece::Name(name, _) => format!("\"${{{}}}\"", env(name)),
        };
        if self.pieces.is_empty() {
            return super::shelltext::word("");
        }
        self.pieces.iter().map(piece).collect()
    }
}

/// Whether a text is a variable's name: `[a-z][a-z0-9_]*`.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_expand_and_escapes_stay() {
        let text = Template::parse("go to ${host}, not $${host} or $HOME").expect("a template");
        assert_eq!(text.names().collect::<Vec<_>>(), [("host", 6)]);
        let shown = text.render(&|name| (name == "host").then(|| "web01".to_owned()));
        assert_eq!(shown, "go to web01, not ${host} or $HOME");
        assert_eq!(
            text.render(&|_| None),
            "go to ${host}, not ${host} or $HOME"
        );
    }

    #[test]
    fn an_open_or_empty_name_is_an_error_with_its_place() {
        assert_eq!(Template::parse("a ${b").expect_err("open").offset, 2);
        assert!(Template::parse("${}").is_err() && Template::parse("${A}").is_err());
    }
}
