//! The person at the machine's screen: answers what is asked, and, where a test wants it, says
//! things that nobody asked for.

use crate::machine::{Machine, anna};
use crate::person::{Found, Manner, Patience};
use crate::reference;
use crate::story;
use crate::supervisor::Letter;
use upwalk::engine::{self, Input};
use upwalk::journal::{Decision, Evidence, Open, Question, RunState, Verdict};
use upwalk::types::{Millis, Seq};

/// A pause's `min` in generated plans, and a bit.
const PAST_MIN: Millis = Millis::from_secs(3601);
/// A pause's `max` in generated plans, and a bit.
const PAST_MAX: Millis = Millis::from_secs(2 * 86400 + 1);

impl Machine<'_> {
    /// The person does one thing.
    pub(crate) fn turn_person(&mut self) {
        let Some(supervisor) = &self.supervisor else {
            return;
        };
        if self.wants_a_cancel(supervisor) {
            self.cancel();
            return;
        }
        let state = supervisor.state.clone();
        if let Some(byte) = self.noise.pop_front() {
            self.say_something(&state, byte);
            return;
        }
        if let Some(open) = &state.open {
            self.answer_it(&state, open);
        }
    }

    fn send(&mut self, at: Option<Seq>, decision: Decision, line: Option<String>) {
        let input = Input::Decided {
            at,
            decision,
            who: anna(),
        };
        let letter = Letter {
            input,
            of: None,
            line,
        };
        if let Some(supervisor) = &mut self.supervisor {
            supervisor.tell(letter);
        }
    }

    fn answer_it(&mut self, state: &RunState, open: &Open) {
        let offered: Vec<&'static str> = engine::choices(self.plan, state)
            .iter()
            .map(|choice| choice.verb)
            .collect();
        let name = story::question(&open.question);
        let verb = self.verb(&name, &offered, state, &open.question);
        let line = format!("? {name} [{}] > {verb}", offered.join(", "));
        let mut decision = decision(verb, &open.question);
        if let (Question::Paused { pause, overdue }, "continue") = (&open.question, verb) {
            let id = pause.as_str().to_owned();
            let pause = engine::walk_of(self.plan, state).and_then(|walk| walk.pause(pause));
            let (min, max) = pause.map_or((None, None), |pause| (pause.min, pause.max));
            match self.person.patience(&id) {
                Patience::Max if max.is_some() => {
                    if !overdue {
                        self.now = self.now.plus(PAST_MAX);
                        return;
                    }
                }
                Patience::Min | Patience::Max => self.now = self.now.plus(PAST_MIN),
                Patience::None if min.is_some() => {
                    if self.refused_at != Some(open.asked) {
                        self.refused_at = Some(open.asked);
                        self.send(Some(open.asked), decision, Some("too early".to_owned()));
                        return;
                    }
                    decision = Decision::Continue {
                        early: true,
                        because: Some("no time".to_owned()),
                    };
                }
                Patience::None => {}
            }
        }
        self.send(Some(open.asked), decision, Some(line));
    }

    fn verb(
        &self,
        name: &str,
        offered: &[&'static str],
        state: &RunState,
        question: &Question,
    ) -> &'static str {
        let truthful = self.person.manner() == Manner::Truthful;
        match question {
            Question::OutcomeUnknown { step, .. } => {
                let attempt = state.steps[step].attempts.last();
                let number = attempt.map(|attempt| attempt.number);
                let found = self.find(step.as_str(), number);
                self.person.settles(name, offered, found)
            }
            // What took an undo's outcome says nothing about the undo.
            Question::UndoFailed { .. } if truthful && story::is_of_a_crash(question) => "retry",
            _ => self.person.says(name, offered),
        }
    }

    /// What a person finds who looks whether an attempt did its work.
    fn find(&self, key: &str, number: Option<Seq>) -> Found {
        let execution = self.executions.get(key);
        let execution = execution.filter(|execution| Some(execution.number) == number);
        let Some(execution) = execution.filter(|execution| execution.effected) else {
            return Found::NotDone;
        };
        let step = self.spec.step(key);
        reference::found(step, step.entry(false, execution.k))
    }

    /// Something that nobody asked for: late, doubled, for another question, or a wish.
    fn say_something(&mut self, state: &RunState, byte: u8) {
        let asked: Vec<Seq> = state.answered.keys().copied().collect();
        let old = asked
            .get(usize::from(byte / 8) % asked.len().max(1))
            .copied();
        let doubled = old.and_then(|old| state.answered.get(&old));
        match byte % 8 {
            0 => self.send(None, Decision::Pause, Some("pause".into())),
            1 => {
                let text = "a note".to_owned();
                self.send(None, Decision::Note { text }, None);
            }
            2 | 3 => {
                if let Some((decision, _, _)) = doubled {
                    let decision = decision.clone();
                    self.send(old, decision, Some("answered already".into()));
                }
            }
            4 => {
                let stop = Decision::Stop { because: None };
                self.send(
                    Some(state.last.next()),
                    stop,
                    Some("another question".into()),
                );
            }
            5 => {
                if let Some(old) = old {
                    let because = Some("late".to_owned());
                    let decision = Decision::Rollback { because };
                    self.send(Some(old), decision, Some("answered already".into()));
                }
            }
            6 => {
                if let Some(supervisor) = &mut self.supervisor {
                    supervisor.tell(Letter {
                        input: Input::TookControls { who: anna() },
                        of: None,
                        line: None,
                    });
                }
            }
            _ => {
                if let Some(supervisor) = &mut self.supervisor {
                    supervisor.tell(Letter {
                        input: Input::Proceed,
                        of: None,
                        line: None,
                    });
                }
            }
        }
    }
}

/// A verb as a decision about this question.
fn decision(verb: &str, question: &Question) -> Decision {
    let because = || Some("so it is".to_owned());
    match verb {
        "start" => Decision::Start,
        "confirm" => confirmation(question),
        "continue" => Decision::Continue {
            early: false,
            because: matches!(question, Question::PauseHeld { .. })
                .then(because)
                .flatten(),
        },
        "retry" => Decision::Retry,
        "skip" => Decision::Skip {
            because: "so it is".to_owned(),
        },
        "settle done" => Decision::Settle {
            verdict: Verdict::Done,
            because: because(),
        },
        "settle rerun" => Decision::Settle {
            verdict: Verdict::Rerun,
            because: because(),
        },
        "rollback" => Decision::Rollback { because: None },
        "stop" => Decision::Stop { because: None },
        other => panic!("no such verb: {other}"),
    }
}

fn confirmation(question: &Question) -> Decision {
    let Question::Confirm {
        warning,
        digest,
        phrase,
        ..
    } = question
    else {
        panic!("nothing to confirm: {question:?}")
    };
    Decision::Confirm {
        seeing: None,
        warning: warning.clone(),
        digest: digest.clone(),
        evidence: match phrase {
            Some(phrase) => Evidence::Typed(phrase.clone()),
            None => Evidence::Acknowledged,
        },
    }
}
