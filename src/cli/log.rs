//! `upwalk log`: the output of a step, made safe for the terminal. The raw bytes stay in the file.

use super::args::LogArgs;
use super::blot::Blot;
use super::context::Context;
use super::failure::{Code, Failure};
use super::{find, out};
use crate::journal::RunState;
use crate::shell::store::RunDir;
use crate::shell::tail::{Line, LogReader};
use crate::supervisor::client;
use crate::text;
use crate::types::{Seq, StepId};
use std::path::Path;
use std::time::Duration;

/// How many lines are read at a time.
const PAGE: usize = 1000;
/// How often a growing log is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// An attempt with the names of its files.
struct Output {
    step: StepId,
    number: Seq,
    /// How long the log was when the command ended, in bytes; none where that is not known.
    written: Option<u64>,
}

/// Prints it; with `-f` until the step ends.
pub(super) fn run(context: &Context, args: &LogArgs) -> Result<Code, Failure> {
    let found = find::find(context, args.run.as_deref())?;
    let dir = found.state.run(&found.run)?;
    let (_, state) = client::read_run(&dir)?;
    let output = pick(&state, args.of.as_deref())?;
    let path = client::log_path(&dir, &state, output.number)
        .ok_or_else(|| Failure::new(Code::Bug, "a command of the run has no log"))?;
    let log = LogReader::open(&path).map_err(|error| missing(&output, &path, &error))?;
    let blot = Blot::of(&dir);
    let mut offset = 0;
    let mut removed = false;
    loop {
        // Asked before reading, so that nothing written in between is missed.
        let over = !args.follow || has_ended(&dir, &output)?;
        if log.len().map_err(|error| broken(&error))? < offset {
            out::say(
                "upwalk: somebody has cut the log; what is there now is shown from its beginning\n",
            );
            offset = 0;
        }
        if !removed && log.is_removed().map_err(|error| broken(&error))? {
            removed = true;
            out::say(
                "upwalk: somebody has removed the log's file; what the step still writes is shown here and kept nowhere\n",
            );
        }
        offset = print_from(&log, &blot, offset, over)?;
        if over {
            return say_cut(&log, &output).map(|()| Code::Done);
        }
        std::thread::sleep(LOOK);
    }
}

/// The log's file is not there, or cannot be read.
fn missing(output: &Output, path: &Path, error: &std::io::Error) -> Failure {
    if error.kind() != std::io::ErrorKind::NotFound {
        let what = format!("cannot read the log {}", path.display());
        return Failure::new(Code::Outside, what).because(error.to_string());
    }
    let what = format!(
        "the log of step {} is gone: {}",
        output.step,
        path.display()
    );
    Failure::new(Code::Outside, what)
        .because("somebody has removed it; what the step printed cannot be shown any more")
        .because("the run itself needs no log, and does not stop for it")
}

/// Says so where the log is shorter than the command has left it.
fn say_cut(log: &LogReader, output: &Output) -> Result<(), Failure> {
    let len = log.len().map_err(|error| broken(&error))?;
    if let Some(written) = output.written.filter(|written| len < *written) {
        out::say(&format!(
            "upwalk: {len} of the {written} bytes that the log had when the step ended are left; \
             somebody has cut or replaced it\n"
        ));
    }
    Ok(())
}

/// The open log cannot be read.
fn broken(error: &std::io::Error) -> Failure {
    Failure::new(Code::Outside, "cannot read the log").because(error.to_string())
}

/// Prints whole lines from here on, at the end an unfinished one too; returns where it stopped.
fn print_from(log: &LogReader, blot: &Blot, mut offset: u64, over: bool) -> Result<u64, Failure> {
    loop {
        let lines = log
            .lines_from(offset, PAGE)
            .map_err(|error| broken(&error))?;
        let mut page = String::new();
        for line in &lines {
            if !(over || is_whole(line)) {
                out::print(&page)?;
                return Ok(offset);
            }
            page.push_str(&blot.apply(&text::sanitise(&line.bytes).text));
            page.push('\n');
            offset = line.next;
        }
        out::print(&page)?;
        if lines.len() < PAGE {
            return Ok(offset);
        }
    }
}

/// Whether a line's newline has been written.
fn is_whole(line: &Line) -> bool {
    let length = u64::try_from(line.bytes.len()).unwrap_or(u64::MAX);
    line.next > line.offset.saturating_add(length)
}

/// The attempt whose output is meant: the last of the step, or the present or last of all.
fn pick(state: &RunState, of: Option<&str>) -> Result<Output, Failure> {
    let all = state.steps.iter().flat_map(|(id, record)| {
        let attempts = record.attempts.iter().chain(&record.undo_attempts);
        attempts.map(move |attempt| (id, attempt))
    });
    let with_log = all.filter(|(_, attempt)| attempt.command);
    let fitting = with_log.filter(|(id, _)| of.is_none_or(|of| id.as_str() == of));
    match fitting.max_by_key(|(_, attempt)| attempt.number) {
        Some((id, attempt)) => Ok(Output {
            step: id.clone(),
            number: attempt.number,
            written: attempt.end.as_ref().map(|end| end.log_bytes),
        }),
        None => Err(match of {
            Some(of) => Failure::usage(format!("step \"{of}\" has run no command in this run"))
                .hint("upwalk status names the last steps"),
            None => Failure::usage("no step of this run has run a command yet"),
        }),
    }
}

/// Whether the command has ended.
fn has_ended(dir: &RunDir, output: &Output) -> Result<bool, Failure> {
    let (_, state) = client::read_run(dir)?;
    let record = state.steps.get(&output.step);
    let attempts = record.map(|record| record.attempts.iter().chain(&record.undo_attempts));
    let running = attempts.is_some_and(|mut attempts| {
        attempts.any(|attempt| attempt.number == output.number && attempt.ended.is_none())
    });
    Ok(!running || state.finished.is_some())
}
