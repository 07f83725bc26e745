//! The ledger: what version a service's state is at, kept per service across runs.
//!
//! Its window (which code may start) and its verbs are part 4; until then a line says where the
//! state stands, which run moved it there, and how that run ended.

use crate::types::{RunId, Seq, ServiceId, Timestamp, Version, Who};
use serde::{Deserialize, Serialize};

/// One line of `services/NAME.jsonl`; the last whole one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The format's version.
    pub v: u32,
    /// The service.
    pub service: ServiceId,
    /// What the data is at; none: never recorded.
    pub state_version: Option<Version>,
    /// The run that wrote the line.
    pub run: RunId,
    /// The journal number of the event it repeats.
    pub number: Seq,
    /// When.
    pub at: Timestamp,
    /// Who ran it.
    pub by: Who,
    /// The run was stopped and left as it is: where it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<String>,
}

/// The format that this upwalk writes.
pub const FORMAT: u32 = 1;

/// What a service's ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The last entry.
    pub last: Entry,
    /// Since when the state is at that entry's version.
    pub since: Timestamp,
}

/// Reads a ledger's bytes: what they say, or why a line cannot be read (line from 1). A last line
/// without its newline was torn by a crash and does not count.
pub fn read(bytes: &[u8]) -> Result<Option<Said>, (usize, String)> {
    let mut said: Option<Said> = None;
    for (index, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        let Some(line) = line.strip_suffix(b"\n") else {
            break;
        };
        let last: Entry =
            serde_json::from_slice(line).map_err(|error| (index + 1, error.to_string()))?;
        if last.v > FORMAT {
            return Err((
                index + 1,
                format!("format {} is newer than this upwalk", last.v),
            ));
        }
        let same = said.filter(|said| said.last.state_version == last.state_version);
        let since = same.map_or(last.at, |said| said.since);
        said = Some(Said { last, since });
    }
    Ok(said)
}
