//! Generated plans, worlds, people and deaths.

use crate::disk::Torn;
use crate::machine::{Crash, Victim};
use crate::spec::{
    Ends, Entry, Installed, Item, Kind, Level, Pause, Phase, Rerun, Role, Said, Spec, Step, Undo,
    Warning,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// One run to be played.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) spec: Spec,
    pub(crate) person: Vec<u8>,
    pub(crate) crashes: Vec<Crash>,
    pub(crate) schedule: u64,
    pub(crate) noise: Vec<u8>,
}

/// How wild the world is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum World {
    /// Anything goes.
    Wild,
    /// What a guard says does not depend on how often a crash has it asked.
    Steady,
}

/// Cases in which nothing dies.
pub(crate) fn calm() -> impl Strategy<Value = Case> {
    (spec(World::Wild), vec(any::<u8>(), 0..40), any::<u64>()).prop_map(
        |(spec, person, schedule)| Case {
            spec,
            person,
            crashes: Vec::new(),
            schedule,
            noise: Vec::new(),
        },
    )
}

/// Cases in which things die, in a world that can be compared with an undisturbed one.
pub(crate) fn deadly() -> impl Strategy<Value = Case> {
    let victims = victim().prop_filter("its end is news of its own", |victim| {
        *victim != Victim::Command
    });
    let parts = (
        spec(World::Steady),
        vec(any::<u8>(), 0..40),
        vec(crash(victims), 1..6),
        any::<u64>(),
    );
    parts.prop_map(|(spec, person, crashes, schedule)| Case {
        spec,
        person,
        crashes,
        schedule,
        noise: Vec::new(),
    })
}

/// Cases in which anything dies and anybody says anything.
pub(crate) fn chaos() -> impl Strategy<Value = Case> {
    let parts = (
        spec(World::Wild),
        vec(any::<u8>(), 0..40),
        vec(crash(victim()), 0..8),
        any::<u64>(),
        vec(any::<u8>(), 0..12),
    );
    parts.prop_map(|(spec, person, crashes, schedule, noise)| Case {
        spec,
        person,
        crashes,
        schedule,
        noise,
    })
}

fn crash(victims: impl Strategy<Value = Victim>) -> impl Strategy<Value = Crash> {
    (0..40_usize, victims).prop_map(|(after, victim)| Crash { after, victim })
}

