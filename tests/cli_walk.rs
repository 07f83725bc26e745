//! Whole walks through the command line: progress lines with the commands that upwalk prints
//! itself, and prompts answered by a script.
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

use std::io::Write as _;
use std::process::Stdio;
use support::pty::Pty;
use support::{Said, Sandbox};

/// A walk with a typed warning, a step that fails while a file is missing, a pause and a secret.
const PLAN: &str = r#"upwalk: 1
service: shop
version:
  detect: cat "$STATE/version"
  to: 2
vars:
  state: { required: true }
  password: { env: SHOP_PASSWORD, secret: true }
up:
  - phase: Pre-deployment
    role: pre-deploy
    steps:
      - run: echo "expanding with $PASSWORD"; test -f "$STATE/ready"
        name: Expand
        undo: echo shrinking
  - phase: Deploy
    role: deploy
    steps:
      - run: echo 2 > "$STATE/version"
        name: Switch
        undo: echo 1 > "$STATE/version"
  - phase: Post-deployment
    role: post-deploy
    warn:
      - id: drop
        text: Nothing brings the old column back.
        confirm: { type: "drop it on ${service}" }
    steps:
      - run: echo contracting
        name: Contract
        irreversible: the column is gone
"#;

/// A sandbox with the plan and the shop's state.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("plans/shop.yaml"), PLAN).expect("the sandbox is writable");
    std::fs::create_dir(sandbox.path("shop")).expect("the sandbox is writable");
    std::fs::write(sandbox.path("shop/version"), "1\n").expect("the sandbox is writable");
    sandbox
}

/// The arguments of `up` for the shop.
fn up_args(sandbox: &Sandbox) -> Vec<String> {
    let plan = sandbox.path("plans/shop.yaml").display().to_string();
    let state = format!("state={}", sandbox.path("shop").display());
    ["up".to_owned(), plan, "--set".to_owned(), state].to_vec()
}

/// `up` for the shop with the secret in the environment.
fn up(sandbox: &Sandbox, more: &[&str]) -> Said {
    let mut args = up_args(sandbox);
    args.extend(more.iter().map(|word| (*word).to_owned()));
    let mut command = sandbox.upwalk(args);
    command.env("SHOP_PASSWORD", "tr0ub4dor");
    support::said(
        &command
            .stdin(Stdio::null())
            .output()
            .expect("upwalk can be started"),
    )
}

/// `up` for the shop with everything accepted that the refusal names.
fn up_accepted(sandbox: &Sandbox) -> Said {
    let refused = up(sandbox, &[]);
    assert_eq!(refused.code, Some(4), "{refused}");
    assert_eq!(sandbox.runs(), Vec::<std::path::PathBuf>::new());
    let accepts = support::accepts(&refused.err);
    let accepts: Vec<&str> = accepts.iter().map(String::as_str).collect();
    up(sandbox, &accepts)
}

