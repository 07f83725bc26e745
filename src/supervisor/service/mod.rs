//! The loop: one channel, one writer of the journal. An input becomes events (the engine decides
//! which), the events become durable in one append, then state, then news for the front ends, and
//! only then is anything done. It decides nothing itself and never waits for a front end.

mod before_step;
mod front_ends;

use super::clients::Clients;
use super::load::Loaded;
use super::outbox::Outbox;
use super::records;
use super::server::ClientId;
use super::wire::{Part, ToServer};
use super::work::{News, Report, Work};
use crate::engine::{self, Effect, Input, Refusal};
use crate::journal::{Event, RunState, codec};
use crate::plan::Plan;
use crate::shell::clock;
use crate::shell::store::{JournalFile, RunDir, StateDir, StoreError};
use crate::types::{Millis, Moment, Seq, Shortage, Who};
use std::sync::mpsc::{Receiver, RecvTimeoutError};

/// How long a supervisor of a run that had finished before stays for somebody to look.
const LOOK: Millis = Millis::from_secs(5);
/// The longest sleep while something is timed: `recv_timeout` stands still while the machine is
/// suspended, the deadline does not.
const LONGEST_WAIT: Millis = Millis::from_secs(300);

/// What the loop's one channel carries.
#[derive(Debug)]
pub(super) enum Msg {
    /// A front end has said who it is.
    Joined {
        /// Its connection.
        id: ClientId,
        /// Who, as far as the kernel bears it out.
        who: Who,
        /// What it is there for.
        part: Part,
        /// Where frames for it go.
        outbox: Outbox,
    },
    /// A front end said something.
    Frame {
        /// Its connection.
        id: ClientId,
        /// What.
        frame: ToServer,
    },
    /// A front end is gone.
    Left {
        /// Its connection.
        id: ClientId,
    },
    /// News from what is under way.
    Report(Box<Report>),
    /// SIGTERM.
    Terminate,
    /// Some child of this process: a helper, or a daemon that a command left.
    ChildEnded,
    /// A thread panicked: where.
    Bug(String),
}

/// Why the loop ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    /// The run is finished.
    #[error("ends: the run is finished")]
    Finished,
    /// Nobody looks at the finished run any more.
    #[error("ends: nobody looks at the finished run any more")]
    Looked,
    /// Somebody ended the supervisor.
    #[error("ends: it was told to")]
    Told,
    /// The disk cannot carry another step.
    #[error("ends before the next step: {}", .0.sentence())]
    Short(Shortage),
    /// Facts could not be kept; nothing may be done any more.
    #[error("ends: {0}")]
    Failed(String),
    /// A bug.
    #[error("ends because of a bug in upwalk: {0}")]
    Bug(String),
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        let error = super::load::LoadError::from(error);
        Self::Failed(match error.hint {
            Some(hint) => format!("{} ({hint})", error.what),
            None => error.what,
        })
    }
}

/// Whether the supervisor acts on what it records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It does.
    Serving,
    /// It records what arrives and starts nothing.
    Draining,
    /// The run had finished before; until then somebody may look, or leave a note.
    Showing(Millis),
}

/// A run being served.
#[derive(Debug)]
pub(super) struct Service {
    plan: Plan,
    state: RunState,
    journal: JournalFile,
    hash: String,
    state_dir: StateDir,
    dir: RunDir,
    clients: Clients,
    work: Work,
    inbox: Receiver<Msg>,
    mode: Mode,
    /// What was cut off the journal's end, until that is journalled.
    torn: Option<(u64, String)>,
    /// Where the journal ended when a deadline was last acted on.
    proceeded_at: Option<Seq>,
    /// Why the loop ends once the input under way was answered. From then on the state is ahead of
    /// the journal, and nothing may be built on it.
    stop: Option<End>,
}

impl Service {
    /// Takes a loaded run over; the caller holds the service's lock.
    pub(super) fn new(
        run: Loaded,
        journal: JournalFile,
        state_dir: StateDir,
        dir: RunDir,
        work: Work,
        inbox: Receiver<Msg>,
    ) -> Self {
        let mut clients = Clients::default();
        for event in &run.journal.events {
            clients.publish(event);
        }
        let mode = match run.state.finished {
            None => Mode::Serving,
            Some(_) => Mode::Showing(clock::now().up.plus(LOOK)),
        };
        Self {
            plan: run.plan,
            state: run.state,
            journal,
            hash: run.journal.hash,
            state_dir,
            dir,
            clients,
            work,
            inbox,
            mode,
            torn: run.torn,
            proceeded_at: None,
            stop: None,
        }
    }

    /// Serves until the end, which is what comes back.
    pub(super) fn run(&mut self) -> End {
        match self.serve() {
            Ok(end) | Err(end) => end,
        }
    }

    fn serve(&mut self) -> Result<End, End> {
        if self.mode == Mode::Serving {
            let pid = std::process::id();
            let upwalk = super::UPWALK.to_owned();
            let torn = self.torn.take();
            if let Err(refusal) = self.handle(&Input::Taken { pid, upwalk, torn })? {
                return Err(End::Bug(format!("the run cannot be taken over: {refusal}")));
            }
        }
        loop {
            if let Some(end) = self.stop.take() {
                return Ok(end);
            }
            match self.mode {
                Mode::Serving | Mode::Draining if self.state.finished.is_some() => {
                    return self.finish();
                }
                Mode::Draining => return Ok(End::Told),
                Mode::Serving | Mode::Showing(_) => {}
            }
            if let Some(msg) = self.next()? {
                self.dispatch(msg)?;
            }
        }
    }

