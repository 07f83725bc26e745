//! Giving the terminal to a step that asks something, from the prompts: at once where this front end has
//! the controls, and once for each attempt.

use super::names::Names;
use super::{PlainError, Session, say};
use crate::engine;
use crate::journal::Recorded;
use crate::supervisor::client::{self, Errand, WENT_BACK};
use crate::types::{Exit, Seq};
use std::sync::mpsc::channel;
use std::thread;

/// The attempt that is to be given the terminal, and how; none where there is none, or `last` is it.
pub(super) fn wanting(session: &Session<'_>, last: Option<Seq>) -> Option<(Seq, Errand)> {
    let state = session.mirror.state.as_ref()?;
    let (step, attempt) = engine::running_command(state)?;
    let plan = &session.mirror.plan;
    let wants = engine::wants_terminal(plan, state, step) && attempt.end.is_none();
    let undo = state.rollback.is_some();
    if !wants || undo || !session.mirror.yours || last == Some(attempt.number) {
        return None;
    }
    let name = Names::of(plan, state).place(step);
    let lines = [
        format!("upwalk: {name} has your terminal now. Type what it asks for."),
        "upwalk: Ctrl-] brings you back here; the step goes on and keeps its terminal.".to_owned(),
        "upwalk: what it writes is recorded; what you type is not, unless the step shows it."
            .to_owned(),
    ];
    let errand = client::join(&session.mirror.dir, state, attempt.number, lines.to_vec())?;
    Some((attempt.number, errand))
}

/// Gives the terminal away and waits until it is back; the events that came meanwhile.
pub(super) fn give(
    session: &mut Session<'_>,
    errand: &Errand,
) -> Result<Vec<Recorded>, PlainError> {
    let lent = client::lend(errand)?;
    let pid = lent.pid();
    let (back, done) = channel();
    let mut waker = session.wake.waker()?;
    thread::spawn(move || {
        // The prompts wait for this as long as they live.
        let _ = back.send(lent.wait());
        waker.wake();
    });
    let mut events = Vec::new();
    let exit = loop {
        if let Ok(exit) = done.try_recv() {
            break exit;
        }
        if session.wake.signal().is_some() {
            client::hang_up(pid);
        }
        events.extend(session.take_news()?);
        session.wake.wait(None, None)?;
    };
    match exit {
        Exit::Code(0) => {}
        Exit::Code(WENT_BACK) => say::sentence(
            "the step goes on with its own terminal. upwalk attach gives it yours again.",
        )?,
        other => say::sentence(&format!(
            "the step is without your terminal again: {other}."
        ))?,
    }
    Ok(events)
}
