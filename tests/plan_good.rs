//! Plans that are valid: what they become.

use upwalk::plan::{self, Kind, Level, Paint, Plan, Undo};
use upwalk::types::{Millis, StepId};

/// A plan with every key that is executed.
const EVERY_KEY: &str = include_str!("plans/every-key.yaml");

fn plan(text: &str) -> Plan {
    match plan::read("plan.yaml", text.as_bytes()) {
        Ok(draft) => draft.seal(&[]),
        Err(found) => panic!("{}", found.render(Paint::Plain)),
    }
}

#[test]
fn a_plan_with_every_executed_key_can_be_walked() {
    let plan = plan(EVERY_KEY);
    assert_eq!(
        plan.not_yet.found,
        [],
        "{}",
        plan.not_yet.render(Paint::Plain)
    );
    assert_eq!(plan.service.as_str(), "guestbook");
    let up = plan.up.as_ref().expect("an upgrade");
    let ids: Vec<&str> = up.steps().map(|(_, step)| step.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "room",
            "port-open",
            "answers",
            "fetch",
            "columns",
            "backfill",
            "ask-them",
            "switch",
            "units-web-service",
            "units-verify",
            "start-jobs-timer",
            "drop",
            "forget"
        ]
    );
    let (_, room) = up.step(&StepId::from("room")).expect("a step");
    assert!(
        matches!(&room.kind, Kind::Check(polled) if polled.within == Some(Millis::from_secs(120)))
    );
    let (_, web) = up.step(&StepId::from("units-web-service")).expect("a step");
    assert_eq!(web.name.source(), "restart web.service");
    assert!(matches!(&web.undo, Undo::Again { follows: Some(id), .. } if id.as_str() == "switch"));
    let (_, timer) = up.step(&StepId::from("start-jobs-timer")).expect("a step");
    assert!(
        matches!(&timer.undo, Undo::Run { text, .. } if text.contains("systemctl stop jobs.timer"))
    );
    let (_, drop) = up.step(&StepId::from("drop")).expect("a step");
    assert!(matches!(&drop.undo, Undo::Irreversible(_)));
    assert!(
        matches!(&drop.warnings[0].level, Level::Type(phrase) if phrase.source() == "drop columns on ${host}")
    );
}

#[test]
fn the_demo_is_a_valid_plan() {
    let plan = plan(include_str!("../plans/demo.yaml"));
    assert_eq!(
        plan.not_yet.found,
        [],
        "{}",
        plan.not_yet.render(Paint::Plain)
    );
}

#[test]
fn the_walked_plans_of_the_tests_are_valid() {
    for text in [
        include_str!("postgres/plan.yaml"),
        include_str!("postgres/wrong-order.yaml"),
    ] {
        let plan = plan(text);
        assert_eq!(
            plan.not_yet.found,
            [],
            "{}",
            plan.not_yet.render(Paint::Plain)
        );
    }
}
