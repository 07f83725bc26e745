//! Signals, sessions, descriptors: the thin layer over the kernel, and the only `unsafe`.
//!
//! It decides nothing: the step shim, the asker and the supervisor call it to become what they are.
#![expect(
    unsafe_code,
    reason = "dispositions, masks, close_range and waitid's peek have no safe wrapper here"
)]

use super::proc::{self, Proc};
use crate::types::Millis;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitIdStatus, WaitOptions, WaitStatus,
};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::OnceLock;

pub use super::launch::{become_program, spawn_supervisor};

/// The process at the other end of a Unix socket, as the kernel knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its process.
    pub pid: u32,
}

/// Whether a signal has stopped this process until another lets it go on.
pub fn is_stopped(pid: u32) -> bool {
    let proc = i32::try_from(pid).ok().and_then(Proc::read);
    proc.is_some_and(|proc| proc.stopped)
}

/// Who connected (`SO_PEERCRED`).
pub fn login_peer(stream: &UnixStream) -> io::Result<Peer> {
    let peer = rustix::net::sockopt::socket_peercred(stream)?;
    Ok(Peer {
        uid: peer.uid.as_raw(),
        pid: peer.pid.as_raw_nonzero().get().unsigned_abs(),
    })
}

/// Gives back the pages of the program that only its start has needed: reading arguments and plans takes
/// far more code than waiting does, and this process may wait for weeks. Whatever is called again is
/// mapped again from the page cache. Nothing depends on it.
pub fn give_back_start() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let Ok(program) = std::fs::read_link("/proc/self/exe") else {
        return;
    };
    let program = program.display().to_string();
    for line in maps.lines().filter(|line| line.ends_with(&program)) {
        let mut words = line.split_whitespace();
        let (Some(range), Some("r-xp")) = (words.next(), words.next()) else {
            continue;
        };
        let place = |text: &str| usize::from_str_radix(text, 16).ok();
        let ends = range.split_once('-');
        let Some((from, to)) = ends.and_then(|(from, to)| place(from).zip(place(to))) else {
            continue;
        };
        // SAFETY: these pages hold code of this program's own file, mapped for reading alone. The kernel
        // drops what it has mapped and maps the same bytes again wherever they are next looked at.
        unsafe {
            let start = std::ptr::without_provenance_mut(from);
            libc::madvise(start, to.saturating_sub(from), libc::MADV_DONTNEED);
        }
    }
}

static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// The program that children are started from: this one, even where its file has been replaced.
pub fn binary() -> &'static Path {
    BINARY
        .get()
        .map_or(Path::new("/proc/self/exe"), PathBuf::as_path)
}

/// Has children started from another file: tests run as a binary that is not upwalk. The first call
/// counts.
pub fn use_binary(path: &Path) {
    let _ = BINARY.set(path.to_owned());
}

/// Signals that keep what the runtime set up: a closed pipe is an error it reports, and the two
/// others tell a stack overflow. The runtime resets SIGPIPE in whatever it starts.
const KEPT: [i32; 3] = [libc::SIGPIPE, libc::SIGSEGV, libc::SIGBUS];

/// Default dispositions for all signals, and none blocked: both are inherited, and a command that
/// ignores HUP or INT because somebody's login did so is a surprise. Call it before any handler is
/// set.
pub(super) fn default_signals() {
    let last = libc::SIGRTMAX();
    for signal in (1..=last).filter(|signal| !KEPT.contains(signal)) {
        // SAFETY: SIG_DFL installs no code; signals that cannot be set (KILL, STOP, the C library's
        // own) are refused by the call, which changes nothing then.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: the set is initialised by sigemptyset before it is used, and lives on this stack.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Does something that the kernel answers by stopping a process which is not in the terminal's
/// foreground (SIGTTOU), without being stopped.
pub(super) fn without_stops<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: both sets are initialised before they are used and live on this stack; the thread's
    // mask is put back as it was.
    unsafe {
        let mut stops: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut stops);
        libc::sigaddset(&raw mut stops, libc::SIGTTOU);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const stops, &raw mut before);
        let result = work();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
        result
    }
}

/// Closes every descriptor above standard error. Call it before anything of this process owns one.
fn close_inherited() {
    // SAFETY: called first thing in a new process, when nothing in it owns a descriptor above 2.
    unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
}

/// A session of its own with default signals and no inherited descriptor above 2: what every hidden
/// mode begins with, before any thread is started or file opened.
pub(super) fn become_session() {
    close_inherited();
    default_signals();
    // Refused only where this is a group's leader already, started so by hand.
    let _ = rustix::process::setsid();
}

/// Makes orphans below this process its children.
pub(super) fn become_subreaper() -> io::Result<()> {
    // Any process stands for yes here.
    Ok(rustix::process::set_child_subreaper(Some(Pid::INIT))?)
}

