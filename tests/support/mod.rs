//! What the walks in `tests/` share: a sandbox with a state directory of its own, a terminal of its
//! own, and words for a test that cannot run here.

pub(crate) mod mounts;
pub(crate) mod pty;

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long a condition may take before a test gives up; far more than any takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Says that a test cannot run because something is not installed. That is fine on a person's
/// machine; on the build machine, which installs everything, it is a failure.
pub(crate) fn skip_missing(what: &str) {
    let on_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(
        !on_ci,
        "{what} is missing, and nothing may be skipped where CI=true"
    );
    say_skipped(&format!("{what} is not installed"));
}

/// Says that a test cannot run because the machine forbids something; the build's last line counts
/// these.
pub(crate) fn skip_forbidden(what: &str) {
    say_skipped(&format!("the machine forbids {what}"));
    if let Some(path) = std::env::var_os("UPWALK_TEST_FORBIDDEN") {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path);
        if let Ok(file) = file.as_mut() {
            // Counting is a courtesy of the build, the test itself has said it aloud.
            let _ = writeln!(file, "{what}");
        }
    }
}

fn say_skipped(why: &str) {
    say(&format!("skipped: {why}"));
}

/// Says something past the test harness, which would keep the words of a test that passes.
pub(crate) fn say(words: &str) {
    // Nobody can be told where standard error is closed.
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// A home, a state directory and a copy of the plans for one test; processes of upwalk that still
/// look after them are ended when it goes.
pub(crate) struct Sandbox {
    root: TempDir,
}

/// What a command of upwalk has said.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// Its exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Sandbox {
    /// A sandbox with the plans of the repository, writable by their owner alone.
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("upwalk-test-")
            .tempdir()
            .expect("there is a temporary directory");
        for folder in ["home", "state"] {
            std::fs::create_dir(root.path().join(folder)).expect("the sandbox is writable");
        }
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy_folder(&repository.join("plans"), &root.path().join("plans"));
        Self { root }
    }

    /// A path in the sandbox.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(name)
    }

    /// The demonstration's plan.
    pub(crate) fn demo(&self) -> PathBuf {
        self.path("plans/demo.yaml")
    }

    /// A command of upwalk with the sandbox's environment and nothing else of ours.
    pub(crate) fn upwalk<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_upwalk"));
        command.args(args);
        self.settle(&mut command);
        command
    }

    /// Gives a command the sandbox's environment and directory.
    pub(crate) fn settle(&self, command: &mut Command) {
        command.env_clear();
        for name in ["PATH", "USER", "LOGNAME"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.path("home"))
            .env("UPWALK_STATE_DIR", self.path("state"))
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm-256color")
            .current_dir(self.root.path());
    }

    /// Runs a command of upwalk to its end, without a terminal.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Said {
        let mut command = self.upwalk(args);
        command.stdin(Stdio::null());
        said(&command.output().expect("upwalk can be started"))
    }

    /// Runs a line that upwalk printed for typing: a shell takes it apart, as a person's would.
    pub(crate) fn type_line(&self, line: &str) -> Said {
        let rest = line
            .strip_prefix("upwalk ")
            .expect("a line for typing begins with upwalk");
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("\"$0\" {rest}"))
            .arg(env!("CARGO_BIN_EXE_upwalk"));
        self.settle(&mut command);
        command.stdin(Stdio::null());
        said(&command.output().expect("sh can be started"))
    }

    /// The directories of all runs.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path("state/runs")) else {
            return Vec::new();
        };
        entries
            .map(|entry| entry.expect("the runs can be listed").path())
            .collect()
    }

    /// The directory of the sandbox's only run.
    pub(crate) fn run_dir(&self) -> PathBuf {
        let mut found = self.runs();
        assert_eq!(found.len(), 1, "one run is expected: {found:?}");
        found.remove(0)
    }

    /// The journal's text of the only run.
    pub(crate) fn journal(&self) -> String {
        let path = self.run_dir().join("journal.jsonl");
        std::fs::read_to_string(&path).expect("the run has a journal")
    }

    /// How many events of this kind the journal holds with all these words in their line.
    pub(crate) fn events(&self, kind: &str, words: &[&str]) -> usize {
        let journal = self.journal();
        let kind = format!("\"{kind}\"");
        let fits = |line: &&str| line.contains(&kind) && words.iter().all(|w| line.contains(w));
        journal.lines().filter(fits).count()
    }

    /// The processes of upwalk that were started for this sandbox: pid and arguments.
    pub(crate) fn processes(&self) -> Vec<(i32, String)> {
        let mark = self.root.path().to_string_lossy().into_owned();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse() else {
                continue;
            };
            let Ok(line) = std::fs::read(entry.path().join("cmdline")) else {
                continue;
            };
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            if line.contains("__supervise") && line.contains(&mark) {
                found.push((pid, line));
            }
        }
        found
    }

    /// The pid of the supervisor that lives now.
    pub(crate) fn supervisor(&self) -> i32 {
        let found = self.processes();
        assert_eq!(found.len(), 1, "one supervisor is expected: {found:?}");
        found[0].0
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Supervisors, front ends, shims and commands: by design they outlive each other, and what
        // waits for a file of this sandbox would wait for ever.
        for pid in living_in(self.root.path()) {
            kill(pid, rustix::process::Signal::KILL);
        }
        if std::env::var_os("UPWALK_TEST_KEEP").is_some() {
            self.root.disable_cleanup(true);
            let _ = writeln!(std::io::stderr(), "kept: {}", self.root.path().display());
        }
    }
}

