//! A damaged journal steps aside for the good part of it. Nothing of it is ever deleted.

use super::{RunDir, StoreError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

impl RunDir {
    /// What the damaged journal is to be called: `journal.damaged-1.jsonl`, or the next free number.
    /// The name that it has already, where an earlier attempt came to an end behind naming it.
    pub fn damaged_name(&self) -> Result<String, StoreError> {
        let journal = self.journal_path();
        let own = identity(&journal)
            .map_err(|error| StoreError::io("cannot look at", &journal, error))?;
        for number in 1_u32.. {
            let name = format!("journal.damaged-{number}.jsonl");
            let path = self.path().join(&name);
            match identity(&path) {
                Ok(other) if other == own => return Ok(name),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(name),
                Err(error) => return Err(StoreError::io("cannot look at", &path, error)),
            }
        }
        Err(StoreError::bad(
            "there is no name left for the damaged journal in",
            self.path(),
            "look what all the files journal.damaged-* are",
        ))
    }

    /// Keeps the journal under the name `damaged` as it is, and puts one of these bytes in its
    /// place: whatever dies when, the journal is the old one or the new one.
    pub fn replace_journal(&self, damaged: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let (journal, aside) = (self.journal_path(), self.path().join(damaged));
        match std::fs::hard_link(&journal, &aside) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io("cannot keep the journal as", &aside, error)),
        }
        super::sync_dir(self.path())?;
        super::replace(&journal, bytes)
            .map_err(|error| StoreError::io("cannot write the journal", &journal, error))
    }
}

/// Which file lies there.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let meta = path.symlink_metadata()?;
    Ok((meta.dev(), meta.ino()))
}
