//! The arguments of `cancel`.

use super::DecideArgs;
use clap::Args;

/// `cancel`
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// Which run, and how.
    #[command(flatten)]
    pub decide: DecideArgs,
    /// Wait no longer for what the ended command has left running: it may stay
    #[arg(long)]
    pub let_go: bool,
}
