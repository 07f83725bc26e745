//! A run as a front end knows it: the same fold over the same events, and what is under way. It
//! asks nothing and sends nothing. Called by the front ends through `client`.

use super::client::{ClientError, Update};
use super::wire::{self, FromServer, Held, Live, Observer};
use super::{load, stem};
use crate::engine::{self, Progress, Refusal, Silence};
use crate::journal::{AskKey, Event, FoldError, Recorded, RunState, StepRecord};
use crate::plan::Plan;
use crate::shell::clock;
use crate::shell::exec::{self, Trace};
use crate::shell::foreground::Errand;
use crate::shell::relay;
use crate::shell::store::RunDir;
use crate::shell::tail;
use crate::types::{Answer, Millis, Moment, Pending, Seq, StepId, Timestamp, Who};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A run as its front end knows it: the same fold over the same events.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any of them goes with any other"
)]
pub struct Mirror {
    /// The plan of the run.
    pub plan: Arc<Plan>,
    /// The folded state; none before the first event.
    pub state: Option<RunState>,
    /// Whether all events so far have been seen.
    pub caught_up: bool,
    /// Whether the supervisor has said who has the controls.
    pub attached: bool,
    /// Questions being asked of the machine: last answer, end of polling.
    pub asking: BTreeMap<AskKey, (Option<Answer>, Option<Timestamp>)>,
    /// Commands that outlive their shim.
    pub still_running: BTreeMap<Seq, String>,
    /// What the step that runs has left to do, as it was counted last.
    pub counted: Option<(StepId, Pending)>,
    /// Who has the controls.
    pub controls: Option<Who>,
    /// Whether that is this front end.
    pub yours: bool,
    /// The others that look.
    pub observers: Vec<Observer>,
    /// How the controls are held, where anybody has them.
    pub held: Option<Held>,
    /// Who asks for them.
    pub asked_by: Option<Who>,
    /// Whether that is this front end.
    pub you_ask: bool,
    /// Replies by id, until they are taken.
    pub replies: BTreeMap<u64, Result<Seq, Refusal>>,
    /// The last ping that the supervisor has answered.
    pub pong: Option<u64>,
    /// Why the connection is gone.
    pub gone: Option<String>,
    /// What the supervisor said of its end.
    pub parting: Option<String>,
    /// The run's directory: logs are read from here.
    pub dir: RunDir,
}

impl Mirror {
    /// An empty mirror of the run in this directory; reads and resolves its plan.
    pub fn new(dir: RunDir) -> Result<Self, ClientError> {
        Ok(Self {
            plan: Arc::new(load::plan(&dir)?),
            state: None,
            caught_up: false,
            attached: false,
            asking: BTreeMap::new(),
            still_running: BTreeMap::new(),
            counted: None,
            controls: None,
            yours: false,
            observers: Vec::new(),
            held: None,
            asked_by: None,
            you_ask: false,
            replies: BTreeMap::new(),
            pong: None,
            gone: None,
            parting: None,
            dir,
        })
    }

    /// Takes an update in; says whether anything that is shown changed.
    pub fn apply(&mut self, update: Update) -> Result<bool, FoldError> {
        let frame = match update {
            Update::Frame(frame) => *frame,
            Update::Gone(why) => {
                self.gone = Some(why);
                return Ok(true);
            }
        };
        match frame {
            FromServer::Event {
                n,
                wall,
                boot,
                up,
                event,
            } => {
                self.event(&wire::recorded(n, wall, boot, up, *event))?;
            }
            FromServer::CaughtUp => self.caught_up = true,
            FromServer::Live(live) => self.live(live),
            FromServer::Attached {
                controls,
                yours,
                observers,
                held,
                asked_by,
                you_ask,
            } => {
                self.attached = true;
                self.controls = controls;
                self.yours = yours;
                self.observers = observers;
                self.held = held;
                self.asked_by = asked_by;
                self.you_ask = you_ask;
            }
            FromServer::Reply { id, result } => {
                self.replies.insert(id, result);
            }
            FromServer::Bye { why } => {
                self.parting = Some(why);
                return Ok(false);
            }
            FromServer::Pong { id } => {
                self.pong = Some(id);
                return Ok(false);
            }
            FromServer::Hello { .. } => return Ok(false),
        }
        Ok(true)
    }

    /// Whether everything is known that a front end says of the run and of its own part in it: all
    /// events so far, and who has the controls, unless nobody is there to say that any more.
    pub fn is_whole(&self) -> bool {
        self.caught_up && (self.attached || self.gone.is_some())
    }

