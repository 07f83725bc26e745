//! Inputs to events: the one place where anything is decided.

use super::answer::decided;
use super::due::Input;
use super::next::{Next, next};
use super::walk::walk_of;
use super::warning;
use crate::journal::codec::FORMAT;
use crate::journal::{Attempt, Event, Outcome, Recorded, RunState};
use crate::plan::{Plan, Step};
use crate::types::{Exit, ExitRecord, Moment, Seq, StepId};
use std::collections::BTreeMap;

/// Why a decision was not taken. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// What is the case, one or two full sentences.
    pub why: String,
    /// A command to type instead, where there is one.
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal without a command to type instead.
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            hint: None,
        }
    }
}

/// The events that follow from `input`, those of going on after it included.
pub fn decide(
    plan: &Plan,
    state: &RunState,
    input: &Input,
    now: &Moment,
) -> Result<Vec<Event>, Refusal> {
    advance(plan, &mut state.clone(), input, now, &mut |_, _| {})
}

/// The same, with the state taken to behind those events; `before` is told of each before it is
/// folded. A refusal leaves the state as it was (else it is a bug). For those whose state is theirs alone: they need
/// no copy of it.
pub fn advance(
    plan: &Plan,
    state: &mut RunState,
    input: &Input,
    now: &Moment,
    before: &mut dyn FnMut(&RunState, &Event),
) -> Result<Vec<Event>, Refusal> {
    let mut events = react(plan, state, input, now)?;
    let mut folded = 0;
    loop {
        for event in &events[folded..] {
            before(state, event);
            let (n, at, event) = (state.last.next(), now.clone(), event.clone());
            let fold = state.apply(&Recorded { n, at, event });
            fold.map_err(|error| Refusal::new(error.to_string()))?;
        }
        folded = events.len();
        match next(plan, state, now) {
            Next::Happen(more) => events.extend(more),
            Next::Await(_) => return Ok(events),
        }
    }
}

/// The events that an input stands for.
fn react(
    plan: &Plan,
    state: &RunState,
    input: &Input,
    now: &Moment,
) -> Result<Vec<Event>, Refusal> {
    Ok(match input {
        Input::Proceed => Vec::new(),
        Input::Taken { pid, upwalk, torn } => {
            let boot = now.boot.clone();
            let mut events = vec![Event::SupervisorStarted {
                pid: *pid,
                boot,
                upwalk: upwalk.clone(),
                writes: Some(FORMAT),
            }];
            if let Some((bytes, began)) = torn {
                let (bytes, began) = (*bytes, began.clone());
                events.push(Event::TailCutOff { bytes, began });
            }
            events
        }
        Input::TookControls { who } => vec![Event::ControlsTaken { who: who.clone() }],
        Input::Answered { key, answer } => {
            vec![Event::GuardAnswered {
                key: key.clone(),
                answer: answer.clone(),
            }]
        }
        Input::Measured { of, values } => warning::measured(state, of, values),
        Input::Counted { step, when, left } => vec![Event::PendingCounted {
            step: step.clone(),
            when: *when,
            left: left.clone(),
        }],
        Input::Ended {
            number,
            end,
            output,
        } => ended(plan, state, *number, end, output)?,
        Input::Wrote { number, values } => {
            let (id, way) = under_way(state, *number)?;
            let step = step_of(plan, state, id).filter(|_| way == Way::There);
            step.and_then(|step| set_by(step, values))
                .into_iter()
                .collect()
        }
        Input::NeverStarted { number } => {
            under_way(state, *number)?;
            vec![Event::IntentVoided { number: *number }]
        }
        Input::Outlived { number, left } => outlived(state, *number, left)?,
        Input::Lost { number, why } => {
            under_way(state, *number)?;
            vec![Event::StepOutcomeUnknown {
                number: *number,
                why: why.clone(),
            }]
        }
        Input::Decided { at, decision, who } => decided(plan, state, *at, decision, who, now)?,
    })
}

/// The step and direction of an intent that has no end yet; a late word from an earlier life is
/// refused.
fn under_way(state: &RunState, number: Seq) -> Result<(&StepId, Way), Refusal> {
    let open = |attempt: &Attempt| {
        attempt.number == number && attempt.end.is_none() && attempt.unknown.is_none()
    };
    if let Some((id, record)) = state
        .intents
        .get(&number)
        .and_then(|id| state.steps.get_key_value(id))
    {
        if record.attempts.iter().any(open) {
            return Ok((id, Way::There));
        }
        if record.undo_attempts.iter().any(open) {
            return Ok((id, Way::Back));
        }
    }
    Err(Refusal::new(format!(
        "no command of number {number} is under way"
    )))
}

/// Something outlives a command that was ended; said again, it is known already.
fn outlived(state: &RunState, number: Seq, left: &[String]) -> Result<Vec<Event>, Refusal> {
    let (step, _) = under_way(state, number)?;
    let latest = state.steps.get(step).and_then(|record| record.latest());
    if latest.is_some_and(|attempt| attempt.outlived == left) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::CommandOutlived {
        number,
        left: left.to_vec(),
    }])
}

/// Whether an intent does a step or takes it back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

/// A command ended.
fn ended(
    plan: &Plan,
    state: &RunState,
    number: Seq,
    end: &ExitRecord,
    output: &Result<BTreeMap<String, String>, String>,
) -> Result<Vec<Event>, Refusal> {
    let (id, way) = under_way(state, number)?;
    let mut events = vec![Event::CommandEnded {
        number,
        end: end.clone(),
    }];
    let step = step_of(plan, state, id).filter(|_| way == Way::There);
    if end.exit == Exit::TimedOut {
        let why = format!(
            "it ran out of time after {} s and was ended",
            end.took.secs()
        );
        let values = output.as_ref().ok();
        events.extend(
            step.zip(values)
                .and_then(|(step, values)| set_by(step, values)),
        );
        events.push(Event::StepOutcomeUnknown { number, why });
    }
    let (Some(step), Exit::Code(code)) = (step, &end.exit) else {
        return Ok(events);
    };
    if !step.ok_codes.contains(code) {
        return Ok(events);
    }
    let fail = |why: String| {
        let outcome = Outcome::Failed(why);
        Event::StepFinished {
            step: id.clone(),
            outcome,
        }
    };
    match output {
        Err(why) => events.push(fail(format!(
            "what it wrote to $OUTPUT cannot be taken: {why}"
        ))),
        Ok(values) => match foreign(step, values) {
            Some(name) => {
                let known = step.sets.join(", ");
                events.push(fail(format!(
                    "it wrote the variable {name} to $OUTPUT, and its `sets` names only: {known}"
                )));
            }
            None => events.extend(set_by(step, values)),
        },
    }
    Ok(events)
}

/// A step of the walk.
fn step_of<'a>(plan: &'a Plan, state: &RunState, id: &StepId) -> Option<&'a Step> {
    Some(walk_of(plan, state)?.step(id)?.1)
}

/// The first variable that a step wrote and its `sets` does not name.
fn foreign<'a>(step: &Step, values: &'a BTreeMap<String, String>) -> Option<&'a String> {
    values.keys().find(|name| !step.sets.contains(name))
}

/// The variables that a step has set: what it wrote counts whatever became of it, so that a person
/// who settles it as done, or takes it back, has them. None where it wrote none, or others.
fn set_by(step: &Step, values: &BTreeMap<String, String>) -> Option<Event> {
    let counts = !values.is_empty() && foreign(step, values).is_none();
    counts.then(|| Event::VariablesSet {
        step: step.id.clone(),
        values: values.clone(),
    })
}
