//! A run of three steps in a sandbox, the second of which waits at a gate that the test opens.

use crate::support::{Said, Sandbox, kill, said, wait_until};
use rustix::process::Signal;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The plan; `MORE` stands for keys of the second step, `VERIFY` for a phase after it.
const PLAN: &str = r#"upwalk: 1
service: shop
defaults: { shell: [sh, -c] }
vars:
  here: { required: true }
up:
  - phase: Work
    role: pre-deploy
    steps:
      - run: echo first >>"$HERE/ran"
        name: First
        undo: echo "first is back" >>"$HERE/ran"
      - run: |
          echo second >>"$HERE/ran"
          echo "before the gate"
          until test -e "$HERE/gate" || ! test -d "$HERE"; do sleep 0.05; done
          echo "behind the gate"
          exit "$(cat "$HERE/code" 2>/dev/null || echo 0)"
        name: Second
        undo: echo "second is back" >>"$HERE/ran"
        MORE
NEXT
  - phase: Rest
    role: deploy
    steps:
      - run: echo third >>"$HERE/ran"
        name: Third
        undo: echo "third is back" >>"$HERE/ran"
"#;

/// How long a command of upwalk may take before the test calls it stuck, in seconds.
const STUCK: &str = "100";

/// A sandbox with that plan, and the upwalk that walks it.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    /// What is typed as `upwalk` here.
    pub(crate) binary: PathBuf,
}

impl World {
    /// A run that is still to begin; `more` are keys of its second step.
    pub(crate) fn new(more: &str) -> Self {
        Self::with(more, "")
    }

    /// The same with items between the second step's phase and the last one.
    pub(crate) fn with(more: &str, next: &str) -> Self {
        let world = Self {
            sandbox: Sandbox::new(),
            binary: env!("CARGO_BIN_EXE_upwalk").into(),
        };
        let plan = PLAN.replace("MORE", more).replace("NEXT", next);
        world.write("shop.yaml", &plan);
        world
    }

    /// A path of the sandbox.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path(name)
    }

    /// Writes a file of the sandbox.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the sandbox is ours");
    }

    /// The text of a file of the sandbox; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A command of upwalk; one that is stuck is ended.
    pub(crate) fn upwalk(&self, args: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.arg("--foreground").arg(STUCK).arg(&self.binary);
        command.args(args);
        self.sandbox.settle(&mut command);
        command.stdin(Stdio::null());
        command
    }

    /// Runs one to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        run(&mut self.upwalk(args))
    }

    /// `up` with progress lines.
    pub(crate) fn up(&self) -> Command {
        let plan = self.path("shop.yaml").display().to_string();
        let here = format!("here={}", self.path("").display());
        self.upwalk(&["up", &plan, "--set", here.trim_end_matches('/')])
    }

    /// Begins the run and returns when its second step stands at the gate; nobody looks on.
    pub(crate) fn begin(&self) {
        self.begin_by(self.up());
    }

    /// The same by this command.
    pub(crate) fn begin_by(&self, up: Command) {
        let mut front = self.front(up);
        // Whoever looks on owns nothing.
        front.kill().expect("it can be killed");
        front.wait().expect("it can be waited for");
    }

    /// Begins the run and returns when its second step stands at the gate, with who looks on.
    pub(crate) fn front(&self, mut up: Command) -> Child {
        up.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = up.spawn().expect("upwalk can be started");
        wait_until("the step stands at the gate", || {
            let ended = child.try_wait().expect("it is a child");
            assert_eq!(ended, None, "it has ended before");
            self.is_at_the_gate()
        });
        child
    }

    /// Whether the second step stands at the gate.
    fn is_at_the_gate(&self) -> bool {
        self.log().contains("before the gate") && self.pids().is_some()
    }

    /// Opens the gate.
    pub(crate) fn open_gate(&self) {
        self.write("gate", "");
    }

    /// A file of the second step's first attempt.
    pub(crate) fn file(&self, suffix: &str) -> Option<PathBuf> {
        let dir = self.sandbox.runs().first()?.clone();
        let end = format!("-second.1.{suffix}");
        let listed = std::fs::read_dir(dir).ok()?;
        let mut paths = listed.flatten().map(|entry| entry.path());
        paths.find(|path| path.to_string_lossy().ends_with(&end))
    }

    /// What the second step has written so far.
    pub(crate) fn log(&self) -> String {
        let log = self.file("log");
        log.and_then(|path| std::fs::read_to_string(path).ok())
            .unwrap_or_default()
    }

    /// The shim of the second step and its command, as they noted themselves; none before.
    pub(crate) fn pids(&self) -> Option<(i32, i32)> {
        let text = std::fs::read_to_string(self.file("pid")?).ok()?;
        let mut lines = text.lines().map(serde_json::from_str::<serde_json::Value>);
        let mut number = |name: &str| -> Option<i32> {
            let line = lines.next()?.ok()?;
            i32::try_from(line[name].as_i64()?).ok()
        };
        Some((number("pid")?, number("group")?))
    }

    /// The shim and the command of the second step.
    pub(crate) fn shim_and_command(&self) -> (i32, i32) {
        self.pids().expect("the second step has begun")
    }

    /// Sends a signal to the supervisor and waits until it is gone.
    pub(crate) fn end_supervisor(&self, signal: Signal) {
        let pid = self.sandbox.supervisor();
        kill(pid, signal);
        wait_gone(pid);
    }

    /// Kills everything of the run at once, as a power failure does.
    pub(crate) fn kill_all(&self) {
        let (shim, command) = self.shim_and_command();
        let supervisor = self.sandbox.supervisor();
        for pid in [supervisor, shim] {
            kill(pid, Signal::KILL);
        }
        if let Some(group) = rustix::process::Pid::from_raw(command) {
            // What it has begun goes too.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
        for pid in [supervisor, shim, command] {
            wait_gone(pid);
        }
    }

    /// The steps that have run, in order.
    pub(crate) fn ran(&self) -> Vec<String> {
        self.text("ran").lines().map(str::to_owned).collect()
    }

    /// Opens the gate and attaches until the run is done, each step having run once.
    pub(crate) fn finish(&self) {
        self.open_gate();
        let done = self.run(&["attach"]);
        assert_eq!(done.code, Some(0), "{done}");
        assert_eq!(self.ran(), ["first", "second", "third"]);
        // The claim goes after the last event, which is what `attach` waits for.
        wait_until("the service is free", || {
            !self.path("state/services/shop.open").exists()
        });
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Said {
    let said = said(&command.output().expect("it can be started"));
    assert_ne!(said.code, Some(124), "it is stuck: {said}");
    said
}

/// Waits until nobody of this number runs.
pub(crate) fn wait_gone(pid: i32) {
    wait_until("the process is gone", || !is_alive(pid));
}

/// Whether a process of this number runs.
pub(crate) fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    let state = stat.ok().and_then(|stat| {
        let (_, rest) = stat.rsplit_once(')')?;
        rest.trim_start().chars().next()
    });
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

/// When a process started, in clock ticks since the boot.
pub(crate) fn start_of(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let (_, rest) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = rest.split_whitespace().nth(19).expect("a start time");
    ticks.parse().expect("a number")
}
