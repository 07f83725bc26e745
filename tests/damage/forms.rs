//! Every form of damage, through the program: what is refused, with which words, and that nothing is
//! changed; what is cut off on reopening, and that people are told.

use crate::parked::{Parked, reseal};
use crate::walks::resume;
use upwalk::journal::Event;
use upwalk::ledger::{Entry, FORMAT};
use upwalk::shell::{clock, identity};
use upwalk::types::{RunId, Seq};

/// What every verb that reads the run has to say, and its exit code.
fn refused(name: &str, parked: &Parked, code: i32, words: &[&str]) {
    let before = parked.files();
    let run = parked.run.id.as_str();
    for args in [
        &["why", run][..],
        &["log", run],
        &["attach", run, "--ui", "none"],
        &["attach", run, "--ui", "none", "--observe"],
        &["rollback", run, "--plan"],
        &["continue", run, "--at", "9"],
        &["status", "--exit-code"],
    ] {
        let said = parked.upwalk(args);
        assert_eq!(said.code, Some(code), "{name}: {args:?}: {said}");
        for words in words {
            assert!(
                said.err.contains(words),
                "{name}: {args:?}: {words}: {said}"
            );
        }
    }
    let said = parked.upwalk(&["runs"]);
    assert!(said.out.contains("damaged"), "{name}: {said}");
    assert_eq!(parked.files(), before, "{name}: nothing may be changed");
}

/// The journal damaged within, in every form: its name, the bytes, and what is told of them.
fn forms(good: &[u8]) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    let without = |drop: usize| -> Vec<u8> {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != drop);
        kept.flat_map(|(_, line)| line.to_vec()).collect()
    };
    let with = |at: usize, line: &[u8]| -> Vec<u8> {
        let (before, after) = lines.split_at(at);
        [&before.concat(), line, &after.concat()].concat()
    };
    let mut flipped = good.to_vec();
    let in_line_8 = lines[..7].concat().len() + 90;
    flipped[in_line_8] ^= 4;
    vec![
        ("a flipped bit", flipped, "line 8: its hash does not fit"),
        (
            "a missing line",
            without(9),
            "line 10: its hash does not fit",
        ),
        (
            "a doubled line",
            with(6, lines[5]),
            "line 7: its hash does not fit",
        ),
        (
            "a foreign line",
            with(5, b"hello\n"),
            "line 6: it does not begin with its hash",
        ),
        (
            "a foreign last line",
            [good, b"hello\n"].concat(),
            "it does not begin with its hash",
        ),
        (
            "zeros with a newline",
            [good, &[0; 64], b"\n"].concat(),
            "is damaged: line",
        ),
    ]
}

#[test]
fn damage_in_every_form_is_refused_by_every_reader_and_nothing_is_changed() {
    let parked = Parked::at_the_pause();
    let good = parked.journal();
    let salvage = format!("hint: upwalk salvage {}", parked.run.id);
    for (name, bytes, line) in forms(&good) {
        parked.put(&bytes);
        refused(name, &parked, 8, &["is damaged: ", line, &salvage]);
    }
    parked.put(b"");
    refused(
        "an empty file",
        &parked,
        8,
        &["it is empty", "hint: restore journal.jsonl"],
    );
    std::fs::remove_file(parked.run.dir.journal_path()).expect("it was there");
    refused(
        "no file",
        &parked,
        8,
        &["it is empty", "hint: restore journal.jsonl"],
    );
    let mut first = good.clone();
    first[80] ^= 1;
    parked.put(&first);
    refused(
        "a flipped first line",
        &parked,
        8,
        &["line 1: ", "hint: restore"],
    );
    let lines = good.split_inclusive(|byte| *byte == b'\n');
    parked.put(&lines.take(12).collect::<Vec<_>>().concat());
    refused(
        "cut back",
        &parked,
        8,
        &["a later command has left /", &salvage],
    );
    parked.put(&good);
    assert_eq!(parked.upwalk(&["why"]).code, Some(0));
}

#[test]
fn a_ledger_and_a_later_run_that_tell_of_more_are_believed() {
    let parked = Parked::at_the_pause();
    let state = parked.run.state();
    let service = state.run.service.clone();
    let entry = Entry {
        v: FORMAT,
        service: service.clone(),
        state_version: None,
        run: parked.run.id.clone(),
        number: Seq(state.last.0 + 3),
        at: clock::wall(),
        by: identity::who(),
        stopped_at: None,
    };
    let words = format!(
        "the ledger of {service} tells of its event {}",
        entry.number
    );
    parked.run.state_dir.append_ledger(&entry).expect("written");
    refused("the ledger", &parked, 8, &[&words]);

    let parked = Parked::at_the_pause();
    let release = parked.run.state_dir.release(&service, &parked.run.id);
    release.expect("it was claimed");
    assert_eq!(
        parked.upwalk(&["why"]).code,
        Some(0),
        "it can be ended once more"
    );
    let later = parked.run.another();
    let claim = parked.run.state_dir.claim(&service, &later);
    assert_eq!(claim.expect("it is free"), None);
    let said = parked.upwalk(&["attach", parked.run.id.as_str(), "--ui", "none"]);
    assert_eq!(said.code, Some(8), "{said}");
    assert!(
        said.err
            .contains(&format!("and yet {later} has begun since")),
        "{said}"
    );
}

