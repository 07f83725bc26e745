//! Steps, what they ask, and how they are taken back.

use super::Warning;
use crate::plan::Template;
use crate::types::{Judge, Millis, StepId, TerminalOf};
use std::collections::BTreeMap;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its id.
    pub id: StepId,
    /// Its name, for people.
    pub name: Template,
    /// What it does and why.
    pub text: Option<Template>,
    /// What to do when it fails.
    pub remedy: Option<Template>,
    /// What is done.
    pub kind: Kind,
    /// How its commands run.
    pub settings: Settings,
    /// Confirmed before it starts.
    pub warnings: Vec<Warning>,
    /// Run only where this says yes.
    pub only_if: Option<Guard>,
    /// Already done where this says yes.
    pub unless: Option<Guard>,
    /// Must hold afterwards.
    pub verify: Option<Polled>,
    /// How it is taken back.
    pub undo: Undo,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// What happens after an unknown outcome.
    pub rerun: Rerun,
    /// Exit codes that mean done.
    pub ok_codes: Vec<i32>,
    /// What happens by itself when it fails.
    pub retries: Option<Retries>,
    /// Whether a person cannot skip it.
    pub required: bool,
    /// Shell text that prints how much there is left to do.
    pub pending: Option<String>,
    /// What happens when it fails.
    pub on_failure: OnFailure,
    /// Reads progress off the log: two groups (done, total) or one (percent).
    pub progress: Option<String>,
    /// Lines that count as errors beyond the usual words.
    pub error_lines: Option<String>,
    /// Variables it may write to `$OUTPUT`.
    pub sets: Vec<String>,
    /// The terminal that its command has.
    pub terminal: Option<TerminalOf>,
    /// A check that is asked again on return from a pause.
    pub lasting: bool,
    /// The line of the plan file where it begins, from 1.
    pub line: usize,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Gives a text to the shell.
    Run(String),
    /// Runs a command without a shell.
    Argv(Vec<Template>),
    /// Asserts something.
    Check(Polled),
    /// The admin does it by hand and says so.
    Manual(Template),
}

/// How a step's commands run; unset where `defaults` decide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Overrides, by name; `None` unsets.
    pub env: BTreeMap<String, Option<Template>>,
    /// Working directory.
    pub dir: Option<Template>,
    /// The user.
    pub user: Option<Template>,
    /// How long it may run.
    pub timeout: Option<Millis>,
    /// Program and arguments that a shell text is appended to.
    pub shell: Option<Vec<String>>,
    /// Secrets it sees although its text does not name them.
    pub secrets: Vec<String>,
}

/// What a guard asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// What is asked.
    pub asked: Asked,
    /// A few words on what it looks at, as the plan writes it.
    pub source: String,
}

/// The forms a guard can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A shell text and how its end is judged.
    Command {
        /// The text.
        text: String,
        /// How its end is judged.
        judge: Judge,
    },
    /// An HTTP request (checks only).
    Http(Box<Request>),
    /// A TCP connection to `host:port` (checks only).
    Tcp {
        /// Host and port.
        address: Template,
        /// How long it may take.
        timeout: Millis,
    },
}

/// An HTTP request and what its answer must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to ask.
    pub url: Template,
    /// Statuses that are a yes.
    pub status: Vec<u16>,
    /// A pattern for the body (names in it expand escaped).
    pub body: Option<Template>,
    /// Patterns for headers.
    pub header: BTreeMap<String, String>,
    /// A pattern whose first group is the version that answers, which must be of `$TO`.
    pub version: Option<Template>,
    /// How long the exchange may take.
    pub timeout: Millis,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<String>,
    /// Whether any certificate will do.
    pub insecure: bool,
    /// How many redirects are followed.
    pub redirects: u32,
}

/// A guard that may be asked until it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polled {
    /// What is asked.
    pub guard: Guard,
    /// For how long; none: once.
    pub within: Option<Millis>,
    /// The time between two asks.
    pub every: Millis,
}

/// How a step is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// The plan does not say.
    Unsaid,
    /// This text takes it back.
    Run {
        /// Shell text, which bears a half-done step.
        text: String,
        /// What that costs.
        costs: Option<Template>,
        /// Is it this step's effect that stands?
        applies: Option<Guard>,
        /// Proof that it is gone.
        verify: Option<Polled>,
    },
    /// Runs once more, right after the undo of the step it follows.
    Again {
        /// The step it follows; none: taken back at its own place.
        follows: Option<StepId>,
        /// Proof that the service follows again.
        verify: Option<Polled>,
    },
    /// Harmless to leave as it is: why.
    Harmless(Template),
    /// Nothing takes it back: why. The point of no return.
    Irreversible(Template),
}

/// What happens after an unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rerun {
    /// It is run again.
    Safe,
    /// `unless` is asked.
    Check,
    /// A person is asked, and types it out where they have it run again, as the plan says `never`.
    Never,
    /// A person is asked, as the plan says nothing.
    Unsaid,
}

/// Attempts that begin by themselves before a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retries {
    /// How many after the first.
    pub times: u32,
    /// The time from a failure to the next attempt.
    pub wait: Millis,
    /// The exit codes that mean it; none: any failure does.
    pub codes: Vec<i32>,
}

/// What happens when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// A person is asked.
    Ask,
}
