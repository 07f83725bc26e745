//! What plan-language.md says a walk is, as a plain interpreter: no journal, no engine, no crashes.
//!
//! It reads the generated tree, asks the same world and the same person, and writes the story that
//! upwalk has to tell.

use crate::person::{Found, Patience, Person};
use crate::spec::{
    Ends, Entry, Installed, Item, Kind, Level, Pause, Phase, Rerun, Role, Said, Spec, Step, Undo,
    Warning,
};
use std::collections::{BTreeMap, BTreeSet};

/// A walk's story, and what it has left in the world.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Told {
    /// Everything that happened, in order.
    pub(crate) story: Vec<String>,
    /// The executions of commands, in order: whose, and which.
    pub(crate) spawned: Vec<(String, usize)>,
    /// Those that changed the world.
    pub(crate) effects: Vec<(String, usize)>,
    /// How each step ended, and taking it back, as far as that came up.
    pub(crate) ended: BTreeMap<String, String>,
    /// How the run ended.
    pub(crate) result: String,
}

/// Walks the plan.
pub(crate) fn walk(spec: &Spec, person: Person) -> Told {
    let mut walker = Walker {
        spec,
        person,
        says: spec.says(),
        told: Told::default(),
        executed: BTreeMap::new(),
        done_in_truth: BTreeSet::new(),
        started: BTreeSet::new(),
        unsettled: BTreeSet::new(),
        confirmed: BTreeSet::new(),
        again_by_itself: BTreeSet::new(),
        looked: 0,
        direction: Direction::There,
    };
    let result = match walker.there() {
        Ok(()) => "done".to_owned(),
        Err(Turn::Stop(how)) => how.to_owned(),
        Err(Turn::Back) => match walker.back() {
            Ok(()) => "rolled back".to_owned(),
            Err(Turn::Stop(how)) => how.to_owned(),
            Err(Turn::Back) => unreachable!("nobody is offered to turn around twice"),
        },
    };
    walker.tell(format!("finished: {result}"));
    walker.told.result = result;
    walker.told
}

/// The walk does not go on.
enum Turn {
    Back,
    Stop(&'static str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    There,
    Back,
}

/// How an attempt at a step went.
enum Went {
    Well,
    Badly,
    /// A person wants it all over again.
    Again,
}

/// Whether what stands before a step lets it begin.
enum Gate {
    Open,
    Settled,
}

struct Walker<'a> {
    spec: &'a Spec,
    person: Person,
    says: BTreeMap<String, Vec<Said>>,
    told: Told,
    executed: BTreeMap<String, usize>,
    /// Steps whose effect stands in the world.
    done_in_truth: BTreeSet<String>,
    /// Steps that have begun.
    started: BTreeSet<String>,
    /// Steps whose last attempt ended nobody knows how, and which nobody has settled.
    unsettled: BTreeSet<String>,
    confirmed: BTreeSet<String>,
    /// Steps that were run again after an unknown outcome without a person.
    again_by_itself: BTreeSet<String>,
    looked: usize,
    direction: Direction,
}

