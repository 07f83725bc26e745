//! What is settled before step one: the body of a journal's first event.

use crate::types::{
    Bearing, BootId, Digest, Millis, RunId, Series, ServiceId, Timestamp, Version, WarningId, Who,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What was settled before step one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The run's name.
    pub run: RunId,
    /// The service.
    pub service: ServiceId,
    /// `up`, `down` or `init`.
    pub direction: String,
    /// The plan's path as it was given.
    pub plan: String,
    /// The plan's digest.
    pub plan_digest: Digest,
    /// The run's directory.
    pub run_dir: PathBuf,
    /// Short host name.
    pub host: String,
    /// Who started it.
    pub who: Who,
    /// Which upwalk did.
    pub upwalk: String,
    /// The boot it began in.
    pub boot: BootId,
    /// What `detect` printed, or what the ledger or `--from` said.
    pub from_exact: Option<Version>,
    /// The series it comes from (`$FROM`).
    pub from: Option<Series>,
    /// Where it goes (`$TO`, `$TARGET`).
    pub to: Option<Series>,
    /// Settled variables; secret ones without their value.
    pub vars: BTreeMap<String, VarValue>,
    /// What commands inherit: PATH, LANG, TERM, the admin's HOME and what `inherit` names.
    pub env: BTreeMap<String, String>,
    /// Warnings accepted beforehand, as `id:digest`.
    pub accepts: Vec<(WarningId, Digest)>,
    /// Whether each step waits for a person.
    pub step_mode: StepMode,
    /// An earlier run of the service that was stopped and left as it is: its name and the step.
    pub after_stopped: Option<(RunId, String)>,
    /// Environment name and kind of row 1, from the configuration.
    pub environment: Option<(String, String)>,
    /// Umask, nice value and limits that commands get; none in journals of format 1.0: those of
    /// the supervisor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearing: Option<Bearing>,
    /// How old a phrase that was typed at a screen may be when what it was typed for begins (since
    /// 1.2); none: of any age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Millis>,
    /// Since when the state was at `from_exact`, where the ledger says the same version (since 1.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_since: Option<Timestamp>,
}

/// Whether each step waits for a person (`--step`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepMode {
    /// Steps follow each other.
    Flowing,
    /// Each waits.
    Stepping,
}

/// A settled variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VarValue {
    /// Its value; none where it is secret.
    pub value: Option<String>,
    /// Where it came from: `set`, `file`, `env`, `command` or `default`.
    pub from: String,
}
