//! `upwalk why`: what a run waits for, and the next command to type.

use super::args::WhyArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::{find, out, status};
use crate::text;

/// Prints it: the sentence, then each command on a line of its own.
pub(super) fn run(context: &Context, args: &WhyArgs) -> Result<Code, Failure> {
    let found = find::find(context, args.run.as_deref())?;
    let status = status::look(context, &found.state, &found.run)?;
    let mut page = text::wrap(&status.sentence, 80).join("\n");
    page.push('\n');
    for command in &status.commands {
        page.push_str(&text::clean(command));
        page.push('\n');
    }
    out::print(&page)?;
    Ok(Code::Done)
}
