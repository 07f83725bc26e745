//! What happens next: the walk, forwards. (`back` is the same for a rollback.)
//!
//! One pure function of plan and state says either which events follow, or what the run waits for.
//! `decide` asks it until it waits; `due` is what it waits for.

use super::command::{ask_of, step_command};
use super::due::Effect;
use super::stops::{at_end, in_pause, while_asked};
use super::walk::{Stop, boundary, is_over, walk_of};
use super::{Scope, back, pending, retry, unknown, warning};
use crate::journal::{
    AskKey, Attempt, Event, Outcome, Question, RunState, SkipReason, StepMode, StepRecord, Word,
};
use crate::plan::{Item, Kind, Phase, Plan, Polled, Role, Settings, Step, Walk};
use crate::types::{Answer, CommandSpec, Exit, Moment, Reach, TerminalOf};

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// These events follow from what is known.
    Happen(Vec<Event>),
    /// The run waits for these, or, where there are none, for a person.
    Await(Vec<Effect>),
}

impl Next {
    /// These events follow.
    pub(super) fn happen(events: impl IntoIterator<Item = Event>) -> Self {
        Self::Happen(events.into_iter().collect())
    }

    /// A person is asked.
    pub(super) fn question(question: Question) -> Self {
        Self::happen([Event::QuestionAsked { question }])
    }

    /// Nothing but a person, or the end, is waited for.
    pub(super) const REST: Self = Self::Await(Vec::new());
}

/// What happens next.
pub(super) fn next(plan: &Plan, state: &RunState, now: &Moment) -> Next {
    let Some(walk) = walk_of(plan, state) else {
        return Next::REST;
    };
    if state.finished.is_some() || state.supervisor.is_none() {
        return Next::REST;
    }
    if let Some(open) = &state.open {
        return while_asked(plan, state, walk, open, now);
    }
    if state.rollback.is_some() {
        return back::next(plan, state);
    }
    if !state.begun {
        return Next::question(Question::Start);
    }
    if let Some(next) = warning::pass_own(state, now) {
        return next;
    }
    for item in &walk.items {
        if is_over(state, item) {
            continue;
        }
        return match item {
            Item::Phase(phase) => in_phase(plan, state, walk, phase, now),
            Item::Pause(pause) => in_pause(plan, state, walk, pause, now),
        };
    }
    at_end(plan, state)
}

/// A phase that is not over.
fn in_phase(plan: &Plan, state: &RunState, walk: &Walk, phase: &Phase, now: &Moment) -> Next {
    if !state.phases.contains_key(&phase.id) {
        if state.pause_requested.is_some() {
            return Next::question(Question::Halted);
        }
        if let Some((behind, Stop::OfItsOwn)) = boundary(walk)
            && behind.id == phase.id
            && state.boundary_passed.as_ref() != Some(&phase.id)
        {
            return Next::question(Question::Boundary {
                phase: phase.id.clone(),
            });
        }
        for warning in &phase.warnings {
            let settings = Settings::default();
            if let Some(next) = warning::pass(plan, state, warning, &phase.id, &settings, now) {
                return next;
            }
        }
        return Next::happen([Event::PhaseStarted {
            phase: phase.id.clone(),
        }]);
    }
    let mut blockers = Vec::new();
    for step in unsettled(state, phase) {
        let record = state.steps.get(&step.id);
        if record.is_some_and(StepRecord::is_settled) {
            continue;
        }
        let failed = record.is_some_and(|record| {
            let failed = matches!(record.outcome, Some(Outcome::Failed(_)));
            failed && retry::by_itself(step, record).is_none()
        });
        if failed && phase.role == Role::Preflight {
            blockers.push(step.id.clone());
            continue;
        }
        return in_step(plan, state, step, now);
    }
    if blockers.is_empty() {
        return Next::happen([Event::PhaseFinished {
            phase: phase.id.clone(),
        }]);
    }
    Next::question(Question::Blocked {
        phase: phase.id.clone(),
        steps: blockers,
    })
}

