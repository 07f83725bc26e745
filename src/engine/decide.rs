//! Inputs to events: the one place where anything is decided.

use super::choices::choices;
use super::due::Input;
use super::next::{Next, next};
use super::undo::take_backs;
use super::walk::walk_of;
use crate::journal::{
    AskKey, Decision, Event, Evidence, Open, Outcome, Question, Recorded, RunResult, RunState,
    SkipReason, Verdict,
};
use crate::plan::Plan;
use crate::types::{Exit, ExitRecord, Millis, Moment, Seq, StepId, Who};
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
    fn new(why: impl Into<String>) -> Self {
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
    let mut events = react(plan, state, input, now)?;
    let mut after = state.clone();
    let mut folded = 0;
    loop {
        for event in &events[folded..] {
            let n = after.last.next();
            let recorded = Recorded {
                n,
                at: now.clone(),
                event: event.clone(),
            };
            after
                .apply(&recorded)
                .map_err(|error| Refusal::new(error.to_string()))?;
        }
        folded = events.len();
        match next(plan, &after, now) {
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
        Input::Taken { pid, upwalk } => {
            let boot = now.boot.clone();
            vec![Event::SupervisorStarted {
                pid: *pid,
                boot,
                upwalk: upwalk.clone(),
            }]
        }
        Input::TookControls { who } => vec![Event::ControlsTaken { who: who.clone() }],
        Input::Answered { key, answer } => {
            vec![Event::GuardAnswered {
                key: key.clone(),
                answer: answer.clone(),
            }]
        }
        Input::Measured { of, values } => {
            vec![Event::ValuesMeasured {
                of: of.clone(),
                values: values.clone(),
            }]
        }
        Input::Ended {
            number,
            end,
            output,
        } => ended(plan, state, *number, end, output)?,
        Input::NeverStarted { number } => {
            under_way(state, *number)?;
            vec![Event::IntentVoided { number: *number }]
        }
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
    let open = |attempt: &&crate::journal::Attempt| {
        attempt.number == number && attempt.end.is_none() && attempt.unknown.is_none()
    };
    for (id, record) in &state.steps {
        if record.attempts.iter().any(|a| open(&a)) {
            return Ok((id, Way::There));
        }
        if record.undo_attempts.iter().any(|a| open(&a)) {
            return Ok((id, Way::Back));
        }
    }
    Err(Refusal::new(format!(
        "no command of number {number} is under way"
    )))
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
    if end.exit == Exit::TimedOut {
        let why = format!(
            "it ran out of time after {} s and was ended",
            end.took.secs()
        );
        events.push(Event::StepOutcomeUnknown { number, why });
    }
    if way == Way::Back {
        return Ok(events);
    }
    let step = walk_of(plan, state)
        .and_then(|walk| walk.step(id))
        .map(|(_, step)| step);
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
        Ok(values) => {
            let foreign = values.keys().find(|name| !step.sets.contains(name));
            if let Some(name) = foreign {
                let known = step.sets.join(", ");
                events.push(fail(format!(
                    "it wrote the variable {name} to $OUTPUT, and its `sets` names only: {known}"
                )));
            } else if !values.is_empty() {
                events.push(Event::VariablesSet {
                    step: id.clone(),
                    values: values.clone(),
                });
            }
        }
    }
    Ok(events)
}

/// Somebody decided something.
fn decided(
    plan: &Plan,
    state: &RunState,
    at: Option<Seq>,
    decision: &Decision,
    who: &Who,
    now: &Moment,
) -> Result<Vec<Event>, Refusal> {
    if let Decision::Note { text } = decision {
        return Ok(vec![Event::NoteAdded {
            who: who.clone(),
            text: text.clone(),
        }]);
    }
    if state.finished.is_some() {
        return Err(Refusal::new(
            "The run has finished; nothing of it can be decided any more.",
        ));
    }
    if *decision == Decision::Pause {
        return pause(state, who);
    }
    if *decision == Decision::Cancel {
        return cancel(state, who);
    }
    let open = the_question(plan, state, at)?;
    let choices = choices(plan, state);
    let verb = verb_of(decision);
    let reason = reason_of(decision);
    if decision
        == &(Decision::Rollback {
            because: reason.map(str::to_owned),
        })
        && state.rollback.is_none()
    {
        // The reason why there is no way back is worth more than that it is no answer here.
        take_backs(plan, state).map_err(Refusal::new)?;
    }
    let Some(choice) = choices.iter().find(|choice| choice.verb == verb) else {
        let can: Vec<_> = choices.iter().map(|choice| choice.verb).collect();
        return Err(Refusal::new(format!(
            "\"{verb}\" is no answer to what the run asks now. It takes: {}.",
            can.join(", ")
        )));
    };
    if choice.needs_reason && reason.is_none_or(|reason| reason.trim().is_empty()) {
        return Err(Refusal {
            why: "This needs a reason, which is kept in the journal.".into(),
            hint: Some(choice.command.clone()),
        });
    }
    let mut events = vec![Event::QuestionAnswered {
        asked: open.asked,
        decision: decision.clone(),
        who: who.clone(),
    }];
    events.extend(consequences(plan, state, open, decision, who, now)?);
    Ok(events)
}

/// The open question, which must be the one that is answered.
fn the_question<'a>(
    plan: &Plan,
    state: &'a RunState,
    at: Option<Seq>,
) -> Result<&'a Open, Refusal> {
    if let Some((decision, who, when)) = at.and_then(|at| state.answered.get(&at)) {
        let (verb, when) = (verb_of(decision), when.wall.clock());
        return Err(Refusal::new(format!(
            "That question was answered already: {who} said \"{verb}\" at {when}. Nothing was done."
        )));
    }
    let Some(open) = &state.open else {
        return Err(Refusal {
            why: "The run asks nothing now. Nothing was done.".into(),
            hint: Some(format!("upwalk status {}", state.run.service)),
        });
    };
    if at.is_some_and(|at| at != open.asked) {
        return Err(Refusal {
            why: "The run asks another question now. Nothing was done.".into(),
            hint: choices(plan, state)
                .first()
                .map(|choice| choice.command.clone()),
        });
    }
    Ok(open)
}

