//! What a run waits for, in one sentence, and the next command to type.

use super::Scope;
use super::choices::choices;
use super::retry::{Retry, retry};
use super::running::{leftovers, let_go_command, running_command};
use super::shells::wants_terminal;
use super::walk::{position, walk_of};
use crate::journal::{Outcome, Question, RunResult, RunState};
use crate::plan::{Kind, Plan};
use crate::types::{Moment, StepId, WarningId};

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// One or two full sentences.
    pub sentence: String,
    /// Commands that answer, the usual one first, each beginning with `upwalk `.
    pub commands: Vec<String>,
    /// Whether a person is needed.
    pub needs_person: bool,
}

/// What the run waits for now.
pub fn why(plan: &Plan, state: &RunState, now: &Moment) -> Why {
    if let Some(finished) = &state.finished {
        let sentence = ending(state, &finished.result);
        return Why {
            sentence,
            commands: Vec::new(),
            needs_person: false,
        };
    }
    let service = &state.run.service;
    if let Some(open) = &state.open {
        let mut commands: Vec<String> = choices(plan, state)
            .into_iter()
            .map(|choice| choice.command)
            .filter(|command| !command.is_empty())
            .collect();
        if open.question == Question::Start {
            commands.insert(0, format!("upwalk attach {service}"));
        }
        let sentence = asks(plan, state, &open.question, now);
        return Why {
            sentence,
            commands,
            needs_person: true,
        };
    }
    if let Some(retry) = retry(plan, state) {
        return tried_again(plan, state, &retry);
    }
    if let (Some((step, _)), [_, ..]) = (running_command(state), leftovers(state)) {
        return outlived(plan, state, step);
    }
    let place = position(plan, state);
    let at = place.step.as_ref().or(place.item.as_ref());
    let sentence = match (at, &state.rollback) {
        (_, Some(_)) => "The run takes its steps back.".to_owned(),
        (Some(id), None) => sentence(&format!("{} is under way.", named(plan, state, id))),
        (None, None) => "The run ends: the installed version is looked up.".to_owned(),
    };
    let sentence = match &state.pause_requested {
        Some(who) => format!("{sentence} It stops afterwards, as {who} asked."),
        None => sentence,
    };
    Why {
        sentence,
        commands: vec![format!("upwalk attach {service}")],
        needs_person: false,
    }
}

/// A failed step that begins again by itself.
fn tried_again(plan: &Plan, state: &RunState, retry: &Retry) -> Why {
    let step = named(plan, state, &retry.step);
    let (number, of, begins) = (retry.number, retry.of, retry.begins.wall.clock());
    let service = &state.run.service;
    Why {
        sentence: sentence(&format!(
            "{step} failed: {}. It is tried again by itself at {begins} (retry {number} of {of}).",
            retry.why
        )),
        commands: vec![
            format!("upwalk attach {service}"),
            format!("upwalk pause {service}"),
        ],
        needs_person: false,
    }
}

/// The command of a step was ended, and what it left is waited for.
fn outlived(plan: &Plan, state: &RunState, step: &StepId) -> Why {
    let text = format!(
        "the command of {} was ended, but it has left running: {}. The run waits until that is \
         gone: end it by hand (kill), or say that it may stay.",
        named(plan, state, step),
        leftovers(state).join(", ")
    );
    Why {
        sentence: sentence(&text),
        commands: vec![
            let_go_command(state),
            format!("upwalk attach {}", state.run.service),
        ],
        needs_person: true,
    }
}

/// How a run ended.
fn ending(state: &RunState, result: &RunResult) -> String {
    let service = &state.run.service;
    match result {
        RunResult::Done => match &state.run.to {
            Some(to) => format!("The run is done: {service} is at {to}."),
            None => "The run is done.".to_owned(),
        },
        RunResult::RolledBack => "The run was rolled back.".to_owned(),
        RunResult::NeverStarted => "The run never began; nothing was changed.".to_owned(),
        RunResult::Lost => {
            "The run had ended; how is not known: the end of its journal is lost.".to_owned()
        }
        RunResult::Stopped { at, because, .. } => {
            let at = at
                .as_ref()
                .map(|at| format!(" at {at}"))
                .unwrap_or_default();
            let because = because
                .as_ref()
                .map(|why| format!(" ({why})"))
                .unwrap_or_default();
            format!("The run was stopped{at} and left as it was{because}.")
        }
    }
}

/// A step, phase or pause by its number and name.
fn named(plan: &Plan, state: &RunState, id: &StepId) -> String {
    let Some(walk) = walk_of(plan, state) else {
        return id.to_string();
    };
    let kind = if walk.step(id).is_some() {
        "step"
    } else if walk.pause(id).is_some() {
        "pause"
    } else {
        "phase"
    };
    let name = walk
        .name(id)
        .map(|name| Scope::at(plan, state, id).text(name));
    format!("{kind} {} ({})", walk.number(id), name.unwrap_or_default())
}

/// A sentence with its first letter in upper case.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// What became of taking a step back: that it failed, or that nobody knows.
fn not_taken_back(state: &RunState, step: &StepId, named: &str) -> String {
    let record = state.steps.get(step);
    match record.and_then(|record| record.undo_outcome.as_ref()) {
        Some(Outcome::Unknown(_)) => format!("nobody knows whether {named} was taken back"),
        Some(Outcome::Done | Outcome::NothingToDo | Outcome::Failed(_)) | None => {
            format!("{named} could not be taken back")
        }
    }
}

