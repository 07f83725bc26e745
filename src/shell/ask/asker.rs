//! The asker (`upwalk __ask`): one question, one reply, then it ends.
//!
//! Its order is a line on standard input; that stays open as long as somebody wants the answer. When
//! it closes, the asker kills what it started and goes: nobody's guards outlive a dead supervisor.

use super::net;
use crate::shell::command::{self, Output, Started};
use crate::shell::os;
use crate::types::{Answer, CommandSpec, Exit, HttpAsk, Millis};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, PipeReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Run a command; secrets are filled in.
    Run(CommandSpec),
    /// Fetch a URL.
    Http(HttpAsk),
    /// Open a connection.
    Tcp {
        /// Host and port.
        address: String,
        /// How long it may take.
        timeout: Millis,
    },
}

/// What is replied.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// A command ended.
    Ran {
        /// How.
        exit: Exit,
        /// Its standard output.
        out: String,
        /// Its standard error.
        err: String,
    },
    /// An answer, judged already.
    Answered(Answer),
}

/// The most that is kept of each stream, in bytes.
const KEPT: usize = 64 << 10;
/// The most a guard gets between TERM and KILL: it has nothing to put in order.
const GRACE: Millis = Millis::from_secs(2);

/// The asker's main function; returns its exit status.
pub(in crate::shell) fn main() -> u8 {
    os::become_session();
    let mut line = Vec::new();
    let read = io::stdin().lock().read_until(b'\n', &mut line);
    let order = read.and_then(|_| Ok(serde_json::from_slice::<Order>(&line)?));
    let reply = match order {
        Ok(Order::Run(spec)) => run(&spec),
        Ok(Order::Http(ask)) => Some(Reply::Answered(net::http(&ask))),
        Ok(Order::Tcp { address, timeout }) => Some(Reply::Answered(net::tcp(&address, timeout))),
        Err(_) => None,
    };
    let Some(reply) = reply.and_then(|reply| serde_json::to_vec(&reply).ok()) else {
        return 1;
    };
    let mut rest = reply.as_slice();
    while let Ok(written @ 1..) = rustix::io::write(rustix::stdio::stdout(), rest) {
        rest = &rest[written..];
    }
    u8::from(!rest.is_empty())
}

/// Runs a command and keeps what it prints. None where nobody wants to know any more.
fn run(spec: &CommandSpec) -> Option<Reply> {
    let refused = |why: String| {
        Some(Reply::Ran {
            exit: Exit::NotStarted(why),
            out: String::new(),
            err: String::new(),
        })
    };
    let mut streams = match Streams::new() {
        Ok(streams) => streams,
        Err(error) => return refused(error.to_string()),
    };
    let (out, err) = streams.writers.take()?;
    let started = match command::start(spec, Output::Apart(out, err), &mut |_| {}) {
        Ok(started) => started,
        Err(why) => {
            // What a refusing sudo said is here.
            streams.take_rest();
            let said = streams.err.text();
            let said = said.trim();
            return refused(if said.is_empty() {
                why
            } else {
                format!("{why} ({said})")
            });
        }
    };
    let exit = watch(&started, spec, &mut streams);
    // Whatever it left in its group belongs to the question.
    let _ = os::end_group(started.pid, Signal::KILL);
    let exit = exit?;
    streams.take_rest();
    Some(Reply::Ran {
        exit,
        out: streams.out.text(),
        err: streams.err.text(),
    })
}

/// Waits for the command's end. None where nobody wants to know any more.
fn watch(started: &Started, spec: &CommandSpec, streams: &mut Streams) -> Option<Exit> {
    let timer = os::Timer::new().ok()?;
    timer.set(spec.timeout).ok()?;
    let child: OwnedFd = os::pidfd(started.pid)?;
    let mut late = false;
    loop {
        if let Ok(Some(status)) = started.ended() {
            return Some(match (late, status.code(), status.signal()) {
                (true, _, _) => Exit::TimedOut,
                (false, Some(code), _) => Exit::Code(code),
                (false, None, signal) => Exit::Signal(signal.unwrap_or(0)),
            });
        }
        let mut fds = vec![rustix::stdio::stdin(), child.as_fd(), timer.as_fd()];
        fds.extend(streams.open().map(AsFd::as_fd));
        let ready = os::wait_readable(&fds, None).ok()?;
        if ready.first() == Some(&true) {
            return None;
        }
        if ready.get(2) == Some(&true) {
            let signal = if late { Signal::KILL } else { Signal::TERM };
            let _ = os::end_group(started.pid, signal);
            let rest = (!late).then_some(spec.grace.min(GRACE));
            timer.set(rest).ok()?;
            late = true;
        }
        streams.take();
    }
}

/// A command's two streams.
struct Streams {
    out: Kept,
    err: Kept,
    writers: Option<(File, File)>,
}

/// The beginning of a stream.
struct Kept {
    pipe: Option<PipeReader>,
    bytes: Vec<u8>,
}

impl Streams {
    fn new() -> io::Result<Self> {
        let (out, out_writer) = Kept::new()?;
        let (err, err_writer) = Kept::new()?;
        Ok(Self {
            out,
            err,
            writers: Some((out_writer, err_writer)),
        })
    }

    /// Those that may still say something.
    fn open(&self) -> impl Iterator<Item = &PipeReader> {
        [&self.out, &self.err]
            .into_iter()
            .filter_map(|kept| kept.pipe.as_ref())
    }

    /// Takes what is there, without waiting.
    fn take(&mut self) {
        self.out.take();
        self.err.take();
    }

    /// Takes what is left when the command has ended.
    fn take_rest(&mut self) {
        self.writers = None;
        self.take();
    }
}

impl Kept {
    fn new() -> io::Result<(Self, File)> {
        let (reader, writer) = io::pipe()?;
        let flags = rustix::fs::fcntl_getfl(&reader)?;
        rustix::fs::fcntl_setfl(&reader, flags | rustix::fs::OFlags::NONBLOCK)?;
        let kept = Self {
            pipe: Some(reader),
            bytes: Vec::new(),
        };
        Ok((kept, File::from(OwnedFd::from(writer))))
    }

    /// Takes what is there; what is beyond the limit is read and dropped, so that nobody waits.
    fn take(&mut self) {
        let mut buffer = [0_u8; 16 << 10];
        while let Some(pipe) = &self.pipe {
            match rustix::io::read(pipe, &mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(n) => {
                    let room = KEPT - self.bytes.len();
                    self.bytes.extend_from_slice(&buffer[..n.min(room)]);
                }
                Err(_) => return,
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}
