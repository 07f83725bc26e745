//! The line that says, every 30 s, that a step still runs, and how far it is.

use super::names::Names;
use super::silence::Silent;
use super::{PlainError, Session, say};
use crate::engine;
use crate::journal::{AskKey, Attempt, RunState};
use crate::supervisor::client::Mirror;
use crate::text;
use crate::types::{Millis, Moment, Pending, StepId};
use std::time::Duration;

/// How often a running step is remarked on, at most.
const EVERY: Millis = Millis::from_secs(30);

/// What was said of what runs.
#[derive(Debug, Default)]
pub(super) struct Status {
    /// When the last line was printed without being asked for.
    said: Option<Moment>,
    silent: Silent,
}

impl Status {
    /// Says that the step still runs, where it is time to: once in 30 s, whatever there is to say.
    pub(super) fn tell(&mut self, session: &Session<'_>) -> Result<(), PlainError> {
        let now = (session.now)();
        if !has_passed(self.said.as_ref(), &now) {
            return Ok(());
        }
        if self.silent.tell(session)? {
            self.said = Some(now);
            return Ok(());
        }
        let Some(state) = &session.mirror.state else {
            return Ok(());
        };
        let Some((_, attempt)) = running(state) else {
            return Ok(());
        };
        if !has_passed(Some(&attempt.started), &now) {
            return Ok(());
        }
        if let Some(sentence) = sentence(&session.mirror, &now) {
            say::news(now.wall, &sentence)?;
        }
        self.said = Some(now);
        Ok(())
    }

    /// How long to wait at most before there is something to tell; none where nothing runs.
    pub(super) fn look_again(session: &Session<'_>) -> Option<Duration> {
        let state = session.mirror.state.as_ref()?;
        let runs = running(state).map(|_| EVERY.duration());
        Silent::look_again(session).or(runs)
    }
}

/// Whether so much time has passed since then that a line may be printed.
fn has_passed(since: Option<&Moment>, now: &Moment) -> bool {
    since.is_none_or(|at| now.since(at) >= EVERY)
}

/// What runs, since when, and how far it is, in one sentence; none where nothing runs.
pub(super) fn sentence(mirror: &Mirror, now: &Moment) -> Option<String> {
    let state = mirror.state.as_ref()?;
    let names = Names::of(&mirror.plan, state);
    let Some((id, attempt)) = running(state) else {
        let retry = engine::retry(&mirror.plan, state)?;
        let left = text::duration(retry.begins.since(now));
        let name = names.item(&retry.step);
        return Some(format!(
            "step {name}: it failed and is tried again by itself in {left}."
        ));
    };
    let mut parts = vec![format!(
        "still running, {}",
        text::duration(now.since(&attempt.started))
    )];
    if let Some(ago) = mirror.last_output(now) {
        parts.push(format!("last output {} ago", text::duration(ago)));
    }
    parts.extend(to_do(mirror, id));
    parts.extend(asked(mirror, id));
    if attempt.cancelled.is_some() {
        parts.push("it is being ended".to_owned());
    }
    Some(format!("step {}: {}.", names.item(id), parts.join(", ")))
}

/// How much is left to do, as it was counted last.
fn to_do(mirror: &Mirror, step: &StepId) -> Option<String> {
    let (_, counted) = mirror.counted.as_ref().filter(|(of, _)| of == step)?;
    Some(match (mirror.progress(step), counted) {
        (Some(far), _) => format!("{} of {} left to do", far.left, far.of),
        (None, Pending::Known(left)) => format!("{left} left to do"),
        (None, Pending::Unknown(_)) => "how much is left to do is unknown".to_owned(),
    })
}

/// What a check or a proof that is asked again and again said last, and until when it is asked.
fn asked(mirror: &Mirror, step: &StepId) -> Option<String> {
    let keys = [AskKey::Check(step.clone()), AskKey::Verify(step.clone())];
    let (last, until) = keys.iter().find_map(|key| mirror.asking.get(key))?;
    let last = last
        .as_ref()
        .map(|last| format!("its last answer was {last}"));
    let until = until.map(|until| format!("it is asked until {}", until.clock()));
    let parts: Vec<String> = last.into_iter().chain(until).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The attempt that runs now, and its step; none while something is asked.
pub(super) fn running(state: &RunState) -> Option<(&StepId, &Attempt)> {
    let mut steps = state.steps.iter().filter(|_| state.open.is_none());
    steps.find_map(|(id, record)| {
        let attempt = record.latest().filter(|attempt| attempt.ended.is_none())?;
        record.outcome.is_none().then_some((id, attempt))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{BootId, Timestamp};

    #[test]
    fn there_are_never_two_lines_in_30_seconds() {
        let at = |millis: u64| Moment {
            wall: Timestamp::from_millis(1_000_000),
            boot: BootId("a".to_owned()),
            up: Millis(millis),
        };
        let started = at(0);
        let mut said: Vec<Moment> = Vec::new();
        // It is looked at far more often than it speaks: at every event and every answer.
        for now in (0..=3_600_000).step_by(70).map(at) {
            if has_passed(said.last(), &now) && has_passed(Some(&started), &now) {
                said.push(now);
            }
        }
        assert_eq!(
            said.len(),
            119,
            "the look that is nearest comes a little late"
        );
        assert!(said.windows(2).all(|two| two[1].since(&two[0]) >= EVERY));
    }
}
