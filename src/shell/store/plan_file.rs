//! Reading a plan and the files it names, as they come from an admin's hands.
//!
//! Nothing is trusted: devices, FIFOs and endless files are refused before they are read, and what
//! others can write is refused for root, as sshd refuses `authorized_keys`. Called by the verbs
//! before any run exists; it knows no plan language.

use super::StoreError;
use super::files::OTHERS_WRITE;
use crate::shell::identity;
use rustix::fs::{Mode, OFlags};
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The longest plan, in bytes.
pub const MAX_PLAN: u64 = 4 << 20;
/// The most that all files of a plan may hold together, in bytes.
const MAX_FILES: u64 = 64 << 20;
/// The most files a plan may have.
const MAX_COUNT: usize = 10_000;
/// The sticky bit: in such a directory nobody replaces what is another's.
const STICKY: u32 = 0o1000;

/// A plan as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The directory it lies in, with every symbolic link resolved.
    dir: PathBuf,
}

/// Why a plan, or a file of it, is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// Others can change it: root does not run what they may have put there.
    #[error(transparent)]
    Unsafe(StoreError),
    /// It cannot be read, or is no file of a sensible size.
    #[error(transparent)]
    Unreadable(#[from] StoreError),
}

impl PlanFileError {
    /// Which file, and what to do about it.
    pub fn store(&self) -> &StoreError {
        match self {
            Self::Unsafe(error) | Self::Unreadable(error) => error,
        }
    }
}

/// Reads a plan.
pub fn read_plan(path: &Path) -> Result<PlanFile, PlanFileError> {
    read_as(path, Reader::current())
}

/// Reads a file of at most `max` bytes; refuses directories, devices, FIFOs and sockets.
pub fn read_small(path: &Path, max: u64) -> Result<Vec<u8>, StoreError> {
    let (file, meta) = open_regular(path)?;
    read_whole(file, &meta, path, max)
}

/// The same for a file that consents to something: it has to be this user's, and nobody else's to
/// read or write.
pub fn read_private(path: &Path, max: u64) -> Result<Vec<u8>, StoreError> {
    let (file, meta) = open_regular(path)?;
    let shown = path.display();
    if meta.uid() != identity::uid() {
        let hint = format!("chown {} {shown}", identity::uid());
        return Err(StoreError::bad("another user owns", path, hint));
    }
    if meta.mode() & 0o077 != 0 {
        let what = format!(
            "others can read or write (mode {:04o})",
            meta.mode() & 0o7777
        );
        return Err(StoreError::bad(&what, path, format!("chmod 600 {shown}")));
    }
    read_whole(file, &meta, path, max)
}

/// The files of a directory whose names end so, sorted; none where there is no such directory.
pub fn files_in(dir: &Path, extension: &str) -> Result<Vec<PathBuf>, StoreError> {
    let fail = |error| StoreError::io("cannot list", dir, error);
    let listed = match std::fs::read_dir(dir) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut found = Vec::new();
    for entry in listed {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|kind| kind == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Whose power the plan would get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Everybody's: what others can write is refused.
    Root,
    /// The reader's own.
    User,
}

impl Reader {
    /// As this process runs.
    fn current() -> Self {
        if identity::is_root() {
            Self::Root
        } else {
            Self::User
        }
    }
}

/// Reads a plan for this reader.
fn read_as(path: &Path, reader: Reader) -> Result<PlanFile, PlanFileError> {
    let (file, meta) = open_regular(path)?;
    // Resolved: what counts is where the file lies, not where a link to it does.
    let real =
        std::fs::canonicalize(path).map_err(|error| StoreError::io("cannot find", path, error))?;
    let dir = real.parent().unwrap_or(Path::new("/")).to_owned();
    if reader == Reader::Root {
        check_mode(&real, &meta)?;
        check_above(&dir)?;
    }
    let bytes = read_whole(file, &meta, path, MAX_PLAN)?;
    Ok(PlanFile { bytes, dir })
}

/// Opens a regular file without ever waiting for a FIFO's other end or a device.
fn open_regular(path: &Path) -> Result<(File, Metadata), StoreError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| StoreError::io("cannot open", path, error))?;
    let file = File::from(fd);
    let meta = file
        .metadata()
        .map_err(|error| StoreError::io("cannot look at", path, error))?;
    if meta.is_file() {
        return Ok((file, meta));
    }
    let kind = if meta.is_dir() {
        "this is a directory, not a file:"
    } else {
        "this is a device, a pipe or a socket, not a file:"
    };
    Err(StoreError::bad(kind, path, "name a file"))
}

