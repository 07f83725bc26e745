//! The person's lines, read from standard input without a thread.

use rustix::termios::{QueueSelector, tcflush};
use std::io::Result;
use std::os::fd::{AsFd, BorrowedFd};

/// The longest answer that is taken, in bytes; more is thrown away with a remark.
const LONGEST: usize = 4096;

/// Lines from standard input.
#[derive(Debug)]
pub(super) struct Input {
    fd: std::io::Stdin,
    pending: Vec<u8>,
    ended: bool,
}

/// What a read brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// Nothing whole yet.
    Nothing,
    /// A line, without its end.
    Line(String),
    /// There is no more.
    End,
}

impl Input {
    /// Standard input.
    pub(super) fn new() -> Self {
        Self {
            fd: std::io::stdin(),
            pending: Vec::new(),
            ended: false,
        }
    }

    /// What to wait at.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Whether a line or the end has been read already, so that there is nothing to wait for.
    pub(super) fn is_ready(&self) -> bool {
        self.ended || self.pending.contains(&b'\n')
    }

    /// Whether a person types here (else it is a file or a pipe).
    pub(super) fn is_terminal(&self) -> bool {
        rustix::termios::isatty(self.fd())
    }

    /// Throws away what was typed so far. What a pipe holds stays: nobody types ahead into one.
    pub(super) fn forget(&mut self) {
        if self.is_terminal() {
            self.pending.clear();
            // A terminal that is gone shows at the next read.
            let _ = tcflush(self.fd(), QueueSelector::IFlush);
        }
    }

    /// Reads what is there; call it when there is something to read.
    pub(super) fn read(&mut self) -> Result<Typed> {
        if !self.is_ready() {
            let mut bytes = [0; 1024];
            match rustix::io::read(self.fd(), &mut bytes[..]) {
                // A terminal that was hung up reads as an error: the same as the end.
                Ok(0) | Err(rustix::io::Errno::IO) => self.ended = true,
                Ok(count) => self.pending.extend_from_slice(&bytes[..count]),
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.take())
    }

    /// Takes a line out of what was read.
    fn take(&mut self) -> Typed {
        if let Some(end) = self.pending.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]);
            return Typed::Line(line.trim_end_matches('\r').to_owned());
        }
        if self.pending.len() > LONGEST {
            self.pending.clear();
        }
        // A last line without its end was not finished, and an unfinished answer is none.
        if self.ended {
            Typed::End
        } else {
            Typed::Nothing
        }
    }
}