/// The steps of a phase from the first that may not be over. Steps are settled in their order, but
/// for those of a preflight, which goes on past failures.
pub(super) fn unsettled<'a>(state: &RunState, phase: &'a Phase) -> &'a [Step] {
    let settled = match phase.role {
        Role::Preflight => 0,
        Role::Backup
        | Role::Stage
        | Role::PreDeploy
        | Role::Deploy
        | Role::PostDeploy
        | Role::Verify
        | Role::Cleanup => state
            .phases
            .get(&phase.id)
            .map_or(0, |record| record.settled),
    };
    phase.steps.get(settled..).unwrap_or_default()
}

/// A step that is not over.
fn in_step(plan: &Plan, state: &RunState, step: &Step, now: &Moment) -> Next {
    let blank = StepRecord::default();
    let record = state.steps.get(&step.id).unwrap_or(&blank);
    if let Some(begins) = retry::by_itself(step, record) {
        return match &state.pause_requested {
            Some(_) => Next::question(Question::Halted),
            None if now.reached(&begins) => Next::happen([started(step, record)]),
            None => Next::REST,
        };
    }
    if let Some(Outcome::Failed(why)) = &record.outcome {
        return Next::question(Question::Failed {
            step: step.id.clone(),
            why: why.clone(),
        });
    }
    match record.attempts.last() {
        Some(attempt) if !record.has(Word::BeginAgain) => {
            under_way(plan, state, step, record, attempt)
        }
        Some(_) | None => begin(plan, state, step, record, now),
    }
}

/// All that stands before a step's intent.
fn begin(plan: &Plan, state: &RunState, step: &Step, record: &StepRecord, now: &Moment) -> Next {
    if state.pause_requested.is_some() {
        return Next::question(Question::Halted);
    }
    let scope = Scope::at(plan, state, &step.id);
    let guards = [
        (AskKey::StepApplies(step.id.clone()), &step.only_if),
        (AskKey::StepDone(step.id.clone()), &step.unless),
    ];
    for (key, guard) in guards {
        let Some(guard) = guard.as_ref().filter(|_| !record.has(Word::RunUnasked)) else {
            continue;
        };
        let id = step.id.clone();
        let applies = matches!(key, AskKey::StepApplies(_));
        match state.answers.get(&key).map(|answered| &answered.answer) {
            None => return Next::ask(key, ask_of(&scope, guard, &step.settings)),
            Some(Answer::CouldNotTell(why)) => {
                let why = why.clone();
                return Next::question(Question::CouldNotTell { key, step: id, why });
            }
            Some(Answer::No(why)) if applies => {
                let why = SkipReason::Guard(why.clone());
                return Next::happen([Event::StepSkipped { step: id, why }]);
            }
            Some(Answer::Yes) if !applies => {
                let outcome = Outcome::NothingToDo;
                return Next::happen([Event::StepFinished { step: id, outcome }]);
            }
            Some(Answer::Yes | Answer::No(_)) => {}
        }
    }
    if let Some(next) = pending::before(plan, state, step, record) {
        return next;
    }
    // Whoever lets a step begin that wants a person's terminal is there to give it.
    let waits =
        state.run.step_mode == StepMode::Stepping || step.terminal == Some(TerminalOf::Admin);
    if waits && !record.has(Word::MayBegin) {
        return Next::question(Question::NextStep {
            step: step.id.clone(),
        });
    }
    for warning in &step.warnings {
        if let Some(next) = warning::pass(plan, state, warning, &step.id, &step.settings, now) {
            return next;
        }
    }
    Next::happen([started(step, record)])
}

/// The next attempt's first event.
pub(super) fn started(step: &Step, record: &StepRecord) -> Event {
    Event::StepStarted {
        step: step.id.clone(),
        attempt: record.attempts.last().map_or(1, |last| last.attempt + 1),
        command: matches!(step.kind, Kind::Run(_) | Kind::Argv(_)),
    }
}

