//! The silence of a running command, said once for each time that the plan's `silence` has passed.

use super::names::Names;
use super::{PlainError, Session, say};
use crate::engine;
use crate::supervisor::client;
use crate::text;
use crate::types::{Millis, Seq};
use std::time::Duration;

/// How often a running command is looked at.
const LOOK: Millis = Millis::from_secs(10);

/// What was said of silences.
#[derive(Debug, Default)]
pub(super) struct Silent {
    /// The attempt, and how many times the plan's `silence` had passed.
    said: Option<(Seq, u64)>,
}

impl Silent {
    /// Says what there is to say now; whether that was anything.
    pub(super) fn tell(&mut self, session: &Session<'_>) -> Result<bool, PlainError> {
        let (mirror, now) = (&session.mirror, (session.now)());
        let running = mirror.state.as_ref().and_then(|state| {
            let (_, attempt) = engine::running_command(state)?;
            Some((state, attempt.number))
        });
        let Some((state, number)) = running else {
            self.said = None;
            return Ok(false);
        };
        let Some(silence) = client::silence(&mirror.dir, &mirror.plan, state, &now) else {
            self.said = None;
            return Ok(false);
        };
        let times = silence.length.0 / silence.remarked_from.0.max(1);
        if self
            .said
            .is_some_and(|(of, said)| of == number && said >= times)
        {
            return Ok(false);
        }
        self.said = Some((number, times));
        let step = Names::of(&mirror.plan, state).item(&silence.step);
        let what = text::silence(silence.length);
        say::news(
            now.wall,
            &format!("step {step}: {what}. What can be typed:"),
        )?;
        let service = &state.run.service;
        for verb in ["log", "cancel"] {
            say::command(&(session.paste)(&format!("upwalk {verb} {service}")))?;
        }
        Ok(true)
    }

    /// How long to wait at most before it is to be told again; none where nothing runs.
    pub(super) fn look_again(session: &Session<'_>) -> Option<Duration> {
        let state = session.mirror.state.as_ref()?;
        engine::running_command(state)?;
        let from = session.mirror.plan.defaults.silence.unwrap_or(LOOK);
        Some(from.min(LOOK).max(Millis::from_secs(1)).duration())
    }
}
