//! The thread that writes frames, so that the loop never waits for a terminal. It holds one frame at
//! most; when the next one is due is `pace`'s.

use super::Heard;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::getsid;
use rustix::termios::tcgetsid;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Asks the terminal whether it is well: it answers when it has read everything before.
pub(super) const ASK: &[u8] = b"\x1b[5n";
/// How long a frame and the answer to it are waited for before the terminal is given away.
const PATIENCE: Duration = Duration::from_secs(1);

/// The way to that thread.
#[derive(Clone)]
pub(super) struct Sender(Arc<Shared>);

struct Shared {
    work: Mutex<Work>,
    changed: Condvar,
    /// Written to where the rest of a frame is not wanted any more.
    cut: OwnedFd,
}

#[derive(Default)]
struct Work {
    next: Option<Vec<u8>>,
    writing: bool,
    /// How many answers the terminal owes.
    asked: usize,
    /// It is to be asked once more, before the next frame.
    again: bool,
    over: bool,
}

impl Sender {
    /// Starts the thread; `heard` is told of each frame that the terminal took.
    pub(super) fn start(heard: impl Fn(Heard) + Send + 'static) -> rustix::io::Result<Self> {
        let sender = Self(Arc::new(Shared {
            work: Mutex::default(),
            changed: Condvar::new(),
            cut: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        }));
        let terminal = own_description()?;
        let own = sender.clone();
        thread::spawn(move || own.work_off(&terminal, &heard));
        Ok(sender)
    }

    /// Gives it a frame to write; the caller waits with the next until this one was heard of.
    pub(super) fn put(&self, frame: Vec<u8>, ask: Ask) {
        let mut work = self.work();
        work.next = Some(frame);
        work.asked += usize::from(ask == Ask::Answer);
        drop(work);
        self.0.changed.notify_all();
    }

    /// The terminal has answered; says whether it was asked.
    pub(super) fn answered(&self) -> bool {
        let mut work = self.work();
        let asked = work.asked > 0;
        work.asked = work.asked.saturating_sub(1);
        drop(work);
        self.0.changed.notify_all();
        asked
    }

    /// Answers that were still to come may have been thrown away: asks once more, where any were.
    pub(super) fn ask_again(&self) {
        let mut work = self.work();
        work.again = work.asked > 0;
        work.asked = usize::from(work.again);
        drop(work);
        self.0.changed.notify_all();
    }

    /// Waits until nothing is on its way to the terminal or back, within bounds; drops what is.
    pub(super) fn settle(&self) {
        let busy = |work: &mut Work| (work.writing || work.next.is_some()) && !work.over;
        let (mut work, late) = self.wait(self.work(), busy);
        if late {
            work.next = None;
            // What is written goes past; the thread looks here as soon as it has to wait.
            let _ = rustix::io::write(&self.0.cut, &1_u64.to_ne_bytes());
            (work, _) = self.wait(work, |work| work.writing);
            let _ = rustix::io::read(&self.0.cut, &mut [0; 8]);
        }
        let (mut work, _) = self.wait(work, |work| work.asked > 0 && !work.over);
        work.asked = 0;
    }

    /// Ends the thread: the terminal is gone, or given back.
    pub(super) fn end(&self) {
        self.work().over = true;
        self.0.changed.notify_all();
        let _ = rustix::io::write(&self.0.cut, &1_u64.to_ne_bytes());
    }

    fn wait<'a>(
        &'a self,
        work: MutexGuard<'a, Work>,
        while_: impl FnMut(&mut Work) -> bool,
    ) -> (MutexGuard<'a, Work>, bool) {
        let waited = self.0.changed.wait_timeout_while(work, PATIENCE, while_);
        let (work, end) = waited.unwrap_or_else(PoisonError::into_inner);
        (work, end.timed_out())
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.0.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes frame after frame.
    fn work_off(&self, terminal: &OwnedFd, heard: &impl Fn(Heard)) {
        loop {
            let waiting = |work: &mut Work| work.next.is_none() && !work.again && !work.over;
            let waited = self.0.changed.wait_while(self.work(), waiting);
            let mut work = waited.unwrap_or_else(PoisonError::into_inner);
            if work.over {
                return;
            }
            let (again, frame) = (std::mem::take(&mut work.again), work.next.take());
            work.writing = true;
            drop(work);
            if again {
                self.write(terminal, ASK);
            }
            if let Some(frame) = &frame {
                self.write(terminal, frame);
            }
            self.work().writing = false;
            self.0.changed.notify_all();
            if frame.is_some() {
                heard(Heard::Written);
            }
        }
    }

    /// Writes a frame to its end, or until the rest is not wanted any more.
    fn write(&self, terminal: &OwnedFd, frame: &[u8]) {
        let mut rest = frame;
        while !rest.is_empty() {
            match rustix::io::write(terminal, rest) {
                Ok(length) => rest = &rest[length..],
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => {
                    let mut fds = [
                        PollFd::new(terminal, PollFlags::OUT),
                        PollFd::new(&self.0.cut, PollFlags::IN),
                    ];
                    let polled = poll(&mut fds, None);
                    let cut = !fds[1].revents().is_empty();
                    if cut || polled.is_err_and(|error| error != rustix::io::Errno::INTR) {
                        return;
                    }
                }
                // The terminal is gone, which the thread that reads says.
                Err(_) => return,
            }
        }
    }
}

/// Whether a frame ends with the question whether the terminal is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// It does, and the answer tells that the frame has arrived.
    Answer,
    /// This terminal does not answer.
    Nothing,
}

/// The terminal, opened anew: never to wait inside a write must be this program's own choice, and
/// not that of everybody who shares the descriptor, as the shell does. Where it cannot be opened
/// (another user's), it is shared after all, and the thread waits inside the write.
fn own_description() -> rustix::io::Result<OwnedFd> {
    let stdout = rustix::stdio::stdout();
    let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::open("/proc/self/fd/1", flags, Mode::empty());
    let ours = tcgetsid(stdout).is_ok_and(|session| getsid(None) == Ok(session));
    match opened {
        Err(_) if ours => rustix::fs::open("/dev/tty", flags, Mode::empty()),
        other => other,
    }
    .or_else(|_| rustix::io::fcntl_dupfd_cloexec(stdout, 3))
}