fn victim() -> impl Strategy<Value = Victim> {
    let torn = (any::<u8>(), any::<bool>()).prop_map(|(keeps, zeros)| Torn { keeps, zeros });
    prop_oneof![
        3 => torn.prop_map(Victim::Machine),
        2 => Just(Victim::Supervisor),
        2 => Just(Victim::Both),
        1 => Just(Victim::Shim),
        1 => Just(Victim::Everybody),
        1 => Just(Victim::Command),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![3 => Just(Said::Yes), 2 => Just(Said::No), 1 => Just(Said::Unsure)]
}

fn entry() -> impl Strategy<Value = Entry> {
    let exit = prop_oneof![
        4 => select(vec![0, 0, 7, 1]).prop_map(Ends::Code),
        1 => Just(Ends::Signal),
        2 => Just(Ends::TimesOut),
        1 => Just(Ends::Cancelled),
    ];
    (any::<bool>(), exit).prop_map(|(effect, exit)| Entry { effect, exit })
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    prop_oneof![2 => Just(Vec::new()), 3 => vec(entry(), 1..4)]
}

fn script() -> impl Strategy<Value = Vec<Said>> {
    vec(said(), 0..3)
}

fn warnings() -> impl Strategy<Value = Vec<Warning>> {
    let level = select(vec![Level::Note, Level::Ack, Level::Type]);
    let warning = (level, option::of(said()), any::<bool>(), any::<bool>());
    let warning = warning.prop_map(|(level, only_if, facts, accepted)| Warning {
        id: String::new(),
        level,
        only_if,
        facts,
        accepted,
    });
    prop_oneof![3 => Just(Vec::new()), 1 => vec(warning, 1..3)]
}

fn undo() -> impl Strategy<Value = Undo> {
    let guard = || option::of(script());
    prop_oneof![
        1 => Just(Undo::Unsaid),
        5 => (guard(), guard()).prop_map(|(undo_if, undo_verify)| Undo::Run { undo_if, undo_verify }),
        2 => (option::of(0..4_usize), guard())
            .prop_map(|(follows, undo_verify)| Undo::Again { follows, undo_verify }),
        1 => Just(Undo::Harmless),
        1 => Just(Undo::Irreversible),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        5 => Just(Kind::Run),
        1 => Just(Kind::Argv),
        1 => script().prop_map(Kind::Check),
        1 => Just(Kind::Manual),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let guard = || prop_oneof![3 => Just(None), 1 => script().prop_map(Some)];
    let rerun = select(vec![
        Rerun::Unsaid,
        Rerun::Unsaid,
        Rerun::Safe,
        Rerun::Check,
        Rerun::Never,
    ]);
    let guards = (guard(), guard(), script(), guard());
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let runs = (entries(), entries());
    (kind(), warnings(), guards, undo(), rerun, flags, runs).prop_map(
        |(kind, warnings, guards, undo, rerun, flags, runs)| Step {
            id: String::new(),
            kind,
            warnings,
            only_if: guards.0,
            unless: guards.1,
            unless_after: guards.2,
            verify: guards.3,
            undo,
            rerun,
            ok_7: flags.0,
            read_only: flags.1,
            lasting: flags.2,
            runs: runs.0,
            undo_runs: runs.1,
        },
    )
}

fn item() -> impl Strategy<Value = Item> {
    let role = select(vec![
        Role::Preflight,
        Role::Backup,
        Role::Stage,
        Role::PreDeploy,
        Role::PreDeploy,
        Role::Deploy,
        Role::Deploy,
        Role::Verify,
        Role::PostDeploy,
        Role::PostDeploy,
        Role::Cleanup,
    ]);
    let phase = (role, warnings(), vec(step(), 1..4)).prop_map(|(role, warnings, steps)| {
        Item::Phase(Phase {
            id: String::new(),
            role,
            warnings,
            steps,
        })
    });
    let pause = (
        any::<bool>(),
        any::<bool>(),
        warnings(),
        vec(script(), 0..2),
    )
        .prop_map(|(min, max, warnings, guards)| {
            Item::Pause(Pause {
                id: String::new(),
                min,
                max,
                warnings,
                guards,
            })
        });
    prop_oneof![4 => phase, 1 => pause]
}

fn spec(world: World) -> impl Strategy<Value = Spec> {
    let installed = select(vec![Installed::Right, Installed::Wrong, Installed::Unknown]);
    let versions = option::of(vec(installed, 0..3));
    (versions, prop::bool::weighted(0.2), vec(item(), 1..5)).prop_map(
        move |(versions, stepping, items)| {
            let mut spec = Spec {
                versions,
                stepping,
                items,
            };
            make_valid(&mut spec);
            if world == World::Steady {
                make_steady(&mut spec);
            }
            spec
        },
    )
}

/// What no valid plan has is taken out, and everything gets its name.
pub(crate) fn make_valid(spec: &mut Spec) {
    in_order(&mut spec.items);
    let (mut phases, mut pauses, mut steps, mut warnings) = (0, 0, 0, 0);
    let name = |prefix: &str, count: &mut usize| {
        *count += 1;
        format!("{prefix}{count}")
    };
    for item in &mut spec.items {
        match item {
            Item::Pause(pause) => {
                pause.id = name("pause", &mut pauses);
                for warning in &mut pause.warnings {
                    warning.id = name("w", &mut warnings);
                }
            }
            Item::Phase(phase) => {
                phase.id = name("phase", &mut phases);
                for warning in &mut phase.warnings {
                    warning.id = name("w", &mut warnings);
                }
                for step in &mut phase.steps {
                    step.id = name("s", &mut steps);
                    valid_step(phase.role, step);
                    for warning in &mut step.warnings {
                        warning.id = name("w", &mut warnings);
                    }
                }
            }
        }
    }
    follow_another(spec);
}

/// Roles in an order that plans may have; pauses stay between their neighbours.
fn in_order(items: &mut Vec<Item>) {
    let rank = |role: Role| match role {
        Role::Preflight => 0,
        Role::Backup => 1,
        Role::Stage => 2,
        Role::PreDeploy => 3,
        Role::Deploy => 4,
        Role::Verify => 5,
        Role::PostDeploy => 6,
        Role::Cleanup => 7,
    };
    let mut roles: Vec<Item> = Vec::new();
    let mut pauses = Vec::new();
    for (at, item) in items.drain(..).enumerate() {
        match item {
            Item::Phase(_) => roles.push(item),
            Item::Pause(_) => pauses.push((at, item)),
        }
    }
    roles.sort_by_key(|item| match item {
        Item::Phase(phase) => rank(phase.role),
        Item::Pause(_) => 0,
    });
    for (at, pause) in pauses {
        roles.insert(at.min(roles.len()), pause);
    }
    *items = roles;
}

fn valid_step(role: Role, step: &mut Step) {
    let check = matches!(step.kind, Kind::Check(_));
    let manual = matches!(step.kind, Kind::Manual);
    step.lasting &= check;
    step.ok_7 &= step.is_command();
    if check {
        step.verify = None;
    }
    if manual || !step.is_command() && !check {
        step.rerun = Rerun::Unsaid;
    }
    if step.rerun == Rerun::Check && step.unless.is_none() {
        step.rerun = Rerun::Never;
    }
    if role.is_quiet() || check {
        step.undo = Undo::Unsaid;
    }
    if manual && matches!(step.undo, Undo::Again { .. }) {
        step.undo = Undo::Harmless;
    }
    step.read_only &= step.is_command() && matches!(step.undo, Undo::Unsaid);
    if matches!(step.undo, Undo::Irreversible) {
        step.warnings.push(Warning {
            id: String::new(),
            level: Level::Type,
            only_if: None,
            facts: false,
            accepted: false,
        });
    }
}

/// `follows` names a step that a command takes back, and another one.
fn follow_another(spec: &mut Spec) {
    let any = spec
        .steps()
        .any(|(_, step)| matches!(step.undo, Undo::Run { .. }));
    for item in &mut spec.items {
        let Item::Phase(phase) = item else { continue };
        for step in &mut phase.steps {
            if let Undo::Again { follows, .. } = &mut step.undo
                && !any
            {
                *follows = None;
            }
        }
    }
}

/// Guards that say the same however often they are asked: a run again after a crash asks them anew.
fn make_steady(spec: &mut Spec) {
    let first_only = |said: &mut Vec<Said>, after: Option<Said>| {
        let first = said.first().copied();
        match (first, after) {
            (Some(Said::Unsure), _) => said.truncate(1),
            (Some(first), Some(_)) => *said = vec![first; 64],
            (Some(_), None) | (None, _) => said.clear(),
        }
    };
    for item in &mut spec.items {
        let Item::Phase(phase) = item else { continue };
        for step in &mut phase.steps {
            if let Some(said) = &mut step.only_if {
                first_only(said, Some(Said::Yes));
            }
            let passed_by = step
                .only_if
                .as_ref()
                .is_some_and(|said| said.first() == Some(&Said::Unsure));
            if let Some(said) = &mut step.unless {
                match said.first() {
                    // A person may run it past both guards; later this one is asked for the truth.
                    _ if passed_by => said.clear(),
                    // Done before it began, or not to be told at first; then the truth.
                    Some(Said::Yes | Said::Unsure) => said.truncate(1),
                    Some(Said::No) | None => said.clear(),
                }
            }
            // After an unknown outcome it tells the truth, or that it cannot tell.
            step.unless_after.retain(|said| *said == Said::Unsure);
            if step.rerun() == Rerun::Safe {
                for entry in &mut step.runs {
                    entry.effect &= entry.exit != Ends::TimesOut;
                }
            }
        }
    }
}
