//! What the screens show of a run: plan, folded state and what the supervisor says beside it, with
//! the words, numbers and marks that all panels share. Nothing here is stored; it is asked anew for
//! each frame.

use super::theme::Mark;
use crate::engine;
use crate::journal::{AskKey, Attempt, Open, Outcome, Question, RunState, StepRecord};
use crate::plan::{Item, Phase, Plan, Step, Template, Walk};
use crate::supervisor::client::{Held, Mirror, Observer};
use crate::types::{Answer, Millis, Moment, Pending, Seq, StepId, Timestamp, WarningId, Who};
use std::collections::BTreeMap;

/// A pause that may be left this soon is counted down by the second.
const NEAR: Millis = Millis::from_secs(120);

/// A run as a frame shows it.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) state: &'a RunState,
    pub(crate) asking: &'a BTreeMap<AskKey, (Option<Answer>, Option<Timestamp>)>,
    pub(crate) still_running: &'a BTreeMap<Seq, String>,
    /// What the step that runs has left to do, as it was counted last.
    pub(crate) counted: Option<&'a (StepId, Pending)>,
    pub(crate) controls: Option<&'a Who>,
    pub(crate) yours: bool,
    pub(crate) observers: &'a [Observer],
    /// How the controls are held, where anybody has them.
    pub(crate) held: Option<Held>,
    /// Who asks for them.
    pub(crate) asked_by: Option<&'a Who>,
    /// Whether that is this screen.
    pub(crate) you_ask: bool,
    pub(crate) gone: bool,
    /// What the supervisor said when it ended before the run did.
    pub(crate) parting: Option<&'a str>,
}

/// The screens that come up by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    /// Nothing has been changed yet.
    Overview,
    /// Steps run.
    Running,
    /// A person has to choose.
    Decide,
    /// A pause, or the boundary.
    Pause,
    /// Steps are taken back.
    Rollback,
    /// The run is over.
    Finished,
}

/// The command whose log is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) step: &'a StepId,
    pub(crate) attempt: &'a Attempt,
    pub(crate) undo: bool,
}

impl Subject<'_> {
    /// Whether its command runs, as far as is known.
    pub(crate) fn is_running(&self) -> bool {
        self.attempt.ended.is_none()
    }
}

impl<'a> Seen<'a> {
    /// What a mirror shows; none before its first event.
    pub(crate) fn of(mirror: &'a Mirror) -> Option<Self> {
        let state = mirror.state.as_ref()?;
        let unfinished = state.finished.is_none();
        Some(Self {
            plan: &mirror.plan,
            state,
            asking: &mirror.asking,
            still_running: &mirror.still_running,
            counted: mirror.counted.as_ref(),
            controls: mirror.controls.as_ref(),
            yours: mirror.yours,
            observers: &mirror.observers,
            held: mirror.held,
            asked_by: mirror.asked_by.as_ref(),
            you_ask: mirror.you_ask,
            gone: mirror.gone.is_some(),
            parting: mirror.parting.as_deref().filter(|_| unfinished),
        })
    }

    /// Which screen the run's state calls for.
    pub(crate) fn screen(&self) -> Screen {
        if self.state.finished.is_some() {
            return Screen::Finished;
        }
        let Some(open) = &self.state.open else {
            return match self.state.rollback {
                Some(_) => Screen::Rollback,
                None => Screen::Running,
            };
        };
        match &open.question {
            Question::Start => Screen::Overview,
            Question::Paused { .. } | Question::Boundary { .. } | Question::PauseHeld { .. } => {
                Screen::Pause
            }
            Question::UndoFailed { .. } | Question::UndoUnsure { .. } => Screen::Rollback,
            Question::Confirm { .. }
            | Question::NextStep { .. }
            | Question::Halted
            | Question::ManualDone { .. }
            | Question::Failed { .. }
            | Question::Blocked { .. }
            | Question::OutcomeUnknown { .. }
            | Question::CouldNotTell { .. }
            | Question::WrongVersion { .. } => Screen::Decide,
        }
    }

