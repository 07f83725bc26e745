//! Waiting for a command's end: its own, its `timeout`, or a person's `.cancel`.
//!
//! `TERM → grace → KILL` goes to the command's process group and nothing beyond it. TERM, HUP and
//! INT to the shim are noted, not obeyed: they tell that the machine goes down.

use super::pty::Pump;
use super::times::Times;
use super::{Word, say};
use crate::shell::command::Started;
use crate::shell::exec::Intent;
use crate::shell::proc::{self, Proc};
use crate::shell::{clock, os};
use crate::types::{CommandSpec, Exit, Millis, Reach};
use rustix::process::Signal;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a command ended, as far as that is known.
#[derive(Debug)]
pub(super) enum End {
    /// This is how.
    Known {
        exit: Exit,
        left_running: Vec<String>,
    },
    /// Nobody can tell: why.
    Lost(String),
}

/// For so long after a TERM to the shim the machine is taken to be going down: as long as systemd
/// waits before it kills.
const GOING_DOWN: Millis = Millis::from_secs(90);
/// How long a command's death waits for the same signal to reach the shim too.
const SAME_SIGNAL: Millis = Millis(200);

/// How soon KILL goes out again while anybody is left in the group.
const KILL_AGAIN: Millis = Millis(50);
/// How soon those who outlive the command are looked at, and named if they are others, again.
const NAME_AGAIN: Millis = Millis::from_secs(5);

/// Why a command is being ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Timeout,
    Cancel,
}

/// How far the ending has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The command runs as it pleases.
    Running,
    /// TERM was sent.
    Asked(Why),
    /// KILL was sent.
    Forced(Why),
}

/// Everything that a command's end may come from.
pub(super) struct Watch {
    intent: Intent,
    /// Readable after any signal that is handled here.
    wake: UnixStream,
    /// TERM, HUP or INT has arrived.
    told: Arc<AtomicBool>,
    told_at: Option<Millis>,
    timer: os::Timer,
    times: Option<Times>,
    phase: Phase,
    /// The time between TERM and KILL.
    grace: Millis,
    /// Who outlives the command, as it was last said, and when.
    outlived: Option<(Vec<String>, Millis)>,
    /// When to look again at who is left, although nothing has been heard.
    look_again: Option<Millis>,
}

