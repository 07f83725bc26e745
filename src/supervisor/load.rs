//! A run as its directory has it: the journal's events, the plan's own copy, and the state they
//! add up to. Changes nothing. Called by `serve` (before it takes a run over) and by `client` (to
//! look at one).

use crate::journal::codec::{self, Journal};
use crate::journal::{Event, Recorded, RunState};
use crate::plan::{self, FileDigest, Paint, Plan};
use crate::shell::store::{self, PlanFileError, RunDir, StoreError};
use crate::types::ServiceId;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Why a run cannot be read or served; also what a supervisor says instead of being ready.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{what}")]
pub(super) struct LoadError {
    /// What failed, one or two sentences.
    pub(super) what: String,
    /// A command or an action that helps.
    pub(super) hint: Option<String>,
    /// The exit code that goes with it.
    pub(super) code: u8,
}

impl From<StoreError> for LoadError {
    fn from(error: StoreError) -> Self {
        use std::error::Error as _;
        let what = match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        Self {
            what,
            hint: error.hint,
            code: 1,
        }
    }
}

/// A run as it was read.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Its plan.
    pub(super) plan: Plan,
    /// Its journal.
    pub(super) journal: Journal,
    /// How many bytes follow the last whole event: one that a crash tore.
    pub(super) torn: u64,
    /// What the journal adds up to.
    pub(super) state: RunState,
}

/// Reads a run.
pub(super) fn load(dir: &RunDir) -> Result<Loaded, LoadError> {
    let bytes = dir.read_journal()?;
    let journal = decode(dir, &bytes)?;
    if journal.events.is_empty() {
        return Err(not_begun(dir));
    }
    let torn = bytes.len() as u64 - journal.good_bytes;
    let state = fold(dir, &journal.events)?;
    let plan = plan(dir)?;
    if plan.digest != state.run.plan_digest {
        return Err(LoadError {
            what: format!(
                "the run's copy of its plan in {} was changed: its digest is {}, and the run was \
                 started with {}; nothing was changed",
                dir.path().display(),
                plan.digest,
                state.run.plan_digest
            ),
            hint: Some(format!(
                "put plan and files back as they were confirmed: they are {} and {}",
                dir.plan_path().display(),
                dir.files_dir().display()
            )),
            code: 3,
        });
    }
    Ok(Loaded {
        plan,
        journal,
        torn,
        state,
    })
}

/// Checks a journal's bytes.
fn decode(dir: &RunDir, bytes: &[u8]) -> Result<Journal, LoadError> {
    codec::decode(bytes).map_err(|damage| damaged(dir, &damage.to_string()))
}

/// The service that the run's first event names.
pub(super) fn service_of(dir: &RunDir) -> Result<ServiceId, LoadError> {
    let journal = decode(dir, &dir.read_journal()?)?;
    match journal.events.first().map(|first| &first.event) {
        Some(Event::RunStarted(run)) => Ok(run.service.clone()),
        Some(_) => Err(damaged(dir, "it does not begin with RunStarted")),
        None => Err(not_begun(dir)),
    }
}

/// The run has no event yet: nothing of it was done.
fn not_begun(dir: &RunDir) -> LoadError {
    let name = dir.path().file_name().unwrap_or_default();
    LoadError {
        what: format!(
            "the run {} has not begun: either it is being started just now, or its start was cut \
             off before anything was done",
            name.to_string_lossy()
        ),
        hint: Some("upwalk up PLAN begins anew and removes what such a start left".to_owned()),
        code: 4,
    }
}

/// Adds a run's events up.
fn fold(dir: &RunDir, events: &[Recorded]) -> Result<RunState, LoadError> {
    RunState::of(events).map_err(|error| damaged(dir, &error.to_string()))
}

/// Damage to the journal.
fn damaged(dir: &RunDir, why: &str) -> LoadError {
    let path = dir.path().join("journal.jsonl");
    LoadError {
        what: format!(
            "the journal {} is damaged: {why}; nothing was changed",
            path.display()
        ),
        hint: Some(format!(
            "look at that place, and restore the file from a backup if there is one: less {}",
            path.display()
        )),
        code: 8,
    }
}

/// Reads a run's own copy of its plan.
pub(super) fn plan(dir: &RunDir) -> Result<Plan, LoadError> {
    let path = dir.plan_path();
    let file = store::read_plan(&path).map_err(unreadable)?;
    let name = path.display().to_string();
    let draft = plan::read(&name, &file.bytes).map_err(|findings| LoadError {
        what: format!(
            "this upwalk cannot read the run's copy of its plan; nothing was changed\n{}",
            findings.render(Paint::Plain)
        ),
        hint: Some("attach with the upwalk that started the run".to_owned()),
        code: 3,
    })?;
    let below = Path::new("files");
    let named: Vec<PathBuf> = draft.files().iter().map(|path| below.join(path)).collect();
    let files = file.files(&named).map_err(unreadable)?;
    let digests: Vec<FileDigest> = files
        .iter()
        .map(|(path, mode, bytes)| {
            let path = path.strip_prefix(below).unwrap_or(path);
            FileDigest::of(path, *mode, bytes)
        })
        .collect();
    Ok(draft.seal(&digests))
}

/// The run's own copy is not there, or not as it was written.
fn unreadable(error: PlanFileError) -> LoadError {
    match error {
        PlanFileError::Unsafe(error) => LoadError {
            code: 3,
            ..error.into()
        },
        PlanFileError::Unreadable(error) => error.into(),
    }
}