/// Makes this process a supervisor: a session of its own, subreaper of what its commands leave,
/// default signals, an empty mask, no inherited descriptor above 2, working directory `/`. Call it
/// before any thread is started.
pub fn become_supervisor() -> io::Result<()> {
    become_session();
    become_subreaper()?;
    std::env::set_current_dir("/")
}

/// Calls `told` on a thread of its own whenever SIGTERM arrives.
pub fn on_terminate(told: impl FnMut() + Send + 'static) -> io::Result<()> {
    on(libc::SIGTERM, told)
}

/// Calls `told` on a thread of its own after children of this process have ended.
pub fn on_child_end(told: impl FnMut() + Send + 'static) -> io::Result<()> {
    on(libc::SIGCHLD, told)
}

/// Calls `told` on a thread of its own whenever a signal arrives.
fn on(signal: i32, mut told: impl FnMut() + Send + 'static) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([signal])?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(|_| told()))?;
    Ok(())
}

/// Takes the status of all children that have died. Not while the status of any of them is still to
/// be known.
pub fn reap_dead() {
    for child in proc::children(own_pid()) {
        let _ = child.id().filter(|_| child.dead).and_then(reap);
    }
}

/// The child that died first and has not been waited for, left as it is; none where there is none.
fn first_dead_child() -> Option<Pid> {
    // SAFETY: the record lives on this stack and is all zeros, a valid value, if nobody died.
    let (result, pid) = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        let result = libc::waitid(libc::P_ALL, 0, &raw mut info, flags);
        (result, info.si_pid())
    };
    (result == 0).then(|| Pid::from_raw(pid)).flatten()
}

/// Takes the status of adopted children that have died; that of `spare` stays.
pub(super) fn reap_adopted(spare: Pid) {
    while let Some(pid) = first_dead_child() {
        if pid == spare {
            // It hides those who died after it.
            for child in proc::children(own_pid()) {
                let _ = child.id().filter(|id| *id != spare).and_then(reap);
            }
            return;
        }
        if reap(pid).is_none() {
            return;
        }
    }
}

/// This process's number.
pub(super) fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// How a child ended; none while it lives. The status stays to be taken: whoever inherits the child
/// of a killed process finds it there.
pub(super) fn ended(child: Pid) -> io::Result<Option<ExitStatus>> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let peek = || rustix::process::waitid(WaitId::Pid(child), options);
    let raw = |status: WaitIdStatus| match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code << 8,
        (None, signal) => signal.unwrap_or(0),
    };
    let status = rustix::io::retry_on_intr(peek)?;
    Ok(status.map(|status| ExitStatus::from_raw(raw(status))))
}

/// Takes the status of a child that has died; none where it lives or is no child of this process.
pub(super) fn reap(pid: Pid) -> Option<WaitStatus> {
    let status = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
    status.ok().flatten().map(|(_, status)| status)
}

/// A handle on a process; none where it is gone (waited for).
pub(super) fn pidfd(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()
}

/// Signals a process group so that it ends. A stopped member would keep the signal for later, so all
/// are woken. Says why where the group cannot be reached; one that is gone is none.
pub(super) fn end_group(group: Pid, signal: Signal) -> Result<(), String> {
    for signal in [signal, Signal::CONT] {
        match rustix::process::kill_process_group(group, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => {
                return Err(format!("process group {}: {error}", group.as_raw_nonzero()));
            }
        }
    }
    Ok(())
}

/// Waits until one of the descriptors can be read (or its other end is gone), at most so long.
/// Says for each whether it can.
pub(super) fn wait_readable(
    fds: &[BorrowedFd<'_>],
    at_most: Option<Millis>,
) -> io::Result<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> = fds
        .iter()
        .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
        .collect();
    let limit = at_most.map(timespec);
    match poll(&mut polled, limit.as_ref()) {
        Ok(_) => {}
        // A handler ran: whoever waits looks again.
        Err(rustix::io::Errno::INTR) => return Ok(vec![false; fds.len()]),
        Err(error) => return Err(error.into()),
    }
    Ok(polled.iter().map(|fd| !fd.revents().is_empty()).collect())
}

/// A length of time as the kernel takes it.
fn timespec(length: Millis) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(length.secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(length.0 % 1000).unwrap_or(0) * 1_000_000,
    }
}

/// A timer on `CLOCK_BOOTTIME`, which goes on while the machine is suspended.
#[derive(Debug)]
pub(super) struct Timer(OwnedFd);

impl Timer {
    /// One that is not set.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        Ok(Self(timerfd_create(TimerfdClockId::Boottime, flags)?))
    }

    /// Has it readable after so long; none: never.
    pub(super) fn set(&self, after: Option<Millis>) -> io::Result<()> {
        // Zero would switch it off.
        let after = after.map(|length| Millis(length.0.max(1)));
        let value = Itimerspec {
            it_interval: timespec(Millis(0)),
            it_value: timespec(after.unwrap_or_default()),
        };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &value)?;
        Ok(())
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
