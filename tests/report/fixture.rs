//! A plan that uses what the plan language has, and a run of it that is driven through the engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use upwalk::engine::{self, Effect, Input};
use upwalk::journal::{
    AskKey, Decision, Event, Evidence, Fact, Measured, Question, Recorded, RunStarted, RunState,
    StepMode, VarValue,
};
use upwalk::plan::{self, Plan};
use upwalk::types::{
    Answer, BootId, Exit, ExitRecord, Millis, Moment, RunId, Seq, Series, Timestamp, Version, Who,
};

/// The plan's text.
pub(crate) const NOTES: &str = include_str!("notes.yaml");

/// A plan from its text.
pub(crate) fn plan_of(text: &str) -> Plan {
    match plan::read("plans/notes.yaml", text.as_bytes()) {
        Ok(draft) => draft.seal(&[]),
        Err(found) => panic!("{}", found.render(plan::Paint::Plain)),
    }
}

/// The plan of these tests.
pub(crate) fn notes() -> Plan {
    plan_of(NOTES)
}

/// What a run of it settles before step one.
pub(crate) fn run_of(plan: &Plan) -> RunStarted {
    let service = plan.service.clone();
    let version = |text: &str| Version::parse(text).expect("a version");
    let value = |value: Option<&str>, from: &str| VarValue {
        value: value.map(str::to_owned),
        from: from.to_owned(),
    };
    RunStarted {
        run: RunId::new("20261121T010203Z", &service, "up"),
        service,
        direction: "up".into(),
        plan: "plans/notes.yaml".into(),
        plan_digest: plan.digest.clone(),
        run_dir: PathBuf::from("/var/lib/upwalk/runs/20261121T010203Z-notes-up"),
        host: "web01".into(),
        who: Who {
            login: "ada".into(),
            uid: 0,
            ssh: None,
        },
        upwalk: "0.1.0".into(),
        boot: BootId::default(),
        from_exact: Some(version("1.0")),
        from: Series::parse("1.0").ok(),
        to: Series::parse("2.0").ok(),
        vars: BTreeMap::from([
            ("live".into(), value(Some("/srv/notes"), "default")),
            ("title".into(), value(Some("Tom's notes"), "set")),
            ("db_password".into(), value(None, "env")),
        ]),
        env: BTreeMap::from([
            ("HOME".into(), "/root".into()),
            ("LANG".into(), "C.UTF-8".into()),
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("TERM".into(), "xterm".into()),
        ]),
        accepts: Vec::new(),
        step_mode: StepMode::Flowing,
        after_stopped: None,
        environment: Some(("PROD".into(), "prod".into())),
        bearing: None,
        max_age: None,
        from_since: None,
    }
}

/// A run on its way.
pub(crate) struct Drive<'a> {
    plan: &'a Plan,
    pub(crate) state: RunState,
    pub(crate) now: Moment,
    fails: Option<(&'static str, i32)>,
}