    /// Who asks whoever sits here for the controls.
    pub(crate) fn asks_for_controls(&self) -> Option<&'a Who> {
        let open = self.yours && !self.gone && self.state.finished.is_none();
        self.asked_by.filter(|_| open)
    }

    /// Whether the controls can be taken without asking: nobody has them, or sits there.
    pub(crate) fn may_take(&self, now: &Moment) -> bool {
        self.held.is_none_or(|held| held.is_unattended(now.up))
    }

    /// The question the run waits with.
    pub(crate) fn open(&self) -> Option<&'a Open> {
        self.state.open.as_ref()
    }

    /// The phases and pauses of this run.
    pub(crate) fn items(&self) -> &'a [Item] {
        engine::walk_of(self.plan, self.state).map_or(&[], |walk| walk.items.as_slice())
    }

    /// The walk of this run.
    pub(crate) fn walk(&self) -> Option<&'a Walk> {
        engine::walk_of(self.plan, self.state)
    }

    /// A step with its phase.
    pub(crate) fn step(&self, id: &StepId) -> Option<(&'a Phase, &'a Step)> {
        self.walk()?.step(id)
    }

    /// What is known of a step.
    pub(crate) fn record(&self, id: &StepId) -> Option<&'a StepRecord> {
        self.state.steps.get(id)
    }

    /// A text of the plan with its names replaced.
    pub(crate) fn text(&self, template: &Template) -> String {
        engine::Scope::of(self.plan, self.state).text(template)
    }

    /// `3.1` for a step, `5` for a phase or pause.
    pub(crate) fn label(&self, id: &StepId) -> String {
        let walk = self.walk();
        walk.map_or_else(|| id.to_string(), |walk| walk.number(id))
    }

    /// The name of a step, phase or pause, for people.
    pub(crate) fn name(&self, id: &StepId) -> String {
        let name = self.walk().and_then(|walk| walk.name(id));
        name.map_or_else(|| id.to_string(), |name| self.text(name))
    }

    /// `W2`: warnings count in the order they come up; upwalk's own are named.
    pub(crate) fn warning_label(&self, id: &WarningId) -> String {
        let walk = self.walk();
        walk.map_or_else(|| id.to_string(), |walk| walk.warning_number(id))
    }

    /// The phase or pause that holds a step, or is it.
    pub(crate) fn item_of(&self, id: &StepId) -> Option<&'a Item> {
        self.walk()?.item_of(id)
    }

    /// The step or item that the open question is about.
    pub(crate) fn asked_about(&self) -> Option<&'a StepId> {
        match &self.open()?.question {
            Question::Confirm { before, .. } => before.as_ref(),
            Question::NextStep { step }
            | Question::ManualDone { step }
            | Question::Failed { step, .. }
            | Question::OutcomeUnknown { step, .. }
            | Question::CouldNotTell { step, .. }
            | Question::UndoFailed { step, .. }
            | Question::UndoUnsure { step, .. } => Some(step),
            Question::Blocked { phase, .. } | Question::Boundary { phase } => Some(phase),
            Question::Paused { pause, .. } | Question::PauseHeld { pause, .. } => Some(pause),
            Question::Start | Question::Halted | Question::WrongVersion { .. } => None,
        }
    }

    /// Every command of the run that has a log, in the order in which they began.
    pub(crate) fn commands(&self) -> Vec<Subject<'a>> {
        let mut all = Vec::new();
        for (step, record) in &self.state.steps {
            let attempts = record.attempts.iter().map(|attempt| (attempt, false));
            let undone = record.undo_attempts.iter().map(|attempt| (attempt, true));
            let of_it = attempts.chain(undone).map(|(attempt, undo)| Subject {
                step,
                attempt,
                undo,
            });
            all.extend(of_it.filter(|subject| subject.attempt.command));
        }
        all.sort_by_key(|subject| subject.attempt.number);
        all
    }

    /// The command whose log belongs on the screen: the latest of all.
    pub(crate) fn subject(&self) -> Option<Subject<'a>> {
        self.commands().pop()
    }

    /// The command of this intent.
    pub(crate) fn command(&self, number: Seq) -> Option<Subject<'a>> {
        let mut all = self.commands().into_iter();
        all.find(|subject| subject.attempt.number == number)
    }

    /// The step that is under way: begun and not ended, or about to begin again by itself.
    pub(crate) fn current(&self) -> Option<&'a StepId> {
        let again = engine::retry(self.plan, self.state).map(|retry| retry.step);
        let began = |record: &StepRecord| record.latest().map(|attempt| attempt.number);
        let under_way = self.state.steps.iter().filter(|(step, record)| {
            let up = record.undo_attempts.is_empty()
                && !record.attempts.is_empty()
                && record.outcome.is_none()
                && record.skipped.is_none();
            let down = !record.undo_attempts.is_empty()
                && record.undo_outcome.is_none()
                && record.undo_skipped.is_none();
            up || down || again.as_ref() == Some(*step)
        });
        under_way
            .max_by_key(|(_, record)| began(record))
            .map(|(step, _)| step)
    }

    /// What became of a step.
    pub(crate) fn step_mark(&self, id: &StepId) -> Mark {
        let Some(record) = self.record(id) else {
            return self.asked_or(id, Mark::Pending);
        };
        let ended = |outcome: &Outcome, well| match outcome {
            Outcome::Done | Outcome::NothingToDo => well,
            Outcome::Failed(_) => Mark::Failed,
            Outcome::Unknown(_) => Mark::Unknown,
        };
        if let Some(outcome) = &record.undo_outcome {
            ended(outcome, Mark::Undone)
        } else if !record.undo_attempts.is_empty() {
            Mark::Running
        } else if record.skipped.is_some() {
            Mark::Skipped
        } else if let Some(outcome) = &record.outcome {
            ended(outcome, Mark::Done)
        } else if record.has_started() {
            self.asked_or(id, Mark::Running)
        } else {
            self.asked_or(id, Mark::Pending)
        }
    }

    fn asked_or(&self, id: &StepId, other: Mark) -> Mark {
        let asked = self.asked_about() == Some(id);
        if asked { Mark::Asking } else { other }
    }

    /// What became of a phase or pause.
    pub(crate) fn item_mark(&self, item: &Item) -> Mark {
        if self.asked_about() == Some(item.id()) {
            return match item {
                Item::Phase(_) => match self.open().map(|open| &open.question) {
                    Some(Question::Blocked { .. }) => Mark::Failed,
                    _ => Mark::Asking,
                },
                Item::Pause(_) => Mark::Paused,
            };
        }
        match item {
            Item::Pause(pause) => match self.state.pauses.get(&pause.id) {
                None => Mark::Pending,
                Some(record) if record.left.is_some() => Mark::Done,
                Some(_) => Mark::Paused,
            },
            Item::Phase(phase) => self.phase_mark(phase),
        }
    }

    fn phase_mark(&self, phase: &Phase) -> Mark {
        let marks: Vec<Mark> = phase.steps.iter().map(|s| self.step_mark(&s.id)).collect();
        let first_of = |wanted: Mark| marks.contains(&wanted).then_some(wanted);
        let loud = [
            Mark::Failed,
            Mark::Unknown,
            Mark::Asking,
            Mark::Running,
            Mark::Undone,
        ];
        if let Some(mark) = loud.into_iter().find_map(first_of) {
            return mark;
        }
        match self.state.phases.get(&phase.id) {
            Some(record) if record.finished.is_some() => Mark::Done,
            Some(_) if self.state.rollback.is_none() => Mark::Running,
            Some(_) => Mark::Done,
            None => Mark::Pending,
        }
    }

    /// How many steps are settled, and how many there are.
    pub(crate) fn steps_done(&self) -> (usize, usize) {
        let Some(walk) = self.walk() else {
            return (0, 0);
        };
        let settled = |step: &Step| self.record(&step.id).is_some_and(StepRecord::is_settled);
        let done = walk.steps().filter(|(_, step)| settled(step)).count();
        (done, walk.steps().count())
    }

    /// Whether anything on the screen changes with every second.
    pub(crate) fn is_lively(&self, now: &Moment) -> bool {
        let polled = self.asking.values().any(|(_, until)| until.is_some());
        let soon = |free: Moment| free.wall.since(now.wall) < NEAR;
        self.state.finished.is_none()
            && !self.gone
            && (self.state.open.is_none() || polled || self.locked_until(now).is_some_and(soon))
    }

    /// Before a pause's `min`: when it may be left without a reason.
    pub(crate) fn locked_until(&self, now: &Moment) -> Option<Moment> {
        let Question::Paused { pause, .. } = &self.open()?.question else {
            return None;
        };
        let min = self.walk()?.pause(pause)?.min?;
        let free = self.state.pauses.get(pause)?.entered.plus(min);
        (!now.reached(&free)).then(|| free.as_of(now))
    }

    /// `attach`'s name for this run: its service.
    pub(crate) fn attach_command(&self) -> String {
        format!("upwalk attach {}", self.state.run.service)
    }
}
