//! Mistakes that the properties must see: a model that finds nothing wrong with these proves nothing.

use crate::machine::{Eyes, Mutant};
use crate::strategies::deadly;
use crate::{Luck, comes_to_the_same, counterexample, runner};

/// What a front end was shown is gone.
const SHOWN: &str = "what was shown is not what the journal says";

/// The way in which a mistake shows, in its smallest case.
fn shows(mutant: Mutant, eyes: Eyes) -> String {
    let found = counterexample(runner(5000, 200, Luck::Fixed), &deadly(), |case| {
        comes_to_the_same(case, (mutant, eyes))
    });
    let (_, why) = found.unwrap_or_else(|| panic!("{mutant:?} breaks no promise"));
    why
}

#[test]
fn an_intent_that_is_not_synced_is_run_twice() {
    let why = shows(Mutant::IntentNotSynced, Eyes::OnTheWorld);
    assert!(why.contains("runs twice"), "{why}");
    let why = shows(Mutant::IntentNotSynced, Eyes::Open);
    assert!(why.contains(SHOWN), "{why}");
}

#[test]
fn an_intent_that_is_journalled_after_the_spawn_is_run_twice() {
    let why = shows(Mutant::IntentAfterSpawn, Eyes::OnTheWorld);
    let doubled = why.contains("runs twice") || why.contains("runs beside");
    assert!(doubled, "{why}");
    let why = shows(Mutant::IntentAfterSpawn, Eyes::Open);
    assert!(why.contains("the journal ends before command"), "{why}");
}

#[test]
fn a_result_that_is_not_synced_was_shown_and_is_not_so() {
    let why = shows(Mutant::ResultNotSynced, Eyes::Open);
    assert!(why.contains(SHOWN), "{why}");
}

#[test]
fn an_answer_that_is_taken_before_it_is_durable_is_asked_for_anew() {
    let why = shows(Mutant::TakenTooEarly, Eyes::Open);
    assert!(why.contains("was answered, and is asked anew"), "{why}");
}

#[test]
fn an_unknown_outcome_that_is_taken_for_never_started_is_run_twice() {
    let why = shows(Mutant::GuessesNever, Eyes::Open);
    assert!(why.contains("runs twice"), "{why}");
}

#[test]
fn what_still_runs_and_is_not_waited_for_is_run_beside() {
    let why = shows(Mutant::DoesNotWait, Eyes::Open);
    assert!(why.contains("runs beside"), "{why}");
}

#[test]
fn a_rollback_that_goes_forwards_is_seen() {
    let why = shows(Mutant::TakesBackForwards, Eyes::Open);
    assert!(
        why.contains("commands differ") && why.contains(".undo"),
        "{why}"
    );
}
