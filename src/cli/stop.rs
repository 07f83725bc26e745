//! `upwalk stop`: end a run and leave everything as it is.

use super::args::StopArgs;
use super::context::Context;
use super::decide::{self, Order};
use super::failure::{Code, Failure};
use crate::journal::Decision;

/// Decides so.
pub(super) fn run(context: &Context, args: StopArgs) -> Result<Code, Failure> {
    let decision = Decision::Stop {
        because: args.because,
    };
    let order = Order::answer(decision, args.decide.how);
    decide::run(context, args.decide.run.as_deref(), &order)
}
