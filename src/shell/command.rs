//! Starting one command: directory, environment, user, process group, output.
//!
//! The step shim and the asker call it; both are small processes of their own. Whatever keeps a
//! command from starting comes back as a sentence for people.

use super::run_as::{Become, Helper};
use super::users::User;
use super::{ask::Secrets, identity, os};
use crate::types::{CommandSpec, EnvValue};
use duct::Expression;
use rustix::process::Pid;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// A command that has been started, in a process group of its own.
#[derive(Debug)]
pub(super) struct Started {
    /// Its first process, whose number is also its group's.
    pub(super) pid: Pid,
    /// Takes the status when it is dropped.
    _handle: duct::Handle,
}

impl Started {
    /// How its first process ended; none while it lives. As long as this is kept its status can
    /// still be taken by whoever inherits it.
    pub(super) fn ended(&self) -> io::Result<Option<std::process::ExitStatus>> {
        os::ended(self.pid)
    }
}

/// Where a command writes.
#[derive(Debug)]
pub(super) enum Output {
    /// Everything to one file, in the order it comes.
    Log(File),
    /// Its two streams apart.
    Apart(File, File),
    /// A terminal, which also controls its session and which it reads; a session of its own is the
    /// price.
    Terminal(OwnedFd),
}

/// The command with the secrets' values in its environment; fails where one is not known.
pub(super) fn fill(spec: &CommandSpec, secrets: &Secrets) -> Result<CommandSpec, String> {
    let mut filled = spec.clone();
    for (name, value) in &mut filled.env {
        if let EnvValue::Secret(secret) = value {
            let known = secrets.get(secret).cloned();
            *value = EnvValue::Plain(known.ok_or_else(|| {
                format!("the secret {secret} for ${name} is not stored with this run any more")
            })?);
        }
    }
    Ok(filled)
}

/// The environment of a filled command.
fn environment(spec: &CommandSpec) -> Vec<(String, String)> {
    let plain = |(name, value): (&String, &EnvValue)| match value {
        EnvValue::Plain(value) => Some((name.clone(), value.clone())),
        EnvValue::Secret(_) => None,
    };
    spec.env.iter().filter_map(plain).collect()
}

/// Starts a filled command with standard input on /dev/null, or on its terminal. `began` is told of
/// its process before anything of a command with a terminal can run.
pub(super) fn start(
    spec: &CommandSpec,
    output: Output,
    began: &mut dyn FnMut(Pid),
) -> Result<Started, String> {
    check_dir(&spec.dir)?;
    let Some((program, _)) = spec.argv.split_first() else {
        return Err("the command is empty".to_owned());
    };
    let Some(name) = &spec.user else {
        if let Output::Terminal(_) = output {
            let env = environment(spec);
            let helper = Helper::new(Become::Itself).on_terminal();
            return helper.start(absolute(spec), &spec.dir, env, |told| {
                spawn(told, output).inspect(|started| began(started.pid))
            });
        }
        let argv = absolute(spec);
        let command = duct::cmd(&argv[0], &argv[1..])
            .dir(&spec.dir)
            .full_env(environment(spec))
            .stdin_null();
        return spawn(command, output).map_err(|error| why_not(program, spec, &error));
    };
    start_as(name, spec, output, began)
}

/// Starts a command as another user, through a helper that becomes that user and then the command.
fn start_as(
    name: &str,
    spec: &CommandSpec,
    output: Output,
    began: &mut dyn FnMut(Pid),
) -> Result<Started, String> {
    let user = User::named(name).ok_or_else(|| {
        format!("there is no user \"{name}\" on this machine (getent passwd {name})")
    })?;
    let helper = if identity::is_root() {
        Helper::new(Become::user(&user)?)
    } else if user.uid == identity::uid() {
        Helper::new(Become::Itself)
    } else if let Output::Terminal(_) = output {
        // sudo would have the signals that the command is ended by, and pass on what it likes.
        return Err(format!(
            "a step with a terminal can become {name} only where root runs upwalk"
        ));
    } else {
        Helper::through_sudo(&user.name)?
    };
    let helper = match output {
        Output::Terminal(_) => helper.on_terminal(),
        Output::Log(_) | Output::Apart(..) => helper,
    };
    let mut env = environment(spec);
    for (name, value) in [
        ("HOME", &user.home),
        ("USER", &user.name),
        ("LOGNAME", &user.name),
        ("SHELL", &user.shell),
    ] {
        env.retain(|(own, _)| own != name);
        env.push((name.to_owned(), value.clone()));
    }
    helper.start(absolute(spec), &spec.dir, env, |told| {
        spawn(told, output).inspect(|started| began(started.pid))
    })
}

/// Starts what duct has been told, in a process group of its own; with a terminal it makes one
/// itself, together with its session.
fn spawn(told: Expression, output: Output) -> io::Result<Started> {
    use std::os::unix::process::CommandExt;
    let apart = !matches!(output, Output::Terminal(_));
    // In this order: the reverse would leave standard error on ours.
    let command = match output {
        Output::Terminal(terminal) => told.stderr_to_stdout().stdout_file(terminal),
        Output::Log(log) => told.stderr_to_stdout().stdout_file(log),
        Output::Apart(out, err) => told.stdout_file(out).stderr_file(err),
    };
    let command = command.before_spawn(move |command| {
        if apart {
            command.process_group(0);
        }
        Ok(())
    });
    let handle = command.unchecked().start()?;
    // It holds the other end of a helper's socket, whose closing is waited for.
    drop(told);
    let pid = handle
        .pids()
        .first()
        .and_then(|pid| i32::try_from(*pid).ok());
    let pid = pid.and_then(Pid::from_raw);
    pid.map(|pid| Started {
        pid,
        _handle: handle,
    })
    .ok_or_else(|| io::Error::other("the kernel gave no process number"))
}

/// A program named by a relative path with a slash is meant from the command's directory.
fn absolute(spec: &CommandSpec) -> Vec<String> {
    let mut argv = spec.argv.clone();
    if let Some(program) = argv.first_mut()
        && program.contains('/')
        && !program.starts_with('/')
    {
        *program = spec.dir.join(&*program).display().to_string();
    }
    argv
}

/// Whether a command can be started there.
fn check_dir(dir: &Path) -> Result<(), String> {
    let shown = dir.display();
    if !dir.is_absolute() {
        return Err(format!("its directory \"{shown}\" is not absolute"));
    }
    match dir.metadata() {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => Err(format!("{shown} is not a directory")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("the directory {shown} does not exist"))
        }
        // Another user may see more than this one does; whoever enters it says so.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(format!("the directory {shown} cannot be used: {error}")),
    }
}

/// Why a program was not started.
pub(super) fn why_not(program: &str, spec: &CommandSpec, error: &io::Error) -> String {
    let path = match spec.env.get("PATH") {
        Some(EnvValue::Plain(path)) if !program.contains('/') => format!(" (PATH is {path})"),
        _ => String::new(),
    };
    explain(program, &path, error)
}

/// The same for whoever knows where it was looked for.
pub(super) fn explain(program: &str, looked: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("the command \"{program}\" was not found{looked}"),
        io::ErrorKind::PermissionDenied => {
            format!("the command \"{program}\" cannot be executed: permission denied{looked}")
        }
        _ => format!("the command \"{program}\" cannot be executed: {error}"),
    }
}

/// The program that helpers are started from.
pub(super) fn own_program() -> &'static Path {
    os::binary()
}
