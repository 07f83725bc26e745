//! The front end for scripts: progress lines, no questions. Where a person is needed it says so,
//! prints the commands that answer, and leaves the run parked with its supervisor alive.

use super::excerpt::last_lines;
use super::narrate::{command, end, tell};
use super::silence::Silent;
use super::{Ending, Parked, PlainError, Session, say};
use crate::engine;
use crate::journal::{Decision, Question, Recorded, RunState};
use crate::types::StepId;

/// Whether a run that waits to be started is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// It is: everything was accepted beforehand.
    AtOnce,
    /// It stays as it is.
    No,
}

/// Follows a run until it is finished or a person is needed.
pub fn follow(session: &mut Session<'_>, begin: Begin) -> Result<Ending, PlainError> {
    session.catch_up()?;
    where_it_stands(session)?;
    let mut begin = begin == Begin::AtOnce;
    let mut silent = Silent::default();
    loop {
        let events = session.take_news()?;
        report(session, &events)?;
        if let Some(signal) = session.wake.signal() {
            return Ok(Ending::Signal(signal));
        }
        let Some(state) = &session.mirror.state else {
            session.wait_for_news()?;
            continue;
        };
        if let Some(finished) = &state.finished {
            return Ok(Ending::Finished(finished.result.clone()));
        }
        if let Some(open) = &state.open {
            if !(begin && open.question == Question::Start) {
                return park(session);
            }
            begin = false;
            let at = Some(open.asked);
            let (reply, events) = session.decide(at, Decision::Start)?;
            report(session, &events)?;
            if let Err(refusal) = reply {
                // Somebody else may have started it.
                say::sentence(&refusal.why)?;
            }
            continue;
        }
        if !engine::leftovers(state).is_empty() {
            return park(session);
        }
        silent.tell(session)?;
        session.wait_at_most(Silent::look_again(session))?;
    }
}

/// Prints which run this is and how far it is.
fn where_it_stands(session: &Session<'_>) -> Result<(), PlainError> {
    let Some(state) = &session.mirror.state else {
        return Ok(());
    };
    let plan = &session.mirror.plan;
    let steps = engine::walk_of(plan, state).map_or(0, |walk| walk.steps().count());
    let over = state
        .steps
        .values()
        .filter(|step| step.is_settled())
        .count();
    say::sentence(&format!(
        "run {} of {} on {}, plan digest {}: {over} of {steps} steps are done.",
        state.run.run, state.run.service, state.run.host, state.run.plan_digest
    ))?;
    for remark in &state.remarks {
        say::news(remark.at.wall, &remark.text)?;
    }
    if !state.unknown.is_empty() {
        let many = state.unknown.len();
        say::sentence(&format!(
            "{many} of its events are of kinds that only a newer upwalk knows."
        ))?;
    }
    if let Some(finished) = &state.finished {
        say::news(finished.at.wall, &end(&finished.result))?;
    }
    Ok(())
}

/// Prints what happened.
pub(super) fn report(session: &Session<'_>, events: &[Recorded]) -> Result<(), PlainError> {
    let Some(state) = &session.mirror.state else {
        return Ok(());
    };
    for event in events {
        if let Some(sentence) = tell(&session.mirror.plan, state, event) {
            say::news(event.at.wall, &sentence)?;
        }
        if let Some(command) = command(&session.mirror.plan, state, event) {
            say::lines(&command)?;
        }
    }
    Ok(())
}

/// Says what the run waits for and what to type, and leaves it so.
fn park(session: &Session<'_>) -> Result<Ending, PlainError> {
    let Some(state) = &session.mirror.state else {
        return Ok(Ending::Parked(Parked::Asking));
    };
    let why = engine::why(&session.mirror.plan, state, &(session.now)());
    say::lines(&why.sentence)?;
    for line in failed_step(state).map_or_else(Vec::new, |step| last_lines(session, step)) {
        say::lines(&line)?;
    }
    say::lines("The run stays as it is until a person decides. What can be typed:")?;
    for command in &why.commands {
        say::command(&(session.paste)(command))?;
    }
    let failed = state
        .open
        .as_ref()
        .is_some_and(|open| is_failure(&open.question));
    Ok(Ending::Parked(if failed {
        Parked::Failed
    } else {
        Parked::Asking
    }))
}

/// The step that failed, where that is what the run waits with.
pub(super) fn failed_step(state: &RunState) -> Option<&StepId> {
    match &state.open.as_ref()?.question {
        Question::Failed { step, .. }
        | Question::UndoFailed { step, .. }
        | Question::OutcomeUnknown { step, .. } => Some(step),
        Question::Start
        | Question::Confirm { .. }
        | Question::NextStep { .. }
        | Question::Halted
        | Question::ManualDone { .. }
        | Question::Blocked { .. }
        | Question::CouldNotTell { .. }
        | Question::Paused { .. }
        | Question::Boundary { .. }
        | Question::PauseHeld { .. }
        | Question::WrongVersion { .. }
        | Question::UndoUnsure { .. } => None,
    }
}

/// Whether a failed step is what the run waits with.
fn is_failure(question: &Question) -> bool {
    match question {
        Question::Failed { .. } | Question::Blocked { .. } | Question::UndoFailed { .. } => true,
        Question::Start
        | Question::Confirm { .. }
        | Question::NextStep { .. }
        | Question::Halted
        | Question::ManualDone { .. }
        | Question::OutcomeUnknown { .. }
        | Question::CouldNotTell { .. }
        | Question::Paused { .. }
        | Question::Boundary { .. }
        | Question::PauseHeld { .. }
        | Question::WrongVersion { .. }
        | Question::UndoUnsure { .. } => false,
    }
}
