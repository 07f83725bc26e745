//! Commands in the journal: which events are their intents, and the fold of what became of them.

use super::event::Event;
use super::fold::Misfit;
use super::state::{Attempt, Facts, Word};
use crate::types::{Moment, Seq};

impl Event {
    /// The intent's files begin with its number: whether this is one.
    pub fn is_intent(&self) -> bool {
        matches!(
            self,
            Self::StepStarted { command: true, .. } | Self::UndoStarted { .. }
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
            self.attempt(*number)?.cancelled = Some(who.clone());
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
