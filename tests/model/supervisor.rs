//! The supervisor's cycle: decide, append, sync, fold, show, act. Recovery is `shell::exec`'s.

use crate::disk::{Suffix, Sync};
use crate::machine::{
    Check, CommandStage, Machine, Mutant, Shim, ShimStage, anna, code_of, exit_of,
};
use crate::story;
use std::collections::{BTreeMap, VecDeque};
use upwalk::engine::{self, Effect, Input};
use upwalk::journal::{AskKey, Decision, Event, Fact, Measured, Recorded, RunState, codec};
use upwalk::plan::Plan;
use upwalk::types::{Answer, ExitRecord, Millis, Moment, Seq};

/// One life of a supervisor.
#[derive(Debug)]
pub(crate) struct Supervisor {
    pub(crate) state: RunState,
    hash: String,
    /// Intents up to here are another's.
    taken_over_at: Seq,
    recording: Option<Recording>,
    inbox: VecDeque<Letter>,
    pub(crate) work: BTreeMap<String, Work>,
    proceeded_at: Option<Seq>,
}

/// Something for the loop.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) input: Input,
    /// The work whose last word it is.
    pub(crate) of: Option<String>,
    /// What a story says of it, where a person says it.
    pub(crate) line: Option<String>,
}

/// Events on their way to the journal.
#[derive(Debug)]
struct Recording {
    events: Vec<Event>,
    bytes: Vec<u8>,
    hash: String,
    recorded: Vec<Recorded>,
    states: Vec<RunState>,
    left: VecDeque<Part>,
    line: Option<String>,
}

/// One thing that is done to the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Fence(Seq),
    Append,
    Sync,
    /// A mistake: the spawn comes first.
    SpawnEarly(Seq, String),
}

/// Something under way outside.
#[derive(Debug)]
pub(crate) struct Work {
    effect: Effect,
    /// Its last word was heard when the journal ended here.
    spent_at: Option<Seq>,
    /// It is this supervisor's own command, which is yet to be started.
    to_start: bool,
}

impl Work {
    /// Whether it can do something now.
    pub(crate) fn moves(&self, machine: &Machine<'_>) -> bool {
        if self.spent_at.is_some() {
            return false;
        }
        match &self.effect {
            Effect::Ask { .. } | Effect::Measure { .. } | Effect::Count { .. } => true,
            Effect::Watch { .. }
            | Effect::MeasureAgain(_)
            | Effect::Recount { .. }
            | Effect::Cancel { .. } => false,
            Effect::Run { number, .. } => {
                let started = machine
                    .supervisor
                    .as_ref()
                    .is_some_and(|s| s.started(*number));
                let shims = machine.shims.iter().any(|shim| shim.number == *number);
                let runs = machine
                    .command(*number)
                    .is_some_and(|c| !matches!(c.stage, CommandStage::Ended(_)));
                let runs = runs && machine.mutant != Mutant::DoesNotWait;
                // Its own shim is listened to; somebody else's is waited for by its lock.
                self.to_start
                    || (!runs
                        && !(if started {
                            shims
                        } else {
                            machine.is_locked(*number)
                        }))
            }
        }
    }
}

impl Supervisor {
    /// Takes a run over.
    pub(crate) fn new(
        life: u32,
        state: RunState,
        hash: String,
        torn: Option<(u64, String)>,
    ) -> Self {
        let upwalk = "0.1.0".to_owned();
        let taken = Letter {
            input: Input::Taken {
                pid: life,
                upwalk,
                torn,
            },
            of: None,
            line: None,
        };
        Self {
            taken_over_at: state.last,
            state,
            hash,
            recording: None,
            inbox: [taken].into(),
            work: BTreeMap::new(),
            proceeded_at: None,
        }
    }

    /// Whether the intent of this number is its own.
    pub(crate) fn started(&self, number: Seq) -> bool {
        number > self.taken_over_at
    }

    /// Whether people can reach it: everything it knows is durable and shown.
    pub(crate) fn listens(&self) -> bool {
        self.recording.is_none() && self.inbox.is_empty() && self.state.finished.is_none()
    }

    /// Whether a person has asked for the end of this command; none where it is not known to run.
    pub(crate) fn is_cancelled(&self, number: Seq) -> Option<bool> {
        let record = self.state.steps.get(self.state.intents.get(&number)?)?;
        let latest = record.latest().filter(|latest| latest.number == number)?;
        let runs = latest.end.is_none() && latest.unknown.is_none();
        runs.then_some(latest.cancelled.is_some())
    }

