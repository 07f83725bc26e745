//! The journals behind the pictures: a walk against a pretended machine, with the times, exit codes
//! and measured values of a script. Recorded once; the pictures are drawn from the files.

use std::collections::BTreeMap;
use upwalk::engine::{self, Effect, Input};
use upwalk::journal::codec::{GENESIS, encode};
use upwalk::journal::{
    AskKey, Decision, Event, Evidence, Fact, Measured, Question, Recorded, RunStarted, RunState,
    StepMode,
};
use upwalk::plan::Plan;
use upwalk::types::{
    Answer, BootId, Exit, ExitRecord, Id, Millis, Moment, RunId, Seq, Series, Timestamp, Version,
    Who,
};

/// How long commands run, by the stem of their files; others a fifth of a second.
const TOOK: [(&str, u64); 11] = [
    ("pg-dump.1", 340_000),
    ("test-read.1", 41_000),
    ("db-migrate-safe-half.1", 334_000),
    ("db-migrate-safe-half.2", 552_000),
    ("restart-sidekiq.1", 6_200),
    ("restart-streaming.1", 11_400),
    ("reload-web.1", 31_000),
    ("db-migrate-second-half.1", 173_000),
    ("reload-web.undo.1", 30_500),
    ("restart-streaming.undo.1", 12_000),
    ("restart-sidekiq.undo.1", 6_000),
];

/// A run that is being recorded.
pub(crate) struct Recorder<'a> {
    plan: &'a Plan,
    state: RunState,
    now: Moment,
    who: Who,
    bytes: Vec<u8>,
    hash: String,
}

