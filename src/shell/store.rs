//! State on disk: the state directory, run directories, the journal's file, locks, ledgers.
//!
//! Layout and modes: architecture.md, "State on disk".

use crate::ledger::Entry;
use crate::types::{RunId, Seq, ServiceId};
use std::path::{Path, PathBuf};

/// What went wrong with a file or directory: which, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{what} {}", path.display())]
pub struct StoreError {
    /// What failed, as in "cannot write".
    pub what: String,
    /// The file or directory.
    pub path: PathBuf,
    /// A command or an action that mends it.
    pub hint: Option<String>,
    /// The cause.
    #[source]
    pub source: Option<std::io::Error>,
}

/// The state directory, opened and checked.
#[derive(Debug, Clone)]
pub struct StateDir {
    root: PathBuf,
}

impl StateDir {
    /// Where it lies when nobody says: `/var/lib/upwalk` for root, else `$XDG_STATE_HOME/upwalk`
    /// (`~/.local/state/upwalk`).
    pub fn default_path() -> Result<PathBuf, StoreError> {
        todo!()
    }

    /// Opens it, creating it (0700) where it is missing; fails where somebody else owns it or
    /// others can write it. Warnings for people (tmpfs, network, little room) come with it.
    pub fn open(_path: &Path) -> Result<(Self, Vec<String>), StoreError> {
        todo!()
    }

    /// Opens it for looking only: nothing is created; none where there is none.
    pub fn look(_path: &Path) -> Result<Option<Self>, StoreError> {
        todo!()
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// All runs, newest first.
    pub fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        todo!()
    }

    /// The open runs (those `services/NAME.open` name).
    pub fn open_runs(&self) -> Result<Vec<RunId>, StoreError> {
        todo!()
    }

    /// The run that is open for a service.
    pub fn open_run_of(&self, _service: &ServiceId) -> Result<Option<RunId>, StoreError> {
        todo!()
    }

    /// Names `run` as the service's open one (O_EXCL, fsynced); `Ok(Some(other))` where another is.
    pub fn claim(&self, _service: &ServiceId, _run: &RunId) -> Result<Option<RunId>, StoreError> {
        todo!()
    }

    /// Ends the claim, after the run's last event.
    pub fn release(&self, _service: &ServiceId, _run: &RunId) -> Result<(), StoreError> {
        todo!()
    }

    /// Takes the service's lock without waiting: a supervisor lives while it is held. None where
    /// another holds it.
    pub fn lock(&self, _service: &ServiceId) -> Result<Option<ServiceLock>, StoreError> {
        todo!()
    }

    /// The ledger's last entry for a service.
    pub fn ledger(&self, _service: &ServiceId) -> Result<Option<Entry>, StoreError> {
        todo!()
    }

    /// Appends to a service's ledger, fsynced; an entry of the same run and number is not repeated.
    pub fn append_ledger(&self, _entry: &Entry) -> Result<(), StoreError> {
        todo!()
    }

    /// Creates a run's directory with the plan's bytes and its `files` (relative path, mode,
    /// contents) under `files/`, all fsynced.
    pub fn create_run(
        &self,
        _run: &RunId,
        _plan_name: &str,
        _plan: &[u8],
        _files: &[(PathBuf, u32, Vec<u8>)],
    ) -> Result<RunDir, StoreError> {
        todo!()
    }

    /// A run's directory; fails where there is none.
    pub fn run(&self, _run: &RunId) -> Result<RunDir, StoreError> {
        todo!()
    }

    /// Removes a run's directory that never came to its first event.
    pub fn discard_run(&self, _run: &RunId) -> Result<(), StoreError> {
        todo!()
    }
}

/// The service's lock, held as long as this lives.
#[derive(Debug)]
pub struct ServiceLock {
    _file: std::fs::File,
}

/// A run's directory.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plan's copy: `plan.yaml`, or `plan.json` where it is one.
    pub fn plan_path(&self) -> PathBuf {
        todo!()
    }

    /// Where the copies of the plan's `files` lie: `$FILES`.
    pub fn files_dir(&self) -> PathBuf {
        self.path.join("files")
    }

    /// A file of an intent: `0042-migrate.1.log` for suffix `log`.
    pub fn intent_file(&self, number: Seq, stem: &str, suffix: &str) -> PathBuf {
        self.path.join(format!("{number:04}-{stem}.{suffix}"))
    }

    /// The supervisor's socket.
    pub fn socket_path(&self) -> PathBuf {
        self.path.join("supervisor.sock")
    }

    /// The journal's bytes.
    pub fn read_journal(&self) -> Result<Vec<u8>, StoreError> {
        todo!()
    }

    /// Opens the journal for appending and cuts it to `good_bytes`.
    pub fn open_journal(&self, _good_bytes: u64) -> Result<JournalFile, StoreError> {
        todo!()
    }

    /// Stores the run's secrets (0600, fsynced).
    pub fn write_secrets(&self, _secrets: &super::ask::Secrets) -> Result<(), StoreError> {
        todo!()
    }

    /// The run's secrets; empty where it has none.
    pub fn read_secrets(&self) -> Result<super::ask::Secrets, StoreError> {
        todo!()
    }

    /// Removes the secrets, once nothing of the run can be run any more.
    pub fn remove_secrets(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Creates `NNNN-stem.lock` (O_EXCL, fsynced) before the intent of this number is journalled.
    pub fn create_fence(&self, _number: Seq, _stem: &str) -> Result<(), StoreError> {
        todo!()
    }
}

/// The journal's file, open for appending.
#[derive(Debug)]
pub struct JournalFile {
    _file: std::fs::File,
}

impl JournalFile {
    /// Appends in one write and one sync. A short write is undone; after a failed sync nothing may
    /// be appended any more and the caller has to end.
    pub fn append(&mut self, _bytes: &[u8]) -> Result<(), StoreError> {
        todo!()
    }
}
