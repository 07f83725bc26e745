//! Starting a supervisor that outlives whoever starts it.

use super::logind::Way;
use super::{clock, os};
use crate::types::Millis;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The longest line a supervisor says on its standard output, in bytes.
const MAX_LINE: usize = 64 << 10;

/// Starts `upwalk __supervise RUN_DIR` detached from this login, its standard error appended to
/// `log`, and returns the line it says on standard output; fails where it says none in time.
pub fn spawn_supervisor(run_dir: &Path, log: &Path, timeout: Millis) -> io::Result<String> {
    let log = open_log(log)?;
    let mut child = command()
        .arg("__supervise")
        .arg(run_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let line = first_line(&mut child, timeout);
    // It goes on when this process ends; as long as that lives, it takes the status.
    std::thread::spawn(move || child.wait());
    line
}

/// The supervisor's log. Where nothing can be written there is none: the supervisor finds out what
/// that means for the run, and says it on standard output.
fn open_log(path: &Path) -> io::Result<Stdio> {
    let flags =
        OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)) {
        Ok(fd) => Ok(File::from(fd).into()),
        Err(Errno::ROFS | Errno::NOSPC | Errno::DQUOT) => Ok(Stdio::null()),
        Err(error) => Err(io::Error::other(format!(
            "cannot open {}: {error}",
            path.display()
        ))),
    }
}

/// Replaces this process by another program with the arguments that this one got; returns only where
/// that fails.
pub fn become_program(program: &Path) -> io::Error {
    Command::new(program)
        .arg0("upwalk")
        .args(std::env::args_os().skip(1))
        .exec()
}

/// This program; in a scope of its own where this login's end would end it.
fn command() -> Command {
    let Some(mut command) = Way::out().command() else {
        let mut command = Command::new(os::binary());
        command.arg0("upwalk");
        return command;
    };
    // There, /proc/self/exe would be systemd-run.
    let own = if os::binary() == Path::new("/proc/self/exe") {
        format!("/proc/{}/exe", std::process::id()).into()
    } else {
        os::binary().to_owned()
    };
    command.arg(own);
    command
}

/// The first line that a child says, without its newline.
fn first_line(child: &mut Child, timeout: Millis) -> io::Result<String> {
    let failed = |why: &str| Err(io::Error::other(format!("the supervisor {why}")));
    let Some(out) = child.stdout.take() else {
        return failed("has no standard output");
    };
    let end = clock::up().plus(timeout);
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 4096];
    loop {
        if let Some(at) = bytes.iter().position(|b| *b == b'\n') {
            return Ok(String::from_utf8_lossy(&bytes[..at]).into_owned());
        }
        let rest = end.since(clock::up());
        if rest == Millis(0) {
            return failed("did not say in time that it is ready");
        }
        if bytes.len() > MAX_LINE {
            return failed("said something endless");
        }
        if os::wait_readable(&[out.as_fd()], Some(rest))? == [true] {
            match rustix::io::read(&out, &mut buffer)? {
                0 => return failed("ended before it was ready"),
                n => bytes.extend_from_slice(&buffer[..n]),
            }
        }
    }
}
