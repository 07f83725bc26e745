//! `upwalk retry`: try again what failed, or ask again what could not be told.

use super::args::DecideArgs;
use super::context::Context;
use super::decide::{self, Order};
use super::failure::{Code, Failure};
use crate::journal::Decision;

/// Decides so.
pub(super) fn run(context: &Context, args: &DecideArgs) -> Result<Code, Failure> {
    let decision = Decision::Retry;
    decide::run(
        context,
        args.run.as_deref(),
        &Order::answer(decision, args.how),
    )
}
