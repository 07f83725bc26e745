//! Inputs that no run would bring about: whatever comes, the engine refuses it and changes nothing,
//! or answers with events that fit.

use crate::machine::{Check, Machine, anna, exit_of};
use crate::spec::{Said, Spec};
use crate::story;
use std::collections::BTreeMap;
use upwalk::engine::{self, Input};
use upwalk::journal::{AskKey, Decision, Evidence, Fact, Measured, RunState, Verdict};
use upwalk::types::{Digest, ExitRecord, Id, Millis, Seq, StepId};

/// A source of inputs.
#[derive(Debug)]
pub(crate) struct Nonsense {
    seed: u64,
}

impl Nonsense {
    /// A source of its own for each seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed: seed | 1 }
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        // Xorshift: all that is needed is variety.
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        let end = u64::try_from(end.max(1)).unwrap_or(1);
        usize::try_from(self.seed % end).unwrap_or(0)
    }

    fn number(&mut self, state: &RunState) -> Seq {
        let last = usize::try_from(state.last.0).unwrap_or(0);
        Seq(self.below(last + 3) as u64)
    }

    /// A name of the plan, of any kind, or none of it.
    fn name(&mut self, spec: &Spec) -> String {
        let mut names: Vec<String> = vec!["ghost".into(), "pause1".into(), "phase1".into()];
        names.extend(spec.steps().map(|(_, step)| step.id.clone()));
        names.extend(
            spec.warnings()
                .into_iter()
                .map(|warning| warning.id.clone()),
        );
        let at = self.below(names.len());
        names.swap_remove(at)
    }

    fn id(&mut self, spec: &Spec) -> Id {
        Id::new(self.name(spec)).expect("names of the plan are ids")
    }

    fn step(&mut self, spec: &Spec) -> StepId {
        StepId::from(self.name(spec).as_str())
    }

    fn key(&mut self, spec: &Spec) -> AskKey {
        let step = self.step(spec);
        match self.below(11) {
            0 => AskKey::WarningApplies(self.id(spec)),
            1 => AskKey::StepApplies(step),
            2 => AskKey::StepDone(step),
            3 => AskKey::StepDoneAfterAll(step),
            4 => AskKey::Check(step),
            5 => AskKey::Verify(step),
            6 => AskKey::PauseGuard(step, self.below(3)),
            7 => AskKey::Lasting(self.step(spec), step),
            8 => AskKey::PauseWatch(step, self.below(3)),
            9 => AskKey::UndoApplies(step),
            _ => AskKey::UndoVerify(step),
        }
    }

    fn decision(&mut self, spec: &Spec) -> Decision {
        let because = Some("why not".to_owned()).filter(|_| self.below(2) == 0);
        let verdict = if self.below(2) == 0 {
            Verdict::Done
        } else {
            Verdict::Rerun
        };
        match self.below(11) {
            0 => Decision::Start,
            1 => Decision::Confirm {
                seeing: None,
                warning: self.id(spec),
                digest: Digest::of([b"nothing".as_slice()]),
                evidence: Evidence::Named,
            },
            2 => Decision::Continue {
                early: self.below(2) == 0,
                because,
            },
            3 => Decision::Retry,
            4 => Decision::Skip {
                because: because.unwrap_or_default(),
            },
            5 => Decision::Settle { verdict, because },
            6 => Decision::Rollback { because },
            7 => Decision::Stop { because },
            8 => Decision::Pause,
            9 => Decision::Cancel,
            _ => Decision::Note {
                text: String::new(),
            },
        }
    }

    /// Any input at all.
    fn input(&mut self, spec: &Spec, state: &RunState) -> Input {
        let number = self.number(state);
        match self.below(10) {
            0 => Input::Proceed,
            1 => Input::Answered {
                key: self.key(spec),
                answer: story::answer([Said::Yes, Said::No, Said::Unsure][self.below(3)]),
            },
            2 => Input::Measured {
                of: match self.below(3) {
                    0 => Measured::Warning(self.id(spec)),
                    1 => Measured::VersionAtEnd(state.version_rounds),
                    _ => Measured::VersionAfterRollback(state.version_rounds),
                },
                values: [Fact {
                    name: "rows".into(),
                    value: Err("nobody looked".into()),
                }][..self.below(2)]
                    .to_vec(),
            },
            3 => self.ended(number, state),
            4 => Input::NeverStarted { number },
            5 => Input::Lost {
                number,
                why: String::new(),
            },
            _ => {
                let at = Some(number).filter(|_| self.below(2) == 0);
                Input::Decided {
                    at,
                    decision: self.decision(spec),
                    who: anna(),
                }
            }
        }
    }

    fn ended(&mut self, number: Seq, state: &RunState) -> Input {
        let status = [0, 1, 7, 1000, 1001, 1002][self.below(6)];
        let foreign = [("a_variable".to_owned(), String::new())];
        Input::Ended {
            number,
            end: ExitRecord {
                exit: exit_of(status),
                at: state.last_at.wall,
                took: Millis(0),
                left_running: Vec::new(),
                log_bytes: 0,
            },
            output: match self.below(3) {
                0 => Ok(BTreeMap::new()),
                1 => Ok(BTreeMap::from(foreign)),
                _ => Err("not UTF-8".into()),
            },
        }
    }
}

impl Machine<'_> {
    /// Gives the engine something that makes no sense here, on a copy of the state.
    pub(crate) fn try_nonsense(&mut self) -> Check {
        let (Some(nonsense), Some(supervisor)) = (&mut self.nonsense, &self.supervisor) else {
            return Ok(());
        };
        let input = nonsense.input(self.spec, &supervisor.state);
        let mut state = supervisor.state.clone();
        let advanced = engine::advance(self.plan, &mut state, &input, &self.now, &mut |_, _| {});
        match advanced {
            Ok(_) => {
                // What is due and when to look again can be said of every state there is.
                engine::due(self.plan, &state, &self.now);
                engine::deadline(self.plan, &state);
                engine::choices(self.plan, &state);
                Ok(())
            }
            Err(_) if state == supervisor.state => Ok(()),
            Err(refusal) => Err(format!("{input:?} leads to what does not fit: {refusal}")),
        }
    }
}
