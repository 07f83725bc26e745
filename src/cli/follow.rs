//! Hands a run over to a front end, and turns how that ended into an exit code.

use super::blot::Blot;
use super::context::{Context, Ui};
use super::failure::{Code, Failure};
use super::out;
use crate::journal::RunResult;
use crate::plain::{self, Begin, Bell, Ending, Parked, PlainError, Session, Wake};
use crate::report;
use crate::shell::store::StateDir;
use crate::shell::{clock, os};
use crate::supervisor::client::{self, Client, Mirror};
use crate::supervisor::wire::Part;
use crate::tui::{self, Left, TuiError};
use crate::types::{Notify, RunId};
use std::sync::{Arc, mpsc};

/// What a front end is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The run has just been made.
    Begin,
    /// A person comes back.
    Attach,
    /// Somebody looks only.
    Observe,
}

/// Shows a run until it is finished, a person is needed, or the person leaves.
pub(super) fn follow(
    context: &Context,
    state: &StateDir,
    run: &RunId,
    role: Role,
) -> Result<Code, Failure> {
    let screen = match role {
        Role::Begin | Role::Attach => Part::Controls,
        Role::Observe => Part::Observe,
    };
    match context.ui()? {
        Ui::Tui => on_screen(context, state, run, screen),
        Ui::Plain => {
            let own = Own::of(context, state, run)?;
            let (paste, blot) = own.texts();
            let mut session = session(state, run, screen, (&paste, &blot))?;
            if context.config()?.notify == Some(Notify::None) {
                session.bell = Bell::Silent;
            }
            let ending = plain::run(&mut session).map_err(|error| lost(context, run, error))?;
            finish(&ending, &session)
        }
        Ui::None => {
            let (part, begin) = match role {
                Role::Begin => (Part::Verb, Begin::AtOnce),
                Role::Attach | Role::Observe => (Part::Observe, Begin::No),
            };
            let own = Own::of(context, state, run)?;
            let (paste, blot) = own.texts();
            let mut session = session(state, run, part, (&paste, &blot))?;
            follow_lines(context, run, &mut session, begin)
        }
    }
}

/// Follows with progress lines.
pub(super) fn follow_lines(
    context: &Context,
    run: &RunId,
    session: &mut Session<'_>,
    begin: Begin,
) -> Result<Code, Failure> {
    let ending = plain::follow(session, begin).map_err(|error| lost(context, run, error))?;
    finish(&ending, session)
}

/// Something that is done to a text.
type Rewrite<'a> = &'a dyn Fn(&str) -> String;

/// What a front end without a screen does to texts before it shows them.
pub(super) struct Own<'a> {
    context: &'a Context,
    blot: Blot,
}

impl<'a> Own<'a> {
    /// For this run.
    pub(super) fn of(context: &'a Context, state: &StateDir, run: &RunId) -> Result<Self, Failure> {
        let blot = Blot::of(&state.run(run)?);
        Ok(Self { context, blot })
    }

    /// Makes commands fit to be pasted here; takes secrets out of logs.
    pub(super) fn texts(&self) -> (impl Fn(&str) -> String, impl Fn(&str) -> String) {
        (
            |command: &str| self.context.pasteable(command),
            |text: &str| self.blot.apply(text),
        )
    }
}

/// Connects a front end without a screen.
pub(super) fn session<'a>(
    state: &StateDir,
    run: &RunId,
    part: Part,
    (paste, blot): (Rewrite<'a>, Rewrite<'a>),
) -> Result<Session<'a>, Failure> {
    let pipe = |error: std::io::Error| {
        Failure::new(Code::Outside, "cannot open a pipe").because(error.to_string())
    };
    let wake = Wake::new().map_err(pipe)?;
    let mut waker = wake.waker().map_err(pipe)?;
    let (sender, updates) = mpsc::channel();
    let client = Client::attach(state, run, part, move |update| {
        // Nobody listens any more once the front end is gone.
        let _ = sender.send(update);
        waker.wake();
    })
    .map_err(|error| match wake.signal() {
        Some(number) => unreached(run, number),
        None => client::hand_over(error).into(),
    })?;
    let mirror = Mirror::new(state.run(run)?)?;
    Ok(Session {
        client,
        mirror,
        updates,
        wake,
        now: clock::now,
        paste,
        blot,
        part,
        bell: Bell::Rings,
    })
}

