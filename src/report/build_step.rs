//! Phases, pauses, steps and warnings of a dry run.

use super::Evaluated;
use super::command::{Base, command, guard, polled};
use super::items::{
    BackShown, FactShown, GuardShown, ItemShown, LevelName, PauseGuardShown, PauseShown,
    PhaseShown, RetriesShown, StepKind, StepShown, WarningShown,
};
use crate::engine::{self, Back, Scope};
use crate::journal::{AskKey, Fact, RunState};
use crate::plan::{
    Guard, Item, Kind, Level, OnFailure, Pause, Phase, Plan, Rerun, Settings, Step, Template, Undo,
    Warning,
};
use crate::types::{Answer, StepId};

/// Builds items one by one, numbering warnings as they come.
pub(super) struct Builder<'a> {
    plan: &'a Plan,
    state: &'a RunState,
    base: &'a Base,
    evaluated: Option<&'a Evaluated>,
    warnings: usize,
    plain: Settings,
}

impl<'a> Builder<'a> {
    /// `base` is what a plain command of the plan sees.
    pub(super) fn new(
        plan: &'a Plan,
        state: &'a RunState,
        base: &'a Base,
        evaluated: Option<&'a Evaluated>,
    ) -> Self {
        Self {
            plan,
            state,
            base,
            evaluated,
            warnings: 0,
            plain: Settings::default(),
        }
    }

    /// upwalk's own warnings of the run as a whole.
    pub(super) fn own_warnings(&mut self) -> Vec<WarningShown> {
        let stopped = engine::stopped_warning(&self.state.run);
        let shown = stopped.map(|(id, digest, text, phrase)| WarningShown {
            number: self.number(),
            id,
            level: LevelName::Type,
            digest,
            phrase: Some(phrase),
            text,
            only_if: None,
            facts: Vec::new(),
        });
        shown.into_iter().collect()
    }

    /// The next warning's number.
    fn number(&mut self) -> String {
        self.warnings += 1;
        format!("W{}", self.warnings)
    }

    /// A phase or pause of this number.
    pub(super) fn item(&mut self, number: usize, item: &Item) -> ItemShown {
        match item {
            Item::Phase(phase) => ItemShown::Phase(self.phase(number, phase)),
            Item::Pause(pause) => ItemShown::Pause(self.pause(number, pause)),
        }
    }

    /// A phase.
    fn phase(&mut self, number: usize, phase: &Phase) -> PhaseShown {
        let scope = Scope::at(self.plan, self.state, &phase.id);
        PhaseShown {
            number: number.to_string(),
            id: phase.id.clone(),
            name: scope.text(&phase.name),
            role: phase.role.as_str().to_owned(),
            text: phase.text.as_ref().map(|text| scope.text(text)),
            warnings: self.warnings(&phase.id, &phase.warnings, None),
            steps: phase
                .steps
                .iter()
                .enumerate()
                .map(|(index, step)| self.step(format!("{number}.{}", index + 1), phase, step))
                .collect(),
        }
    }

    /// A pause.
    fn pause(&mut self, number: usize, pause: &Pause) -> PauseShown {
        let scope = Scope::of(self.plan, self.state);
        let guards = pause.guards.iter().enumerate().map(|(index, of)| {
            let key = AskKey::PauseGuard(pause.id.clone(), index);
            PauseGuardShown {
                name: scope.text(&of.name),
                guard: self.guard(&scope, &of.guard, &self.plain, &key),
                remedy: of.remedy.as_ref().map(|text| scope.text(text)),
            }
        });
        let guards = guards.collect();
        PauseShown {
            number: number.to_string(),
            id: pause.id.clone(),
            name: scope.text(&pause.name),
            text: pause.text.as_ref().map(|text| scope.text(text)),
            meanwhile: pause
                .meanwhile
                .iter()
                .map(|text| scope.text(text))
                .collect(),
            min_ms: pause.min.map(|min| min.0),
            max_ms: pause.max.map(|max| max.0),
            guards,
            warnings: self.warnings(&pause.id, &pause.warnings, None),
        }
    }

