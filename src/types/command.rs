//! A command as it will be run: all that the shell needs, nothing that it has to look up.

use super::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A value of a command's environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvValue {
    /// The text itself.
    Plain(String),
    /// The run's secret of this name; the shell fills it in, everybody else shows `***`.
    Secret(String),
}

/// The terminal that a command has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminalOf {
    /// One of its own, on which nobody types.
    Own,
    /// One of its own, which a person's terminal is joined to.
    Admin,
}

/// One command with everything it sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandSpec {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Working directory, absolute.
    pub dir: PathBuf,
    /// The user to become; the run's own where there is none.
    pub user: Option<String>,
    /// The whole environment but for HOME, USER, LOGNAME and SHELL of a `user`.
    pub env: BTreeMap<String, EnvValue>,
    /// How long it may run; none: as long as it takes.
    pub timeout: Option<Millis>,
    /// The time between TERM and KILL.
    pub grace: Millis,
    /// Its terminal; none: it has none, and its output goes straight into its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<TerminalOf>,
}
