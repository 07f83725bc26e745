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

    /// The plan they are of.
    pub(super) fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// The run they are of.
    pub(super) fn state(&self) -> &'a RunState {
        self.state
    }

    /// The phases and pauses of the walk.
    pub(super) fn items(&self) -> &'a [Item] {
        walk_of(self.plan, self.state).map_or(&[], |walk| walk.items.as_slice())
    }

    /// A text with its names expanded, on one line and safe.
    pub(super) fn text(&self, template: &Template) -> String {
        text::clean(&Scope::of(self.plan, self.state).text(template))
    }

    /// `3 pre-migrate` or `3.1 db:migrate`: what a phase, pause or step is called.
    pub(super) fn item(&self, id: &StepId) -> String {
        let walk = walk_of(self.plan, self.state);
        match walk.and_then(|walk| Some((walk.number(id), walk.name(id)?))) {
            Some((number, name)) => format!("{number} {}", self.text(name)),
            None => id.to_string(),
        }
    }

    /// `3.1`: the number of a step, phase or pause.
    pub(super) fn number(&self, id: &StepId) -> String {
        let walk = walk_of(self.plan, self.state);
        walk.map_or_else(|| id.to_string(), |walk| walk.number(id))
    }

    /// A step by its id.
    pub(super) fn find(&self, id: &StepId) -> Option<&'a Step> {
        let (_, step) = walk_of(self.plan, self.state)?.step(id)?;
        Some(step)
    }

    /// What a warning stands before, as in `step 3.1 db:migrate`.
    pub(super) fn place(&self, id: &StepId) -> String {
        let walk = walk_of(self.plan, self.state);
        let kind = match walk.and_then(|walk| walk.item_of(id)) {
            Some(Item::Phase(_)) if self.find(id).is_some() => "step",
            Some(Item::Phase(_)) | None => "phase",
            Some(Item::Pause(_)) => "pause",
        };
        format!("{kind} {}", self.item(id))
    }

    /// `W2`; upwalk's own warnings go by their id.
    pub(super) fn warning(&self, id: &WarningId) -> String {
        let walk = walk_of(self.plan, self.state);
        walk.map_or_else(|| id.to_string(), |walk| walk.warning_number(id))
    }

    /// A warning of the plan by its id.
    pub(super) fn find_warning(&self, id: &WarningId) -> Option<&'a Warning> {
        let (_, warning) = walk_of(self.plan, self.state)?
            .warnings()
            .find(|(_, own)| own.id == *id)?;
        Some(warning)
    }

    /// What a step runs, as the plan writes it.
    pub(super) fn whole_command(&self, step: &Step) -> Option<String> {
        match &step.kind {
            Kind::Run(text) => Some(text.trim().to_owned()),
            Kind::Argv(_) => self.command(step),
            Kind::Check(_) | Kind::Manual(_) => None,
        }
    }

    /// What a step runs, on one line.
    pub(super) fn command(&self, step: &Step) -> Option<String> {
        match &step.kind {
            Kind::Run(text) => Some(match text.trim().split_once('\n') {
                None => text::clean(text.trim()),
                Some((first, rest)) => {
                    let more = rest.lines().count();
                    format!("{} (and {more} more lines)", text::clean(first.trim()))
                }
            }),
            Kind::Argv(words) => {
                let words: Vec<_> = words.iter().map(|word| self.text(word)).collect();
                Some(words.join(" "))
            }
            Kind::Check(_) | Kind::Manual(_) => None,
        }
    }
}
