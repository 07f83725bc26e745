//! Running an intent's command through a step shim, and finding out what became of one.
//!
//! The supervisor calls it, on one thread for each command. The lock file is the fence: whoever
//! holds it decides what became of the intent, and a command is never started twice.

mod cancel;
mod intent;
mod left;
mod trace;

use super::ask::Secrets;
use super::proc::Proc;
use super::shim::{Order, Word};
use super::store::RunDir;
use super::{clock, command, os};
use crate::types::{CommandSpec, Exit, ExitRecord, Millis, Seq};
use rustix::process::{Signal, WaitStatus};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

pub use cancel::cancel;
pub use intent::command_pid;
pub(super) use intent::{GroupLine, Intent, PidFile, ShimLine};
pub use trace::{Trace, fence, trace};

/// How often an intent's files are tried before nobody is taken to know.
const TRIES: u32 = 5;
/// The time between two tries.
const AGAIN: Millis = Millis(1000);

/// What became of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Its command ended, and this is how; with what it wrote to `$OUTPUT`.
    Ended(ExitRecord, Result<BTreeMap<String, String>, String>),
    /// It was never started, and now never will be: `.void` is written.
    NeverStarted,
    /// Nobody knows, and nobody of it is left: why.
    Lost(String),
}

/// What is waited for beyond a command's usual end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Still {
    /// Somebody of the intent is at work: one sentence.
    AtWork(String),
    /// The command was ended, and these outlive it outside of its group, as `pid command`. It may
    /// be said again as they change.
    Outlived(Vec<String>),
}

/// What an intent's command needs besides itself.
#[derive(Debug, Clone)]
pub struct Job {
    /// The intent.
    pub number: Seq,
    /// `migrate.1`: what its files are named after the number.
    pub stem: String,
    /// The command; `$OUTPUT` in its environment names a file in `RunDir::output_dir(number)`.
    pub command: CommandSpec,
}

impl Job {
    /// Its files.
    fn intent(&self, dir: &RunDir) -> Intent {
        Intent {
            dir: dir.clone(),
            number: self.number,
            stem: self.stem.clone(),
        }
    }
}

/// Starts a step shim for an intent that this supervisor has just journalled, and waits for its
/// end (blocking: call it on a thread of its own). Calls `still` with what is waited for where
/// something outlives the command after a timeout or a cancel, or outlives a killed shim.
pub fn run(dir: &RunDir, job: &Job, secrets: &Secrets, still: &mut dyn FnMut(Still)) -> Fate {
    let intent = job.intent(dir);
    let said = command::fill(&job.command, secrets)
        .and_then(|spec| start_shim(&intent, spec).map_err(|error| error.to_string()))
        .map(|child| listen(child, still));
    match said {
        Ok(Some(Word::Done)) => match known(&intent) {
            Ok(Some(fate)) => fate,
            Ok(None) | Err(_) => find_out(&intent, job, Heir::Parent, None, still),
        },
        Ok(Some(Word::Lost(why))) => Fate::Lost(why),
        Ok(Some(Word::Still(_) | Word::Outlived(_)) | None) => {
            find_out(&intent, job, Heir::Parent, None, still)
        }
        Ok(Some(Word::NotStarted(why))) | Err(why) => {
            find_out(&intent, job, Heir::Parent, Some(&why), still)
        }
    }
}

/// Starts the shim and gives it its order.
fn start_shim(intent: &Intent, spec: CommandSpec) -> io::Result<Child> {
    let order = serde_json::to_vec(&Order {
        run_dir: intent.dir.path().to_owned(),
        number: intent.number,
        stem: intent.stem.clone(),
        command: spec,
    })?;
    let mut child = Command::new(os::binary())
        .arg0("upwalk")
        .arg("__exec")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A shim that has not read all of it does nothing, and its end says so.
        let _ = stdin.write_all(&order);
    }
    Ok(child)
}

/// Takes what the shim says until its last word; none where it died without one.
fn listen(mut child: Child, still: &mut dyn FnMut(Still)) -> Option<Word> {
    let stdout = child.stdout.take();
    for line in stdout
        .into_iter()
        .flat_map(|out| BufReader::new(out).lines())
    {
        match line.ok().and_then(|line| serde_json::from_str(&line).ok()) {
            Some(Word::Still(what)) => still(Still::AtWork(what)),
            Some(Word::Outlived(left)) => still(Still::Outlived(left)),
            Some(word @ (Word::Done | Word::Lost(_) | Word::NotStarted(_))) => {
                // It still syncs the log: that is waited for elsewhere.
                std::thread::spawn(move || child.wait());
                return Some(word);
            }
            None => break,
        }
    }
    // Its status says nothing that its files do not say.
    let _ = child.wait();
    None
}

