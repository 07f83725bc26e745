//! A `systemd` step becomes ordinary steps, unit by unit, when the plan is read.

use super::Resolver;
use super::names::Around;
use super::walk::{Named, Undoable};
use crate::plan::decode::{Keys, Text};
use crate::plan::findings::quoted;
use crate::plan::model::{Asked, Guard, Kind, Polled, Step, Undo};
use crate::plan::node::{Sp, Span};
use crate::plan::raw_step::{RawStep, RawSystemd};
use crate::plan::{Template, shelltext, units};
use crate::types::{Id, Judge, Millis, StepId};

/// How long a unit may take to become active, or not to be.
const SETTLES: Millis = Millis::from_secs(30);

/// What is done to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Restart,
    Reload,
    Start,
    Stop,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Reload => "reload",
            Self::Start => "start",
            Self::Stop => "stop",
        }
    }
}

/// How systemd is spoken to.
struct Manager {
    /// `systemctl` with all that stands before its verb.
    systemctl: String,
    /// `journalctl` likewise.
    journalctl: String,
}

impl Manager {
    /// Does something to a unit; on failure its last journal lines go to the log.
    fn act(&self, verb: Verb, unit: &str) -> String {
        let (verb, unit) = (verb.as_str(), shelltext::word(unit));
        let Self {
            systemctl,
            journalctl,
        } = self;
        format!(
            "code=0\n{systemctl} {verb} {unit} || code=$?\n\
             if [ \"$code\" -ne 0 ]; then {journalctl} -u {unit} || true; fi\nexit \"$code\""
        )
    }

    /// Asks whether a unit is active. Where it is not, its last journal lines say why.
    fn is_active(&self, unit: &str) -> String {
        let unit = shelltext::word(unit);
        let Self {
            systemctl,
            journalctl,
        } = self;
        format!(
            "code=0\n{systemctl} is-active {unit} || code=$?\n\
             if [ \"$code\" -eq 3 ]; then {journalctl} -u {unit} || true; fi\nexit \"$code\""
        )
    }

    /// Asks whether a unit is not active; only the exit code 3 says that.
    fn is_inactive(&self, unit: &str) -> String {
        let unit = shelltext::word(unit);
        let systemctl = &self.systemctl;
        format!(
            "code=0\n{systemctl} is-active {unit} || code=$?\n\
             case \"$code\" in 3) exit 0 ;; 0) exit 1 ;; *) exit 2 ;; esac"
        )
    }
}

impl Resolver<'_, '_> {
    /// Expands a `systemd` step; `step` holds what all of its steps have in common.
    pub(super) fn systemd(
        &mut self,
        keys: &RawStep,
        id: Option<&Sp<Id>>,
        step: &Step,
        around: &Around,
    ) -> Vec<Step> {
        let Some(raw) = &keys.systemd else {
            return Vec::new();
        };
        if !shelltext::is_posix(&around.shell) {
            self.out
                .error(
                    &raw.key,
                    "a `systemd` step needs a shell such as bash or sh",
                )
                .label("the shell here is another one")
                .help("add `shell: [sh, -eu, -c]` to the step");
        }
        let manager = self.manager(&raw.value);
        let mut steps = Vec::new();
        steps.extend(self.daemon_reload(&raw.value, &manager, id, step));
        for (verb, unit) in self.units(&raw.value) {
            let name = format!("{} {}", verb.as_str(), unit.value.0);
            let made = unit_step(&manager, verb, &unit.value.0, step, keys);
            steps.extend(self.made(&name, &unit.value.0, id, &unit.span, made));
        }
        if raw
            .value
            .written()
            .iter()
            .all(|(key, _)| ["user_manager", "via"].contains(key))
        {
            self.out
                .error(&raw.key, "this step names no unit")
                .label("add `restart`, `reload`, `start` or `stop`");
        }
        steps.extend(self.closing(keys, id, step, &raw.key));
        if let Some(first) = steps.first_mut() {
            first.warnings.clone_from(&step.warnings);
        }
        steps
    }

    /// Has the unit files read again, where the step says so.
    fn daemon_reload(
        &mut self,
        raw: &RawSystemd,
        manager: &Manager,
        id: Option<&Sp<Id>>,
        step: &Step,
    ) -> Option<Step> {
        let flag = raw.daemon_reload.as_ref().filter(|flag| flag.value.0)?;
        let made = Step {
            kind: Kind::Run(format!("{} daemon-reload", manager.systemctl)),
            undo: Undo::Again {
                follows: follows(step),
                verify: None,
            },
            verify: None,
            ..step.clone()
        };
        self.made("daemon-reload", "daemon-reload", id, &flag.key, made)
    }

    /// The plan's own `verify` is asked when all units have been dealt with.
    fn closing(
        &mut self,
        keys: &RawStep,
        id: Option<&Sp<Id>>,
        step: &Step,
        span: &Span,
    ) -> Option<Step> {
        let verify = step.verify.clone()?;
        let name = match &keys.name {
            Some(name) => format!("verify: {}", name.value.0),
            None => format!("verify: {}", verify.guard.source.replace("${", "$${")),
        };
        self.made(
            &name,
            "verify",
            id,
            span,
            Step {
                kind: Kind::Check(verify),
                verify: None,
                undo: Undo::Unsaid,
                ..step.clone()
            },
        )
    }

