//! Leaving the screen in every way there is: the run never notices, and the terminal is as it was.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

use rustix::process::Signal;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use support::pty::Pty;
use support::{Sandbox, kill, skip_missing, wait_until};

/// A step that writes which signals it gets and waits at a gate; it writes lines until it is hushed.
const PLAN: &str = r#"
upwalk: 1
service: gate
defaults: { shell: [bash, -c], grace: 1s }
vars: { here: { required: true, help: the directory of the test } }
up:
  - phase: Change
    role: pre-deploy
    steps:
      - name: Wait at the gate
        run: |
          for signal in HUP INT QUIT TERM TSTP; do
            trap "echo $signal >>\"$HERE/signals\"" "$signal"
          done
          echo "$$" >"$HERE/pid"
          n=0
          until test -e "$HERE/gate" || ! test -d "$HERE"; do
            test -e "$HERE/hush" || { n=$((n + 1)); echo "line $n"; }
            sleep 0.05
          done
          echo "behind the gate"
        undo: { none: it changes nothing }
"#;

/// A sandbox with that plan.
struct Gate {
    sandbox: Sandbox,
}

impl Gate {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.path("gate.yaml"), PLAN).expect("the sandbox is ours");
        Self { sandbox }
    }

    /// What begins the run.
    fn up(&self) -> Command {
        let here = self.sandbox.path("").display().to_string();
        let here = format!("--set=here={}", here.trim_end_matches('/'));
        let plan = self.sandbox.path("gate.yaml").display().to_string();
        self.sandbox.upwalk(["up", &plan, &here])
    }

    /// The run's screen, with the step under way.
    fn running(&self) -> Pty {
        let pty = Pty::start(&self.up(), 80, 24);
        self.begin(&pty);
        pty
    }

    fn begin(&self, pty: &Pty) {
        pty.wait_for("NOT STARTED");
        pty.send("S");
        pty.wait_for("1.1 RUNNING Wait at the gate");
        self.wait_lines(3);
        pty.wait_for("line 3");
    }

    fn touch(&self, name: &str) {
        std::fs::write(self.sandbox.path(name), "").expect("the sandbox is ours");
    }

    /// The step's log.
    fn log(&self) -> String {
        let dir = self.sandbox.run_dir();
        let listed = std::fs::read_dir(dir).expect("the run can be listed");
        let mut paths = listed.flatten().map(|entry| entry.path());
        let step = paths.find(|path| path.to_string_lossy().ends_with("-gate.1.log"));
        step.and_then(|path| std::fs::read_to_string(path).ok())
            .unwrap_or_default()
    }

    fn wait_lines(&self, count: usize) {
        wait_until("the step writes", || self.log().lines().count() >= count);
    }

    /// The step goes on, has got no signal, and is the same process still; so is the supervisor.
    fn expect_alive(&self, supervisor: i32) {
        let before = self.log().lines().count();
        self.wait_lines(before + 3);
        assert_eq!(self.sandbox.supervisor(), supervisor);
        let signals = std::fs::read_to_string(self.sandbox.path("signals"));
        assert!(signals.is_err(), "the step got {signals:?}");
        let pid = std::fs::read_to_string(self.sandbox.path("pid")).expect("it has begun");
        assert!(state_of(pid.trim().parse().expect("a pid")).is_some());
        assert_eq!(self.sandbox.events("StepStarted", &[]), 1);
        assert_eq!(self.sandbox.events("CommandEnded", &[]), 0);
    }
}

/// The letter of a process's state and its processor time in ticks; none where it is gone.
fn state_of(pid: i32) -> Option<(char, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((fields.first()?.chars().next()?, ticks(11)? + ticks(12)?))
}

/// Waits until a process has ended; says how long that took, and how much processor time.
fn until_ended(pid: i32, since: Instant, ticks_before: u64) -> (Duration, Duration) {
    let mut last = ticks_before;
    wait_until("the screen ends", || match state_of(pid) {
        None => true,
        Some((state, ticks)) => {
            last = last.max(ticks);
            state == 'Z'
        }
    });
    let a_second = 100;
    let busy = Duration::from_millis((last - ticks_before) * 1000 / a_second);
    (since.elapsed(), busy)
}

