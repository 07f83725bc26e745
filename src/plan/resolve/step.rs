//! Steps: their kind, which keys go with it, and how their commands run.

use super::Resolver;
use super::names::Around;
use super::walk::{Home, Named, Typed, Undoable};
use crate::plan::Template;
use crate::plan::decode::{self, Command, Either, Flag, Keys, Literal, Text};
use crate::plan::model::{Kind, OnFailure, Step};
use crate::plan::node::{Sp, Span};
use crate::plan::raw_step::RawStep;
use crate::types::{Id, StepId, TerminalOf};

/// The kinds of steps, as sets.
const RUN: u16 = 1;
const ARGV: u16 = 2;
const CHECK: u16 = 4;
const MANUAL: u16 = 8;
const BACKUP: u16 = 16;
const HOLD: u16 = 32;
const RELEASE: u16 = 64;
const SYSTEMD: u16 = 128;
const REBOOT: u16 = 256;
const ALL: u16 = 511;
const COMMANDS: u16 = RUN | ARGV | CHECK | BACKUP | HOLD | RELEASE | SYSTEMD;

/// The key that names each kind.
const KINDS: [(&str, u16); 9] = [
    ("run", RUN),
    ("argv", ARGV),
    ("check", CHECK),
    ("manual", MANUAL),
    ("backup", BACKUP),
    ("hold", HOLD),
    ("release", RELEASE),
    ("systemd", SYSTEMD),
    ("reboot", REBOOT),
];

/// The kinds that a key goes with (plan-language, "Steps").
fn goes_with(key: &str) -> u16 {
    match key {
        "env" | "dir" | "user" | "timeout" | "shell" | "secrets" | "rerun" | "retries"
        | "on_failure" | "progress" | "error_lines" | "confirm_within" | "hosts" | "rolling" => {
            COMMANDS
        }
        "verify" => ALL & !CHECK,
        "lasting" => CHECK,
        "undo" | "restored_by" | "restored_by_if" => RUN | ARGV | MANUAL | SYSTEMD,
        "undo_text" | "undo_if" | "undo_verify" | "irreversible" => RUN | ARGV | MANUAL,
        "follows" => RUN | ARGV | SYSTEMD,
        "read_only" | "ok_codes" | "retry_codes" | "terminal" => RUN | ARGV,
        "sets" => RUN | ARGV | BACKUP | HOLD,
        "pending" => RUN | CHECK,
        "of" | "needs" | "restore" => BACKUP,
        "leave" | "limit" => HOLD,
        _ => ALL,
    }
}