impl<'a> Drive<'a> {
    /// A run at its first question.
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let now = Moment {
            wall: Timestamp::from_millis(1_795_219_200_000),
            boot: BootId("boot".into()),
            up: Millis(1000),
        };
        let first = Recorded {
            n: Seq(1),
            at: now.clone(),
            event: Event::RunStarted(Box::new(run_of(plan))),
        };
        let state = RunState::begin(&first).expect("a journal begins with RunStarted");
        let mut drive = Self {
            plan,
            state,
            now,
            fails: None,
        };
        drive.send(&Input::Taken {
            pid: 1,
            upwalk: "0.1.0".into(),
            torn: None,
        });
        drive
    }

    /// Lets a step's command end with this status.
    pub(crate) fn fail_step(&mut self, id: &'static str, status: i32) {
        self.fails = Some((id, status));
    }

    /// Goes on until a question is open for which `stop` holds, or to the end.
    pub(crate) fn until(&mut self, stop: impl Fn(&Question) -> bool) {
        while self.state.finished.is_none() {
            match self.state.open.as_ref().map(|open| open.question.clone()) {
                Some(question) if stop(&question) => return,
                Some(question) => self.answer(&question),
                None => self.perform(),
            }
        }
    }

    /// Goes on until a command is under way.
    pub(crate) fn until_running(&mut self) {
        loop {
            let due = engine::due(self.plan, &self.state, &self.now);
            if due
                .iter()
                .any(|effect| matches!(effect, Effect::Run { .. }))
            {
                return;
            }
            match self.state.open.as_ref().map(|open| open.question.clone()) {
                Some(question) => self.answer(&question),
                None => self.perform(),
            }
        }
    }

    /// Sends a decision on the open question.
    pub(crate) fn decide(&mut self, decision: Decision) {
        let at = self.state.open.as_ref().map(|open| open.asked);
        let who = self.state.run.who.clone();
        self.send(&Input::Decided { at, decision, who });
    }

    fn answer(&mut self, question: &Question) {
        let decision = match question {
            Question::Start => Decision::Start,
            Question::Confirm {
                warning,
                digest,
                phrase,
                ..
            } => Decision::Confirm {
                seeing: None,
                warning: warning.clone(),
                digest: digest.clone(),
                evidence: match phrase {
                    Some(phrase) => Evidence::Typed(phrase.clone()),
                    None => Evidence::Acknowledged,
                },
            },
            _ => {
                self.now = self.now.plus(Millis::from_secs(3600));
                Decision::Continue {
                    early: false,
                    because: None,
                }
            }
        };
        self.decide(decision);
    }

    fn perform(&mut self) {
        self.now = self.now.plus(Millis::from_secs(1));
        let due = engine::due(self.plan, &self.state, &self.now);
        let effect = due
            .into_iter()
            .next()
            .expect("something is due where nothing is asked");
        let input = match effect {
            Effect::Ask { key, .. } | Effect::Watch { key, .. } => {
                let answer = match key {
                    AskKey::StepDone(_) => Answer::No("exit code 1".into()),
                    _ => Answer::Yes,
                };
                Input::Answered { key, answer }
            }
            Effect::Measure { of, commands } => {
                let value = match of {
                    Measured::Warning(_) => "12",
                    Measured::VersionAtEnd(_) => "2.0",
                    Measured::VersionAfterRollback(_) => "1.0",
                };
                let fact = |(name, _)| Fact {
                    name,
                    value: Ok(value.to_owned()),
                };
                let values = commands.into_iter().map(fact).collect();
                Input::Measured { of, values }
            }
            Effect::Recount { .. } => unreachable!("it comes after what it stands beside"),
            Effect::MeasureAgain(_) => unreachable!("a person is asked first"),
            Effect::Count { step, when, .. } => {
                let left = upwalk::types::Pending::Known(12);
                Input::Counted { step, when, left }
            }
            Effect::Run { number, stem, .. } => {
                let failing = self
                    .fails
                    .filter(|(id, _)| stem.starts_with(&format!("{id}.")));
                Input::Ended {
                    number,
                    end: ExitRecord {
                        exit: Exit::Code(failing.map_or(0, |(_, status)| status)),
                        at: self.now.wall,
                        took: Millis::from_secs(1),
                        left_running: Vec::new(),
                        log_bytes: 0,
                    },
                    output: Ok(BTreeMap::new()),
                }
            }
            Effect::Cancel { .. } => panic!("nobody asked for a cancel"),
        };
        self.send(&input);
    }

    fn send(&mut self, input: &Input) {
        let events = engine::decide(self.plan, &self.state, input, &self.now)
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        for event in events {
            let recorded = Recorded {
                n: self.state.last.next(),
                at: self.now.clone(),
                event,
            };
            self.state
                .apply(&recorded)
                .expect("the engine's events fit");
        }
    }
}
