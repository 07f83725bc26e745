//! The fold of events to a state: its only writer.
//!
//! An event that does not fit the state before it is damage, never patched over. `supervisor`,
//! front ends and tests all come through here.

use super::asked::{AskKey, Measured};
use super::event::{Event, Outcome, Recorded};
use super::opening::RunStarted;
use super::shell::ShellRecord;
use super::state::{
    Answered, Attempt, Consent, Facts, Finished, Note, PauseRecord, PhaseRecord, Rollback,
    RunState, StepRecord, WarningRecord, WarningState, Word,
};
use crate::types::{Moment, StepId, WarningId};
use std::collections::BTreeMap;

/// Why an event does not fit the state before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {n}: {why}")]
pub struct FoldError {
    /// The event's number.
    pub n: u64,
    /// What does not fit.
    pub why: String,
}

/// An event does not fit.
pub(super) type Misfit = String;

impl RunState {
    /// The state after a journal's first event; fails where that is not `RunStarted`.
    pub fn begin(first: &Recorded) -> Result<Self, FoldError> {
        let Event::RunStarted(run) = &first.event else {
            return Err(FoldError {
                n: first.n.0,
                why: "a journal begins with RunStarted".into(),
            });
        };
        Ok(Self {
            facts: empty(first, run),
        })
    }

    /// Folds a whole journal; fails where it is empty or an event does not fit.
    pub fn of(events: &[Recorded]) -> Result<Self, FoldError> {
        let Some((first, rest)) = events.split_first() else {
            return Err(FoldError {
                n: 0,
                why: "the journal is empty".into(),
            });
        };
        let mut state = Self::begin(first)?;
        for event in rest {
            state.apply(event)?;
        }
        Ok(state)
    }

    /// Adds one event; fails where it does not fit, which is damage.
    pub fn apply(&mut self, next: &Recorded) -> Result<(), FoldError> {
        let fail = |why: Misfit| FoldError { n: next.n.0, why };
        if !next.event.may_follow(self.facts.last, next.n) {
            return Err(fail(format!("it follows event {}", self.facts.last)));
        }
        let end = self.facts.finished.as_ref().map(|end| &end.result);
        (next.event.may_follow_end(end)).map_err(|why| fail(why.into()))?;
        self.facts.apply(next).map_err(fail)?;
        self.facts.last = next.n;
        self.facts.last_at = next.at.clone();
        Ok(())
    }
}

/// The facts after the first event.
fn empty(first: &Recorded, run: &RunStarted) -> Facts {
    Facts {
        last: first.n,
        last_at: first.at.clone(),
        run: Box::new(run.clone()),
        began: first.at.clone(),
        supervisor: None,
        phases: BTreeMap::new(),
        phase: None,
        intents: BTreeMap::new(),
        steps: BTreeMap::new(),
        pauses: BTreeMap::new(),
        warnings: BTreeMap::new(),
        answers: BTreeMap::new(),
        measured: BTreeMap::new(),
        variables: BTreeMap::new(),
        begun: false,
        open: None,
        answered: BTreeMap::new(),
        pause_requested: None,
        rollback: None,
        consents: Vec::new(),
        notes: Vec::new(),
        shells: Vec::new(),
        remarks: Vec::new(),
        boundary_passed: None,
        version_rounds: 0,
        ledger: None,
        controls: None,
        finished: None,
        unknown: Vec::new(),
    }
}

impl Facts {
    /// Adds one event: the run as a whole here, steps, questions and warnings below.
    fn apply(&mut self, next: &Recorded) -> Result<(), Misfit> {
        let at = &next.at;
        match &next.event {
            Event::RunStarted(_) => return Err("a run starts only once".into()),
            Event::SupervisorStarted { pid, .. } => self.supervisor = Some(*pid),
            Event::Unknown => self.unknown.push(next.n),
            Event::TailCutOff { bytes, began } => self.cut_off(at, *bytes, began),
            Event::JournalSalvaged(salvaged) => self.salvaged(at, salvaged),
            Event::QuestionAsked { question } => self.asked(next.n, at, question),
            Event::QuestionAnswered {
                asked,
                decision,
                who,
            } => {
                self.answered(*asked, decision, who, at)?;
            }
            Event::WarningShown { .. }
            | Event::WarningNotNeeded { .. }
            | Event::WarningConfirmed { .. } => self.warned(&next.event, at),
            Event::StepStarted { .. }
            | Event::StepFinished { .. }
            | Event::StepSkipped { .. }
            | Event::UndoStarted { .. }
            | Event::UndoFinished { .. }
            | Event::UndoSkipped { .. } => self.stepped(next),
            Event::PendingCounted { step, when, left } => self.counted(step, *when, left)?,
            Event::CommandEnded { .. }
            | Event::IntentVoided { .. }
            | Event::StepOutcomeUnknown { .. }
            | Event::CancelRequested { .. }
            | Event::CommandOutlived { .. }
            | Event::LeftoversLetGo { .. } => self.ran(&next.event, at)?,
            Event::PhaseStarted { .. }
            | Event::PhaseFinished { .. }
            | Event::PauseEntered { .. }
            | Event::PauseLeft { .. } => self.moved(&next.event, at)?,
            Event::PauseRequested { .. }
            | Event::VariablesSet { .. }
            | Event::GuardAnswered { .. }
            | Event::ValuesMeasured { .. }
            | Event::LedgerMoved { .. }
            | Event::NoteAdded { .. }
            | Event::ControlsTaken { .. }
            | Event::ShellOpened(_)
            | Event::ShellLeft(_)
            | Event::RunFinished { .. }
            | Event::RunReopened { .. }
            | Event::RollbackStarted { .. } => self.learned(next),
        }
        Ok(())
    }

