//! The run itself: its first event, and the directory, claim and journal that make it durable.
//!
//! What fails here leaves no open run and no run directory behind.

use super::context::Context;
use super::failure::{Code, Failure};
use super::plan_file::Loaded;
use super::{find, out};
use crate::journal::codec::{GENESIS, encode};
use crate::journal::{Event, Recorded, RunStarted, RunState};
use crate::plan::Plan;
use crate::shell::ask::Secrets;
use crate::shell::store::{RunDir, StateDir, StoreError};
use crate::shell::{clock, identity};
use crate::supervisor::client;
use crate::text;
use crate::types::{Millis, RunId, Seq, ServiceId};
use std::collections::BTreeMap;

/// What commands inherit whatever the plan says (plan-language, "Variables").
const INHERITED: [&str; 4] = ["PATH", "LANG", "TERM", "HOME"];

/// The state of a run that has only just begun; of one that may never begin, too.
pub(super) fn pretend(run: &RunStarted) -> Result<RunState, Failure> {
    let first = Recorded {
        n: Seq(1),
        at: clock::now(),
        event: Event::RunStarted(Box::new(run.clone())),
    };
    RunState::begin(&first).map_err(|error| {
        Failure::new(Code::Bug, "a run's first event does not stand on its own")
            .because(error.to_string())
    })
}

/// A run for what is asked before there is one. Its directory is nobody's: another upwalk may begin
/// a run of this name meanwhile, whose supervisor ends whatever asks in that run's directory.
pub(super) fn before(run: &RunStarted) -> RunStarted {
    let name = format!("{}.before.{}", run.run, std::process::id());
    RunStarted {
        run_dir: run.run_dir.with_file_name(name),
        ..run.clone()
    }
}

/// What commands inherit from here.
pub(super) fn inherited(plan: &Plan) -> BTreeMap<String, String> {
    let own = plan.defaults.inherit.iter().map(String::as_str);
    let names = INHERITED.into_iter().chain(own);
    names
        .filter_map(|name| Some((name.to_owned(), identity::var(name)?)))
        .collect()
}

/// The runs of a service that have begun: whoever decides on what it saw beside these has to look
/// again where they are others by then.
pub(super) fn begun(context: &Context, service: &ServiceId) -> Result<Vec<RunId>, Failure> {
    let Some(state) = context.look()? else {
        return Ok(Vec::new());
    };
    let mut begun = Vec::new();
    for run in of_service(&state, service)? {
        if has_begun(&state, &run)? {
            begun.push(run);
        }
    }
    Ok(begun)
}

/// Creates the run and makes it durable: directory, claim, secrets, first event. The service's lock
/// is held meanwhile, so that nobody takes a half-made run for one that a crash left. None where
/// another upwalk is at work on the service, or has begun a run that is not among `known`.
pub(super) fn create(
    context: &Context,
    state: &StateDir,
    loaded: &Loaded,
    secrets: &Secrets,
    (mut run, known): (RunStarted, &[RunId]),
) -> Result<Option<RunId>, Failure> {
    let service = run.service.clone();
    let Some(lock) = state.lock(&service)? else {
        return Ok(None);
    };
    if begun(context, &service)? != known || open_run(state, &service)?.is_some() {
        return Ok(None);
    }
    if let Some(short) = state.shortage() {
        return Err(Failure::new(Code::Outside, "no run can begin")
            .because(short.sentence())
            .hint(short.advice("try again")));
    }
    forget_half_made(state, &service)?;
    run.run = free_name(state, &run)?;
    run.run_dir = state.path().join("runs").join(run.run.as_str());
    let name = if loaded.file.bytes.first() == Some(&b'{') {
        "plan.json"
    } else {
        "plan.yaml"
    };
    let dir = state.create_run(&run.run, name, &loaded.file.bytes, &loaded.files)?;
    let id = run.run.clone();
    let made = fill(context, state, &dir, secrets, run);
    if made.is_err() {
        // The first failure is the one to tell.
        let _ = state.release(&service, &id);
        let _ = state.discard_run(&id);
    }
    drop(lock);
    made.map(|()| Some(id))
}

