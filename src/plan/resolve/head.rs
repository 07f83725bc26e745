//! What stands before the phases: provenance, versions, defaults, files.

use super::Resolver;
use super::names::{is_env_name, is_reserved};
use crate::plan::decode::{EnvText, Map, Text, word};
use crate::plan::findings::quoted;
use crate::plan::model::{Defaults, Provenance, VersionRules};
use crate::plan::node::{Sp, Span};
use crate::plan::raw::{RawDefaults, RawProvenance, RawVersion};
use crate::plan::{Template, shelltext};
use crate::types::{Millis, Series, VersionReq};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// What commands start from where the plan says nothing.
pub(super) fn standard() -> Defaults {
    Defaults {
        shell: ["bash", "-euo", "pipefail", "-c"]
            .map(str::to_owned)
            .to_vec(),
        user: None,
        dir: Template::literal("/"),
        env: BTreeMap::new(),
        inherit: Vec::new(),
        timeout: None,
        grace: Millis::from_secs(10),
        guard_timeout: Millis::from_secs(30),
        silence: None,
    }
}

impl Resolver<'_, '_> {
    pub(super) fn provenance(&mut self, raw: &RawProvenance) -> Provenance {
        if let Some(checked) = &raw.checked
            && checked.value.0.parse::<jiff::civil::Date>().is_err()
        {
            self.out
                .error(
                    &checked.span,
                    format!("{} is not a date", quoted(&checked.value.0)),
                )
                .label("such as 2026-11-20");
        }
        if let Some(confidence) = &raw.confidence {
            let words = [("documented", ()), ("tried", ()), ("guessed", ())];
            word(confidence, "confidence", &words, self.out);
        }
        Provenance {
            source: self.template_of(raw.source.as_ref()),
            checked: raw.checked.as_ref().map(|text| text.value.0.clone()),
            confidence: raw.confidence.as_ref().map(|text| text.value.0.clone()),
        }
    }

    pub(super) fn version(&mut self, raw: &RawVersion) -> VersionRules {
        let around = self.around("version.detect");
        let detect = raw
            .detect
            .as_ref()
            .map(|text| self.shell_text(text, &around));
        let from = raw.from.as_ref().and_then(|text| self.requirement(text));
        let to = raw.to.as_ref().and_then(|text| self.series(text));
        self.later_version(raw);
        VersionRules { detect, from, to }
    }

    /// A requirement such as `>=25`.
    pub(super) fn requirement(&mut self, text: &Sp<Text>) -> Option<VersionReq> {
        let parsed = VersionReq::parse(&text.value.0);
        parsed
            .map_err(|error| {
                self.out
                    .error(&text.span, error.to_string())
                    .label("not a requirement");
            })
            .ok()
    }

    /// A series such as `29`.
    pub(super) fn series(&mut self, text: &Sp<Text>) -> Option<Series> {
        let parsed = Series::parse(&text.value.0);
        parsed
            .map_err(|error| {
                self.out
                    .error(&text.span, error.to_string())
                    .label("not a version");
            })
            .ok()
    }

    /// Shell and names of the environment, which shell texts are checked against.
    pub(super) fn environment(&mut self, raw: Option<&Sp<RawDefaults>>) {
        let Some(raw) = raw else { return };
        if let Some(shell) = &raw.value.shell {
            self.defaults.shell = self.shell(shell);
        }
        if let Some(env) = &raw.value.env {
            self.env
                .extend(env.value.0.iter().map(|(name, _)| name.value.clone()));
        }
        for name in raw.value.inherit.iter().flat_map(|list| &list.value) {
            self.env.insert(name.value.0.clone());
        }
    }

    pub(super) fn defaults(&mut self, raw: Option<&Sp<RawDefaults>>) {
        let Some(raw) = raw else { return };
        let raw = &raw.value;
        self.defaults.user = raw.user.as_ref().map(|user| self.user(user));
        if let Some(dir) = &raw.dir {
            self.defaults.dir = self.dir(dir);
        }
        self.defaults.env = self.env_values(raw.env.as_ref());
        for name in raw.inherit.iter().flat_map(|list| &list.value) {
            if self.inherited(name) {
                self.defaults.inherit.push(name.value.0.clone());
            }
        }
        self.defaults.timeout = self.length_of(raw.timeout.as_ref());
        if let Some(grace) = raw
            .grace
            .as_ref()
            .and_then(|text| self.length_or_zero(text))
        {
            self.defaults.grace = grace;
        }
        if let Some(timeout) = self.length_of(raw.guard_timeout.as_ref()) {
            self.defaults.guard_timeout = timeout;
        }
        self.defaults.silence = self.length_of(raw.silence.as_ref());
    }