/// A step that has begun and has no outcome yet.
fn under_way(
    plan: &Plan,
    state: &RunState,
    step: &Step,
    record: &StepRecord,
    attempt: &Attempt,
) -> Next {
    if attempt.ended.is_some()
        && let Some(next) = pending::after(plan, state, step, record)
    {
        return next;
    }
    if record.has(Word::DidItsWork) {
        return verified(plan, state, step, attempt);
    }
    if let Some(why) = &attempt.unknown {
        return unknown::next(plan, state, step, record, attempt, why);
    }
    let scope = Scope::at(plan, state, &step.id);
    match &step.kind {
        Kind::Run(_) | Kind::Argv(_) => {
            let Some(end) = &attempt.end else {
                let files = format!("{}.{}", step.id, attempt.attempt);
                let running = Next::Await(run(attempt, &files, step_command(&scope, step)));
                return pending::beside(plan, state, step, running);
            };
            match &end.exit {
                Exit::Code(code) if step.ok_codes.contains(code) => {
                    verified(plan, state, step, attempt)
                }
                exit => failed(step, exit.to_string()),
            }
        }
        Kind::Check(polled) => {
            let key = AskKey::Check(step.id.clone());
            match state.answers.get(&key).map(|answered| &answered.answer) {
                None => {
                    let asked = poll(key, &scope, polled, &step.settings, &attempt.started);
                    pending::beside(plan, state, step, asked)
                }
                Some(answer) => {
                    let counted = pending::after(plan, state, step, record);
                    counted.unwrap_or_else(|| match answer {
                        Answer::Yes => finished(step, Outcome::Done),
                        Answer::No(_) | Answer::CouldNotTell(_) => failed(step, answer.to_string()),
                    })
                }
            }
        }
        Kind::Manual(_) if record.has(Word::DoneByHand) => verified(plan, state, step, attempt),
        Kind::Manual(_) => Next::question(Question::ManualDone {
            step: step.id.clone(),
        }),
    }
}

/// What an intent without an end waits for.
pub(super) fn run(attempt: &Attempt, stem: &str, command: Option<CommandSpec>) -> Vec<Effect> {
    let number = attempt.number;
    let run = command.map(|command| Effect::Run {
        number,
        stem: stem.to_owned(),
        command,
    });
    let wishes = [
        (&attempt.cancelled, Reach::Command),
        (&attempt.let_go, Reach::LetGo),
    ];
    let cancels = wishes.into_iter().filter_map(|(who, reach)| {
        Some(Effect::Cancel {
            number,
            stem: stem.to_owned(),
            who: who.clone()?,
            reach,
        })
    });
    run.into_iter().chain(cancels).collect()
}

/// Asks until the answer is yes or time is up.
pub(super) fn poll(
    key: AskKey,
    scope: &Scope<'_>,
    polled: &Polled,
    settings: &Settings,
    since: &Moment,
) -> Next {
    let until = polled.within.map(|within| since.plus(within));
    let ask = ask_of(scope, &polled.guard, settings);
    Next::Await(vec![Effect::Ask {
        key,
        ask,
        until,
        every: polled.every,
    }])
}

/// A step whose command did its work: now `verify` has the word.
pub(super) fn verified(plan: &Plan, state: &RunState, step: &Step, attempt: &Attempt) -> Next {
    let Some(polled) = &step.verify else {
        return finished(step, Outcome::Done);
    };
    let key = AskKey::Verify(step.id.clone());
    match state.answers.get(&key).map(|answered| &answered.answer) {
        None => {
            let scope = Scope::at(plan, state, &step.id);
            // A person's word comes later than the command's end.
            let said = state
                .steps
                .get(&step.id)
                .is_some_and(|r| r.has(Word::DidItsWork) || r.has(Word::DoneByHand));
            let ended = attempt.ended.as_ref().filter(|_| !said);
            let since = ended.unwrap_or(&state.last_at);
            poll(key, &scope, polled, &step.settings, since)
        }
        Some(Answer::Yes) => finished(step, Outcome::Done),
        Some(answer) => failed(step, format!("verify says {answer}")),
    }
}

/// A step's end.
fn finished(step: &Step, outcome: Outcome) -> Next {
    Next::happen([Event::StepFinished {
        step: step.id.clone(),
        outcome,
    }])
}

/// A step's failure.
fn failed(step: &Step, why: String) -> Next {
    finished(step, Outcome::Failed(why))
}
