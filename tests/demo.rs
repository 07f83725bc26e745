//! The demonstration that comes with upwalk, walked from the first question to the last through
//! each front end.
#![expect(
    clippy::disallowed_methods,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    clippy::panic,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

use std::process::Command;
use support::Sandbox;

#[test]
fn the_plan_is_valid_and_asks_for_nothing_that_cannot_be_executed_yet() {
    let sandbox = Sandbox::new();
    let bytes = std::fs::read(sandbox.demo()).expect("the plan is there");
    let paint = upwalk::plan::Paint::Plain;
    let draft = upwalk::plan::read("plans/demo.yaml", &bytes);
    let draft = draft.unwrap_or_else(|found| panic!("{}", found.render(paint)));
    let plan = draft.seal(&[]);
    assert!(
        plan.not_yet.found.is_empty(),
        "{}",
        plan.not_yet.render(paint)
    );
}

#[test]
fn the_wrong_order_really_loses_entries_and_the_right_one_none() {
    let sandbox = Sandbox::new();
    for shell in ["sh", "bash"] {
        let mut command = Command::new(shell);
        command.arg(sandbox.path("plans/demo/wrong-order.sh"));
        sandbox.settle(&mut command);
        let output = command.output().expect("a shell can be started");
        let out = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{out}");
        let lines: Vec<&str> = out.lines().collect();
        assert!(
            lines[0].ends_with("135 entries sent, 135 shown, 0 lost"),
            "{out}"
        );
        assert!(
            lines[1].ends_with("135 entries sent, 125 shown, 10 lost"),
            "{out}"
        );
    }
}
