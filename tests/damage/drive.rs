//! A read run driven to its end through the engine: commands that have left files are found out
//! about as a supervisor does, others are pretended.

use crate::run::Run;
use crate::walks::answer;
use upwalk::engine::{self, Effect, Input};
use upwalk::journal::{AskKey, Recorded, RunState};
use upwalk::plan::Plan;
use upwalk::shell::clock;
use upwalk::shell::exec::{self, Trace};
use upwalk::shell::identity;
use upwalk::types::{Answer, Exit, ExitRecord, Millis, Seq};

/// A run that is driven.
pub(crate) struct Drive<'a> {
    pub(crate) run: &'a Run,
    pub(crate) plan: &'a Plan,
    pub(crate) state: RunState,
    /// Files of commands beyond this number are not there.
    pub(crate) seen: Seq,
    /// What once-only commands have left.
    pub(crate) tally: String,
    mended: bool,
}

impl<'a> Drive<'a> {
    /// One that has this state, and whose commands up to `seen` have left their files and tally.
    pub(crate) fn new(run: &'a Run, plan: &'a Plan, state: RunState, seen: Seq) -> Self {
        let mut drive = Self {
            run,
            plan,
            state,
            seen,
            tally: String::new(),
            mended: false,
        };
        for left in run.dir.remains().expect("it can be listed") {
            let trace = exec::trace(&run.dir, left.number, &left.stem);
            if let (true, Trace::Ended(record)) = (left.number <= seen, trace) {
                drive.leave(&left.stem, &record.exit);
            }
        }
        drive.mended = drive.state.steps.iter().any(|(id, record)| {
            id.as_str() == "two" && record.has(upwalk::journal::Word::BeginAgain)
        });
        drive
    }

    /// Drives it to its end; returns the tally.
    pub(crate) fn ended(mut self) -> String {
        self.input(&Input::Taken {
            pid: 1,
            upwalk: "0.1.0".to_owned(),
            torn: None,
        });
        for _ in 0..1000 {
            if self.state.finished.is_some() {
                return self.tally;
            }
            let due = engine::due(self.plan, &self.state, &clock::now());
            let input = due.into_iter().find_map(|effect| self.perform(effect));
            let input = input.unwrap_or_else(|| self.decision());
            self.input(&input);
        }
        panic!("it does not end: {:#?}", self.state);
    }

    /// A person's answer to the open question.
    fn decision(&mut self) -> Input {
        let open = self.state.open.clone();
        let open = open.expect("a run that does nothing asks something");
        let tally = self.tally.clone();
        let decision = answer(&open.question, &tally, || self.mended = true);
        Input::Decided {
            at: Some(open.asked),
            decision,
            who: identity::who(),
        }
    }

    fn input(&mut self, input: &Input) {
        let now = clock::now();
        let events = engine::decide(self.plan, &self.state, input, &now);
        for event in events.unwrap_or_else(|refusal| panic!("{input:?}: {refusal}")) {
            let n = self.state.last.next();
            let at = now.clone();
            let fits = self.state.apply(&Recorded { n, at, event });
            fits.expect("what the engine says fits");
        }
    }

    /// Does one thing that is due.
    fn perform(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Ask { key, .. } => {
                assert!(matches!(key, AskKey::Check(_)), "{key:?}");
                let answer = Answer::Yes;
                Some(Input::Answered { key, answer })
            }
            Effect::Run { number, stem, .. } => Some(self.ran(number, &stem)),
            Effect::Watch { .. }
            | Effect::MeasureAgain(_)
            | Effect::Cancel { .. }
            | Effect::Measure { .. }
            | Effect::Count { .. }
            | Effect::Recount { .. } => None,
        }
    }

    /// What became of a command: its files say so, or it runs now.
    fn ran(&mut self, number: Seq, stem: &str) -> Input {
        let known = number <= self.seen;
        let end = if known {
            let trace = exec::trace(&self.run.dir, number, stem);
            let Trace::Ended(record) = trace else {
                panic!("{number} {stem}: {trace:?}")
            };
            *record
        } else {
            let exit = match stem.split_once('.').map_or(stem, |(step, _)| step) {
                "break" if !stem.contains(".undo.") => Exit::Code(1),
                "two" if !self.mended => Exit::Code(1),
                "three" => Exit::Code(3),
                _ => Exit::Code(0),
            };
            self.leave(stem, &exit);
            ExitRecord {
                exit,
                at: clock::wall(),
                took: Millis(1),
                left_running: Vec::new(),
                log_bytes: 0,
            }
        };
        let output = Ok([].into());
        Input::Ended {
            number,
            end,
            output,
        }
    }

    /// What a command leaves in the tally.
    fn leave(&mut self, stem: &str, exit: &Exit) {
        let (name, rest) = stem.split_once('.').expect("a stem has an attempt");
        if *exit != Exit::Code(0) || name == "restart" {
            return;
        }
        let sign = if rest.starts_with("undo.") { "-" } else { "" };
        self.tally.extend([sign, name, "\n"]);
    }
}
