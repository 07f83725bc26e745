//! What a dry run says, as data. Field names are documented output: they do not change within a
//! schema version. Absent values are `null`; lengths of time are milliseconds.

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
    /// What a plain command of the plan sees; steps show how theirs differs.
    pub environment_of_commands: BTreeMap<String, String>,
    /// upwalk's own warnings of the run as a whole, confirmed before anything runs.
    pub own_warnings: Vec<WarningShown>,
    /// Phases and pauses, in order.
    pub items: Vec<ItemShown>,
    /// The first post-deploy phase: the run always stops before it.
    pub boundary: Option<StepId>,
    /// The first step that nothing takes back.
    pub point_of_no_return: Option<StepId>,
    /// What a rollback would do as late as one is possible, in its order.
    pub way_back: Vec<StepId>,
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

/// A phase or a pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ItemShown {
    /// Steps of one role.
    Phase(PhaseShown),
    /// A stop for as long as it takes.
    Pause(PauseShown),
}

/// Steps of one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhaseShown {
    /// Its number, as screens count.
    pub number: String,
    /// Its id.
    pub id: StepId,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: String,
    /// What happens here and why.
    pub text: Option<String>,
    /// Confirmed before it starts.
    pub warnings: Vec<WarningShown>,
    /// Its steps.
    pub steps: Vec<StepShown>,
}

/// A stop for as long as it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseShown {
    /// Its number, as screens count.
    pub number: String,
    /// Its id.
    pub id: StepId,
    /// Its name.
    pub name: String,
    /// What to watch meanwhile.
    pub text: Option<String>,
    /// What not to do, and what looks odd, meanwhile.
    pub meanwhile: Vec<String>,
    /// Continuing earlier needs a reason.
    pub min_ms: Option<u64>,
    /// After this it asks again.
    pub max_ms: Option<u64>,
    /// What must hold on leaving.
    pub guards: Vec<PauseGuardShown>,
    /// Confirmed before it begins.
    pub warnings: Vec<WarningShown>,
}

/// A condition for leaving a pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseGuardShown {
    /// What holds.
    pub name: String,
    /// What is asked.
    pub guard: GuardShown,
    /// What to do where it does not hold.
    pub remedy: Option<String>,
}

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A shell text.
    Run,
    /// A command without a shell.
    Argv,
    /// An assertion.
    Check,
    /// Done by hand.
    Manual,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepShown {
    /// Its number, as screens count.
    pub number: String,
    /// Its id.
    pub id: StepId,
    /// Its name.
    pub name: String,
    /// What kind of step it is.
    pub kind: StepKind,
    /// What it does and why.
    pub text: Option<String>,
    /// What to do when it fails.
    pub remedy: Option<String>,
    /// Its command (`run`, `argv`).
    pub command: Option<CommandShown>,
    /// What it asks (`check`).
    pub check: Option<GuardShown>,
    /// What the admin does (`manual`).
    pub manual: Option<String>,
    /// Run only where this says yes.
    pub only_if: Option<GuardShown>,
    /// Already done where this says yes.
    pub unless: Option<GuardShown>,
    /// Must hold afterwards.
    pub verify: Option<GuardShown>,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// After an unknown outcome: `safe`, `check` or `never`.
    pub rerun: &'static str,
    /// Exit codes that mean done.
    pub ok_codes: Vec<i32>,
    /// When it fails: `ask`.
    pub on_failure: &'static str,
    /// Variables it may write to `$OUTPUT`.
    pub sets: Vec<String>,
    /// Whether it is asked again on return from a pause.
    pub lasting: bool,
    /// How it is taken back.
    pub back: BackShown,
    /// Confirmed before it starts.
    pub warnings: Vec<WarningShown>,
    /// The line of the plan file where it begins.
    pub line: usize,
}

/// How a step is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BackKind {
    /// It changes nothing.
    Nothing,
    /// Its `undo` runs.
    Undo,
    /// It runs once more.
    Again,
    /// It may stay as it is.
    Harmless,
    /// The plan does not say.
    Unsaid,
    /// Nothing takes it back.
    Never,
}

/// How a step is taken back, and what that costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackShown {
    /// Which way.
    pub kind: BackKind,
    /// What that costs, or why it is harmless or impossible, as the plan says.
    pub text: Option<String>,
    /// The command that takes it back.
    pub command: Option<CommandShown>,
    /// The step that an `again` follows.
    pub follows: Option<StepId>,
    /// Is it this step's effect that stands?
    pub applies: Option<GuardShown>,
    /// Proof that it is gone.
    pub verify: Option<GuardShown>,
}

/// A command as it would be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommandShown {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The shell text that is the last argument, where the plan wrote one.
    pub text: Option<String>,
    /// Working directory.
    pub dir: String,
    /// The user; none: the one who starts the run.
    pub user: Option<String>,
    /// The whole environment, secrets as `***`.
    pub env: BTreeMap<String, String>,
    /// What of it differs from `environment_of_commands`.
    pub env_changed: BTreeMap<String, String>,
    /// Names of `environment_of_commands` that it does not see.
    pub env_unset: Vec<String>,
    /// How long it may run; none: as long as it takes.
    pub timeout_ms: Option<u64>,
    /// Between TERM and KILL.
    pub grace_ms: u64,
}

/// A guard as it would be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuardShown {
    /// What is asked, as the plan writes it.
    pub asks: String,
    /// What a yes is: `exit code 0`, `the output is 0`.
    pub holds_when: String,
    /// The command, where it is one.
    pub command: Option<CommandShown>,
    /// For how long it is asked again; none: once.
    pub within_ms: Option<u64>,
    /// The time between two asks.
    pub every_ms: Option<u64>,
    /// What it said, with `--evaluate`.
    pub answer: Option<AnswerShown>,
}

/// What a guard said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerShown {
    /// `yes`, `no` or `could_not_tell`.
    pub said: &'static str,
    /// Why, in a few words.
    pub why: Option<String>,
}

/// A measured value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactShown {
    /// What it is.
    pub name: String,
    /// The command that prints it.
    pub command: Option<String>,
    /// Its first line, with `--evaluate`.
    pub value: Option<String>,
    /// Why it is unknown, with `--evaluate`.
    pub unknown: Option<String>,
}

/// What a person has to do about a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelName {
    /// Nothing: it is shown and journalled.
    Note,
    /// Press a key after reading.
    Ack,
    /// Type a phrase.
    Type,
}

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WarningShown {
    /// `W1`, `W2`, … in the order they come up.
    pub number: String,
    /// Its id.
    pub id: WarningId,
    /// What a person has to do.
    pub level: LevelName,
    /// What `--accept` and `confirm` take.
    pub digest: Digest,
    /// The phrase to type.
    pub phrase: Option<String>,
    /// What it says.
    pub text: String,
    /// Shown only where this does not say no.
    pub only_if: Option<GuardShown>,
    /// Measured when it is shown.
    pub facts: Vec<FactShown>,
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
    /// May the next step begin (`--step`)?
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
