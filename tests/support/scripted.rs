//! A host that plays a script: exits, answers and crashes as a scenario says, no process anywhere.

use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use upwalk::engine::{self, Effect, Input};
use upwalk::journal::{
    Count, Decision, Event, Evidence, Fact, Question, Recorded, RunStarted, RunState, StepMode,
    Verdict,
};
use upwalk::plan::Plan;
use upwalk::types::{
    Answer, BootId, Digest, Exit, ExitRecord, Id, Millis, Moment, Pending, RunId, Seq, Series,
    Timestamp, Version, Who,
};

/// One scenario: a plan, what the machine does, what people say, and the story that must come out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What it shows.
    pub(crate) about: String,
    /// The plan's text.
    pub(crate) plan: String,
    /// `from` and `to` of the run.
    #[serde(default)]
    pub(crate) from: Option<String>,
    /// Where it goes.
    #[serde(default)]
    pub(crate) to: Option<String>,
    /// Ids of warnings accepted beforehand.
    #[serde(default)]
    pub(crate) accept: Vec<String>,
    /// `--step`.
    #[serde(default)]
    pub(crate) stepping: Option<String>,
    /// An earlier run that was stopped.
    #[serde(default)]
    pub(crate) after_stopped: Option<String>,
    /// What commands do, attempt by attempt, by the stem of their files without the attempt;
    /// `0` where nothing is said: an exit code, `signal N`, `timeout`, `lost`, `never`.
    #[serde(default)]
    pub(crate) commands: BTreeMap<String, VecDeque<String>>,
    /// What guards say, ask by ask, by their key as the story spells it; `yes` (for `unless`: `no`)
    /// where nothing is said.
    #[serde(default)]
    pub(crate) answers: BTreeMap<String, VecDeque<String>>,
    /// What is measured, by name, time after time; the last one stays.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, VecDeque<String>>,
    /// What people say, in order: `VERB`, a reason after a colon; `wait SECONDS` lets time pass.
    pub(crate) say: VecDeque<String>,
    /// The story.
    pub(crate) story: String,
}

/// The scripted host with its journal.
pub(crate) struct ScriptedHost<'a> {
    plan: &'a Plan,
    script: Scenario,
    /// The folded state.
    pub(crate) state: RunState,
    /// Every event.
    pub(crate) events: Vec<Recorded>,
    now: Moment,
    story: String,
}

/// The person of the scenarios.
pub(crate) fn anna() -> Who {
    Who {
        login: "anna".into(),
        uid: 1000,
        ssh: None,
    }
}

/// A run of this plan as `up` would open it.
pub(crate) fn opening(plan: &Plan, script: &Scenario) -> RunStarted {
    let series = |text: &Option<String>| {
        text.as_ref()
            .map(|text| Series::parse(text).expect("a series"))
    };
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
        boot: BootId("boot-1".into()),
        from_exact: script
            .from
            .as_ref()
            .map(|text| Version::parse(text).expect("a version")),
        from: series(&script.from),
        to: series(&script.to),
        vars: BTreeMap::new(),
        env: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into(),
        accepts: Vec::new(),
        step_mode: if script.stepping.is_some() {
            StepMode::Stepping
        } else {
            StepMode::Flowing
        },
        after_stopped: script
            .after_stopped
            .clone()
            .map(|step| (RunId::new("20261101T000000Z", &plan.service, "up"), step)),
        environment: None,
        bearing: None,
        max_age: None,
        from_since: None,
    };
    let digests: Vec<(Id, Digest)> = plan
        .up
        .iter()
        .flat_map(upwalk::plan::Walk::warnings)
        .filter(|(_, warning)| script.accept.iter().any(|id| id == warning.id.as_str()))
        .map(|(_, warning)| {
            (
                warning.id.clone(),
                engine::warning_digest(plan, &run, warning),
            )
        })
        .collect();
    run.accepts = digests;
    run
}

impl<'a> ScriptedHost<'a> {
    /// Opens the run.
    pub(crate) fn new(plan: &'a Plan, script: Scenario) -> Self {
        let now = Moment {
            wall: Timestamp::from_millis(1_790_000_000_000),
            boot: BootId("boot-1".into()),
            up: Millis(1_000_000),
        };
        let event = Event::RunStarted(Box::new(opening(plan, &script)));
        let first = Recorded {
            n: Seq(1),
            at: now.clone(),
            event,
        };
        let state = RunState::begin(&first).expect("a first event");
        Self {
            plan,
            script,
            state,
            events: vec![first],
            now,
            story: String::new(),
        }
    }

