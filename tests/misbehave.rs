//! Commands that misbehave, through a real supervisor and its step shims.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
#[path = "support/run.rs"]
mod run;

use run::{Front, Run, Supervisor, question, wait_for_file, wait_until};
use rustix::process::{Pid, Signal};
use std::path::Path;
use std::process::Command;
use support::pty::Pty;
use support::{Sandbox, kill, said};
use upwalk::journal::{Attempt, Decision, Question, RunResult};
use upwalk::shell::clock;
use upwalk::supervisor::client::Mirror;
use upwalk::supervisor::wire::Part;
use upwalk::types::{Exit, Millis, StepId};

/// A run of one step whose command is this text; `HERE` in it is the test's directory.
struct Walk {
    run: Run,
    supervisor: Supervisor,
    front: Front,
}

/// What else the plan says.
struct Limits {
    /// Keys of `defaults`.
    defaults: &'static str,
    /// Keys of the step.
    step: &'static str,
}

/// A short grace, and no time limit.
const IMPATIENT: Limits = Limits {
    defaults: "grace: 300ms",
    step: "",
};

impl Walk {
    /// Starts the run.
    fn of(text: &str, limits: &Limits) -> Self {
        let lines = text.lines().fold(String::new(), |lines, line| {
            lines + "          " + line + "\n"
        });
        let run = Run::of(&format!(
            "upwalk: 1\nservice: wild\ndefaults: {{ shell: [bash, -euc], {} }}\nup:\n  - phase: Work\n    \
             role: stage\n    steps:\n      - run: |\n{lines}        name: Misbehave\n        \
             id: wild\n        undo: {{ none: nothing to take back }}\n        {}\n",
            limits.defaults, limits.step
        ));
        let supervisor = run.serve();
        let mut front = run.attach(Part::Controls);
        front.start();
        Self {
            run,
            supervisor,
            front,
        }
    }

    /// Waits until the command has made this file.
    fn made(&self, name: &str) {
        wait_until(name, || self.run.here(name).exists().then_some(()));
    }

    /// A number that the command wrote to a file, as soon as it is whole.
    fn pid(&self, name: &str) -> i32 {
        wait_until(name, || {
            let text = self.run.text(name);
            text.ends_with('\n')
                .then(|| text.trim().parse().ok())
                .flatten()
        })
    }

    /// Stops the shim, and lets the command end meanwhile; gives the shim.
    fn end_behind_a_stopped_shim(&self) -> i32 {
        let shim = self.pid("shim");
        let pids = wait_for_file(self.run.dir.path(), "-wild.1.pid");
        let group = wait_until("the command's number", || group_in(&pids));
        kill(shim, Signal::STOP);
        self.run.touch("go");
        wait_until("the command's end", || (!lives(group)).then_some(()));
        shim
    }

    /// Waits for the command's end, and what is known of the attempt then.
    fn end(&mut self) -> Attempt {
        self.front.wait("the command's end", |mirror| {
            attempt(mirror).is_some_and(|a| a.end.is_some())
        });
        attempt(&self.front.mirror)
            .expect("it has just been seen")
            .clone()
    }

    /// Waits for the end of the run, which must be a good one.
    fn done(&mut self) {
        self.front.wait("the end", |mirror| mirror.gone.is_some());
        let finished = self.front.state().finished.as_ref();
        assert_eq!(finished.map(|f| &f.result), Some(&RunResult::Done));
    }

    /// Waits until the run asks about the failed step.
    fn failed(&mut self) {
        self.front.wait("the failure", |mirror| {
            matches!(question(mirror), Some(Question::Failed { .. }))
        });
    }

    /// Waits until what outlives the command is named.
    fn outlived(&mut self) -> Vec<String> {
        self.front.wait("what is left", |mirror| {
            attempt(mirror).is_some_and(|a| !a.outlived.is_empty())
        });
        attempt(&self.front.mirror)
            .expect("it was just seen")
            .outlived
            .clone()
    }

