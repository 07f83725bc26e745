//! What happens next: the walk, forwards. (`back` is the same for a rollback.)
//!
//! One pure function of plan and state says either which events follow, or what the run waits for.
//! `decide` asks it until it waits; `due` is what it waits for.

use super::Scope;
use super::command::{ask_of, shell_command, step_command};
use super::due::Effect;
use super::walk::{Stop, boundary, is_over, walk_of};
use super::{back, warning};
use crate::journal::{
    AskKey, Attempt, Event, Measured, Outcome, Question, RunResult, RunState, SkipReason, StepMode,
    StepRecord,
};
use crate::plan::{Item, Kind, Pause, Phase, Plan, Polled, Rerun, Role, Settings, Step, Walk};
use crate::types::{Answer, Exit, Millis, Moment, Series, Version};

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
    const REST: Self = Self::Await(Vec::new());
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
        return while_asked(plan, state, walk, &open.question, now);
    }
    if state.rollback.is_some() {
        return back::next(plan, state);
    }
    if !state.begun {
        return Next::question(Question::Start);
    }
    if let Some(next) = warning::pass_own(state) {
        return next;
    }
    for item in &walk.items {
        if is_over(state, item) {
            continue;
        }
        return match item {
            Item::Phase(phase) => in_phase(plan, state, walk, phase),
            Item::Pause(pause) => in_pause(plan, state, walk, pause),
        };
    }
    at_end(plan, state)
}

/// While a question is open only a pause does anything: its guards are watched, and it asks again
/// when its `max` has passed.
fn while_asked(
    plan: &Plan,
    state: &RunState,
    walk: &Walk,
    question: &Question,
    now: &Moment,
) -> Next {
    let Question::Paused { pause: id, overdue } = question else {
        return Next::REST;
    };
    let (Some(pause), Some(record)) = (walk.pause(id), state.pauses.get(id)) else {
        return Next::REST;
    };
    let end = pause.max.map(|max| record.entered.plus(max));
    if !overdue && end.is_some_and(|end| now.reached(&end)) {
        return Next::question(Question::Paused {
            pause: id.clone(),
            overdue: true,
        });
    }
    let scope = Scope::of(plan, state);
    let watch = |(index, guard): (usize, &crate::plan::PauseGuard)| Effect::Watch {
        key: AskKey::PauseWatch(id.clone(), index),
        ask: ask_of(&scope, &guard.guard, &Settings::default()),
        every: WATCH_EVERY,
    };
    Next::Await(pause.guards.iter().enumerate().map(watch).collect())
}

/// How often a pause's guards are measured while it lasts.
const WATCH_EVERY: Millis = Millis::from_secs(60);

