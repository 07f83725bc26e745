//! Whatever the bytes are: the plan reader, the journal codec, the frames between supervisor and
//! front ends, and the log sanitiser end with a result or with an error that says where.
//!
//! Each target takes a bounded number of inputs, made from the committed corpus in
//! `tests/fuzz/corpus`. `UPWALK_FUZZ_INPUTS` and `UPWALK_FUZZ_SEED` change how many and which;
//! an input that fails is kept, and its path printed. What was found stands as a test of its own.

#![expect(clippy::disallowed_methods, reason = "a test reads its own files")]

mod mutate;
mod plans;
mod targets;

use mutate::{Random, input};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

/// A number from the environment.
fn number(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(otherwise, |said| said.parse().expect("a number"))
}

/// The files of one target's corpus, by name.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let listed = std::fs::read_dir(dir.join(target)).expect("the corpus is there");
    let mut files: Vec<_> = listed
        .map(|entry| entry.expect("the corpus can be listed").path())
        .map(|path| (path.clone(), std::fs::read(&path).expect("it can be read")))
        .collect();
    files.sort();
    assert!(files.len() >= 5, "the corpus of {target} is nearly empty");
    files
}

/// Gives a target every file of its corpus as it is, then so many inputs made of them.
fn fuzz(target: &str, inputs: u64, words: &[&[u8]], take: impl Fn(&[u8])) {
    let files = corpus(target);
    for (path, bytes) in &files {
        guarded(target, bytes, &path.display().to_string(), &take);
    }
    let files: Vec<Vec<u8>> = files.into_iter().map(|(_, bytes)| bytes).collect();
    let seed = number("UPWALK_FUZZ_SEED", 1);
    for round in 0..number("UPWALK_FUZZ_INPUTS", inputs) {
        let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(round));
        let bytes = input(&mut random, &files, words);
        guarded(
            target,
            &bytes,
            &format!("seed {seed}, input {round}"),
            &take,
        );
    }
}

/// Gives a target one input; one that fails is kept where it can be looked at.
fn guarded(target: &str, bytes: &[u8], which: &str, take: &impl Fn(&[u8])) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| take(bytes))) {
        let kept = std::env::temp_dir().join(format!("upwalk-fuzz-{target}"));
        std::fs::write(&kept, bytes).expect("a temporary file can be written");
        eprintln!("{target}: {which} fails; it is kept in {}", kept.display());
        resume_unwind(panic);
    }
}

#[test]
fn the_plan_reader_ends_with_a_plan_or_with_findings() {
    fuzz("plan", 3_000, targets::PLAN_WORDS, targets::plan);
}

#[test]
fn the_journal_codec_ends_with_events_or_with_damage() {
    fuzz("journal", 6_000, targets::JOURNAL_WORDS, targets::journal);
}

#[test]
fn frames_are_understood_or_refused() {
    fuzz("wire", 20_000, targets::WIRE_WORDS, targets::wire);
}

#[test]
fn the_log_sanitiser_lets_nothing_through() {
    fuzz("log", 20_000, targets::LOG_WORDS, targets::log);
}
