//! A question as it is read out: what it is about, and what the plan says of it. Pure.

use super::names::Names;
use crate::engine;
use crate::journal::{Open, Question, RunState};
use crate::plan::{Item, Plan};
use crate::text;
use crate::types::Moment;

/// The question as lines to read out.
pub(super) fn read_out(plan: &Plan, state: &RunState, open: &Open, now: &Moment) -> Vec<String> {
    let names = Names::of(plan, state);
    if let Question::Confirm { .. } = &open.question {
        return super::warning::read_out(&names, &open.question);
    }
    let mut lines = vec![format!(
        "upwalk: {}",
        engine::why(plan, state, now).sentence
    )];
    match &open.question {
        Question::Start => lines.extend(overview(&names, plan, state)),
        Question::Paused { pause, .. } => lines.extend(meanwhile(&names, plan, state, pause)),
        Question::ManualDone { step } | Question::Failed { step, .. } => {
            lines.extend(help(&names, step));
        }
        Question::Blocked { steps, .. } => {
            for step in steps {
                lines.push(format!("  step {} does not hold.", names.item(step)));
                lines.extend(help(&names, step));
            }
        }
        Question::Confirm { .. }
        | Question::NextStep { .. }
        | Question::Halted
        | Question::OutcomeUnknown { .. }
        | Question::CouldNotTell { .. }
        | Question::Boundary { .. }
        | Question::PauseHeld { .. }
        | Question::WrongVersion { .. }
        | Question::UndoFailed { .. }
        | Question::UndoUnsure { .. } => {}
    }
    lines
}

/// The run in a few lines, before anything happens.
fn overview(names: &Names<'_>, plan: &Plan, state: &RunState) -> Vec<String> {
    let run = &state.run;
    let environment = run
        .environment
        .as_ref()
        .map_or("NO ENV".to_owned(), |(name, _)| name.clone());
    let from = run.from_exact.as_ref().map(|from| format!(" {from}"));
    let to = run.to.as_ref().map(|to| format!(" to {to}"));
    let mut lines = vec![format!(
        "  Host {}, environment {environment}, {}{}{}, plan digest {}.",
        run.host,
        run.service,
        from.unwrap_or_default(),
        to.unwrap_or_default(),
        run.plan_digest,
    )];
    lines.extend(names.items().iter().map(|item| one_of_all(names, item)));
    let last = engine::walk_of(plan, state).and_then(engine::point_of_no_return);
    lines.push(match last {
        Some(step) => format!("  Point of no return: step {}.", names.item(&step.id)),
        None => "  There is no point of no return.".to_owned(),
    });
    lines
}

/// A phase or pause in a line.
fn one_of_all(names: &Names<'_>, item: &Item) -> String {
    let name = names.item(item.id());
    let many = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    match item {
        Item::Phase(phase) => {
            let warnings = phase.steps.iter().map(|step| step.warnings.len());
            let warnings = phase.warnings.len() + warnings.sum::<usize>();
            let steps = many(phase.steps.len(), "step");
            let looks = if phase.role.changes_nothing() {
                ", which only look"
            } else {
                ""
            };
            match warnings {
                0 => format!("  Phase {name}: {steps}{looks}."),
                count => format!(
                    "  Phase {name}: {steps}{looks}, {}.",
                    many(count, "warning")
                ),
            }
        }
        Item::Pause(pause) => {
            let least = pause
                .min
                .map(|min| format!(" for at least {}", text::duration(min)));
            format!(
                "  Pause {name}: waits for you{}.",
                least.unwrap_or_default()
            )
        }
    }
}

/// What the plan says of a pause.
fn meanwhile(
    names: &Names<'_>,
    plan: &Plan,
    state: &RunState,
    pause: &crate::types::StepId,
) -> Vec<String> {
    let found = engine::walk_of(plan, state).and_then(|walk| walk.pause(pause));
    let Some(pause) = found else {
        return Vec::new();
    };
    let text = pause.text.iter().chain(&pause.meanwhile);
    text.map(|words| format!("  {}", names.text(words)))
        .collect()
}

/// What a step is for and what to do when it fails.
fn help(names: &Names<'_>, id: &crate::types::StepId) -> Vec<String> {
    let Some(step) = names.find(id) else {
        return Vec::new();
    };
    let manual = match &step.kind {
        crate::plan::Kind::Manual(words) => Some(words),
        crate::plan::Kind::Run(_) | crate::plan::Kind::Argv(_) | crate::plan::Kind::Check(_) => {
            None
        }
    };
    let remedy = step
        .remedy
        .iter()
        .map(|words| format!("  Remedy: {}", names.text(words)));
    let manual = manual.map(|words| format!("  By hand: {}", names.text(words)));
    manual.into_iter().chain(remedy).collect()
}
