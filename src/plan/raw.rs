//! The plan as it is written: every key of the language, nothing checked but shapes.
//!
//! Phases, pauses and what belongs to them; steps and guards are in `raw_step`.

use super::decode::{
    Command, Decode, Either, EnvText, Flag, Literal, Map, Text, field, plain, raw,
};
use super::findings::Findings;
use super::node::{Node, Sp, Value};
use super::raw_step::{RawGuard, RawStep};
use schemars::JsonSchema;

raw! {
    /// How one service is taken from one version to another under supervision.
    struct RawPlan, "a plan" {
        /// Format version, `1`.
        upwalk: Text,
        /// The ledger's and the lock's key.
        service: Text,
        /// For people.
        title: Text,
        /// A URL for people.
        docs: Text,
        /// Where the plan comes from.
        provenance: RawProvenance,
        /// Hops that somebody has walked, such as `4.2 -> 4.3`.
        tested: Vec<Sp<Text>>,
        /// Which versions the plan serves.
        version: RawVersion,
        /// Variables, by name.
        vars: Map<RawVar>,
        /// Scripts and folders that the commands use, relative to the plan.
        files: Vec<Sp<Text>>,
        /// What all commands start from.
        defaults: RawDefaults,
        /// Where backups lie, instead of the run's directory.
        backups: Text,
        /// What is measured during the whole run, by id.
        probes: Map<RawProbe>,
        /// Groups of machines.
        hosts: Map<Either<Text, RawHosts>>,
        /// The upgrade.
        up: Vec<Sp<RawItem>>,
        /// The planned downgrade.
        down: RawDown,
        /// The first installation.
        init: Vec<Sp<RawItem>>,
    }
}

raw! {
    /// Where a plan comes from.
    struct RawProvenance, "`provenance`" {
        /// Title or URL of the upstream procedure.
        source: Text,
        /// The date when it was compared with that.
        checked: Text,
        /// `documented`, `tried` or `guessed`.
        confidence: Text,
    }
}

raw! {
    /// Which versions the plan serves.
    struct RawVersion, "`version`" {
        /// A command whose first line of output is the version installed.
        detect: Command,
        /// For `init`: yes where nothing is there yet.
        fresh: RawGuard,
        /// The versions that the plan serves.
        from: Text,
        /// Required stops.
        path: Vec<Sp<Either<Text, RawStop>>>,
        /// The default target.
        to: Text,
        /// After a stop, the oldest code that can run on the state.
        oldest_code: Map<Text>,
    }
}

raw! {
    /// A required stop with variables of its own.
    struct RawStop, "a stop of `path`" {
        /// The stop.
        to: Text,
        /// Variables for the hop that leads there.
        set: Map<Literal>,
    }
}

raw! {
    /// A variable.
    struct RawVar, "a variable" {
        /// Its value where nothing else gives one.
        default: Literal,
        /// What it is, for people.
        help: Text,
        /// Whether a run cannot start without it.
        required: Flag,
        /// A pattern that its value matches as a whole.
        r#match: Text,
        /// A command whose first line of output is its value.
        command: Command,
        /// The environment variable that gives its value.
        env: Text,
        /// Whether its value is shown to nobody.
        secret: Flag,
        /// The name by which commands see it.
        pass_as: Text,
    }
}

raw! {
    /// What all commands start from.
    struct RawDefaults, "`defaults`" {
        /// Program and arguments that a command's text is appended to.
        shell: Vec<Sp<Text>>,
        /// The user commands run as.
        user: Text,
        /// Their working directory, absolute.
        dir: Text,
        /// Their environment.
        env: Map<EnvText>,
        /// Names taken over from the environment of `up`.
        inherit: Vec<Sp<Text>>,
        /// How long a command may run.
        timeout: Text,
        /// The time between TERM and KILL.
        grace: Text,
        /// How long a guard may run.
        guard_timeout: Text,
        /// How long a command may be silent before that is remarked on.
        silence: Text,
    }
}

raw! {
    /// A measurement during the whole run.
    struct RawProbe, "a probe" {
        /// A URL to fetch.
        http: Text,
        /// A `host:port` to connect to.
        tcp: Text,
        /// A guard to ask.
        check: RawGuard,
        /// The time between two samples.
        every: Text,
        /// How long one may take.
        timeout: Text,
        /// Statuses that are a yes.
        status: Vec<Sp<Text>>,
        /// A pattern that the body matches.
        body: Text,
        /// Patterns that headers match, by name.
        header: Map<Text>,
        /// A pattern whose group is the version that answers.
        version: Text,
        /// How long an answer may take before it counts as slow.
        slow: Text,
        /// The longest outage that does not hold the run.
        max_outage: Text,
        /// Certificates to trust instead of the system's.
        ca_file: Text,
        /// Whether any certificate will do.
        insecure: Flag,
        /// How many redirects are followed.
        redirects: Text,
    }
}

