//! A run as its directory has it: the journal's events, the plan's own copy, and the state they
//! add up to. Changes nothing. Called by `serve` (before it takes a run over) and by `client` (to
//! look at one).

use crate::journal::codec::{self, Journal, Unread};
use crate::journal::{Event, Recorded, RunState};
use crate::plan::{self, FileDigest, Paint, Plan};
use crate::shell::store::{self, PlanFileError, Remains, RunDir, StateDir, StoreError};
use crate::text;
use crate::types::{RunId, ServiceId};
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
    /// What follows the last whole event, as a crash leaves it: how many bytes, and how they begin.
    pub(super) torn: Option<(u64, String)>,
    /// What the journal adds up to.
    pub(super) state: RunState,
}

/// Reads a run.
pub(super) fn load(dir: &RunDir) -> Result<Loaded, LoadError> {
    // Looked at before the journal is read: whatever a supervisor that is at work has let begin by
    // now, it had journalled before.
    let remains = dir.remains()?;
    let bytes = dir.read_journal()?;
    if !bytes.contains(&b'\n') && remains.iter().all(Remains::is_stray) {
        return Err(not_begun(dir));
    }
    let journal = decode(dir, &bytes)?;
    let state = fold(dir, &journal.events)?;
    let torn = torn(&bytes, journal.good_bytes);
    is_whole(dir, &state, &remains)?;
    let plan = confirmed_plan(dir, &state)?;
    Ok(Loaded {
        plan,
        journal,
        torn,
        state,
    })
}

/// What follows the last whole event: how many bytes, and how they begin.
fn torn(bytes: &[u8], good: u64) -> Option<(u64, String)> {
    let good = usize::try_from(good).ok()?;
    let tail = bytes.get(good..).filter(|tail| !tail.is_empty())?;
    let began = if tail.iter().all(|byte| *byte == 0) {
        "zeros".to_owned()
    } else {
        text::cut(&text::clean(&String::from_utf8_lossy(tail)), 100)
    };
    Some((tail.len() as u64, began))
}

/// Reads the run's own copy of its plan, which has to be the one that was confirmed.
pub(super) fn confirmed_plan(dir: &RunDir, state: &RunState) -> Result<Plan, LoadError> {
    let plan = plan(dir)?;
    if plan.digest == state.run.plan_digest {
        return Ok(plan);
    }
    Err(LoadError {
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
    })
}

/// Checks a journal's bytes.
fn decode(dir: &RunDir, bytes: &[u8]) -> Result<Journal, LoadError> {
    codec::decode(bytes).map_err(|unread| match unread {
        Unread::Damaged(damage) if damage.line == 1 => no_beginning(dir, &damage.to_string()),
        Unread::Damaged(damage) => damaged(dir, &damage.to_string()),
        Unread::Newer(why) => newer(dir, &why),
    })
}

/// The service that the run's first event names.
pub(super) fn service_of(dir: &RunDir) -> Result<ServiceId, LoadError> {
    let journal = decode(dir, &dir.read_journal()?)?;
    match journal.events.first().map(|first| &first.event) {
        Some(Event::RunStarted(run)) => Ok(run.service.clone()),
        Some(_) => Err(no_beginning(dir, "it does not begin with RunStarted")),
        None if dir.has_begun()? => Err(no_beginning(dir, "it is empty")),
        None => Err(not_begun(dir)),
    }
}

/// Adds a run's events up.
fn fold(dir: &RunDir, events: &[Recorded]) -> Result<RunState, LoadError> {
    RunState::of(events).map_err(|error| match events {
        [] => no_beginning(dir, "it is empty"),
        [_, ..] => damaged(dir, &error.to_string()),
    })
}

/// Holds a journal to what lies beside it: none of that may tell of more than the journal does.
fn is_whole(dir: &RunDir, state: &RunState, remains: &[Remains]) -> Result<(), LoadError> {
    match missing(dir, state, remains)? {
        None => Ok(()),
        Some(why) => Err(damaged(dir, &why)),
    }
}

