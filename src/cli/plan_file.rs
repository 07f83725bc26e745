//! The plan that `up` names: read, checked, sealed with its files.

use super::args::UpArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use crate::plan::{self, FileDigest, Plan};
use crate::shell::store::{Copied, PlanFile, PlanFileError, read_plan};
use std::path::Path;

/// A plan with everything that goes into its run.
pub(super) struct Loaded {
    /// The plan.
    pub(super) plan: Plan,
    /// Its file.
    pub(super) file: PlanFile,
    /// The files it names.
    pub(super) files: Vec<Copied>,
}

/// Reads the plan that was named; fails where it is unreadable, unsafe, invalid, not the one that
/// `--digest` means, or uses what this upwalk does not execute yet.
pub(super) fn load(context: &Context, args: &UpArgs) -> Result<Loaded, Failure> {
    let named = args.plan.as_str();
    let is_path = named.contains('/')
        || [".yaml", ".yml", ".json"]
            .iter()
            .any(|end| named.ends_with(end));
    if !is_path {
        let what = format!("no plan named \"{named}\" comes with upwalk");
        return Err(Failure::usage(what).hint(format!("a file of that name is ./{named}")));
    }
    let invalid = |found: &plan::Diagnostics| {
        let many = match found.found.len() {
            1 => "1 error".to_owned(),
            many => format!("{many} errors"),
        };
        let what = format!("the plan {named} is invalid: {many}");
        Failure::diagnostics(what, found, context.paint())
    };
    let file = read_plan(Path::new(named)).map_err(unreadable)?;
    let draft = plan::read(named, &file.bytes).map_err(|found| invalid(&found))?;
    let mut files = Vec::new();
    for path in draft.files() {
        match file.files(&[path]) {
            Ok(more) => files.extend(more),
            Err(PlanFileError::Unreadable(error)) => {
                let why = Failure::from(error).render();
                let why = why.lines().next().unwrap_or_default();
                let why = why.strip_prefix("upwalk: ").unwrap_or(why).to_owned();
                return Err(invalid(&draft.file_error(path, why)));
            }
            Err(unsafe_) => return Err(unreadable(unsafe_)),
        }
    }
    files.sort();
    files.dedup();
    let digests: Vec<_> = files
        .iter()
        .map(|(path, mode, bytes)| FileDigest::of(path, *mode, bytes))
        .collect();
    let plan = draft.seal(&digests);
    if !plan.not_yet.found.is_empty() {
        let what =
            format!("the plan {named} uses what this version of upwalk does not execute yet");
        return Err(Failure::diagnostics(what, &plan.not_yet, context.paint())
            .hint("nothing was started; a later version of upwalk walks this plan"));
    }
    if let Some(wanted) = args
        .digest
        .as_deref()
        .filter(|d| *d != plan.digest.as_str())
    {
        let what = format!("the plan {named} is not the one with digest {wanted}");
        return Err(Failure::new(Code::Plan, what)
            .because(format!("its digest is {}", plan.digest))
            .hint("review it again: upwalk up PLAN --plan"));
    }
    Ok(Loaded { plan, file, files })
}

/// What others can change is unsafe; what is no file at all is no plan; all else is the machine's.
fn unreadable(error: PlanFileError) -> Failure {
    match error {
        PlanFileError::Unsafe(error) => Failure::from(error).with_code(Code::Plan),
        PlanFileError::Unreadable(error) if error.source.is_none() => {
            Failure::from(error).with_code(Code::Plan)
        }
        PlanFileError::Unreadable(error) => Failure::from(error),
    }
}
