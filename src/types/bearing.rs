//! What a process hands down to its children besides its environment.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Umask, nice value and resource limits of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bearing {
    /// Permission bits that new files do not get.
    pub umask: u32,
    /// From -20 to 19; more is nicer to others.
    pub nice: i32,
    /// Soft and hard limit of each resource, by the name that `prlimit` has for it; none: no limit.
    pub limits: BTreeMap<String, (Option<u64>, Option<u64>)>,
}
