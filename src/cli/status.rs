//! `upwalk status`: what is open, what waits for whom, what is owed. Needs no supervisor.

use super::args::StatusArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::out;
use crate::report::{self, Status, Supervisor};
use crate::shell::clock;
use crate::shell::store::StateDir;
use crate::supervisor::client;
use crate::types::RunId;

/// Prints it.
pub(super) fn run(context: &Context, args: &StatusArgs) -> Result<Code, Failure> {
    let mut all = Vec::new();
    let mut unreadable = None;
    if let Some(state) = context.look()? {
        let open = state.open_runs()?;
        let looked = open.runs.iter().map(|run| one(context, &state, run));
        let unnamed = open.unreadable.into_iter().map(|error| Err(error.into()));
        for status in looked.chain(unnamed) {
            match status {
                Ok(status) => all.push(status),
                // One run that cannot be read hides no other.
                Err(failure) => {
                    out::say(&failure.render());
                    unreadable.get_or_insert(failure.code());
                }
            }
        }
    }
    if args.json {
        out::print(&report::status_json(&all))?;
    } else if !(all.is_empty() && (args.motd || unreadable.is_some())) {
        out::print(&report::statuses(&all))?;
    }
    Ok(match unreadable {
        _ if !args.exit_code => Code::Done,
        Some(unreadable) => unreadable,
        None => code(&all),
    })
}

/// The status of one open run.
fn one(context: &Context, state: &StateDir, run: &RunId) -> Result<Status, Failure> {
    let dir = state.run(run)?;
    let (plan, folded) = client::read_run(&dir)?;
    let supervisor = if client::is_served(&dir) {
        Supervisor::Alive
    } else {
        Supervisor::Gone
    };
    let mut status = report::status(&plan, &folded, &clock::now(), supervisor);
    if let Some(short) = dir.shortage() {
        status = status.short_of(&short);
    }
    for command in &mut status.commands {
        *command = context.pasteable(command);
    }
    Ok(status)
}

/// 0 nothing open, 4 waits for a person, 5 a failed step; the worst of all runs counts.
fn code(all: &[Status]) -> Code {
    if all.iter().any(|status| status.failed) {
        Code::Failed
    } else if all.iter().any(|status| status.needs_person) {
        Code::Person
    } else {
        Code::Done
    }
}
