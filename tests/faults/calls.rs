//! System calls fail one after the other: strace makes the Nth call of a kind fail in a real
//! supervisor, in its threads, in the step shims or in `upwalk up`; then the run is walked to its
//! end without faults. Each once-only step runs once, or somebody is asked.
//!
//! strace counts each thread's calls apart. So the supervisor's own thread, which writes the journal,
//! is aimed at alone; its other threads each get their Nth failure; and a shim is aimed at by the
//! files of its intent, which nobody else writes.

use crate::support::{Said, kill, said, say, skip_missing};
use crate::walk::{RAN, Walk};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Who gets the failing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    /// The thread of the supervisor that decides and keeps the journal.
    Loop,
    /// All threads of the supervisor, and what it starts until that is another program.
    Threads,
    /// The shim of the first step, through its files.
    Shim,
    /// `upwalk up` while it makes the run, and starts its supervisor.
    Up,
}

/// A call that fails for one of these, and with what.
#[derive(Debug, Clone, Copy)]
struct Aim {
    victim: Victim,
    calls: &'static str,
    error: &'static str,
}

const fn aim(victim: Victim, calls: &'static str, error: &'static str) -> Aim {
    Aim {
        victim,
        calls,
        error,
    }
}

/// All that is tried.
const AIMS: &[Aim] = &[
    aim(Victim::Loop, "write", "ENOSPC"),
    aim(Victim::Loop, "write", "EIO"),
    aim(Victim::Loop, "fsync,fdatasync", "EIO"),
    aim(Victim::Loop, "openat", "ENOSPC"),
    aim(Victim::Loop, "rename,renameat,renameat2", "EIO"),
    aim(Victim::Loop, "unlink,unlinkat", "EIO"),
    aim(Victim::Loop, "ftruncate", "EIO"),
    aim(Victim::Loop, "flock", "ENOLCK"),
    aim(Victim::Loop, "socket,bind,listen", "ENOMEM"),
    aim(Victim::Loop, "clone,clone3", "EAGAIN"),
    aim(Victim::Threads, "write", "EIO"),
    aim(Victim::Threads, "fsync,fdatasync", "EIO"),
    aim(Victim::Threads, "openat", "EMFILE"),
    aim(Victim::Threads, "accept4,accept", "EMFILE"),
    aim(Victim::Threads, "clone,clone3,vfork,fork", "EAGAIN"),
    aim(Victim::Threads, "execve", "ENOMEM"),
    aim(Victim::Shim, "write", "ENOSPC"),
    aim(Victim::Shim, "fsync,fdatasync", "EIO"),
    aim(Victim::Shim, "open,openat", "EIO"),
    aim(Victim::Shim, "rename,renameat,renameat2", "EIO"),
    aim(Victim::Shim, "flock", "ENOLCK"),
    aim(Victim::Shim, "mkdir,mkdirat", "ENOSPC"),
    aim(Victim::Up, "write", "ENOSPC"),
    aim(Victim::Up, "fsync,fdatasync", "EIO"),
    aim(Victim::Up, "openat", "ENOSPC"),
    aim(Victim::Up, "mkdir,mkdirat", "EROFS"),
    aim(Victim::Up, "link,linkat", "EIO"),
    aim(Victim::Up, "flock", "ENOLCK"),
    aim(Victim::Up, "clone,clone3,vfork,fork", "EAGAIN"),
];

/// The longest way to an end, in words from a person.
const MOST_ROUNDS: u32 = 60;

/// What became of the walks of one aim.
#[derive(Debug, Default)]
struct Tally {
    /// Walks in which a call failed.
    hit: u32,
    /// How often somebody was asked how a step ended.
    unknown: u32,
    /// How often a step had failed and was tried again.
    retried: u32,
}

/// A walk on which one kind of call fails once.
struct Trial {
    walk: Walk,
    trace: PathBuf,
}

impl Trial {
    fn new() -> Self {
        let walk = Walk::new(":");
        walk.go();
        let trace = walk.sandbox.path("trace");
        Self { walk, trace }
    }

