//! Cut journals resumed by the program itself: a supervisor is started over what lies there.

use crate::run::Run;
use crate::support::say;
use crate::walks::{WALKS, Walk, resume};
use std::path::Path;
use tempfile::TempDir;

/// Copies what lies in a directory, with its modes; sockets are left out.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("it can be listed") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            std::fs::create_dir(&target).expect("written");
            let mode = path.metadata().expect("its mode").permissions();
            std::fs::set_permissions(&target, mode).expect("it is ours");
            copy(&path, &target);
        } else if path.is_file() {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

/// A walked run that is put back as it was after each try.
struct Again {
    run: Run,
    kept: TempDir,
    journal: Vec<u8>,
}

impl Again {
    fn of(walk: &Walk) -> Self {
        let run = walk.walked();
        let journal = run.dir.read_journal().expect("a journal");
        let kept = tempfile::tempdir().expect("a directory");
        copy(&run.here(""), kept.path());
        Self { run, kept, journal }
    }

    /// Cuts the journal at this byte and has a supervisor take the run over; says whether it did.
    fn resumes(&self, walk: &Walk, at: usize) -> bool {
        for entry in std::fs::read_dir(self.run.here("")).expect("it can be listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                std::fs::remove_dir_all(path).expect("it is ours");
            } else {
                std::fs::remove_file(path).expect("it is ours");
            }
        }
        copy(self.kept.path(), &self.run.here(""));
        let cut = &self.journal[..at];
        std::fs::write(self.run.dir.journal_path(), cut).expect("written");
        if upwalk::supervisor::client::read_run(&self.run.dir).is_err() {
            let (mut supervisor, line) = self.run.supervise();
            assert_eq!(supervisor.end().code(), Some(8), "byte {at}: {line}");
            assert_eq!(self.run.dir.read_journal().expect("a journal"), cut);
            return false;
        }
        resume(&self.run);
        let tally = self.run.text("ran");
        assert_eq!(tally, walk.tally, "{}, byte {at}", walk.name);
        assert!(self.run.served_to_the_end(), "{}, byte {at}", walk.name);
        true
    }

    /// The bytes at which lines end, with the one before and the one behind.
    fn boundaries(&self) -> Vec<usize> {
        let bytes = self.journal.iter().enumerate();
        let newlines = bytes.filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
        newlines
            .flat_map(|at| [at, at + 1, at + 2])
            .filter(|at| *at < self.journal.len())
            .collect()
    }
}

#[test]
fn a_supervisor_resumes_or_refuses_as_every_reader_does() {
    for walk in &WALKS {
        let again = Again::of(walk);
        let all = again.boundaries();
        let last = all.len() - 1;
        assert!(again.resumes(walk, all[last]), "in the last line");
        assert!(!again.resumes(walk, all[last / 2]), "{}", walk.name);
    }
}

#[test]
#[ignore = "starts a supervisor at every line of three journals; minutes"]
fn a_supervisor_resumes_or_refuses_at_every_line() {
    for walk in &WALKS {
        let again = Again::of(walk);
        let all = again.boundaries();
        let resumed = all.iter().filter(|at| again.resumes(walk, **at)).count();
        say(&format!(
            "{}: {} cuts at line ends, {resumed} resumed by a supervisor, each to the same end",
            walk.name,
            all.len()
        ));
        assert!(resumed > 3, "{}: {resumed}", walk.name);
    }
}
