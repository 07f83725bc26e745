//! What is to be done now, and when to look again.

use super::next::{Next, next};
use super::retry::retry;
use super::walk::walk_of;
use crate::journal::{AskKey, Count, Decision, Fact, Measured, Question, RunState};
use crate::plan::Plan;
use crate::types::{
    Answer, Ask, CommandSpec, ExitRecord, Millis, Moment, Pending, Reach, Seq, StepId, Who,
};
use std::collections::BTreeMap;

/// Something that happened outside; the supervisor's one channel carries these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A supervisor took over, a deadline passed: look at the state and go on.
    Proceed,
    /// A supervisor began to serve the run.
    Taken {
        /// Its process.
        pid: u32,
        /// Which upwalk it is.
        upwalk: String,
        /// What it cut off the journal's end: how many bytes, and how they began.
        torn: Option<(u64, String)>,
    },
    /// Somebody decided something.
    Decided {
        /// The question it answers; none: the open one, said from a terminal.
        at: Option<Seq>,
        /// What.
        decision: Decision,
        /// Who.
        who: Who,
    },
    /// A guard, check or verify answered (after polling, where it is polled).
    Answered {
        /// Which.
        key: AskKey,
        /// What it said.
        answer: Answer,
    },
    /// Values were measured.
    Measured {
        /// For what.
        of: Measured,
        /// The values.
        values: Vec<Fact>,
    },
    /// It was counted how much a step has left to do.
    Counted {
        /// Which step.
        step: StepId,
        /// Before or after its attempt.
        when: Count,
        /// How much.
        left: Pending,
    },
    /// An intent's command ended.
    Ended {
        /// The intent.
        number: Seq,
        /// How.
        end: ExitRecord,
        /// What it wrote to `$OUTPUT` (`name=value` lines), or why that cannot be read.
        output: Result<BTreeMap<String, String>, String>,
    },
    /// What an intent's command whose end nobody knows wrote to `$OUTPUT`.
    Wrote {
        /// The intent.
        number: Seq,
        /// Name and value.
        values: BTreeMap<String, String>,
    },
    /// An intent's command was never started, and its number is void.
    NeverStarted {
        /// The intent.
        number: Seq,
    },
    /// An intent's command was ended, and these outlive it outside of its group.
    Outlived {
        /// The intent.
        number: Seq,
        /// Who, as `pid command`.
        left: Vec<String>,
    },
    /// Nobody knows how an intent's command ended, and nobody of it is left.
    Lost {
        /// The intent.
        number: Seq,
        /// Why.
        why: String,
    },
    /// A screen took the controls.
    TookControls {
        /// Whose.
        who: Who,
    },
}

/// Values that are measured again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rounds {
    /// For what.
    pub of: Measured,
    /// Name and command.
    pub commands: Vec<(String, CommandSpec)>,
    /// What the person has before them.
    pub known: Vec<Fact>,
    /// When that was measured.
    pub since: Moment,
    /// The least time between two rounds.
    pub every: Millis,
}

/// Something to do outside. The supervisor keeps what is under way and starts what is not;
/// what is no longer due is dropped (asks, watches) or was ended by an event (runs).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask once, or, with `until`, every `every` until yes or then; answer with `Input::Answered`.
    Ask {
        /// Which question.
        key: AskKey,
        /// What to ask.
        ask: Ask,
        /// How long to go on.
        until: Option<Moment>,
        /// The time between two asks.
        every: Millis,
    },
    /// Ask again and again, and send `Input::Answered` whenever the kind of answer changes.
    Watch {
        /// Which question.
        key: AskKey,
        /// What to ask.
        ask: Ask,
        /// The time between two asks.
        every: Millis,
    },
    /// Run the commands and take the first line each prints; answer with `Input::Measured`.
    Measure {
        /// For what.
        of: Measured,
        /// Name and command.
        commands: Vec<(String, CommandSpec)>,
    },
    /// Measure again and again what a person has before them; answer with `Input::Measured` whenever
    /// a value is another one than before. Only while somebody looks: it is for their eyes.
    MeasureAgain(Rounds),
    /// Count how much a step has left to do; answer with `Input::Counted`.
    Count {
        /// Which step.
        step: StepId,
        /// Before or after its attempt.
        when: Count,
        /// What prints the number.
        command: CommandSpec,
    },
    /// Count that again and again while the step runs, and tell the screens alone: it is no fact.
    Recount {
        /// Which step.
        step: StepId,
        /// What prints the number.
        command: CommandSpec,
        /// The time between an answer and the next count.
        every: Millis,
    },
    /// Run an intent's command, or find out what became of it.
    Run {
        /// The intent.
        number: Seq,
        /// What its files are named after the number: `migrate.1`, `migrate.undo.1`.
        stem: String,
        /// The command.
        command: CommandSpec,
    },
    /// End the command of an intent, or wait no longer for what outlives it.
    Cancel {
        /// The intent.
        number: Seq,
        /// What its files are named after the number.
        stem: String,
        /// Who asked.
        who: Who,
        /// Which of the two.
        reach: Reach,
    },
}

/// What is to be done now.
pub fn due(plan: &Plan, state: &RunState, now: &Moment) -> Vec<Effect> {
    match next(plan, state, now) {
        Next::Await(effects) => effects,
        // `decide` leaves no state behind from which something follows.
        Next::Happen(_) => Vec::new(),
    }
}

/// When to send [`Input::Proceed`] although nothing has happened: a pause's `max`, or an attempt
/// that begins by itself.
pub fn deadline(plan: &Plan, state: &RunState) -> Option<Moment> {
    if let Some(retry) = retry(plan, state) {
        return Some(retry.begins);
    }
    let Question::Paused {
        pause,
        overdue: false,
    } = &state.open.as_ref()?.question
    else {
        return None;
    };
    let max = walk_of(plan, state)?.pause(pause)?.max?;
    Some(state.pauses.get(pause)?.entered.plus(max))
}
