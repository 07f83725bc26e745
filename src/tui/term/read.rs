//! The thread that reads keys. It notices a terminal that went away; what the bytes mean is `input`'s.

use super::Heard;
use super::send::Sender;
use crate::supervisor::client::now;
use crate::tui::input::{Parser, Typed, Waiting};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

/// How long an Escape may wait for the rest of a sequence.
const ESCAPE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};
/// How long the rest of a paste may take: beyond that, its end is lost.
const PASTE: Timespec = Timespec {
    tv_sec: 2,
    tv_nsec: 0,
};

/// Reads keys until the terminal goes away or `ends` is written to. It never waits inside a read,
/// and a terminal that hung up ends it at once.
pub(super) fn read_keys(
    parser: &Mutex<Parser>,
    ends: &OwnedFd,
    sender: &Sender,
    heard: &impl Fn(Heard),
) {
    let hung_up = || {
        sender.end();
        heard(Heard::HungUp);
    };
    let stdin = rustix::stdio::stdin();
    loop {
        let waiting = parser
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .waiting();
        let patience = waiting.map(|waiting| match waiting {
            Waiting::Escape => &ESCAPE,
            Waiting::Paste => &PASTE,
        });
        let mut fds = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(ends, PollFlags::IN),
        ];
        let ready = match poll(&mut fds, patience) {
            Ok(ready) => ready,
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return hung_up(),
        };
        if !fds[1].revents().is_empty() {
            return;
        }
        let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        if fds[0].revents().intersects(gone) {
            return hung_up();
        }
        let mut parser = parser.lock().unwrap_or_else(PoisonError::into_inner);
        if ready == 0 {
            if let Some(typed) = parser.give_up() {
                heard(Heard::Typed(typed, now().up));
            }
        } else if !read_some(&mut parser, sender, heard) {
            return hung_up();
        }
    }
}

/// Reads what is there by now, which may have been thrown away meanwhile; false where the terminal
/// is gone.
fn read_some(parser: &mut Parser, sender: &Sender, heard: &impl Fn(Heard)) -> bool {
    match read(parser) {
        Read::Typed(typed) => {
            // All of it came at once: nobody types like that, and its age tells.
            let at = now().up;
            for typed in typed {
                heard(Heard::Typed(typed, at));
            }
            for answer in answers(parser, sender) {
                heard(answer);
            }
            true
        }
        Read::Nothing => true,
        Read::Gone => false,
    }
}

/// The answers among what was read, as far as the terminal was asked.
pub(super) fn answers(parser: &mut Parser, sender: &Sender) -> Vec<Heard> {
    (0..parser.take_answers())
        .filter(|_| sender.answered())
        .map(|_| Heard::Answered)
        .collect()
}

/// Reads what waits in the kernel's queue; none where nothing does.
pub(super) fn read_waiting(parser: &mut Parser) -> Option<Vec<Typed>> {
    match read(parser) {
        Read::Typed(typed) => Some(typed),
        Read::Nothing | Read::Gone => None,
    }
}

/// What one read gave.
enum Read {
    Typed(Vec<Typed>),
    Nothing,
    /// The terminal is gone.
    Gone,
}

/// Reads without waiting.
fn read(parser: &mut Parser) -> Read {
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    if poll(&mut fds, Some(&at_once)) != Ok(1) {
        return Read::Nothing;
    }
    let mut bytes = [0_u8; 1024];
    match rustix::io::read(stdin, &mut bytes) {
        Ok(0) => Read::Gone,
        Ok(length) => Read::Typed(parser.feed(&bytes[..length])),
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Read::Nothing,
        Err(_) => Read::Gone,
    }
}
