//! The front end of numbered prompts: for dumb terminals, serial consoles and screen readers.
//!
//! It prints what happens, asks each question with its possible answers, and takes whole lines.
//! The end of input means "back": the run stays as it is, and it is never a yes.

use super::asking::{Asking, TAKE, ask_first, ask_on, how_to_come_back, leave};
use super::input::{Input, Typed};
use super::meanwhile::{self, CAN, Meanwhile};
use super::none::report;
use super::status::{self, Status};
use super::wake::Woken;
use super::{Ending, PlainError, Session, hand, say};
use crate::engine;
use crate::supervisor::wire::Part;
use crate::types::{Seq, Who};

/// Who has the controls.
#[derive(PartialEq, Eq)]
enum Controls {
    Mine,
    Theirs(Who),
    Nobodys,
}

/// The state of the prompts.
struct Prompts {
    input: Input,
    asking: Option<Asking>,
    /// The question that was read out last.
    read: Option<Seq>,
    /// What is known here of the controls; none before the supervisor has said it.
    told: Option<Controls>,
    /// What was said of what runs.
    status: Status,
    /// The attempt whose leftovers were told last.
    outlived: Option<Seq>,
    /// The attempt that had the terminal last.
    joined: Option<Seq>,
}

/// Walks a person through the run.
pub fn run(session: &mut Session<'_>) -> Result<Ending, PlainError> {
    session.catch_up()?;
    let mut prompts = Prompts {
        input: Input::new(),
        asking: None,
        read: None,
        told: None,
        status: Status::default(),
        outlived: None,
        joined: None,
    };
    prompts.introduce(session)?;
    loop {
        let events = session.take_news()?;
        report(session, &events)?;
        let wanting =
            hand::wanting(session, prompts.joined).filter(|_| prompts.input.is_terminal());
        if let Some((number, errand)) = wanting {
            prompts.joined = Some(number);
            let events = hand::give(session, &errand)?;
            report(session, &events)?;
        }
        if let Some(signal) = session.wake.signal() {
            return prompts.left_by(session, signal);
        }
        if let Some(state) = &session.mirror.state {
            if let Some(finished) = &state.finished {
                return Ok(Ending::Finished(finished.result.clone()));
            }
            let open = state.open.as_ref().map(|open| open.asked);
            if prompts.read != open {
                prompts.read = open;
                let goes_on = match &mut prompts.asking {
                    Some(asking) => ask_on(session, &mut prompts.input, asking)?,
                    None => false,
                };
                if !goes_on {
                    prompts.asking = ask_first(session, &mut prompts.input)?;
                }
            }
        }
        if let Some(why) = &session.mirror.gone {
            return Err(PlainError::Gone(why.clone()));
        }
        prompts.tell_controls(session)?;
        prompts.tell_leftovers(session)?;
        prompts.status.tell(session)?;
        if let Some(ending) = prompts.wait(session)? {
            return Ok(ending);
        }
    }
}

impl Prompts {
    /// Says what this is and how to leave it, and what is under way.
    fn introduce(&self, session: &Session<'_>) -> Result<(), PlainError> {
        let Some(state) = &session.mirror.state else {
            return Ok(());
        };
        let run = &state.run;
        say::sentence(&format!(
            "run {} of {} on {}.",
            run.run, run.service, run.host
        ))?;
        if state.finished.is_some() {
            return Ok(());
        }
        say::sentence(
            "Ctrl-C leaves these prompts; the run goes on, and upwalk attach shows it again.",
        )?;
        if self.input.is_terminal() {
            say::sentence(CAN)?;
        }
        let now = (session.now)();
        if let Some(sentence) = status::sentence(&session.mirror, &now) {
            say::news(now.wall, &sentence)?;
        }
        Ok(())
    }

