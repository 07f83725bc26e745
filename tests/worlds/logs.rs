//! A step's log is removed, cut or replaced from outside: the step goes on, and the truth is said.

use crate::support::wait_until;
use crate::world::World;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

/// A world whose second step fails behind the gate.
fn failing() -> World {
    let world = World::new("");
    world.write("code", "3");
    world.begin();
    world
}

#[test]
fn a_log_that_was_removed_is_said_to_be() {
    let world = failing();
    let log = world.file("log").expect("it has a log");
    std::fs::remove_file(&log).expect("it is ours");
    let said = world.run(&["log"]);
    assert_eq!(said.code, Some(1), "{said}");
    assert!(
        said.err.contains("the log of step second is gone"),
        "{said}"
    );
    assert!(said.err.contains("somebody has removed it"), "{said}");
    world.open_gate();
    let failed = world.run(&["attach"]);
    assert_eq!(failed.code, Some(5), "{failed}");
    let words = format!("Its log, {}, was removed by somebody.", log.display());
    assert!(failed.out.contains(&words), "{failed}");
    let exit = std::fs::read_to_string(world.file("exit").expect("it ended")).expect("a status");
    let exit: serde_json::Value = serde_json::from_str(&exit).expect("it is JSON");
    let written = "before the gate\nbehind the gate\n".len();
    assert_eq!(
        exit["log_bytes"], written,
        "what was written, not what lies there: {exit}"
    );
}

#[test]
fn a_log_that_was_cut_or_replaced_says_how_much_is_left() {
    for replaced in [false, true] {
        let world = failing();
        let log = world.file("log").expect("it has a log");
        if replaced {
            world.write("other", "x\n");
            std::fs::rename(world.path("other"), &log).expect("it is ours");
        } else {
            wait_until("the log is cut", || std::fs::write(&log, "").is_ok());
        }
        world.open_gate();
        let failed = world.run(&["attach"]);
        assert_eq!(failed.code, Some(5), "{failed}");
        // Cut while the step wrote it: it had no more at the end. Replaced: the step's own is lost.
        let (text, left) = if replaced {
            ("x\n", Some("2 of 32 bytes"))
        } else {
            ("behind the gate\n", None)
        };
        let said = world.run(&["log"]);
        assert_eq!((said.code, said.out.as_str()), (Some(0), text), "{said}");
        assert_eq!(
            said.err.contains("somebody has cut or replaced it"),
            left.is_some(),
            "{said}"
        );
        assert!(
            left.is_none_or(|left| failed.out.contains(left)),
            "{failed}"
        );
        std::fs::write(&log, "behind").expect("it is ours");
        let cut = world.run(&["log"]);
        assert!(cut.err.contains("upwalk: 6 of "), "{cut}");
        // Without the times of its lines it is shown all the same.
        std::fs::remove_file(log.with_extension("times")).expect("it is ours");
        assert_eq!(world.run(&["log"]).out, "behind\n");
    }
}

#[test]
fn whoever_follows_a_log_is_told_that_it_was_cut_or_removed_and_sees_the_rest() {
    for removed in [false, true] {
        let world = failing();
        let log = world.file("log").expect("it has a log");
        let mut follow = world.upwalk(&["log", "-f"]);
        follow.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut follow = follow.spawn().expect("upwalk can be started");
        let mut out = BufReader::new(follow.stdout.take().expect("it is piped"));
        let mut err = BufReader::new(follow.stderr.take().expect("it is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        assert_eq!(line, "before the gate\n");
        if removed {
            std::fs::remove_file(&log).expect("it is ours");
        } else {
            std::fs::write(&log, "").expect("it is ours");
        }
        line.clear();
        err.read_line(&mut line).expect("a line");
        let words = if removed {
            "has removed the log's file"
        } else {
            "has cut the log"
        };
        assert!(line.contains(words), "{line}");
        world.open_gate();
        line.clear();
        out.read_line(&mut line).expect("a line");
        assert_eq!(line, "behind the gate\n");
        assert!(follow.wait().expect("it ends").success());
    }
}
