//! Events as sentences: what happened, in the order in which it happened.

use super::names::Names;
use super::say::full;
use crate::engine;
use crate::journal::{
    Count, Decision, Event, Evidence, Filled, Outcome, Recorded, RunResult, RunState, ShellOpened,
    SkipReason, Verdict,
};
use crate::plan::Plan;
use crate::text;
use crate::types::{ExitRecord, Millis, Pending, Seq, ServiceId, StepId, Version, WarningId, Who};
use std::collections::BTreeMap;

/// What takes no longer than this is not timed aloud.
const SHORTEST: Millis = Millis::from_secs(1);

/// The sentence that tells of an event, without its time; none for what is told otherwise.
/// Questions are not told: they are asked.
pub(super) fn tell(plan: &Plan, state: &RunState, recorded: &Recorded) -> Option<String> {
    let names = Names::of(plan, state);
    let step = |id: &StepId, rest: &str| format!("step {}: {rest}", names.item(id));
    let item = |kind: &str, id: &StepId, rest: &str| format!("{kind} {}: {rest}.", names.item(id));
    Some(match &recorded.event {
        Event::RunStarted(run) => format!("run {} has begun.", run.run),
        Event::PhaseStarted { phase } => item("phase", phase, "starting"),
        Event::PhaseFinished { phase } => item("phase", phase, "done"),
        Event::PauseEntered { pause } => item("pause", pause, "it begins"),
        Event::PauseLeft { pause } => item("pause", pause, "it has ended"),
        Event::StepStarted {
            step: id, attempt, ..
        } => step(id, &format!("starting{}.", again(*attempt))),
        Event::StepFinished { step: id, outcome } => step(id, &over(plan, state, id, outcome)),
        Event::StepSkipped { step: id, why } => step(id, &format!("skipped, {}.", reason(why))),
        Event::PendingCounted {
            step: id,
            when,
            left,
        } => step(id, &counted(state, id, *when, left)),
        Event::VariablesSet { step: id, values } => step(id, &set(values)),
        Event::UndoStarted { step: id, attempt } => {
            step(id, &format!("taking it back{}.", again(*attempt)))
        }
        Event::UndoFinished { step: id, outcome } => {
            let ended = ended(state, id, outcome, Way::Back);
            step(id, &format!("taking it back: {ended}"))
        }
        Event::UndoSkipped { step: id, why } => {
            step(id, &format!("not taken back, {}.", reason(why)))
        }
        Event::CommandEnded { number, end } => return left_running(*number, end),
        Event::IntentVoided { .. } => "a command was never started; it starts again.".into(),
        Event::StepOutcomeUnknown { why, .. } => unknown(why),
        Event::CancelRequested { who, .. } => format!("{who} asked for the command to end."),
        Event::CommandOutlived { left, .. } => outlived(left),
        Event::LeftoversLetGo { who, .. } => let_go(who),
        Event::PauseRequested { who } => format!("{who} asked for a stop after the present step."),
        Event::WarningShown { warning, .. } => note(&names, warning),
        Event::WarningNotNeeded { warning, .. } => not_needed(&names, warning),
        Event::WarningConfirmed { .. } => return confirmed(&names, &recorded.event),
        Event::QuestionAnswered { decision, who, .. } => return answered(decision, who),
        Event::RollbackStarted { who, because } => turned(who, because.as_deref()),
        Event::LedgerMoved { version } => moved(&state.run.service, version),
        Event::NoteAdded { who, text } => full(&format!("{who} noted: {text}")),
        Event::ShellOpened(_) | Event::ShellLeft(_) => return shell(&names, &recorded.event),
        Event::ControlsTaken { who } => format!("{who} has the controls."),
        Event::RunReopened { who, .. } => format!("{who} opened the stopped run again."),
        Event::RunFinished { result } => end(result),
        Event::TailCutOff { .. } | Event::JournalSalvaged(_) => state.remarks.last()?.text.clone(),
        Event::Unknown => "something that only a newer upwalk knows.".into(),
        Event::SupervisorStarted { .. }
        | Event::GuardAnswered { .. }
        | Event::ValuesMeasured { .. }
        | Event::QuestionAsked { .. } => return None,
    })
}

/// Whether a step is done or taken back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

/// A shell was opened or left.
fn shell(names: &Names<'_>, event: &Event) -> Option<String> {
    if let Event::ShellOpened(shell) = event {
        return Some(opened(names, shell));
    }
    let Event::ShellLeft(left) = event else {
        return None;
    };
    let took = text::duration(left.took);
    Some(format!("the shell was left after {took} ({}).", left.exit))
}

