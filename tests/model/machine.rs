//! The machine: a supervisor's cycle as in `supervisor::service`, step shims as in `shell::exec`,
//! their commands, a disk, a person, and whatever dies.
//!
//! Decisions, journal bytes and fold are upwalk's own; processes and files are played, one small
//! step of one actor at a time, and between any two of them anything may die.

use crate::disk::{Disk, Suffix, Sync, Torn};
use crate::nonsense::Nonsense;
use crate::person::{Manner, Person};
use crate::reference::Told;
use crate::spec::{Ends, Entry, Installed, Rerun, Said, Spec};
use crate::supervisor::{Supervisor, Work};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use upwalk::engine;
use upwalk::journal::codec::{self, GENESIS};
use upwalk::journal::{Event, Recorded, RunStarted, RunState, StepMode};
use upwalk::plan::Plan;
use upwalk::types::{
    BootId, Exit, Id, Millis, Moment, RunId, Seq, Series, Timestamp, Version, Who,
};

/// What a violated promise says.
pub(crate) type Check<T = ()> = Result<T, String>;

/// Steps of actors after which a run counts as one that does not end.
const LONGEST: usize = 20_000;

/// What dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    Supervisor,
    Shim,
    /// Supervisor and shim.
    Both,
    /// Supervisor, shim and command.
    Everybody,
    /// The machine: power is lost.
    Machine(Torn),
    /// The command alone.
    Command,
}

/// One death.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crash {
    /// How many steps of actors after the one before.
    pub(crate) after: usize,
    pub(crate) victim: Victim,
}

/// A mistake that the properties must see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// None.
    Healthy,
    /// Intents are written and not synced.
    IntentNotSynced,
    /// Intents are journalled after the spawn.
    IntentAfterSpawn,
    /// Results are written and not synced.
    ResultNotSynced,
    /// A person is told that an answer was taken before it is durable.
    TakenTooEarly,
    /// Whoever takes over runs what it knows nothing about, instead of asking.
    GuessesNever,
    /// Whoever takes over does not look for what still runs.
    DoesNotWait,
    /// The steps of a phase are taken back in the order in which they were done.
    TakesBackForwards,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eyes {
    /// Everything.
    Open,
    /// What happens in the world, and nothing that upwalk has written about it.
    OnTheWorld,
}

/// A step shim.
#[derive(Debug)]
pub(crate) struct Shim {
    pub(crate) number: Seq,
    /// What it runs: a step, or `STEP.undo`.
    pub(crate) key: String,
    pub(crate) stage: ShimStage,
}

/// How far a shim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ShimStage {
    Started,
    Locked,
    Noted,
    Spawned,
    Renamed,
    Synced,
}

/// A command.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) number: Seq,
    pub(crate) key: String,
    pub(crate) k: usize,
    pub(crate) entry: Entry,
    pub(crate) stage: CommandStage,
}

/// How far a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandStage {
    Begun,
    Effected,
    Ended(Ends),
}

/// The last execution of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Execution {
    pub(crate) k: usize,
    /// Of which intent.
    pub(crate) number: Seq,
    /// A crash has taken its outcome, and nobody has settled it.
    pub(crate) lost: bool,
    pub(crate) effected: bool,
}

/// Who can do the next step.
#[derive(Debug, Clone)]
enum Actor {
    Restart,
    Loop,
    Work(String),
    Shim(usize),
    Command(usize),
    Person,
}

/// The machine.
pub(crate) struct Machine<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) plan: &'a Plan,
    pub(crate) plan_back: &'a Plan,
    pub(crate) person: Person,
    pub(crate) says: BTreeMap<String, Vec<Said>>,
    pub(crate) disk: Disk,
    pub(crate) boot: u32,
    pub(crate) now: Moment,
    pub(crate) supervisor: Option<Supervisor>,
    pub(crate) lives: u32,
    pub(crate) shims: Vec<Shim>,
    pub(crate) commands: Vec<Command>,
    /// Events that front ends were shown: they are never taken back.
    pub(crate) published: Vec<Recorded>,
    /// Questions whose answer a person was told to be taken.
    pub(crate) acknowledged: BTreeSet<Seq>,
    /// The state after each event that was appended.
    pub(crate) history: Vec<RunState>,
    pub(crate) told: Told,
    pub(crate) executions: BTreeMap<String, Execution>,
    /// Steps whose effect stands in the world.
    pub(crate) done_in_truth: BTreeSet<String>,
    /// Commands that somebody, or `unless`, has said may run again.
    pub(crate) words: BTreeSet<String>,
    pub(crate) mutant: Mutant,
    pub(crate) eyes: Eyes,
    /// Whose command each intent is.
    pub(crate) intents: BTreeMap<Seq, String>,
    /// The question at which a person was told that it is too early.
    pub(crate) refused_at: Option<Seq>,
    /// Whether the service is free again.
    pub(crate) released: bool,
    schedule: u64,
    crashes: VecDeque<Crash>,
    since_crash: usize,
    /// Bytes for what people say unasked.
    pub(crate) noise: VecDeque<u8>,
    /// Inputs that make no sense are tried out on copies of the state.
    pub(crate) nonsense: Option<Nonsense>,
}

