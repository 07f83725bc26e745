//! The configuration's keys: what each may say, and where a finding points. Called by `config` alone.

use super::Config;
use crate::cli::args::GlyphName;
use crate::plan::{self, Diagnostics, Map, MapEntry, MapValue};
use crate::tui::LogColours;
use crate::types::{ConsentRules, Millis, Notify, Paste};
use clap::ValueEnum as _;

/// Every key, for the message at one that is none.
const KEYS: &str = "environment, theme, glyphs, pager, mouse, log, notify and confirm";

/// Takes one entry over what is there.
pub(super) fn take(config: &mut Config, map: &Map, entry: &MapEntry) -> Result<(), Diagnostics> {
    let wrong = |title: &str| Err(map.finding(&entry.span, title));
    match (entry.key.as_str(), &entry.value) {
        ("environment", MapValue::Map(inner)) => {
            config.environment = Some(environment(map, entry, inner)?);
        }
        ("environment", _) => return wrong("`environment` is a map of name and kind"),
        ("theme", MapValue::Text(name)) => config.theme = Some(name.clone()),
        ("theme", _) => return wrong("`theme` is a name, or `auto`"),
        ("glyphs", value) => {
            match text(value).and_then(|name| GlyphName::from_str(name, false).ok()) {
                Some(name) => config.glyphs = Some(name),
                None => return wrong("`glyphs` is one of auto, unicode, box and ascii"),
            }
        }
        ("pager", value) => match words(value) {
            Some(words) => config.pager = Some(words),
            None => return wrong("`pager` is a command, as a text or as a list of its words"),
        },
        ("mouse", value) => match text(value) {
            Some("on") => config.mouse = Some(true),
            Some("off") => config.mouse = Some(false),
            Some(_) | None => return wrong("`mouse` is `on` or `off`"),
        },
        ("log", MapValue::Map(inner)) => log(config, map, inner)?,
        ("log", _) => return wrong("`log` is a map with `color`"),
        ("notify", value) => config.notify = Some(notify(map, entry, value)?),
        ("confirm", MapValue::Map(inner)) => confirm(&mut config.confirm, map, inner)?,
        ("confirm", _) => {
            return wrong("`confirm` is a map of paste, quiet, submit_gap and max_age");
        }
        (other, _) => {
            return wrong(&format!(
                "the configuration has no key `{other}` (it has {KEYS})"
            ));
        }
    }
    Ok(())
}

fn text(value: &MapValue) -> Option<&str> {
    match value {
        MapValue::Text(text) => Some(text),
        MapValue::Map(_) | MapValue::List(_) => None,
    }
}

/// A command: a text that is cut at its spaces, or a list; never empty.
fn words(value: &MapValue) -> Option<Vec<String>> {
    let words: Vec<String> = match value {
        MapValue::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
        MapValue::List(list) => {
            let texts = list.iter().map(|one| text(one).map(str::to_owned));
            texts.collect::<Option<_>>()?
        }
        MapValue::Map(_) => return None,
    };
    words.first().filter(|first| !first.is_empty())?;
    Some(words)
}

/// `environment: { name: PROD, kind: prod | other }`.
fn environment(
    map: &Map,
    whole: &MapEntry,
    inner: &[MapEntry],
) -> Result<(String, String), Diagnostics> {
    let (mut name, mut kind) = (None, None);
    for entry in inner {
        match (entry.key.as_str(), &entry.value) {
            ("name", MapValue::Text(text)) => name = Some(text.clone()),
            ("kind", MapValue::Text(text)) if matches!(text.as_str(), "prod" | "other") => {
                kind = Some(text.clone());
            }
            ("kind", _) => return Err(map.finding(&entry.span, "`kind` is `prod` or `other`")),
            ("name", _) => return Err(map.finding(&entry.span, "`name` is a text")),
            (other, _) => {
                let title =
                    format!("`environment` has no key `{other}` (it has `name` and `kind`)");
                return Err(map.finding(&entry.span, &title));
            }
        }
    }
    match (name, kind) {
        (Some(name), kind) => Ok((name, kind.unwrap_or_else(|| "other".to_owned()))),
        (None, _) => Err(map.finding(&whole.span, "`environment` needs a `name`")),
    }
}

