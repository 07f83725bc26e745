//! Where themes are found: those that come with upwalk, and a user's own.

use super::config;
use super::failure::{Code, Failure};
use crate::plan::Paint;
use crate::shell::store::{files_in, read_small};
use crate::tui::{self, Palette, ThemeError, Themes};
use std::path::Path;

/// The theme of this name, or in this file.
pub(super) fn named(name: &str, paint: Paint) -> Result<Palette, Failure> {
    let themes = themes()?;
    let path = Path::new(name);
    let is_file = name.contains('/') || path.extension().is_some_and(|kind| kind == "yaml");
    let found = if is_file {
        themes.read(name, &read_small(path, tui::MAX_THEME_BYTES)?)
    } else {
        themes.named(name)
    };
    found.map_err(|error| failure(paint, &themes, &error))
}

/// The themes that come with upwalk and this user's own.
pub(super) fn themes() -> Result<Themes, Failure> {
    let Some(dir) = config::own_dir() else {
        return Ok(Themes::default());
    };
    let mut own = Vec::new();
    for path in files_in(&dir.join("themes"), "yaml")? {
        let Some(name) = path.file_stem() else {
            continue;
        };
        let name = name.to_string_lossy().into_owned();
        let bytes = read_small(&path, tui::MAX_THEME_BYTES)?;
        own.push((name, path.display().to_string(), bytes));
    }
    Ok(Themes::with(own))
}

/// Why there is no such theme.
fn failure(paint: Paint, themes: &Themes, error: &ThemeError) -> Failure {
    match error {
        ThemeError::Invalid(_, found) => {
            Failure::diagnostics(error.to_string(), found, paint).with_code(Code::Plan)
        }
        ThemeError::Unknown(_) | ThemeError::Circle(_) => {
            let names: Vec<_> = themes.names().into_iter().map(|(name, _)| name).collect();
            Failure::usage(error.to_string()).hint(format!("--theme {}", names.join(" | ")))
        }
    }
}
