//! Joining a person's terminal to the one that a step has (`upwalk __join`).
//!
//! The step's shim writes all that comes from the step into its log; this shows what is added there, and
//! sends what is typed through `NNNN.keys`. It may be ended at any time: the step has its terminal still.
//! Front ends start it in the foreground of their terminal, and it gives that back as it was.

use super::exec::Intent;
use super::foreground::Errand;
use super::shim::{KEYS, MAX_WORD, SIZE};
use super::store::RunDir;
use super::{clock, os};
use crate::types::{Millis, Seq};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{CreateFlags, WatchFlags};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::SIGWINCH;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The key that takes the terminal back: Ctrl-].
const BACK: u8 = 0x1d;
/// What the program exits with after that key.
pub const WENT_BACK: i32 = 3;
/// How much of a log is shown to who joins later, in bytes.
const RECENT: u64 = 4096;
/// How long a step may take to have its terminal.
const PATIENCE: Millis = Millis::from_secs(10);
/// How often it is looked whether the step has ended.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// The errand that joins a terminal to that of an intent's command; `say` is printed first.
pub fn join(dir: &RunDir, number: Seq, stem: &str, say: Vec<String>) -> Errand {
    let argv = [
        os::binary().display().to_string(),
        "__join".to_owned(),
        dir.path().display().to_string(),
        number.0.to_string(),
        stem.to_owned(),
    ];
    Errand {
        say,
        argv: argv.to_vec(),
        dir: None,
        user: None,
        env: None,
        set: [].into(),
        input: None,
    }
}

/// The program's main function; returns its exit status.
pub(super) fn main() -> u8 {
    let mut args = std::env::args().skip(2);
    let given = args.next().zip(args.next()).zip(args.next());
    let intent = given.and_then(|((dir, number), stem)| {
        let dir = RunDir::open(dir.as_ref()).ok()?;
        let number = Seq(number.parse().ok()?);
        Some(Intent { dir, number, stem })
    });
    let Some(intent) = intent else {
        return 2;
    };
    let ended = wait_for_keys(&intent).and_then(|keys| match keys {
        Some(keys) => Joined::new(intent, keys)?.follow(),
        None => Ok(0),
    });
    ended.unwrap_or_else(|error| {
        // Whoever has the terminal looks at it.
        let _ = writeln!(
            io::stderr(),
            "upwalk: the terminals cannot be joined: {error}"
        );
        1
    })
}

/// Where typed keys go, as soon as the step has its terminal; none where it has ended already.
fn wait_for_keys(intent: &Intent) -> io::Result<Option<OwnedFd>> {
    let until = clock::up().plus(PATIENCE);
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    loop {
        match rustix::fs::open(intent.file("keys"), flags, Mode::empty()) {
            Ok(keys) => return Ok(Some(keys)),
            Err(_) if intent.has("exit") => return Ok(None),
            Err(error) if clock::up() >= until => return Err(error.into()),
            Err(_) => drop(os::wait_readable(&[], Some(Millis(20)))),
        }
    }
}

/// A terminal that is joined to a step's.
struct Joined {
    intent: Intent,
    keys: OwnedFd,
    log: File,
    growth: OwnedFd,
    resized: Arc<AtomicBool>,
    /// Words that the pipe has not taken yet.
    waiting: Vec<Vec<u8>>,
    before: Termios,
}

impl Joined {
    fn new(intent: Intent, keys: OwnedFd) -> io::Result<Self> {
        let path = intent.file("log");
        let growth = rustix::fs::inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        rustix::fs::inotify::add_watch(&growth, &path, WatchFlags::MODIFY)?;
        let mut log = File::open(&path)?;
        let length = log.metadata()?.len();
        log.seek(SeekFrom::Start(length.saturating_sub(RECENT)))?;
        let resized = Arc::new(AtomicBool::new(true));
        signal_hook::flag::register(SIGWINCH, Arc::clone(&resized))?;
        let before = tcgetattr(rustix::stdio::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self {
            intent,
            keys,
            log,
            growth,
            resized,
            waiting: Vec::new(),
            before,
        })
    }

    /// Goes on until the step has ended, its person goes back, or the terminal is gone.
    fn follow(mut self) -> io::Result<u8> {
        let mut deserted = false;
        loop {
            if self.resized.swap(false, Ordering::SeqCst) {
                self.tell_size();
            }
            // In this order: what came before the end is in the log by then.
            let ended = deserted || self.intent.has("exit");
            self.show()?;
            if ended {
                return Ok(0);
            }
            let stdin = rustix::stdio::stdin();
            let typing = self.waiting.is_empty();
            let (keys, typed) = if typing {
                (PollFlags::empty(), PollFlags::IN)
            } else {
                (PollFlags::OUT, PollFlags::empty())
            };
            let mut fds = [
                PollFd::new(&self.growth, PollFlags::IN),
                PollFd::new(&self.keys, keys),
                PollFd::new(&stdin, typed),
            ];
            match poll(&mut fds, Some(&LOOK)) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [grown, other, keyed] = fds.map(|fd| fd.revents());
            // Nobody reads what is typed any more: the step's terminal has ended, or was killed with
            // its shim, and then nothing will ever tell how the step has.
            deserted = other.contains(PollFlags::ERR);
            if !grown.is_empty() {
                let mut bytes = [0_u8; 4096];
                while rustix::io::read(&self.growth, &mut bytes).is_ok_and(|n| n > 0) {}
            }
            let back = typing && !keyed.is_empty() && self.typed()?;
            self.send();
            if back {
                return Ok(u8::try_from(WENT_BACK).unwrap_or(1));
            }
        }
    }

    /// Shows what was added to the log.
    fn show(&mut self) -> io::Result<()> {
        let mut bytes = [0_u8; 16 << 10];
        let mut out = io::stdout().lock();
        loop {
            match self.log.read(&mut bytes)? {
                0 => return out.flush(),
                length => out.write_all(&bytes[..length])?,
            }
        }
    }

    /// Takes what was typed; whether its person wants to go back.
    fn typed(&mut self) -> io::Result<bool> {
        let mut bytes = [0_u8; MAX_WORD - 3];
        let length = match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => length,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let typed = &bytes[..length];
        let back = typed.iter().position(|byte| *byte == BACK);
        let typed = &typed[..back.unwrap_or(length)];
        if !typed.is_empty() {
            self.waiting.push(word(KEYS, typed));
        }
        Ok(back.is_some())
    }

    fn tell_size(&mut self) {
        if let Ok(size) = tcgetwinsize(rustix::stdio::stdin())
            && size.ws_col > 0
            && size.ws_row > 0
        {
            let (columns, rows) = (size.ws_col.to_be_bytes(), size.ws_row.to_be_bytes());
            self.waiting.push(word(SIZE, &[columns, rows].concat()));
            self.send();
        }
    }

    /// Sends what waits, as far as the pipe takes it.
    fn send(&mut self) {
        while let Some(word) = self.waiting.first() {
            match rustix::io::write(&self.keys, word) {
                // So short a word is written whole or not at all.
                Ok(_) => drop(self.waiting.remove(0)),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return,
                // The step has ended, which is looked for elsewhere.
                Err(_) => return self.waiting.clear(),
            }
        }
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.before);
        let _ = writeln!(io::stdout());
    }
}

/// A word for the shim.
fn word(kind: u8, said: &[u8]) -> Vec<u8> {
    let length = u16::try_from(said.len()).unwrap_or(0).to_be_bytes();
    let mut word = vec![kind, length[0], length[1]];
    word.extend(said);
    word
}
