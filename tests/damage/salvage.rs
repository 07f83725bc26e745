//! `upwalk salvage`: what it keeps, what it asks about afterwards, and when it leaves all alone.

use crate::parked::Parked;
use crate::run::{Run, wait_for_file};
use crate::support::pty::Pty;
use crate::walks::{WALKS, resume};
use upwalk::journal::{Event, Question, RunResult, Standing};
use upwalk::shell::identity;
use upwalk::shell::store::RunDir;
use upwalk::supervisor::client;
use upwalk::supervisor::salvage::Salvage;
use upwalk::supervisor::wire::Part;
use upwalk::types::StepId;

/// Flips a bit in the first line that holds these words; says which line that is.
fn damage(dir: &RunDir, words: &str) -> (usize, Vec<u8>) {
    let mut bytes = dir.read_journal().expect("a journal");
    let text = String::from_utf8(bytes.clone()).expect("a journal is UTF-8");
    let line = text.lines().position(|line| line.contains(words));
    let line = line.expect("there is such a line");
    let at = text
        .split_inclusive('\n')
        .take(line)
        .map(str::len)
        .sum::<usize>();
    bytes[at + 100] ^= 1;
    std::fs::write(dir.journal_path(), &bytes).expect("written");
    (line + 1, bytes)
}

fn salvage(run: &Run) -> Salvage {
    let looked = Salvage::look(&run.state_dir, &run.id);
    looked.expect("it can be salvaged").expect("it is damaged")
}

fn refusal(run: &Run) -> (u8, String, String) {
    let error = Salvage::look(&run.state_dir, &run.id).expect_err("it is refused");
    (error.code, error.what, error.hint.unwrap_or_default())
}

/// The steps whose outcome was asked about.
fn asked(parked: &Parked) -> Vec<String> {
    let unknown = |event: Event| match event {
        Event::QuestionAsked {
            question: Question::OutcomeUnknown { step, why },
        } => Some(format!("{step}: {why}")),
        _ => None,
    };
    parked.events().into_iter().filter_map(unknown).collect()
}

#[test]
fn a_person_types_the_phrase_and_is_asked_about_every_lost_command() {
    let parked = Parked::at_the_pause();
    let (line, damaged) = damage(&parked.run.dir, "\"StepStarted\",\"step\":\"fill\"");
    let (code, screen) = type_it(&parked, "salvage straight");
    assert_eq!(code, Some(0), "{screen}");
    let flat = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        format!("is damaged: line {line}: its hash does not fit"),
        "You are asked about each of these commands".to_owned(),
        "step 2.2 (fill), attempt 1: the part of the journal that told of it is lost; its status file says: exit code 0".to_owned(),
        "journal.damaged-1.jsonl".to_owned(),
        "upwalk attach".to_owned(),
    ] {
        assert!(flat.contains(&words), "{words}: {screen}");
    }
    let kept = parked.run.dir.path().join("journal.damaged-1.jsonl");
    assert_eq!(std::fs::read(kept).expect("it is kept"), damaged);
    let status = parked.upwalk(&["status"]);
    assert!(
        status.out.contains("salvaged the journal (line"),
        "{status}"
    );

    resume(&parked.run);
    assert_eq!(parked.run.text("ran"), WALKS[0].tally);
    let asked = asked(&parked);
    let steps: Vec<_> = asked
        .iter()
        .filter_map(|text| text.split(':').next())
        .collect();
    assert_eq!(
        steps,
        ["fill", "point"],
        "restart is safe to run again: {asked:?}"
    );
    assert!(
        asked
            .iter()
            .all(|why| why.contains("its status file says: exit code 0"))
    );
    // Numbers go on beyond any that a lost event can have had.
    let state = parked.run.state();
    assert!(state.open.is_none() && state.last.0 > 100, "{}", state.last);
    let said = parked.upwalk(&["log", "--of", "fill"]);
    assert_eq!(
        said.code,
        Some(0),
        "its log is found under its own number: {said}"
    );
}

/// Types a phrase at a terminal; says how that ended and what the screen shows.
fn type_it(parked: &Parked, phrase: &str) -> (Option<i32>, String) {
    let mut pty = Pty::start(&parked.command(&["salvage"]), 100, 40);
    pty.wait_for("Type \"salvage straight\" to do this; anything else leaves everything as it is:");
    pty.send(phrase);
    pty.send("\r");
    let status = pty.wait();
    (status.code(), pty.screen())
}

#[test]
fn without_the_phrase_nothing_is_changed() {
    let parked = Parked::at_the_pause();
    damage(&parked.run.dir, "\"StepStarted\",\"step\":\"fill\"");
    let files = parked.files();
    let said = parked.upwalk(&["salvage"]);
    assert_eq!(said.code, Some(4), "{said}");
    assert!(said.err.contains("a person has to confirm this"), "{said}");
    assert_eq!(parked.files(), files);
    let (code, screen) = type_it(&parked, "salvage");
    assert_eq!(code, Some(4), "{screen}");
    let words = "that was not the phrase; nothing was changed";
    assert!(screen.contains(words), "{screen}");
    assert_eq!(parked.files(), files);
}

