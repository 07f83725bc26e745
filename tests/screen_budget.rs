//! What a screen costs its terminal: frames and bytes at a flood, none at rest, and a terminal that
//! stands still (requirements 26 to 28 of the screens).
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

use std::thread::park_timeout;
use std::time::{Duration, Instant};
use support::pty::{Pty, Reading};
use support::{Sandbox, wait_until};

/// Writes so many blocks, 200 MB a minute, no line like its neighbours; says after each when that
/// was and how many lines there are.
const FLOOD: &str = r#"
use Time::HiRes qw(time sleep);
open(my $count, ">>", $ARGV[1]) or die;
my $n = 0;
my $next = time;
for (1..$ARGV[0]) {
  syswrite STDOUT, join "", map { sprintf "%09d %s\n", ++$n, chr(97 + $n * 7 % 26) x 90 } 1..660;
  syswrite $count, time . " $n\n";
  $next += 0.02;
  my $left = $next - time;
  sleep $left if $left > 0;
}
"#;
/// Blocks a second.
const BLOCKS: usize = 50;
/// Bytes of a block.
const BLOCK: usize = 660 * 101;
/// What a frame begins with.
const FRAME: &[u8] = b"\x1b[?2026h";

/// A plan whose one step is this command.
fn plan(run: &str) -> String {
    format!(
        "upwalk: 1\nservice: budget\nup:\n  - phase: Work\n    role: stage\n    steps:\n      - name: Work hard\n        run: {run}\n        undo: {{ none: only a log }}\n"
    )
}

/// A sandbox with that plan and the script of the flood.
fn sandbox(run: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let write = |name, text: &str| {
        std::fs::write(sandbox.path(name), text).expect("the sandbox is ours");
    };
    write("plan.yaml", &plan(run));
    write("flood.pl", FLOOD);
    sandbox
}

/// A flood of so many seconds.
fn flood(seconds: usize) -> Sandbox {
    let sandbox = sandbox("");
    let here = sandbox.path("");
    let run = format!(
        "perl {0}/flood.pl {1} {0}/count",
        here.display(),
        seconds * BLOCKS
    );
    std::fs::write(sandbox.path("plan.yaml"), plan(&run)).expect("the sandbox is ours");
    sandbox
}

/// A screen that waits for the run's start.
fn open(sandbox: &Sandbox, columns: u16, rows: u16) -> Pty {
    let screen = Pty::start(&sandbox.upwalk(["up", "./plan.yaml"]), columns, rows);
    screen.wait_for("NOT STARTED");
    screen.wait_idle();
    screen
}

/// The time that each block was written, in seconds, and the lines so far.
fn blocks(sandbox: &Sandbox) -> Vec<(f64, u64)> {
    let text = std::fs::read_to_string(sandbox.path("count")).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let read = |line: &str| {
        let (at, lines) = line.split_once(' ')?;
        Some((at.parse().ok()?, lines.parse().ok()?))
    };
    whole.lines().filter_map(read).collect()
}

fn frames(bytes: &[u8]) -> usize {
    bytes.windows(FRAME.len()).filter(|at| *at == FRAME).count()
}

/// The number of the last line of the flood that the screen shows.
fn last_line(screen: &str) -> u64 {
    let number = |word: &str| (word.len() == 9).then(|| word.parse().ok()).flatten();
    let numbers = screen.split_whitespace().filter_map(number);
    numbers.max().unwrap_or(0)
}

/// Lets time pass: what is counted is what comes meanwhile.
fn pass(time: Duration) -> Duration {
    let began = Instant::now();
    while began.elapsed() < time {
        park_timeout(time.saturating_sub(began.elapsed()));
    }
    began.elapsed()
}

