//! The walk that all faults are tried on, and what is left of it at its end.

use crate::support::{Said, Sandbox, wait_until};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Child, Stdio};

/// Each step that runs a command appends its name to a file outside of the state directory, and
/// may run only once. `two` waits for a person's word in between.
const PLAN: &str = r#"upwalk: 1
service: walk
version: { detect: cat HERE/version, to: 2 }
defaults: { shell: [sh, -c] }
up:
  - phase: Prepare
    role: stage
    steps:
      - name: One
        id: one
        only_if: test -e HERE/version
        sets: [port]
        run: echo one >> HERE/ran && echo port=1 > "$OUTPUT"
        undo: { none: harmless }
      - name: Two
        id: two
        run: |
          touch HERE/under-way
          until test -e HERE/go; do sleep 0.02; done
          NOISE
          echo two >> HERE/ran
        undo: { none: harmless }
      - name: Three
        id: three
        unless: grep -q three HERE/ran
        run: echo "three $PORT" >> HERE/ran
        verify: grep -q three HERE/ran
        undo: { none: harmless }
  - phase: Switch
    role: deploy
    steps:
      - name: Four
        id: four
        run: echo four >> HERE/ran && echo 2 > HERE/version
        undo: { none: harmless }
"#;

/// What the steps leave behind when each has run once.
pub(crate) const RAN: &str = "one\ntwo\nthree 1\nfour\n";

/// A sandbox with the walk's plan.
pub(crate) struct Walk {
    pub(crate) sandbox: Sandbox,
}

/// What is the case when a walk has come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    /// What the steps have left behind.
    ran: String,
    /// The version that is installed.
    version: String,
    /// What happened, as the journal has it: no times, no numbers, no supervisors.
    story: Vec<Value>,
    /// The ledger's entries, likewise.
    ledger: Vec<Value>,
    /// Whether the service is free.
    free: bool,
}

impl Walk {
    /// The walk with this word of noise in its second step.
    pub(crate) fn new(noise: &str) -> Self {
        let sandbox = Sandbox::new();
        let here = sandbox.path("").display().to_string();
        let here = here.trim_end_matches('/');
        let plan = PLAN.replace("HERE", here).replace("NOISE", noise);
        std::fs::write(sandbox.path("plans/walk.yaml"), plan).expect("the sandbox is writable");
        std::fs::write(sandbox.path("version"), "1\n").expect("the sandbox is writable");
        Self { sandbox }
    }

    /// Begins the walk and leaves its lines to be read at their end.
    pub(crate) fn begin(&self) -> Child {
        let plan = self.sandbox.path("plans/walk.yaml");
        let mut command = self.sandbox.upwalk(["up", "--ui", "none"]);
        command.arg(plan).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("upwalk can be started")
    }

    /// Waits until the second step is under way.
    pub(crate) fn until_two(&self) {
        let there = self.sandbox.path("under-way");
        wait_until("step two", || there.exists());
    }

    /// Lets the second step end.
    pub(crate) fn go(&self) {
        std::fs::write(self.sandbox.path("go"), "").expect("the sandbox is writable");
    }

    /// Attaches without a terminal, to the end or to where it stops.
    pub(crate) fn attach(&self) -> Said {
        self.sandbox.run(["attach", "walk", "--ui", "none"])
    }

    /// Waits until no supervisor is left.
    pub(crate) fn unserved(&self) {
        wait_until("the supervisor's end", || {
            self.sandbox.processes().is_empty()
        });
    }

    /// What is the case at the end.
    pub(crate) fn end(&self) -> End {
        self.unserved();
        let text = |name: &str| std::fs::read_to_string(self.sandbox.path(name));
        End {
            ran: text("ran").unwrap_or_default(),
            version: text("version").expect("a version is installed"),
            story: story(&self.sandbox.journal()),
            ledger: story(&text("state/services/walk.jsonl").unwrap_or_default()),
            free: !self.open().exists(),
        }
    }

    /// What names the open run.
    pub(crate) fn open(&self) -> PathBuf {
        self.sandbox.path("state/services/walk.open")
    }

    /// The status of the open run, and the exit code that goes with it.
    pub(crate) fn status(&self) -> (Value, Option<i32>) {
        let said = self.sandbox.run(["status", "--json", "--exit-code"]);
        let all: Value = serde_json::from_str(&said.out).expect("JSON");
        (all["runs"][0].clone(), said.code)
    }
}

impl End {
    /// What the steps have left behind.
    pub(crate) fn ran(&self) -> &str {
        &self.ran
    }

    /// What happened.
    pub(crate) fn story(&self) -> &[Value] {
        &self.story
    }

    /// Whether each step that runs a command has run once, and the run is done.
    pub(crate) fn assert_done(&self) {
        assert_eq!(self.ran, RAN, "{self:#?}");
        assert_eq!(self.version, "2\n");
        assert!(self.free, "the service is still taken");
        let last = self.story.last().expect("a run has events");
        assert_eq!(
            (&last["event"], &last["result"]),
            (&"RunFinished".into(), &"done".into())
        );
        assert_eq!(self.ledger.len(), 1, "{:#?}", self.ledger);
    }
}

/// What differs from walk to walk without meaning anything.
const BOOKKEEPING: [&str; 15] = [
    "hash",
    "n",
    "t",
    "up",
    "at",
    "took",
    "log_bytes",
    "number",
    "asked",
    "run",
    "run_dir",
    "boot",
    "plan",
    "plan_digest",
    "env",
];

/// Lines of JSON without bookkeeping; supervisors come and go.
fn story(lines: &str) -> Vec<Value> {
    let mut story = Vec::new();
    for line in lines.lines() {
        let mut value: Value = serde_json::from_str(line).expect("whole lines of JSON");
        if value["event"] != "SupervisorStarted" {
            strip(&mut value);
            story.push(value);
        }
    }
    story
}

fn strip(value: &mut Value) {
    let Value::Object(fields) = value else {
        return;
    };
    for name in BOOKKEEPING {
        fields.remove(name);
    }
    fields.values_mut().for_each(strip);
}
