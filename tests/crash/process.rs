//! Processes as an admin sees them, stopped, let go and killed.

use crate::run::wait_until;
use rustix::process::{Pid, Signal};

/// A process, which a later one of the same number is not mistaken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    start: u64,
}

/// The fields of `/proc/PID/stat` behind the name.
fn stat(pid: i32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// The words of a process's command line.
fn words(pid: i32) -> Vec<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = line.split(|b| *b == 0);
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

impl Process {
    /// The living process of this number.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        let start = stat(pid)?.get(19)?.parse().ok()?;
        let process = Self { pid, start };
        process.lives().then_some(process)
    }

    /// Its state's letter; none where it is gone.
    fn state(self) -> Option<char> {
        let fields = stat(self.pid)?;
        let same = fields.get(19)?.parse() == Ok(self.start);
        same.then(|| fields[0].chars().next()).flatten()
    }

    /// Whether it has not ended.
    pub(crate) fn lives(self) -> bool {
        !matches!(self.state(), None | Some('Z' | 'X'))
    }

    /// Its parent.
    pub(crate) fn parent(self) -> Option<i32> {
        stat(self.pid)?.get(1)?.parse().ok()
    }

    /// Whether it is upwalk in this hidden mode.
    pub(crate) fn is_mode(self, mode: &str) -> bool {
        words(self.pid).get(1).is_some_and(|word| word == mode)
    }

    /// Its children, dead ones included.
    pub(crate) fn children(self) -> Vec<i32> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid));
        let lists =
            tasks.into_iter().flatten().flatten().map(|task| {
                std::fs::read_to_string(task.path().join("children")).unwrap_or_default()
            });
        let pids: Vec<String> = lists.collect();
        pids.iter()
            .flat_map(|list| list.split_whitespace())
            .filter_map(|pid| pid.parse().ok())
            .collect()
    }

    /// Sends a signal, if it still lives.
    fn signal(self, signal: Signal) {
        if self.lives() {
            crate::support::kill(self.pid, signal);
        }
    }

    /// Asks it to stand still.
    pub(crate) fn stop(self) {
        self.signal(Signal::STOP);
    }

    /// Waits until it stands still, with all its threads, or has ended.
    pub(crate) fn stopped(self) {
        let still = |pid: &std::path::Path| {
            let text = std::fs::read_to_string(pid.join("stat")).unwrap_or_default();
            let state = text.rsplit_once(')').map(|(_, rest)| rest.trim_start());
            state.is_none_or(|rest| rest.starts_with(['T', 'Z', 'X', 't']))
        };
        wait_until("a process stands still", || {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid));
            let mut tasks = tasks.into_iter().flatten().flatten();
            tasks.all(|task| still(&task.path())).then_some(())
        });
    }

    /// Lets it go on.
    pub(crate) fn go_on(self) {
        self.signal(Signal::CONT);
    }

    /// `kill -9`, and waits for its end.
    pub(crate) fn kill(self) {
        self.signal(Signal::KILL);
        wait_until("a killed process is dead", || (!self.lives()).then_some(()));
    }
}

/// Something that can be read once the process of this number has ended.
pub(crate) fn end_of(pid: i32) -> Option<std::os::fd::OwnedFd> {
    let pid = Pid::from_raw(pid)?;
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

/// The supervisor of the run in this directory, found among all processes.
pub(crate) fn supervisor_of(run_dir: &std::path::Path) -> Option<Process> {
    let dir = run_dir.display().to_string();
    let numbers = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let found: Vec<Process> = numbers
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .filter(|pid| {
            let words = words(*pid);
            words.get(1).is_some_and(|mode| mode == "__supervise")
                && words.get(2).is_some_and(|of| *of == dir)
        })
        .filter_map(Process::of)
        .collect();
    // A child that is about to become something else still looks like its parent.
    let is_child = |process: &Process| {
        let parent = process.parent();
        found.iter().any(|other| Some(other.pid) == parent)
    };
    found.iter().copied().find(|process| !is_child(process))
}
