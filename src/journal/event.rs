//! The event vocabulary: facts only, in the past tense.
//!
//! Names and fields are a file format (see `codec` for its version): new kinds and new optional
//! fields are a new minor version, anything else a new major one.

use super::asked::{AskKey, Count, Fact, Measured};
use super::opening::RunStarted;
use super::question::{Asks, Decision, Evidence, Question, Seeing};
use super::salvaged::Salvaged;
use super::shell::{ShellLeft, ShellOpened};
use crate::types::{
    Answer, BootId, Digest, ExitRecord, Moment, Pending, Seq, StepId, Version, WarningId, Who,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An event with its place and time in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number, from 1.
    pub n: Seq,
    /// When it was journalled.
    pub at: Moment,
    /// What happened.
    pub event: Event,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Event {
    /// The first event: everything that was settled before step one.
    RunStarted(Box<RunStarted>),
    /// A supervisor took the run over.
    SupervisorStarted {
        /// Its process.
        pid: u32,
        /// The boot it lives in.
        boot: BootId,
        /// Which upwalk it is.
        upwalk: String,
        /// The format that it writes from here on (since 1.1): an upwalk that took the run over may
        /// be newer than the one that began it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        writes: Option<(u32, u32)>,
    },
    /// What followed the last whole event was cut off on reopening (since 1.1).
    TailCutOff {
        /// How many bytes that were.
        bytes: u64,
        /// How they began, for people.
        began: String,
    },
    /// A person had the good part of a damaged journal kept (since 1.1). Its number leaves out all
    /// that the lost events may have had, so that none is used twice.
    JournalSalvaged(Box<Salvaged>),
    /// A phase began.
    PhaseStarted {
        /// Which.
        phase: StepId,
    },
    /// All its steps have ended well or were skipped.
    PhaseFinished {
        /// Which.
        phase: StepId,
    },
    /// A guard, check or verify answered, and the run went by that.
    GuardAnswered {
        /// Which question.
        key: AskKey,
        /// What it said.
        answer: Answer,
    },
    /// A warning's facts, or the installed version, were measured.
    ValuesMeasured {
        /// For what.
        of: Measured,
        /// The values, in the plan's order.
        values: Vec<Fact>,
    },
    /// How much a step has left to do was counted (since 1.2).
    PendingCounted {
        /// Which step.
        step: StepId,
        /// Before or after its attempt.
        when: Count,
        /// How much.
        left: Pending,
    },
    /// A note was shown; it stops nobody.
    WarningShown {
        /// Which.
        warning: WarningId,
        /// The phase, pause or step it stands before; none: the run as a whole.
        before: Option<StepId>,
        /// Its digest.
        digest: Digest,
    },
    /// A warning does not apply here and was not shown.
    WarningNotNeeded {
        /// Which.
        warning: WarningId,
        /// The phase, pause or step it stands before.
        before: Option<StepId>,
    },
    /// A warning was confirmed.
    WarningConfirmed {
        /// Which.
        warning: WarningId,
        /// The phase, pause or step it stands before; none: the run as a whole.
        before: Option<StepId>,
        /// Its digest.
        digest: Digest,
        /// Over the text and facts that were seen; none where it was accepted beforehand.
        seen: Option<Digest>,
        /// By whom.
        who: Who,
        /// How.
        evidence: Evidence,
        /// What it asked for (since 1.2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<Asks>,
        /// The question that this answers, which holds text and facts as they were shown (since 1.2);
        /// none where it was accepted beforehand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<Seq>,
        /// When it was shown, since when an answer counted, typed or pasted (since 1.2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seeing: Option<Seeing>,
    },
    /// A step's intent: durable before anything of it is spawned. Its number names its files.
    StepStarted {
        /// Which.
        step: StepId,
        /// Attempts count from 1.
        attempt: u32,
        /// Whether a command is spawned (else it is a check or a manual step).
        command: bool,
    },
    /// The command of an intent ended.
    CommandEnded {
        /// The intent.
        number: Seq,
        /// How, as the shim wrote it.
        end: ExitRecord,
    },
    /// The command of an intent was never started; the intent is void.
    IntentVoided {
        /// The intent.
        number: Seq,
    },
    /// Nobody knows how the command of an intent ended.
    StepOutcomeUnknown {
        /// The intent.
        number: Seq,
        /// Why.
        why: String,
    },
    /// A person asked for a running command to be ended.
    CancelRequested {
        /// The intent.
        number: Seq,
        /// Who asked.
        who: Who,
    },
    /// A command was ended, by a person or because its time was up, and these outlive it outside
    /// of its process group: the step is still running until they are gone or let go.
    CommandOutlived {
        /// The intent.
        number: Seq,
        /// Who is left, as `pid command`; each such event replaces the one before.
        left: Vec<String>,
    },
    /// A person said that what outlives a command is waited for no longer.
    LeftoversLetGo {
        /// The intent.
        number: Seq,
        /// Who said so.
        who: Who,
    },
    /// A step wrote variables.
    VariablesSet {
        /// Which step.
        step: StepId,
        /// Name and value.
        values: BTreeMap<String, String>,
    },
    /// A step ended.
    StepFinished {
        /// Which.
        step: StepId,
        /// How.
        outcome: Outcome,
    },
    /// A step was passed over.
    StepSkipped {
        /// Which.
        step: StepId,
        /// Why.
        why: SkipReason,
    },
    /// The run asked a person; its number is what answers name.
    QuestionAsked {
        /// What.
        question: Question,
    },
    /// A person answered.
    QuestionAnswered {
        /// The number of the question.
        asked: Seq,
        /// The answer.
        decision: Decision,
        /// By whom.
        who: Who,
    },
    /// A pause began.
    PauseEntered {
        /// Which.
        pause: StepId,
    },
    /// A pause ended.
    PauseLeft {
        /// Which.
        pause: StepId,
    },
    /// A person asked the run to stop after the present step.
    PauseRequested {
        /// By whom.
        who: Who,
    },
    /// The run turned around.
    RollbackStarted {
        /// Who wanted it.
        who: Who,
        /// Why.
        because: Option<String>,
    },
    /// The intent of taking a step back (or of running an `again` step once more).
    UndoStarted {
        /// Which step.
        step: StepId,
        /// Attempts count from 1.
        attempt: u32,
    },
    /// A step was taken back, or that failed.
    UndoFinished {
        /// Which step.
        step: StepId,
        /// How.
        outcome: Outcome,
    },
    /// Nothing was taken back of a step.
    UndoSkipped {
        /// Which step.
        step: StepId,
        /// Why.
        why: SkipReason,
    },
    /// The ledger's state version moved.
    LedgerMoved {
        /// Where it stands now.
        version: Version,
    },
    /// A person left a note.
    NoteAdded {
        /// By whom.
        who: Who,
        /// What it says.
        text: String,
    },
    /// A person opened a shell (since 1.2).
    ShellOpened(ShellOpened),
    /// That shell ended (since 1.2).
    ShellLeft(ShellLeft),
    /// A screen took the controls.
    ControlsTaken {
        /// Whose.
        who: Who,
    },
    /// A person had a stopped run opened again, to take it back (since 1.1).
    RunReopened {
        /// Who.
        who: Who,
        /// The boot it was opened again in.
        boot: BootId,
    },
    /// The last event, unless the run was stopped and is opened again.
    RunFinished {
        /// How the run ended.
        result: RunResult,
    },
    /// An event of a newer minor version; carried along, never acted on.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// How a step, or taking it back, ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it is for.
    Done,
    /// `unless` said that it was done already.
    NothingToDo,
    /// It failed: why, in a few words.
    Failed(String),
    /// Nobody knows: why.
    Unknown(String),
}

/// Why a step was passed over, or not taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// A guard said so: what it said.
    Guard(String),
    /// A person said so.
    Person {
        /// Who.
        who: Who,
        /// Why.
        because: String,
    },
    /// There is nothing to take back: why.
    NothingToTakeBack(String),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    /// Every step is done or was skipped.
    Done,
    /// Every started step was taken back.
    RolledBack,
    /// A person left it as it is: at which item, and why.
    Stopped {
        /// The phase, pause or step it stood at.
        at: Option<StepId>,
        /// Why.
        because: Option<String>,
        /// Whether a failed step or an unknown outcome stands there.
        failed: bool,
    },
    /// It never began: nothing was changed.
    NeverStarted,
    /// It had ended, and nobody knows how: the end of its journal is lost. Never journalled as a
    /// run's end; a salvaged journal says so.
    Lost,
}

impl Event {
    /// Whether this event may have number `n` right after number `last`. Only a salvage leaves
    /// numbers out.
    pub fn may_follow(&self, last: Seq, n: Seq) -> bool {
        n == last.next() || (matches!(self, Self::JournalSalvaged(_)) && n > last)
    }

    /// Whether this event may come where the run has ended like this (none: it has not), or why not.
    /// After the end only notes and salvages come, or, where the run was stopped, its opening again.
    pub fn may_follow_end(&self, end: Option<&RunResult>) -> Result<(), &'static str> {
        match (self, end) {
            (Self::RunReopened { .. }, Some(RunResult::Stopped { .. }))
            | (Self::NoteAdded { .. } | Self::ShellLeft(_) | Self::JournalSalvaged(_), _) => Ok(()),
            (Self::RunReopened { .. }, _) => Err("the run was not stopped"),
            (_, Some(_)) => Err("the run had finished"),
            (_, None) => Ok(()),
        }
    }
}