/// What a question wants to know.
fn asks(plan: &Plan, state: &RunState, question: &Question, now: &Moment) -> String {
    let named = |id: &StepId| named(plan, state, id);
    let text = match question {
        Question::Start => "Nothing has been changed. The run waits to be started.".into(),
        Question::Confirm {
            warning,
            before,
            phrase,
            ..
        } => confirm(plan, state, warning, before.as_ref(), phrase.as_ref()),
        Question::NextStep { step } if wants_terminal(plan, state, step) => format!(
            "{} asks something and waits for your terminal, to be typed into.",
            named(step)
        ),
        Question::NextStep { step } => format!("{} waits to be let begin.", named(step)),
        Question::Halted => "The run stopped here because somebody asked for it.".into(),
        Question::ManualDone { step } => by_hand(plan, state, step),
        Question::Failed { step, why } => format!("{} failed: {why}.", named(step)),
        Question::Blocked { steps, .. } => match steps.as_slice() {
            [one] => format!("{} failed, and nothing has been changed.", named(one)),
            many => format!(
                "{} checks failed, and nothing has been changed.",
                many.len()
            ),
        },
        Question::OutcomeUnknown { step, why } => {
            format!("Nobody knows whether {} did its work: {why}.", named(step))
        }
        Question::CouldNotTell { step, why, .. } => {
            format!(
                "Whether {} has to run could not be told: {why}.",
                named(step)
            )
        }
        Question::Paused { pause, overdue } => paused(plan, state, pause, *overdue, now),
        Question::Boundary { phase } => format!(
            "The run stops before {}: its steps change what the old code needs.",
            named(phase)
        ),
        Question::PauseHeld { why, .. } => {
            format!("The pause cannot end yet: {}.", why.join("; "))
        }
        Question::WrongVersion { expected, found } => match found {
            Ok(found) => format!("The installed version is {found}, and it must be {expected}."),
            Err(why) => format!("The installed version could not be looked up: {why}."),
        },
        Question::UndoFailed { step, why } => {
            format!("{}: {why}.", not_taken_back(state, step, &named(step)))
        }
        Question::UndoUnsure { step, why } => {
            format!(
                "Whether {} has to be taken back could not be told: {why}.",
                named(step)
            )
        }
    };
    sentence(&text)
}

/// A warning that has to be confirmed.
fn confirm(
    plan: &Plan,
    state: &RunState,
    warning: &WarningId,
    before: Option<&StepId>,
    phrase: Option<&String>,
) -> String {
    let before = before.map_or("the run goes on".to_owned(), |id| {
        format!("{} begins", named(plan, state, id))
    });
    let how = match phrase {
        Some(_) => "with a typed phrase",
        None => "by acknowledging it",
    };
    let number = walk_of(plan, state).map(|walk| walk.warning_number(warning));
    let number = number.unwrap_or_else(|| warning.to_string());
    format!("Warning {number} has to be confirmed {how} before {before}.")
}

/// A manual step, with what is to be done.
fn by_hand(plan: &Plan, state: &RunState, id: &StepId) -> String {
    let what = walk_of(plan, state).and_then(|walk| walk.step(id));
    let text = match what.map(|(_, step)| &step.kind) {
        Some(Kind::Manual(text)) => Scope::at(plan, state, id).text(text),
        Some(Kind::Run(_) | Kind::Argv(_) | Kind::Check(_)) | None => String::new(),
    };
    let lines: Vec<&str> = text.split_whitespace().collect();
    format!(
        "{} has to be done by hand: {}",
        named(plan, state, id),
        lines.join(" ")
    )
}

/// A pause, with the time from which it may end.
fn paused(plan: &Plan, state: &RunState, id: &StepId, overdue: bool, now: &Moment) -> String {
    let walk = walk_of(plan, state);
    let name = walk
        .and_then(|walk| walk.name(id))
        .map(|name| Scope::of(plan, state).text(name));
    let name = format!("\"{}\"", name.unwrap_or_default());
    let pause = walk_of(plan, state).and_then(|walk| walk.pause(id));
    let record = state.pauses.get(id);
    let min = pause.and_then(|pause| pause.min);
    match (record, min) {
        _ if overdue => format!("The pause {name} has lasted longer than the plan allows."),
        (Some(record), Some(min)) if !now.reached(&record.entered.plus(min)) => {
            let earliest = record.entered.plus(min).as_of(now).wall.clock();
            format!("The run pauses at {name}, until {earliest} at the earliest.")
        }
        (Some(_) | None, _) => format!("The run pauses at {name} until somebody lets it continue."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Event, Recorded, samples};

    #[test]
    fn an_undo_of_which_nobody_knows_is_not_called_failed() {
        let step = StepId::from("migrate");
        let ends = |outcome: Outcome| {
            let sample = samples::finished_run();
            let over = |one: &Recorded| matches!(one.event, Event::RunFinished { .. });
            let at = sample.iter().position(over).expect("it has an end");
            let mut state = RunState::of(&sample[..at]).expect("a good run");
            let events = [
                Event::UndoStarted {
                    step: step.clone(),
                    attempt: 1,
                },
                Event::UndoFinished {
                    step: step.clone(),
                    outcome,
                },
            ];
            for event in events {
                let (n, at) = (state.last.next(), state.last_at.clone());
                let applied = state.apply(&Recorded { n, at, event });
                applied.expect("it fits");
            }
            not_taken_back(&state, &step, "step 3.1")
        };
        assert_eq!(
            ends(Outcome::Unknown("the machine was restarted".into())),
            "nobody knows whether step 3.1 was taken back"
        );
        assert_eq!(
            ends(Outcome::Failed("exit code 1".into())),
            "step 3.1 could not be taken back"
        );
    }
}
