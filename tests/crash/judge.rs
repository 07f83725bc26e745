//! Holds a finished run's journal to what truly happened: the story and the truth that its commands
//! wrote, and the kills.

use crate::plan::{COMMANDS, TAKEN_BACK, codes_of, may_repeat};
use crate::run::Run;
use crate::sight::{Sight, journal};
use crate::table::{Table, Victim, Window};
use std::collections::BTreeMap;
use std::sync::Mutex;
use upwalk::journal::{Decision, Event, Outcome, Question, Recorded, RunResult, Verdict};
use upwalk::types::Exit;

/// Who was killed where.
#[derive(Debug)]
pub(crate) struct Kill {
    pub(crate) window: Window,
    pub(crate) victim: Victim,
    intent: Option<u64>,
    /// The command was among them.
    pub(crate) command: bool,
    may_have_started: bool,
    has_status: bool,
}

impl Kill {
    /// Of what was in sight.
    pub(crate) fn new(sight: &Sight, victim: Victim) -> Self {
        Self {
            window: sight.window,
            victim,
            intent: sight.intent,
            command: victim.includes(Victim::Command) && sight.command.is_some(),
            may_have_started: sight.may_have_started,
            has_status: sight.has_status,
        }
    }
}

/// A command that was started, as it told itself.
#[derive(Debug)]
struct Spawn {
    number: u64,
    step: String,
    attempt: u32,
    /// What it ended with; none where it was killed before it could say so.
    code: Option<i32>,
}

/// What is wrong with what the journal says.
struct Judge<'a> {
    events: &'a [Recorded],
    spawns: Vec<Spawn>,
    truth: Vec<String>,
    kills: &'a [Kill],
    wrong: Vec<String>,
}

/// Judges a run that has come to its end; fails with everything that is wrong.
pub(crate) fn judge(
    run: &Run,
    kills: &[Kill],
    answers: &[(u64, bool)],
    back: bool,
    table: &Mutex<Table>,
) {
    let events = journal(run);
    let mut judge = Judge {
        events: &events,
        spawns: Vec::new(),
        truth: run.text("truth").lines().map(str::to_owned).collect(),
        kills,
        wrong: Vec::new(),
    };
    judge.read_story(&run.text("story"));
    judge.end(back);
    judge.work(back);
    judge.intents();
    judge.ends();
    judge.steps();
    judge.questions(answers);
    judge.logs(run);
    {
        let mut table = table.lock().expect("no walk has failed");
        judge.unknowns(&mut table);
    }
    assert!(
        judge.wrong.is_empty(),
        "{}\n\nthe journal:\n{}\nthe story:\n{}\nthe truth:\n{}\nthe kills:\n{kills:#?}",
        judge.wrong.join("\n"),
        String::from_utf8_lossy(&run.dir.read_journal().expect("a journal")),
        run.text("story"),
        run.text("truth"),
    );
}

