//! Reads Rust source as far as `tests/arrows.rs` needs it: which paths a file names, without its
//! comments, its strings and its unit tests.

use std::fmt;

/// A word or a sign of the source, with the line where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// An identifier, `::`, or a single sign.
    pub(crate) text: String,
    /// From 1.
    pub(crate) line: usize,
}

/// A path that a file names, from the crate's root: `["journal", "codec"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its parts; `*` where everything of a module is taken in; empty for the root itself.
    pub(crate) parts: Vec<String>,
    /// From 1.
    pub(crate) line: usize,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "crate::{}", self.parts.join("::"))
    }
}

/// The tokens of a source without comments, strings and characters.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let next = step(&chars, at);
        if let Some(text) = next.text {
            found.push(Token { text, line });
        }
        line += chars[at..next.end].iter().filter(|c| **c == '\n').count();
        at = next.end;
    }
    found
}

/// What begins at a place of the source, and where it ends.
struct Lexed {
    text: Option<String>,
    end: usize,
}

fn step(chars: &[char], at: usize) -> Lexed {
    let rest = &chars[at..];
    let skip = |length: usize| Lexed {
        text: None,
        end: at + length,
    };
    match rest {
        ['/', '/', ..] => skip(rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())),
        ['/', '*', ..] => skip(block_comment(rest)),
        ['"', ..] => skip(string(rest)),
        ['b' | 'c', '"', ..] => skip(1 + string(&rest[1..])),
        ['r', '"' | '#', ..] if raw_string(rest, 1).is_some() => {
            skip(raw_string(rest, 1).unwrap_or(1))
        }
        ['b' | 'c', 'r', '"' | '#', ..] if raw_string(rest, 2).is_some() => {
            skip(raw_string(rest, 2).unwrap_or(2))
        }
        ['\'', ..] => skip(character(rest)),
        [':', ':', ..] => Lexed {
            text: Some("::".to_owned()),
            end: at + 2,
        },
        [c, ..] if c.is_alphanumeric() || *c == '_' => {
            let word: String = rest
                .iter()
                .take_while(|c| c.is_alphanumeric() || **c == '_')
                .collect();
            Lexed {
                end: at + word.chars().count(),
                text: Some(word),
            }
        }
        [c, ..] if c.is_whitespace() => skip(1),
        [c, ..] => Lexed {
            text: Some(c.to_string()),
            end: at + 1,
        },
        [] => skip(1),
    }
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a raw string whose `#`s begin at `at`; none where it is a raw identifier.
fn raw_string(rest: &[char], at: usize) -> Option<usize> {
    let hashes = rest[at..].iter().take_while(|c| **c == '#').count();
    if rest.get(at + hashes) != Some(&'"') {
        return None;
    }
    let mut end = at + hashes + 1;
    while end < rest.len() {
        let closes =
            rest[end] == '"' && rest[end + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
        end += 1;
        if closes {
            return Some(end + hashes);
        }
    }
    Some(rest.len())
}

/// The length of a character or, where it is a lifetime, of its quote alone.
fn character(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', ..] => {
            let close = rest.iter().skip(3).position(|c| *c == '\'');
            close.map_or(rest.len(), |close| close + 4)
        }
        ['\'', _, '\'', ..] => 3,
        _ => 1,
    }
}

/// The tokens without items that stand behind `#[cfg(test)]`, and the names of the modules among
/// those that are files of their own.
pub(crate) fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut files) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        let here = &tokens[at..];
        let marks = here.iter().zip(MARK);
        if here.len() >= MARK.len() && marks.clone().all(|(token, mark)| token.text == mark) {
            let item = &here[MARK.len()..];
            let length = item_length(item);
            if let [.., word, name, end] = &item[..length]
                && word.text == "mod"
                && end.text == ";"
            {
                files.push(name.text.clone());
            }
            at += MARK.len() + length;
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    (kept, files)
}

/// How many tokens the item at the start takes: up to its `;` or its closing brace.
fn item_length(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return at + 1,
            "}" => depth = depth.saturating_sub(1),
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The paths into the crate that the tokens of the module `own` name, through `crate` or `super`.
pub(crate) fn named(own: &[String], tokens: &[Token]) -> Vec<Named> {
    let mut found = Vec::new();
    let mut inner: Vec<(String, usize)> = Vec::new();
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => {
                depth += 1;
                if at >= 2 && tokens[at - 2].text == "mod" {
                    inner.push((tokens[at - 1].text.clone(), depth));
                }
            }
            "}" => {
                inner.retain(|(_, opened)| *opened < depth);
                depth = depth.saturating_sub(1);
            }
            "crate" | "super" if begins_path(tokens, at) => {
                let inner: Vec<String> = inner.iter().map(|(name, _)| name.clone()).collect();
                let here = [own, &inner].concat();
                if let Some((base, next)) = base(&here, tokens, at) {
                    tree(&base, &tokens[next..], &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

fn begins_path(tokens: &[Token], at: usize) -> bool {
    at == 0 || tokens[at - 1].text != "::"
}

/// The module that `crate` or a chain of `super` stands for, and the token after its `::`; none in
/// `pub(crate)`, `pub(super)`.
fn base(own: &[String], tokens: &[Token], at: usize) -> Option<(Vec<String>, usize)> {
    let text = |at: usize| tokens.get(at).map(|token| token.text.as_str());
    let mut base = own.to_vec();
    let mut at = at;
    if text(at) == Some("crate") {
        return match text(at + 1) {
            Some("::") => Some((Vec::new(), at + 2)),
            // `use crate as other` would hide every later path.
            Some("as") => Some((Vec::new(), at + 1)),
            _ => None,
        };
    }
    while text(at) == Some("super") {
        base.pop();
        if text(at + 1) != Some("::") {
            return None;
        }
        at += 2;
    }
    Some((base, at))
}

/// Reads a path or a tree of `use`, and returns how many tokens it takes.
fn tree(base: &[String], tokens: &[Token], found: &mut Vec<Named>) -> usize {
    let Some(first) = tokens.first() else {
        return 0;
    };
    let mut full = base.to_vec();
    if first.text == "{" {
        let mut at = 1;
        while at < tokens.len() && tokens[at].text != "}" {
            at += tree(base, &tokens[at..], found).max(1);
        }
        return at + 1;
    }
    let word = first.text.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !word && first.text != "*" {
        return 0;
    }
    if first.text != "self" && first.text != "as" {
        full.push(first.text.clone());
    }
    let goes_on = tokens.get(1).is_some_and(|token| token.text == "::")
        && tokens.get(2).is_some_and(|token| token.text != "<");
    if goes_on {
        return 2 + tree(&full, &tokens[2..], found);
    }
    found.push(Named {
        parts: full,
        line: first.line,
    });
    1
}