/// The one child of a process.
fn child_of(pid: i32) -> i32 {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let mut child = None;
    wait_until("it has a child", || {
        let children = std::fs::read_to_string(&path).unwrap_or_default();
        child = children
            .split_whitespace()
            .next()
            .and_then(|pid| pid.parse().ok());
        child.is_some()
    });
    child.expect("it was just seen")
}

/// The screen as the child of a shell that does this before and notes down how it ends.
fn under_a_shell(gate: &Gate, before: &str) -> Command {
    let up = gate.up();
    let mut shell = Command::new("sh");
    let here = gate.sandbox.path("").display().to_string();
    shell.args(["-c", &format!(
        "{before}\n\"$0\" \"$@\"\necho $? >'{here}/code.new'\nstty -g >'{here}/after' 2>/dev/null\nmv '{here}/code.new' '{here}/code'\n"
    )]);
    shell.arg(up.get_program()).args(up.get_args());
    gate.sandbox.settle(&mut shell);
    shell
}

#[test]
fn r16_a_closed_terminal_ends_the_screen_within_a_second_and_nothing_else() {
    let gate = Gate::new();
    let mut pty = gate.running();
    let supervisor = gate.sandbox.supervisor();
    let (_, before) = state_of(pty.pid()).expect("it runs");
    let began = Instant::now();
    pty.hang_up();
    let (took, busy) = until_ended(pty.pid(), began, before);
    assert_eq!(pty.wait().code(), Some(129));
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(busy < Duration::from_millis(200), "{busy:?}");
    gate.expect_alive(supervisor);
}

#[test]
fn r16_a_hangup_signal_alone_ends_the_screen_and_nothing_else() {
    let gate = Gate::new();
    let mut pty = gate.running();
    let supervisor = gate.sandbox.supervisor();
    let (_, before) = state_of(pty.pid()).expect("it runs");
    let began = Instant::now();
    kill(pty.pid(), Signal::HUP);
    let (took, busy) = until_ended(pty.pid(), began, before);
    assert_eq!(pty.wait().code(), Some(129));
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(busy < Duration::from_millis(200), "{busy:?}");
    gate.expect_alive(supervisor);
}

#[test]
fn r17_a_closed_terminal_ends_the_screen_where_no_hangup_signal_comes() {
    let gate = Gate::new();
    let mut pty = Pty::start(&under_a_shell(&gate, "trap '' HUP"), 80, 24);
    gate.begin(&pty);
    let supervisor = gate.sandbox.supervisor();
    let screen = child_of(pty.pid());
    let (_, before) = state_of(screen).expect("it runs");
    let began = Instant::now();
    pty.hang_up();
    let (took, busy) = until_ended(screen, began, before);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(busy < Duration::from_millis(200), "{busy:?}");
    pty.wait();
    let code = std::fs::read_to_string(gate.sandbox.path("code")).expect("the shell went on");
    assert_eq!(code, "129\n");
    gate.expect_alive(supervisor);
}

/// The numbers of the lines that a text shows, in their order.
fn lines_in(text: &str) -> Vec<usize> {
    let number = |row: &str| {
        let (before, number) = row.trim_end().rsplit_once("line ")?;
        // The log's head names a line as well.
        (!before.contains("log")).then(|| number.parse().ok())?
    };
    text.lines().filter_map(number).collect()
}

/// Seconds of a day from `14:02:11Z`.
fn clock(text: &str) -> Option<i64> {
    let parts = text.strip_suffix('Z')?.split(':').map(str::parse::<i64>);
    let parts: Vec<i64> = parts.collect::<Result<_, _>>().ok()?;
    match parts[..] {
        [hours, minutes, seconds] => Some(hours * 3600 + minutes * 60 + seconds),
        _ => None,
    }
}

