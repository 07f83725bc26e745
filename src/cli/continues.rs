//! `upwalk continue`: go on past a pause, a stop or a manual step (`continue` is a keyword here).

use super::args::ContinueArgs;
use super::context::Context;
use super::decide::{self, Order};
use super::failure::{Code, Failure};
use crate::journal::Decision;

/// Decides so.
pub(super) fn run(context: &Context, args: ContinueArgs) -> Result<Code, Failure> {
    let decision = Decision::Continue {
        early: args.early,
        because: args.because,
    };
    let order = Order::answer(decision, args.decide.how);
    decide::run(context, args.decide.run.as_deref(), &order)
}
