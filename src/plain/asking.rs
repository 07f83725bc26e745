//! Asking one question: reading it out, taking an answer, and what that comes to.

use super::excerpt::{last_lines, more_lines};
use super::input::Input;
use super::names::Names;
use super::none::{failed_step, report};
use super::question::{Answered, OTHERS, Stage, first_stage, free_at};
use super::read_out::read_out;
use super::{Ending, Parked, PlainError, Session, say};
use crate::engine;
use crate::journal::{Decision, Open, Question, RunState, Seeing};
use crate::supervisor::wire::Part;
use crate::types::{Moment, Timestamp};
use std::time::Duration;

/// What takes the controls over.
pub(super) const TAKE: &str = "take the controls";
/// After so many wrong answers in a row to a pipe, or wrong phrases of a person, the question is left
/// as it is.
const TRIES: u32 = 5;

/// What is being asked.
pub(super) struct Asking {
    open: Open,
    pub(super) stage: Stage,
    wrong: u32,
    /// When it was read out.
    shown: Timestamp,
    /// When the line was printed behind which an answer counts.
    armed: Timestamp,
    /// When the pause may end without a reason, until that has been said.
    free: Option<Moment>,
}

/// Reads a new question out and asks it; none where nothing is asked, or not of this one.
pub(super) fn ask_first(
    session: &Session<'_>,
    input: &mut Input,
) -> Result<Option<Asking>, PlainError> {
    let Some((state, open)) = session
        .mirror
        .state
        .as_ref()
        .and_then(|state| Some((state, state.open.as_ref()?)))
    else {
        return Ok(None);
    };
    let now = (session.now)();
    let free = free_at(&session.mirror.plan, state, open).filter(|free| !now.reached(free));
    if needs_a_person(&open.question) && free.is_none() {
        say::ring(session.bell)?;
    }
    let mut asking = Asking {
        open: open.clone(),
        stage: first_stage(&session.mirror.plan, state, open, &now),
        wrong: 0,
        shown: now.wall,
        armed: now.wall,
        free,
    };
    if session.part == Part::Observe {
        asking.read_out(session)?;
        say::lines("  Whoever has the controls is asked; this one looks only.")?;
        return Ok(None);
    }
    asking.read_and_ask(session, input)?;
    Ok(Some(asking))
}

/// Goes on with a warning of which a fact has changed: says which, and asks again. Says whether that
/// was all there is to say.
pub(super) fn ask_on(
    session: &Session<'_>,
    input: &mut Input,
    asking: &mut Asking,
) -> Result<bool, PlainError> {
    let open = session.mirror.state.as_ref();
    let Some(open) = open.and_then(|state| state.open.as_ref()) else {
        return Ok(false);
    };
    if open.first != asking.open.first || open.before.is_empty() {
        return Ok(false);
    }
    asking.open = open.clone();
    say::end_line()?;
    for line in super::warning::changed(&open.before, &open.question) {
        say::news(open.at.wall, &line)?;
    }
    say_thrown_away(input)?;
    asking.prompt(session, input)?;
    Ok(true)
}

/// Whether somebody who has gone away has to be called. Whoever has just typed `up` is there.
fn needs_a_person(question: &Question) -> bool {
    match question {
        Question::Start => false,
        Question::Confirm { .. }
        | Question::NextStep { .. }
        | Question::Halted
        | Question::ManualDone { .. }
        | Question::Blocked { .. }
        | Question::OutcomeUnknown { .. }
        | Question::CouldNotTell { .. }
        | Question::Paused { .. }
        | Question::Boundary { .. }
        | Question::PauseHeld { .. }
        | Question::WrongVersion { .. }
        | Question::Failed { .. }
        | Question::UndoFailed { .. }
        | Question::UndoUnsure { .. } => true,
    }
}

impl Asking {
    /// Reads the question out.
    fn read_out(&self, session: &Session<'_>) -> Result<(), PlainError> {
        let Some(state) = &session.mirror.state else {
            return Ok(());
        };
        let now = (session.now)();
        for line in read_out(&session.mirror.plan, state, &self.open, &now) {
            say::lines(&line)?;
        }
        for line in failed_step(state).map_or_else(Vec::new, |step| last_lines(session, step)) {
            say::lines(&line)?;
        }
        Ok(())
    }

    /// Reads the question out, throws away what was typed before, and asks.
    fn read_and_ask(&mut self, session: &Session<'_>, input: &mut Input) -> Result<(), PlainError> {
        self.read_out(session)?;
        self.shown = (session.now)().wall;
        say_thrown_away(input)?;
        self.prompt(session, input)
    }

    /// Asks for one answer.
    pub(super) fn prompt(
        &mut self,
        session: &Session<'_>,
        input: &mut Input,
    ) -> Result<(), PlainError> {
        let lines = self.stage.prompt();
        if let Some((last, before)) = lines.split_last() {
            for line in before {
                say::lines(line)?;
            }
            // Right before the last line shows: what is typed after it can only be an answer.
            input.forget();
            self.armed = (session.now)().wall;
            say::ask(last)?;
        }
        Ok(())
    }

    /// How long until the pause may end without a reason; none where that is not waited for.
    pub(super) fn free_in(&self, now: &Moment) -> Option<Duration> {
        Some(self.free.as_ref()?.since(now).duration())
    }

    /// Says once that the pause may end now.
    pub(super) fn say_free(
        &mut self,
        session: &Session<'_>,
        input: &mut Input,
    ) -> Result<(), PlainError> {
        let now = (session.now)();
        if self.free.as_ref().is_none_or(|free| !now.reached(free)) {
            return Ok(());
        }
        self.free = None;
        self.begin_anew(session);
        say::end_line()?;
        say::ring(session.bell)?;
        say::news(
            now.wall,
            "the pause has lasted as long as the plan wants; it may end now.",
        )?;
        say_thrown_away(input)?;
        self.prompt(session, input)
    }

