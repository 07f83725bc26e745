//! Asking the machine: guards, checks, measured values. Nothing asked here changes anything.

use crate::types::{Answer, Ask, CommandSpec};
use std::collections::BTreeMap;

/// The secrets of a run, by variable name.
pub type Secrets = BTreeMap<String, String>;

/// Asks once.
pub fn ask(_ask: &Ask, _secrets: &Secrets) -> Answer {
    todo!()
}

/// The first line a command prints, trimmed, or why that cannot be had (it must exit 0 and print
/// one).
pub fn first_line(_command: &CommandSpec, _secrets: &Secrets) -> Result<String, String> {
    todo!()
}
