//! People's decisions to events: what is an answer to the open question, and what follows from it.

use super::choices::{choices, required, verb_of};
use super::decide::Refusal;
use super::running;
use super::shells;
use super::undo::take_backs;
use super::walk::{position, walk_of};
use crate::journal::{
    AskKey, Asks, Decision, Event, Evidence, Open, Outcome, Question, RunResult, RunState,
    SkipReason, Verdict,
};
use crate::plan::Plan;
use crate::types::{Millis, Moment, Seq, StepId, Who};

/// The events of a decision, or why it is not taken.
pub(super) fn decided(
    plan: &Plan,
    state: &RunState,
    at: Option<Seq>,
    decision: &Decision,
    who: &Who,
    now: &Moment,
) -> Result<Vec<Event>, Refusal> {
    if let Some(done) = beside(plan, state, decision, who) {
        return done;
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
        if let Some(step) = required(plan, open, state).filter(|_| verb == "skip") {
            let number = walk_of(plan, state).map(|walk| walk.number(&step));
            return Err(Refusal::new(format!(
                "Step {} is required: the plan lets nobody skip it. Nothing was done.",
                number.unwrap_or_else(|| step.to_string())
            )));
        }
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

/// What needs no question; none for answers.
fn beside(
    plan: &Plan,
    state: &RunState,
    decision: &Decision,
    who: &Who,
) -> Option<Result<Vec<Event>, Refusal>> {
    if let Decision::Note { text } = decision {
        let (who, text) = (who.clone(), text.clone());
        return Some(Ok(vec![Event::NoteAdded { who, text }]));
    }
    if let Decision::LeaveShell { opened, exit, took } = decision {
        return Some(shells::left(state, *opened, exit, *took));
    }
    if state.finished.is_some() {
        return Some(Err(Refusal::new(
            "The run has finished; nothing of it can be decided any more.",
        )));
    }
    match decision {
        Decision::OpenShell { step } => {
            Some(Ok(vec![shells::opened(plan, state, step.as_ref(), who)]))
        }
        Decision::Pause => Some(pause(state, who)),
        Decision::Cancel => Some(running::cancel(state, who)),
        Decision::LetGo => Some(running::let_go(state, who)),
        Decision::Start
        | Decision::Confirm { .. }
        | Decision::Continue { .. }
        | Decision::Retry
        | Decision::Skip { .. }
        | Decision::Settle { .. }
        | Decision::Rollback { .. }
        | Decision::Stop { .. }
        | Decision::LeaveShell { .. }
        | Decision::Note { .. } => None,
    }
}

/// The open question, which must be the one that is answered.
fn the_question<'a>(
    plan: &Plan,
    state: &'a RunState,
    at: Option<Seq>,
) -> Result<&'a Open, Refusal> {
    if let Some((decision, who, when)) = at.and_then(|at| state.answered.get(&at)) {
        let (verb, when) = (verb_of(decision), when.wall.full());
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
    if let Some(at) = at.filter(|at| *at != open.asked) {
        let why = if (open.first..open.asked).contains(&at) {
            "What was measured for this warning has changed since: read it again. Nothing was done."
        } else {
            "The run asks another question now. Nothing was done."
        };
        return Err(Refusal {
            why: why.into(),
            hint: choices(plan, state)
                .first()
                .map(|choice| choice.command.clone()),
        });
    }
    Ok(open)
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
        | Decision::LetGo
        | Decision::OpenShell { .. }
        | Decision::LeaveShell { .. }
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
        Decision::Start
        | Decision::Retry
        | Decision::Pause
        | Decision::Cancel
        | Decision::LetGo
        | Decision::OpenShell { .. }
        | Decision::LeaveShell { .. }
        | Decision::Note { .. } => Vec::new(),
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
    let place = position(plan, state);
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
            seeing,
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
        level: Some(Asks::with(phrase.as_deref())),
        asked: Some(open.asked),
        seeing: seeing.clone(),
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
            earliest.as_of(now).wall.clock(),
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
