//! The command under way: having it ended, letting go of what outlives it, and its silence.

use super::decide::Refusal;
use crate::journal::{Attempt, Event, RunState};
use crate::plan::Plan;
use crate::types::{Millis, Moment, StepId, Timestamp, Who};

/// How long a command may write nothing before that is remarked on, where the plan says nothing.
const SILENCE: Millis = Millis::from_secs(300);

/// A command that has written nothing for so long that somebody should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// The step it belongs to.
    pub step: StepId,
    /// For how long.
    pub length: Millis,
    /// From how long on that is remarked on.
    pub remarked_from: Millis,
}

/// The silence of the command under way, whose log was last `written` then by the wall clock; none
/// where it is too short to be remarked on.
pub fn silence(plan: &Plan, state: &RunState, written: Timestamp, now: &Moment) -> Option<Silence> {
    let (step, attempt) = running_command(state).filter(|(_, a)| a.outlived.is_empty())?;
    let length = silent_for(&attempt.started, written, now)?;
    let remarked_from = remarked_from(plan);
    (length >= remarked_from).then(|| Silence {
        step: step.clone(),
        length,
        remarked_from,
    })
}

/// From which length on a silence is remarked on.
pub fn remarked_from(plan: &Plan) -> Millis {
    plan.defaults.silence.unwrap_or(SILENCE)
}

/// The time from `written`, a reading of the wall clock after `started`, to `now`. The clock may
/// have been set in between: the reading is then taken by what the clock was at either end, and
/// what lies between the two ends and is later counts, so that no silence is made up. None in
/// another boot, and where neither can be.
fn silent_for(started: &Moment, written: Timestamp, now: &Moment) -> Option<Millis> {
    let signed = |millis: Millis| i64::try_from(millis.0).unwrap_or(i64::MAX);
    let by_clock_of = |end: &Moment| {
        let apart = written.as_millis().saturating_sub(end.wall.as_millis());
        signed(end.up).saturating_add(apart)
    };
    // A file's time comes from a clock that ticks a little late, up to 10 ms.
    let earliest = signed(started.up) - 10;
    let between = earliest..=signed(now.up);
    [by_clock_of(started), by_clock_of(now)]
        .into_iter()
        .filter(|up| started.boot == now.boot && between.contains(up))
        .max()
        .and_then(|up| u64::try_from(signed(now.up) - up).ok())
        .map(Millis)
}

/// The command under way, with its step; none where none is.
pub fn running_command(state: &RunState) -> Option<(&StepId, &Attempt)> {
    state.steps.iter().find_map(|(step, record)| {
        let latest = record.latest()?;
        let runs = latest.command && latest.end.is_none() && latest.unknown.is_none();
        runs.then_some((step, latest))
    })
}

/// What outlives an ended command and is still waited for, as `pid command`; empty where the run
/// waits for nothing of that kind.
pub fn leftovers(state: &RunState) -> &[String] {
    running_command(state)
        .filter(|(_, attempt)| attempt.let_go.is_none())
        .map_or(&[], |(_, attempt)| &attempt.outlived)
}

/// The command that lets go of leftovers.
pub(super) fn let_go_command(state: &RunState) -> String {
    format!("upwalk cancel {} --let-go", state.run.service)
}

/// The end of a running command.
pub(super) fn cancel(state: &RunState, who: &Who) -> Result<Vec<Event>, Refusal> {
    let Some((_, attempt)) = running_command(state) else {
        return Err(Refusal::new("No command is running."));
    };
    let Some(before) = &attempt.cancelled else {
        return Ok(vec![Event::CancelRequested {
            number: attempt.number,
            who: who.clone(),
        }]);
    };
    let why = format!("The command is being ended already, as {before} asked. Nothing was done.");
    Err(if leftovers(state).is_empty() {
        Refusal::new(why)
    } else {
        Refusal {
            why: format!(
                "{why} It has left something running: {}.",
                attempt.outlived.join(", ")
            ),
            hint: Some(let_go_command(state)),
        }
    })
}

/// A person's word that what outlives a command may stay.
pub(super) fn let_go(state: &RunState, who: &Who) -> Result<Vec<Event>, Refusal> {
    let Some((_, attempt)) = running_command(state) else {
        return Err(Refusal::new(
            "No command is running, and nothing is waited for.",
        ));
    };
    if let Some(before) = &attempt.let_go {
        return Err(Refusal::new(format!(
            "{before} has let go of it already. Nothing was done."
        )));
    }
    if attempt.outlived.is_empty() {
        return Err(Refusal {
            why: "The run waits for nothing that an ended command left running. A command that \
                  runs is ended first."
                .into(),
            hint: Some(format!("upwalk cancel {}", state.run.service)),
        });
    }
    Ok(vec![Event::LeftoversLetGo {
        number: attempt.number,
        who: who.clone(),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BootId;

    const START: i64 = 1_000_000;

    fn moment(boot: &str, wall: i64, up: u64) -> Moment {
        Moment {
            wall: Timestamp::from_millis(wall * 1000),
            boot: BootId(boot.to_owned()),
            up: Millis::from_secs(up),
        }
    }

    /// A command begun 100 s after the boot that wrote last at second 150 of it, looked at in second
    /// 450; the wall clock was set by `by` seconds in second `at`.
    fn silent_after_a_jump(by: i64, at: u64) -> Option<u64> {
        let wall = |up: u64| START + i64::try_from(up).unwrap_or(0) + if up >= at { by } else { 0 };
        let written = Timestamp::from_millis(wall(150) * 1000);
        silent_for(
            &moment("a", wall(100), 100),
            written,
            &moment("a", wall(450), 450),
        )
        .map(Millis::secs)
    }

    #[test]
    fn a_clock_that_was_set_makes_up_no_silence_and_hides_none() {
        assert_eq!(silent_after_a_jump(0, 120), Some(300));
        for by in [86_400, 3_600, -3_600, -86_400] {
            for at in [120, 200, 449] {
                assert_eq!(silent_after_a_jump(by, at), Some(300), "{by} in {at}");
            }
        }
        // Where the two readings cannot be told apart, the shorter one is said.
        for (by, at) in [(200, 120), (-200, 200), (200, 200), (-40, 120)] {
            let found = silent_after_a_jump(by, at).expect("one of them is possible");
            assert!((100..=300).contains(&found), "{by} in {at}: {found}");
        }
    }

    #[test]
    fn another_boot_and_an_impossible_time_are_no_silence() {
        let (started, now) = (moment("a", START, 100), moment("a", START + 900, 1000));
        let at = |wall: i64| Timestamp::from_millis(wall * 1000);
        assert_eq!(silent_for(&started, at(START - 5000), &now), None);
        assert_eq!(silent_for(&started, at(START + 5000), &now), None);
        assert_eq!(
            silent_for(&started, at(START), &moment("b", START + 900, 1000)),
            None
        );
    }
}
