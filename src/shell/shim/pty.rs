//! A terminal for a command: the shim has its other end, carries what the command writes into the log,
//! and what a person types into the command.
//!
//! The log is all that anybody sees of it; whoever looks reads that, and no front end can make the
//! command wait. Keys come through `NNNN.keys`, a pipe with a name that only the run's owner can open:
//! front ends come and go, and the terminal stays. What is typed is written down nowhere.

use super::transcript::Transcript;
use crate::shell::exec::Intent;
use crate::types::TerminalOf;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::thread::JoinHandle;

/// What a front end says through the pipe: one of these, the length of what follows as two bytes (the
/// higher first), and that. No word is longer than [`MAX_WORD`], so that each arrives whole.
pub(in crate::shell) const KEYS: u8 = b'k';
/// The terminal has this size: columns and rows, two bytes each.
pub(in crate::shell) const SIZE: u8 = b's';
/// The longest word in bytes, its head included. POSIX keeps writes of 512 together everywhere.
pub(in crate::shell) const MAX_WORD: usize = 512;
/// The size of a terminal that nobody has joined: columns and rows.
const USUAL: (u16, u16) = (80, 24);
/// How long a command may wait for the person whose terminal it is to have: its step was let begin by
/// them, from a screen or a prompt that joins it at once.
const JOINING: Timespec = Timespec {
    tv_sec: 3,
    tv_nsec: 0,
};
/// How many typed bytes may wait for a command that does not read.
const MAX_TYPED: usize = 64 << 10;
/// How soon a full disk is tried again.
const RETRY: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 500_000_000,
};
/// Not at all.
const AT_ONCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// The shim's end of a terminal.
pub(super) struct Pump {
    terminal: OwnedFd,
    /// The command's end is held open here too: one that closes it and opens it again finds it as it
    /// was.
    theirs: OwnedFd,
    log: Transcript,
    /// Where keys come from; the file, so that it can be removed.
    keys: Option<(OwnedFd, PathBuf)>,
    /// Readable as soon as the command has ended.
    ended: PipeReader,
    end: Option<PipeWriter>,
    runs: Option<JoinHandle<()>>,
    /// What was said through the pipe and is not whole yet.
    heard: Vec<u8>,
    /// What was typed and the command has not taken yet.
    typed: Vec<u8>,
}

impl Pump {
    /// A new terminal, and its end for the command.
    pub(super) fn new(intent: &Intent, of: TerminalOf, log: File) -> io::Result<(OwnedFd, Self)> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let terminal = openpt(flags)?;
        grantpt(&terminal)?;
        unlockpt(&terminal)?;
        resize(&terminal, USUAL);
        let name = ptsname(&terminal, Vec::new())?;
        let theirs = rustix::fs::open(
            &name,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let keys = match of {
            TerminalOf::Own => {
                // Lines end as in every other log: nobody's cursor has to go back.
                let mut modes = tcgetattr(&theirs)?;
                modes.output_modes.remove(OutputModes::ONLCR);
                tcsetattr(&theirs, OptionalActions::Now, &modes)?;
                None
            }
            TerminalOf::Admin => Some(open_keys(intent.file("keys"))?),
        };
        rustix::io::ioctl_fionbio(&terminal, true)?;
        let (ended, end) = io::pipe()?;
        let pump = Self {
            terminal,
            theirs: theirs.try_clone()?,
            log: Transcript::new(log),
            keys,
            ended,
            end: Some(end),
            runs: None,
            heard: Vec::new(),
            typed: Vec::new(),
        };
        Ok((theirs, pump))
    }

    /// Waits a moment for whoever gives the command their terminal, so that it has the size of that one
    /// when it first looks.
    pub(super) fn await_person(&mut self) {
        let Some((keys, _)) = &self.keys else {
            return;
        };
        let mut fds = [PollFd::new(keys, PollFlags::IN)];
        // A signal is looked at by others, and nothing is lost where nobody comes.
        if poll(&mut fds, Some(&JOINING)).is_ok_and(|ready| ready > 0) {
            self.hear();
        }
    }

    /// Begins to carry, on a thread of its own.
    pub(super) fn start(mut self) -> io::Result<Self> {
        let (ended, end) = io::pipe()?;
        let mut worker = Self {
            terminal: self.terminal.try_clone()?,
            theirs: self.theirs.try_clone()?,
            log: self.log.again()?,
            keys: self.keys.take(),
            ended,
            end: None,
            runs: None,
            heard: Vec::new(),
            typed: Vec::new(),
        };
        self.end = Some(end);
        self.runs = Some(std::thread::spawn(move || worker.carry()));
        Ok(self)
    }