/// All bytes of a file, at most `max`.
fn read_whole(file: File, meta: &Metadata, path: &Path, max: u64) -> Result<Vec<u8>, StoreError> {
    let too_long = || {
        let most = if max >= 1 << 20 {
            format!("{} MiB", max >> 20)
        } else {
            format!("{max} bytes")
        };
        StoreError::bad(
            &format!("more than {most} are in"),
            path,
            "is this the right file?",
        )
    };
    if meta.len() > max {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(max + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| StoreError::io("cannot read", path, error))?;
    if bytes.len() as u64 > max {
        return Err(too_long());
    }
    Ok(bytes)
}

/// Refuses what group or others can write.
fn check_mode(path: &Path, meta: &Metadata) -> Result<(), PlanFileError> {
    let mode = meta.mode();
    let kept = meta.is_dir() && mode & STICKY != 0 && meta.uid() == 0;
    if mode & OTHERS_WRITE == 0 || kept {
        return Ok(());
    }
    let who = match mode & OTHERS_WRITE {
        0o020 => "its group",
        0o002 => "everybody",
        _ => "its group and everybody",
    };
    let shown = path.display();
    Err(PlanFileError::Unsafe(StoreError::bad(
        &format!(
            "root runs no plan that others can change, and {who} can write (mode {:04o})",
            mode & 0o7777
        ),
        path,
        format!("chmod go-w {shown}"),
    )))
}

/// Checks a directory and all that are above it.
fn check_above(dir: &Path) -> Result<(), PlanFileError> {
    for above in dir.ancestors() {
        let meta = std::fs::metadata(above)
            .map_err(|error| StoreError::io("cannot look at", above, error))?;
        check_mode(above, &meta)?;
    }
    Ok(())
}

/// A file of a plan: path below the plan's directory, permission bits, contents.
pub type Copied = (PathBuf, u32, Vec<u8>);

impl PlanFile {
    /// The directory it lies in: where its `files` are until a run has copied them.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads the files and folders that the plan names, folders with all that is in them, sorted by
    /// path. Paths are relative to the plan and stay below its directory.
    pub fn files<P: AsRef<Path>>(&self, named: &[P]) -> Result<Vec<Copied>, PlanFileError> {
        self.files_as(named, Reader::current())
    }

    /// The same for this reader.
    fn files_as<P: AsRef<Path>>(
        &self,
        named: &[P],
        reader: Reader,
    ) -> Result<Vec<Copied>, PlanFileError> {
        let mut walk = Walk {
            dir: &self.dir,
            reader,
            room: MAX_FILES,
            found: Vec::new(),
        };
        for path in named {
            walk.named(path.as_ref())?;
        }
        walk.found.sort_by(|a, b| a.0.cmp(&b.0));
        walk.found.dedup_by(|a, b| a.0 == b.0);
        Ok(walk.found)
    }
}

/// Collects the files of a plan.
struct Walk<'a> {
    dir: &'a Path,
    reader: Reader,
    room: u64,
    found: Vec<Copied>,
}

