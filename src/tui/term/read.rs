//! The thread that reads keys. It notices a terminal that went away; what the bytes mean is `input`'s.

use super::Heard;
use super::send::Sender;
use crate::tui::input::Parser;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

/// How long an Escape may wait for the rest of a sequence.
const ESCAPE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
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
        let escape = parser
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_waiting();
        let mut fds = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(ends, PollFlags::IN),
        ];
        let ready = match poll(&mut fds, escape.then_some(&ESCAPE)) {
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
                heard(Heard::Typed(typed));
            }
        } else if !read_some(&mut parser, sender, heard) {
            return hung_up();
        }
    }
}

/// Reads what is there by now, which may have been thrown away meanwhile; false where the terminal
/// is gone.
fn read_some(parser: &mut Parser, sender: &Sender, heard: &impl Fn(Heard)) -> bool {
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    if poll(&mut fds, Some(&now)) != Ok(1) {
        return true;
    }
    let mut bytes = [0_u8; 1024];
    match rustix::io::read(stdin, &mut bytes) {
        Ok(0) => false,
        Ok(length) => {
            let typed = parser.feed(&bytes[..length]);
            for typed in typed {
                heard(Heard::Typed(typed));
            }
            if parser.take_answers() > 0 && sender.answered() {
                heard(Heard::Answered);
            }
            true
        }
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => true,
        Err(_) => false,
    }
}
