//! What the files of an intent are named after its number: `migrate.1`, `migrate.undo.1`. Called by
//! the loop (fences) and by `mirror` (logs).

use crate::journal::{Event, RunState, Way};
use crate::types::{Seq, StepId};

/// An intent's stem; none for events that are no intents.
pub(super) fn of_event(event: &Event) -> Option<String> {
    if !event.is_intent() {
        return None;
    }
    if let Event::StepStarted { step, attempt, .. } = event {
        Some(there(step, *attempt))
    } else if let Event::UndoStarted { step, attempt } = event {
        Some(back(step, *attempt))
    } else {
        None
    }
}

/// The stem of an intent that the run knows.
pub(super) fn of_number(state: &RunState, number: Seq) -> Option<String> {
    state.steps.iter().find_map(|(step, record)| {
        let attempt = record
            .attempts
            .iter()
            .find(|attempt| attempt.number == number);
        let undo = record
            .undo_attempts
            .iter()
            .find(|attempt| attempt.number == number);
        attempt
            .map(|attempt| there(step, attempt.attempt))
            .or_else(|| undo.map(|attempt| back(step, attempt.attempt)))
    })
}

/// The stem of an intent of this step.
pub(super) fn of_intent(step: &StepId, attempt: u32, way: Way) -> String {
    match way {
        Way::There => there(step, attempt),
        Way::Back => back(step, attempt),
    }
}

/// Takes a stem apart: step, attempt, and whether it does the step or takes it back.
pub(super) fn parts(stem: &str) -> Option<(StepId, u32, Way)> {
    let (head, attempt) = stem.rsplit_once('.')?;
    let attempt = attempt.parse().ok()?;
    Some(match head.strip_suffix(".undo") {
        Some(taken_back) => (StepId::from(taken_back), attempt, Way::Back),
        None => (StepId::from(head), attempt, Way::There),
    })
}

fn there(step: &StepId, attempt: u32) -> String {
    format!("{step}.{attempt}")
}

fn back(step: &StepId, attempt: u32) -> String {
    format!("{step}.undo.{attempt}")
}
