//! One direction of a plan: phases, pauses, warnings.

use super::step::{Guard, Step};
use crate::plan::Template;
use crate::types::{Millis, StepId, WarningId};
use std::collections::BTreeMap;

/// One direction of a plan: phases and pauses in order, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// Phases and pauses.
    pub items: Vec<Item>,
    /// Where each item and step stands, so that plans of thousands of steps are walked in no time.
    places: BTreeMap<StepId, Place>,
}

/// The index of an item, and of a step in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    item: usize,
    step: Option<usize>,
}

impl Walk {
    /// A walk of these items, whose ids and whose steps' ids differ.
    pub(in crate::plan) fn new(items: Vec<Item>) -> Self {
        let mut places = BTreeMap::new();
        for (item, one) in items.iter().enumerate() {
            places.insert(one.id().clone(), Place { item, step: None });
            for (step, id) in one.steps().iter().map(|step| &step.id).enumerate() {
                places.insert(
                    id.clone(),
                    Place {
                        item,
                        step: Some(step),
                    },
                );
            }
        }
        Self { items, places }
    }

    /// Every step with its phase, in order.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = (&Phase, &Step)> {
        let phases = self.items.iter().filter_map(|item| match item {
            Item::Phase(phase) => Some(phase),
            Item::Pause(_) => None,
        });
        phases.flat_map(|phase| phase.steps.iter().map(move |step| (phase, step)))
    }

    /// The step of this id with its phase.
    pub fn step(&self, id: &StepId) -> Option<(&Phase, &Step)> {
        let place = self.places.get(id)?;
        match &self.items[place.item] {
            Item::Phase(phase) => Some((phase, &phase.steps[place.step?])),
            Item::Pause(_) => None,
        }
    }

    /// The phase or pause that has this id, or a step of this id.
    pub fn item_of(&self, id: &StepId) -> Option<&Item> {
        Some(&self.items[self.places.get(id)?.item])
    }

    /// What people call a step, phase or pause: `3.2` is the second step of the third item, and
    /// every phase and pause counts; its id where it is none of this walk.
    pub fn number(&self, id: &StepId) -> String {
        match self.places.get(id) {
            None => id.to_string(),
            Some(Place { item, step: None }) => (item + 1).to_string(),
            Some(Place {
                item,
                step: Some(step),
            }) => format!("{}.{}", item + 1, step + 1),
        }
    }

    /// The name of a step, phase or pause.
    pub fn name(&self, id: &StepId) -> Option<&Template> {
        match self.step(id) {
            Some((_, step)) => Some(&step.name),
            None => self.item_of(id).map(Item::name),
        }
    }

    /// What people call a warning: `W2` is the second that can come up; its id where it is
    /// upwalk's own.
    pub fn warning_number(&self, id: &WarningId) -> String {
        let place = self.warnings().position(|(_, warning)| warning.id == *id);
        place.map_or_else(|| id.to_string(), |place| format!("W{}", place + 1))
    }

    /// The pause of this id.
    pub fn pause(&self, id: &StepId) -> Option<&Pause> {
        match self.item_of(id)? {
            Item::Pause(pause) => Some(pause),
            Item::Phase(_) => None,
        }
    }

    /// Every warning with the phase, pause or step it belongs to, in the order they come up.
    pub fn warnings(&self) -> impl Iterator<Item = (&StepId, &Warning)> {
        self.items.iter().flat_map(|item| {
            let own = item.warnings().iter().map(|warning| (item.id(), warning));
            own.chain(
                item.steps()
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
    /// Its steps; a pause has none.
    pub fn steps(&self) -> &[Step] {
        match self {
            Self::Phase(phase) => &phase.steps,
            Self::Pause(_) => &[],
        }
    }

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
