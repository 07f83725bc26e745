//! The command line from outside: the binary with a cleared environment and a state directory of
//! its own; output, errors and status of each call in one block.
#![expect(
    clippy::disallowed_methods,
    reason = "a test runs programs and looks at their files"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A plan with one warning of each level, a variable and a step of each kind.
const PLAN: &str = r#"upwalk: 1
service: shop
title: The shop, from 1 to 2
version:
  detect: cat "$STATE"
  from: ">=1"
  to: 2
vars:
  state: { required: true, match: '/[A-Za-z0-9/._-]+', help: where the shop keeps its version }
  pace: { default: 0 }
up:
  - phase: Preflight
    role: preflight
    steps:
      - check: test -f "$STATE"
        name: The shop is there
  - phase: Pre-deployment
    role: pre-deploy
    warn:
      - id: reads-slower
        text: Reads are slower meanwhile.
        confirm: note
      - id: rewrite
        text: The table is rewritten.
    steps:
      - run: echo expanding
        name: Expand
        undo: echo shrinking
  - phase: Deploy
    role: deploy
    steps:
      - run: echo 2 > "$STATE"
        name: Switch
        undo: echo 1 > "$STATE"
  - pause: Soak
  - phase: Post-deployment
    role: post-deploy
    warn:
      - id: drop
        text: The old column is dropped. Nothing brings it back.
        confirm: { type: "drop the column on ${host}" }
    steps:
      - run: echo contracting
        name: Contract
        irreversible: the column is gone
"#;

/// A place for one test: a plan, the shop's version, a state directory that does not exist yet.
struct Place {
    root: TempDir,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("upwalk-cli-")
            .tempdir()
            .expect("there is a temporary directory");
        let place = Self { root };
        std::fs::set_permissions(place.root.path(), mode(0o755)).expect("it is ours");
        place.write("plan.yaml", PLAN);
        place.write("version", "1\n");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file that nobody else can write.
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("it is ours");
        std::fs::set_permissions(self.path(name), mode(0o644)).expect("it is ours");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_upwalk"));
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("UPWALK_STATE_DIR", self.path("state"))
            .current_dir(self.root.path())
            .stdin(Stdio::null());
        command
    }

    /// Calls upwalk and returns what it said in one block, with what differs between machines and
    /// calls replaced.
    fn call(&self, args: &[&str]) -> String {
        self.block(&mut self.command(args), args)
    }

    fn block(&self, command: &mut Command, args: &[&str]) -> String {
        let output = command.output().expect("upwalk can be started");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let block = format!(
            "$ upwalk {}\n{}--- standard error\n{}--- status {:?}\n",
            args.join(" "),
            text(&output.stdout),
            text(&output.stderr),
            output.status.code()
        );
        self.stable(&block)
    }

    /// Replaces the directory, the host and digests.
    fn stable(&self, block: &str) -> String {
        let root = self.root.path().to_string_lossy();
        let block = block.replace(root.as_ref(), "ROOT");
        let host = rustix::system::uname();
        let host = host.nodename().to_string_lossy();
        let host = host.split('.').next().unwrap_or_default();
        let block = if host.is_empty() {
            block
        } else {
            block.replace(host, "HOST")
        };
        let digest = regex_lite::Regex::new(r"\b[0-9a-f]{16}\b").expect("it compiles");
        digest.replace_all(&block, "DIGEST").into_owned()
    }

    /// The two variables that the plan needs.
    fn set(&self) -> String {
        format!("state={}", self.path("version").display())
    }

    /// Whether a run was made, or so much as its directory.
    fn has_runs(&self) -> bool {
        std::fs::read_dir(self.path("state/runs")).is_ok_and(|mut runs| runs.next().is_some())
    }
}

fn mode(bits: u32) -> std::fs::Permissions {
    std::fs::Permissions::from_mode(bits)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The exit code in a block.
fn status(block: &str) -> &str {
    let line = block.lines().last().unwrap_or_default();
    line.trim_start_matches("--- status Some(")
        .trim_end_matches(')')
}

#[test]
fn the_help_lists_the_verbs_of_this_version_and_no_others() {
    let place = Place::new();
    let help = place.call(&["--help"]);
    let verbs: Vec<_> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        verbs,
        [
            "up",
            "attach",
            "status",
            "why",
            "continue",
            "confirm",
            "settle",
            "pause",
            "cancel",
            "retry",
            "skip",
            "rollback",
            "stop",
            "note",
            "salvage",
            "log",
            "runs",
            "theme",
            "schema",
            "completions",
            "man"
        ]
    );
    assert_eq!(status(&help), "0");
    assert_eq!(status(&place.call(&["--version"])), "0");
}

