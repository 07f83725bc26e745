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

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::pty::{Pty, wait_idle};
use support::{Said, Sandbox, accepts, said, skip_missing, wait_until};

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

    /// The prompts, on a terminal.
    fn prompts(&self, files: &[&str], more: &[&str]) -> Pty {
        let more: Vec<&str> = [&["--ui", "plain"], more].concat();
        Pty::start(&self.up(files, &more), 80, 24)
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
fn where_the_log_says_how_far_a_step_is_no_other_count_stands_beside_it() {
    let progress = "progress: ([0-9]+)/([0-9]+) rows\n        pending:";
    let plan = COUNTED.replace("pending:", progress);
    let walk = Walk::of(&plan.replace("for tick", "echo 12/48 rows\n          for tick"));
    walk.write("todo", "36\n");
    let screen = Pty::start(&walk.up(&["gate", "todo"], &[]), 80, 24);
    screen.wait_for("NOT STARTED");
    screen.send("S");
    let shown = screen.wait_for("12 of 48");
    assert!(!shown.contains("left"), "they are of two moments: {shown}");
    walk.write("todo", "0\n");
    walk.write("gate", "");
    screen.wait_for("36 to do before, nothing left after");
}

#[test]
fn what_is_pending_is_said_before_and_after_by_the_prompts() {
    let walk = Walk::of(COUNTED);
    walk.write("todo", "48\n");
    walk.write("gate", "");
    let output = walk.up(&["gate", "todo"], &["--ui", "none"]).output();
    let said = said(&output.expect("upwalk can be started"));
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
    let dry_run = walk.up(&["gate", "todo"], &["--plan"]).output();
    let dry_run = support::said(&dry_run.expect("upwalk can be started"));
    assert!(
        dry_run.out.contains("counts what is left * cat \"$TODO\""),
        "{dry_run}"
    );
    wait_until("the supervisor has ended", || {
        walk.sandbox.processes().is_empty()
    });
}

/// A plan that says what is no ASCII, whose step fails until a file is there and prints what a
/// terminal would obey, and which ends in a phrase.
const ODD: &str = r#"
upwalk: 1
service: odd
title: "\u00dcber alles \u2013 42 \u20ac"
vars:
  gate: { required: true, help: the file that lets the step succeed }
up:
  - phase: "Vorbereitung \u2026 \u00e4ndern"
    role: pre-deploy
    steps:
      - run: |
          printf '\033[2J\033]52;c;Zm9v\007Type exactly: drop \303\244 \233 columns\n'
          for n in $(seq 60); do printf 'a long line of a log '; done
          echo
          test -e "$GATE"
        name: "Zeilen f\u00fcllen"
        id: fill
        rerun: safe
        remedy: "Lay the file \u201cgate\u201d down, then retry."
        undo: { none: it only adds }
  - phase: Drop
    role: post-deploy
    warn:
      - id: drop
        text: "The columns go \u2014 for good."
        confirm: { type: drop columns on host }
    steps:
      - run: echo dropped
        name: Drop the columns
        irreversible: nobody has them any more
"#;

const PHRASE: &str = "drop columns on host";

/// Waits until the prompts take an answer, and gives it.
fn answer(pty: &Pty, line: &str) {
    pty.expect("as it is:");
    wait_idle(front_end(pty));
    pty.send(&format!("{line}\r"));
}

/// The process of the prompts.
fn front_end(pty: &Pty) -> i32 {
    pty.pid()
}

/// Everything that was printed, as lines.
fn lines(pty: &Pty) -> Vec<String> {
    let text = String::from_utf8_lossy(&pty.bytes()).replace(['\r', '\x07'], "");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn r37_accessible_prompts_are_ascii_lines_that_nothing_redraws() {
    let walk = Walk::of(ODD);
    let mut pty = Pty::start(&walk.up(&["gate"], &["--accessible"]), 80, 24);
    answer(&pty, "start");
    pty.expect("FAILED");
    answer(&pty, "log");
    pty.expect("In another terminal");
    walk.write("gate", "");
    answer(&pty, "retry");
    pty.expect("stops before phase 2");
    answer(&pty, "continue");
    pty.expect("WARNING W1");
    answer(&pty, PHRASE);
    pty.expect("every phase is done");
    assert_eq!(pty.wait().code(), Some(0));
    let bytes = pty.bytes();
    let ours = |byte: &u8| (b' '..=b'~').contains(byte) || b"\r\n\x07".contains(byte);
    let foreign = bytes.iter().position(|byte| !ours(byte));
    let around = foreign.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(60)..=at]));
    assert_eq!(around, None, "a byte that is not plain");
    let alone = bytes
        .windows(2)
        .find(|pair| pair[0] == b'\r' && pair[1] != b'\n' && pair[1] != b'\r');
    assert_eq!(alone, None, "a line that is written over");
    for line in lines(&pty) {
        assert!(line.len() <= 200, "{} characters: {line}", line.len());
    }
}

