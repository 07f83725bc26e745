//! `upwalk runs`: all runs, or those of one service, newest first.

use super::args::RunsArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::out;
use crate::report::{self, RunLine};
use crate::shell::clock;
use crate::supervisor::client;

/// Prints them. A run whose journal cannot be read is listed as damaged.
pub(super) fn run(context: &Context, args: &RunsArgs) -> Result<Code, Failure> {
    let now = clock::now();
    let mut lines = Vec::new();
    if let Some(state) = context.look()? {
        for run in state.runs()? {
            let service = run.service();
            if args
                .service
                .as_deref()
                .is_some_and(|wanted| wanted != service)
            {
                continue;
            }
            let dir = state.run(&run)?;
            lines.push(match client::read_run(&dir) {
                Ok((_, folded)) => report::run_line(&folded, &now),
                Err(error) => RunLine::damaged(&run, &error.to_string()),
            });
        }
    }
    let text = if args.json {
        report::runs_json(&lines)
    } else {
        report::runs(&lines)
    };
    out::print(&text)?;
    Ok(Code::Done)
}
