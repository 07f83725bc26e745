//! `upwalk status`: what is open, what waits for whom, what is owed. Needs no supervisor.

use super::args::StatusArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::{find, out};
use crate::report::{self, Meanwhile, Status, Supervisor};
use crate::shell::store::StateDir;
use crate::shell::{clock, logind};
use crate::supervisor::client::{self, Served, Trace};
use crate::types::RunId;

/// Prints it.
pub(super) fn run(context: &Context, args: &StatusArgs) -> Result<Code, Failure> {
    let mut all = Vec::new();
    let mut unreadable = None;
    if let Some(state) = context.look()? {
        let open = find::open_runs(&state)?;
        let looked = open.runs.iter().map(|run| look(context, &state, run));
        let unnamed = open.unreadable.into_iter().map(|error| Err(error.into()));
        for status in looked.chain(unnamed) {
            match status {
                Ok(status) => all.push(status),
                // One run that cannot be read hides no other.
                Err(failure) => {
                    let failure = failure.pasted(context);
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

/// The status of one run.
pub(super) fn look(context: &Context, state: &StateDir, run: &RunId) -> Result<Status, Failure> {
    let dir = find::run_dir(state, run)?;
    // Asked before the journal is read: one that ends in between has written all that it says.
    let served = client::served(&dir);
    let (plan, folded) = client::read_run(&dir)?;
    let claimed = state.open_run_of(&folded.run.service)?.as_ref() == Some(run);
    let supervisor = match served {
        Served::Yes(_) => Supervisor::Alive,
        Served::Stopped(pid) => Supervisor::Stopped(pid),
        Served::No if folded.finished.is_some() && !claimed => Supervisor::Closed,
        Served::No => Supervisor::Gone(meanwhile(client::trace(&dir, &folded))),
    };
    let mut status = report::status(&plan, &folded, &clock::now(), &supervisor);
    if let Some(short) = dir.shortage() {
        status = status.short_of(&short);
    }
    if let Served::Yes(Some(pid)) | Served::Stopped(pid) = served {
        let logout = logind::logout_of(pid);
        status.survives_logout = Some(logout.is_survived());
        status.logout = logout.sentence();
    }
    if let Some(silence) = client::silence(&dir, &plan, &folded, &clock::now()) {
        status = status.silent(&silence);
    }
    for command in &mut status.commands {
        *command = context.pasteable(command);
    }
    Ok(status)
}

/// What became of the command that was under way.
fn meanwhile(trace: Option<Trace>) -> Meanwhile {
    match trace {
        None | Some(Trace::NotStarted) => Meanwhile::Nothing,
        Some(Trace::Runs(what)) => Meanwhile::Runs(what),
        Some(Trace::Ended(_)) => Meanwhile::Ended,
        Some(Trace::Lost(why)) => Meanwhile::Lost(why),
    }
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