    /// upwalk under strace, with the faults of this aim.
    fn strace(&self, aim: &Aim, nth: usize, args: &[&str]) -> Command {
        let (calls, error) = (aim.calls, aim.error);
        let mut command = Command::new("strace");
        command.args(["-qq", "-o"]).arg(&self.trace);
        command.args(match aim.victim {
            Victim::Loop => &[][..],
            Victim::Threads | Victim::Up => &["-f", "-b", "execve"],
            Victim::Shim => &["-f"],
        });
        if aim.victim == Victim::Shim {
            let is_seen = |path: &PathBuf| !calls.contains("open") || !is_written_by_step(path);
            for path in self.shim_files().iter().filter(|path| is_seen(path)) {
                command.arg("-P").arg(path);
            }
        }
        command
            .args(["-e", &format!("trace={calls}"), "-e"])
            .arg(format!("inject={calls}:error={error}:when={nth}"))
            .arg(env!("CARGO_BIN_EXE_upwalk"))
            .args(args);
        self.walk.sandbox.settle(&mut command);
        command.stdin(Stdio::null());
        command
    }

    /// What the shim of the first step writes. Its number is that of its intent, before which the
    /// journal is told of the supervisor and of the answer that lets the step begin.
    fn shim_files(&self) -> Vec<PathBuf> {
        let dir = self.walk.sandbox.run_dir();
        let number = self.walk.sandbox.journal().lines().count() + 3;
        let stem = format!("{number:04}-one.1");
        let of_stem = ["lock", "pid", "void", "exit", "exit.tmp", "cancel", "times"];
        let mut files: Vec<PathBuf> = of_stem
            .iter()
            .map(|suffix| dir.join(format!("{stem}.{suffix}")))
            .collect();
        let output = dir.join("output").join(format!("{number:04}"));
        files.extend([output.join("variables"), output]);
        files
    }

    fn up_args(&self) -> [String; 5] {
        let plan = self.walk.sandbox.path("plans/walk.yaml");
        let plan = plan.display().to_string();
        ["up", "--step", "--ui", "none", &plan].map(str::to_owned)
    }

    /// Makes the run with this fault; it may or may not come about.
    fn up(&self, aim: &Aim, nth: usize) -> Said {
        let args = self.up_args();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = self.strace(aim, nth, &args);
        said(&command.output().expect("strace can be started"))
    }

    /// Makes the run, parked before its first step, and serves it with this fault.
    fn serve(&self, aim: &Aim, nth: usize) -> Child {
        let parked = self.walk.sandbox.run(self.up_args());
        assert_eq!(parked.code, Some(4), "{parked}");
        kill(self.walk.sandbox.supervisor(), Signal::TERM);
        self.walk.unserved();
        let dir = self.walk.sandbox.run_dir();
        let log = std::fs::OpenOptions::new()
            .append(true)
            .open(dir.join("supervisor.log"))
            .expect("the supervisor has a log");
        let dir = dir.display().to_string();
        let mut command = self.strace(aim, nth, &["__supervise", &dir]);
        command.stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("strace can be started");
        let out = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        // Whatever it says, or nothing: from here on it is as `attach` finds it.
        let _ = BufReader::new(out).read_line(&mut line);
        child
    }

    /// Whether a call has failed.
    fn has_hit(&self) -> bool {
        let trace = std::fs::read_to_string(&self.trace);
        trace.is_ok_and(|trace| trace.contains("(INJECTED)"))
    }

    /// Walks to the end as a person would who types what is printed.
    fn finish(&self, tally: &mut Tally) {
        let mut trail = String::new();
        for _ in 0..MOST_ROUNDS {
            let Some(next) = self.next(tally) else {
                self.walk.unserved();
                return;
            };
            let told = self.walk.sandbox.type_line(&next);
            trail = format!("{trail}\n$ {next}\n{told}");
            assert_ne!(told.code, Some(70), "a bug:{trail}");
            assert_ne!(told.code, Some(8), "called damaged:{trail}");
        }
        panic!("no end is reached:{trail}");
    }

