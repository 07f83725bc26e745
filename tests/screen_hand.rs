//! The terminal in other hands: the shell and the pager beside a run, the exact command of a step, and
//! steps with a terminal.
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
use support::pty::Pty;

/// A run of a plan of the test's own on a terminal.
struct Walk {
    sandbox: Sandbox,
}

impl Walk {
    fn new(plan: &str) -> Self {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.path("hand.yaml"), plan).expect("the sandbox is ours");
        Self { sandbox }
    }

    fn up(&self, more: &[&str]) -> Command {
        let plan = self.sandbox.path("hand.yaml").display().to_string();
        let here = self.sandbox.path("").display().to_string();
        let args = ["up".to_owned(), plan, format!("--set=here={here}")];
        let more = more.iter().map(ToString::to_string);
        self.sandbox.upwalk(args.into_iter().chain(more))
    }

    /// Starts it on a screen.
    fn start(&self, columns: u16, rows: u16) -> Pty {
        let pty = Pty::start(&self.up(&[]), columns, rows);
        pty.wait_for("NOT STARTED");
        pty.send("S");
        pty
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.path(name)).unwrap_or_default()
    }
}

/// A plan of one step.
fn one_step(step: &str) -> String {
    format!(
        "upwalk: 1\nservice: hand\ntitle: One step\nvars:\n  here: {{ required: true, help: the \
         sandbox }}\nup:\n  - phase: Change\n    role: pre-deploy\n    steps:\n{step}        undo: {{ \
         none: it changes nothing }}\n"
    )
}

const FAILS: &str = "      - run: |\n          echo said once\n          exit 3\n        name: Fail once\n        dir: ${here}\n        env: { FLAVOUR: vanilla }\n";

#[test]
fn r23_a_shell_has_the_terminal_to_itself_and_is_recorded() {
    let walk = Walk::new(&one_step(FAILS));
    let pty = walk.start(80, 24);
    pty.wait_for("FAILED");
    pty.wait_for("! shell");
    support::pty::wait_idle(pty.pid());
    std::thread::park_timeout(std::time::Duration::from_millis(600));
    pty.send("!");
    pty.wait_for("[upwalk 1.1]");
    // The line editor: the cursor goes back, and what stands there is mended.
    pty.send("eco $FLAVOUR $PWD >edited\x01\x1b[C\x1b[Ch\x05\x1b[D\x1b[C\r");
    support::wait_until("the mended line has run", || {
        walk.text("edited").starts_with("vanilla")
    });
    // Ten kilobytes, among them every letter that would decide something on the screen.
    let letters = "R S U X p q ! \x1b[A".repeat(700);
    pty.send("cat >swallowed\r");
    pty.send(&letters.replace('\x1b', "").replace(' ', "\r"));
    pty.send("\r\x04");
    support::wait_until("all of it has arrived", || {
        walk.text("swallowed").len() > 7000
    });
    pty.send("exit 7\r");
    let screen = pty.wait_for("Back from the shell");
    assert!(screen.contains("FAILED"), "{screen}");
    assert!(screen.contains("exit code 7"), "{screen}");
    assert_eq!(walk.sandbox.events("ShellOpened", &["fail-once"]), 1);
    support::wait_until("its end is recorded", || {
        walk.sandbox.events("ShellLeft", &["\"code\":7"]) == 1
    });
    assert_eq!(
        walk.sandbox.events("QuestionAnswered", &[]),
        1,
        "the start alone"
    );
    assert_eq!(walk.sandbox.events("StepStarted", &[]), 1);
}

#[test]
fn the_pager_shows_the_raw_log_without_its_escapes_and_the_report_at_the_end() {
    let walk = Walk::new(&one_step(
        "      - run: printf 'one\\033]0;evil\\007two\\n'\n        name: Say it\n",
    ));
    let pty = walk.start(80, 24);
    pty.wait_for("FINISHED");
    pty.send("o");
    pty.wait_for("1.1 Say it: done");
    pty.wait_for("(END)");
    pty.send("q");
    pty.wait_for("FINISHED");
    pty.send("l");
    pty.wait_for("follow");
    pty.send("o");
    let screen = pty.wait_for("(END)");
    assert!(screen.contains("oneESC]0;evil^Gtwo"), "{screen}");
    let bytes = String::from_utf8_lossy(&pty.bytes()).into_owned();
    assert!(
        !bytes.contains("\x1b]0;evil"),
        "the log's escape has reached the terminal"
    );
}
