//! upwalk is replaced or removed while a run is open: a distribution upgrade does that.

use crate::support::wait_until;
use crate::world::World;
use rustix::process::Signal;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::net::UnixListener;
use upwalk::journal::codec::GENESIS;

/// A run begun by a copy of upwalk, at the gate; a question is asked behind it.
fn begun_by_a_copy() -> World {
    let mut world = World::new("verify: echo asked >>\"$HERE/asked\"");
    let copy = world.path("upwalk-copy");
    std::fs::copy(&world.binary, &copy).expect("the sandbox is writable");
    let installed = std::mem::replace(&mut world.binary, copy);
    world.begin();
    world.binary = installed;
    world
}

#[test]
fn a_program_that_was_replaced_or_removed_serves_its_run_to_the_end() {
    for replaced in [false, true] {
        let world = begun_by_a_copy();
        let copy = world.path("upwalk-copy");
        if replaced {
            world.write(
                "upwalk-new",
                "#!/bin/sh\necho this is another program; exit 9\n",
            );
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(world.path("upwalk-new"), mode).expect("it is ours");
            std::fs::rename(world.path("upwalk-new"), &copy).expect("the sandbox is ours");
        } else {
            std::fs::remove_file(&copy).expect("the sandbox is ours");
        }
        let supervisor = world.sandbox.supervisor();
        world.finish();
        assert_eq!(world.text("asked"), "asked\n");
        let started = world
            .sandbox
            .events("SupervisorStarted", &[&format!("{supervisor}")]);
        assert_eq!(started, 1, "the same one has served it to the end");
        assert_eq!(world.sandbox.events("SupervisorStarted", &[]), 1);
    }
}

#[test]
fn where_the_old_supervisor_is_gone_the_new_program_takes_over() {
    let world = begun_by_a_copy();
    std::fs::remove_file(world.path("upwalk-copy")).expect("the sandbox is ours");
    world.end_supervisor(Signal::KILL);
    world.finish();
    assert_eq!(world.sandbox.events("SupervisorStarted", &[]), 2);
}

#[test]
fn whoever_meets_another_wire_version_becomes_the_supervisors_program() {
    let world = World::new("");
    world.begin();
    world.end_supervisor(Signal::KILL);
    let socket = world.sandbox.run_dir().join("supervisor.sock");
    std::fs::remove_file(&socket).expect("it is stale");
    // This test is the supervisor now, of a wire version to come, and so this test's program is what
    // `attach` has to become. Given words it takes them for parts of tests' names, and none has those.
    let listener = UnixListener::bind(&socket).expect("nobody listens");
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().expect("somebody connects");
            let hello = b"{\"frame\":\"hello\",\"wire\":99,\"new\":[]}\n";
            stream.write_all(hello).expect("it listens");
        }
    });
    for words in [["attach", "shop"], ["note", "nothing-of-this-name"]] {
        let said = world.run(&words);
        assert_eq!(said.code, Some(0), "{said}");
        assert!(said.out.contains("running 0 tests"), "{said}");
    }
    server.join().expect("both have asked");
    std::fs::remove_file(&socket).expect("it is ours");
    let journal = world.sandbox.journal();
    assert!(
        !journal.contains("nothing-of-this-name"),
        "nothing was decided"
    );
    world.finish();
}

/// The journal as an upwalk of the next major version would have begun it.
fn newer_major(journal: &str) -> String {
    let (first, rest) = journal.split_once('\n').expect("a first line");
    let (_, body) = first.split_once("\",").expect("a hash before the body");
    let body = body.replacen("\"format\":[1,", "\"format\":[2,", 1);
    let body = body.replacen("[2,2]", "[2,0]", 1);
    let hash = Sha256::digest(format!("{GENESIS}{body}"));
    let mut text = String::new();
    for byte in hash {
        write!(text, "{byte:02x}").expect("a text can be written to");
    }
    format!("{{\"hash\":\"{text}\",{body}\n{rest}")
}

#[test]
fn a_journal_of_a_newer_major_version_names_who_wrote_it_and_nothing_is_changed() {
    let world = World::new("");
    world.begin();
    world.end_supervisor(Signal::KILL);
    world.open_gate();
    wait_until("the command has ended", || world.file("exit").is_some());
    let path = world.sandbox.run_dir().join("journal.jsonl");
    let journal = std::fs::read_to_string(&path).expect("a journal");
    let newer = newer_major(&journal);
    std::fs::write(&path, &newer).expect("it is ours");
    for verb in ["attach", "why", "status", "log"] {
        let refused = world.run(&[verb]);
        assert!(
            refused
                .err
                .contains("written by upwalk 0.1.0 in format 2.0"),
            "{verb}: {refused}"
        );
        assert!(refused.err.contains("hint: "), "{verb}: {refused}");
        assert_eq!(
            refused.code == Some(0),
            verb == "status",
            "{verb}: {refused}"
        );
    }
    assert_eq!(std::fs::read_to_string(&path).expect("a journal"), newer);
    std::fs::write(&path, journal).expect("it is ours");
    world.finish();
}
