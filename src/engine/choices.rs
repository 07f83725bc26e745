//! What a person can answer at the open question: one table for keys, prompts, verbs, `why`, and
//! for `decide`, which takes no answer that is not in it.

use super::Scope;
use super::shells::wants_terminal;
use super::undo::take_backs;
use super::walk::walk_of;
use crate::journal::{AskKey, Decision, Open, Question, RunState, Verdict};
use crate::plan::{Kind, Plan, Rerun, Undo, Walk};
use crate::types::StepId;

/// One thing a person can answer here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The decision's verb: `start`, `confirm`, `continue`, `retry`, `skip`, `settle done`,
    /// `settle rerun`, `rollback`, `stop`.
    pub verb: &'static str,
    /// What it does here, one sentence.
    pub does: String,
    /// Whether a reason has to be given (`--because`).
    pub needs_reason: bool,
    /// What has to be typed first in front of a screen or a prompt (ux.md 1.5, plan-language,
    /// "Pauses"). A verb names what it does and needs none.
    pub phrase: Option<String>,
    /// The command that decides the same, `--at SEQ` included; a reason stands as `'WHY'`. Empty
    /// for `start`, which has no verb of its own.
    pub command: String,
}

/// The answers to the open question, the usual one first; empty where nothing is asked.
pub fn choices(plan: &Plan, state: &RunState) -> Vec<Choice> {
    let Some(open) = &state.open else {
        return Vec::new();
    };
    let mut table = Table {
        walk: walk_of(plan, state),
        state,
        open,
        choices: Vec::new(),
    };
    table.own(plan);
    if !matches!(open.question, Question::Start) {
        if state.rollback.is_none() && take_backs(plan, state).is_ok_and(|lines| !lines.is_empty())
        {
            table.add(
                "rollback",
                "Takes the started steps back, in reverse order.",
            );
        }
        table.add(
            "stop",
            "Ends the run for good and leaves everything as it is now.",
        );
    }
    table.choices
}

/// What is typed before a pause is left although its shortest time is not over: that depends on the
/// clock alone, so no [`Choice`] has it.
pub fn early_phrase(state: &RunState) -> String {
    format!("continue early on {}", state.run.host)
}

/// The required step that keeps the open question from being answered by skipping it.
pub(super) fn required(plan: &Plan, open: &Open, state: &RunState) -> Option<StepId> {
    let walk = walk_of(plan, state)?;
    let is_required = |id: &&StepId| walk.step(id).is_some_and(|(_, step)| step.required);
    let steps = match &open.question {
        Question::Blocked { steps, .. } => steps.as_slice(),
        Question::Failed { step, .. }
        | Question::ManualDone { step }
        | Question::CouldNotTell {
            key: AskKey::StepApplies(_),
            step,
            ..
        } => std::slice::from_ref(step),
        Question::Start
        | Question::Confirm { .. }
        | Question::NextStep { .. }
        | Question::Halted
        | Question::OutcomeUnknown { .. }
        | Question::CouldNotTell { .. }
        | Question::Paused { .. }
        | Question::Boundary { .. }
        | Question::PauseHeld { .. }
        | Question::WrongVersion { .. }
        | Question::UndoFailed { .. }
        | Question::UndoUnsure { .. } => &[],
    };
    steps.iter().find(is_required).cloned()
}

/// A decision's verb, as [`choices`] has it.
pub(super) fn verb_of(decision: &Decision) -> &'static str {
    match decision {
        Decision::Start => "start",
        Decision::Confirm { .. } => "confirm",
        Decision::Continue { .. } => "continue",
        Decision::Retry => "retry",
        Decision::Skip { .. } => "skip",
        Decision::Settle {
            verdict: Verdict::Done,
            ..
        } => "settle done",
        Decision::Settle {
            verdict: Verdict::Rerun,
            ..
        } => "settle rerun",
        Decision::Rollback { .. } => "rollback",
        Decision::Stop { .. } => "stop",
        Decision::Pause => "pause",
        Decision::Cancel => "cancel",
        Decision::LetGo => "let go",
        Decision::OpenShell { .. } => "open a shell",
        Decision::LeaveShell { .. } => "leave a shell",
        Decision::Note { .. } => "note",
    }
}