#[test]
fn r26_a_flood_draws_at_most_four_frames_and_twelve_kilobytes_a_second() {
    let sandbox = flood(14);
    let screen = open(&sandbox, 120, 40);
    screen.send("S");
    wait_until("the flood", || blocks(&sandbox).len() > BLOCKS);
    screen.wait_screen("lines of the flood", |screen| last_line(screen) > 660);
    let (from, lines) = (screen.bytes().len(), blocks(&sandbox).len());
    let took = pass(Duration::from_secs(8)).as_secs_f64();
    let (bytes, written) = (screen.bytes(), blocks(&sandbox).len() - lines);
    let shown = last_line(&screen.screen());
    let fresh = &bytes[from..];

    #[expect(clippy::cast_precision_loss, reason = "a few million")]
    let a_second = |count: usize| count as f64 / took;
    let rate = a_second(written * BLOCK) * 60.0;
    assert!(rate > 150e6, "this machine writes {rate} bytes a minute");
    let frames = a_second(frames(fresh));
    // The one that was just begun belongs to the seconds before.
    assert!(frames <= 4.0 + 1.0 / took, "{frames} frames a second");
    assert!(frames >= 1.0, "the log stands still: {frames} frames");
    let bytes = a_second(fresh.len());
    assert!(bytes <= 12_000.0, "{bytes} bytes a second");
    let (_, lines) = blocks(&sandbox).pop().expect("it flows");
    let behind = lines.saturating_sub(shown);
    assert!(behind < 660 * 2 * 50, "{behind} lines behind");
}

#[test]
fn r27_a_screen_at_a_question_draws_nothing_but_the_minute() {
    let sandbox = sandbox("sleep 300");
    let screen = open(&sandbox, 80, 24);
    let minute = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.expect("it is later than 1970").as_secs() / 60
    };
    let (from, began) = (screen.bytes().len(), minute());
    pass(Duration::from_secs(20));
    let (drawn, minutes) = (screen.bytes().len() - from, minute() - began);
    let allowed = 100 * usize::try_from(minutes).expect("one at most");
    assert!(drawn <= allowed, "{drawn} bytes in {minutes} new minutes");
}

#[test]
fn r27_an_idle_running_screen_draws_at_most_a_hundred_bytes_a_second() {
    let sandbox = sandbox("sleep 300");
    let screen = open(&sandbox, 80, 24);
    screen.send("S");
    screen.wait_for("RUNNING");
    // What comes with the start has been drawn once the seconds go by.
    screen.wait_screen("some seconds", |screen| {
        ["elapsed 2", "elapsed 3"]
            .iter()
            .any(|words| screen.contains(words))
    });
    let from = screen.bytes().len();
    pass(Duration::from_secs(20));
    let drawn = screen.bytes().len() - from;
    assert!(drawn <= 2000, "{drawn} bytes in 20 s");
    assert!(drawn >= 200, "its clock stands still: {drawn} bytes");
}

#[test]
fn r28_a_terminal_that_stands_still_holds_nothing_and_gets_one_current_frame() {
    let sandbox = flood(45);
    let screen = open(&sandbox, 120, 40);
    screen.send("S");
    screen.wait_screen("lines of the flood", |screen| last_line(screen) > 33_000);
    let before = blocks(&sandbox).len();
    pass(Duration::from_secs(4));
    let still = blocks(&sandbox).len();
    screen.read_at(Reading::Stopped);
    // What it was just taking.
    pass(Duration::from_millis(100));
    let (from, stopped) = (screen.bytes().len(), Instant::now());
    pass(Duration::from_secs(29));
    let (_, current) = blocks(&sandbox).pop().expect("it flows");
    pass(Duration::from_secs(1));
    let after = blocks(&sandbox);
    assert_eq!(screen.bytes().len(), from, "nobody read anything");

    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let speed = |blocks: usize, seconds: f64| blocks as f64 / seconds;
    let quick = speed(still - before, 4.0);
    let held = speed(after.len() - still, stopped.elapsed().as_secs_f64());
    assert!(held > 0.9 * quick, "{held} blocks a second after {quick}");

    screen.read_at(Reading::Free);
    screen.wait_screen("a current frame", |screen| last_line(screen) >= current);
    let bytes = screen.bytes();
    let frames = frames(&bytes[from..]);
    // The one that was on its way when it stopped, and one that is less than a second old.
    assert!(frames <= 2, "{frames} frames until the current one");
}