#[test]
fn wrong_usage_says_what_is_wrong_and_exits_2() {
    let place = Place::new();
    for (args, words) in [
        (vec![], "a command is missing"),
        (vec!["down", "plan.yaml"], "there is no command \"down\""),
        (vec!["backups"], "there is no command \"backups\""),
        (vec!["up"], "<PLAN>"),
        (vec!["up", "plan.yaml", "--yes"], "--yes"),
        (vec!["up", "plan.yaml", "--evaluate"], "--plan"),
        (vec!["up", "demo", "--plan"], "./demo"),
        (vec!["settle", "maybe"], "done, rerun"),
        (vec!["--theme", "lite", "status"], "--theme dark"),
        (vec!["why"], "there is no run in ROOT/state"),
        (vec!["continue"], "--at SEQ is needed"),
        (vec!["skip", "--at", "3"], "--because"),
    ] {
        let block = place.call(&args);
        assert!(block.contains(words), "{block}");
        assert!(block.contains("--- standard error\nupwalk: "), "{block}");
        assert_eq!(status(&block), "2", "{block}");
    }
}

#[test]
fn an_invalid_plan_is_drawn_with_all_its_mistakes_and_exits_3() {
    let place = Place::new();
    place.write(
        "plan.yaml",
        &PLAN
            .replace("service: shop", "servce: shop")
            .replace("run: echo expanding", "rum: echo expanding"),
    );
    for more in [&["--plan"][..], &[]] {
        let block = place.call(&[&["up", "plan.yaml"], more].concat());
        assert_eq!(status(&block), "3", "{block}");
        for words in ["servce", "rum", "plan.yaml:2:1", "did you mean"] {
            assert!(block.contains(words), "{words} is missing in {block}");
        }
        assert!(!block.contains('\u{1b}'), "{block}");
    }
    assert!(!place.path("state").exists());
}

#[test]
fn what_a_later_version_executes_is_refused_by_up_and_dry_run_alike() {
    let place = Place::new();
    let plan = PLAN.replace("name: Expand", "name: Expand\n        confirm_within: 2m");
    place.write("plan.yaml", &plan);
    for more in [&["--plan"][..], &[]] {
        let block = place.call(&[&["up", "plan.yaml"], more].concat());
        assert_eq!(status(&block), "3", "{block}");
        assert!(
            block.contains("confirm_within") && block.contains("plan.yaml:28"),
            "{block}"
        );
    }
    assert!(!place.path("state").exists());
}

#[test]
fn what_is_no_plan_file_is_refused_with_its_reason() {
    let place = Place::new();
    std::fs::create_dir(place.path("dir.yaml")).expect("it is ours");
    let large = std::fs::File::create(place.path("large.yaml")).expect("it is ours");
    large.set_len(5 << 20).expect("a sparse file");
    std::fs::set_permissions(place.path("large.yaml"), mode(0o644)).expect("it is ours");
    std::os::unix::fs::symlink("/dev/zero", place.path("zero.yaml")).expect("it is ours");
    for (plan, words, code) in [
        ("dir.yaml", "directory", "3"),
        ("zero.yaml", "device", "3"),
        ("large.yaml", "4 MiB", "3"),
        ("missing.yaml", "No such file", "1"),
    ] {
        let block = place.call(&["up", plan, "--plan"]);
        assert!(block.contains(words), "{block}");
        assert_eq!(status(&block), code, "{block}");
    }
}

#[test]
fn root_takes_no_plan_that_others_can_write() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    std::fs::set_permissions(place.path("plan.yaml"), mode(0o666)).expect("it is ours");
    let block = place.call(&["up", "plan.yaml", "--plan"]);
    assert!(block.contains("hint: chmod go-w"), "{block}");
    assert_eq!(status(&block), "3", "{block}");
}

