//! Guards: which form they have, and whether a no can be told from could-not-tell.

use super::Resolver;
use super::names::Around;
use crate::plan::decode::{Command, Either, Keys, Text};
use crate::plan::findings::quoted;
use crate::plan::model::{Asked, Guard, Request};
use crate::plan::node::{Sp, Span};
use crate::plan::raw_step::{RawAsk, RawGuard};
use crate::plan::shelltext;
use crate::types::{Bound, Expect, Judge, Millis};
use std::collections::BTreeMap;

/// Whether a guard may ask the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// A check may.
    Allowed,
    /// Any other guard is a command.
    Refused,
}

/// How long a request of a check may take unless it says so.
const REQUEST: Millis = Millis::from_secs(5);

impl Resolver<'_, '_> {
    /// Resolves a guard; `None` where it is wrong, which has been said.
    pub(super) fn guard(
        &mut self,
        raw: &Sp<RawGuard>,
        around: &Around,
        network: Network,
    ) -> Option<Guard> {
        match &raw.value {
            Either::Text(Command(text)) => {
                self.simple(text, &raw.span, around);
                let asked = self.command(text, &raw.span, around, Judge::plain());
                Some(Guard {
                    asked,
                    source: first_line(text),
                })
            }
            Either::Map(ask) => self.ask(ask, raw, around, network),
        }
    }

    /// A guard where there is one.
    pub(super) fn guard_of(
        &mut self,
        raw: Option<&Sp<RawGuard>>,
        around: &Around,
    ) -> Option<Guard> {
        raw.and_then(|raw| self.guard(raw, around, Network::Refused))
    }

    /// Checks that a plain guard is one simple command.
    fn simple(&mut self, text: &str, span: &Span, around: &Around) {
        if !shelltext::is_posix(&around.shell) {
            return;
        }
        if let Some(joint) = shelltext::look(text).joint {
            self.out
                .error(span, format!("a guard with {joint} must say what means no"))
                .label("a failure in the middle would count as a no")
                .help("write `{ run: ..., no: [1] }`, or `{ output: ..., is: ... }`");
        }
    }

    fn command(&mut self, text: &str, span: &Span, around: &Around, judge: Judge) -> Asked {
        self.guard_names(text, span, around);
        self.script(text, span, around);
        Asked::Command {
            text: text.to_owned(),
            judge,
        }
    }

    /// The long form.
    fn ask(
        &mut self,
        ask: &RawAsk,
        raw: &Sp<RawGuard>,
        around: &Around,
        network: Network,
    ) -> Option<Guard> {
        let forms = [
            ("output", ask.output.as_ref().map(|c| &c.key)),
            ("run", ask.run.as_ref().map(|c| &c.key)),
            ("http", ask.http.as_ref().map(|c| &c.key)),
            ("tcp", ask.tcp.as_ref().map(|c| &c.key)),
        ];
        let given: Vec<(&str, &Span)> = forms
            .iter()
            .filter_map(|(name, key)| key.map(|key| (*name, key)))
            .collect();
        let [(form, place)] = given[..] else {
            let at = given.get(1).map_or(&raw.key, |(_, key)| key);
            self.out
                .error(
                    at,
                    "a guard asks one thing: `output`, `run`, or in a check `http` or `tcp`",
                )
                .label(if given.is_empty() {
                    "asks nothing"
                } else {
                    "a second one"
                });
            return None;
        };
        self.ask_keys(ask, form);
        let net = matches!(form, "http" | "tcp");
        if net && network == Network::Refused {
            self.out
                .error(place, format!("only a `check` can ask by `{form}`"))
                .label("not here")
                .help("let a `check` step follow, or ask by a command such as curl");
            return None;
        }
        match form {
            "output" => self.output(ask, raw, around),
            "run" => self.run_form(ask, around),
            "http" => self.http(ask),
            _ => self.tcp(ask),
        }
    }

