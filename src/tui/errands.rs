//! Keys that lend the terminal or copy something: a shell, the pager, the clipboard. Part of
//! `update`, and as pure; the lending itself is `run`'s.

use super::model::{Mode, Model, Order, Overlay};
use super::rows::{Row, row};
use super::seen::{Screen, Seen, Subject};
use super::update::{decide, rearm};
use crate::engine::{self, Scope};
use crate::journal::Decision;
use crate::plan::{Item, Kind};
use crate::report;
use crate::text;
use crate::types::{CommandSpec, EnvValue, Seq, StepId};

/// What the terminal is lent for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Loan {
    /// A shell in the place of a step, whose opening has this number.
    Shell { opened: Seq, step: Option<StepId> },
    /// The step of this intent, which asks something.
    Step(Seq),
    /// The log of this intent in the pager.
    Log(Seq),
    /// The report in the pager.
    Report,
}

/// In the place of which step a shell is to be opened; none: of the run as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShellAt(Option<StepId>);

/// A shell is recorded before it is opened.
pub(super) fn shell(model: &mut Model, seen: &Seen<'_>) -> Vec<Order> {
    let step = shown_step(model, seen);
    let open = Decision::OpenShell { step: step.clone() };
    let orders = decide(model, seen, open);
    if !orders.is_empty() {
        model.shell = Some(ShellAt(step));
    }
    orders
}

/// The opening of a shell is recorded under this number: now it may be opened.
pub(super) fn recorded(model: &mut Model, opened: Seq) -> Vec<Order> {
    let step = model.shell.take();
    step.map(|ShellAt(step)| Order::Lend(Loan::Shell { opened, step }))
        .into_iter()
        .collect()
}

/// The pager with the log, or with the report once the run is over.
pub(super) fn pager(model: &mut Model, seen: &Seen<'_>, mode: Mode) -> Vec<Order> {
    if mode == Mode::Finished {
        return vec![Order::Lend(Loan::Report)];
    }
    if let Some(subject) = model.subject(seen) {
        return vec![Order::Lend(Loan::Log(subject.attempt.number))];
    }
    model.said = Some("No command has run yet, so there is no log.".into());
    Vec::new()
}

/// Copies where the run is kept, once it is over; else the command of the step on the screen.
pub(super) fn copy(model: &mut Model, seen: &Seen<'_>, mode: Mode) -> Vec<Order> {
    let text = if mode == Mode::Finished {
        Some(seen.state.run.run_dir.display().to_string())
    } else {
        shown_step(model, seen).and_then(|step| command_of(seen, &step))
    };
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        model.said = Some("There is no command here to copy.".into());
        return Vec::new();
    };
    // Each line by itself: a text of the plan keeps its lines, and nothing else passes.
    let lines: Vec<_> = text.lines().map(text::clean).collect();
    let text = lines.join("\n");
    model.overlay = Some(Overlay::Copied(text.clone(), 0));
    rearm(model, seen);
    vec![Order::Copy(text)]
}

/// A step's command, to be pasted into a shell.
fn command_of(seen: &Seen<'_>, id: &StepId) -> Option<String> {
    let (_, step) = seen.step(id)?;
    if let Kind::Run(text) = &step.kind {
        return Some(text.trim_end().to_owned());
    }
    let spec = engine::step_command(&Scope::at(seen.plan, seen.state, id), step)?;
    let words: Vec<_> = spec.argv.iter().map(|word| report::quote(word)).collect();
    Some(words.join(" "))
}

/// The command that runs and wants a person's terminal, which this screen may give it.
pub(super) fn wanting<'a>(seen: &Seen<'a>) -> Option<Subject<'a>> {
    let subject = seen.subject()?;
    let wants = engine::wants_terminal(seen.plan, seen.state, subject.step);
    let may = seen.yours && !seen.gone;
    (wants && may && !subject.undo && subject.is_running()).then_some(subject)
}

