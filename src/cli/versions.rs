//! Where the run comes from and where it goes (plan-language, "Versions").

use super::args::UpArgs;
use super::failure::{Code, Failure};
use crate::plan::{Plan, VersionRules};
use crate::report::FromSource;
use crate::types::{Series, Version};

/// Where a run comes from and goes.
#[derive(Debug, Clone)]
pub(super) struct Versions {
    /// The version installed.
    pub(super) exact: Option<Version>,
    /// Where that was taken from.
    pub(super) source: FromSource,
    /// Where it goes.
    pub(super) to: Option<Series>,
}

/// What `--from` and `--to` say, checked against the plan.
#[derive(Debug, Clone)]
pub(super) struct Flags {
    /// `--from`.
    pub(super) from: Option<Version>,
    /// `--to`, else the plan's target.
    pub(super) to: Option<Series>,
}

/// Reads `--from` and `--to`; a plan without versions takes neither, one with them needs a target.
pub(super) fn flags(plan: &Plan, args: &UpArgs) -> Result<Flags, Failure> {
    let Some(rules) = &plan.version else {
        return match (&args.from, &args.to) {
            (None, None) => Ok(Flags {
                from: None,
                to: None,
            }),
            (Some(_), _) | (_, Some(_)) => Err(Failure::usage(
                "--from and --to need a plan with a `version`",
            )),
        };
    };
    let bad =
        |flag: &str, error: &dyn std::fmt::Display| Failure::usage(format!("{flag}: {error}"));
    let from = args.from.as_deref().map(Version::parse).transpose();
    let to = args.to.as_deref().map(Series::parse).transpose();
    let to = to
        .map_err(|error| bad("--to", &error))?
        .or_else(|| rules.to.clone());
    if to.is_none() {
        return Err(Failure::usage("the plan has no target of its own").hint("--to VERSION"));
    }
    Ok(Flags {
        from: from.map_err(|error| bad("--from", &error))?,
        to,
    })
}

impl Versions {
    /// What the dry run assumes: `--from`, else the ledger, else the lowest version served.
    pub(super) fn assumed(plan: &Plan, flags: &Flags, ledger: Option<Version>) -> Self {
        let lowest = || {
            let lowest = plan.version.as_ref()?.from.as_ref()?.lowest()?;
            Version::parse(lowest.as_str()).ok()
        };
        let (exact, source) = if let Some(from) = flags.from.clone() {
            (Some(from), FromSource::Flag)
        } else if let Some(version) = ledger.filter(|_| plan.version.is_some()) {
            (Some(version), FromSource::Ledger)
        } else if let Some(version) = lowest() {
            (Some(version), FromSource::Lowest)
        } else {
            (None, FromSource::Nowhere)
        };
        Self {
            exact,
            source,
            to: flags.to.clone(),
        }
    }

    /// What a run starts from: what `detect` printed, else `--from`, else the ledger.
    pub(super) fn settled(
        plan: &Plan,
        flags: &Flags,
        detected: Option<Result<String, String>>,
        ledger: Option<Version>,
    ) -> Result<Self, Failure> {
        let Some(rules) = &plan.version else {
            return Ok(Self {
                exact: None,
                source: FromSource::Nowhere,
                to: None,
            });
        };
        let needed = |why: String| {
            Failure::usage("the installed version is unknown")
                .because(why)
                .hint("say which one is installed: --from VERSION")
        };
        let (exact, source) = match (detected, &flags.from, ledger) {
            (Some(said), from, _) => match (said.and_then(|line| parsed(&line)), from) {
                (Ok(found), Some(from)) if found != *from => {
                    let what = format!("--from says {from}, but {found} is installed");
                    return Err(Failure::usage(what)
                        .because("the plan's `detect` has looked")
                        .hint("leave --from out"));
                }
                (Ok(found), _) => (found, FromSource::Detected),
                (Err(_), Some(from)) => (from.clone(), FromSource::Flag),
                (Err(why), None) => {
                    return Err(needed(format!("the plan's `detect` could not tell: {why}")));
                }
            },
            (None, Some(from), _) => (from.clone(), FromSource::Flag),
            (None, None, Some(version)) => (version, FromSource::Ledger),
            (None, None, None) => {
                return Err(needed(
                    "the plan has no `detect`, and the ledger has no version of this service"
                        .into(),
                ));
            }
        };
        served(rules, &exact, flags)?;
        Ok(Self {
            exact: Some(exact),
            source,
            to: flags.to.clone(),
        })
    }

    /// The series it comes from, `$FROM`.
    pub(super) fn from(&self) -> Option<Series> {
        Series::parse(self.exact.as_ref()?.as_str()).ok()
    }

    /// Whether the target is reached already.
    pub(super) fn nothing_to_do(&self) -> Option<String> {
        let (exact, to) = (self.exact.as_ref()?, self.to.as_ref()?);
        to.reached_by(exact)
            .then(|| format!("Nothing to do: {exact} is installed, and the plan goes to {to}.\n"))
    }
}

/// The version in the first line that `detect` printed.
fn parsed(line: &str) -> Result<Version, String> {
    Version::parse(line).map_err(|error| error.to_string())
}

/// Fails where the plan does not serve what is installed. What has reached the target is no matter
/// of `from`: there is nothing to do.
fn served(rules: &VersionRules, exact: &Version, flags: &Flags) -> Result<(), Failure> {
    let reached = flags.to.as_ref().is_some_and(|to| to.reached_by(exact));
    match &rules.from {
        Some(wanted) if !reached && !wanted.matches(exact) => {
            let what = format!("the plan is not for the installed version {exact}");
            Err(Failure::new(Code::Plan, what)
                .because(format!("it serves {}", wanted.as_str()))
                .hint("use the plan that goes from that version; nothing was started"))
        }
        Some(_) | None => Ok(()),
    }
}