    /// Gives a step that was made its name and id.
    fn made(
        &mut self,
        name: &str,
        part: &str,
        id: Option<&Sp<Id>>,
        span: &Span,
        step: Step,
    ) -> Option<Step> {
        let slug = match id {
            Some(id) => format!("{}-{}", id.value, units::slug(part)),
            None => units::slug(name),
        };
        let id = Id::new(slug).ok()?;
        let undoable = match step.undo {
            Undo::Run { .. } => Undoable::Yes,
            Undo::Unsaid | Undo::Again { .. } | Undo::Harmless(_) | Undo::Irreversible(_) => {
                Undoable::No
            }
        };
        let placed = Sp {
            value: id,
            span: span.clone(),
            key: span.clone(),
        };
        self.name(&placed, Named::Step(undoable));
        let name = Template::parse(name).unwrap_or_else(|_| Template::literal(name));
        Some(Step {
            id: StepId::of(&placed.value),
            name,
            warnings: Vec::new(),
            ..step
        })
    }

    /// Verbs and units in the order of the plan.
    fn units(&mut self, raw: &RawSystemd) -> Vec<(Verb, Sp<Text>)> {
        let mut units: Vec<(Verb, Sp<Text>)> = Vec::new();
        for (verb, list) in [
            (Verb::Restart, &raw.restart),
            (Verb::Reload, &raw.reload),
            (Verb::Start, &raw.start),
            (Verb::Stop, &raw.stop),
        ] {
            let Some(list) = list else { continue };
            if list.value.is_empty() {
                self.out
                    .error(&list.key, "this list names no unit")
                    .label("empty");
            }
            for unit in &list.value {
                let fits = |b: u8| b.is_ascii_alphanumeric() || b":-_.\\@".contains(&b);
                if !unit.value.0.bytes().all(fits) || unit.value.0.starts_with('-') {
                    self.out
                        .error(
                            &unit.span,
                            format!("{} is no unit's name", quoted(&unit.value.0)),
                        )
                        .label("variables are not expanded here");
                }
                units.push((verb, unit.clone()));
            }
        }
        units.sort_by_key(|(_, unit)| unit.span.start);
        units
    }

    fn manager(&mut self, raw: &RawSystemd) -> Manager {
        let mut via = String::new();
        for word in raw.via.iter().flat_map(|list| &list.value) {
            let template = self.template_at(&word.value.0, &word.span);
            via.push_str(&self.shell_word(&template, &word.span));
            via.push(' ');
        }
        let user = if raw.user_manager.as_ref().is_some_and(|f| f.value.0) {
            " --user"
        } else {
            ""
        };
        Manager {
            systemctl: format!("{via}systemctl{user}"),
            journalctl: format!("{via}journalctl{user} --no-pager -n 20"),
        }
    }

    /// A word of `via` as shell text: its `${name}` become the variables that commands see.
    fn shell_word(&mut self, template: &Template, span: &Span) -> String {
        for (name, _) in template.names() {
            if matches!(name, "host" | "run") {
                self.out
                    .error(span, format!("`${{{name}}}` cannot be used in `via`"))
                    .label("commands see no such variable");
            }
        }
        template.shell_word(&|name| match self.vars.get(name) {
            Some(var) => var.env.clone(),
            None => name.to_uppercase(),
        })
    }
}

/// The step that the plan says the units follow.
fn follows(step: &Step) -> Option<crate::types::StepId> {
    match &step.undo {
        Undo::Again { follows, .. } => follows.clone(),
        Undo::Unsaid | Undo::Run { .. } | Undo::Harmless(_) | Undo::Irreversible(_) => None,
    }
}

/// What is done to one unit, how that is proved, and how it is taken back.
fn unit_step(manager: &Manager, verb: Verb, unit: &str, step: &Step, keys: &RawStep) -> Step {
    let length = |text: &Option<Sp<Text>>| {
        text.as_ref()
            .and_then(|text| units::duration(&text.value.0).ok())
    };
    let polled = |text: String, no: i32, source: String| Polled {
        guard: Guard {
            asked: Asked::Command {
                text,
                judge: Judge::Code { no: vec![no] },
            },
            source,
        },
        within: Some(length(&keys.within).unwrap_or(SETTLES)),
        every: length(&keys.every).unwrap_or(Millis::from_secs(2)),
    };
    let active = || polled(manager.is_active(unit), 3, format!("{unit} is active"));
    let inactive = || {
        polled(
            manager.is_inactive(unit),
            1,
            format!("{unit} is not active"),
        )
    };
    let back = |verb: Verb, verify: Polled| Undo::Run {
        text: manager.act(verb, unit),
        costs: None,
        applies: None,
        verify: Some(verify),
    };
    let (verify, undo) = match verb {
        Verb::Restart | Verb::Reload => (
            active(),
            Undo::Again {
                follows: follows(step),
                verify: Some(active()),
            },
        ),
        Verb::Start => (active(), back(Verb::Stop, inactive())),
        Verb::Stop => (inactive(), back(Verb::Start, active())),
    };
    Step {
        kind: Kind::Run(manager.act(verb, unit)),
        verify: Some(verify),
        undo,
        ..step.clone()
    }
}
