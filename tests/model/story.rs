//! What happened, in the words that reference and machine share.

use crate::machine::{Check, Machine};
use crate::spec::{Installed, Said, Spec, Undo};
use upwalk::journal::{
    AskKey, Decision, Event, Evidence, Measured, Outcome, Question, Recorded, RunResult, Verdict,
};
use upwalk::types::{Answer, CommandSpec, Seq};

/// What stands before the reason of an outcome that a crash has taken.
pub(crate) const CRASH: &str = "crash: ";

/// A guard's name.
pub(crate) fn name(key: &AskKey) -> String {
    match key {
        AskKey::WarningApplies(id) => format!("only_if of {id}"),
        AskKey::StepApplies(id) => format!("only_if {id}"),
        AskKey::StepDone(id) => format!("unless {id}"),
        AskKey::StepDoneAfterAll(id) => format!("unless after all {id}"),
        AskKey::Check(id) => format!("check {id}"),
        AskKey::Verify(id) => format!("verify {id}"),
        AskKey::PauseGuard(id, n) => format!("guard {n} {id}"),
        AskKey::Lasting(pause, id) => format!("lasting {id} {pause}"),
        AskKey::PauseWatch(id, n) => format!("watch {n} {id}"),
        AskKey::UndoApplies(id) => format!("undo_if {id}"),
        AskKey::UndoVerify(id) => format!("undo_verify {id}"),
    }
}

/// What a guard says.
pub(crate) fn answer(said: Said) -> Answer {
    match said {
        Said::Yes => Answer::Yes,
        Said::No => Answer::No("it does not".into()),
        Said::Unsure => Answer::CouldNotTell("it is broken".into()),
    }
}

/// What `detect` prints.
pub(crate) fn version(installed: Installed, right: &str, wrong: &str) -> Result<String, String> {
    match installed {
        Installed::Right => Ok(right.to_owned()),
        Installed::Wrong => Ok(wrong.to_owned()),
        Installed::Unknown => Err("it failed".to_owned()),
    }
}

/// Whose intent this is; none for other events.
pub(crate) fn intent_of(event: &Event) -> Option<String> {
    match event {
        Event::StepStarted {
            step,
            command: true,
            ..
        } => Some(step.to_string()),
        Event::UndoStarted { step, .. } => Some(format!("{step}.undo")),
        _ => None,
    }
}

/// Whose command this is: its files and what is run must say the same.
pub(crate) fn command_of(spec: &Spec, files: &str, command: &CommandSpec) -> Check<String> {
    let key = files.rsplit_once('.').map_or(files, |(key, _)| key);
    let must = match key.strip_suffix(".undo") {
        // What an `again` step does on the way back is what it did on the way there.
        Some(id) if matches!(spec.step(id).undo, Undo::Again { .. }) => format!("do {id}"),
        Some(id) => format!("undo {id}"),
        None => format!("do {key}"),
    };
    let words = command.argv.join(" ");
    let fits = words.strip_suffix(&must);
    let fits = fits.is_some_and(|shell| shell.is_empty() || shell.ends_with("-c "));
    let wrong = || format!("{files} runs \"{words}\"");
    fits.then(|| key.to_owned()).ok_or_else(wrong)
}

/// What a person is asked: its kind and what it is about.
pub(crate) fn question(question: &Question) -> String {
    match question {
        Question::Start => "start".into(),
        Question::Confirm { warning, .. } => format!("confirm {warning}"),
        Question::NextStep { step } => format!("next step {step}"),
        Question::Halted => "halted".into(),
        Question::ManualDone { step } => format!("by hand {step}"),
        Question::Failed { step, .. } => format!("failed {step}"),
        Question::Blocked { phase, .. } => format!("blocked {phase}"),
        Question::OutcomeUnknown { step, .. } => format!("unknown {step}"),
        Question::CouldNotTell { key, .. } => format!("unsure {}", name(key)),
        Question::Paused {
            pause,
            overdue: false,
        } => format!("paused {pause}"),
        Question::Paused {
            pause,
            overdue: true,
        } => format!("overdue {pause}"),
        Question::Boundary { phase } => format!("boundary {phase}"),
        Question::PauseHeld { pause, .. } => format!("held {pause}"),
        Question::WrongVersion { .. } => "wrong version".into(),
        Question::UndoFailed { step, .. } => format!("not back {step}"),
        Question::UndoUnsure { step, .. } => format!("take back {step}"),
    }
}

/// Whether a crash alone has brought a question up.
pub(crate) fn is_of_a_crash(question: &Question) -> bool {
    match question {
        Question::UndoFailed { why, .. }
        | Question::UndoUnsure { why, .. }
        | Question::OutcomeUnknown { why, .. } => why.starts_with(CRASH),
        _ => false,
    }
}

/// How a step ended.
fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::NothingToDo => "nothing to do",
        Outcome::Failed(_) => "failed",
        Outcome::Unknown(_) => "unknown",
    }
}

/// How a run ended.
fn result(result: &RunResult) -> &'static str {
    match result {
        RunResult::Done => "done",
        RunResult::RolledBack => "rolled back",
        RunResult::NeverStarted => "never started",
        RunResult::Stopped { failed: true, .. } => "stopped at a failure",
        RunResult::Stopped { failed: false, .. } => "stopped",
        RunResult::Lost => "lost",
    }
}