    fn event(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        match &mut self.state {
            Some(state) => state.apply(recorded)?,
            None => self.state = Some(RunState::begin(recorded)?),
        }
        if let Event::CommandEnded { number, .. }
        | Event::IntentVoided { number }
        | Event::StepOutcomeUnknown { number, .. } = &recorded.event
        {
            self.still_running.remove(number);
        }
        if recorded.event.outdates_counts() {
            self.counted = None;
        }
        Ok(())
    }

    fn live(&mut self, live: Live) {
        match live {
            Live::Asking { key, last, until } => {
                self.asking.insert(key, (last, until));
            }
            Live::Asked { key } => {
                self.asking.remove(&key);
            }
            Live::Counted { step, left } => self.counted = Some((step, left)),
            Live::StillRunning { number, what } => {
                self.still_running.insert(number, what);
            }
        }
    }

    /// How far the attempt that runs is, by what was counted; none where that is not known.
    pub fn progress(&self, step: &StepId) -> Option<Progress> {
        let counted = self.counted.as_ref().filter(|(of, _)| of == step);
        engine::progress(self.state.as_ref()?, step, counted.map(|(_, left)| left))
    }

    /// How long ago the command under way has written anything; none where none has.
    pub fn last_output(&self, now: &Moment) -> Option<Millis> {
        let (_, attempt) = engine::running_command(self.state.as_ref()?)?;
        let path = self.log_path(attempt.number)?;
        let has_written = path.metadata().is_ok_and(|meta| meta.len() > 0);
        let written = tail::last_written(&path).filter(|_| has_written)?;
        Some(now.wall.since(written))
    }

    /// The log of an intent that the run knows.
    pub fn log_path(&self, number: Seq) -> Option<PathBuf> {
        log_path(&self.dir, self.state.as_ref()?, number)
    }
}

/// The log of an intent that a run knows.
pub fn log_path(dir: &RunDir, state: &RunState, number: Seq) -> Option<PathBuf> {
    let stem = stem::of_number(state, number)?;
    Some(dir.intent_file(number, &stem, "log"))
}

/// The errand that joins a person's terminal to the one that an intent's command has; `say` is printed
/// first.
pub fn join(dir: &RunDir, state: &RunState, number: Seq, say: Vec<String>) -> Option<Errand> {
    let stem = stem::of_number(state, number)?;
    Some(relay::join(dir, number, &stem, say))
}

/// The silence of the command under way, where it is long enough to be remarked on.
pub fn silence(dir: &RunDir, plan: &Plan, state: &RunState, now: &Moment) -> Option<Silence> {
    let (_, attempt) = engine::running_command(state)?;
    let written = tail::last_written(&log_path(dir, state, attempt.number)?)?;
    engine::silence(plan, state, written, now)
}

/// Now, on both clocks.
pub fn now() -> Moment {
    clock::now()
}

/// Reads a run's journal and folds it without any supervisor: for `status`, `log`, `runs`.
pub fn read_run(dir: &RunDir) -> Result<(Arc<Plan>, RunState), ClientError> {
    let run = load::load(dir)?;
    Ok((Arc::new(run.plan), run.state))
}

/// What can be seen of the command that is under way, whether a supervisor lives or not; none where
/// none is under way.
pub fn trace(dir: &RunDir, state: &RunState) -> Option<Trace> {
    let latest = state.steps.values().filter_map(StepRecord::latest);
    let under_way = latest.filter(|attempt| attempt.command && attempt.ended.is_none());
    let number = under_way.map(|attempt| attempt.number).max()?;
    let stem = stem::of_number(state, number)?;
    Some(exec::trace(dir, number, &stem))
}

impl Update {
    /// The question whose answer this is: the supervisor is alive.
    pub fn pong(&self) -> Option<u64> {
        match self {
            Self::Frame(frame) => match frame.as_ref() {
                FromServer::Pong { id } => Some(*id),
                FromServer::Hello { .. }
                | FromServer::Event { .. }
                | FromServer::CaughtUp
                | FromServer::Live(_)
                | FromServer::Attached { .. }
                | FromServer::Reply { .. }
                | FromServer::Bye { .. } => None,
            },
            Self::Gone(_) => None,
        }
    }

    /// The event of the journal that this brings; none where it is something else.
    pub fn event(&self) -> Option<Recorded> {
        match self {
            Self::Frame(frame) => match frame.as_ref() {
                FromServer::Event {
                    n,
                    wall,
                    boot,
                    up,
                    event,
                } => Some(wire::recorded(
                    *n,
                    *wall,
                    boot.clone(),
                    *up,
                    event.as_ref().clone(),
                )),
                FromServer::Hello { .. }
                | FromServer::CaughtUp
                | FromServer::Live(_)
                | FromServer::Attached { .. }
                | FromServer::Reply { .. }
                | FromServer::Pong { .. }
                | FromServer::Bye { .. } => None,
            },
            Self::Gone(_) => None,
        }
    }
}
