//! How much a step has left to do (plan-language, `pending`): when that is counted, and what the
//! numbers say. It decides nothing: a step runs whatever is counted.

use super::Scope;
use super::command::pending_command;
use super::due::Effect;
use super::next::Next;
use crate::journal::{Count, RunState, StepRecord};
use crate::plan::{Plan, Step};
use crate::types::{Millis, Pending, StepId};

/// The time between an answer and the next count while a step runs: short enough to see it move,
/// long enough for a count that is work for a database.
const EVERY: Millis = Millis::from_secs(5);

/// What waits for a count before the step begins; none where it is known or nobody counts.
pub(super) fn before(
    plan: &Plan,
    state: &RunState,
    step: &Step,
    record: &StepRecord,
) -> Option<Next> {
    if record.to_do.is_some() {
        return None;
    }
    count(plan, state, step, Count::Before)
}

/// What waits for a count after the attempt, which is over; none where it is known or nobody counts.
pub(super) fn after(
    plan: &Plan,
    state: &RunState,
    step: &Step,
    record: &StepRecord,
) -> Option<Next> {
    let last = record.attempts.last()?;
    if last.after.is_some() {
        return None;
    }
    count(plan, state, step, Count::After)
}

/// One count.
fn count(plan: &Plan, state: &RunState, step: &Step, when: Count) -> Option<Next> {
    let command = pending_command(&Scope::at(plan, state, &step.id), step)?;
    let step = step.id.clone();
    Some(Next::Await(vec![Effect::Count {
        step,
        when,
        command,
    }]))
}

/// What the step's command or check is waited for with: the same, and a count beside it.
pub(super) fn beside(plan: &Plan, state: &RunState, step: &Step, next: Next) -> Next {
    let Next::Await(mut effects) = next else {
        return next;
    };
    if let Some(command) = pending_command(&Scope::at(plan, state, &step.id), step) {
        effects.push(Effect::Recount {
            step: step.id.clone(),
            command,
            every: EVERY,
        });
    }
    Next::Await(effects)
}

/// What was counted before a step's first attempt and after its last, for people: `12 to do before,
/// nothing left after`; none where nothing was.
pub fn counts(record: &StepRecord) -> Option<String> {
    let first = record.attempts.first();
    let before = first.map_or(record.to_do.as_ref(), |first| first.before.as_ref())?;
    let before = match before {
        Pending::Known(0) => "nothing to do before".to_owned(),
        before => format!("{before} to do before"),
    };
    let after = record.attempts.last().and_then(|last| last.after.as_ref());
    Some(match after {
        Some(Pending::Known(0)) => format!("{before}, nothing left after"),
        Some(after) => format!("{before}, {after} left after"),
        None => before,
    })
}

/// How far a step is, by what was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How much is left.
    pub left: u64,
    /// How much there was: the most that was counted.
    pub of: u64,
}

/// How far a step's present attempt is, where `now` was counted last while it ran; none where that
/// or what there was before is not known.
pub fn progress(state: &RunState, step: &StepId, now: Option<&Pending>) -> Option<Progress> {
    let last = state.steps.get(step)?.attempts.last()?;
    let before = last.before.as_ref()?.known()?;
    let left = match (&last.after, now) {
        (Some(left), _) | (None, Some(left)) => left.known()?,
        (None, None) => before,
    };
    Some(Progress {
        left,
        of: before.max(left),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Event, Recorded, samples};
    use crate::types::Seq;

    /// The sample run up to its step, with the step counted as these events say.
    fn after(events: &[Event]) -> RunState {
        let sample = samples::finished_run();
        let begins = |one: &Recorded| matches!(one.event, Event::StepStarted { .. });
        let at = sample.iter().position(begins).expect("it has a step");
        let mut state = RunState::of(&sample[..at]).expect("a good run");
        for event in events {
            let n = state.last.next();
            let (at, event) = (state.last_at.clone(), event.clone());
            let applied = state.apply(&Recorded { n, at, event });
            applied.expect("it fits");
        }
        state
    }

    fn step() -> StepId {
        StepId::from("migrate")
    }

    fn counted(when: Count, left: Pending) -> Event {
        let step = step();
        Event::PendingCounted { step, when, left }
    }

    fn begins(attempt: u32) -> Event {
        Event::StepStarted {
            step: step(),
            attempt,
            command: true,
        }
    }

    #[test]
    fn progress_is_said_only_where_both_ends_are_known() {
        let state = after(&[counted(Count::Before, Pending::Known(40)), begins(1)]);
        let far = |now: Option<&Pending>| progress(&state, &step(), now);
        let of = |left, of| Some(Progress { left, of });
        assert_eq!(far(None), of(40, 40));
        assert_eq!(far(Some(&Pending::Known(10))), of(10, 40));
        assert_eq!(far(Some(&Pending::Known(55))), of(55, 55), "it has grown");
        assert_eq!(far(Some(&Pending::Unknown("no".into()))), None);
        let unknown = counted(Count::Before, Pending::Unknown("no".into()));
        let state = after(&[unknown, begins(1)]);
        assert_eq!(progress(&state, &step(), Some(&Pending::Known(3))), None);
    }

    #[test]
    fn what_was_counted_for_an_intent_that_is_void_counts_for_the_next() {
        let state = after(&[counted(Count::Before, Pending::Known(40)), begins(1)]);
        let number = state.last;
        let state = after(&[
            counted(Count::Before, Pending::Known(40)),
            begins(1),
            Event::IntentVoided { number },
        ]);
        assert_ne!(number, Seq(0));
        let record = &state.steps[&step()];
        assert_eq!(record.to_do, Some(Pending::Known(40)));
        assert!(record.attempts.is_empty());
    }

    #[test]
    fn the_counts_of_a_step_are_those_of_its_first_and_last_attempt() {
        let state = after(&[
            counted(Count::Before, Pending::Known(40)),
            begins(1),
            counted(Count::After, Pending::Known(12)),
            begins(2),
            counted(Count::After, Pending::Known(0)),
        ]);
        let record = &state.steps[&step()];
        let said = counts(record).expect("it was counted");
        assert_eq!(said, "40 to do before, nothing left after");
        assert_eq!(record.attempts[1].before, Some(Pending::Known(12)));
    }
}
