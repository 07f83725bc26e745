//! `upwalk pause`: stop after the present step.

use super::args::DecideArgs;
use super::context::Context;
use super::decide::{self, Order};
use super::failure::{Code, Failure};
use crate::journal::Decision;

/// Decides so.
pub(super) fn run(context: &Context, args: &DecideArgs) -> Result<Code, Failure> {
    let decision = Decision::Pause;
    decide::run(
        context,
        args.run.as_deref(),
        &Order::wish(decision, args.how),
    )
}
