//! The journal's file: one write and one sync for all events of one decision.

use super::StoreError;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The journal's file, open for appending.
#[derive(Debug)]
pub struct JournalFile {
    file: File,
    path: PathBuf,
    /// A file of 1 MiB that is given up when the disk is full, so that the run can end in order.
    reserve: PathBuf,
    /// How long the file is: all of it whole lines, all of it synced.
    len: u64,
    /// Why nothing may be appended any more.
    broken: Option<String>,
}

impl JournalFile {
    /// Opens it, creating it (0600) where it is missing, and cuts it to `good_bytes`.
    pub(super) fn open(path: &Path, reserve: &Path, good_bytes: u64) -> Result<Self, StoreError> {
        let flags =
            OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))
            .map_err(|error| StoreError::io("cannot open the journal", path, error))?;
        let file = File::from(fd);
        let cut = || -> std::io::Result<u64> {
            let len = file.metadata()?.len();
            if len > good_bytes {
                file.set_len(good_bytes)?;
            }
            file.sync_all()?;
            Ok(len.min(good_bytes))
        };
        let len = cut().map_err(|error| StoreError::io("cannot prepare", path, error))?;
        if len < good_bytes {
            return Err(StoreError::bad(
                "the journal is shorter than it was when it was read:",
                path,
                "another process may have changed it; read the run again: upwalk status",
            ));
        }
        if let Some(parent) = path.parent() {
            super::sync_dir(parent)?;
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            reserve: reserve.to_owned(),
            len,
            broken: None,
        })
    }

    /// Appends in one write and one sync. A short write is undone; after a failed sync nothing may
    /// be appended any more and the caller has to end.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if let Some(why) = &self.broken {
            return Err(StoreError::bad(
                &format!("cannot append any more ({why}) to the journal"),
                &self.path,
                "attach again: what is on the disk is read anew",
            ));
        }
        let mut result = self.write_whole(bytes);
        if matches!(&result, Err(error) if error.kind() == std::io::ErrorKind::StorageFull)
            && self.broken.is_none()
            && super::run_dir::give_up(&self.reserve)
        {
            result = self.write_whole(bytes);
        }
        result.map_err(|error| StoreError::io("cannot write the journal", &self.path, error))?;
        if let Err(error) = self.file.sync_data() {
            // What the disk holds now is unknown, and a second sync would report success. Memory
            // would show the next reader what the disk may have lost: nobody has seen these events,
            // and they are taken out. Where that fails too, the next reader decides.
            self.broken = Some(format!("a sync failed: {error}"));
            let _ = self.file.set_len(self.len);
            return Err(StoreError::io("cannot sync the journal", &self.path, error));
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Writes all of it or leaves the file as long as it was.
    fn write_whole(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        use std::io::Write;
        let written = self.file.write(bytes);
        match written {
            Ok(n) if n == bytes.len() => return Ok(()),
            Ok(0) | Err(_) => {}
            Ok(_) => {
                if let Err(error) = self.file.set_len(self.len) {
                    self.broken = Some(format!("a short write could not be undone: {error}"));
                }
            }
        }
        // A short write does not say why: as a rule the disk is full.
        written.and(Err(std::io::ErrorKind::StorageFull.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(dir: &Path, good: u64) -> JournalFile {
        JournalFile::open(&dir.join("j"), &dir.join("reserve"), good).expect("a journal")
    }

    #[test]
    fn what_follows_the_good_part_is_cut_and_appends_go_on_there() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("j"), "one\ntwo\nthr").expect("written");
        let mut journal = open(dir.path(), 8);
        journal.append(b"three\n").expect("appended");
        let text = std::fs::read_to_string(dir.path().join("j")).expect("read");
        assert_eq!(text, "one\ntwo\nthree\n");
        assert!(JournalFile::open(&dir.path().join("j"), &dir.path().join("r"), 99).is_err());
    }

    #[test]
    fn after_a_full_disk_the_file_is_as_long_as_before_and_the_error_says_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut journal = open(dir.path(), 0);
        // /dev/full refuses every write with ENOSPC.
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        journal.file = full.expect("every Linux has /dev/full");
        let error = journal.append(b"{}\n").expect_err("the disk is full");
        assert!(
            error
                .hint
                .is_some_and(|hint| hint.contains("free at least"))
        );
        assert!(journal.broken.is_none() && journal.len == 0);
    }

    #[test]
    fn after_a_failed_sync_nothing_is_appended() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut journal = open(dir.path(), 0);
        let (_reader, writer) = std::io::pipe().expect("a pipe");
        // A pipe takes the write and refuses the sync.
        journal.file = File::from(std::os::fd::OwnedFd::from(writer));
        assert!(journal.append(b"{}\n").is_err());
        let error = journal.append(b"{}\n").expect_err("it is broken");
        assert!(error.what.contains("a sync failed"), "{}", error.what);
    }

    #[test]
    fn a_full_disk_gets_the_reserve() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut journal = open(dir.path(), 0);
        std::fs::write(dir.path().join("reserve"), "room").expect("written");
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        journal.file = full.expect("every Linux has /dev/full");
        assert!(journal.append(b"{}\n").is_err());
        assert!(!dir.path().join("reserve").exists());
    }
}
