//! The options that every verb takes.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Options of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// How to show a run: a screen, plain prompts, or progress lines without questions
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "KIND"
    )]
    pub ui: UiName,
    /// Plain prompts in ASCII, nothing redrawn, for screen readers and serial consoles
    #[arg(long, global = true)]
    pub accessible: bool,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN"
    )]
    pub color: ColorName,
    /// Which characters to draw with
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "SET"
    )]
    pub glyphs: GlyphName,
    /// The colours of the screen: see `upwalk theme list`
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Where runs and ledgers lie
    #[arg(
        long,
        global = true,
        env = "UPWALK_STATE_DIR",
        value_name = "DIR",
        hide_env_values = true
    )]
    pub state_dir: Option<PathBuf>,
    /// The configuration file, instead of the usual ones
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How to show a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UiName {
    /// The screen on a capable terminal, prompts on a dumb one, none where there is no terminal
    Auto,
    /// The full screen
    Tui,
    /// Numbered prompts, nothing redrawn
    Plain,
    /// Progress lines, no questions
    None,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorName {
    /// On a terminal that can show it, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Which characters to draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GlyphName {
    /// What locale and terminal can show
    Auto,
    /// Everything
    Unicode,
    /// Line drawing only
    Box,
    /// ASCII only
    Ascii,
}
