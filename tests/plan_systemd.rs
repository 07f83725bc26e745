//! What a `systemd` step becomes, run against a pretend systemctl.

#![expect(
    clippy::disallowed_methods,
    reason = "the texts are run to see how they end"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use upwalk::plan::{self, Asked, Kind, Step, Undo};
use upwalk::types::{Answer, Exit, Judge};

const PLAN: &str = "upwalk: 1
service: s
vars: { box: { default: web01 } }
up:
- phase: Deploy
  role: deploy
  steps:
  - { run: ln -sfn v2 current, name: switch, undo: ln -sfn v1 current }
  - systemd: { daemon_reload: true, restart: [a.service, 'b@1'], reload: [c], start: [d], stop: [e] }
  - systemd: { restart: [f], via: [podman, exec, '${box}'], user_manager: true }
    id: inner
    within: 1m
    every: 1s
    warn: [{ id: w, text: Short. }]
";

/// Answers from the files named like the verb, and writes down how it was called.
const PRETEND: &str = "#!/bin/sh\necho \"$0 $*\" >>calls\nfor word; do case $word in restart|start|stop|is-active) verb=$word;; esac; done\nif [ \"$verb\" = is-active ]; then cat state 2>/dev/null; fi\nexit \"$(cat \"$verb.exit\" 2>/dev/null || echo 0)\"\n";

/// A directory with a pretend systemctl and journalctl.
struct Pretend(tempfile::TempDir);

impl Pretend {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["systemctl", "journalctl", "podman"] {
            let path = dir.path().join(name);
            std::fs::write(&path, PRETEND).expect("a script");
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(path, mode).expect("it may be run");
        }
        Self(dir)
    }

    /// Lets a verb end with a status from now on.
    fn ends(&self, verb: &str, status: u8) -> &Self {
        let path = self.0.path().join(format!("{verb}.exit"));
        std::fs::write(path, status.to_string()).expect("a status");
        self
    }

    /// Runs a text as the plan's default shell would: how it ends, what it prints, what it calls.
    fn run(&self, text: &str) -> (Exit, String, String) {
        let calls = self.0.path().join("calls");
        let _ = std::fs::remove_file(&calls);
        let path = format!("{}:/usr/bin:/bin", self.0.path().display());
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", text])
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", path)
            .env("BOX", "web 01")
            .output()
            .expect("bash runs");
        let calls = std::fs::read_to_string(calls).unwrap_or_default();
        let calls = calls.replace(&format!("{}/", self.0.path().display()), "");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (
            Exit::Code(output.status.code().expect("no signal")),
            said,
            calls,
        )
    }

    /// Asks a step's guard.
    fn ask(&self, asked: &Asked) -> Answer {
        let Asked::Command { text, judge } = asked else {
            unreachable!("systemd is asked by commands");
        };
        let (exit, said, _) = self.run(text);
        judge.judge(&exit, &said)
    }
}

fn steps() -> Vec<Step> {
    let plan = plan::read("plan.yaml", PLAN.as_bytes())
        .expect("a plan")
        .seal(&[]);
    let up = plan.up.as_ref().expect("an upgrade");
    up.steps().map(|(_, step)| step.clone()).collect()
}

fn text(step: &Step) -> &str {
    let Kind::Run(text) = &step.kind else {
        unreachable!("it became a run step");
    };
    text
}

#[test]
fn a_systemd_step_becomes_ordinary_steps_unit_by_unit() {
    let steps = steps();
    let named: Vec<(&str, &str)> = steps
        .iter()
        .map(|s| (s.id.as_str(), s.name.source()))
        .collect();
    assert_eq!(
        named[1..],
        [
            ("daemon-reload", "daemon-reload"),
            ("restart-a-service", "restart a.service"),
            ("restart-b-1", "restart b@1"),
            ("reload-c", "reload c"),
            ("start-d", "start d"),
            ("stop-e", "stop e"),
            ("inner-f", "restart f"),
        ]
    );
    let again: Vec<&str> = steps
        .iter()
        .filter(|step| matches!(&step.undo, Undo::Again { follows: Some(id), .. } if id.as_str() == "switch"))
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(
        again,
        [
            "daemon-reload",
            "restart-a-service",
            "restart-b-1",
            "reload-c",
            "inner-f"
        ]
    );
    let verify = steps[7].verify.as_ref().expect("it is proved");
    assert_eq!(
        (verify.within.map(|m| m.0), verify.every.0),
        (Some(60_000), 1000)
    );
    assert_eq!(steps[7].warnings.len(), 1);
}

#[test]
fn a_unit_that_does_not_start_fails_the_step_with_its_journal() {
    let (steps, pretend) = (steps(), Pretend::new());
    let (exit, _, calls) = pretend.run(text(&steps[2]));
    assert_eq!(
        (exit, calls.as_str()),
        (Exit::Code(0), "systemctl restart a.service\n")
    );
    let (exit, _, calls) = pretend.ends("restart", 5).run(text(&steps[2]));
    assert_eq!(exit, Exit::Code(5));
    assert_eq!(
        calls,
        "systemctl restart a.service\njournalctl --no-pager -n 20 -u a.service\n"
    );
}

#[test]
fn only_systemd_s_own_answer_counts_as_a_yes_or_a_no() {
    let (steps, pretend) = (steps(), Pretend::new());
    let active = |step: &Step| step.verify.clone().expect("it is proved").guard.asked;
    let (started, stopped) = (active(&steps[5]), active(&steps[6]));
    assert_eq!(pretend.ask(&started), Answer::Yes);
    assert!(matches!(pretend.ask(&stopped), Answer::No(_)));
    pretend.ends("is-active", 3);
    assert!(matches!(pretend.ask(&started), Answer::No(_)));
    assert_eq!(pretend.ask(&stopped), Answer::Yes);
    for trouble in [1, 4, 127] {
        pretend.ends("is-active", trouble);
        assert!(
            matches!(pretend.ask(&started), Answer::CouldNotTell(_)),
            "{trouble}"
        );
        assert!(
            matches!(pretend.ask(&stopped), Answer::CouldNotTell(_)),
            "{trouble}"
        );
    }
}

#[test]
fn start_and_stop_take_each_other_back() {
    let (steps, pretend) = (steps(), Pretend::new());
    let undo = |step: &Step| match &step.undo {
        Undo::Run { text, verify, .. } => (text.clone(), verify.clone().expect("it is proved")),
        other => unreachable!("{other:?}"),
    };
    let ((stop, gone), (start, back)) = (undo(&steps[5]), undo(&steps[6]));
    assert_eq!(pretend.run(&stop).2, "systemctl stop d\n");
    assert_eq!(pretend.run(&start).2, "systemctl start e\n");
    assert_eq!(pretend.ask(&back.guard.asked), Answer::Yes);
    assert!(matches!(pretend.ask(&gone.guard.asked), Answer::No(_)));
}

#[test]
fn via_goes_before_systemctl_and_expands_as_one_word() {
    let (exit, _, calls) = Pretend::new().run(text(&steps()[7]));
    assert_eq!(exit, Exit::Code(0));
    assert_eq!(calls, "podman exec web 01 systemctl --user restart f\n");
    assert!(text(&steps()[7]).contains("podman exec \"${BOX}\" systemctl"));
    let asked = steps()[7].verify.clone().expect("it is proved").guard.asked;
    assert!(matches!(asked, Asked::Command { judge: Judge::Code { no }, .. } if no == [3]));
}