    /// What to type next; nothing once the run is over.
    fn next(&self, tally: &mut Tally) -> Option<String> {
        let open = self.walk.status().0;
        if open.is_null() {
            let begun = self.walk.sandbox.runs().iter().any(|dir| {
                let journal = dir.join("journal.jsonl").metadata();
                journal.is_ok_and(|meta| meta.len() > 0)
            });
            // A run that never began is begun again.
            return (!begun).then(|| format!("upwalk {}", self.up_args().join(" ")));
        }
        let commands = open["commands"].as_array().cloned().unwrap_or_default();
        let command = |verb: &str| {
            let mut all = commands.iter().filter_map(Value::as_str);
            let begins = format!("upwalk {verb}");
            all.find(|line| line.starts_with(&begins))
                .map(str::to_owned)
        };
        if let Some(settle) = command("settle") {
            tally.unknown += 1;
            return Some(self.settle(&open, &settle));
        }
        if let Some(retry) = command("retry") {
            tally.retried += 1;
            return Some(retry);
        }
        let attach = || "upwalk attach walk --ui none".to_owned();
        Some(command("continue").unwrap_or_else(attach))
    }

    /// What a person says who has looked whether the step did its work.
    fn settle(&self, open: &Value, line: &str) -> String {
        let step = open["position"]["step"].as_str().expect("a step");
        let ran = std::fs::read_to_string(self.walk.sandbox.path("ran")).unwrap_or_default();
        let verdict = if ran.lines().any(|line| line.starts_with(step)) {
            "done"
        } else {
            "rerun"
        };
        let at = line.split("--at ").nth(1).expect("it names its question");
        let at = at.split(' ').next().expect("a number");
        format!("upwalk settle walk {verdict} --at {at}")
    }
}

/// Whether the step's own command opens this file of the shim's: where that fails, the step has
/// failed, and rightly so.
fn is_written_by_step(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "variables")
}

/// One walk; says whether a call failed in it.
fn try_one(aim: &Aim, nth: usize, tally: &mut Tally) -> bool {
    let trial = Trial::new();
    if aim.victim == Victim::Up {
        let told = trial.up(aim, nth);
        // 3: the shell that is asked about the plan's texts could not be, either.
        let fine = [Some(1), Some(3), Some(4), Some(127)];
        assert!(fine.contains(&told.code), "{aim:?} {nth}: {told}");
        trial.finish(tally);
    } else {
        let mut strace = trial.serve(aim, nth);
        trial.finish(tally);
        // It ends with the supervisor.
        let _ = strace.wait();
    }
    let hit = trial.has_hit();
    let end = trial.walk.end();
    assert_eq!(end.ran(), RAN, "{aim:?}, call {nth}: {:#?}", end.story());
    end.assert_done();
    if hit {
        tally.hit += 1;
    }
    hit
}

/// Whether strace is there.
fn has_strace() -> bool {
    let found = Command::new("strace").arg("-V").output().is_ok();
    if !found {
        skip_missing("strace");
    }
    found
}

/// A few calls of each kind, spread over the walk.
fn try_some(victim: Victim, spread: &[usize]) {
    if !has_strace() {
        return;
    }
    let mut total = Tally::default();
    for (index, aim) in AIMS.iter().filter(|aim| aim.victim == victim).enumerate() {
        try_one(aim, spread[index % spread.len()], &mut total);
    }
    assert!(total.hit > 0, "no call has failed: {total:?}");
}

#[test]
fn a_failing_call_in_the_loop_loses_nothing() {
    try_some(Victim::Loop, &[3, 1, 2, 9]);
}

#[test]
fn a_failing_call_in_a_thread_loses_nothing() {
    try_some(Victim::Threads, &[1, 2]);
}

#[test]
fn a_failing_call_in_a_shim_loses_nothing() {
    try_some(Victim::Shim, &[1, 2]);
}

#[test]
fn a_failing_call_of_a_start_leaves_nothing_half_done() {
    try_some(Victim::Up, &[3, 1, 5]);
}

#[test]
#[ignore = "takes minutes: every call of every kind, every fifth openat"]
fn every_call_may_fail() {
    if !has_strace() {
        return;
    }
    say("victim   calls                         error    calls  failed  asked  retried");
    for aim in AIMS {
        let mut tally = Tally::default();
        let mut nth = 1;
        // Files are opened by the hundred, most of them to be read.
        let stride = if aim.calls == "openat" { 5 } else { 1 };
        while try_one(aim, nth, &mut tally) {
            nth += stride;
        }
        say(&format!(
            "{:8} {:29} {:8} {:5} {:7} {:6} {:8}",
            format!("{:?}", aim.victim),
            aim.calls,
            aim.error,
            nth - 1,
            tally.hit,
            tally.unknown,
            tally.retried
        ));
    }
}
