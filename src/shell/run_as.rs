//! Becoming another user (`upwalk __as`), as `setpriv --init-groups` does; no PAM.
//!
//! The helper reads what to run from a socket on standard input, so that no secret stands on a
//! command line, becomes the user, says `+`, and becomes the command. What keeps it from that it says
//! on the same socket; that this end closes without a word means that the command runs.

use super::command::{Started, explain, own_program};
use super::users::User;
use duct::Expression;
use rustix::fs::Mode;
use rustix::process::{Gid, Uid};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long becoming another user may take: directories of users may be on another machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who the helper becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Become {
    /// Who it is: sudo has seen to that, or there is nothing to do.
    Itself,
    /// This user.
    User {
        uid: u32,
        gid: u32,
        groups: Vec<u32>,
    },
}

impl Become {
    /// This user, with all groups it is in.
    pub(super) fn user(user: &User) -> Result<Self, String> {
        Ok(Self::User {
            uid: user.uid,
            gid: user.gid,
            groups: user.groups()?,
        })
    }
}

/// What the helper is told.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    become_user: Become,
    argv: Vec<String>,
    dir: PathBuf,
    env: Vec<(String, String)>,
    /// sudo sets another; the command gets the one that `up` had.
    umask: u32,
    /// Whether standard output is a terminal that is to be the command's own.
    #[serde(default)]
    terminal: bool,
}

/// A helper that is about to be started.
#[derive(Debug)]
pub(super) struct Helper {
    become_user: Become,
    command: Expression,
    /// How it is called where it does not even start.
    way: String,
    /// Whether the command is to have standard output as its terminal.
    terminal: bool,
}

impl Helper {
    /// One that this program starts itself.
    pub(super) fn new(become_user: Become) -> Self {
        Self {
            become_user,
            command: duct::cmd(own_program(), ["__as"]),
            way: "the change of user".to_owned(),
            terminal: false,
        }
    }

    /// The same for a command whose standard output is a terminal that is to be its own.
    pub(super) fn on_terminal(self) -> Self {
        Self {
            way: "the handing over of a terminal".to_owned(),
            terminal: true,
            ..self
        }
    }

    /// One that sudo starts as another user.
    pub(super) fn through_sudo(user: &str) -> Result<Self, String> {
        // Under sudo /proc/self/exe would be sudo.
        let program = std::fs::read_link(own_program())
            .or_else(|_| std::path::absolute(own_program()))
            .map_err(|error| format!("upwalk cannot find its own program: {error}"))?;
        if !program.exists() {
            return Err(format!(
                "upwalk at {} has been replaced or removed since the run began; sudo cannot start \
                 it as {user}",
                program.display()
            ));
        }
        let args = ["-n", "-u", user, "--"].map(std::ffi::OsString::from);
        let args = args.into_iter().chain([program.into(), "__as".into()]);
        Ok(Self {
            become_user: Become::Itself,
            command: duct::cmd("sudo", args),
            way: format!("sudo -n -u {user}"),
            terminal: false,
        })
    }

    /// Starts it by `spawn` and waits until it has become the command.
    pub(super) fn start(
        self,
        argv: Vec<String>,
        dir: &Path,
        env: Vec<(String, String)>,
        spawn: impl FnOnce(Expression) -> io::Result<Started>,
    ) -> Result<Started, String> {
        let Self {
            become_user,
            command,
            way,
            terminal,
        } = self;
        let order = Order {
            become_user,
            argv,
            dir: dir.to_owned(),
            env,
            umask: umask(),
            terminal,
        };
        let failed = |error: io::Error| format!("{way} failed: {error}");
        let order = serde_json::to_vec(&order).map_err(|error| failed(error.into()))?;
        let (mut ours, theirs) = UnixStream::pair().map_err(failed)?;
        let started = spawn(command.stdin_file(OwnedFd::from(theirs))).map_err(failed)?;
        match answer(&mut ours, &order) {
            Ok(text) if text == "+" => Ok(started),
            Ok(text) => Err(match text.strip_prefix('+') {
                Some(why) => why.to_owned(),
                None => format!("{way} was refused"),
            }),
            Err(error) => {
                let _ = super::os::end_group(started.pid, rustix::process::Signal::KILL);
                Err(failed(error))
            }
        }
    }
}

