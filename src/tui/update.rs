//! Messages to looks and orders; pure. What a box takes is in `boxes`.
//!
//! It decides nothing about the run: it hands decisions on, and the engine answers.

use super::errands;
use super::keymap::{self, Action};
use super::log::LogMove;
use super::logs;
use super::model::{Clocks, Consent, Mode, Model, Msg, Order, Overlay, Pane, Purpose};
use super::rows::{Row, every_row, row, rows};
use super::seen::Seen;
use super::typed;
use super::{boxes, controls};
use crate::engine::Choice;
use crate::journal::{Decision, Question, Verdict};
use crate::supervisor::client::Handover;
use crate::types::Moment;

/// Takes one message in; gives what is to be done outside.
pub(crate) fn update(model: &mut Model, seen: &Seen<'_>, msg: Msg, now: &Moment) -> Vec<Order> {
    match msg {
        Msg::Typed(typed) => typed::typed(model, seen, &typed, now),
        Msg::Resized(columns, rows) => {
            model.size = (columns, rows);
            rearm(model, seen);
            vec![Order::Redraw]
        }
        Msg::Returned(said) => {
            model.said = Some(said).filter(|said| !said.is_empty());
            rearm(model, seen);
            vec![Order::Redraw]
        }
        Msg::Resumed => {
            rearm(model, seen);
            vec![Order::Redraw]
        }
        Msg::Shown => {
            model.arming.written(now);
            Vec::new()
        }
        Msg::Drained => {
            model.arming.drained(now.up);
            Vec::new()
        }
        Msg::Alive => {
            model.arming.heard();
            Vec::new()
        }
        Msg::Changed => {
            let orders = changed(model, seen, now);
            errands::began(model, seen, orders)
        }
        Msg::Silent(last) => {
            model.hung = last;
            rearm(model, seen);
            Vec::new()
        }
        Msg::Replied(result) => {
            model.sent = false;
            if let Ok(last) = result {
                return errands::recorded(model, last);
            }
            model.shell = None;
            if let Err(refusal) = result {
                model.said = Some(match refusal.hint {
                    Some(hint) => format!("{} Instead: {hint}", refusal.why),
                    None => refusal.why,
                });
                model.quitting = false;
            }
            Vec::new()
        }
        Msg::Log(mut window) => {
            if let Some(said) = window.said.take() {
                model.said = Some(said);
            }
            model.log = *window;
            Vec::new()
        }
    }
}

/// Whether what is in front asks something, so that stale keys must not reach it.
fn asks(model: &Model, seen: &Seen<'_>) -> bool {
    let question = |open: &crate::journal::Open| open.question != Question::Start;
    matches!(model.overlay, Some(Overlay::Text(..) | Overlay::Interrupt))
        || seen.asks_for_controls().is_some()
        || seen.open().is_some_and(question)
}

/// Throws away what has been typed so far, where that could answer something.
pub(super) fn rearm(model: &mut Model, seen: &Seen<'_>) {
    if asks(model, seen) {
        model.arming.again();
    } else {
        model.arming.rest();
    }
}

/// The run's state changed: a new question takes the front, an answered one gives it back.
fn changed(model: &mut Model, seen: &Seen<'_>, now: &Moment) -> Vec<Order> {
    if seen.gone && model.silent_since.is_none() {
        model.silent_since = Some(now.wall);
        if seen.parting.is_some() {
            model.overlay = Some(Overlay::Parting(0));
        }
    }
    if seen.state.finished.is_some() && model.quitting {
        return vec![Order::Leave];
    }
    controls::changed(model, seen, now);
    let question = seen.open().map(|open| open.asked);
    if question == model.question && seen.yours == model.was_yours {
        return Vec::new();
    }
    let first = seen.open().map(|open| open.first);
    let same = first.is_some() && first == model.first_asked && seen.yours == model.was_yours;
    model.question = question;
    model.first_asked = first;
    if same {
        // The same warning with other facts, which the box names: what is typed stays, and keys count
        // again once that has been shown.
        model.said = None;
        rearm(model, seen);
        return Vec::new();
    }
    let fresh = question.is_some() || seen.yours != model.was_yours;
    model.was_yours = seen.yours;
    model.consent = Consent::default();
    if fresh {
        let parting = |overlay: &Overlay| matches!(overlay, Overlay::Parting(_));
        model.overlay = model.overlay.take().filter(parting);
        model.full_log = false;
        model.chosen = None;
        model.search = None;
        model.pane = Pane::Log;
        model.scrolled = 0;
        model.said = None;
    } else if matches!(
        model.overlay,
        Some(Overlay::Text(
            Purpose::Reason { .. } | Purpose::Phrase { .. },
            ..
        ))
    ) {
        model.overlay = None;
        model.said = Some("The question was answered elsewhere; nothing was sent.".into());
    }
    rearm(model, seen);
    if fresh {
        // What just happened stands at the end of the log.
        vec![Order::Log(LogMove::Follow)]
    } else {
        Vec::new()
    }
}

