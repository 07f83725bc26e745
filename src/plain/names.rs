//! What phases, steps and warnings are called: `3.1 Rewrite the table`, `W2`.

use crate::engine::{Scope, walk_of};
use crate::journal::RunState;
use crate::plan::{Item, Kind, Plan, Step, Template, Warning};
use crate::text;
use crate::types::{StepId, WarningId};

/// The names of one run.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    plan: &'a Plan,
    state: &'a RunState,
}

impl<'a> Names<'a> {
    /// The names of this run.
    pub(super) fn of(plan: &'a Plan, state: &'a RunState) -> Self {
        Self { plan, state }
    }

    /// The phases and pauses of the walk.
    pub(super) fn items(&self) -> &'a [Item] {
        walk_of(self.plan, self.state).map_or(&[], |walk| walk.items.as_slice())
    }

    /// A text with its names expanded, on one line and safe.
    pub(super) fn text(&self, template: &Template) -> String {
        text::clean(&Scope::of(self.plan, self.state).text(template))
    }

    /// `3 pre-migrate`, the name of a phase or pause.
    pub(super) fn item(&self, id: &StepId) -> String {
        let found = self
            .items()
            .iter()
            .enumerate()
            .find(|(_, item)| item.id() == id);
        match found {
            Some((index, item)) => format!("{} {}", index + 1, self.text(item.name())),
            None => id.to_string(),
        }
    }

    /// `3.1 db:migrate`, the name of a step.
    pub(super) fn step(&self, id: &StepId) -> String {
        match self.find(id) {
            Some((item, number, step)) => {
                format!("{item}.{number} {}", self.text(&step.name))
            }
            None => id.to_string(),
        }
    }

    /// A step by its id, with the number of its phase and its own.
    pub(super) fn find(&self, id: &StepId) -> Option<(usize, usize, &'a Step)> {
        self.items()
            .iter()
            .enumerate()
            .find_map(|(index, item)| match item {
                Item::Phase(phase) => {
                    let at = phase.steps.iter().position(|step| step.id == *id)?;
                    Some((index + 1, at + 1, &phase.steps[at]))
                }
                Item::Pause(_) => None,
            })
    }

    /// What a warning stands before, as in `step 3.1 db:migrate`.
    pub(super) fn place(&self, id: &StepId) -> String {
        if self.find(id).is_some() {
            return format!("step {}", self.step(id));
        }
        let pause = |item: &&Item| item.id() == id && matches!(item, Item::Pause(_));
        let kind = if self.items().iter().any(|item| pause(&item)) {
            "pause"
        } else {
            "phase"
        };
        format!("{kind} {}", self.item(id))
    }

    /// `W2`; upwalk's own warnings go by their id.
    pub(super) fn warning(&self, id: &WarningId) -> String {
        let walk = walk_of(self.plan, self.state);
        let at = walk.and_then(|walk| walk.warnings().position(|(_, own)| own.id == *id));
        at.map_or_else(|| id.to_string(), |at| format!("W{}", at + 1))
    }

    /// A warning of the plan by its id.
    pub(super) fn find_warning(&self, id: &WarningId) -> Option<&'a Warning> {
        let (_, warning) = walk_of(self.plan, self.state)?
            .warnings()
            .find(|(_, own)| own.id == *id)?;
        Some(warning)
    }

    /// What a step runs, on one line.
    pub(super) fn command(&self, step: &Step) -> Option<String> {
        match &step.kind {
            Kind::Run(text) => Some(text::clean(text.trim())),
            Kind::Argv(words) => {
                let words: Vec<_> = words.iter().map(|word| self.text(word)).collect();
                Some(words.join(" "))
            }
            Kind::Check(_) | Kind::Manual(_) => None,
        }
    }
}