impl Judge<'_> {
    fn fail(&mut self, what: String) {
        self.wrong.push(what);
    }

    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.fail(what());
        }
    }

    /// Whether the test killed the command of this intent.
    fn was_killed(&self, number: u64) -> bool {
        let kills = |kill: &Kill| kill.command && kill.intent == Some(number);
        self.kills.iter().any(kills)
    }

    /// Takes the story in; no command may begin beside another.
    fn read_story(&mut self, story: &str) {
        for line in story.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let number = words[1].parse().expect("the story has numbers");
            if words[0] == "begin" {
                let beside = self.spawns.last().filter(|last| last.code.is_none());
                let beside = beside.map(|last| last.number);
                if let Some(beside) = beside.filter(|beside| !self.was_killed(*beside)) {
                    self.fail(format!("{number} began while {beside} still ran"));
                }
                self.spawns.push(Spawn {
                    number,
                    step: words[2].to_owned(),
                    attempt: words[3].parse().expect("attempts are numbers"),
                    code: None,
                });
            } else {
                let code = words[2].parse().expect("codes are numbers");
                match self.spawns.iter_mut().find(|spawn| spawn.number == number) {
                    Some(spawn) => spawn.code = Some(code),
                    None => self.fail(format!("{number} ended and had not begun")),
                }
            }
        }
    }

    /// The run has come to the end that was wanted.
    fn end(&mut self, back: bool) {
        let wanted = if back {
            RunResult::RolledBack
        } else {
            RunResult::Done
        };
        let last = self.events.last().map(|last| &last.event);
        let fits = matches!(last, Some(Event::RunFinished { result }) if *result == wanted);
        self.check(fits, || format!("the run ended with {last:?}"));
    }

    /// Nothing is lost, nothing is done twice, everything in its order.
    fn work(&mut self, back: bool) {
        let end = if back { 9 } else { COMMANDS.len() };
        let mut wanted: Vec<String> = COMMANDS[..end].iter().map(|s| (*s).to_owned()).collect();
        if back {
            wanted.extend(TAKEN_BACK.iter().map(|step| format!("undo-{step}")));
        }
        let mut done = self.truth.clone();
        done.dedup_by(|next, before| next == before && may_repeat(next));
        let truth = &self.truth;
        let what = format!("lost, doubled or out of order:\n{truth:?}\ninstead of\n{wanted:?}");
        self.check(done == wanted, || what);
    }

    /// Every command that was started has its intent, and no void intent a command.
    fn intents(&mut self) {
        let mut intents: BTreeMap<u64, (String, u32)> = BTreeMap::new();
        let mut voided = Vec::new();
        let mut settled = Vec::new();
        for event in self.events {
            match &event.event {
                Event::StepStarted {
                    step,
                    attempt,
                    command: true,
                }
                | Event::UndoStarted { step, attempt } => {
                    intents.insert(event.n.0, (step.to_string(), *attempt));
                }
                Event::IntentVoided { number } => voided.push(number.0),
                Event::CommandEnded { number, .. } | Event::StepOutcomeUnknown { number, .. } => {
                    settled.push(number.0);
                }
                _ => {}
            }
        }
        let mut wrong = Vec::new();
        for spawn in &self.spawns {
            let own = (spawn.step.clone(), spawn.attempt);
            if intents.get(&spawn.number) != Some(&own) {
                wrong.push(format!("{spawn:?} has no such intent"));
            }
            if voided.contains(&spawn.number) {
                wrong.push(format!("{spawn:?} is said never to have been started"));
            }
            let twice = |other: &&Spawn| other.number == spawn.number;
            if self.spawns.iter().filter(twice).count() > 1 {
                wrong.push(format!("{spawn:?} was started twice"));
            }
        }
        settled.extend(&voided);
        settled.sort_unstable();
        let all: Vec<u64> = intents.keys().copied().collect();
        if settled != all {
            wrong.push(format!(
                "the intents {all:?} came to these ends: {settled:?}"
            ));
        }
        self.wrong.append(&mut wrong);
    }

    /// Every end in the journal is the one that was.
    fn ends(&mut self) {
        let undoes = |event: &&Recorded| matches!(event.event, Event::UndoStarted { .. });
        let back: Vec<u64> = self
            .events
            .iter()
            .filter(undoes)
            .map(|event| event.n.0)
            .collect();
        for event in self.events {
            let Event::CommandEnded { number, end } = &event.event else {
                continue;
            };
            let number = number.0;
            let spawn = self.spawns.iter().find(|spawn| spawn.number == number);
            let told = spawn.map(|spawn| (spawn.step.clone(), spawn.code));
            let fits = match (&end.exit, &told) {
                (Exit::Code(code), Some((step, Some(told)))) => {
                    let codes = if back.contains(&number) {
                        &[0]
                    } else {
                        codes_of(step)
                    };
                    code == told && codes.contains(code)
                }
                (Exit::Signal(9), _) => self.was_killed(number),
                _ => false,
            };
            self.check(fits, || {
                format!("{number} is said to have ended as {end:?}: {told:?}")
            });
        }
    }

    /// No step is done, or begun again, for no reason.
    fn steps(&mut self) {
        let mut unknown: BTreeMap<String, bool> = BTreeMap::new();
        let mut number_of: BTreeMap<u64, String> = BTreeMap::new();
        let mut wrong = Vec::new();
        for event in self.events {
            match &event.event {
                Event::StepStarted {
                    step,
                    command: true,
                    ..
                } => {
                    if unknown.remove(step.as_str()).is_some() && asks_a_person(step.as_str()) {
                        wrong.push(format!("{step} was run again at {} unasked", event.n));
                    }
                    number_of.insert(event.n.0, step.to_string());
                }
                Event::StepOutcomeUnknown { number, .. } => {
                    if let Some(step) = number_of.get(&number.0) {
                        unknown.insert(step.clone(), true);
                    }
                }
                Event::QuestionAnswered {
                    decision:
                        Decision::Settle {
                            verdict: Verdict::Rerun,
                            ..
                        },
                    ..
                } => unknown.clear(),
                Event::StepFinished {
                    step,
                    outcome: Outcome::Done,
                } => {
                    let step = step.as_str();
                    let stands = self.truth.iter().any(|line| line == step);
                    if COMMANDS.contains(&step) && !stands {
                        wrong.push(format!("{step} is said to be done and is not"));
                    }
                }
                _ => {}
            }
        }
        self.wrong.append(&mut wrong);
    }

    /// Each question is answered once, and as it was.
    fn questions(&mut self, answers: &[(u64, bool)]) {
        let mut open = None;
        let mut answered = Vec::new();
        for event in self.events {
            match &event.event {
                Event::QuestionAsked { question } => {
                    let before = open.replace(event.n);
                    self.check(before.is_none(), || {
                        format!("{question:?} was asked while {before:?} was open")
                    });
                }
                Event::QuestionAnswered { asked, .. } => {
                    let before = open.take();
                    self.check(before == Some(*asked), || format!("{asked} was not open"));
                    answered.push(asked.0);
                }
                _ => {}
            }
        }
        for (asked, sure) in answers {
            let taken = answered.contains(asked);
            self.check(taken || !sure, || format!("the answer to {asked} was lost"));
        }
        // The first question is not answered by a verb.
        for asked in &answered[1..] {
            let given = answers.iter().any(|(to, _)| to == asked);
            self.check(given, || format!("nobody answered {asked}"));
        }
    }

    /// Each command's output is in its log.
    fn logs(&mut self, run: &Run) {
        for spawn in &self.spawns {
            let path = std::fs::read_dir(run.dir.path()).expect("the run can be listed");
            let begin = format!("{:04}-", spawn.number);
            let log = path
                .map(|entry| entry.expect("an entry").path())
                .find(|path| {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    name.starts_with(&begin) && name.ends_with(".log")
                });
            let text = log.and_then(|log| std::fs::read_to_string(log).ok());
            let wanted = format!("step {} attempt {}\n", spawn.step, spawn.attempt);
            if text.as_ref() != Some(&wanted) && spawn.code.is_some() {
                self.wrong.push(format!("{spawn:?} has the log {text:?}"));
            }
        }
    }

    /// Outcomes are unknown only where nobody could know them, and then somebody is asked.
    fn unknowns(&mut self, table: &mut Table) {
        for (at, event) in self.events.iter().enumerate() {
            let Event::StepOutcomeUnknown { number, why } = &event.event else {
                continue;
            };
            let of =
                |kill: &&Kill| kill.victim.includes(Victim::Shim) && kill.intent == Some(number.0);
            let Some(kill) = self.kills.iter().find(of) else {
                self.wrong.push(format!(
                    "{number} is unknown ({why}), and its shim was not killed"
                ));
                continue;
            };
            let began = self.events[..at]
                .iter()
                .position(|event| event.n == *number);
            let mut since = self.events[began.unwrap_or(0)..at].iter();
            // Its parent could have taken the command's status.
            let parent_died =
                since.any(|event| matches!(event.event, Event::SupervisorStarted { .. }));
            let necessary = parent_died && kill.may_have_started && !kill.has_status;
            let asked = self.events[at..].iter().take(3).any(|event| {
                matches!(
                    event.event,
                    Event::QuestionAsked {
                        question: Question::OutcomeUnknown { .. } | Question::UndoFailed { .. }
                    }
                )
            });
            table.unknown((kill.window, kill.victim), asked, necessary);
            if !necessary {
                self.wrong
                    .push(format!("{number} could have been known: {kill:?}"));
            }
        }
    }
}

/// Whether nobody but a person may have this step run again after an unknown outcome.
fn asks_a_person(step: &str) -> bool {
    !may_repeat(step) && step != "expand"
}
