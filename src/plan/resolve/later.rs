//! What later parts of upwalk execute: it is read and checked, and noted as not executed yet.
//!
//! What stands outside of phases; the keys of steps are in `later_step`.

use super::Resolver;
use crate::plan::decode::{Either, Keys, Text};
use crate::plan::findings::quoted;
use crate::plan::model::Walk;
use crate::plan::node::{Sp, Span};
use crate::plan::raw::{RawDown, RawPlan, RawProbe, RawVersion};
use crate::types::Series;

impl Resolver<'_, '_> {
    /// Notes a key that is written.
    pub(super) fn later<T>(&mut self, value: Option<&Sp<T>>, name: &str) {
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
        self.later_groups(raw);
    }

    /// `hosts`.
    fn later_groups(&mut self, raw: &RawPlan) {
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
        self.probe_values(id, keys);
    }

    /// The values of a probe's keys.
    fn probe_values(&mut self, id: &str, keys: &RawProbe) {
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
}

/// A key as a text.
fn text_of(key: &Sp<String>) -> Sp<Text> {
    Sp {
        value: Text(key.value.clone()),
        span: key.span.clone(),
        key: key.key.clone(),
    }
}
