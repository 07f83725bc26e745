//! Phases and pauses: roles and their order, ids, references.

use super::Resolver;
use super::names::Around;
use crate::plan::decode::{Text, word};
use crate::plan::findings::quoted;
use crate::plan::model::{Item, Level, Pause, PauseGuard, Phase, Role, Undo, Walk, Warning};
use crate::plan::node::{Sp, Span};
use crate::plan::raw::{RawItem, RawPause, RawPauseGuard, RawPhase};
use crate::types::{Id, StepId};

/// What an id of a walk names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// A phase or a pause.
    Item,
    /// A step; whether a command takes it back.
    Step(Undoable),
    /// A backup.
    Backup,
    /// A hold.
    Hold,
}

/// Whether a step has a command that takes it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undoable {
    /// It has.
    Yes,
    /// It has none.
    No,
}

/// A reference by id, to be looked up when the whole walk is known.
#[derive(Debug)]
pub(super) struct Reference {
    /// The id.
    pub(super) to: Sp<Text>,
    /// What it must name.
    pub(super) wants: Named,
    /// The step that refers.
    pub(super) from: String,
}

/// The phase that a step stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    /// Its role.
    pub(super) role: Option<Role>,
    /// Whether a phrase has to be typed before it starts.
    pub(super) typed: Typed,
}

/// Whether a phrase has to be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    /// One has.
    Yes,
    /// None has.
    No,
}

impl Typed {
    /// Whether one of the warnings has to be typed.
    pub(super) fn among(warnings: &[Warning]) -> Self {
        let typed = warnings.iter().any(|w| matches!(w.level, Level::Type(_)));
        if typed { Self::Yes } else { Self::No }
    }
}

const ROLES: [(&str, Role); 8] = [
    ("preflight", Role::Preflight),
    ("backup", Role::Backup),
    ("stage", Role::Stage),
    ("pre-deploy", Role::PreDeploy),
    ("deploy", Role::Deploy),
    ("post-deploy", Role::PostDeploy),
    ("verify", Role::Verify),
    ("cleanup", Role::Cleanup),
];

impl Resolver<'_, '_> {
    /// One direction of the plan.
    pub(super) fn walk(&mut self, raw: &[Sp<RawItem>], key: &Span) -> Walk {
        if raw.is_empty() {
            self.out
                .error(key, "there is no phase here")
                .label("at least one phase is needed");
        }
        self.ids.clear();
        self.references.clear();
        self.phrases.clear();
        self.sets.clear();
        self.backups.clear();
        let mut items = Vec::new();
        let mut roles: Vec<(Role, Span)> = Vec::new();
        for item in raw {
            match &item.value {
                RawItem::Phase(phase) => {
                    items.extend(self.phase(phase, &item.span, &mut roles).map(Item::Phase));
                }
                RawItem::Pause(pause) => {
                    items.extend(self.pause(pause, &item.span).map(Item::Pause));
                }
            }
        }
        self.order(&roles);
        for reference in std::mem::take(&mut self.references) {
            self.look_up(&reference);
        }
        for item in &mut items {
            if let Item::Phase(phase) = item {
                follow(phase);
            }
        }
        Walk::new(items)
    }

    fn phase(
        &mut self,
        raw: &RawPhase,
        span: &Span,
        roles: &mut Vec<(Role, Span)>,
    ) -> Option<Phase> {
        let id = self.item(raw.id.as_ref(), raw.phase.as_ref(), span, "phase");
        if raw.role.is_none() {
            let roles = ROLES.map(|(name, _)| name).join(", ");
            self.out
                .lacks(span, "role", "a phase needs a `role`")
                .help(format!("one of {roles}"));
        }
        let role = raw
            .role
            .as_ref()
            .and_then(|text| word(text, "role", &ROLES, self.out));
        if let (Some(role), Some(text)) = (role, &raw.role) {
            roles.push((role, text.span.clone()));
        }
        self.later_item(raw.hop.as_ref(), raw.when.as_ref(), raw.downtime.as_ref());
        let name = self.template_of(raw.phase.as_ref());
        let text = self.template_of(raw.text.as_ref());
        let around = self.around("phase");
        let warnings = self.warnings(raw.warn.as_ref(), &around);
        let home = Home {
            role,
            typed: Typed::among(&warnings),
        };
        let mut steps = Vec::new();
        for step in raw.steps.iter().flat_map(|list| &list.value) {
            steps.extend(self.step(step, home));
        }
        if raw.steps.as_ref().is_none_or(|list| list.value.is_empty()) {
            self.out
                .error(span, "a phase needs `steps`")
                .label("this phase has none");
        }
        Some(Phase {
            id: id?,
            name: name?,
            role: role?,
            text,
            warnings,
            steps,
        })
    }