/// What a machine is played with.
pub(crate) struct Setting<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) plan: &'a Plan,
    /// The plan that the way back is read off: the same, but for a mistake.
    pub(crate) plan_back: &'a Plan,
    pub(crate) person: Person,
    pub(crate) crashes: &'a [Crash],
    pub(crate) schedule: u64,
    pub(crate) noise: &'a [u8],
    pub(crate) mutant: Mutant,
    pub(crate) eyes: Eyes,
}

/// Plays a whole run; `Err` names the promise that was broken.
pub(crate) fn play(setting: Setting<'_>) -> Check<Told> {
    let mut machine = Machine::new(setting);
    for _ in 0..LONGEST {
        machine.maybe_crash();
        let actors = machine.actors();
        let Some(actor) = machine.choose(actors) else {
            return machine.over();
        };
        machine.now = machine.now.plus(Millis::from_secs(1));
        machine.step(&actor)?;
    }
    Err("the run does not end".to_owned())
}

impl<'a> Machine<'a> {
    fn new(setting: Setting<'a>) -> Self {
        let now = Moment {
            wall: Timestamp::from_millis(1_790_000_000_000),
            boot: BootId("boot-1".into()),
            up: Millis(1_000_000),
        };
        let run = opening(setting.spec, setting.plan, &now);
        let started = [Event::RunStarted(Box::new(run))];
        let (bytes, _, first) = codec::encode(GENESIS, Seq(0), &now, &started);
        let mut disk = Disk::default();
        disk.append(&bytes);
        disk.sync();
        let state = RunState::begin(&first[0]).expect("a first event");
        Self {
            spec: setting.spec,
            plan: setting.plan,
            plan_back: setting.plan_back,
            person: setting.person,
            says: setting.spec.says(),
            disk,
            boot: 1,
            now,
            supervisor: None,
            lives: 0,
            shims: Vec::new(),
            commands: Vec::new(),
            published: first,
            acknowledged: BTreeSet::new(),
            history: vec![state],
            told: Told::default(),
            executions: BTreeMap::new(),
            done_in_truth: BTreeSet::new(),
            words: BTreeSet::new(),
            intents: BTreeMap::new(),
            mutant: setting.mutant,
            eyes: setting.eyes,
            refused_at: None,
            released: false,
            schedule: setting.schedule,
            crashes: setting.crashes.iter().copied().collect(),
            since_crash: 0,
            noise: setting.noise.iter().copied().collect(),
            nonsense: (!setting.noise.is_empty()).then(|| Nonsense::new(setting.schedule)),
        }
    }

    fn actors(&self) -> Vec<Actor> {
        let mut actors = Vec::new();
        if self.supervisor.is_none() && !self.released {
            actors.push(Actor::Restart);
        }
        let shims = (0..self.shims.len()).filter(|at| self.shim_moves(&self.shims[*at]));
        actors.extend(shims.map(Actor::Shim));
        let commands =
            (0..self.commands.len()).filter(|at| self.command_moves(&self.commands[*at]));
        actors.extend(commands.map(Actor::Command));
        if let Some(supervisor) = &self.supervisor {
            if supervisor.has_something_to_do(self.plan, &self.now) {
                actors.push(Actor::Loop);
            }
            let work = supervisor.work.iter();
            let moves = work.filter(|(_, work)| self.work_moves(work));
            actors.extend(moves.map(|(key, _)| Actor::Work(key.clone())));
            if self.person_moves(supervisor, actors.is_empty()) {
                actors.push(Actor::Person);
            }
        }
        actors
    }

    /// Picks who is next.
    fn choose(&mut self, mut actors: Vec<Actor>) -> Option<Actor> {
        self.schedule = self
            .schedule
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let count = u64::try_from(actors.len()).unwrap_or(1).max(1);
        let at = usize::try_from((self.schedule >> 33) % count).unwrap_or(0);
        (!actors.is_empty()).then(|| actors.swap_remove(at))
    }

