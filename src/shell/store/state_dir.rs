//! The state directory: runs, and for each service its open run, its lock and its ledger.

use super::files::{
    check_dir_of, ensure_dir, open_new, open_own_dir, open_seen_dir, read_if_any, sync_dir,
};
use super::space::{self, Medium};
use super::{RunDir, StoreError};
use crate::ledger::{self, Entry, Said};
use crate::shell::identity;
use crate::types::{RunId, ServiceId, Shortage};
use rustix::fs::{Mode, OFlags};
use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where root's runs lie when nobody says.
const ROOTS: &str = "/var/lib/upwalk";

/// The state directory, opened and checked.
#[derive(Debug, Clone)]
pub struct StateDir {
    root: PathBuf,
    /// The uid of its owner: this user, or anybody where this is root who looks.
    owner: u32,
}

/// The open runs of all services.
#[derive(Debug, Default)]
pub struct OpenRuns {
    /// Those that are named, newest first.
    pub runs: Vec<RunId>,
    /// The claims that name none: each hides at most the run of its own service.
    pub unreadable: Vec<StoreError>,
}

impl StateDir {
    /// Where it lies when nobody says: `/var/lib/upwalk` for root, else `$XDG_STATE_HOME/upwalk`
    /// (`~/.local/state/upwalk`).
    pub fn default_path() -> Result<PathBuf, StoreError> {
        if identity::is_root() {
            return Ok(PathBuf::from(ROOTS));
        }
        let absolute = |name| {
            let path = identity::var(name).map(PathBuf::from);
            path.filter(|path: &PathBuf| path.is_absolute())
        };
        absolute("XDG_STATE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
            .map(|base| base.join("upwalk"))
            .ok_or_else(|| {
                StoreError::bad(
                    "neither XDG_STATE_HOME nor HOME names a directory for",
                    Path::new("upwalk"),
                    "name one: upwalk --state-dir DIR",
                )
            })
    }

    /// Opens it, creating it where it is missing; fails where somebody else owns it or others can
    /// write it. Warnings for people (tmpfs, network, little room) come with it.
    pub fn open(path: &Path) -> Result<(Self, Vec<String>), StoreError> {
        // The supervisor changes to `/`: a relative path would lead somewhere else there.
        let root = std::path::absolute(path)
            .map_err(|error| StoreError::io("cannot find", path, error))?;
        Self::create(&root)?;
        let dir = open_own_dir(&root)?;
        let medium =
            space::medium(&dir).map_err(|error| StoreError::io("cannot look at", &root, error))?;
        if let Medium::Memory(kind) = medium
            && root == Path::new(ROOTS)
        {
            return Err(StoreError::bad(
                &format!("runs would not survive a reboot: {kind} lies under"),
                &root,
                "mount a disk there, or accept that with --state-dir DIR",
            ));
        }
        for (name, mode) in [("runs", 0o711), ("services", 0o755)] {
            ensure_dir(&root.join(name), mode)?;
            open_own_dir(&root.join(name))?;
        }
        let said = space::warnings(&root, medium);
        let owner = identity::uid();
        Ok((Self { root, owner }, said))
    }

    /// Creates the directory and what is missing above it. 0711: a step's user has to reach
    /// `$OUTPUT` and `$FILES`, and a service's user the ledger, without seeing what else is there.
    fn create(root: &Path) -> Result<(), StoreError> {
        let missing = |path: &&Path| !path.exists();
        let above: Vec<&Path> = root.ancestors().skip(1).take_while(missing).collect();
        for dir in above.into_iter().rev() {
            ensure_dir(dir, 0o755)?;
        }
        ensure_dir(root, 0o711).map(|_| ())
    }

    /// Opens it for looking only: nothing is created; none where there is none. Root may look into
    /// another user's.
    pub fn look(path: &Path) -> Result<Option<Self>, StoreError> {
        let root = std::path::absolute(path)
            .map_err(|error| StoreError::io("cannot find", path, error))?;
        if rustix::fs::stat(&root).is_err_and(|error| error == rustix::io::Errno::NOENT) {
            return Ok(None);
        }
        let owner = open_seen_dir(&root)?;
        Ok(Some(Self { root, owner }))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The uid of its owner.
    pub fn owner(&self) -> u32 {
        self.owner
    }

    /// What its filesystem lacks for a step to begin.
    pub fn shortage(&self) -> Option<Shortage> {
        space::shortage(&self.root)
    }

    /// All runs, newest first.
    pub fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        let names = list(&self.root.join("runs"))?;
        let mut runs: Vec<RunId> = names.iter().filter_map(|name| RunId::parse(name)).collect();
        runs.sort_by(|a, b| b.cmp(a));
        Ok(runs)
    }

    /// The open runs: those that `services/NAME.open` name.
    pub fn open_runs(&self) -> Result<OpenRuns, StoreError> {
        let mut open = OpenRuns::default();
        for name in list(&self.root.join("services"))? {
            let service = name.strip_suffix(".open").map(ServiceId::new);
            if let Some(Ok(service)) = service {
                match self.open_run_of(&service) {
                    Ok(run) => open.runs.extend(run),
                    Err(error) => open.unreadable.push(error),
                }
            }
        }
        open.runs.sort_by(|a, b| b.cmp(a));
        Ok(open)
    }

    /// A file of a service: `services/NAME.open` for suffix `open`.
    fn service_file(&self, service: &ServiceId, suffix: &str) -> PathBuf {
        self.root
            .join("services")
            .join(format!("{service}.{suffix}"))
    }

    /// The file that names a service's open run.
    pub fn claim_path(&self, service: &ServiceId) -> PathBuf {
        self.service_file(service, "open")
    }

    /// The run that is open for a service.
    pub fn open_run_of(&self, service: &ServiceId) -> Result<Option<RunId>, StoreError> {
        let path = self.claim_path(service);
        let Some(bytes) = read_if_any(&path)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes);
        match RunId::parse(text.trim()) {
            Some(run) => Ok(Some(run)),
            None => Err(StoreError::bad(
                "no run is named in",
                &path,
                format!(
                    "look which run of {service} is open (upwalk runs {service}), then write its \
                     name there"
                ),
            )),
        }
    }

