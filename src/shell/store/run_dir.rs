//! A run's directory: the plan as confirmed, the journal, and the files of each intent.

use super::files::{create_new, ensure_dir, open_own_dir, read_if_any, replace, sync_dir};
use super::{JournalFile, StoreError};
use crate::shell::ask::Secrets;
use crate::shell::identity;
use crate::types::{Seq, Shortage};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// How long `reserve` is, in bytes.
const RESERVE: usize = 1 << 20;

/// A run's directory.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
    owner: u32,
}

impl RunDir {
    /// Opens a run's directory by its path, to act there; fails where it is missing or somebody else
    /// owns it or can write it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        open_own_dir(path)?;
        Ok(Self::checked(path.to_owned(), identity::uid()))
    }

    /// A directory of this owner that was checked, or has just been created.
    pub(super) fn checked(path: PathBuf, owner: u32) -> Self {
        Self { path, owner }
    }

    /// The uid of its owner. Where that is somebody else, this is root, who may look and speak with
    /// the run's supervisor, but never acts in a directory where that user can change every name.
    pub fn owner(&self) -> u32 {
        self.owner
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plan's copy: `plan.yaml`, or `plan.json` where it is one.
    pub fn plan_path(&self) -> PathBuf {
        let json = self.path.join("plan.json");
        if json.exists() {
            json
        } else {
            self.path.join("plan.yaml")
        }
    }

    /// Where the copies of the plan's `files` lie: `$FILES`.
    pub fn files_dir(&self) -> PathBuf {
        self.path.join("files")
    }

    /// A file of an intent: `0042-migrate.1.log` for suffix `log`.
    pub fn intent_file(&self, number: Seq, stem: &str, suffix: &str) -> PathBuf {
        self.path.join(format!("{:04}-{stem}.{suffix}", number.0))
    }

    /// The directory of an intent's `$OUTPUT`; it belongs to the step's user while that runs.
    pub fn output_dir(&self, number: Seq) -> PathBuf {
        self.path.join("output").join(format!("{:04}", number.0))
    }

    /// The supervisor's socket.
    pub fn socket_path(&self) -> PathBuf {
        self.path.join("supervisor.sock")
    }

    /// What the supervisor says to nobody: its standard error.
    pub fn supervisor_log(&self) -> PathBuf {
        self.path.join("supervisor.log")
    }

    /// The journal's bytes; none where nothing has been journalled yet.
    pub fn read_journal(&self) -> Result<Vec<u8>, StoreError> {
        Ok(read_if_any(&self.journal_path())?.unwrap_or_default())
    }

    /// Whether the run has come to its first event: a whole line is in its journal, or a command has
    /// left something although the journal is lost.
    pub fn has_begun(&self) -> Result<bool, StoreError> {
        use std::io::BufRead as _;
        let path = self.journal_path();
        let first = || -> std::io::Result<bool> {
            let mut line = Vec::new();
            std::io::BufReader::new(File::open(&path)?).read_until(b'\n', &mut line)?;
            Ok(line.ends_with(b"\n"))
        };
        match first() {
            Ok(true) => Ok(true),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io("cannot read", &path, error))
            }
            Ok(false) | Err(_) => Ok(self.remains()?.iter().any(|left| !left.is_stray())),
        }
    }

    /// Where the journal lies.
    pub fn journal_path(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// Opens the journal for appending and cuts it to `good_bytes`.
    pub fn open_journal(&self, good_bytes: u64) -> Result<JournalFile, StoreError> {
        JournalFile::open(&self.journal_path(), &self.reserve_path(), good_bytes)
    }

    /// What its filesystem lacks for a step to begin.
    pub fn shortage(&self) -> Option<Shortage> {
        super::space::shortage(&self.path)
    }

    /// Does something that needs a little room. Where the disk is full, the run's `reserve` is given
    /// up for it, once. What is done must bear being done again after it has failed half-way.
    pub(in crate::shell) fn with_reserve<T>(
        &self,
        mut act: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        match act() {
            Err(error)
                if error.kind() == io::ErrorKind::StorageFull && give_up(&self.reserve_path()) =>
            {
                act()
            }
            result => result,
        }
    }

    /// Makes the `reserve` again where it was given up.
    pub fn keep_reserve(&self) -> Result<(), StoreError> {
        let path = self.reserve_path();
        let whole = path
            .metadata()
            .is_ok_and(|meta| meta.len() == RESERVE as u64);
        if whole {
            return Ok(());
        }
        replace(&path, &vec![0x55; RESERVE])
            .map_err(|error| StoreError::io("cannot write", &path, error))
    }

    /// A file that is there to be given up when the disk is full.
    fn reserve_path(&self) -> PathBuf {
        self.path.join("reserve")
    }

    /// Stores the run's secrets (0600, fsynced).
    pub fn write_secrets(&self, secrets: &Secrets) -> Result<(), StoreError> {
        let path = self.path.join("secrets.json");
        let bytes = serde_json::to_vec(secrets)
            .map_err(|error| StoreError::io("cannot write", &path, error))?;
        replace(&path, &bytes).map_err(|error| StoreError::io("cannot write", &path, error))
    }

    /// The run's secrets; empty where it has none.
    pub fn read_secrets(&self) -> Result<Secrets, StoreError> {
        let path = self.path.join("secrets.json");
        let Some(bytes) = read_if_any(&path)? else {
            return Ok(Secrets::new());
        };
        serde_json::from_slice(&bytes).map_err(|error| StoreError::io("cannot read", &path, error))
    }

    /// Removes the secrets, once nothing of the run can be run any more.
    pub fn remove_secrets(&self) -> Result<(), StoreError> {
        let path = self.path.join("secrets.json");
        match std::fs::remove_file(&path) {
            Ok(()) => sync_dir(&self.path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(StoreError::io("cannot remove", &path, error)),
        }
    }

    /// Creates `NNNN-stem.lock` (`O_EXCL`, fsynced) before the intent of this number is journalled.
    pub fn create_fence(&self, number: Seq, stem: &str) -> Result<(), StoreError> {
        let path = self.intent_file(number, stem, "lock");
        let created = create_new(&path, b"");
        created
            .map(drop)
            .map_err(|error| StoreError::io("cannot create", &path, error))
    }

    /// Removes what a crash left before an intent was journalled: a lock alone, numbered above the
    /// journal's last event, under its own flock.
    pub fn settle_fences(&self, last: Seq) -> Result<(), StoreError> {
        for left in self.remains()? {
            if left.number <= last || !left.is_stray() {
                continue;
            }
            let path = self.remains_path(&left);
            let remove = || -> io::Result<()> {
                let file = File::open(&path)?;
                file.try_lock()?;
                std::fs::remove_file(&path)
            };
            remove().map_err(|error| StoreError::io("cannot remove", &path, error))?;
        }
        sync_dir(&self.path)
    }

    /// Writes the plan's bytes and its `files` into a new directory.
    pub(super) fn fill(
        &self,
        plan_name: &str,
        plan: &[u8],
        files: &[(PathBuf, u32, Vec<u8>)],
    ) -> Result<(), StoreError> {
        let json = plan.first() == Some(&b'{')
            || Path::new(plan_name)
                .extension()
                .is_some_and(|kind| kind == "json");
        let name = if json { "plan.json" } else { "plan.yaml" };
        self.put(&self.path.join(name), 0o600, plan)?;
        let root = self.files_dir();
        ensure_dir(&root, 0o755)?;
        for (relative, mode, bytes) in files {
            let path = root.join(relative);
            let inside = relative
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)));
            if !inside {
                return Err(StoreError::bad(
                    "a file of the plan leads out of",
                    &root,
                    "name files relative to the plan, without \"..\"",
                ));
            }
            make_parents(&root, relative)?;
            self.put(&path, mode & 0o755, bytes)?;
        }
        self.put(&self.reserve_path(), 0o600, &vec![0x55; RESERVE])?;
        sync_dir(&self.path)
    }

    /// Creates one file with its bytes, synced; its directory is synced too.
    fn put(&self, path: &Path, mode: u32, bytes: &[u8]) -> Result<(), StoreError> {
        use std::io::Write;
        let write = || -> io::Result<()> {
            let mut file = super::files::open_new(path, mode)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|error| StoreError::io("cannot write", path, error))?;
        sync_dir(path.parent().unwrap_or(&self.path))
    }
}

/// Gives a `reserve` up; says whether there was one. What it held is free at once, and should the
/// machine die before that is durable, it is there again and no harm is done.
pub(super) fn give_up(reserve: &Path) -> bool {
    std::fs::remove_file(reserve).is_ok()
}

/// Creates the directories above a file of the plan.
fn make_parents(root: &Path, relative: &Path) -> Result<(), StoreError> {
    let mut dir = root.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        dir.push(part);
        ensure_dir(&dir, 0o755)?;
    }
    Ok(())
}
