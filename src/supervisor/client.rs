//! The front ends' side: find the run's supervisor or start it, attach, decide, look.

use super::wire::{FromServer, Live, Part};
use crate::engine::Refusal;
use crate::journal::{AskKey, Decision, FoldError, Recorded, RunState};
use crate::plan::Plan;
use crate::shell::store::{RunDir, StateDir};
use crate::types::{Answer, Moment, RunId, Seq, Timestamp, Who};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why no supervisor can be spoken with.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct ClientError {
    /// What failed, one sentence.
    pub what: String,
    /// A command that helps.
    pub hint: Option<String>,
    /// The exit code that goes with it (1, 7 or 8).
    pub code: u8,
}

/// News from the supervisor.
#[derive(Debug, Clone)]
pub enum Update {
    /// A frame.
    Frame(Box<FromServer>),
    /// The connection is gone: the supervisor ended or died.
    Gone(String),
}

/// A connection to a run's supervisor.
pub struct Client {
    _private: (),
}

impl Client {
    /// Attaches to the run's supervisor, starting one where none lives. `on_update` is called on a
    /// thread of its own for every frame, in order.
    pub fn attach(
        _state_dir: &StateDir,
        _run: &RunId,
        _part: Part,
        _on_update: impl FnMut(Update) + Send + 'static,
    ) -> Result<Self, ClientError> {
        todo!()
    }

    /// Sends a decision; the reply comes as an update with the returned id.
    pub fn decide(&self, _at: Option<Seq>, _decision: Decision) -> Result<u64, ClientError> {
        todo!()
    }

    /// Takes the controls; the reply comes as an update with the returned id.
    pub fn take_controls(&self) -> Result<u64, ClientError> {
        todo!()
    }

    /// Asks whether the supervisor is alive; the pong comes as an update with the returned id.
    pub fn ping(&self) -> Result<u64, ClientError> {
        todo!()
    }
}

/// A run as its front end knows it: the same fold over the same events.
#[derive(Debug)]
pub struct Mirror {
    /// The plan of the run.
    pub plan: Arc<Plan>,
    /// The folded state; none before the first event.
    pub state: Option<RunState>,
    /// Whether all events so far have been seen.
    pub caught_up: bool,
    /// Questions being asked of the machine: last answer, end of polling.
    pub asking: BTreeMap<AskKey, (Option<Answer>, Option<Timestamp>)>,
    /// Commands that outlive their shim.
    pub still_running: BTreeMap<Seq, String>,
    /// Who has the controls.
    pub controls: Option<Who>,
    /// Whether that is this front end.
    pub yours: bool,
    /// The others that look.
    pub observers: Vec<Who>,
    /// Replies by id, until they are taken.
    pub replies: BTreeMap<u64, Result<Seq, Refusal>>,
    /// Why the connection is gone.
    pub gone: Option<String>,
    /// The run's directory: logs are read from here.
    pub dir: RunDir,
}

impl Mirror {
    /// An empty mirror of the run in this directory; reads and resolves its plan.
    pub fn new(_dir: RunDir) -> Result<Self, ClientError> {
        todo!()
    }

    /// Takes an update in; says whether anything that is shown changed.
    pub fn apply(&mut self, _update: Update) -> Result<bool, FoldError> {
        todo!()
    }
}

/// Reads a run's journal and folds it without any supervisor: for `status`, `log`, `runs`.
pub fn read_run(_dir: &RunDir) -> Result<(Arc<Plan>, RunState), ClientError> {
    let _: Option<(Recorded, Live, Moment)> = None;
    todo!()
}
