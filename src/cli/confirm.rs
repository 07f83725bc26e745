//! `upwalk confirm`: confirm a warning by its id and digest.

use super::accepts;
use super::args::ConfirmArgs;
use super::context::Context;
use super::decide::{self, Order};
use super::failure::{Code, Failure};
use crate::journal::{Decision, Evidence};

/// Decides so.
pub(super) fn run(context: &Context, args: &ConfirmArgs) -> Result<Code, Failure> {
    let (warning, digest) = accepts::parse(&args.warning)?;
    let decision = Decision::Confirm {
        seeing: None,
        warning,
        digest,
        evidence: Evidence::Named,
    };
    decide::run(
        context,
        args.run.as_deref(),
        &Order::answer(decision, args.how),
    )
}