/// Finds out what became of an intent of an earlier supervisor's life, waiting as long as its shim
/// or anything of it lives (blocking). Calls `still` once with what is waited for, where something
/// is.
pub fn recover(dir: &RunDir, job: &Job, still: &mut dyn FnMut(Still)) -> Fate {
    find_out(&job.intent(dir), job, Heir::Stranger, None, still)
}

/// Whether this process may be the parent of what a dead shim left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heir {
    /// The shim was its child, and it is a subreaper.
    Parent,
    /// The shim was another supervisor's.
    Stranger,
}

/// Finds out what became of the intent. What cannot be read may be readable in a moment (out of
/// descriptors, a disk that hiccups), and calling that unknown would ask a person for nothing.
fn find_out(
    intent: &Intent,
    job: &Job,
    heir: Heir,
    refused: Option<&str>,
    still: &mut dyn FnMut(Still),
) -> Fate {
    let mut tries = 0;
    loop {
        let error = match settle(intent, job, heir, refused, still) {
            Ok(fate) => return fate,
            Err(error) => error,
        };
        let dir = intent.dir.path().display();
        tries += 1;
        if tries == TRIES {
            return Fate::Lost(format!("its files in {dir} cannot be used: {error}"));
        }
        still(Still::AtWork(format!(
            "its files in {dir} cannot be used, which is tried again: {error}"
        )));
        let _ = os::wait_readable(&[], Some(AGAIN));
    }
}

/// Waits for the shim's lock and settles what became of the intent.
fn settle(
    intent: &Intent,
    job: &Job,
    heir: Heir,
    refused: Option<&str>,
    still: &mut dyn FnMut(Still),
) -> io::Result<Fate> {
    let lock = intent.open_lock()?;
    left::wait_for_shim(intent, &lock, still);
    if !intent.has("exit") {
        intent.finish_exit()?;
    }
    if let Some(fate) = known(intent)? {
        return Ok(fate);
    }
    match intent.read_pid()? {
        // A shim starts nothing before its own line in `.pid` is durable.
        None => void(intent, refused),
        Some(pids) if heir == Heir::Parent && began_nothing(intent, &pids) => void(intent, refused),
        Some(pids) => orphaned(intent, job, &pids, heir, still),
    }
}

/// The fate that `.exit` tells; fails where that may be told by asking again.
fn known(intent: &Intent) -> io::Result<Option<Fate>> {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    match intent.read_exit() {
        Ok(Some(record)) => {
            let output = intent.read_output(Some(&record.exit))?;
            Ok(Some(Fate::Ended(record, output)))
        }
        Ok(None) => Ok(None),
        Err(error) if matches!(error.kind(), InvalidData | UnexpectedEof) => Ok(Some(Fate::Lost(
            format!("its status cannot be understood: {error}"),
        ))),
        Err(error) => Err(error),
    }
}

/// Nothing was started: makes sure that nothing will be.
fn void(intent: &Intent, refused: Option<&str>) -> io::Result<Fate> {
    if !intent.has("void") {
        intent.write_void()?;
    }
    let Some(why) = refused else {
        return Ok(Fate::NeverStarted);
    };
    let record = ExitRecord {
        exit: Exit::NotStarted(why.to_owned()),
        at: clock::wall(),
        took: Millis(0),
        left_running: Vec::new(),
        log_bytes: intent.log_bytes(),
    };
    Ok(Fate::Ended(record, Ok(BTreeMap::new())))
}