impl Walk<'_> {
    /// What a plan names: nothing on the way there may be a link, or leave the plan's directory.
    fn named(&mut self, path: &Path) -> Result<(), PlanFileError> {
        let mut relative = PathBuf::new();
        for part in path.components() {
            match part {
                std::path::Component::CurDir => continue,
                std::path::Component::Normal(name) => relative.push(name),
                _ => {
                    return Err(StoreError::bad(
                        "a file of the plan has to lie below the plan's directory:",
                        path,
                        "name it relative to the plan, without \"..\"",
                    )
                    .into());
                }
            }
            let meta = self.look(&relative)?;
            if self.reader == Reader::Root {
                check_mode(&self.dir.join(&relative), &meta)?;
            }
        }
        self.take(&relative)
    }

    /// What lies there; a symbolic link is refused.
    fn look(&self, relative: &Path) -> Result<Metadata, StoreError> {
        let path = self.dir.join(relative);
        let meta = std::fs::symlink_metadata(&path)
            .map_err(|error| StoreError::io("cannot find the plan's file", &path, error))?;
        if meta.is_symlink() {
            return Err(StoreError::bad(
                "a file of the plan is a symbolic link:",
                &path,
                "name the file it leads to, or copy that here",
            ));
        }
        Ok(meta)
    }

    /// Takes a file, or everything in a folder.
    fn take(&mut self, relative: &Path) -> Result<(), PlanFileError> {
        let meta = self.look(relative)?;
        let path = self.dir.join(relative);
        if meta.is_dir() {
            return self.folder(relative, &path, &meta);
        }
        let (file, meta) = open_regular(&path)?;
        if self.reader == Reader::Root {
            check_mode(&path, &meta)?;
        }
        let bytes = read_whole(file, &meta, &path, self.room)?;
        self.room -= bytes.len() as u64;
        if self.found.len() == MAX_COUNT {
            return Err(StoreError::bad(
                &format!("the plan names more than {MAX_COUNT} files; one too many is"),
                &path,
                "name only what its commands use",
            )
            .into());
        }
        self.found
            .push((relative.to_owned(), meta.mode() & 0o777, bytes));
        Ok(())
    }

    /// Everything in a folder.
    fn folder(
        &mut self,
        relative: &Path,
        path: &Path,
        meta: &Metadata,
    ) -> Result<(), PlanFileError> {
        if self.reader == Reader::Root {
            check_mode(path, meta)?;
        }
        let listed = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = listed.map_err(|error| StoreError::io("cannot list", path, error))?;
        for entry in entries {
            self.take(&relative.join(entry.file_name()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A directory that only its owner can write, with a plan in it.
    fn plan_dir() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a directory");
        chmod(dir.path(), 0o755);
        let plan = dir.path().join("plan.yaml");
        std::fs::write(&plan, "upwalk: 1\n").expect("written");
        chmod(&plan, 0o644);
        (dir, plan)
    }

    fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
    }

    fn refusal(path: &Path) -> StoreError {
        match read_as(path, Reader::Root).expect_err("it is refused") {
            PlanFileError::Unsafe(error) | PlanFileError::Unreadable(error) => error,
        }
    }

    #[test]
    fn what_others_can_write_is_refused_for_root_and_says_the_chmod() {
        let (dir, plan) = plan_dir();
        assert!(read_as(&plan, Reader::Root).is_ok(), "/tmp is sticky");
        chmod(&plan, 0o664);
        let error = read_as(&plan, Reader::Root).expect_err("its group can write it");
        assert!(matches!(error, PlanFileError::Unsafe(_)));
        let wanted = format!("chmod go-w {}", plan.display());
        assert_eq!(error.store().hint.as_deref(), Some(wanted.as_str()));
        assert!(read_as(&plan, Reader::User).is_ok());
        chmod(&plan, 0o644);
        chmod(dir.path(), 0o777);
        assert_eq!(refusal(&plan).path, dir.path());
    }

    #[test]
    fn directories_devices_fifos_and_large_files_are_refused() {
        let (dir, _) = plan_dir();
        assert!(refusal(dir.path()).what.contains("directory"));
        assert!(refusal(Path::new("/dev/zero")).what.contains("device"));
        let fifo = dir.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, Mode::from_raw_mode(0o600)).expect("a fifo");
        assert!(refusal(&fifo).what.contains("pipe"));
        let large = dir.path().join("large");
        let file = File::create(&large).expect("created");
        file.set_len(MAX_PLAN + 1).expect("a sparse file");
        chmod(&large, 0o644);
        assert!(refusal(&large).what.contains("4 MiB"));
        assert!(refusal(&dir.path().join("missing")).source.is_some());
    }

    #[test]
    fn files_come_sorted_with_modes_and_folders_with_all_that_is_in_them() {
        let (dir, plan) = plan_dir();
        std::fs::create_dir_all(dir.path().join("sql/deep")).expect("folders");
        chmod(&dir.path().join("sql"), 0o755);
        chmod(&dir.path().join("sql/deep"), 0o755);
        for (name, mode) in [("sql/deep/b.sql", 0o644), ("a.sh", 0o755)] {
            std::fs::write(dir.path().join(name), name).expect("written");
            chmod(&dir.path().join(name), mode);
        }
        let plan = read_as(&plan, Reader::Root).expect("a plan");
        let files = plan.files_as(&["sql", "./a.sh", "sql/deep"], Reader::Root);
        let wanted = vec![
            (PathBuf::from("a.sh"), 0o755, b"a.sh".to_vec()),
            (
                PathBuf::from("sql/deep/b.sql"),
                0o644,
                b"sql/deep/b.sql".to_vec(),
            ),
        ];
        assert_eq!(files.expect("read"), wanted);
    }

    #[test]
    fn files_that_lead_elsewhere_or_are_open_to_others_are_refused() {
        let (dir, plan) = plan_dir();
        std::os::unix::fs::symlink("/etc", dir.path().join("link")).expect("a link");
        std::fs::write(dir.path().join("open.sh"), "").expect("written");
        chmod(&dir.path().join("open.sh"), 0o666);
        let plan = read_as(&plan, Reader::Root).expect("a plan");
        for name in ["../x", "/etc/passwd", "link", "link/passwd", "missing"] {
            let refused = plan.files_as(&[name], Reader::Root);
            assert!(
                matches!(refused, Err(PlanFileError::Unreadable(_))),
                "{name}"
            );
        }
        let refused = plan.files_as(&["open.sh"], Reader::Root);
        assert!(matches!(refused, Err(PlanFileError::Unsafe(_))));
        assert!(plan.files_as(&["open.sh"], Reader::User).is_ok());
    }
}
