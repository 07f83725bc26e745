//! Signals from outside, to each process of a run: nothing is lost, nothing runs twice, nothing is
//! called failed that nobody knows.

use crate::support::pty::Pty;
use crate::support::{kill, wait_until};
use crate::world::{World, is_alive, run, wait_gone};
use rustix::process::Signal;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};

/// What ends a front end, and the exit code that tells so.
const ENDING: [(Signal, i32); 4] = [
    (Signal::HUP, 129),
    (Signal::INT, 130),
    (Signal::QUIT, 131),
    (Signal::TERM, 143),
];

/// `upwalk` itself, where a signal has to reach it and nobody else.
fn bare(world: &World, args: &[&str]) -> Command {
    let mut command = Command::new(&world.binary);
    command.args(args);
    world.sandbox.settle(&mut command);
    command
}

/// A front end with progress lines, which has said where the run stands.
fn with_lines(world: &World) -> Child {
    let mut command = bare(world, &["attach"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("upwalk can be started");
    let mut out = child.stdout.take().expect("it is piped");
    let mut first = [0; 4];
    out.read_exact(&mut first)
        .expect("it says where the run stands");
    child.stdout = Some(out);
    child
}

fn pid_of(child: &Child) -> i32 {
    i32::try_from(child.id()).expect("a pid")
}

#[test]
fn a_front_end_that_a_signal_ends_says_so_and_the_run_goes_on() {
    let world = World::new("");
    world.begin();
    let supervisor = world.sandbox.supervisor();
    for (signal, code) in ENDING {
        let mut lines = with_lines(&world);
        kill(pid_of(&lines), signal);
        let ended = lines.wait().expect("it ends");
        assert_eq!(ended.code(), Some(code), "with lines, {signal:?}");

        let mut prompts = Pty::start(&bare(&world, &["attach", "--ui", "plain"]), 80, 24);
        prompts.wait_for("Ctrl-C leaves these prompts");
        kill(prompts.pid(), signal);
        assert_eq!(
            prompts.wait().code(),
            Some(code),
            "with prompts, {signal:?}"
        );

        let mut screen = Pty::start(&bare(&world, &["attach", "--ui", "tui"]), 80, 24);
        screen.wait_for("before the gate");
        kill(screen.pid(), signal);
        assert_eq!(
            screen.wait().code(),
            Some(code),
            "with a screen, {signal:?}"
        );
        let bytes = String::from_utf8_lossy(&screen.bytes()).into_owned();
        let left = bytes
            .rfind("\u{1b}[?1049l")
            .expect("the screen is given back");
        assert!(
            bytes
                .rfind("\u{1b}[?1049h")
                .is_some_and(|entered| entered < left)
        );

        assert_eq!(
            world.sandbox.supervisor(),
            supervisor,
            "the run has its supervisor"
        );
    }
    world.finish();
}

#[test]
fn a_front_end_that_a_signal_ends_before_it_reached_the_run_says_by_which() {
    let world = World::new("");
    world.begin();
    let supervisor = world.sandbox.supervisor();
    // Nobody answers meanwhile.
    kill(supervisor, Signal::STOP);
    let waiting = ENDING.map(|(signal, code)| {
        let mut command = bare(&world, &["attach", "--observe"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().expect("upwalk can be started");
        let pid = pid_of(&child);
        wait_until("it waits for the hello", || {
            catches(pid, signal) && has_socket(pid)
        });
        kill(pid, signal);
        (child, code)
    });
    // Each looks again when it has waited long enough for the hello.
    for (child, code) in waiting {
        let said = crate::support::said(&child.wait_with_output().expect("it ends"));
        assert_eq!(said.code, Some(code), "{said}");
    }
    kill(supervisor, Signal::CONT);
    world.finish();
}

#[test]
fn a_front_end_that_was_stopped_catches_up() {
    let world = World::new("");
    world.begin();
    let lines = with_lines(&world);
    kill(pid_of(&lines), Signal::STOP);
    world.open_gate();
    wait_until("the run is done", || {
        !world.path("state/services/shop.open").exists()
    });
    kill(pid_of(&lines), Signal::CONT);
    let said = lines.wait_with_output().expect("it ends");
    assert_eq!(said.status.code(), Some(0));
    let out = String::from_utf8_lossy(&said.stdout);
    assert!(
        out.contains("1.2 Second") && out.contains("2.1 Third"),
        "{out}"
    );
}

#[test]
fn who_stops_reading_costs_nobody_anything() {
    let world = World::new("");
    world.begin();
    for verb in ["status", "why", "log", "runs", "attach"] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = world.upwalk(&[verb]);
        command.stdout(writer).stderr(Stdio::piped());
        if verb == "attach" {
            // It would follow for as long as the run goes on.
            world.open_gate();
        }
        let said = command.output().expect("upwalk can be started");
        let err = String::from_utf8_lossy(&said.stderr);
        assert!(!err.contains("panicked"), "{verb}: {err}");
        assert!(
            matches!(said.status.code(), Some(0 | 1)),
            "{verb}: {:?}",
            said.status
        );
    }
    world.finish();
}

#[test]
fn a_supervisor_that_a_signal_ends_is_told_to_who_looks_and_followed_by_another() {
    let world = World::new("");
    world.begin();
    let ends = [
        Signal::HUP,
        Signal::INT,
        Signal::QUIT,
        Signal::TERM,
        Signal::KILL,
    ];
    for signal in ends {
        let screen = Pty::start(&bare(&world, &["attach", "--ui", "tui"]), 80, 24);
        screen.wait_for("before the gate");
        let lines = with_lines(&world);
        world.end_supervisor(signal);
        let said = lines.wait_with_output().expect("it ends");
        assert_eq!(said.status.code(), Some(1), "{signal:?}");
        let err = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(err.contains("hint: upwalk attach "), "{signal:?}: {err}");
        screen.wait_for("upwalk attach");
        let status = world.run(&["status", "--exit-code"]);
        assert_eq!(status.code, Some(4), "{status}");
        let words = status.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("nothing is begun after the command that still runs ("),
            "{status}"
        );
        assert_eq!(world.run(&["attach", "--all"]).code, Some(0));
    }
    world.finish();
    assert_eq!(
        world.sandbox.events("SupervisorStarted", &[]),
        1 + ends.len()
    );
}

#[test]
fn a_supervisor_that_was_stopped_is_called_so_and_goes_on_where_it_was() {
    let world = World::new("");
    world.begin();
    let supervisor = world.sandbox.supervisor();
    kill(supervisor, Signal::STOP);
    let continued = format!("kill -CONT {supervisor}");
    wait_until("why tells how to let it go on", || {
        world
            .run(&["why"])
            .out
            .lines()
            .any(|line| line == continued)
    });
    let status = world.run(&["status", "--exit-code"]);
    assert_eq!(status.code, Some(4), "{status}");
    let attached = world.run(&["attach"]);
    assert_eq!(attached.code, Some(1), "{attached}");
    assert!(
        attached.err.contains(&format!("hint: {continued}")),
        "{attached}"
    );
    let typed = Command::new("sh").arg("-c").arg(&continued).status();
    assert!(typed.is_ok_and(|status| status.success()));
    world.finish();
    assert_eq!(world.sandbox.events("SupervisorStarted", &[]), 1);
}

#[test]
fn a_shim_bears_what_a_shutdown_or_a_terminal_sends() {
    let world = World::new("");
    world.begin();
    let (shim, _) = world.shim_and_command();
    for signal in [
        Signal::TERM,
        Signal::HUP,
        Signal::INT,
        Signal::STOP,
        Signal::CONT,
    ] {
        kill(shim, signal);
    }
    assert!(is_alive(shim));
    world.finish();
}

#[test]
fn a_shim_that_is_ended_takes_no_status_with_it() {
    for signal in [Signal::QUIT, Signal::KILL] {
        let world = World::new("");
        world.begin();
        let (shim, command) = world.shim_and_command();
        kill(shim, signal);
        wait_gone(shim);
        assert!(is_alive(command), "{signal:?}");
        world.finish();
        assert_eq!(
            world.sandbox.events("StepOutcomeUnknown", &[]),
            0,
            "{signal:?}"
        );
    }
}

#[test]
fn a_command_that_somebody_else_ends_has_failed_and_says_by_what() {
    for signal in [
        Signal::TERM,
        Signal::HUP,
        Signal::INT,
        Signal::KILL,
        Signal::SEGV,
    ] {
        let world = World::new("");
        world.begin();
        let (_, command) = world.shim_and_command();
        kill(command, signal);
        let failed = world.run(&["attach"]);
        assert_eq!(failed.code, Some(5), "{failed}");
        let by = format!("ended by signal {}", signal.as_raw());
        assert!(failed.out.contains(&by), "{failed}");
        assert_eq!(world.ran(), ["first", "second"]);
    }
}

#[test]
fn what_dies_while_the_machine_goes_down_is_unknown_and_never_failed() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let world = World::new("");
        world.begin();
        let (shim, command) = world.shim_and_command();
        let supervisor = world.sandbox.supervisor();
        // In the order that is worst: the command first, whoever notes it last.
        for pid in [command, supervisor, shim] {
            kill(pid, signal);
        }
        for pid in [supervisor, shim, command] {
            wait_gone(pid);
        }
        // What the command had begun ends by itself, a moment later.
        wait_until("nobody of it is left", || {
            world.run(&["why"]).out.contains("Nobody knows")
        });
        let asked = world.run(&["attach"]);
        assert_eq!(asked.code, Some(4), "{signal:?}: {asked}");
        assert_eq!(world.sandbox.events("StepOutcomeUnknown", &[]), 1);
        assert_eq!(world.ran(), ["first", "second"]);
        world.open_gate();
        let rerun = asked.line_to_type("settle shop rerun");
        let done = world.sandbox.type_line(&format!("{rerun} --wait"));
        assert_eq!(done.code, Some(0), "{done}");
        assert_eq!(world.ran(), ["first", "second", "second", "third"]);
    }
}

