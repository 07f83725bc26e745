//! What follows where nobody knows how a step's command ended. Nothing is guessed: the plan says what
//! may be done without a person (`rerun`), else one is asked.

use super::Scope;
use super::command::ask_of;
use super::next::{Next, started, verified};
use crate::journal::{AskKey, Attempt, Event, Outcome, Question, RunState, StepRecord};
use crate::plan::{Plan, Rerun, Step};
use crate::types::{Answer, Exit};

/// A step whose command ended nobody knows how: run again, ask, or leave it to a person.
pub(super) fn next(
    plan: &Plan,
    state: &RunState,
    step: &Step,
    record: &StepRecord,
    attempt: &Attempt,
    why: &str,
) -> Next {
    let timed_out = attempt
        .end
        .as_ref()
        .is_some_and(|end| end.exit == Exit::TimedOut);
    let person = || {
        let (id, why) = (step.id.clone(), why.to_owned());
        Next::happen([
            Event::StepFinished {
                step: id.clone(),
                outcome: Outcome::Unknown(why.clone()),
            },
            Event::QuestionAsked {
                question: Question::OutcomeUnknown { step: id, why },
            },
        ])
    };
    // What runs out of time twice will do so again: a person has to look at it.
    if timed_out && record.reruns > 0 {
        return person();
    }
    match (step.rerun, &step.unless) {
        (Rerun::Safe, _) => Next::happen([started(step, record)]),
        (Rerun::Check, Some(guard)) => {
            let key = AskKey::StepDoneAfterAll(step.id.clone());
            let scope = Scope::at(plan, state, &step.id);
            match state.answers.get(&key).map(|answered| &answered.answer) {
                None => Next::ask(key, ask_of(&scope, guard, &step.settings)),
                Some(Answer::Yes) => verified(plan, state, step, attempt),
                Some(Answer::No(_)) => Next::happen([started(step, record)]),
                Some(Answer::CouldNotTell(_)) => person(),
            }
        }
        (Rerun::Never | Rerun::Unsaid, _) | (Rerun::Check, None) => person(),
    }
}