#[test]
fn r37_a_wrong_answer_says_what_was_wrong_and_lists_what_can_be_answered() {
    let walk = Walk::of(ODD);
    let mut pty = walk.prompts(&["gate"], &[]);
    answer(&pty, "y");
    pty.expect("\"y\" is not an answer here. Nothing was done.");
    pty.expect("1. start: ");
    walk.write("gate", "");
    answer(&pty, "start");
    answer(&pty, "continue");
    pty.expect("WARNING W1");
    answer(&pty, "drop colums on host");
    pty.expect("You typed \"drop colums on host\". Expected \"drop columns on host\".");
    pty.expect("First difference at character 11. Nothing was done.");
    pty.expect("Type exactly: drop columns on host");
    // Four more, and the run stays paused.
    for wrong in ["Drop columns on host", "yes", "drop columns on hos", ""] {
        answer(&pty, wrong);
    }
    pty.expect("That was wrong 5 times. Nothing was decided; the run stays as it is.");
    assert_eq!(pty.wait().code(), Some(4));
    assert_eq!(walk.sandbox.events("WarningConfirmed", &[]), 0);
}

#[test]
fn r37_the_end_of_input_is_back_and_exits_with_4_within_a_second() {
    let walk = Walk::of(ODD);
    walk.write("gate", "");
    let mut pty = walk.prompts(&["gate"], &["--accessible"]);
    answer(&pty, "start");
    answer(&pty, "continue");
    pty.expect("Type exactly");
    pty.expect("as it is:");
    wait_idle(front_end(&pty));
    let began = Instant::now();
    pty.send("\x04");
    assert_eq!(pty.wait().code(), Some(4));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    let shown = lines(&pty).join("\n");
    assert!(
        shown.contains("The input has ended. Nothing was decided"),
        "{shown}"
    );
    // The same where there never was any input.
    let began = Instant::now();
    let attach = ["attach", "odd", "--ui", "plain"];
    let output = walk.sandbox.upwalk(attach).stdin(Stdio::null()).output();
    let said = said(&output.expect("upwalk can be started"));
    let took = began.elapsed();
    assert_eq!(said.code, Some(4), "{said}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(
        said.out.matches("Type exactly").count(),
        1,
        "it asks once: {said}"
    );
    assert_eq!(walk.sandbox.events("WarningConfirmed", &[]), 0);
}

/// The clock that a line begins with, in seconds.
fn clock(line: &str) -> i64 {
    let clock = line.split_whitespace().nth(1).expect("a line of news");
    let parts = clock.trim_end_matches('Z').split(':');
    parts.fold(0, |sum, part| {
        sum * 60 + part.parse::<i64>().expect("a number")
    })
}

#[test]
fn r37_a_running_step_gets_one_line_in_30_seconds() {
    let walk = Walk::of(COUNTED);
    walk.write("todo", "48\n");
    let mut pty = walk.prompts(&["gate", "todo"], &["--accessible"]);
    answer(&pty, "start");
    let began = pty.expect("Fill the column: starting.");
    walk.write("todo", "12\n");
    let said = pty.expect("still running");
    walk.write("gate", "");
    pty.expect("every phase is done");
    assert_eq!(pty.wait().code(), Some(0));
    let shown = lines(&pty);
    let line = |words: &str| {
        shown
            .iter()
            .find(|line| line.contains(words))
            .expect("it was said")
    };
    let apart = clock(line("still running")) - clock(line("starting."));
    assert!(
        (30..40).contains(&apart.rem_euclid(86_400)),
        "after {apart} s: {began} {said}"
    );
    let status = shown.iter().filter(|line| line.contains("still running"));
    assert_eq!(status.count(), 1, "{shown:?}");
    assert!(
        line("still running").contains("12 of 48 left to do"),
        "{shown:?}"
    );
}

