//! `upwalk completions SHELL`: generated from the same structs that parse the command line.

use super::args::{Cli, CompletionsArgs};
use super::failure::{Code, Failure};
use super::out;
use clap::CommandFactory as _;

/// Prints them.
pub(super) fn run(args: &CompletionsArgs) -> Result<Code, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "upwalk", &mut text);
    out::print(&String::from_utf8_lossy(&text))?;
    Ok(Code::Done)
}
