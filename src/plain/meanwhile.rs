//! What can be typed while steps run and nothing is asked. None of it can be meant for a question:
//! what ends a command takes two words, and everything that is no word of this list is thrown away
//! with a remark.

use super::asking::{decide, how_to_come_back, take_controls};
use super::excerpt::more_lines;
use super::names::Names;
use super::question::{Answered, note};
use super::{Ending, PlainError, Session, say, status, warning};
use crate::engine;
use crate::journal::{Decision, RunState};
use crate::text;

/// The words for a new line while steps run.
pub(super) const CAN: &str = "While steps run you can type \"status\", \"log\", \"command\", \"pause\" to \
     stop after the present step, \"cancel\" to end the running command, \"note\" with words behind it, or \
     \"leave\".";

/// What a line typed meanwhile led to.
pub(super) enum Meanwhile {
    /// Nothing that the prompts have to know of.
    Went,
    /// The controls are this one's now.
    Controls,
    /// The person has left.
    Left(Ending),
}

/// Does what a line says that was typed while nothing was asked.
pub(super) fn take(session: &mut Session<'_>, line: &str) -> Result<Meanwhile, PlainError> {
    match line.trim() {
        "" | "status" | "text" => tell_status(session)?,
        "log" => more_lines(session)?,
        "command" => tell_command(session)?,
        "pause" => send(session, Decision::Pause)?,
        "cancel" => explain_cancel(session)?,
        "cancel now" => send(session, Decision::Cancel)?,
        "let go now" => send(session, Decision::LetGo)?,
        "help" | "?" => say::lines(&format!("  {CAN}"))?,
        "leave" | "back" => {
            say::sentence("You leave the prompts only; the run goes on. To see it again, type:")?;
            how_to_come_back(session)?;
            return Ok(Meanwhile::Left(Ending::Detached));
        }
        super::asking::TAKE => {
            if take_controls(session)? {
                return Ok(Meanwhile::Controls);
            }
        }
        other => match note(other) {
            Some(Answered::Decide(decision)) => send(session, decision)?,
            Some(Answered::Wrong(why)) => say::lines(&format!("  {why}"))?,
            Some(_) | None => {
                let shown = text::cut(other, 60);
                say::lines(&format!(
                    "  Nothing is asked now, so \"{shown}\" was thrown away. {CAN}"
                ))?;
            }
        },
    }
    Ok(Meanwhile::Went)
}

/// Sends a decision that answers no question.
fn send(session: &mut Session<'_>, decision: Decision) -> Result<(), PlainError> {
    decide(session, None, decision).map(|_| ())
}

/// Says what runs.
fn tell_status(session: &Session<'_>) -> Result<(), PlainError> {
    let now = (session.now)();
    let sentence = status::sentence(&session.mirror, &now)
        .or_else(|| {
            let state = session.mirror.state.as_ref()?;
            Some(engine::why(&session.mirror.plan, state, &now).sentence)
        })
        .unwrap_or_default();
    say::news(now.wall, &sentence)?;
    let left = session.mirror.state.as_ref().map(engine::leftovers);
    if left.is_some_and(|left| !left.is_empty()) {
        say::lines("  Type \"let go now\" to say that what it has left running may stay.")?;
    }
    Ok(())
}

/// The whole command that runs.
fn tell_command(session: &Session<'_>) -> Result<(), PlainError> {
    let lines = session.mirror.state.as_ref().map(|state| {
        let names = Names::of(&session.mirror.plan, state);
        let step = running_step(state).and_then(|id| names.find(id));
        step.map_or_else(Vec::new, |step| warning::exact(&names, step))
    });
    let lines = lines.filter(|lines| !lines.is_empty());
    for line in lines.unwrap_or_else(|| vec!["  No command is running.".to_owned()]) {
        say::lines(&(session.blot)(&line))?;
    }
    Ok(())
}

/// The step whose command runs.
fn running_step(state: &RunState) -> Option<&crate::types::StepId> {
    let (step, _) = engine::running_command(state)?;
    Some(step)
}

/// Says what ending the running command means, and how it is meant.
fn explain_cancel(session: &Session<'_>) -> Result<(), PlainError> {
    let Some((step, state)) = session
        .mirror
        .state
        .as_ref()
        .and_then(|state| Some((running_step(state)?, state)))
    else {
        return Ok(say::lines("  No command is running. Nothing was done.")?);
    };
    if !engine::leftovers(state).is_empty() {
        say::lines(
            "  The command was ended already, but it has left something running. Type \"let go now\" to \
             say that this may stay.",
        )?;
        return Ok(());
    }
    let name = Names::of(&session.mirror.plan, state).item(step);
    let grace = text::duration(session.mirror.plan.defaults.grace);
    Ok(say::lines(&format!(
        "  Nothing was done yet. Type \"cancel now\" to have the command of step {name} ended: it is asked \
         to end, and killed after {grace}. What it has done so far stays as it is."
    ))?)
}
