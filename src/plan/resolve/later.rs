//! What later parts of upwalk execute: it is read and checked, and noted as not executed yet.

use super::Resolver;
use super::names::Around;
use super::walk::{Home, Named, Reference};
use crate::plan::decode::{Command, Either, Keys, Text, word};
use crate::plan::findings::quoted;
use crate::plan::model::{Role, Walk};
use crate::plan::node::{Sp, Span};
use crate::plan::raw::{RawDown, RawDowntime, RawPlan, RawProbe, RawVersion, RawWhen};
use crate::plan::raw_step::RawStep;
use crate::plan::units;
use crate::types::Series;

impl Resolver<'_, '_> {
    /// Notes a key that is written.
    fn later<T>(&mut self, value: Option<&Sp<T>>, name: &str) {
        if let Some(value) = value {
            self.out.not_yet(&value.key, &format!("`{name}`"));
        }
    }

    /// `tested`, `backups`, `probes`, `hosts`.
    pub(super) fn later_head(&mut self, raw: &RawPlan) {
        self.later(
            raw.tested.as_ref().filter(|list| !list.value.is_empty()),
            "tested",
        );
        for pair in raw.tested.iter().flat_map(|list| &list.value) {
            let ends = pair.value.0.split_once("->");
            let fits = ends
                .is_some_and(|(from, to)| Series::parse(from).is_ok() && Series::parse(to).is_ok());
            if !fits {
                self.out
                    .error(
                        &pair.span,
                        format!("{} is not a hop", quoted(&pair.value.0)),
                    )
                    .label("such as \"4.2 -> 4.3\"");
            }
        }
        self.later(raw.backups.as_ref(), "backups");
        self.absolute(raw.backups.as_ref());
        self.later(raw.probes.as_ref(), "probes");
        for (id, probe) in raw.probes.iter().flat_map(|map| &map.value.0) {
            self.id(&text_of(id));
            self.probe(&id.value, probe);
        }
        self.later(raw.hosts.as_ref(), "hosts");
        for (id, group) in raw.hosts.iter().flat_map(|map| &map.value.0) {
            match &group.value {
                Either::Text(_) if id.value == "inventory" => {}
                Either::Map(map) if id.value != "inventory" => {
                    self.id(&text_of(id));
                    if map.pattern.is_none() {
                        self.out
                            .error(&id.span, "a group of hosts needs a `pattern`")
                            .label("missing");
                    }
                }
                Either::Text(_) | Either::Map(_) => {
                    self.out
                        .error(
                            &id.span,
                            "`hosts` is an `inventory` file and groups with a `pattern`",
                        )
                        .label("neither");
                }
            }
        }
        if let (Some(hosts), true) = (
            &raw.hosts,
            raw.hosts
                .as_ref()
                .is_some_and(|hosts| !hosts.value.0.iter().any(|(id, _)| id.value == "inventory")),
        ) {
            self.out
                .error(&hosts.key, "`hosts` needs an `inventory`")
                .label("missing");
        }
        self.groups = raw
            .hosts
            .iter()
            .flat_map(|map| &map.value.0)
            .map(|(id, _)| id.value.clone())
            .collect();
    }

    fn probe(&mut self, id: &str, raw: &Sp<RawProbe>) {
        let keys = &raw.value;
        let kinds = [
            keys.http.as_ref().map(|x| &x.key),
            keys.tcp.as_ref().map(|x| &x.key),
            keys.check.as_ref().map(|x| &x.key),
        ];
        let given: Vec<&Span> = kinds.into_iter().flatten().collect();
        if given.len() != 1 {
            let at = given.get(1).copied().unwrap_or(&raw.key);
            self.out
                .error(at, "a probe asks one thing: `http`, `tcp` or `check`")
                .label(if given.is_empty() {
                    "asks nothing"
                } else {
                    "a second one"
                });
        }
        if keys.http.is_none() {
            for (key, span) in keys.written() {
                if [
                    "status",
                    "body",
                    "header",
                    "version",
                    "ca_file",
                    "insecure",
                    "redirects",
                ]
                .contains(&key)
                {
                    self.out
                        .error(&span, format!("`{key}` goes with `http`"))
                        .label("not here");
                }
            }
        }
        if let Some(http) = &keys.http {
            self.url(http);
        }
        if let Some(tcp) = &keys.tcp {
            self.address(tcp);
        }
        let around = self.around(&format!("probe {id}"));
        self.guard_of(keys.check.as_ref(), &around);
        for text in [&keys.every, &keys.timeout, &keys.slow, &keys.max_outage]
            .into_iter()
            .flatten()
        {
            self.length(text);
        }
        if let Some(status) = &keys.status {
            self.statuses(status);
        }
        if let Some(body) = &keys.body {
            self.pattern(body, 0..=usize::MAX);
        }
        if let Some(version) = &keys.version {
            self.pattern(version, 1..=1);
        }
        for (_, pattern) in keys.header.iter().flat_map(|map| &map.value.0) {
            self.regex(pattern, 0..=usize::MAX);
        }
        self.absolute(keys.ca_file.as_ref());
        if let Some(redirects) = &keys.redirects {
            self.number(redirects, 0..=20);
        }
    }

