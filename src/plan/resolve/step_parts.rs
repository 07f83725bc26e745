//! What steps have besides their kind: settings, guards, variables they set, patterns for the log.

use super::Resolver;
use super::guard::Network;
use super::names::Around;
use crate::plan::decode::{Text, word};
use crate::plan::findings::quoted;
use crate::plan::model::{Guard, Polled, Rerun, Retries, Settings};
use crate::plan::node::Sp;
use crate::plan::raw_step::{RawGuard, RawStep};
use crate::plan::units;
use crate::types::Millis;

/// The time between two asks of a guard with `within`.
const EVERY: Millis = Millis::from_secs(2);

/// How often a step with `retry_codes` and without `retries` begins again by itself.
const USUAL_RETRIES: u32 = 3;

impl Resolver<'_, '_> {
    /// How the step's commands run.
    pub(super) fn settings(&mut self, keys: &RawStep) -> Settings {
        let mut secrets = Vec::new();
        for name in keys.secrets.iter().flat_map(|list| &list.value) {
            let text = name.value.0.as_str();
            if self.vars.get(text).is_some_and(|var| var.secret) {
                secrets.push(text.to_owned());
                continue;
            }
            let known = self.vars.iter().filter(|(_, var)| var.secret);
            let close = self.out.closest(text, known.map(|(name, _)| name.as_str()));
            let found = self.out.error(
                &name.span,
                format!("{} is no secret variable", quoted(text)),
            );
            match close {
                Some(close) => found.label(format!("did you mean `{close}`?")),
                None => found.label("declare it under `vars` with `secret: true`"),
            };
        }
        Settings {
            env: self.env_values(keys.env.as_ref()),
            dir: keys.dir.as_ref().map(|dir| self.dir(dir)),
            user: keys.user.as_ref().map(|user| self.user(user)),
            timeout: self.length_of(keys.timeout.as_ref()),
            // Its mistakes have been said when the surroundings were looked at.
            shell: keys
                .shell
                .as_ref()
                .filter(|list| !list.value.is_empty())
                .map(|list| list.value.iter().map(|word| word.value.0.clone()).collect()),
            secrets,
        }
    }

    /// `retries` and `retry_codes`: attempts that begin by themselves.
    pub(super) fn retries(&mut self, keys: &RawStep, ok_codes: &[i32]) -> Option<Retries> {
        let codes = keys.retry_codes.as_ref();
        let codes = codes.map(|list| self.codes(list, "retry_codes"));
        if let (Some(list), Some(codes)) = (&keys.retry_codes, &codes) {
            for code in codes.iter().filter(|code| ok_codes.contains(code)) {
                self.out
                    .error(
                        &list.key,
                        format!("exit code {code} cannot mean both done and run it again"),
                    )
                    .label("it is one of `ok_codes`, which are [0] where the step has none");
            }
        }
        let raw = keys.retries.as_ref();
        if raw.is_none() && codes.is_none() {
            return None;
        }
        let mut retries = Retries {
            times: USUAL_RETRIES,
            wait: Millis(0),
            codes: codes.unwrap_or_default(),
        };
        if let Some(raw) = raw {
            match &raw.value.times {
                Some(times) => retries.times = self.number(times, 1..=1000).unwrap_or(1),
                None => {
                    self.out
                        .error(&raw.key, "`retries` does not say how many")
                        .label("add `times`");
                }
            }
            let wait = self.length_of(raw.value.wait.as_ref());
            retries.wait = wait.unwrap_or_default();
        }
        Some(retries)
    }

    /// A guard of the step, under the name of its key.
    pub(super) fn named_guard(
        &mut self,
        raw: Option<&Sp<RawGuard>>,
        key: &str,
        around: &Around,
    ) -> Option<Guard> {
        let around = Around {
            what: format!("{key} of {}", around.what),
            ..around.clone()
        };
        self.guard_of(raw, &around)
    }

    /// A guard that `within` and `every` go with.
    pub(super) fn polled(
        &mut self,
        keys: &RawStep,
        raw: Option<&Sp<RawGuard>>,
        key: &str,
        around: &Around,
    ) -> Option<Polled> {
        let raw = raw?;
        let network = if key == "check" {
            Network::Allowed
        } else {
            Network::Refused
        };
        let what = if key == "check" {
            around.what.clone()
        } else {
            format!("{key} of {}", around.what)
        };
        let guard = self.guard(
            raw,
            &Around {
                what,
                ..around.clone()
            },
            network,
        );
        // Mistakes in them are said once, by `polling_alone`.
        let length = |text: &Option<Sp<Text>>| {
            text.as_ref()
                .and_then(|text| units::duration(&text.value.0).ok())
        };
        Some(Polled {
            guard: guard?,
            within: length(&keys.within),
            every: length(&keys.every).unwrap_or(EVERY),
        })
    }

    /// Checks `within` and `every`, and that there is a guard they go with.
    pub(super) fn polling_alone(&mut self, keys: &RawStep) {
        for (name, text) in [("within", &keys.within), ("every", &keys.every)] {
            let Some(text) = text else { continue };
            self.length(text);
            let units = keys.systemd.is_some();
            if keys.check.is_none() && keys.verify.is_none() && keys.undo_verify.is_none() && !units
            {
                self.out
                    .error(&text.key, format!("`{name}` goes with `check` or `verify`"))
                    .label("this step has neither");
            }
        }
        if let (Some(every), None, None) = (&keys.every, &keys.within, &keys.systemd) {
            self.out
                .error(&every.key, "`every` goes with `within`")
                .label("without it the guard is asked once");
        }
    }

    /// Variables that the step may write to `$OUTPUT`.
    pub(super) fn sets(&mut self, raw: Option<&Sp<Vec<Sp<Text>>>>) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for text in raw.iter().flat_map(|list| &list.value) {
            let name = text.value.0.as_str();
            if !self.var_name(name, &text.span) {
                continue;
            }
            if let Some(var) = self.vars.get(name) {
                let span = var.span.clone();
                self.out
                    .error(
                        &text.span,
                        format!("`{name}` is a variable of the plan already"),
                    )
                    .label("a step cannot set it")
                    .also(&span, "declared here");
            } else if names.iter().any(|known| known == name) {
                self.out
                    .error(&text.span, format!("`{name}` is listed twice"))
                    .label("again");
            } else {
                names.push(name.to_owned());
                self.sets
                    .entry(name.to_owned())
                    .or_insert_with(|| text.span.clone());
            }
        }
        names
    }

    pub(super) fn rerun(&mut self, keys: &RawStep) -> Rerun {
        let words = [
            ("safe", Rerun::Safe),
            ("check", Rerun::Check),
            ("never", Rerun::Never),
        ];
        let by_default = if keys.unless.is_some() {
            Rerun::Check
        } else {
            Rerun::Unsaid
        };
        let Some(text) = &keys.rerun else {
            return by_default;
        };
        let rerun = word(
            text,
            "way to go on after an unknown outcome",
            &words,
            self.out,
        );
        if rerun == Some(Rerun::Check) && keys.unless.is_none() {
            self.out
                .error(
                    &text.span,
                    "`rerun: check` asks `unless`, which this step lacks",
                )
                .label("nothing to ask")
                .help("add `unless`, or write `rerun: never` or `rerun: safe`");
        }
        rerun.unwrap_or(by_default)
    }

    /// A pattern for lines of the log.
    pub(super) fn log_pattern(
        &mut self,
        text: Option<&Sp<Text>>,
        groups: std::ops::RangeInclusive<usize>,
    ) -> Option<String> {
        let text = text?;
        self.regex(text, groups);
        Some(text.value.0.clone())
    }
}
