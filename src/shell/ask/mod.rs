//! Asking the machine: guards, checks, measured values. Nothing asked here changes anything.
//!
//! Each ask is a process of its own (`upwalk __ask`) that ends with whoever asked: it can be stopped
//! at any moment, whatever it waits for. May be called from several threads.

mod asker;
mod net;
mod stop;

use super::command;
use super::exec::Intent;
use super::proc::{self, Proc};
use super::store::RunDir;
use super::{clock, os};
use crate::types::{Answer, Ask, CommandSpec, EnvValue, Exit, Millis, Moment};
use rustix::process::{Pid, Signal};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};

pub(super) use asker::main;
use asker::{Order, Reply};
pub use stop::Stop;

/// The secrets of a run, by variable name.
pub type Secrets = BTreeMap<String, String>;

/// Beyond its own timeout, an ask gets so long to end and to answer.
const MARGIN: Millis = Millis::from_secs(5);
/// `UPWALK_ATTEMPT` of what is asked: it belongs to no intent.
const MARK: &str = "ask";

/// Asks once.
pub fn ask(ask: &Ask, secrets: &Secrets) -> Answer {
    answer(ask, secrets, None).unwrap_or_else(|| could_not("it was stopped"))
}

/// Asks once; none where `stop` was told first.
pub fn ask_unless(ask: &Ask, secrets: &Secrets, stop: &Stop) -> Option<Answer> {
    answer(ask, secrets, Some(stop))
}

/// How long and how often to ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The time between the beginnings of two asks.
    pub every: Millis,
    /// When the last ask may begin; none: until stopped.
    pub until: Option<Moment>,
}

/// Asks again and again (blocking) and gives every answer to `said`, until that breaks, the time is
/// over or `stop` is told. Returns the last answer; none where it was stopped.
pub fn ask_again(
    ask: &Ask,
    secrets: &Secrets,
    again: &Again,
    stop: &Stop,
    said: &mut dyn FnMut(&Answer) -> ControlFlow<()>,
) -> Option<Answer> {
    loop {
        let began = clock::now();
        let answer = ask_unless(ask, secrets, stop)?;
        if said(&answer).is_break() {
            return Some(answer);
        }
        let mut next = began.plus(again.every);
        if let Some(until) = &again.until {
            if began.reached(until) {
                return Some(answer);
            }
            // The last ask begins at the deadline, however long it is to the next one.
            if next.reached(until) {
                next = until.clone();
            }
        }
        let now = clock::now();
        if !now.reached(&next) && stop.wait(next.since(&now)) {
            return None;
        }
    }
}

/// The first line a command prints, trimmed, or why that cannot be had (it must exit 0 and print
/// one).
pub fn first_line(command: &CommandSpec, secrets: &Secrets) -> Result<String, String> {
    line_of(command, secrets, None).unwrap_or_else(|| Err("it was not answered".to_owned()))
}

/// The same; none where `stop` was told first.
pub fn first_line_unless(
    command: &CommandSpec,
    secrets: &Secrets,
    stop: &Stop,
) -> Option<Result<String, String>> {
    line_of(command, secrets, Some(stop))
}

/// The first line a command prints, or why not; none where it was stopped.
fn line_of(
    command: &CommandSpec,
    secrets: &Secrets,
    stop: Option<&Stop>,
) -> Option<Result<String, String>> {
    let filled = match fill(command, secrets) {
        Ok(filled) => filled,
        Err(why) => return Some(Err(why)),
    };
    let replied = match reply(&Order::Run(filled), limit_of(command), stop) {
        Ok(replied) => replied?,
        Err(error) => return Some(Err(error.to_string())),
    };
    Some(match replied {
        Reply::Ran {
            exit: Exit::Code(0),
            out,
            ..
        } => match out.lines().next().map(str::trim) {
            Some(line) if !line.is_empty() => Ok(line.to_owned()),
            Some(_) | None => Err("it printed no first line".to_owned()),
        },
        Reply::Ran { exit, out, err } => Err(said(&exit, &out, &err)),
        Reply::Answered(_) => Err("it was not answered".to_owned()),
    })
}

/// The end of a command and the last line that it printed.
fn said(exit: &Exit, out: &str, err: &str) -> String {
    let lines = |text: &'_ str| -> Option<String> {
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(line.trim().chars().take(200).collect())
    };
    match lines(err).or_else(|| lines(out)) {
        Some(line) => format!("{exit}: {line}"),
        None => exit.to_string(),
    }
}

/// Nobody knows, and why.
fn could_not(why: impl Into<String>) -> Answer {
    Answer::CouldNotTell(why.into())
}

