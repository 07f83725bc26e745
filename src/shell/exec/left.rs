//! Who of a command is left when its shim is gone, and waiting until nobody is.

use super::Still;
use super::intent::{Intent, PidFile, ShimLine};
use crate::shell::proc::{self, Proc};
use crate::shell::{clock, os};
use crate::types::{Millis, Reach};
use rustix::process::{Pid, Signal};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

/// How often files are looked at while somebody of an intent is waited for.
pub(super) const LOOK: Millis = Millis(500);

/// Everything alive that belongs to the intent: of its group, of the shim's session, or carrying
/// its mark.
pub(super) fn left(intent: &Intent, pids: &PidFile) -> Vec<Proc> {
    let mark = format!("{}={}", Intent::MARK, intent.mark());
    let mut left = proc::living();
    left.retain(|proc| is_member(proc, pids) || proc.has_env(&mark));
    left
}

/// Whether a process is of the command's group or of the shim's session, and not of later ones that
/// got the same number.
fn is_member(proc: &Proc, pids: &PidFile) -> bool {
    let of_group = pids.command.as_ref().is_some_and(|command| {
        proc.group == command.group && keeps(command.group, command.start, proc.start)
    });
    let of_session = pids
        .shim
        .as_ref()
        .is_some_and(|shim| proc.session == shim.pid && keeps(shim.pid, shim.start, proc.start));
    of_group || of_session
}

/// A number stays taken as long as anybody is in the group or session it names: it was reused if
/// its leader now is another, or if a member is older than the leader was.
fn keeps(leader: i32, leader_start: u64, member_start: u64) -> bool {
    let reused = Proc::read(leader).is_some_and(|now| now.start != leader_start);
    !reused && member_start >= leader_start
}

/// `1234 sleep 1000, 1240 sh`: who is left, for people.
pub(super) fn names(left: &[Proc]) -> String {
    let shown: Vec<String> = left.iter().take(5).map(Proc::title).collect();
    let more = left.len().saturating_sub(shown.len());
    let rest = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("{}{rest}", shown.join(", "))
}

/// Takes the shim's lock as soon as it lets go of it. Says that it is at work, and who outlives its
/// command whenever it has noted that anew.
pub(super) fn wait_for_shim(intent: &Intent, lock: &File, still: &mut dyn FnMut(Still)) {
    let (mut told, mut known) = (false, Vec::new());
    while lock.try_lock().is_err() {
        // What cannot be read for a moment is looked at again: the lock alone says that it lives.
        let pids = intent.read_pid().ok().flatten().unwrap_or_default();
        if !told {
            still(Still::AtWork(match pids.command {
                Some(line) => match Proc::read(line.group) {
                    Some(proc) => format!("it still runs: {}", proc.title()),
                    None => "its command has ended, and its shim has yet to write down how".into(),
                },
                None => "its shim is at work".to_owned(),
            }));
            told = true;
        }
        let left = intent.read_left();
        if left != known {
            still(Still::Outlived(left.clone()));
            known = left;
        }
        // Its end is its last word; the lock is free by then.
        let lives = |shim: &&ShimLine| Proc::is(shim.pid, shim.start);
        let shim = pids.shim.as_ref().filter(lives);
        let handle = shim.and_then(|shim| os::pidfd(Pid::from_raw(shim.pid)?));
        let fds: Vec<_> = handle.iter().map(AsFd::as_fd).collect();
        let _ = os::wait_readable(&fds, Some(LOOK));
    }
}

/// Waits until nobody of the intent is left. A cancel ends its group (TERM, `grace`, KILL); what is
/// outside of the group is named, and waited for until somebody lets go of it.
pub(super) fn wait_gone(
    intent: &Intent,
    pids: &PidFile,
    grace: Millis,
    still: &mut dyn FnMut(Still),
) -> std::io::Result<()> {
    let (mut told, mut known) = (false, Vec::new());
    let mut ending: Option<Millis> = None;
    loop {
        let found = left(intent, pids);
        if found.is_empty() {
            return Ok(());
        }
        let reach = intent.cancelled();
        if !told && reach.is_none() {
            told = true;
            still(Still::AtWork(format!(
                "its shim is gone, but it still runs: {}",
                names(&found)
            )));
        }
        let outside = !found.iter().any(|proc| is_member(proc, pids));
        match reach {
            None => {}
            Some(Reach::LetGo) if outside => return Ok(()),
            Some(Reach::Command) if outside => {
                let titles: Vec<String> = found.iter().map(Proc::title).collect();
                if titles != known {
                    still(Still::Outlived(titles.clone()));
                    known = titles;
                }
            }
            Some(Reach::Command | Reach::LetGo) => {
                let since = *ending.get_or_insert_with(clock::up);
                let over = clock::up().since(since) >= grace;
                end_group(pids, if over { Signal::KILL } else { Signal::TERM });
            }
        }
        let handles: Vec<OwnedFd> = found
            .iter()
            .filter_map(|proc| os::pidfd(proc.id()?))
            .collect();
        let fds: Vec<_> = handles.iter().map(AsFd::as_fd).collect();
        os::wait_readable(&fds, Some(LOOK))?;
    }
}

/// Signals the command's group, if its number is known and still its own.
pub(super) fn end_group(pids: &PidFile, signal: Signal) {
    let Some(command) = &pids.command else {
        return;
    };
    let own = proc::living()
        .iter()
        .any(|proc| proc.group == command.group && is_member(proc, pids));
    if let Some(group) = Pid::from_raw(command.group)
        && own
    {
        // Whoever cannot be reached stays visible as still running.
        let _ = os::end_group(group, signal);
    }
}
