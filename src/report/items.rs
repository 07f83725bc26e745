//! Phases, pauses, steps, commands, guards and warnings as a dry run shows them. Field names are
//! documented output, as those of the whole ([`super::DryRun`]).

use crate::engine::Back;
use crate::plan::Retries;
use crate::text;
use crate::types::{Digest, Millis, StepId, TerminalOf, WarningId};
use serde::Serialize;
use std::collections::BTreeMap;

/// A phase or a pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ItemShown {
    /// Steps of one role.
    Phase(PhaseShown),
    /// A stop for as long as it takes.
    Pause(PauseShown),
}

/// Steps of one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhaseShown {
    /// Its number, as screens count.
    pub number: String,
    /// Its id.
    pub id: StepId,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: String,
    /// What happens here and why.
    pub text: Option<String>,
    /// Confirmed before it starts.
    pub warnings: Vec<WarningShown>,
    /// Its steps.
    pub steps: Vec<StepShown>,
}

/// A stop for as long as it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseShown {
    /// Its number, as screens count.
    pub number: String,
    /// Its id.
    pub id: StepId,
    /// Its name.
    pub name: String,
    /// What to watch meanwhile.
    pub text: Option<String>,
    /// What not to do, and what looks odd, meanwhile.
    pub meanwhile: Vec<String>,
    /// Continuing earlier needs a reason.
    pub min_ms: Option<u64>,
    /// After this it asks again.
    pub max_ms: Option<u64>,
    /// What must hold on leaving.
    pub guards: Vec<PauseGuardShown>,
    /// Confirmed before it begins.
    pub warnings: Vec<WarningShown>,
}

/// A condition for leaving a pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseGuardShown {
    /// What holds.
    pub name: String,
    /// What is asked.
    pub guard: GuardShown,
    /// What to do where it does not hold.
    pub remedy: Option<String>,
}

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A shell text.
    Run,
    /// A command without a shell.
    Argv,
    /// An assertion.
    Check,
    /// Done by hand.
    Manual,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepShown {
    /// Its number, as screens count.
    pub number: String,
    /// Its id.
    pub id: StepId,
    /// Its name.
    pub name: String,
    /// What kind of step it is.
    pub kind: StepKind,
    /// What it does and why.
    pub text: Option<String>,
    /// What to do when it fails.
    pub remedy: Option<String>,
    /// Its command (`run`, `argv`).
    pub command: Option<CommandShown>,
    /// What it asks (`check`).
    pub check: Option<GuardShown>,
    /// What the admin does (`manual`).
    pub manual: Option<String>,
    /// Run only where this says yes.
    pub only_if: Option<GuardShown>,
    /// Already done where this says yes.
    pub unless: Option<GuardShown>,
    /// Must hold afterwards.
    pub verify: Option<GuardShown>,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// After an unknown outcome: `safe`, `check` or `never`.
    pub rerun: &'static str,
    /// Exit codes that mean done.
    pub ok_codes: Vec<i32>,
    /// What happens by itself when it fails; none: nothing.
    pub retries: Option<RetriesShown>,
    /// Whether a person cannot skip it.
    pub required: bool,
    /// The terminal that its command has: `own` or `admin`; none: it has none.
    pub terminal: Option<TerminalOf>,
    /// What counts how much it has left to do.
    pub pending: Option<CommandShown>,
    /// When it fails: `ask`.
    pub on_failure: &'static str,
    /// Variables it may write to `$OUTPUT`.
    pub sets: Vec<String>,
    /// Whether it is asked again on return from a pause.
    pub lasting: bool,
    /// How it is taken back.
    pub back: BackShown,
    /// Confirmed before it starts.
    pub warnings: Vec<WarningShown>,
    /// The line of the plan file where it begins.
    pub line: usize,
}

/// Attempts that begin by themselves before a person is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetriesShown {
    /// How many after the first.
    pub times: u32,
    /// Milliseconds from a failure to the next attempt.
    pub wait_ms: u64,
    /// The exit codes that mean it; empty: any failure does.
    pub codes: Vec<i32>,
}

