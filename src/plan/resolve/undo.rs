//! How a step is taken back.

use super::Resolver;
use super::names::Around;
use super::step::is_true;
use super::walk::{Home, Named, Reference, Typed, Undoable};
use crate::plan::decode::{Command, Either, Text};
use crate::plan::model::{Role, Undo};
use crate::plan::node::{Sp, Span};
use crate::plan::raw_step::{RawStep, RawUndo};
use crate::types::{Id, StepId};

impl Resolver<'_, '_> {
    /// Resolves everything about taking a step back.
    pub(super) fn undo(
        &mut self,
        keys: &RawStep,
        id: Option<&Sp<Id>>,
        home: Home,
        around: &Around,
    ) -> Undo {
        self.undo_conflicts(keys, home);
        let word = keys.undo.as_ref().and_then(|undo| match &undo.value {
            Either::Text(Command(text)) => Some(text.trim()),
            Either::Map(_) => None,
        });
        let again = word == Some("again");
        self.undo_companions(keys, word);
        let costs = self.template_of(keys.undo_text.as_ref());
        let applies = self.named_guard(keys.undo_if.as_ref(), "undo_if", around);
        let verify = self.polled(keys, keys.undo_verify.as_ref(), "undo_verify", around);
        self.named_guard(keys.restored_by_if.as_ref(), "restored_by_if", around);
        if let Some(why) = &keys.irreversible {
            let why = self.template(why);
            return Undo::Irreversible(why);
        }
        let follows = keys.follows.as_ref().map(|text| self.follows(text, id));
        match keys.undo.as_ref().map(|undo| &undo.value) {
            // What a `systemd` step becomes follows what is on disk, said or not.
            None if keys.systemd.is_some() => Undo::Again { follows, verify },
            None => Undo::Unsaid,
            Some(Either::Map(RawUndo { none: Some(why) })) => Undo::Harmless(self.template(why)),
            Some(Either::Map(RawUndo { none: None })) => {
                self.no_reason(keys.undo.as_ref());
                Undo::Unsaid
            }
            Some(Either::Text(_)) if again => Undo::Again { follows, verify },
            Some(Either::Text(command)) => Undo::Run {
                text: self.undo_text(command, keys, around),
                costs,
                applies,
                verify,
            },
        }
    }

    /// The command that takes a step back.
    fn undo_text(&mut self, command: &Command, keys: &RawStep, around: &Around) -> String {
        let Some(undo) = &keys.undo else {
            return String::new();
        };
        if matches!(command.0.trim(), "true" | ":" | "none" | "false") {
            self.no_reason(Some(undo));
        }
        if keys.systemd.is_some() {
            let title = "a `systemd` step is taken back by `again` alone";
            self.out
                .error(&undo.span, title)
                .label("not a command")
                .help("write `run: systemctl ...` where another command takes it back");
        }
        let what = format!("undo of {}", around.what);
        let around = Around {
            what,
            ..around.clone()
        };
        self.script(&command.0, &undo.span, &around);
        command.0.clone()
    }

    /// An `undo` that does nothing and does not say why.
    fn no_reason<T>(&mut self, undo: Option<&Sp<T>>) {
        let Some(undo) = undo else { return };
        self.out
            .error(&undo.key, "this undo takes nothing back")
            .label("say why that is harmless")
            .help("write `undo: { none: why }`, or `irreversible: why` where it is not harmless");
    }

    /// The step that a step's `again` comes after.
    fn follows(&mut self, text: &Sp<Text>, id: Option<&Sp<Id>>) -> StepId {
        self.references.push(Reference {
            to: text.clone(),
            wants: Named::Step(Undoable::Yes),
            from: id.map_or_else(String::new, |id| id.value.to_string()),
        });
        StepId::from(text.value.0.as_str())
    }

    /// Ways back that exclude one another, or the step's nature.
    fn undo_conflicts(&mut self, keys: &RawStep, home: Home) {
        let ways = [
            ("undo", keys.undo.as_ref().map(|x| &x.key)),
            ("irreversible", keys.irreversible.as_ref().map(|x| &x.key)),
            ("restored_by", keys.restored_by.as_ref().map(|x| &x.key)),
        ];
        let ways: Vec<(&str, &Span)> = ways
            .into_iter()
            .filter_map(|(name, key)| Some((name, key?)))
            .collect();
        // A restart may have to follow a restore as well.
        let again = matches!(&keys.undo, Some(undo) if matches!(
            &undo.value, Either::Text(Command(text)) if text.trim() == "again"
        ));
        if let [(first, place), (second, span), ..] = ways[..]
            && !(again && second == "restored_by")
        {
            self.out
                .error(span, format!("a step has either `{first}` or `{second}`"))
                .label("a second way back")
                .also(place, "the first");
        }
        let quiet = home
            .role
            .filter(|role| matches!(role, Role::Preflight | Role::Verify));
        for (name, span) in &ways {
            if let (true, Some(flag)) = (is_true(keys.read_only.as_ref()), &keys.read_only) {
                self.out
                    .error(span, format!("a step that changes nothing has no `{name}`"))
                    .label("nothing to take back")
                    .also(&flag.key, "`read_only` is here");
            } else if let Some(role) = quiet {
                self.out
                    .error(span, format!("a `{}` phase changes nothing", role.as_str()))
                    .label("nothing to take back")
                    .help("move the step to a phase of another role");
            }
        }
        for (name, key) in [
            ("irreversible", keys.irreversible.as_ref().map(|x| &x.key)),
            ("restored_by", keys.restored_by.as_ref().map(|x| &x.key)),
        ] {
            if let Some(key) = key.filter(|_| home.typed == Typed::No) {
                self.out
                    .error(
                        key,
                        format!("`{name}` needs a warning with a phrase to type"),
                    )
                    .label("nobody would be asked first")
                    .help(
                        "add `warn: [{ id: ..., text: ..., confirm: { type: ... } }]` to the step",
                    );
            }
        }
    }

    /// Keys that go with an `undo` alone.
    fn undo_companions(&mut self, keys: &RawStep, word: Option<&str>) {
        let command = word.is_some_and(|word| word != "again");
        let again = word == Some("again");
        let companions = [
            (
                "undo_text",
                keys.undo_text.as_ref().map(|x| &x.key),
                command,
                "`undo: command`",
            ),
            (
                "undo_if",
                keys.undo_if.as_ref().map(|x| &x.key),
                command,
                "`undo: command`",
            ),
            (
                "undo_verify",
                keys.undo_verify.as_ref().map(|x| &x.key),
                command || again,
                "`undo`",
            ),
            (
                "follows",
                keys.follows.as_ref().map(|x| &x.key),
                again || keys.systemd.is_some(),
                "`undo: again`",
            ),
            (
                "restored_by_if",
                keys.restored_by_if.as_ref().map(|x| &x.key),
                keys.restored_by.is_some(),
                "`restored_by`",
            ),
        ];
        for (name, key, fits, with) in companions {
            if let (Some(key), false) = (key, fits) {
                self.out
                    .error(key, format!("`{name}` goes with {with}"))
                    .label("this step has none");
            }
        }
    }
}