/// The shim is gone and left no status.
fn orphaned(
    intent: &Intent,
    job: &Job,
    pids: &PidFile,
    heir: Heir,
    still: &mut dyn FnMut(Still),
) -> io::Result<Fate> {
    let Some(shim) = &pids.shim else {
        return Ok(Fate::Lost(
            "the note of the process that ran it is damaged".to_owned(),
        ));
    };
    if shim.boot != clock::boot() {
        return Ok(Fate::Lost(
            "the machine was restarted while it ran".to_owned(),
        ));
    }
    // Whoever opened it now would wait for a reader that never comes.
    let _ = std::fs::remove_file(intent.file("keys"));
    if heir == Heir::Parent
        && let Some(command) = inheritance(intent, pids)
    {
        let (status, by) = inherit(intent, pids, &command, job.command.grace, still)?;
        if intent.cancelled().is_some() {
            // Where that cannot be waited for, the status in hand is worth more.
            let _ = left::wait_gone(intent, pids, job.command.grace, still);
        }
        let failed = by == EndedBy::Itself && status.exit_status() != Some(0);
        if failed && job.command.terminal.is_some() {
            // It was hung up in the midst of whatever it did.
            left::wait_gone(intent, pids, job.command.grace, still)?;
            return Ok(Fate::Lost(
                "its shim was ended, and the command lost its terminal with it".to_owned(),
            ));
        }
        let record = inherited(intent, pids, status, by);
        // Where it cannot be kept here, the journal keeps it; only this process knows it now.
        let _ = intent.write_exit(&record);
        let output = intent.read_output(Some(&record.exit));
        return Ok(Fate::Ended(
            record,
            output.unwrap_or_else(|e| Err(e.to_string())),
        ));
    }
    left::wait_gone(intent, pids, job.command.grace, still)?;
    Ok(Fate::Lost(
        "its shim was ended before it could write down how the command ended".to_owned(),
    ))
}

/// Whether a shim that was this process's child died before it started anything. What it has
/// started would be a child of this process now, dead or alive: nobody takes a command's status
/// before it is safe.
fn began_nothing(intent: &Intent, pids: &PidFile) -> bool {
    pids.command.is_none() && inheritance(intent, pids).is_none()
}

/// The command of a killed shim, dead or alive, where this process is its parent now.
fn inheritance(intent: &Intent, pids: &PidFile) -> Option<Proc> {
    let mark = format!("{}={}", Intent::MARK, intent.mark());
    let mut children = super::proc::children(os::own_pid());
    children.retain(|child| match (&pids.command, &pids.shim) {
        (Some(command), _) => child.pid == command.group,
        // The shim had not noted its number. The dead carry no mark any more, but are of its
        // session; what the command left behind is younger.
        (None, Some(shim)) => child.session == shim.pid || child.has_env(&mark),
        (None, None) => false,
    });
    children.into_iter().min_by_key(|child| child.start)
}

/// What made an inherited command end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndedBy {
    /// Nothing that came from here.
    Itself,
    /// A cancel, whatever it said on the way out.
    Cancel,
}

/// Waits for the end of an inherited command.
fn inherit(
    intent: &Intent,
    pids: &PidFile,
    command: &Proc,
    grace: Millis,
    still: &mut dyn FnMut(Still),
) -> io::Result<(WaitStatus, EndedBy)> {
    let id = command.id();
    let gone = || io::Error::other("the command is no child of this supervisor");
    let (id, handle) = id.zip(id.and_then(os::pidfd)).ok_or_else(gone)?;
    let mut told = false;
    let mut ending = None;
    loop {
        if let Some(status) = os::reap(id) {
            let by = ending.map_or(EndedBy::Itself, |_| EndedBy::Cancel);
            return Ok((status, by));
        }
        if !told {
            let title = command.title();
            still(Still::AtWork(format!(
                "its shim is gone, but it still runs: {title}"
            )));
            told = true;
        }
        if intent.has("cancel") {
            let since = *ending.get_or_insert_with(clock::up);
            let over = clock::up().since(since) >= grace;
            left::end_group(pids, if over { Signal::KILL } else { Signal::TERM });
        }
        os::wait_readable(&[handle.as_fd()], Some(left::LOOK))?;
    }
}

/// The record that the shim would have written.
fn inherited(intent: &Intent, pids: &PidFile, status: WaitStatus, by: EndedBy) -> ExitRecord {
    let exit = match (by, status.exit_status(), status.terminating_signal()) {
        (EndedBy::Cancel, ..) => Exit::Cancelled,
        (EndedBy::Itself, _, Some(signal)) => Exit::Signal(signal),
        (EndedBy::Itself, code, None) => Exit::Code(code.unwrap_or(-1)),
    };
    let began = pids.shim.as_ref().map_or(clock::up(), |shim| shim.up);
    let left = left::left(intent, pids);
    ExitRecord {
        exit,
        at: clock::wall(),
        took: clock::up().since(began),
        left_running: left.iter().map(Proc::title).collect(),
        log_bytes: intent.log_bytes(),
    }
}

/// What the command of an intent whose end nobody knows wrote to `$OUTPUT`, as far as that is whole;
/// nothing where it cannot be read.
pub fn written(dir: &RunDir, job: &Job) -> BTreeMap<String, String> {
    let written = job.intent(dir).read_output(None);
    written.ok().and_then(Result::ok).unwrap_or_default()
}
