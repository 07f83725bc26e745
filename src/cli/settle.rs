//! `upwalk settle`: what is the case with a step whose outcome nobody knows.

use super::args::{SettleArgs, VerdictName};
use super::context::Context;
use super::decide::{self, Order};
use super::failure::{Code, Failure};
use crate::journal::{Decision, Verdict};

/// Decides so.
pub(super) fn run(context: &Context, args: SettleArgs) -> Result<Code, Failure> {
    let verdict = match args.verdict {
        VerdictName::Done => Verdict::Done,
        VerdictName::Rerun => Verdict::Rerun,
    };
    let decision = Decision::Settle {
        verdict,
        because: args.because,
    };
    decide::run(
        context,
        args.run.as_deref(),
        &Order::answer(decision, args.how),
    )
}