    pub(crate) fn has_something_to_do(&self, plan: &Plan, now: &Moment) -> bool {
        self.recording.is_some()
            || !self.inbox.is_empty()
            || self.state.finished.is_some()
            || self.deadline(plan).is_some_and(|at| now.reached(&at))
    }

    pub(crate) fn deadline(&self, plan: &Plan) -> Option<Moment> {
        engine::deadline(plan, &self.state).filter(|_| self.proceeded_at != Some(self.state.last))
    }

    /// A person, or a thread, says something.
    pub(crate) fn tell(&mut self, letter: Letter) {
        self.inbox.push_back(letter);
    }

    /// Drops what is not due any more and remembers what is.
    fn sync_work(&mut self, due: Vec<Effect>) -> Vec<Seq> {
        let last = self.state.last;
        let keys: Vec<String> = due.iter().map(key_of).collect();
        self.work.retain(|key, work| {
            keys.contains(key) && work.spent_at.is_none_or(|spent| spent == last)
        });
        let mut cancels = Vec::new();
        for (key, effect) in keys.into_iter().zip(due) {
            if self.work.contains_key(&key) {
                continue;
            }
            if let Effect::Cancel { number, .. } = &effect {
                cancels.push(*number);
            }
            let to_start = matches!(&effect, Effect::Run { number, .. } if self.started(*number));
            let work = Work {
                effect,
                spent_at: None,
                to_start,
            };
            self.work.insert(key, work);
        }
        cancels
    }
}

/// What makes two effects the same piece of work.
fn key_of(effect: &Effect) -> String {
    match effect {
        Effect::Ask { key, .. } | Effect::Watch { key, .. } => format!("ask {}", story::name(key)),
        Effect::Measure { of, .. } => format!("measure {of:?}"),
        Effect::MeasureAgain(rounds) => format!("measure {:?} again", rounds.of),
        Effect::Count { step, when, .. } => format!("count {step} {when:?}"),
        Effect::Recount { step, .. } => format!("recount {step}"),
        Effect::Run { number, .. } => format!("run {number}"),
        Effect::Cancel { number, .. } => format!("cancel {number}"),
    }
}

impl<'a> Machine<'a> {
    fn own(&mut self) -> &mut Supervisor {
        self.supervisor
            .as_mut()
            .expect("its turn comes while it lives")
    }

    /// The loop does its next small thing.
    pub(crate) fn turn_loop(&mut self) -> Check {
        if let Some(recording) = &mut self.own().recording {
            let part = recording.left.pop_front();
            return match part {
                Some(part) => {
                    self.record(part);
                    Ok(())
                }
                None => self.recorded(),
            };
        }
        if let Some(letter) = self.own().inbox.pop_front() {
            return self.take(letter);
        }
        if self.own().state.finished.is_some() {
            self.supervisor = None;
            self.released = true;
            return Ok(());
        }
        let proceed = Letter {
            input: Input::Proceed,
            of: None,
            line: None,
        };
        self.take(proceed)?;
        let own = self.own();
        own.proceeded_at = Some(own.state.last);
        Ok(())
    }

    /// Takes an input in: decides, and begins to record.
    fn take(&mut self, letter: Letter) -> Check {
        let turns = matches!(
            letter.input,
            Input::Decided {
                decision: Decision::Rollback { .. },
                ..
            }
        );
        let plan = if turns {
            self.plan_back
        } else {
            self.plan_now()
        };
        let (now, mutant) = (self.now.clone(), self.mutant);
        self.try_nonsense()?;
        let own = self.own();
        let before = own.state.clone();
        if let Some(work) = letter.of.as_ref().and_then(|key| own.work.get_mut(key)) {
            work.spent_at = Some(before.last);
        }
        let advanced = engine::advance(plan, &mut own.state, &letter.input, &now, &mut |_, _| {});
        let events = match advanced {
            Ok(events) => events,
            Err(refusal) => {
                if own.state != before {
                    return Err(format!("a refusal has changed the state: {refusal}"));
                }
                if let Some(line) = letter.line {
                    self.told.story.push(format!("refused: {line}"));
                }
                return Ok(());
            }
        };
        if events.is_empty() {
            self.act(&now);
            return Ok(());
        }
        let (bytes, hash, recorded) = codec::encode(&own.hash, before.last, &now, &events);
        let states = folded(before, &recorded)?;
        if states.last() != Some(&own.state) {
            return Err("the events do not add up to the state they were decided with".into());
        }
        let left = parts(&recorded, mutant);
        if let (Mutant::TakenTooEarly, Input::Decided { .. }) = (mutant, &letter.input) {
            self.acknowledge(&recorded);
        }
        self.own().recording = Some(Recording {
            events,
            bytes,
            hash,
            recorded,
            states,
            left,
            line: letter.line,
        });
        Ok(())
    }

