//! When a person is called, and what the terminal's title says. Pure; `run` does it.
//!
//! A person is called once for each thing that begins to need one: a question, a pause that may be
//! left, a supervisor that is gone. Not for what was there already when the screen came up (whoever
//! attached sees it), not for a step that ended well, and not for an end in order.

use super::seen::Seen;
use crate::engine;
use crate::journal::{Question, RunResult};
use crate::types::{Moment, Notify, Seq};

/// What needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// An answer to this question.
    Answer(Seq),
    /// Another supervisor.
    Supervisor,
}

/// What has been said so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alerts {
    /// It has been looked at the run before.
    looked: bool,
    /// What needed a person then.
    need: Option<Need>,
    title: Option<String>,
}

/// What is to be said now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Alert {
    /// The title, where it is another.
    pub(crate) title: Option<String>,
    /// Why a person is needed, where that is new: `FAILED 3.1 mastodon@web01`.
    pub(crate) call: Option<String>,
}

impl Alerts {
    /// Looks at the run.
    pub(crate) fn look(&mut self, seen: &Seen<'_>, now: &Moment) -> Alert {
        let need = need(seen, now);
        let before = std::mem::replace(&mut self.need, need);
        let fresh = std::mem::replace(&mut self.looked, true) && need.is_some() && before != need;
        let title = title(seen, now);
        let same = self.title.as_ref() == Some(&title);
        if !same {
            self.title = Some(title.clone());
        }
        Alert {
            call: fresh.then(|| title.clone()),
            title: (!same).then_some(title),
        }
    }

    /// Somebody else may have set the title.
    pub(crate) fn untitled(&mut self) {
        self.title = None;
    }
}

/// What needs a person now. Nobody is needed where nothing has begun, and at a pause that may not be
/// left yet.
fn need(seen: &Seen<'_>, now: &Moment) -> Option<Need> {
    if seen.state.finished.is_some() {
        return None;
    }
    if seen.gone {
        return Some(Need::Supervisor);
    }
    let open = seen.open()?;
    let begun = open.question != Question::Start;
    (begun && seen.locked_until(now).is_none()).then_some(Need::Answer(open.first))
}

/// `FAILED 3.1 mastodon@web01`, without control characters.
fn title(seen: &Seen<'_>, now: &Moment) -> String {
    let run = &seen.state.run;
    let place = engine::position(seen.plan, seen.state);
    let at = place.step.or(place.item).map(|id| seen.label(&id));
    let asked = seen.asked_about().map(|id| seen.label(id));
    let running = seen.current().map(|id| seen.label(id));
    let (word, at) = match (&seen.state.finished, seen.open().map(|open| &open.question)) {
        (Some(finished), _) => (ended(&finished.result), None),
        (None, _) if seen.gone => ("NOT LIVE", None),
        (None, Some(Question::Start)) => ("NOT STARTED", None),
        (
            None,
            Some(
                Question::Failed { .. }
                | Question::Blocked { .. }
                | Question::UndoFailed { .. }
                | Question::WrongVersion { .. },
            ),
        ) => ("FAILED", asked),
        (None, Some(_)) if seen.locked_until(now).is_some() => ("PAUSED", asked),
        (None, Some(_)) => ("ASKS", asked),
        (None, None) if seen.state.rollback.is_some() => ("ROLLING BACK", running),
        (None, None) => ("RUNNING", running.or(at)),
    };
    let at = at.map_or_else(String::new, |at| format!(" {at}"));
    let text = format!("{word}{at} {}@{}", run.service, run.host);
    text.chars().filter(|c| !c.is_control()).collect()
}

fn ended(result: &RunResult) -> &'static str {
    match result {
        RunResult::Done => "FINISHED",
        RunResult::RolledBack => "ROLLED BACK",
        RunResult::Stopped { .. } => "STOPPED",
        RunResult::NeverStarted => "NEVER STARTED",
        RunResult::Lost => "ENDED",
    }
}

/// What calls a person at this terminal, as bytes: the bell, and a message where one is configured.
/// The text must not hold control characters.
pub(crate) fn call(notify: &Notify, text: &str) -> String {
    let bell = "\x07";
    match notify {
        Notify::None => String::new(),
        Notify::Bel | Notify::Command(_) => bell.to_owned(),
        Notify::Osc9 => format!("{bell}\x1b]9;upwalk: {text}\x1b\\"),
        Notify::Osc777 => {
            // Semicolons part its fields.
            let text = text.replace(';', ",");
            format!("{bell}\x1b]777;notify;upwalk;{text}\x1b\\")
        }
        Notify::Osc99 => format!("{bell}\x1b]99;;upwalk: {text}\x1b\\"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::{PLAN, Run, asks};

    #[test]
    fn a_person_is_called_once_for_each_thing_that_needs_one() {
        let run = Run::of(PLAN);
        let mut alerts = Alerts::default();
        let first = alerts.look(&run.seen(), &run.now);
        assert_eq!(first.call, None, "nothing has begun");
        assert!(
            first
                .title
                .is_some_and(|title| title.starts_with("NOT STARTED mastodon@"))
        );
        let run = run.until(asks(|question| {
            matches!(question, Question::Confirm { .. })
        }));
        let calls: Vec<String> = (0..3)
            .filter_map(|_| alerts.look(&run.seen(), &run.now).call)
            .collect();
        assert_eq!(calls.len(), 1, "{calls:?}");
        assert!(calls[0].starts_with("ASKS "), "{calls:?}");
        let again = Alerts::default().look(&run.seen(), &run.now);
        assert_eq!(again.call, None, "whoever attaches sees it");
        assert!(again.title.is_some());
        assert_eq!(alerts.look(&run.seen(), &run.now), Alert::default());
        alerts.untitled();
        assert!(alerts.look(&run.seen(), &run.now).title.is_some());
    }

    #[test]
    fn each_way_of_calling_has_its_bytes() {
        assert_eq!(call(&Notify::None, "x"), "");
        assert_eq!(call(&Notify::Bel, "x"), "\x07");
        assert_eq!(call(&Notify::Command(vec!["a".into()]), "x"), "\x07");
        assert_eq!(call(&Notify::Osc9, "x"), "\x07\x1b]9;upwalk: x\x1b\\");
        assert_eq!(
            call(&Notify::Osc777, "a;b"),
            "\x07\x1b]777;notify;upwalk;a,b\x1b\\"
        );
        assert_eq!(call(&Notify::Osc99, "x"), "\x07\x1b]99;;upwalk: x\x1b\\");
    }
}