#[test]
fn variables_are_checked_before_anything_is_created() {
    let place = Place::new();
    for (args, words) in [
        (vec![], "where the shop keeps its version"),
        (vec!["--set", "state=relative"], "does not match"),
        (vec!["--set", "other=1"], "has no variable \"other\""),
        (vec!["--set", "state"], "is not NAME=VALUE"),
    ] {
        let args = [vec!["up", "plan.yaml"], args].concat();
        let block = place.call(&args);
        assert!(block.contains(words), "{block}");
        assert_eq!(status(&block), "2", "{block}");
    }
    place.write("vars.yaml", "# the shop\nstat: x\n");
    let block = place.call(&["up", "plan.yaml", "--vars", "vars.yaml"]);
    assert!(block.contains("vars.yaml:2:1"), "{block}");
    assert_eq!(status(&block), "2", "{block}");
    assert!(!place.path("state").exists());
}

#[test]
fn secrets_are_not_taken_from_the_command_line() {
    let place = Place::new();
    let plan = PLAN.replace("pace: { default: 0 }", "pace: { env: PACE, secret: true }");
    place.write("plan.yaml", &plan);
    let block = place.call(&["up", "plan.yaml", "--set", &place.set(), "--set", "pace=1"]);
    assert!(block.contains("ps") && block.contains("PACE"), "{block}");
    assert_eq!(status(&block), "2", "{block}");
}

#[test]
fn versions_decide_whether_there_is_anything_to_do() {
    let place = Place::new();
    let set = place.set();
    let up = |more: &[&str]| place.call(&[&["up", "plan.yaml", "--set", &set], more].concat());
    place.write("version", "2.1\n");
    let block = up(&[]);
    assert!(block.contains("Nothing to do"), "{block}");
    assert_eq!(status(&block), "0", "{block}");
    place.write("version", "0.9\n");
    let block = up(&[]);
    assert!(
        block.contains("is not for the installed version 0.9"),
        "{block}"
    );
    assert_eq!(status(&block), "3", "{block}");
    place.write("version", "none\n");
    let block = up(&[]);
    assert!(block.contains("--from VERSION"), "{block}");
    assert_eq!(status(&block), "2", "{block}");
    let block = up(&["--digest", "0123456789abcdef"]);
    assert!(block.contains("is not the one with digest"), "{block}");
    assert_eq!(status(&block), "3", "{block}");
    assert!(!place.has_runs());
}

#[test]
fn without_a_person_every_warning_has_to_be_accepted_and_nothing_is_created() {
    let place = Place::new();
    let set = place.set();
    let up = |more: &[&str]| place.call(&[&["up", "plan.yaml", "--set", &set], more].concat());
    let block = up(&[]);
    assert_eq!(status(&block), "4", "{block}");
    for words in [
        "2 warnings have to be accepted beforehand",
        "rewrite:DIGEST  acknowledge",
        "drop:DIGEST  typed phrase \"drop the column on HOST\"",
        "The old column is dropped.",
        "hint: upwalk up plan.yaml --ui none --set state=ROOT/version --accept rewrite:DIGEST --accept drop:DIGEST",
    ] {
        assert!(block.contains(words), "{words} is missing in {block}");
    }
    assert!(
        !block.contains("reads-slower:"),
        "a note stops nobody: {block}"
    );
    let stale = up(&["--accept", "drop:0123456789abcdef"]);
    assert!(stale.contains("is stale"), "{stale}");
    assert_eq!(status(&stale), "4", "{stale}");
    let foreign = up(&["--accept", "wipe:0123456789abcdef"]);
    assert!(foreign.contains("is not of this plan"), "{foreign}");
    assert_eq!(status(&foreign), "4", "{foreign}");
    assert!(!place.path("state").exists());
}

#[test]
fn there_is_no_way_to_accept_everything() {
    let place = Place::new();
    let mut command = place.command(&["up", "plan.yaml"]);
    let block = place.block(command.env("UPWALK_YES", "1"), &["up", "plan.yaml"]);
    assert!(block.contains("--accept ID:DIGEST"), "{block}");
    assert_eq!(status(&block), "2", "{block}");
}

#[test]
fn an_accept_file_is_private() {
    let place = Place::new();
    place.write("accepts", "drop:0123456789abcdef\n");
    let set = place.set();
    let args = ["up", "plan.yaml", "--set", &set, "--accept-file", "accepts"];
    let block = place.call(&args);
    assert!(block.contains("chmod 600"), "{block}");
    std::fs::set_permissions(place.path("accepts"), mode(0o600)).expect("it is ours");
    let block = place.call(&args);
    assert!(block.contains("is stale"), "{block}");
}

