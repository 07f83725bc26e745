//! Names of things: services, runs, steps, warnings; and the numbers and digests that go with them.

use super::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not an id: use a-z, 0-9 and -, beginning with a letter or digit")]
pub struct IdError {
    text: String,
}

/// An id of the plan language: `[a-z0-9][a-z0-9-]*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

impl Id {
    /// Reads an id; fails where the text has another character than the plan language allows.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let mut chars = text.bytes();
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let first = chars.next().is_some_and(word);
        if first && chars.all(|b| word(b) || b == b'-') {
            Ok(Self(text))
        } else {
            Err(IdError { text })
        }
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Id {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The ledger's and the lock's key.
pub type ServiceId = Id;
/// A warning's id, unique among the warnings of a plan.
pub type WarningId = Id;

/// A phase, pause or step of a walk: its plan id, in runs with hops followed by `@` and the series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// The name of the plan's item `id` in a run of a single hop.
    pub fn of(id: &Id) -> Self {
        Self(id.as_str().to_owned())
    }

    /// The name as journal, logs and verbs spell it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for StepId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A run's name, which is also its directory's: `20261120T221007Z-mastodon-up`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// Names the run of `service` in `direction` that began at `stamp` (`20261120T221007Z`).
    pub fn new(stamp: &str, service: &ServiceId, direction: &str) -> Self {
        Self(format!("{stamp}-{service}-{direction}"))
    }

    /// Takes a directory's name for a run's name; none where it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let shape = text.len() > 17
            && text.as_bytes().get(8) == Some(&b'T')
            && text.as_bytes().get(15) == Some(&b'Z')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        shape.then(|| Self(text.to_owned()))
    }

    /// The service in the name.
    pub fn service(&self) -> &str {
        let tail = self.0.get(17..).unwrap_or_default();
        tail.rsplit_once('-').map_or(tail, |(service, _)| service)
    }

    /// When it began, as its name has it, to the second; none where that is no time.
    pub fn stamp(&self) -> Option<Timestamp> {
        Timestamp::of_stamp(self.0.get(..16)?)
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A journal number: events count from 1. A command's files begin with that of its intent event.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The first 16 hex digits of a SHA-256: what plans and warnings are confirmed by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Digests the parts, each preceded by its length, so that no two lists of parts collide.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self::short(&hash.finalize())
    }

    /// Shortens a SHA-256 to the digits that people compare.
    pub fn short(sha256: &[u8]) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(16);
        for byte in sha256.iter().take(8) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// Reads 16 hex digits; none where the text is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == 16 && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// The 16 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