/// Gives the helper its order and takes what it says until it has become the command.
fn answer(socket: &mut UnixStream, order: &[u8]) -> io::Result<String> {
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    match socket
        .write_all(order)
        .and_then(|()| socket.shutdown(Shutdown::Write))
    {
        Ok(()) => {}
        // sudo refused and went: what it said is in the log.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(String::new()),
        Err(error) => return Err(error),
    }
    let mut text = String::new();
    match socket.take(4096).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(String::new()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "no answer within 30 s",
        )),
        result => result.map(|_| text),
    }
}

/// This process's umask, without setting it.
fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    let mask = line.and_then(|text| u32::from_str_radix(text.trim(), 8).ok());
    mask.unwrap_or(0o022)
}

/// The helper's main function. Returns only where it could not become the command.
pub(super) fn main() -> u8 {
    let said = match rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3) {
        Ok(socket) => follow(UnixStream::from(socket)),
        Err(error) => Err(error.to_string()),
    };
    match said {
        Ok(never) => match never {},
        Err(_) => 126,
    }
}

/// Reads the order and becomes the command; says on the socket what keeps it from that.
fn follow(mut socket: UnixStream) -> Result<std::convert::Infallible, String> {
    let why = match read_order(&mut socket) {
        Ok(order) => {
            socket.write_all(b"+").map_err(|error| error.to_string())?;
            become_command(&order)
        }
        Err(error) => format!("+the change of user failed: {error}"),
    };
    let _ = socket.write_all(why.as_bytes());
    Err(why)
}

/// What is to be done. Standard input is /dev/null from here on, or the command's terminal.
fn read_order(socket: &mut UnixStream) -> io::Result<Order> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes)?;
    let order: Order = serde_json::from_slice(&bytes)?;
    if order.terminal {
        take_terminal(&order.become_user)?;
    } else {
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    }
    Ok(order)
}

/// Makes standard output's terminal the one that controls this process's session, and belongs to
/// whom it will become: programs open it again by its name.
fn take_terminal(user: &Become) -> io::Result<()> {
    let terminal = rustix::stdio::stdout();
    rustix::process::setsid()?;
    rustix::process::ioctl_tiocsctty(terminal)?;
    rustix::stdio::dup2_stdin(terminal)?;
    if let Become::User { uid, .. } = user {
        rustix::fs::fchown(terminal, Some(Uid::from_raw(*uid)), None)?;
    }
    Ok(())
}

/// Becomes the user, then the command. Returns why not.
fn become_command(order: &Order) -> String {
    if let Become::User { uid, gid, groups } = &order.become_user
        && let Err(error) = become_user(*uid, *gid, groups)
    {
        return format!("upwalk cannot become user {uid}: {error}");
    }
    rustix::process::umask(Mode::from_raw_mode(order.umask));
    if let Err(error) = std::env::set_current_dir(&order.dir) {
        let dir = order.dir.display();
        return format!("the user cannot enter the directory {dir}: {error}");
    }
    let Some((program, args)) = order.argv.split_first() else {
        return "the command is empty".to_owned();
    };
    let mut command = std::process::Command::new(program);
    let env = order.env.iter().map(|(name, value)| (name, value));
    let error = command.args(args).env_clear().envs(env).exec();
    explain(program, "", &error)
}

/// Groups first, then the group, then the user: afterwards there is no way back.
pub(super) fn become_user(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    let groups: Vec<Gid> = groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    // The calls act on a thread; this process has one.
    rustix::thread::set_thread_groups(&groups)?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    Ok(())
}
