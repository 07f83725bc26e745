//! A run that waits at its pause without a supervisor, and the program that looks at it.

use crate::run::{Run, question};
use crate::support::{Said, kill, said};
use crate::walks::{WALKS, answer};
use rustix::process::Signal;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use upwalk::journal::codec::{self, GENESIS};
use upwalk::journal::{Event, Question};
use upwalk::supervisor::client;
use upwalk::supervisor::wire::Part;

/// A run that nobody serves.
pub(crate) struct Parked {
    pub(crate) run: Run,
}

impl Parked {
    /// The first walk, at its pause; its supervisor was ended.
    pub(crate) fn at_the_pause() -> Self {
        let run = WALKS[0].begin();
        let mut supervisor = run.serve();
        let mut front = run.attach(Part::Controls);
        loop {
            front.wait("a question", |mirror| question(mirror).is_some());
            let open = front.state().open.clone().expect("it was just seen");
            if matches!(open.question, Question::Paused { .. }) {
                break;
            }
            let decision = answer(&open.question, "", || {});
            front
                .decide(Some(open.asked), decision)
                .expect("it is taken");
            front.wait("what follows", |mirror| {
                let open_now = mirror.state.as_ref().and_then(|state| state.open.as_ref());
                open_now.is_none_or(|now| now.asked != open.asked)
            });
        }
        supervisor.terminate();
        assert_eq!(supervisor.end().code(), Some(0));
        Self { run }
    }

    /// The journal's bytes.
    pub(crate) fn journal(&self) -> Vec<u8> {
        self.run.dir.read_journal().expect("it can be read")
    }

    /// The events of a good journal.
    pub(crate) fn events(&self) -> Vec<Event> {
        let journal = codec::decode(&self.journal()).expect("it is good");
        journal
            .events
            .into_iter()
            .map(|recorded| recorded.event)
            .collect()
    }

    /// Puts these bytes in the place of the journal.
    pub(crate) fn put(&self, bytes: &[u8]) {
        std::fs::write(self.run.dir.journal_path(), bytes).expect("written");
    }

    /// Every file of the state directory with its bytes; what supervisors say to nobody left out.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.run.state_dir.path().to_owned()];
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(dir).expect("it can be listed") {
                let entry = entry.expect("an entry");
                let kind = entry.file_type().expect("a kind");
                if kind.is_dir() {
                    open.push(entry.path());
                } else if kind.is_file() && entry.file_name() != "supervisor.log" {
                    let bytes = std::fs::read(entry.path()).expect("it can be read");
                    found.insert(entry.path(), bytes);
                }
            }
        }
        found
    }

    /// The program on this run's state directory.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_upwalk"));
        let path = std::env::var_os("PATH").expect("a PATH");
        command
            .args(args)
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.run.here("home"))
            .env("TERM", "dumb")
            .env("UPWALK_STATE_DIR", self.run.state_dir.path());
        command
    }

    /// Runs it to its end, without a terminal.
    pub(crate) fn upwalk(&self, args: &[&str]) -> Said {
        let mut command = self.command(args);
        command.stdin(Stdio::null());
        said(&command.output().expect("upwalk can be started"))
    }

    /// Ends the supervisor that a verb has started, and waits until it is gone.
    pub(crate) fn end_supervisor(&self) {
        let Some(pid) = client::supervisor_of(&self.run.dir) else {
            return;
        };
        kill(i32::try_from(pid).expect("a pid"), Signal::TERM);
        let service = self.run.id.service();
        let service = upwalk::types::Id::new(service).expect("a service");
        crate::run::wait_until("the end of the supervisor", || {
            self.run.state_dir.lock(&service).expect("a lock")
        });
    }
}

/// The same lines with hashes that fit.
pub(crate) fn reseal(text: &str) -> Vec<u8> {
    let mut hash = GENESIS.to_owned();
    let mut out = String::new();
    for line in text.lines() {
        let body = &line["{\"hash\":\"".len() + 64 + "\",".len()..];
        let sum = Sha256::new()
            .chain_update(&hash)
            .chain_update(body)
            .finalize();
        hash = sum.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes text");
            text
        });
        writeln!(out, "{{\"hash\":\"{hash}\",{body}").expect("a string takes text");
    }
    out.into_bytes()
}
