//! A generated plan with the world it is walked in: what every command does, what every guard says.
//!
//! The plan reaches upwalk as YAML text and nothing else; the reference reads this tree.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A plan and its world.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// Whether the plan looks the installed version up, and what it finds each time; right where
    /// nothing is said.
    pub(crate) versions: Option<Vec<Installed>>,
    /// `--step`.
    pub(crate) stepping: bool,
    /// Phases and pauses in order.
    pub(crate) items: Vec<Item>,
}

/// What `detect` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installed {
    /// The version that is expected.
    Right,
    /// Another.
    Wrong,
    /// Nothing: it fails.
    Unknown,
}

/// A phase or a pause.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Phase(Phase),
    Pause(Pause),
}

/// A phase.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    pub(crate) id: String,
    pub(crate) role: Role,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) steps: Vec<Step>,
}

/// What a phase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Preflight,
    Backup,
    Stage,
    PreDeploy,
    Deploy,
    Verify,
    PostDeploy,
    Cleanup,
}

impl Role {
    /// As plans spell it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Backup => "backup",
            Self::Stage => "stage",
            Self::PreDeploy => "pre-deploy",
            Self::Deploy => "deploy",
            Self::Verify => "verify",
            Self::PostDeploy => "post-deploy",
            Self::Cleanup => "cleanup",
        }
    }

    /// "`preflight` and `verify` change nothing."
    pub(crate) fn is_quiet(self) -> bool {
        matches!(self, Self::Preflight | Self::Verify)
    }
}

/// A pause.
#[derive(Debug, Clone)]
pub(crate) struct Pause {
    pub(crate) id: String,
    /// Whether it has a `min` of an hour.
    pub(crate) min: bool,
    /// Whether it has a `max` of two days.
    pub(crate) max: bool,
    pub(crate) warnings: Vec<Warning>,
    /// What its guards say, time after time; yes where nothing is said.
    pub(crate) guards: Vec<Vec<Said>>,
}

/// A warning.
#[derive(Debug, Clone)]
pub(crate) struct Warning {
    pub(crate) id: String,
    pub(crate) level: Level,
    /// What its `only_if` says, where it has one.
    pub(crate) only_if: Option<Said>,
    /// Whether facts are measured.
    pub(crate) facts: bool,
    /// Whether it was accepted before step one.
    pub(crate) accepted: bool,
}

/// What a person has to do about a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Note,
    Ack,
    Type,
}

/// What a guard says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Yes,
    No,
    Unsure,
}

/// A step.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) warnings: Vec<Warning>,
    /// What `only_if` says, time after time; yes where nothing is said.
    pub(crate) only_if: Option<Vec<Said>>,
    /// What `unless` says before the step runs; the truth where nothing is said.
    pub(crate) unless: Option<Vec<Said>>,
    /// Whether `unless` can tell after an unknown outcome; it tells the truth where nothing is said.
    pub(crate) unless_after: Vec<Said>,
    /// What `verify` says; yes where nothing is said.
    pub(crate) verify: Option<Vec<Said>>,
    pub(crate) undo: Undo,
    pub(crate) rerun: Rerun,
    /// Whether 7 means done as well.
    pub(crate) ok_7: bool,
    pub(crate) read_only: bool,
    pub(crate) lasting: bool,
    /// What its command does, execution by execution; it does its work where nothing is said.
    pub(crate) runs: Vec<Entry>,
    /// The same for taking it back.
    pub(crate) undo_runs: Vec<Entry>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Run,
    Argv,
    /// What it says, time after time; yes where nothing is said.
    Check(Vec<Said>),
    Manual,
}

/// How a step is taken back.
#[derive(Debug, Clone)]
pub(crate) enum Undo {
    Unsaid,
    Run {
        /// What `undo_if` says; yes where nothing is said.
        undo_if: Option<Vec<Said>>,
        /// What `undo_verify` says; yes where nothing is said.
        undo_verify: Option<Vec<Said>>,
    },
    Again {
        /// Which of the steps that have an undo (modulo their number) it follows.
        follows: Option<usize>,
        /// What `undo_verify` says.
        undo_verify: Option<Vec<Said>>,
    },
    Harmless,
    Irreversible,
}

/// What the plan says about unknown outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rerun {
    Unsaid,
    Safe,
    Check,
    Never,
}

/// One execution of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Whether it changes the world.
    pub(crate) effect: bool,
    pub(crate) exit: Ends,
}

/// How an execution ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Code(i32),
    Signal,
    TimesOut,
    /// A person ends it.
    Cancelled,
}

impl Entry {
    /// The execution of a command of which nothing is said.
    pub(crate) const WORKS: Self = Self {
        effect: true,
        exit: Ends::Code(0),
    };
}

