//! The configuration: `/etc/upwalk/config.yaml`, then `$XDG_CONFIG_HOME/upwalk/config.yaml` over it
//! key by key, or the one file that `--config` names.
//!
//! Unknown keys are errors with line and column. What a key may say is in `keys`.

mod keys;

use super::args::GlyphName;
use super::failure::{Code, Failure};
use crate::plan::{Diagnostics, Paint, read_map};
use crate::shell::identity;
use crate::shell::store::read_small;
use crate::tui::LogColours;
use crate::types::{ConsentRules, Notify};
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
    /// Which characters the screens are drawn with.
    pub(super) glyphs: Option<GlyphName>,
    /// The pager's words.
    pub(super) pager: Option<Vec<String>>,
    /// Whether the mouse wheel scrolls from the start.
    pub(super) mouse: Option<bool>,
    /// What becomes of the colours in a command's output.
    pub(super) log_colours: Option<LogColours>,
    /// How a person is told that the run needs them.
    pub(super) notify: Option<Notify>,
    /// How consents are taken.
    pub(super) confirm: ConsentRules,
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
        map.entries
            .iter()
            .try_for_each(|entry| keys::take(self, &map, entry))
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
    use crate::types::{Millis, Paste};

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
    fn every_key_is_read_and_a_later_file_goes_over_an_earlier_one() {
        let mut config = read(
            "glyphs: box\npager: [less, -N]\nmouse: on\nlog: { color: keep }\n\
             notify: { command: [notify-send, upwalk] }\n\
             confirm: { paste: allow, quiet: 1s, submit_gap: 200ms, max_age: 1h }\n",
        )
        .expect("it is valid");
        assert_eq!(config.glyphs, Some(GlyphName::Box));
        assert_eq!(config.pager, Some(vec!["less".into(), "-N".into()]));
        assert_eq!(config.mouse, Some(true));
        assert_eq!(config.log_colours, Some(LogColours::Keep));
        let command = Notify::Command(vec!["notify-send".into(), "upwalk".into()]);
        assert_eq!(config.notify, Some(command));
        let later =
            b"notify: none\nconfirm: { quiet: 300ms }\npager: less -S\nlog: { color: strip }\n";
        config.take("own.yaml", later).expect("it is valid");
        assert_eq!(config.notify, Some(Notify::None));
        assert_eq!(config.log_colours, Some(LogColours::Strip));
        assert_eq!(config.pager, Some(vec!["less".into(), "-S".into()]));
        let rules = ConsentRules {
            paste: Paste::Allow,
            quiet: Millis(300),
            submit_gap: Millis(200),
            max_age: Millis(3_600_000),
        };
        assert_eq!(config.confirm, rules);
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
            ("mouse: maybe\n", "config.yaml:1:1"),
            ("log: { colour: keep }\n", "config.yaml:1:8"),
            ("log: { color: drop }\n", "config.yaml:1:8"),
            ("pager: []\n", "config.yaml:1:1"),
            ("notify: osc8\n", "config.yaml:1:1"),
            ("notify: { command: [] }\n", "config.yaml:1:11"),
            ("confirm: { quiet: 199ms }\n", "config.yaml:1:12"),
            ("confirm: { submit_gap: 99ms }\n", "config.yaml:1:12"),
            ("confirm: { max_age: 1 }\n", "config.yaml:1:12"),
            ("confirm: { max_age: 59s }\n", "config.yaml:1:12"),
            ("confirm: { paste: yes }\n", "config.yaml:1:12"),
        ] {
            let drawn = read(text).expect_err("it is refused").render(Paint::Plain);
            assert!(drawn.contains(line), "{drawn}");
        }
    }
}
