//! Step shims with real processes: the fence, the ends of commands, and what is left of them.
#![expect(
    clippy::disallowed_methods,
    reason = "commands and files are looked at as an admin would"
)]

use rustix::process::{Pid, Signal};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use upwalk::shell::ask::Secrets;
use upwalk::shell::exec::{self, Fate, Job, Still};
use upwalk::shell::store::{RunDir, StateDir};
use upwalk::shell::{clock, identity, os};
use upwalk::types::{CommandSpec, EnvValue, Exit, ExitRecord, Millis, Reach, RunId, Seq};

type Tested = Result<(), Box<dyn Error>>;
type Output = Result<BTreeMap<String, String>, String>;

const NUMBER: Seq = Seq(42);
const STEM: &str = "migrate.1";

/// A run's directory with the fence of one intent.
struct Run {
    _tmp: tempfile::TempDir,
    dir: RunDir,
}

fn run() -> Result<Run, Box<dyn Error>> {
    os::use_binary(Path::new(env!("CARGO_BIN_EXE_upwalk")));
    let tmp = tempfile::tempdir()?;
    // Another user has to reach what is below.
    std::fs::set_permissions(tmp.path(), PermissionsExt::from_mode(0o755))?;
    let (state, _) = StateDir::open(&tmp.path().join("state"))?;
    let name = RunId::parse("20261121T010101Z-web-up").ok_or("a run's name")?;
    let dir = state.create_run(&name, "plan.yaml", b"upwalk: 1\n", &[])?;
    dir.create_fence(NUMBER, STEM)?;
    Ok(Run { _tmp: tmp, dir })
}

impl Run {
    /// The shell's text as the intent's command, in the run's directory.
    fn job(&self, text: &str) -> Job {
        self.job_of(["bash", "-euo", "pipefail", "-c", text])
    }

