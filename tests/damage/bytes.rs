//! Every byte of the journals of real walks: cut there, and a bit flipped there.

use crate::drive::Drive;
use crate::run::Run;
use crate::support::say;
use crate::walks::{WALKS, Walk};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use upwalk::journal::RunState;
use upwalk::journal::codec;
use upwalk::plan::Plan;
use upwalk::supervisor::client::{self, ClientError};
use upwalk::types::Seq;

/// A walked run and its undamaged journal.
struct Walked {
    run: Run,
    journal: Vec<u8>,
}

impl Walked {
    fn of(walk: &Walk) -> Self {
        let run = walk.walked();
        let journal = run.dir.read_journal().expect("a journal");
        Self { run, journal }
    }

    /// Reads the run with these bytes as its journal, through the very code that `attach`, `status`
    /// and a supervisor read it with.
    fn read(&self, bytes: &[u8]) -> Result<(Arc<Plan>, RunState), ClientError> {
        std::fs::write(self.run.dir.journal_path(), bytes).expect("written");
        client::read_run(&self.run.dir)
    }

    /// Where each line ends: the index behind its newline.
    fn ends(&self) -> Vec<usize> {
        let bytes = self.journal.iter().enumerate();
        let newlines = bytes.filter(|(_, byte)| **byte == b'\n');
        newlines.map(|(at, _)| at + 1).collect()
    }

    /// The last event of the last whole append among this many lines.
    fn whole_append(&self, lines: usize) -> Seq {
        let text = String::from_utf8_lossy(&self.journal);
        let goes_on = |line: &&str| line.contains(",\"more\":");
        let half = text.lines().take(lines).collect::<Vec<_>>();
        let half = half.iter().rev().take_while(|line| goes_on(line)).count();
        Seq((lines - half) as u64)
    }

    /// The highest number that a command's files begin with.
    fn last_intent(&self) -> Seq {
        let traces = self.run.dir.remains().expect("it can be listed");
        traces.last().expect("commands have run").number
    }
}

#[test]
fn every_cut_resumes_or_is_refused_with_what_tells_of_more() {
    for walk in &WALKS {
        let walked = Walked::of(walk);
        let (ends, last) = (walked.ends(), walked.last_intent());
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut driven = BTreeSet::new();
        for at in 0..walked.journal.len() {
            let whole = ends.iter().filter(|end| **end <= at).count();
            let kind = match walked.read(&walked.journal[..at]) {
                Ok((plan, state)) => {
                    let so_far = walked.whole_append(whole);
                    assert_eq!(state.last, so_far, "{}, byte {at}", walk.name);
                    assert!(so_far >= last, "{}, byte {at}: shorter", walk.name);
                    if driven.insert(whole) {
                        let tally = Drive::new(&walked.run, &plan, state, last).ended();
                        assert_eq!(tally, walk.tally, "{}, byte {at}", walk.name);
                    }
                    if whole + 1 == ends.len() {
                        "in the last line, resumes"
                    } else {
                        "further back, nothing tells of more, resumes"
                    }
                }
                Err(error) => {
                    assert_eq!(error.code, 8, "{}, byte {at}: {error}", walk.name);
                    assert!(whole + 1 < ends.len(), "{}, byte {at}: {error}", walk.name);
                    refused_cut(&error, whole)
                }
            };
            *counts.entry(kind).or_default() += 1;
        }
        say(&format!(
            "{}: {} bytes in {} lines, each cut there: {counts:?}",
            walk.name,
            walked.journal.len(),
            ends.len()
        ));
        assert_eq!(counts.len(), 4, "{counts:?}");
    }
}

/// How a cut is refused: a file that tells of more is named, and it is there.
fn refused_cut(error: &ClientError, whole: usize) -> &'static str {
    if whole == 0 {
        assert!(error.what.contains("it is empty"), "{error}");
        return "in the first line, refused";
    }
    let words = error
        .what
        .split_whitespace()
        .map(|word| word.trim_end_matches(';'));
    let mut files = words.filter(|word| word.starts_with('/') && !word.ends_with("/journal.jsonl"));
    let file = files.next().expect("a file is named");
    assert!(Path::new(file).exists(), "{error}");
    let hint = error.hint.as_deref().unwrap_or_default();
    assert!(hint.starts_with("upwalk salvage "), "{hint}");
    "further back, a file tells of more, refused"
}

#[test]
fn every_flipped_bit_is_refused_with_its_line_but_one_in_the_last_newline() {
    for walk in &WALKS {
        let walked = Walked::of(walk);
        let last = walked.journal.len() - 1;
        let mut refused = 0;
        let mut line = 1;
        for at in 0..last {
            let mut bytes = walked.journal.clone();
            bytes[at] ^= 1 << (at % 8);
            let error = walked.read(&bytes).expect_err("a flip is damage");
            assert_eq!(error.code, 8, "byte {at}: {error}");
            let told = format!("is damaged: line {line}: ");
            assert!(error.what.contains(&told), "byte {at}: {error}");
            refused += 1;
            if walked.journal[at] == b'\n' {
                line += 1;
            }
        }
        let mut bytes = walked.journal.clone();
        bytes[last] ^= 1;
        let (plan, state) = walked.read(&bytes).expect("the last line is torn");
        let seen = walked.last_intent();
        let tally = Drive::new(&walked.run, &plan, state, seen).ended();
        assert_eq!(tally, walk.tally, "{}", walk.name);
        say(&format!(
            "{}: {refused} flips refused with their line, 1 in the last newline resumes",
            walk.name
        ));
    }
}

#[test]
fn a_run_whose_machine_died_behind_any_line_ends_with_each_once_only_step_run_once() {
    for walk in &WALKS {
        let walked = Walked::of(walk);
        let (plan, _) = walked.read(&walked.journal).expect("it is whole");
        let mut ended = 0;
        for end in walked.ends() {
            let journal = codec::decode(&walked.journal[..end]).expect("whole lines");
            let Ok(state) = RunState::of(&journal.events) else {
                assert!(journal.events.is_empty(), "they fit");
                continue;
            };
            if state.finished.is_some() {
                continue;
            }
            let seen = state.last;
            let tally = Drive::new(&walked.run, &plan, state, seen).ended();
            assert_eq!(tally, walk.tally, "{}, event {seen}", walk.name);
            ended += 1;
        }
        say(&format!(
            "{}: {ended} moments, all went on to the same end",
            walk.name
        ));
    }
}
