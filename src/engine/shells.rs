//! People's terminals: shells that they open beside a run, and steps that they type into.

use super::Scope;
use super::command::bare_command;
use super::decide::Refusal;
use super::walk::walk_of;
use crate::journal::{Event, RunState, ShellLeft, ShellOpened};
use crate::plan::Plan;
use crate::types::{CommandSpec, Exit, Millis, Seq, StepId, TerminalOf, Who};

/// What a shell in the place of a step sees (directory, user, environment; no program); without a
/// step, what the run as a whole sees.
pub fn shell_spec(plan: &Plan, state: &RunState, step: Option<&StepId>) -> CommandSpec {
    let known = step.and_then(|id| Some((id, walk_of(plan, state)?.step(id)?.1)));
    match known {
        Some((id, step)) => bare_command(&Scope::at(plan, state, id), Some(step)),
        None => bare_command(&Scope::of(plan, state), None),
    }
}

/// Whether a step's command is to be joined to a person's terminal.
pub fn wants_terminal(plan: &Plan, state: &RunState, step: &StepId) -> bool {
    let step = walk_of(plan, state).and_then(|walk| walk.step(step));
    step.is_some_and(|(_, step)| step.terminal == Some(TerminalOf::Admin))
}

/// A person is about to open a shell.
pub(super) fn opened(plan: &Plan, state: &RunState, step: Option<&StepId>, who: &Who) -> Event {
    let spec = shell_spec(plan, state, step);
    Event::ShellOpened(ShellOpened {
        who: who.clone(),
        step: step.cloned(),
        user: spec.user,
        dir: spec.dir,
    })
}

/// A shell has ended, perhaps after the run; said twice, it is known already.
pub(super) fn left(
    state: &RunState,
    opened: Seq,
    exit: &Exit,
    took: Millis,
) -> Result<Vec<Event>, Refusal> {
    let shell = state.shells.iter().find(|shell| shell.number == opened);
    let Some(shell) = shell else {
        return Err(Refusal::new(format!("No shell has number {opened}.")));
    };
    if shell.left.is_some() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::ShellLeft(ShellLeft {
        opened,
        exit: exit.clone(),
        took,
    })])
}
