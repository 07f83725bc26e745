//! The state of a run: what the journal's events add up to.
//!
//! [`RunState::begin`] and [`RunState::apply`] (in `fold`) are its only writers; everybody else
//! reads the [`Facts`] behind it. Looks, settings and log lines are never in here.

use super::asked::{AskKey, Fact, Measured};
use super::event::{Outcome, RunResult, SkipReason};
use super::opening::RunStarted;
use super::question::{Decision, Evidence, Question, Seeing};
use super::shell::ShellRecord;
use crate::types::{
    Answer, Digest, ExitRecord, Moment, Pending, Seq, StepId, Version, WarningId, Who,
};
use std::collections::{BTreeMap, BTreeSet};

/// A folded run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunState {
    pub(super) facts: Facts,
}

impl std::ops::Deref for RunState {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        &self.facts
    }
}

/// What is known of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The number of the last event.
    pub last: Seq,
    /// When the last event was journalled.
    pub last_at: Moment,
    /// What was settled before step one.
    pub run: Box<RunStarted>,
    /// When the run began.
    pub began: Moment,
    /// The process of the last supervisor.
    pub supervisor: Option<u32>,
    /// Phases that have begun.
    pub phases: BTreeMap<StepId, PhaseRecord>,
    /// The phase under way.
    pub phase: Option<StepId>,
    /// The step of each intent.
    pub intents: BTreeMap<Seq, StepId>,
    /// Steps that anything is known of.
    pub steps: BTreeMap<StepId, StepRecord>,
    /// Pauses that were entered.
    pub pauses: BTreeMap<StepId, PauseRecord>,
    /// Warnings that came up, and those that did not apply.
    pub warnings: BTreeMap<WarningId, WarningRecord>,
    /// Answers that still count; those of a round that a person had asked again are gone.
    pub answers: BTreeMap<AskKey, Answered>,
    /// Measured values that still count.
    pub measured: BTreeMap<Measured, Vec<Fact>>,
    /// What steps wrote to `$OUTPUT`.
    pub variables: BTreeMap<String, String>,
    /// A person let the run begin.
    pub begun: bool,
    /// The question the run waits with.
    pub open: Option<Open>,
    /// Who answered which question, and how.
    pub answered: BTreeMap<Seq, (Decision, Who, Moment)>,
    /// Who asked for a stop after the present step.
    pub pause_requested: Option<Who>,
    /// The run has turned around.
    pub rollback: Option<Rollback>,
    /// Every confirmation, in order.
    pub consents: Vec<Consent>,
    /// Notes, in order.
    pub notes: Vec<Note>,
    /// Shells that were opened, in order.
    pub shells: Vec<ShellRecord>,
    /// What happened to the journal itself, in order.
    pub remarks: Vec<Remark>,
    /// The boundary phase a person has let the run cross.
    pub boundary_passed: Option<StepId>,
    /// How often the end's version was looked up again.
    pub version_rounds: u32,
    /// Where the ledger was moved to.
    pub ledger: Option<Version>,
    /// Who took the controls last from whoever had them, and when; who has them now is no fact of
    /// the run.
    pub controls: Option<(Who, Moment)>,
    /// How the run ended.
    pub finished: Option<Finished>,
    /// Numbers of events that this upwalk does not know (a newer minor version wrote them).
    pub unknown: Vec<Seq>,
}

/// A phase that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseRecord {
    /// When.
    pub started: Moment,
    /// When it ended.
    pub finished: Option<Moment>,
    /// How many of its steps are over, well or passed over.
    pub settled: usize,
}

/// What is known of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepRecord {
    /// Its attempts, void ones left out.
    pub attempts: Vec<Attempt>,
    /// How it ended; none: not begun, under way, or to be tried again.
    pub outcome: Option<Outcome>,
    /// Why it was passed over.
    pub skipped: Option<SkipReason>,
    /// What was said of it and still counts.
    pub words: BTreeSet<Word>,
    /// Attempts to take it back.
    pub undo_attempts: Vec<Attempt>,
    /// How taking it back ended; none: not tried, under way, or to be tried again.
    pub undo_outcome: Option<Outcome>,
    /// Why nothing was taken back of it.
    pub undo_skipped: Option<SkipReason>,
    /// How often it was run again after an unknown outcome without a person.
    pub reruns: u32,
    /// How often it began again by itself after a failure, since a person last had it tried.
    pub retries: u32,
    /// When its outcome was journalled.
    pub ended: Option<Moment>,
    /// How much there was to do when that was counted for the attempt that begins next.
    pub to_do: Option<Pending>,
}

/// Something that was said of a step and counts until its next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It may begin (`--step`).
    MayBegin,
    /// A manual step is done.
    DoneByHand,
    /// It is to run although a guard could not tell.
    RunUnasked,
    /// Its command of unknown outcome did its work.
    DidItsWork,
    /// It is to begin again: a person wants it, or its intent was void.
    BeginAgain,
    /// It is to be taken back although nobody knows whether there is anything to take back.
    TakeBackUnasked,
    /// Taking it back is to begin again.
    TakeBackAgain,
}