    fn job_of<const N: usize>(&self, argv: [&str; N]) -> Job {
        let plain = |text: &str| EnvValue::Plain(text.to_owned());
        let output = self.dir.output_dir(NUMBER).join("variables");
        let output = output.display().to_string();
        Job {
            number: NUMBER,
            stem: STEM.to_owned(),
            command: CommandSpec {
                argv: argv.map(str::to_owned).to_vec(),
                dir: self.dir.path().to_owned(),
                user: None,
                env: [
                    ("PATH".to_owned(), plain("/usr/local/bin:/usr/bin:/bin")),
                    ("OUTPUT".to_owned(), plain(&output)),
                ]
                .into(),
                timeout: None,
                grace: Millis(300),
                terminal: None,
            },
        }
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.dir.intent_file(NUMBER, STEM, suffix)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// Runs a job to its end.
    #[expect(clippy::panic, reason = "a helper of tests")]
    fn end(&self, job: &Job) -> (ExitRecord, Output) {
        match exec::run(&self.dir, job, &Secrets::new(), &mut |_| ()) {
            Fate::Ended(record, output) => (record, output),
            fate => panic!("{fate:?}; the log: {}", self.log()),
        }
    }

    fn exit(&self, job: &Job) -> Exit {
        self.end(job).0.exit
    }

    /// Runs or recovers a job on a thread; what is still waited for comes through the channel.
    fn under_way(&self, job: Job, part: Part) -> (JoinHandle<Fate>, mpsc::Receiver<String>) {
        let (tell, told) = mpsc::channel();
        let dir = self.dir.clone();
        let thread = std::thread::spawn(move || {
            let still = &mut |still| {
                let said = match still {
                    Still::AtWork(what) => what,
                    Still::Outlived(left) => format!("outlived by {}", left.join(", ")),
                };
                tell.send(said).unwrap_or_default();
            };
            match part {
                Part::Run => exec::run(&dir, &job, &Secrets::new(), still),
                Part::Recover => exec::recover(&dir, &job, still),
            }
        });
        (thread, told)
    }

    /// A line of `.pid`, as soon as it is there.
    fn pid(&self, line: usize, field: &str) -> Pid {
        let mut found = None;
        until("a line of .pid", || {
            let text = std::fs::read_to_string(self.file("pid")).unwrap_or_default();
            let line = text.lines().nth(line).unwrap_or_default();
            let parsed: Option<serde_json::Value> = serde_json::from_str(line).ok();
            found = parsed.and_then(|value| i32::try_from(value.get(field)?.as_i64()?).ok());
            found.is_some()
        });
        found.and_then(Pid::from_raw).expect("a process number")
    }

    fn shim(&self) -> Pid {
        self.pid(0, "pid")
    }

    fn command(&self) -> Pid {
        self.pid(1, "group")
    }

    /// A shim whose supervisor is somebody else, as after a supervisor's death.
    fn foreign_shim(&self, job: &Job) -> std::io::Result<Child> {
        let order = serde_json::json!({
            "run_dir": self.dir.path(), "number": job.number, "stem": job.stem,
            "command": job.command,
        });
        let mut child = Command::new(env!("CARGO_BIN_EXE_upwalk"))
            .arg("__exec")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(order.to_string().as_bytes())?;
        Ok(child)
    }
}

#[derive(Clone, Copy)]
enum Part {
    Run,
    Recover,
}

/// Waits until something holds; fails where it never does.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = clock::up().plus(Millis::from_secs(20));
    while !holds() {
        assert!(clock::up() < end, "it never came: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// The text of a command that ends with `code` once the file `go` is there.
fn wait_then(code: i32) -> String {
    format!(
        "echo begun >> ran; until test -e go || ! test -e ran; do sleep 0.02; done; exit {code}"
    )
}

fn go(run: &Run) -> std::io::Result<()> {
    std::fs::write(run.dir.path().join("go"), "")
}

fn times_run(run: &Run) -> usize {
    let ran = std::fs::read_to_string(run.dir.path().join("ran"));
    ran.unwrap_or_default().lines().count()
}

/// Whether a process has ended; its status may still wait to be taken.
fn gone(pid: Pid) -> bool {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let stat = std::fs::read_to_string(path).unwrap_or_default();
    let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
    state.is_none_or(|rest| rest.starts_with(['Z', 'X']))
}

#[test]
fn output_goes_to_the_log_and_the_status_to_its_file() -> Tested {
    for (text, code) in [
        ("echo out; echo err >&2", 0),
        ("echo out; echo err >&2; exit 7", 7),
    ] {
        let run = run()?;
        let (record, _) = run.end(&run.job(text));
        assert_eq!(record.exit, Exit::Code(code));
        assert_eq!(run.log(), "out\nerr\n");
        assert_eq!(record.log_bytes, 8);
        assert!(record.left_running.is_empty());
        let kept: ExitRecord = serde_json::from_slice(&std::fs::read(run.file("exit"))?)?;
        assert_eq!(kept, record);
    }
    Ok(())
}

#[test]
fn a_command_sees_its_own_environment_and_no_input() -> Tested {
    let run = run()?;
    let mut job = run.job("env | sort | cut -d= -f1 | tr '\\n' ' '; echo; cat; ulimit -H -s");
    let secret = EnvValue::Secret("password".to_owned());
    job.command.env.insert("PGPASSWORD".to_owned(), secret);
    let secrets = [("password".to_owned(), "hush".to_owned())].into();
    let fate = exec::run(&run.dir, &job, &secrets, &mut |_| ());
    assert!(matches!(fate, Fate::Ended(ref record, _) if record.exit == Exit::Code(0)));
    let seen = "OUTPUT PATH PGPASSWORD PWD SHLVL UPWALK_ATTEMPT _ ";
    assert_eq!(run.log().lines().next(), Some(seen));
    Ok(())
}

#[test]
fn a_secret_that_is_gone_keeps_the_command_from_starting() -> Tested {
    let run = run()?;
    let mut job = run.job("echo ran >> ran");
    let secret = EnvValue::Secret("password".to_owned());
    job.command.env.insert("PGPASSWORD".to_owned(), secret);
    let exit = run.exit(&job);
    assert!(matches!(exit, Exit::NotStarted(why) if why.contains("password")));
    assert_eq!(times_run(&run), 0);
    Ok(())
}

#[test]
fn signals_that_a_login_ignored_or_blocked_are_default_for_commands() -> Tested {
    let run = run()?;
    assert_eq!(
        run.exit(&run.job("grep -E '^Sig(Blk|Ign)' /proc/self/status")),
        Exit::Code(0)
    );
    for line in run.log().lines() {
        let mask = line.split_whitespace().nth(1).unwrap_or_default();
        // 32 and 33 are the C library's own; nobody can set them.
        let mask = u64::from_str_radix(mask, 16)? & !0x1_8000_0000;
        assert_eq!(mask, 0, "{line}");
    }
    Ok(())
}

#[test]
fn two_shims_on_one_intent_run_it_once() -> Tested {
    let run = run()?;
    let job = run.job(&wait_then(0));
    let mut first = run.foreign_shim(&job)?;
    let mut second = run.foreign_shim(&job)?;
    until("the command began", || times_run(&run) > 0);
    go(&run)?;
    assert!(first.wait()?.success() && second.wait()?.success());
    assert_eq!(times_run(&run), 1);
    Ok(())
}

#[test]
fn what_was_never_started_is_voided_and_never_will_be() -> Tested {
    let run = run()?;
    let job = run.job("echo ran >> ran");
    let mut told = Vec::new();
    let fate = exec::recover(&run.dir, &job, &mut |what| told.push(what));
    assert_eq!((fate, told.len()), (Fate::NeverStarted, 0));
    assert!(run.file("void").exists());
    assert!(run.foreign_shim(&job)?.wait()?.success());
    assert_eq!(times_run(&run), 0);
    assert_eq!(
        exec::recover(&run.dir, &job, &mut |_| ()),
        Fate::NeverStarted
    );
    Ok(())
}

#[test]
fn a_new_supervisor_learns_the_status_of_a_command_that_outlived_the_old_one() -> Tested {
    for code in [0, 7] {
        let run = run()?;
        let job = run.job(&wait_then(code));
        let mut shim = run.foreign_shim(&job)?;
        run.command();
        let (recovered, told) = run.under_way(job.clone(), Part::Recover);
        assert!(
            told.recv_timeout(Duration::from_secs(20))?
                .contains("still runs")
        );
        go(&run)?;
        let fate = recovered.join().map_err(|_| "it panicked")?;
        assert!(matches!(fate, Fate::Ended(ref record, _) if record.exit == Exit::Code(code)));
        shim.wait()?;
        // And again, from the files alone.
        assert_eq!(exec::recover(&run.dir, &job, &mut |_| ()), fate);
        assert_eq!(times_run(&run), 1);
    }
    Ok(())
}

#[test]
fn a_command_whose_shim_is_killed_gives_its_status_to_the_supervisor() -> Tested {
    rustix::process::set_child_subreaper(Some(Pid::INIT))?;
    let run = run()?;
    let (running, told) = run.under_way(run.job(&wait_then(7)), Part::Run);
    run.command();
    rustix::process::kill_process(run.shim(), Signal::KILL)?;
    assert!(
        told.recv_timeout(Duration::from_secs(20))?
            .contains("still runs")
    );
    go(&run)?;
    let fate = running.join().map_err(|_| "it panicked")?;
    assert!(
        matches!(fate, Fate::Ended(ref record, _) if record.exit == Exit::Code(7)),
        "{fate:?}"
    );
    assert!(run.file("exit").exists(), "the next supervisor knows too");
    Ok(())
}

#[test]
fn without_shim_and_parent_the_outcome_is_unknown_once_nobody_is_left() -> Tested {
    let run = run()?;
    let job = run.job(&wait_then(0));
    let mut shim = run.foreign_shim(&job)?;
    run.command();
    rustix::process::kill_process(run.shim(), Signal::KILL)?;
    shim.wait()?;
    let (recovered, told) = run.under_way(job.clone(), Part::Recover);
    assert!(
        told.recv_timeout(Duration::from_secs(20))?
            .contains("still runs")
    );
    assert!(!recovered.is_finished());
    go(&run)?;
    let fate = recovered.join().map_err(|_| "it panicked")?;
    assert!(matches!(fate, Fate::Lost(_)), "{fate:?}");
    assert_eq!(times_run(&run), 1);
    Ok(())
}

#[test]
fn cancelling_ends_a_command_whose_shim_is_gone() -> Tested {
    let run = run()?;
    let job = run.job("trap '' TERM; echo begun >> ran; while :; do sleep 0.05; done");
    let mut shim = run.foreign_shim(&job)?;
    let command = run.command();
    until("the trap is set", || times_run(&run) > 0);
    rustix::process::kill_process(run.shim(), Signal::KILL)?;
    shim.wait()?;
    let (recovered, told) = run.under_way(job, Part::Recover);
    told.recv_timeout(Duration::from_secs(20))?;
    exec::cancel(&run.dir, NUMBER, STEM, "ada: it hangs", Reach::Command)?;
    let fate = recovered.join().map_err(|_| "it panicked")?;
    assert!(matches!(fate, Fate::Lost(_)), "{fate:?}");
    let _ = rustix::process::waitpid(Some(command), rustix::process::WaitOptions::NOHANG);
    assert!(gone(command));
    Ok(())
}

#[test]
fn another_boot_is_an_unknown_outcome() -> Tested {
    let run = run()?;
    let line = r#"{"boot":"11111111-1111-1111-1111-111111111111","pid":1,"start":1,"up":1}"#;
    std::fs::write(run.file("pid"), format!("{line}\n{{\"group\":1,\"st"))?;
    let fate = exec::recover(&run.dir, &run.job("true"), &mut |_| ());
    assert!(
        matches!(fate, Fate::Lost(ref why) if why.contains("restarted")),
        "{fate:?}"
    );
    Ok(())
}

#[test]
fn a_command_that_ignores_term_is_killed_after_its_grace() -> Tested {
    let run = run()?;
    let mut job = run.job("trap '' TERM; while :; do sleep 0.05; done");
    job.command.timeout = Some(Millis(200));
    let (record, _) = run.end(&job);
    assert_eq!(record.exit, Exit::TimedOut);
    assert!(
        record.took >= Millis(500),
        "timeout and grace: {:?}",
        record.took
    );
    Ok(())
}

#[test]
fn a_daemon_left_behind_is_named_and_does_not_hold_the_step() -> Tested {
    let run = run()?;
    let (record, _) =
        run.end(&run.job("setsid sleep 61 & a=$!; sleep 62 & until grep -qx sleep /proc/$a/comm && grep -qx sleep /proc/$!/comm; do :; done"));
    assert_eq!(record.exit, Exit::Code(0));
    let ends = ["sleep 61", "sleep 62"];
    for end in ends {
        let left = record
            .left_running
            .iter()
            .find(|title| title.ends_with(end));
        let pid = left.and_then(|title| title.split(' ').next()?.parse().ok());
        let pid = pid.and_then(Pid::from_raw).ok_or(format!("{record:?}"))?;
        assert!(!gone(pid), "it stays alive");
        rustix::process::kill_process(pid, Signal::KILL)?;
    }
    Ok(())
}

type Change = fn(&mut CommandSpec);

#[test]
fn what_could_not_be_run_says_why() -> Tested {
    let run_dir = run()?;
    let plain = run_dir.dir.path().join("plain");
    std::fs::write(&plain, "echo never\n")?;
    let plain = plain.display().to_string();
    let cases: [(&[&str], Change, &str); 6] = [
        (
            &["no-such-command"],
            |_| (),
            "\"no-such-command\" was not found (PATH is /usr/local",
        ),
        (&[&plain], |_| (), "permission denied"),
        (
            &["true"],
            |spec| spec.dir = "/no/such/dir".into(),
            "/no/such/dir does not exist",
        ),
        (
            &["true"],
            |spec| spec.dir = "var".into(),
            "\"var\" is not absolute",
        ),
        (
            &["true"],
            |spec| spec.dir = "/etc/passwd".into(),
            "is not a directory",
        ),
        (
            &["true"],
            |spec| spec.user = Some("no-such-user".into()),
            "no user \"no-such-user\"",
        ),
    ];
    for (argv, change, wanted) in cases {
        let run = run()?;
        let mut job = run.job("");
        job.command.argv = argv.iter().map(|word| (*word).to_owned()).collect();
        change(&mut job.command);
        let exit = run.exit(&job);
        assert!(exit.could_not_run(), "{exit}");
        assert!(exit.to_string().contains(wanted), "{exit}");
    }
    assert_eq!(
        run_dir.exit(&run_dir.job("no-such-command")),
        Exit::Code(127)
    );
    Ok(())
}

#[test]
fn a_signal_that_nobody_of_us_sent_is_named() -> Tested {
    let run = run()?;
    assert_eq!(run.exit(&run.job("kill -9 $$")), Exit::Signal(9));
    Ok(())
}

#[test]
fn a_cancel_ends_the_command_and_what_it_left_is_waited_for_until_it_is_let_go() -> Tested {
    let run = run()?;
    let job = run.job(
        "setsid sleep 63 & until grep -qx sleep /proc/$!/comm; do :; done; \
                echo begun >> ran; exec sleep 64",
    );
    let (running, told) = run.under_way(job, Part::Run);
    let command = run.command();
    until("the command began", || times_run(&run) > 0);
    exec::cancel(&run.dir, NUMBER, STEM, "ada: it hangs", Reach::Command)?;
    let still = told.recv_timeout(Duration::from_secs(20))?;
    assert!(
        still.contains("sleep 63") && !still.contains("sleep 64"),
        "{still}"
    );
    assert!(gone(command) && !running.is_finished());
    // Asked again, as by a supervisor that has taken over: nobody has let go of anything.
    exec::cancel(&run.dir, NUMBER, STEM, "ada: it hangs", Reach::Command)?;
    let noted: Vec<String> = serde_json::from_slice(&std::fs::read(run.file("left"))?)?;
    assert!(noted.len() == 1 && still.contains(&noted[0]), "{noted:?}");
    assert!(told.recv_timeout(Duration::from_millis(300)).is_err() && !running.is_finished());
    exec::cancel(&run.dir, NUMBER, STEM, "ada: let it be", Reach::LetGo)?;
    let Fate::Ended(record, _) = running.join().map_err(|_| "it panicked")? else {
        return Err("its end is known".into());
    };
    assert_eq!(
        (record.exit, record.left_running.len()),
        (Exit::Cancelled, 1)
    );
    let pid = record.left_running[0]
        .split(' ')
        .next()
        .and_then(|pid| pid.parse().ok());
    rustix::process::kill_process(pid.and_then(Pid::from_raw).ok_or("a pid")?, Signal::KILL)?;
    Ok(())
}

#[test]
fn a_member_of_the_group_that_ignores_term_is_killed_although_the_first_process_has_gone() -> Tested
{
    let run = run()?;
    let text = "(trap '' TERM; echo begun >> ran; while :; do sleep 0.05; done) & exec sleep 66";
    let (running, _told) = run.under_way(run.job(text), Part::Run);
    until("the trap is set", || times_run(&run) > 0);
    exec::cancel(&run.dir, NUMBER, STEM, "ada: it hangs", Reach::Command)?;
    let Fate::Ended(record, _) = running.join().map_err(|_| "it panicked")? else {
        return Err("its end is known".into());
    };
    assert_eq!(record.exit, Exit::Cancelled);
    assert!(record.left_running.is_empty(), "{record:?}");
    Ok(())
}

#[test]
fn a_cancel_before_the_spawn_keeps_it_from_happening() -> Tested {
    let run = run()?;
    exec::cancel(&run.dir, NUMBER, STEM, "ada: not now", Reach::Command)?;
    assert_eq!(run.exit(&run.job("echo begun >> ran")), Exit::Cancelled);
    assert_eq!(times_run(&run), 0);
    Ok(())
}

#[test]
fn signals_to_the_shim_are_noted_and_not_obeyed() -> Tested {
    let run = run()?;
    let (running, _told) = run.under_way(run.job(&wait_then(0)), Part::Run);
    run.command();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        rustix::process::kill_process(run.shim(), signal)?;
    }
    go(&run)?;
    let fate = running.join().map_err(|_| "it panicked")?;
    assert!(
        matches!(fate, Fate::Ended(ref record, _) if record.exit == Exit::Code(0)),
        "{fate:?}"
    );
    Ok(())
}

#[test]
fn a_command_that_dies_while_the_machine_goes_down_is_unknown() -> Tested {
    let run = run()?;
    let job = run.job("exec sleep 65");
    let (running, _told) = run.under_way(job.clone(), Part::Run);
    let command = run.command();
    // As systemd does: TERM to everybody.
    rustix::process::kill_process(command, Signal::TERM)?;
    rustix::process::kill_process(run.shim(), Signal::TERM)?;
    let fate = running.join().map_err(|_| "it panicked")?;
    assert!(
        matches!(fate, Fate::Lost(ref why) if why.contains("going down")),
        "{fate:?}"
    );
    assert!(matches!(
        exec::recover(&run.dir, &job, &mut |_| ()),
        Fate::Lost(_)
    ));
    Ok(())
}

#[test]
fn variables_come_back_from_output() -> Tested {
    let set = run()?;
    let (_, output) = set.end(&set.job("echo port=5433 > \"$OUTPUT\""));
    assert_eq!(output?, [("port".to_owned(), "5433".to_owned())].into());
    let none = run()?;
    assert_eq!(none.end(&none.job("true")).1, Ok(BTreeMap::new()));
    let bad = run()?;
    let (_, output) = bad.end(&bad.job("printf 'port=1\\nnonsense\\n' > \"$OUTPUT\""));
    assert!(output.is_err_and(|why| why.contains("line 2")));
    let long = run()?;
    let (_, output) = long.end(&long.job("yes a=1 | head -c 70000 > \"$OUTPUT\""));
    assert!(output.is_err_and(|why| why.contains("64 KiB")));
    let link = run()?;
    let (_, output) = link.end(&link.job("ln -sf /etc/passwd \"$OUTPUT\""));
    assert!(output.is_err_and(|why| why.contains("cannot be read")));
    Ok(())
}

#[test]
fn a_step_of_another_user_is_that_user_in_every_respect() -> Tested {
    if !identity::is_root() {
        return Ok(());
    }
    let run = run()?;
    let text = "id -un; id -Gn; echo $HOME $USER $LOGNAME; umask; echo a=1 > \"$OUTPUT\"; \
                ls >/dev/null 2>&1 || echo hidden";
    let mut job = run.job(text);
    job.command.user = Some("games".to_owned());
    let (record, output) = run.end(&job);
    assert_eq!(record.exit, Exit::Code(0), "{}", run.log());
    let log = run.log();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(&lines[..3], ["games", "games", "/usr/games games games"]);
    assert_eq!(lines.last(), Some(&"hidden"));
    assert_eq!(output?.len(), 1);
    Ok(())
}

#[test]
fn another_user_that_cannot_enter_the_directory_or_run_the_command_says_so() -> Tested {
    if !identity::is_root() {
        return Ok(());
    }
    for (argv, dir, wanted) in [
        (["true"], "/root", "cannot enter the directory /root"),
        (
            ["no-such-command"],
            "/",
            "\"no-such-command\" was not found",
        ),
    ] {
        let run = run()?;
        let closed = std::fs::metadata("/root")?.permissions().mode() & 0o001 == 0;
        if dir == "/root" && !closed {
            continue;
        }
        let mut job = run.job_of(argv);
        job.command.user = Some("games".to_owned());
        job.command.dir = dir.into();
        let exit = run.exit(&job);
        assert!(
            matches!(&exit, Exit::NotStarted(why) if why.contains(wanted)),
            "{exit}"
        );
    }
    Ok(())
}

#[test]
fn the_growth_of_a_log_is_dated() -> Tested {
    let run = run()?;
    let before = clock::wall().as_millis();
    assert_eq!(
        run.exit(&run.job("echo one; sleep 0.25; echo two")),
        Exit::Code(0)
    );
    let bytes = std::fs::read(run.file("times"))?;
    let number = |at: usize| {
        let word: [u8; 8] = bytes[at..at + 8].try_into().expect("8 bytes");
        u64::from_le_bytes(word)
    };
    assert_eq!(bytes.len() % 16, 0);
    let last = bytes.len() - 16;
    assert!(last >= 16, "two records at least");
    assert_eq!((number(0), number(last)), (4, 8));
    let apart = number(last + 8) - number(8);
    assert!((150..5000).contains(&apart), "{apart} ms");
    assert!(number(8) >= u64::try_from(before)?);
    Ok(())
}