    /// Something of the run as a whole.
    fn learned(&mut self, next: &Recorded) {
        let at = &next.at;
        if let Event::PauseRequested { who } = &next.event {
            self.pause_requested = Some(who.clone());
        } else if let Event::VariablesSet { values, .. } = &next.event {
            self.variables.extend(values.clone());
        } else if let Event::GuardAnswered { key, answer } = &next.event {
            let answer = Answered {
                n: next.n,
                at: at.clone(),
                answer: answer.clone(),
            };
            self.settled_by(key, &answer.answer);
            self.answers.insert(key.clone(), answer);
        } else if let Event::ValuesMeasured { of, values } = &next.event {
            self.measured.insert(of.clone(), values.clone());
        } else if let Event::LedgerMoved { version } = &next.event {
            self.ledger = Some(version.clone());
        } else if let Event::NoteAdded { who, text } = &next.event {
            self.notes.push(Note {
                at: at.clone(),
                who: who.clone(),
                text: text.clone(),
            });
        } else if let Event::ShellOpened(opened) = &next.event {
            self.shells.push(ShellRecord {
                number: next.n,
                at: at.clone(),
                opened: opened.clone(),
                left: None,
            });
        } else if let Event::ShellLeft(left) = &next.event {
            let shell = |shell: &&mut ShellRecord| shell.number == left.opened;
            if let Some(shell) = self.shells.iter_mut().find(shell) {
                shell.left = Some((left.exit.clone(), left.took));
            }
        } else if let Event::ControlsTaken { who } = &next.event {
            self.controls = Some((who.clone(), at.clone()));
        } else if let Event::RunFinished { result } = &next.event {
            self.open = None;
            self.finished = Some(Finished {
                at: at.clone(),
                result: result.clone(),
            });
        } else if let Event::RunReopened { .. } = &next.event {
            self.finished = None;
            self.supervisor = None;
        } else if let Event::RollbackStarted { who, because } = &next.event {
            self.pause_requested = None;
            let (who, because) = (who.clone(), because.clone());
            self.rollback = Some(Rollback {
                at: at.clone(),
                who,
                because,
            });
        }
    }

    /// A phase or pause began or ended.
    fn moved(&mut self, event: &Event, at: &Moment) -> Result<(), Misfit> {
        if let Event::PhaseStarted { phase } = event {
            let record = PhaseRecord {
                started: at.clone(),
                finished: None,
                settled: 0,
            };
            self.phases.insert(phase.clone(), record);
            self.phase = Some(phase.clone());
        } else if let Event::PhaseFinished { phase } = event {
            let record = self
                .phases
                .get_mut(phase)
                .ok_or("that phase had not begun")?;
            record.finished = Some(at.clone());
            self.phase = None;
        } else if let Event::PauseEntered { pause } = event {
            let record = PauseRecord {
                entered: at.clone(),
                left: None,
                leaving: false,
                overridden: false,
            };
            self.pauses.insert(pause.clone(), record);
        } else if let Event::PauseLeft { pause } = event {
            self.pause(pause)?.left = Some(at.clone());
        }
        Ok(())
    }

    /// A pause that was entered.
    pub(super) fn pause(&mut self, pause: &StepId) -> Result<&mut PauseRecord, Misfit> {
        self.pauses
            .get_mut(pause)
            .ok_or_else(|| format!("pause {pause} had not been entered"))
    }

    /// What is known of a step.
    pub(super) fn step(&mut self, step: &StepId) -> &mut StepRecord {
        self.steps.entry(step.clone()).or_default()
    }