/// What a key means here.
pub(super) fn act(
    model: &mut Model,
    seen: &Seen<'_>,
    mode: Mode,
    action: Action,
    now: &Moment,
) -> Vec<Order> {
    match action {
        Action::Up => go(model, seen, mode, -1, now),
        Action::Down => go(model, seen, mode, 1, now),
        Action::PageUp if logs::moves_log(model, mode) => vec![Order::Log(LogMove::Pages(-1))],
        Action::PageDown if logs::moves_log(model, mode) => vec![Order::Log(LogMove::Pages(1))],
        Action::WheelUp => go(model, seen, mode, -NOTCH, now),
        Action::WheelDown => go(model, seen, mode, NOTCH, now),
        Action::Mouse => logs::switch_mouse(model),
        Action::Clock => {
            model.clocks = match model.clocks {
                Clocks::Utc => Clocks::Both,
                Clocks::Both => Clocks::Utc,
            };
            Vec::new()
        }
        Action::PageUp => go(model, seen, mode, -page(model), now),
        Action::PageDown => go(model, seen, mode, page(model), now),
        Action::First => go(model, seen, mode, i32::MIN, now),
        Action::Last => go(model, seen, mode, i32::MAX, now),
        Action::Log(key) => logs::act(model, seen, mode, key),
        Action::NextPane => {
            next_pane(model, seen);
            Vec::new()
        }
        Action::Open | Action::Command | Action::Warnings | Action::Help => {
            open(model, seen, &action);
            Vec::new()
        }
        Action::Back => boxes::back(model, seen),
        Action::Join => errands::join(model, seen),
        Action::Shell => errands::shell(model, seen),
        Action::Pager => errands::pager(model, seen, mode),
        Action::Copy => errands::copy(model, seen, mode),
        Action::PauseRun => decide(model, seen, Decision::Pause),
        Action::Note if !seen.yours => refuse(model, LOOKING),
        Action::Note => {
            boxes::text(model, seen, Purpose::Note);
            Vec::new()
        }
        Action::Choose(choice) => choose(model, seen, &choice, now),
        Action::Acknowledge => boxes::acknowledge(model, seen, now),
        Action::TakeControls if is_silent(model, seen) => refuse(model, NOT_LIVE),
        Action::TakeControls => controls::take(model, seen, now),
        Action::GiveControls => vec![Order::HandOver(Handover::Give)],
        Action::KeepControls => vec![Order::HandOver(Handover::Keep)],
        Action::Cancel => boxes::offered(model, seen, Decision::Cancel),
        Action::LetGo => boxes::offered(model, seen, Decision::LetGo),
        Action::Leave => leave(model, seen, mode),
    }
}

/// How many lines a notch of the mouse's wheel moves.
const NOTCH: i32 = 3;

/// From the log to the steps, with the cursor on what is under way, and back.
fn next_pane(model: &mut Model, seen: &Seen<'_>) {
    model.pane = match model.pane {
        Pane::Log => Pane::Steps,
        Pane::Steps => Pane::Log,
    };
    let current = seen.current().or(seen.asked_about());
    let here = every_row(seen)
        .iter()
        .position(|row| matches!(row, Row::Item(id) | Row::Step(id) if Some(id) == current));
    model.scrolled = here.filter(|_| model.pane == Pane::Steps).unwrap_or(0);
}

const LOOKING: &str = "You are looking only. T takes the controls.";
const NOT_LIVE: &str = "The supervisor is silent, so nothing can be decided here.";

/// Whether nobody is there to decide anything.
fn is_silent(model: &Model, seen: &Seen<'_>) -> bool {
    seen.gone || model.hung.is_some()
}

pub(super) fn refuse(model: &mut Model, why: &str) -> Vec<Order> {
    model.said = Some(why.to_owned());
    Vec::new()
}

/// Sends a decision, unless this screen may not.
pub(super) fn decide(model: &mut Model, seen: &Seen<'_>, decision: Decision) -> Vec<Order> {
    if is_silent(model, seen) {
        return refuse(model, NOT_LIVE);
    }
    if !seen.yours {
        return refuse(model, LOOKING);
    }
    if model.sent {
        return refuse(model, "Your last answer is still on its way.");
    }
    model.sent = true;
    errands::answered(model, seen, &decision);
    vec![Order::Decide(seen.open().map(|open| open.asked), decision)]
}

