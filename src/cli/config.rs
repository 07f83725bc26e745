//! The configuration: `/etc/upwalk/config.yaml`, then `$XDG_CONFIG_HOME/upwalk/config.yaml` over it
//! key by key, or the one file that `--config` names.
//!
//! So far it holds the environment of row 1 and the theme. Unknown keys are errors with line and column.

use super::failure::{Code, Failure};
use crate::plan::{Diagnostics, MapEntry, MapValue, Paint, read_map};
use crate::shell::identity;
use crate::shell::store::read_small;
use std::path::{Path, PathBuf};

/// No configuration is longer, in bytes.
const MAX: u64 = 64 << 10;

/// What is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// Name and kind of the environment.
    pub(super) environment: Option<(String, String)>,
    /// The theme's name, or `auto`.
    pub(super) theme: Option<String>,
}

impl Config {
    /// Reads it; files that are not there are left out, unless `--config` names one.
    pub(super) fn read(named: Option<&Path>, paint: Paint) -> Result<Self, Failure> {
        let mut config = Self::default();
        for path in paths(named) {
            let bytes = match read_small(&path, MAX) {
                Ok(bytes) => bytes,
                Err(error) if named.is_none() && is_missing(&error) => continue,
                Err(error) => return Err(error.into()),
            };
            let name = path.display().to_string();
            config.take(&name, &bytes).map_err(|found| {
                let what = format!("the configuration {name} is invalid");
                Failure::diagnostics(what, &found, paint).with_code(Code::Usage)
            })?;
        }
        Ok(config)
    }

    /// Takes a file over what is there.
    fn take(&mut self, name: &str, bytes: &[u8]) -> Result<(), Diagnostics> {
        let map = read_map(name, bytes)?;
        for entry in &map.entries {
            match (entry.key.as_str(), &entry.value) {
                ("environment", MapValue::Map(inner)) => {
                    self.environment = Some(environment(&map, entry, inner)?);
                }
                ("environment", _) => {
                    return Err(map.finding(&entry.span, "`environment` is a map of name and kind"));
                }
                ("theme", MapValue::Text(name)) => self.theme = Some(name.clone()),
                ("theme", _) => {
                    return Err(map.finding(&entry.span, "`theme` is a name, or `auto`"));
                }
                (other, _) => {
                    let title = format!(
                        "the configuration has no key `{other}` (so far it has `environment` and \
                         `theme`)"
                    );
                    return Err(map.finding(&entry.span, &title));
                }
            }
        }
        Ok(())
    }
}

/// `environment: { name: PROD, kind: prod | other }`.
fn environment(
    map: &crate::plan::Map,
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

/// The files in the order in which they are laid over each other.
fn paths(named: Option<&Path>) -> Vec<PathBuf> {
    if let Some(path) = named {
        return vec![path.to_owned()];
    }
    let system = PathBuf::from("/etc/upwalk/config.yaml");
    let own = own_dir().map(|base| base.join("config.yaml"));
    [Some(system), own].into_iter().flatten().collect()
}

/// Where this user's configuration and themes lie.
pub(super) fn own_dir() -> Option<PathBuf> {
    let base = identity::var("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(identity::var("HOME")?).join(".config")));
    base.map(|base| base.join("upwalk"))
}

/// Whether there is no such file.
fn is_missing(error: &crate::shell::store::StoreError) -> bool {
    error
        .source
        .as_ref()
        .is_some_and(|source| source.kind() == std::io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Diagnostics> {
        let mut config = Config::default();
        config.take("config.yaml", text.as_bytes()).map(|()| config)
    }

    #[test]
    fn the_environment_has_a_name_and_a_kind() {
        let config = read("environment: { name: PROD, kind: prod }\n").expect("it is valid");
        assert_eq!(config.environment, Some(("PROD".into(), "prod".into())));
        let config = read("theme: light\n").expect("it is valid");
        assert_eq!(config.theme.as_deref(), Some("light"));
        assert_eq!(read("").expect("nothing is configured"), Config::default());
    }

    #[test]
    fn what_it_does_not_know_is_an_error_with_its_place() {
        for (text, line) in [
            (
                "environment: { name: X }\nthemes: dark\n",
                "config.yaml:2:1",
            ),
            ("environment: { name: X, kind: test }\n", "config.yaml:1:"),
            ("environment: { kind: prod }\n", "config.yaml:1:1"),
            ("theme: [dark]\n", "config.yaml:1:1"),
        ] {
            let drawn = read(text).expect_err("it is refused").render(Paint::Plain);
            assert!(drawn.contains(line), "{drawn}");
        }
    }
}