#[test]
fn everything_killed_at_once_is_one_unknown_outcome() {
    let world = World::new("");
    let mut front = world.front(world.up());
    let pid = pid_of(&front);
    kill(pid, Signal::KILL);
    world.kill_all();
    front.wait().expect("it can be waited for");
    let asked = world.run(&["attach"]);
    assert_eq!(asked.code, Some(4), "{asked}");
    assert!(asked.out.contains("before the gate"), "{asked}");
    let done = world.sandbox.type_line(&format!(
        "{} --wait",
        asked.line_to_type("settle shop done")
    ));
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(world.ran(), ["first", "second", "third"]);
}

#[test]
fn an_asker_that_is_killed_has_told_nothing_and_the_question_is_asked_again() {
    let guard = "unless: { run: 'touch \"$HERE/asked\"; until test -e \"$HERE/answer\" || ! test -d \"$HERE\"; do sleep 0.05; done; exit 1', no: [1] }";
    let world = World::new(guard);
    let mut up = world.up();
    let following = up
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("upwalk can be started");
    wait_until("the guard is asked", || world.path("asked").exists());
    let supervisor = world.sandbox.supervisor();
    let askers = children(supervisor, "__ask");
    assert_eq!(askers.len(), 1, "{askers:?}");
    kill(askers[0], Signal::KILL);
    let said = crate::support::said(&following.wait_with_output().expect("it ends"));
    assert_eq!(said.code, Some(4), "{said}");
    assert!(said.out.contains("could not be told"), "{said}");
    assert_eq!(world.ran(), ["first"]);
    world.write("answer", "");
    world.open_gate();
    let done = run(world
        .upwalk(&[])
        .args(words(&said.line_to_type("retry")))
        .arg("--wait"));
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(world.ran(), ["first", "second", "third"]);
}

/// Whether a process handles a signal.
fn catches(pid: i32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal.as_raw() - 1)) != 0)
}

/// Whether a process has a socket open.
fn has_socket(pid: i32) -> bool {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd"));
    let mut targets = open.into_iter().flatten().flatten();
    targets.any(|fd| {
        let target = std::fs::read_link(fd.path());
        target.is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
    })
}

/// A line for typing without its first word.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().skip(1).collect()
}

/// The children of a process with this word on their command line.
fn children(of: i32, word: &str) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{of}/task")).expect("it lives");
    let lists = tasks.flatten().map(|task| {
        let list = std::fs::read_to_string(task.path().join("children"));
        list.unwrap_or_default()
    });
    let all: String = lists.collect::<Vec<_>>().join(" ");
    all.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .filter(|pid: &i32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line)
                .split('\0')
                .any(|own| own == word)
        })
        .collect()
}
