//! `upwalk attach`: a run's screen from any login; its supervisor is started again if it died.

use super::args::AttachArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::follow::{self, Role, code_of};
use super::{find, out};
use crate::report;
use crate::shell::store::StateDir;
use crate::supervisor::client::{self, Client};
use crate::supervisor::wire::Part;
use crate::types::RunId;

/// Attaches; to a finished run it shows the end.
pub(super) fn run(context: &Context, args: &AttachArgs) -> Result<Code, Failure> {
    if args.all {
        return all(context);
    }
    let found = find::find(context, args.run.as_deref())?;
    if !found.open {
        let (plan, state) = client::read_run(&found.state.run(&found.run)?)?;
        // One without an end had it cut off: its supervisor ends it once more.
        if let Some(finished) = &state.finished {
            let lines = report::finished_summary(&plan, &state);
            out::print(&format!("{}\n", lines.join("\n")))?;
            return Ok(code_of(&finished.result));
        }
    }
    let role = if args.observe {
        Role::Observe
    } else {
        Role::Attach
    };
    follow::follow(context, &found.state, &found.run, role)
}

/// Starts the supervisors of all open runs. One that cannot be started keeps no other from it.
fn all(context: &Context) -> Result<Code, Failure> {
    let Some(state) = context.look()? else {
        return Ok(Code::Done);
    };
    let mut first = None;
    let open = find::open_runs(&state)?;
    let started = open.runs.iter().map(|run| one_of_all(&state, run));
    let unnamed = open.unreadable.into_iter().map(|error| Err(error.into()));
    for run in started.chain(unnamed) {
        match run {
            Ok(sentence) => out::print(&sentence)?,
            Err(failure) => {
                let failure = failure.pasted(context);
                out::say(&failure.render());
                first.get_or_insert(failure.code());
            }
        }
    }
    Ok(first.unwrap_or(Code::Done))
}

/// Starts the supervisor of one open run where none lives; says what is the case then.
fn one_of_all(state: &StateDir, run: &RunId) -> Result<String, Failure> {
    if find::run_dir(state, run)?.has_begun()? {
        match Client::attach(state, run, Part::Observe, |_| {}) {
            // One of another version serves it as well.
            Err(error) if error.other.is_none() => return Err(error.into()),
            Ok(_) | Err(_) => {}
        }
        Ok(format!("The supervisor of {run} is running.\n"))
    } else {
        // Nothing of it was done, so nothing of it is to be gone on with.
        Ok(format!(
            "The run {run} has not begun; nothing is started.\n"
        ))
    }
}
