//! What upwalk costs besides the commands: a step of `true` against a bare spawn, `--help` against
//! `true`, and dry runs of long plans. Each figure is printed beside its gate (performance.md).
//!
//! `cargo bench --bench steps`.

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

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use support::Sandbox;

/// How many steps are walked and how many processes are started for comparison.
const STEPS: usize = 200;

fn main() {
    let sandbox = Sandbox::new();
    let spawn = best(5, || spawns(STEPS) / STEPS as f64);
    println!("spawn and wait of true: {spawn:.3} ms");
    let good = [
        step(&sandbox, spawn),
        help(&sandbox),
        dry_run(&sandbox, 10, 5.0),
        dry_run(&sandbox, 1_000, 20.0),
        dry_run(&sandbox, 10_000, 150.0),
    ];
    if good.contains(&false) {
        std::process::exit(1);
    }
}

/// The best of so many measurements.
fn best(times: usize, mut measure: impl FnMut() -> f64) -> f64 {
    (0..times).map(|_| measure()).fold(f64::INFINITY, f64::min)
}

/// How long something takes, in milliseconds.
fn timed(act: impl FnOnce()) -> f64 {
    let began = Instant::now();
    act();
    began.elapsed().as_secs_f64() * 1000.0
}

/// Starts `true` so many times, one after the other; milliseconds for all.
fn spawns(times: usize) -> f64 {
    timed(|| {
        for _ in 0..times {
            let status = Command::new("true").stdin(Stdio::null()).status();
            assert!(status.expect("true is there").success());
        }
    })
}

/// A plan of steps that do nothing.
fn plan(sandbox: &Sandbox, steps: usize) -> String {
    use std::fmt::Write as _;
    let mut text =
        "upwalk: 1\nservice: bench\nup:\n  - phase: Steps\n    role: stage\n    steps:\n"
            .to_owned();
    for step in 1..=steps {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "      - argv: [\"true\"]\n        name: Step {step}\n        undo: {{ none: nothing was done }}\n"
        );
    }
    let path = sandbox.path(format!("steps-{steps}.yaml"));
    std::fs::write(&path, text).expect("the sandbox is writable");
    path.display().to_string()
}

/// A step with log file, shim, status file and synced journal, against a bare spawn.
fn step(sandbox: &Sandbox, spawn: f64) -> bool {
    let said = sandbox.run(["up", &plan(sandbox, STEPS), "--ui", "none"]);
    assert_eq!(said.code, Some(0), "{said}");
    let journal = sandbox.journal();
    let up = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        event["up"].as_f64().expect("every event has its time")
    };
    let of = |kind: &'static str| journal.lines().filter(move |line| line.contains(kind));
    let first = of("\"StepStarted\"").next().map(up).expect("a first step");
    let last = of("\"StepFinished\"")
        .next_back()
        .map(up)
        .expect("a last step");
    let each = (last - first) / STEPS as f64;
    println!("a step of true: {each:.3} ms");
    figure("a step of true / spawn", each / spawn, 10.0, "")
}

/// `--help` against `true`.
fn help(sandbox: &Sandbox) -> bool {
    let bare = best(20, || spawns(1));
    let told = best(20, || {
        timed(|| {
            let output = sandbox.upwalk(["--help"]).stdin(Stdio::null()).output();
            assert!(output.expect("upwalk is there").status.success());
        })
    });
    figure("--help / true", told / bare, 2.0, "")
}

/// A dry run of a plan with so many steps.
fn dry_run(sandbox: &Sandbox, steps: usize, gate: f64) -> bool {
    let path = plan(sandbox, steps);
    let shown = sandbox.path("shown");
    let took = best(7, || {
        timed(|| {
            let out = std::fs::File::create(&shown).expect("the sandbox is writable");
            let mut command = sandbox.upwalk(["up", &path, "--plan"]);
            let status = command.stdin(Stdio::null()).stdout(out).status();
            assert!(status.expect("upwalk is there").success());
        })
    });
    assert!(has_lines(&shown, steps), "every step is shown");
    figure(&format!("dry run of {steps} steps"), took, gate, "ms")
}

/// Whether a file has at least so many lines.
fn has_lines(path: &Path, least: usize) -> bool {
    let text = std::fs::read_to_string(path).expect("it was just written");
    text.lines().count() >= least
}

/// Prints a figure beside its gate; says whether it holds.
fn figure(what: &str, value: f64, gate: f64, unit: &str) -> bool {
    let holds = value <= gate;
    let verdict = if holds { "within" } else { "BEYOND" };
    println!("{what:40} {value:9.3} {unit:2}  gate {gate:8.3} {unit:2}  {verdict}");
    holds
}
