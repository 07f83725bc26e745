//! The prompts of plain text on a real terminal, and what a run without any front end refuses.
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
use support::pty::Pty;
use support::{Sandbox, wait_until};

/// A plan whose one step does eight things, one for each file that the test lays down, and ends
/// after a while in any case.
const COUNTED: &str = r#"
upwalk: 1
service: counted
up:
  - phase: Change
    role: pre-deploy
    steps:
      - run: |
          for tick in $(seq 600); do
            test -e "$GATE" && break
            sleep 0.1
          done
          echo 0 >"$TODO"
        name: Fill the column
        undo: { none: it only adds }
        pending: cat "$TODO"
vars:
  gate: { required: true, help: the file that opens the gate }
  todo: { required: true, help: the file that says how much there is to do }
"#;

/// A plan in a sandbox, with files that its steps look at.
struct Walk {
    sandbox: Sandbox,
}

impl Walk {
    fn of(plan: &str) -> Self {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.path("plan.yaml"), plan).expect("the sandbox is ours");
        Self { sandbox }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.sandbox.path(name), text).expect("the sandbox is ours");
    }

    /// `up` of the plan with the files that it names, by variable.
    fn up(&self, files: &[&str], more: &[&str]) -> Command {
        let path = |name: &str| self.sandbox.path(name).display().to_string();
        let set = files
            .iter()
            .map(|name| format!("--set={name}={}", path(name)));
        let args = ["up".to_owned(), path("plan.yaml")].into_iter().chain(set);
        let args = args.chain(more.iter().map(ToString::to_string));
        self.sandbox.upwalk(args)
    }
}

#[test]
fn what_is_pending_is_a_bar_while_it_falls() {
    let walk = Walk::of(COUNTED);
    walk.write("todo", "48\n");
    let mut screen = Pty::start(&walk.up(&["gate", "todo"], &[]), 80, 24);
    screen.wait_for("NOT STARTED");
    screen.send("S");
    screen.wait_for("48 left");
    walk.write("todo", "12\n");
    let bar = screen.wait_for("12 left");
    assert!(bar.contains("75 %") && bar.contains("36 of 48"), "{bar}");
    walk.write("todo", "many\n");
    screen.wait_for("How much is left to do is unknown: it printed \"many\"");
    walk.write("gate", "");
    screen.wait_for("48 to do before, nothing left after");
    screen.send("q");
    assert_eq!(screen.wait().code(), Some(0));
    let counts = ["PendingCounted", "\"left\""];
    assert_eq!(
        walk.sandbox.events(counts[0], &[counts[1]]),
        2,
        "no count while it ran is a fact"
    );
}

#[test]
fn what_is_pending_is_said_before_and_after_by_the_prompts() {
    let walk = Walk::of(COUNTED);
    walk.write("todo", "48\n");
    walk.write("gate", "");
    let said = walk.up(&["gate", "todo"], &["--ui", "none"]).output();
    let said = support::said(&said.expect("upwalk can be started"));
    assert_eq!(said.code, Some(0), "{said}");
    let text = said.to_string();
    assert!(
        text.contains("Fill the column: 48 to do, as the plan counts it."),
        "{text}"
    );
    assert!(
        text.contains("Fill the column: nothing is left to do"),
        "{text}"
    );
    wait_until("the supervisor has ended", || {
        walk.sandbox.processes().is_empty()
    });
}
