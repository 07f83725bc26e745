//! `upwalk skip`: pass a step over, with a reason.

use super::args::SkipArgs;
use super::context::Context;
use super::decide::{self, Order};
use super::failure::{Code, Failure};
use crate::journal::Decision;

/// Decides so.
pub(super) fn run(context: &Context, args: SkipArgs) -> Result<Code, Failure> {
    let decision = Decision::Skip {
        because: args.because,
    };
    let order = Order::answer(decision, args.decide.how);
    decide::run(context, args.decide.run.as_deref(), &order)
}
