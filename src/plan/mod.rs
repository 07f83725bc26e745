//! The plan: how one service is taken from one version to another under supervision.
//!
//! `source` reads YAML or JSON into raw structs with spans; `resolve` turns those into a [`Plan`]
//! that cannot be invalid, or into *all* diagnostics at once. Nothing here executes anything or
//! looks anything up on the machine: the caller brings the bytes.

mod diagnostic;
mod map;
mod model;
mod template;

pub use diagnostic::{Diagnostic, Diagnostics, Paint};
pub use map::{Map, MapEntry, MapValue, read_map};
pub use model::{
    Asked, Defaults, Guard, Item, Kind, Level, OnFailure, Pause, PauseGuard, Phase, Plan,
    PlanParts, Polled, Provenance, Rerun, Role, Settings, Step, Undo, Var, VarSource, VersionRules,
    Walk, Warning,
};
pub use template::{Template, TemplateError};

use std::path::{Path, PathBuf};

/// The longest plan that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// A valid plan that still lacks the digests of its `files`.
#[derive(Debug)]
pub struct Draft {
    _private: (),
}

/// One of a plan's files as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigest {
    /// Relative to the plan.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// SHA-256 of its contents.
    pub sha256: [u8; 32],
}

impl FileDigest {
    /// Digests a file. Write permission of others does not count: the run's copy never has it, and
    /// the copy's digest has to be the original's.
    pub fn of(path: &Path, mode: u32, contents: &[u8]) -> Self {
        use sha2::Digest as _;
        Self {
            path: path.to_owned(),
            mode: mode & 0o755,
            sha256: sha2::Sha256::digest(contents).into(),
        }
    }
}

/// Reads a plan's bytes; `name` is the file as diagnostics call it.
pub fn read(_name: &str, _bytes: &[u8]) -> Result<Draft, Diagnostics> {
    todo!()
}

/// The JSON Schema of the plan language.
pub fn schema() -> serde_json::Value {
    todo!()
}

impl Draft {
    /// The plan's `files` as it lists them: files, and folders that stand for all they contain.
    pub fn files(&self) -> &[PathBuf] {
        todo!()
    }

    /// Finishes the plan: its digest is over its bytes and these files, sorted by path.
    pub fn seal(self, _files: &[FileDigest]) -> Plan {
        todo!()
    }

    /// A finding at the entry of `files` that lists `path`, such as a file that is missing.
    pub fn file_error(&self, _path: &Path, _title: String) -> Diagnostics {
        todo!()
    }
}