/// Somebody opens a shell.
fn opened(names: &Names<'_>, shell: &ShellOpened) -> String {
    let at = match &shell.step {
        Some(step) => format!(" at {}", names.place(step)),
        None => String::new(),
    };
    let user = shell.user.as_ref().map(|user| format!(" as {user}"));
    format!(
        "{} opened a shell{at}{} in {}.",
        shell.who,
        user.unwrap_or_default(),
        shell.dir.display()
    )
}

/// The ledger's state version moved.
fn moved(service: &ServiceId, version: &Version) -> String {
    format!("the ledger has {service} at {version} now.")
}

/// The run turns around.
fn turned(who: &Who, because: Option<&str>) -> String {
    let because = because_of(because);
    format!("{who} has the started steps taken back{because}.")
}

/// Nobody knows how a command ended.
fn unknown(why: &str) -> String {
    format!("nobody knows how a command ended: {why}.")
}

/// What outlives a command that was ended.
fn outlived(left: &[String]) -> String {
    format!(
        "the command was ended, but it has left running: {}. The run waits until that is gone; \
         `upwalk cancel --let-go` says that it may stay.",
        left.join(", ")
    )
}

/// Somebody says that this may stay.
fn let_go(who: &Who) -> String {
    format!("{who} let go of what the command left running: it is waited for no longer.")
}

/// A warning does not apply.
fn not_needed(names: &Names<'_>, id: &WarningId) -> String {
    format!("{} ({id}) does not apply here.", names.warning(id))
}

/// How much a step has to do, before or after its attempt.
fn counted(state: &RunState, id: &StepId, when: Count, left: &Pending) -> String {
    let last = state
        .steps
        .get(id)
        .and_then(|record| record.attempts.last());
    let before = last.and_then(|last| last.before.as_ref()?.known());
    match (when, left) {
        (Count::Before, Pending::Known(0)) => {
            "there is nothing to do, as the plan counts it.".into()
        }
        (Count::Before, Pending::Known(left)) => format!("{left} to do, as the plan counts it."),
        (Count::Before, Pending::Unknown(why)) => {
            format!("how much there is to do is unknown: {why}.")
        }
        (Count::After, Pending::Known(0)) => "nothing is left to do, as the plan counts it.".into(),
        (Count::After, Pending::Known(left)) => match before {
            Some(before) => format!("{left} of {} still to do.", before.max(*left)),
            None => format!("{left} still to do, as the plan counts it."),
        },
        (Count::After, Pending::Unknown(why)) => {
            format!("how much is left to do is unknown: {why}.")
        }
    }
}

/// What a step has written to `$OUTPUT`.
fn set(values: &BTreeMap<String, String>) -> String {
    let values: Vec<_> = values
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("it has set {}.", values.join(", "))
}

/// How a run ended.
pub(super) fn end(result: &RunResult) -> String {
    match result {
        RunResult::Done => "the run is finished: every phase is done.".into(),
        RunResult::RolledBack => "the run is finished: it was rolled back.".into(),
        RunResult::NeverStarted => "the run is finished: it never began.".into(),
        RunResult::Lost => {
            "the run had ended; how is not known: the end of its journal is lost.".into()
        }
        RunResult::Stopped { at, because, .. } => {
            let at = at
                .as_ref()
                .map(|at| format!(" at {at}"))
                .unwrap_or_default();
            let because = because_of(because.as_deref());
            format!("the run is finished: it was stopped{at}{because} and left as it is.")
        }
    }
}

/// The command that an event begins, for a line of its own.
pub(super) fn command(plan: &Plan, state: &RunState, recorded: &Recorded) -> Option<String> {
    let Event::StepStarted { step, .. } = &recorded.event else {
        return None;
    };
    let names = Names::of(plan, state);
    let command = names.command(names.find(step)?)?;
    Some(format!("  Command: {}", text::cut(&command, 180)))
}

/// `, attempt 2`, where it is not the first.
fn again(attempt: u32) -> String {
    if attempt > 1 {
        format!(", attempt {attempt}")
    } else {
        String::new()
    }
}