/// A phase that is not over.
fn in_phase(plan: &Plan, state: &RunState, walk: &Walk, phase: &Phase) -> Next {
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
            if let Some(next) = warning::pass(plan, state, warning, &phase.id, &settings) {
                return next;
            }
        }
        return Next::happen([Event::PhaseStarted {
            phase: phase.id.clone(),
        }]);
    }
    let mut blockers = Vec::new();
    for step in &phase.steps {
        let record = state.steps.get(&step.id);
        if record.is_some_and(StepRecord::is_settled) {
            continue;
        }
        let failed = record.is_some_and(|r| matches!(r.outcome, Some(Outcome::Failed(_))));
        if failed && phase.role == Role::Preflight {
            blockers.push(step.id.clone());
            continue;
        }
        return in_step(plan, state, step);
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

/// A step that is not over.
fn in_step(plan: &Plan, state: &RunState, step: &Step) -> Next {
    let blank = StepRecord::default();
    let record = state.steps.get(&step.id).unwrap_or(&blank);
    if let Some(Outcome::Failed(why)) = &record.outcome {
        return Next::question(Question::Failed {
            step: step.id.clone(),
            why: why.clone(),
        });
    }
    match record.attempts.last() {
        Some(attempt) if !record.begin_again => under_way(plan, state, step, record, attempt),
        Some(_) | None => begin(plan, state, step, record),
    }
}

/// All that stands before a step's intent.
fn begin(plan: &Plan, state: &RunState, step: &Step, record: &StepRecord) -> Next {
    if state.pause_requested.is_some() {
        return Next::question(Question::Halted);
    }
    let scope = Scope::at(plan, state, &step.id);
    let guards = [
        (AskKey::StepApplies(step.id.clone()), &step.only_if),
        (AskKey::StepDone(step.id.clone()), &step.unless),
    ];
    for (key, guard) in guards {
        let Some(guard) = guard.as_ref().filter(|_| !record.overridden) else {
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
    if state.run.step_mode == StepMode::Stepping && !record.let_begin {
        return Next::question(Question::NextStep {
            step: step.id.clone(),
        });
    }
    for warning in &step.warnings {
        if let Some(next) = warning::pass(plan, state, warning, &step.id, &step.settings) {
            return next;
        }
    }
    Next::happen([started(step, record)])
}

/// The next attempt's first event.
fn started(step: &Step, record: &StepRecord) -> Event {
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
    if record.settled_done {
        return verified(plan, state, step, attempt);
    }
    if let Some(why) = &attempt.unknown {
        return unknown(plan, state, step, record, attempt, why);
    }
    let scope = Scope::at(plan, state, &step.id);
    match &step.kind {
        Kind::Run(_) | Kind::Argv(_) => match &attempt.end {
            Some(end) => match &end.exit {
                Exit::Code(code) if step.ok_codes.contains(code) => {
                    verified(plan, state, step, attempt)
                }
                exit => failed(step, exit.to_string()),
            },
            None => {
                let stem = format!("{}.{}", step.id, attempt.attempt);
                Next::Await(run(attempt, stem, step_command(&scope, step)))
            }
        },
        Kind::Check(polled) => {
            let key = AskKey::Check(step.id.clone());
            match state.answers.get(&key).map(|answered| &answered.answer) {
                None => poll(key, &scope, polled, &step.settings, &attempt.started),
                Some(Answer::Yes) => finished(step, Outcome::Done),
                Some(answer) => failed(step, answer.to_string()),
            }
        }
        Kind::Manual(_) if record.by_hand => verified(plan, state, step, attempt),
        Kind::Manual(_) => Next::question(Question::ManualDone {
            step: step.id.clone(),
        }),
    }
}

/// What an intent without an end waits for.
pub(super) fn run(
    attempt: &Attempt,
    stem: String,
    command: Option<crate::types::CommandSpec>,
) -> Vec<Effect> {
    let number = attempt.number;
    let run = command.map(|command| Effect::Run {
        number,
        stem: stem.clone(),
        command,
    });
    let cancel = attempt
        .cancelled
        .clone()
        .map(|who| Effect::Cancel { number, stem, who });
    run.into_iter().chain(cancel).collect()
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
fn verified(plan: &Plan, state: &RunState, step: &Step, attempt: &Attempt) -> Next {
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
                .is_some_and(|r| r.settled_done || r.by_hand);
            let ended = attempt.ended.as_ref().filter(|_| !said);
            let since = ended.unwrap_or(&state.last_at);
            poll(key, &scope, polled, &step.settings, since)
        }
        Some(Answer::Yes) => finished(step, Outcome::Done),
        Some(answer) => failed(step, format!("verify says {answer}")),
    }
}

/// A step whose command ended nobody knows how: run again, ask, or leave it to a person.
fn unknown(
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
        (Rerun::Never, _) | (Rerun::Check, None) => person(),
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

/// A pause that is not over.
fn in_pause(plan: &Plan, state: &RunState, walk: &Walk, pause: &Pause) -> Next {
    for warning in &pause.warnings {
        let settings = Settings::default();
        if let Some(next) = warning::pass(plan, state, warning, &pause.id, &settings) {
            return next;
        }
    }
    let id = pause.id.clone();
    let Some(record) = state.pauses.get(&pause.id) else {
        return Next::happen([Event::PauseEntered { pause: id }]);
    };
    if !record.leaving {
        return Next::question(Question::Paused {
            pause: id,
            overdue: false,
        });
    }
    let mut held = Vec::new();
    let scope = Scope::of(plan, state);
    for (index, guard) in pause.guards.iter().enumerate() {
        let key = AskKey::PauseGuard(pause.id.clone(), index);
        match state.answers.get(&key).map(|answered| &answered.answer) {
            None => return Next::ask(key, ask_of(&scope, &guard.guard, &Settings::default())),
            Some(Answer::Yes) => {}
            Some(answer) => held.push(format!("{}: {answer}", scope.text(&guard.name))),
        }
    }
    let lasting = |step: &&Step| {
        step.lasting
            && state
                .steps
                .get(&step.id)
                .is_some_and(|r| r.outcome == Some(Outcome::Done))
    };
    for step in walk.steps().map(|(_, step)| step).filter(lasting) {
        let Kind::Check(polled) = &step.kind else {
            continue;
        };
        let key = AskKey::Lasting(pause.id.clone(), step.id.clone());
        let scope = Scope::at(plan, state, &step.id);
        match state.answers.get(&key).map(|answered| &answered.answer) {
            None => return poll(key, &scope, polled, &step.settings, &state.last_at),
            Some(Answer::Yes) => {}
            Some(answer) => held.push(format!("{}: {answer}", scope.text(&step.name))),
        }
    }
    if held.is_empty() || record.overridden {
        return Next::happen([Event::PauseLeft { pause: id }]);
    }
    Next::question(Question::PauseHeld {
        pause: id,
        why: held,
    })
}

/// After the last item: the installed version has the last word.
fn at_end(plan: &Plan, state: &RunState) -> Next {
    let done = Event::RunFinished {
        result: RunResult::Done,
    };
    let Some(to) = &state.run.to else {
        return Next::happen([done]);
    };
    let of = Measured::VersionAtEnd(state.version_rounds);
    match version_is(plan, state, of, to) {
        Ok(version) => Next::happen([Event::LedgerMoved { version }, done]),
        Err(next) => next,
    }
}

/// The installed version, which must be of a series; or what to do before that is known.
pub(super) fn version_is(
    plan: &Plan,
    state: &RunState,
    of: Measured,
    series: &Series,
) -> Result<Version, Next> {
    let wrong = |found| {
        Next::question(Question::WrongVersion {
            expected: series.clone(),
            found,
        })
    };
    let Some(text) = plan
        .version
        .as_ref()
        .and_then(|version| version.detect.as_ref())
    else {
        return Version::parse(series.as_str()).map_err(|error| wrong(Err(error.to_string())));
    };
    let Some(values) = state.measured.get(&of) else {
        let command = shell_command(&Scope::of(plan, state), text);
        let commands = vec![("version".to_owned(), command)];
        return Err(Next::Await(vec![Effect::Measure { of, commands }]));
    };
    let found = values
        .first()
        .map_or(Err("nothing was measured".to_owned()), |v| v.value.clone());
    match found.as_ref().map(|text| Version::parse(text)) {
        Ok(Ok(version)) if series.contains(&version) => Ok(version),
        Ok(Ok(_)) => Err(wrong(found)),
        Ok(Err(error)) => Err(wrong(Err(error.to_string()))),
        Err(why) => Err(wrong(Err(why.clone()))),
    }
}
