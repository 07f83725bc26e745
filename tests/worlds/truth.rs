//! In every state of a run `why` and `status` say the same and what is so, and each command that
//! `why` prints is taken when it is typed.

use crate::support::{Said, kill, wait_until};
use crate::world::{World, run, wait_gone};
use rustix::process::Signal;
use std::process::Command;

/// A state of a run: how to get there, and words that `why` has to say of it.
struct State {
    about: &'static str,
    reach: fn() -> World,
    says: &'static str,
}

/// A world at the gate.
fn at_the_gate() -> World {
    let world = World::new("");
    world.begin();
    world
}

/// A world at the gate that nobody serves.
fn unserved() -> World {
    let world = at_the_gate();
    world.end_supervisor(Signal::KILL);
    world
}

/// A world that has been walked as far as it goes by itself.
fn walked(world: World, code: i32) -> World {
    world.open_gate();
    let walked = run(&mut world.up());
    assert_eq!(walked.code, Some(code), "{walked}");
    world
}

fn ended_meanwhile() -> World {
    let world = unserved();
    let (shim, _) = world.shim_and_command();
    world.open_gate();
    wait_gone(shim);
    world
}

fn all_killed() -> World {
    let world = at_the_gate();
    world.kill_all();
    world
}

fn unknown() -> World {
    let world = all_killed();
    assert_eq!(world.run(&["attach"]).code, Some(4));
    world
}

fn failed() -> World {
    let world = World::new("");
    world.write("code", "3");
    walked(world, 5)
}

fn failed_and_unserved() -> World {
    let world = failed();
    world.end_supervisor(Signal::KILL);
    world
}

fn paused() -> World {
    walked(World::with("", "  - pause: Soak\n"), 4)
}

fn by_hand() -> World {
    let step = "  - phase: Hand\n    role: pre-deploy\n    steps:\n      - manual: Turn the key\n        name: Key\n        undo: { none: it turns back by itself }\n";
    walked(World::with("", step), 4)
}

fn stopped_supervisor() -> World {
    let world = at_the_gate();
    let supervisor = world.sandbox.supervisor();
    kill(supervisor, Signal::STOP);
    wait_until("the supervisor is stopped", || {
        let stat = std::fs::read_to_string(format!("/proc/{supervisor}/stat"));
        stat.is_ok_and(|stat| stat.contains(") T "))
    });
    world
}

/// Finished, but killed before the claim was given up.
fn not_closed() -> World {
    let world = at_the_gate();
    let claim = world.text("state/services/shop.open");
    world.finish();
    wait_until("the supervisor has gone", || {
        world.sandbox.processes().is_empty()
    });
    world.write("state/services/shop.open", &claim);
    world
}

fn unclaimed() -> World {
    let world = failed_and_unserved();
    std::fs::remove_file(world.path("state/services/shop.open")).expect("the sandbox is ours");
    world
}

const STATES: [State; 12] = [
    State {
        about: "a command runs",
        reach: at_the_gate,
        says: "Step 1.2 (Second) is under way.",
    },
    State {
        about: "a command runs without a supervisor",
        reach: unserved,
        says: "No supervisor serves this run, so nothing is begun after the command that still runs (",
    },
    State {
        about: "a command has ended without a supervisor",
        reach: ended_meanwhile,
        says: "The command that was under way has ended, and how is kept.",
    },
    State {
        about: "everything was killed",
        reach: all_killed,
        says: "Nobody knows how the command ended that was under way",
    },
    State {
        about: "the outcome is unknown",
        reach: unknown,
        says: "Nobody knows whether step 1.2 (Second) did its work",
    },
    State {
        about: "a step failed",
        reach: failed,
        says: "Step 1.2 (Second) failed: exit code 3.",
    },
    State {
        about: "a step failed, without a supervisor",
        reach: failed_and_unserved,
        says: "Step 1.2 (Second) failed: exit code 3.",
    },
    State {
        about: "a pause",
        reach: paused,
        says: "The run pauses at \"Soak\"",
    },
    State {
        about: "a manual step",
        reach: by_hand,
        says: "has to be done by hand: Turn the key",
    },
    State {
        about: "the supervisor is stopped",
        reach: stopped_supervisor,
        says: "was stopped by a signal",
    },
    State {
        about: "finished and not closed",
        reach: not_closed,
        says: "the service is not free for another one until somebody attaches",
    },
    State {
        about: "failed, and its claim removed",
        reach: unclaimed,
        says: "Step 1.2 (Second) failed: exit code 3.",
    },
];