impl Watch {
    /// Handles the signals; call it before the command is started.
    pub(super) fn new(intent: &Intent) -> io::Result<Self> {
        let (wake, bell) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let told = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP, SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&told))?;
            signal_hook::low_level::pipe::register(signal, bell.try_clone()?)?;
        }
        for signal in [SIGUSR1, SIGCHLD] {
            signal_hook::low_level::pipe::register(signal, bell.try_clone()?)?;
        }
        Ok(Self {
            intent: intent.clone(),
            wake,
            told,
            told_at: None,
            timer: os::Timer::new()?,
            // Too many watches on this machine: the log's lines have no times.
            times: Times::new(&intent.file("times"), &intent.file("log")).ok(),
            phase: Phase::Running,
            grace: Millis(0),
            outlived: None,
            look_again: None,
        })
    }

    /// Waits for the end of a command that has been started.
    /// `pump` carries what it writes to a terminal of its own, until nothing is left of that.
    pub(super) fn until_end(
        mut self,
        started: &Started,
        spec: &CommandSpec,
        mut pump: Option<Pump>,
    ) -> End {
        self.grace = spec.grace;
        let _ = self.timer.set(spec.timeout);
        // It may have come before its signal could be heard.
        self.look_for_cancel(started);
        let mut status = None;
        loop {
            if status.is_none() {
                status = match started.ended() {
                    Ok(status) => status,
                    Err(error) => return End::Lost(format!("it cannot be waited for: {error}")),
                };
            }
            if let Some(status) = status
                && self.is_over(started)
            {
                if let Some(pump) = pump.take() {
                    pump.finish();
                }
                if let Some(times) = &mut self.times {
                    times.record();
                }
                return self.end(status);
            }
            self.wait(started, status.is_some());
            self.hear(started);
        }
    }

    /// Whether nothing is waited for any more, now that the command's first process has ended.
    fn is_over(&mut self, started: &Started) -> bool {
        if self.phase == Phase::Running {
            return true;
        }
        let left = below();
        if left.is_empty() {
            return true;
        }
        let group = started.pid.as_raw_nonzero().get();
        if left.iter().any(|proc| proc.group == group) {
            if let Phase::Forced(_) = self.phase {
                // Whoever was put into the group after the KILL has not got it.
                signal_command(started, Signal::KILL);
                self.look_again = Some(KILL_AGAIN);
            }
            return false;
        }
        if self.intent.cancelled() == Some(Reach::LetGo) {
            return true;
        }
        self.tell_outlived(&left);
        self.look_again = Some(NAME_AGAIN);
        false
    }

    /// Says and notes who outlives the command, where that has changed.
    fn tell_outlived(&mut self, left: &[Proc]) {
        let titles: Vec<String> = left.iter().map(Proc::title).collect();
        let now = clock::up();
        let due = match &self.outlived {
            None => true,
            // One that forks on and on shall not fill the journal.
            Some((before, at)) => *before != titles && now.since(*at) >= NAME_AGAIN,
        };
        if due {
            // Where it cannot be noted, the supervisor of today still hears it.
            let _ = self.intent.write_left(&titles);
            say(&Word::Outlived(titles.clone()));
            self.outlived = Some((titles, now));
        }
    }

    /// Waits until something may have changed.
    fn wait(&mut self, started: &Started, ended: bool) {
        let watched: Vec<OwnedFd> = if ended {
            let ids = below().into_iter().filter_map(|proc| proc.id());
            ids.filter_map(os::pidfd).collect()
        } else {
            os::pidfd(started.pid).into_iter().collect()
        };
        let mut fds = vec![self.wake.as_fd(), self.timer.as_fd()];
        fds.extend(watched.iter().map(AsFd::as_fd));
        let growth = self.times.as_ref().map(Times::awaits);
        let at_most = match growth {
            Some(Ok(fd)) => {
                fds.push(fd);
                None
            }
            Some(Err(pause)) => Some(pause),
            None => None,
        };
        let at_most = match (at_most, self.look_again.take()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let ready = os::wait_readable(&fds, at_most).unwrap_or_default();
        let rang = ready.get(1).copied().unwrap_or(false);
        drop(fds);
        if let Some(times) = &mut self.times {
            times.note();
        }
        if rang {
            self.ring(started);
        }
    }

    /// Takes in what signals have announced.
    fn hear(&mut self, started: &Started) {
        let mut bytes = [0; 64];
        while self.wake.read(&mut bytes).is_ok_and(|n| n > 0) {}
        if self.told.swap(false, Ordering::SeqCst) {
            self.told_at = Some(clock::up());
        }
        os::reap_adopted(started.pid);
        self.look_for_cancel(started);
    }

    /// Obeys a request to cancel.
    fn look_for_cancel(&mut self, started: &Started) {
        if self.phase == Phase::Running && self.intent.cancelled().is_some() {
            self.ask_to_end(started, Why::Cancel);
        }
    }

    /// The time is up: the command's own, or that between TERM and KILL.
    fn ring(&mut self, started: &Started) {
        let _ = self.timer.set(None);
        match self.phase {
            Phase::Running => self.ask_to_end(started, Why::Timeout),
            Phase::Asked(why) => {
                self.phase = Phase::Forced(why);
                signal_command(started, Signal::KILL);
            }
            Phase::Forced(_) => {}
        }
    }

    /// TERM, and KILL after `grace`.
    fn ask_to_end(&mut self, started: &Started, why: Why) {
        if !matches!(started.ended(), Ok(None)) {
            // It was faster: its own status is what became of it.
            return;
        }
        self.phase = Phase::Asked(why);
        signal_command(started, Signal::TERM);
        let _ = self.timer.set(Some(self.grace));
    }

    /// The end of a command that ended like this.
    fn end(mut self, status: ExitStatus) -> End {
        let exit = match self.phase {
            Phase::Asked(Why::Timeout) | Phase::Forced(Why::Timeout) => Exit::TimedOut,
            Phase::Asked(Why::Cancel) | Phase::Forced(Why::Cancel) => Exit::Cancelled,
            Phase::Running => {
                if !status.success() && self.is_going_down(status) {
                    return End::Lost(format!(
                        "it ended ({status}) while the machine was going down"
                    ));
                }
                match (status.code(), status.signal()) {
                    (Some(code), _) => Exit::Code(code),
                    (None, signal) => Exit::Signal(signal.unwrap_or(0)),
                }
            }
        };
        let left_running = below().iter().map(Proc::title).collect();
        End::Known { exit, left_running }
    }

    /// Whether the shim was told to end too: then everybody is.
    fn is_going_down(&mut self, status: ExitStatus) -> bool {
        let began = clock::up();
        loop {
            if self.told.swap(false, Ordering::SeqCst) {
                self.told_at = Some(clock::up());
            }
            let now = clock::up();
            if self.told_at.is_some_and(|at| now.since(at) < GOING_DOWN) {
                return true;
            }
            // The command may have got the signal first; one that just failed waits for nothing.
            let waited = now.since(began);
            if status.signal().is_none() || waited >= SAME_SIGNAL {
                return false;
            }
            let mut bytes = [0; 64];
            while self.wake.read(&mut bytes).is_ok_and(|n| n > 0) {}
            let rest = SAME_SIGNAL.since(waited);
            let _ = os::wait_readable(&[self.wake.as_fd()], Some(rest));
        }
    }
}

/// Everything alive below this shim.
fn below() -> Vec<Proc> {
    proc::descendants(os::own_pid())
}

/// Signals the command's group, if anybody of it lives.
fn signal_command(started: &Started, signal: Signal) {
    let group = started.pid.as_raw_nonzero().get();
    if !below().iter().any(|proc| proc.group == group) {
        return;
    }
    if let Err(why) = os::end_group(started.pid, signal) {
        say(&Word::Still(format!("it cannot be ended from here: {why}")));
    }
}
