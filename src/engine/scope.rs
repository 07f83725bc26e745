//! What names stand for: in `${}` texts and in commands' environments.

use crate::journal::RunState;
use crate::plan::{Plan, Template};
use crate::types::{Seq, StepId};

/// The names a text or a command of the plan can use at this point of a run.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub(super) plan: &'a Plan,
    pub(super) state: &'a RunState,
    pub(super) step: Option<&'a StepId>,
    pub(super) attempt: u32,
    pub(super) number: Seq,
}

impl<'a> Scope<'a> {
    /// What the run as a whole sees.
    pub fn of(plan: &'a Plan, state: &'a RunState) -> Self {
        Self {
            plan,
            state,
            step: None,
            attempt: 1,
            number: Seq(0),
        }
    }

    /// What a step sees: in its present or last attempt, else as it would in its first.
    pub fn at(plan: &'a Plan, state: &'a RunState, step: &'a StepId) -> Self {
        let latest = state.steps.get(step).and_then(|record| record.latest());
        let (attempt, number) = latest.map_or((1, Seq(0)), |last| (last.attempt, last.number));
        Self {
            plan,
            state,
            step: Some(step),
            attempt,
            number,
        }
    }

    /// A text with its names replaced.
    pub fn text(&self, template: &Template) -> String {
        template.render(&|name| self.value(name))
    }

    /// What a `${name}` stands for; none for a secret or a name that is not set yet.
    pub fn value(&self, name: &str) -> Option<String> {
        let run = &self.state.run;
        let of_run = match name {
            "from" => Some(
                run.from
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            ),
            "to" | "target" => Some(run.to.as_ref().map(ToString::to_string).unwrap_or_default()),
            "service" => Some(run.service.to_string()),
            "host" => Some(run.host.clone()),
            "direction" => Some(run.direction.clone()),
            "run" => Some(run.run.to_string()),
            _ => None,
        };
        of_run
            .or_else(|| self.state.variables.get(name).cloned())
            .or_else(|| run.vars.get(name)?.value.clone())
    }
}