/// Answers the open question, after a box where one is needed.
fn choose(model: &mut Model, seen: &Seen<'_>, choice: &Choice, now: &Moment) -> Vec<Order> {
    let early = choice.verb == "continue" && seen.locked_until(now).is_some();
    if (early || keymap::opens_box(choice)) && seen.yours && !is_silent(model, seen) {
        let Some(open) = seen.open() else {
            return Vec::new();
        };
        let at = open.asked;
        let verb = choice.verb;
        let purpose = match boxes::phrase(seen, verb, early) {
            Some(_) => Purpose::Phrase { verb, at, early },
            None => Purpose::Reason { verb, at, early },
        };
        boxes::text(model, seen, purpose);
        return Vec::new();
    }
    match decision(choice.verb, early, None) {
        Some(decision) => decide(model, seen, decision),
        None => Vec::new(),
    }
}

/// The decision of a verb.
pub(super) fn decision(verb: &str, early: bool, because: Option<String>) -> Option<Decision> {
    Some(match verb {
        "start" => Decision::Start,
        "continue" => Decision::Continue { early, because },
        "retry" => Decision::Retry,
        "skip" => Decision::Skip { because: because? },
        "settle done" => Decision::Settle {
            verdict: Verdict::Done,
            because,
        },
        "settle rerun" => Decision::Settle {
            verdict: Verdict::Rerun,
            because,
        },
        "rollback" => Decision::Rollback { because },
        "stop" => Decision::Stop { because },
        _ => return None,
    })
}

/// Leaves the screen; before its start the run is ended with it, so that nothing is left open.
fn leave(model: &mut Model, seen: &Seen<'_>, mode: Mode) -> Vec<Order> {
    let unbegun = mode == Mode::Overview && seen.yours && !is_silent(model, seen);
    if !unbegun {
        return vec![Order::Leave];
    }
    model.quitting = true;
    decide(model, seen, Decision::Stop { because: None })
}

/// Opens something to read.
fn open(model: &mut Model, seen: &Seen<'_>, action: &Action) {
    let mode = model.mode(seen);
    model.overlay = match action {
        Action::Help => Some(Overlay::Help(0)),
        Action::Warnings => Some(Overlay::Warnings(0)),
        Action::Command => errands::shown_step(model, seen).map(|step| Overlay::Detail(step, 0)),
        _ if mode == Mode::Overview => match row(model, seen) {
            Some(Row::Step(step)) => Some(Overlay::Detail(step, 0)),
            Some(Row::Item(pause)) if seen.walk().is_some_and(|w| w.pause(&pause).is_some()) => {
                Some(Overlay::Detail(pause, 0))
            }
            Some(Row::Item(item)) => {
                let closed = model.unfolded.as_ref() != Some(&item);
                model.unfolded = closed.then_some(item);
                None
            }
            None => None,
        },
        _ => {
            model.consent.aside = false;
            rearm(model, seen);
            None
        }
    };
}

/// The rows of a page.
fn page(model: &Model) -> i32 {
    i32::from(model.size.1 / 2).max(1)
}

/// Moves what is in front by so many lines.
fn go(model: &mut Model, seen: &Seen<'_>, mode: Mode, by: i32, now: &Moment) -> Vec<Order> {
    let moved = |from: usize| {
        let amount = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
        if by < 0 {
            from.saturating_sub(amount)
        } else {
            from.saturating_add(amount)
        }
    };
    let log = match by {
        i32::MIN => LogMove::First,
        i32::MAX => LogMove::Follow,
        lines => LogMove::Lines(lines),
    };
    match mode {
        Mode::Overview => {
            let last = rows(model, seen).len().saturating_sub(1);
            model.cursor = moved(model.cursor).min(last);
        }
        Mode::Running if model.pane == Pane::Steps => {
            let last = every_row(seen).len().saturating_sub(1);
            model.scrolled = moved(model.scrolled).min(last);
        }
        Mode::Running | Mode::Rollback | Mode::FullLog => return vec![Order::Log(log)],
        Mode::Decide | Mode::Pause | Mode::Finished => model.scrolled = moved(model.scrolled),
        Mode::Ack | Mode::Phrase | Mode::Text | Mode::Reading => boxes::turn(model, seen, by, now),
        Mode::Interrupt | Mode::Asked | Mode::Small | Mode::Search => {}
    }
    Vec::new()
}
