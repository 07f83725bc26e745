//! One place to wait at: news from the supervisor, signals, and the person's input.
//!
//! Everything that may end a wait writes a byte into one pipe, so that no thread has to read
//! standard input and none is left behind.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use std::io::{PipeReader, PipeWriter, Read as _, Result, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Signals that end a front end; the run goes on.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// The place to wait at. Signals are caught as long as the process lives.
#[derive(Debug)]
pub struct Wake {
    reader: PipeReader,
    writer: PipeWriter,
    signal: Arc<AtomicUsize>,
}

/// Ends a wait from another thread.
#[derive(Debug)]
pub struct Waker(PipeWriter);

impl Waker {
    /// Ends the present wait, or else the next.
    pub fn wake(&mut self) {
        // A full pipe wakes as well, and a closed one has nobody to wake.
        let _ = self.0.write(&[0]);
    }
}

/// What a wait ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// News or a signal, or nothing at all.
    News,
    /// The descriptor given has something to read, or has ended.
    Readable,
    /// Nothing for the whole time.
    TimedOut,
}

impl Wake {
    /// Opens the pipe and catches HUP, INT, QUIT and TERM.
    pub fn new() -> Result<Self> {
        let (reader, writer) = std::io::pipe()?;
        let signal = Arc::new(AtomicUsize::new(0));
        for number in ENDING {
            let value = usize::try_from(number).unwrap_or_default();
            signal_hook::flag::register_usize(number, Arc::clone(&signal), value)?;
            signal_hook::low_level::pipe::register(number, writer.try_clone()?)?;
        }
        let wake = Self {
            reader,
            writer,
            signal,
        };
        rustix::io::ioctl_fionbio(&wake.reader, true)?;
        rustix::io::ioctl_fionbio(&wake.writer, true)?;
        Ok(wake)
    }

    /// A handle for another thread.
    pub fn waker(&self) -> Result<Waker> {
        Ok(Waker(self.writer.try_clone()?))
    }

    /// The signal that came, if one did.
    pub fn signal(&self) -> Option<u8> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            number => u8::try_from(number).ok(),
        }
    }

    /// Waits for news, a signal, something to read from `also`, or the end of `at_most`.
    pub(super) fn wait(
        &self,
        also: Option<BorrowedFd<'_>>,
        at_most: Option<Duration>,
    ) -> Result<Woken> {
        let mut fds = vec![PollFd::from_borrowed_fd(self.reader.as_fd(), PollFlags::IN)];
        fds.extend(also.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        let timeout = at_most.map(|length| Timespec {
            tv_sec: i64::try_from(length.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(length.subsec_nanos()),
        });
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => return Ok(Woken::TimedOut),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Woken::News),
            Err(error) => return Err(error.into()),
        }
        let woken = !fds[0].revents().is_empty();
        let readable = fds.get(1).is_some_and(|fd| !fd.revents().is_empty());
        if woken {
            // Emptied before the news are looked at, so that none is slept over.
            let mut bytes = [0; 256];
            while matches!((&self.reader).read(&mut bytes), Ok(1..)) {}
            return Ok(Woken::News);
        }
        Ok(if readable {
            Woken::Readable
        } else {
            Woken::News
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_for_news_from_another_thread_and_only_once() {
        let wake = Wake::new().expect("a pipe");
        let mut waker = wake.waker().expect("a handle");
        std::thread::spawn(move || waker.wake())
            .join()
            .expect("it does not panic");
        assert_eq!(wake.wait(None, None).expect("woken"), Woken::News);
        let again = wake.wait(None, Some(Duration::ZERO)).expect("nothing");
        assert_eq!(again, Woken::TimedOut);
    }
}