    /// The step's log.
    fn log(&self) -> String {
        let path = wait_for_file(self.run.dir.path(), "-wild.1.log");
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// What a verb prints and its exit code.
    fn upwalk(&self, words: &[&str]) -> (String, Option<i32>) {
        let output = Command::new(env!("CARGO_BIN_EXE_upwalk"))
            .args(["--state-dir", &self.run.here("state").display().to_string()])
            .args(words)
            .output()
            .expect("upwalk can be started");
        let text = [output.stdout, output.stderr].concat();
        (
            String::from_utf8_lossy(&text).into_owned(),
            output.status.code(),
        )
    }
}

impl Drop for Walk {
    /// Ends the command, however the test ended.
    fn drop(&mut self) {
        let listed = std::fs::read_dir(self.run.dir.path()).into_iter().flatten();
        let pids = listed.flatten().map(|entry| entry.path());
        for path in pids.filter(|path| path.extension().is_some_and(|end| end == "pid")) {
            if let Some(group) = group_in(&path).and_then(Pid::from_raw) {
                // It may be gone.
                let _ = rustix::process::kill_process_group(group, Signal::KILL);
            }
        }
    }
}

/// The command's process group, as its shim noted it.
fn group_in(pids: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(pids).ok()?;
    let line: serde_json::Value = serde_json::from_str(text.lines().nth(1)?).ok()?;
    i32::try_from(line["group"].as_i64()?).ok()
}

fn attempt(mirror: &Mirror) -> Option<&Attempt> {
    mirror
        .state
        .as_ref()?
        .steps
        .get(&StepId::from("wild"))?
        .attempts
        .last()
}

/// Whether a process lives: a dead one that nobody has waited for does not.
fn lives(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

/// How many living processes are of this group.
fn group_size(group: i32) -> usize {
    let listed = std::fs::read_dir("/proc")
        .expect("it can be listed")
        .flatten();
    let of_group = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let (_, rest) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        (fields.first() != Some(&"Z") && fields.get(2)?.parse() == Ok(group)).then_some(())
    };
    let pids = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(of_group).count()
}

/// A daemon outside of the command's group, which writes its number down.
const DAEMON: &str = "setsid bash -c 'echo $$ > HERE/daemon; exec sleep 1000' &\n\
                      until test -s HERE/daemon; do sleep 0.02; done";

#[test]
fn what_outlives_a_cancelled_command_is_named_kept_and_let_go_by_a_person() {
    let text = format!(
        "{DAEMON}\ntrap '' TERM\n(echo $BASHPID > HERE/child; while :; do sleep 0.1; done) &\n\
         echo $$ > HERE/leader\nwhile :; do sleep 0.1; done"
    );
    let mut walk = Walk::of(&text, &IMPATIENT);
    let [leader, child, daemon] = ["leader", "child", "daemon"].map(|name| walk.pid(name));
    let early = walk
        .front
        .decide(None, Decision::LetGo)
        .expect_err("nothing is left yet");
    assert_eq!(early.hint.as_deref(), Some("upwalk cancel wild"));
    let (said, code) = walk.upwalk(&["cancel", "wild"]);
    assert_eq!(code, Some(0), "{said}");
    let left = walk.outlived();
    assert_eq!(left.len(), 1);
    assert!(left[0].starts_with(&format!("{daemon} ")), "{left:?}");
    assert!(!lives(leader) && !lives(child) && lives(daemon));
    // Nothing is asked, and a second cancel does not let go of it.
    let again = walk
        .front
        .decide(None, Decision::Cancel)
        .expect_err("it is being ended");
    assert!(again.why.contains("sleep 1000"), "{again}");
    assert!(walk.front.decide(None, Decision::Retry).is_err());
    for verb in ["why", "status"] {
        let words = if verb == "why" {
            vec!["why", "wild"]
        } else {
            vec!["status", "--exit-code"]
        };
        let (said, _) = walk.upwalk(&words);
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains(&format!("left running: {daemon} sleep 1000")),
            "{said}"
        );
        assert!(said.contains("cancel wild --let-go"), "{said}");
    }
    assert_eq!(walk.upwalk(&["status", "--exit-code"]).1, Some(4));
    // A supervisor that takes over waits on, and so does the shim: nobody has let go of anything.
    walk.supervisor.kill();
    walk.supervisor = walk.run.serve();
    walk.front = walk.run.attach(Part::Controls);
    walk.front.note();
    assert_eq!(walk.outlived(), left);
    assert!(attempt(&walk.front.mirror).is_some_and(|a| a.end.is_none()));
    let (said, code) = walk.upwalk(&["cancel", "wild", "--let-go"]);
    assert_eq!(code, Some(0), "{said}");
    let end = walk.end();
    let record = end.end.expect("it ended");
    assert_eq!((record.exit, record.left_running), (Exit::Cancelled, left));
    assert!(end.let_go.is_some() && lives(daemon));
    walk.failed();
    kill(daemon, Signal::KILL);
}

