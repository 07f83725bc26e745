//! Looks at a shell text without running it: which variables it reads, and whether it is more than
//! one simple command. A rough reader of POSIX quoting, not a parser: what it cannot place it lets
//! pass.

/// What a shell text does, as far as it can be seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Variables it reads without providing for their absence, each with its offset in bytes.
    pub(super) reads: Vec<(String, usize)>,
    /// The first thing that makes it more than one simple command.
    pub(super) joint: Option<&'static str>,
}

/// What surrounds a place in a shell text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Double,
    Paren,
    Brace,
    Tick,
}

/// Looks at a shell text.
pub(super) fn look(text: &str) -> Seen {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        text,
        at: 0,
        inside: Vec::new(),
        seen: Seen::default(),
    };
    if text.trim().contains('\n') {
        reader.seen.joint = Some("several lines");
    }
    while reader.at < reader.bytes.len() {
        reader.step();
    }
    reader.seen
}

struct Reader<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
    inside: Vec<Inside>,
    seen: Seen,
}

impl Reader<'_> {
    fn next(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Reads one character or one quoted stretch.
    fn step(&mut self) {
        let quoted = self.inside.last() == Some(&Inside::Double);
        match self.next(0) {
            b'\\' => self.at += 2,
            b'$' => self.dollar(quoted),
            b'"' if quoted => self.leave(),
            b'"' => self.enter(Inside::Double),
            b'`' if self.inside.contains(&Inside::Tick) => self.leave(),
            b'`' => self.enter(Inside::Tick),
            b'}' if self.inside.last() == Some(&Inside::Brace) => self.leave(),
            _ if quoted => self.at += 1,
            b'\'' => self.skip_to(b'\'', 1),
            b'#' if self.at == 0 || self.bytes[self.at - 1].is_ascii_whitespace() => {
                self.skip_to(b'\n', 1);
            }
            b'(' => self.enter(Inside::Paren),
            b')' if self.inside.last() == Some(&Inside::Paren) => self.leave(),
            _ => self.bare(),
        }
    }

    fn enter(&mut self, inside: Inside) {
        self.inside.push(inside);
        self.at += 1;
    }

    fn leave(&mut self) {
        self.inside.pop();
        self.at += 1;
    }

    /// Goes behind the next `end`, which is looked for `from` bytes further on.
    fn skip_to(&mut self, end: u8, from: usize) {
        let rest = self.bytes.get(self.at + from..).unwrap_or_default();
        let len = rest.iter().position(|b| *b == end).unwrap_or(rest.len());
        self.at += from + len + 1;
    }

    /// A character outside quotes: does it join commands?
    fn bare(&mut self) {
        let joint = match (self.next(0), self.next(1)) {
            (b';', _) => Some("`;`"),
            (b'&', b'&') => Some("`&&`"),
            (b'|', b'|') => Some("`||`"),
            (b'|', _) if self.at == 0 || self.bytes[self.at - 1] != b'>' => Some("a pipe"),
            _ => None,
        };
        if self.inside.last() != Some(&Inside::Brace) {
            self.seen.joint = self.seen.joint.or(joint);
        }
        self.at += 1;
    }

    /// What begins with `$`.
    fn dollar(&mut self, quoted: bool) {
        match self.next(1) {
            b'(' => {
                self.at += 1;
                self.enter(Inside::Paren);
            }
            b'{' => self.braces(),
            b'\'' if !quoted => {
                self.at += 2;
                while self.at < self.bytes.len() && self.next(0) != b'\'' {
                    self.at += if self.next(0) == b'\\' { 2 } else { 1 };
                }
                self.at += 1;
            }
            b if is_first(b) => {
                let name = name_at(self.text, self.at + 1);
                self.seen.reads.push((name.to_owned(), self.at));
                self.at += 1 + name.len();
            }
            _ => self.at += 2,
        }
    }

    /// `${…}`: a form that provides for an unset variable does not count as reading it.
    fn braces(&mut self) {
        let start = self.at;
        self.at += 2;
        if matches!(self.next(0), b'#' | b'!') {
            self.at += 1;
        }
        let name = name_at(self.text, self.at);
        self.at += name.len();
        let provides = match (self.next(0), self.next(1)) {
            (b':', b'-' | b'+' | b'=' | b'?') | (b'-' | b'+' | b'=' | b'?', _) => true,
            (_, _) => false,
        };
        if !name.is_empty() && !provides {
            self.seen.reads.push((name.to_owned(), start));
        }
        self.inside.push(Inside::Brace);
    }
}