/// `log: { color: strip | keep }`.
fn log(config: &mut Config, map: &Map, inner: &[MapEntry]) -> Result<(), Diagnostics> {
    for entry in inner {
        match (entry.key.as_str(), text(&entry.value)) {
            ("color", Some("strip")) => config.log_colours = Some(LogColours::Strip),
            ("color", Some("keep")) => config.log_colours = Some(LogColours::Keep),
            ("color", _) => {
                return Err(map.finding(&entry.span, "`color` is `strip` or `keep`"));
            }
            (other, _) => {
                let title = format!("`log` has no key `{other}` (it has `color`)");
                return Err(map.finding(&entry.span, &title));
            }
        }
    }
    Ok(())
}

/// `notify: bel | osc9 | osc777 | osc99 | none | { command: [argv] }`.
fn notify(map: &Map, whole: &MapEntry, value: &MapValue) -> Result<Notify, Diagnostics> {
    let wrong = "`notify` is one of bel, osc9, osc777, osc99 and none, or { command: [..] }";
    let said = match value {
        MapValue::Text(text) => match text.as_str() {
            "bel" => Some(Notify::Bel),
            "osc9" => Some(Notify::Osc9),
            "osc777" => Some(Notify::Osc777),
            "osc99" => Some(Notify::Osc99),
            "none" => Some(Notify::None),
            _ => None,
        },
        MapValue::Map(inner) => {
            let [entry] = inner.as_slice() else {
                return Err(map.finding(&whole.span, wrong));
            };
            if entry.key != "command" {
                return Err(map.finding(&entry.span, wrong));
            }
            let title = "`command` is a list of words, the first one a program";
            let words = words(&entry.value);
            Some(Notify::Command(
                words.ok_or_else(|| map.finding(&entry.span, title))?,
            ))
        }
        MapValue::List(_) => None,
    };
    said.ok_or_else(|| map.finding(&whole.span, wrong))
}

/// `confirm: { paste, quiet, submit_gap, max_age }`.
fn confirm(rules: &mut ConsentRules, map: &Map, inner: &[MapEntry]) -> Result<(), Diagnostics> {
    for entry in inner {
        let length = |least: Millis| length(map, entry, least);
        match (entry.key.as_str(), text(&entry.value)) {
            ("paste", Some("refuse")) => rules.paste = Paste::Refuse,
            ("paste", Some("allow")) => rules.paste = Paste::Allow,
            ("paste", _) => {
                return Err(map.finding(&entry.span, "`paste` is `refuse` or `allow`"));
            }
            ("quiet", _) => rules.quiet = length(ConsentRules::LEAST_QUIET)?,
            ("submit_gap", _) => rules.submit_gap = length(ConsentRules::LEAST_SUBMIT_GAP)?,
            ("max_age", _) => rules.max_age = length(ConsentRules::LEAST_MAX_AGE)?,
            (other, _) => {
                let title = format!(
                    "`confirm` has no key `{other}` (it has paste, quiet, submit_gap and max_age)"
                );
                return Err(map.finding(&entry.span, &title));
            }
        }
    }
    Ok(())
}

/// A length of time that is not too short to protect anybody.
fn length(map: &Map, entry: &MapEntry, least: Millis) -> Result<Millis, Diagnostics> {
    let key = &entry.key;
    let said = text(&entry.value).unwrap_or_default();
    let length =
        plan::duration(said).map_err(|why| map.finding(&entry.span, &format!("`{key}`: {why}")))?;
    if length < least {
        let title = format!("`{key}` is at least {}ms", least.0);
        return Err(map.finding(&entry.span, &title));
    }
    Ok(length)
}
