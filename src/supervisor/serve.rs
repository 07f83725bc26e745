//! The supervisor's process: takes a run over, says that it is ready, serves it, and ends. Called
//! by the binary for `upwalk __supervise RUN_DIR`.

use super::load::{self, LoadError, Loaded};
use super::records;
use super::server::{self, Greeting};
use super::service::{End, Msg, Service};
use super::wire::{self, FromServer};
use super::work::Work;
use crate::engine::{self, Effect};
use crate::shell::store::{RunDir, ServiceLock, StateDir};
use crate::shell::{ask, bearing, clock, identity, os};
use crate::types::{Lack, Shortage};
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};

/// What a supervisor says when it is ready.
pub(super) const READY: &str = "ready";
/// What it says where another one holds the service's lock.
pub(super) const TAKEN: &str = "taken";
/// What it says before the reason why it cannot serve.
pub(super) const FAILED: &str = "failed ";

/// How many messages may wait for the loop; whoever sends more waits.
const INBOX: usize = 256;

/// The supervisor's main function for the run in this directory: says that it is ready on standard
/// output (one line, `ready`, or why not), serves until the run is finished or it is told to end,
/// and returns its exit status.
pub fn serve(run_dir: &Path) -> u8 {
    let taken = match take(run_dir) {
        Ok(Some(taken)) => taken,
        Ok(None) => {
            say(TAKEN);
            return 0;
        }
        Err(error) => {
            super::log(&format!("cannot serve {}: {error}", run_dir.display()));
            // Three fields of text and number can always be written.
            let reason = serde_json::to_string(&error).unwrap_or_default();
            say(&format!("{FAILED}{reason}"));
            return error.code;
        }
    };
    say(READY);
    // Whoever started this process waits for nothing more from it.
    if let Err(error) = rustix::stdio::dup2_stdout(io::stderr()) {
        super::log(&format!("cannot let go of standard output: {error}"));
    }
    let Taken {
        mut service,
        socket_dir,
        _lock,
    } = taken;
    os::give_back_start();
    let end = service.run();
    super::log(&end.to_string());
    if let Err(error) = server::unlink(socket_dir.as_fd()) {
        super::log(&format!("cannot remove the socket: {error}"));
    }
    service.part(&end);
    match end {
        End::Finished | End::Looked | End::Told => 0,
        End::Short(_) | End::Failed(_) => 1,
        End::Bug(_) => 70,
    }
}

/// A run that is this process's to serve.
struct Taken {
    service: Service,
    socket_dir: OwnedFd,
    /// Released last, when this process ends.
    _lock: ServiceLock,
}

/// Takes the run over; none where another supervisor has it.
fn take(run_dir: &Path) -> Result<Option<Taken>, LoadError> {
    os::become_supervisor().map_err(|error| failed("cannot become a supervisor", &error))?;
    let dir = RunDir::open(run_dir)?;
    let short = dir.shortage();
    if let Some(short) = short.as_ref().filter(|short| short.lack == Lack::Writing) {
        return Err(too_short(&dir, short));
    }
    let state_dir = state_dir_of(run_dir)?;
    let Some(lock) = state_dir.lock(&load::service_of(&dir)?)? else {
        return Ok(None);
    };
    // Only now nobody else appends to it.
    let run = load::load(&dir)?;
    if let Some(short) = short.filter(|_| only_steps_are_left(&run)) {
        return Err(too_short(&dir, &short));
    }
    settle(&state_dir, &dir, &run)?;
    // Before any thread: the nice value is a thread's own, and handed down.
    for refused in run.state.run.bearing.iter().flat_map(bearing::take_on) {
        super::log(&format!("commands do not get what `up` had: {refused}"));
    }
    if let Some((bytes, _)) = &run.torn {
        super::log(&format!(
            "the journal ends in {bytes} bytes of an event that was never whole; they are cut off"
        ));
    }
    // What an earlier supervisor asked is asked again.
    ask::end_leftovers(&dir);
    let journal = dir.open_journal(run.journal.good_bytes)?;
    let secrets = dir.read_secrets()?;

    let (loop_, inbox) = sync_channel(INBOX);
    let socket_dir = server::open_dir(run_dir)
        .map_err(|error| failed("cannot open the run's directory", &error))?;
    listen(&socket_dir, &dir, &run, &loop_).map_err(|error| {
        let place = format!("cannot open the socket {}", dir.socket_path().display());
        failed(&place, &error)
    })?;
    let told = loop_.clone();
    os::on_terminate(move || {
        // Where the loop has ended, it has ended.
        let _ = told.send(Msg::Terminate);
    })
    .map_err(|error| failed("cannot wait for SIGTERM", &error))?;
    let ended = loop_.clone();
    os::on_child_end(move || {
        let _ = ended.send(Msg::ChildEnded);
    })
    .map_err(|error| failed("cannot wait for SIGCHLD", &error))?;
    super::log(&format!(
        "serves {} from event {}",
        run.state.run.run, run.state.last
    ));
    let work = Work::new(dir.clone(), secrets, loop_, run.state.last);
    let service = Service::new(run, journal, state_dir, dir, work, inbox);
    Ok(Some(Taken {
        service,
        socket_dir,
        _lock: lock,
    }))
}

