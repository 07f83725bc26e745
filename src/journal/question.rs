//! What a run asks a person, and what a person answers: part of the event vocabulary.

use super::asked::{AskKey, Fact, Measured};
use crate::types::{Digest, Exit, Millis, Seq, Series, StepId, Timestamp, WarningId};
use serde::{Deserialize, Serialize};

/// What the run waits for a person to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Nothing has been changed; may the run begin?
    Start,
    /// A warning to confirm.
    Confirm {
        /// Which; upwalk's own have their ids here too.
        warning: WarningId,
        /// The phase, pause or step it stands before; none: the run as a whole.
        before: Option<StepId>,
        /// Its digest.
        digest: Digest,
        /// The phrase to type; none: acknowledging is enough.
        phrase: Option<String>,
        /// Its text, `${}` expanded.
        text: String,
        /// Facts measured when it was asked.
        facts: Vec<Fact>,
        /// Over text and facts.
        seen: Digest,
        /// A remark of upwalk's own, such as a guard that could not tell whether it applies.
        remark: Option<String>,
    },
    /// `--step`: may this step begin?
    NextStep {
        /// Which.
        step: StepId,
    },
    /// A person asked for a stop here.
    Halted,
    /// A manual step: is it done?
    ManualDone {
        /// Which.
        step: StepId,
    },
    /// A step failed.
    Failed {
        /// Which.
        step: StepId,
        /// Why, in a few words.
        why: String,
    },
    /// Checks of a preflight phase failed.
    Blocked {
        /// The phase.
        phase: StepId,
        /// The steps that failed.
        steps: Vec<StepId>,
    },
    /// Nobody knows whether a step's command did its work.
    OutcomeUnknown {
        /// Which.
        step: StepId,
        /// Why nobody knows.
        why: String,
    },
    /// `only_if` or `unless` of a step could not tell.
    CouldNotTell {
        /// Which question.
        key: AskKey,
        /// Which step.
        step: StepId,
        /// Why.
        why: String,
    },
    /// A pause of the plan.
    Paused {
        /// Which.
        pause: StepId,
        /// Whether its `max` has passed.
        overdue: bool,
    },
    /// The boundary before the first post-deploy phase, where the plan wrote no pause.
    Boundary {
        /// The phase behind it.
        phase: StepId,
    },
    /// A guard does not let the pause end.
    PauseHeld {
        /// Which pause.
        pause: StepId,
        /// What does not hold, one line each.
        why: Vec<String>,
    },
    /// The installed version is not what it must be.
    WrongVersion {
        /// The series it must be of.
        expected: Series,
        /// What was found, or why nobody knows.
        found: Result<String, String>,
    },
    /// A step's undo failed, its outcome is unknown, or its plan says nothing about one.
    UndoFailed {
        /// Which.
        step: StepId,
        /// Why.
        why: String,
    },
    /// Nobody knows whether there is anything to take back of a step.
    UndoUnsure {
        /// Which.
        step: StepId,
        /// Why.
        why: String,
    },
}

impl Question {
    /// Whether it puts to a person what was measured for this.
    pub fn is_about(&self, of: &Measured) -> bool {
        matches!((self, of), (Self::Confirm { warning, .. }, Measured::Warning(of)) if warning == of)
    }

    /// Whether it is the same warning, whatever was measured for it.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (
                Self::Confirm { warning, digest, .. },
                Self::Confirm { warning: again, digest: as_again, .. },
            ) if (warning, digest) == (again, as_again)
        )
    }

    /// What was measured for it.
    pub(super) fn into_facts(self) -> Vec<Fact> {
        if let Self::Confirm { facts, .. } = self {
            facts
        } else {
            Vec::new()
        }
    }
}

/// A person's answer, or their wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Begin.
    Start,
    /// Confirm a warning.
    Confirm {
        /// Which.
        warning: WarningId,
        /// Its digest as it was shown.
        digest: Digest,
        /// How.
        evidence: Evidence,
        /// What the front end knows of how that came about (since 1.2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seeing: Option<Seeing>,
    },
    /// Go on: past a pause, a stop, a manual step; with a reason past what would hold it.
    Continue {
        /// Whether it is meant before a pause's `min`.
        early: bool,
        /// Why, where something is overridden.
        because: Option<String>,
    },
    /// Try what failed again.
    Retry,
    /// Pass a step over.
    Skip {
        /// Why.
        because: String,
    },
    /// Say what is the case with an unknown outcome.
    Settle {
        /// What is the case.
        verdict: Verdict,
        /// Why.
        because: Option<String>,
    },
    /// Take the started steps back.
    Rollback {
        /// Why.
        because: Option<String>,
    },
    /// End the run as it is.
    Stop {
        /// Why.
        because: Option<String>,
    },
    /// Stop after the present step.
    Pause,
    /// End the running command: TERM, the step's grace, KILL.
    Cancel,
    /// Wait no longer for what outlives a command that was ended.
    LetGo,
    /// Open a shell with what this step's command sees; without one, what the run sees.
    OpenShell {
        /// Which step.
        step: Option<StepId>,
    },
    /// Say that a shell has ended.
    LeaveShell {
        /// The number of its opening.
        opened: Seq,
        /// How it ended.
        exit: Exit,
        /// How long it was open.
        took: Millis,
    },
    /// Leave a note.
    Note {
        /// What it says.
        text: String,
    },
}

/// What a person says of an unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It did its work.
    Done,
    /// It is to be run again.
    Rerun,
}

/// How a person came to confirm a warning, as the front end saw it; by the clock of its machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeing {
    /// When the warning was shown.
    pub shown: Timestamp,
    /// Since when an answer counted.
    pub armed: Timestamp,
    /// How the phrase came into its field; none where none was asked for, and where nobody can tell:
    /// prompts are given whole lines by the terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Filled>,
}

/// How a text came into a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filled {
    /// Key by key.
    Typed,
    /// By a paste, at least in part.
    Pasted,
}

/// What a warning asks of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// To acknowledge it.
    Ack,
    /// To type its phrase.
    Type,
}

impl Asks {
    /// What a warning with this phrase asks, or with none.
    pub fn with(phrase: Option<&str>) -> Self {
        phrase.map_or(Self::Ack, |_| Self::Type)
    }
}

/// How a warning was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A key was pressed at a screen or prompt.
    Acknowledged,
    /// The phrase was typed.
    Typed(String),
    /// The `confirm` verb named its digest.
    Named,
    /// `--accept` named its digest before step one.
    Accepted,
}