    /// The command has ended: carries what is still there, and waits until that is in the log.
    pub(super) fn finish(mut self) {
        drop(self.end.take());
        if let Some(runs) = self.runs.take() {
            // One that panicked carries nothing more.
            let _ = runs.join();
        }
    }

    /// Carries until the command has ended and nothing is left.
    fn carry(&mut self) {
        let mut ended = false;
        loop {
            let out = if self.typed.is_empty() {
                PollFlags::IN
            } else {
                PollFlags::IN | PollFlags::OUT
            };
            let mut fds = vec![
                PollFd::new(&self.terminal, out),
                PollFd::new(&self.ended, PollFlags::IN),
            ];
            let hears = self.typed.len() < MAX_TYPED;
            if let Some((keys, _)) = self.keys.as_ref().filter(|_| hears) {
                fds.push(PollFd::new(keys, PollFlags::IN));
            }
            let at_most = match (ended, self.log.is_behind()) {
                (true, _) => Some(&AT_ONCE),
                (false, true) => Some(&RETRY),
                (false, false) => None,
            };
            match poll(&mut fds, at_most) {
                Ok(0) if ended => break,
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => break,
            }
            let terminal = fds[0].revents();
            ended |= !fds[1].revents().is_empty();
            let said = fds.get(2).is_some_and(|fd| !fd.revents().is_empty());
            drop(fds);
            if said {
                self.hear();
            }
            if terminal.contains(PollFlags::OUT) {
                self.type_on();
            }
            let more = terminal.contains(PollFlags::IN) && self.write_down();
            if ended && !more {
                break;
            }
            if !more && self.log.is_behind() {
                self.log.catch_up();
            }
        }
        // Nobody waits for room for the last words: how the command ended is worth more.
        self.log.catch_up();
        if let Some((_, path)) = self.keys.take() {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Takes what the command has written; false where there is nothing more for now.
    fn write_down(&mut self) -> bool {
        let mut buffer = [0_u8; 16 << 10];
        match rustix::io::read(&self.terminal, &mut buffer) {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.log.add(&buffer[..length]);
                true
            }
        }
    }

    /// Takes in what a front end has said.
    fn hear(&mut self) {
        let Some((keys, _)) = &self.keys else {
            return;
        };
        let mut buffer = [0_u8; 4096];
        let Ok(length) = rustix::io::read(keys, &mut buffer) else {
            return;
        };
        self.heard.extend_from_slice(&buffer[..length]);
        while let Some((kind, said)) = word(&mut self.heard) {
            match (kind, said.as_slice()) {
                (KEYS, _) => self.typed.extend(said),
                (SIZE, [a, b, c, d]) => {
                    let size = [[*a, *b], [*c, *d]].map(u16::from_be_bytes);
                    resize(&self.terminal, (size[0], size[1]));
                }
                _ => {}
            }
        }
        self.type_on();
    }

    /// Gives the command what was typed, as far as it takes it.
    fn type_on(&mut self) {
        if let Ok(taken) = rustix::io::write(&self.terminal, &self.typed) {
            self.typed.drain(..taken);
        }
    }
}

/// The next whole word, taken off the front.
fn word(heard: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let [kind, high, low] = *heard.first_chunk::<3>()?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let said = heard.get(3..3 + length)?.to_vec();
    heard.drain(..3 + length);
    Some((kind, said))
}

/// Makes the pipe that keys come through. It is open for writing here too, so that it does not end
/// when a front end goes.
fn open_keys(path: PathBuf) -> io::Result<(OwnedFd, PathBuf)> {
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(CWD, &path, FileType::Fifo, mode, 0)?;
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok((rustix::fs::open(&path, flags, Mode::empty())?, path))
}

/// Gives a terminal a size; whoever runs on it is told by the kernel.
fn resize(terminal: &OwnedFd, (columns, rows): (u16, u16)) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // A size is a courtesy.
    let _ = tcsetwinsize(terminal, size);
}

#[cfg(test)]
mod tests {
    use super::{KEYS, SIZE, word};

    #[test]
    fn words_are_taken_whole_and_a_half_one_waits() {
        let mut heard = vec![KEYS, 0, 2, b'a', b'b', SIZE, 0, 4, 0, 80, 0];
        assert_eq!(word(&mut heard), Some((KEYS, b"ab".to_vec())));
        assert_eq!(word(&mut heard), None);
        heard.push(24);
        assert_eq!(word(&mut heard), Some((SIZE, vec![0, 80, 0, 24])));
        assert!(heard.is_empty());
    }
}