#[test]
fn a_walk_without_a_person_follows_the_commands_that_it_prints() {
    let sandbox = shop();
    let failed = up_accepted(&sandbox);
    assert_eq!(failed.code, Some(5), "{failed}");
    assert!(failed.out.contains("expanding with ***"), "{failed}");
    assert!(!failed.to_string().contains("tr0ub4dor"), "{failed}");
    let log = sandbox.run(["log"]);
    assert_eq!(log.out, "expanding with ***\n");
    assert_eq!(sandbox.run(["status", "--exit-code"]).code, Some(5));
    assert_eq!(sandbox.run(["attach"]).code, Some(5));

    std::fs::write(sandbox.path("shop/ready"), "").expect("the sandbox is writable");
    let retry = failed.line_to_type("retry");
    let parked = sandbox.type_line(&format!("{retry} --wait"));
    assert_eq!(parked.code, Some(4), "{parked}");
    let twice = sandbox.type_line(&retry);
    assert_eq!(
        twice.code,
        Some(4),
        "the question was answered already: {twice}"
    );
    assert!(twice.err.contains("answered already"), "{twice}");
    assert_eq!(sandbox.run(["status", "--exit-code"]).code, Some(4));

    let why = sandbox.run(["why", "shop"]);
    assert_eq!(
        why.line_to_type("continue"),
        parked.line_to_type("continue")
    );
    assert_eq!(sandbox.run(["note", "looks good"]).code, Some(0));
    let done = sandbox.type_line(&format!("{} --wait", parked.line_to_type("continue")));
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(sandbox.events("WarningConfirmed", &["drop", "accepted"]), 1);
    assert_eq!(sandbox.events("NoteAdded", &["looks good"]), 1);
    assert!(!sandbox.journal().contains("tr0ub4dor"));

    let again = sandbox.run(["attach", "shop"]);
    assert_eq!(again.code, Some(0), "{again}");
    assert_eq!(sandbox.run(["status", "--motd"]).out, "");
    assert!(sandbox.run(["runs", "shop"]).out.contains("done"));
    let late = sandbox.run(["retry", "--at", "1"]);
    assert_eq!(late.code, Some(4), "{late}");
    let nothing = up(&sandbox, &[]);
    assert!(nothing.out.contains("Nothing to do"), "{nothing}");
    assert_eq!(nothing.code, Some(0));
}

#[test]
fn another_run_of_the_service_is_named_and_the_same_one_attached() {
    let sandbox = shop();
    let failed = up_accepted(&sandbox);
    let same = up(&sandbox, &[]);
    assert_eq!(same.code, Some(5), "{same}");
    assert!(same.err.contains("is open already"), "{same}");
    assert_eq!(same.line_to_type("retry"), failed.line_to_type("retry"));
    let other = up(&sandbox, &["--to", "3"]);
    assert_eq!(other.code, Some(7), "{other}");
    for words in [
        "-shop-up of this service is open",
        "it was begun at",
        "hint: upwalk attach",
    ] {
        assert!(other.err.contains(words), "{other}");
    }
    assert_eq!(sandbox.runs().len(), 1);
}

#[test]
fn a_stopped_run_is_left_as_it_is_and_the_next_one_opens_with_a_warning() {
    let sandbox = shop();
    let failed = up_accepted(&sandbox);
    let stop = format!("{} --because 'another day'", failed.line_to_type("stop"));
    let stopped = sandbox.type_line(&format!("{stop} --wait"));
    assert_eq!(stopped.code, Some(5), "{stopped}");
    assert_eq!(sandbox.run(["attach"]).code, Some(5));
    assert_eq!(sandbox.run(["status", "--exit-code"]).code, Some(0));
    let next = up(&sandbox, &[]);
    assert_eq!(next.code, Some(4), "{next}");
    assert!(next.err.contains("stopped:"), "{next}");
    assert_eq!(sandbox.runs().len(), 1);
}

#[test]
fn a_stopped_run_can_still_be_rolled_back_once() {
    let sandbox = shop();
    let failed = up_accepted(&sandbox);
    let stopped = sandbox.type_line(&format!("{} --wait", failed.line_to_type("stop")));
    assert_eq!(stopped.code, Some(5), "{stopped}");
    let late = sandbox.run(["rollback", "shop", "--at", "1"]);
    assert_eq!(late.code, Some(4), "{late}");
    assert!(late.err.contains("asks nothing"), "{late}");
    let back = sandbox.run(["rollback", "shop", "--because", "no good", "--wait"]);
    assert_eq!(back.code, Some(6), "{back}");
    assert_eq!(sandbox.events("RunReopened", &[]), 1);
    let twice = sandbox.run(["rollback", "shop"]);
    assert_eq!(twice.code, Some(4), "{twice}");
    assert!(twice.err.contains("taken back already"), "{twice}");
    let next = up(&sandbox, &[]);
    assert!(
        !next.err.contains("stopped:"),
        "nothing is left open: {next}"
    );
}

