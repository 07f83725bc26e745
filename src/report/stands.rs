//! How a run stands, with or without a supervisor, and what its clocks say. Called by `status`.

use super::quote;
use crate::engine;
use crate::journal::RunState;
use crate::text;
use crate::types::{Jump, Moment};

/// Whether a supervisor lives for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supervisor {
    /// One serves the run.
    Alive,
    /// One lives, but a signal has stopped it: its process.
    Stopped(u32),
    /// None does: nothing more will be begun by itself.
    Gone(Meanwhile),
    /// None is needed any more: the run is finished and its service free.
    Closed,
}

/// What became, while no supervisor lives, of the command that was under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meanwhile {
    /// None was, or it was not started yet.
    Nothing,
    /// It runs: numbers and command lines.
    Runs(String),
    /// It has ended, and how is kept.
    Ended,
    /// Nobody can know how it ended: why.
    Lost(String),
}

/// How a run stands and what to type, whoever serves it.
pub(super) fn stands(
    state: &RunState,
    why: engine::Why,
    supervisor: &Supervisor,
) -> (String, Vec<String>) {
    let attach = || vec![format!("upwalk attach {}", quote(state.run.run.as_str()))];
    let meanwhile = match supervisor {
        Supervisor::Alive | Supervisor::Closed => return (why.sentence, why.commands),
        Supervisor::Stopped(pid) => {
            let said = format!(
                "{} Its supervisor, process {pid}, was stopped by a signal: it begins nothing and \
                 answers nobody until it is let go on.",
                why.sentence
            );
            return (said, vec![format!("kill -CONT {pid}")]);
        }
        Supervisor::Gone(meanwhile) => meanwhile,
    };
    if state.finished.is_some() {
        let said = format!(
            "{} Its supervisor was ended before it could close the run: the service is not free \
             for another one until somebody attaches.",
            why.sentence
        );
        return (said, attach());
    }
    if state.open.is_some() || !engine::leftovers(state).is_empty() {
        // Whoever answers starts a supervisor.
        return (why.sentence, why.commands);
    }
    let said = match meanwhile {
        Meanwhile::Nothing => format!("nothing goes on. {}", why.sentence),
        Meanwhile::Runs(what) => format!(
            "nothing is begun after the command that still runs ({what}). {} How it ends is kept.",
            why.sentence
        ),
        Meanwhile::Ended => {
            "nothing goes on. The command that was under way has ended, and how is kept.".to_owned()
        }
        Meanwhile::Lost(why) => format!(
            "nothing goes on. Nobody knows how the command ended that was under way: {why}."
        ),
    };
    (
        format!("No supervisor serves this run, so {said}"),
        attach(),
    )
}

/// What is to be known of the wall clock, where it was set since the run is as it is, or since it
/// began.
pub(super) fn clock(state: &RunState, since: &Moment, now: &Moment) -> Option<String> {
    let jump = now
        .jump_since(since)
        .or_else(|| now.jump_since(&state.began))?;
    let (way, by) = match jump {
        Jump::Forward(by) => ("forward", by),
        Jump::Back(by) => ("back", by),
    };
    let lengths = if now.boot == since.boot {
        "lengths of time do not follow it"
    } else {
        "how much time has passed since the restart of the machine is not known"
    };
    let by = text::duration(by);
    Some(format!(
        "The clock of this machine was set {way} by {by}; {lengths}."
    ))
}