impl Machine<'_> {
    /// An event is shown: front ends, and this test, know it from now on.
    pub(crate) fn show(&mut self, event: &Recorded, line: Option<&str>) -> Check {
        self.published.push(event.clone());
        if let Some(key) = intent_of(&event.event) {
            self.intents.insert(event.n, key);
        }
        self.learn(&event.event)?;
        let line = match (&event.event, line) {
            (Event::QuestionAnswered { .. }, line) => line.map(str::to_owned),
            (event, _) => self.line(event),
        };
        self.told.story.extend(line);
        Ok(())
    }

    /// What an event means for who may run again.
    fn learn(&mut self, event: &Event) -> Check {
        match event {
            Event::QuestionAnswered {
                asked, decision, ..
            } => {
                let question = self.asked(*asked)?;
                let of_crash = is_of_a_crash(&question);
                if !of_crash {
                    self.person.has_said(&self::question(&question));
                }
                self.said(&question, decision);
            }
            Event::StepOutcomeUnknown { number, why } if why.starts_with(CRASH) => {
                let key = self.intents.get(number).cloned().unwrap_or_default();
                if let Some(execution) = self.executions.get_mut(&key) {
                    execution.lost |= execution.number == *number;
                }
            }
            Event::GuardAnswered {
                key: AskKey::StepDoneAfterAll(id),
                answer,
            } => match answer {
                Answer::No(_) => {
                    self.words.insert(id.to_string());
                }
                Answer::Yes => self.found(id.as_str()),
                Answer::CouldNotTell(_) => {}
            },
            _ => {}
        }
        Ok(())
    }

    /// The question of this number.
    fn asked(&self, number: Seq) -> Check<Question> {
        let found = self.published.iter().find(|event| event.n == number);
        match found.map(|event| &event.event) {
            Some(Event::QuestionAsked { question }) => Ok(question.clone()),
            _ => Err(format!("answered, but never asked: {number}")),
        }
    }

    /// An unknown outcome was found to be done: the next execution is another.
    fn found(&mut self, key: &str) {
        if let Some(execution) = self.executions.get_mut(key) {
            execution.lost = false;
        }
    }

    /// What a person's word allows.
    fn said(&mut self, question: &Question, decision: &Decision) {
        match (question, decision) {
            (Question::Failed { step, .. }, Decision::Retry)
            | (
                Question::OutcomeUnknown { step, .. },
                Decision::Settle {
                    verdict: Verdict::Rerun,
                    ..
                },
            ) => {
                self.words.insert(step.to_string());
            }
            (Question::Blocked { steps, .. }, Decision::Retry) => {
                self.words.extend(steps.iter().map(ToString::to_string));
            }
            (Question::UndoFailed { step, .. }, Decision::Retry) => {
                self.words.insert(format!("{step}.undo"));
            }
            (
                Question::OutcomeUnknown { step, .. },
                Decision::Settle {
                    verdict: Verdict::Done,
                    ..
                },
            ) => self.found(step.as_str()),
            _ => {}
        }
    }

    /// A story's line; none for events that tell nothing new.
    fn line(&mut self, event: &Event) -> Option<String> {
        Some(match event {
            Event::PhaseStarted { phase } => format!("phase {phase}"),
            Event::PhaseFinished { phase } => format!("phase {phase} over"),
            Event::PauseEntered { pause } => format!("pause {pause}"),
            Event::PauseLeft { pause } => format!("pause {pause} over"),
            Event::GuardAnswered { key, answer } => {
                let word = match answer {
                    Answer::Yes => "yes",
                    Answer::No(_) => "no",
                    Answer::CouldNotTell(_) => "unsure",
                };
                format!("guard {} says {word}", name(key))
            }
            Event::ValuesMeasured {
                of: Measured::Warning(id),
                ..
            } => format!("facts of {id}"),
            Event::ValuesMeasured { of, values } => {
                let right = match of {
                    Measured::VersionAfterRollback(_) => "1.3",
                    Measured::VersionAtEnd(_) | Measured::Warning(_) => "2.4",
                };
                let found = match values.first().map(|fact| fact.value.as_deref()) {
                    Some(Ok(value)) if value == right => Installed::Right,
                    Some(Ok(_)) => Installed::Wrong,
                    Some(Err(_)) | None => Installed::Unknown,
                };
                format!("version is {found:?}")
            }
            Event::WarningShown { warning, .. } => format!("note {warning}"),
            Event::WarningNotNeeded { warning, .. } => format!("no need of {warning}"),
            Event::WarningConfirmed {
                warning, evidence, ..
            } => match evidence {
                Evidence::Accepted => format!("{warning} accepted"),
                _ => format!("{warning} confirmed"),
            },
            Event::StepStarted { step, .. } => format!("{step} begins"),
            Event::StepFinished { step, outcome: how } => self.ends(step.to_string(), outcome(how)),
            Event::StepSkipped { step, .. } => self.ends(step.to_string(), "skipped"),
            Event::UndoStarted { step, .. } => format!("{step} back"),
            Event::UndoFinished { step, outcome: how } => {
                self.ends(format!("{step} back"), outcome(how))
            }
            Event::UndoSkipped { step, .. } => self.ends(format!("{step} back"), "stays"),
            Event::QuestionAsked {
                question: Question::Paused { overdue: true, .. },
            } => "late".into(),
            Event::RollbackStarted { .. } => "rollback".into(),
            Event::RunFinished { result: how } => format!("finished: {}", result(how)),
            _ => return None,
        })
    }

    fn ends(&mut self, what: String, how: &str) -> String {
        let line = format!("{what}: {how}");
        self.told.ended.insert(what, how.to_owned());
        line
    }
}
