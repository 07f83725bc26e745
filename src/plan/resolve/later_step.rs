//! Keys of phases, pauses and steps that later parts of upwalk execute: read, checked, and noted as
//! not executed yet.

use super::Resolver;
use super::names::Around;
use super::walk::{Home, Named, Reference};
use crate::plan::decode::{Command, Either, Keys, Text, word};
use crate::plan::findings::quoted;
use crate::plan::model::Role;
use crate::plan::node::Sp;
use crate::plan::raw::{RawDowntime, RawWhen};
use crate::plan::raw_step::RawStep;
use crate::plan::units;

impl Resolver<'_, '_> {
    /// `hop`, `when` and `downtime` of phases, pauses and steps.
    pub(super) fn later_item(
        &mut self,
        hop: Option<&Sp<Text>>,
        when: Option<&Sp<RawWhen>>,
        downtime: Option<&Sp<Either<Text, RawDowntime>>>,
    ) {
        if let Some(hop) = hop
            && word(
                hop,
                "hop",
                &[("each", 0), ("first", 1), ("last", 2)],
                self.out,
            )
            .is_some_and(|h| h > 0)
        {
            self.later(Some(hop), "hop");
        }
        if let Some(when) = when {
            self.later(Some(when), "when");
            for text in [&when.value.from, &when.value.to].into_iter().flatten() {
                self.requirement(text);
            }
            if when.value.written().is_empty() {
                self.out
                    .error(&when.key, "`when` names no versions")
                    .label("add `from` or `to`");
            }
        }
        let Some(downtime) = downtime else { return };
        match &downtime.value {
            Either::Text(text) => {
                let text = Sp {
                    value: text.clone(),
                    span: downtime.span.clone(),
                    key: downtime.key.clone(),
                };
                let words = [("none", 0), ("brief", 1), ("full", 2)];
                if word(&text, "downtime", &words, self.out).is_some_and(|d| d > 0) {
                    self.later(Some(downtime), "downtime");
                }
            }
            Either::Map(map) => {
                self.later(Some(downtime), "downtime");
                if map.written().len() != 1 {
                    self.out
                        .error(&downtime.key, "`downtime` is either `brief` or `full`")
                        .label("one of them");
                }
                for text in [&map.brief, &map.full].into_iter().flatten() {
                    self.length(text);
                }
            }
        }
    }

    /// Keys of steps.
    pub(super) fn later_step(&mut self, keys: &RawStep, home: Home) {
        self.later_item(keys.hop.as_ref(), keys.when.as_ref(), None);
        self.later_words(keys, home);
        self.later_ways_back(keys);
        self.later_hosts(keys);
    }

    /// Keys that say how a step is asked for and shown.
    fn later_words(&mut self, keys: &RawStep, home: Home) {
        self.later(keys.due.as_ref(), "due");
        self.length_of(keys.due.as_ref());
        if let Some(due) = keys
            .due
            .as_ref()
            .filter(|_| home.role.is_some_and(|role| role != Role::Cleanup))
        {
            self.out
                .error(&due.key, "`due` goes with steps of a `cleanup` phase")
                .label("not here");
        }
    }

    /// Keys that say what happens after a failure.
    fn later_ways_back(&mut self, keys: &RawStep) {
        self.later(keys.restored_by.as_ref(), "restored_by");
        self.later(keys.restored_by_if.as_ref(), "restored_by_if");
        if let Some(backup) = &keys.restored_by {
            self.refer(backup, Named::Backup);
        }
        self.later(keys.confirm_within.as_ref(), "confirm_within");
        self.length_of(keys.confirm_within.as_ref());
        if let (Some(within), None) = (&keys.confirm_within, &keys.undo) {
            self.out
                .error(
                    &within.key,
                    "`confirm_within` runs `undo`, which this step lacks",
                )
                .label("nothing to run");
        }
        if let Some(text) = &keys.on_failure {
            let words = [("ask", 0), ("tolerate", 1), ("rollback", 2)];
            if word(text, "way to go on after a failure", &words, self.out).is_some_and(|w| w > 0) {
                self.later(Some(text), &format!("on_failure: {}", text.value.0));
            }
        }
    }

    /// `hosts` and `rolling` of a step.
    fn later_hosts(&mut self, keys: &RawStep) {
        self.later(keys.hosts.as_ref(), "hosts");
        if let Some(group) = keys
            .hosts
            .as_ref()
            .filter(|group| !self.groups.contains(&group.value.0))
        {
            let title = format!("no group of hosts is called {}", quoted(&group.value.0));
            self.out
                .error(&group.span, title)
                .label("not under `hosts`");
        }
        self.later(keys.rolling.as_ref(), "rolling");
        let Some(rolling) = &keys.rolling else { return };
        if let Some(batch) = &rolling.value.batch {
            self.number(batch, 1..=100_000);
        }
        let around = self.around("rolling.check");
        self.guard_of(rolling.value.check.as_ref(), &around);
        if keys.hosts.is_none() {
            self.out
                .error(&rolling.key, "`rolling` goes with `hosts`")
                .label("this step has none");
        }
    }

    /// The kinds `backup`, `hold`, `release` and `reboot`.
    pub(super) fn later_kind(&mut self, keys: &RawStep, around: &Around) {
        self.later(keys.backup.as_ref(), "backup");
        self.later_text(keys.backup.as_ref(), "backup", around);
        self.later_text(keys.restore.as_ref(), "restore", around);
        if let (Some(backup), None) = (&keys.backup, &keys.restore) {
            self.out
                .error(&backup.key, "a backup needs a `restore`")
                .label("`restore` is missing");
        }
        if let Some(needs) = &keys.needs {
            let literal = needs.value.0.starts_with(|c: char| c.is_ascii_digit());
            if literal && units::size(&needs.value.0).is_none() {
                self.out
                    .error(
                        &needs.span,
                        format!("{} is not a size", quoted(&needs.value.0)),
                    )
                    .label("such as 2GiB, or a command that prints bytes");
            } else if !literal {
                self.later_text(Some(needs), "needs", around);
            }
        }
        for path in keys.of.iter().flat_map(|list| &list.value) {
            self.absolute(Some(path));
        }
        self.later(keys.hold.as_ref(), "hold");
        self.later_text(keys.hold.as_ref(), "hold", around);
        self.later_text(keys.leave.as_ref(), "leave", around);
        if let (Some(hold), None) = (&keys.hold, &keys.leave) {
            self.out
                .error(&hold.key, "a hold needs a `leave`")
                .label("`leave` is missing");
        }
        self.length_of(keys.limit.as_ref());
        self.later(keys.release.as_ref(), "release");
        if let Some(hold) = &keys.release {
            self.refer(hold, Named::Hold);
        }
        self.later(keys.reboot.as_ref(), "reboot");
        self.template_of(keys.reboot.as_ref());
    }

    /// A shell text of a later part, for its syntax check.
    fn later_text(&mut self, text: Option<&Sp<Command>>, key: &str, around: &Around) {
        if let Some(text) = text {
            let what = format!("{key} of {}", around.what);
            self.shell_text(
                text,
                &Around {
                    what,
                    ..around.clone()
                },
            );
        }
    }

    /// A reference to a backup or hold, which must come before.
    fn refer(&mut self, to: &Sp<Text>, wants: Named) {
        self.look_up(&Reference {
            to: to.clone(),
            wants,
            from: String::new(),
        });
    }
}