/// Notes whether an answer lets a command begin that wants the terminal of whoever gives it.
pub(super) fn answered(model: &mut Model, seen: &Seen<'_>, decision: &Decision) {
    let begins = matches!(
        decision,
        Decision::Continue { .. } | Decision::Retry | Decision::Confirm { .. }
    );
    let wants = |step: &StepId| engine::wants_terminal(seen.plan, seen.state, step);
    model.joins = begins && seen.asked_about().is_some_and(wants);
}

/// Gives the terminal to a command that this screen let begin.
pub(super) fn began(model: &mut Model, seen: &Seen<'_>, mut orders: Vec<Order>) -> Vec<Order> {
    if let Some(subject) = wanting(seen).filter(|_| model.joins) {
        model.joins = false;
        orders.push(Order::Lend(Loan::Step(subject.attempt.number)));
    }
    orders
}

/// Gives the terminal to the command that wants it.
pub(super) fn join(model: &mut Model, seen: &Seen<'_>) -> Vec<Order> {
    if let Some(subject) = wanting(seen) {
        return vec![Order::Lend(Loan::Step(subject.attempt.number))];
    }
    model.said = Some("No step wants your terminal now.".into());
    Vec::new()
}

/// What is said before a step has the terminal.
pub(super) fn at_the_step(seen: &Seen<'_>) -> Vec<String> {
    let step = seen.subject().map(|subject| subject.step);
    let step = step.map_or_else(
        || "The step".to_owned(),
        |step| format!("Step {} {}", seen.label(step), seen.name(step)),
    );
    let say = [
        String::new(),
        format!("upwalk: {step} has your terminal now. Type what it asks for."),
        "upwalk: Ctrl-] brings you back to the screen; the step goes on and keeps its terminal."
            .to_owned(),
        "upwalk: what it writes is recorded; what you type is not, unless the step shows it."
            .to_owned(),
    ];
    say.iter().map(|line| text::clean(line)).collect()
}

/// What stands above a shell's first prompt.
pub(super) fn in_the_shell(
    seen: &Seen<'_>,
    step: Option<&StepId>,
    spec: &CommandSpec,
    user: Option<&str>,
) -> Vec<String> {
    let place = step.map_or_else(
        || "for this run".to_owned(),
        |step| format!("for step {} {}", seen.label(step), seen.name(step)),
    );
    let who = user.map_or_else(
        || "as yourself, the user of this run".to_owned(),
        |user| format!("AS USER {user}"),
    );
    let dir = spec.dir.display();
    let mut say = vec![
        String::new(),
        format!("upwalk: a shell {place}, {who}, in {dir}."),
        "upwalk: opening and leaving it are recorded, what you type is not. upwalk takes back nothing \
         that you do here."
            .to_owned(),
    ];
    let hidden: Vec<_> = spec
        .env
        .iter()
        .filter(|(_, value)| matches!(value, EnvValue::Secret(_)))
        .map(|(name, _)| format!("${name}"))
        .collect();
    if !hidden.is_empty() {
        let hidden = hidden.join(", ");
        say.push(format!("upwalk: secrets are not set here: {hidden}."));
    }
    say.push(
        "upwalk: the environment is that of the step. \"exit\" or Ctrl-D brings you back.".into(),
    );
    say.iter().map(|line| text::clean(line)).collect()
}

/// The prompt of such a shell, as bash reads it.
pub(super) fn prompt(label: Option<&str>) -> String {
    let label = label.map(|label| format!(" {label}")).unwrap_or_default();
    format!("[upwalk{label}] \\u@\\h:\\w\\$ ")
}

/// The step whose command `c` shows.
pub(super) fn shown_step(model: &Model, seen: &Seen<'_>) -> Option<StepId> {
    if seen.screen() == Screen::Overview {
        return match row(model, seen)? {
            Row::Step(step) => Some(step),
            Row::Item(item) => first_step(seen, &item),
        };
    }
    let asked = seen.asked_about().filter(|id| seen.step(id).is_some());
    let subject = seen.subject().map(|subject| subject.step);
    asked.or(seen.current()).or(subject).cloned()
}

fn first_step(seen: &Seen<'_>, id: &StepId) -> Option<StepId> {
    match seen.item_of(id)? {
        Item::Phase(phase) => phase.steps.first().map(|step| step.id.clone()),
        Item::Pause(_) => None,
    }
}
