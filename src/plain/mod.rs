//! The two front ends without a screen: numbered prompts ([`prompt`]) and progress lines for
//! scripts ([`none`]).
//!
//! Both show the same fold as the screen does, take their answers from `engine::choices`, print
//! line after line and never redraw. They decide nothing themselves. Called by `cli`.

mod asking;
mod excerpt;
mod hand;
mod input;
mod meanwhile;
mod names;
mod narrate;
mod none;
mod prompt;
mod question;
mod read_out;
mod say;
mod silence;
mod status;
mod wake;
mod warning;

pub use none::{Begin, follow};
pub use prompt::run;
pub use say::last_words;
pub use wake::{Wake, Waker};

use crate::engine::Refusal;
use crate::journal::{Decision, FoldError, Recorded, RunResult};
use crate::supervisor::client::{Client, ClientError, Mirror, Update};
use crate::supervisor::wire::Part;
use crate::types::{Moment, Seq};
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// How a front end ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The run is finished.
    Finished(RunResult),
    /// A person is needed, and this front end cannot or shall not ask.
    Parked(Parked),
    /// The person left; the run goes on or stays as it is.
    Detached,
    /// A signal of this number ended the front end; the run goes on.
    Signal(u8),
}

/// What a parked run waits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parked {
    /// A question.
    Asking,
    /// A failed step.
    Failed,
}

/// Why a front end could not go on; the run does.
#[derive(Debug, thiserror::Error)]
pub enum PlainError {
    /// The supervisor cannot be spoken with.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// An event does not fit.
    #[error("the journal does not add up: {0}")]
    Fold(#[from] FoldError),
    /// The terminal or a pipe failed.
    #[error("cannot read or write: {0}")]
    Io(#[from] std::io::Error),
    /// A signal came before the answer did.
    #[error("interrupted by signal {0} before the answer came")]
    Signal(u8),
    /// The connection ended before the answer to a decision came.
    #[error("the run's supervisor is gone, and has not answered: {0}")]
    Unanswered(String),
    /// The connection ended before the run did.
    #[error("the run's supervisor is gone: {0}")]
    Gone(String),
}

/// A connection to a run, with what the front ends need besides it.
pub struct Session<'a> {
    /// Speaks to the supervisor.
    pub client: Client,
    /// The run.
    pub mirror: Mirror,
    /// News for the mirror; each is announced through `wake`.
    pub updates: Receiver<Update>,
    /// Wakes a front end for news, signals and input.
    pub wake: Wake,
    /// The clock.
    pub now: fn() -> Moment,
    /// Makes a command fit to be pasted here.
    pub paste: &'a dyn Fn(&str) -> String,
    /// Takes the run's secrets out of a text.
    pub blot: &'a dyn Fn(&str) -> String,
    /// What this front end is there for.
    pub part: Part,
    /// Whether whoever has gone away is called when the run needs a person.
    pub bell: Bell,
}

/// Whether a front end of plain lines rings the terminal's bell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bell {
    /// It rings once when a person is needed.
    Rings,
    /// It is silent.
    Silent,
}

impl Session<'_> {
    /// Takes in all news that have come; returns the events that are new since the catching up.
    fn take_news(&mut self) -> Result<Vec<Recorded>, PlainError> {
        let mut events = Vec::new();
        while let Ok(update) = self.updates.try_recv() {
            let fresh = self.mirror.caught_up;
            events.extend(fresh.then(|| update.event()).flatten());
            self.mirror.apply(update)?;
        }
        Ok(events)
    }

    /// Waits for news, at most until the supervisor is gone.
    fn wait_for_news(&self) -> Result<(), PlainError> {
        self.wait_at_most(None)
    }

    /// The same, at most so long.
    fn wait_at_most(&self, at_most: Option<Duration>) -> Result<(), PlainError> {
        if let Some(why) = &self.mirror.gone {
            return Err(PlainError::Gone(why.clone()));
        }
        self.wake.wait(None, at_most)?;
        Ok(())
    }

    /// Waits until all events so far are known. A signal ends it early.
    pub fn catch_up(&mut self) -> Result<(), PlainError> {
        self.take_news()?;
        while !self.mirror.caught_up && self.wake.signal().is_none() {
            self.wait_for_news()?;
            self.take_news()?;
        }
        Ok(())
    }

    /// Decides and waits for the reply: the number up to which it is durable, or a refusal.
    pub fn decide(
        &mut self,
        at: Option<Seq>,
        decision: Decision,
    ) -> Result<(Result<Seq, Refusal>, Vec<Recorded>), PlainError> {
        let id = self.client.decide(at, decision)?;
        self.reply(id)
    }

    /// Takes the controls from whoever has them, and waits for the reply.
    fn take_controls(&mut self) -> Result<(Result<Seq, Refusal>, Vec<Recorded>), PlainError> {
        let id = self.client.take_controls()?;
        self.reply(id)
    }

    /// Waits for a reply; returns it with the events that came meanwhile.
    fn reply(&mut self, id: u64) -> Result<(Result<Seq, Refusal>, Vec<Recorded>), PlainError> {
        let mut events = Vec::new();
        loop {
            events.extend(self.take_news()?);
            if let Some(reply) = self.mirror.replies.remove(&id) {
                return Ok((reply, events));
            }
            if let Some(signal) = self.wake.signal() {
                return Err(PlainError::Signal(signal));
            }
            if let Some(why) = &self.mirror.gone {
                return Err(PlainError::Unanswered(why.clone()));
            }
            self.wait_for_news()?;
        }
    }
}
