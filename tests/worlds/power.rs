//! Power loss: the boot id is another one, and the process numbers of the boot before mean nothing.
//!
//! The later `attach` runs in a mount namespace of its own, in which the kernel's file names another
//! boot.

use crate::support::{Said, skip_forbidden};
use crate::world::{World, is_alive, run, start_of};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const OTHER: &str = "11111111-2222-3333-4444-555555555555\n";

/// Has a command run where the machine has been restarted.
fn after_reboot(world: &World, command: &Command) -> Command {
    world.write("boot_id", OTHER);
    let mut inside = Command::new("unshare");
    inside.args(["--mount", "sh", "-c"]);
    inside.arg(format!("mount --bind \"$0\" {BOOT_ID} && exec \"$@\""));
    inside.arg(world.path("boot_id"));
    inside.arg(command.get_program()).args(command.get_args());
    world.sandbox.settle(&mut inside);
    inside.stdin(Stdio::null());
    inside
}

/// Whether a test may have a mount namespace of its own here.
fn can_reboot(world: &World) -> bool {
    let mut look = Command::new("cat");
    look.arg(BOOT_ID);
    let seen = after_reboot(world, &look).output();
    let can = seen.is_ok_and(|seen| seen.stdout == OTHER.as_bytes());
    if !can {
        skip_forbidden("a mount namespace of the test's own");
    }
    can
}

/// Runs a command of upwalk after the restart.
fn then(world: &World, args: &[&str]) -> Said {
    run(&mut after_reboot(world, &world.upwalk(args)))
}

/// Types a line that upwalk printed, after the restart.
fn then_type(world: &World, line: &str) -> Said {
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    then(world, &words)
}

/// Somebody of today, who has nothing to do with the run.
struct Decoy(Child);

impl Decoy {
    fn new(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).spawn();
        Self(child.expect("sleep can be started"))
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).expect("a pid")
    }
}

impl Drop for Decoy {
    fn drop(&mut self) {
        // It may have been killed by what the test found.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Processes of today that have the numbers, and even the start times, which the run noted before
/// the power failed; one that asks for another run, too.
fn decoys(world: &World) -> Vec<Decoy> {
    let mut session = Command::new("setsid");
    session.args(["--wait", "sleep", "600"]);
    let mut group = Command::new("sleep");
    group.arg("600").process_group(0);
    let mut asker = Command::new("sleep");
    let run = world.sandbox.run_dir().display().to_string();
    asker
        .arg("600")
        .process_group(0)
        .env("UPWALK_ATTEMPT", "ask")
        .env("RUN_DIR", format!("{run}-of-another"));
    let decoys = [session, group, asker];
    let decoys: Vec<_> = decoys.into_iter().map(|mut d| Decoy::new(&mut d)).collect();
    let path = world.file("pid").expect("the second step has begun");
    let boot = std::fs::read_to_string(BOOT_ID).expect("there is /proc");
    let line = |name: &str, pid: i32| format!("\"{name}\":{pid},\"start\":{}", start_of(pid));
    let text = format!(
        "{{\"boot\":\"{}\",{},\"up\":1}}\n{{{}}}\n",
        boot.trim(),
        line("pid", decoys[0].pid()),
        line("group", decoys[1].pid())
    );
    std::fs::write(path, text).expect("the run's directory is ours");
    decoys
}

#[test]
fn what_ran_when_the_power_failed_is_unknown_and_nobody_of_today_is_taken_for_it() {
    let world = World::new("");
    if !can_reboot(&world) {
        return;
    }
    world.begin();
    world.kill_all();
    let decoys = decoys(&world);
    for look in ["status", "why"] {
        let said = then(&world, &[look]);
        let words = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("the machine was restarted while it ran"),
            "{said}"
        );
        assert!(!words.contains("still runs"), "{said}");
    }
    let asked = then(&world, &["attach"]);
    assert_eq!(asked.code, Some(4), "{asked}");
    assert!(asked.out.contains("the machine was restarted"), "{asked}");
    assert!(
        asked.out.contains("before the gate"),
        "its last lines: {asked}"
    );
    assert_eq!(
        world.sandbox.events("StepOutcomeUnknown", &["restarted"]),
        1
    );
    assert_eq!(world.ran(), ["first", "second"]);
    let settle = asked.line_to_type("settle shop done");
    let done = then_type(&world, &format!("{settle} --wait"));
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(world.ran(), ["first", "second", "third"]);
    for decoy in &decoys {
        assert!(is_alive(decoy.pid()), "a process of today was ended");
    }
}

#[test]
fn what_may_run_again_does_so_by_itself_after_a_reboot() {
    let world = World::new("rerun: safe");
    if !can_reboot(&world) {
        return;
    }
    world.begin();
    world.kill_all();
    let _decoys = decoys(&world);
    world.open_gate();
    let done = then(&world, &["attach"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(world.ran(), ["first", "second", "second", "third"]);
    assert_eq!(
        world.sandbox.events("StepOutcomeUnknown", &["restarted"]),
        1
    );
}

#[test]
fn a_pause_outlives_the_reboot_and_counts_on_by_the_wall_clock() {
    let pause = "  - pause: Soak\n    min: 1h\n    max: 2h\n";
    let world = World::with("", pause);
    if !can_reboot(&world) {
        return;
    }
    world.open_gate();
    let parked = run(&mut world.up());
    assert_eq!(parked.code, Some(4), "{parked}");
    world.end_supervisor(rustix::process::Signal::KILL);
    let why = then(&world, &["why"]);
    assert!(why.out.contains("The run pauses at"), "{why}");
    let early = then_type(&world, &why.line_to_type("continue"));
    assert_eq!(early.code, Some(4), "{early}");
    // `up` counts from the boot: between two boots it says nothing.
    let left = early
        .err
        .split("another ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let left: u64 = left
        .and_then(|n| n.parse().ok())
        .expect("it says how many seconds are left");
    assert!((3000..=3600).contains(&left), "{early}");
    let because = "upwalk continue shop --early --because enough --wait --at";
    let at = why.line_to_type("continue");
    let at = at.rsplit(' ').next().expect("the number of the question");
    let done = then_type(&world, &format!("{because} {at}"));
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(world.ran(), ["first", "second", "third"]);
}