impl<'a> Recorder<'a> {
    /// Opens the run.
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let now = Moment {
            // 2026-11-20 14:02:11Z.
            wall: Timestamp::from_millis(1_795_183_331_000),
            boot: BootId("b".into()),
            up: Millis::from_secs(86_400),
        };
        let who = Who {
            login: "anna".into(),
            uid: 0,
            ssh: Some("192.0.2.7".into()),
        };
        let first = Event::RunStarted(Box::new(opening(plan, &who)));
        let (bytes, hash, events) = encode(GENESIS, Seq(0), &now, &[first]);
        let mut recorder = Self {
            plan,
            state: RunState::begin(&events[0]).expect("a first event"),
            now,
            who,
            bytes,
            hash,
        };
        recorder.send(&Input::Taken {
            pid: 40190,
            upwalk: "0.1.0".into(),
            torn: None,
        });
        recorder
    }

    /// Goes up, past a step that fails once and a pause that is waited for, to the end.
    pub(crate) fn up(mut self) -> Vec<u8> {
        self.walk(|state| state.finished.is_some());
        self.bytes
    }

    /// Goes up to the pause and back from there.
    pub(crate) fn back(mut self) -> Vec<u8> {
        let paused = |state: &RunState| {
            let open = state.open.as_ref();
            open.is_some_and(|open| matches!(open.question, Question::Paused { .. }))
        };
        self.walk(paused);
        self.pass(Millis::from_secs(1334));
        let because = Some("login page answers 500".to_owned());
        self.decide(Decision::Rollback { because });
        self.walk(|state| state.finished.is_some());
        self.bytes
    }

    fn pass(&mut self, length: Millis) {
        self.now = self.now.plus(length);
    }

    fn send(&mut self, input: &Input) {
        let events = engine::decide(self.plan, &self.state, input, &self.now)
            .unwrap_or_else(|refusal| panic!("{input:?}: {refusal}"));
        if events.is_empty() {
            return;
        }
        let (bytes, hash, recorded) = encode(&self.hash, self.state.last, &self.now, &events);
        self.bytes.extend(bytes);
        self.hash = hash;
        let apply = |event: &Recorded| self.state.apply(event).expect("an event that fits");
        recorded.iter().for_each(apply);
    }

    fn decide(&mut self, decision: Decision) {
        let at = self.state.open.as_ref().map(|open| open.asked);
        let who = self.who.clone();
        self.send(&Input::Decided { at, decision, who });
    }

    fn walk(&mut self, stop: impl Fn(&RunState) -> bool) {
        for _ in 0..1000 {
            if stop(&self.state) {
                return;
            }
            match self.state.open.clone() {
                Some(open) => self.answer(&open.question),
                None => self.perform(),
            }
        }
        panic!("the run never comes to that place")
    }

    /// What anna answers, and how long she takes.
    fn answer(&mut self, question: &Question) {
        let (took, decision) = match question {
            Question::Start => (33_000, Decision::Start),
            Question::Failed { .. } => (74_000, Decision::Retry),
            Question::Confirm {
                warning,
                digest,
                phrase,
                ..
            } => {
                let took = if phrase.is_some() { 37_000 } else { 9_000 };
                let evidence = phrase
                    .clone()
                    .map_or(Evidence::Acknowledged, Evidence::Typed);
                let (warning, digest) = (warning.clone(), digest.clone());
                let confirm = Decision::Confirm {
                    seeing: None,
                    warning,
                    digest,
                    evidence,
                };
                (took, confirm)
            }
            Question::Paused { .. } => {
                let go_on = Decision::Continue {
                    early: false,
                    because: None,
                };
                (2_905_000, go_on)
            }
            other => panic!("nobody said how to answer {other:?}"),
        };
        self.pass(Millis(took));
        self.decide(decision);
    }

    /// What the machine does.
    fn perform(&mut self) {
        let due = engine::due(self.plan, &self.state, &self.now);
        for effect in due {
            let input = match effect {
                Effect::Ask { key, .. } => {
                    self.pass(Millis(180));
                    let answer = match key {
                        AskKey::StepDone(_) => Answer::No("exit code 1".into()),
                        _ => Answer::Yes,
                    };
                    Input::Answered { key, answer }
                }
                Effect::Measure { of, commands } => {
                    self.pass(Millis(300));
                    let back = matches!(of, Measured::VersionAfterRollback(_));
                    let version = if back { "4.2.10" } else { "4.3.2" };
                    let values = commands
                        .into_iter()
                        .map(|(name, _)| measured(name, version));
                    Input::Measured {
                        of,
                        values: values.collect(),
                    }
                }
                Effect::Run { number, stem, .. } => self.ran(number, &stem),
                _ => continue,
            };
            return self.send(&input);
        }
        panic!("nothing is due: {:#?}", self.state.open)
    }

    fn ran(&mut self, number: Seq, stem: &str) -> Input {
        let took = TOOK.iter().find(|(of, _)| *of == stem);
        let took = Millis(took.map_or(200, |(_, took)| *took));
        self.pass(took);
        let fails = stem == "db-migrate-safe-half.1";
        Input::Ended {
            number,
            end: ExitRecord {
                exit: Exit::Code(i32::from(fails)),
                at: self.now.wall,
                took,
                left_running: Vec::new(),
                log_bytes: took.0 / 9,
            },
            output: Ok(BTreeMap::new()),
        }
    }
}

fn measured(name: String, version: &str) -> Fact {
    let value = match name.as_str() {
        "backup" => "/srv/backup/db.dump, 11.4 GB, of 14:08",
        "running" => "4.3.2 on 3 of 3 services",
        "old jobs" => "0",
        // What is installed at the end of the walk.
        _ => version,
    };
    Fact {
        name,
        value: Ok(value.into()),
    }
}

fn opening(plan: &Plan, who: &Who) -> RunStarted {
    let service = Id::new("mastodon").expect("an id");
    let run = RunId::new("20261120T140211Z", &service, "up");
    RunStarted {
        run_dir: format!("/var/lib/upwalk/runs/{run}").into(),
        run,
        service,
        direction: "up".into(),
        plan: "plans/mastodon-4.3.yaml".into(),
        plan_digest: plan.digest.clone(),
        host: "web01.example.org".into(),
        who: who.clone(),
        upwalk: "0.1.0".into(),
        boot: BootId("b".into()),
        from_exact: Version::parse("4.2.10").ok(),
        from: Series::parse("4.2").ok(),
        to: Series::parse("4.3").ok(),
        vars: BTreeMap::new(),
        env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        accepts: Vec::new(),
        step_mode: StepMode::Flowing,
        after_stopped: None,
        environment: Some(("PROD".into(), "prod".into())),
        bearing: None,
        max_age: None,
        from_since: None,
    }
}