    /// `fresh`, `path`, `oldest_code`.
    pub(super) fn later_version(&mut self, raw: &RawVersion) {
        self.later(raw.fresh.as_ref(), "fresh");
        let around = self.around("version.fresh");
        self.guard_of(raw.fresh.as_ref(), &around);
        self.later(raw.path.as_ref(), "path");
        let mut last: Option<Series> = None;
        for stop in raw.path.iter().flat_map(|list| &list.value) {
            let to = match &stop.value {
                Either::Text(text) => Some(Sp {
                    value: text.clone(),
                    span: stop.span.clone(),
                    key: stop.key.clone(),
                }),
                Either::Map(map) => {
                    for (name, _) in map.set.iter().flat_map(|map| &map.value.0) {
                        if !self.vars.contains_key(&name.value) {
                            let title =
                                format!("{} is no variable of the plan", quoted(&name.value));
                            self.out.error(&name.span, title).label("not declared");
                        }
                    }
                    if map.to.is_none() {
                        self.out
                            .error(&stop.span, "a stop needs a `to`")
                            .label("missing");
                    }
                    map.to.clone()
                }
            };
            let Some((text, series)) =
                to.and_then(|text| Some((text.clone(), self.series(&text)?)))
            else {
                continue;
            };
            if last.as_ref().is_some_and(|last| *last >= series) {
                self.out
                    .error(&text.span, "the stops of `path` rise")
                    .label("not above the stop before it");
            }
            last = Some(series);
        }
        self.later(raw.oldest_code.as_ref(), "oldest_code");
        for (stop, code) in raw.oldest_code.iter().flat_map(|map| &map.value.0) {
            self.series(&text_of(stop));
            self.series(code);
        }
    }

    /// The planned downgrade.
    pub(super) fn down(&mut self, raw: Option<&Sp<RawDown>>) -> Option<Walk> {
        let raw = raw?;
        match &raw.value {
            RawDown::Walk(items) => {
                self.out.not_yet(&raw.key, "`down`");
                Some(self.walk(items, &raw.key))
            }
            RawDown::Impossible(why) => {
                self.out.not_yet(&raw.key, "`down`");
                match &why.impossible {
                    Some(why) => drop(self.template(why)),
                    None => {
                        self.out
                            .error(&raw.key, "`down` does not say why it is impossible")
                            .label("write `{ impossible: why }`");
                    }
                }
                None
            }
        }
    }

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
        self.later(keys.retries.as_ref(), "retries");
        if let Some(retries) = &keys.retries {
            match &retries.value.times {
                Some(times) => drop(self.number(times, 1..=1000)),
                None => {
                    self.out
                        .error(&retries.key, "`retries` does not say how many")
                        .label("add `times`");
                }
            }
            self.length_of(retries.value.wait.as_ref());
        }
        self.later(keys.retry_codes.as_ref(), "retry_codes");
        if let Some(codes) = &keys.retry_codes {
            self.codes(codes, "retry_codes");
        }
        self.later(
            keys.required.as_ref().filter(|flag| flag.value.0),
            "required",
        );
        self.later(keys.pending.as_ref(), "pending");
        self.later(keys.terminal.as_ref(), "terminal");
        if let Some(terminal) = &keys.terminal {
            word(
                terminal,
                "terminal",
                &[("own", ()), ("admin", ())],
                self.out,
            );
        }
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
        self.later(keys.restored_by.as_ref(), "restored_by");
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
        self.later_hosts(keys);
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
        let shell = |this: &mut Self, command: Option<&Sp<Command>>, key: &str| {
            if let Some(command) = command {
                let what = format!("{key} of {}", around.what);
                this.shell_text(
                    command,
                    &Around {
                        what,
                        ..around.clone()
                    },
                );
            }
        };
        self.later(keys.backup.as_ref(), "backup");
        shell(self, keys.backup.as_ref(), "backup");
        shell(self, keys.restore.as_ref(), "restore");
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
                shell(self, Some(needs), "needs");
            }
        }
        for path in keys.of.iter().flat_map(|list| &list.value) {
            self.absolute(Some(path));
        }
        self.later(keys.hold.as_ref(), "hold");
        shell(self, keys.hold.as_ref(), "hold");
        shell(self, keys.leave.as_ref(), "leave");
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

    /// A reference to a backup or hold, which must come before: only ids seen so far count.
    fn refer(&mut self, to: &Sp<Text>, wants: Named) {
        self.references.push(Reference {
            to: to.clone(),
            wants,
            from: String::new(),
        });
    }
}

/// A key as a text.
fn text_of(key: &Sp<String>) -> Sp<Text> {
    Sp {
        value: Text(key.value.clone()),
        span: key.span.clone(),
        key: key.key.clone(),
    }
}