/// Claim, secrets and first event.
fn fill(
    context: &Context,
    state: &StateDir,
    dir: &RunDir,
    secrets: &Secrets,
    run: RunStarted,
) -> Result<(), Failure> {
    if let Some(other) = state.claim(&run.service, &run.run)? {
        return Err(other_run(context, state, &other));
    }
    if !secrets.is_empty() {
        dir.write_secrets(secrets)?;
    }
    let (bytes, ..) = encode(
        GENESIS,
        Seq(0),
        &clock::now(),
        &[Event::RunStarted(Box::new(run))],
    );
    Ok(dir.open_journal(0)?.append(&bytes)?)
}

/// Whether a run has come to its first event; no where a start that failed has just removed it.
fn has_begun(state: &StateDir, run: &RunId) -> Result<bool, StoreError> {
    let gone = |error: &StoreError| {
        let source = error.source.as_ref();
        source.is_some_and(|source| source.kind() == std::io::ErrorKind::NotFound)
    };
    match state.run(run) {
        Ok(dir) => dir.has_begun(),
        Err(error) if gone(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The run that is open for a service; none where only a start is that a crash cut off, or that
/// goes on just now.
pub(super) fn open_run(state: &StateDir, service: &ServiceId) -> Result<Option<RunId>, Failure> {
    let Some(open) = state.open_run_of(service)? else {
        return find::unclaimed(state, service);
    };
    if !state.runs()?.contains(&open) {
        if state.open_run_of(service)?.as_ref() != Some(&open) {
            return Ok(None);
        }
        // A start makes the directory first, and a failed one gives up the claim first.
        return Err(find::gone(state, service, &open));
    }
    Ok(has_begun(state, &open)?.then_some(open))
}

/// All runs of a service, newest first.
fn of_service(state: &StateDir, service: &ServiceId) -> Result<Vec<RunId>, StoreError> {
    let mut runs = state.runs()?;
    runs.retain(|run| run.service() == service.as_str());
    Ok(runs)
}

/// Runs that never came to their first event were left by a crash, and nothing of them was done:
/// they are removed. The caller holds the service's lock.
fn forget_half_made(state: &StateDir, service: &ServiceId) -> Result<(), StoreError> {
    for run in of_service(state, service)? {
        if !has_begun(state, &run)? {
            state.release(service, &run)?;
            state.discard_run(&run)?;
            out::say(&format!(
                "upwalk: the start of {run} was cut off before anything was done; what it left is \
                 removed\n"
            ));
        }
    }
    Ok(())
}

/// A name that no run has and that sorts behind those of the service's other runs: names count
/// seconds, two runs may begin in one, and the clock may have been set back since the last.
fn free_name(state: &StateDir, run: &RunStarted) -> Result<RunId, StoreError> {
    let second = Millis::from_secs(1);
    let now = clock::wall();
    let of_service = of_service(state, &run.service)?;
    let latest = of_service.iter().filter_map(RunId::stamp).max();
    let after = latest.map(|latest| latest.plus(second));
    let at = after
        .filter(|after| now.as_millis() < after.as_millis())
        .unwrap_or(now);
    if at.since(now) > Millis::from_secs(60) {
        out::say(&format!(
            "upwalk: the clock of this machine was set back: the last run of {} began {} later than \
             now by its name; this one is named after it\n",
            run.service,
            text::duration(at.since(now))
        ));
    }
    Ok(RunId::new(&at.stamp(), &run.service, &run.direction))
}

/// Another run of the service is open: which, since when, by whom.
pub(super) fn other_run(context: &Context, state: &StateDir, other: &RunId) -> Failure {
    let failure = Failure::new(
        Code::OtherRun,
        format!("the run {other} of this service is open"),
    );
    let begun = state
        .run(other)
        .ok()
        .and_then(|dir| client::read_run(&dir).ok());
    let failure = match begun {
        Some((_, begun)) => failure.because(format!(
            "it was begun at {} by {}",
            begun.began.wall.full(),
            begun.run.who
        )),
        None => failure,
    };
    failure.hint(context.pasteable(&format!("upwalk attach {other}")))
}
