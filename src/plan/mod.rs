//! The plan: how one service is taken from one version to another under supervision.
//!
//! `source` reads YAML or JSON into raw structs with spans; `resolve` turns those into a [`Plan`]
//! that cannot be invalid, or into *all* diagnostics at once. Nothing here executes anything or
//! looks anything up on the machine: the caller brings the bytes.

mod decode;
mod diagnostic;
mod findings;
mod json;
mod map;
mod model;
mod node;
mod raw;
mod raw_step;
mod resolve;
mod scripts;
mod shelltext;
mod template;
mod units;
mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Paint, Place};
pub use map::{Map, MapEntry, MapValue, read_map};
pub use model::{
    Asked, Defaults, Guard, Item, Kind, Level, OnFailure, Pause, PauseGuard, Phase, Plan,
    PlanParts, Polled, Provenance, Request, Rerun, Retries, Role, Settings, Step, Undo, Var,
    VarSource, VersionRules, Walk, Warning,
};
pub use scripts::Script;
pub use template::{Template, TemplateError};
pub use units::duration;

use crate::types::Digest;
use findings::Findings;
use resolve::Resolved;
use std::path::{Path, PathBuf};

/// The longest plan that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// A valid plan that still lacks the digests of its `files`.
#[derive(Debug)]
pub struct Draft {
    bytes: Vec<u8>,
    resolved: Resolved,
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

/// Reads a plan's bytes; `name` is the file as diagnostics call it. Fails with everything that is
/// wrong with it.
pub fn read(name: &str, bytes: &[u8]) -> Result<Draft, Diagnostics> {
    let text = text_of(name, bytes)?;
    let mut out = Findings::new(text);
    let resolved = tree(&mut out).and_then(|root| resolve::resolve(&root, &mut out));
    match resolved {
        Some(mut resolved) if out.errors.is_empty() => {
            resolved.parts.not_yet = Diagnostics::sorted(name, text, out.not_yet);
            let bytes = bytes.to_vec();
            Ok(Draft { bytes, resolved })
        }
        Some(_) | None => Err(Diagnostics::sorted(name, text, out.errors)),
    }
}

/// A file's bytes as text: UTF-8, and not too much of it.
fn text_of<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, Diagnostics> {
    if bytes.len() > MAX_BYTES {
        let title = format!(
            "this file is larger than {} MiB and is not read",
            MAX_BYTES >> 20
        );
        return Err(Diagnostics::sorted(
            name,
            "",
            vec![Diagnostic::new(0..0, title)],
        ));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let mut found = Diagnostic::new(at..at, "this file is not UTF-8 text".to_owned());
        found
            .label("the first byte that is not")
            .help("save the file as UTF-8");
        Diagnostics::sorted(name, &String::from_utf8_lossy(bytes), vec![found])
    })
}

/// Reads YAML, or JSON where the first byte says so.
fn tree(out: &mut Findings<'_>) -> Option<node::Node> {
    if out.text.starts_with('{') {
        json::read(out)
    } else {
        yaml::read(out)
    }
}

/// The JSON Schema of the plan language.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(raw::RawPlan).into()
}

impl Draft {
    /// The plan's `files` as it lists them: files, and folders that stand for all they contain.
    pub fn files(&self) -> &[PathBuf] {
        &self.resolved.parts.files
    }

    /// Finishes the plan: its digest is over its bytes and these files, sorted by path.
    pub fn seal(self, files: &[FileDigest]) -> Plan {
        let mut files: Vec<&FileDigest> = files.iter().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let modes: Vec<[u8; 4]> = files.iter().map(|file| file.mode.to_be_bytes()).collect();
        let mut digested: Vec<&[u8]> = vec![&self.bytes];
        for (file, mode) in files.iter().zip(&modes) {
            digested.extend([file.path.as_os_str().as_encoded_bytes(), mode, &file.sha256]);
        }
        let digest = Digest::of(digested);
        Plan::new(
            PlanParts {
                digest,
                ..self.resolved.parts
            },
            self.resolved.scripts,
        )
    }

    /// A finding at the entry of `files` that lists `path`, such as a file that is missing.
    pub fn file_error(&self, path: &Path, title: String) -> Diagnostics {
        let entry = self
            .resolved
            .files
            .iter()
            .find(|(entry, _)| path.starts_with(entry));
        let span = entry.map_or(0..0, |(_, span)| span.clone());
        let mut found = Diagnostic::new(span, title);
        found.label("listed here");
        let Diagnostics { file, text, .. } = &self.resolved.parts.not_yet;
        Diagnostics::sorted(file, text, vec![found])
    }
}
