//! The resolved plan. Made by `plan::resolve` alone and handed out behind `&Plan`, so whatever
//! holds one may rely on it: ids are unique, references lead somewhere, patterns compile.

mod step;
mod walk;

pub use step::{
    Asked, Guard, Kind, OnFailure, Polled, Request, Rerun, Retries, Settings, Step, Undo,
};
pub use walk::{Item, Level, Pause, PauseGuard, Phase, Role, Walk, Warning};

use super::{Diagnostics, Script, Template};
use crate::types::{Digest, Millis, Series, ServiceId, VersionReq};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A valid plan.
#[derive(Debug)]
pub struct Plan {
    parts: PlanParts,
    scripts: Vec<Script>,
}

/// What a plan is made of; see [`Plan`], which derefs to it.
#[derive(Debug)]
pub struct PlanParts {
    /// Over the plan file's bytes and its `files`.
    pub digest: Digest,
    /// The ledger's and the lock's key.
    pub service: ServiceId,
    /// For people.
    pub title: Option<Template>,
    /// Where the upstream procedure is documented.
    pub docs: Option<String>,
    /// Where the plan comes from.
    pub provenance: Option<Provenance>,
    /// Which versions it serves; none: the service has no version.
    pub version: Option<VersionRules>,
    /// Variables in the plan's order.
    pub vars: Vec<Var>,
    /// Scripts and folders that go with the plan, relative to it.
    pub files: Vec<PathBuf>,
    /// What all commands start from.
    pub defaults: Defaults,
    /// The upgrade.
    pub up: Option<Walk>,
    /// The planned downgrade (its execution is part 4).
    pub down: Option<Walk>,
    /// The first installation (its execution is part 4).
    pub init: Option<Walk>,
    /// Keys that this upwalk reads but does not execute yet, each with its place; empty where the
    /// plan can be walked.
    pub not_yet: Diagnostics,
}

impl Plan {
    /// Seals what `resolve` has checked.
    pub(super) fn new(parts: PlanParts, scripts: Vec<Script>) -> Self {
        Self { parts, scripts }
    }

    /// Every shell text as the plan writes it, for whoever asks the shells whether they can read
    /// them.
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }
}

impl std::ops::Deref for Plan {
    type Target = PlanParts;
    fn deref(&self) -> &PlanParts {
        &self.parts
    }
}

/// Where a plan comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Title or URL of the upstream procedure.
    pub source: Option<Template>,
    /// When it was compared with that.
    pub checked: Option<String>,
    /// `documented`, `tried` or `guessed`.
    pub confidence: Option<String>,
}

/// Which versions the plan serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRules {
    /// Shell text whose first line of output is the installed version.
    pub detect: Option<String>,
    /// The installed versions it serves.
    pub from: Option<VersionReq>,
    /// Where it goes unless `--to` says otherwise.
    pub to: Option<Series>,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Var {
    /// Its name, lower case; commands see it in upper case.
    pub name: String,
    /// What it is, for people.
    pub help: Option<String>,
    /// Whether a run cannot start without it.
    pub required: bool,
    /// A pattern its value must match as a whole.
    pub matches: Option<String>,
    /// Where its value comes from when nobody sets it, in the order asked.
    pub sources: Vec<VarSource>,
    /// Whether its value is shown to nobody.
    pub secret: bool,
    /// The name commands see instead of the upper-cased one.
    pub pass_as: Option<String>,
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VarSource {
    /// An environment variable of `up`.
    Env(String),
    /// The first line of a shell text's output.
    Command(String),
    /// This text.
    Default(String),
}

/// What all commands start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// Program and arguments that a shell text is appended to.
    pub shell: Vec<String>,
    /// The user commands run as.
    pub user: Option<Template>,
    /// Their working directory.
    pub dir: Template,
    /// Their environment; `None` unsets.
    pub env: BTreeMap<String, Option<Template>>,
    /// Names taken over from the environment of `up`.
    pub inherit: Vec<String>,
    /// How long a command may run.
    pub timeout: Option<Millis>,
    /// Between TERM and KILL.
    pub grace: Millis,
    /// How long a guard may run.
    pub guard_timeout: Millis,
    /// How long a command may be silent before that is remarked on.
    pub silence: Option<Millis>,
}
