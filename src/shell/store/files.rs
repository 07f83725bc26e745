//! Small durable acts: each leaves the file as it was, or as it shall be, whatever dies when.

use super::StoreError;
use crate::shell::identity;
use crate::shell::users::User;
use rustix::fs::{Mode, OFlags};
use std::fs::{File, Metadata};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The permission bits for group and others to write.
pub(super) const OTHERS_WRITE: u32 = 0o022;

/// Opens a directory and checks on the descriptor that this user owns it and that nobody else can
/// write it.
pub(super) fn open_own_dir(path: &Path) -> Result<File, StoreError> {
    open_dir_of(identity::uid(), path)
}

/// Checks a directory that is only looked at, and says whose it is: this user's, or anybody's where
/// this is root; nobody but its owner can write it.
pub(super) fn open_seen_dir(path: &Path) -> Result<u32, StoreError> {
    let (_, meta) = open_dir(path)?;
    let mine = identity::uid();
    let owner = if mine == 0 { meta.uid() } else { mine };
    check(&meta, owner, path).map(|()| owner)
}

/// Checks that this user owns a directory and that nobody else can write it.
pub(super) fn check_dir_of(owner: u32, path: &Path) -> Result<(), StoreError> {
    open_dir_of(owner, path).map(drop)
}

fn open_dir_of(owner: u32, path: &Path) -> Result<File, StoreError> {
    let (dir, meta) = open_dir(path)?;
    check(&meta, owner, path)?;
    Ok(dir)
}

fn open_dir(path: &Path) -> Result<(File, Metadata), StoreError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| StoreError::io("cannot open the directory", path, error))?;
    let dir = File::from(fd);
    let meta = dir
        .metadata()
        .map_err(|error| StoreError::io("cannot look at", path, error))?;
    Ok((dir, meta))
}

/// What is known of an open directory has to be so.
fn check(meta: &Metadata, owner: u32, path: &Path) -> Result<(), StoreError> {
    if meta.uid() != owner {
        let other = User::numbered(meta.uid());
        let other = other.map_or_else(|| format!("#{}", meta.uid()), |user| user.name);
        return Err(StoreError::bad(
            &format!("another user, {other}, owns the directory"),
            path,
            format!("act as that user: sudo -u '{other}' upwalk ..."),
        ));
    }
    if meta.mode() & OTHERS_WRITE != 0 {
        return Err(StoreError::bad(
            "group or others can write the directory",
            path,
            format!("chmod go-w {}", path.display()),
        ));
    }
    Ok(())
}

/// Creates a directory with exactly this mode, whatever the umask; an existing one is left alone.
/// Says whether it was created.
pub(super) fn ensure_dir(path: &Path, mode: u32) -> Result<bool, StoreError> {
    match std::fs::create_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(StoreError::io("cannot create the directory", path, error)),
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .map_err(|error| StoreError::io("cannot set the mode of", path, error))?;
    if let Some(parent) = path.parent() {
        sync_dir(parent)?;
    }
    Ok(true)
}

/// Makes what was created, renamed or removed in a directory durable.
pub(in crate::shell) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| StoreError::io("cannot sync the directory", path, error))
}

/// Opens a new file (`O_EXCL`) with exactly this mode.
pub(in crate::shell) fn open_new(path: &Path, mode: u32) -> std::io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?);
    if mode != 0o600 {
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    Ok(file)
}

/// Creates a file (0600) with these bytes, durably, and leaves it open behind them; fails where there
/// is one. The directory is synced too, which is all that an empty file needs.
pub(in crate::shell) fn create_new(path: &Path, bytes: &[u8]) -> std::io::Result<File> {
    let mut file = open_new(path, 0o600)?;
    if !bytes.is_empty() {
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    sync_parent(path)?;
    Ok(file)
}

/// Puts what [`replace`] had written in full before it was cut off in its place, durably.
pub(in crate::shell) fn put_in_place(path: &Path) -> std::io::Result<()> {
    let tmp = unfinished(path);
    File::open(&tmp)?.sync_all()?;
    std::fs::rename(&tmp, path)?;
    sync_parent(path)
}

/// Puts a file (0600) with these bytes in the place of whatever is there: all of it or nothing,
/// durably.
pub(in crate::shell) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let tmp = unfinished(path);
    // Left by a crash, or by nobody.
    let _ = std::fs::remove_file(&tmp);
    let write = || -> std::io::Result<()> {
        let mut file = open_new(&tmp, 0o600)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&tmp, path)
    };
    write().inspect_err(|_| {
        // On a full disk it is in the way of whoever tries again.
        let _ = std::fs::remove_file(&tmp);
    })?;
    sync_parent(path)
}

/// Where [`replace`] writes before the bytes get their name.
pub(in crate::shell) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// Makes a file's entry in its directory durable.
fn sync_parent(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// A file's bytes; none where there is no such file.
pub(super) fn read_if_any(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(StoreError::io("cannot open", path, error)),
    };
    let mut bytes = Vec::new();
    File::from(fd)
        .read_to_end(&mut bytes)
        .map_err(|error| StoreError::io("cannot read", path, error))?;
    Ok(Some(bytes))
}
