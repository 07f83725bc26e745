//! Commands in the journal: which events are their intents, and the fold of what became of them.

use super::asked::Count;
use super::event::Event;
use super::fold::Misfit;
use super::state::{Attempt, Facts, Word};
use crate::types::{Moment, Pending, Seq, StepId};

impl Event {
    /// The intent's files begin with its number: whether this is one.
    pub fn is_intent(&self) -> bool {
        matches!(
            self,
            Self::StepStarted { command: true, .. } | Self::UndoStarted { .. }
        )
    }
}

impl Event {
    /// Whether what was counted while a step ran says nothing any more after this.
    pub fn outdates_counts(&self) -> bool {
        matches!(
            self,
            Self::PendingCounted { .. } | Self::StepStarted { .. } | Self::StepFinished { .. }
        )
    }
}

impl Facts {
    /// What became of an intent's command.
    pub(super) fn ran(&mut self, event: &Event, at: &Moment) -> Result<(), Misfit> {
        if let Event::CommandEnded { number, end } = event {
            let attempt = self.attempt(*number)?;
            attempt.end = Some(end.clone());
            attempt.ended = Some(at.clone());
        } else if let Event::StepOutcomeUnknown { number, why } = event {
            let attempt = self.attempt(*number)?;
            attempt.unknown = Some(why.clone());
            attempt.ended.get_or_insert(at.clone());
        } else if let Event::CancelRequested { number, who } = event {
            let attempt = self.attempt(*number)?;
            attempt.cancelled = Some(who.clone());
            attempt.cancel_asked.get_or_insert(at.clone());
        } else if let Event::CommandOutlived { number, left } = event {
            self.attempt(*number)?.outlived.clone_from(left);
        } else if let Event::LeftoversLetGo { number, who } = event {
            self.attempt(*number)?.let_go = Some(who.clone());
        } else if let Event::IntentVoided { number } = event {
            self.attempt(*number)?;
            let step = self.intents.remove(number);
            if let Some(record) = step.and_then(|id| self.steps.get_mut(&id)) {
                let voids = |attempt: &Attempt| attempt.number == *number;
                let forth = record.attempts.iter().any(voids);
                if let Some(void) = record.attempts.iter().find(|attempt| voids(attempt)) {
                    record.to_do.clone_from(&void.before);
                }
                record.attempts.retain(|attempt| !voids(attempt));
                record.undo_attempts.retain(|attempt| !voids(attempt));
                let again = if forth {
                    Word::BeginAgain
                } else {
                    Word::TakeBackAgain
                };
                record.words.insert(again);
            }
        }
        Ok(())
    }

    /// How much a step has left to do was counted.
    pub(super) fn counted(
        &mut self,
        step: &StepId,
        when: Count,
        left: &Pending,
    ) -> Result<(), Misfit> {
        let record = self.step(step);
        match (when, record.attempts.last_mut()) {
            (Count::Before, _) => record.to_do = Some(left.clone()),
            (Count::After, Some(last)) => last.after = Some(left.clone()),
            (Count::After, None) => return Err(format!("step {step} had not begun")),
        }
        Ok(())
    }

    /// The attempt of an intent's number.
    fn attempt(&mut self, number: Seq) -> Result<&mut Attempt, Misfit> {
        let step = self
            .intents
            .get(&number)
            .and_then(|id| self.steps.get_mut(id));
        step.and_then(|step| {
            let mut attempts = step.attempts.iter_mut().chain(&mut step.undo_attempts);
            attempts.find(|attempt| attempt.number == number)
        })
        .ok_or_else(|| format!("there is no intent {number}"))
    }
}
