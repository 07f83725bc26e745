//! The fold of questions and answers: what a person's word changes in the state.

use super::asked::{AskKey, Measured};
use super::fold::Misfit;
use super::question::{Decision, Question, Verdict};
use super::state::{Facts, Open, WarningRecord, Word};
use crate::types::{Answer, Moment, Seq, StepId, WarningId, Who};

impl Facts {
    /// Something was said of a step.
    fn said(&mut self, step: &StepId, word: Word) {
        self.step(step).words.insert(word);
    }

    /// A question stands. Whoever wanted a stop has one now.
    pub(super) fn asked(&mut self, n: Seq, at: &Moment, question: &Question) {
        self.pause_requested = None;
        let same = self
            .open
            .take()
            .filter(|open| open.question.is_same(question));
        self.open = Some(Open {
            asked: n,
            at: at.clone(),
            question: question.clone(),
            first: same.as_ref().map_or(n, |open| open.first),
            before: same.map_or_else(Vec::new, |open| open.question.into_facts()),
        });
    }

    /// A person answered the open question.
    pub(super) fn answered(
        &mut self,
        asked: Seq,
        decision: &Decision,
        who: &Who,
        at: &Moment,
    ) -> Result<(), Misfit> {
        let open = self.open.take_if(|open| open.asked == asked);
        let open = open.ok_or_else(|| format!("question {asked} was not open"))?;
        self.answered
            .insert(asked, (decision.clone(), who.clone(), at.clone()));
        match decision {
            Decision::Start => self.begun = true,
            Decision::Continue { because, .. } => {
                self.continued(&open.question, because.is_some())?;
            }
            Decision::Retry => self.retried(&open.question),
            Decision::Settle { verdict, .. } => self.settled(&open.question, *verdict),
            // Their consequences are events of their own.
            Decision::Confirm { .. }
            | Decision::Skip { .. }
            | Decision::Rollback { .. }
            | Decision::Stop { .. }
            | Decision::Pause
            | Decision::Cancel
            | Decision::LetGo
            | Decision::OpenShell { .. }
            | Decision::LeaveShell { .. }
            | Decision::Note { .. } => {}
        }
        Ok(())
    }

    /// What going on does at each question that allows it.
    fn continued(&mut self, question: &Question, because: bool) -> Result<(), Misfit> {
        if let Question::NextStep { step } = question {
            self.said(step, Word::MayBegin);
        } else if let Question::ManualDone { step } = question {
            self.said(step, Word::DoneByHand);
        } else if let Question::Paused { pause, .. } = question {
            self.pause(pause)?.leaving = true;
        } else if let Question::PauseHeld { pause, .. } = question {
            self.pause(pause)?.overridden |= because;
        } else if let Question::Boundary { phase } = question {
            self.boundary_passed = Some(phase.clone());
        }
        Ok(())
    }

    /// What trying again does at each question that allows it.
    fn retried(&mut self, question: &Question) {
        if let Question::Failed { step, .. } = question {
            self.again(step);
        } else if let Question::Blocked { steps, .. } = question {
            for step in steps {
                self.again(step);
            }
        } else if let Question::CouldNotTell { key, .. } = question {
            self.answers.remove(key);
        } else if let Question::PauseHeld { pause, .. } = question {
            self.answers.retain(|key, _| !asked_on_leaving(key, pause));
        } else if let Question::WrongVersion { .. } = question {
            self.version_rounds += 1;
        } else if let Question::UndoFailed { step, .. } = question {
            self.step(step).undo_outcome = None;
            self.answers.remove(&AskKey::UndoVerify(step.clone()));
            self.said(step, Word::TakeBackAgain);
        } else if let Question::UndoUnsure { step, .. } = question {
            self.answers.remove(&AskKey::UndoApplies(step.clone()));
        }
    }

    /// What a person's word does about what nobody knew.
    fn settled(&mut self, question: &Question, verdict: Verdict) {
        if let Question::OutcomeUnknown { step, .. } = question {
            match verdict {
                Verdict::Done => {
                    let record = self.step(step);
                    record.outcome = None;
                    record.words.insert(Word::DidItsWork);
                    record.settle();
                }
                Verdict::Rerun => self.again(step),
            }
        } else if let Question::CouldNotTell { step, .. } = question {
            // `done` is an event of its own.
            if verdict == Verdict::Rerun {
                self.said(step, Word::RunUnasked);
            }
        } else if let Question::UndoUnsure { step, .. } = question
            && verdict == Verdict::Done
        {
            self.said(step, Word::TakeBackUnasked);
        }
    }

    /// Answers about a step's result no longer count.
    pub(super) fn forget_answers(&mut self, step: &StepId) {
        for key in [AskKey::Check, AskKey::Verify, AskKey::StepDoneAfterAll] {
            self.answers.remove(&key(step.clone()));
        }
    }

    /// `unless` says that a command of unknown outcome did its work.
    pub(super) fn settled_by(&mut self, key: &AskKey, answer: &Answer) {
        if let (AskKey::StepDoneAfterAll(step), Answer::Yes) = (key, answer) {
            self.step(step).settle();
        }
    }

    /// A person has a step tried again: its guards and warnings are asked anew.
    fn again(&mut self, step: &StepId) {
        self.forget_answers(step);
        self.answers.remove(&AskKey::StepApplies(step.clone()));
        self.answers.remove(&AskKey::StepDone(step.clone()));
        let stands_before = |record: &WarningRecord| record.before.as_ref() == Some(step);
        let asked_again: Vec<WarningId> = self
            .warnings
            .iter()
            .filter(|(_, record)| stands_before(record))
            .map(|(id, _)| id.clone())
            .collect();
        for id in asked_again {
            self.warnings.remove(&id);
            self.answers.remove(&AskKey::WarningApplies(id.clone()));
            self.measured.remove(&Measured::Warning(id));
        }
        let record = self.step(step);
        record.outcome = None;
        record.retries = 0;
        record.words = [Word::BeginAgain].into();
    }
}

/// Whether a guard is asked on leaving this pause.
fn asked_on_leaving(key: &AskKey, of: &StepId) -> bool {
    matches!(key, AskKey::PauseGuard(pause, _) | AskKey::Lasting(pause, _) if pause == of)
}
