//! The front end of numbered prompts: for dumb terminals, serial consoles and screen readers.
//!
//! It prints what happens, asks each question with its possible answers, and takes whole lines.
//! The end of input means "back": the run stays as it is, and it is never a yes.

use super::excerpt::last_lines;
use super::input::{Input, Typed};
use super::none::{failed_step, report};
use super::question::{Answered, Stage, first_stage, read_out};
use super::silence::Silent;
use super::wake::Woken;
use super::{Ending, Parked, PlainError, Session, names::Names, say};
use crate::engine;
use crate::journal::{Attempt, Decision, Open, RunState};
use crate::supervisor::wire::Part;
use crate::text;
use crate::types::{Millis, Moment, Seq, StepId, Who};

/// How often a running step is remarked on.
const STATUS_EVERY: Millis = Millis::from_secs(30);
/// What takes the controls over.
const TAKE: &str = "take the controls";
/// After so many wrong answers in a row a script is taken to be lost.
const WRONG_ANSWERS: u32 = 5;

/// What is being asked.
struct Asking {
    open: Open,
    stage: Stage,
    wrong: u32,
}

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
    /// What was said of silences.
    silent: Silent,
    /// The attempt that was remarked on last, and when.
    remarked: Option<(Seq, Moment)>,
}

/// Walks a person through the run.
pub fn run(session: &mut Session<'_>) -> Result<Ending, PlainError> {
    session.catch_up()?;
    introduce(session)?;
    let mut prompts = Prompts {
        input: Input::new(),
        asking: None,
        read: None,
        told: None,
        silent: Silent::default(),
        remarked: None,
    };
    loop {
        let events = session.take_news()?;
        report(session, &events)?;
        if let Some(signal) = session.wake.signal() {
            if prompts.asking.is_some() {
                say::end_line()?;
            }
            say::sentence("This leaves the prompts only; the run goes on.")?;
            return Ok(Ending::Signal(signal));
        }
        if let Some(state) = &session.mirror.state {
            if let Some(finished) = &state.finished {
                return Ok(Ending::Finished(finished.result.clone()));
            }
            let open = state.open.as_ref().map(|open| open.asked);
            if prompts.read != open {
                prompts.read = open;
                prompts.asking = ask_first(session, &mut prompts.input)?;
            }
        }
        if let Some(why) = &session.mirror.gone {
            return Err(PlainError::Gone(why.clone()));
        }
        prompts.tell_controls(session)?;
        remark(session, &mut prompts.remarked)?;
        prompts.silent.tell(session)?;
        if let Some(ending) = prompts.wait(session)? {
            return Ok(ending);
        }
    }
}

impl Prompts {
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
        if let Some(asking) = &self.asking {
            say::lines(&format!("  Type \"{TAKE}\" to take them over."))?;
            prompt(&asking.stage, &mut self.input)?;
        }
        Ok(())
    }

    /// Waits for news or for a line, and does what the line comes to.
    fn wait(&mut self, session: &mut Session<'_>) -> Result<Option<Ending>, PlainError> {
        let Some(asking) = &mut self.asking else {
            let running = session
                .mirror
                .state
                .as_ref()
                .is_some_and(|state| state.open.is_none());
            let remark = running.then(|| STATUS_EVERY.duration());
            let at_most = Silent::look_again(session).or(remark);
            session.wake.wait(None, at_most)?;
            return Ok(None);
        };
        let input = &mut self.input;
        if !input.is_ready() && session.wake.wait(Some(input.fd()), None)? != Woken::Readable {
            return Ok(None);
        }
        match input.read()? {
            Typed::Nothing => Ok(None),
            Typed::End => {
                say::end_line()?;
                leave(session, "The input has ended.").map(Some)
            }
            Typed::Line(line) => take(session, asking, input, &line),
        }
    }
}

/// Says what this is and how to leave it, and what is under way.
fn introduce(session: &Session<'_>) -> Result<(), PlainError> {
    let Some(state) = &session.mirror.state else {
        return Ok(());
    };
    let run = &state.run;
    say::sentence(&format!(
        "run {} of {} on {}.",
        run.run, run.service, run.host
    ))?;
    if state.finished.is_none() {
        say::sentence(
            "Ctrl-C leaves these prompts; the run goes on, and upwalk attach shows it again.",
        )?;
    }
    if let Some((id, attempt)) = running(state) {
        let now = (session.now)();
        let names = Names::of(&session.mirror.plan, state);
        let (name, since) = (names.item(id), text::duration(now.since(&attempt.started)));
        say::news(now.wall, &format!("step {name}: running, {since}."))?;
    }
    Ok(())
}

/// Reads a new question out and asks it; none where nothing is asked any more.
fn ask_first(session: &Session<'_>, input: &mut Input) -> Result<Option<Asking>, PlainError> {
    let Some((state, open)) = session
        .mirror
        .state
        .as_ref()
        .and_then(|state| Some((state, state.open.as_ref()?)))
    else {
        return Ok(None);
    };
    let first = first_stage(&session.mirror.plan, state, open, &(session.now)());
    let asking = Asking {
        open: open.clone(),
        stage: first,
        wrong: 0,
    };
    if session.part == Part::Observe {
        read_question(session, &asking.open)?;
        say::lines("  Whoever has the controls is asked; this one looks only.")?;
        return Ok(None);
    }
    read_and_ask(session, &asking, input)?;
    Ok(Some(asking))
}

