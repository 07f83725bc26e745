//! What a dry run says, as data. Field names are documented output: they do not change within a
//! schema version. Absent values are `null`; lengths of time are milliseconds.

use super::items::{FactShown, ItemShown, LevelName, WarningShown};
use crate::engine::Back;
use crate::types::{Digest, RunId, ServiceId, StepId, WarningId};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything that `upwalk up PLAN` would do, ask and show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DryRun {
    /// The version of this document's format.
    pub schema: u32,
    /// The plan as it was named.
    pub plan: String,
    /// What `--digest` takes.
    pub digest: Digest,
    /// The plan's title.
    pub title: Option<String>,
    /// Where the upstream procedure is documented.
    pub docs: Option<String>,
    /// Where the plan comes from: `source`, `checked`, `confidence`, as far as it says.
    pub provenance: BTreeMap<String, String>,
    /// The service.
    pub service: ServiceId,
    /// `up`.
    pub direction: String,
    /// The host the digests are for.
    pub host: String,
    /// The environment of row 1, where the configuration names one.
    pub environment: Option<EnvironmentName>,
    /// Where it comes from and goes.
    pub versions: VersionsShown,
    /// Whether the read-only commands were run (`--evaluate`).
    pub evaluated: bool,
    /// Settled variables, in the plan's order.
    pub variables: Vec<VariableShown>,
    /// The shell that texts are given to.
    pub shell: Vec<String>,
    /// What a plain command of the plan sees; steps show how theirs differs.
    pub environment_of_commands: BTreeMap<String, String>,
    /// upwalk's own warnings of the run as a whole, confirmed before anything runs.
    pub own_warnings: Vec<WarningShown>,
    /// A command without output for longer than this is remarked on.
    pub silence_ms: u64,
    /// Phases and pauses, in order.
    pub items: Vec<ItemShown>,
    /// The first post-deploy phase: the run always stops before it.
    pub boundary: Option<StepId>,
    /// The first step that nothing takes back.
    pub point_of_no_return: Option<StepId>,
    /// What a rollback would do as late as one is possible, in its order; steps that change
    /// nothing are left out.
    pub way_back: Vec<WayBack>,
    /// What a person will be asked.
    pub questions: Questions,
    /// Every warning of the walk, in order.
    pub confirmations: Vec<Confirmation>,
    /// The run without a person.
    pub unattended: Unattended,
    /// The name of the run this was worked out for; a real one has its own.
    pub run: RunId,
    /// Where that run's plan copy, journal and logs would lie.
    pub run_dir: String,
}

/// One line of a rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WayBack {
    /// The step.
    pub step: StepId,
    /// Its number: `3.2`.
    pub number: String,
    /// What happens to it.
    pub back: Back,
}

/// The environment as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvironmentName {
    /// `PROD` and the like.
    pub name: String,
    /// `prod` or `other`.
    pub kind: String,
}

/// Where the version to come from was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FromSource {
    /// `--from`.
    Flag,
    /// What an earlier run or `ledger adopt` recorded.
    Ledger,
    /// The lowest version that the plan serves.
    Lowest,
    /// `detect`, with `--evaluate`.
    Detected,
    /// The plan has no versions, or names none that could be assumed.
    Nowhere,
}

/// Where the walk comes from and goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionsShown {
    /// The version it is assumed to come from.
    pub from: Option<String>,
    /// Its series, `$FROM`.
    pub from_series: Option<String>,
    /// Where that was taken from.
    pub from_source: FromSource,
    /// Which installed versions the plan serves.
    pub serves: Option<String>,
    /// Where it goes, `$TO`.
    pub to: Option<String>,
    /// How the installed version is looked up when a run starts.
    pub detect: Option<String>,
    /// What that said, with `--evaluate`.
    pub detected: Option<FactShown>,
}

/// A settled variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VariableShown {
    /// Its name.
    pub name: String,
    /// Its value; none where it is secret or has none.
    pub value: Option<String>,
    /// Whether it is shown to nobody.
    pub secret: bool,
    /// `set`, `file`, `env`, `command`, `default`, or `unset`.
    pub from: String,
    /// What it is, for people.
    pub help: Option<String>,
}

/// What kind of question it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// May the run begin?
    Start,
    /// A warning to acknowledge.
    Ack,
    /// A phrase to type.
    Type,
    /// May the next step begin (`--step`, or it needs a person's terminal)?
    NextStep,
    /// Is a manual step done?
    Manual,
    /// A pause.
    Pause,
    /// The stop before the first post-deploy phase.
    Boundary,
    /// Something that only comes up where things go wrong.
    Trouble,
}

/// What a person will be asked where everything goes well and every guard lets things happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Questions {
    /// How many, the one that begins the run included; notes do not count.
    pub total: usize,
    /// How many of each kind.
    pub by_kind: BTreeMap<QuestionKind, usize>,
    /// Each, in order.
    pub list: Vec<QuestionShown>,
    /// Why the walk could not be followed to its end, which would be a bug.
    pub cut_short: Option<String>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuestionShown {
    /// What kind.
    pub kind: QuestionKind,
    /// The phase, pause or step it stands at.
    pub at: Option<StepId>,
    /// The warning it is about.
    pub warning: Option<WarningId>,
}

/// One warning in the list of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// `W1`, `W2`, …
    pub number: String,
    /// Its id.
    pub id: WarningId,
    /// What a person has to do.
    pub level: LevelName,
    /// Its digest.
    pub digest: Digest,
    /// The phrase to type.
    pub phrase: Option<String>,
    /// The phase, pause or step it stands before; none: the run as a whole.
    pub before: Option<StepId>,
}

/// The run without a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unattended {
    /// The command, quoted for a shell, in the words it may be broken between.
    pub words: Vec<String>,
    /// What the command line cannot carry and the caller has to bring along.
    pub needs: Vec<String>,
    /// Where it stops all the same, in order.
    pub parks_at: Vec<QuestionShown>,
}

/// The dry run as a JSON document; characters that a terminal must not see are escaped.
pub fn json(dry_run: &DryRun) -> String {
    super::quote::json_text(dry_run)
}
