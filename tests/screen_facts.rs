//! What a person has before them is the case when they decide: facts are measured again while a warning
//! waits, what must not simply be done again is typed out, and the screen names process, clock and
//! company.
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

use support::pty::Pty;
use support::{Sandbox, wait_until};
use upwalk::shell::identity::host;

/// A typed warning with a fact that is read off a file, and a step that fails until another is there.
const PLAN: &str = r#"
upwalk: 1
service: shop
vars: { here: { required: true, help: the directory of the test } }
up:
  - phase: Change
    role: stage
    steps:
      - name: Work
        run: |
          echo $$ >>"$HERE/pids"
          until test -e "$HERE/gate" || ! test -d "$HERE"; do sleep 0.05; done
          test -e "$HERE/good"
        undo: { none: harmless }
        rerun: never
        warn:
          - id: drop
            text: It drops the entries.
            facts: { entries: cat "$HERE/entries", steady: echo 7 }
            confirm: { type: drop the entries }
"#;

/// A sandbox with the plan and 125 entries.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("shop.yaml"), PLAN).expect("the sandbox is ours");
    write(&sandbox, "entries", "125\n");
    sandbox
}

fn write(sandbox: &Sandbox, name: &str, text: &str) {
    std::fs::write(sandbox.path(name), text).expect("the sandbox is ours");
}

fn start(sandbox: &Sandbox, ui: &str, (columns, rows): (u16, u16)) -> Pty {
    let here = sandbox.path("").display().to_string();
    let here = format!("--set=here={}", here.trim_end_matches('/'));
    let mut up = sandbox.upwalk(["up", "./shop.yaml", &here, "--ui", ui]);
    up.env("TZ", "EAST-3");
    Pty::start(&up, columns, rows)
}

/// The screen with the warning, ready for keys.
fn at_the_warning(sandbox: &Sandbox, size: (u16, u16)) -> Pty {
    let screen = start(sandbox, "tui", size);
    screen.wait_for("NOT STARTED");
    screen.send("S");
    screen.wait_for("Nothing goes on until then.");
    screen
}

/// The screen with the step under way.
fn under_way(sandbox: &Sandbox, size: (u16, u16)) -> Pty {
    let screen = at_the_warning(sandbox, size);
    screen.send_slowly("drop the entries");
    screen.send("\r");
    screen.wait_for("1.1 RUNNING");
    screen
}

#[test]
fn a_fact_that_changes_while_its_box_is_open_is_shown_and_what_was_typed_waits() {
    let sandbox = shop();
    let screen = at_the_warning(&sandbox, (80, 24));
    screen.wait_for("entries 125");
    screen.send_slowly("drop the");
    let old = sandbox.run(["why"]);
    write(&sandbox, "entries", "999\n");
    let shown = screen.wait_for("entries has changed: it was 125.");
    assert!(shown.contains("entries  999"), "{shown}");
    assert!(
        shown.contains("> drop the"),
        "what was typed stays: {shown}"
    );
    assert!(!shown.contains("steady has"), "{shown}");
    assert_eq!(sandbox.events("QuestionAsked", &["\"drop\""]), 2);

    // A command that was copied from before names another question than the one that stands.
    let late = sandbox.type_line(&old.line_to_type("confirm"));
    assert_eq!(late.code, Some(4), "{late}");
    let why = "What was measured for this warning has changed since: read it again.";
    assert!(late.err.contains(why), "{late}");
    assert_eq!(sandbox.events("WarningConfirmed", &[]), 0);

    screen.wait_for("Nothing goes on until then.");
    screen.send_slowly(" entries");
    screen.send("\r");
    screen.wait_for("1.1 RUNNING");
    assert_eq!(sandbox.events("WarningConfirmed", &["\"drop\""]), 1);
}

#[test]
fn a_fact_that_changes_is_told_by_the_prompts_which_ask_on() {
    let sandbox = shop();
    let prompts = start(&sandbox, "plain", (80, 24));
    prompts.expect("Nothing has been changed");
    prompts.expect("as it is:");
    prompts.wait_idle();
    prompts.send("start\r");
    prompts.expect("Type exactly: drop the entries");
    prompts.expect("as it is:");
    let bells = || {
        let shown = String::from_utf8_lossy(&prompts.bytes()).into_owned();
        shown.matches('\x07').count()
    };
    let rung = bells();
    write(&sandbox, "entries", "999\n");
    prompts.expect("drop: \"entries\" has changed to 999; it was 125.");
    prompts.expect("Type exactly: drop the entries");
    prompts.expect("as it is:");
    prompts.wait_idle();
    assert_eq!(bells(), rung, "whoever was called is called once");
    prompts.send("drop the entries\r");
    prompts.expect("Work: starting");
}

#[test]
fn what_the_plan_forbids_to_run_again_is_typed_out_before_it_does() {
    let sandbox = shop();
    let screen = under_way(&sandbox, (80, 24));
    write(&sandbox, "gate", "");
    screen.wait_for("1.1 FAILED");
    screen.wait_for("Waiting for you.");
    write(&sandbox, "good", "");
    screen.send("R");
    screen.wait_for("To go on, type exactly:   retry 1.1 on");
    screen.wait_for("Type, then Enter.");
    screen.send_slowly("retry 1.2");
    screen.send("\r");
    screen.wait_for("Not the same: at character 9");
    assert_eq!(sandbox.events("StepStarted", &[]), 1);
    screen.send("\u{15}");
    screen.send_slowly(&format!("retry 1.1 on {}", host()));
    screen.send("\r");
    // Another attempt is asked for its consent anew.
    screen.wait_for("Nothing goes on until then.");
    screen.send_slowly("drop the entries");
    screen.send("\r");
    screen.wait_for("FINISHED");
    assert_eq!(sandbox.events("StepStarted", &[]), 2);
}

#[test]
fn the_screen_names_the_process_the_local_time_and_since_when_others_look() {
    let sandbox = shop();
    let screen = under_way(&sandbox, (120, 40));
    wait_until("the step has begun", || sandbox.path("pids").exists());
    let pids = std::fs::read_to_string(sandbox.path("pids")).expect("it wrote it");
    screen.wait_for(&format!("pid {}", pids.trim()));

    let clock = |shown: &str| {
        let row = shown.lines().next().unwrap_or_default().trim_end();
        let words: Vec<String> = row.split_whitespace().map(str::to_owned).collect();
        words.into_iter().rev().take(2).collect::<Vec<_>>()
    };
    screen.send("z");
    let shown = screen.wait_screen("the local clock", |shown| {
        clock(shown)[0].ends_with("+03:00")
    });
    let hour = |time: &str| time[..2].parse::<u32>().expect("two digits");
    let (local, utc) = (&clock(&shown)[0], &clock(&shown)[1]);
    assert_eq!((hour(utc) + 3) % 24, hour(local), "{utc} {local}");
    assert_eq!(utc[2..8], local[2..8], "{utc} {local}");
    screen.send("z");
    screen.wait_screen("UTC alone", |shown| clock(shown)[0].ends_with('Z'));

    let mut attach = sandbox.upwalk(["attach"]);
    attach.env("SUDO_USER", "berta");
    let second = Pty::start(&attach, 80, 24);
    second.wait_for("berta OBSERVER");
    screen.wait_screen("since when she looks", |shown| {
        shown
            .lines()
            .any(|row| row.contains("berta since ") && row.contains('Z'))
    });
}
