//! What happens next where a run stops: at pauses and at its end.

use super::Scope;
use super::command::{ask_of, shell_command};
use super::due::Effect;
use super::next::{Next, poll};
use super::warning;
use crate::journal::{AskKey, Event, Measured, Open, Outcome, Question, RunResult, RunState};
use crate::plan::{Kind, Pause, PauseGuard, Plan, Settings, Step, Walk};
use crate::types::{Answer, Millis, Moment, Series, Version};

/// While a question is open only two do anything. A pause has its guards watched, and asks again when
/// its `max` has passed; a warning has its facts measured again.
pub(super) fn while_asked(
    plan: &Plan,
    state: &RunState,
    walk: &Walk,
    open: &Open,
    now: &Moment,
) -> Next {
    let Question::Paused { pause: id, overdue } = &open.question else {
        return warning::measured_again(plan, state, walk, open);
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
    let watch = |(index, guard): (usize, &PauseGuard)| Effect::Watch {
        key: AskKey::PauseWatch(id.clone(), index),
        ask: ask_of(&scope, &guard.guard, &Settings::default()),
        every: WATCH_EVERY,
    };
    Next::Await(pause.guards.iter().enumerate().map(watch).collect())
}

/// How often a pause's guards are measured while it lasts.
const WATCH_EVERY: Millis = Millis::from_secs(60);

/// A pause that is not over.
pub(super) fn in_pause(
    plan: &Plan,
    state: &RunState,
    walk: &Walk,
    pause: &Pause,
    now: &Moment,
) -> Next {
    let id = pause.id.clone();
    let Some(record) = state.pauses.get(&pause.id) else {
        let settings = Settings::default();
        let mut warnings = pause.warnings.iter();
        let asked = warnings
            .find_map(|warning| warning::pass(plan, state, warning, &pause.id, &settings, now));
        return asked.unwrap_or_else(|| Next::happen([Event::PauseEntered { pause: id }]));
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
pub(super) fn at_end(plan: &Plan, state: &RunState) -> Next {
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
