//! The way back: what a rollback takes back, in which order, and from where on there is none.

use super::scope::Scope;
use super::walk::walk_of;
use crate::journal::{RunState, StepRecord};
use crate::plan::{Kind, Phase, Plan, Step, Undo, Walk};
use crate::types::StepId;

/// How a step is taken back, as overview and dry run show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// It changes nothing.
    Nothing,
    /// Its `undo` runs.
    Undo,
    /// It runs once more after what it follows.
    Again,
    /// It may stay as it is.
    Harmless,
    /// The plan does not say; a person has to.
    Unsaid,
    /// Nothing takes it back.
    Never,
}

/// How this step is taken back.
pub fn back_of(phase: &Phase, step: &Step) -> Back {
    match &step.undo {
        Undo::Run { .. } => Back::Undo,
        Undo::Again { .. } => Back::Again,
        Undo::Harmless(_) => Back::Harmless,
        Undo::Irreversible(_) => Back::Never,
        Undo::Unsaid => {
            let looks = step.read_only || matches!(step.kind, Kind::Check(_));
            if looks || phase.role.changes_nothing() {
                Back::Nothing
            } else {
                Back::Unsaid
            }
        }
    }
}

/// How a step is taken back, in a sentence for whoever has to decide; empty where it is not known.
pub fn back_sentence(plan: &Plan, state: &RunState, id: &StepId) -> String {
    let Some((phase, step)) = walk_of(plan, state).and_then(|walk| walk.step(id)) else {
        return String::new();
    };
    let scope = Scope::at(plan, state, id);
    match (back_of(phase, step), &step.undo) {
        (Back::Undo, Undo::Run { costs, .. }) => match costs {
            Some(costs) => format!("It can be undone, which costs: {}", scope.text(costs)),
            None => "It can be undone.".into(),
        },
        (Back::Again, _) => "On the way back it runs once more.".into(),
        (Back::Harmless, Undo::Harmless(why)) => {
            format!("It may stay as it is: {}", scope.text(why))
        }
        (Back::Never, Undo::Irreversible(why)) => {
            format!("Nothing takes it back: {}", scope.text(why))
        }
        (Back::Nothing, _) => "It changes nothing.".into(),
        _ => "The plan does not say how it is taken back; you would be asked.".into(),
    }
}

/// The first step from which there is no way back.
pub fn point_of_no_return(walk: &Walk) -> Option<&Step> {
    walk.steps()
        .map(|(_, step)| step)
        .find(|step| matches!(step.undo, Undo::Irreversible(_)))
}

/// One line of a rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeBack {
    /// Which step.
    pub step: StepId,
    /// What happens to it.
    pub back: Back,
}

/// What a rollback from here would do, in its order, steps that change nothing left out; `Err` names the step (or the reason) that
/// leaves no way back.
pub fn take_backs(plan: &Plan, state: &RunState) -> Result<Vec<TakeBack>, String> {
    let Some(walk) = walk_of(plan, state) else {
        return Err("The plan has no such direction.".into());
    };
    let has_started = |step: &Step| {
        state
            .steps
            .get(&step.id)
            .is_some_and(StepRecord::has_started)
    };
    let started: Vec<(&Phase, &Step)> = walk
        .steps()
        .filter(|(phase, step)| has_started(step) && back_of(phase, step) != Back::Nothing)
        .collect();
    let never = started
        .iter()
        .find(|(phase, step)| back_of(phase, step) == Back::Never);
    if let Some((_, step)) = never {
        let why = match &step.undo {
            Undo::Irreversible(why) => super::Scope::at(plan, state, &step.id).text(why),
            Undo::Run { .. } | Undo::Again { .. } | Undo::Harmless(_) | Undo::Unsaid => {
                String::new()
            }
        };
        return Err(format!(
            "There is no way back: step {} has started, and nothing takes it back ({why}).",
            walk.number(&step.id)
        ));
    }
    let again = |(_, step): &&(&Phase, &Step)| matches!(step.undo, Undo::Again { .. });
    let followers: Vec<(&Phase, &Step)> = started.iter().filter(again).copied().collect();
    let mut lines = Vec::new();
    for (phase, step) in started.iter().rev() {
        if leader(&started, phase, step).is_some() {
            continue;
        }
        lines.push(TakeBack {
            step: step.id.clone(),
            back: back_of(phase, step),
        });
        for (own, follower) in &followers {
            if leader(&started, own, follower) == Some(&step.id) {
                lines.push(TakeBack {
                    step: follower.id.clone(),
                    back: Back::Again,
                });
            }
        }
    }
    Ok(lines)
}

/// The started step that an `again` step is run once more after; none: at its own place. Without
/// `follows` it is the earliest step of the phase that has an undo.
fn leader<'a>(started: &[(&'a Phase, &'a Step)], phase: &Phase, step: &Step) -> Option<&'a StepId> {
    let Undo::Again { follows, .. } = &step.undo else {
        return None;
    };
    let leads = |(own, other): &&(&Phase, &Step)| match follows {
        Some(id) => other.id == *id,
        None => own.id == phase.id && matches!(other.undo, Undo::Run { .. }),
    };
    started
        .iter()
        .find(leads)
        .map(|(_, other)| &other.id)
        .filter(|id| **id != step.id)
}