    /// Plays until nothing is due and nobody has more to say; returns the story.
    pub(crate) fn play(mut self) -> (String, RunState, Vec<Recorded>) {
        self.input(&Input::Taken {
            pid: 1,
            upwalk: "0.1.0".into(),
            torn: None,
        });
        for _ in 0..10_000 {
            let effects = engine::due(self.plan, &self.state, &self.now);
            let acted = effects.into_iter().any(|effect| self.perform(effect));
            if acted {
                continue;
            }
            let Some(words) = self.script.say.pop_front() else {
                break;
            };
            self.say(&words);
        }
        assert!(
            self.script.say.is_empty(),
            "said too much: {:?}\n{}",
            self.script.say,
            self.story
        );
        (self.story, self.state, self.events)
    }

    /// Gives an input to the engine, and journals what follows.
    fn input(&mut self, input: &Input) {
        self.now = self.now.plus(Millis::from_secs(1));
        match engine::decide(self.plan, &self.state, input, &self.now) {
            Ok(events) => {
                for event in events {
                    let n = self.state.last.next();
                    let recorded = Recorded {
                        n,
                        at: self.now.clone(),
                        event,
                    };
                    self.state
                        .apply(&recorded)
                        .expect("what the engine says fits");
                    if let Some(line) = line(&recorded.event) {
                        writeln!(self.story, "{line}").expect("a string takes text");
                    }
                    self.events.push(recorded);
                }
            }
            Err(refusal) => {
                writeln!(self.story, "refused: {refusal}").expect("a string takes text");
            }
        }
    }

    /// Does what is due; says whether that led to an input.
    fn perform(&mut self, effect: Effect) -> bool {
        let input = match effect {
            Effect::Watch { .. }
            | Effect::MeasureAgain(_)
            | Effect::Recount { .. }
            | Effect::Cancel { .. } => {
                return false;
            }
            Effect::Count { step, when, .. } => {
                let line = self.measure(format!("pending {step}")).value;
                let left = Pending::read(line);
                Input::Counted { step, when, left }
            }
            Effect::Ask { key, .. } => {
                let name = key_name(&key);
                let usual = if name.starts_with("unless") {
                    "no"
                } else {
                    "yes"
                };
                let said = self
                    .next(&name, Which::Answer)
                    .unwrap_or_else(|| usual.into());
                Input::Answered {
                    key,
                    answer: answer(&said),
                }
            }
            Effect::Measure { of, commands } => {
                let values = commands
                    .into_iter()
                    .map(|(name, _)| self.measure(name))
                    .collect();
                Input::Measured { of, values }
            }
            Effect::Run { number, stem, .. } => {
                let name = stem
                    .rsplit_once('.')
                    .map_or(stem.as_str(), |(name, _)| name)
                    .to_owned();
                let said = self
                    .next(&name, Which::Command)
                    .unwrap_or_else(|| "0".into());
                self.ran(number, &said)
            }
        };
        self.input(&input);
        true
    }

    /// The next thing the script says of this name.
    fn next(&mut self, name: &str, which: Which) -> Option<String> {
        let table = match which {
            Which::Answer => &mut self.script.answers,
            Which::Command => &mut self.script.commands,
        };
        table.get_mut(name)?.pop_front()
    }

    /// The next value of this name.
    fn measure(&mut self, name: String) -> Fact {
        let list = self
            .script
            .values
            .get_mut(&name)
            .expect("the scenario gives the value");
        let value = if list.len() > 1 {
            list.pop_front()
        } else {
            list.front().cloned()
        };
        let value = value.expect("a value");
        let value = match value.strip_prefix("unknown: ") {
            Some(why) => Err(why.to_owned()),
            None => Ok(value),
        };
        Fact { name, value }
    }