/// A command with its secrets and its mark.
fn fill(spec: &CommandSpec, secrets: &Secrets) -> Result<CommandSpec, String> {
    let mut spec = command::fill(spec, secrets)?;
    let mark = EnvValue::Plain(MARK.to_owned());
    spec.env.insert(Intent::MARK.to_owned(), mark);
    Ok(spec)
}

/// How long a command may take to be over and answered for.
fn limit_of(spec: &CommandSpec) -> Option<Millis> {
    Some(spec.timeout?.plus(spec.grace).plus(MARGIN))
}

/// Asks once; none where it was stopped.
fn answer(ask: &Ask, secrets: &Secrets, stop: Option<&Stop>) -> Option<Answer> {
    let (order, limit) = match ask {
        Ask::Command { spec, .. } => match fill(spec, secrets) {
            Ok(filled) => (Order::Run(filled), limit_of(spec)),
            Err(why) => return Some(could_not(why)),
        },
        Ask::Http(http) => (Order::Http(http.clone()), Some(http.timeout.plus(MARGIN))),
        Ask::Tcp { address, timeout } => {
            let (address, timeout) = (address.clone(), *timeout);
            (Order::Tcp { address, timeout }, Some(timeout.plus(MARGIN)))
        }
    };
    let replied = match reply(&order, limit, stop) {
        Ok(replied) => replied?,
        Err(error) => return Some(could_not(error.to_string())),
    };
    Some(match (replied, ask) {
        (Reply::Answered(answer), _) => answer,
        (Reply::Ran { exit, out, err }, Ask::Command { judge, .. }) => match exit {
            // Only what it printed on standard output is compared.
            Exit::Code(0) => judge.judge(&exit, &out),
            Exit::Code(_)
            | Exit::Signal(_)
            | Exit::TimedOut
            | Exit::Cancelled
            | Exit::NotStarted(_) => judge.judge(&exit, &format!("{out}\n{err}")),
        },
        (Reply::Ran { .. }, Ask::Http(_) | Ask::Tcp { .. }) => could_not("another was answered"),
    })
}

/// Starts an asker and takes its reply; none where it was stopped.
fn reply(order: &Order, limit: Option<Millis>, stop: Option<&Stop>) -> io::Result<Option<Reply>> {
    let mut order = serde_json::to_vec(order)?;
    order.push(b'\n');
    let mut child = Command::new(os::binary())
        .arg0("upwalk")
        .arg("__ask")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let line = child.stdin.take();
    let result = line.map_or(Ok(None), |mut line| {
        line.write_all(&order)?;
        // The line stays open meanwhile: the asker ends, with all it started, when it closes.
        take(&mut child, limit, stop)
    });
    if matches!(result, Ok(Some(_))) {
        let _ = child.wait();
    } else {
        std::thread::spawn(move || child.wait());
    }
    let Some(bytes) = result? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|_| io::Error::other("whoever asked for it was ended before it had an answer"))
}

/// What the asker says until its end; none where it was stopped.
fn take(
    child: &mut Child,
    limit: Option<Millis>,
    stop: Option<&Stop>,
) -> io::Result<Option<Vec<u8>>> {
    let Some(out): Option<ChildStdout> = child.stdout.take() else {
        return Ok(None);
    };
    let deadline = limit.map(|limit| clock::up().plus(limit));
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 16 << 10];
    loop {
        let rest = deadline.map(|end| end.since(clock::up()));
        if rest == Some(Millis(0)) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"));
        }
        let mut fds = vec![out.as_fd()];
        fds.extend(stop.map(AsFd::as_fd));
        let ready = os::wait_readable(&fds, rest)?;
        if ready.get(1) == Some(&true) {
            return Ok(None);
        }
        if ready.first() == Some(&true) {
            match rustix::io::read(&out, &mut buffer)? {
                0 => return Ok(Some(bytes)),
                n => bytes.extend_from_slice(&buffer[..n]),
            }
        }
    }
}

/// Ends what asks of an earlier supervisor's life have left of a run's guards: they are asked again.
pub fn end_leftovers(dir: &RunDir) {
    let run = format!("RUN_DIR={}", dir.path().display());
    let mark = format!("{}={MARK}", Intent::MARK);
    let is_asked = |proc: &Proc| proc.has_env(&mark) && proc.has_env(&run);
    for found in proc::living().into_iter().filter(is_asked) {
        let Some((id, group)) = found.id().zip(Pid::from_raw(found.group)) else {
            continue;
        };
        // As long as it lives its number and its group's are its own: they were another's in the
        // moment before only where it has ended since.
        let Some(handle) = os::pidfd(id) else {
            continue;
        };
        if !Proc::is(found.pid, found.start) {
            continue;
        }
        // Guards change nothing: whatever cannot be ended does no harm.
        let _ = os::end_group(group, Signal::KILL);
        let _ = rustix::process::pidfd_send_signal(&handle, Signal::KILL);
    }
}
