//! What a run survives: a terminal that closes, a supervisor that is killed; and what a dry run does
//! to the machine, which is nothing.
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
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::pty::{Answers, Pty};
use support::{Said, Sandbox, skip_forbidden, skip_missing, wait_until};

/// A plan whose one step waits at a gate that the test opens.
const GATE: &str = r#"
upwalk: 1
service: gate
title: A step that waits
vars:
  gate: { required: true, help: the file that opens the gate }
  marks: { required: true, help: a line is added each time the step runs }
  status: { default: 0, help: what the step exits with }
up:
  - phase: Change
    role: pre-deploy
    steps:
      - run: |
          echo ran >>"$MARKS"
          echo "before the gate"
          until test -e "$GATE"; do sleep 0.05; done
          echo "behind the gate"
          exit "$STATUS"
        name: Wait at the gate
        undo: { none: it changes nothing }
  - phase: Verify
    role: verify
    steps:
      - check: test -e "$GATE"
        name: The gate is open
"#;

/// A sandbox with that plan.
struct Gate {
    sandbox: Sandbox,
    status: u8,
}

impl Gate {
    fn new(status: u8) -> Self {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.path("gate.yaml"), GATE).expect("the sandbox is ours");
        Self { sandbox, status }
    }

    fn up(&self, more: &[&str]) -> Command {
        let set = |name: &str, value: String| format!("--set={name}={value}");
        let path = |name: &str| self.sandbox.path(name).display().to_string();
        let args = [
            "up".to_owned(),
            path("gate.yaml"),
            set("gate", path("gate")),
            set("marks", path("marks")),
            set("status", self.status.to_string()),
        ];
        self.sandbox
            .upwalk(args.into_iter().chain(more.iter().map(ToString::to_string)))
    }

    /// Starts it without a screen, and returns when the step stands at the gate.
    fn start_unattended(&self) -> Child {
        let mut command = self.up(&["--ui", "none"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().expect("upwalk can be started");
        wait_until("the step stands at the gate", || {
            self.log().contains("before")
        });
        child
    }

    fn open(&self) {
        std::fs::write(self.sandbox.path("gate"), "").expect("the sandbox is ours");
    }

    /// A file of the step's one attempt.
    fn file(&self, end: &str) -> Option<PathBuf> {
        let runs = self.sandbox.runs();
        let entries = std::fs::read_dir(runs.first()?).ok()?;
        let paths = entries.flatten().map(|entry| entry.path());
        let name = format!("-wait-at-the-gate.1.{end}");
        paths
            .into_iter()
            .find(|path| path.to_string_lossy().ends_with(&name))
    }

    /// What the step has written so far.
    fn log(&self) -> String {
        let text = self
            .file("log")
            .and_then(|path| std::fs::read_to_string(path).ok());
        text.unwrap_or_default()
    }

    /// The step ran once and its log is whole.
    fn expect_ran_once(&self) {
        let marks = std::fs::read_to_string(self.sandbox.path("marks")).expect("the step has run");
        assert_eq!(marks, "ran\n");
        assert_eq!(self.log(), "before the gate\nbehind the gate\n");
        assert_eq!(self.sandbox.events("StepStarted", &["wait-at-the-gate"]), 1);
    }
}

#[test]
fn a_terminal_that_closes_ends_neither_the_step_nor_its_log() {
    let gate = Gate::new(0);
    let mut first = Pty::start(&gate.up(&[]), 80, 24);
    first.wait_for("NOT STARTED");
    first.send("S");
    first.wait_for("before the gate");
    let supervisor = gate.sandbox.supervisor();
    first.hang_up();
    first.wait();
    assert_eq!(
        gate.sandbox.supervisor(),
        supervisor,
        "the run has its supervisor still"
    );

    let mut second = Pty::start(&gate.sandbox.upwalk(["attach"]), 80, 24);
    second.wait_for("1.1 RUNNING Wait at the gate");
    second.wait_for("before the gate");
    gate.open();
    second.wait_for("FINISHED");
    second.send("q");
    assert_eq!(second.wait().code(), Some(0));
    gate.expect_ran_once();
}

#[test]
fn a_run_goes_on_to_its_end_while_nobody_looks() {
    let gate = Gate::new(0);
    let mut pty = Pty::start(&gate.up(&[]), 80, 24);
    pty.wait_for("NOT STARTED");
    pty.send("S");
    pty.wait_for("before the gate");
    pty.hang_up();
    pty.wait();
    gate.open();
    wait_until("the run has ended", || {
        gate.sandbox.events("RunFinished", &["done"]) == 1
    });
    gate.expect_ran_once();
    let said = gate.sandbox.run(["attach", "--ui", "none"]);
    assert_eq!(said.code, Some(0), "{said}");
}

/// Kills the supervisor while the step stands at the gate, lets the step end, and attaches.
fn after_a_killed_supervisor(gate: &Gate) -> Said {
    let mut front_end = gate.start_unattended();
    support::kill(gate.sandbox.supervisor(), Signal::KILL);
    wait_until("the supervisor is gone", || {
        gate.sandbox.processes().is_empty()
    });
    front_end.wait().expect("the front end is our child");
    assert!(
        gate.file("exit").is_none(),
        "the step still stands at the gate"
    );
    gate.open();
    wait_until("the step has ended", || gate.file("exit").is_some());
    assert!(
        gate.sandbox.processes().is_empty(),
        "it ended while no supervisor lived"
    );
    assert_eq!(gate.sandbox.events("CommandEnded", &[]), 0);
    gate.sandbox.run(["attach", "--ui", "none"])
}

#[test]
fn a_step_that_ends_well_while_no_supervisor_lives_is_done() {
    let gate = Gate::new(0);
    let said = after_a_killed_supervisor(&gate);
    assert_eq!(said.code, Some(0), "{said}");
    gate.expect_ran_once();
    assert_eq!(gate.sandbox.events("RunFinished", &["done"]), 1);
}

#[test]
fn a_step_that_fails_while_no_supervisor_lives_has_failed_with_its_status() {
    let gate = Gate::new(7);
    let said = after_a_killed_supervisor(&gate);
    assert_eq!(said.code, Some(5), "{said}");
    assert!(said.out.contains("exit code 7"), "{said}");
    gate.expect_ran_once();
    let stop = said.line_to_type("stop");
    let stopped = gate.sandbox.type_line(&format!("{stop} --wait"));
    assert_eq!(stopped.code, Some(5), "{stopped}");
}

/// The system calls of an `up` of the demonstration; none where this machine cannot trace.
fn traced(sandbox: &Sandbox, more: &[&str]) -> Option<Vec<String>> {
    let trace = sandbox.path("trace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-e", "trace=%process,%file,%network", "-o"])
        .arg(&trace);
    command
        .arg(env!("CARGO_BIN_EXE_upwalk"))
        .arg("up")
        .arg(sandbox.demo())
        .args(more);
    sandbox.settle(&mut command);
    let Ok(output) = command.stdin(Stdio::null()).output() else {
        skip_missing("strace");
        return None;
    };
    let err = String::from_utf8_lossy(&output.stderr);
    if err.contains("ptrace") && err.contains("not permitted") {
        skip_forbidden("ptrace");
        return None;
    }
    assert!(output.status.success(), "{err}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("remove-the-old-format"));
    let trace = std::fs::read_to_string(&trace).expect("strace has written");
    Some(
        trace
            .lines()
            .filter(|line| line.contains('('))
            .map(str::to_owned)
            .collect(),
    )
}

/// Those that start a process, change a file or open a connection.
fn doings(calls: &[String]) -> Vec<&String> {
    const DOING: [&str; 24] = [
        "fork(", "clone(", "clone3(", "O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "creat(",
        "mkdir", "rename", "unlink", "rmdir", " link(", "linkat(", "symlink", "mknod", "chmod",
        "chown", "truncate", "utime", "socket(", "connect(", "bind(", "sendto(",
    ];
    let started = calls.iter().filter(|call| call.contains("execve(")).skip(1);
    let other = calls
        .iter()
        .filter(|call| DOING.iter().any(|doing| call.contains(doing)));
    started.chain(other).collect()
}

#[test]
fn a_dry_run_starts_no_process_writes_nothing_and_opens_no_connection() {
    let sandbox = Sandbox::new();
    for format in ["--plan", "--plan=json", "--plan=markdown"] {
        let Some(calls) = traced(&sandbox, &[format]) else {
            return;
        };
        assert!(calls.len() > 10, "the trace is empty: {calls:?}");
        assert_eq!(doings(&calls), Vec::<&String>::new(), "{format}");
    }
    let state = std::fs::read_dir(sandbox.path("state")).expect("the sandbox has one");
    assert_eq!(state.count(), 0, "the state directory is as it was");
    // With --evaluate it runs commands that only look, so the trace must show them.
    let Some(calls) = traced(&sandbox, &["--plan", "--evaluate"]) else {
        return;
    };
    assert!(
        doings(&calls).iter().any(|call| call.contains("execve(")),
        "{calls:?}"
    );
}

#[test]
fn the_harness_shows_what_a_program_draws_and_sends_it_keys() {
    let mut command = Command::new("sh");
    command.env("PATH", "/usr/bin:/bin").args([
        "-c",
        r"printf '\033[2J\033[5;3Hhello'; stty size; test -t 0 && read -r word; printf '\033[6n'; echo got $word",
    ]);
    let mut pty = Pty::start(&command, 80, 24);
    let screen = pty.wait_for("24 80");
    assert_eq!(screen.lines().nth(4).map(|line| &line[2..7]), Some("hello"));
    pty.send("word\r");
    pty.wait_for("got word");
    assert!(pty.wait().success());
}

/// Asks twice where the cursor is, the first time torn, and prints the answers as letters.
const WHERE: &str = r"stty raw -echo
    printf '\033[3;4H\033[6'; sleep 0.1; printf 'n%s' 'beside it'
    dd bs=6 count=1 2>/dev/null | tr '\033' E
    printf '\033[5;6H\033[6n'
    dd bs=6 count=1 2>/dev/null | tr '\033' E
    echo over";

#[test]
fn the_harness_says_where_the_cursor_was_when_it_was_asked() {
    let mut command = Command::new("sh");
    command.env("PATH", "/usr/bin:/bin").args(["-c", WHERE]);
    let pty = Pty::start(&command, 80, 24);
    pty.answer(Answers::After(Duration::from_millis(200)));
    pty.wait_for("E[3;4R");
    pty.wait_for("E[5;6R");
    assert_eq!(pty.asked(), 2);

    let mute = Pty::start(&command, 80, 24);
    mute.answer(Answers::Never);
    mute.wait_asked(0);
    mute.send("\x1b[9;9R");
    mute.wait_for("E[9;9R");
    mute.wait_asked(1);
    mute.send("\x1b[8;8R");
    mute.wait_for("over");
}

#[test]
fn the_harness_hangs_up_like_a_window_that_closes() {
    let mut command = Command::new("sh");
    command
        .env("PATH", "/usr/bin:/bin")
        .args(["-c", "echo ready; read -r word"]);
    let mut pty = Pty::start(&command, 80, 24);
    pty.expect("ready");
    pty.hang_up();
    let status = pty.wait();
    assert!(!status.success(), "{status}");
}
