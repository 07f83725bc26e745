//! `upwalk rollback`: take the started steps back; `--plan` only says what that would do.

use super::args::RollbackArgs;
use super::context::Context;
use super::decide::{self, Order};
use super::failure::{Code, Failure};
use super::find::Found;
use super::follow::{Own, follow_lines, lost, session};
use super::{find, out};
use crate::engine::{self, Back};
use crate::journal::Decision;
use crate::plain::Begin;
use crate::plan::Plan;
use crate::supervisor::client;
use crate::supervisor::wire::Part;
use crate::text;
use crate::types::StepId;
use std::fmt::Write as _;

/// Decides so, or prints what would happen.
pub(super) fn run(context: &Context, args: RollbackArgs) -> Result<Code, Failure> {
    if args.plan {
        return preview(context, args.decide.run.as_deref());
    }
    let found = find::find(context, args.decide.run.as_deref())?;
    // The claim of a run goes a moment after its last event.
    let ended = |found: &Found| -> Result<bool, Failure> {
        let (_, state) = client::read_run(&found.state.run(&found.run)?)?;
        Ok(state.finished.is_some())
    };
    if !found.open || ended(&found)? {
        return reopened(context, &found, args);
    }
    let decision = Decision::Rollback {
        because: args.because,
    };
    let order = Order::answer(decision, args.decide.how);
    decide::run(context, args.decide.run.as_deref(), &order)
}

/// Opens a stopped run again and has it taken back.
fn reopened(context: &Context, found: &Found, args: RollbackArgs) -> Result<Code, Failure> {
    let how = args.decide.how;
    if how.at.is_some() {
        let what = format!("the run {} is finished and asks nothing", found.run);
        let again = context.pasteable(&format!("upwalk rollback {}", found.run));
        return Err(Failure::new(Code::Person, what).hint(again));
    }
    let own = Own::of(context, &found.state, &found.run)?;
    let (paste, blot) = own.texts();
    let number = client::reopen(&found.state, &found.run, args.because)?;
    out::print(&format!("Journalled as event {number} of {}.\n", found.run))?;
    let mut session = session(&found.state, &found.run, Part::Verb, (&paste, &blot))?;
    let gone = |error| lost(context, &found.run, error);
    session.catch_up().map_err(gone)?;
    if how.wait {
        return follow_lines(context, &found.run, &mut session, Begin::No);
    }
    Ok(Code::Done)
}

/// Prints the steps a rollback would take back, in its order.
fn preview(context: &Context, run: Option<&str>) -> Result<Code, Failure> {
    let found = find::find(context, run)?;
    let (plan, state) = client::read_run(&found.state.run(&found.run)?)?;
    let steps = engine::take_backs(&plan, &state).map_err(|why| {
        Failure::new(Code::Person, "there is no way back from here").because(text::clean(&why))
    })?;
    let mut page = String::new();
    if steps.is_empty() {
        page.push_str("Nothing has been started that could be taken back.\n");
    }
    for (index, step) in steps.iter().enumerate() {
        let does = does(step.back);
        let name = name(&plan, &step.step);
        // Writing to a string cannot fail.
        let _ = writeln!(page, "{:>3}. {name}: {does}.", index + 1);
    }
    out::print(&page)?;
    Ok(Code::Done)
}

/// A step's name as the plan writes it.
fn name(plan: &Plan, id: &StepId) -> String {
    let step = plan.up.as_ref().and_then(|walk| walk.step(id));
    step.map_or_else(
        || id.to_string(),
        |(_, step)| format!("{id} ({})", text::clean(step.name.source())),
    )
}

/// What taking a step back does.
fn does(back: Back) -> &'static str {
    match back {
        Back::Nothing => "it changes nothing, so nothing is taken back",
        Back::Undo => "its undo runs",
        Back::Again => "it runs once more",
        Back::Harmless => "it may stay as it is",
        Back::Unsaid => "the plan does not say how; a person is asked",
        Back::Never => "nothing takes it back",
    }
}