    fn record(&mut self, part: Part) {
        match part {
            Part::Fence(number) => self.disk.write(number, Suffix::Lock, 0, Sync::Yes),
            Part::Append => {
                let own = self.supervisor.as_mut();
                let recording = own.and_then(|own| own.recording.as_mut());
                let recording = recording.expect("it records");
                let (bytes, states) = (&recording.bytes, std::mem::take(&mut recording.states));
                self.disk.append(bytes);
                self.history.extend(states);
            }
            Part::Sync => self.disk.sync(),
            Part::SpawnEarly(number, key) => self.start_shim(number, key),
        }
    }

    /// Everything is durable: it is shown, and then acted on.
    fn recorded(&mut self) -> Check {
        let own = self.own();
        let Some(recording) = own.recording.take() else {
            return Ok(());
        };
        own.hash = recording.hash;
        debug_assert_eq!(recording.events.len(), recording.recorded.len());
        self.acknowledge(&recording.recorded);
        for event in &recording.recorded {
            self.show(event, recording.line.as_deref())?;
        }
        let now = self.now.clone();
        self.act(&now);
        Ok(())
    }

    fn acknowledge(&mut self, recorded: &[Recorded]) {
        let answers = recorded.iter().filter_map(|event| match &event.event {
            Event::QuestionAnswered { asked, .. } => Some(*asked),
            _ => None,
        });
        self.acknowledged.extend(answers);
    }

