//! The command line as clap structs, and nothing else. `completions` and `man` are generated from it.

mod cancel;
mod global;
mod tools;

pub use cancel::CancelArgs;
pub use global::{ColorName, Global, GlyphName, UiName};
pub use tools::{CompletionsArgs, ManArgs, ThemeVerb};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "upwalk",
    version,
    about = "Walks an admin through a risky upgrade, one confirmed step at a time.",
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Runs outlive their terminal: `upwalk attach` shows one again."
)]
pub struct Cli {
    /// Options of every verb.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Walk an upgrade
    Up(Box<UpArgs>),
    /// Show a run's screen, from any login; start its supervisor again if it died
    Attach(AttachArgs),
    /// Show what is open and what waits for whom
    Status(StatusArgs),
    /// Say what a run waits for and the next command to type
    Why(WhyArgs),
    /// Go on: past a pause, a stop or a manual step
    Continue(ContinueArgs),
    /// Confirm a warning by its id and digest
    Confirm(ConfirmArgs),
    /// Say what is the case with a step whose outcome is unknown
    Settle(SettleArgs),
    /// Stop after the present step
    Pause(DecideArgs),
    /// End the running command, or let go of what an ended one has left running
    Cancel(CancelArgs),
    /// Try again what failed
    Retry(DecideArgs),
    /// Pass a step over
    Skip(SkipArgs),
    /// Take the started steps back
    Rollback(RollbackArgs),
    /// End a run and leave everything as it is
    Stop(StopArgs),
    /// Leave a note in a run's journal
    Note(NoteArgs),
    /// Keep the good part of a damaged journal, and ask about the rest
    Salvage(SalvageArgs),
    /// Print the output of a step
    Log(LogArgs),
    /// List runs, newest first
    Runs(RunsArgs),
    /// List, show and check the themes of the screen
    #[command(subcommand)]
    Theme(ThemeVerb),
    /// Print the JSON Schema of the plan language
    Schema,
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Write the manual pages into a directory
    Man(ManArgs),
}

/// `up`
#[derive(Debug, Args)]
pub struct UpArgs {
    /// The plan: a path with a `/`, or one ending in .yaml, .yml or .json
    pub plan: String,
    /// Dry run: print what would happen; nothing is executed and nothing is written
    #[arg(
        long = "plan",
        id = "dry_run",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text",
        value_enum,
        value_name = "FORMAT"
    )]
    pub dry_run: Option<PlanFormat>,
    /// With --plan: also run detect, guards, facts and checks, which read only
    #[arg(long, requires = "dry_run")]
    pub evaluate: bool,
    /// The version installed, where nothing else can tell
    #[arg(long, value_name = "VERSION")]
    pub from: Option<String>,
    /// The version to go to, instead of the plan's
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// Set a variable of the plan (not a secret one: ps shows it)
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Read variables from a YAML map
    #[arg(long, value_name = "FILE")]
    pub vars: Option<PathBuf>,
    /// Ask before each step
    #[arg(long)]
    pub step: bool,
    /// Refuse any plan but the one with this digest
    #[arg(long, value_name = "DIGEST")]
    pub digest: Option<String>,
    /// Confirm a warning beforehand, as the dry run prints it
    #[arg(long, value_name = "ID:DIGEST")]
    pub accept: Vec<String>,
    /// Read such confirmations from a file of yours that nobody else can read (mode 0600)
    #[arg(long, value_name = "FILE")]
    pub accept_file: Option<PathBuf>,
}

/// How a dry run is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people, 80 columns
    Text,
    /// For programs
    Json,
    /// For a ticket
    Markdown,
}

/// `why`
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// A run id, the beginning of one, or a service; left out: the open run, or the latest
    pub run: Option<String>,
}

/// `attach`
#[derive(Debug, Args)]
pub struct AttachArgs {
    /// A run id, the beginning of one, or a service; left out: the open run, or the latest
    pub run: Option<String>,
    /// Look only
    #[arg(long)]
    pub observe: bool,
    /// Start the supervisors of all open runs and return (for a unit at boot)
    #[arg(long, conflicts_with_all = ["run", "observe"])]
    pub all: bool,
}

/// `status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// For programs
    #[arg(long)]
    pub json: bool,
    /// For login messages: only what is open, nothing otherwise
    #[arg(long, conflicts_with = "json")]
    pub motd: bool,
    /// Exit 0 nothing open, 4 waits for a person, 5 a failed step
    #[arg(long)]
    pub exit_code: bool,
}

/// `pause` and `retry`, and what other decisions take too
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// A run id, the beginning of one, or a service; left out: the open run, or the latest
    pub run: Option<String>,
    /// How the decision is given.
    #[command(flatten)]
    pub how: How,
}

/// How a decision is given
#[derive(Debug, Clone, Copy, Args)]
pub struct How {
    /// The number of the question this answers; required without a terminal
    #[arg(long, value_name = "SEQ")]
    pub at: Option<u64>,
    /// Follow the run afterwards, as attach --ui none does
    #[arg(long)]
    pub wait: bool,
}

/// `continue`
#[derive(Debug, Args)]
pub struct ContinueArgs {
    /// Which run, and how.
    #[command(flatten)]
    pub decide: DecideArgs,
    /// Leave a pause before its `min`
    #[arg(long, requires = "because")]
    pub early: bool,
    /// Why, where something is overridden
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
}

/// `confirm`
#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub struct ConfirmArgs {
    /// A run id, the beginning of one, or a service; left out: the open run
    pub run: Option<String>,
    /// The warning and its digest, as the question names them
    #[arg(value_name = "ID:DIGEST")]
    pub warning: String,
    /// How the decision is given.
    #[command(flatten)]
    pub how: How,
}

/// `settle`
#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub struct SettleArgs {
    /// A run id, the beginning of one, or a service; left out: the open run
    pub run: Option<String>,
    /// What is the case
    #[arg(value_enum)]
    pub verdict: VerdictName,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
    /// How the decision is given.
    #[command(flatten)]
    pub how: How,
}

/// What a person says of an unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerdictName {
    /// The step did its work
    Done,
    /// The step is to be run again
    Rerun,
}

/// `skip`
#[derive(Debug, Args)]
pub struct SkipArgs {
    /// Which run, and how.
    #[command(flatten)]
    pub decide: DecideArgs,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub because: String,
}

/// `rollback`
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// Which run, and how.
    #[command(flatten)]
    pub decide: DecideArgs,
    /// Only print what would be taken back, in which order
    #[arg(long)]
    pub plan: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
}

/// `stop`
#[derive(Debug, Args)]
pub struct StopArgs {
    /// Which run, and how.
    #[command(flatten)]
    pub decide: DecideArgs,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
}
/// `note`
#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub struct NoteArgs {
    /// A run id, the beginning of one, or a service; left out: the open run
    pub run: Option<String>,
    /// What the note says
    pub text: String,
}

/// `salvage`
#[derive(Debug, Args)]
pub struct SalvageArgs {
    /// A run id, the beginning of one, or a service; left out: the open run, or the latest
    pub run: Option<String>,
}

/// `log`
#[derive(Debug, Args)]
pub struct LogArgs {
    /// A run id, the beginning of one, or a service; left out: the open run, or the latest
    pub run: Option<String>,
    /// The step; left out: the present or last one
    #[arg(long, value_name = "STEP")]
    pub of: Option<String>,
    /// Go on until the step ends
    #[arg(short, long)]
    pub follow: bool,
}

/// `runs`
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// Only the runs of this service
    pub service: Option<String>,
    /// For programs
    #[arg(long)]
    pub json: bool,
}