#[test]
fn the_run_goes_on_by_itself_when_what_outlived_its_command_is_gone() {
    let limits = Limits {
        defaults: "grace: 300ms",
        step: "timeout: 2s",
    };
    let mut walk = Walk::of(&format!("{DAEMON}\nexec sleep 1000"), &limits);
    let daemon = walk.pid("daemon");
    walk.outlived();
    kill(daemon, Signal::KILL);
    let record = walk.end().end.expect("it ended");
    assert_eq!(
        (record.exit, record.left_running.len()),
        (Exit::TimedOut, 0)
    );
    walk.front.wait("the question", |mirror| {
        matches!(question(mirror), Some(Question::OutcomeUnknown { .. }))
    });
}

#[test]
fn a_daemon_is_left_alone_and_named_and_its_output_still_goes_to_the_log() {
    let text = "(setsid bash -c 'echo $$ > HERE/daemon; until test -e HERE/speak || ! test -e HERE/daemon; \
                do sleep 0.05; done; echo later; touch HERE/spoken; exec sleep 1000' &) &\n\
                until test -s HERE/daemon; do sleep 0.02; done; echo done";
    let mut walk = Walk::of(text, &IMPATIENT);
    let daemon = walk.pid("daemon");
    let record = walk.end().end.expect("it ended");
    assert_eq!(record.exit, Exit::Code(0));
    let named = format!("{daemon} ");
    let left = &record.left_running;
    assert!(
        left.iter().any(|title| title.starts_with(&named)),
        "{left:?}"
    );
    walk.done();
    assert!(lives(daemon));
    assert_eq!(walk.log(), "done\n");
    walk.run.touch("speak");
    walk.made("spoken");
    assert_eq!(walk.log(), "done\nlater\n");
    kill(daemon, Signal::KILL);
}

#[test]
fn there_is_nothing_to_read_and_no_descriptor_to_inherit() {
    let text = "if read -r line; then echo \"got $line\"; else echo \"end of input\"; fi\n\
                ls /proc/$$/fd > HERE/fds";
    let mut walk = Walk::of(text, &IMPATIENT);
    assert_eq!(walk.end().end.map(|end| end.exit), Some(Exit::Code(0)));
    let log = walk.log();
    assert_eq!(log, "end of input\n");
    assert_eq!(
        walk.run.text("fds"),
        "0\n1\n2\n",
        "nothing else is inherited"
    );
    walk.done();
}

#[test]
fn a_stopped_command_that_has_closed_its_output_hears_the_end_of_its_time() {
    let limits = Limits {
        defaults: "grace: 120s",
        step: "timeout: 500ms",
    };
    let mut walk = Walk::of("exec >&- 2>&-; kill -STOP $$", &limits);
    let record = walk.end().end.expect("it ended");
    assert_eq!(record.exit, Exit::TimedOut);
    assert!(
        record.took < Millis::from_secs(120),
        "TERM was enough: {:?}",
        record.took
    );
}