    /// Checks an entry of `inherit`.
    fn inherited(&mut self, name: &Sp<Text>) -> bool {
        let text = name.value.0.as_str();
        let clash = self.vars.iter().find(|(_, var)| var.env == text);
        let clash = clash.map(|(var, declared)| (var.clone(), declared.span.clone()));
        if !is_env_name(text) {
            let title = format!("{} names no environment variable", quoted(text));
            self.out
                .error(&name.span, title)
                .label("letters, digits and `_`");
        } else if is_reserved(text) {
            self.reserved(text, &name.span);
        } else if let Some((var, span)) = clash {
            self.out
                .error(
                    &name.span,
                    format!("commands see the variable `{var}` under this name"),
                )
                .label("cannot be inherited as well")
                .also(&span, "declared here");
        } else if self.defaults.inherit.iter().any(|known| known == text) {
            self.out
                .error(&name.span, format!("{} is listed twice", quoted(text)))
                .label("again");
        } else {
            return true;
        }
        false
    }

    /// Reports a reserved name.
    pub(super) fn reserved(&mut self, name: &str, span: &Span) {
        self.out
            .error(span, format!("{} is reserved", quoted(name)))
            .label("upwalk or the system gives this name its value")
            .help("choose another name");
    }

    /// A command's `env`.
    pub(super) fn env_values(
        &mut self,
        raw: Option<&Sp<Map<EnvText>>>,
    ) -> BTreeMap<String, Option<Template>> {
        let mut env = BTreeMap::new();
        for (name, value) in raw.iter().flat_map(|map| &map.value.0) {
            if !is_env_name(&name.value) || name.value.starts_with("UPWALK_") {
                let title = format!("{} cannot be set in `env`", quoted(&name.value));
                self.out
                    .error(&name.span, title)
                    .label("letters, digits and `_`; not UPWALK_*");
            }
            let text = value.value.0.as_ref();
            let text = text.map(|text| self.template_at(text, &value.span));
            env.insert(name.value.clone(), text);
        }
        env
    }

    /// A `shell`: program and arguments.
    pub(super) fn shell(&mut self, raw: &Sp<Vec<Sp<Text>>>) -> Vec<String> {
        let shell: Vec<String> = raw.value.iter().map(|word| word.value.0.clone()).collect();
        if shell.is_empty() {
            self.out
                .error(&raw.key, "`shell` names no program")
                .label("empty");
            return standard().shell;
        }
        if shelltext::is_posix(&shell) && !shell.iter().skip(1).any(|word| takes_text(word)) {
            self.out
                .error(
                    &raw.key,
                    "this shell would take a command's text for a file name",
                )
                .label("`-c` is missing")
                .help("such as `[bash, -euo, pipefail, -c]`");
        }
        shell
    }

    /// The plan's `files`, each with its place.
    pub(super) fn files(&mut self, raw: Option<&Sp<Vec<Sp<Text>>>>) -> Vec<(PathBuf, Span)> {
        let mut files: Vec<(PathBuf, Span)> = Vec::new();
        for text in raw.iter().flat_map(|list| &list.value) {
            let path = Path::new(&text.value.0);
            let kept: Option<PathBuf> = path
                .components()
                .filter(|part| *part != Component::CurDir)
                .map(|part| match part {
                    Component::Normal(name) => Some(name),
                    _ => None,
                })
                .collect();
            match kept {
                Some(path) if !path.as_os_str().is_empty() => {
                    if let Some((_, first)) = files.iter().find(|(known, _)| *known == path) {
                        let first = first.clone();
                        self.out
                            .error(
                                &text.span,
                                format!("{} is listed twice", quoted(&text.value.0)),
                            )
                            .label("again")
                            .also(&first, "first here");
                    } else {
                        files.push((path, text.span.clone()));
                    }
                }
                Some(_) | None => {
                    self.out
                        .error(
                            &text.span,
                            format!("{} does not lie below the plan", quoted(&text.value.0)),
                        )
                        .label("a path relative to the plan, without `..`");
                }
            }
        }
        files
    }
}

/// Whether an argument makes a shell take its text from the next one: `-c`, `-ec`.
fn takes_text(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}
