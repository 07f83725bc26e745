//! Lending this terminal to another program: a shell, a pager, or a step that asks something.
//!
//! Front ends call it (through `supervisor::client`) once they have stopped reading and drawing. The
//! program runs in the terminal's foreground process group; when it has ended, the terminal is as it
//! was before. A program that stops (Ctrl-Z) goes on at once: nobody could wake it from here.

use super::identity;
use super::os;
use super::run_as::{Become, become_user};
use super::store::RunDir;
use super::users::User;
use crate::types::{CommandSpec, EnvValue, Exit};
use rustix::fs::{MemfdFlags, Mode, OFlags};
use rustix::process::{Pid, Signal, WaitOptions};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr, tcsetpgrp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long a program that stopped is left alone before it is woken: one that stops again and again
/// shall not keep the machine busy.
const WAKE_AGAIN: Duration = Duration::from_millis(100);

/// What the terminal is lent for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Lines that are printed first: what this is, and how to come back.
    pub say: Vec<String>,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Where it runs; none: where this process does.
    pub dir: Option<PathBuf>,
    /// The user to become; none: this process's own.
    pub user: Option<String>,
    /// Its whole environment; none: this process's own.
    pub env: Option<BTreeMap<String, String>>,
    /// Variables on top of that; those without a value are taken away.
    pub set: BTreeMap<String, Option<String>>,
    /// What it reads on standard input; none: the terminal.
    pub input: Option<String>,
}

/// A program that has the terminal.
#[derive(Debug)]
pub struct Lent {
    pid: Pid,
    /// How the terminal was set up before.
    before: Option<Termios>,
}

/// Starts a program in the foreground of the terminal that is this process's standard input. Nothing
/// of this process may read or draw until [`Lent::wait`] has returned.
pub fn lend(errand: &Errand) -> io::Result<Lent> {
    let order = serde_json::to_vec(errand)?;
    let before = tcgetattr(rustix::stdio::stdin()).ok();
    let mut child = Command::new(os::binary())
        .arg0("upwalk")
        .arg("__front")
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("the kernel gave no process number"))?;
    give_to(pid);
    if let Some(mut stdin) = child.stdin.take() {
        // One that has not read all of it does nothing, and its end says so.
        let _ = stdin.write_all(&order);
    }
    Ok(Lent { pid, before })
}

/// Makes a process group the terminal's foreground. Without job control there is none, and whoever
/// reads the terminal has it.
fn give_to(group: Pid) {
    let _ = os::without_stops(|| tcsetpgrp(rustix::stdio::stdin(), group));
}

impl Lent {
    /// The program's process, which leads its group.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Waits for the program's end and takes the terminal back, as it was before.
    pub fn wait(self) -> Exit {
        let exit = self.end();
        give_to(rustix::process::getpgrp());
        if let Some(before) = &self.before {
            // It fails where the terminal is gone.
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, before);
        }
        exit
    }

    fn end(&self) -> Exit {
        loop {
            let wait = || rustix::process::waitpid(Some(self.pid), WaitOptions::UNTRACED);
            let status = match rustix::io::retry_on_intr(wait) {
                Ok(Some((_, status))) => status,
                Ok(None) => continue,
                Err(error) => return Exit::NotStarted(error.to_string()),
            };
            if let Some(code) = status.exit_status() {
                return Exit::Code(code);
            }
            if let Some(signal) = status.terminating_signal() {
                return Exit::Signal(signal);
            }
            std::thread::sleep(WAKE_AGAIN);
            give_to(self.pid);
            let _ = rustix::process::kill_process_group(self.pid, Signal::CONT);
        }
    }
}

/// Ends a program that has a terminal which is gone, as the kernel does.
pub fn hang_up(pid: i32) {
    if let Some(group) = Pid::from_raw(pid) {
        let _ = os::end_group(group, Signal::HUP);
    }
}

/// The pager to use: the configured one, else `$PAGER`, else less or more. Where root's rights were
/// lent to somebody it is less without its shell and editor. None where there is no pager at all.
pub fn pager(configured: Option<&[String]>) -> Option<Errand> {
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
    let safe = lent_rights();
    let chosen: Option<Vec<String>> = configured
        .map(<[String]>::to_vec)
        .or_else(|| identity::var("PAGER").map(words));
    let usual = ["less", "more"].map(|name| vec![name.to_owned()]);
    let argv = chosen
        .into_iter()
        .chain(usual)
        .find(|argv| argv.first().is_some_and(|name| suits(name, safe)))?;
    // Options of somebody's own could let raw control characters through.
    let mut set = BTreeMap::from([
        ("LESS".to_owned(), None),
        ("LESSOPEN".to_owned(), None),
        ("LESSCLOSE".to_owned(), None),
    ]);
    if safe {
        set.insert("LESSSECURE".to_owned(), Some("1".to_owned()));
    }
    Some(Errand {
        say: Vec::new(),
        argv,
        dir: None,
        user: None,
        env: None,
        set,
        input: None,
    })
}