/// `up` with prompts, its answers from a pipe.
fn prompts(sandbox: &Sandbox, answers: &str) -> Said {
    let mut args = up_args(sandbox);
    args.extend(["--ui", "plain"].map(str::to_owned));
    let mut command = sandbox.upwalk(args);
    command
        .env("SHOP_PASSWORD", "tr0ub4dor")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("upwalk can be started");
    let mut input = child.stdin.take().expect("it has an input");
    input.write_all(answers.as_bytes()).expect("it reads");
    drop(input);
    support::said(&child.wait_with_output().expect("upwalk ends"))
}

#[test]
fn prompts_take_whole_answers_and_the_end_of_input_is_never_a_yes() {
    let sandbox = shop();
    std::fs::write(sandbox.path("shop/ready"), "").expect("the sandbox is writable");
    let said = prompts(&sandbox, "");
    assert_eq!(said.code, Some(4), "{said}");
    assert!(said.out.contains("upwalk attach shop"), "{said}");
    assert_eq!(sandbox.events("StepStarted", &[]), 0);

    let said = prompts(&sandbox, "start\ncontinue\ndrop it on shp\ndrop it on shop");
    assert_eq!(said.code, Some(4), "the last line was not ended: {said}");
    assert!(
        said.out.contains("First difference at character 14"),
        "{said}"
    );
    assert_eq!(sandbox.events("WarningConfirmed", &[]), 0);

    let said = prompts(&sandbox, "drop it on shop\n");
    assert_eq!(said.code, Some(0), "{said}");
    assert_eq!(sandbox.events("WarningConfirmed", &["typed"]), 1);
    let long = said.out.lines().find(|line| line.len() > 200);
    assert_eq!(long, None);
    assert!(said.out.is_ascii());
}

#[test]
fn yes_is_no_answer_however_often_it_comes() {
    let sandbox = shop();
    let said = prompts(&sandbox, &"yes\n".repeat(100));
    assert_eq!(said.code, Some(4), "{said}");
    assert!(said.out.contains("\"yes\" is not an answer here"), "{said}");
    assert_eq!(sandbox.events("StepStarted", &[]), 0);
}

#[test]
fn ctrl_c_leaves_the_prompts_and_the_run_stays() {
    let sandbox = shop();
    let mut args = up_args(&sandbox);
    args.extend(["--ui", "plain"].map(str::to_owned));
    let mut pty = Pty::start(&sandbox.upwalk(args), 80, 24);
    pty.expect("as it is:");
    pty.send("\u{3}");
    assert_eq!(pty.wait().code(), Some(130));
    let why = sandbox.run(["why"]);
    assert!(why.out.contains("Nothing has been changed"), "{why}");
}

#[test]
fn a_second_one_looks_until_it_takes_the_controls() {
    let sandbox = shop();
    let mut args = up_args(&sandbox);
    args.extend(["--ui", "plain"].map(str::to_owned));
    let mut first = Pty::start(&sandbox.upwalk(args), 80, 24);
    first.expect("as it is:");
    let attach = ["attach", "--ui", "plain"];
    let mut second = Pty::start(&sandbox.upwalk(attach), 80, 24);
    second.expect("has the controls");
    second.expect("as it is:");
    second.send("start\r");
    second.expect("as it is:");
    assert_eq!(sandbox.events("StepStarted", &[]), 0);
    second.send("take the controls\r");
    first.expect("has the controls");
    second.expect("as it is:");
    second.send("stop\r");
    second.expect("choose again:");
    second.send("stop now\r");
    second.expect("it never began");
    assert_eq!(second.wait().code(), Some(5));
    assert_eq!(first.wait().code(), Some(5));
}

/// The shop with a first step that waits for a file.
fn slow_shop() -> Sandbox {
    let sandbox = shop();
    let slow = "run: while ! test -f \"$STATE/ready\"; do sleep 0.05; done; echo ready";
    let plan = PLAN.replace(
        "run: echo \"expanding with $PASSWORD\"; test -f \"$STATE/ready\"",
        slow,
    );
    std::fs::write(sandbox.path("plans/shop.yaml"), plan).expect("the sandbox is writable");
    sandbox
}

