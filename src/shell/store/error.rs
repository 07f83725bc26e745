//! What went wrong with a file or directory, and what mends it.

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

impl StoreError {
    /// A failed call, with the hint that its error number suggests.
    pub(crate) fn io(what: &str, path: &Path, source: impl Into<std::io::Error>) -> Self {
        let source = source.into();
        Self {
            what: what.to_owned(),
            path: path.to_owned(),
            hint: hint(path, &source),
            source: Some(source),
        }
    }

    /// Something that is not as it has to be, with a way out.
    pub(crate) fn bad(what: &str, path: &Path, hint: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            path: path.to_owned(),
            hint: Some(hint.into()),
            source: None,
        }
    }
}

/// What to do about an error of the kernel's.
fn hint(path: &Path, error: &std::io::Error) -> Option<String> {
    use std::io::ErrorKind::{
        NotADirectory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    let path = path.display();
    match error.kind() {
        StorageFull => Some(format!(
            "free at least 256 MiB on its filesystem, then try again: df -h {path}"
        )),
        QuotaExceeded => Some(format!(
            "the disk quota is used up: quota -s; du -sh {path}"
        )),
        ReadOnlyFilesystem => Some(
            "its filesystem is read-only: remount it read-write, or choose another directory with \
             --state-dir"
                .to_owned(),
        ),
        PermissionDenied => Some(format!("look who may use it: namei -l {path}")),
        NotADirectory => Some(format!("a part of the path is a file: namei -l {path}")),
        _ => None,
    }
}