/// A text as one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `why` prints for typing.
fn to_type(why: &Said) -> Vec<String> {
    let is_command = |line: &&str| line.starts_with("upwalk ") || line.starts_with("kill ");
    why.out
        .lines()
        .filter(is_command)
        .map(str::to_owned)
        .collect()
}

/// Types a line of `why`'s.
fn typed(world: &World, line: &str) -> Said {
    // Whoever follows would wait for as long as the step does.
    world.open_gate();
    match line.strip_prefix("upwalk ") {
        Some(_) => world.sandbox.type_line(line),
        None => run(Command::new("sh").arg("-c").arg(line)),
    }
}

/// Holds a state to what is said of it, and types one of its commands; says how many it has.
fn check(state: &State, nth: usize) -> usize {
    let world = (state.reach)();
    let why = world.run(&["why"]);
    let about = state.about;
    assert_eq!(why.code, Some(0), "{about}: {why}");
    assert!(one_line(&why.out).contains(state.says), "{about}: {why}");
    let status = world.run(&["status"]);
    assert!(
        one_line(&status.out).contains(state.says),
        "{about}: {status}"
    );
    let commands = to_type(&why);
    for command in &commands {
        assert!(status.out.contains(command.as_str()), "{about}: {status}");
    }
    let line = commands.get(nth).expect("why prints what can be typed");
    let said = typed(&world, line);
    let taken = if line.starts_with("upwalk attach ") {
        matches!(said.code, Some(0 | 4 | 5))
    } else {
        said.code == Some(0)
    };
    assert!(taken, "{about}: {line}: {said}");
    assert!(!said.err.contains("refused"), "{about}: {line}: {said}");
    commands.len()
}

/// The same for each of its commands; says how many it has.
fn check_all(state: &State) -> usize {
    let count = check(state, 0);
    for nth in 1..count {
        assert_eq!(check(state, nth), count, "{}", state.about);
    }
    count
}

#[test]
fn in_every_state_what_why_prints_is_so_and_is_taken_when_typed() {
    // Most of the time goes by with waiting: each state has a thread of its own.
    let typed: usize = std::thread::scope(|scope| {
        let all: Vec<_> = STATES
            .iter()
            .map(|state| scope.spawn(|| check_all(state)))
            .collect();
        let counts = all.into_iter().map(std::thread::ScopedJoinHandle::join);
        counts.map(|count| count.expect("the state holds")).sum()
    });
    assert!(typed > 25, "{typed} commands were printed and typed");
}

#[test]
fn a_damaged_journal_is_named_by_every_verb_with_the_way_out() {
    let world = failed_and_unserved();
    let path = world.sandbox.run_dir().join("journal.jsonl");
    let journal = world.sandbox.journal();
    std::fs::write(&path, journal.replacen("\"attempt\":1", "\"attempt\":7", 1)).expect("ours");
    for verb in ["why", "status", "attach", "log"] {
        let said = world.run(&[verb]);
        assert!(said.err.contains("is damaged: line "), "{verb}: {said}");
        assert!(said.err.contains("hint: upwalk salvage "), "{verb}: {said}");
        assert_eq!(said.code == Some(8), verb != "status", "{verb}: {said}");
    }
    assert_eq!(world.run(&["status", "--exit-code"]).code, Some(8));
    std::fs::write(&path, journal).expect("it is ours");
    assert_eq!(world.run(&["attach"]).code, Some(5));
}
