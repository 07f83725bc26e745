//! Where a run stands in its walk.

use super::next::unsettled;
use crate::journal::{Outcome, RunState};
use crate::plan::{Item, Phase, Plan, Role, Step, Walk};
use crate::types::StepId;

/// The walk of the run's direction.
pub fn walk_of<'a>(plan: &'a Plan, state: &RunState) -> Option<&'a Walk> {
    match state.run.direction.as_str() {
        "down" => plan.down.as_ref(),
        "init" => plan.init.as_ref(),
        _ => plan.up.as_ref(),
    }
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The phase or pause under way or next; none after the last.
    pub item: Option<StepId>,
    /// Its number, from 1.
    pub item_number: usize,
    /// The step under way or next.
    pub step: Option<StepId>,
    /// The step's number in its phase, from 1; 0 without a step.
    pub step_number: usize,
}

/// Where the run stands.
pub fn position(plan: &Plan, state: &RunState) -> Position {
    let items = walk_of(plan, state).map_or(&[][..], |walk| walk.items.as_slice());
    let open = items
        .iter()
        .enumerate()
        .find(|(_, item)| !is_over(state, item));
    let Some((index, item)) = open else {
        return Position {
            item: None,
            item_number: items.len(),
            step: None,
            step_number: 0,
        };
    };
    let step = match item {
        Item::Phase(phase) => next_step(state, phase),
        Item::Pause(_) => None,
    };
    Position {
        item: Some(item.id().clone()),
        item_number: index + 1,
        step: step.map(|(_, id)| id.clone()),
        step_number: step.map_or(0, |(index, _)| index + 1),
    }
}

/// The first step of a phase that is not over, with its index.
fn next_step<'a>(state: &RunState, phase: &'a Phase) -> Option<(usize, &'a StepId)> {
    let passes = |step: &&Step| {
        state.steps.get(&step.id).is_some_and(|record| {
            let failed = matches!(record.outcome, Some(Outcome::Failed(_)));
            record.is_settled() || (phase.role == Role::Preflight && failed)
        })
    };
    let left = unsettled(state, phase);
    let index = phase.steps.len() - left.len();
    let at = left.iter().position(|step| !passes(&step))?;
    Some((index + at, &left[at].id))
}

/// Whether a phase or pause has ended.
pub(super) fn is_over(state: &RunState, item: &Item) -> bool {
    match item {
        Item::Phase(phase) => state
            .phases
            .get(&phase.id)
            .is_some_and(|record| record.finished.is_some()),
        Item::Pause(pause) => state
            .pauses
            .get(&pause.id)
            .is_some_and(|record| record.left.is_some()),
    }
}

/// The phase behind the boundary: the first post-deploy phase, and whether the plan wrote a pause
/// between the last deploy phase before it (or the beginning) and it.
pub fn boundary(walk: &Walk) -> Option<(&Phase, Stop)> {
    let mut stop = Stop::OfItsOwn;
    for item in &walk.items {
        match item {
            Item::Pause(_) => stop = Stop::AtPause,
            Item::Phase(phase) if phase.role == Role::PostDeploy => return Some((phase, stop)),
            Item::Phase(phase) if phase.role == Role::Deploy => stop = Stop::OfItsOwn,
            Item::Phase(_) => {}
        }
    }
    None
}

/// Where the run stops for the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// At a pause of the plan.
    AtPause,
    /// At a question of its own.
    OfItsOwn,
}