    /// A signal ends the prompts.
    fn left_by(&self, session: &Session<'_>, signal: u8) -> Result<Ending, PlainError> {
        if self.asking.is_some() {
            say::end_line()?;
        }
        say::sentence("This leaves the prompts only; the run goes on. To see it again, type:")?;
        how_to_come_back(session)?;
        Ok(Ending::Signal(signal))
    }

    /// Says who has the controls, where that is not this one and not known here.
    fn tell_controls(&mut self, session: &Session<'_>) -> Result<(), PlainError> {
        let now = match (&session.mirror.controls, session.mirror.yours) {
            (_, true) => Controls::Mine,
            (Some(who), false) => Controls::Theirs(who.clone()),
            (None, false) if self.told.is_some() => Controls::Nobodys,
            (None, false) => return Ok(()),
        };
        let sentence = match &now {
            Controls::Mine => None,
            Controls::Theirs(who) => {
                Some(format!("{who} has the controls, and this one looks only."))
            }
            Controls::Nobodys => {
                Some("nobody has the controls any more, and this one looks only.".to_owned())
            }
        };
        let known = self.told.as_ref() == Some(&now);
        self.told = Some(now);
        let Some(sentence) = sentence.filter(|_| !known) else {
            return Ok(());
        };
        if self.asking.is_some() {
            say::end_line()?;
        }
        say::sentence(&sentence)?;
        say::lines(&format!("  Type \"{TAKE}\" to take them over."))?;
        match &mut self.asking {
            Some(asking) => asking.prompt(session, &mut self.input),
            None => Ok(()),
        }
    }

    /// Says once that an ended command has left something running, which is waited for, and what can
    /// be typed.
    fn tell_leftovers(&mut self, session: &Session<'_>) -> Result<(), PlainError> {
        let Some(state) = &session.mirror.state else {
            return Ok(());
        };
        let left = !engine::leftovers(state).is_empty();
        let number = engine::running_command(state).map(|(_, attempt)| attempt.number);
        let number = number.filter(|_| left);
        if number.is_some() && number != self.outlived {
            say::ring(session.bell)?;
            say::lines("  Type \"let go now\" to say that it may stay, or wait until it is gone.")?;
        }
        self.outlived = number;
        Ok(())
    }

    /// Waits for news or for a line, and does what the line comes to.
    fn wait(&mut self, session: &mut Session<'_>) -> Result<Option<Ending>, PlainError> {
        let at_most = match &self.asking {
            Some(asking) => asking.free_in(&(session.now)()),
            None => Status::look_again(session),
        };
        // What a pipe holds are answers, and it is read only when something is asked.
        let listens = self.asking.is_some() || self.input.is_terminal();
        if !(listens && self.input.is_ready()) {
            let also = listens.then(|| self.input.fd());
            match session.wake.wait(also, at_most)? {
                Woken::Readable => {}
                Woken::News => return Ok(None),
                Woken::TimedOut => {
                    if let Some(asking) = &mut self.asking {
                        asking.say_free(session, &mut self.input)?;
                    }
                    return Ok(None);
                }
            }
        }
        match (self.input.read()?, &mut self.asking) {
            (Typed::Nothing, _) => Ok(None),
            (Typed::End, Some(_)) => {
                say::end_line()?;
                leave(session, "The input has ended.").map(Some)
            }
            (Typed::End, None) => {
                say::sentence("The input has ended; the run goes on. To see it again, type:")?;
                how_to_come_back(session)?;
                Ok(Some(Ending::Detached))
            }
            (Typed::Line(line), Some(asking)) => {
                if !self.input.is_terminal() {
                    // A pipe does not echo, and a transcript without the answers cannot be read.
                    say::lines(&line)?;
                }
                asking.take(session, &mut self.input, &line)
            }
            (Typed::Line(line), None) => match meanwhile::take(session, &line)? {
                Meanwhile::Went => Ok(None),
                Meanwhile::Left(ending) => Ok(Some(ending)),
                Meanwhile::Controls => {
                    session.part = Part::Controls;
                    self.read = None;
                    Ok(None)
                }
            },
        }
    }
}