/// A decision's verb, as [`choices`] has it.
fn verb_of(decision: &Decision) -> &'static str {
    match decision {
        Decision::Start => "start",
        Decision::Confirm { .. } => "confirm",
        Decision::Continue { .. } => "continue",
        Decision::Retry => "retry",
        Decision::Skip { .. } => "skip",
        Decision::Settle {
            verdict: Verdict::Done,
            ..
        } => "settle done",
        Decision::Settle {
            verdict: Verdict::Rerun,
            ..
        } => "settle rerun",
        Decision::Rollback { .. } => "rollback",
        Decision::Stop { .. } => "stop",
        Decision::Pause => "pause",
        Decision::Cancel => "cancel",
        Decision::Note { .. } => "note",
    }
}

/// The reason a decision gives.
fn reason_of(decision: &Decision) -> Option<&str> {
    match decision {
        Decision::Skip { because } => Some(because),
        Decision::Continue { because, .. }
        | Decision::Settle { because, .. }
        | Decision::Rollback { because }
        | Decision::Stop { because } => because.as_deref(),
        Decision::Start
        | Decision::Confirm { .. }
        | Decision::Retry
        | Decision::Pause
        | Decision::Cancel
        | Decision::Note { .. } => None,
    }
}

/// A stop after the present step.
fn pause(state: &RunState, who: &Who) -> Result<Vec<Event>, Refusal> {
    if state.open.is_some() {
        return Err(Refusal {
            why: "The run waits already.".into(),
            hint: Some(format!("upwalk why {}", state.run.service)),
        });
    }
    if state.pause_requested.is_some() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::PauseRequested { who: who.clone() }])
}

/// The end of a running command.
fn cancel(state: &RunState, who: &Who) -> Result<Vec<Event>, Refusal> {
    let running = state.steps.values().find_map(|record| {
        let latest = record.latest()?;
        let runs = latest.command && latest.end.is_none() && latest.unknown.is_none();
        runs.then_some(latest)
    });
    match running {
        None => Err(Refusal::new("No command is running.")),
        Some(attempt) if attempt.cancelled.is_some() => Ok(Vec::new()),
        Some(attempt) => Ok(vec![Event::CancelRequested {
            number: attempt.number,
            who: who.clone(),
        }]),
    }
}

/// What follows from an answer besides what the fold makes of it.
fn consequences(
    plan: &Plan,
    state: &RunState,
    open: &Open,
    decision: &Decision,
    who: &Who,
    now: &Moment,
) -> Result<Vec<Event>, Refusal> {
    Ok(match decision {
        Decision::Start | Decision::Retry | Decision::Pause | Decision::Cancel => Vec::new(),
        Decision::Note { .. } => Vec::new(),
        Decision::Confirm { .. } => vec![confirmed(open, decision, who)?],
        Decision::Continue { early, because } => {
            may_continue(plan, state, open, *early, because.as_deref(), now)?;
            Vec::new()
        }
        Decision::Skip { because } => skipped(open, who, because),
        Decision::Settle { verdict, .. } => match (&open.question, verdict) {
            (Question::CouldNotTell { step, .. }, Verdict::Done) => {
                vec![Event::StepFinished {
                    step: step.clone(),
                    outcome: Outcome::NothingToDo,
                }]
            }
            (_, Verdict::Done | Verdict::Rerun) => Vec::new(),
        },
        Decision::Rollback { because } => {
            vec![Event::RollbackStarted {
                who: who.clone(),
                because: because.clone(),
            }]
        }
        Decision::Stop { because } => vec![Event::RunFinished {
            result: stopped(plan, state, open, because.as_ref()),
        }],
    })
}