/// The processes whose environment names a path in this directory.
fn living_in(dir: &Path) -> Vec<i32> {
    let mark = dir.as_os_str().as_encoded_bytes();
    let of_it = |pid: &i32| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.windows(mark.len()).any(|part| part == mark)
    };
    let listed = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(of_it).collect()
}

/// Sends a signal to one process.
pub(crate) fn kill(pid: i32, signal: rustix::process::Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        // It may have ended by itself in the meantime.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

pub(crate) fn said(output: &Output) -> Said {
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Said {
    /// The lines for typing: on a line of their own, beginning with `upwalk `.
    pub(crate) fn lines_to_type(&self) -> Vec<String> {
        let both = format!("{}\n{}", self.out, self.err);
        let trimmed = both.lines().map(str::trim);
        trimmed
            .filter(|line| line.starts_with("upwalk "))
            .map(str::to_owned)
            .collect()
    }

    /// The first line for typing that begins with `upwalk VERB`.
    pub(crate) fn line_to_type(&self, verb: &str) -> String {
        let wanted = format!("upwalk {verb}");
        let mut lines = self.lines_to_type().into_iter();
        lines
            .find(|line| line.starts_with(&wanted))
            .unwrap_or_else(|| panic!("no line begins with \"{wanted}\" in:\n{self}"))
    }
}

/// The `--accept` arguments that a dry run lists for an unattended run, as arguments.
pub(crate) fn accepts(dry_run: &str) -> Vec<String> {
    let words: Vec<&str> = dry_run
        .split_whitespace()
        .filter(|word| *word != "\\")
        .collect();
    let mut found: Vec<String> = Vec::new();
    for pair in words.windows(2) {
        let digest = pair[1].rsplit_once(':').map(|(_, digest)| digest);
        let is_digest = |d: &str| d.len() == 16 && d.bytes().all(|b| b.is_ascii_hexdigit());
        if pair[0] == "--accept"
            && digest.is_some_and(is_digest)
            && !found.iter().any(|f| f == pair[1])
        {
            found.push(pair[1].to_owned());
        }
    }
    found
        .into_iter()
        .flat_map(|accept| ["--accept".to_owned(), accept])
        .collect()
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "exit code {:?}\n{}\n-- standard error --\n{}",
            self.code, self.out, self.err
        )
    }
}

/// Reads a plan of the repository; it must be valid, and all of it executed by this upwalk.
pub(crate) fn expect_valid_plan(path: &str) {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    let read = upwalk::plan::read(path, &bytes.expect("the plan is there"));
    let paint = upwalk::plan::Paint::Plain;
    let draft = read.unwrap_or_else(|found| panic!("{}", found.render(paint)));
    let plan = draft.seal(&[]);
    assert!(
        plan.not_yet.found.is_empty(),
        "{}",
        plan.not_yet.render(paint)
    );
}

/// Copies a folder with its scripts, writable by the owner alone whatever the checkout looks like.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("the sandbox is writable");
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(to, mode(0o755)).expect("the sandbox is ours");
    for entry in std::fs::read_dir(from).expect("the folder can be listed") {
        let path = entry.expect("the folder can be listed").path();
        let target = to.join(path.file_name().expect("a listed file has a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("the sandbox is writable");
            std::fs::set_permissions(&target, mode(0o755)).expect("the sandbox is ours");
        }
    }
}

/// Asks until a condition holds; ends the test where it does not in good time.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    // The conditions are about files and processes that nobody tells us of, hence the short waits.
    let every = Duration::from_millis(20);
    let mut left = PATIENCE;
    while !holds() {
        left = left
            .checked_sub(every)
            .unwrap_or_else(|| panic!("{what} has not come true"));
        std::thread::park_timeout(every);
    }
}