/// The seconds that the running step has taken, as the screen says.
fn elapsed(screen: &str) -> i64 {
    let (_, rest) = screen.split_once("elapsed").expect("it says how long");
    let rest = rest.lines().next().expect("a line");
    let words: Vec<&str> = rest.split_whitespace().collect();
    let mut seconds = 0.0;
    for pair in words.chunks(2) {
        let number: f64 = pair[0].parse().expect("a number");
        seconds += number * if pair[1] == "m" { 60.0 } else { 1.0 };
    }
    #[expect(clippy::cast_possible_truncation, reason = "a test takes minutes")]
    let seconds = seconds as i64;
    seconds
}

#[test]
fn r18_whoever_comes_back_after_a_hangup_sees_the_same_step_its_time_and_every_line() {
    let gate = Gate::new();
    let mut first = gate.running();
    first.hang_up();
    first.wait();
    let seen = gate.log().lines().count();
    gate.wait_lines(seen + 20);
    gate.touch("hush");
    let mut all = String::new();
    wait_until("the step is quiet", || {
        let now = gate.log();
        std::thread::park_timeout(Duration::from_millis(200));
        all = gate.log();
        now == all
    });
    let written = lines_in(&all);
    assert_eq!(written, (1..=written.len()).collect::<Vec<_>>(), "the log");

    let second = Pty::start(&gate.sandbox.upwalk(["attach"]), 80, 24);
    let last = format!("line {}", written.len());
    let screen = second.wait_screen("the step and the log's end", |screen| {
        let seconds = screen
            .lines()
            .next()
            .is_some_and(|row| row.split_whitespace().last().and_then(clock).is_some());
        screen.contains("1.1 RUNNING") && screen.contains(&last) && seconds
    });
    assert!(screen.contains("Wait at the gate"), "{screen}");
    let shown = lines_in(&screen);
    assert!(shown.len() > 8, "{screen}");
    assert!(written.ends_with(&shown), "{screen}");
    // The clock of the first row and the time since the step began are of the same frame.
    let journal = gate.sandbox.journal();
    let mut began = None;
    // Events that were written together have one time, that of the first.
    for line in journal.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        began = event["t"].as_str().map(str::to_owned).or(began);
        if event["event"] == "StepStarted" {
            break;
        }
    }
    let began = began.expect("events have times");
    let began = began.split('T').nth(1).expect("a time");
    let began = clock(&format!("{}Z", &began[..8])).expect("a clock");
    let row = screen
        .lines()
        .next()
        .expect("a row")
        .split_whitespace()
        .last();
    let now = row.and_then(clock).expect("a clock");
    let passed = (now - began).rem_euclid(86_400);
    assert!(
        (passed - elapsed(&screen)).abs() <= 1,
        "{passed} s passed:\n{screen}"
    );

    second.send("lg");
    let top = second.wait_screen("the log's first lines", |screen| {
        lines_in(screen).first() == Some(&1)
    });
    let shown = lines_in(&top);
    assert!(written.starts_with(&shown), "{top}");
}

#[test]
fn r19_one_ctrl_c_asks_two_detach_and_the_command_hears_of_neither() {
    let gate = Gate::new();
    let mut pty = gate.running();
    let supervisor = gate.sandbox.supervisor();
    pty.send("\x03");
    pty.wait_for("What do you want?");
    gate.expect_alive(supervisor);
    pty.send("k");
    // Keys right after the box came up are thrown away: this one is pressed until it counts.
    wait_until("the box is closed", || {
        std::thread::park_timeout(Duration::from_millis(700));
        let open = pty.screen().contains("What do you want?");
        if open {
            pty.send("k");
        }
        !open
    });
    std::thread::park_timeout(Duration::from_millis(2100));
    pty.send("\x03");
    pty.wait_for("What do you want?");
    pty.send("\x03");
    assert_eq!(pty.wait().code(), Some(0));
    gate.expect_alive(supervisor);
}