/// How a step, or taking it back, ended, and how long that took.
fn ended(state: &RunState, id: &StepId, outcome: &Outcome, way: Way) -> String {
    let record = state.steps.get(id);
    let attempts = record.map(|record| match way {
        Way::There => &record.attempts,
        Way::Back => &record.undo_attempts,
    });
    let last = attempts.and_then(|attempts| attempts.last());
    let took = last
        .and_then(|last| Some(last.ended.as_ref()?.since(&last.started)))
        .filter(|took| *took >= SHORTEST)
        .map(|took| format!(" in {}", text::duration(took)))
        .unwrap_or_default();
    match outcome {
        Outcome::Done => format!("done{took}."),
        Outcome::NothingToDo => "nothing to do, it is done already.".into(),
        Outcome::Failed(why) => format!("FAILED{took}: {why}."),
        Outcome::Unknown(why) => format!("outcome UNKNOWN: {why}."),
    }
}

/// How a step ended, and what follows by itself.
fn over(plan: &Plan, state: &RunState, id: &StepId, outcome: &Outcome) -> String {
    let ended = ended(state, id, outcome, Way::There);
    format!("{ended}{}", tried_again(plan, state))
}

/// That a failed step begins again by itself, where it does.
fn tried_again(plan: &Plan, state: &RunState) -> String {
    let Some(retry) = engine::retry(plan, state) else {
        return String::new();
    };
    let wait = text::duration(retry.begins.since(&state.last_at));
    let (number, of) = (retry.number, retry.of);
    format!(" It is tried again by itself in {wait} (retry {number} of {of}).")
}

/// Processes that a command left behind on purpose.
fn left_running(number: Seq, end: &ExitRecord) -> Option<String> {
    if end.left_running.is_empty() {
        return None;
    }
    let left = end.left_running.join(", ");
    Some(format!("command {number} has left running: {left}."))
}

/// Why a step was passed over.
fn reason(why: &SkipReason) -> String {
    match why {
        SkipReason::Guard(said) => format!("its guard said {said}"),
        SkipReason::Person { who, because } => format!("as {who} decided: {because}"),
        SkipReason::NothingToTakeBack(why) => why.clone(),
    }
}

/// ` (why)`, where a reason was given.
fn because_of(because: Option<&str>) -> String {
    because.map(|why| format!(" ({why})")).unwrap_or_default()
}

/// A note is shown and stops nobody.
fn note(names: &Names<'_>, id: &WarningId) -> String {
    let shown = names.find_warning(id);
    let words = shown
        .map(|shown| names.text(&shown.text))
        .unwrap_or_default();
    full(&format!("NOTE {} ({id}): {words}", names.warning(id)))
}

/// A warning was confirmed.
fn confirmed(names: &Names<'_>, event: &Event) -> Option<String> {
    let Event::WarningConfirmed {
        warning: id,
        who,
        evidence,
        seeing,
        ..
    } = event
    else {
        return None;
    };
    let name = names.warning(id);
    Some(match evidence {
        Evidence::Acknowledged => format!("{name} ({id}) acknowledged by {who}."),
        Evidence::Typed(_) => {
            let how = match seeing.as_ref().and_then(|seeing| seeing.field) {
                Some(Filled::Typed) => "typed",
                Some(Filled::Pasted) => "pasted",
                None => "gave",
            };
            format!("{name} ({id}) confirmed by {who}, who {how} the phrase.")
        }
        Evidence::Named => format!("{name} ({id}) confirmed by {who}, who named its digest."),
        Evidence::Accepted => format!("{name} ({id}) was accepted beforehand by {who}."),
    })
}

/// A question was answered. Confirmations and turning around have events of their own.
fn answered(decision: &Decision, who: &Who) -> Option<String> {
    let told = match decision {
        Decision::Start => "start".to_owned(),
        Decision::Continue { because, .. } => format!("continue{}", because_of(because.as_deref())),
        Decision::Retry => "retry".to_owned(),
        Decision::Settle { verdict, because } => {
            let verdict = match verdict {
                Verdict::Done => "done",
                Verdict::Rerun => "run it again",
            };
            format!("{verdict}{}", because_of(because.as_deref()))
        }
        Decision::Confirm { .. }
        | Decision::Skip { .. }
        | Decision::Rollback { .. }
        | Decision::Stop { .. }
        | Decision::Pause
        | Decision::Cancel
        | Decision::LetGo
        | Decision::OpenShell { .. }
        | Decision::LeaveShell { .. }
        | Decision::Note { .. } => return None,
    };
    Some(format!("{who} answered: {told}."))
}