impl Step {
    /// Whether it has a command of its own.
    pub(crate) fn is_command(&self) -> bool {
        matches!(self.kind, Kind::Run | Kind::Argv)
    }

    /// What happens after an unknown outcome: "default `check` where there is an `unless`, else
    /// `never`".
    pub(crate) fn rerun(&self) -> Rerun {
        match (self.rerun, &self.unless) {
            (Rerun::Unsaid, Some(_)) => Rerun::Check,
            (Rerun::Unsaid, None) => Rerun::Never,
            (said, _) => said,
        }
    }

    /// The execution number `k` (from 0) of its command, or of taking it back.
    pub(crate) fn entry(&self, back: bool, k: usize) -> Entry {
        let entries = if back { &self.undo_runs } else { &self.runs };
        entries.get(k).copied().unwrap_or(Entry::WORKS)
    }

    /// Whether an exit code means done.
    pub(crate) fn is_ok(&self, code: i32) -> bool {
        code == 0 || (self.ok_7 && code == 7)
    }

    /// Whether an execution has done the step's work, whatever is known of it.
    pub(crate) fn works(&self, entry: Entry) -> bool {
        entry.effect
            && match entry.exit {
                Ends::Code(code) => self.is_ok(code),
                Ends::TimesOut => true,
                Ends::Signal | Ends::Cancelled => false,
            }
    }
}

impl Spec {
    /// Every step with its phase.
    pub(crate) fn steps(&self) -> impl DoubleEndedIterator<Item = (&Phase, &Step)> {
        let phases = self.items.iter().filter_map(|item| match item {
            Item::Phase(phase) => Some(phase),
            Item::Pause(_) => None,
        });
        phases.flat_map(|phase| phase.steps.iter().map(move |step| (phase, step)))
    }

    /// The step of this id.
    pub(crate) fn step(&self, id: &str) -> &Step {
        let found = self.steps().find(|(_, step)| step.id == id);
        found.expect("ids come from the plan").1
    }

    /// Every warning.
    pub(crate) fn warnings(&self) -> Vec<&Warning> {
        let mut all = Vec::new();
        for item in &self.items {
            match item {
                Item::Pause(pause) => all.extend(&pause.warnings),
                Item::Phase(phase) => {
                    all.extend(&phase.warnings);
                    all.extend(phase.steps.iter().flat_map(|step| &step.warnings));
                }
            }
        }
        all
    }

    /// The step that an `again` step names in `follows`.
    pub(crate) fn followed(&self, step: &Step) -> Option<&str> {
        let Undo::Again {
            follows: Some(index),
            ..
        } = &step.undo
        else {
            return None;
        };
        let undone = |(_, other): &(&Phase, &Step)| matches!(other.undo, Undo::Run { .. });
        let undone: Vec<&Step> = self.steps().filter(undone).map(|(_, step)| step).collect();
        let count = undone.len().max(1);
        undone.get(index % count).map(|step| step.id.as_str())
    }

    /// The same with the steps of each phase in the opposite order: what a rollback that goes
    /// forwards would read.
    pub(crate) fn turned_around(&self) -> Self {
        let mut other = self.clone();
        for item in &mut other.items {
            if let Item::Phase(phase) = item {
                phase.steps.reverse();
            }
        }
        other
    }

    /// What every guard says, by the name that stories have for it.
    pub(crate) fn says(&self) -> BTreeMap<String, Vec<Said>> {
        let mut says = BTreeMap::new();
        let mut put = |name: String, said: &Option<Vec<Said>>| {
            if let Some(said) = said {
                says.insert(name, said.clone());
            }
        };
        for warning in self.warnings() {
            // A warning's guard says the same whenever it is asked.
            put(
                format!("only_if of {}", warning.id),
                &warning.only_if.map(|said| vec![said; 64]),
            );
        }
        for (_, step) in self.steps() {
            let id = &step.id;
            put(format!("only_if {id}"), &step.only_if);
            put(format!("unless {id}"), &step.unless);
            put(
                format!("unless after all {id}"),
                &Some(step.unless_after.clone()),
            );
            put(format!("verify {id}"), &step.verify);
            if let Kind::Check(said) = &step.kind {
                put(format!("check {id}"), &Some(said.clone()));
            }
            if let Undo::Run { undo_if, .. } = &step.undo {
                put(format!("undo_if {id}"), undo_if);
            }
            if let Undo::Run { undo_verify, .. } | Undo::Again { undo_verify, .. } = &step.undo {
                put(format!("undo_verify {id}"), undo_verify);
            }
        }
        for item in &self.items {
            if let Item::Pause(pause) = item {
                for (n, said) in pause.guards.iter().enumerate() {
                    put(format!("guard {n} {}", pause.id), &Some(said.clone()));
                }
            }
        }
        says
    }

