//! `upwalk why`: what a run waits for, and the next command to type.

use super::args::WhyArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::{find, out};
use crate::engine;
use crate::report;
use crate::shell::clock;
use crate::supervisor::client;
use crate::text;

/// Prints it: the sentence, then each command on a line of its own.
pub(super) fn run(context: &Context, args: &WhyArgs) -> Result<Code, Failure> {
    let found = find::find(context, args.run.as_deref())?;
    let dir = found.state.run(&found.run)?;
    let (plan, state) = client::read_run(&dir)?;
    let why = engine::why(&plan, &state, &clock::now());
    let sentence = match dir.shortage() {
        Some(short) => report::why_short(&state, &why.sentence, &short),
        None => why.sentence,
    };
    let mut page = text::wrap(&sentence, 80).join("\n");
    page.push('\n');
    for command in &why.commands {
        page.push_str(&text::clean(&context.pasteable(command)));
        page.push('\n');
    }
    out::print(&page)?;
    Ok(Code::Done)
}
