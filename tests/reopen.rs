//! A run that was stopped can still be taken back, as long as nothing stands on what it left.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test looks at the files of its run"
)]

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
#[path = "support/run.rs"]
mod run;

use run::{Front, Run};
use upwalk::journal::{Decision, Event, Question, RunResult};
use upwalk::supervisor::client::{self, ClientError};
use upwalk::supervisor::wire::Part;

/// Two steps that can be taken back, and one that fails.
const PLAN: &str = r"
upwalk: 1
service: turning
defaults: { shell: [sh, -c] }
up:
  - phase: Work
    role: pre-deploy
    steps:
      - { name: One, id: one, run: echo one >> HERE/ran, undo: echo one back >> HERE/ran }
      - { name: Two, id: two, run: echo two >> HERE/ran, undo: echo two back >> HERE/ran }
      - name: Three
        id: three
        run: |
          echo three >> HERE/ran
          exit 3
        undo: echo three back >> HERE/ran
";

/// The same with a step that nothing takes back.
fn one_way() -> String {
    PLAN.replace(
        "        undo: echo three back >> HERE/ran\n",
        "        warn: [{ id: gone, text: Its rows are gone., confirm: { type: go on } }]\n        \
         irreversible: its rows are gone\n",
    )
}

/// A run that was stopped at its failed step.
fn stopped(plan: &str) -> Run {
    let run = Run::of(plan);
    let mut supervisor = run.serve();
    let mut front = run.attach(Part::Verb);
    front.start();
    if plan.contains("irreversible") {
        front.answer(
            "the warning",
            |question| matches!(question, Question::Confirm { .. }),
            confirmed,
        );
    }
    front.answer(
        "the failure",
        |question| matches!(question, Question::Failed { .. }),
        |_| Decision::Stop { because: None },
    );
    assert!(supervisor.end().success(), "{}", run.log());
    assert!(run.served_to_the_end());
    run
}

fn confirmed(question: &Question) -> Decision {
    let Question::Confirm {
        warning, digest, ..
    } = question
    else {
        panic!("another question: {question:?}")
    };
    Decision::Confirm {
        seeing: None,
        warning: warning.clone(),
        digest: digest.clone(),
        evidence: upwalk::journal::Evidence::Typed("go on".to_owned()),
    }
}

fn reopen(run: &Run) -> Result<upwalk::types::Seq, ClientError> {
    client::reopen(&run.state_dir, &run.id, Some("it does not run".to_owned()))
}

fn wait_for_the_end(front: &mut Front) {
    front.wait("the end", |mirror| {
        let finished = |state: &upwalk::journal::RunState| state.finished.is_some();
        mirror.state.as_ref().is_some_and(finished)
    });
}

/// What is refused says why, with this exit code, and changes nothing.
fn refused(run: &Run, code: u8, why: &str) {
    let journal = || std::fs::read(run.dir.journal_path()).expect("a journal");
    let service = run.state().run.service.clone();
    let claim = || run.state_dir.open_run_of(&service).expect("it can be read");
    let before = (journal(), claim());
    let error = reopen(run).expect_err("it is refused");
    assert_eq!(error.code, code, "{error}");
    assert!(error.what.contains(why), "{error}");
    assert!(before == (journal(), claim()), "nothing was changed");
}

#[test]
fn a_stopped_run_is_taken_back_after_all_and_its_service_is_free_again() {
    let run = stopped(PLAN);
    let ledger = || {
        let service = run.state().run.service.clone();
        run.state_dir.ledger(&service).expect("it can be read")
    };
    assert!(ledger().is_some_and(|entry| entry.stopped_at.is_some()));
    reopen(&run).expect("it was stopped");
    // Nobody serves it: whatever dies here leaves an open run on its way back.
    let state = run.state();
    assert!(state.finished.is_none() && state.rollback.is_some());
    let claimed = run.state_dir.open_run_of(&state.run.service);
    assert_eq!(claimed.expect("it can be read"), Some(run.id.clone()));
    refused(&run, 4, "The run is open");

    let mut front = run.attach_or_start(Part::Verb);
    wait_for_the_end(&mut front);
    front.wait("that it was closed", |mirror| mirror.gone.is_some());
    let state = run.state();
    let result = state.finished.as_ref().map(|finished| &finished.result);
    assert_eq!(result, Some(&RunResult::RolledBack));
    assert_eq!(
        run.text("ran"),
        "one\ntwo\nthree\nthree back\ntwo back\none back\n"
    );
    assert!(run.served_to_the_end());
    assert!(ledger().is_some_and(|entry| entry.stopped_at.is_none()));
    refused(&run, 4, "taken back already");
}

#[test]
fn the_journal_says_who_opened_it_again() {
    let run = stopped(PLAN);
    let number = reopen(&run).expect("it was stopped");
    let bytes = std::fs::read(run.dir.journal_path()).expect("a journal");
    let journal = upwalk::journal::codec::decode(&bytes).expect("a good journal");
    let events: Vec<&Event> = journal.events.iter().map(|one| &one.event).collect();
    let (Event::RunReopened { .. }, Event::RollbackStarted { because, .. }) =
        (events[events.len() - 2], events[events.len() - 1])
    else {
        panic!("another end: {events:?}")
    };
    assert_eq!(because.as_deref(), Some("it does not run"));
    assert_eq!(journal.events.last().map(|last| last.n), Some(number));
    // The sandbox is not to be left with a run that nobody has ended.
    let mut front = run.attach_or_start(Part::Verb);
    wait_for_the_end(&mut front);
}

#[test]
fn a_run_that_another_stands_on_is_not_taken_back() {
    let run = stopped(PLAN);
    let later = run.another();
    refused(&run, 4, "a later run of turning has begun");
    let service = run.state().run.service.clone();
    let other = run.state_dir.claim(&service, &later);
    assert_eq!(other.expect("it can be claimed"), None);
    refused(&run, 7, "another run of turning is open");
}

#[test]
fn behind_the_point_of_no_return_there_is_no_way_back() {
    let run = stopped(&one_way());
    refused(&run, 4, "There is no way back");
}