/// The answers while they are gathered.
struct Table<'a> {
    walk: Option<&'a Walk>,
    state: &'a RunState,
    open: &'a Open,
    choices: Vec<Choice>,
}

impl Table<'_> {
    /// Adds an answer that needs no reason.
    fn add(&mut self, verb: &'static str, does: impl Into<String>) {
        let command = self.command(verb, "");
        self.choices.push(Choice {
            verb,
            does: does.into(),
            needs_reason: false,
            phrase: None,
            command,
        });
    }

    /// Adds an answer that is typed out before it counts; with a reason, where one is needed.
    fn add_typed(&mut self, verb: &'static str, what: &str, does: String, needs_reason: bool) {
        if needs_reason {
            self.add_because(verb, does);
        } else {
            self.add(verb, does);
        }
        let host = &self.state.run.host;
        if let Some(choice) = self.choices.last_mut() {
            choice.phrase = Some(format!("{verb} {what} on {host}"));
        }
    }

    /// Adds an answer that needs a reason.
    fn add_because(&mut self, verb: &'static str, does: impl Into<String>) {
        let command = self.command(verb, " --because 'WHY'");
        self.choices.push(Choice {
            verb,
            does: does.into(),
            needs_reason: true,
            phrase: None,
            command,
        });
    }

    /// The command that decides the same.
    fn command(&self, verb: &str, tail: &str) -> String {
        let (service, at) = (&self.state.run.service, self.open.asked);
        match (verb.split_once(' '), &self.open.question) {
            (
                None,
                Question::Confirm {
                    warning, digest, ..
                },
            ) if verb == "confirm" => {
                format!("upwalk confirm {service} {warning}:{digest} --at {at}")
            }
            (Some((verb, what)), _) => format!("upwalk {verb} {service} {what} --at {at}{tail}"),
            (None, _) if verb == "start" => String::new(),
            (None, _) => format!("upwalk {verb} {service} --at {at}{tail}"),
        }
    }

    /// What people call a step.
    fn number(&self, step: &StepId) -> String {
        self.walk
            .map_or_else(|| step.to_string(), |walk| walk.number(step))
    }

    /// The answers that belong to this question alone.
    fn own(&mut self, plan: &Plan) {
        match &self.open.question {
            Question::Start => {
                self.add("start", "Starts the run: the first steps only look.");
                self.add("stop", "Ends the run before anything was changed.");
            }
            Question::Confirm { .. } => {
                self.add("confirm", "Says that you have read the warning; goes on.");
            }
            Question::NextStep { step } => {
                let number = self.number(step);
                if wants_terminal(plan, self.state, step) {
                    self.choices.push(Choice {
                        verb: "continue",
                        does: format!("Runs step {number} and gives it your terminal, to type in."),
                        needs_reason: false,
                        phrase: None,
                        command: format!("upwalk attach {}", self.state.run.service),
                    });
                } else {
                    self.add("continue", format!("Runs step {number}."));
                }
            }
            Question::Halted => self.add("continue", "Goes on with the next step."),
            Question::Paused { pause, .. } => self.paused(plan, pause),
            Question::Boundary { .. } => {
                self.add("continue", "Goes on to the post-deployment steps.");
            }
            Question::PauseHeld { .. } => {
                self.add("retry", "Asks the conditions again.");
                let does = "Goes on although the conditions do not hold.";
                self.add_typed("continue", "anyway", does.to_owned(), true);
            }
            Question::WrongVersion { .. } => {
                self.add("retry", "Looks the installed version up again.");
            }
            Question::Blocked { steps, .. } => {
                self.add("retry", "Asks the failed checks again.");
                if !steps.iter().any(|step| self.is_required(step)) {
                    let does = "Goes on although these checks failed.";
                    self.add_typed("skip", "failed checks", does.to_owned(), true);
                }
            }
            Question::ManualDone { step } | Question::Failed { step, .. } => self.at_step(step),
            Question::OutcomeUnknown { step, .. } => {
                let step = self.number(step);
                self.add(
                    "settle done",
                    format!("Says that step {step} did its work."),
                );
                self.add("settle rerun", format!("Runs step {step} again."));
            }
            Question::CouldNotTell { key, step, .. } => self.could_not_tell(key, step),
            Question::UndoFailed { step, .. } => self.undo_failed(step),
            Question::UndoUnsure { step, .. } => self.undo_unsure(step),
        }
    }

    /// Whether the plan lets nobody skip a step.
    fn is_required(&self, step: &StepId) -> bool {
        let step = self.walk.and_then(|walk| walk.step(step));
        step.is_some_and(|(_, step)| step.required)
    }

    /// Whether the plan itself says that a step must not simply be run again.
    fn is_never_rerun(&self, step: &StepId) -> bool {
        let step = self.walk.and_then(|walk| walk.step(step));
        step.is_some_and(|(_, step)| step.rerun == Rerun::Never)
    }

    /// A manual step, or one that failed.
    fn at_step(&mut self, step: &StepId) {
        let required = self.is_required(step);
        let never = self.is_never_rerun(step);
        let step = self.number(step);
        let again = format!("Runs step {step} again, as a new attempt.");
        if matches!(self.open.question, Question::ManualDone { .. }) {
            self.add(
                "continue",
                format!("Says that step {step} is done by hand."),
            );
        } else if never {
            self.add_typed("retry", &step, again, false);
        } else {
            self.add("retry", again);
        }
        if !required {
            let does = format!("Passes step {step} over; later steps may break.");
            self.add_typed("skip", &step, does, true);
        }
    }

    /// A step could not be taken back.
    fn undo_failed(&mut self, step: &StepId) {
        let unsaid = self
            .walk
            .and_then(|walk| walk.step(step))
            .is_some_and(|(_, step)| step.undo == Undo::Unsaid);
        let step = self.number(step);
        if !unsaid {
            self.add("retry", format!("Tries to take step {step} back again."));
        }
        let does = format!("Leaves step {step} as it is; goes on back.");
        self.add_typed("skip", &step, does, true);
    }

    /// A guard of a step could not tell.
    fn could_not_tell(&mut self, key: &AskKey, step: &StepId) {
        let required = self.is_required(step);
        let step = self.number(step);
        self.add("retry", "Asks the same question again.");
        self.add_because("settle rerun", format!("Runs step {step} without knowing."));
        if matches!(key, AskKey::StepApplies(_)) {
            if !required {
                self.add_typed("skip", &step, format!("Passes step {step} over."), true);
            }
        } else {
            self.add_because(
                "settle done",
                format!("Takes step {step} for done already."),
            );
        }
    }

    /// A pause of the plan.
    fn paused(&mut self, plan: &Plan, pause: &StepId) {
        let scope = Scope::of(plan, self.state);
        let name = self
            .walk
            .and_then(|walk| walk.pause(pause))
            .map_or_else(|| pause.to_string(), |pause| scope.text(&pause.name));
        self.add(
            "continue",
            format!("Ends the pause \"{name}\" and goes on."),
        );
    }

    /// Whether there is anything to take back of a step is not known.
    fn undo_unsure(&mut self, step: &StepId) {
        let asks = self
            .walk
            .and_then(|walk| walk.step(step))
            .is_some_and(|(_, step)| {
                matches!(
                    &step.undo,
                    Undo::Run {
                        applies: Some(_),
                        ..
                    }
                ) && !matches!(step.kind, Kind::Check(_))
            });
        let step = self.number(step);
        if asks {
            self.add("retry", "Asks the same question again.");
        }
        self.add(
            "settle done",
            format!("Says that step {step} did its work: takes it back."),
        );
        let does = format!("Leaves step {step} as it is, and goes on back.");
        self.add_typed("skip", &step, does, true);
    }
}
