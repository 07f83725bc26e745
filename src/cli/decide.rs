//! What all deciding verbs share: find the run, send the decision, say what came of it.

use super::args::How;
use super::context::{Context, can_type};
use super::failure::{Code, Failure};
use super::follow::{Own, follow_lines, lost, session};
use super::{find, out};
use crate::journal::Decision;
use crate::plain::Begin;
use crate::supervisor::wire::Part;
use crate::types::Seq;

/// A decision and how it is given.
pub(super) struct Order {
    decision: Decision,
    how: How,
    answers: bool,
}

impl Order {
    /// One that answers a question, which it has to name where nobody can see it.
    pub(super) fn answer(decision: Decision, how: How) -> Self {
        Self {
            decision,
            how,
            answers: true,
        }
    }

    /// One that can be given at any time.
    pub(super) fn wish(decision: Decision, how: How) -> Self {
        Self {
            decision,
            how,
            answers: false,
        }
    }
}

/// Decides: returns once it is durable, or fails with the refusal.
pub(super) fn run(context: &Context, run: Option<&str>, order: &Order) -> Result<Code, Failure> {
    if order.answers && order.how.at.is_none() && !can_type() {
        return Err(Failure::usage("without a terminal, --at SEQ is needed")
            .because("it names the question that is answered, so that nothing is answered twice")
            .hint(context.pasteable("upwalk why")));
    }
    let found = find::find(context, run)?;
    if !found.open {
        let what = format!(
            "the run {} is finished; nothing can be decided any more",
            found.run
        );
        let hint = context.pasteable(&format!("upwalk attach {}", found.run));
        return Err(Failure::new(Code::Person, what).hint(hint));
    }
    let own = Own::of(context, &found.state, &found.run)?;
    let (paste, blot) = own.texts();
    let mut session = session(&found.state, &found.run, Part::Verb, (&paste, &blot))?;
    let gone = |error| lost(context, &found.run, error);
    session.catch_up().map_err(gone)?;
    let at = order.how.at.map(Seq);
    let (reply, _) = session.decide(at, order.decision.clone()).map_err(gone)?;
    match reply {
        Ok(number) => {
            out::print(&format!("Journalled as event {number} of {}.\n", found.run))?;
        }
        Err(refusal) => {
            let hint = refusal.hint.as_deref().map(|hint| context.pasteable(hint));
            let failure = Failure::from(refusal);
            return Err(match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            });
        }
    }
    if order.how.wait {
        return follow_lines(context, &found.run, &mut session, Begin::No);
    }
    Ok(Code::Done)
}