    fn step(&mut self, actor: &Actor) -> Check {
        match actor {
            Actor::Restart => self.restart(),
            Actor::Loop => self.turn_loop(),
            Actor::Work(key) => self.turn_work(key),
            Actor::Shim(at) => self.turn_shim(*at),
            Actor::Command(at) => {
                self.turn_command(*at);
                Ok(())
            }
            Actor::Person => {
                self.turn_person();
                Ok(())
            }
        }
    }

    /// Nobody can do anything any more: it must be over.
    fn over(mut self) -> Check<Told> {
        if !self.released {
            return Err(format!(
                "the run is stuck, with nobody to do anything: {:?}",
                self.history.last().and_then(|state| state.open.clone())
            ));
        }
        self.told.result = self
            .told
            .story
            .last()
            .and_then(|line| line.strip_prefix("finished: "))
            .unwrap_or_default()
            .to_owned();
        Ok(self.told)
    }

    fn maybe_crash(&mut self) {
        self.since_crash += 1;
        let due = self.crashes.front().copied();
        if let Some(crash) = due.filter(|crash| crash.after < self.since_crash) {
            self.crashes.pop_front();
            self.since_crash = 0;
            self.crash(crash.victim);
        }
    }

    fn crash(&mut self, victim: Victim) {
        // Without its shim nobody ends a command that runs out of time; the model lets a new
        // supervisor find that out, so that the outcome is unknown either way.
        let timed = |command: &Command| command.entry.exit == Ends::TimesOut;
        let victim = match victim {
            Victim::Shim if self.commands.iter().any(timed) => Victim::Both,
            other => other,
        };
        match victim {
            Victim::Supervisor => self.supervisor = None,
            Victim::Shim => self.shims.clear(),
            Victim::Both => {
                self.supervisor = None;
                self.shims.clear();
            }
            Victim::Everybody => {
                self.supervisor = None;
                self.shims.clear();
                self.commands.clear();
            }
            Victim::Machine(torn) => {
                self.supervisor = None;
                self.shims.clear();
                self.commands.clear();
                self.disk.lose_power(torn);
                self.boot += 1;
                self.now.boot = BootId(format!("boot-{}", self.boot));
                self.now.up = Millis(10_000);
                self.now.wall = self.now.wall.plus(Millis::from_secs(60));
            }
            Victim::Command => {
                for command in &mut self.commands {
                    if !matches!(command.stage, CommandStage::Ended(_)) {
                        command.stage = CommandStage::Ended(Ends::Signal);
                    }
                }
            }
        }
        // A command that ended and that nobody waits for is gone.
        let shims: Vec<Seq> = self.shims.iter().map(|shim| shim.number).collect();
        let heirs = self.supervisor.is_some();
        self.commands.retain(|command| {
            !matches!(command.stage, CommandStage::Ended(_))
                || heirs
                || shims.contains(&command.number)
        });
    }

    fn shim_moves(&self, shim: &Shim) -> bool {
        match shim.stage {
            ShimStage::Started => !self.is_locked(shim.number),
            ShimStage::Locked | ShimStage::Noted | ShimStage::Renamed | ShimStage::Synced => true,
            ShimStage::Spawned => self
                .command(shim.number)
                .is_none_or(|command| matches!(command.stage, CommandStage::Ended(_))),
        }
    }

    /// Whether a shim holds the lock of this number.
    pub(crate) fn is_locked(&self, number: Seq) -> bool {
        let holds = |shim: &Shim| shim.number == number && shim.stage > ShimStage::Started;
        self.shims.iter().any(holds)
    }

    /// The command of this number, alive or not waited for yet.
    pub(crate) fn command(&self, number: Seq) -> Option<&Command> {
        self.commands
            .iter()
            .find(|command| command.number == number)
    }

    fn turn_shim(&mut self, at: usize) -> Check {
        let (number, stage) = (self.shims[at].number, self.shims[at].stage);
        self.shims[at].stage = match stage {
            ShimStage::Started if self.disk.read(number, Suffix::Void).is_some() => {
                self.shims.swap_remove(at);
                return Ok(());
            }
            ShimStage::Started => ShimStage::Locked,
            ShimStage::Locked => {
                self.disk.write(number, Suffix::Pid, self.boot, Sync::Yes);
                ShimStage::Noted
            }
            ShimStage::Noted => {
                let key = self.shims[at].key.clone();
                self.spawn(number, &key)?;
                ShimStage::Spawned
            }
            ShimStage::Spawned => {
                let gone = self.take_ended(number);
                let status = code_of(gone.unwrap_or(Ends::Signal));
                self.disk.write(number, Suffix::Exit, status, Sync::No);
                ShimStage::Renamed
            }
            ShimStage::Renamed => {
                let status = self.disk.read(number, Suffix::Exit).unwrap_or_default();
                self.disk.write(number, Suffix::Exit, status, Sync::Yes);
                ShimStage::Synced
            }
            ShimStage::Synced => {
                self.shims.swap_remove(at);
                return Ok(());
            }
        };
        Ok(())
    }

