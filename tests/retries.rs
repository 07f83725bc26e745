//! Failed steps that begin again by themselves, on the real machine: without a person, on the
//! screen, and after the supervisor was killed while the run waited for the next attempt.
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

use rustix::process::Signal;
use support::pty::Pty;
use support::{Sandbox, wait_until};

/// A step that fails until its file has as many lines as `NEEDED`.
fn plan(sandbox: &Sandbox, retries: &str) -> String {
    let text = format!(
        r#"upwalk: 1
service: shop
vars:
  here: {{ required: true }}
  needed: {{ default: 3 }}
up:
  - phase: Stage
    role: stage
    steps:
      - run: |
          echo tried >>"$HERE/tries"
          test "$(wc -l <"$HERE/tries")" -ge "$NEEDED"
        name: Fetch
        undo: {{ none: only files }}
        required: true
        {retries}
"#
    );
    let path = sandbox.path("plans/retries.yaml");
    std::fs::write(&path, text).expect("the sandbox is writable");
    path.display().to_string()
}

fn here(sandbox: &Sandbox) -> String {
    format!(
        "here={}",
        sandbox
            .path("state")
            .parent()
            .expect("it has one")
            .display()
    )
}

fn tries(sandbox: &Sandbox) -> usize {
    let text = std::fs::read_to_string(sandbox.path("tries")).unwrap_or_default();
    text.lines().count()
}

#[test]
fn without_a_person_a_step_is_tried_again_and_each_try_is_told() {
    let sandbox = Sandbox::new();
    let plan = plan(&sandbox, "retries: { times: 2, wait: 100ms }");
    let said = sandbox.run(["up", &plan, "--set", &here(&sandbox), "--ui", "none"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert_eq!(tries(&sandbox), 3);
    assert!(
        said.out.contains("(retry 1 of 2)") && said.out.contains("(retry 2 of 2)"),
        "{said}"
    );
}

#[test]
fn when_the_tries_are_used_up_the_run_waits_and_nobody_can_skip_what_is_required() {
    let sandbox = Sandbox::new();
    let plan = plan(&sandbox, "retry_codes: [1]");
    let here = here(&sandbox);
    let args = [
        "up", &plan, "--set", &here, "--set", "needed=9", "--ui", "none",
    ];
    let said = sandbox.run(args);
    assert_eq!(said.code, Some(5), "{said}");
    assert_eq!(tries(&sandbox), 4, "once and three times more");
    assert!(
        !said
            .lines_to_type()
            .iter()
            .any(|line| line.contains("skip")),
        "{said}"
    );
    let retry = said.line_to_type("retry");
    let skip = sandbox.type_line(&retry.replace("retry", "skip --because no"));
    assert_eq!(skip.code, Some(4), "{skip}");
    assert!(
        skip.err
            .contains("is required: the plan lets nobody skip it"),
        "{skip}"
    );
}

#[test]
fn the_wait_is_on_the_screen_and_survives_the_supervisor() {
    let sandbox = Sandbox::new();
    let plan = plan(&sandbox, "retries: { times: 2, wait: 3s }");
    let command = sandbox.upwalk(["up", &plan, "--set", &here(&sandbox)]);
    let mut screen = Pty::start(&command, 80, 24);
    screen.wait_for("S start");
    screen.wait_idle();
    screen.send("S");
    screen.wait_for("It is tried again by itself in");
    let status = sandbox.run(["status"]);
    assert!(status.out.contains("tried again by itself at"), "{status}");
    support::kill(sandbox.supervisor(), Signal::KILL);
    screen.wait_for("NOT LIVE");
    screen.hang_up();
    let gone = sandbox.run(["status"]);
    assert!(gone.out.contains("No supervisor"), "{gone}");
    let mut again = sandbox.upwalk(["attach", "shop", "--ui", "none"]);
    let attached = support::said(&again.output().expect("upwalk can be started"));
    assert_eq!(attached.code, Some(0), "{attached}");
    wait_until("the third try", || tries(&sandbox) == 3);
    assert_eq!(sandbox.events("StepStarted", &[]), 3);
}