#[test]
fn r19_a_second_ctrl_c_that_comes_late_asks_again() {
    let gate = Gate::new();
    let mut pty = gate.running();
    let supervisor = gate.sandbox.supervisor();
    pty.send("\x03");
    pty.wait_for("What do you want?");
    std::thread::park_timeout(Duration::from_millis(2300));
    pty.send("\x03");
    std::thread::park_timeout(Duration::from_secs(1));
    let screen = pty.wait_for("What do you want?");
    assert!(screen.contains("1.1"), "{screen}");
    pty.send("d");
    assert_eq!(pty.wait().code(), Some(0));
    gate.expect_alive(supervisor);
}

/// A step that leaves a process behind, out of reach of whatever ends the step.
const LEAVES: &str = r#"
upwalk: 1
service: leaves
defaults: { shell: [bash, -c], grace: 1s }
vars: { here: { required: true, help: the directory of the test } }
up:
  - phase: Change
    role: pre-deploy
    steps:
      - name: Leave something
        run: |
          test ! -e "$HERE/second" || exit 0
          setsid bash -c 'echo $$ >"$HERE/left"; while test -d "$HERE" && ! test -e "$HERE/gate"; do sleep 0.1; done' &
          echo "left it"
          while test -d "$HERE"; do sleep 0.1; done
        undo: { none: it changes nothing }
"#;

/// Opens the box of Ctrl-C and presses a key in it once keys count.
fn in_the_box(pty: &Pty, words: &str, key: &str) {
    std::thread::park_timeout(Duration::from_millis(2100));
    pty.send("\x03");
    pty.wait_for(words);
    // Keys right after the box came up are thrown away, and nothing on the screen tells until when.
    wait_until("the key counts", || {
        std::thread::park_timeout(Duration::from_millis(700));
        let open = pty.screen().contains("What do you want?");
        if open {
            pty.send(key);
        }
        !open
    });
}

#[test]
fn the_box_of_ctrl_c_ends_the_command_and_lets_what_it_left_stay() {
    let gate = Gate::new();
    let plan = gate.sandbox.path("leaves.yaml");
    std::fs::write(&plan, LEAVES).expect("the sandbox is ours");
    let here = gate.sandbox.path("").display().to_string();
    let set = format!("--set=here={}", here.trim_end_matches('/'));
    let plan = plan.display().to_string();
    let pty = Pty::start(&gate.sandbox.upwalk(["up", &plan, &set]), 80, 24);
    pty.wait_for("NOT STARTED");
    pty.send("S");
    pty.wait_for("left it");
    in_the_box(&pty, "asks it to end (TERM)", "X");
    wait_until("the end is asked for", || {
        gate.sandbox.events("CancelRequested", &[]) == 1
    });
    // What is left is named; nothing goes on before somebody says what it is.
    in_the_box(
        &pty,
        "let it stay: what the command left behind goes on",
        "X",
    );
    wait_until("it is let go", || {
        gate.sandbox.events("LeftoversLetGo", &[]) == 1
    });
    pty.wait_for("FAILED");
    let left = std::fs::read_to_string(gate.sandbox.path("left")).expect("it has begun");
    let left = left.trim().parse().expect("a pid");
    let lives = || state_of(left).is_some_and(|(state, _)| state != 'Z');
    assert!(lives());
    // The step has failed as any other that was ended; the run goes on when that is answered.
    gate.touch("second");
    wait_until("the step is tried again", || {
        std::thread::park_timeout(Duration::from_millis(700));
        pty.send("R");
        gate.sandbox.events("StepStarted", &[]) == 2
    });
    pty.wait_for("FINISHED");
    assert!(lives(), "it stays for good");
    assert_eq!(gate.sandbox.events("CommandEnded", &["cancelled"]), 1);
    assert_eq!(gate.sandbox.events("LeftoversLetGo", &[]), 1);
}

/// A shell with job control on a terminal.
fn shell(gate: &Gate) -> Pty {
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-i"]);
    gate.sandbox.settle(&mut bash);
    bash.env("PS1", "ready> ");
    let pty = Pty::start(&bash, 80, 24);
    pty.expect("ready> ");
    pty
}

