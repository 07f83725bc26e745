//! Which run a verb means: an id, the beginning of one, a service, or none of these.

use super::context::Context;
use super::failure::Failure;
use crate::shell::store::StateDir;
use crate::types::{RunId, ServiceId};

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
    let open = state.open_runs()?.runs;
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
    // A claim that cannot be read may well be this run's.
    let open = match ServiceId::new(run.service()) {
        Ok(service) => state.open_run_of(&service)?.as_ref() == Some(&run),
        Err(_) => false,
    };
    Ok(Found { state, run, open })
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
        [] => Err(Failure::usage(format!("there is no run \"{text}\"")).hint("upwalk runs")),
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