    /// Waits for a command that has ended: how.
    pub(crate) fn take_ended(&mut self, number: Seq) -> Option<Ends> {
        let at = self.commands.iter().position(|command| {
            command.number == number && matches!(command.stage, CommandStage::Ended(_))
        })?;
        match self.commands.swap_remove(at).stage {
            CommandStage::Ended(ends) => Some(ends),
            CommandStage::Begun | CommandStage::Effected => None,
        }
    }

    /// A command begins: never beside another, and never twice without a word.
    fn spawn(&mut self, number: Seq, key: &str) -> Check {
        let alive = |command: &&Command| !matches!(command.stage, CommandStage::Ended(_));
        if let Some(other) = self.commands.iter().find(alive) {
            return Err(format!("{key} runs beside {}", other.key));
        }
        let (step, back) = match key.strip_suffix(".undo") {
            Some(id) => (self.spec.step(id), true),
            None => (self.spec.step(key), false),
        };
        let safe = !back && step.rerun() == Rerun::Safe;
        let before = self.executions.get(key).copied();
        let may_again = self.words.remove(key) || safe;
        if before.is_some() && !may_again {
            return Err(format!("{key} runs twice, and nobody has said so"));
        }
        let k = match before {
            None => 0,
            Some(before) if before.lost => before.k,
            Some(before) => before.k + 1,
        };
        let execution = Execution {
            k,
            number,
            lost: false,
            effected: false,
        };
        self.executions.insert(key.to_owned(), execution);
        self.told.story.push(format!("runs {key} {k}"));
        self.told.spawned.push((key.to_owned(), k));
        self.commands.push(Command {
            number,
            key: key.to_owned(),
            k,
            entry: step.entry(back, k),
            stage: CommandStage::Begun,
        });
        Ok(())
    }

    fn command_moves(&self, command: &Command) -> bool {
        match command.stage {
            CommandStage::Begun => true,
            CommandStage::Effected => {
                command.entry.exit != Ends::Cancelled
                    || self.disk.read(command.number, Suffix::Cancel).is_some()
            }
            CommandStage::Ended(_) => false,
        }
    }

    fn turn_command(&mut self, at: usize) {
        let command = &mut self.commands[at];
        let (key, k, number) = (command.key.clone(), command.k, command.number);
        if command.stage == CommandStage::Begun {
            command.stage = CommandStage::Effected;
            let entry = command.entry;
            if entry.effect {
                self.effect(&key, k, entry);
            }
            return;
        }
        command.stage = CommandStage::Ended(command.entry.exit);
        let waited_for = self.shims.iter().any(|shim| shim.number == number)
            || self.supervisor.as_ref().is_some_and(|s| s.started(number));
        if !waited_for {
            self.commands.swap_remove(at);
        }
    }

    fn effect(&mut self, key: &str, k: usize, entry: Entry) {
        self.told.effects.push((key.to_owned(), k));
        if let Some(execution) = self.executions.get_mut(key) {
            execution.effected = true;
        }
        let undo = key.strip_suffix(".undo").is_some();
        if !undo && self.spec.step(key).works(entry) {
            self.done_in_truth.insert(key.to_owned());
        }
    }

    /// Opens the run again: what is durable, and nothing else, is known.
    fn restart(&mut self) -> Check {
        let journal = codec::decode(self.disk.journal())
            .map_err(|damage| format!("a crash has damaged the journal: {damage}"))?;
        let good = usize::try_from(journal.good_bytes).expect("a journal in memory");
        let tail = &self.disk.journal()[good..];
        let torn = (!tail.is_empty()).then(|| (tail.len() as u64, "torn".to_owned()));
        self.disk.cut(good);
        let events = &journal.events;
        if self.eyes == Eyes::OnTheWorld {
            self.published.truncate(events.len());
        }
        if events.len() < self.published.len() || events[..self.published.len()] != self.published {
            return Err("what was shown is not what the journal says".to_owned());
        }
        let state = RunState::of(events).map_err(|error| format!("not to be folded: {error}"))?;
        self.history.truncate(events.len());
        if self.history.last() != Some(&state) {
            return Err("the journal folds to another state than before".to_owned());
        }
        let forgotten = |n: &&Seq| !state.answered.contains_key(n);
        if let Some(asked) = self.acknowledged.iter().find(forgotten) {
            return Err(format!("question {asked} was answered, and is asked anew"));
        }
        let later = self.disk.settle_fences(state.last);
        if let (Some(number), Eyes::Open) = (later, self.eyes) {
            return Err(format!(
                "the journal ends before command {number}, which has begun"
            ));
        }
        // What was durable and not shown yet is shown now.
        for event in &events[self.published.len()..] {
            self.show(event, None)?;
        }
        if state.finished.is_some() {
            self.released = true;
            return Ok(());
        }
        self.lives += 1;
        self.supervisor = Some(Supervisor::new(self.lives, state, journal.hash, torn));
        Ok(())
    }