/// What the shell says of its terminal.
fn modes(gate: &Gate, pty: &Pty) -> String {
    let path = gate.sandbox.path("modes");
    // There may be none yet.
    let _ = std::fs::remove_file(&path);
    pty.send(&format!(
        "stty -a >'{0}.new'; mv '{0}.new' '{0}'\r",
        path.display()
    ));
    let mut text = String::new();
    wait_until("the shell says how its terminal is", || {
        text = std::fs::read_to_string(&path).unwrap_or_default();
        !text.is_empty()
    });
    text
}

/// A command as a line for a shell.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| format!("'{}'", word.to_string_lossy()));
    quoted.collect::<Vec<_>>().join(" ")
}

/// A screen without what changes with time, row by row.
fn still(screen: &str) -> Vec<String> {
    let plain = |row: &str| {
        let kept = row.chars().filter(|c| !c.is_ascii_digit() && *c != '.');
        let words: String = kept.collect();
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    screen.lines().map(plain).collect()
}

/// Waits until a process is stopped.
fn wait_stopped(pid: i32) {
    wait_until("the screen is stopped", || {
        state_of(pid).is_some_and(|(state, _)| state == 'T')
    });
}

/// A step under way on a screen that a shell has started, its log quiet: the shell, the modes of its
/// terminal, the screen's process, and what it shows.
fn in_a_shell(gate: &Gate) -> (Pty, String, i32, Vec<String>) {
    let pty = shell(gate);
    let before = modes(gate, &pty);
    pty.send(&format!("{}\r", line(&gate.up())));
    gate.begin(&pty);
    gate.touch("hush");
    let mut shown = still(&pty.screen());
    wait_until("the log is quiet", || {
        std::thread::park_timeout(Duration::from_millis(600));
        let before = std::mem::replace(&mut shown, still(&pty.screen()));
        before == shown
    });
    let screen = child_of(pty.pid());
    (pty, before, screen, shown)
}

/// The step is alive although it is quiet.
fn expect_quiet(gate: &Gate, supervisor: i32) {
    std::fs::remove_file(gate.sandbox.path("hush")).expect("it is hushed");
    gate.expect_alive(supervisor);
    gate.touch("hush");
}

#[test]
fn r20_ctrl_z_stops_the_screen_alone_and_the_shell_gets_its_terminal_as_it_was() {
    let gate = Gate::new();
    let (pty, before, screen, shown) = in_a_shell(&gate);
    let supervisor = gate.sandbox.supervisor();
    pty.send("\x1a");
    wait_stopped(screen);
    pty.wait_for("Stopped");
    assert_eq!(modes(&gate, &pty), before);
    expect_quiet(&gate, supervisor);
    std::thread::park_timeout(Duration::from_millis(300));
    pty.send("fg\r");
    let lines = shown.len();
    pty.wait_screen("the whole screen again", |now| {
        let now = still(now);
        // The log went on for a moment.
        now.len() == lines && now.iter().zip(&shown).filter(|(a, b)| a == b).count() + 1 >= lines
    });
    pty.send("?");
    pty.wait_for("this help");
    pty.send("q");
    pty.wait_gone("this help");

    // The same from outside.
    kill(screen, Signal::TSTP);
    wait_stopped(screen);
    assert_eq!(modes(&gate, &pty), before);
    pty.send("fg\r");
    pty.wait_for("1.1 RUNNING");
    pty.send("q");
    pty.wait_for("come back");
    assert_eq!(modes(&gate, &pty), before);
    expect_quiet(&gate, supervisor);
}

#[test]
fn r20_a_screen_that_is_stopped_without_a_word_takes_the_terminal_again() {
    let gate = Gate::new();
    let (pty, before, screen, shown) = in_a_shell(&gate);
    kill(screen, Signal::STOP);
    wait_stopped(screen);
    let _ = modes(&gate, &pty);
    pty.send("fg\r");
    pty.wait_screen("the whole screen again", |now| still(now) == shown);
    // A key counts without Enter.
    pty.send("?");
    pty.wait_for("this help");
    pty.send("q");
    pty.wait_gone("this help");
    pty.send("q");
    pty.wait_for("come back");
    assert_eq!(modes(&gate, &pty), before);
}

/// What a byte stream has switched on and not off again, and how many titles it has pushed and not
/// taken back. The cursor counts as switched off while it is hidden.
fn left_over(bytes: &[u8]) -> (BTreeSet<String>, i32) {
    let text = String::from_utf8_lossy(bytes);
    let mut on = BTreeSet::new();
    let mut titles = 0;
    for part in text.split("\x1b[").skip(1) {
        let parameters: String = part
            .chars()
            .take_while(|c| c.is_ascii_digit() || "?;>=<".contains(*c))
            .collect();
        let last = part[parameters.len()..].chars().next();
        let modes = parameters.strip_prefix('?').unwrap_or_default().split(';');
        match last {
            Some('h') => modes.for_each(|mode| {
                if mode == "25" {
                    on.remove("25 (hidden)");
                } else {
                    on.insert(mode.to_owned());
                }
            }),
            Some('l') => modes.for_each(|mode| {
                if mode == "25" {
                    on.insert("25 (hidden)".to_owned());
                } else {
                    on.remove(mode);
                }
            }),
            Some('t') if parameters.starts_with("22") => titles += 1,
            Some('t') if parameters.starts_with("23") => titles -= 1,
            _ => {}
        }
    }
    (on, titles)
}

/// How the screen may be left.
enum Way {
    Keys(&'static str),
    Signal(Signal),
    /// It panics.
    Bug,
}

/// Leaves a running screen in this way: everything is given back, the run goes on.
fn leave(way: &Way, code: &str) {
    let gate = Gate::new();
    let saved = format!("stty -g >'{}'", gate.sandbox.path("before").display());
    let mut command = under_a_shell(&gate, &saved);
    if let Way::Bug = way {
        let Some(library) = broken_clock(&gate) else {
            return;
        };
        command
            .env("LD_PRELOAD", library)
            .env("BROKEN_CLOCK", gate.sandbox.path("broken"));
    }
    let pty = Pty::start(&command, 80, 24);
    gate.begin(&pty);
    let supervisor = gate.sandbox.supervisor();
    let (on, _) = left_over(&pty.bytes());
    for mode in ["1049", "2004", "1004", "25 (hidden)"] {
        assert!(on.contains(mode), "{mode} is not on: {on:?}");
    }
    match way {
        Way::Keys(keys) => pty.send(keys),
        Way::Signal(signal) => kill(child_of(pty.pid()), *signal),
        Way::Bug => gate.touch("broken"),
    }
    let path = gate.sandbox.path("code");
    wait_until("the screen was left", || path.exists());
    assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), Some(code));
    let text = |name| std::fs::read_to_string(gate.sandbox.path(name)).expect("the shell wrote it");
    assert_eq!(text("before"), text("after"), "the terminal's modes");
    let (on, titles) = left_over(&pty.bytes());
    assert!(on.is_empty(), "left on: {on:?}");
    assert_eq!(titles, 0, "titles pushed and not taken back");
    if let Way::Bug = way {
        pty.wait_for("panicked at");
    } else {
        pty.wait_for("come back");
    }
    gate.expect_alive(supervisor);
}