impl Walker<'_> {
    fn tell(&mut self, line: impl Into<String>) {
        self.told.story.push(line.into());
    }

    /// The next thing a guard says; `usual` where the world has nothing of its own to say.
    fn guard(&mut self, name: &str, usual: Said) -> Said {
        let said = match self.says.get_mut(name) {
            Some(list) if !list.is_empty() => list.remove(0),
            Some(_) | None => usual,
        };
        let word = match said {
            Said::Yes => "yes",
            Said::No => "no",
            Said::Unsure => "unsure",
        };
        self.tell(format!("guard {name} says {word}"));
        said
    }

    /// Whether the world shows a step's effect.
    fn truth(&self, step: &Step) -> Said {
        if self.done_in_truth.contains(&step.id) {
            Said::Yes
        } else {
            Said::No
        }
    }

    /// A question; `failed` says whether stopping there leaves something failed or unknown.
    fn ask(
        &mut self,
        question: &str,
        own: &[&'static str],
        failed: bool,
    ) -> Result<&'static str, Turn> {
        let offered = self.offered(own);
        let verb = self.person.says(question, &offered);
        self.answered(question, &offered, verb, failed)
    }

    /// The answers of a question itself, and those that every question has.
    fn offered(&self, own: &[&'static str]) -> Vec<&'static str> {
        let mut offered = own.to_vec();
        if self.direction == Direction::There && self.is_there_a_way_back() {
            offered.push("rollback");
        }
        offered.push("stop");
        offered
    }

    fn answered(
        &mut self,
        question: &str,
        offered: &[&'static str],
        verb: &'static str,
        failed: bool,
    ) -> Result<&'static str, Turn> {
        self.person.has_said(question);
        self.tell(format!("? {question} [{}] > {verb}", offered.join(", ")));
        match verb {
            "rollback" => {
                self.tell("rollback");
                Err(Turn::Back)
            }
            "stop" if failed => Err(Turn::Stop("stopped at a failure")),
            "stop" => Err(Turn::Stop("stopped")),
            verb => Ok(verb),
        }
    }

    fn there(&mut self) -> Result<(), Turn> {
        let offered = ["start", "stop"];
        let verb = self.person.says("start", &offered);
        self.person.has_said("start");
        self.tell(format!("? start [start, stop] > {verb}"));
        if verb == "stop" {
            return Err(Turn::Stop("never started"));
        }
        let spec = self.spec;
        let mut paused_since_deploy = false;
        let mut behind_boundary = false;
        for item in &spec.items {
            match item {
                Item::Pause(pause) => {
                    self.pause(pause)?;
                    paused_since_deploy = true;
                }
                Item::Phase(phase) => {
                    let first = phase.role == Role::PostDeploy && !behind_boundary;
                    behind_boundary |= first;
                    if first && !paused_since_deploy {
                        self.ask(&format!("boundary {}", phase.id), &["continue"], false)?;
                    }
                    if phase.role == Role::Deploy {
                        paused_since_deploy = false;
                    }
                    self.phase(phase)?;
                }
            }
        }
        self.version()
    }

    /// The version that must be installed at either end.
    fn version(&mut self) -> Result<(), Turn> {
        let Some(found) = &self.spec.versions else {
            return Ok(());
        };
        loop {
            let installed = found.get(self.looked).unwrap_or(&Installed::Right);
            self.looked += 1;
            self.tell(format!("version is {installed:?}"));
            if *installed == Installed::Right {
                return Ok(());
            }
            self.ask("wrong version", &["retry"], true)?;
        }
    }

    fn phase(&mut self, phase: &Phase) -> Result<(), Turn> {
        self.warnings(&phase.warnings)?;
        self.tell(format!("phase {}", phase.id));
        let mut open: Vec<&Step> = phase.steps.iter().collect();
        while !open.is_empty() {
            let mut blockers = Vec::new();
            for step in open {
                if phase.role != Role::Preflight {
                    self.step(step)?;
                } else if !self.looks_well(step)? {
                    blockers.push(step);
                }
            }
            if !blockers.is_empty() {
                let question = format!("blocked {}", phase.id);
                if self.ask(&question, &["retry", "skip"], true)? == "skip" {
                    for step in blockers.drain(..) {
                        self.ends(step, "skipped");
                    }
                }
                for step in &blockers {
                    self.forget(step);
                }
            }
            open = blockers;
        }
        self.tell(format!("phase {} over", phase.id));
        Ok(())
    }

    /// A step of a preflight: whether it blocks is said when all have been asked.
    fn looks_well(&mut self, step: &Step) -> Result<bool, Turn> {
        loop {
            match self.attempt(step)? {
                Went::Well => return Ok(true),
                Went::Badly => return Ok(false),
                Went::Again => {}
            }
        }
    }

    /// A step until it is over.
    fn step(&mut self, step: &Step) -> Result<(), Turn> {
        loop {
            match self.attempt(step)? {
                Went::Well => return Ok(()),
                Went::Again => {}
                Went::Badly => {
                    let question = format!("failed {}", step.id);
                    if self.ask(&question, &["retry", "skip"], true)? == "skip" {
                        self.ends(step, "skipped");
                        return Ok(());
                    }
                    self.forget(step);
                }
            }
        }
    }

    /// "A person's retry asks again, an automatic one does not."
    fn forget(&mut self, step: &Step) {
        for warning in &step.warnings {
            self.confirmed.remove(&warning.id);
        }
    }

    fn ends(&mut self, step: &Step, how: &str) {
        self.tell(format!("{}: {how}", step.id));
        self.told.ended.insert(step.id.clone(), how.to_owned());
    }

    fn warnings(&mut self, warnings: &[Warning]) -> Result<(), Turn> {
        for warning in warnings {
            if self.confirmed.contains(&warning.id) {
                continue;
            }
            let id = &warning.id;
            let applies = match warning.only_if {
                None => true,
                Some(_) => self.guard(&format!("only_if of {id}"), Said::Yes) != Said::No,
            };
            if !applies {
                self.tell(format!("no need of {id}"));
                self.confirmed.insert(id.clone());
                continue;
            }
            if warning.facts {
                self.tell(format!("facts of {id}"));
            }
            match warning.level {
                Level::Note => self.tell(format!("note {id}")),
                Level::Ack | Level::Type if warning.accepted => {
                    self.tell(format!("{id} accepted"));
                }
                Level::Ack | Level::Type => {
                    self.ask(&format!("confirm {id}"), &["confirm"], false)?;
                    self.tell(format!("{id} confirmed"));
                }
            }
            self.confirmed.insert(id.clone());
        }
        Ok(())
    }

    /// One attempt at a step, with all that stands before it.
    fn attempt(&mut self, step: &Step) -> Result<Went, Turn> {
        if let Gate::Settled = self.gate(step)? {
            return Ok(Went::Well);
        }
        if self.spec.stepping {
            self.ask(&format!("next step {}", step.id), &["continue"], false)?;
        }
        self.warnings(&step.warnings)?;
        self.begins(step);
        let did_it = match &step.kind {
            Kind::Check(_) => self.guard(&format!("check {}", step.id), Said::Yes) == Said::Yes,
            Kind::Manual => {
                let question = format!("by hand {}", step.id);
                if self.ask(&question, &["continue", "skip"], false)? == "skip" {
                    self.ends(step, "skipped");
                    return Ok(Went::Well);
                }
                self.verify(step)
            }
            Kind::Run | Kind::Argv => match self.command(step)? {
                Went::Well => self.verify(step),
                Went::Badly => false,
                Went::Again => {
                    self.forget(step);
                    return Ok(Went::Again);
                }
            },
        };
        if !did_it {
            self.ends(step, "failed");
            return Ok(Went::Badly);
        }
        self.ends(step, "done");
        Ok(Went::Well)
    }

    /// Checks that held and are "asked again on return from a pause".
    fn lasting(&self) -> Vec<String> {
        let holds = |step: &&Step| {
            step.lasting
                && self
                    .told
                    .ended
                    .get(&step.id)
                    .is_some_and(|how| how == "done")
        };
        let steps = self.spec.steps().map(|(_, step)| step);
        steps.filter(holds).map(|step| step.id.clone()).collect()
    }

    fn begins(&mut self, step: &Step) {
        self.tell(format!("{} begins", step.id));
        self.started.insert(step.id.clone());
        self.unsettled.remove(&step.id);
    }

    /// `only_if` and `unless`.
    fn gate(&mut self, step: &Step) -> Result<Gate, Turn> {
        let id = &step.id;
        while step.only_if.is_some() {
            let name = format!("only_if {id}");
            match self.guard(&name, Said::Yes) {
                Said::Yes => break,
                Said::No => {
                    self.ends(step, "skipped");
                    return Ok(Gate::Settled);
                }
                Said::Unsure => {}
            }
            match self.ask(
                &format!("unsure {name}"),
                &["retry", "settle rerun", "skip"],
                false,
            )? {
                "settle rerun" => return Ok(Gate::Open),
                "skip" => {
                    self.ends(step, "skipped");
                    return Ok(Gate::Settled);
                }
                _ => {}
            }
        }
        while step.unless.is_some() {
            let name = format!("unless {id}");
            let truth = self.truth(step);
            match self.guard(&name, truth) {
                Said::No => break,
                Said::Yes => {
                    self.ends(step, "nothing to do");
                    return Ok(Gate::Settled);
                }
                Said::Unsure => {}
            }
            match self.ask(
                &format!("unsure {name}"),
                &["retry", "settle rerun", "settle done"],
                false,
            )? {
                "settle rerun" => return Ok(Gate::Open),
                "settle done" => {
                    self.ends(step, "nothing to do");
                    return Ok(Gate::Settled);
                }
                _ => {}
            }
        }
        Ok(Gate::Open)
    }

    fn verify(&mut self, step: &Step) -> bool {
        step.verify.is_none() || self.guard(&format!("verify {}", step.id), Said::Yes) == Said::Yes
    }

    /// Runs the next execution of a command.
    fn execute(&mut self, step: &Step, back: bool) -> Entry {
        let key = if back {
            format!("{}.undo", step.id)
        } else {
            step.id.clone()
        };
        let k = self.executed.entry(key.clone()).or_default();
        let (entry, number) = (step.entry(back, *k), *k);
        *k += 1;
        self.tell(format!("runs {key} {number}"));
        self.told.spawned.push((key.clone(), number));
        if entry.effect {
            self.told.effects.push((key, number));
        }
        if !back && step.works(entry) {
            self.done_in_truth.insert(step.id.clone());
        }
        entry
    }

    /// A step's command until something is known of it.
    fn command(&mut self, step: &Step) -> Result<Went, Turn> {
        loop {
            let entry = self.execute(step, false);
            match entry.exit {
                Ends::Code(code) if step.is_ok(code) => return Ok(Went::Well),
                Ends::Code(_) | Ends::Signal | Ends::Cancelled => return Ok(Went::Badly),
                Ends::TimesOut => {}
            }
            // "A step that ran out of time is unknown, not failed."
            self.unsettled.insert(step.id.clone());
            // Nothing runs out of time twice without a person.
            let by_itself = !self.again_by_itself.contains(&step.id);
            match step.rerun() {
                Rerun::Safe if by_itself => {}
                Rerun::Check if by_itself => {
                    let truth = self.truth(step);
                    match self.guard(&format!("unless after all {}", step.id), truth) {
                        Said::Yes => {
                            self.unsettled.remove(&step.id);
                            return Ok(Went::Well);
                        }
                        Said::No => {}
                        Said::Unsure => return self.settle(step, entry),
                    }
                }
                Rerun::Safe | Rerun::Check | Rerun::Never | Rerun::Unsaid => {
                    return self.settle(step, entry);
                }
            }
            self.again_by_itself.insert(step.id.clone());
            self.begins(step);
        }
    }

    /// A person says what is the case with an unknown outcome.
    fn settle(&mut self, step: &Step, entry: Entry) -> Result<Went, Turn> {
        self.ends(step, "unknown");
        let question = format!("unknown {}", step.id);
        let offered = self.offered(&["settle done", "settle rerun"]);
        let found = found(step, entry);
        let verb = self.person.settles(&question, &offered, found);
        if self.answered(&question, &offered, verb, true)? == "settle rerun" {
            return Ok(Went::Again);
        }
        self.unsettled.remove(&step.id);
        Ok(Went::Well)
    }

    fn pause(&mut self, pause: &Pause) -> Result<(), Turn> {
        self.warnings(&pause.warnings)?;
        let id = &pause.id;
        self.tell(format!("pause {id}"));
        let mut question = format!("paused {id}");
        let mut waited = false;
        loop {
            let offered = self.offered(&["continue"]);
            let verb = self.person.says(&question, &offered);
            let patience = self.person.patience(id);
            if verb == "continue" && patience == Patience::Max && pause.max && !waited {
                // "Later asks again, never runs by itself."
                self.tell("late");
                waited = true;
                question = format!("overdue {id}");
                continue;
            }
            if verb == "continue" && patience == Patience::None && pause.min {
                // "Earlier needs a typed override with a reason."
                self.tell("refused: too early");
            }
            self.answered(&question, &offered, verb, false)?;
            break;
        }
        loop {
            let mut held = false;
            for n in 0..pause.guards.len() {
                held |= self.guard(&format!("guard {n} {id}"), Said::Yes) != Said::Yes;
            }
            for step in self.lasting() {
                held |= self.guard(&format!("lasting {step} {id}"), Said::Yes) != Said::Yes;
            }
            if !held
                || self.ask(&format!("held {id}"), &["retry", "continue"], false)? == "continue"
            {
                break;
            }
        }
        self.tell(format!("pause {id} over"));
        Ok(())
    }
}

/// What a person finds who looks whether an execution did its work; a step that may be run again
/// anyway is not looked into.
pub(crate) fn found(step: &Step, entry: Entry) -> Found {
    if step.works(entry) && step.rerun() != Rerun::Safe {
        Found::Done
    } else {
        Found::NotDone
    }
}

/// The way back.
impl Walker<'_> {
    /// Steps that have begun and may have changed something, in the plan's order.
    fn to_take_back(&self) -> Vec<(&Phase, &Step)> {
        let changes = |(phase, step): &(&Phase, &Step)| {
            let looks = step.read_only || matches!(step.kind, Kind::Check(_));
            !(matches!(step.undo, Undo::Unsaid) && (looks || phase.role.is_quiet()))
        };
        let started = |(_, step): &(&Phase, &Step)| self.started.contains(&step.id);
        self.spec.steps().filter(started).filter(changes).collect()
    }

    /// "Past an `irreversible` step that has started there is no rollback."
    fn is_there_a_way_back(&self) -> bool {
        let steps = self.to_take_back();
        let gone = |(_, step): &(&Phase, &Step)| matches!(step.undo, Undo::Irreversible);
        !steps.is_empty() && !steps.iter().any(gone)
    }

    /// The steps in the order in which they are taken back: reversed, and `again` steps right after
    /// the step they follow, where that is taken back at all.
    fn way_back(&self) -> Vec<String> {
        let steps = self.to_take_back();
        let taken: BTreeSet<&str> = steps.iter().map(|(_, step)| step.id.as_str()).collect();
        let mut after: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (phase, step) in &steps {
            if let Undo::Again { .. } = step.undo {
                // "Default: the earliest step of its phase that has an undo."
                let first = phase
                    .steps
                    .iter()
                    .find(|other| matches!(other.undo, Undo::Run { .. }));
                let followed = self
                    .spec
                    .followed(step)
                    .or(first.map(|other| other.id.as_str()));
                if let Some(followed) = followed.filter(|id| taken.contains(id)) {
                    after.entry(followed).or_default().push(&step.id);
                }
            }
        }
        let mut order = Vec::new();
        for (_, step) in steps.iter().rev() {
            let id = step.id.as_str();
            if after.values().flatten().any(|follower| *follower == id) {
                continue;
            }
            order.push(id.to_owned());
            let followers = after.remove(id).unwrap_or_default();
            order.extend(followers.iter().map(|follower| (*follower).to_owned()));
            after.insert(id, followers);
        }
        order
    }

    fn back(&mut self) -> Result<(), Turn> {
        self.direction = Direction::Back;
        let spec = self.spec;
        for id in self.way_back() {
            self.take_back(spec.step(&id))?;
        }
        self.version()
    }

    fn stays(&mut self, step: &Step) {
        self.ends_back(step, "stays");
    }

    fn ends_back(&mut self, step: &Step, how: &str) {
        self.tell(format!("{} back: {how}", step.id));
        let key = format!("{} back", step.id);
        self.told.ended.insert(key, how.to_owned());
    }

    fn take_back(&mut self, step: &Step) -> Result<(), Turn> {
        let id = &step.id;
        let proof = match &step.undo {
            Undo::Harmless => {
                self.stays(step);
                return Ok(());
            }
            Undo::Unsaid | Undo::Irreversible => {
                self.ask(&format!("not back {id}"), &["skip"], true)?;
                self.stays(step);
                return Ok(());
            }
            Undo::Run { undo_verify, .. } | Undo::Again { undo_verify, .. } => undo_verify,
        };
        if !self.is_to_be_taken_back(step)? {
            self.stays(step);
            return Ok(());
        }
        loop {
            self.tell(format!("{id} back"));
            let entry = self.execute(step, true);
            let well = match (entry.exit, &step.undo) {
                (Ends::Code(code), Undo::Again { .. }) => step.is_ok(code),
                (Ends::Code(code), _) => code == 0,
                (Ends::Signal | Ends::TimesOut | Ends::Cancelled, _) => false,
            };
            let how = if entry.exit == Ends::TimesOut {
                "unknown"
            } else if !well {
                "failed"
            } else if proof.is_none()
                || self.guard(&format!("undo_verify {id}"), Said::Yes) == Said::Yes
            {
                "done"
            } else {
                "failed"
            };
            self.ends_back(step, how);
            if how == "done" {
                return Ok(());
            }
            // "One that fails stops the rollback there and asks, and nothing further is undone."
            if self.ask(&format!("not back {id}"), &["retry", "skip"], true)? == "skip" {
                self.stays(step);
                return Ok(());
            }
        }
    }

    /// `undo_if`, and what a person says where nobody knows whether the step did anything.
    fn is_to_be_taken_back(&mut self, step: &Step) -> Result<bool, Turn> {
        let question = format!("take back {}", step.id);
        if let Undo::Run {
            undo_if: Some(_), ..
        } = &step.undo
        {
            loop {
                match self.guard(&format!("undo_if {}", step.id), Said::Yes) {
                    Said::Yes => return Ok(true),
                    Said::No => return Ok(false),
                    Said::Unsure => {}
                }
                match self.ask(&question, &["retry", "settle done", "skip"], true)? {
                    "settle done" => return Ok(true),
                    "skip" => return Ok(false),
                    _ => {}
                }
            }
        }
        let known = !self.unsettled.contains(&step.id);
        // Following what is on disk once more does no harm.
        if known || matches!(step.undo, Undo::Again { .. }) {
            return Ok(true);
        }
        Ok(self.ask(&question, &["settle done", "skip"], true)? == "settle done")
    }
}
