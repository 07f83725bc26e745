//! Two of everything at the start: two `upwalk up` of one service at once, a start that is killed at
//! each of its steps, a service that is claimed, and the supervisors of many runs after a boot.
#![expect(
    clippy::disallowed_methods,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    clippy::panic,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use support::{Said, Sandbox, kill, said, wait_until};

/// A step that says that it ran, and a pause.
const PARKING: &str = r#"
upwalk: 1
service: SERVICE
defaults: { shell: [sh, -c] }
vars:
  here: { required: true }
  other: { default: nothing }
up:
  - phase: Work
    role: stage
    steps:
      - { name: Mark, id: mark, run: echo SERVICE >> "$HERE/marks", undo: { none: harmless } }
  - pause: Rest
    id: rest
"#;

/// A walk from version 1 to 2 whose first look at the version lasts until a gate is open.
const MOVING: &str = r#"
upwalk: 1
service: moving
defaults: { shell: [sh, -c] }
version:
  detect: |
    version=$(cat "$HERE/version")
    if mkdir "$HERE/first"; then
      until test -e "$HERE/gate"; do sleep 0.02; done
    fi
    echo "$version"
  to: 2
vars:
  here: { required: true }
up:
  - phase: Deploy
    role: deploy
    steps:
      - run: echo moving >> "$HERE/marks"; echo 2 > "$HERE/version"
        name: Move
        id: move
        undo: { none: harmless }
"#;

/// A sandbox with plans in its `here`.
struct Place(Sandbox);

impl Place {
    fn new(services: &[&str]) -> Self {
        let place = Self(Sandbox::new());
        std::fs::create_dir(place.here("")).expect("the sandbox is ours");
        for service in services {
            place.plan(service, &PARKING.replace("SERVICE", service));
        }
        place
    }

    fn plan(&self, service: &str, text: &str) {
        let path = self.here(&format!("{service}.yaml"));
        std::fs::write(path, text).expect("the sandbox is ours");
    }

    fn here(&self, name: &str) -> PathBuf {
        self.0.path("here").join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.here(name)).unwrap_or_default()
    }

    /// The command line of `up` for a service.
    fn up_args(&self, service: &str, more: &[&str]) -> Vec<String> {
        let plan = self.here(&format!("{service}.yaml")).display().to_string();
        let here = format!("here={}", self.here("").display());
        let args = ["up", &plan, "--ui", "none", "--set", &here];
        args.iter().chain(more).map(ToString::to_string).collect()
    }

    fn up(&self, service: &str, more: &[&str]) -> Said {
        self.0.run(self.up_args(service, more))
    }

    fn start(&self, service: &str, more: &[&str]) -> Child {
        let mut command = self.0.upwalk(self.up_args(service, more));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("upwalk can be started")
    }

    /// Two `up` from a barrier.
    fn both(&self, service: &str, more: [&[&str]; 2]) -> [Said; 2] {
        let barrier = Barrier::new(2);
        let one = |more| {
            let args = self.up_args(service, more);
            let mut command = self.0.upwalk(args);
            command.stdin(Stdio::null());
            barrier.wait();
            said(&command.output().expect("upwalk can be started"))
        };
        std::thread::scope(|scope| {
            let threads = more.map(|more| scope.spawn(move || one(more)));
            threads.map(|thread| thread.join().expect("it does not panic"))
        })
    }

    /// The names in `services/` with this end.
    fn services(&self, end: &str) -> Vec<String> {
        let listed = std::fs::read_dir(self.0.path("state/services"));
        let names = listed.into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(end)).collect();
        names.sort();
        names
    }

    /// What the service's claim names.
    fn claim(&self, service: &str) -> String {
        let path = self.0.path(format!("state/services/{service}.open"));
        std::fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// The pids of all supervisors, in order.
    fn supervisors(&self) -> Vec<i32> {
        let mut pids: Vec<i32> = self.0.processes().into_iter().map(|(pid, _)| pid).collect();
        pids.sort_unstable();
        pids
    }

    /// Kills all supervisors and waits until none is left.
    fn kill_supervisors(&self) {
        for pid in self.supervisors() {
            kill(pid, Signal::KILL);
        }
        wait_until("no supervisor lives", || self.supervisors().is_empty());
    }
}

#[test]
fn two_of_the_same_end_in_one_run() {
    for round in 0..rounds(50) {
        let place = Place::new(&["shop"]);
        let both = place.both("shop", [&[], &[]]);
        for said in &both {
            assert_eq!(said.code, Some(4), "round {round}: {said}");
            assert!(said.line_to_type("continue").contains("--at"), "{said}");
        }
        let run = place.0.run_dir();
        let id = run.file_name().expect("a run has a name").to_string_lossy();
        assert!(both.iter().all(|said| said.out.contains(&*id)), "{both:?}");
        assert_eq!(place.claim("shop"), id);
        assert_eq!(place.0.events("SupervisorStarted", &[]), 1, "round {round}");
        assert_eq!(place.0.events("QuestionAnswered", &["start"]), 1);
        assert_eq!(place.text("marks"), "shop\n", "round {round}");
        assert_eq!(place.services(".tmp"), [""; 0]);
    }
}