    fn pause(&mut self, raw: &RawPause, span: &Span) -> Option<Pause> {
        let id = self.item(raw.id.as_ref(), raw.pause.as_ref(), span, "pause");
        self.later_item(raw.hop.as_ref(), raw.when.as_ref(), raw.downtime.as_ref());
        let (min, max) = (raw.min.as_ref(), raw.max.as_ref());
        let min = min.and_then(|text| self.length_or_zero(text));
        let max = self.length_of(max);
        let remind = self.length_of(raw.remind.as_ref());
        for (text, earlier, name) in [(&raw.min, min, "min"), (&raw.remind, remind, "remind")] {
            if let (Some(text), Some(earlier), Some(latest)) = (text, earlier, max)
                && earlier > latest
            {
                self.out
                    .error(&text.span, format!("`{name}` is longer than `max`"))
                    .label("too long");
            }
        }
        let around = self.around("pause");
        let name = self.template_of(raw.pause.as_ref());
        let text = self.template_of(raw.text.as_ref());
        let meanwhile = raw.meanwhile.iter().flat_map(|list| &list.value);
        let meanwhile = meanwhile.map(|text| self.template(text)).collect();
        let guards = raw.guard.iter().flat_map(|list| &list.value);
        let guards = guards
            .filter_map(|guard| self.pause_guard(guard, &around))
            .collect();
        let warnings = self.warnings(raw.warn.as_ref(), &around);
        Some(Pause {
            id: id?,
            name: name?,
            text,
            meanwhile,
            min,
            max,
            remind,
            guards,
            warnings,
        })
    }

    fn pause_guard(&mut self, raw: &Sp<RawPauseGuard>, around: &Around) -> Option<PauseGuard> {
        let (keys, span) = (&raw.value, &raw.span);
        for (missing, key) in [
            (keys.check.is_none(), "check"),
            (keys.name.is_none(), "name"),
        ] {
            if missing {
                let title = format!("a guard of a pause has no `{key}`");
                self.out
                    .error(span, title)
                    .label(format!("`{key}` is missing"));
            }
        }
        let name = self.template_of(keys.name.as_ref());
        let remedy = self.template_of(keys.remedy.as_ref());
        let what = keys.name.as_ref().map_or("?", |name| name.value.0.as_str());
        let around = Around {
            what: format!("guard \"{what}\" of a pause"),
            ..around.clone()
        };
        let network = super::guard::Network::Allowed;
        let guard = keys
            .check
            .as_ref()
            .and_then(|check| self.guard(check, &around, network));
        Some(PauseGuard {
            name: name?,
            guard: guard?,
            remedy,
        })
    }

    /// Name and id of a phase or a pause.
    fn item(
        &mut self,
        id: Option<&Sp<Text>>,
        name: Option<&Sp<Text>>,
        span: &Span,
        what: &'static str,
    ) -> Option<StepId> {
        if name.is_none() {
            self.out
                .lacks(span, what, &format!("this {what} has no name"));
        }
        let id = self.id_or_slug(id, name)?;
        self.name(&id, Named::Item);
        Some(StepId::of(&id.value))
    }

