//! The good part of a damaged journal is kept, and what the rest had begun becomes unknown.
//!
//! [`Salvage::look`] changes nothing and holds the service's lock, so that no supervisor begins
//! meanwhile; [`Salvage::carry_out`] leaves the old journal or the new one, whatever dies when.
//! Called by `cli::salvage`, which shows it and asks.

use super::client::ClientError;
use super::load::{self, LoadError};
use super::{client, stem};
use crate::engine;
use crate::journal::codec::{self, Journal, Unread};
use crate::journal::{Event, LostIntent, Outcome, RunState, Salvaged, Standing, StepRecord, Way};
use crate::plan::{Kind, Plan};
use crate::shell::exec::{self, Trace};
use crate::shell::store::{Remains, RunDir, ServiceLock, StateDir, StoreError};
use crate::shell::{clock, identity};
use crate::types::{RunId, Seq, ServiceId};

/// Numbers go on at the next multiple of this, so that none that a lost event had is used again.
const STRIDE: u64 = 100;

/// A damaged journal, and what would become of it.
#[derive(Debug)]
pub struct Salvage {
    dir: RunDir,
    _lock: ServiceLock,
    good: Journal,
    bytes: Vec<u8>,
    /// What was told to be kept, and what not.
    pub event: Salvaged,
    /// The plan of the run.
    pub plan: Plan,
    /// What the good part adds up to.
    pub state: RunState,
    /// The number behind which numbers go on.
    pub floor: Seq,
    /// Intents of which nothing was started; they never will be.
    unstarted: Vec<Remains>,
    /// Intents of the good part that are overtaken by what is lost: number, and why nobody knows.
    overtaken: Vec<(Seq, String)>,
}

impl Salvage {
    /// Looks what can be kept of a run's journal; none where it is not damaged. Fails where a
    /// supervisor serves the service, where a command of the run still runs, and where nothing can
    /// be kept.
    pub fn look(state_dir: &StateDir, run: &RunId) -> Result<Option<Self>, ClientError> {
        let dir = state_dir.run(run)?;
        if state_dir.owner() != identity::uid() {
            return Err(refused("another user owns the run", "act as that user"));
        }
        let Ok(service) = ServiceId::new(run.service()) else {
            return Err(refused("the run's name holds no service", "upwalk runs"));
        };
        let Some(lock) = state_dir.lock(&service)? else {
            return Err(served(&dir, &service));
        };
        let found = Found::read(&dir)?;
        let Some(damage) = found.damage(&dir)? else {
            return Ok(None);
        };
        Ok(Some(Self::of(state_dir, dir, lock, found, damage)?))
    }

    fn of(
        state_dir: &StateDir,
        dir: RunDir,
        lock: ServiceLock,
        found: Found,
        damage: String,
    ) -> Result<Self, ClientError> {
        let plan = load::confirmed_plan(&dir, &found.state)?;
        let lost_bytes = found.bytes.len() as u64 - found.good.good_bytes;
        let started = &found.state.run;
        let claimed = state_dir.open_run_of(&started.service)?.as_ref() == Some(&started.run);
        let event = Salvaged {
            who: identity::who(),
            boot: clock::boot(),
            damage,
            lost_bytes,
            journal: dir.damaged_name()?,
            intents: Vec::new(),
            strange: Vec::new(),
            run: if claimed {
                Standing::Open
            } else {
                Standing::Ended
            },
        };
        let mut salvage = Self {
            floor: floor(state_dir, &found)?,
            dir,
            _lock: lock,
            good: found.good,
            bytes: found.bytes,
            event,
            plan,
            state: found.state,
            unstarted: Vec::new(),
            overtaken: Vec::new(),
        };
        salvage.sort(&found.remains)?;
        Ok(salvage)
    }

    /// Puts what every command left in its place; fails where something of one lives.
    fn sort(&mut self, all: &[Remains]) -> Result<(), ClientError> {
        let mut known = Vec::new();
        for left in all {
            let trace = exec::trace(&self.dir, left.number, &left.stem);
            if let Trace::Runs(what) = &trace {
                return Err(running(&self.dir, left, what));
            }
            if left.number <= self.state.last {
                known.push((left.number, trace));
            } else if !left.has_begun() {
                self.unstarted.push(left.clone());
            } else if let Some(intent) = self.intent(left, &trace) {
                self.event.intents.push(intent);
            } else {
                self.event.strange.push(left.name());
            }
        }
        let overtaken = |(number, trace): (Seq, Trace)| {
            self.is_overtaken(number).then(|| (number, why(&trace)))
        };
        self.overtaken = known.into_iter().filter_map(overtaken).collect();
        Ok(())
    }