#[test]
fn r21_q_gives_the_terminal_back() {
    leave(&Way::Keys("q"), "0\n");
}

#[test]
fn r21_two_ctrl_c_give_the_terminal_back() {
    leave(&Way::Keys("\x03\x03"), "0\n");
}

#[test]
fn r21_sigterm_gives_the_terminal_back() {
    leave(&Way::Signal(Signal::TERM), "143\n");
}

#[test]
fn r21_sigint_gives_the_terminal_back() {
    leave(&Way::Signal(Signal::INT), "130\n");
}

#[test]
fn r21_sigquit_gives_the_terminal_back() {
    leave(&Way::Signal(Signal::QUIT), "131\n");
}

#[test]
fn r21_a_bug_gives_the_terminal_back() {
    leave(&Way::Bug, "70\n");
}

/// A clock that fails on a terminal once a file is there, which the standard library takes for
/// impossible: a panic in the midst of the screen, without a line of the product being made for it.
const BROKEN_CLOCK: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t) {
    const char *broken = getenv("BROKEN_CLOCK");
    if (id == CLOCK_REALTIME && broken && access(broken, F_OK) == 0 && isatty(0)) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_clock_gettime, id, t);
}
"#;

/// The library with that clock; none where there is no compiler.
fn broken_clock(gate: &Gate) -> Option<PathBuf> {
    let (source, library) = (gate.sandbox.path("clock.c"), gate.sandbox.path("clock.so"));
    std::fs::write(&source, BROKEN_CLOCK).expect("the sandbox is ours");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source);
    match cc.status() {
        Ok(status) if status.success() => Some(library),
        Ok(status) => panic!("the library cannot be made: {status}"),
        Err(_) => {
            skip_missing("cc");
            None
        }
    }
}

