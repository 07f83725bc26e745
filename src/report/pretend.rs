//! The pretend host: drives a hypothetical run through the engine to its end, with every command
//! exiting 0 and every guard letting things happen, and writes down what a person is asked.
//!
//! It goes through the same `decide` and the same fold as a real run, so the number of questions
//! that the dry run names cannot drift from what the engine asks. Called by `build`.

use super::dry_run::{QuestionKind, QuestionShown, Questions, WayBack};
use crate::engine::{self, Effect, Input};
use crate::journal::{
    AskKey, Decision, Event, Evidence, Fact, Measured, Open, Question, Recorded, RunResult,
    RunStarted, RunState,
};
use crate::plan::Plan;
use crate::types::{
    Answer, BootId, Exit, ExitRecord, Millis, Moment, Pending, Seq, StepId, Timestamp,
};
use std::collections::BTreeMap;

/// A run at its first event.
pub(super) fn hypothetical(run: &RunStarted) -> RunState {
    RunState::begin(&Recorded {
        n: Seq(1),
        at: epoch(),
        event: Event::RunStarted(Box::new(run.clone())),
    })
    .expect("a journal that begins with RunStarted begins")
}

/// The beginning of pretended time.
fn epoch() -> Moment {
    Moment {
        wall: Timestamp::from_millis(0),
        boot: BootId::default(),
        up: Millis(0),
    }
}

/// What came of driving a run to its end.
pub(super) struct Pretended {
    /// What a person is asked.
    pub(super) questions: Questions,
    /// What a rollback would do, as late as one is possible, in its order.
    pub(super) way_back: Vec<WayBack>,
}

/// Drives the run that `run` would be to its end, confirming whatever it asks.
pub(super) fn drive(plan: &Plan, run: &RunStarted) -> Pretended {
    // Warnings accepted beforehand are shown all the same: the dry run names all there are.
    let run = RunStarted {
        accepts: Vec::new(),
        ..run.clone()
    };
    let state = hypothetical(&run);
    let walk = engine::walk_of(plan, &state);
    let steps = walk.iter().flat_map(|walk| walk.steps());
    let codes = steps.filter(|(_, step)| !step.ok_codes.contains(&0));
    let done = codes.filter_map(|(_, step)| Some((step.id.as_str(), *step.ok_codes.first()?)));
    let point = walk
        .and_then(engine::point_of_no_return)
        .map(|step| &step.id);
    let mut host = Host {
        plan,
        done: done.collect(),
        state,
        now: epoch(),
        notes: Notes {
            plan,
            point,
            asked: Vec::new(),
            way_back: Vec::new(),
        },
    };
    let cut_short = host.run().err();
    let Notes {
        asked, way_back, ..
    } = host.notes;
    let mut by_kind = BTreeMap::new();
    for question in &asked {
        *by_kind.entry(question.kind).or_insert(0) += 1;
    }
    Pretended {
        questions: Questions {
            total: asked.len(),
            by_kind,
            list: asked,
            cut_short,
        },
        way_back,
    }
}

/// What is written down on the way.
struct Notes<'a> {
    plan: &'a Plan,
    /// The first step that nothing takes back.
    point: Option<&'a StepId>,
    asked: Vec<QuestionShown>,
    way_back: Vec<WayBack>,
}

impl Notes<'_> {
    /// Writes down a question, and the way back as long as there is one.
    fn look(&mut self, state: &RunState, event: &Event) {
        match event {
            Event::QuestionAsked { question } => self.asked.push(shown(question)),
            Event::StepStarted { step, .. } if self.point == Some(step) => self.look_back(state),
            Event::RunFinished {
                result: RunResult::Done,
            } if self.way_back.is_empty() => self.look_back(state),
            _ => {}
        }
    }

    /// Keeps the way back from here, where there is one.
    fn look_back(&mut self, state: &RunState) {
        if let Ok(lines) = engine::take_backs(self.plan, state) {
            let walk = engine::walk_of(self.plan, state);
            let shown = lines.into_iter().map(|line| WayBack {
                number: walk.map_or_else(|| line.step.to_string(), |walk| walk.number(&line.step)),
                step: line.step,
                back: line.back,
            });
            self.way_back = shown.collect();
        }
    }
}

/// A pretended machine with a pretended person before it.
struct Host<'a> {
    plan: &'a Plan,
    state: RunState,
    now: Moment,
    /// Steps for which another exit code than 0 means done.
    done: BTreeMap<&'a str, i32>,
    notes: Notes<'a>,
}

