//! Who of a command is left when its shim is gone, and waiting until nobody is.

use super::intent::{Intent, PidFile};
use crate::shell::os;
use crate::shell::proc::{self, Proc};
use crate::types::Millis;
use rustix::process::Signal;
use std::os::fd::{AsFd, OwnedFd};

/// How often a request to cancel is looked for while a command outlives its shim.
const LOOK: Millis = Millis(500);

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
pub(in crate::shell) fn names(left: &[Proc]) -> String {
    let shown: Vec<String> = left.iter().take(5).map(Proc::title).collect();
    let more = left.len().saturating_sub(shown.len());
    let rest = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("{}{rest}", shown.join(", "))
}

/// Waits until nobody of the intent is left. A cancel ends its group (TERM, `grace`, KILL), and then
/// what is outside of the group is waited for no longer.
pub(super) fn wait_gone(
    intent: &Intent,
    pids: &PidFile,
    grace: Millis,
    still: &mut dyn FnMut(String),
) -> std::io::Result<()> {
    let mut told = false;
    let mut ending: Option<Millis> = None;
    loop {
        let found = left(intent, pids);
        if found.is_empty() {
            return Ok(());
        }
        if !told {
            still(format!(
                "its shim is gone, but it still runs: {}",
                names(&found)
            ));
            told = true;
        }
        if intent.has("cancel") {
            let members = found.iter().any(|proc| is_member(proc, pids));
            if !members {
                return Ok(());
            }
            let since = *ending.get_or_insert_with(crate::shell::clock::up);
            let over = crate::shell::clock::up().since(since) >= grace;
            end_group(pids, if over { Signal::KILL } else { Signal::TERM });
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
    if let Some(group) = rustix::process::Pid::from_raw(command.group)
        && own
    {
        // Whoever cannot be reached stays visible as still running.
        let _ = os::signal_group(group, signal);
    }
}