    /// The attempt that files behind the good part stand for; none where they fit no step
    /// that may have begun.
    fn intent(&self, left: &Remains, trace: &Trace) -> Option<LostIntent> {
        let (id, attempt, way) = stem::parts(&left.stem)?;
        let (_, step) = engine::walk_of(&self.plan, &self.state)?.step(&id)?;
        let record = self.state.steps.get(&id);
        let fits = match way {
            Way::There => {
                matches!(step.kind, Kind::Run(_) | Kind::Argv(_))
                    && !record.is_some_and(StepRecord::is_settled)
            }
            Way::Back => {
                let scope = engine::Scope::at(&self.plan, &self.state, &id);
                engine::undo_command(&scope, step).is_some()
                    && !record.is_some_and(|record| {
                        record.undo_outcome == Some(Outcome::Done) || record.undo_skipped.is_some()
                    })
            }
        };
        fits.then(|| LostIntent {
            number: left.number,
            step: id,
            attempt,
            way,
            why: why(trace),
        })
    }

    /// Whether an intent of the good part has no end there, and the run had gone on from it: what
    /// became of it was lost too.
    fn is_overtaken(&self, number: Seq) -> bool {
        let open = |attempt: &crate::journal::Attempt| {
            attempt.number == number && attempt.end.is_none() && attempt.unknown.is_none()
        };
        let Some(id) = self.state.intents.get(&number) else {
            return false;
        };
        let Some(record) = self.state.steps.get(id) else {
            return false;
        };
        let attempts = record.attempts.iter().chain(&record.undo_attempts);
        let again = self.event.intents.iter().any(|lost| lost.step == *id);
        attempts.into_iter().any(open) && (again || self.turns_around())
    }

    /// Whether only what is lost tells that the run had turned around.
    pub fn turns_around(&self) -> bool {
        let back = |lost: &LostIntent| lost.way == Way::Back;
        self.state.rollback.is_none() && self.event.intents.iter().any(back)
    }

    /// The events that follow the good part.
    fn events(&self) -> Vec<Event> {
        let unknown = |(number, why): &(Seq, String)| Event::StepOutcomeUnknown {
            number: *number,
            why: why.clone(),
        };
        let mut events = vec![Event::JournalSalvaged(Box::new(self.event.clone()))];
        if self.state.finished.is_some() || self.event.run == Standing::Ended {
            return events;
        }
        events.extend(self.overtaken.iter().map(unknown));
        if self.turns_around() {
            events.push(Event::RollbackStarted {
                who: self.event.who.clone(),
                because: Some("commands that take steps back have left files".to_owned()),
            });
        }
        events
    }

    /// Carries it out.
    pub fn carry_out(self) -> Result<(), ClientError> {
        for left in &self.unstarted {
            if !left.suffixes.contains("lock") {
                continue;
            }
            let path = self.dir.remains_path(left);
            let fenced = exec::fence(&self.dir, left.number, &left.stem)
                .map_err(|error| StoreError::io("cannot write beside", &path, error))?;
            if !fenced {
                return Err(running(&self.dir, left, "the process that starts it"));
            }
        }
        let (lines, ..) = codec::encode(&self.good.hash, self.floor, &clock::now(), &self.events());
        let good = usize::try_from(self.good.good_bytes).unwrap_or(usize::MAX);
        let mut bytes = self.bytes.get(..good).unwrap_or_default().to_vec();
        bytes.extend(lines);
        // What is written has to be a journal that can be read again.
        let again = codec::decode(&bytes).map_err(|error| error.to_string());
        again
            .and_then(|journal| RunState::of(&journal.events).map_err(|error| error.to_string()))
            .map_err(|why| {
                ClientError::from(LoadError {
                    what: format!(
                        "the salvaged journal would not fit ({why}); nothing was changed"
                    ),
                    hint: None,
                    code: 70,
                })
            })?;
        self.dir.replace_journal(&self.event.journal, &bytes)?;
        Ok(())
    }

    /// Where the log of a lost command lies.
    pub fn log_path(&self, lost: &LostIntent) -> std::path::PathBuf {
        let stem = stem::of_intent(&lost.step, lost.attempt, lost.way);
        self.dir.intent_file(lost.number, &stem, "log")
    }
}