impl Host<'_> {
    /// Runs to the end; fails where the engine goes on waiting or refuses what is sent.
    fn run(&mut self) -> Result<(), String> {
        self.send(&Input::Taken {
            pid: 0,
            upwalk: String::new(),
            torn: None,
        })?;
        // Every step takes a handful of inputs; an engine that goes in circles must not hang us.
        let steps = engine::walk_of(self.plan, &self.state).map_or(0, |w| w.steps().count());
        for _ in 0..1000 + 50 * steps {
            if self.state.finished.is_some() {
                return Ok(());
            }
            let input = match &self.state.open {
                Some(open) => {
                    let open = open.clone();
                    self.decide(&open)?
                }
                None => self.perform()?,
            };
            self.send(&input)?;
        }
        Err("the walk does not come to an end".to_owned())
    }

    /// Gives the engine an input, and folds what follows.
    fn send(&mut self, input: &Input) -> Result<(), String> {
        let notes = &mut self.notes;
        let mut look = |state: &RunState, event: &Event| notes.look(state, event);
        engine::advance(self.plan, &mut self.state, input, &self.now, &mut look)
            .map(drop)
            .map_err(|refusal| refusal.why)
    }

    /// What the person says to a question: on with it.
    fn decide(&mut self, open: &Open) -> Result<Input, String> {
        let go_on = Decision::Continue {
            early: false,
            because: None,
        };
        let decision = match &open.question {
            Question::Start => Decision::Start,
            Question::Confirm {
                warning,
                digest,
                phrase,
                ..
            } => Decision::Confirm {
                seeing: None,
                warning: warning.clone(),
                digest: digest.clone(),
                evidence: match phrase {
                    Some(phrase) => Evidence::Typed(phrase.clone()),
                    None => Evidence::Acknowledged,
                },
            },
            Question::Paused { pause, .. } => {
                let walk = engine::walk_of(self.plan, &self.state);
                let min = walk
                    .and_then(|walk| walk.pause(pause))
                    .and_then(|pause| pause.min);
                self.now = self.now.plus(min.unwrap_or_default());
                go_on
            }
            Question::NextStep { .. }
            | Question::Halted
            | Question::ManualDone { .. }
            | Question::Boundary { .. } => go_on,
            Question::Failed { .. }
            | Question::Blocked { .. }
            | Question::OutcomeUnknown { .. }
            | Question::CouldNotTell { .. }
            | Question::PauseHeld { .. }
            | Question::WrongVersion { .. }
            | Question::UndoFailed { .. }
            | Question::UndoUnsure { .. } => {
                return Err(engine::why(self.plan, &self.state, &self.now).sentence);
            }
        };
        Ok(Input::Decided {
            at: Some(open.asked),
            decision,
            who: self.state.run.who.clone(),
        })
    }

    /// What the machine says to the first thing that is due.
    fn perform(&self) -> Result<Input, String> {
        let due = engine::due(self.plan, &self.state, &self.now);
        let input = due.into_iter().find_map(|effect| match effect {
            Effect::Ask { key, .. } => {
                let answer = answer(&key);
                Some(Input::Answered { key, answer })
            }
            Effect::Measure { of, commands } => {
                let names = commands.into_iter().map(|(name, _)| name);
                let values = names.map(|name| Fact {
                    name,
                    value: Ok(self.measured(&of)),
                });
                let values = values.collect();
                Some(Input::Measured { of, values })
            }
            Effect::Count { step, when, .. } => {
                let left = Pending::Known(0);
                Some(Input::Counted { step, when, left })
            }
            Effect::Run { number, stem, .. } => Some(self.ended(number, &stem)),
            Effect::Watch { .. }
            | Effect::MeasureAgain(_)
            | Effect::Recount { .. }
            | Effect::Cancel { .. } => None,
        });
        input.ok_or_else(|| engine::why(self.plan, &self.state, &self.now).sentence)
    }

    /// A pretended value: the version is always the one that is expected.
    fn measured(&self, of: &Measured) -> String {
        let run = &self.state.run;
        let version = match of {
            Measured::Warning(_) => None,
            Measured::VersionAtEnd(_) => run.to.as_ref(),
            Measured::VersionAfterRollback(_) => run.from.as_ref(),
        };
        version.map(ToString::to_string).unwrap_or_default()
    }

    /// A command that did its work.
    fn ended(&self, number: Seq, stem: &str) -> Input {
        // `STEP.ATTEMPT`; nothing is ever taken back here.
        let id = stem.rsplit_once('.').map_or(stem, |(id, _)| id);
        let code = self.done.get(id).copied().unwrap_or(0);
        Input::Ended {
            number,
            end: ExitRecord {
                exit: Exit::Code(code),
                at: self.now.wall,
                took: Millis(0),
                left_running: Vec::new(),
                log_bytes: 0,
            },
            output: Ok(BTreeMap::new()),
        }
    }
}

/// What a guard says where everything that can happen happens, and goes well.
fn answer(key: &AskKey) -> Answer {
    match key {
        AskKey::StepDone(_) => Answer::No(String::new()),
        AskKey::WarningApplies(_)
        | AskKey::StepApplies(_)
        | AskKey::StepDoneAfterAll(_)
        | AskKey::Check(_)
        | AskKey::Verify(_)
        | AskKey::PauseGuard(..)
        | AskKey::Lasting(..)
        | AskKey::PauseWatch(..)
        | AskKey::UndoApplies(_)
        | AskKey::UndoVerify(_) => Answer::Yes,
    }
}

/// A question in a few words.
fn shown(question: &Question) -> QuestionShown {
    let (kind, at, warning) = match question {
        Question::Start => (QuestionKind::Start, None, None),
        Question::Confirm {
            warning,
            before,
            phrase,
            ..
        } => {
            let kind = match phrase {
                Some(_) => QuestionKind::Type,
                None => QuestionKind::Ack,
            };
            (kind, before.as_ref(), Some(warning.clone()))
        }
        Question::NextStep { step } => (QuestionKind::NextStep, Some(step), None),
        Question::ManualDone { step } => (QuestionKind::Manual, Some(step), None),
        Question::Paused { pause, .. } => (QuestionKind::Pause, Some(pause), None),
        Question::Boundary { phase } => (QuestionKind::Boundary, Some(phase), None),
        Question::Blocked { phase, .. } => (QuestionKind::Trouble, Some(phase), None),
        Question::PauseHeld { pause, .. } => (QuestionKind::Trouble, Some(pause), None),
        Question::Halted | Question::WrongVersion { .. } => (QuestionKind::Trouble, None, None),
        Question::Failed { step, .. }
        | Question::OutcomeUnknown { step, .. }
        | Question::CouldNotTell { step, .. }
        | Question::UndoFailed { step, .. }
        | Question::UndoUnsure { step, .. } => (QuestionKind::Trouble, Some(step), None),
    };
    QuestionShown {
        kind,
        at: at.cloned(),
        warning,
    }
}