impl RetriesShown {
    /// What a plan says about it.
    pub fn of(retries: &Retries) -> Self {
        Self {
            times: retries.times,
            wait_ms: retries.wait.0,
            codes: retries.codes.clone(),
        }
    }

    /// The same in words.
    pub fn words(&self) -> String {
        let codes: Vec<_> = self.codes.iter().map(ToString::to_string).collect();
        let when = if codes.is_empty() {
            "when it fails".to_owned()
        } else {
            format!("on exit code {}", codes.join(" or "))
        };
        let times = match self.times {
            1 => "once more".to_owned(),
            times => format!("up to {times} times more"),
        };
        let apart = match self.wait_ms {
            0 => String::new(),
            wait => format!(", {} after each failure", text::duration(Millis(wait))),
        };
        format!("{when} it is tried {times} by itself{apart}")
    }
}

/// How a step is taken back, and what that costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackShown {
    /// Which way.
    pub kind: Back,
    /// What that costs, or why it is harmless or impossible, as the plan says.
    pub text: Option<String>,
    /// The command that takes it back.
    pub command: Option<CommandShown>,
    /// The step that an `again` follows.
    pub follows: Option<StepId>,
    /// Is it this step's effect that stands?
    pub applies: Option<GuardShown>,
    /// Proof that it is gone.
    pub verify: Option<GuardShown>,
}

/// A command as it would be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommandShown {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The shell text that is the last argument, where the plan wrote one.
    pub text: Option<String>,
    /// The shell it is given to, where that is not the plan's usual one.
    pub shell: Option<Vec<String>>,
    /// Working directory.
    pub dir: String,
    /// The user; none: the one who starts the run.
    pub user: Option<String>,
    /// The whole environment but for `env_of_user`, secrets as `***`.
    pub env: BTreeMap<String, String>,
    /// What of it differs from `environment_of_commands`.
    pub env_changed: BTreeMap<String, String>,
    /// Names of `environment_of_commands` that it does not see.
    pub env_unset: Vec<String>,
    /// Names that its user's account brings along, looked up when it runs.
    pub env_of_user: Vec<String>,
    /// How long it may run; none: as long as it takes.
    pub timeout_ms: Option<u64>,
    /// Between TERM and KILL.
    pub grace_ms: u64,
}

/// A guard as it would be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuardShown {
    /// What is asked, as the plan writes it.
    pub asks: String,
    /// What a yes is: `exit code 0`, `the output is 0`.
    pub holds_when: String,
    /// The command, where it is one.
    pub command: Option<CommandShown>,
    /// For how long it is asked again; none: once.
    pub within_ms: Option<u64>,
    /// The time between two asks.
    pub every_ms: Option<u64>,
    /// What it said, with `--evaluate`.
    pub answer: Option<AnswerShown>,
}

/// What a guard said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerShown {
    /// `yes`, `no` or `could_not_tell`.
    pub said: &'static str,
    /// Why, in a few words.
    pub why: Option<String>,
}

/// A measured value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactShown {
    /// What it is.
    pub name: String,
    /// The command that prints it.
    pub command: Option<String>,
    /// Its first line, with `--evaluate`.
    pub value: Option<String>,
    /// Why it is unknown, with `--evaluate`.
    pub unknown: Option<String>,
}

/// What a person has to do about a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelName {
    /// Nothing: it is shown and journalled.
    Note,
    /// Press a key after reading.
    Ack,
    /// Type a phrase.
    Type,
}

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WarningShown {
    /// `W1`, `W2`, … in the order they come up.
    pub number: String,
    /// Its id.
    pub id: WarningId,
    /// What a person has to do.
    pub level: LevelName,
    /// What `--accept` and `confirm` take.
    pub digest: Digest,
    /// The phrase to type.
    pub phrase: Option<String>,
    /// What it says.
    pub text: String,
    /// Shown only where this does not say no.
    pub only_if: Option<GuardShown>,
    /// Measured when it is shown.
    pub facts: Vec<FactShown>,
}
