//! For real: the state directory on a small tmpfs that fills up, and under a mount that is
//! read-only. Each walk stops before its next step, says so in every way, and ends as the
//! undisturbed one does.

use crate::support::mounts::{in_own_mounts, mount};
use crate::support::pty::Pty;
use crate::support::{Said, kill, said, wait_until};
use crate::walk::Walk;
use rustix::fs::{FallocateFlags, Mode, OFlags};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::Child;

/// So large that a step may begin as long as nobody else writes there.
const SIZE: &str = "size=272m,mode=0755";

/// How a walk is disturbed while its second step is under way.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Somebody's file takes so much that less than 256 MiB are left.
    Scarce,
    /// Somebody's file takes all of it.
    Full,
    /// The step's own log takes all of it.
    Log,
}

/// A walk whose state lies on a small filesystem in memory.
fn on_small_disk(noise: &str) -> Walk {
    let walk = Walk::new(noise);
    let state = walk.sandbox.path("state");
    mount("mount", &["-t", "tmpfs", "-o", SIZE, "tmpfs"], &state);
    walk
}

/// Takes room away until only so many bytes are free.
fn leave_free(file: &Path, free: u64) {
    let flags = OFlags::WRONLY | OFlags::CREATE;
    let fd = rustix::fs::open(file, flags, Mode::from_raw_mode(0o600)).expect("a file");
    let stat = rustix::fs::fstatvfs(&fd).expect("a filesystem");
    let take = (stat.f_bavail * stat.f_frsize).saturating_sub(free);
    rustix::fs::fallocate(&fd, FallocateFlags::empty(), 0, take).expect("there is so much");
}

/// What `up` has said once it came back.
fn wait(mut child: std::process::Child) -> Said {
    wait_until("the end of `upwalk up`", || {
        matches!(child.try_wait(), Ok(Some(_)))
    });
    said(&child.wait_with_output().expect("it has ended"))
}

/// The undisturbed walk on the same kind of disk.
fn undisturbed() -> crate::walk::End {
    let walk = on_small_disk(":");
    walk.go();
    let told = wait(walk.begin());
    assert_eq!(told.code, Some(0), "{told}");
    let end = walk.end();
    end.assert_done();
    end
}