    /// Keys that another form has.
    fn ask_keys(&mut self, ask: &RawAsk, form: &str) {
        const NET: [&str; 8] = [
            "status",
            "body",
            "header",
            "version",
            "timeout",
            "ca_file",
            "insecure",
            "redirects",
        ];
        let allowed: &[&str] = match form {
            "output" => &["is", "not", "matches", "above", "below", "empty"],
            "run" => &["no"],
            "http" => &NET,
            _ => &["timeout"],
        };
        for (key, span) in ask.written() {
            if key != form
                && !allowed.contains(&key)
                && !["output", "run", "http", "tcp"].contains(&key)
            {
                self.out
                    .error(&span, format!("`{key}` does not go with `{form}`"))
                    .label("not here")
                    .help(format!("`{form}` goes with {}", allowed.join(", ")));
            }
        }
    }

    fn run_form(&mut self, ask: &RawAsk, around: &Around) -> Option<Guard> {
        let run = ask.run.as_ref()?;
        let Some(no) = &ask.no else {
            self.out
                .error(&run.key, "this guard does not say which exit codes mean no")
                .label("add `no: [1]` or another list")
                .help("0 is yes; every code that is not listed means: could not tell");
            return None;
        };
        let no = self.codes(no, "no");
        for code in &no {
            if matches!(code, 0 | 126 | 127) {
                let what = if *code == 0 {
                    "always means yes"
                } else {
                    "means that nothing ran"
                };
                let key = &ask.no.as_ref()?.key;
                self.out
                    .error(key, format!("exit code {code} {what}"))
                    .label("cannot mean no");
            }
        }
        let asked = self.command(&run.value.0, &run.span, around, Judge::Code { no });
        Some(Guard {
            asked,
            source: first_line(&run.value.0),
        })
    }

    fn output(&mut self, ask: &RawAsk, raw: &Sp<RawGuard>, around: &Around) -> Option<Guard> {
        let output = ask.output.as_ref()?;
        let mut wanted = self.comparisons(ask);
        if let [_, (_, _, second), ..] = &wanted[..] {
            self.out
                .error(second, "the output is compared twice")
                .label("a second comparison");
            return None;
        }
        let Some((expect, said, _)) = wanted.pop() else {
            const WORDS: [&str; 6] = ["is", "not", "matches", "above", "below", "empty"];
            if !WORDS.iter().any(|word| self.out.is_broken(&raw.span, word)) {
                self.out
                    .error(&output.key, "nothing says what the output is compared with")
                    .label(format!("add one of {}", WORDS.join(", ")));
            }
            return None;
        };
        let asked = self.command(&output.value.0, &output.span, around, Judge::Output(expect));
        let source = format!("{} {said}", first_line(&output.value.0));
        Some(Guard { asked, source })
    }

    /// What an output is compared with, in words, and where that is said.
    fn comparisons(&mut self, ask: &RawAsk) -> Vec<(Expect, String, Span)> {
        let mut wanted = Vec::new();
        if let Some(is) = &ask.is {
            let (text, said) = (is.value.0.clone(), format!("is {}", is.value.0));
            wanted.push((Expect::Is(text), said, is.key.clone()));
        }
        if let Some(not) = &ask.not {
            let (text, said) = (not.value.0.clone(), format!("is not {}", not.value.0));
            wanted.push((Expect::Not(text), said, not.key.clone()));
        }
        if let Some(pattern) = &ask.matches {
            self.regex(pattern, 0..=usize::MAX);
            let (text, said) = (
                pattern.value.0.clone(),
                format!("matches {}", pattern.value.0),
            );
            wanted.push((Expect::Matches(text), said, pattern.key.clone()));
        }
        if let Some(above) = &ask.above {
            let (limit, said) = (self.bound(above), format!("above {}", above.value.0));
            wanted.push((Expect::Above(limit), said, above.key.clone()));
        }
        if let Some(below) = &ask.below {
            let (limit, said) = (self.bound(below), format!("below {}", below.value.0));
            wanted.push((Expect::Below(limit), said, below.key.clone()));
        }
        if let Some(empty) = &ask.empty {
            let said = if empty.value.0 {
                "is empty"
            } else {
                "is not empty"
            };
            wanted.push((
                Expect::Empty(empty.value.0),
                said.to_owned(),
                empty.key.clone(),
            ));
        }
        wanted.sort_by_key(|(_, _, key)| key.start);
        wanted
    }