/// A plan that wants two confirmations and leaves a mark when a step runs.
const GUARDED: &str = r#"
upwalk: 1
service: guarded
vars:
  mark: { required: true, help: the file that the step writes }
up:
  - phase: Change
    role: pre-deploy
    warn:
      - { id: slow, text: The table is rewritten., confirm: ack }
      - { id: drop, text: The column goes., confirm: { type: drop the column now } }
    steps:
      - run: touch "$MARK"
        name: Change it
        undo: { none: it only adds }
"#;

impl Walk {
    /// `up` of that plan without a person.
    fn unattended(&self, more: &[&str]) -> Said {
        let more: Vec<&str> = [&["--ui", "none"], more].concat();
        let output = self.up(&["mark"], &more).stdin(Stdio::null()).output();
        said(&output.expect("upwalk can be started"))
    }

    /// The accepts that the dry run lists, `--accept` and `ID:DIGEST` by turns.
    fn accepts(&self) -> Vec<String> {
        let output = self.up(&["mark"], &["--plan"]).output();
        accepts(&said(&output.expect("upwalk can be started")).out)
    }

    /// Nothing of the plan has run, and there is no run.
    fn expect_nothing(&self, said: &Said) {
        assert_eq!(said.code, Some(4), "{said}");
        assert!(self.sandbox.runs().is_empty(), "there is a run: {said}");
        assert!(!self.sandbox.path("mark").exists(), "it has run: {said}");
    }
}

#[test]
fn r38_without_a_person_a_missing_stale_or_foreign_accept_starts_nothing_and_names_all_missing() {
    let walk = Walk::of(GUARDED);
    let given = walk.accepts();
    assert_eq!(given.len(), 4, "two accepts: {given:?}");
    let of = |id: &str| {
        given
            .iter()
            .find(|one| one.starts_with(id))
            .expect("it is listed")
    };
    let (slow, drop) = (of("slow:"), of("drop:"));
    let both = [
        (slow, "The table is rewritten."),
        (drop, "The column goes."),
    ];
    let named = |said: &Said, missing: &[(&String, &str)]| {
        walk.expect_nothing(said);
        for (accept, text) in missing {
            assert!(
                said.err.contains(&format!("  {accept}  ")),
                "{accept}: {said}"
            );
            assert!(said.err.contains(text), "{text}: {said}");
        }
    };
    named(&walk.unattended(&[]), &both);
    named(&walk.unattended(&["--accept", slow]), &both[1..]);
    let said = walk.unattended(&["--accept", "slow:0123456789abcdef", "--accept", drop]);
    named(&said, &both[..1]);
    assert!(
        said.err.contains("slow:0123456789abcdef is stale"),
        "{said}"
    );
    let said = walk.unattended(&["--accept", "wipe:0123456789abcdef"]);
    named(&said, &both);
    assert!(
        said.err
            .contains("wipe:0123456789abcdef is not of this plan"),
        "{said}"
    );
    // What is missing is given by the line that is printed for typing.
    let hint = said
        .err
        .lines()
        .find_map(|line| line.strip_prefix("hint: "));
    let hint = hint.expect("a line to type");
    assert!(
        !hint.contains("wipe") && hint.contains(slow) && hint.contains(drop),
        "{hint}"
    );
    // All there, and one too many.
    let all: Vec<&str> = given.iter().map(String::as_str).collect();
    let foreign = [all.as_slice(), &["--accept", "wipe:0123456789abcdef"]].concat();
    walk.expect_nothing(&walk.unattended(&foreign));
    let said = walk.unattended(&all);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(walk.sandbox.path("mark").exists());
}

