//! What a screen costs: bytes of its frames, bytes a second at a flood and at rest, how long a key
//! waits for its effect, here and on slow links, and what it uses while it waits for a person. Each
//! figure is printed beside its gate (performance.md); memory at a large log is `flood`'s.
//!
//! `cargo bench --bench screen`. `UPWALK_BENCH_KEYS` changes how many keys are pressed.

#![expect(
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench runs programs, looks at their files and prints ratios"
)]

#[allow(
    dead_code,
    clippy::panic,
    reason = "the harness of the tests, of which a bench uses its part"
)]
#[path = "../tests/support/mod.rs"]
mod support;

#[path = "figures/mod.rs"]
mod figures;

use figures::{figure, processor};
use std::io::Write as _;
use std::time::{Duration, Instant};
use support::pty::{Pty, Reading};
use support::{Sandbox, wait_until};

/// Writes 200 MB a minute until it is ended, no line like its neighbours.
const FLOOD: &str = r#"
use Time::HiRes qw(time sleep);
my $n = 0;
my $next = time;
for (1..60000) {
  syswrite STDOUT, join "", map { sprintf "%09d %s\n", ++$n, chr(97 + $n * 7 % 26) x 190 } 1..330;
  $next += 0.02;
  my $left = $next - time;
  sleep $left if $left > 0;
}
"#;
/// What frames begin and end with.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// The sizes that are measured, each with the most bytes a second at a flood.
const SIZES: [(u16, u16, f64); 3] = [(80, 24, 10.0), (120, 40, 12.0), (200, 50, 32.0)];

/// A run whose one step is this command, started.
fn started(run: &str) -> (Sandbox, Pty) {
    let sandbox = Sandbox::new();
    let plan = format!(
        "upwalk: 1\nservice: screen\nup:\n  - phase: Work\n    role: stage\n    steps:\n      - name: Work hard\n        run: {run}\n        undo: {{ none: only a log }}\n"
    );
    let write = |name, text: &str| {
        std::fs::write(sandbox.path(name), text).expect("the sandbox is writable");
    };
    write("plan.yaml", &plan);
    write("flood.pl", FLOOD);
    let screen = Pty::start(
        &sandbox.upwalk(["up", "./plan.yaml", "--ui", "tui"]),
        80,
        24,
    );
    screen.wait_for("NOT STARTED");
    screen.wait_idle();
    (sandbox, screen)
}

/// The screen that has the run's controls, in another size.
fn resized(screen: &Pty, columns: u16, rows: u16) {
    screen.resize(columns, rows);
    pass(Duration::from_secs(2));
}

fn pass(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::thread::park_timeout(time.saturating_sub(began.elapsed()));
    }
}

/// The lengths of the whole frames among these bytes.
fn frames(bytes: &[u8]) -> Vec<usize> {
    let find = |from: usize, what: &[u8]| {
        let rest = bytes.get(from..)?;
        let at = rest.windows(what.len()).position(|part| part == what)?;
        Some(from + at)
    };
    let mut lengths = Vec::new();
    let mut from = 0;
    while let Some(begin) = find(from, BEGIN)
        && let Some(end) = find(begin, END)
    {
        from = end + END.len();
        lengths.push(from - begin);
    }
    lengths
}

fn main() {
    let good = [sizes(), at_rest(), floods(), keys(), question()];
    if good.contains(&false) {
        std::process::exit(1);
    }
}

