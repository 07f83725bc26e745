//! `upwalk cancel`: end the running command, or let go of what an ended one has left running.

use super::args::CancelArgs;
use super::context::Context;
use super::decide::{self, Order};
use super::failure::{Code, Failure};
use crate::journal::Decision;

/// Decides so.
pub(super) fn run(context: &Context, args: &CancelArgs) -> Result<Code, Failure> {
    let decision = if args.let_go {
        Decision::LetGo
    } else {
        Decision::Cancel
    };
    let order = Order::wish(decision, args.decide.how);
    decide::run(context, args.decide.run.as_deref(), &order)
}
