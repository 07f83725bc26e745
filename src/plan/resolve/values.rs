//! Small values: numbers, lengths of time, patterns, paths, ids.

use super::Resolver;
use crate::plan::Template;
use crate::plan::decode::Text;
use crate::plan::findings::quoted;
use crate::plan::node::{Sp, Span};
use crate::plan::units;
use crate::types::{Id, Millis};
use std::ops::RangeInclusive;

impl Resolver<'_, '_> {
    /// A length of time, zero included.
    pub(super) fn length_or_zero(&mut self, text: &Sp<Text>) -> Option<Millis> {
        match units::duration(&text.value.0) {
            Ok(length) => Some(length),
            Err(why) => {
                self.out
                    .error(&text.span, format!("{}: {why}", quoted(&text.value.0)))
                    .label("a length of time");
                None
            }
        }
    }

    /// A length of time above zero.
    pub(super) fn length(&mut self, text: &Sp<Text>) -> Option<Millis> {
        let length = self.length_or_zero(text)?;
        if length == Millis(0) {
            self.out
                .error(&text.span, "this length of time must be above zero")
                .label("zero");
            return None;
        }
        Some(length)
    }

    /// A length of time where there is one.
    pub(super) fn length_of(&mut self, text: Option<&Sp<Text>>) -> Option<Millis> {
        text.and_then(|text| self.length(text))
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, text: &Sp<Text>, bounds: RangeInclusive<u32>) -> Option<u32> {
        let number = text
            .value
            .0
            .parse::<u32>()
            .ok()
            .filter(|n| bounds.contains(n));
        if number.is_none() {
            let wanted = format!("a number from {} to {}", bounds.start(), bounds.end());
            self.out
                .error(
                    &text.span,
                    format!("{} is not {wanted}", quoted(&text.value.0)),
                )
                .label(wanted);
        }
        number
    }

    /// Exit codes, each once, at least one.
    pub(super) fn codes(&mut self, list: &Sp<Vec<Sp<Text>>>, what: &str) -> Vec<i32> {
        if list.value.is_empty() {
            self.out
                .error(&list.key, format!("`{what}` lists no exit code"))
                .label("empty");
        }
        let mut codes = Vec::new();
        for text in &list.value {
            let Some(code) = self.number(text, 0..=255) else {
                continue;
            };
            let code = i32::try_from(code).unwrap_or(i32::MAX);
            if codes.contains(&code) {
                self.out
                    .error(&text.span, format!("exit code {code} is listed twice"))
                    .label("again");
            } else {
                codes.push(code);
            }
        }
        codes
    }

    /// HTTP statuses.
    pub(super) fn statuses(&mut self, list: &Sp<Vec<Sp<Text>>>) -> Vec<u16> {
        if list.value.is_empty() {
            self.out
                .error(&list.key, "`status` lists no status")
                .label("empty");
        }
        let numbers = list
            .value
            .iter()
            .filter_map(|text| self.number(text, 100..=599));
        numbers.filter_map(|n| u16::try_from(n).ok()).collect()
    }

    /// Checks that a pattern compiles and has so many groups.
    pub(super) fn regex(&mut self, text: &Sp<Text>, groups: RangeInclusive<usize>) {
        self.compile(&text.value.0, &text.span, &groups);
    }

    /// A pattern in which `${name}` expands.
    pub(super) fn pattern(&mut self, text: &Sp<Text>, groups: RangeInclusive<usize>) -> Template {
        let template = self.template(text);
        // Values are escaped when they are put in: any letter stands for them here.
        let filled = template.render(&|_| Some("x".to_owned()));
        self.compile(&filled, &text.span, &groups);
        template
    }

    fn compile(&mut self, pattern: &str, span: &Span, groups: &RangeInclusive<usize>) {
        match regex_lite::Regex::new(pattern) {
            Ok(regex) => {
                let has = regex.captures_len() - 1;
                if !groups.contains(&has) {
                    let wanted = match (groups.start(), groups.end()) {
                        (a, b) if a == b => format!("exactly {a}"),
                        (a, b) => format!("{a} or {b}"),
                    };
                    self.out
                        .error(span, format!("this pattern has {has} groups, not {wanted}"))
                        .label("groups are in parentheses; `(?:...)` is none");
                }
            }
            Err(error) => {
                self.out
                    .error(
                        span,
                        format!("{} is not a pattern: {error}", quoted(pattern)),
                    )
                    .label("does not compile");
            }
        }
    }

    /// A path that begins with `/`.
    pub(super) fn absolute(&mut self, text: Option<&Sp<Text>>) -> Option<String> {
        let text = text?;
        if !text.value.0.starts_with('/') {
            self.out
                .error(
                    &text.span,
                    format!("{} is not an absolute path", quoted(&text.value.0)),
                )
                .label("begin with `/`");
        }
        Some(text.value.0.clone())
    }

    /// A working directory: absolute, unless a variable begins it.
    pub(super) fn dir(&mut self, text: &Sp<Text>) -> Template {
        let template = self.template(text);
        if !text.value.0.starts_with('/') && template.names().next().is_none() {
            self.out
                .error(
                    &text.span,
                    format!("{} is not an absolute path", quoted(&text.value.0)),
                )
                .label("begin with `/`, or with a variable: `${...}`");
        }
        template
    }

    /// A user's name.
    pub(super) fn user(&mut self, text: &Sp<Text>) -> Template {
        if text.value.0.contains([':', '/']) || text.value.0.contains(char::is_whitespace) {
            self.out
                .error(
                    &text.span,
                    format!("{} is no user's name", quoted(&text.value.0)),
                )
                .label("a login name");
        }
        self.template(text)
    }

    /// An id that is written out.
    pub(super) fn id(&mut self, text: &Sp<Text>) -> Option<Id> {
        let id = Id::new(text.value.0.clone()).ok();
        if id.is_none() {
            let title = format!("{} is not an id", quoted(&text.value.0));
            let slug = units::slug(&text.value.0);
            let found = self.out.error(&text.span, title);
            found.label("a-z, 0-9 and `-`, beginning with a letter or digit");
            if !slug.is_empty() {
                found.help(format!("such as `{slug}`"));
            }
        }
        id
    }

    /// An id that is written out, else the slug of the name.
    pub(super) fn id_or_slug(
        &mut self,
        id: Option<&Sp<Text>>,
        name: Option<&Sp<Text>>,
    ) -> Option<Sp<Id>> {
        if let Some(text) = id {
            let (span, key) = (text.span.clone(), text.key.clone());
            return Some(Sp {
                value: self.id(text)?,
                span,
                key,
            });
        }
        let name = name?;
        let id = Id::new(units::slug(&name.value.0)).ok();
        if id.is_none() {
            self.out
                .error(&name.span, "no id can be made of this name")
                .label("it has no letter a-z and no digit")
                .help("give it an `id`");
        }
        Some(Sp {
            value: id?,
            span: name.span.clone(),
            key: name.key.clone(),
        })
    }
}
