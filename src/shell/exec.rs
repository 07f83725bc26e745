//! Running an intent's command through a step shim, and finding out what became of one.

use super::ask::Secrets;
use super::store::RunDir;
use crate::types::{CommandSpec, ExitRecord, Seq};
use std::collections::BTreeMap;

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

/// Starts a step shim for an intent that this supervisor has just journalled, and waits for its
/// end (blocking: call it on a thread of its own). Calls `still` with what is waited for where
/// something outlives the command after a timeout or a cancel, or outlives a killed shim.
pub fn run(_dir: &RunDir, _job: &Job, _secrets: &Secrets, _still: &mut dyn FnMut(String)) -> Fate {
    todo!()
}

/// Finds out what became of an intent of an earlier supervisor's life, waiting as long as its shim
/// or anything of it lives (blocking). Calls `still` once with what is waited for, where something
/// is.
pub fn recover(_dir: &RunDir, _job: &Job, _still: &mut dyn FnMut(String)) -> Fate {
    todo!()
}

/// Asks the shim of an intent to end its command: `.cancel` (who and why) is written, then the shim
/// is woken. A second cancel also gives up waiting for what outlives the command.
pub fn cancel(_dir: &RunDir, _number: Seq, _stem: &str, _why: &str) -> std::io::Result<()> {
    todo!()
}
