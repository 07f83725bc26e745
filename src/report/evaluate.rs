//! `--evaluate`: the plan's read-only commands, and what they said.

use crate::engine::{self, Scope};
use crate::journal::{AskKey, Fact, RunStarted};
use crate::plan::{Item, Kind, Phase, Plan, Settings, Step, Warning};
use crate::types::{Answer, Ask, CommandSpec, EnvValue, WarningId};
use std::collections::BTreeMap;
use std::path::Path;

/// What the read-only commands of a plan said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evaluated {
    /// The installed version, or why it is unknown; none where the plan cannot look.
    pub detected: Option<Result<String, String>>,
    /// Answers of guards and checks.
    pub answers: BTreeMap<AskKey, Answer>,
    /// Measured facts of warnings.
    pub facts: BTreeMap<WarningId, Vec<Fact>>,
}

/// The read-only commands of a plan that make sense before its run: `detect`, facts, the guards
/// that decide what applies, checks, and what pauses wait for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadOnly {
    /// Prints the installed version.
    pub detect: Option<CommandSpec>,
    /// Guards and checks.
    pub asks: Vec<(AskKey, Ask)>,
    /// Facts of warnings, each with its name.
    pub facts: Vec<(WarningId, Vec<(String, CommandSpec)>)>,
}

/// The read-only commands of the walk that `run` would be. `files` is the folder in which the
/// plan's files lie as long as no run has copied them.
pub fn read_only(plan: &Plan, run: &RunStarted, files: &Path) -> ReadOnly {
    let state = super::pretend::hypothetical(run);
    let mut found = ReadOnly::default();
    let detect = plan
        .version
        .as_ref()
        .and_then(|version| version.detect.as_deref());
    found.detect = detect.map(|text| engine::shell_command(&Scope::of(plan, &state), text));
    for item in engine::walk_of(plan, &state)
        .into_iter()
        .flat_map(|walk| &walk.items)
    {
        let scope = Scope::at(plan, &state, item.id());
        let own = Settings::default();
        for warning in item.warnings() {
            found.add_warning(&scope, warning, &own);
        }
        match item {
            Item::Phase(Phase { steps, .. }) => {
                for step in steps {
                    found.add_step(&Scope::at(plan, &state, &step.id), step);
                }
            }
            Item::Pause(pause) => {
                for (index, guard) in pause.guards.iter().enumerate() {
                    let ask = engine::ask_of(&scope, &guard.guard, &own);
                    found
                        .asks
                        .push((AskKey::PauseGuard(pause.id.clone(), index), ask));
                }
            }
        }
    }
    found.point_at(files);
    found
}

impl ReadOnly {
    /// Adds what a warning asks and measures.
    fn add_warning(&mut self, scope: &Scope<'_>, warning: &Warning, settings: &Settings) {
        if let Some(guard) = &warning.only_if {
            let ask = engine::ask_of(scope, guard, settings);
            self.asks
                .push((AskKey::WarningApplies(warning.id.clone()), ask));
        }
        if !warning.facts.is_empty() {
            let commands = engine::fact_commands(scope, warning, settings);
            self.facts.push((warning.id.clone(), commands));
        }
    }

    /// Adds what a step asks before it runs.
    fn add_step(&mut self, scope: &Scope<'_>, step: &Step) {
        for warning in &step.warnings {
            self.add_warning(scope, warning, &step.settings);
        }
        let id = &step.id;
        let check = match &step.kind {
            Kind::Check(polled) => Some(&polled.guard),
            Kind::Run(_) | Kind::Argv(_) | Kind::Manual(_) => None,
        };
        let guards = [
            (AskKey::StepApplies(id.clone()), step.only_if.as_ref()),
            (AskKey::StepDone(id.clone()), step.unless.as_ref()),
            (AskKey::Check(id.clone()), check),
        ];
        for (key, guard) in guards {
            if let Some(guard) = guard {
                self.asks
                    .push((key, engine::ask_of(scope, guard, &step.settings)));
            }
        }
    }

    /// Lets `$FILES` lead to the folder the files still lie in.
    fn point_at(&mut self, files: &Path) {
        let asked = self.asks.iter_mut().filter_map(|(_, ask)| match ask {
            Ask::Command { spec, .. } => Some(spec),
            Ask::Http(_) | Ask::Tcp { .. } => None,
        });
        let measured = self.facts.iter_mut().flat_map(|(_, commands)| commands);
        let measured = measured.map(|(_, spec)| spec);
        for spec in asked.chain(measured).chain(&mut self.detect) {
            let files = EnvValue::Plain(files.display().to_string());
            spec.env.insert("FILES".to_owned(), files);
        }
    }
}