/// A journal as far as it is good, and what lies beside it.
struct Found {
    bytes: Vec<u8>,
    good: Journal,
    state: RunState,
    remains: Vec<Remains>,
    wrong: Option<String>,
}

impl Found {
    /// Reads it as far as its lines are good and its events fit.
    fn read(dir: &RunDir) -> Result<Self, ClientError> {
        let remains = dir.remains()?;
        let bytes = dir.read_journal()?;
        let (mut good, damage) = codec::good_part(&bytes).map_err(|unread| match unread {
            Unread::Newer(why) => load::newer(dir, &why),
            Unread::Damaged(damage) => load::no_beginning(dir, &damage.to_string()),
        })?;
        let mut wrong = damage.map(|damage| damage.to_string());
        let beginning = |why: &str| ClientError::from(load::no_beginning(dir, why));
        let first = good
            .events
            .first()
            .ok_or_else(|| beginning(wrong.as_deref().unwrap_or("it has no whole line")))?;
        let mut state = RunState::begin(first).map_err(|error| beginning(&error.to_string()))?;
        let misfit = good
            .events
            .iter()
            .enumerate()
            .skip(1)
            .find_map(|(index, event)| state.apply(event).err().map(|error| (index, error)));
        if let Some((index, error)) = misfit {
            wrong = Some(format!("line {}: {error}", index + 1));
            let kept = codec::first_lines(&bytes, index).map_err(|error| error.to_string());
            good = kept.map_err(|why| beginning(&why))?;
            // What was decided in one go is left out in one go.
            state = RunState::of(&good.events).map_err(|error| beginning(&error.to_string()))?;
        }
        Ok(Self {
            bytes,
            good,
            state,
            remains,
            wrong,
        })
    }

    /// What is wrong; none where nothing is.
    fn damage(&self, dir: &RunDir) -> Result<Option<String>, LoadError> {
        match &self.wrong {
            Some(wrong) => Ok(Some(wrong.clone())),
            None => load::missing(dir, &self.state, &self.remains),
        }
    }
}

/// The number behind which numbers go on: nothing that is lost can have had a higher one.
fn floor(state_dir: &StateDir, found: &Found) -> Result<Seq, StoreError> {
    let good = usize::try_from(found.good.good_bytes).unwrap_or(usize::MAX);
    let lost = found.bytes.get(good..).unwrap_or_default();
    let lines = lost.split(|byte| *byte == b'\n').count() as u64;
    let mut highest = found.state.last.0 + lines;
    for left in &found.remains {
        highest = highest.max(left.number.0);
    }
    let run = &found.state.run;
    if let Some(entry) = state_dir.ledger(&run.service)?
        && entry.run == run.run
    {
        highest = highest.max(entry.number.0);
    }
    Ok(Seq((highest / STRIDE + 1) * STRIDE))
}

/// Why nobody knows how a lost command ended, with what its files say.
fn why(trace: &Trace) -> String {
    let said = match trace {
        Trace::Ended(record) => {
            let took = crate::text::duration(record.took);
            let (exit, at) = (&record.exit, record.at);
            format!("its status file says: {exit}, at {at} after {took}")
        }
        Trace::Lost(why) => format!("it left no status file ({why})"),
        Trace::NotStarted => "it left no status file".to_owned(),
        Trace::Runs(what) => format!("it still runs: {what}"),
    };
    format!("the part of the journal that told of it is lost; {said}")
}

/// A refusal: nothing was changed.
fn refused(what: impl Into<String>, hint: impl Into<String>) -> ClientError {
    ClientError::from(LoadError {
        what: format!("{}; nothing was changed", what.into()),
        hint: Some(hint.into()),
        code: 4,
    })
}

/// A supervisor has the service.
fn served(dir: &RunDir, service: &ServiceId) -> ClientError {
    let hint = match client::supervisor_of(dir) {
        Some(pid) => format!("end it first; commands that run go on: kill -TERM {pid}"),
        None => "upwalk status shows the run that it serves".to_owned(),
    };
    refused(format!("a supervisor serves {service} just now"), hint)
}

/// Something of a command lives.
fn running(dir: &RunDir, left: &Remains, what: &str) -> ClientError {
    refused(
        format!("the command of {} still runs: {what}", left.stem),
        format!(
            "wait until it has ended, or end it with kill and the number in front of its name; \
             then again: upwalk salvage {}",
            load::name_of(dir)
        ),
    )
}