    /// Adds to a consent when the warning was shown and since when an answer counted. Whether a phrase
    /// was typed or pasted is not known: the terminal gives whole lines.
    fn say_how(&self, decision: &mut Decision) {
        if let Decision::Confirm { seeing, .. } = decision {
            let (shown, armed) = (self.shown, self.armed);
            *seeing = Some(Seeing {
                shown,
                armed,
                field: None,
            });
        }
    }

    /// Goes back to what is asked first.
    fn begin_anew(&mut self, session: &Session<'_>) {
        if let Some(state) = &session.mirror.state {
            let now = (session.now)();
            self.stage = first_stage(&session.mirror.plan, state, &self.open, &now);
        }
    }

    /// Does what a typed line comes to.
    pub(super) fn take(
        &mut self,
        session: &mut Session<'_>,
        input: &mut Input,
        line: &str,
    ) -> Result<Option<Ending>, PlainError> {
        if line.trim() == TAKE && !session.mirror.yours {
            take_controls(session)?;
            return self.prompt(session, input).map(|()| None);
        }
        if matches!(self.stage, Stage::Choose(_)) {
            // A pause may have lasted long enough since it was read out.
            self.begin_anew(session);
        }
        match self.stage.answer(line) {
            Answered::Back => return leave(session, "").map(Some),
            Answered::Again => {
                self.begin_anew(session);
                self.read_and_ask(session, input)?;
            }
            Answered::Log => {
                more_lines(session)?;
                self.prompt(session, input)?;
            }
            Answered::Help => {
                say::lines(&format!("  {OTHERS}"))?;
                self.prompt(session, input)?;
            }
            Answered::Ask(stage) => {
                before_sure(session, &stage)?;
                self.stage = stage;
                self.prompt(session, input)?;
            }
            Answered::Decide(decision @ Decision::Note { .. }) => {
                decide(session, None, decision)?;
                self.prompt(session, input)?;
            }
            Answered::Decide(mut decision) => {
                self.say_how(&mut decision);
                if !decide(session, Some(&self.open), decision)? {
                    self.begin_anew(session);
                    self.prompt(session, input)?;
                }
            }
            Answered::Wrong(why) => {
                say::lines(&format!("  {why}"))?;
                self.wrong += 1;
                let lost = !input.is_terminal()
                    || matches!(self.stage, Stage::Confirm(_) | Stage::Phrase(..));
                if self.wrong >= TRIES && lost {
                    let why = format!("That was wrong {TRIES} times.");
                    return leave(session, &why).map(Some);
                }
                self.prompt(session, input)?;
            }
        }
        Ok(None)
    }
}

/// Says what becomes of what was typed before a question; nobody types ahead into a pipe.
fn say_thrown_away(input: &Input) -> Result<(), PlainError> {
    if input.is_terminal() {
        say::lines("  Anything typed before this line was thrown away.")?;
    }
    Ok(())
}

/// Takes the controls; where that is refused it says why. Says whether it has them.
pub(super) fn take_controls(session: &mut Session<'_>) -> Result<bool, PlainError> {
    let (reply, events) = session.take_controls()?;
    report(session, &events)?;
    if let Err(refusal) = &reply {
        say::lines(&format!("  {}", refusal.why))?;
    }
    Ok(reply.is_ok())
}

/// Sends a decision, and says why where it is refused; whether it was taken. The news that follow
/// bring the next question.
pub(super) fn decide(
    session: &mut Session<'_>,
    answers: Option<&Open>,
    decision: Decision,
) -> Result<bool, PlainError> {
    let (reply, events) = session.decide(answers.map(|open| open.asked), decision)?;
    report(session, &events)?;
    let Err(refusal) = reply else {
        return Ok(true);
    };
    say::lines(&format!("  {}", refusal.why))?;
    if let Some(hint) = &refusal.hint {
        say::lines("  What can be typed in another terminal:")?;
        say::command(&(session.paste)(hint))?;
    }
    Ok(false)
}

/// Before the run turns around: what will be taken back, in which order.
fn before_sure(session: &Session<'_>, next: &Stage) -> Result<(), PlainError> {
    let (Stage::Sure(choice), Some(state)) = (next, &session.mirror.state) else {
        return Ok(());
    };
    if choice.verb != "rollback" {
        return Ok(());
    }
    let plan = &session.mirror.plan;
    let names = Names::of(plan, state);
    say::lines("  These steps are taken back, in this order:")?;
    for step in engine::take_backs(plan, state).unwrap_or_default() {
        let back = engine::back_sentence(plan, state, &step.step);
        let line = format!("    step {}. {back}", names.item(&step.step));
        say::lines(&say::full(&line))?;
    }
    Ok(())
}

/// Leaves a run that waits: says so, and how to come back.
pub(super) fn leave(session: &Session<'_>, why: &str) -> Result<Ending, PlainError> {
    let why = if why.is_empty() {
        String::new()
    } else {
        format!("{why} ")
    };
    say::sentence(&format!(
        "{why}Nothing was decided; the run stays as it is. To go on, type:"
    ))?;
    how_to_come_back(session)?;
    Ok(Ending::Parked(Parked::Asking))
}

/// The command that shows the run again.
pub(super) fn how_to_come_back(session: &Session<'_>) -> Result<(), PlainError> {
    if let Some(state) = &session.mirror.state {
        say::command(&(session.paste)(&attach(state)))?;
    }
    Ok(())
}

/// What shows a run again.
fn attach(state: &RunState) -> String {
    format!("upwalk attach {}", state.run.service)
}
