//! `upwalk note`: a remark for the journal and the report.

use super::args::NoteArgs;
use super::context::Context;
use super::decide::{self, Order};
use super::failure::{Code, Failure};
use crate::journal::Decision;

/// Leaves it.
pub(super) fn run(context: &Context, args: NoteArgs) -> Result<Code, Failure> {
    let how = super::args::How {
        at: None,
        wait: false,
    };
    let decision = Decision::Note { text: args.text };
    decide::run(context, args.run.as_deref(), &Order::wish(decision, how))
}