#[test]
fn a_whole_journal_is_left_alone() {
    let parked = Parked::at_the_pause();
    let files = parked.files();
    let said = parked.upwalk(&["salvage"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(
        said.out.contains("is not damaged. Nothing was changed."),
        "{said}"
    );
    assert_eq!(parked.files(), files);
}

#[test]
fn neither_beside_a_supervisor_nor_beside_a_command_that_runs() {
    let run = Run::of(
        "upwalk: 1\nservice: waiting\ndefaults: { shell: [sh, -c] }\nup:\n  - phase: Work\n    \
         role: stage\n    steps:\n      - run: echo wait >> HERE/ran; until test -e HERE/go; do sleep 0.02; done\n        \
         name: Wait\n        id: wait\n        undo: { none: harmless }\n",
    );
    let mut supervisor = run.serve();
    let mut front = run.attach(Part::Controls);
    front.start();
    wait_for_file(run.dir.path(), "-wait.1.pid");
    front.wait("its start", |mirror| {
        let steps = mirror.state.as_ref().map(|state| &state.steps);
        steps.is_some_and(|steps| steps.contains_key(&StepId::from("wait")))
    });
    let (_, damaged) = damage(&run.dir, "\"StepStarted\"");
    let (code, what, hint) = refusal(&run);
    assert_eq!(code, 4);
    assert!(
        what.contains("a supervisor serves waiting just now"),
        "{what}"
    );
    let pid = client::supervisor_of(&run.dir).expect("it lives");
    assert!(hint.ends_with(&format!("kill -TERM {pid}")), "{hint}");
    supervisor.kill();

    let (code, what, hint) = refusal(&run);
    assert_eq!(code, 4);
    assert!(
        what.contains("the command of wait.1 still runs: "),
        "{what}"
    );
    assert!(hint.contains("upwalk salvage"), "{hint}");
    assert_eq!(run.dir.read_journal().expect("a journal"), damaged);
    run.touch("go");
    wait_for_file(run.dir.path(), "-wait.1.exit");
    let lost = crate::run::wait_until("the end of its shim", || {
        Salvage::look(&run.state_dir, &run.id).ok().flatten()
    });
    assert_eq!(lost.event.intents.len(), 1);
    lost.carry_out().expect("it is carried out");
    resume(&run);
    assert_eq!(
        run.text("ran"),
        "wait\n",
        "a person has looked, and it was not run again"
    );
}

#[test]
fn a_rollback_that_only_files_tell_of_goes_on_and_takes_nothing_back_twice() {
    let run = WALKS[2].walked();
    let text = String::from_utf8(run.dir.read_journal().expect("a journal")).expect("UTF-8");
    let service = run.state().run.service.clone();
    let kept = text
        .find("\"event\":\"RollbackStarted\"")
        .expect("it turned around");
    // All of the append in which it turned around.
    let before = text[..kept].matches('\n').count();
    let lines: Vec<_> = text.split_inclusive('\n').take(before).collect();
    std::fs::write(run.dir.journal_path(), lines.concat()).expect("written");
    let claimed = run.state_dir.claim(&service, &run.id).expect("it is free");
    assert_eq!(claimed, None);
    let error = client::read_run(&run.dir).expect_err("files tell of more");
    assert!(error.what.contains("a later command has left"), "{error}");

    let found = salvage(&run);
    assert!(found.turns_around());
    assert_eq!(found.event.intents.len(), 4, "{:?}", found.event.intents);
    found.carry_out().expect("it is carried out");
    let state = run.state();
    let who = state.rollback.as_ref().map(|rollback| rollback.who.clone());
    assert_eq!(who, Some(identity::who()));
    resume(&run);
    assert_eq!(run.text("ran"), WALKS[2].tally);
    let state = run.state();
    let result = state.finished.as_ref().map(|finished| &finished.result);
    assert_eq!(result, Some(&RunResult::RolledBack));
}

#[test]
fn a_run_that_had_ended_is_not_opened_again() {
    let run = WALKS[1].walked();
    let parked = Parked { run };
    damage(&parked.run.dir, "\"StepStarted\",\"step\":\"four\"");
    let found = salvage(&parked.run);
    assert_eq!(found.event.run, Standing::Ended);
    found.carry_out().expect("it is carried out");
    let said = parked.upwalk(&["attach", parked.run.id.as_str()]);
    assert_eq!(said.code, Some(5), "{said}");
    assert!(
        said.out.contains("it had ended; how is not known"),
        "{said}"
    );
    let open = parked
        .run
        .state_dir
        .open_run_of(&parked.run.state().run.service);
    assert_eq!(open.expect("it can be read"), None);
    let state = parked.run.state();
    let four = state
        .steps
        .get(&StepId::from("four"))
        .expect("its files tell of it");
    assert!(four.attempts[0].unknown.is_some(), "{four:?}");
    assert_eq!(parked.run.text("ran"), WALKS[1].tally);
}

#[test]
fn a_salvage_that_is_cut_off_leaves_the_old_journal_and_the_next_one_ends_it() {
    let parked = Parked::at_the_pause();
    let (_, damaged) = damage(&parked.run.dir, "\"StepStarted\",\"step\":\"point\"");
    // In the place where the new journal is to be written.
    let in_the_way = parked.run.dir.path().join("journal.jsonl.tmp");
    std::fs::create_dir(&in_the_way).expect("written");
    let error = salvage(&parked.run)
        .carry_out()
        .expect_err("it cannot write");
    assert_eq!(error.code, 1, "{error}");
    assert_eq!(parked.journal(), damaged);
    std::fs::remove_dir(&in_the_way).expect("it is empty");
    let again = salvage(&parked.run);
    assert_eq!(
        again.event.journal, "journal.damaged-1.jsonl",
        "the name it has already"
    );
    again.carry_out().expect("it is carried out");
    // Its second damage gets a second name.
    let (_, second) = damage(&parked.run.dir, "\"JournalSalvaged\"");
    salvage(&parked.run).carry_out().expect("it is carried out");
    for (name, bytes) in [("1", damaged), ("2", second)] {
        let path = parked
            .run
            .dir
            .path()
            .join(format!("journal.damaged-{name}.jsonl"));
        assert_eq!(std::fs::read(path).expect("it is kept"), bytes);
    }
    resume(&parked.run);
    assert_eq!(parked.run.text("ran"), WALKS[0].tally);
}