    /// How a command ended.
    fn ran(&self, number: Seq, said: &str) -> Input {
        let exit = match said.split_once(' ') {
            Some(("signal", n)) => Exit::Signal(n.parse().expect("a signal")),
            _ if said == "timeout" => Exit::TimedOut,
            _ if said == "cancelled" => Exit::Cancelled,
            _ if said == "never" => return Input::NeverStarted { number },
            _ if said == "lost" => {
                return Input::Lost {
                    number,
                    why: "the machine was restarted".into(),
                };
            }
            _ => Exit::Code(said.parse().expect("an exit code")),
        };
        let took = Millis(1500);
        let end = ExitRecord {
            exit,
            at: self.now.wall,
            took,
            left_running: Vec::new(),
            log_bytes: 0,
        };
        Input::Ended {
            number,
            end,
            output: Ok(BTreeMap::new()),
        }
    }

    /// A person says something.
    fn say(&mut self, words: &str) {
        let (verb, rest) = match words.split_once(": ") {
            Some((verb, rest)) => (verb, Some(rest.to_owned())),
            None => (words, None),
        };
        if let Some(seconds) = verb.strip_prefix("wait ") {
            let seconds = seconds.parse().expect("seconds");
            self.now = self.now.plus(Millis::from_secs(seconds));
            self.input(&Input::Proceed);
            return;
        }
        let open = self.state.open.clone();
        let because = rest.clone();
        let decision = match verb {
            "start" => Decision::Start,
            "confirm" => confirmation(&open.as_ref().expect("a question").question, rest),
            "continue" => Decision::Continue {
                early: false,
                because,
            },
            "continue early" => Decision::Continue {
                early: true,
                because,
            },
            "retry" => Decision::Retry,
            "skip" => Decision::Skip {
                because: rest.unwrap_or_default(),
            },
            "settle done" => Decision::Settle {
                verdict: Verdict::Done,
                because,
            },
            "settle rerun" => Decision::Settle {
                verdict: Verdict::Rerun,
                because,
            },
            "rollback" => Decision::Rollback { because },
            "stop" => Decision::Stop { because },
            "pause" => Decision::Pause,
            other => panic!("no such verb: {other}"),
        };
        let at = open.map(|open| open.asked);
        self.input(&Input::Decided {
            at,
            decision,
            who: anna(),
        });
    }
}

/// What a name is looked up in.
#[derive(Clone, Copy)]
enum Which {
    Answer,
    Command,
}

/// Confirms what is asked, by the phrase that is typed where one is.
fn confirmation(question: &Question, typed: Option<String>) -> Decision {
    let Question::Confirm {
        warning, digest, ..
    } = question
    else {
        panic!("nothing to confirm: {question:?}")
    };
    let evidence = typed.map_or(Evidence::Acknowledged, Evidence::Typed);
    Decision::Confirm {
        seeing: None,
        warning: warning.clone(),
        digest: digest.clone(),
        evidence,
    }
}

/// An answer's text.
fn answer(said: &str) -> Answer {
    match said.split_once(": ") {
        Some(("no", why)) => Answer::No(why.into()),
        Some(("unsure", why)) => Answer::CouldNotTell(why.into()),
        _ if said == "yes" => Answer::Yes,
        _ if said == "no" => Answer::No("exit code 1".into()),
        _ => panic!("no such answer: {said}"),
    }
}

/// A question's name in scripts and stories.
fn key_name(key: &upwalk::journal::AskKey) -> String {
    use upwalk::journal::AskKey as K;
    match key {
        K::WarningApplies(id) => format!("only_if of {id}"),
        K::StepApplies(id) => format!("only_if {id}"),
        K::StepDone(id) => format!("unless {id}"),
        K::StepDoneAfterAll(id) => format!("unless after all {id}"),
        K::Check(id) => format!("check {id}"),
        K::Verify(id) => format!("verify {id}"),
        K::PauseGuard(id, n) => format!("guard {n} {id}"),
        K::Lasting(pause, id) => format!("lasting {id} {pause}"),
        K::PauseWatch(id, n) => format!("watch {n} {id}"),
        K::UndoApplies(id) => format!("undo_if {id}"),
        K::UndoVerify(id) => format!("undo_verify {id}"),
    }
}