#[test]
fn r38_yes_in_a_pipe_or_in_the_environment_starts_nothing() {
    let walk = Walk::of(GUARDED);
    let mut yes = walk.up(&["mark"], &[]);
    yes.stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = yes.spawn().expect("upwalk can be started");
    let mut pipe = child.stdin.take().expect("it is piped");
    // It may have ended before it has read any of it.
    let _ = pipe.write_all("y\nyes\ndrop the column now\n".repeat(50).as_bytes());
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    walk.expect_nothing(&said(&output));
    let mut command = walk.up(&["mark"], &["--ui", "none"]);
    let output = command.env("UPWALK_YES", "1").output();
    let said = said(&output.expect("upwalk can be started"));
    assert_eq!(said.code, Some(2), "{said}");
    assert!(
        said.err
            .contains("hint: unset UPWALK_YES; --accept ID:DIGEST"),
        "{said}"
    );
    assert!(walk.sandbox.runs().is_empty());
}

#[test]
fn r38_a_file_of_accepts_is_the_callers_alone() {
    let walk = Walk::of(GUARDED);
    let lines = walk.accepts().join(" ").replace(" --accept", "\n--accept");
    walk.write("accepts", &lines);
    let file = walk.sandbox.path("accepts").display().to_string();
    for (mode, taken) in [
        (0o640, false),
        (0o604, false),
        (0o602, false),
        (0o600, true),
    ] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&file, permissions).expect("the file is ours");
        if taken && rustix::process::geteuid().is_root() {
            rustix::fs::chown(&file, Some(rustix::fs::Uid::from_raw(12)), None).expect("root may");
            let said = walk.unattended(&["--accept-file", &file]);
            assert_eq!(said.code, Some(1), "another's file: {said}");
            rustix::fs::chown(&file, Some(rustix::fs::Uid::ROOT), None).expect("root may");
        }
        let said = walk.unattended(&["--accept-file", &file]);
        let code = i32::from(!taken);
        assert_eq!(said.code, Some(code), "{mode:o}: {said}");
        assert_eq!(walk.sandbox.path("mark").exists(), taken, "{said}");
    }
}

/// A plan whose first step waits for a file, whose second leaves something running when it is ended,
/// and which ends in a phrase. Both end by themselves after a while.
const LONG: &str = r#"
upwalk: 1
service: long
vars:
  gate: { required: true, help: the file that opens the gate }
up:
  - phase: Work
    role: stage
    steps:
      - run: |
          echo waiting for the gate
          for tick in $(seq 600); do
            test -e "$GATE" && break
            sleep 0.1
          done
        name: Wait
        undo: { none: it changes nothing }
      - run: |
          setsid sh -c 'touch "$GATE.left"; exec sleep 90' &
          wait
        name: Leave something running
        undo: { none: it changes nothing }
        warn: [{ id: drop, text: It goes., confirm: { type: drop columns on host } }]
"#;

#[test]
fn what_is_typed_while_steps_run_is_a_word_of_its_own_or_thrown_away() {
    let walk = Walk::of(LONG);
    let pty = walk.prompts(&["gate"], &[]);
    answer(&pty, "start");
    pty.expect("Wait: starting.");
    let say = |line: &str, expected: &str| {
        pty.send(&format!("{line}\r"));
        pty.expect(expected);
    };
    say("", "step 1.1 Wait: still running");
    wait_until("it has printed something", || {
        let files = std::fs::read_dir(walk.sandbox.run_dir()).expect("the run is there");
        let paths = files.flatten().map(|file| file.path());
        let mut logs = paths.filter(|path| path.to_string_lossy().ends_with("-wait.1.log"));
        logs.any(|log| log.metadata().is_ok_and(|log| log.len() > 0))
    });
    say("log", "    waiting for the gate");
    say("command", "It runs as");
    say("note the site is up", "noted: the site is up.");
    say("note", "Type the words of the note");
    say("y", "Nothing is asked now, so \"y\" was thrown away.");
    say("cancel", "Nothing was done yet. Type \"cancel now\"");
    say("pause", "asked for a stop after the present step.");
    // A whole answer and the beginning of one, typed before the question is there.
    say(PHRASE, "was thrown away.");
    pty.send("drop columns");
    walk.write("gate", "");
    pty.expect("The run stopped here because somebody asked for it.");
    answer(&pty, "continue");
    pty.expect("WARNING W1");
    pty.expect("as it is:");
    wait_idle(front_end(&pty));
    pty.send(" on host\r");
    pty.expect("You typed \"on host\".");
    assert_eq!(walk.sandbox.events("WarningConfirmed", &[]), 0);
    assert_eq!(walk.sandbox.events("NoteAdded", &["the site is up"]), 1);
    answer(&pty, PHRASE);
    pty.expect("who gave the phrase.");
    pty.expect("Leave something running: starting.");
    wait_until("it has left something running", || {
        walk.sandbox.path("gate.left").exists()
    });
    say("cancel now", "asked for the command to end.");
    pty.expect("Type \"let go now\" to say that it may stay");
    say("let go now", "let go of what the command left running");
    pty.expect("failed");
    answer(&pty, "back");
    pty.expect("Nothing was decided; the run stays as it is.");
    assert_eq!(
        walk.sandbox
            .events("WarningConfirmed", &["\"shown\"", "\"armed\""]),
        1
    );
}