    /// A number to compare with; zero where it is none, which is said.
    fn bound(&mut self, text: &Sp<Text>) -> Bound {
        match Bound::new(text.value.0.clone()) {
            Ok(bound) => bound,
            Err(error) => {
                self.out
                    .error(&text.span, error)
                    .label("a number such as 1000");
                Bound::default()
            }
        }
    }

    fn http(&mut self, ask: &RawAsk) -> Option<Guard> {
        let http = ask.http.as_ref()?;
        let url = self.url(http);
        let status = ask
            .status
            .as_ref()
            .map_or_else(|| vec![200], |list| self.statuses(list));
        let body = ask
            .body
            .as_ref()
            .map(|pattern| self.pattern(pattern, 0..=usize::MAX));
        let version = ask
            .version
            .as_ref()
            .map(|pattern| self.pattern(pattern, 1..=1));
        let mut header = BTreeMap::new();
        for (name, pattern) in ask.header.iter().flat_map(|map| &map.value.0) {
            self.regex(pattern, 0..=usize::MAX);
            header.insert(name.value.clone(), pattern.value.0.clone());
        }
        let source = format!("GET {}", http.value.0);
        let asked = Asked::Http(Box::new(Request {
            url,
            status,
            body,
            header,
            version,
            timeout: self.length_of(ask.timeout.as_ref()).unwrap_or(REQUEST),
            ca_file: self.absolute(ask.ca_file.as_ref()),
            insecure: ask.insecure.as_ref().is_some_and(|flag| flag.value.0),
            redirects: ask
                .redirects
                .as_ref()
                .and_then(|n| self.number(n, 0..=20))
                .unwrap_or(0),
        }));
        Some(Guard { asked, source })
    }

    fn tcp(&mut self, ask: &RawAsk) -> Option<Guard> {
        let tcp = ask.tcp.as_ref()?;
        let address = self.address(tcp);
        let timeout = self.length_of(ask.timeout.as_ref()).unwrap_or(REQUEST);
        let source = format!("connect to {}", tcp.value.0);
        Some(Guard {
            asked: Asked::Tcp { address, timeout },
            source,
        })
    }

    /// A URL: `http://` or `https://`, unless a variable begins it.
    pub(super) fn url(&mut self, text: &Sp<Text>) -> crate::plan::Template {
        let url = &text.value.0;
        let known = ["http://", "https://", "${"]
            .iter()
            .any(|start| url.starts_with(start));
        if !known || url.contains(char::is_whitespace) {
            self.out
                .error(&text.span, format!("{} is not a URL", quoted(url)))
                .label("http://... or https://..., without white space");
        }
        self.template(text)
    }

    /// A `host:port`.
    pub(super) fn address(&mut self, text: &Sp<Text>) -> crate::plan::Template {
        let fits = text.value.0.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && (port.contains("${") || port.parse::<u16>().is_ok_and(|p| p > 0))
        });
        if !fits && !text.value.0.ends_with('}') {
            self.out
                .error(
                    &text.span,
                    format!("{} is not `host:port`", quoted(&text.value.0)),
                )
                .label("such as 127.0.0.1:5432");
        }
        self.template(text)
    }
}

/// The first line of a command, for people.
pub(super) fn first_line(text: &str) -> String {
    let mut lines = text.trim().lines();
    let first = lines.next().unwrap_or_default().to_owned();
    if lines.next().is_some() {
        format!("{first} ...")
    } else {
        first
    }
}
