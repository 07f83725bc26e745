//! The arguments of the verbs that belong to no run.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `theme`
#[derive(Debug, Subcommand)]
pub enum ThemeVerb {
    /// List the themes
    List,
    /// Show what each role of a theme looks like on this terminal
    Show {
        /// Its name, or a file with a `/` or ending in .yaml
        name: String,
    },
    /// Check that themes can be read by everybody; without names, all of them
    Check {
        /// Names, or files with a `/` or ending in .yaml
        names: Vec<String>,
    },
}

/// `completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Where to write them
    pub dir: PathBuf,
}