    /// The plan as the engine is given it.
    fn plan_now(&mut self) -> &'a Plan {
        let back = self.own().state.rollback.is_some();
        if back { self.plan_back } else { self.plan }
    }

    /// Does what is due.
    fn act(&mut self, now: &Moment) {
        let plan = self.plan_now();
        let own = self.own();
        let due = engine::due(plan, &own.state, now);
        for number in own.sync_work(due) {
            self.disk.write(number, Suffix::Cancel, 0, Sync::Yes);
        }
    }

    fn start_shim(&mut self, number: Seq, key: String) {
        self.shims.push(Shim {
            number,
            key,
            stage: ShimStage::Started,
        });
    }

    /// A thread does its next small thing.
    pub(crate) fn turn_work(&mut self, key: &str) -> Check {
        let work = self.own().work.get_mut(key).expect("it was just there");
        let starts = std::mem::take(&mut work.to_start);
        let effect = work.effect.clone();
        let input = match effect {
            Effect::Ask { key, .. } => self.answer(key),
            Effect::Measure { of, commands } => self.measure(of, commands.into_iter().map(|c| c.0)),
            Effect::Run {
                number,
                stem,
                command,
            } => {
                let key = story::command_of(self.spec, &stem, &command)?;
                let early = self.mutant == Mutant::IntentAfterSpawn
                    && (self.disk.read(number, Suffix::Pid).is_some()
                        || self.shims.iter().any(|shim| shim.number == number));
                if starts {
                    if !early {
                        self.start_shim(number, key);
                    }
                    return Ok(());
                }
                self.find_out(number, &key)
            }
            Effect::Count { step, when, .. } => {
                let left = upwalk::types::Pending::Known(0);
                Input::Counted { step, when, left }
            }
            Effect::Watch { .. }
            | Effect::MeasureAgain(_)
            | Effect::Recount { .. }
            | Effect::Cancel { .. } => return Ok(()),
        };
        let letter = Letter {
            input,
            of: Some(key.to_owned()),
            line: None,
        };
        self.own().tell(letter);
        // It has said its last word; the loop says when it may be started again.
        let own = self.own();
        let last = own.state.last;
        if let Some(work) = own.work.get_mut(key) {
            work.spent_at = Some(last);
        }
        Ok(())
    }

    /// What a guard says, the same as often as it is asked before its answer is durable.
    fn answer(&self, key: AskKey) -> Input {
        let name = story::name(&key);
        let asked = |event: &&Recorded| matches!(&event.event, Event::GuardAnswered { key: other, .. } if *other == key);
        let times = self.published.iter().filter(asked).count();
        let usual = match &key {
            AskKey::StepDone(id) | AskKey::StepDoneAfterAll(id) => {
                if self.done_in_truth.contains(id.as_str()) {
                    Answer::Yes
                } else {
                    Answer::No("it is not".into())
                }
            }
            _ => Answer::Yes,
        };
        let said = self.says.get(&name).and_then(|list| list.get(times));
        let answer = said.map_or(usual, |said| story::answer(*said));
        Input::Answered { key, answer }
    }

    fn measure(&self, of: Measured, names: impl Iterator<Item = String>) -> Input {
        let state = &self.supervisor.as_ref().expect("its thread asks").state;
        let value = match &of {
            Measured::Warning(_) => Ok("12".to_owned()),
            Measured::VersionAtEnd(_) => story::version(self.installed(state), "2.4", "1.3"),
            Measured::VersionAfterRollback(_) => {
                story::version(self.installed(state), "1.3", "2.4")
            }
        };
        let values = names.map(|name| Fact {
            name,
            value: value.clone(),
        });
        Input::Measured {
            values: values.collect(),
            of,
        }
    }

    /// What became of an intent, as `shell::exec` finds out.
    fn find_out(&mut self, number: Seq, key: &str) -> Input {
        let mine = self.own().started(number);
        if let Some(status) = self.disk.read(number, Suffix::Exit) {
            return self.ended(number, status);
        }
        let Some(boot) = self.disk.read(number, Suffix::Pid) else {
            self.disk.write(number, Suffix::Void, 0, Sync::Yes);
            return Input::NeverStarted { number };
        };
        let lost = |why: &str| Input::Lost {
            number,
            why: format!("{}{why}", story::CRASH),
        };
        if self.mutant == Mutant::GuessesNever {
            return Input::NeverStarted { number };
        }
        if boot != self.boot {
            return lost("the machine was restarted");
        }
        let ended = self.take_ended(number);
        match ended {
            // As a subreaper it hears how the child of its own dead shim ended.
            Some(ends) if mine => {
                let status = code_of(ends);
                self.disk.write(number, Suffix::Exit, status, Sync::Yes);
                self.ended(number, status)
            }
            Some(_) | None => lost(&format!("nobody of {key} is left")),
        }
    }

    fn ended(&self, number: Seq, status: u32) -> Input {
        let end = ExitRecord {
            exit: exit_of(status),
            at: self.now.wall,
            took: Millis(1500),
            left_running: Vec::new(),
            log_bytes: 0,
        };
        let output = Ok(BTreeMap::new());
        Input::Ended {
            number,
            end,
            output,
        }
    }

    /// The person ends the command that runs.
    pub(crate) fn cancel(&mut self) {
        let input = Input::Decided {
            at: None,
            decision: Decision::Cancel,
            who: anna(),
        };
        let letter = Letter {
            input,
            of: None,
            line: None,
        };
        self.own().tell(letter);
    }
}

/// What is done to the disk for these events, in order.
fn parts(recorded: &[Recorded], mutant: Mutant) -> VecDeque<Part> {
    let mut parts = VecDeque::new();
    let intents: Vec<&Recorded> = recorded
        .iter()
        .filter(|one| one.event.is_intent())
        .collect();
    for intent in &intents {
        parts.push_back(Part::Fence(intent.n));
        if mutant == Mutant::IntentAfterSpawn
            && let Some(key) = story::intent_of(&intent.event)
        {
            parts.push_back(Part::SpawnEarly(intent.n, key));
        }
    }
    parts.push_back(Part::Append);
    let is_result = |one: &Recorded| matches!(one.event, Event::CommandEnded { .. });
    let forgotten = match mutant {
        Mutant::IntentNotSynced => !intents.is_empty(),
        Mutant::ResultNotSynced => recorded.iter().any(is_result),
        Mutant::Healthy
        | Mutant::IntentAfterSpawn
        | Mutant::TakenTooEarly
        | Mutant::GuessesNever
        | Mutant::DoesNotWait
        | Mutant::TakesBackForwards => false,
    };
    if !forgotten {
        parts.push_back(Part::Sync);
    }
    parts
}

/// The state after each of these events.
fn folded(mut state: RunState, recorded: &[Recorded]) -> Result<Vec<RunState>, String> {
    let mut states = Vec::new();
    for event in recorded {
        let fold = state.apply(event);
        fold.map_err(|error| format!("decided, but {error}"))?;
        states.push(state.clone());
    }
    Ok(states)
}
