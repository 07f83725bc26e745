//! What names stand for: in `${}` texts and in commands' environments.

use crate::journal::RunState;
use crate::plan::{Plan, Template};
use crate::types::StepId;

/// The names a text or a command of the plan can use at this point of a run.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub(super) plan: &'a Plan,
    pub(super) state: &'a RunState,
    pub(super) step: Option<&'a StepId>,
    pub(super) attempt: u32,
}

impl<'a> Scope<'a> {
    /// What the run as a whole sees.
    pub fn of(plan: &'a Plan, state: &'a RunState) -> Self {
        Self {
            plan,
            state,
            step: None,
            attempt: 1,
        }
    }

    /// What a step's attempt sees.
    pub fn at(plan: &'a Plan, state: &'a RunState, step: &'a StepId, attempt: u32) -> Self {
        Self {
            plan,
            state,
            step: Some(step),
            attempt,
        }
    }

    /// A text with its names replaced.
    pub fn text(&self, template: &Template) -> String {
        template.render(&|name| self.value(name))
    }

    /// What a `${name}` stands for; none for a secret or a name that is not set yet.
    pub fn value(&self, _name: &str) -> Option<String> {
        todo!()
    }
}
