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

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use support::pty::Pty;
use support::{Said, Sandbox};

/// What has to be typed before the point of no return.
const PHRASE: &str = "remove the old format";

#[test]
fn the_plan_is_valid_and_asks_for_nothing_that_cannot_be_executed_yet() {
    support::expect_valid_plan("plans/demo.yaml");
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

/// `up` of the demonstration without a screen, everything accepted that the dry run lists.
fn up_unattended(sandbox: &Sandbox, sets: &[&str]) -> Said {
    let plan = sandbox.demo();
    let plan = plan.to_str().expect("the sandbox's path is text");
    let with = |more: &[&str]| sandbox.run([&["up", plan], sets, more].concat());
    let shown = with(&["--plan"]);
    assert_eq!(shown.code, Some(0), "{shown}");
    let accepts = support::accepts(&shown.out);
    assert_eq!(
        accepts.len(),
        4,
        "an ack and a typed warning are to be accepted: {shown}"
    );
    let accepts: Vec<&str> = accepts.iter().map(String::as_str).collect();
    with(&[&["--ui", "none"], accepts.as_slice()].concat())
}

/// At the pause: types the line that upwalk prints until the pause may end.
fn continue_past_the_pause(sandbox: &Sandbox, stopped: &Said) -> Said {
    assert_eq!(stopped.code, Some(4), "{stopped}");
    assert_eq!(sandbox.events("PauseEntered", &[]), 1, "{stopped}");
    let line = format!("{} --wait", stopped.line_to_type("continue"));
    let mut said = sandbox.type_line(&line);
    assert_eq!(
        said.code,
        Some(4),
        "before the earliest time it is refused: {said}"
    );
    support::wait_until("the pause may end", || {
        std::thread::park_timeout(std::time::Duration::from_millis(500));
        said = sandbox.type_line(&line);
        sandbox.events("PauseLeft", &[]) == 1
    });
    said
}

/// What holds after a walk to the end.
fn expect_finished(sandbox: &Sandbox) {
    assert_eq!(
        sandbox.events("RunFinished", &["done"]),
        1,
        "{}",
        sandbox.journal()
    );
    let guestbook = |what: &[&str]| {
        let mut command = Command::new("sh");
        command
            .arg(sandbox.path("plans/demo/guestbook.sh"))
            .args(what);
        sandbox.settle(&mut command);
        command.env("RUN_DIR", sandbox.run_dir());
        let output = command.output().expect("a shell can be started");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(guestbook(&["ask", "version"]), "2");
    assert_eq!(guestbook(&["lost"]), "0");
    assert_eq!(guestbook(&["count"]), "126");
    support::wait_until("the supervisor has ended", || {
        sandbox.processes().is_empty()
    });
}

#[test]
fn without_a_screen_it_finishes_by_the_commands_that_upwalk_prints() {
    let sandbox = Sandbox::new();
    let stopped = up_unattended(&sandbox, &[]);
    let finished = continue_past_the_pause(&sandbox, &stopped);
    assert_eq!(finished.code, Some(0), "{finished}");
    expect_finished(&sandbox);
}

#[test]
fn without_a_screen_nothing_starts_while_a_warning_is_not_accepted() {
    let sandbox = Sandbox::new();
    let plan = sandbox.demo();
    let said = sandbox.run([
        "up".as_ref(),
        plan.as_os_str(),
        "--ui".as_ref(),
        "none".as_ref(),
    ]);
    assert_eq!(said.code, Some(4), "{said}");
    for id in ["restart", "remove-the-old-format"] {
        assert!(said.err.contains(id), "{said}");
    }
    assert_eq!(sandbox.runs(), Vec::<std::path::PathBuf>::new(), "{said}");
}

#[test]
fn a_failed_step_can_be_retried() {
    let sandbox = Sandbox::new();
    let failed = up_unattended(&sandbox, &["--set", "fail=1", "--set", "pace=0"]);
    assert_eq!(failed.code, Some(5), "{failed}");
    let log = sandbox.run(["log"]);
    let touch = log
        .out
        .lines()
        .find_map(|line| line.split_once("touch "))
        .expect("it says how");
    std::fs::write(touch.1.trim(), "").expect("the guestbook is writable");
    let retry = format!("{} --wait", failed.line_to_type("retry"));
    let stopped = sandbox.type_line(&retry);
    let finished = continue_past_the_pause(&sandbox, &stopped);
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(sandbox.events("StepStarted", &["\"reserve\""]), 2);
    expect_finished(&sandbox);
}

#[test]
fn a_failed_step_can_be_skipped() {
    let sandbox = Sandbox::new();
    let failed = up_unattended(&sandbox, &["--set", "fail=1", "--set", "pace=0"]);
    let skip = failed
        .line_to_type("skip")
        .replace("WHY", "nothing needs the room");
    let stopped = sandbox.type_line(&format!("{skip} --wait"));
    let finished = continue_past_the_pause(&sandbox, &stopped);
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(
        sandbox.events("StepSkipped", &["\"reserve\"", "nothing needs the room"]),
        1
    );
    expect_finished(&sandbox);
}

#[test]
fn a_failed_step_can_be_rolled_back_and_nothing_is_left() {
    let sandbox = Sandbox::new();
    let failed = up_unattended(&sandbox, &["--set", "fail=1", "--set", "pace=0"]);
    let rollback = format!("{} --wait", failed.line_to_type("rollback"));
    let said = sandbox.type_line(&rollback);
    assert_eq!(said.code, Some(6), "{said}");
    let undone: Vec<String> = sandbox
        .journal()
        .lines()
        .filter(|line| line.contains("\"UndoStarted\""))
        .filter_map(|line| {
            Some(
                line.split_once("\"step\":\"")?
                    .1
                    .split_once('"')?
                    .0
                    .to_owned(),
            )
        })
        .collect();
    assert_eq!(undone, ["reserve", "expand", "install", "open"]);
    assert!(!sandbox.run_dir().join("guestbook").exists());
    support::wait_until("the supervisor has ended", || {
        sandbox.processes().is_empty()
    });
}

#[test]
fn after_the_switch_it_can_still_be_rolled_back() {
    let sandbox = Sandbox::new();
    let stopped = up_unattended(&sandbox, &["--set", "pace=0"]);
    assert_eq!(stopped.code, Some(4), "{stopped}");
    let rollback = format!("{} --wait", stopped.line_to_type("rollback"));
    let said = sandbox.type_line(&rollback);
    assert_eq!(said.code, Some(6), "{said}");
    assert!(!sandbox.run_dir().join("guestbook").exists());
}

/// `up` with numbered prompts, on a terminal.
fn prompts(sandbox: &Sandbox, plan: &Path, more: &[&str]) -> Pty {
    let args = [
        "up".as_ref(),
        plan.as_os_str(),
        "--ui".as_ref(),
        "plain".as_ref(),
    ];
    let more = more.iter().map(|word| OsStr::new(*word));
    Pty::start(&sandbox.upwalk(args.into_iter().chain(more)), 80, 24)
}

/// Waits for a question of the prompts, and answers it.
fn answer(pty: &Pty, question: &str, line: &str) {
    pty.expect(question);
    pty.expect("as it is:");
    pty.wait_idle();
    pty.send(&format!("{line}\r"));
}

#[test]
fn numbered_prompts_walk_it_to_the_end() {
    let sandbox = Sandbox::new();
    let mut pty = prompts(&sandbox, &sandbox.demo(), &["--set", "pace=0"]);
    answer(&pty, "Nothing has been changed", "start");
    answer(&pty, "WARNING W2 (restart)", "ack W2");
    answer(&pty, "Soak on version 2", "continue");
    // It is too early, so a phrase and a reason are asked for.
    let phrase = format!("continue early on {}", upwalk::shell::identity::host());
    pty.expect(&format!("Type exactly: {phrase}"));
    pty.expect("to choose again:");
    pty.wait_idle();
    pty.send(&format!("{phrase}\r"));
    pty.expect("Type the reason");
    pty.wait_idle();
    pty.send("a test does not wait\r");
    answer(&pty, &format!("Type exactly: {PHRASE}"), PHRASE);
    pty.expect("done");
    assert_eq!(pty.wait().code(), Some(0));
    let shown = pty.bytes();
    let ascii = |byte: &u8| (b' '..=b'~').contains(byte) || b"\r\n\x07".contains(byte);
    let foreign = shown.iter().find(|byte| !ascii(byte));
    assert_eq!(foreign, None, "prompts are plain ASCII without escapes");
    expect_finished(&sandbox);
}

#[test]
fn numbered_prompts_want_no_reason_once_a_pause_has_lasted_long_enough() {
    let sandbox = Sandbox::new();
    let plan = sandbox.path("plans/brief.yaml");
    let text = "upwalk: 1\nservice: brief\nup: [{ pause: Rest, min: 2s }]\n";
    std::fs::write(&plan, text).expect("the sandbox is writable");
    let mut pty = prompts(&sandbox, &plan, &[]);
    answer(&pty, "Nothing has been changed", "start");
    pty.expect("at the earliest");
    support::wait_until("the pause may end", || {
        !sandbox.run(["why"]).to_string().contains("at the earliest")
    });
    pty.expect("as it is:");
    pty.wait_idle();
    pty.send("continue\r");
    assert_eq!(pty.wait().code(), Some(0));
    assert_eq!(sandbox.events("QuestionAnswered", &["\"early\":false"]), 1);
}

/// Walks the demonstration on the screen, answering as a person does.
fn on_the_screen(columns: u16, rows: u16) {
    let sandbox = Sandbox::new();
    let plan = sandbox.demo();
    let mut pty = Pty::start(
        &sandbox.upwalk(["up".as_ref(), plan.as_os_str()]),
        columns,
        rows,
    );
    pty.wait_for("NOT STARTED");
    pty.send("S");
    pty.wait_for("Convert the entries");
    pty.wait_for("Nothing goes on until you acknowledge.");
    pty.send("a");
    pty.wait_for("You may continue whenever you are ready");
    pty.send("C");
    pty.wait_for("Nothing goes on until then.");
    pty.send_slowly(PHRASE);
    pty.send("\r");
    pty.wait_for("FINISHED");
    pty.send("q");
    assert_eq!(pty.wait().code(), Some(0));
    expect_finished(&sandbox);
}

#[test]
fn on_a_screen_of_80_by_24_it_walks_to_the_end() {
    on_the_screen(80, 24);
}

#[test]
fn on_a_screen_of_120_by_40_it_walks_to_the_end() {
    on_the_screen(120, 40);
}

/// The demonstration on the screen, at the step that was made to fail.
fn failed_on_the_screen(sandbox: &Sandbox) -> Pty {
    let plan = sandbox.demo().display().to_string();
    let command = sandbox.upwalk(["up", &plan, "--set", "fail=1", "--set", "pace=0"]);
    let pty = Pty::start(&command, 80, 24);
    pty.wait_for("NOT STARTED");
    pty.send("S");
    pty.wait_for("3.2 FAILED");
    pty.wait_for("the quota is 32 KiB");
    pty.wait_for("Waiting for you.");
    pty
}

#[test]
fn on_the_screen_a_failed_step_is_retried_and_skipped_over() {
    let sandbox = Sandbox::new();
    let pty = failed_on_the_screen(&sandbox);
    pty.send("R");
    support::wait_until("it has run again", || {
        sandbox.events("StepStarted", &["\"reserve\""]) == 2
    });
    pty.wait_for("attempt 2");
    pty.wait_for("Waiting for you.");
    pty.send("S");
    pty.wait_for("To go on, type exactly:   skip 3.2 on ");
    pty.wait_for("Type, then Enter.");
    pty.send_slowly("skip 3.2");
    pty.send("\r");
    pty.wait_for("at character 9 it ends too soon");
    pty.send_slowly(&format!(" on {}", upwalk::shell::identity::host()));
    pty.send("\r");
    pty.wait_for("Why (kept in the record)");
    pty.wait_for("Type, then Enter.");
    pty.send_slowly("nothing needs the room");
    pty.send("\r");
    pty.wait_for("Nothing goes on until you acknowledge.");
    assert_eq!(
        sandbox.events("StepSkipped", &["\"reserve\"", "nothing needs the room"]),
        1
    );
}

#[test]
fn on_the_screen_a_failed_step_is_rolled_back() {
    let sandbox = Sandbox::new();
    let mut pty = failed_on_the_screen(&sandbox);
    pty.send("U");
    pty.wait_for("2.1 Open the guestbook");
    pty.wait_for("Type, then Enter.");
    pty.send_slowly("a test");
    pty.send("\r");
    pty.wait_for("ROLLED BACK");
    pty.send("q");
    assert_eq!(pty.wait().code(), Some(6));
    assert!(!sandbox.run_dir().join("guestbook").exists());
}
