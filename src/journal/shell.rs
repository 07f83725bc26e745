//! Shells that people open beside a run: part of the event vocabulary, and what is known of each.

use crate::types::{Exit, Millis, Moment, Seq, StepId, Who};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A person is about to open a shell with what a step's command sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellOpened {
    /// Who.
    pub who: Who,
    /// In the place of which step; none: of the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// As which user; none: the run's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where.
    pub dir: PathBuf,
}

/// That shell has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellLeft {
    /// The number of its opening.
    pub opened: Seq,
    /// How it ended.
    pub exit: Exit,
    /// How long it was open.
    pub took: Millis,
}

/// What is known of a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellRecord {
    /// The number of its opening.
    pub number: Seq,
    /// When it was opened.
    pub at: Moment,
    /// By whom, and where.
    pub opened: ShellOpened,
    /// How it ended and how long it was open; none: it is open, or nobody saw its end.
    pub left: Option<(Exit, Millis)>,
}
