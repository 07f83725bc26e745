//! The resolved plan. Made by `plan::resolve` alone and handed out behind `&Plan`, so whatever
//! holds one may rely on it: ids are unique, references lead somewhere, patterns compile.

use super::{Diagnostics, Script, Template};
use crate::types::{Digest, Id, Judge, Millis, Series, ServiceId, StepId, VersionReq, WarningId};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A valid plan.
#[derive(Debug)]
pub struct Plan {
    parts: PlanParts,
    scripts: Vec<Script>,
}

/// What a plan is made of; see [`Plan`], which derefs to it.
#[derive(Debug)]
pub struct PlanParts {
    /// Over the plan file's bytes and its `files`.
    pub digest: Digest,
    /// The ledger's and the lock's key.
    pub service: ServiceId,
    /// For people.
    pub title: Option<Template>,
    /// Where the upstream procedure is documented.
    pub docs: Option<String>,
    /// Where the plan comes from.
    pub provenance: Option<Provenance>,
    /// Which versions it serves; none: the service has no version.
    pub version: Option<VersionRules>,
    /// Variables in the plan's order.
    pub vars: Vec<Var>,
    /// Scripts and folders that go with the plan, relative to it.
    pub files: Vec<PathBuf>,
    /// What all commands start from.
    pub defaults: Defaults,
    /// The upgrade.
    pub up: Option<Walk>,
    /// The planned downgrade (its execution is part 4).
    pub down: Option<Walk>,
    /// The first installation (its execution is part 4).
    pub init: Option<Walk>,
    /// Keys that this upwalk reads but does not execute yet, each with its place; empty where the
    /// plan can be walked.
    pub not_yet: Diagnostics,
}

impl Plan {
    /// Seals what `resolve` has checked.
    pub(super) fn new(parts: PlanParts, scripts: Vec<Script>) -> Self {
        Self { parts, scripts }
    }

    /// Every shell text as the plan writes it, for whoever asks the shells whether they can read
    /// them.
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }
}

impl std::ops::Deref for Plan {
    type Target = PlanParts;
    fn deref(&self) -> &PlanParts {
        &self.parts
    }
}

/// Where a plan comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Title or URL of the upstream procedure.
    pub source: Option<Template>,
    /// When it was compared with that.
    pub checked: Option<String>,
    /// `documented`, `tried` or `guessed`.
    pub confidence: Option<String>,
}

/// Which versions the plan serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRules {
    /// Shell text whose first line of output is the installed version.
    pub detect: Option<String>,
    /// The installed versions it serves.
    pub from: Option<VersionReq>,
    /// Where it goes unless `--to` says otherwise.
    pub to: Option<Series>,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Var {
    /// Its name, lower case; commands see it in upper case.
    pub name: String,
    /// What it is, for people.
    pub help: Option<String>,
    /// Whether a run cannot start without it.
    pub required: bool,
    /// A pattern its value must match as a whole.
    pub matches: Option<String>,
    /// Where its value comes from when nobody sets it, in the order asked.
    pub sources: Vec<VarSource>,
    /// Whether its value is shown to nobody.
    pub secret: bool,
    /// The name commands see instead of the upper-cased one.
    pub pass_as: Option<String>,
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VarSource {
    /// An environment variable of `up`.
    Env(String),
    /// The first line of a shell text's output.
    Command(String),
    /// This text.
    Default(String),
}

/// What all commands start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// Program and arguments that a shell text is appended to.
    pub shell: Vec<String>,
    /// The user commands run as.
    pub user: Option<Template>,
    /// Their working directory.
    pub dir: Template,
    /// Their environment; `None` unsets.
    pub env: BTreeMap<String, Option<Template>>,
    /// Names taken over from the environment of `up`.
    pub inherit: Vec<String>,
    /// How long a command may run.
    pub timeout: Option<Millis>,
    /// Between TERM and KILL.
    pub grace: Millis,
    /// How long a guard may run.
    pub guard_timeout: Millis,
    /// How long a command may be silent before that is remarked on.
    pub silence: Option<Millis>,
}

/// One direction of a plan: phases and pauses in order, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// Phases and pauses.
    pub items: Vec<Item>,
}

impl Walk {
    /// Every step with its phase, in order.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = (&Phase, &Step)> {
        self.items.iter().flat_map(|item| match item {
            Item::Phase(phase) => phase.steps.iter().map(move |step| (phase, step)).collect(),
            Item::Pause(_) => Vec::new(),
        })
    }

    /// The step of this id with its phase.
    pub fn step(&self, id: &StepId) -> Option<(&Phase, &Step)> {
        self.steps().find(|(_, step)| step.id == *id)
    }

    /// The pause of this id.
    pub fn pause(&self, id: &StepId) -> Option<&Pause> {
        self.items.iter().find_map(|item| match item {
            Item::Pause(pause) if pause.id == *id => Some(pause),
            Item::Pause(_) | Item::Phase(_) => None,
        })
    }

    /// Every warning with the phase, pause or step it belongs to, in the order they come up.
    pub fn warnings(&self) -> impl Iterator<Item = (&StepId, &Warning)> {
        self.items.iter().flat_map(|item| {
            let own = item.warnings().iter().map(|warning| (item.id(), warning));
            let steps = match item {
                Item::Phase(phase) => phase.steps.as_slice(),
                Item::Pause(_) => &[],
            };
            own.chain(
                steps
                    .iter()
                    .flat_map(|s| s.warnings.iter().map(move |w| (&s.id, w))),
            )
            .collect::<Vec<_>>()
        })
    }
}