    /// What `detect` prints now.
    pub(crate) fn installed(&self, state: &RunState) -> Installed {
        let looked = state
            .measured
            .keys()
            .filter(|of| !matches!(of, upwalk::journal::Measured::Warning(_)));
        let script = self.spec.versions.as_deref().unwrap_or_default();
        script
            .get(looked.count())
            .copied()
            .unwrap_or(Installed::Right)
    }

    /// Whether a person is at it now.
    fn person_moves(&self, supervisor: &Supervisor, nothing_else: bool) -> bool {
        if !supervisor.listens() {
            return false;
        }
        if self.wants_a_cancel(supervisor) {
            return true;
        }
        let patient = self.person.manner() == Manner::Free && self.noise.is_empty();
        let asked = supervisor.state.open.is_some() && (nothing_else || !patient);
        asked || !self.noise.is_empty()
    }

    /// Whether a command runs that a person ends.
    pub(crate) fn wants_a_cancel(&self, supervisor: &Supervisor) -> bool {
        let waits = |command: &Command| {
            command.entry.exit == Ends::Cancelled
                && command.stage == CommandStage::Effected
                && supervisor.is_cancelled(command.number) == Some(false)
        };
        self.commands.iter().any(waits)
    }

    fn work_moves(&self, work: &Work) -> bool {
        work.moves(self)
    }
}

/// A status as the disk has it.
pub(crate) fn code_of(ends: Ends) -> u32 {
    match ends {
        Ends::Code(code) => u32::try_from(code).unwrap_or(255),
        Ends::Signal => 1000,
        Ends::TimesOut => 1001,
        Ends::Cancelled => 1002,
    }
}

/// The status that the disk has.
pub(crate) fn exit_of(code: u32) -> Exit {
    match code {
        1000 => Exit::Signal(9),
        1001 => Exit::TimedOut,
        1002 => Exit::Cancelled,
        code => Exit::Code(i32::try_from(code).unwrap_or(255)),
    }
}

/// The person of the model.
pub(crate) fn anna() -> Who {
    Who {
        login: "anna".into(),
        uid: 1000,
        ssh: None,
    }
}

/// The run as `up` opens it.
fn opening(spec: &Spec, plan: &Plan, now: &Moment) -> RunStarted {
    let versions = spec.versions.is_some();
    let series = |text| versions.then(|| Series::parse(text).expect("a series"));
    let mut run = RunStarted {
        run: RunId::new("20261120T221007Z", &plan.service, "up"),
        service: plan.service.clone(),
        direction: "up".into(),
        plan: "plan.yaml".into(),
        plan_digest: plan.digest.clone(),
        run_dir: "/state/runs/run".into(),
        host: "web01".into(),
        who: anna(),
        upwalk: "0.1.0".into(),
        boot: now.boot.clone(),
        from_exact: versions.then(|| Version::parse("1.3").expect("a version")),
        from: series("1"),
        to: series("2"),
        vars: BTreeMap::new(),
        env: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into(),
        accepts: Vec::new(),
        step_mode: if spec.stepping {
            StepMode::Stepping
        } else {
            StepMode::Flowing
        },
        after_stopped: None,
        environment: None,
        bearing: None,
        max_age: None,
        from_since: None,
    };
    let accepted: BTreeSet<&str> = spec
        .warnings()
        .into_iter()
        .filter(|warning| warning.accepted)
        .map(|warning| warning.id.as_str())
        .collect();
    let walk = plan.up.iter().flat_map(upwalk::plan::Walk::warnings);
    let accepts: Vec<(Id, _)> = walk
        .filter(|(_, warning)| accepted.contains(warning.id.as_str()))
        .map(|(_, warning)| {
            let digest = engine::warning_digest(plan, &run, warning);
            (warning.id.clone(), digest)
        })
        .collect();
    run.accepts = accepts;
    run
}