/// Bytes of the first frame, of a tick of the clock and of one more line of the log.
fn sizes() -> bool {
    let fifo = "fifo";
    let (sandbox, screen) =
        started("bash -c 'while read -r line <&3; do echo \"$line\"; done 3<>HERE'");
    let path = sandbox.path(fifo);
    drop(screen);
    // The plan names the pipe, whose place is known only now.
    let plan = std::fs::read_to_string(sandbox.path("plan.yaml")).expect("it is there");
    let plan = plan.replace("HERE", &path.display().to_string());
    std::fs::write(sandbox.path("plan.yaml"), plan.replace("screen", "lines")).expect("writable");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo is there").success());
    let screen = Pty::start(
        &sandbox.upwalk(["up", "./plan.yaml", "--ui", "tui"]),
        80,
        24,
    );
    screen.wait_for("NOT STARTED");
    screen.wait_idle();
    screen.send("S");
    screen.wait_for("RUNNING");
    let mut pipe = std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("the step reads it");
    let mut line = |text: &str| writeln!(pipe, "{text}").expect("the step reads it");
    for number in 0..80 {
        line(&format!("line {number:04} {}", "word ".repeat(30)));
    }
    screen.wait_for("line 0079");
    let mut good = true;
    for (columns, rows, _) in SIZES {
        resized(&screen, columns - 1, rows);
        let from = screen.bytes().len();
        resized(&screen, columns, rows);
        let all = frames(&screen.bytes()[from..]);
        let largest = all.iter().copied().max().unwrap_or(0);
        let from = screen.bytes().len();
        pass(Duration::from_secs(5));
        let mut ticks = frames(&screen.bytes()[from..]);
        ticks.sort_unstable();
        let tick = ticks.get(ticks.len() / 2).copied().unwrap_or(0);
        let from = screen.bytes().len();
        let text = format!("one more for {columns}");
        line(&format!("{text} {}", "text ".repeat(30)));
        screen.wait_for(&text);
        let more = screen.bytes().len() - from;
        println!(
            "{columns}x{rows}: all of it {largest} bytes, a tick {tick}, one more line {more}"
        );
        good &= figure(
            &format!("a tick of the clock, {columns}x{rows}"),
            tick as f64,
            100.0,
            "B",
        );
    }
    good
}

/// Bytes a second of a step that prints nothing.
fn at_rest() -> bool {
    let (_sandbox, screen) = started("sleep 300");
    screen.send("S");
    screen.wait_for("RUNNING");
    pass(Duration::from_secs(3));
    let from = screen.bytes().len();
    pass(Duration::from_secs(10));
    let drawn = (screen.bytes().len() - from) as f64 / 10.0;
    figure(
        "a step that prints nothing, bytes a second, 80x24",
        drawn,
        100.0,
        "B",
    )
}

/// A run whose step floods its log.
fn flooding() -> (Sandbox, Pty) {
    let (sandbox, screen) = started("perl flood.pl");
    drop(screen);
    let plan = std::fs::read_to_string(sandbox.path("plan.yaml")).expect("it is there");
    let script = sandbox.path("flood.pl").display().to_string();
    let plan = plan.replace("flood.pl", &script).replace("screen", "flood");
    std::fs::write(sandbox.path("plan.yaml"), plan).expect("the sandbox is writable");
    let screen = Pty::start(
        &sandbox.upwalk(["up", "./plan.yaml", "--ui", "tui"]),
        80,
        24,
    );
    screen.wait_for("NOT STARTED");
    screen.wait_idle();
    screen.send("S");
    screen.wait_for("RUNNING");
    screen.wait_for("000");
    (sandbox, screen)
}

/// Bytes and frames a second while 200 MB a minute go into the log.
fn floods() -> bool {
    let (_sandbox, screen) = flooding();
    let mut good = true;
    for (columns, rows, gate) in SIZES {
        resized(&screen, columns, rows);
        let (from, began) = (screen.bytes().len(), Instant::now());
        pass(Duration::from_secs(6));
        let (bytes, took) = (screen.bytes(), began.elapsed().as_secs_f64());
        let drawn = (bytes.len() - from) as f64 / 1000.0 / took;
        let count = frames(&bytes[from..]).len() as f64 / took;
        good &= figure(
            &format!("flood, KB a second, {columns}x{rows}"),
            drawn,
            gate,
            "KB",
        );
        good &= figure(
            &format!("flood, frames a second, {columns}x{rows}"),
            count,
            4.2,
            "",
        );
    }
    good
}