/// What tells that the journal is shorter than the truth; none where nothing does. What a
/// supervisor that is at work has journalled since it was read is no such thing: `dir` is looked at
/// again before anything but a trace is said.
pub(super) fn missing(
    dir: &RunDir,
    state: &RunState,
    remains: &[Remains],
) -> Result<Option<String>, LoadError> {
    let last = state.last;
    let later = |trace: &&Remains| trace.number > last && !trace.is_stray();
    if let Some(trace) = remains.iter().find(later) {
        return Ok(Some(format!(
            "it ends at event {last}, and yet a later command has left {}",
            dir.remains_path(trace).display()
        )));
    }
    let state_dir = state_dir_of(dir.path())?;
    let Some(why) = told_elsewhere(&state_dir, state)? else {
        return Ok(None);
    };
    let now = codec::good_part(&dir.read_journal()?).map(|(journal, _)| journal);
    let grown = now.is_ok_and(|now| now.events.last().is_some_and(|event| event.n > last));
    Ok((!grown).then_some(why))
}

/// What ledger and claims tell of the run beyond its journal.
fn told_elsewhere(state_dir: &StateDir, state: &RunState) -> Result<Option<String>, LoadError> {
    let (run, last) = (&state.run, state.last);
    // A ledger that cannot be read tells nothing here; whoever needs it says so.
    if let Ok(Some(entry)) = state_dir.ledger(&run.service)
        && entry.run == run.run
        && entry.number > last
    {
        return Ok(Some(format!(
            "it ends at event {last}, and yet the ledger of {} tells of its event {}",
            run.service, entry.number
        )));
    }
    if state.finished.is_some() || state_dir.open_run_of(&run.service)?.as_ref() == Some(&run.run) {
        return Ok(None);
    }
    let after = |other: &&RunId| other.service() == run.service.as_str() && **other > run.run;
    let later = state_dir.runs()?;
    Ok(later.iter().find(after).map(|later| {
        format!("it ends at event {last} without the run's end, and yet {later} has begun since")
    }))
}

/// The state directory that a run's directory lies in.
pub(super) fn state_dir_of(run_dir: &Path) -> Result<StateDir, LoadError> {
    let root = run_dir.ancestors().nth(2);
    let dir = root.map(StateDir::look).transpose()?.flatten();
    dir.ok_or_else(|| LoadError {
        what: format!(
            "{} does not lie in a state directory of upwalk",
            run_dir.display()
        ),
        hint: Some("upwalk runs".to_owned()),
        code: 1,
    })
}

/// A run's name, which is its directory's.
pub(super) fn name_of(dir: &RunDir) -> String {
    let name = dir.path().file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Damage to the journal, of which a good part can be kept.
fn damaged(dir: &RunDir, why: &str) -> LoadError {
    LoadError {
        what: format!(
            "the journal {} is damaged: {why}; nothing was changed",
            dir.journal_path().display()
        ),
        hint: Some(format!("upwalk salvage {}", name_of(dir))),
        code: 8,
    }
}

/// Damage that leaves nothing to keep.
pub(super) fn no_beginning(dir: &RunDir, why: &str) -> LoadError {
    LoadError {
        what: format!(
            "the journal {} is damaged: {why}; without its first event nothing of it can be kept. \
             Nothing was changed",
            dir.journal_path().display()
        ),
        hint: Some(format!(
            "restore journal.jsonl from a backup; what the run's commands did is in their logs: \
             ls {}",
            dir.path().display()
        )),
        code: 8,
    }
}

/// The run has no event yet: nothing of it was done.
fn not_begun(dir: &RunDir) -> LoadError {
    LoadError {
        what: format!(
            "the run {} has not begun: either it is being started just now, or its start was cut \
             off before anything was done",
            name_of(dir)
        ),
        hint: Some(
            "begin anew with upwalk up PLAN, which removes what such a start left".to_owned(),
        ),
        code: 4,
    }
}

/// A journal that only a newer upwalk reads.
pub(super) fn newer(dir: &RunDir, why: &str) -> LoadError {
    LoadError {
        what: format!(
            "the journal {} cannot be read by this upwalk: {}; nothing was changed",
            dir.journal_path().display(),
            text::clean(why)
        ),
        hint: Some("use the upwalk that wrote it".to_owned()),
        code: 3,
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
