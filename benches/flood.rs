//! What a flood of output costs: the command against `cmd > file`, upwalk's own processor time, and
//! its memory while the log grows to 5 GB. Each figure is printed beside its gate (performance.md).
//!
//! `cargo bench --bench flood`. The baseline is named in each line and measured in the same run,
//! since these machines are noisy; the baseline against itself shows how noisy. `UPWALK_BENCH_GB`
//! changes the size of the large log, `UPWALK_BENCH_PAIRS` how many pairs of 1 GB are timed.

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
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::pty::Pty;
use support::{Sandbox, wait_until};

/// Writes so many blocks of 64 KiB in lines of 80 columns, none like the one before.
const WRITER: &str = r#"my $b = join "", map { sprintf "%04d %s\n", $_, chr(97 + $_ % 26) x 74 } 1..820; syswrite(STDOUT, $b) for 1..$ARGV[0]"#;
/// Bytes of a block.
const BLOCK: u64 = 80 * 820;
/// One gigabyte, as the gates count it.
const GB: u64 = 1_000_000_000;

/// A plan: as many steps of 1 GB as there are pairs, then the large log in two parts.
fn plan(pairs: u64, large: u64) -> String {
    let mut steps = String::new();
    for pair in 1..=pairs {
        let blocks = GB / BLOCK;
        // Writing to a string cannot fail.
        let _ = write!(
            steps,
            "      - argv: [perl, -e, '{WRITER}', '{blocks}']\n        name: Flood {pair}\n        undo: {{ none: only a log }}\n"
        );
    }
    let small = GB / 10 / BLOCK;
    let rest = (large - GB / 10) / BLOCK;
    format!(
        "upwalk: 1\nservice: flood\nvars:\n  here: {{ required: true }}\nup:\n  - phase: Flood\n    role: stage\n    steps:\n{steps}      - name: The large log\n        undo: {{ none: only a log }}\n        run: |\n          perl -e '{WRITER}' {small}\n          : >\"$HERE/small\"\n          until test -e \"$HERE/go\"; do sleep 0.1; done\n          perl -e '{WRITER}' {rest}\n          : >\"$HERE/large\"\n          until test -e \"$HERE/end\"; do sleep 0.1; done\n"
    )
}

/// The walk under measurement, with its screen.
struct Walk {
    sandbox: Sandbox,
    screen: Pty,
}

impl Walk {
    /// Starts it, stepping, up to the question before the first step.
    fn start(pairs: u64, large: u64) -> Self {
        let sandbox = Sandbox::new();
        let path = sandbox.path("flood.yaml");
        std::fs::write(&path, plan(pairs, large)).expect("the sandbox is writable");
        std::fs::create_dir(sandbox.path("here")).expect("the sandbox is writable");
        let here = format!("here={}", sandbox.path("here").display());
        let path = path.display().to_string();
        let command = sandbox.upwalk(["up", &path, "--step", "--set", &here, "--ui", "tui"]);
        let screen = Pty::start(&command, 80, 24);
        screen.wait_for("S start");
        screen.wait_idle();
        screen.send("S");
        let walk = Self { sandbox, screen };
        walk.asked(1);
        walk
    }

    /// Waits until so many questions before a step have been asked.
    fn asked(&self, count: usize) {
        wait_until("the next question", || {
            self.sandbox.events("QuestionAsked", &["next_step"]) >= count
        });
    }

    /// Lets the next step begin.
    fn go_on(&self) {
        let why = self.sandbox.run(["why"]);
        let said = self.sandbox.type_line(&why.line_to_type("continue"));
        assert_eq!(said.code, Some(0), "{said}");
    }

    /// How long the step of this number took from its intent to its end, in milliseconds of
    /// `CLOCK_BOOTTIME`: shim, status file and journal included.
    fn took(&self, number: usize) -> u64 {
        let journal = self.sandbox.journal();
        let up = |kind: &str| {
            let lines = journal.lines().filter(|line| line.contains(kind));
            let line = lines.clone().nth(number - 1).expect("the event is there");
            let event: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
            event["up"].as_u64().expect("every event has its time")
        };
        up("\"event\":\"CommandEnded\"") - up("\"event\":\"StepStarted\"")
    }

    /// The processes of upwalk that are measured: supervisor and screen.
    fn own(&self) -> [i32; 2] {
        [self.sandbox.supervisor(), self.screen.pid()]
    }
}

/// How long `cmd > file` takes, in milliseconds.
fn baseline(file: &Path) -> u64 {
    let out = std::fs::File::create(file).expect("the file can be made");
    let began = Instant::now();
    let status = Command::new("perl")
        .args(["-e", WRITER, &(GB / BLOCK).to_string()])
        .stdin(Stdio::null())
        .stdout(out)
        .status();
    let took = began.elapsed();
    assert!(status.expect("perl is there").success());
    std::fs::remove_file(file).expect("it was just made");
    u64::try_from(took.as_millis()).expect("it is short")
}

/// Resident memory of a process in bytes.
fn resident(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.expect("every process has resident memory") * 1024
}