/// How a run ends that a person stops.
fn stopped(plan: &Plan, state: &RunState, open: &Open, because: Option<&String>) -> RunResult {
    if open.question == Question::Start {
        return RunResult::NeverStarted;
    }
    let place = super::walk::position(plan, state);
    let failed = matches!(
        open.question,
        Question::Failed { .. }
            | Question::Blocked { .. }
            | Question::OutcomeUnknown { .. }
            | Question::UndoFailed { .. }
            | Question::UndoUnsure { .. }
            | Question::WrongVersion { .. }
    );
    RunResult::Stopped {
        at: place.step.or(place.item),
        because: because.cloned(),
        failed,
    }
}

/// A warning's confirmation, which must be of this warning, as it was shown, and in full.
fn confirmed(open: &Open, decision: &Decision, who: &Who) -> Result<Event, Refusal> {
    let (
        Question::Confirm {
            warning,
            before,
            digest,
            phrase,
            seen,
            ..
        },
        Decision::Confirm {
            warning: named,
            digest: given,
            evidence,
        },
    ) = (&open.question, decision)
    else {
        return Err(Refusal::new(
            "The run asks something else now. Nothing was done.",
        ));
    };
    if (named, given) != (warning, digest) {
        return Err(Refusal::new(format!(
            "The run asks about {warning}:{digest}, not about {named}:{given}. Nothing was done."
        )));
    }
    match (evidence, phrase) {
        (Evidence::Named, _) | (Evidence::Acknowledged, None) => {}
        (Evidence::Typed(typed), Some(phrase)) if typed == phrase => {}
        (Evidence::Typed(typed), Some(phrase)) => {
            return Err(Refusal::new(format!(
                "You typed \"{typed}\", and the phrase is \"{phrase}\". Nothing was done."
            )));
        }
        (Evidence::Acknowledged, Some(phrase)) => {
            return Err(Refusal::new(format!(
                "This warning is confirmed by typing \"{phrase}\". Nothing was done."
            )));
        }
        (Evidence::Typed(_), None) | (Evidence::Accepted, _) => {
            return Err(Refusal::new(
                "This warning is not confirmed that way. Nothing was done.",
            ));
        }
    }
    Ok(Event::WarningConfirmed {
        warning: warning.clone(),
        before: before.clone(),
        digest: digest.clone(),
        seen: Some(seen.clone()),
        who: who.clone(),
        evidence: evidence.clone(),
    })
}

/// A pause may be left before its `min` only with a reason, said on purpose.
fn may_continue(
    plan: &Plan,
    state: &RunState,
    open: &Open,
    early: bool,
    because: Option<&str>,
    now: &Moment,
) -> Result<(), Refusal> {
    let Question::Paused { pause: id, .. } = &open.question else {
        return Ok(());
    };
    let pause = walk_of(plan, state).and_then(|walk| walk.pause(id));
    let (Some(min), Some(record)) = (pause.and_then(|pause| pause.min), state.pauses.get(id))
    else {
        return Ok(());
    };
    let earliest = record.entered.plus(min);
    let reason = because.is_some_and(|because| !because.trim().is_empty());
    if now.reached(&earliest) || (early && reason) {
        return Ok(());
    }
    let left = Millis(min.0.saturating_sub(now.since(&record.entered).0));
    let (service, at) = (&state.run.service, open.asked);
    Err(Refusal {
        why: format!(
            "The plan wants this pause to last until {}, another {} s. Nothing was done.",
            earliest.wall.clock(),
            left.0.div_ceil(1000)
        ),
        hint: Some(format!(
            "upwalk continue {service} --at {at} --early --because 'WHY'"
        )),
    })
}

/// The steps that a person passes over.
fn skipped(open: &Open, who: &Who, because: &str) -> Vec<Event> {
    let why = || SkipReason::Person {
        who: who.clone(),
        because: because.to_owned(),
    };
    let skip = |step: &StepId| Event::StepSkipped {
        step: step.clone(),
        why: why(),
    };
    match &open.question {
        Question::Failed { step, .. }
        | Question::ManualDone { step }
        | Question::CouldNotTell {
            key: AskKey::StepApplies(_),
            step,
            ..
        } => vec![skip(step)],
        Question::Blocked { steps, .. } => steps.iter().map(skip).collect(),
        Question::UndoFailed { step, .. } | Question::UndoUnsure { step, .. } => {
            vec![Event::UndoSkipped {
                step: step.clone(),
                why: why(),
            }]
        }
        // `choices` offers no skip here.
        Question::Start
        | Question::Confirm { .. }
        | Question::NextStep { .. }
        | Question::Halted
        | Question::OutcomeUnknown { .. }
        | Question::CouldNotTell { .. }
        | Question::Paused { .. }
        | Question::Boundary { .. }
        | Question::PauseHeld { .. }
        | Question::WrongVersion { .. } => Vec::new(),
    }
}