    /// What became of a warning.
    fn warned(&mut self, event: &Event, at: &Moment) {
        let mut put = |warning: &WarningId, before: &Option<StepId>, state: WarningState| {
            let record = WarningRecord {
                state,
                before: before.clone(),
                at: at.clone(),
            };
            self.warnings.insert(warning.clone(), record);
        };
        if let Event::WarningShown {
            warning, before, ..
        } = event
        {
            put(warning, before, WarningState::Shown);
        } else if let Event::WarningNotNeeded { warning, before } = event {
            put(warning, before, WarningState::NotNeeded);
        } else if let Event::WarningConfirmed {
            warning,
            before,
            digest,
            who,
            evidence,
            seeing,
            ..
        } = event
        {
            put(warning, before, WarningState::Confirmed);
            // Where it is asked once more, all of it is looked at once more.
            self.answers
                .remove(&AskKey::WarningApplies(warning.clone()));
            self.measured.remove(&Measured::Warning(warning.clone()));
            self.consents.push(Consent {
                warning: warning.clone(),
                digest: digest.clone(),
                at: at.clone(),
                who: who.clone(),
                evidence: evidence.clone(),
                seeing: seeing.clone(),
            });
        }
    }

    /// A step, or taking it back, began or ended.
    fn stepped(&mut self, next: &Recorded) {
        if let Event::StepStarted {
            step,
            attempt,
            command,
        } = &next.event
        {
            self.forget_answers(step);
            let record = self.step(step);
            if record
                .attempts
                .last()
                .is_some_and(|last| last.unknown.is_some())
                && !record.has(Word::BeginAgain)
            {
                record.reruns += 1;
            }
            if matches!(record.outcome, Some(Outcome::Failed(_))) {
                record.retries += 1;
            }
            record.outcome = None;
            record.words.retain(|word| word.lets_begin());
            let mut begun = Attempt::begun(next.n, &next.at, *attempt, *command);
            // What begins by itself begins with what the last attempt has left.
            let left = || record.attempts.last().and_then(|last| last.after.clone());
            begun.before = record.to_do.take().or_else(left);
            record.attempts.push(begun);
            self.intents.insert(next.n, step.clone());
        } else if let Event::StepFinished { step, outcome } = &next.event {
            self.settling(step, |record| {
                record.outcome = Some(outcome.clone());
                record.ended = Some(next.at.clone());
            });
        } else if let Event::StepSkipped { step, why } = &next.event {
            self.settling(step, |record| record.skipped = Some(why.clone()));
        } else if let Event::UndoStarted { step, attempt } = &next.event {
            self.answers.remove(&AskKey::UndoVerify(step.clone()));
            let record = self.step(step);
            record.undo_outcome = None;
            record.words.remove(&Word::TakeBackAgain);
            let begun = Attempt::begun(next.n, &next.at, *attempt, true);
            record.undo_attempts.push(begun);
            self.intents.insert(next.n, step.clone());
        } else if let Event::UndoFinished { step, outcome } = &next.event {
            self.step(step).undo_outcome = Some(outcome.clone());
        } else if let Event::UndoSkipped { step, why } = &next.event {
            self.step(step).undo_skipped = Some(why.clone());
        }
    }

    /// Changes what is known of a step, which may settle it.
    fn settling(&mut self, step: &StepId, change: impl FnOnce(&mut StepRecord)) {
        let record = self.step(step);
        let before = record.is_settled();
        change(record);
        let now = !before && record.is_settled();
        let phase = self
            .phase
            .as_ref()
            .and_then(|phase| self.phases.get_mut(phase));
        if let (true, Some(phase)) = (now, phase) {
            phase.settled += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::samples;

    #[test]
    fn a_whole_run_folds() {
        let state = RunState::of(&samples::finished_run()).expect("a good run");
        assert!(state.begun && state.open.is_none() && state.finished.is_some());
        let step = &state.steps[&StepId::from("migrate")];
        assert!(step.is_settled() && step.attempts.len() == 1);
        assert_eq!(state.consents.len(), 1);
    }

    #[test]
    fn what_does_not_fit_is_damage() {
        let events = samples::finished_run();
        assert!(RunState::of(&[]).is_err());
        assert!(RunState::of(&events[1..]).is_err(), "no RunStarted");
        let mut gap = events.clone();
        gap.remove(4);
        assert_eq!(RunState::of(&gap).expect_err("a gap").n, 6);
        let mut twice = events.clone();
        twice[3] = Recorded {
            n: twice[3].n,
            ..twice[0].clone()
        };
        assert!(RunState::of(&twice).is_err(), "RunStarted twice");
    }
}