/// A story's line; none for events that tell nothing new.
fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::SupervisorStarted { .. }
        | Event::CommandEnded { .. }
        | Event::QuestionAnswered { .. } => return None,
        Event::PhaseStarted { phase } => format!("phase {phase}"),
        Event::PhaseFinished { phase } => format!("phase {phase} over"),
        Event::GuardAnswered { key, answer } => format!("{} says {answer}", key_name(key)),
        Event::ValuesMeasured { values, .. } => {
            let text = |fact: &Fact| match &fact.value {
                Ok(value) => format!("{} is {value}", fact.name),
                Err(why) => format!("{} is unknown ({why})", fact.name),
            };
            values.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        Event::PendingCounted { step, when, left } => {
            let when = match when {
                Count::Before => "before",
                Count::After => "after",
            };
            format!("{step} to do {when}: {left}")
        }
        Event::WarningShown { warning, .. } => format!("note {warning}"),
        Event::WarningNotNeeded { warning, .. } => format!("no need of {warning}"),
        Event::WarningConfirmed {
            warning, evidence, ..
        } => {
            format!("{warning} confirmed: {evidence:?}")
        }
        Event::StepStarted { step, attempt, .. } => format!("{step} begins, attempt {attempt}"),
        Event::StepFinished { step, outcome } => format!("{step}: {outcome:?}"),
        Event::StepSkipped { step, .. } => format!("{step} skipped"),
        Event::UndoStarted { step, attempt } => format!("{step} back, attempt {attempt}"),
        Event::UndoFinished { step, outcome } => format!("{step} back: {outcome:?}"),
        Event::UndoSkipped { step, why } => format!("{step} stays: {}", brief(why)),
        Event::QuestionAsked { question } => format!("? {}", asked(question)),
        Event::PauseEntered { pause } => format!("pause {pause}"),
        Event::PauseLeft { pause } => format!("pause {pause} over"),
        Event::RunFinished { result } => format!("finished: {result:?}"),
        Event::RollbackStarted { .. } => "rollback".into(),
        Event::LedgerMoved { version } => format!("ledger at {version}"),
        Event::IntentVoided { number } => format!("intent {number} void"),
        Event::StepOutcomeUnknown { why, .. } => format!("nobody knows: {why}"),
        Event::PauseRequested { .. } => "a stop is wanted".into(),
        other => format!("{other:?}"),
    })
}

/// Why nothing is taken back, in short.
fn brief(why: &upwalk::journal::SkipReason) -> String {
    use upwalk::journal::SkipReason as R;
    match why {
        R::Guard(why) | R::NothingToTakeBack(why) => why.clone(),
        R::Person { because, .. } => format!("a person: {because}"),
    }
}

/// A question in a story.
fn asked(question: &Question) -> String {
    match question {
        Question::Start => "start".into(),
        Question::Confirm {
            warning,
            phrase,
            facts,
            remark,
            ..
        } => {
            let phrase = phrase
                .as_ref()
                .map(|p| format!(" by \"{p}\""))
                .unwrap_or_default();
            let remark = remark
                .as_ref()
                .map(|r| format!(" ({r})"))
                .unwrap_or_default();
            format!("confirm {warning}{phrase}, {} facts{remark}", facts.len())
        }
        Question::NextStep { step } => format!("next step {step}"),
        Question::Halted => "halted".into(),
        Question::ManualDone { step } => format!("by hand {step}"),
        Question::Failed { step, why } => format!("failed {step}: {why}"),
        Question::Blocked { steps, .. } => {
            let steps: Vec<_> = steps.iter().map(ToString::to_string).collect();
            format!("blocked by {}", steps.join(", "))
        }
        Question::OutcomeUnknown { step, .. } => format!("unknown {step}"),
        Question::CouldNotTell { key, why, .. } => format!("unsure {}: {why}", key_name(key)),
        Question::Paused { pause, overdue } => {
            format!(
                "paused at {pause}{}",
                if *overdue { ", overdue" } else { "" }
            )
        }
        Question::Boundary { phase } => format!("boundary before {phase}"),
        Question::PauseHeld { why, .. } => format!("held: {}", why.join("; ")),
        Question::WrongVersion { expected, found } => {
            format!("version must be {expected}, found {found:?}")
        }
        Question::UndoFailed { step, why } => format!("not taken back {step}: {why}"),
        Question::UndoUnsure { step, why } => format!("take back {step}? {why}"),
    }
}