/// A signal came before the run's supervisor had answered.
fn unreached(run: &RunId, signal: u8) -> Failure {
    Failure::new(
        Code::Signal(signal),
        format!("ended by signal {signal} before the supervisor of {run} has answered"),
    )
    .because("nothing was decided; the run goes on")
}

/// The full screen.
fn on_screen(
    context: &Context,
    state: &StateDir,
    run: &RunId,
    part: Part,
) -> Result<Code, Failure> {
    let screen = context.screen()?;
    let dir = state.run(run)?;
    let (sender, updates) = mpsc::channel();
    let client = Client::attach(state, run, part, move |update| {
        // Nobody listens any more once the screen was left.
        let _ = sender.send(update);
    })
    .map_err(client::hand_over)?;
    let mirror = Mirror::new(dir.clone())?;
    let blot = Blot::of(&dir);
    let blot = Arc::new(move |text: &str| blot.apply(text));
    os::give_back_start();
    let ending = tui::run(&client, mirror, updates, screen, blot)
        .map_err(|error| no_screen(context, run, &error))?;
    let printed = out::print(&format!("{}\n", ending.summary.join("\n")));
    if !matches!(ending.left, Left::HungUp | Left::Signal(_)) {
        // Where the terminal went away there is nobody to print for.
        printed?;
    }
    match ending.left {
        Left::Detached => Ok(Code::Done),
        Left::HungUp => Ok(Code::Signal(1)),
        Left::Signal(number) => Ok(Code::Signal(u8::try_from(number).unwrap_or_default())),
        Left::Finished => {
            let (_, state) = client::read_run(&dir)?;
            let result = state.finished.as_ref().map(|finished| &finished.result);
            Ok(result.map_or(Code::Done, code_of))
        }
    }
}

/// The screen could not be shown; the run goes on.
fn no_screen(context: &Context, run: &RunId, error: &TuiError) -> Failure {
    let hint = context.pasteable(&format!("upwalk attach {run} --ui plain"));
    let code = match error {
        TuiError::Bug => Code::Bug,
        TuiError::NoTerminal(_) | TuiError::Setup(_) | TuiError::Events(_) => Code::Outside,
    };
    let failure = Failure::new(code, error.to_string()).hint(hint);
    match std::error::Error::source(error) {
        Some(cause) => failure.because(cause.to_string()),
        None => failure,
    }
}

/// Prints the last words of a finished run and picks the exit code.
fn finish(ending: &Ending, session: &Session<'_>) -> Result<Code, Failure> {
    match ending {
        Ending::Finished(result) => {
            if let Some(state) = &session.mirror.state {
                let lines = report::finished_summary(&session.mirror.plan, state);
                out::print(&plain::last_words(&lines, session.paste))?;
            }
            Ok(code_of(result))
        }
        Ending::Parked(Parked::Asking) => Ok(Code::Person),
        Ending::Parked(Parked::Failed) => Ok(Code::Failed),
        Ending::Detached => Ok(Code::Done),
        Ending::Signal(number) => Ok(Code::Signal(*number)),
    }
}

/// The exit code of a finished run. One that was stopped is not done, wherever that was.
pub(super) fn code_of(result: &RunResult) -> Code {
    match result {
        RunResult::Done => Code::Done,
        RunResult::RolledBack => Code::RolledBack,
        RunResult::Stopped { .. } | RunResult::NeverStarted | RunResult::Lost => Code::Failed,
    }
}

/// The connection was lost; the run may well go on.
pub(super) fn lost(context: &Context, run: &RunId, error: PlainError) -> Failure {
    let again = context.pasteable(&format!("upwalk attach {run}"));
    let said = error.to_string();
    let unknown = |code| {
        Failure::new(code, &said)
            .because("whether the decision was taken is not known here")
            .hint(context.pasteable(&format!("upwalk why {run}")))
    };
    match error {
        PlainError::Client(error) => error.into(),
        PlainError::Fold(error) => {
            Failure::new(Code::Damaged, "the journal is damaged; nothing was changed")
                .because(error.to_string())
        }
        PlainError::Signal(number) => unknown(Code::Signal(number)),
        PlainError::Unanswered(_) => unknown(Code::Outside),
        PlainError::Io(_) | PlainError::Gone(_) => {
            Failure::new(Code::Outside, "the connection to the run is lost")
                .because(&said)
                .hint(again)
        }
    }
}
