//! Processes as `/proc` shows them: who is of which session, group and parent, and whose mark they
//! carry. Numbers are reused, so a number goes with its start time.

use rustix::process::Pid;
use std::collections::BTreeSet;

/// A process that has not been waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proc {
    pub(super) pid: i32,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) session: i32,
    /// When it started, in clock ticks since the boot.
    pub(super) start: u64,
    /// Whether it has ended and only its status is left.
    pub(super) dead: bool,
    /// Whether a signal has stopped it until another lets it go on.
    pub(super) stopped: bool,
}

impl Proc {
    /// The process of this number.
    pub(super) fn read(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(pid, &stat)
    }

    /// Reads a line of `/proc/PID/stat`: the name in parentheses may hold anything.
    fn parse(pid: i32, stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse().ok();
        Some(Self {
            pid,
            parent: number(1)?,
            group: number(2)?,
            session: number(3)?,
            start: fields.get(19)?.parse().ok()?,
            dead: matches!(*fields.first()?, "Z" | "X"),
            stopped: matches!(*fields.first()?, "T" | "t"),
        })
    }

    /// Whether the process of this number is the one that started then.
    pub(super) fn is(pid: i32, start: u64) -> bool {
        Self::read(pid).is_some_and(|proc| proc.start == start && !proc.dead)
    }

    /// The process of this number as the kernel's calls take it.
    pub(super) fn id(&self) -> Option<Pid> {
        Pid::from_raw(self.pid)
    }

    /// Whether `entry` (`NAME=value`) is in the environment it was started with. Nobody but root
    /// and its own user can see that; the others are taken to lack it.
    pub(super) fn has_env(&self, entry: &str) -> bool {
        let env = std::fs::read(format!("/proc/{}/environ", self.pid)).unwrap_or_default();
        env.split(|b| *b == 0).any(|own| own == entry.as_bytes())
    }

    /// `1234 sleep 1000`: number and command line, for people.
    pub(super) fn title(&self) -> String {
        let line = std::fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let words = String::from_utf8_lossy(&line).replace('\0', " ");
        let clean = |text: &str| -> String {
            let text = text.trim().chars();
            text.filter(|c| !c.is_control()).collect()
        };
        let mut words = clean(&words);
        if words.is_empty() {
            let name = std::fs::read_to_string(format!("/proc/{}/comm", self.pid));
            words = clean(&name.unwrap_or_default());
        }
        if words.chars().count() > 120 {
            words = words.chars().take(119).chain(['>']).collect();
        }
        format!("{} {words}", self.pid)
    }
}

/// All processes that have not been waited for.
fn all() -> Vec<Proc> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Proc::read)
        .collect()
}

/// All living processes.
pub(super) fn living() -> Vec<Proc> {
    let mut living = all();
    living.retain(|proc| !proc.dead);
    living
}

/// The children of a process, dead ones included.
pub(super) fn children(of: i32) -> Vec<Proc> {
    listed_children(of).unwrap_or_else(|| {
        let mut all = all();
        all.retain(|proc| proc.parent == of);
        all
    })
}

/// The same, cheaper than to ask every process. None where this kernel does not tell, or the
/// process's threads end faster than they can be asked.
fn listed_children(of: i32) -> Option<Vec<Proc>> {
    // The children of a thread that ends become those of another, which may have been asked before.
    (0..TRIES).find_map(|_| {
        let mut found = Vec::new();
        for task in std::fs::read_dir(format!("/proc/{of}/task")).ok()? {
            let list = std::fs::read_to_string(task.ok()?.path().join("children")).ok()?;
            let pids = list.split_whitespace().filter_map(|pid| pid.parse().ok());
            found.extend(pids.filter_map(Proc::read));
        }
        Some(found)
    })
}

/// How often a process is asked for its children while its threads come and go.
const TRIES: usize = 4;

/// All living descendants of a process. Complete for a subreaper: whoever loses its parent below it
/// becomes its child.
pub(super) fn descendants(of: i32) -> Vec<Proc> {
    // What is almost always so when a command has ended: the dead leave no children to themselves.
    if listed_children(of).is_some_and(|children| children.iter().all(|child| child.dead)) {
        return Vec::new();
    }
    let all = living();
    let mut found: BTreeSet<i32> = BTreeSet::new();
    loop {
        let before = found.len();
        let below = |proc: &&Proc| proc.parent == of || found.contains(&proc.parent);
        let next: Vec<i32> = all.iter().filter(below).map(|proc| proc.pid).collect();
        found.extend(next);
        if found.len() == before {
            break;
        }
    }
    all.into_iter()
        .filter(|proc| found.contains(&proc.pid))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_is_read() {
        let rest = "S 1 2 3 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 1";
        let proc = Proc::parse(42, &format!("42 (a) (b)) {rest}")).expect("a process");
        assert_eq!((proc.parent, proc.group, proc.session), (1, 2, 3));
        assert_eq!((proc.start, proc.dead, proc.stopped), (777, false, false));
        let stopped = Proc::parse(42, &format!("42 (a) T{}", &rest[1..]));
        assert!(stopped.expect("a process").stopped);
    }

    #[test]
    fn this_process_lives_and_its_start_tells_it_from_a_later_one() {
        let own = i32::try_from(std::process::id()).expect("a small number");
        let proc = Proc::read(own).expect("it runs");
        assert!(Proc::is(own, proc.start) && !Proc::is(own, proc.start + 1));
        assert!(living().contains(&proc));
        assert!(proc.title().starts_with(&format!("{own} ")));
        assert!(!proc.has_env("UPWALK_ATTEMPT=nobody/0"));
    }
}
