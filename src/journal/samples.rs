//! Small journals for tests: every kind of line that a short run writes.

use super::codec::{GENESIS, encode};
use super::event::{Event, Outcome, Recorded, RunResult};
use super::opening::{RunStarted, StepMode};
use super::question::{Decision, Evidence, Question};
use crate::types::{
    BootId, Digest, Exit, ExitRecord, Id, Millis, Moment, RunId, Seq, StepId, Timestamp, Who,
};

/// The moment `secs` after the sample run began.
pub(crate) fn at(secs: u64) -> Moment {
    Moment {
        wall: Timestamp::from_millis(1_790_000_000_000).plus(Millis::from_secs(secs)),
        boot: BootId("boot-1".into()),
        up: Millis::from_secs(1000 + secs),
    }
}

/// A person.
pub(crate) fn anna() -> Who {
    Who {
        login: "anna".into(),
        uid: 1000,
        ssh: None,
    }
}

/// The first event of a run of `service`.
pub(crate) fn started(service: &str) -> RunStarted {
    let service = Id::new(service).expect("an id");
    RunStarted {
        run: RunId::new("20260921T131320Z", &service, "up"),
        service,
        direction: "up".into(),
        plan: "plan.yaml".into(),
        plan_digest: Digest::of([b"plan".as_slice()]),
        run_dir: "/state/runs/20260921T131320Z-app-up".into(),
        host: "web01".into(),
        who: anna(),
        upwalk: "0.1.0".into(),
        boot: BootId("boot-1".into()),
        from_exact: None,
        from: None,
        to: None,
        vars: [].into(),
        env: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into(),
        accepts: Vec::new(),
        step_mode: StepMode::Flowing,
        after_stopped: None,
        environment: None,
        bearing: None,
        max_age: None,
        from_since: None,
    }
}

/// Gives events their places, one second apart.
pub(crate) fn record(events: Vec<Event>) -> Vec<Recorded> {
    let place = |(i, event): (usize, Event)| Recorded {
        n: Seq(i as u64 + 1),
        at: at(i as u64),
        event,
    };
    events.into_iter().enumerate().map(place).collect()
}

/// A journal's bytes.
pub(crate) fn bytes(events: &[Recorded]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut hash = GENESIS.to_owned();
    for one in events {
        let last = Seq(one.n.0 - 1);
        let (bytes, next, _) = encode(&hash, last, &one.at, std::slice::from_ref(&one.event));
        out.extend(bytes);
        hash = next;
    }
    out
}

/// A warning before a step that was accepted beforehand.
fn accepted(step: &StepId) -> Event {
    Event::WarningConfirmed {
        asked: None,
        level: None,
        seeing: None,
        warning: Id::new("slow").expect("an id"),
        before: Some(step.clone()),
        digest: Digest::of([b"slow".as_slice()]),
        seen: None,
        who: anna(),
        evidence: Evidence::Accepted,
    }
}

/// A run of one step from its start to its end.
pub(crate) fn finished_run() -> Vec<Recorded> {
    let step = StepId::from("migrate");
    let end = ExitRecord {
        exit: Exit::Code(0),
        at: at(7).wall,
        took: Millis(1200),
        left_running: Vec::new(),
        log_bytes: 12,
    };
    record(vec![
        Event::RunStarted(Box::new(started("app"))),
        Event::SupervisorStarted {
            pid: 7,
            boot: BootId("boot-1".into()),
            upwalk: "0.1.0".into(),
            writes: None,
        },
        Event::QuestionAsked {
            question: Question::Start,
        },
        Event::QuestionAnswered {
            asked: Seq(3),
            decision: Decision::Start,
            who: anna(),
        },
        Event::PhaseStarted {
            phase: StepId::from("move"),
        },
        accepted(&step),
        Event::StepStarted {
            step: step.clone(),
            attempt: 1,
            command: true,
        },
        Event::CommandEnded {
            number: Seq(7),
            end,
        },
        Event::StepFinished {
            step,
            outcome: Outcome::Done,
        },
        Event::PhaseFinished {
            phase: StepId::from("move"),
        },
        Event::NoteAdded {
            who: anna(),
            text: "all quiet".into(),
        },
        Event::RunFinished {
            result: RunResult::Done,
        },
    ])
}
