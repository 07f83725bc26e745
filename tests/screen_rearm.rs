//! Keys do not answer what is asked right after somebody else had the terminal (a shell, the pager)
//! or the controls: the question has to be seen again first (requirement 12 and section 3 of the
//! screens).
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

use std::time::{Duration, Instant};
use support::pty::Pty;
use support::{Sandbox, wait_until};

/// A step behind a gate, a warning to acknowledge, and a step that fails.
const PLAN: &str = r#"
upwalk: 1
service: shop
up:
  - phase: Preparation
    role: stage
    steps:
      - name: Gate
        run: echo at the gate; for i in $(seq 2400); do test -e "$HOME/gate" && exit 0; sleep 0.05; done; exit 9
        undo: { none: harmless }
      - name: Restart it
        run: echo restarted
        undo: { none: harmless }
        warn: [{ id: away, text: Visitors wait for ten seconds., confirm: ack }]
      - name: Fail
        run: echo tried; exit 7
        undo: { none: harmless }
"#;

/// What the screen says when keys count: at the warning, and at the failure or a warning set aside.
const ACK_ARMED: &str = "Nothing goes on until you acknowledge.";
const ARMED: &str = "Waiting for you.";

/// A sandbox with the plan, and a quiet time longer than any delay of a busy machine.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("shop.yaml"), PLAN).expect("the sandbox is ours");
    let dir = sandbox.path("home/.config/upwalk");
    std::fs::create_dir_all(&dir).expect("the sandbox is ours");
    let quiet = "confirm: { quiet: 2s }\n";
    std::fs::write(dir.join("config.yaml"), quiet).expect("the sandbox is ours");
    sandbox
}

fn open_gate(sandbox: &Sandbox) {
    std::fs::write(sandbox.path("home/gate"), "").expect("the sandbox is ours");
}

/// A screen of anna, on which the step at the gate is under way.
fn at_the_gate(sandbox: &Sandbox) -> Pty {
    let screen = Pty::start(
        sandbox
            .upwalk(["up", "./shop.yaml"])
            .env("SUDO_USER", "anna"),
        80,
        24,
    );
    screen.wait_for("NOT STARTED");
    screen.send("S");
    // The words of the command, not those of the step: the pager needs a log.
    screen.wait_screen("the step at its gate", |screen| {
        screen
            .lines()
            .any(|line| line.trim_end().ends_with("  at the gate"))
    });
    screen
}

/// The same at the warning, where keys count.
fn at_the_warning(sandbox: &Sandbox) -> Pty {
    let screen = at_the_gate(sandbox);
    open_gate(sandbox);
    screen.wait_for(ACK_ARMED);
    screen
}

/// The same at the failure.
fn at_the_failure(sandbox: &Sandbox) -> Pty {
    let screen = at_the_warning(sandbox);
    screen.send("a");
    screen.wait_for("1.3 FAILED");
    screen.wait_for(ARMED);
    screen
}

fn acks(sandbox: &Sandbox) -> usize {
    sandbox.events("WarningConfirmed", &["away"])
}

fn retries(sandbox: &Sandbox) -> usize {
    sandbox.events("QuestionAnswered", &["retry"])
}

/// What asks is drawn anew (the screen has asked for the cursor more often than `before`), and a key
/// does not count as long as the screen says so; then it does.
fn expect_armed_anew(screen: &Pty, before: usize, key: &str, count: &dyn Fn() -> usize) {
    screen.wait_asked(before);
    screen.send(key);
    screen.wait_for("keep still");
    screen.send(key);
    assert_eq!(count(), 0, "the key has counted");
    let shown = screen.wait_gone("keep still");
    assert_eq!(count(), 0, "a key from before has counted:\n{shown}");
    screen.send(key);
    wait_until("the key counts", || count() == 1);
}

#[test]
fn r12_a_failed_step_is_armed_anew_after_a_shell_and_after_the_pager() {
    let lent: [(&str, &str, &str); 2] = [("!", "[upwalk 1.3]", "exit\rRR"), ("o", "(END)", "qRR")];
    for (key, there, back) in lent {
        let sandbox = shop();
        let screen = at_the_failure(&sandbox);
        screen.send(key);
        screen.wait_for(there);
        let before = screen.asked();
        // What is typed behind the end was not meant for the question either.
        screen.send(back);
        expect_armed_anew(&screen, before, "R", &|| retries(&sandbox));
    }
}

#[test]
fn r12_a_warning_that_came_while_a_shell_or_the_pager_had_the_terminal_is_armed_after_it() {
    let lent: [(&str, &str, &str); 2] = [("!", "[upwalk 1.1]", "exit\raa"), ("o", "(END)", "qaa")];
    for (key, there, back) in lent {
        let sandbox = shop();
        let screen = at_the_gate(&sandbox);
        screen.send(key);
        screen.wait_for(there);
        let before = screen.asked();
        open_gate(&sandbox);
        wait_until("the warning waits", || {
            sandbox.events("QuestionAsked", &["away"]) == 1
        });
        screen.send(back);
        expect_armed_anew(&screen, before, "a", &|| acks(&sandbox));
    }
}

#[test]
fn r12_a_warning_that_was_set_aside_for_a_shell_is_armed_when_it_is_opened_again() {
    let sandbox = shop();
    let screen = at_the_warning(&sandbox);
    screen.send("\x07");
    screen.wait_for("read the warning");
    screen.wait_for(ARMED);
    screen.send("!");
    screen.wait_for("[upwalk 1.2]");
    screen.send("exit\r");
    screen.wait_for("Back from the shell");
    let mut before = 0;
    press_until(&screen, "\r", || {
        let open = screen.screen().contains("READ AND ACKNOWLEDGE");
        before = if open { before } else { screen.asked() };
        open
    });
    expect_armed_anew(&screen, before, "a", &|| acks(&sandbox));
}

#[test]
fn r12_a_warning_is_armed_anew_for_who_takes_the_controls_and_for_who_gets_them_back() {
    let sandbox = shop();
    let first = at_the_warning(&sandbox);
    let second = Pty::start(sandbox.upwalk(["attach"]).env("SUDO_USER", "berta"), 80, 24);
    second.wait_for("LOOKING ONLY.");
    let before = hand_over(&first, &second, "berta DRIVER");
    // She has seen it for long, but it was not hers to answer.
    second.wait_asked(before);
    second.send("a");
    second.wait_for("keep still");
    assert_eq!(acks(&sandbox), 0, "the key has counted");
    second.wait_gone("keep still");
    assert_eq!(acks(&sandbox), 0, "a key from before has counted");
    let before = hand_over(&second, &first, "anna DRIVER");
    expect_armed_anew(&first, before, "a", &|| acks(&sandbox));
}

/// Who asks gets the controls; says how often its screen had asked for the cursor before.
fn hand_over(from: &Pty, to: &Pty, done: &str) -> usize {
    let asked = "SOMEBODY ASKS FOR THE CONTROLS";
    press_until(to, "T", || from.screen().contains(asked));
    let before = to.asked();
    press_until(from, "y", || to.screen().contains(done));
    before
}

/// Presses a key until it has counted. Keys right after something came up are thrown away, and
/// nothing tells until when: each is pressed long after the one before.
fn press_until(screen: &Pty, key: &str, mut counts: impl FnMut() -> bool) {
    let mut pressed = Instant::now();
    wait_until("the key counts", || {
        let due = pressed.elapsed() > Duration::from_millis(2300);
        if due {
            screen.send(key);
            pressed = Instant::now();
        }
        counts()
    });
}