#[test]
fn a_shell_text_with_a_mistake_is_found_at_the_start_and_not_in_the_dry_run() {
    let place = Place::new();
    place.write(
        "plan.yaml",
        &PLAN.replace("run: echo expanding", "run: if true"),
    );
    let set = place.set();
    let block = place.call(&["up", "plan.yaml", "--set", &set]);
    assert!(
        block.contains("bash -n rejects the shell text of run of step expand (line 2"),
        "{block}"
    );
    assert_eq!(status(&block), "3", "{block}");
    let block = place.call(&["up", "plan.yaml", "--set", &set, "--plan"]);
    assert_eq!(status(&block), "0", "{block}");
    assert!(!place.has_runs());
}

#[test]
fn users_exist_and_directories_are_absolute() {
    let place = Place::new();
    let set = place.set();
    for (line, words) in [
        (
            "user: no-such-user-here",
            "there is no user \"no-such-user-here\"",
        ),
        ("dir: \"${pace}/x\"", "is relative"),
    ] {
        let plan = PLAN.replace("name: Expand", &format!("name: Expand\n        {line}"));
        place.write("plan.yaml", &plan);
        let block = place.call(&["up", "plan.yaml", "--set", &set]);
        assert!(block.contains(words), "{block}");
        assert_eq!(status(&block), "3", "{block}");
    }
}

#[test]
fn the_dry_run_writes_nothing_in_any_of_its_forms() {
    let place = Place::new();
    let set = place.set();
    for (form, words) in [
        ("--plan", "PLAN"),
        ("--plan=text", "PLAN"),
        ("--plan=json", "\"schema\""),
        ("--plan=markdown", "# "),
    ] {
        let block = place.call(&["up", "plan.yaml", "--set", &set, form]);
        assert!(block.contains(words), "{block}");
        assert!(
            block.contains("drop:DIGEST") || block.contains("\"drop\""),
            "{block}"
        );
        assert_eq!(status(&block), "0", "{block}");
    }
    let evaluated = place.call(&["up", "plan.yaml", "--set", &set, "--plan", "--evaluate"]);
    assert_eq!(status(&evaluated), "0", "{evaluated}");
    assert!(!place.path("state").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let set = place.set();
    let mut command = place.command(&["up", "plan.yaml", "--set", &set, "--plan"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = command.stdout(writer).stderr(Stdio::piped()).spawn();
    let output = output.and_then(std::process::Child::wait_with_output);
    let output = output.expect("upwalk ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_configuration_names_unknown_keys_with_their_place() {
    let place = Place::new();
    place.write(
        "config.yaml",
        "environment: { name: PROD, kind: prod }\nkeys: vi\n",
    );
    let set = place.set();
    let args = [
        "up",
        "plan.yaml",
        "--set",
        &set,
        "--plan",
        "--config",
        "config.yaml",
    ];
    let block = place.call(&args);
    assert!(block.contains("config.yaml:2:1"), "{block}");
    assert_eq!(status(&block), "2", "{block}");
}

#[test]
fn completions_manual_pages_and_schema_are_generated() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let block = place.call(&["completions", shell]);
        assert!(block.contains("rollback"), "{shell}");
        assert_eq!(status(&block), "0");
    }
    std::fs::create_dir(place.path("man")).expect("it is ours");
    assert_eq!(status(&place.call(&["man", "man"])), "0");
    let page = std::fs::read_to_string(place.path("man/upwalk-up.1")).expect("it was written");
    assert!(page.contains("accept"), "{page}");
    let block = place.call(&["man", "nowhere"]);
    assert!(block.contains("mkdir -p nowhere"), "{block}");
    assert_eq!(status(&block), "1", "{block}");
    let schema = place.call(&["schema"]);
    assert!(schema.contains("\"service\""), "{schema}");
    assert_eq!(status(&schema), "0", "{schema}");
}

#[test]
fn with_nothing_open_status_says_so_and_the_login_message_says_nothing() {
    let place = Place::new();
    let block = place.call(&["status", "--exit-code"]);
    assert!(block.contains("No run is open"), "{block}");
    assert_eq!(status(&block), "0", "{block}");
    let block = place.call(&["status", "--motd"]);
    assert!(
        block.contains("--motd\n--- standard error\n--- status"),
        "{block}"
    );
    assert!(place.call(&["status", "--json"]).contains("\"runs\": []"));
    assert!(place.call(&["runs"]).contains("There are no runs"));
    assert!(!Path::new(&place.path("state")).exists());
}
