//! The wall clock is set while a run is open: lengths of time do not follow it, and a jump is said.
//!
//! faketime stands in for the C library's clock; the machine's own is never set.

use crate::support::{Said, skip_missing};
use crate::world::{World, run};
use std::path::PathBuf;
use std::process::Command;

/// The library that stands in for the clock.
fn faketime() -> Option<PathBuf> {
    let dirs = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten();
    let mut found = dirs.map(|dir| dir.path().join("faketime/libfaketime.so.1"));
    let found = found.find(|path| path.exists());
    if found.is_none() {
        skip_missing("faketime");
    }
    found
}

/// A world whose wall clock can be set.
struct Clock {
    world: World,
    library: PathBuf,
}

impl Clock {
    fn new(library: PathBuf, more: &str, next: &str) -> Self {
        let clock = Self {
            world: World::with(more, next),
            library,
        };
        clock.set("2026-11-21 04:00:00");
        clock
    }

    /// Sets it, for all that run and all that come.
    fn set(&self, to: &str) {
        self.world.write("clock.new", &format!("@{to}\n"));
        std::fs::rename(self.world.path("clock.new"), self.world.path("clock"))
            .expect("the sandbox is ours");
    }

    /// Gives a command this clock. The other clocks stay the machine's.
    fn on(&self, mut command: Command) -> Command {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", self.world.path("clock"))
            .env("FAKETIME_NO_CACHE", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1")
            .env("TZ", "UTC");
        command
    }

    fn run(&self, args: &[&str]) -> Said {
        run(&mut self.on(self.world.upwalk(args)))
    }

    /// The status as one line.
    fn status(&self) -> String {
        let said = self.run(&["status"]);
        said.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What the open run has of this in `status --json`.
    fn status_of(&self, field: &str) -> serde_json::Value {
        let said = self.run(&["status", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&said.out).expect("it is JSON");
        json["runs"][0][field].clone()
    }
}

#[test]
fn a_clock_that_is_set_in_mid_run_ends_no_timeout_and_no_pause_and_is_said() {
    let Some(library) = faketime() else {
        return;
    };
    let pause = "  - pause: Soak\n    min: 1h\n    max: 2h\n";
    let clock = Clock::new(library, "timeout: 1h", pause);
    let world = &clock.world;
    world.begin_by(clock.on(world.up()));
    assert!(clock.status_of("clock").is_null());
    a_step_takes_no_year(&clock);
    a_pause_lasts_its_hour(&clock);
    the_end_is_told_in_true_lengths(&clock);
}

/// A year passes on the wall clock while the step stands at the gate.
fn a_step_takes_no_year(clock: &Clock) {
    let world = &clock.world;
    clock.set("2027-11-21 04:00:00");
    assert!(
        clock.status().contains("was set forward by 36"),
        "{}",
        clock.status()
    );
    let since = clock.status_of("since_ms").as_u64().expect("a length");
    assert!(
        since < 600_000,
        "a year is no length of this run: {since} ms"
    );
    world.open_gate();
    let parked = clock.run(&["attach"]);
    assert_eq!(parked.code, Some(4), "{parked}");
    let exit = std::fs::read_to_string(world.file("exit").expect("it ended")).expect("a status");
    let exit: serde_json::Value = serde_json::from_str(&exit).expect("it is JSON");
    assert!(exit["took"].as_u64().expect("a length") < 600_000, "{exit}");
    assert!(
        exit["at"].as_str().is_some_and(|at| at.starts_with("2027")),
        "{exit}"
    );
}

/// The wall clock goes back and forth while the pause lasts.
fn a_pause_lasts_its_hour(clock: &Clock) {
    for now in [
        "2027-11-22 05:00:00",
        "1970-01-01 00:01:00",
        "2036-02-29 00:00:00",
    ] {
        clock.set(now);
        let why = clock.run(&["why"]);
        let proceed = why.line_to_type("continue");
        let words: Vec<&str> = proceed.split(' ').skip(1).collect();
        let early = clock.run(&words);
        assert_eq!(early.code, Some(4), "at {now}: {early}");
        assert!(
            early
                .err
                .contains("The plan wants this pause to last until"),
            "{early}"
        );
        let hour = early
            .err
            .split("until ")
            .nth(1)
            .and_then(|rest| rest.get(..2));
        let next: u64 = now[11..13].parse().expect("an hour");
        let next = format!("{:02}", (next + 1) % 24);
        let this = &now[11..13];
        assert!(
            hour == Some(&next) || hour == Some(this),
            "at {now}: {early}"
        );
        assert_eq!(
            clock
                .world
                .sandbox
                .events("QuestionAsked", &["overdue\":true"]),
            0
        );
    }
}

/// The run ends in 1970, and journal and list still make sense.
fn the_end_is_told_in_true_lengths(clock: &Clock) {
    let world = &clock.world;
    clock.set("1970-01-01 00:01:00");
    assert!(
        clock.status().contains("was set back by 2"),
        "{}",
        clock.status()
    );
    let at = clock
        .status_of("at")
        .as_u64()
        .expect("a question is open")
        .to_string();
    let end = [
        "continue",
        "--early",
        "--because",
        "enough",
        "--wait",
        "--at",
        &at,
    ];
    let done = clock.run(&end);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(world.ran(), ["first", "second", "third"]);
    let journal = world.sandbox.journal();
    for year in [
        "\"2026-11-21T04:0",
        "\"2027-11-21T04:0",
        "\"1970-01-01T00:0",
    ] {
        assert!(journal.contains(year), "{year}: {journal}");
    }
    let runs = clock.run(&["runs", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&runs.out).expect("it is JSON");
    assert!(
        json["runs"][0]["took_ms"].as_u64().expect("a length") < 600_000,
        "{json}"
    );
}

#[test]
fn runs_stay_in_their_order_when_the_clock_was_set_back() {
    let Some(library) = faketime() else {
        return;
    };
    let clock = Clock::new(library, "", "");
    clock.world.open_gate();
    let mut names = Vec::new();
    for now in [
        "2026-11-21 04:00:00",
        "2026-11-21 04:00:00",
        "1970-01-01 00:00:10",
    ] {
        clock.set(now);
        let done = run(&mut clock.on(clock.world.up()));
        assert_eq!(done.code, Some(0), "{done}");
        assert_eq!(
            done.err.contains("the clock of this machine was set back"),
            now.starts_with("1970"),
            "{done}"
        );
        let listed = clock.run(&["runs", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&listed.out).expect("it is JSON");
        let newest = json["runs"][0]["run"].as_str().expect("a name").to_owned();
        assert!(
            !names.contains(&newest),
            "the newest run comes first: {listed}"
        );
        assert!(
            json["runs"][0]["began"]
                .as_str()
                .is_some_and(|at| at[..4] == now[..4]),
            "{listed}"
        );
        names.push(newest);
    }
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn a_condition_that_is_polled_has_its_time_whatever_the_clock_says() {
    let Some(library) = faketime() else {
        return;
    };
    let verify = "verify: test -e \"$HERE/there\"\n        within: 1h\n        every: 100ms";
    let clock = Clock::new(library, verify, "");
    let world = &clock.world;
    world.begin_by(clock.on(world.up()));
    world.open_gate();
    crate::support::wait_until("the command has ended", || {
        world.sandbox.events("CommandEnded", &["code"]) == 2
    });
    for now in [
        "2028-01-01 00:00:00",
        "1970-01-01 00:00:10",
        "2026-11-21 05:30:00",
    ] {
        clock.set(now);
        assert!(clock.status().contains("1.2"), "{}", clock.status());
        assert_eq!(
            world.sandbox.events("QuestionAsked", &["failed"]),
            0,
            "at {now}"
        );
    }
    world.write("there", "");
    let done = clock.run(&["attach"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(world.ran(), ["first", "second", "third"]);
}