/// Shims of this sandbox's run that live now.
fn shims(walk: &Walk) -> Vec<i32> {
    let tasks = format!("/proc/{}/task", walk.sandbox.supervisor());
    let tasks = std::fs::read_dir(tasks).expect("the supervisor lives");
    let children = |task: std::io::Result<std::fs::DirEntry>| {
        let path = task.ok()?.path().join("children");
        std::fs::read_to_string(path).ok()
    };
    let all: Vec<String> = tasks.filter_map(children).collect();
    let pids = all.iter().flat_map(|line| line.split_whitespace());
    pids.filter_map(|pid| pid.parse().ok()).collect()
}

/// The logs of the run; their bytes are given back once they are measured.
fn drop_logs(walk: &Walk) {
    let listed = std::fs::read_dir(walk.sandbox.run_dir()).expect("the run is there");
    let paths: Vec<PathBuf> = listed
        .map(|entry| entry.expect("an entry").path())
        .collect();
    for path in paths
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "log"))
    {
        if path
            .file_name()
            .is_some_and(|name| name != "supervisor.log")
        {
            std::fs::remove_file(path).expect("it is ours");
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(otherwise, |said| said.parse().expect("a number"))
}

fn main() {
    let pairs = number("UPWALK_BENCH_PAIRS", 7);
    let large = number("UPWALK_BENCH_GB", 5) * GB;
    let walk = Walk::start(pairs, large);
    let good = [flood(&walk, pairs), growth(&walk, pairs, large)];
    if good.contains(&false) {
        std::process::exit(1);
    }
}

/// 1 GB through a step against 1 GB by `cmd > file`, in pairs; the best ratio counts.
fn flood(walk: &Walk, pairs: u64) -> bool {
    let file = walk.sandbox.path("baseline");
    let (mut ratios, mut noise) = (Vec::new(), Vec::new());
    for pair in 1..=usize::try_from(pairs).expect("a few") {
        let before = baseline(&file);
        walk.go_on();
        walk.asked(pair + 1);
        let took = walk.took(pair);
        drop_logs(walk);
        let after = baseline(&file);
        println!("pair {pair}: cmd > file {before} ms, step {took} ms, cmd > file {after} ms");
        ratios.push(took as f64 / before.min(after) as f64);
        noise.push(after as f64 / before as f64);
    }
    let best = |of: &[f64]| of.iter().copied().fold(f64::INFINITY, f64::min);
    println!("best of cmd > file against itself: {:.3}", best(&noise));
    figure(
        "1 GB of log, wall / (cmd > file), best",
        best(&ratios),
        1.10,
        "",
    )
}

/// Memory, processor time and terminal bytes while a log grows from 0.1 GB to its full size.
fn growth(walk: &Walk, pairs: u64, large: u64) -> bool {
    walk.go_on();
    let here = walk.sandbox.path("here");
    wait_until("0.1 GB", || here.join("small").exists());
    walk.screen.wait_idle();
    let own = walk.own();
    let shims = shims(walk);
    assert_eq!(shims.len(), 1, "one shim is at work after {pairs} pairs");
    let all: Vec<i32> = own.iter().chain(&shims).copied().collect();
    let memory = |pids: &[i32]| pids.iter().map(|pid| resident(*pid)).sum::<u64>();
    let busy = || all.iter().map(|pid| processor(*pid)).sum::<u64>();
    let (small, began, drawn, before) = (
        memory(&own),
        Instant::now(),
        walk.screen.bytes().len(),
        busy(),
    );
    std::fs::write(here.join("go"), "").expect("it is ours");
    let mut peak = small;
    wait_until("the large log", || {
        peak = peak.max(memory(&own));
        here.join("large").exists()
    });
    let took = began.elapsed().max(Duration::from_millis(1));
    let (end, spent) = (memory(&own), busy() - before);
    let drawn = walk.screen.bytes().len() - drawn;
    let per_gb = spent as f64 / 1000.0 / ((large - GB / 10) as f64 / GB as f64);
    println!(
        "{} GB of log in {:.1} s; resident: supervisor {:.1} MB, screen {:.1} MB, shim {:.1} MB",
        large / GB,
        took.as_secs_f64(),
        resident(own[0]) as f64 / 1e6,
        resident(own[1]) as f64 / 1e6,
        resident(shims[0]) as f64 / 1e6,
    );
    std::fs::write(here.join("end"), "").expect("it is ours");
    wait_until("the end", || walk.sandbox.events("RunFinished", &[]) == 1);
    grown(&Growth {
        large,
        peak,
        more: end.saturating_sub(small),
        per_gb,
        drawn: drawn as f64 / took.as_secs_f64(),
    })
}

/// What was measured while the log grew.
struct Growth {
    large: u64,
    /// The most memory in bytes, and how much more it was in the end.
    peak: u64,
    more: u64,
    /// Seconds of processor time.
    per_gb: f64,
    /// Bytes a second.
    drawn: f64,
}

/// Prints it beside its gates.
fn grown(found: &Growth) -> bool {
    [
        figure(
            "resident memory, supervisor + screen, at its highest",
            found.peak as f64 / 1e6,
            16.0,
            "MB",
        ),
        figure(
            &format!("... growth from 0.1 to {} GB", found.large / GB),
            found.more as f64 / 1e3,
            512.0,
            "KB",
        ),
        figure(
            "processor time of supervisor, screen and shim per GB",
            found.per_gb,
            0.15,
            "s",
        ),
        figure(
            "bytes a second on the terminal, 80x24",
            found.drawn / 1e3,
            10.0,
            "KB",
        ),
    ]
    .iter()
    .all(|holds| *holds)
}