#[test]
fn what_is_no_whole_event_is_cut_off_and_people_are_told() {
    for (tail, told) in [
        (&b"{\"hash\":\"00"[..], "ended in 11 bytes"),
        (
            &[0; 512],
            "ended in 512 bytes that were no whole event, as a crash leaves them; they were cut off. They began with: zeros",
        ),
        (b"# by hand\x1b[2J", "They began with: # by hand"),
    ] {
        let parked = Parked::at_the_pause();
        let good = parked.journal();
        parked.put(&[&good, tail].concat());
        assert_eq!(parked.upwalk(&["why"]).code, Some(0));
        let said = parked.upwalk(&["attach", "--ui", "none"]);
        assert_eq!(said.code, Some(4), "{said}");
        let journal = parked.journal();
        assert!(journal.starts_with(&good));
        let cut = |event: &Event| matches!(event, Event::TailCutOff { bytes, .. } if *bytes == tail.len() as u64);
        assert_eq!(parked.events().iter().filter(|event| cut(event)).count(), 1);
        let status = parked.upwalk(&["status"]).out;
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for page in [&said.out, &status] {
            assert!(flat(page).contains(told), "{told}: {page}");
            assert!(!page.contains('\x1b'), "{page}");
        }
        parked.end_supervisor();
        resume(&parked.run);
    }
}

#[test]
fn a_newer_minor_version_is_read_and_a_newer_major_one_is_left_alone() {
    let parked = Parked::at_the_pause();
    let text = String::from_utf8(parked.journal()).expect("a journal is UTF-8");
    let major = reseal(&text.replace("\"format\":[1,2]", "\"format\":[2,3]"));
    parked.put(&major);
    let words = [
        "written by upwalk 0.1.0 in format 2.3",
        "hint: use the upwalk that wrote it",
    ];
    refused("a newer major version", &parked, 3, &words);
    let said = parked.upwalk(&["salvage"]);
    assert_eq!(said.code, Some(3), "{said}");
    assert_eq!(parked.journal(), major);

    // Begun by this version, taken over by a newer one.
    let last = parked_last(&text);
    let newer = format!(
        "{}{{\"hash\":\"{}\",\"n\":{},\"t\":\"2026-11-21T00:00:00.000Z\",\"up\":1,\"event\":\"SomethingNew\",\"x\":[1]}}\n",
        text.replace("\"writes\":[1,2]", "\"writes\":[1,7]"),
        "0".repeat(64),
        last + 1
    );
    let newer = reseal(&newer);
    parked.put(&newer);
    assert_eq!(parked.upwalk(&["why"]).code, Some(0));
    let said = parked.upwalk(&["attach", "--ui", "none"]);
    assert_eq!(said.code, Some(4), "{said}");
    assert!(
        said.out.contains("of kinds that only a newer upwalk knows"),
        "{said}"
    );
    assert!(parked.journal().starts_with(&newer), "it is carried along");
    parked.end_supervisor();
    resume(&parked.run);
    let unknown = parked.run.state().unknown.clone();
    assert_eq!(unknown, [Seq(last + 1)]);
    // The same without anybody who announced it is no event of ours.
    parked.put(&reseal(
        &String::from_utf8(newer)
            .expect("UTF-8")
            .replace("\"writes\":[1,7]", "\"writes\":[1,2]"),
    ));
    let said = parked.upwalk(&["why", parked.run.id.as_str()]);
    assert_eq!(said.code, Some(8), "{said}");
    assert!(said.err.contains("it is of no known kind"), "{said}");
}

fn parked_last(text: &str) -> u64 {
    text.lines().count() as u64
}

#[test]
fn an_emptied_journal_is_not_taken_for_a_start_that_was_cut_off() {
    let parked = Parked::at_the_pause();
    parked.put(b"");
    assert!(parked.run.dir.has_begun().expect("it can be read"));
    let gone = parked.run.state_dir.discard_run(&parked.run.id);
    assert!(gone.is_err(), "its commands have left files");
    assert!(RunId::parse(parked.run.id.as_str()).is_some() && parked.run.dir.path().exists());
}