/// Whether a program is installed and, where rights were lent, known to respect that.
fn suits(name: &str, safe: bool) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    if safe && base != "less" {
        return false;
    }
    if name.contains('/') {
        return std::path::Path::new(name).exists();
    }
    let path = identity::var("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

/// Whether this process is root on behalf of somebody who is not.
fn lent_rights() -> bool {
    let audit = std::fs::read_to_string("/proc/self/loginuid").ok();
    let audit: Option<u32> = audit.and_then(|text| text.trim().parse().ok());
    let owner = audit.filter(|uid| *uid != u32::MAX);
    let owner = owner.or_else(|| identity::var("SUDO_UID")?.parse().ok());
    identity::is_root() && owner.is_some_and(|uid| uid != 0)
}

/// A shell with the directory, the user and the environment of a command; its secrets stay out.
pub fn shell(spec: &CommandSpec, dir: &RunDir) -> Errand {
    let mut env = plain_env(spec);
    env.extend(terminal_env());
    Errand {
        say: Vec::new(),
        argv: usual_shell(),
        dir: Some(spec.dir.clone()),
        user: spec.user.clone().or_else(|| owner_of(dir.path())),
        env: Some(env),
        set: BTreeMap::new(),
        input: None,
    }
}

/// What a command's environment has, but for secrets.
fn plain_env(spec: &CommandSpec) -> BTreeMap<String, String> {
    let plain = |(name, value): (&String, &EnvValue)| match value {
        EnvValue::Plain(value) => Some((name.clone(), value.clone())),
        EnvValue::Secret(_) => None,
    };
    spec.env.iter().filter_map(plain).collect()
}

/// The user that commands of a run become where its steps name none: whoever owns the run's
/// directory, where that is somebody else.
fn owner_of(dir: &std::path::Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let uid = dir.metadata().ok()?.uid();
    (uid != identity::uid()).then(|| uid.to_string())
}

/// The shell that is opened for people.
fn usual_shell() -> Vec<String> {
    let bash = "/bin/bash";
    let words: &[&str] = if std::path::Path::new(bash).exists() {
        // What a person's own files set up would not be what the step's commands see.
        &[bash, "--noprofile", "--norc", "-i"]
    } else {
        &["/bin/sh", "-i"]
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The variables that tell programs about this terminal.
fn terminal_env() -> BTreeMap<String, String> {
    let known = |name: &str| Some((name.to_owned(), identity::var(name)?));
    ["TERM", "COLORTERM"]
        .into_iter()
        .filter_map(known)
        .collect()
}

/// The main function of `upwalk __front`: reads its errand from standard input and becomes the
/// program. Returns only where that failed.
pub(super) fn main() -> u8 {
    let Err(why) = become_program();
    // The terminal is lent to this process, and somebody looks at it.
    let _ = writeln!(io::stderr(), "upwalk: {why}");
    126
}

fn become_program() -> Result<std::convert::Infallible, String> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    let errand = read.and_then(|_| Ok(serde_json::from_slice::<Errand>(&bytes)?));
    let errand = errand.map_err(|error| format!("nobody said what to start: {error}"))?;
    os::default_signals();
    let failed = |error: io::Error| format!("the terminal cannot be taken: {error}");
    let input = input(&errand).map_err(failed)?;
    rustix::stdio::dup2_stdin(&input).map_err(|error| failed(error.into()))?;
    for line in &errand.say {
        // A terminal in raw mode does not go back to the first column by itself.
        let _ = write!(io::stderr(), "{line}\r\n");
    }
    let mut words = errand.argv.clone();
    let mut env = errand.env.clone();
    if let Some(name) = &errand.user {
        let user = User::named(name).ok_or_else(|| format!("there is no user \"{name}\" here"))?;
        if let Some(env) = &mut env {
            env.extend(own(&user));
        }
        if identity::is_root() {
            if let Become::User { uid, gid, groups } = Become::user(&user)? {
                become_user(uid, gid, &groups)
                    .map_err(|error| format!("upwalk cannot become {name}: {error}"))?;
            }
        } else if user.uid != identity::uid() {
            words = through_sudo(&user, &errand, env.take());
        }
    }
    if let Some(dir) = &errand.dir {
        std::env::set_current_dir(dir).map_err(|error| {
            format!("the directory {} cannot be entered: {error}", dir.display())
        })?;
    }
    let (program, args) = words.split_first().ok_or("there is nothing to start")?;
    let mut command = Command::new(program);
    command.args(args);
    if let Some(env) = env {
        command.env_clear().envs(env);
    }
    for (name, value) in &errand.set {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let error = command.exec();
    Err(format!("\"{program}\" cannot be started: {error}"))
}

/// What a user's own variables are.
fn own(user: &User) -> [(String, String); 4] {
    [
        ("HOME", &user.home),
        ("USER", &user.name),
        ("LOGNAME", &user.name),
        ("SHELL", &user.shell),
    ]
    .map(|(name, value)| (name.to_owned(), value.clone()))
}

/// The same program through sudo, which clears the environment: env(1) sets it again. No secret is
/// ever among it.
fn through_sudo(
    user: &User,
    errand: &Errand,
    env: Option<BTreeMap<String, String>>,
) -> Vec<String> {
    let mut argv: Vec<String> = ["sudo", "-u", &user.name, "--", "env", "-i"]
        .map(str::to_owned)
        .to_vec();
    let env = env.unwrap_or_default();
    argv.extend(env.iter().map(|(name, value)| format!("{name}={value}")));
    argv.extend(errand.argv.iter().cloned());
    argv
}

/// What the program reads: the terminal, or a text of memory.
fn input(errand: &Errand) -> io::Result<OwnedFd> {
    let Some(text) = &errand.input else {
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        return match rustix::fs::open("/dev/tty", flags, Mode::empty()) {
            Ok(terminal) => Ok(terminal),
            // No terminal controls this session: the one that is written to is the one.
            Err(_) => Ok(rustix::stdio::stdout().try_clone_to_owned()?),
        };
    };
    let mut file = File::from(rustix::fs::memfd_create("text", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    file.as_fd().try_clone_to_owned()
}