raw! {
    /// A group of machines.
    struct RawHosts, "a group of hosts" {
        /// Which machines of the inventory.
        pattern: Text,
    }
}

raw! {
    /// Why there is no way down.
    struct RawImpossible, "`down`" {
        /// Why.
        impossible: Text,
    }
}

/// The planned downgrade, or why there is none.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum RawDown {
    /// Phases and pauses.
    Walk(Vec<Sp<RawItem>>),
    /// There is no way down.
    Impossible(RawImpossible),
}

impl Decode for RawDown {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        match &node.value {
            Value::Map(_) => Decode::decode(node, out).map(Self::Impossible),
            Value::List(_) | Value::Text(_) => Decode::decode(node, out).map(Self::Walk),
        }
    }
}

/// A phase or a pause.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum RawItem {
    /// Steps of one role.
    Phase(Box<RawPhase>),
    /// A stop for as long as it takes.
    Pause(Box<RawPause>),
}

impl Decode for RawItem {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        let has = |key| node.get(key).is_some();
        let is_map = matches!(node.value, Value::Map(_));
        if is_map && has("pause") {
            Decode::decode(node, out).map(|pause| Self::Pause(Box::new(pause)))
        } else if !is_map || has("phase") || has("role") || has("steps") {
            Decode::decode(node, out).map(|phase| Self::Phase(Box::new(phase)))
        } else {
            out.error(&node.span, "neither a phase nor a pause begins here")
                .label("`phase: name` or `pause: name` is missing")
                .help("steps stand under the `steps` of a phase, indented further than it");
            None
        }
    }
}

raw! {
    /// Steps of one role.
    struct RawPhase, "a phase" {
        /// Its name, for people.
        phase: Text,
        /// Its id; by default the name's slug.
        id: Text,
        /// What its steps may do.
        role: Text,
        /// What happens here and why.
        text: Text,
        /// In which hops: `each`, `first` or `last`.
        hop: Text,
        /// Only for hops between such versions.
        when: RawWhen,
        /// How far the service is away: `none`, `brief`, `full`, with or without a budget.
        downtime: Either<Text, RawDowntime>,
        /// Confirmed before the phase starts.
        warn: Vec<Sp<RawWarning>>,
        /// One at a time, in order.
        steps: Vec<Sp<RawStep>>,
    }
}

raw! {
    /// A stop for as long as it takes.
    struct RawPause, "a pause" {
        /// Its name, for people.
        pause: Text,
        /// Its id; by default the name's slug.
        id: Text,
        /// What to watch meanwhile.
        text: Text,
        /// What not to do, and what looks odd, meanwhile.
        meanwhile: Vec<Sp<Text>>,
        /// Continuing earlier needs a reason.
        min: Text,
        /// After this it asks again.
        max: Text,
        /// From here on it nags.
        remind: Text,
        /// Must hold on leaving.
        guard: Vec<Sp<RawPauseGuard>>,
        /// Confirmed before the pause begins.
        warn: Vec<Sp<RawWarning>>,
        /// In which hops: `each`, `first` or `last`.
        hop: Text,
        /// Only for hops between such versions.
        when: RawWhen,
        /// How far the service is away: `none`, `brief`, `full`, with or without a budget.
        downtime: Either<Text, RawDowntime>,
    }
}

raw! {
    /// One condition for leaving a pause.
    struct RawPauseGuard, "a pause's `guard`" {
        /// What is asked.
        check: RawGuard,
        /// What holds, for people.
        name: Text,
        /// What to do where it does not.
        remedy: Text,
    }
}

raw! {
    /// Only for hops between such versions.
    struct RawWhen, "`when`" {
        /// Where the hop begins.
        from: Text,
        /// Where it ends.
        to: Text,
    }
}

raw! {
    /// How far the service is away, and for how long at most.
    struct RawDowntime, "`downtime`" {
        /// Some requests fail.
        brief: Text,
        /// The service is off.
        full: Text,
    }
}

/// A text that a person has to see, and maybe to confirm.
#[derive(Debug, JsonSchema)]
#[schemars(transparent)]
pub(super) struct RawWarning {
    /// Its keys.
    pub(super) keys: RawWarningKeys,
    /// The warning as the plan writes it, in one form for the same contents.
    #[schemars(skip)]
    pub(super) source: String,
}

impl Decode for RawWarning {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        Some(Self {
            keys: Decode::decode(node, out)?,
            source: node.canonical(),
        })
    }
}

raw! {
    /// A text that a person has to see, and maybe to confirm.
    struct RawWarningKeys, "a warning" {
        /// Its id.
        id: Text,
        /// What it says.
        text: Text,
        /// Shown only where this does not say no.
        only_if: RawGuard,
        /// Commands measured when it is shown, by name.
        facts: Map<Command>,
        /// `note`, `ack` or a phrase to type.
        confirm: Either<Text, RawConfirm>,
    }
}

raw! {
    /// A phrase to type.
    struct RawConfirm, "`confirm`" {
        /// The phrase.
        r#type: Text,
    }
}