/// A step's kind: its key, and itself as a set.
pub(super) type Chosen = (&'static str, u16);

impl Resolver<'_, '_> {
    /// Resolves a step; a `systemd` step becomes several, one of a later part none.
    pub(super) fn step(&mut self, raw: &Sp<RawStep>, home: Home) -> Vec<Step> {
        let keys = &raw.value;
        let Some(kind) = self.kind_of(raw) else {
            return Vec::new();
        };
        self.keys_of(keys, kind);
        let needs_name = kind.1 & (SYSTEMD | RELEASE) == 0;
        if keys.name.is_none() && needs_name {
            self.out
                .error(&raw.span, "a step needs a `name`")
                .label("`name` is missing");
        }
        let id = if needs_name {
            self.id_or_slug(keys.id.as_ref(), keys.name.as_ref())
        } else if let Some(id) = &keys.id {
            self.id_or_slug(Some(id), None)
        } else {
            None
        };
        if let (Some(id), true) = (&id, kind.1 != SYSTEMD) {
            self.name(id, named(keys, kind));
        }
        let around = self.around_step(keys, kind, id.as_ref());
        self.later_step(keys, home);
        let resolved = self.kind(keys, kind, &around);
        let step = self.build(raw, id.as_ref(), home, &around);
        if let (Some(id), true) = (&id, kind.1 == BACKUP) {
            self.backups
                .insert(id.value.as_str().replace('-', "_").to_uppercase());
        }
        if kind.1 == SYSTEMD {
            return self.systemd(keys, id.as_ref(), &step, &around);
        }
        // The kinds of later parts are not walked yet.
        resolved
            .map(|kind| Step { kind, ..step })
            .into_iter()
            .collect()
    }

    /// Exactly one key names the kind.
    fn kind_of(&mut self, raw: &Sp<RawStep>) -> Option<Chosen> {
        let written = raw.value.written();
        let kinds: Vec<(Chosen, &Span)> = written
            .iter()
            .filter_map(|(key, span)| {
                let kind = KINDS.iter().find(|(name, _)| name == key)?;
                Some((*kind, span))
            })
            .collect();
        match kinds[..] {
            [(kind, _)] => Some(kind),
            [(first, place), (second, span), ..] => {
                let title = format!("a step is either `{}` or `{}`", first.0, second.0);
                self.out
                    .error(span, title)
                    .label("a second kind")
                    .also(place, "the first")
                    .help("make it two steps");
                None
            }
            [] if KINDS
                .iter()
                .any(|(name, _)| self.out.is_broken(&raw.span, name)) =>
            {
                None
            }
            [] => {
                let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
                self.out
                    .error(&raw.span, "this step does nothing")
                    .label("its kind is missing")
                    .help(format!("add one of {}", names.join(", ")));
                None
            }
        }
    }

    /// Keys that do not go with the kind.
    fn keys_of(&mut self, raw: &RawStep, kind: Chosen) {
        for (key, span) in raw.written() {
            let allowed = goes_with(key);
            if allowed & kind.1 == 0 {
                let names: Vec<&str> = KINDS
                    .iter()
                    .filter(|(_, k)| allowed & k != 0)
                    .map(|(name, _)| *name)
                    .collect();
                self.out
                    .error(&span, format!("`{key}` does not go with `{}`", kind.0))
                    .label("not here")
                    .help(format!("it goes with {}", names.join(", ")));
            }
        }
    }

    /// What surrounds the step's guards and shell texts.
    fn around_step(&mut self, keys: &RawStep, kind: Chosen, id: Option<&Sp<Id>>) -> Around {
        let what = match (id, &keys.name) {
            (Some(id), _) => format!("step {}", id.value),
            (None, Some(name)) => format!("step \"{}\"", name.value.0),
            (None, None) => format!("a `{}` step", kind.0),
        };
        let shell = keys.shell.as_ref().map(|shell| self.shell(shell));
        let env = keys.env.iter().flat_map(|map| &map.value.0);
        Around {
            what,
            shell: shell.unwrap_or_else(|| self.defaults.shell.clone()),
            env: env.map(|(name, _)| name.value.clone()).collect(),
        }
    }

    /// What is done; none for the kinds that become other steps, now or in a later part.
    fn kind(&mut self, keys: &RawStep, kind: Chosen, around: &Around) -> Option<Kind> {
        let around = Around {
            what: format!("{} of {}", kind.0, around.what),
            ..around.clone()
        };
        if let Some(run) = &keys.run {
            return Some(Kind::Run(self.shell_text(run, &around)));
        }
        if let Some(argv) = &keys.argv {
            return Some(Kind::Argv(self.argv(argv)));
        }
        if let Some(check) = &keys.check {
            let polled = self.polled(keys, Some(check), "check", &around);
            return polled.map(Kind::Check);
        }
        if let Some(manual) = &keys.manual {
            return Some(Kind::Manual(self.template(manual)));
        }
        self.later_kind(keys, &around);
        None
    }

    /// A command without a shell.
    pub(super) fn argv(&mut self, raw: &Sp<Vec<Sp<Literal>>>) -> Vec<Template> {
        if raw
            .value
            .first()
            .is_none_or(|program| program.value.0.trim().is_empty())
        {
            self.out
                .error(&raw.key, "the command names no program")
                .label("empty");
        }
        let words = raw.value.iter();
        words
            .map(|word| self.template_at(&word.value.0, &word.span))
            .collect()
    }

    /// The terminal that a command has.
    fn terminal(&mut self, word: Option<&Sp<Text>>) -> Option<TerminalOf> {
        let words = [("own", TerminalOf::Own), ("admin", TerminalOf::Admin)];
        decode::word(word?, "terminal", &words, self.out)
    }

    /// What counts how much there is left to do.
    fn pending(&mut self, text: Option<&Sp<Command>>, around: &Around) -> Option<String> {
        let around = Around {
            what: format!("pending of {}", around.what),
            ..around.clone()
        };
        text.map(|text| self.shell_text(text, &around))
    }

    /// The step but for its kind, whose place is held.
    fn build(
        &mut self,
        raw: &Sp<RawStep>,
        id: Option<&Sp<Id>>,
        home: Home,
        around: &Around,
    ) -> Step {
        let keys = &raw.value;
        let settings = self.settings(keys);
        let name = self.template_of(keys.name.as_ref());
        let text = self.template_of(keys.text.as_ref());
        let remedy = self.template_of(keys.remedy.as_ref());
        let warnings = self.warnings(keys.warn.as_ref(), around);
        let only_if = self.named_guard(keys.only_if.as_ref(), "only_if", around);
        let unless = self.named_guard(keys.unless.as_ref(), "unless", around);
        // From here on the step's own variables are known.
        let sets = self.sets(keys.sets.as_ref());
        let verify = self.polled(keys, keys.verify.as_ref(), "verify", around);
        self.polling_alone(keys);
        let typed = match (home.typed, Typed::among(&warnings)) {
            (Typed::No, Typed::No) => Typed::No,
            (_, _) => Typed::Yes,
        };
        let undo = self.undo(keys, id, Home { typed, ..home }, around);
        let ok_codes = keys
            .ok_codes
            .as_ref()
            .map(|list| self.codes(list, "ok_codes"));
        let ok_codes = ok_codes.unwrap_or_else(|| vec![0]);
        let retries = self.retries(keys, &ok_codes);
        Step {
            id: id.map_or_else(|| StepId::from("?"), |id| StepId::of(&id.value)),
            name: name.unwrap_or_else(|| Template::literal("")),
            text,
            remedy,
            kind: Kind::Manual(Template::literal("")),
            settings,
            warnings,
            only_if,
            unless,
            verify,
            undo,
            read_only: is_true(keys.read_only.as_ref()),
            rerun: self.rerun(keys),
            ok_codes,
            retries,
            required: is_true(keys.required.as_ref()),
            pending: self.pending(keys.pending.as_ref(), around),
            on_failure: OnFailure::Ask,
            progress: self.log_pattern(keys.progress.as_ref(), 1..=2),
            error_lines: self.log_pattern(keys.error_lines.as_ref(), 0..=usize::MAX),
            sets,
            terminal: self.terminal(keys.terminal.as_ref()),
            lasting: is_true(keys.lasting.as_ref()),
            line: self.out.lines.line(raw.span.start),
        }
    }
}

/// Whether a flag is there and true.
pub(super) fn is_true(flag: Option<&Sp<Flag>>) -> bool {
    flag.is_some_and(|flag| flag.value.0)
}

/// What the id of a step names.
fn named(keys: &RawStep, kind: Chosen) -> Named {
    let undone = matches!(&keys.undo, Some(undo) if !matches!(
        &undo.value,
        Either::Text(Command(text)) if text.trim() == "again"
    ) && matches!(&undo.value, Either::Text(_)));
    match kind.1 {
        BACKUP => Named::Backup,
        HOLD => Named::Hold,
        _ if undone => Named::Step(Undoable::Yes),
        _ => Named::Step(Undoable::No),
    }
}