#[test]
fn a_terminal_that_is_stopped_stops_only_the_prompts() {
    let walk = Walk::of(COUNTED);
    walk.write("todo", "0\n");
    let mut pty = walk.prompts(&["gate", "todo"], &[]);
    answer(&pty, "start");
    pty.expect("Fill the column: starting.");
    wait_idle(front_end(&pty));
    pty.send("\x13");
    walk.write("gate", "");
    wait_until("the run is finished", || {
        walk.sandbox.events("RunFinished", &["done"]) == 1
    });
    let before = lines(&pty).join("\n");
    assert!(
        !before.contains("every phase is done"),
        "it was stopped: {before}"
    );
    pty.send("\x11");
    pty.expect("every phase is done");
    assert_eq!(pty.wait().code(), Some(0));
}

#[test]
fn the_bell_rings_once_when_a_person_is_needed_unless_that_is_not_wanted() {
    for (config, bells) in [("", 1), ("notify: none\n", 0)] {
        let walk = Walk::of(ODD);
        walk.write("config.yaml", config);
        let config = walk.sandbox.path("config.yaml").display().to_string();
        let pty = walk.prompts(&["gate"], &["--config", &config]);
        answer(&pty, "start");
        pty.expect("FAILED");
        pty.expect("as it is:");
        wait_idle(front_end(&pty));
        let shown = String::from_utf8_lossy(&pty.bytes()).into_owned();
        let rung = shown.matches('\x07').count();
        assert_eq!(rung, bells, "with {config}");
    }
}

/// Whether a line is a whole sentence, ends in the colon behind which an answer is typed, or is
/// indented because it belongs to the line above: a fact, a command, a line of a log.
fn is_whole(line: &str) -> bool {
    let answered = ["Type ", "or \"text\"", "or \"back\""];
    let answered = answered.iter().any(|begins| line.starts_with(begins));
    line.starts_with("  ") || line.ends_with(['.', '?', ':']) || answered && line.contains(": ")
}

/// The demonstration by the prompts, with a step that fails, from the first line to the last.
fn demonstration() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let plan = sandbox.demo().display().to_string();
    let args = [
        "up", &plan, "--ui", "plain", "--set", "pace=0", "--set", "fail=1",
    ];
    let mut pty = Pty::start(&sandbox.upwalk(args), 80, 24);
    answer(&pty, "start");
    pty.expect("the quota is 32 KiB");
    answer(&pty, "skip");
    pty.expect("Type exactly: skip 3.2 on ");
    pty.expect("to choose again:");
    wait_idle(front_end(&pty));
    pty.send(&format!(
        "skip 3.2 on {}\r",
        upwalk::shell::identity::host()
    ));
    pty.expect("Type the reason");
    wait_idle(front_end(&pty));
    pty.send("nothing needs the room\r");
    pty.expect("WARNING W2");
    answer(&pty, "y");
    answer(&pty, "ack W2");
    pty.expect("at the earliest");
    pty.expect("it may end now");
    answer(&pty, "continue");
    pty.expect("WARNING W3");
    answer(&pty, "remove the old frmat");
    answer(&pty, "remove the old format");
    pty.expect("every phase is done");
    assert_eq!(pty.wait().code(), Some(0));
    let text = lines(&pty).join("\n");
    (sandbox, text)
}

