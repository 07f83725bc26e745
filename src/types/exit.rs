//! How a command ended.

use super::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a command ended, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It exited with this status.
    Code(i32),
    /// A signal that upwalk did not send ended it.
    Signal(i32),
    /// It ran longer than its `timeout`, and was ended.
    TimedOut,
    /// A person had it ended.
    Cancelled,
    /// It could not be started: the reason.
    NotStarted(String),
}

impl Exit {
    /// Whether the shell's statuses 126 and 127, or the spawn itself, say that nothing ran.
    pub fn could_not_run(&self) -> bool {
        matches!(self, Self::Code(126 | 127) | Self::NotStarted(_))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(126) => write!(f, "could not be run (exit code 126: not executable)"),
            Self::Code(127) => write!(f, "could not be run (exit code 127: command not found)"),
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::TimedOut => write!(f, "ran out of time and was ended"),
            Self::Cancelled => write!(f, "was ended at a person's request"),
            Self::NotStarted(why) => write!(f, "could not be started: {why}"),
        }
    }
}

/// What a request to cancel a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The command is to end.
    #[default]
    Command,
    /// What outlives the ended command is waited for no longer.
    LetGo,
}

/// What the shim writes when its command has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// How it ended.
    pub exit: Exit,
    /// When, by the wall clock.
    pub at: Timestamp,
    /// How long it ran, by `CLOCK_BOOTTIME`.
    pub took: Millis,
    /// Processes it left behind on purpose (daemons), as `pid command`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_running: Vec<String>,
    /// The length of its log in bytes.
    pub log_bytes: u64,
}