#[test]
fn a_signal_ends_the_front_end_and_not_the_run() {
    use rustix::process::Signal;
    let sandbox = slow_shop();
    let refused = up(&sandbox, &[]);
    let mut args = up_args(&sandbox);
    args.extend(support::accepts(&refused.err));
    let mut begin = sandbox.upwalk(&args);
    let mut attach = sandbox.upwalk(["attach", "--ui", "none"]);
    for (command, signal, code) in [
        (&mut begin, Signal::TERM, 143),
        (&mut attach, Signal::HUP, 129),
    ] {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.spawn().expect("upwalk can be started");
        support::wait_until("the step runs and is followed", || {
            let pid = child.id();
            let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
            let catches = status.is_ok_and(|status| caught(&status, signal));
            catches && has_started(&sandbox)
        });
        support::kill(i32::try_from(child.id()).expect("a pid"), signal);
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(code));
    }
    let paused = sandbox.run(["pause"]);
    assert_eq!(paused.code, Some(0), "{paused}");
    std::fs::write(sandbox.path("shop/ready"), "").expect("the sandbox is writable");
    let log = sandbox.run(["log", "--of", "expand", "-f"]);
    assert_eq!(log.out, "ready\n");
    let halted = sandbox.run(["attach", "--ui", "none"]);
    assert_eq!(halted.code, Some(4), "{halted}");
    assert!(halted.out.contains("somebody asked for it"), "{halted}");
    let parked = sandbox.type_line(&format!("{} --wait", halted.line_to_type("continue")));
    assert_eq!(parked.code, Some(4), "{parked}");
    assert_eq!(sandbox.events("StepStarted", &["expand"]), 1);
}

/// Whether the only run's first step has begun.
fn has_started(sandbox: &Sandbox) -> bool {
    let runs = sandbox.runs();
    let journal = runs.first().map(|run| run.join("journal.jsonl"));
    journal.is_some_and(|journal| journal.exists()) && sandbox.events("StepStarted", &[]) == 1
}

/// Whether the step's shim has noted its command.
fn has_pid(sandbox: &Sandbox) -> bool {
    let files = std::fs::read_dir(sandbox.run_dir()).expect("the run has a directory");
    let mut names = files.flatten().map(|file| file.path());
    names.any(|path| path.extension().is_some_and(|kind| kind == "pid"))
}

/// Whether a process catches this signal, by its `/proc/PID/status`.
fn caught(status: &str, signal: rustix::process::Signal) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal.as_raw() - 1)) != 0)
}

#[test]
fn a_dead_supervisor_is_said_and_started_again() {
    let sandbox = slow_shop();
    let refused = up(&sandbox, &[]);
    let mut args = up_args(&sandbox);
    args.extend(support::accepts(&refused.err));
    let child = sandbox
        .upwalk(&args)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("upwalk can be started");
    support::wait_until("the step runs", || {
        has_started(&sandbox) && has_pid(&sandbox)
    });
    support::kill(sandbox.supervisor(), rustix::process::Signal::KILL);
    let lost = support::said(&child.wait_with_output().expect("it ends"));
    assert_eq!(lost.code, Some(1), "{lost}");
    assert!(lost.err.contains("hint: upwalk attach"), "{lost}");
    // Its sockets close one after the other.
    support::wait_until("nobody serves the run", || {
        sandbox.run(["status"]).out.contains("No supervisor")
    });
    std::fs::write(sandbox.path("shop/ready"), "").expect("the sandbox is writable");
    let started = sandbox.run(["attach", "--all"]);
    assert_eq!(started.code, Some(0), "{started}");
    let parked = sandbox.run(["attach", "--ui", "none"]);
    assert_eq!(parked.code, Some(4), "{parked}");
    assert_eq!(sandbox.events("StepStarted", &["expand"]), 1);
}