impl Word {
    /// Whether it lets a step begin. It outlives the attempt, which may turn out never to have begun:
    /// what was answered then is not asked again.
    pub(super) fn lets_begin(self) -> bool {
        match self {
            Self::MayBegin | Self::RunUnasked => true,
            Self::DoneByHand
            | Self::DidItsWork
            | Self::BeginAgain
            | Self::TakeBackUnasked
            | Self::TakeBackAgain => false,
        }
    }
}

impl StepRecord {
    /// Whether this was said of it and still counts.
    pub fn has(&self, word: Word) -> bool {
        self.words.contains(&word)
    }

    /// Whether the step is over, well or passed over.
    pub fn is_settled(&self) -> bool {
        self.skipped.is_some() || matches!(self.outcome, Some(Outcome::Done | Outcome::NothingToDo))
    }

    /// What nobody knew of its last attempt is settled: that did its work.
    pub(super) fn settle(&mut self) {
        if let Some(last) = self.attempts.last_mut() {
            last.settled = true;
        }
    }

    /// Whether the step has begun at least once.
    pub fn has_started(&self) -> bool {
        !self.attempts.is_empty()
    }

    /// The present or last attempt: of the undo, where that has begun.
    pub fn latest(&self) -> Option<&Attempt> {
        self.undo_attempts.last().or(self.attempts.last())
    }
}

/// One attempt at a step or at taking it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The number of its intent, with which its files begin.
    pub number: Seq,
    /// Attempts count from 1.
    pub attempt: u32,
    /// Whether a command was spawned.
    pub command: bool,
    /// When it began.
    pub started: Moment,
    /// How its command ended.
    pub end: Option<ExitRecord>,
    /// When its command ended, or nobody knew any more.
    pub ended: Option<Moment>,
    /// Nobody knows how it ended: why.
    pub unknown: Option<String>,
    /// `unless` or a person has said that it did its work, although nobody knew how it ended.
    pub settled: bool,
    /// Who asked for it to be ended.
    pub cancelled: Option<Who>,
    /// When that was asked for first.
    pub cancel_asked: Option<Moment>,
    /// What outlives its ended command, as `pid command`.
    pub outlived: Vec<String>,
    /// Who said that this is waited for no longer.
    pub let_go: Option<Who>,
    /// How much there was to do before it; none where nobody counts.
    pub before: Option<Pending>,
    /// How much was left when it had ended; none where that was not counted.
    pub after: Option<Pending>,
}

impl Attempt {
    /// One that begins now; `command` says whether a command is spawned.
    pub(super) fn begun(number: Seq, at: &Moment, attempt: u32, command: bool) -> Self {
        Self {
            number,
            attempt,
            command,
            started: at.clone(),
            end: None,
            ended: None,
            unknown: None,
            settled: false,
            cancelled: None,
            cancel_asked: None,
            outlived: Vec::new(),
            let_go: None,
            before: None,
            after: None,
        }
    }
}

/// A pause that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseRecord {
    /// When.
    pub entered: Moment,
    /// When it was left.
    pub left: Option<Moment>,
    /// A person wants to leave it: its guards are being asked.
    pub leaving: bool,
    /// What does not hold was overridden by a person.
    pub overridden: bool,
}

/// A warning that came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarningRecord {
    /// What became of it.
    pub state: WarningState,
    /// The phase, pause or step it stands before.
    pub before: Option<StepId>,
    /// When.
    pub at: Moment,
}

/// What became of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningState {
    /// It does not apply here.
    NotNeeded,
    /// A note was shown.
    Shown,
    /// It was confirmed.
    Confirmed,
}

/// A guard's answer with the number of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The event.
    pub n: Seq,
    /// When.
    pub at: Moment,
    /// What it said.
    pub answer: Answer,
}

/// The question a run waits with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its number: what decisions name with `--at`.
    pub asked: Seq,
    /// When it was asked.
    pub at: Moment,
    /// What is asked.
    pub question: Question,
    /// Its first number: the same question is asked anew where a fact has changed meanwhile.
    pub first: Seq,
    /// What was measured when it was asked the time before.
    pub before: Vec<Fact>,
}

/// The run has turned around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// When.
    pub at: Moment,
    /// Who wanted it.
    pub who: Who,
    /// Why.
    pub because: Option<String>,
}

/// A confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Of which warning.
    pub warning: WarningId,
    /// Its digest.
    pub digest: Digest,
    /// When it was confirmed.
    pub at: Moment,
    /// By whom.
    pub who: Who,
    /// How.
    pub evidence: Evidence,
    /// When it was shown, since when an answer counted, typed or pasted.
    pub seeing: Option<Seeing>,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Moment,
    /// By whom.
    pub who: Who,
    /// What it says.
    pub text: String,
}

/// What people have to know of the journal itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// When it was journalled.
    pub at: Moment,
    /// What it says: full sentences.
    pub text: String,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// When.
    pub at: Moment,
    /// How.
    pub result: RunResult,
}