/// Everybody who can be asked says that the disk is short, and where.
fn assert_all_say(walk: &Walk, lacks: &str, words: &str) {
    let state = walk.sandbox.path("state").display().to_string();
    let (status, code) = walk.status();
    assert_eq!(code, Some(4), "{status:#}");
    assert_eq!(status["disk"]["lacks"], lacks, "{status:#}");
    assert_eq!(status["disk"]["mounted_at"], state.as_str(), "{status:#}");
    assert_eq!(status["needs_person"], true);
    let sentence = status["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains(words), "{sentence}");
    let attach = walk.attach();
    assert_eq!(attach.code, Some(1), "{attach}");
    for (who, text) in [
        ("attach", &attach.err),
        ("why", &walk.sandbox.run(["why", "walk"]).out),
        ("status", &walk.sandbox.run(["status"]).out),
    ] {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(line.contains(words), "{who} does not say {words}: {text}");
        assert!(line.contains("upwalk attach"), "{who}: {text}");
    }
}

/// The file that takes the room in a walk with this fault.
fn fill(walk: &Walk, fault: Fault) -> PathBuf {
    let somebodys = walk.sandbox.path("state/somebodys");
    match fault {
        Fault::Scarce => leave_free(&somebodys, 200 << 20),
        Fault::Full => leave_free(&somebodys, 0),
        Fault::Log => {
            let listed = std::fs::read_dir(walk.sandbox.run_dir()).expect("a run");
            let mut paths = listed.map(|entry| entry.expect("an entry").path());
            let is_log = |path: &PathBuf| path.to_string_lossy().ends_with("-two.1.log");
            return paths.find(is_log).expect("step two has a log");
        }
    }
    somebodys
}

fn goes_on_after(fault: Fault) {
    let expected = undisturbed();
    let walk = on_small_disk(match fault {
        Fault::Log => "cat /dev/zero || true",
        Fault::Scarce | Fault::Full => ":",
    });
    let up = walk.begin();
    walk.until_two();
    let culprit = fill(&walk, fault);
    if !matches!(fault, Fault::Log) {
        // The step goes on, and its supervisor knows already what comes.
        let (status, code) = walk.status();
        assert_eq!(status["doing"], "running", "{status:#}");
        assert_eq!((&status["disk"]["lacks"], code), (&"room".into(), Some(4)));
    }
    walk.go();
    let told = wait(up);
    assert_eq!(told.code, Some(1), "{told}");
    for words in ["The run stops before its next step", "Free at least"] {
        assert!(told.err.contains(words), "{words} is missing: {told}");
    }
    assert_eq!(walk.sandbox.events("StepFinished", &["two", "done"]), 1);
    assert_eq!(walk.sandbox.events("StepStarted", &["three"]), 0);
    walk.unserved();
    assert_all_say(&walk, "room", "Free at least");
    std::fs::write(&culprit, "").expect("it can be emptied");
    let again = walk.attach();
    assert_eq!(again.code, Some(0), "{again}");
    let reserve = walk.sandbox.run_dir().join("reserve");
    assert_eq!(
        reserve.metadata().map(|meta| meta.len()).ok(),
        Some(1 << 20)
    );
    assert_eq!(walk.end(), expected);
}

#[test]
fn less_than_256_mib_stop_the_run_before_its_next_step() {
    in_own_mounts(
        "disk::less_than_256_mib_stop_the_run_before_its_next_step",
        || {
            goes_on_after(Fault::Scarce);
        },
    );
}

#[test]
fn a_full_disk_stops_the_run_before_its_next_step() {
    in_own_mounts(
        "disk::a_full_disk_stops_the_run_before_its_next_step",
        || {
            goes_on_after(Fault::Full);
        },
    );
}

#[test]
fn a_log_that_fills_the_disk_stops_the_run_before_its_next_step() {
    let name = "disk::a_log_that_fills_the_disk_stops_the_run_before_its_next_step";
    in_own_mounts(name, || goes_on_after(Fault::Log));
}

#[test]
fn no_run_begins_on_a_full_disk_and_none_is_left_of_it() {
    in_own_mounts(
        "disk::no_run_begins_on_a_full_disk_and_none_is_left_of_it",
        || {
            let walk = on_small_disk(":");
            walk.go();
            let somebodys = walk.sandbox.path("state/somebodys");
            for free in [200 << 20, 0] {
                leave_free(&somebodys, free);
                let told = wait(walk.begin());
                assert_eq!(told.code, Some(1), "{told}");
                assert!(told.err.contains("Free at least"), "{told}");
                assert!(walk.sandbox.runs().is_empty() && !walk.open().exists());
            }
            std::fs::remove_file(&somebodys).expect("it is there");
            let told = wait(walk.begin());
            assert_eq!(told.code, Some(0), "{told}");
            walk.end().assert_done();
        },
    );
}

/// Lays a read-only view of the state directory over it: what is open stays writable, everything
/// opened from now on is not.
fn make_read_only(walk: &Walk) {
    let state = walk.sandbox.path("state");
    let text = state.display().to_string();
    mount("mount", &["--bind", &text], &state);
    mount("mount", &["-o", "remount,bind,ro"], &state);
}

fn make_writable(walk: &Walk) {
    // A screen may still read what it has opened there.
    mount("umount", &["--lazy"], &walk.sandbox.path("state"));
}

/// A walk whose disk can only be read since its second step runs.
fn read_only_in_step_two() -> (Walk, Child) {
    let walk = on_small_disk(":");
    let up = walk.begin();
    walk.until_two();
    make_read_only(&walk);
    walk.go();
    (walk, up)
}

#[test]
fn a_read_only_disk_keeps_what_runs_and_begins_nothing() {
    let name = "disk::a_read_only_disk_keeps_what_runs_and_begins_nothing";
    in_own_mounts(name, || {
        let expected = undisturbed();
        let (walk, up) = read_only_in_step_two();
        let ran = walk.sandbox.path("ran");
        wait_until("the end of step two", || {
            std::fs::read_to_string(&ran).is_ok_and(|text| text == "one\ntwo\n")
        });
        // Its end is known to its shim alone, which keeps it; and the supervisor dies.
        kill(walk.sandbox.supervisor(), Signal::KILL);
        let told = wait(up);
        assert_eq!(told.code, Some(1), "{told}");
        walk.unserved();
        assert_all_say(&walk, "writing", "read-only");
        assert_eq!(walk.sandbox.events("CommandEnded", &[]), 1);
        make_writable(&walk);
        let again = walk.attach();
        assert_eq!(again.code, Some(0), "{again}");
        assert_eq!(walk.end(), expected);
    });
}

#[test]
fn a_status_that_cannot_be_written_down_is_shown_and_kept_until_it_can() {
    let name = "disk::a_status_that_cannot_be_written_down_is_shown_and_kept_until_it_can";
    in_own_mounts(name, || {
        let expected = undisturbed();
        let (walk, up) = read_only_in_step_two();
        let attach = walk.sandbox.upwalk(["attach", "walk"]);
        let screen = Pty::start(&attach, 120, 40);
        screen.wait_for("it has ended (exit code 0), but that cannot be written down");
        make_writable(&walk);
        screen.wait_for("FINISHED");
        let told = wait(up);
        assert_eq!(told.code, Some(0), "{told}");
        assert_eq!(walk.end(), expected);
    });
}

#[test]
fn an_answer_is_kept_although_the_step_it_lets_begin_cannot() {
    let name = "disk::an_answer_is_kept_although_the_step_it_lets_begin_cannot";
    in_own_mounts(name, || {
        let walk = on_small_disk(":");
        walk.go();
        let plan = walk.sandbox.path("plans/walk.yaml").display().to_string();
        let parked = walk.sandbox.run(["up", "--step", "--ui", "none", &plan]);
        assert_eq!(parked.code, Some(4), "{parked}");
        make_read_only(&walk);
        let next = parked.line_to_type("continue");
        let answered = walk.sandbox.type_line(&next);
        assert_eq!(answered.code, Some(0), "{answered}");
        walk.unserved();
        assert_eq!(walk.sandbox.events("StepStarted", &[]), 0);
        assert_all_say(&walk, "writing", "read-only");
        make_writable(&walk);
        // Nobody is asked a second time.
        let parked = walk.attach();
        assert_eq!(parked.code, Some(4), "{parked}");
        assert_eq!(walk.sandbox.events("StepFinished", &["one"]), 1);
        assert_eq!(
            walk.sandbox.events("QuestionAsked", &["next_step", "one"]),
            1
        );
        assert_eq!(walk.sandbox.events("GuardAnswered", &[]), 1);
    });
}