    /// The plan's text.
    pub(crate) fn yaml(&self) -> String {
        let mut out = String::from("upwalk: 1\nservice: app\n");
        if self.versions.is_some() {
            out.push_str("version: { detect: show-version, from: \">=1\", to: 2 }\n");
        }
        out.push_str("up:\n");
        for item in &self.items {
            match item {
                Item::Phase(phase) => self.phase(&mut out, phase),
                Item::Pause(pause) => write_pause(&mut out, pause),
            }
        }
        out
    }

    fn phase(&self, out: &mut String, phase: &Phase) {
        line(out, 2, &format!("- phase: {}", phase.id));
        line(out, 4, &format!("role: {}", phase.role.as_str()));
        warnings(out, 4, &phase.warnings);
        line(out, 4, "steps:");
        for step in &phase.steps {
            self.write_step(out, step);
        }
    }

    fn write_step(&self, out: &mut String, step: &Step) {
        let id = &step.id;
        let kind = match &step.kind {
            Kind::Run => format!("run: do {id}"),
            Kind::Argv => format!("argv: [do, {id}]"),
            Kind::Check(_) => format!("check: is {id}"),
            Kind::Manual => format!("manual: do {id} by hand"),
        };
        line(out, 6, &format!("- {kind}"));
        line(out, 8, &format!("name: {id}"));
        warnings(out, 8, &step.warnings);
        let guards = [
            ("only_if", step.only_if.is_some()),
            ("unless", step.unless.is_some()),
            ("verify", step.verify.is_some()),
        ];
        for (key, _) in guards.iter().filter(|(_, there)| *there) {
            line(out, 8, &format!("{key}: {key}-of {id}"));
        }
        let rerun = match step.rerun {
            Rerun::Unsaid => None,
            Rerun::Safe => Some("safe"),
            Rerun::Check => Some("check"),
            Rerun::Never => Some("never"),
        };
        if let Some(rerun) = rerun {
            line(out, 8, &format!("rerun: {rerun}"));
        }
        let flags = [
            ("ok_codes: [0, 7]", step.ok_7),
            ("read_only: true", step.read_only),
            ("lasting: true", step.lasting),
        ];
        for (flag, _) in flags.iter().filter(|(_, there)| *there) {
            line(out, 8, flag);
        }
        self.write_undo(out, step);
    }

    fn write_undo(&self, out: &mut String, step: &Step) {
        let id = &step.id;
        match &step.undo {
            Undo::Unsaid => {}
            Undo::Run { undo_if, .. } => {
                line(out, 8, &format!("undo: undo {id}"));
                if undo_if.is_some() {
                    line(out, 8, &format!("undo_if: undo-if-of {id}"));
                }
            }
            Undo::Again { .. } => {
                line(out, 8, "undo: again");
                if let Some(followed) = self.followed(step) {
                    line(out, 8, &format!("follows: {followed}"));
                }
            }
            Undo::Harmless => line(out, 8, "undo: { none: it does no harm }"),
            Undo::Irreversible => line(out, 8, "irreversible: what it drops is gone"),
        }
        if let Undo::Run { undo_verify, .. } | Undo::Again { undo_verify, .. } = &step.undo
            && undo_verify.is_some()
        {
            line(out, 8, &format!("undo_verify: undo-verify-of {id}"));
        }
    }
}

fn write_pause(out: &mut String, pause: &Pause) {
    line(out, 2, &format!("- pause: {}", pause.id));
    warnings(out, 4, &pause.warnings);
    for (text, _) in [("min: 1h", pause.min), ("max: 2d", pause.max)]
        .iter()
        .filter(|(_, there)| *there)
    {
        line(out, 4, text);
    }
    if !pause.guards.is_empty() {
        line(out, 4, "guard:");
    }
    for n in 0..pause.guards.len() {
        line(
            out,
            6,
            &format!("- {{ check: guard {n} {0}, name: guard {n} }}", pause.id),
        );
    }
}

fn warnings(out: &mut String, indent: usize, warnings: &[Warning]) {
    if !warnings.is_empty() {
        line(out, indent, "warn:");
    }
    for warning in warnings {
        let id = &warning.id;
        line(out, indent + 2, &format!("- id: {id}"));
        line(out, indent + 4, &format!("text: beware of {id}"));
        if warning.only_if.is_some() {
            line(out, indent + 4, &format!("only_if: only-if-of {id}"));
        }
        if warning.facts {
            line(
                out,
                indent + 4,
                &format!("facts: {{ rows: count-of {id} }}"),
            );
        }
        match warning.level {
            Level::Note => line(out, indent + 4, "confirm: note"),
            Level::Ack => {}
            Level::Type => line(out, indent + 4, &format!("confirm: {{ type: yes {id} }}")),
        }
    }
}

fn line(out: &mut String, indent: usize, text: &str) {
    writeln!(out, "{:indent$}{text}", "").expect("a string takes text");
}
