//! A step with a terminal on a full disk: its log cannot grow. It is not kept waiting, its status is
//! kept, and what there was no room for is written down later or counted.

use crate::support::mounts::{in_own_mounts, mount};
use crate::support::{Said, said, wait_until};
use crate::walk::{BEGIN, Terminal, Walk};
use rustix::fs::{FallocateFlags, Mode, OFlags};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::process::{Child, Stdio};

/// So large that a step may begin as long as nobody else writes there.
const SIZE: &str = "size=272m,mode=0755";

/// A step that writes far more than a terminal holds, past the test's gates; its state lies on a
/// small filesystem in memory.
struct Full {
    walk: Walk,
    up: Child,
}

impl Full {
    /// Its first gate is open as soon as there is no room any more.
    fn new(then: &str) -> Self {
        let gate = "until test -e \"$HERE/GATE\" || ! test -d \"$HERE\"; do sleep 0.05; done";
        let (first, second) = (gate.replace("GATE", "full"), gate.replace("GATE", "room"));
        let body = format!(
            "echo before\n{BEGIN}\n{first}\n{then}\ntouch \"$HERE/through\"\n{second}\necho behind\nexit 7"
        );
        let walk = Walk::new(Terminal::Own, &body, &[]);
        let state = walk.sandbox.path("state");
        mount("mount", &["-t", "tmpfs", "-o", SIZE, "tmpfs"], &state);
        let mut up = walk.up();
        up.args(["--ui", "none"]).stdin(Stdio::null());
        up.stdout(Stdio::piped()).stderr(Stdio::piped());
        let up = up.spawn().expect("upwalk can be started");
        wait_until("the step is under way", || walk.pid().is_some());
        walk.take_room();
        walk.touch("full");
        wait_until("it could write all it wanted", || {
            walk.sandbox.path("through").exists()
        });
        Self { walk, up }
    }

    /// Lets the step end; what `up` says then.
    fn end(self) -> (Walk, Said) {
        self.walk.touch("room");
        let said = said(&self.up.wait_with_output().expect("it ends"));
        (self.walk, said)
    }
}

impl Walk {
    /// Takes all room.
    fn take_room(&self) {
        let flags = OFlags::WRONLY | OFlags::CREATE;
        let path = self.sandbox.path("state/somebodys");
        let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)).expect("a file");
        let stat = rustix::fs::fstatvfs(&file).expect("a filesystem");
        // A page that somebody else takes in the meantime is not free any more.
        let free = stat.f_bavail.saturating_sub(16) * stat.f_frsize;
        let none = FallocateFlags::empty();
        rustix::fs::fallocate(&file, none, 0, free).expect("there is so much");
        let mut file = std::fs::File::from(file);
        file.seek(SeekFrom::End(0)).expect("it is a file");
        let page = [0; 4096];
        while file.write_all(&page).is_ok() {}
    }

    fn give_room(&self) {
        let path = self.sandbox.path("state/somebodys");
        std::fs::remove_file(path).expect("it is there");
    }

    /// The step has ended with its own status, once, and nobody broke over it.
    fn expect_status_kept(&self) {
        let story = self.story();
        assert_eq!(
            self.sandbox.events("CommandEnded", &["\"code\":7"]),
            1,
            "{story:?}"
        );
        assert_eq!(
            self.sandbox.events("StepOutcomeUnknown", &[]),
            0,
            "{story:?}"
        );
        assert_eq!(self.text("ran"), "run\n");
        let log = self.sandbox.run_dir().join("supervisor.log");
        let broken = std::fs::read_to_string(log).unwrap_or_default();
        assert!(!broken.contains("panicked"), "{broken}");
    }
}

#[test]
fn a_step_with_a_terminal_ends_on_a_full_disk_and_its_status_is_kept() {
    let name = "disk::a_step_with_a_terminal_ends_on_a_full_disk_and_its_status_is_kept";
    in_own_mounts(name, || {
        let (walk, told) = Full::new("seq 300000").end();
        assert_eq!(told.code, Some(5), "{told}");
        walk.give_room();
        let failed = walk.sandbox.run(["attach"]);
        assert_eq!(failed.code, Some(5), "{failed}");
        assert!(failed.out.contains("exit code 7"), "{failed}");
        walk.expect_status_kept();
        assert!(walk.log().starts_with("before\n"), "{:.80}", walk.log());
    });
}

#[test]
fn what_a_terminal_says_on_a_full_disk_is_written_down_as_soon_as_there_is_room() {
    let name = "disk::what_a_terminal_says_on_a_full_disk_is_written_down_as_soon_as_there_is_room";
    in_own_mounts(name, || {
        let full = Full::new("seq 100000");
        full.walk.give_room();
        wait_until(
            "it is written down, without another word of the step",
            || full.walk.log().ends_with("\n100000\n"),
        );
        let (walk, told) = full.end();
        assert_eq!(told.code, Some(5), "{told}");
        let numbers: Vec<String> = (1..=100_000).map(|n| n.to_string()).collect();
        let all = format!("before\n{}\nbehind\n", numbers.join("\n"));
        assert!(walk.log() == all, "the log is not all of it");
        walk.expect_status_kept();
    });
}

#[test]
fn what_nobody_could_keep_is_counted_in_the_log_and_the_latest_is_there() {
    let name = "disk::what_nobody_could_keep_is_counted_in_the_log_and_the_latest_is_there";
    in_own_mounts(name, || {
        let full = Full::new("seq 1000000");
        full.walk.give_room();
        wait_until("it is written down", || {
            full.walk.log().ends_with("\n1000000\n")
        });
        let (walk, told) = full.end();
        assert_eq!(told.code, Some(5), "{told}");
        let log = walk.log();
        let (head, kept) = log
            .split_once(" bytes are missing here]\n")
            .expect("it is counted");
        let (before, missing) = head.rsplit_once("\n[upwalk: ").expect("upwalk says so");
        let numbers: Vec<String> = (1..=1_000_000).map(|n| n.to_string()).collect();
        let all = format!("before\n{}\nbehind\n", numbers.join("\n"));
        assert!(all.starts_with(before) && all.ends_with(kept));
        let rest = all.len() - before.len() - kept.len();
        assert_eq!(missing.parse(), Ok(rest));
        walk.expect_status_kept();
    });
}
