//! `upwalk up PLAN --plan`: what would happen. It starts no process, writes nothing and opens no
//! connection; with `--evaluate` it runs the plan's read-only commands.

use super::args::{PlanFormat, UpArgs};
use super::context::Context;
use super::failure::{Code, Failure};
use super::plan_file::Loaded;
use super::vars::Settled;
use super::versions::{Flags, Versions};
use super::{create, out};
use crate::journal::{Fact, RunStarted};
use crate::report::{self, Evaluated};
use crate::shell::ask::{Secrets, ask, first_line};
use crate::types::Version;

/// Prints it. `base` is the run as far as it is known without looking at the machine.
pub(super) fn run(
    context: &Context,
    args: &UpArgs,
    loaded: &Loaded,
    mut settled: Settled,
    mut base: RunStarted,
    flags: &Flags,
) -> Result<Code, Failure> {
    let plan = &loaded.plan;
    let ledger = ledger(context, loaded)?;
    let mut versions = Versions::assumed(plan, flags, ledger.clone());
    let mut evaluated = None;
    if args.evaluate {
        settled.ask(plan, &base, loaded.file.dir())?;
        base.vars.clone_from(&settled.vars);
        let said = evaluate(loaded, &base, &settled.secrets);
        if let Some(detected) = &said.detected {
            let looked = Versions::settled(plan, flags, Some(detected.clone()), ledger);
            versions = looked.unwrap_or(versions);
        }
        evaluated = Some(said);
    }
    base.from = versions.from();
    base.from_exact = versions.exact;
    base.to = versions.to;
    let told = report::dry_run(plan, &base, versions.source, evaluated.as_ref());
    let text = match args.dry_run {
        Some(PlanFormat::Json) => report::json(&told),
        Some(PlanFormat::Markdown) => report::markdown(&told),
        Some(PlanFormat::Text) | None => report::text(&told),
    };
    // The process is about to end: giving ten thousand steps back piece by piece is for nobody.
    std::mem::forget(told);
    out::print(&text)?;
    Ok(Code::Done)
}

/// The version that the ledger has.
pub(super) fn ledger(context: &Context, loaded: &Loaded) -> Result<Option<Version>, Failure> {
    let Some(state) = context.look()? else {
        return Ok(None);
    };
    let entry = state.ledger(&loaded.plan.service)?;
    Ok(entry.and_then(|entry| entry.state_version))
}

/// Runs the read-only commands of the plan.
fn evaluate(loaded: &Loaded, base: &RunStarted, secrets: &Secrets) -> Evaluated {
    let asks = report::read_only(&loaded.plan, &create::before(base), loaded.file.dir());
    let detected = asks.detect.map(|command| first_line(&command, secrets));
    let answers = asks.asks.into_iter().map(|(key, question)| {
        let answer = ask(&question, secrets);
        (key, answer)
    });
    let facts = asks.facts.into_iter().map(|(warning, commands)| {
        let facts = commands.into_iter().map(|(name, command)| Fact {
            name,
            value: first_line(&command, secrets),
        });
        (warning, facts.collect())
    });
    Evaluated {
        detected,
        answers: answers.collect(),
        facts: facts.collect(),
    }
}