fn is_first(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_'
}

/// The name that begins at a byte; empty where none does.
fn name_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    if !rest.bytes().next().is_some_and(is_first) {
        return "";
    }
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    &rest[..end.unwrap_or(rest.len())]
}

/// Whether a shell text gives the variable a value itself: `X=`, `for X`, `read X` and the like.
pub(super) fn assigns(text: &str, name: &str) -> bool {
    let mut from = 0;
    while let Some(found) = text[from..].find(name) {
        let at = from + found;
        from = at + name.len();
        let rest = &text[from..];
        let before = text[..at].chars().next_back();
        let whole = !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
            && !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if !whole || matches!(before, Some('$' | '{')) {
            continue;
        }
        let command = text[..at]
            .rsplit(['\n', ';', '|', '&', '('])
            .next()
            .unwrap_or_default();
        let mut words = command
            .split_whitespace()
            .skip_while(|w| matches!(*w, "while" | "do" | "then" | "if"));
        let giver = words.next().unwrap_or_default();
        if rest.starts_with('=')
            || rest.starts_with("+=")
            || [
                "for",
                "read",
                "declare",
                "local",
                "mapfile",
                "readarray",
                "printf",
                "getopts",
            ]
            .contains(&giver)
        {
            return true;
        }
    }
    false
}

/// Whether the program of a `shell` reads POSIX shell text and knows `-n`.
pub(super) fn is_posix(shell: &[String]) -> bool {
    let name = shell
        .first()
        .map_or("", |path| path.rsplit('/').next().unwrap_or(path));
    ["sh", "bash", "dash", "ksh", "zsh"].contains(&name)
}

/// A text as one word of a shell command.
pub(super) fn word(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"@%+=:,./_-".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> Vec<String> {
        look(text).reads.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn variables_are_seen_where_the_shell_would_expand_them() {
        assert_eq!(
            reads(r#"test -e "$LIVE/x" -a ${DOMAIN} '$no' \$no $1 $?"#),
            ["LIVE", "DOMAIN"]
        );
        assert_eq!(
            reads(r#"echo "${A:-x}" "${B%.x}" "${#C}" "$(cat "$D")""#),
            ["B", "C", "D"]
        );
        assert_eq!(reads("awk '{print $NF}' # $E"), Vec::<String>::new());
    }

    #[test]
    fn what_joins_commands_is_seen_outside_quotes() {
        for (text, joint) in [
            ("test -e x", None),
            ("test \"$(cat x)\" = 'a;b|c'", None),
            ("cmd 2>&1 >| file", None),
            ("a; b", Some("`;`")),
            ("a && b", Some("`&&`")),
            ("a || b", Some("`||`")),
            ("a | b", Some("a pipe")),
            ("test \"$(a | b)\" = c", Some("a pipe")),
            ("a\nb", Some("several lines")),
        ] {
            assert_eq!(look(text).joint, joint, "{text}");
        }
    }

    #[test]
    fn a_text_can_give_its_own_variables() {
        assert!(assigns("x=1; echo $x", "x") && assigns("while read -r a b; do :; done", "b"));
        assert!(assigns("for f in *; do echo $f; done", "f"));
        assert!(!assigns("echo $xy = 1", "x") && !assigns("test $x = 1", "x"));
    }

    #[test]
    fn odd_endings_do_not_panic() {
        for text in [
            "\\",
            "$",
            "${",
            "'",
            "\"",
            "$(",
            "`",
            "${a",
            "$'\\",
            "ä$ö${ü",
        ] {
            let _ = look(text);
        }
    }
}
