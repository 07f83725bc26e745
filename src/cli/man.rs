//! `upwalk man DIR`: one page for upwalk and one for each verb, generated from the command line.

use super::args::{Cli, ManArgs};
use super::failure::{Code, Failure};
use super::out;
use clap::CommandFactory as _;

/// Writes them.
pub(super) fn run(args: &ManArgs) -> Result<Code, Failure> {
    let dir = args.dir.display();
    if !args.dir.is_dir() {
        let what = format!("{dir} is not a directory");
        return Err(Failure::new(Code::Outside, what).hint(format!("mkdir -p {dir}")));
    }
    clap_mangen::generate_to(Cli::command(), &args.dir).map_err(|error| {
        Failure::new(Code::Outside, format!("cannot write manual pages to {dir}"))
            .because(error.to_string())
    })?;
    out::print(&format!("The manual pages are in {dir}.\n"))?;
    Ok(Code::Done)
}