    /// Enters an id into the walk's namespace.
    pub(super) fn name(&mut self, id: &Sp<Id>, named: Named) {
        if let Some((first, _)) = self.ids.get(id.value.as_str()) {
            let first = first.clone();
            self.out
                .error(
                    &id.span,
                    format!("two phases, pauses or steps have the id `{}`", id.value),
                )
                .label("the second")
                .also(&first, "the first")
                .help("give one of them another `id`");
        } else {
            self.ids
                .insert(id.value.as_str().to_owned(), (id.span.clone(), named));
        }
    }

    /// Roles come in an order within which the old code is safe until it is gone.
    fn order(&mut self, roles: &[(Role, Span)]) {
        let first_deploy = roles.iter().position(|(role, _)| *role == Role::Deploy);
        let last_deploy = roles.iter().rposition(|(role, _)| *role == Role::Deploy);
        let first_post = roles.iter().position(|(role, _)| *role == Role::PostDeploy);
        for (at, (role, span)) in roles.iter().enumerate() {
            let name = role.as_str();
            let prepares = matches!(role, Role::Preflight | Role::Stage | Role::PreDeploy);
            let finishes = matches!(role, Role::PostDeploy | Role::Cleanup);
            let after_deploy = first_deploy.filter(|deploy| *deploy < at);
            let after_post = first_post.filter(|post| *post < at);
            if *role == Role::Deploy && after_post.is_some() {
                let post = &roles[after_post.unwrap_or(0)].1;
                self.out
                    .error(span, "no `deploy` may follow a `post-deploy`")
                    .label("after it, the old code is gone for good")
                    .also(post, "`post-deploy` is here")
                    .help("make it two stops, each with its own deploy");
            } else if let Some(deploy) = after_deploy.or(after_post).filter(|_| prepares) {
                self.out
                    .error(span, format!("`{name}` comes before the first `deploy`"))
                    .label("too late")
                    .also(&roles[deploy].1, "this is earlier");
            } else if let Some(deploy) = last_deploy.filter(|deploy| finishes && *deploy > at) {
                // A post-deploy too early has been said at the deploy that follows it.
                if *role == Role::Cleanup {
                    self.out
                        .error(span, format!("`{name}` comes after the last `deploy`"))
                        .label("too early")
                        .also(&roles[deploy].1, "the last `deploy`");
                }
            }
        }
    }

    /// Looks up what a step refers to, among what is known of the walk by now.
    pub(super) fn look_up(&mut self, reference: &Reference) {
        let id = reference.to.value.0.as_str();
        let fits = |named: Named| named == reference.wants;
        if self.ids.get(id).is_some_and(|(_, named)| fits(*named)) && id != reference.from {
            return;
        }
        let is = match reference.wants {
            Named::Backup => "a backup before this step",
            Named::Hold => "a hold before this step",
            Named::Step(_) | Named::Item => "a step that a command takes back",
        };
        let others = self.ids.iter().filter(|(_, (_, named))| fits(*named));
        let close = self.out.closest(id, others.map(|(id, _)| id.as_str()));
        let known = self.ids.get(id).map(|(span, _)| span.clone());
        let title = format!("{} does not name {is}", quoted(id));
        let found = self.out.error(&reference.to.span, title);
        match (close.filter(|close| close != id), known) {
            (Some(close), _) => found.label(format!("did you mean `{close}`?")),
            (None, Some(span)) => found.label("names something else").also(&span, "this"),
            (None, None) => found.label("no such id"),
        };
    }
}

/// Steps that only make the service follow what is on disk come after the earliest step of their
/// phase that is taken back by a command, where the plan names no other.
fn follow(phase: &mut Phase) {
    let undone = phase
        .steps
        .iter()
        .find(|step| matches!(step.undo, Undo::Run { .. }));
    let Some(first) = undone.map(|step| step.id.clone()) else {
        return;
    };
    for step in &mut phase.steps {
        if let Undo::Again {
            follows: follows @ None,
            ..
        } = &mut step.undo
        {
            *follows = Some(first.clone());
        }
    }
}