/// Whether nothing is left to do but to begin a step: no command is under way that somebody may want
/// to see, and to end.
fn only_steps_are_left(run: &Loaded) -> bool {
    let due = engine::due(&run.plan, &run.state, &clock::now());
    let runs = |effect: &Effect| matches!(effect, Effect::Run { .. });
    run.state.finished.is_none() && !due.iter().any(runs)
}

/// Why the run cannot go on.
fn too_short(dir: &RunDir, short: &Shortage) -> LoadError {
    let run = dir.path().file_name().unwrap_or_default();
    let attach = format!("type: upwalk attach {}", run.display());
    LoadError {
        what: format!(
            "the run cannot go on, and stays as it is. {}",
            short.sentence()
        ),
        hint: Some(short.advice(&attach)),
        code: 1,
    }
}

/// A failed call.
fn failed(what: &str, error: &io::Error) -> LoadError {
    LoadError {
        what: format!("{what}: {error}"),
        hint: None,
        code: 1,
    }
}

/// The state directory that a run's directory lies in.
fn state_dir_of(run_dir: &Path) -> Result<StateDir, LoadError> {
    let dir = load::state_dir_of(run_dir)?;
    if dir.owner() == identity::uid() {
        return Ok(dir);
    }
    Err(LoadError {
        what: format!(
            "{} does not lie in a state directory of upwalk that is this user's",
            run_dir.display()
        ),
        hint: Some("upwalk runs".to_owned()),
        code: 1,
    })
}

/// Brings what lies beside the journal in line with it.
fn settle(state_dir: &StateDir, dir: &RunDir, run: &Loaded) -> Result<(), LoadError> {
    dir.settle_fences(run.state.last)?;
    let started = &run.state.run;
    let finished = run.state.finished.as_ref();
    let claimed = state_dir.open_run_of(&started.service)?.as_ref() == Some(&started.run);
    if finished.is_none() {
        records::claim(state_dir, started)?;
    } else if !claimed {
        // It was closed in order; later runs may have moved the ledger on.
        return Ok(());
    }
    for event in &run.journal.events {
        records::keep(state_dir, started, event)?;
    }
    match finished {
        Some(finished) => Ok(records::close(state_dir, dir, started, &finished.result)?),
        None => Ok(()),
    }
}

/// Binds the socket and lets front ends in on a thread of its own.
fn listen(
    socket_dir: &OwnedFd,
    dir: &RunDir,
    run: &Loaded,
    loop_: &SyncSender<Msg>,
) -> io::Result<()> {
    let listener = server::bind(socket_dir.as_fd())?;
    let hello = FromServer::Hello {
        wire: wire::VERSION,
        upwalk: super::UPWALK.to_owned(),
        run: run.state.run.run.clone(),
        run_dir: dir.path().to_owned(),
        pid: std::process::id(),
    };
    let greeting = Greeting {
        hello: wire::encode(&hello).into(),
        owner: identity::uid(),
    };
    let loop_ = loop_.clone();
    std::thread::Builder::new()
        .name("accept".to_owned())
        .spawn(move || server::accept(&listener, &greeting, &loop_))
        .map(drop)
}

/// Says one line to whoever started this process.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    // Whoever started this process may be gone; the run is served all the same.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