/// How long it takes from a key to its effect, in milliseconds, sorted.
fn presses(screen: &Pty, count: usize) -> Vec<f64> {
    let mut took: Vec<f64> = Vec::with_capacity(count);
    let shows = |help: bool| move |screen: &str| screen.contains("all steps") == help;
    for _ in 0..count.div_ceil(2) {
        for help in [true, false] {
            // Not in step with the frames.
            pass(Duration::from_millis(3 + took.len() as u64 * 7 % 31));
            let began = Instant::now();
            screen.send("\t");
            screen.wait_screen("the other pane", shows(help));
            took.push(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
    took.sort_unstable_by(f64::total_cmp);
    took
}

/// The value that this part of them do not exceed.
fn part(sorted: &[f64], of_a_hundred: usize) -> f64 {
    let at = (sorted.len() * of_a_hundred)
        .div_ceil(100)
        .saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::INFINITY)
}

/// How long a raw terminal takes to echo a key, in milliseconds, sorted: nothing can be faster here.
fn echoes(count: usize) -> Vec<f64> {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "stty raw -echo; printf ready; exec cat"]);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let screen = Pty::start(&command, 80, 24);
    screen.wait_for("ready");
    let mut took: Vec<f64> = (0..count)
        .map(|number| {
            let began = Instant::now();
            let word = format!("\r<{number}>");
            screen.send(&word);
            screen.wait_screen("the echo", |screen| screen.contains(&word[1..]));
            began.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    took.sort_unstable_by(f64::total_cmp);
    took
}

/// Key to effect under the flood, here and on slow links.
fn keys() -> bool {
    let said = std::env::var("UPWALK_BENCH_KEYS").ok();
    let count = said.map_or(1000, |said| said.parse().expect("a number"));
    let echo = echoes(count);
    println!(
        "raw echo by cat: p50 {:.2} ms, p99 {:.2} ms",
        part(&echo, 50),
        part(&echo, 99)
    );
    let (_sandbox, screen) = flooding();
    let mut good = true;
    for (name, reading, count, half, most) in [
        ("here", Reading::Free, count, 2.0, 16.0),
        (
            "64 KB/s",
            Reading::Slow(64_000),
            count / 2,
            f64::INFINITY,
            100.0,
        ),
        (
            "9.6 KB/s",
            Reading::Slow(9_600),
            count / 5,
            f64::INFINITY,
            500.0,
        ),
    ] {
        screen.read_at(reading);
        pass(Duration::from_secs(3));
        let took = presses(&screen, count);
        let what = |of: usize| {
            format!(
                "key to effect at a flood, {name}, p{of}, n = {}",
                took.len()
            )
        };
        good &= figure(&what(50), part(&took, 50), half, "ms");
        good &= figure(&what(99), part(&took, 99), most, "ms");
    }
    good
}

/// How often all threads of a process have begun to wait so far.
fn waits(pid: i32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it lives");
    let of_one = |task: std::io::Result<std::fs::DirEntry>| {
        let status = std::fs::read_to_string(task.ok()?.path().join("status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    };
    tasks.filter_map(of_one).sum()
}

/// What screen and supervisor use in 30 s at a question.
fn question() -> bool {
    let (sandbox, screen) = started("true");
    wait_until("a minute that has half of itself left", || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        (2..25).contains(&(now.expect("it is later than 1970").as_secs() % 60))
    });
    screen.wait_idle();
    let pids = [screen.pid(), sandbox.supervisor()];
    let used = || {
        let busy: u64 = pids.iter().map(|pid| processor(*pid)).sum();
        (busy, pids.iter().map(|pid| waits(*pid)).sum::<u64>())
    };
    let (before, from) = (used(), screen.bytes().len());
    pass(Duration::from_secs(30));
    let (after, drawn) = (used(), screen.bytes().len() - from);
    [
        figure("30 s at a question, bytes", drawn as f64, 0.0, "B"),
        figure("... processor time", (after.0 - before.0) as f64, 1.0, "ms"),
        figure(
            "... wake-ups of all threads",
            (after.1 - before.1) as f64,
            0.0,
            "",
        ),
    ]
    .iter()
    .all(|holds| *holds)
}
