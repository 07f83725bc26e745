//! Warnings.

use super::Resolver;
use super::names::Around;
use crate::plan::decode::{Either, Text, word};
use crate::plan::findings::quoted;
use crate::plan::model::{Level, Warning};
use crate::plan::node::Sp;
use crate::plan::raw::{RawConfirm, RawWarning, RawWarningKeys};

/// The ids of upwalk's own warnings.
const OWN: [&str; 4] = ["untested-pair", "ledger", "lint", "stopped"];
/// The longest phrase that has to be typed, in characters.
const PHRASE: usize = 60;

impl Resolver<'_, '_> {
    /// The warnings of a phase, pause or step.
    pub(super) fn warnings(
        &mut self,
        raw: Option<&Sp<Vec<Sp<RawWarning>>>>,
        around: &Around,
    ) -> Vec<Warning> {
        let list = raw.iter().flat_map(|list| &list.value);
        list.filter_map(|warning| self.warning(warning, around))
            .collect()
    }

    fn warning(&mut self, raw: &Sp<RawWarning>, around: &Around) -> Option<Warning> {
        let keys = &raw.value.keys;
        for (missing, key) in [(keys.id.is_none(), "id"), (keys.text.is_none(), "text")] {
            if missing {
                self.out
                    .lacks(&raw.span, key, &format!("a warning has no `{key}`"));
            }
        }
        let id = keys.id.as_ref().and_then(|id| self.warning_id(id));
        let name = keys.id.as_ref().map_or("?", |id| id.value.0.as_str());
        let around = Around {
            what: format!("warning {name}"),
            ..around.clone()
        };
        let text = self.template_of(keys.text.as_ref());
        let only_if = self.named_guard(keys.only_if.as_ref(), "only_if", &around);
        let facts = self.facts(keys, &around);
        let level = self.level(keys);
        Some(Warning {
            id: id?,
            text: text?,
            only_if,
            facts,
            level,
            source: raw.value.source.clone(),
        })
    }

    fn warning_id(&mut self, text: &Sp<Text>) -> Option<crate::types::WarningId> {
        let id = self.id(text)?;
        if OWN.contains(&id.as_str()) {
            self.reserved(id.as_str(), &text.span);
        } else if let Some(first) = self.warnings.get(id.as_str()).cloned() {
            self.out
                .error(&text.span, format!("two warnings have the id `{id}`"))
                .label("the second")
                .also(&first, "the first");
        } else {
            self.warnings
                .insert(id.as_str().to_owned(), text.span.clone());
        }
        Some(id)
    }

    /// What is measured when the warning is shown: everybody sees it.
    fn facts(&mut self, keys: &RawWarningKeys, around: &Around) -> Vec<(String, String)> {
        let mut facts = Vec::new();
        for (name, command) in keys.facts.iter().flat_map(|map| &map.value.0) {
            let text = self.shell_text(command, around);
            if let Some(secret) = self.names_secret(&text) {
                let at = self.find_inside(&command.span, &secret);
                self.out
                    .error(&at, format!("`${secret}` is a secret, and a fact is shown"))
                    .label("a secret");
            }
            facts.push((name.value.clone(), text));
        }
        facts
    }

    fn level(&mut self, keys: &RawWarningKeys) -> Level {
        let Some(confirm) = &keys.confirm else {
            return Level::Ack;
        };
        match &confirm.value {
            Either::Text(text) => {
                let text = Sp {
                    value: text.clone(),
                    span: confirm.span.clone(),
                    key: confirm.key.clone(),
                };
                let words = [("note", Level::Note), ("ack", Level::Ack)];
                let levels = words.each_ref().map(|(word, _)| (*word, *word == "note"));
                match word(&text, "way to confirm", &levels, self.out) {
                    Some(true) => Level::Note,
                    Some(false) | None => Level::Ack,
                }
            }
            Either::Map(RawConfirm {
                r#type: Some(phrase),
            }) => self.phrase(phrase),
            Either::Map(RawConfirm { r#type: None }) => {
                self.out
                    .error(&confirm.key, "`confirm` does not say what is typed")
                    .label("write `{ type: a phrase }`, `ack` or `note`");
                Level::Ack
            }
        }
    }

    /// A phrase: one line that can be typed, and no other warning's.
    fn phrase(&mut self, phrase: &Sp<Text>) -> Level {
        let text = phrase.value.0.trim();
        let length = text.chars().count();
        if text.contains(char::is_control) || length > PHRASE {
            self.out
                .error(&phrase.span, "this phrase cannot be typed")
                .label(format!("one line of at most {PHRASE} characters"));
        } else if length < 3 {
            self.out
                .error(
                    &phrase.span,
                    format!("the phrase {} is typed by accident", quoted(text)),
                )
                .label("at least 3 characters");
        } else if let Some(first) = self.phrases.get(text).cloned() {
            self.out
                .error(&phrase.span, "another warning has the same phrase")
                .label("the second")
                .also(&first, "the first")
                .help("a phrase that names what happens cannot be typed for the wrong warning");
        } else {
            self.phrases.insert(text.to_owned(), phrase.span.clone());
        }
        Level::Type(self.template_at(text, &phrase.span))
    }
}