#[test]
fn r22_leaving_puts_a_summary_of_at_most_ten_lines_into_the_scrollback() {
    let gate = Gate::new();
    let command = under_a_shell(&gate, "echo it begins");
    let pty = Pty::start(&command, 120, 30);
    gate.begin(&pty);
    pty.send("q");
    let path = gate.sandbox.path("code");
    wait_until("the screen was left", || path.exists());
    let screen = pty.wait_for("upwalk attach");
    let (_, summary) = screen
        .split_once("it begins")
        .expect("the main screen is back");
    let lines: Vec<&str> = summary
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    assert!((3..=10).contains(&lines.len()), "{screen}");
    let flat = lines.concat();
    assert!(
        flat.contains("open, and it goes on without a screen"),
        "{screen}"
    );
    let run = gate.sandbox.run_dir();
    let run = run
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    assert!(flat.contains(&format!("upwalk attach {run}")), "{screen}");
    let (_, log) = flat.split_once("last log").expect("it names the log");
    let log = &log[..log.find(".log").expect("a log") + 4];
    let log = std::fs::read_to_string(log.trim()).expect("the log is there");
    assert!(log.starts_with("line 1\nline 2\n"), "{log}");

    // At the end of a run it says how that went.
    let attach = gate.sandbox.upwalk(["attach"]);
    let mut second = Pty::start(&attach, 120, 30);
    second.wait_for("1.1 RUNNING");
    gate.touch("gate");
    second.wait_for("FINISHED");
    second.send("q");
    assert_eq!(second.wait().code(), Some(0));
    let screen = second.screen();
    assert!(
        screen.contains("done; every step has ended well"),
        "{screen}"
    );
    assert!(
        screen.contains("see again") && screen.contains("last log"),
        "{screen}"
    );
}

#[test]
fn r22_the_summary_of_a_stopped_run_says_how_it_can_be_taken_back() {
    let sandbox = Sandbox::new();
    let plan = "upwalk: 1\nservice: shop\nup:\n  - phase: Change\n    role: pre-deploy\n    steps:\n      \
                - { name: First, run: echo there, undo: echo back }\n      \
                - { name: Second, run: exit 3, undo: { none: harmless } }\n";
    std::fs::write(sandbox.path("shop.yaml"), plan).expect("the sandbox is ours");
    let mut pty = Pty::start(&sandbox.upwalk(["up", "./shop.yaml"]), 120, 30);
    pty.wait_for("NOT STARTED");
    pty.send("S");
    pty.wait_for("1.2 FAILED");
    pty.wait_for("Waiting for you.");
    pty.send("X");
    pty.wait_for("STOP THE RUN FOR GOOD");
    pty.wait_for("Type, then Enter.");
    pty.send_slowly("too late");
    pty.send("\r");
    pty.wait_for("STOPPED");
    pty.send("q");
    assert_eq!(pty.wait().code(), Some(5));
    let screen = pty.screen();
    assert!(screen.contains("upwalk rollback 2"), "{screen}");
    assert!(screen.contains("stopped"), "{screen}");
}
