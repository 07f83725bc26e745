//! A run of two steps, the first of which may have a terminal.

use crate::support::pty::Pty;
use crate::support::{Said, Sandbox, said, wait_until};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The plan: `BODY` is what the first step runs, `MORE` further keys of it.
const PLAN: &str = r#"upwalk: 1
service: term
defaults: { shell: [bash, -c], grace: 1s }
vars: { here: { required: true, help: the directory of the test } }
up:
  - phase: Change
    role: pre-deploy
    steps:
      - name: First
        run: |
BODY
MORE
        undo: { none: it changes nothing }
      - name: After it
        run: echo after >>"$HERE/ran"
        undo: { none: it changes nothing }
"#;

/// What stands in each body that the test lets go on: it has begun, and may run only once.
pub(crate) const BEGIN: &str = "echo run >>\"$HERE/ran\"; echo $$ >\"$HERE/pid\"";

/// Which terminal the first step has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terminal {
    /// None, as most steps.
    None,
    /// One of its own.
    Own,
    /// A person's.
    Admin,
}

/// A sandbox with that plan.
pub(crate) struct Walk {
    pub(crate) sandbox: Sandbox,
    terminal: Terminal,
}

impl Walk {
    /// The first step runs `body`, which has more keys.
    pub(crate) fn new(terminal: Terminal, body: &str, more: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let own = match terminal {
            Terminal::None => None,
            Terminal::Own => Some("terminal: own"),
            Terminal::Admin => Some("terminal: admin"),
        };
        let keys: Vec<&str> = own.iter().chain(more).copied().collect();
        let (body, more) = (indented(10, body), indented(8, &keys.join("\n")));
        let plan = PLAN.replace("BODY\n", &body).replace("MORE\n", &more);
        std::fs::write(sandbox.path("term.yaml"), plan).expect("the sandbox is ours");
        Self { sandbox, terminal }
    }

    /// What begins the run.
    pub(crate) fn up(&self) -> Command {
        let here = self.sandbox.path("").display().to_string();
        let here = format!("--set=here={}", here.trim_end_matches('/'));
        self.sandbox.upwalk(["up", "./term.yaml", &here])
    }

    /// Begins the run on a screen; returns once the first step is under way.
    pub(crate) fn begin(&self) -> Pty {
        let screen = Pty::start(&self.up(), 100, 30);
        screen.wait_for("NOT STARTED");
        screen.send("S");
        if self.terminal == Terminal::Admin {
            let waits = "waits for your terminal";
            screen.wait_for(waits);
            // Keys right after something came up are thrown away, and nothing tells until when.
            wait_until("the terminal is given", || {
                std::thread::park_timeout(Duration::from_millis(700));
                let open = screen.screen().contains(waits);
                if open {
                    screen.send("C");
                }
                !open
            });
            screen.wait_for("has your terminal now");
        }
        screen
    }

    /// The same until its body has begun.
    pub(crate) fn under_way(&self) -> Pty {
        let screen = self.begin();
        wait_until("the step is under way", || self.pid().is_some());
        screen
    }

    /// The number of the first step's first process, which its body has written down.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.text("pid").trim().parse().ok()
    }

    /// The text of a file of the sandbox; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.path(name)).unwrap_or_default()
    }

    /// Makes such a file.
    pub(crate) fn touch(&self, name: &str) {
        std::fs::write(self.sandbox.path(name), "").expect("the sandbox is ours");
    }

    /// A file of the first step's first attempt.
    pub(crate) fn file(&self, suffix: &str) -> Option<PathBuf> {
        let listed = std::fs::read_dir(self.sandbox.run_dir()).expect("the run can be listed");
        let end = format!("-first.1.{suffix}");
        let mut paths = listed.flatten().map(|entry| entry.path());
        paths.find(|path| path.to_string_lossy().ends_with(&end))
    }

    /// What the first step has written, its lines ended as on every disk.
    pub(crate) fn log(&self) -> String {
        let log = self.file("log").and_then(|path| std::fs::read(path).ok());
        String::from_utf8_lossy(&log.unwrap_or_default()).replace("\r\n", "\n")
    }

    /// The first step's shim.
    pub(crate) fn shim(&self) -> i32 {
        let path = self.file("pid").expect("the step has a shim");
        let text = std::fs::read_to_string(path).expect("it has written its number down");
        let first = text.lines().next().unwrap_or_default();
        let line: Value = serde_json::from_str(first).expect("it is JSON");
        let pid = line["pid"].as_i64().expect("it is a number");
        i32::try_from(pid).expect("a pid is a small number")
    }

    /// What has happened since the first step began: the kinds of events, and how its command ended.
    pub(crate) fn story(&self) -> Vec<String> {
        let journal = self.sandbox.journal();
        let events = journal.lines().map(|line| {
            let event: Value = serde_json::from_str(line).expect("it is JSON");
            let kind = event["event"].as_str().unwrap_or_default().to_owned();
            let exit = event.pointer("/end/exit").or_else(|| event.get("outcome"));
            format!(
                "{kind} {}",
                exit.map(ToString::to_string).unwrap_or_default()
            )
        });
        let began = |event: &String| event.starts_with("StepStarted");
        let story: Vec<String> = events.skip_while(|event| !began(event)).collect();
        assert!(!story.is_empty(), "no step has begun: {journal}");
        story
    }

    /// Settles that the first step is done after all, as the run says how to; it goes on to its end.
    pub(crate) fn settle_done(&self) {
        let why = self.sandbox.run(["why"]);
        let line = why.line_to_type("settle term done");
        let done = self.sandbox.type_line(&format!("{line} --wait"));
        assert_eq!(done.code, Some(0), "{done}");
        assert_eq!(self.text("ran"), "run\nafter\n", "each has run once");
    }
}

/// Lines that stand so far to the right, as YAML wants them.
fn indented(columns: usize, text: &str) -> String {
    let lines = text
        .lines()
        .flat_map(|line| [" ".repeat(columns), line.to_owned(), "\n".to_owned()]);
    lines.collect()
}

/// Runs a command of upwalk as somebody.
pub(crate) fn by(walk: &Walk, who: &str, args: &[&str]) -> Said {
    let mut command = walk.sandbox.upwalk(args);
    command.env("SUDO_USER", who);
    said(&command.output().expect("upwalk can be started"))
}

/// Whether a process of this number runs.
pub(crate) fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, Some('Z' | 'X')))
}