#[test]
fn the_demonstration_by_the_prompts_can_be_read_aloud_from_start_to_end() {
    let (sandbox, text) = demonstration();
    let counts = "12 done, 1 skipped, 0 failed of 13";
    assert!(
        text.contains(counts),
        "a step that was passed over has not failed: {text}"
    );
    for line in text.lines().filter(|line| !line.is_empty()) {
        assert!(line.len() <= 200, "{} characters: {line}", line.len());
        assert!(
            line.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "no ASCII: {line}"
        );
        assert!(is_whole(line), "no whole sentence: {line}");
    }
    // Each question comes with its answers: a numbered list without gaps, or the words themselves.
    let shown: Vec<&str> = text.lines().collect();
    let mut asked = 0;
    for (at, line) in shown.iter().enumerate() {
        if line.starts_with("Type a number") {
            let list = shown[..at]
                .iter()
                .rev()
                .take_while(|line| !line.starts_with("upwalk:"));
            let numbered =
                list.take_while(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
            let numbers: Vec<&str> = numbered.map(|line| line.trim_start()).collect();
            assert!(numbers.len() >= 2, "no answers before: {line}");
            for (index, number) in numbers.iter().rev().enumerate() {
                assert!(number.starts_with(&format!("{}. ", index + 1)), "{number}");
            }
            asked += 1;
        } else if line.starts_with("Type \"ack") || line.starts_with("Type exactly") {
            asked += 1;
        }
    }
    assert!(
        asked >= sandbox.events("QuestionAsked", &[]),
        "{asked} in {text}"
    );
    read_aloud(&text);
}

/// A speech synthesiser reads it without a complaint.
fn read_aloud(text: &str) {
    let mut command = Command::new("espeak-ng");
    command.args(["-x", "-q", "--stdin"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let spawned = command.spawn();
    let is_missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    if spawned.as_ref().is_err_and(is_missing) {
        return skip_missing("espeak-ng");
    }
    let mut child = spawned.expect("espeak-ng can be started");
    let mut pipe = child.stdin.take().expect("it is piped");
    let text = text.to_owned();
    let writer = std::thread::spawn(move || pipe.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer
        .join()
        .expect("it does not panic")
        .expect("it reads all of it");
    assert!(output.status.success(), "{:?}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.stdout.len() > 1000, "it has said something");
}

#[test]
fn a_failure_that_names_a_command_names_the_state_directory_too() {
    let walk = Walk::of(GUARDED);
    let given = walk.accepts();
    let all: Vec<&str> = given.iter().map(String::as_str).collect();
    assert_eq!(walk.unattended(&all).code, Some(0));
    let state = walk.sandbox.path("state").display().to_string();
    let named = ["--state-dir", state.as_str()];
    let hint = |run: &str, named: &[&str]| {
        let said = walk.sandbox.run([&["why", run], named].concat());
        let hint = said
            .err
            .lines()
            .find_map(|line| line.strip_prefix("hint: "));
        hint.unwrap_or_default().to_owned()
    };
    assert_eq!(hint("nosuch", &[]), "upwalk runs");
    let here = format!(" --state-dir {state}");
    assert_eq!(hint("nosuch", &named), format!("upwalk runs{here}"));
    let dir = walk.sandbox.run_dir();
    let run = dir.file_name().expect("it has a name").to_string_lossy();
    let journal = dir.join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).expect("it is there");
    let damaged = text.replacen("PhaseStarted", "PhaseStartec", 1);
    std::fs::write(&journal, damaged).expect("it is ours");
    assert_eq!(hint(&run, &[]), format!("upwalk salvage {run}"));
    assert_eq!(hint(&run, &named), format!("upwalk salvage {run}{here}"));
}

#[test]
fn a_shell_that_cannot_be_asked_has_rejected_nothing() {
    let walk = Walk::of(GUARDED);
    let mut command = walk.up(&["mark"], &["--ui", "none"]);
    let output = command.env("PATH", "/nowhere").output();
    let said = said(&output.expect("upwalk can be started"));
    assert_eq!(said.code, Some(1), "{said}");
    assert!(
        said.err
            .contains("bash -n did not read the shell text of run of step change-it"),
        "{said}"
    );
    assert!(!said.err.contains("rejects"), "{said}");
    assert!(walk.sandbox.runs().is_empty());
}