/// A phase or a pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Steps of one role.
    Phase(Phase),
    /// A stop for as long as it takes.
    Pause(Pause),
}

impl Item {
    /// Its id.
    pub fn id(&self) -> &StepId {
        match self {
            Self::Phase(phase) => &phase.id,
            Self::Pause(pause) => &pause.id,
        }
    }

    /// Its name.
    pub fn name(&self) -> &Template {
        match self {
            Self::Phase(phase) => &phase.name,
            Self::Pause(pause) => &pause.name,
        }
    }

    /// Its warnings.
    pub fn warnings(&self) -> &[Warning] {
        match self {
            Self::Phase(phase) => &phase.warnings,
            Self::Pause(pause) => &pause.warnings,
        }
    }
}

/// What a phase may do to service and state (plan-language, "Phases").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Changes nothing; all checks run even when one fails.
    Preflight,
    /// Writes only to `$BACKUP`.
    Backup,
    /// Prepares; changes neither the service nor what a restart would start.
    Stage,
    /// Changes state in a way the old code can live with.
    PreDeploy,
    /// Switches the code.
    Deploy,
    /// Changes what the old code needed.
    PostDeploy,
    /// Changes nothing.
    Verify,
    /// Owed after success.
    Cleanup,
}

impl Role {
    /// The role as plans spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Backup => "backup",
            Self::Stage => "stage",
            Self::PreDeploy => "pre-deploy",
            Self::Deploy => "deploy",
            Self::PostDeploy => "post-deploy",
            Self::Verify => "verify",
            Self::Cleanup => "cleanup",
        }
    }

    /// Whether steps of this role change neither service nor state.
    pub fn changes_nothing(self) -> bool {
        match self {
            Self::Preflight | Self::Verify => true,
            Self::Backup
            | Self::Stage
            | Self::PreDeploy
            | Self::Deploy
            | Self::PostDeploy
            | Self::Cleanup => false,
        }
    }
}

/// Steps of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// Its id.
    pub id: StepId,
    /// Its name, for people.
    pub name: Template,
    /// What its steps may do.
    pub role: Role,
    /// What happens here and why.
    pub text: Option<Template>,
    /// Confirmed before the phase starts.
    pub warnings: Vec<Warning>,
    /// One at a time, in order.
    pub steps: Vec<Step>,
}

/// A stop for as long as it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Its id.
    pub id: StepId,
    /// Its name, for people.
    pub name: Template,
    /// What to watch meanwhile.
    pub text: Option<Template>,
    /// What not to do, and what looks odd, meanwhile.
    pub meanwhile: Vec<Template>,
    /// Continuing earlier needs a reason.
    pub min: Option<Millis>,
    /// After this it asks again.
    pub max: Option<Millis>,
    /// From here on `status --motd` nags.
    pub remind: Option<Millis>,
    /// Must hold on leaving.
    pub guards: Vec<PauseGuard>,
    /// Confirmed before the pause begins.
    pub warnings: Vec<Warning>,
}

/// One condition for leaving a pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseGuard {
    /// What holds, for people.
    pub name: Template,
    /// What is asked.
    pub guard: Guard,
    /// What to do where it does not hold.
    pub remedy: Option<Template>,
}

/// A text that a person has to see, and maybe to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Its id.
    pub id: WarningId,
    /// What it says.
    pub text: Template,
    /// Shown only where this does not say no.
    pub only_if: Option<Guard>,
    /// Shell texts measured when it is shown, by name, in the plan's order.
    pub facts: Vec<(String, String)>,
    /// What a person has to do.
    pub level: Level,
    /// The warning as the plan writes it, before `${}`: part of its digest.
    pub source: String,
}

/// What a person has to do about a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// Nothing: it is shown and journalled.
    Note,
    /// Press a key after reading.
    Ack,
    /// Type this phrase.
    Type(Template),
}

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
    /// What happens when it fails.
    pub on_failure: OnFailure,
    /// Reads progress off the log: two groups (done, total) or one (percent).
    pub progress: Option<String>,
    /// Lines that count as errors beyond the usual words.
    pub error_lines: Option<String>,
    /// Variables it may write to `$OUTPUT`.
    pub sets: Vec<String>,
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
    Http {
        /// Where to ask.
        url: Template,
        /// Statuses that are a yes.
        status: Vec<u16>,
        /// A pattern for the body (names in it expand escaped).
        body: Option<Template>,
        /// Patterns for headers.
        header: BTreeMap<String, String>,
        /// A pattern whose first group is the version that answers, which must be of `$TO`.
        version: Option<Template>,
        /// How long the exchange may take.
        timeout: Millis,
        /// Certificates to trust instead of the system's.
        ca_file: Option<String>,
        /// Whether any certificate will do.
        insecure: bool,
        /// How many redirects are followed.
        redirects: u32,
    },
    /// A TCP connection to `host:port` (checks only).
    Tcp {
        /// Host and port.
        address: Template,
        /// How long it may take.
        timeout: Millis,
    },
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
    /// A person is asked.
    Never,
}

/// What happens when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// A person is asked.
    Ask,
}

/// The id of a plan's item as a walk of a single hop names it.
pub(super) fn item_id(id: &Id) -> StepId {
    StepId::of(id)
}
