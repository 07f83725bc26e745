//! Telling a person who does not look at the terminal: the command that the configuration names.
//! Front ends call it, through `supervisor::client`; it never waits for the command, and what becomes
//! of it is nobody's matter.

use std::io;
use std::process::{Command, Stdio};
use std::thread;

/// Starts a command with these variables, without a terminal and in a process group of its own, and
/// returns at once.
pub fn announce(words: &[String], vars: &[(&str, &str)]) -> io::Result<()> {
    let Some((program, args)) = words.split_first() else {
        return Ok(());
    };
    let mut child = Command::new(program);
    child.args(args).envs(vars.iter().copied());
    child.stdin(Stdio::null()).stdout(Stdio::null());
    child.stderr(Stdio::null());
    let mut child = std::os::unix::process::CommandExt::process_group(&mut child, 0).spawn()?;
    // Somebody has to wait for it, or it stays behind as a zombie.
    thread::spawn(move || child.wait());
    Ok(())
}