/// Reads the question out.
fn read_question(session: &Session<'_>, open: &Open) -> Result<(), PlainError> {
    let Some(state) = &session.mirror.state else {
        return Ok(());
    };
    let now = (session.now)();
    for line in read_out(&session.mirror.plan, state, open, &now) {
        say::lines(&line)?;
    }
    for line in failed_step(state).map_or_else(Vec::new, |step| last_lines(session, step)) {
        say::lines(&line)?;
    }
    Ok(())
}

/// Reads the question out, throws away what was typed before, and asks.
fn read_and_ask(
    session: &Session<'_>,
    asking: &Asking,
    input: &mut Input,
) -> Result<(), PlainError> {
    read_question(session, &asking.open)?;
    if input.is_terminal() {
        say::lines("  (anything typed before this line was thrown away)")?;
    }
    prompt(&asking.stage, input)
}

/// Asks for one answer.
fn prompt(stage: &Stage, input: &mut Input) -> Result<(), PlainError> {
    let lines = stage.prompt();
    if let Some((last, before)) = lines.split_last() {
        for line in before {
            say::lines(line)?;
        }
        // Right before the last line shows: what is typed after it can only be an answer.
        input.forget();
        say::ask(last)?;
    }
    Ok(())
}

/// Does what a typed line comes to.
fn take(
    session: &mut Session<'_>,
    asking: &mut Asking,
    input: &mut Input,
    line: &str,
) -> Result<Option<Ending>, PlainError> {
    if !input.is_terminal() {
        // A pipe does not echo, and a transcript without the answers cannot be read.
        say::lines(line)?;
    }
    if line.trim() == TAKE && !session.mirror.yours {
        let (reply, events) = session.take_controls()?;
        report(session, &events)?;
        if let Err(refusal) = reply {
            say::lines(&format!("  {}", refusal.why))?;
        }
        return prompt(&asking.stage, input).map(|()| None);
    }
    if let (Some(state), Stage::Choose(_)) = (&session.mirror.state, &asking.stage) {
        // A pause may have lasted long enough since it was read out.
        let now = (session.now)();
        asking.stage = first_stage(&session.mirror.plan, state, &asking.open, &now);
    }
    match asking.stage.answer(line) {
        Answered::Back => return leave(session, "").map(Some),
        Answered::Again => {
            if let (Some(state), true) = (
                &session.mirror.state,
                matches!(asking.stage, Stage::Reason(_) | Stage::Sure(_)),
            ) {
                let now = (session.now)();
                asking.stage = first_stage(&session.mirror.plan, state, &asking.open, &now);
            }
            read_and_ask(session, asking, input)?;
        }
        Answered::Ask(stage) => {
            before_sure(session, &stage)?;
            asking.stage = stage;
            prompt(&asking.stage, input)?;
        }
        Answered::Decide(decision) => decide(session, asking, input, decision)?,
        Answered::Wrong(why) => {
            say::lines(&format!("  {why}"))?;
            asking.wrong += 1;
            if asking.wrong >= WRONG_ANSWERS && !input.is_terminal() {
                return leave(session, "Too many wrong answers.").map(Some);
            }
            prompt(&asking.stage, input)?;
        }
    }
    Ok(None)
}

/// Sends a decision. A refusal is read out and the question asked again; else the news that follow
/// bring the next question.
fn decide(
    session: &mut Session<'_>,
    asking: &mut Asking,
    input: &mut Input,
    decision: Decision,
) -> Result<(), PlainError> {
    let (reply, events) = session.decide(Some(asking.open.asked), decision)?;
    report(session, &events)?;
    let Err(refusal) = reply else {
        return Ok(());
    };
    say::lines(&format!("  {}", refusal.why))?;
    if let Some(state) = &session.mirror.state {
        let now = (session.now)();
        asking.stage = first_stage(&session.mirror.plan, state, &asking.open, &now);
    }
    prompt(&asking.stage, input)
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
        say::lines(&format!("  step {}", names.item(&step.step)))?;
    }
    Ok(())
}

/// The attempt that runs now, and its step; none while something is asked.
fn running(state: &RunState) -> Option<(&StepId, &Attempt)> {
    let mut steps = state.steps.iter().filter(|_| state.open.is_none());
    steps.find_map(|(id, record)| {
        let attempt = record.latest().filter(|attempt| attempt.ended.is_none())?;
        record.outcome.is_none().then_some((id, attempt))
    })
}

/// Remarks on a step that has been running for a while.
fn remark(session: &Session<'_>, remarked: &mut Option<(Seq, Moment)>) -> Result<(), PlainError> {
    let Some(state) = &session.mirror.state else {
        return Ok(());
    };
    let Some((id, attempt)) = running(state) else {
        return Ok(());
    };
    let now = (session.now)();
    let last = match remarked {
        Some((number, at)) if *number == attempt.number => &*at,
        _ => &attempt.started,
    };
    if now.since(last) < STATUS_EVERY {
        return Ok(());
    }
    let names = Names::of(&session.mirror.plan, state);
    let sentence = format!(
        "step {}: still running, {}.",
        names.item(id),
        text::duration(now.since(&attempt.started))
    );
    say::news(now.wall, &sentence)?;
    *remarked = Some((attempt.number, now));
    Ok(())
}

/// Leaves a run that waits: says so, and how to come back.
fn leave(session: &Session<'_>, why: &str) -> Result<Ending, PlainError> {
    if !why.is_empty() {
        say::sentence(why)?;
    }
    say::sentence("Nothing was decided; the run stays as it is. To go on, type:")?;
    if let Some(state) = &session.mirror.state {
        let command = format!("upwalk attach {}", state.run.service);
        say::command(&(session.paste)(&command))?;
    }
    Ok(Ending::Parked(Parked::Asking))
}
