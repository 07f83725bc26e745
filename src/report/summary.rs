//! The last words of a finished run: at most ten lines, for the scrollback, prompts and scripts.

use super::quote;
use crate::engine;
use crate::journal::{Outcome, RunResult, RunState};
use crate::plan::Plan;
use crate::text;

/// How a run ended, as at most ten lines of text: result, times, steps, confirmations, where its
/// files lie, and how to see it again. Of a run that is still open, how far it has come.
pub fn finished_summary(plan: &Plan, state: &RunState) -> Vec<String> {
    let run = &state.run;
    let mut lines = vec![format!(
        "{}: {}",
        text::clean(run.run.as_str()),
        result(plan, state)
    )];
    if let (Some(from), Some(to)) = (&run.from_exact, &run.to) {
        lines.push(format!(
            "version    {} {from} -> {to}{}",
            run.service,
            ledger(state)
        ));
    }
    lines.push(times(state));
    lines.push(steps(plan, state));
    let confirmed = match state.consents.len() {
        0 => "nothing had to be".to_owned(),
        1 => "1 warning".to_owned(),
        many => format!("{many} warnings"),
    };
    lines.push(format!(
        "confirmed  {confirmed}; {} answered{}",
        count(state.answered.len(), "question"),
        shells_opened(state).map_or_else(String::new, |shells| format!("; {shells}"))
    ));
    if let Some(remark) = state.remarks.last() {
        lines.push(format!("journal    {}", text::clean(&remark.text)));
    }
    lines.push(log(state));
    let again = match &state.finished {
        Some(_) => "see again ",
        None => "come back ",
    };
    let run = quote(run.run.as_str());
    lines.push(format!("{again} upwalk attach {run}"));
    if engine::may_reopen(plan, state) {
        lines.push(format!("take back  upwalk rollback {run}"));
    }
    lines
}

/// Where the last command's output lies; the run's directory where none has run.
fn log(state: &RunState) -> String {
    let dir = &state.run.run_dir;
    let all = state.steps.iter().flat_map(|(step, record)| {
        let there = record.attempts.iter().map(move |one| (one, step, ""));
        let back = record.undo_attempts.iter();
        there.chain(back.map(move |one| (one, step, ".undo")))
    });
    let last = all
        .filter(|(attempt, ..)| attempt.command)
        .max_by_key(|(attempt, ..)| attempt.number);
    let (word, path) = match last {
        Some((attempt, step, way)) => {
            let name = format!(
                "{:04}-{step}{way}.{}.log",
                attempt.number.0, attempt.attempt
            );
            ("last log   ", dir.join(name))
        }
        None => ("files      ", dir.clone()),
    };
    format!("{word}{}", text::clean(&path.display().to_string()))
}

/// How it ended, one sentence; where it stands, if it has not.
fn result(plan: &Plan, state: &RunState) -> String {
    let Some(finished) = &state.finished else {
        let why = engine::why(plan, state, &state.last_at).sentence;
        return format!(
            "open, and it goes on without a screen. {}",
            text::clean(&why)
        );
    };
    match &finished.result {
        RunResult::Done => "done; every step has ended well or was passed over.".to_owned(),
        RunResult::RolledBack => {
            "rolled back; every step that had begun was taken back.".to_owned()
        }
        RunResult::NeverStarted => "never started; nothing was changed.".to_owned(),
        RunResult::Lost => {
            "it had ended; how is not known: the end of its journal is lost.".to_owned()
        }
        RunResult::Stopped {
            at,
            because,
            failed,
        } => {
            let place = at.as_ref().map_or(String::new(), |at| format!(" at {at}"));
            let how = if *failed {
                ", where a step has failed or its outcome is unknown"
            } else {
                ""
            };
            let why = because
                .as_ref()
                .map_or(String::new(), |why| format!(" ({})", text::clean(why)));
            format!("stopped{place} and left as it is{how}{why}.")
        }
    }
}

/// Where the ledger went.
fn ledger(state: &RunState) -> String {
    match &state.ledger {
        Some(version) => format!("; the ledger says {version}"),
        None => "; the ledger has not moved".to_owned(),
    }
}

/// When it began and ended, and how long that was.
fn times(state: &RunState) -> String {
    let (end, word) = match &state.finished {
        Some(finished) => (&finished.at, "ended"),
        None => (&state.last_at, "last event"),
    };
    format!(
        "times      began {}, {word} {}, {}",
        state.began.wall.full(),
        end.wall.full(),
        text::duration(end.since(&state.began))
    )
}

/// How many steps ended how.
fn steps(plan: &Plan, state: &RunState) -> String {
    let total = engine::walk_of(plan, state).map_or(0, |walk| walk.steps().count());
    let of = |test: &dyn Fn(&crate::journal::StepRecord) -> bool| {
        state.steps.values().filter(|step| test(step)).count()
    };
    let taken_back = of(&|s| matches!(s.undo_outcome, Some(Outcome::Done | Outcome::NothingToDo)));
    let counts = [
        (of(&|s| matches!(s.outcome, Some(Outcome::Done))), "done"),
        (
            of(&|s| matches!(s.outcome, Some(Outcome::NothingToDo))),
            "already done",
        ),
        (of(&|s| s.skipped.is_some()), "skipped"),
        (
            of(&|s| s.skipped.is_none() && matches!(s.outcome, Some(Outcome::Failed(_)))),
            "failed",
        ),
        (
            of(&|s| s.skipped.is_none() && matches!(s.outcome, Some(Outcome::Unknown(_)))),
            "unknown",
        ),
        (taken_back, "taken back"),
        (of(&|s| s.attempts.len() > 1), "tried more than once"),
    ];
    let said = counts
        .iter()
        .filter(|(number, word)| *number > 0 || *word == "done" || *word == "failed");
    let said: Vec<_> = said
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    format!("steps      {} of {total}", said.join(", "))
}

/// The shells that people opened: how many, how long each was open, and how it ended. None where
/// nobody opened one.
pub fn shells_opened(state: &RunState) -> Option<String> {
    let each = state.shells.iter().map(|shell| match &shell.left {
        Some((exit, took)) => format!("{}, {exit}", text::duration(*took)),
        None => "its end was not seen".to_owned(),
    });
    let each: Vec<_> = each.collect();
    let number = count(each.len(), "shell");
    (!each.is_empty()).then(|| format!("{number} opened ({})", each.join("; ")))
}

/// `1 question`, `2 questions`.
fn count(number: usize, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {word}{plural}")
}