    /// A step.
    fn step(&mut self, number: String, phase: &Phase, step: &Step) -> StepShown {
        let scope = Scope::at(self.plan, self.state, &step.id);
        let text = |of: &Option<Template>| of.as_ref().map(|text| scope.text(text));
        let spec = engine::step_command(&scope, step);
        let (kind, shell_text, check, manual) = match &step.kind {
            Kind::Run(text) => (StepKind::Run, Some(text.as_str()), None, None),
            Kind::Argv(_) => (StepKind::Argv, None, None, None),
            Kind::Check(of) => (StepKind::Check, None, Some(of), None),
            Kind::Manual(text) => (StepKind::Manual, None, None, Some(scope.text(text))),
        };
        let asked = |of: &Option<Guard>, key: fn(StepId) -> AskKey| {
            let key = key(step.id.clone());
            of.as_ref()
                .map(|of| self.guard(&scope, of, &step.settings, &key))
        };
        let check = check.map(|of| {
            let answer = self.answer(&AskKey::Check(step.id.clone()));
            polled(&scope, of, &step.settings, self.base, answer)
        });
        let verify = step.verify.as_ref();
        StepShown {
            name: scope.text(&step.name),
            kind,
            text: text(&step.text),
            remedy: text(&step.remedy),
            command: spec.map(|spec| command(spec, shell_text, self.base)),
            check,
            manual,
            only_if: asked(&step.only_if, AskKey::StepApplies),
            unless: asked(&step.unless, AskKey::StepDone),
            verify: verify.map(|of| polled(&scope, of, &step.settings, self.base, None)),
            read_only: engine::back_of(phase, step) == Back::Nothing,
            rerun: match step.rerun {
                Rerun::Safe => "safe",
                Rerun::Check => "check",
                Rerun::Never | Rerun::Unsaid => "never",
            },
            ok_codes: step.ok_codes.clone(),
            retries: step.retries.as_ref().map(RetriesShown::of),
            required: step.required,
            terminal: step.terminal,
            pending: engine::pending_command(&scope, step)
                .map(|spec| command(spec, step.pending.as_deref(), self.base)),
            on_failure: match step.on_failure {
                OnFailure::Ask => "ask",
            },
            sets: step.sets.clone(),
            lasting: step.lasting,
            back: self.back(&scope, phase, step),
            warnings: self.warnings(&step.id, &step.warnings, Some(&step.settings)),
            line: step.line,
            id: step.id.clone(),
            number,
        }
    }

    /// How a step is taken back.
    fn back(&self, scope: &Scope<'_>, phase: &Phase, step: &Step) -> BackShown {
        let mut shown = BackShown {
            kind: engine::back_of(phase, step),
            text: None,
            command: None,
            follows: None,
            applies: None,
            verify: None,
        };
        let settings = &step.settings;
        let mut shell_text = match &step.kind {
            Kind::Run(text) => Some(text.as_str()),
            Kind::Argv(_) | Kind::Check(_) | Kind::Manual(_) => None,
        };
        let proof = match &step.undo {
            Undo::Unsaid => None,
            Undo::Harmless(why) | Undo::Irreversible(why) => {
                shown.text = Some(scope.text(why));
                None
            }
            Undo::Again { follows, verify } => {
                shown.follows.clone_from(follows);
                verify.as_ref()
            }
            Undo::Run {
                text,
                costs,
                applies,
                verify,
            } => {
                shell_text = Some(text);
                shown.text = costs.as_ref().map(|costs| scope.text(costs));
                shown.applies = applies
                    .as_ref()
                    .map(|of| guard(scope, of, settings, self.base, None));
                verify.as_ref()
            }
        };
        shown.verify = proof.map(|of| polled(scope, of, settings, self.base, None));
        let spec = engine::undo_command(scope, step);
        shown.command = spec.map(|spec| command(spec, shell_text, self.base));
        shown
    }

    /// A guard with its answer.
    fn guard(
        &self,
        scope: &Scope<'_>,
        of: &Guard,
        settings: &Settings,
        key: &AskKey,
    ) -> GuardShown {
        guard(scope, of, settings, self.base, self.answer(key))
    }

    /// What a guard said.
    fn answer(&self, key: &AskKey) -> Option<&'a Answer> {
        self.evaluated?.answers.get(key)
    }

    /// Warnings that stand before `before`, asked with these settings.
    fn warnings(
        &mut self,
        before: &StepId,
        warnings: &[Warning],
        settings: Option<&Settings>,
    ) -> Vec<WarningShown> {
        let plain = Settings::default();
        let settings = settings.unwrap_or(&plain);
        let mut shown = Vec::new();
        for warning in warnings {
            let number = self.number();
            shown.push(self.warning(number, before, warning, settings));
        }
        shown
    }

    /// One warning.
    fn warning(
        &self,
        number: String,
        before: &StepId,
        warning: &Warning,
        settings: &Settings,
    ) -> WarningShown {
        let scope = Scope::at(self.plan, self.state, before);
        let key = AskKey::WarningApplies(warning.id.clone());
        let applies = warning.only_if.as_ref();
        let (level, phrase) = match &warning.level {
            Level::Note => (LevelName::Note, None),
            Level::Ack => (LevelName::Ack, None),
            Level::Type(phrase) => (LevelName::Type, Some(scope.text(phrase))),
        };
        let measured = self.evaluated.and_then(|of| of.facts.get(&warning.id));
        WarningShown {
            number,
            id: warning.id.clone(),
            level,
            digest: engine::warning_digest(self.plan, &self.state.run, warning),
            phrase,
            text: scope.text(&warning.text),
            only_if: applies.map(|of| self.guard(&scope, of, settings, &key)),
            facts: facts(warning, measured.map_or(&[], Vec::as_slice)),
        }
    }
}

/// The facts of a warning, with their values where they were measured.
fn facts(warning: &Warning, measured: &[Fact]) -> Vec<FactShown> {
    let fact = |(name, text): &(String, String)| {
        let found = measured.iter().find(|fact| fact.name == *name);
        FactShown {
            name: name.clone(),
            command: Some(text.clone()),
            value: found.and_then(|fact| fact.value.clone().ok()),
            unknown: found.and_then(|fact| fact.value.clone().err()),
        }
    };
    warning.facts.iter().map(fact).collect()
}