#[test]
fn a_group_that_forks_on_and_on_is_ended_as_a_whole() {
    // Each of three chains is one process at a time, which is replaced again and again.
    let text = "trap '' TERM HUP INT\n\
                next() { test $1 -gt 0 || exit 0; (next $(($1 - 1))) & exit 0; }\n\
                for chain in 1 2 3; do (next 100000) & done\n\
                echo $$ > HERE/leader; while :; do sleep 0.1; done";
    let mut walk = Walk::of(text, &IMPATIENT);
    let leader = walk.pid("leader");
    wait_until("the chains", || (group_size(leader) > 2).then_some(()));
    walk.front
        .decide(None, Decision::Cancel)
        .expect("it is running");
    let record = walk.end().end.expect("it ended");
    assert_eq!(record.exit, Exit::Cancelled);
    assert_eq!((record.left_running.len(), group_size(leader)), (0, 0));
}

#[test]
fn a_member_that_leaves_the_group_is_named_and_not_hunted() {
    // It takes a group of its own, in the same session.
    let text = "set -m\nsleep 1000 &\nset +m\necho $! > HERE/other\nexec sleep 1001";
    let mut walk = Walk::of(text, &IMPATIENT);
    let other = walk.pid("other");
    walk.front
        .decide(None, Decision::Cancel)
        .expect("it is running");
    let left = walk.outlived();
    assert_eq!(left, [format!("{other} sleep 1000")]);
    assert!(lives(other));
    walk.front
        .decide(None, Decision::LetGo)
        .expect("it is named");
    let record = walk.end().end.expect("it ended");
    assert_eq!((record.exit, record.left_running), (Exit::Cancelled, left));
    assert!(lives(other));
    kill(other, Signal::KILL);
}

/// A command that ends while its stopped shim sees neither that nor the end of its time. None where
/// this machine was so slow that the time was up first.
fn ended_unseen() -> Option<Exit> {
    let limits = Limits {
        defaults: "grace: 300ms",
        step: "timeout: 2s",
    };
    let text = "echo $PPID > HERE/shim; until test -e HERE/go || ! test -e HERE/shim; do \
                sleep 0.02; done; echo over";
    let began = clock::up();
    let mut walk = Walk::of(text, &limits);
    let shim = walk.end_behind_a_stopped_shim();
    let in_time = clock::up().since(began) < Millis::from_secs(2);
    wait_until("the end of its time", || {
        (clock::up().since(began) > Millis::from_secs(4)).then_some(())
    });
    kill(shim, Signal::CONT);
    let exit = walk.end().end.expect("it ended").exit;
    in_time.then_some(exit)
}

#[test]
fn a_command_that_ended_before_its_time_was_up_has_its_own_status_however_late_that_is_seen() {
    let seen = (0..10).find_map(|_| ended_unseen());
    assert_eq!(
        seen.expect("once in ten times it is fast enough"),
        Exit::Code(0)
    );
}

#[test]
fn a_cancel_that_comes_after_the_end_of_its_command_changes_nothing() {
    let text = "echo $PPID > HERE/shim; until test -e HERE/go || ! test -e HERE/shim; do \
                sleep 0.02; done";
    let mut walk = Walk::of(text, &IMPATIENT);
    let shim = walk.end_behind_a_stopped_shim();
    let cancel = walk.front.decide(None, Decision::Cancel);
    cancel.expect("nobody has heard of its end");
    wait_for_file(walk.run.dir.path(), "-wild.1.cancel");
    kill(shim, Signal::CONT);
    assert_eq!(walk.end().end.map(|end| end.exit), Some(Exit::Code(0)));
    walk.done();
}