    /// The run's last event is durable: everything else that goes with its end.
    fn finish(&mut self) -> Result<End, End> {
        if let Some(finished) = &self.state.finished {
            records::close(
                &self.state_dir,
                &self.dir,
                &self.state.run,
                &finished.result,
            )?;
        }
        Ok(End::Finished)
    }

    /// The next message; none where a time has come instead.
    fn next(&mut self) -> Result<Option<Msg>, End> {
        let now = clock::now();
        let wait = match self.mode {
            Mode::Showing(until) if now.up >= until => return Err(End::Looked),
            Mode::Showing(until) => Some(until.since(now.up)),
            Mode::Serving | Mode::Draining => match self.deadline() {
                Some(deadline) if now.reached(&deadline) => {
                    self.proceed()?;
                    return Ok(None);
                }
                Some(deadline) => Some(deadline.since(&now)),
                None => None,
            },
        };
        let gone = || End::Bug("every sender of the channel is gone".to_owned());
        match wait {
            None => self.inbox.recv().map(Some).map_err(|_| gone()),
            Some(wait) => match self.inbox.recv_timeout(wait.min(LONGEST_WAIT).duration()) {
                Ok(msg) => Ok(Some(msg)),
                Err(RecvTimeoutError::Timeout) => Ok(None),
                Err(RecvTimeoutError::Disconnected) => Err(gone()),
            },
        }
    }

    /// When to go on although nothing has happened. A deadline from which nothing followed is not
    /// waited for again until something has happened.
    fn deadline(&self) -> Option<Moment> {
        engine::deadline(&self.plan, &self.state)
            .filter(|_| self.proceeded_at != Some(self.state.last))
    }

    fn proceed(&mut self) -> Result<(), End> {
        if let Err(refusal) = self.handle(&Input::Proceed)? {
            super::log(&format!("a deadline passed and led to nothing: {refusal}"));
        }
        self.proceeded_at = Some(self.state.last);
        Ok(())
    }

    fn dispatch(&mut self, msg: Msg) -> Result<(), End> {
        match msg {
            Msg::Joined {
                id,
                who,
                part,
                outbox,
            } => {
                let now = clock::now();
                self.clients.join(id, who, part, outbox, &now);
                // What is measured for a person's eyes begins with them, and ends with them.
                self.act(&now)?;
            }
            Msg::Left { id } => {
                self.clients.leave(id);
                self.act(&clock::now())?;
                if matches!(self.mode, Mode::Showing(_)) && self.clients.is_empty() {
                    return Err(End::Looked);
                }
            }
            Msg::Frame { id, frame } => self.frame(id, frame)?,
            Msg::Report(report) => self.report(*report)?,
            Msg::Terminate => self.drain()?,
            Msg::ChildEnded => self.work.bury(),
            Msg::Bug(what) => return Err(End::Bug(what)),
        }
        self.stop.take().map_or(Ok(()), Err)
    }

    /// Records what has arrived already. What still runs is found out about by the next supervisor.
    fn drain(&mut self) -> Result<(), End> {
        if self.mode == Mode::Draining {
            return Ok(());
        }
        super::log("told to end: records what has arrived and starts nothing");
        self.mode = Mode::Draining;
        while let Ok(msg) = self.inbox.try_recv() {
            self.dispatch(msg)?;
        }
        Ok(())
    }

    fn report(&mut self, report: Report) -> Result<(), End> {
        if !self.work.counts(&report) {
            return Ok(());
        }
        let input = match report.news {
            News::Live(live) => {
                self.clients.live(live);
                return Ok(());
            }
            News::Input(input) => input,
            News::Last(input) => {
                self.work.ended(&report.key, self.state.last);
                input
            }
        };
        if let Err(refusal) = self.handle(&input)? {
            super::log(&format!("{:?} led to nothing: {refusal}", report.key));
        }
        Ok(())
    }

    /// Takes an input in: decides, records, shows, acts; or says why nothing follows from it.
    fn handle(&mut self, input: &Input) -> Result<Result<Seq, Refusal>, End> {
        let now = clock::now();
        let last = self.state.last;
        // What is in memory is ahead of the journal until `record`: where that fails the loop ends,
        // and nobody has seen it.
        let advanced = engine::advance(&self.plan, &mut self.state, input, &now, &mut |_, _| {});
        let events = match advanced {
            Ok(events) => events,
            Err(refusal) if self.state.last == last => return Ok(Err(refusal)),
            Err(misfit) => return Err(End::Bug(misfit.to_string())),
        };
        let events = self.admit(last, &events);
        if !events.is_empty() {
            self.record(last, events, &now)?;
        }
        if self.stop.is_none() {
            self.act(&now)?;
        }
        Ok(Ok(Seq(last.0 + events.len() as u64)))
    }

    /// Makes events durable that follow number `last`, then known.
    fn record(&mut self, last: Seq, events: &[Event], now: &Moment) -> Result<(), End> {
        let (bytes, hash, recorded) = codec::encode(&self.hash, last, now, events);
        self.journal.append(&bytes)?;
        self.hash = hash;
        for event in &recorded {
            self.clients.publish(event);
            records::keep(&self.state_dir, &self.state.run, event)?;
        }
        Ok(())
    }

    /// Does what is due.
    fn act(&mut self, now: &Moment) -> Result<(), End> {
        if self.mode != Mode::Serving {
            return Ok(());
        }
        let mut due = engine::due(&self.plan, &self.state, now);
        if !self.clients.anybody_looks() {
            due.retain(|effect| !matches!(effect, Effect::MeasureAgain(_)));
        }
        let news = self
            .work
            .sync(due, self.state.last)
            .map_err(|error| End::Failed(format!("no thread can be started: {error}")))?;
        for live in news {
            self.clients.live(live);
        }
        Ok(())
    }
}
