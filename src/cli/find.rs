//! Which run a verb means: an id, the beginning of one, a service, or none of these.

use super::context::Context;
use super::failure::{Code, Failure};
use crate::shell::store::{OpenRuns, RunDir, StateDir};
use crate::supervisor::client;
use crate::types::{RunId, ServiceId};
use std::collections::BTreeSet;

/// A run, and the state directory it lies in.
pub(super) struct Found {
    /// Where it lies.
    pub(super) state: StateDir,
    /// Its id.
    pub(super) run: RunId,
    /// Whether it is open.
    pub(super) open: bool,
}

/// Finds the run that `named` means; left out, the only open one, or else the latest.
pub(super) fn find(context: &Context, named: Option<&str>) -> Result<Found, Failure> {
    let state = context.state()?;
    let open = open_runs(&state)?.runs;
    let run = match named {
        Some(text) => by_name(text, &state.runs()?, &open)?,
        None => match open.as_slice() {
            [only] => only.clone(),
            [] => state
                .runs()?
                .into_iter()
                .next()
                .ok_or_else(|| context.nothing())?,
            several => return Err(ambiguous("several runs are open; name one", several)),
        },
    };
    run_dir(&state, &run)?;
    // A claim that cannot be read may well be this run's.
    let open = match ServiceId::new(run.service()) {
        Ok(service) => match state.open_run_of(&service)? {
            Some(claimed) => claimed == run,
            None => open.contains(&run),
        },
        Err(_) => false,
    };
    Ok(Found { state, run, open })
}

/// The open runs: those that are claimed, and those that have no end although their claim is gone.
pub(super) fn open_runs(state: &StateDir) -> Result<OpenRuns, Failure> {
    let mut open = state.open_runs()?;
    let mut seen = BTreeSet::new();
    for run in state.runs()? {
        let Ok(service) = ServiceId::new(run.service()) else {
            continue;
        };
        if seen.insert(service.clone()) && matches!(state.open_run_of(&service), Ok(None)) {
            open.runs.extend(unclaimed(state, &service)?);
        }
    }
    open.runs.sort_by(|a, b| b.cmp(a));
    Ok(open)
}

/// A service's latest run that has begun, where it has no end: of a service that nobody has claimed,
/// somebody has removed the claim. One that cannot be read is not taken for open.
pub(super) fn unclaimed(state: &StateDir, service: &ServiceId) -> Result<Option<RunId>, Failure> {
    let of_service = |run: &RunId| run.service() == service.as_str();
    for run in state.runs()?.into_iter().filter(of_service) {
        // A start that failed has just removed its own.
        let Ok(dir) = state.run(&run) else {
            continue;
        };
        if dir.has_begun()? {
            let read = client::read_run(&dir);
            let open = read.is_ok_and(|(_, begun)| begun.finished.is_none());
            return Ok(open.then_some(run));
        }
    }
    Ok(None)
}

/// The directory of a run; says what it means where a claimed run has none.
pub(super) fn run_dir(state: &StateDir, run: &RunId) -> Result<RunDir, Failure> {
    let service = ServiceId::new(run.service()).ok();
    match service {
        Some(service) if !state.runs()?.contains(run) => Err(gone(state, &service, run)),
        Some(_) | None => Ok(state.run(run)?),
    }
}

/// The run is claimed as the service's open one, and its directory is gone.
pub(super) fn gone(state: &StateDir, service: &ServiceId, run: &RunId) -> Failure {
    let what = format!("the run {run} of {service} is open, and its directory is gone");
    Failure::new(Code::Damaged, what)
        .because("what it did, and whether something of it still runs, cannot be known here")
        .hint(format!(
            "restore {} from a backup; where you know that the run is over: rm {}",
            state.path().join("runs").join(run.as_str()).display(),
            state.claim_path(service).display()
        ))
}

/// Picks from all runs (newest first) the one a text means.
fn by_name(text: &str, runs: &[RunId], open: &[RunId]) -> Result<RunId, Failure> {
    if let Some(run) = runs.iter().find(|run| run.as_str() == text) {
        return Ok(run.clone());
    }
    let of_service = |run: &&RunId| run.service() == text;
    if let Some(run) = open
        .iter()
        .find(of_service)
        .or(runs.iter().find(of_service))
    {
        return Ok(run.clone());
    }
    let fitting = runs.iter().filter(|run| run.as_str().starts_with(text));
    let fitting: Vec<_> = fitting.cloned().collect();
    match fitting.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::usage(format!("there is no run \"{text}\"")).command("upwalk runs")),
        several => Err(ambiguous(
            &format!("\"{text}\" is the beginning of several runs"),
            several,
        )),
    }
}

/// More than one run fits: names them all.
fn ambiguous(what: &str, runs: &[RunId]) -> Failure {
    let mut failure = Failure::usage(what);
    for run in runs {
        failure = failure.because(run.as_str());
    }
    match runs.first() {
        Some(run) => failure.hint(format!("name one, as in: upwalk attach {run}")),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(names: &[&str]) -> Vec<RunId> {
        names.iter().filter_map(|name| RunId::parse(name)).collect()
    }

    #[test]
    fn a_run_is_found_by_id_beginning_and_service() {
        let all = runs(&[
            "20261121T120000Z-shop-up",
            "20261120T120000Z-my-shop-up",
            "20261119T120000Z-shop-up",
        ]);
        let found = |text: &str| by_name(text, &all, &all[2..]);
        assert_eq!(found("my-shop").expect("by service"), all[1]);
        assert_eq!(found("shop").expect("the open one first"), all[2]);
        assert_eq!(found("20261121").expect("by beginning"), all[0]);
        assert_eq!(found("2026").expect_err("three fit").code().status(), 2);
        assert!(found("wiki").expect_err("none").render().contains("wiki"));
        assert_eq!(all[1].service(), "my-shop");
    }
}