    /// Names `run` as the service's open one (`O_EXCL`, fsynced); `Ok(Some(other))` where another is.
    /// The caller holds the service's lock.
    pub fn claim(&self, service: &ServiceId, run: &RunId) -> Result<Option<RunId>, StoreError> {
        let path = self.claim_path(service);
        let tmp = self.service_file(service, "open.tmp");
        let failed = |error: std::io::Error| StoreError::io("cannot write", &path, error);
        let write = || -> std::io::Result<()> {
            // Left by a crash, or by nobody.
            let _ = std::fs::remove_file(&tmp);
            let mut file = open_new(&tmp, 0o644)?;
            writeln!(file, "{run}")?;
            file.sync_all()
        };
        // A link comes into being with its contents, or not at all.
        let linked = write().and_then(|()| std::fs::hard_link(&tmp, &path));
        let _ = std::fs::remove_file(&tmp);
        match linked {
            Ok(()) => {
                sync_dir(&self.root.join("services"))?;
                Ok(None)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                match self.open_run_of(service)? {
                    Some(other) => Ok(Some(other)),
                    // Released in between: whoever looks again finds it free.
                    None => self.claim(service, run),
                }
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Ends the claim, after the run's last event; another run's claim is left alone.
    pub fn release(&self, service: &ServiceId, run: &RunId) -> Result<(), StoreError> {
        if self.open_run_of(service)?.as_ref() != Some(run) {
            return Ok(());
        }
        let path = self.claim_path(service);
        std::fs::remove_file(&path)
            .map_err(|error| StoreError::io("cannot remove", &path, error))?;
        sync_dir(&self.root.join("services"))
    }

    /// Takes the service's lock without waiting: a supervisor lives while it is held. None where
    /// another holds it.
    pub fn lock(&self, service: &ServiceId) -> Result<Option<ServiceLock>, StoreError> {
        let path = self.service_file(service, "lock");
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::open(&path, flags, Mode::from_raw_mode(0o600))
            .map_err(|error| StoreError::io("cannot open", &path, error))?;
        let file = File::from(fd);
        match file.try_lock() {
            Ok(()) => Ok(Some(ServiceLock { _file: file })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => {
                Err(StoreError::io("cannot lock", &path, error))
            }
        }
    }

    /// The ledger's last entry for a service.
    pub fn ledger(&self, service: &ServiceId) -> Result<Option<Entry>, StoreError> {
        Ok(self.ledger_said(service)?.map(|said| said.last))
    }

    /// What the ledger says of a service.
    pub fn ledger_said(&self, service: &ServiceId) -> Result<Option<Said>, StoreError> {
        let path = self.service_file(service, "jsonl");
        let bytes = read_if_any(&path)?.unwrap_or_default();
        ledger::read(&bytes).map_err(|(line, why)| {
            let mut error = StoreError::bad(
                &format!("line {line} cannot be read in the ledger"),
                &path,
                "nothing was changed; restore the file, or mend that line by hand",
            );
            error.source = Some(std::io::Error::other(why));
            error
        })
    }

    /// Appends to a service's ledger, fsynced; an entry of the same run and number is not repeated.
    pub fn append_ledger(&self, entry: &Entry) -> Result<(), StoreError> {
        let last = self.ledger(&entry.service)?;
        if last.is_some_and(|last| last.run == entry.run && last.number >= entry.number) {
            return Ok(());
        }
        let path = self.service_file(&entry.service, "jsonl");
        let append = || -> std::io::Result<()> {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let fd = rustix::fs::open(&path, flags | OFlags::APPEND, Mode::from_raw_mode(0o600))?;
            let mut file = File::from(fd);
            // The gate runs as the service's user.
            file.set_permissions(Permissions::from_mode(0o644))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let whole = bytes
                .iter()
                .rposition(|b| *b == b'\n')
                .map_or(0, |at| at + 1);
            // A line without its end was torn by a crash, and was never relied on.
            file.set_len(whole as u64)?;
            let mut line = serde_json::to_vec(entry)?;
            line.push(b'\n');
            if let Err(error) = file.write_all(&line) {
                file.set_len(whole as u64)?;
                return Err(error);
            }
            file.sync_all()
        };
        append().map_err(|error| StoreError::io("cannot write the ledger", &path, error))?;
        sync_dir(&self.root.join("services"))
    }

    /// Creates a run's directory with the plan's bytes and its `files` (relative path, mode,
    /// contents) under `files/`, all fsynced.
    pub fn create_run(
        &self,
        run: &RunId,
        plan_name: &str,
        plan: &[u8],
        files: &[(PathBuf, u32, Vec<u8>)],
    ) -> Result<RunDir, StoreError> {
        let path = self.root.join("runs").join(run.as_str());
        if !ensure_dir(&path, 0o711)? {
            return Err(StoreError::bad(
                "there is a run of this second already:",
                &path,
                "try again",
            ));
        }
        let dir = RunDir::checked(path, self.owner);
        if let Err(error) = dir.fill(plan_name, plan, files) {
            // What is left of it would be taken for a run.
            let _ = self.discard_run(run);
            return Err(error);
        }
        Ok(dir)
    }

    /// A run's directory; fails where there is none.
    pub fn run(&self, run: &RunId) -> Result<RunDir, StoreError> {
        let path = self.root.join("runs").join(run.as_str());
        check_dir_of(self.owner, &path)?;
        Ok(RunDir::checked(path, self.owner))
    }

    /// Removes a run's directory that never came to its first event.
    pub fn discard_run(&self, run: &RunId) -> Result<(), StoreError> {
        let path = self.root.join("runs").join(run.as_str());
        if RunDir::checked(path.clone(), self.owner).has_begun()? {
            return Err(StoreError::bad(
                "a run that has begun is not removed:",
                &path,
                "its journal and the files of its commands tell what was done",
            ));
        }
        std::fs::remove_dir_all(&path)
            .map_err(|error| StoreError::io("cannot remove", &path, error))?;
        sync_dir(&self.root.join("runs"))
    }
}

/// The names in a directory; none where there is no such directory.
fn list(dir: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("cannot list", dir, error)),
    };
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect())
}

/// The service's lock, held as long as this lives.
#[derive(Debug)]
pub struct ServiceLock {
    _file: File,
}