#[test]
fn of_two_that_differ_one_starts_and_the_other_is_told_whose_run_it_is() {
    for round in 0..rounds(50) {
        let place = Place::new(&["shop"]);
        let mut both = place.both("shop", [&[], &["--set", "other=thing"]]);
        both.sort_by_key(|said| said.code);
        let [first, second] = &both;
        assert_eq!(first.code, Some(4), "round {round}: {first}");
        assert_eq!(second.code, Some(7), "round {round}: {second}");
        let who = upwalk::shell::identity::who().to_string();
        for words in [
            &place.claim("shop"),
            "it was begun at",
            &who,
            "hint: upwalk attach",
        ] {
            assert!(second.err.contains(words), "{words}: {second}");
        }
        assert_eq!(place.0.runs().len(), 1);
        assert_eq!(place.text("marks"), "shop\n", "round {round}");
    }
}

/// How often a race is run: more with `UPWALK_TEST_ROUNDS`.
fn rounds(usual: u32) -> u32 {
    let asked = std::env::var("UPWALK_TEST_ROUNDS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn what_was_seen_before_another_run_began_and_ended_is_looked_at_again() {
    let place = Place::new(&[]);
    place.plan("moving", MOVING);
    std::fs::write(place.here("version"), "1\n").expect("the sandbox is ours");
    let slow = place.start("moving", &[]);
    wait_until("the slow one looks", || place.here("first").exists());
    let fast = place.up("moving", &[]);
    assert_eq!(fast.code, Some(0), "{fast}");
    std::fs::write(place.here("gate"), "").expect("the sandbox is ours");
    let slow = said(&slow.wait_with_output().expect("it ends"));
    assert_eq!(slow.code, Some(0), "{slow}");
    assert!(slow.out.contains("Nothing to do"), "{slow}");
    assert_eq!(place.text("marks"), "moving\n", "it moved once");
    assert_eq!(place.0.runs().len(), 1);
}

/// What any moment of a start may leave: `status` and `attach --all` say what is the case, `up` goes
/// on, the step runs once, and nothing else is left.
fn expect_a_way_out(place: &Place, when: &str) {
    let open = place.claim("shop");
    let status = place.0.run(["status"]);
    assert_eq!(status.code, Some(0), "{when}: {status}");
    assert!(!status.to_string().contains("damaged"), "{when}: {status}");
    assert!(
        status.to_string().contains(&open),
        "{when}: {open} is not in {status}"
    );
    let all = place.0.run(["attach", "--all"]);
    assert_eq!(all.code, Some(0), "{when}: {all}");
    assert!(all.out.contains(&open), "{when}: {all}");
    let up = place.up("shop", &[]);
    assert_eq!(up.code, Some(4), "{when}: {up}");
    assert_eq!(place.text("marks"), "shop\n", "{when}: {up}");
    assert_eq!(place.0.runs().len(), 1, "{when}: {up}");
    assert_eq!(place.services(".tmp"), [""; 0], "{when}");
    let run = place.0.run_dir();
    assert!(run.ends_with(place.claim("shop")), "{when}: {up}");
}

/// What a start changes on disk.
const CHANGES: &str = "?mkdir,?mkdirat,?chmod,?fchmod,?fchmodat,?link,?linkat,?unlink,?unlinkat,\
                       ?rename,?renameat,fsync,fdatasync,ftruncate";

/// An `up` that is killed before its change number `at` to the disk; whether it was, or none where
/// this machine cannot trace.
fn killed_before(place: &Place, at: u32) -> Option<bool> {
    let mut command = Command::new("strace");
    command
        .args(["-o", "/dev/null", "-e", &format!("trace={CHANGES}")])
        .args(["-e", &format!("inject={CHANGES}:signal=KILL:when={at}")])
        .arg(env!("CARGO_BIN_EXE_upwalk"))
        .args(place.up_args("shop", &[]));
    place.0.settle(&mut command);
    let Ok(output) = command.stdin(Stdio::null()).output() else {
        support::skip_missing("strace");
        return None;
    };
    let up = said(&output);
    if up.err.contains("ptrace") && up.err.contains("not permitted") {
        support::skip_forbidden("ptrace");
        return None;
    }
    // strace ends as its tracee did.
    assert!(up.code.is_none_or(|code| code == 4), "{up}");
    Some(up.code.is_none())
}

#[test]
fn a_start_that_is_killed_before_any_of_its_changes_leaves_a_way_out() {
    let mut half_made = 0;
    for at in 1.. {
        let place = Place::new(&["shop"]);
        let Some(killed) = killed_before(&place, at) else {
            return;
        };
        let journal = |run: PathBuf| std::fs::read(run.join("journal.jsonl")).unwrap_or_default();
        let begun = place
            .0
            .runs()
            .pop()
            .is_some_and(|run| !journal(run).is_empty());
        half_made += u32::from(!place.claim("shop").is_empty() && !begun);
        expect_a_way_out(&place, &format!("before change {at}"));
        if !killed {
            assert!(at > 10, "a start makes more than {at} changes");
            break;
        }
    }
    assert!(half_made > 0, "one of them was cut off behind its claim");
}

#[test]
fn a_start_that_is_killed_at_any_moment_leaves_a_way_out() {
    for round in 0..rounds(10) {
        let place = Place::new(&["shop"]);
        let mut up = place.start("shop", &[]);
        // A moment anywhere between its first and its last; which one does not matter.
        std::thread::park_timeout(std::time::Duration::from_millis(u64::from(round % 16) * 5));
        up.kill().expect("it is our child");
        up.wait().expect("it is our child");
        expect_a_way_out(&place, &format!("round {round}"));
    }
}

/// The text of `shop`'s half-made run, as a crash between claim and first event leaves it.
fn cut_off(place: &Place) -> String {
    let id = "20260101T000000Z-shop-up";
    let run = place.0.path("state/runs").join(id);
    std::fs::create_dir_all(&run).expect("the sandbox is ours");
    std::fs::write(run.join("plan.yaml"), "half").expect("the sandbox is ours");
    std::fs::write(run.join("secrets.json"), "{}").expect("the sandbox is ours");
    let services = place.0.path("state/services");
    std::fs::create_dir_all(&services).expect("the sandbox is ours");
    std::fs::write(services.join("shop.open"), format!("{id}\n")).expect("the sandbox is ours");
    id.to_owned()
}

#[test]
fn a_run_that_never_began_is_called_so_by_every_verb_and_removed_by_the_next_start() {
    let place = Place::new(&["shop"]);
    let id = cut_off(&place);
    for verb in [["attach", &*id], ["why", &id], ["pause", &id], ["log", &id]] {
        let said = place.0.run(verb);
        assert_eq!(said.code, Some(4), "{verb:?}: {said}");
        assert!(said.err.contains("has not begun"), "{verb:?}: {said}");
        assert!(
            said.err.contains("hint: begin anew with upwalk up PLAN"),
            "{verb:?}: {said}"
        );
    }
    let status = place.0.run(["status", "--exit-code"]);
    assert_eq!(status.code, Some(4), "{status}");
    assert!(status.err.contains(&id), "{status}");
    let up = place.up("shop", &[]);
    assert_eq!(up.code, Some(4), "{up}");
    assert!(
        up.err.contains(&format!("the start of {id} was cut off")),
        "{up}"
    );
    assert_eq!(place.0.runs().len(), 1);
    assert_eq!(place.text("marks"), "shop\n");
}

#[test]
fn a_claim_whose_run_is_gone_is_not_given_up_by_itself() {
    let place = Place::new(&["shop"]);
    let id = cut_off(&place);
    std::fs::remove_dir_all(place.0.path("state/runs").join(&id)).expect("the sandbox is ours");
    let up = place.up("shop", &[]);
    assert_eq!(up.code, Some(8), "{up}");
    let claim = place.0.path("state/services/shop.open");
    for words in ["its directory is gone", &format!("rm {}", claim.display())] {
        assert!(up.err.contains(words), "{words}: {up}");
    }
    assert_eq!(place.claim("shop"), id);
    for look in [&["status", "--exit-code"] as &[&str], &["why"], &["attach"]] {
        let said = place.0.run(look);
        assert_eq!(said.code, Some(8), "{said}");
        assert!(said.err.contains("its directory is gone"), "{said}");
    }
    std::fs::remove_file(claim).expect("a person knows that it is over");
    assert_eq!(place.up("shop", &[]).code, Some(4));
    assert_eq!(place.text("marks"), "shop\n");
}

#[test]
fn a_claim_keeps_another_run_out_whether_or_not_a_supervisor_lives() {
    let place = Place::new(&["shop"]);
    assert_eq!(place.up("shop", &[]).code, Some(4));
    for _ in 0..2 {
        let other = place.up("shop", &["--set", "other=thing"]);
        assert_eq!(other.code, Some(7), "{other}");
        assert!(other.err.contains(&place.claim("shop")), "{other}");
        assert_eq!(place.0.runs().len(), 1);
        place.kill_supervisors();
    }
    let same = place.up("shop", &[]);
    assert_eq!(same.code, Some(4), "{same}");
    assert_eq!(place.0.events("SupervisorStarted", &[]), 2);
    assert_eq!(place.text("marks"), "shop\n");
}

#[test]
fn a_run_that_ended_before_its_claim_was_given_up_keeps_nobody_out() {
    let place = Place::new(&["shop"]);
    assert_eq!(place.up("shop", &[]).code, Some(4));
    let stop = place.0.run(["why"]).line_to_type("stop");
    let stopped = place.0.type_line(&stop);
    assert_eq!(stopped.code, Some(0), "{stopped}");
    wait_until("its supervisor has ended", || {
        place.supervisors().is_empty()
    });
    assert_eq!(place.claim("shop"), "");
    let id = place.0.run_dir();
    let id = id
        .file_name()
        .expect("a run has a name")
        .to_string_lossy()
        .into_owned();
    // As it is where the supervisor is killed between the two.
    let claim = place.0.path("state/services/shop.open");
    std::fs::write(&claim, format!("{id}\n")).expect("the sandbox is ours");
    let next = place.up("shop", &["--set", "other=thing"]);
    assert_eq!(next.code, Some(4), "{next}");
    assert!(
        next.err.contains("stopped:"),
        "its warning is to be accepted: {next}"
    );
    assert_eq!(place.claim("shop"), "");
}

#[test]
fn all_open_runs_get_their_supervisors_and_one_that_cannot_keeps_no_other_from_it() {
    let place = Place::new(&["alpha", "beta", "gamma", "shop"]);
    for service in ["alpha", "beta", "gamma"] {
        assert_eq!(place.up(service, &[]).code, Some(4));
    }
    place.kill_supervisors();
    let [alpha, beta, gamma] = ["alpha", "beta", "gamma"].map(|service| place.claim(service));
    assert_eq!(
        place.0.run(["attach", &alpha, "--ui", "none"]).code,
        Some(4)
    );
    let alone = place.supervisors();
    let journal = place
        .0
        .path("state/runs")
        .join(&gamma)
        .join("journal.jsonl");
    let mut bytes = std::fs::read(&journal).expect("a journal");
    bytes[40] ^= 1;
    std::fs::write(&journal, &bytes).expect("the sandbox is ours");
    std::fs::write(place.0.path("state/services/delta.open"), "?\n").expect("it is ours");
    let half_made = cut_off(&place);

    let all = place.0.run(["attach", "--all"]);
    assert_eq!(all.code, Some(8), "{all}");
    for run in [&alpha, &beta] {
        assert!(
            all.out.contains(&format!("supervisor of {run} is running")),
            "{all}"
        );
    }
    assert!(
        all.out.contains(&format!("{half_made} has not begun")),
        "{all}"
    );
    for words in [&*gamma, "is damaged", "delta.open"] {
        assert!(all.err.contains(words), "{words}: {all}");
    }
    // The one that could not serve says so a moment before it ends.
    wait_until("two supervisors", || place.supervisors().len() == 2);
    let started = place.supervisors();
    assert!(started.contains(&alone[0]), "the one that lived goes on");
    // Again: nothing happens twice.
    assert_eq!(place.0.run(["attach", "--all"]).code, Some(8));
    wait_until("the same two", || place.supervisors() == started);
    assert_eq!(std::fs::read(&journal).expect("a journal"), bytes);
    let marks = place.text("marks");
    let mut marks: Vec<&str> = marks.lines().collect();
    marks.sort_unstable();
    assert_eq!(marks, ["alpha", "beta", "gamma"]);
}

/// The unit for the boot that the README prints.
fn unit() -> String {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let readme = readme.expect("there is a README");
    let (_, after) = readme.split_once("```ini\n").expect("it prints a unit");
    let (unit, _) = after.split_once("```").expect("the block ends");
    unit.to_owned()
}

#[test]
fn the_unit_of_the_readme_is_sound() {
    let unit = unit();
    let line = |begins: &str| unit.lines().any(|line| line.starts_with(begins));
    assert!(
        !line("Requires="),
        "a unit that is stopped would take it along"
    );
    assert!(
        line("KillMode=process"),
        "the supervisors outlive the unit's end"
    );
    let place = Place::new(&[]);
    let path = place.0.path("upwalk-attach.service");
    let here = unit.replace("/usr/bin/upwalk", env!("CARGO_BIN_EXE_upwalk"));
    assert_ne!(here, unit, "it starts /usr/bin/upwalk");
    std::fs::write(&path, here).expect("the sandbox is ours");
    let mut verify = Command::new("systemd-analyze");
    verify
        .args(["verify", "--man=no", "--recursive-errors=one"])
        .arg(&path);
    let Ok(output) = verify.output() else {
        support::skip_missing("systemd");
        return;
    };
    let said = said(&output);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said}");
}