#[test]
fn a_status_at_the_very_deadline_is_one_story() {
    let limits = Limits {
        defaults: "grace: 5s",
        step: "timeout: 200ms\n        rerun: never",
    };
    for millis in [185, 190, 195, 200, 205] {
        let text = format!("sleep 0.{millis}; echo over");
        let mut walk = Walk::of(&text, &limits);
        let record = walk.end().end.expect("it ended");
        match record.exit {
            // Its own status: it has said its last word.
            Exit::Code(0) => walk.done(),
            // It was told to end: what it did is not known.
            Exit::TimedOut => walk.front.wait("the question", |mirror| {
                matches!(question(mirror), Some(Question::OutcomeUnknown { .. }))
            }),
            exit => panic!("it was neither over nor out of time: {exit}"),
        }
        assert!(record.exit == Exit::TimedOut || walk.log() == "over\n");
    }
}

#[test]
fn a_silent_command_is_remarked_on_with_and_without_a_supervisor_and_goes_on() {
    let limits = Limits {
        defaults: "silence: 1s",
        step: "",
    };
    let text = "echo one; until test -e HERE/speak || ! test -e HERE; do sleep 0.05; done; echo two; \
                touch HERE/spoken; until test -e HERE/go || ! test -e HERE; do sleep 0.05; done";
    let mut walk = Walk::of(text, &limits);
    let silent = |walk: &Walk| {
        let (json, _) = walk.upwalk(&["status", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        json["runs"][0]["silent_ms"].as_u64()
    };
    let length = wait_until("the remark", || silent(&walk));
    assert!(length >= 1000, "{length}");
    let (why, _) = walk.upwalk(&["why", "wild"]);
    assert!(why.contains("no output for"), "{why}");
    assert!(why.contains("cancel wild"), "{why}");
    walk.supervisor.kill();
    assert!(silent(&walk).is_some_and(|now| now >= length));
    walk.supervisor = walk.run.serve();
    assert!(silent(&walk).is_some_and(|now| now >= length));
    walk.run.touch("speak");
    walk.made("spoken");
    wait_until("another silence, begun at the word in between", || {
        silent(&walk).is_none_or(|now| now < length).then_some(())
    });
    walk.run.touch("go");
    walk.front = walk.run.attach(Part::Controls);
    walk.done();
}

#[test]
fn a_daemon_that_dies_later_is_buried_while_the_run_waits() {
    let text = format!("{DAEMON}\nexit 3");
    let mut walk = Walk::of(&text, &IMPATIENT);
    let daemon = walk.pid("daemon");
    walk.failed();
    kill(daemon, Signal::KILL);
    let place = format!("/proc/{daemon}");
    wait_until("its last trace to go", || {
        (!Path::new(&place).exists()).then_some(())
    });
    walk.front.note();
}

/// A step that tells what it was handed down, before and after a stop.
const BEARING: &str = r"
upwalk: 1
service: bearing
defaults: { shell: [sh, -c] }
up:
  - phase: Before
    role: stage
    steps:
      - { name: Early, id: early, run: umask; ulimit -Sn; nice, undo: { none: harmless } }
  - pause: Rest
    id: rest
  - phase: After
    role: stage
    steps:
      - { name: Later, id: later, run: umask; ulimit -Sn; nice, undo: { none: harmless } }
";

#[test]
fn umask_limits_and_nice_value_are_those_of_the_login_that_began_the_run() {
    let sandbox = Sandbox::new();
    let plan = sandbox.path("bearing.yaml");
    // The text has a `;` and stands in a flow map: quoted, as a plan would have it.
    let text = BEARING.replace("umask; ulimit -Sn; nice", "\"umask; ulimit -Sn; nice\"");
    std::fs::write(&plan, text).expect("the sandbox is ours");
    let login = |setting: &str, words: &str| {
        let mut command = Command::new("bash");
        command.args(["-c", &format!("{setting} \"$0\" {words}")]);
        command.arg(env!("CARGO_BIN_EXE_upwalk"));
        sandbox.settle(&mut command);
        said(&command.output().expect("bash can be started"))
    };
    // The tests may have been started with a nice value of their own, to which `nice` adds.
    let ours = login("nice; exit;", "").out;
    let ours: i32 = ours.trim().parse().expect("nice prints a number");
    let nice = (ours + 5).min(19);
    let up = format!("up {} --ui none", plan.display());
    let begun = login("umask 027; ulimit -Sn 500; exec nice -n 5", &up);
    assert_eq!(begun.code, Some(4), "{begun}");
    let supervisor = sandbox.supervisor();
    kill(supervisor, Signal::KILL);
    wait_until("the supervisor's end", || {
        (!lives(supervisor)).then_some(())
    });
    let ended = login(
        "umask 077; ulimit -Sn 400; exec nice -n 0",
        &format!(
            "{} --wait",
            begun.line_to_type("continue").trim_start_matches("upwalk ")
        ),
    );
    assert_eq!(ended.code, Some(0), "{ended}");
    for step in ["early", "later"] {
        let shown = sandbox.run(["log", "--of", step]);
        assert_eq!(shown.out, format!("0027\n500\n{nice}\n"), "{step}: {shown}");
    }
}

/// A step that asks on the terminal, as sudo and ssh do.
const ASKING: &str = r"
upwalk: 1
service: asking
defaults: { shell: [bash, -c] }
up:
  - phase: Work
    role: stage
    steps:
      - run: read -r line < /dev/tty || echo nobody was asked
        name: Ask
        id: ask
        undo: { none: harmless }
";

#[test]
fn the_terminal_of_the_login_cannot_be_reached_by_commands() {
    let sandbox = Sandbox::new();
    let plan = sandbox.path("asking.yaml");
    std::fs::write(&plan, ASKING).expect("the sandbox is ours");
    let mut login = Command::new("bash");
    let up = format!(
        ": < /dev/tty && echo a terminal; exec \"$0\" up {} --ui none",
        plan.display()
    );
    login.args(["-c", &up, env!("CARGO_BIN_EXE_upwalk")]);
    sandbox.settle(&mut login);
    let mut pty = Pty::start(&login, 80, 24);
    pty.wait_for("a terminal");
    assert_eq!(pty.wait().code(), Some(0));
    let log = sandbox.run(["log", "--of", "ask"]).out;
    assert!(log.contains("/dev/tty: No such device or address"), "{log}");
    assert!(log.contains("nobody was asked"), "{log}");
}

/// A command that writes nothing until a file is there.
const SILENT: &str = r"
upwalk: 1
service: silent
defaults: { shell: [bash, -c], silence: 1s }
up:
  - phase: Work
    role: stage
    steps:
      - run: until test -e HERE/go; do sleep 0.05; done
        name: Wait
        id: wait
        timeout: 100s
        undo: { none: harmless }
";

#[test]
fn every_front_end_says_that_a_command_is_silent() {
    for ui in ["none", "plain", "tui"] {
        let sandbox = Sandbox::new();
        let plan = sandbox.path("silent.yaml");
        let here = sandbox.path("").display().to_string();
        std::fs::write(&plan, SILENT.replace("HERE/", &here)).expect("the sandbox is ours");
        let mut command = sandbox.upwalk(["up"]);
        command.arg(&plan).args(["--ui", ui]);
        let mut pty = Pty::start(&command, 100, 30);
        match ui {
            "plain" => {
                pty.wait_for("start");
                pty.send("1\r");
            }
            "tui" => {
                pty.wait_for("NOT STARTED");
                pty.send("S");
            }
            _ => {}
        }
        pty.wait_for("no output for");
        pty.wait_for(match ui {
            "tui" => "Ctrl-C offers to end the command",
            _ => "upwalk cancel silent",
        });
        std::fs::write(sandbox.path("go"), "").expect("the sandbox is ours");
        wait_until("the end", || {
            (sandbox.events("RunFinished", &["done"]) == 1).then_some(())
        });
        pty.hang_up();
        pty.wait();
    }
}
