//! What happens next in a rollback: the started steps are taken back in reverse order.

use super::Scope;
use super::command::{ask_of, undo_command};
use super::next::{Next, poll, run};
use super::stops::version_is;
use super::undo::take_backs;
use super::walk::walk_of;
use crate::journal::{
    AskKey, Attempt, Event, Measured, Outcome, Question, RunResult, RunState, SkipReason,
    StepRecord, Word,
};
use crate::plan::{Plan, Polled, Step, Undo};
use crate::types::{Answer, Exit};

/// What happens next.
pub(super) fn next(plan: &Plan, state: &RunState) -> Next {
    // A rollback only begins where there is a way back, and nothing starts while it runs.
    let lines = take_backs(plan, state).unwrap_or_default();
    for line in &lines {
        let Some(record) = state.steps.get(&line.step) else {
            continue;
        };
        if record.undo_outcome == Some(Outcome::Done) || record.undo_skipped.is_some() {
            continue;
        }
        let step = walk_of(plan, state).and_then(|walk| walk.step(&line.step));
        let Some((_, step)) = step else { continue };
        return take_back(plan, state, step, record);
    }
    let result = RunResult::RolledBack;
    let Some(from) = &state.run.from else {
        return Next::happen([Event::RunFinished { result }]);
    };
    let of = Measured::VersionAfterRollback(state.version_rounds);
    match version_is(plan, state, of, from) {
        Ok(_) => Next::happen([Event::RunFinished { result }]),
        Err(next) => next,
    }
}

/// One line that is not over.
fn take_back(plan: &Plan, state: &RunState, step: &Step, record: &StepRecord) -> Next {
    let id = step.id.clone();
    match &step.undo {
        Undo::Harmless(why) => {
            let why = Scope::at(plan, state, &step.id).text(why);
            let why = SkipReason::NothingToTakeBack(why);
            return Next::happen([Event::UndoSkipped { step: id, why }]);
        }
        // `take_backs` refuses a rollback past a step that nothing takes back.
        Undo::Irreversible(_) | Undo::Unsaid => {
            let why = "the plan does not say how it is taken back".to_owned();
            return Next::question(Question::UndoFailed { step: id, why });
        }
        Undo::Run { .. } | Undo::Again { .. } => {}
    }
    if let Some(Outcome::Failed(why) | Outcome::Unknown(why)) = &record.undo_outcome {
        return Next::question(Question::UndoFailed {
            step: id,
            why: why.clone(),
        });
    }
    match record.undo_attempts.last() {
        Some(attempt) if !record.has(Word::TakeBackAgain) => under_way(plan, state, step, attempt),
        Some(_) | None => begin(plan, state, step, record),
    }
}

/// All that stands before the intent of taking a step back.
fn begin(plan: &Plan, state: &RunState, step: &Step, record: &StepRecord) -> Next {
    if state.pause_requested.is_some() {
        return Next::question(Question::Halted);
    }
    let id = step.id.clone();
    let unsure = |why: String| {
        Next::question(Question::UndoUnsure {
            step: id.clone(),
            why,
        })
    };
    let guard = match &step.undo {
        Undo::Run { applies, .. } => applies.as_ref(),
        Undo::Again { .. } | Undo::Harmless(_) | Undo::Irreversible(_) | Undo::Unsaid => None,
    };
    let again = matches!(step.undo, Undo::Again { .. });
    let unsettled = record.attempts.last().filter(|last| !last.settled);
    match (guard, unsettled.and_then(|last| last.unknown.as_ref())) {
        _ if record.has(Word::TakeBackUnasked) => {}
        (Some(guard), _) => {
            let key = AskKey::UndoApplies(step.id.clone());
            match state.answers.get(&key).map(|answered| &answered.answer) {
                None => {
                    let scope = Scope::at(plan, state, &step.id);
                    return Next::ask(key, ask_of(&scope, guard, &step.settings));
                }
                Some(Answer::Yes) => {}
                Some(Answer::No(why)) => {
                    let why = SkipReason::Guard(why.clone());
                    return Next::happen([Event::UndoSkipped {
                        step: step.id.clone(),
                        why,
                    }]);
                }
                Some(Answer::CouldNotTell(why)) => return unsure(why.clone()),
            }
        }
        // Restarting once more does no harm, whatever became of the first time.
        (None, Some(why)) if !again => return unsure(why.clone()),
        (None, _) => {}
    }
    let attempt = record
        .undo_attempts
        .last()
        .map_or(1, |last| last.attempt + 1);
    Next::happen([Event::UndoStarted {
        step: step.id.clone(),
        attempt,
    }])
}

/// An undo that has begun and has no outcome yet.
fn under_way(plan: &Plan, state: &RunState, step: &Step, attempt: &Attempt) -> Next {
    let finished = |outcome: Outcome| {
        Next::happen([Event::UndoFinished {
            step: step.id.clone(),
            outcome,
        }])
    };
    if let Some(why) = &attempt.unknown {
        return finished(Outcome::Unknown(why.clone()));
    }
    let scope = Scope::at(plan, state, &step.id);
    let Some(end) = &attempt.end else {
        let files = format!("{}.undo.{}", step.id, attempt.attempt);
        return Next::Await(run(attempt, &files, undo_command(&scope, step)));
    };
    let again = matches!(step.undo, Undo::Again { .. });
    let well = match &end.exit {
        Exit::Code(code) if again => step.ok_codes.contains(code),
        Exit::Code(code) => *code == 0,
        Exit::Signal(_) | Exit::TimedOut | Exit::Cancelled | Exit::NotStarted(_) => false,
    };
    if !well {
        return finished(Outcome::Failed(end.exit.to_string()));
    }
    let Some(polled) = proof(step) else {
        return finished(Outcome::Done);
    };
    let key = AskKey::UndoVerify(step.id.clone());
    match state.answers.get(&key).map(|answered| &answered.answer) {
        None => {
            let since = attempt.ended.as_ref().unwrap_or(&attempt.started);
            poll(key, &scope, polled, &step.settings, since)
        }
        Some(Answer::Yes) => finished(Outcome::Done),
        Some(answer) => finished(Outcome::Failed(format!("undo_verify says {answer}"))),
    }
}

/// What proves that a step is taken back.
fn proof(step: &Step) -> Option<&Polled> {
    match &step.undo {
        Undo::Run { verify, .. } | Undo::Again { verify, .. } => verify.as_ref(),
        Undo::Harmless(_) | Undo::Irreversible(_) | Undo::Unsaid => None,
    }
}
