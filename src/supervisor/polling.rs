//! Questions that are asked of the machine again and again. Each runs on a thread of `work`.

use super::wire::Live;
use super::work::{News, Teller};
use crate::engine::{Input, Rounds};
use crate::journal::{AskKey, Count, Fact};
use crate::shell::ask::{self, Again, Secrets, Stop};
use crate::shell::clock;
use crate::types::{Answer, Ask, CommandSpec, Millis, Moment, Pending, StepId};
use std::mem::discriminant;
use std::ops::ControlFlow;

/// A question that is asked until it holds or its time is over.
pub(super) struct Polling {
    pub(super) key: AskKey,
    pub(super) until: Option<Moment>,
    pub(super) every: Millis,
}

impl Polling {
    /// Asks once, or until yes or the deadline; what was said last then counts.
    pub(super) fn ask(&self, teller: &Teller, ask: &Ask, secrets: &Secrets, stop: &Stop) {
        let mut before = None;
        let mut said = |answer: &Answer| {
            if *answer == Answer::Yes {
                return ControlFlow::Break(());
            }
            if before.as_ref() != Some(answer) {
                before = Some(answer.clone());
                teller.tell(News::Live(Live::Asking {
                    key: self.key.clone(),
                    last: Some(answer.clone()),
                    until: self.until.as_ref().map(|until| until.wall),
                }));
            }
            ControlFlow::Continue(())
        };
        let answer = if self.until.is_some() {
            let again = Again {
                every: self.every,
                until: self.until.clone(),
            };
            ask::ask_again(ask, secrets, &again, stop, &mut said)
        } else {
            ask::ask_unless(ask, secrets, stop)
        };
        if let Some(answer) = answer {
            let key = self.key.clone();
            teller.tell(News::Last(Input::Answered { key, answer }));
        }
    }
}

/// Asks again and again; tells the engine when the kind of answer changes, the screens whenever
/// its words do.
pub(super) fn watch(
    teller: &Teller,
    key: &AskKey,
    (ask, every): (&Ask, Millis),
    secrets: &Secrets,
    stop: &Stop,
) {
    let mut before: Option<Answer> = None;
    let mut said = |answer: &Answer| {
        if before.as_ref() != Some(answer) {
            teller.tell(News::Live(Live::Asking {
                key: key.clone(),
                last: Some(answer.clone()),
                until: None,
            }));
        }
        if before.as_ref().map(discriminant) != Some(discriminant(answer)) {
            let (key, answer) = (key.clone(), answer.clone());
            teller.tell(News::Input(Input::Answered { key, answer }));
        }
        before = Some(answer.clone());
        ControlFlow::Continue(())
    };
    // It goes on until nobody wants to know.
    let again = Again { every, until: None };
    let _ = ask::ask_again(ask, secrets, &again, stop, &mut said);
}

/// So many times as long as a round took, nothing is measured after it: facts may be dear, and the
/// machine has something better to do.
const REST: u64 = 10;

/// Measures again and again what a person has before them, and tells the engine what is another value
/// than before.
pub(super) fn measure_again(teller: &Teller, rounds: Rounds, secrets: &Secrets, stop: &Stop) {
    let Rounds {
        of,
        commands,
        mut known,
        since,
        every,
    } = rounds;
    let age = clock::now().since(&since);
    let mut rest = Millis(every.0.saturating_sub(age.0));
    while !stop.wait(rest) {
        let began = clock::up();
        let mut values = Vec::new();
        for (name, command) in &commands {
            let Some(value) = ask::first_line_unless(command, secrets, stop) else {
                return;
            };
            let name = name.clone();
            values.push(Fact { name, value });
        }
        let took = clock::up().since(began);
        rest = every.max(Millis(took.0.saturating_mul(REST)));
        if values != known {
            known.clone_from(&values);
            let of = of.clone();
            teller.tell(News::Input(Input::Measured { of, values }));
        }
    }
}

/// Counts once how much a step has left to do.
pub(super) fn count(
    teller: &Teller,
    (of, when): (StepId, Count),
    command: &CommandSpec,
    secrets: &Secrets,
    stop: &Stop,
) {
    if let Some(line) = ask::first_line_unless(command, secrets, stop) {
        let left = Pending::read(line);
        teller.tell(News::Last(Input::Counted {
            step: of,
            when,
            left,
        }));
    }
}

/// Counts it again and again, one at a time, and tells the screens alone. It begins with a wait:
/// what there was before is known.
pub(super) fn recount(
    teller: &Teller,
    of: &StepId,
    (command, every): (&CommandSpec, Millis),
    secrets: &Secrets,
    stop: &Stop,
) {
    while !stop.wait(every) {
        let Some(line) = ask::first_line_unless(command, secrets, stop) else {
            return;
        };
        teller.tell(News::Live(Live::Counted {
            step: of.clone(),
            left: Pending::read(line),
        }));
    }
}
