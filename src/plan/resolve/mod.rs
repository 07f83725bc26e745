//! From the raw plan to the resolved one: what the plan means, and everything that is wrong with
//! it, in one go.
//!
//! A value that is wrong is reported and replaced by a harmless one, so that what follows is looked
//! at as well; `plan::read` hands nothing out while there are errors.

mod guard;
mod head;
mod later;
mod later_step;
mod names;
mod step;
mod step_parts;
mod systemd;
mod undo;
mod values;
mod vars;
mod walk;
mod warning;

use super::decode::{Decode, Text};
use super::findings::Findings;
use super::model::PlanParts;
use super::node::{Node, Sp, Span, Value};
use super::raw::RawPlan;
use super::scripts::Script;
use super::shelltext;
use super::{Defaults, Diagnostics};
use crate::types::{Digest, ServiceId};
use names::{Around, Declared};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use walk::{Named, Reference};

/// A plan's parts, the places of its `files`, and its shell texts.
#[derive(Debug)]
pub(super) struct Resolved {
    /// What the plan is made of; its digest and `not_yet` are filled in by the caller.
    pub(super) parts: PlanParts,
    /// Where each entry of `files` stands.
    pub(super) files: Vec<(PathBuf, Span)>,
    /// Its shell texts.
    pub(super) scripts: Vec<Script>,
}

/// What is known while a plan is resolved.
struct Resolver<'f, 't> {
    out: &'f mut Findings<'t>,
    /// Declared variables.
    vars: BTreeMap<String, Declared>,
    /// Variables that steps seen so far may set, and where that was first said.
    sets: BTreeMap<String, Span>,
    /// Names in the environment of all commands.
    env: BTreeSet<String>,
    /// Ids of backups seen so far, as `$BACKUP_<ID>` spells them.
    backups: BTreeSet<String>,
    /// What all commands start from.
    defaults: Defaults,
    /// Ids of the present walk's phases, pauses and steps.
    ids: HashMap<String, (Span, Named)>,
    /// What the present walk's steps refer to.
    references: Vec<Reference>,
    /// Groups of hosts.
    groups: BTreeSet<String>,
    /// Warnings' ids.
    warnings: HashMap<String, Span>,
    /// Phrases to type.
    phrases: HashMap<String, Span>,
    scripts: Vec<Script>,
}

/// Resolves a plan; `None` only where an error has been reported.
pub(super) fn resolve(root: &Node, out: &mut Findings<'_>) -> Option<Resolved> {
    // Keys of another format would all be unknown ones.
    if !is_ours(root, out) {
        return None;
    }
    let raw = RawPlan::decode(root, out)?;
    let mut resolver = Resolver {
        out,
        vars: BTreeMap::new(),
        sets: BTreeMap::new(),
        env: BTreeSet::new(),
        backups: BTreeSet::new(),
        defaults: head::standard(),
        ids: HashMap::new(),
        references: Vec::new(),
        groups: BTreeSet::new(),
        warnings: HashMap::new(),
        phrases: HashMap::new(),
        scripts: Vec::new(),
    };
    resolver.plan(&raw, &root.span)
}

impl Resolver<'_, '_> {
    fn plan(&mut self, raw: &RawPlan, root: &Span) -> Option<Resolved> {
        if raw.upwalk.is_none() {
            let title = "the plan does not say which format it is written in";
            self.out
                .lacks(root, "upwalk", title)
                .help("write `upwalk: 1`");
        }
        let service = self.service(raw.service.as_ref(), root);
        // Shell and environment are known before the first shell text is looked at.
        let defaults_first = raw.defaults.as_ref();
        self.environment(defaults_first);
        let vars = self.vars(raw.vars.as_ref());
        self.defaults(defaults_first);
        let title = self.template_of(raw.title.as_ref());
        let docs = raw
            .docs
            .as_ref()
            .map(|docs| self.url(docs).source().to_owned());
        let provenance = raw
            .provenance
            .as_ref()
            .map(|raw| self.provenance(&raw.value));
        let version = raw.version.as_ref().map(|raw| self.version(&raw.value));
        let files = self.files(raw.files.as_ref());
        self.later_head(raw);
        let up = raw
            .up
            .as_ref()
            .map(|items| self.walk(&items.value, &items.key));
        let down = self.down(raw.down.as_ref());
        let init = raw.init.as_ref().map(|items| {
            self.out.not_yet(&items.key, "`init`");
            self.walk(&items.value, &items.key)
        });
        if raw.up.is_none() && raw.down.is_none() && raw.init.is_none() {
            self.out
                .lacks(root, "up", "the plan has no phases")
                .help("add `up:` with a list of phases");
        }
        let parts = PlanParts {
            digest: Digest::short(&[]),
            service: service?,
            title,
            docs,
            provenance,
            version,
            vars,
            files: files.iter().map(|(path, _)| path.clone()).collect(),
            defaults: self.defaults.clone(),
            up,
            down,
            init,
            not_yet: Diagnostics::sorted("", "", Vec::new()),
        };
        let mut scripts = std::mem::take(&mut self.scripts);
        scripts.sort_by_key(|script| script.line);
        Some(Resolved {
            parts,
            files,
            scripts,
        })
    }

    fn service(&mut self, service: Option<&Sp<Text>>, root: &Span) -> Option<ServiceId> {
        if service.is_none() {
            self.out
                .lacks(root, "service", "the plan does not name its service");
        }
        self.id(service?)
    }

    /// Notes a shell text for the shell's own syntax check.
    fn script(&mut self, text: &str, span: &Span, around: &Around) {
        self.scripts.push(Script {
            what: around.what.clone(),
            shell: around.shell.clone(),
            text: text.to_owned(),
            line: self.out.lines.line(span.start),
        });
    }

    /// What surrounds commands that belong to no step.
    fn around(&self, what: &str) -> Around {
        Around {
            what: what.to_owned(),
            shell: self.defaults.shell.clone(),
            env: BTreeSet::new(),
        }
    }

    /// A shell text that is no guard.
    fn shell_text(&mut self, command: &Sp<super::decode::Command>, around: &Around) -> String {
        self.script(&command.value.0, &command.span, around);
        command.value.0.clone()
    }

    /// Whether a shell text names a secret.
    fn names_secret(&self, text: &str) -> Option<String> {
        let reads = shelltext::look(text).reads.into_iter();
        reads
            .map(|(name, _)| name)
            .find(|name| self.vars.values().any(|var| var.secret && var.env == *name))
    }
}

/// Whether a plan is written in the format that this upwalk reads, as far as it says so.
fn is_ours(root: &Node, out: &mut Findings<'_>) -> bool {
    let Some(version) = root.get("upwalk") else {
        return true;
    };
    match &version.value {
        Value::Text(scalar) if !matches!(scalar.text.as_str(), "" | "1") => {
            out.error(&version.span, "this upwalk reads plans of format 1")
                .label("another format")
                .help("use an upwalk that reads it, or write `upwalk: 1`");
            false
        }
        Value::Text(_) | Value::List(_) | Value::Map(_) => true,
    }
}
