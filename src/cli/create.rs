//! The run itself: its first event, and the directory, claim and journal that make it durable.
//!
//! What fails here leaves no open run and no run directory behind.

use super::context::Context;
use super::failure::{Code, Failure};
use super::plan_file::Loaded;
use crate::journal::codec::{GENESIS, encode};
use crate::journal::{Event, Recorded, RunStarted, RunState};
use crate::plan::Plan;
use crate::shell::ask::Secrets;
use crate::shell::store::{RunDir, StateDir, StoreError};
use crate::shell::{clock, identity};
use crate::supervisor::client;
use crate::types::{Millis, RunId, Seq};
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

/// What commands inherit from here.
pub(super) fn inherited(plan: &Plan) -> BTreeMap<String, String> {
    let own = plan.defaults.inherit.iter().map(String::as_str);
    let names = INHERITED.into_iter().chain(own);
    names
        .filter_map(|name| Some((name.to_owned(), identity::var(name)?)))
        .collect()
}

/// Creates the run and makes it durable: directory, secrets, claim, first event. The service's lock
/// is held meanwhile, so that nobody takes a half-made run for one that a crash left.
pub(super) fn create(
    context: &Context,
    state: &StateDir,
    loaded: &Loaded,
    secrets: &Secrets,
    mut run: RunStarted,
) -> Result<RunId, Failure> {
    let service = run.service.clone();
    let Some(lock) = state.lock(&service)? else {
        return Err(Failure::new(
            Code::OtherRun,
            format!("another upwalk begins a run of {service} now"),
        )
        .hint(context.pasteable(&format!("upwalk attach {service}"))));
    };
    forget_half_made(state, &run)?;
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
    made.map(|()| id)
}

/// Secrets, claim and first event.
fn fill(
    context: &Context,
    state: &StateDir,
    dir: &RunDir,
    secrets: &Secrets,
    run: RunStarted,
) -> Result<(), Failure> {
    if !secrets.is_empty() {
        dir.write_secrets(secrets)?;
    }
    if let Some(other) = state.claim(&run.service, &run.run)? {
        return Err(other_run(context, state, &other));
    }
    let (bytes, ..) = encode(
        GENESIS,
        Seq(0),
        &clock::now(),
        &[Event::RunStarted(Box::new(run))],
    );
    Ok(dir.open_journal(0)?.append(&bytes)?)
}

/// Whether a run has come to its first event.
pub(super) fn has_begun(state: &StateDir, run: &RunId) -> Result<bool, StoreError> {
    if !state.runs()?.contains(run) {
        return Ok(false);
    }
    Ok(!state.run(run)?.read_journal()?.is_empty())
}

/// A claim whose run never came to its first event was left by a crash: it is given up. The caller
/// holds the service's lock.
fn forget_half_made(state: &StateDir, run: &RunStarted) -> Result<(), StoreError> {
    let Some(open) = state.open_run_of(&run.service)? else {
        return Ok(());
    };
    if has_begun(state, &open)? {
        return Ok(());
    }
    state.release(&run.service, &open)?;
    if state.runs()?.contains(&open) {
        state.discard_run(&open)?;
    }
    Ok(())
}

/// A name that no run has: names count seconds, and two runs may begin in one.
fn free_name(state: &StateDir, run: &RunStarted) -> Result<RunId, StoreError> {
    let taken = state.runs()?;
    let mut at = clock::wall();
    loop {
        let name = RunId::new(&at.stamp(), &run.service, &run.direction);
        if !taken.contains(&name) {
            return Ok(name);
        }
        at = at.plus(Millis::from_secs(1));
    }
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
