//! What every verb needs of the command line, the terminal and the environment, read once.

use super::args::{ColorName, Global, GlyphName, UiName};
use super::config::Config;
use super::failure::Failure;
use super::themes;
use crate::plan::Paint;
use crate::shell::store::StateDir;
use crate::shell::{clock, identity};
use crate::tui;
use crate::types::Paste;
use clap::ArgMatches;
use clap::parser::ValueSource;
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// The choices of this call.
#[derive(Debug)]
pub(super) struct Context {
    /// Options as given.
    pub(super) global: Global,
    /// The state directory.
    pub(super) state_path: PathBuf,
    /// What has to be appended to a command so that it works when it is pasted.
    paste: String,
}

/// Which front end shows a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ui {
    /// The screen.
    Tui,
    /// Prompts.
    Plain,
    /// Progress lines.
    None,
}

impl Context {
    /// Takes the options and looks at the environment.
    pub(super) fn new(matches: &ArgMatches, global: Global) -> Result<Self, Failure> {
        let typed = matches.value_source("state_dir") == Some(ValueSource::CommandLine);
        let state_path = match &global.state_dir {
            Some(path) => absolute(path.clone()),
            None => StateDir::default_path()?,
        };
        let usual = StateDir::default_path().is_ok_and(|path| path == state_path);
        let paste = if typed && !usual {
            format!(" --state-dir {}", quoted(&state_path.to_string_lossy()))
        } else {
            String::new()
        };
        let context = Self {
            global,
            state_path,
            paste,
        };
        if context.global.theme.is_some() {
            context.screen()?;
        }
        Ok(context)
    }

    /// The state directory for looking; none where nothing was ever walked.
    pub(super) fn look(&self) -> Result<Option<StateDir>, Failure> {
        Ok(StateDir::look(&self.state_path)?)
    }

    /// The state directory of something that must be there.
    pub(super) fn state(&self) -> Result<StateDir, Failure> {
        self.look()?.ok_or_else(|| self.nothing())
    }

    /// The failure of a verb that found no run at all.
    pub(super) fn nothing(&self) -> Failure {
        let dir = self.state_path.display();
        Failure::usage(format!("there is no run in {dir}"))
            .hint("upwalk up PLAN begins one; --state-dir DIR looks elsewhere")
    }

    /// A command as it has to be typed in this environment.
    pub(super) fn pasteable(&self, command: &str) -> String {
        if command.starts_with("upwalk ") {
            format!("{command}{}", self.paste)
        } else {
            command.to_owned()
        }
    }

    /// Which front end to use here; fails where a screen is asked for and there is no terminal.
    pub(super) fn ui(&self) -> Result<Ui, Failure> {
        match self.global.ui {
            UiName::Tui if !both_terminals() => Err(Failure::usage(
                "--ui tui needs a terminal as standard input and output",
            )
            .hint("--ui none follows without one, --ui plain asks line by line")),
            UiName::Tui => Ok(Ui::Tui),
            UiName::Plain => Ok(Ui::Plain),
            UiName::None => Ok(Ui::None),
            UiName::Auto => Ok(self.usual_ui()),
        }
    }

    /// The front end that suits the terminal.
    fn usual_ui(&self) -> Ui {
        let screen = tui::is_capable(identity::var("TERM").as_deref());
        if !both_terminals() {
            Ui::None
        } else if screen && !self.global.accessible {
            Ui::Tui
        } else {
            Ui::Plain
        }
    }

    /// Whether error drawings on standard error may have colours.
    pub(super) fn paint(&self) -> Paint {
        let coloured = match self.global.color {
            ColorName::Always => true,
            ColorName::Never => false,
            ColorName::Auto => wants_colour() && std::io::stderr().is_terminal(),
        };
        if coloured {
            Paint::Colour
        } else {
            Paint::Plain
        }
    }

    /// The configuration.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        Config::read(self.global.config.as_deref(), self.paint())
    }

    /// `--color`.
    fn colour(&self) -> tui::Colour {
        match self.global.color {
            ColorName::Auto => tui::Colour::Auto,
            ColorName::Always => tui::Colour::Always,
            ColorName::Never => tui::Colour::Never,
        }
    }

    /// What the screen looks like, in the theme of `--theme`, else of the configuration, else the
    /// usual one; `--accessible` asks for ASCII and lets pastes fill fields. Fails where there is no such theme.
    pub(super) fn screen(&self) -> Result<tui::Settings, Failure> {
        let config = self.config()?;
        let name = self.global.theme.clone().or(config.theme);
        let name = name.filter(|name| name != "auto");
        let name = name.unwrap_or_else(|| tui::usual_theme(&identity::var).to_owned());
        let palette = themes::named(&name, self.paint())?;
        let mut settings = self.drawn_in(palette, config.glyphs);
        settings.rules = config.confirm;
        settings.notify = config.notify.unwrap_or_default();
        settings.pager = config.pager;
        settings.zone = clock::zone();
        settings.log_colours = config.log_colours.unwrap_or_default();
        if config.mouse == Some(true) {
            settings.mouse = tui::Mouse::On;
        }
        if self.global.accessible {
            // Speech input and text expanders paste.
            settings.rules.paste = Paste::Allow;
        }
        Ok(settings)
    }

    /// The same in this theme.
    pub(super) fn screen_in(&self, palette: tui::Palette) -> Result<tui::Settings, Failure> {
        Ok(self.drawn_in(palette, self.config()?.glyphs))
    }

    /// In this theme, with the glyphs of `--glyphs`, else the configured ones.
    fn drawn_in(&self, palette: tui::Palette, configured: Option<GlyphName>) -> tui::Settings {
        let named = match self.global.glyphs {
            GlyphName::Auto => configured.unwrap_or(GlyphName::Auto),
            name @ (GlyphName::Unicode | GlyphName::Box | GlyphName::Ascii) => name,
        };
        let glyphs = match named {
            _ if self.global.accessible => Some(tui::GlyphSet::Ascii),
            GlyphName::Auto => None,
            GlyphName::Unicode => Some(tui::GlyphSet::Unicode),
            GlyphName::Box => Some(tui::GlyphSet::Boxes),
            GlyphName::Ascii => Some(tui::GlyphSet::Ascii),
        };
        tui::Settings::choose(palette, self.colour(), glyphs, &identity::var)
    }
}

/// Whether a person can both read and type here.
fn both_terminals() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Whether a person can type here.
pub(super) fn can_type() -> bool {
    std::io::stdin().is_terminal()
}

/// The usual variables that decide about colour (ux.md, section 4).
fn wants_colour() -> bool {
    let forced = |name: &str| identity::var(name).is_some_and(|value| value != "0");
    if identity::var("NO_COLOR").is_some() {
        return false;
    }
    if forced("CLICOLOR_FORCE") || forced("FORCE_COLOR") {
        return true;
    }
    let off = identity::var("CLICOLOR").as_deref() == Some("0");
    !off && !matches!(identity::var("TERM").as_deref(), None | Some("dumb"))
}

/// A path from the root on.
fn absolute(path: PathBuf) -> PathBuf {
    match identity::cwd() {
        Some(cwd) => cwd.join(path),
        None => path,
    }
}

/// A word as a shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+=:,@%".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(quoted("/srv/up walk"), "'/srv/up walk'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("/var/lib/upwalk"), "/var/lib/upwalk");
        assert_eq!(quoted(""), "''");
    }
}
