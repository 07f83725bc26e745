//! Row 2 of every screen: how far the run is, and who has the controls where it is not this screen.
//! Called by `bars`; it changes nothing.

use super::Scene;
use super::pen::{Pen, Row, bit, row, width};
use crate::engine;
use crate::journal::RunResult;
use crate::text;
use crate::tui::seen::Screen;
use crate::tui::theme::{Mark, Role};
use crate::types::Millis;

/// Row 2: how far the run is.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let seen = scene.seen;
    if !seen.yours && seen.state.finished.is_none() {
        return pen.line(1, &looking_only(scene));
    }
    match seen.screen() {
        Screen::Overview => overview(scene, pen),
        Screen::Finished => finished(scene, pen),
        Screen::Rollback => rolling_back(scene, pen),
        Screen::Running | Screen::Decide | Screen::Pause => strip(scene, pen),
    }
}

fn looking_only(scene: &Scene<'_>) -> Row {
    let seen = scene.seen;
    let who = match (seen.controls, seen.held) {
        (Some(who), Some(held)) => {
            let since = held.since.clock_minutes();
            let last = held.last_key.map(|last| last_key(scene.now.up.since(last)));
            let last = last.unwrap_or_default();
            format!("{who} has the controls since {since}{last}.")
        }
        (Some(who), None) => format!("{who} has the controls."),
        (None, _) => "Nobody has the controls: T takes them.".to_owned(),
    };
    vec![bit(Role::Observer, " LOOKING ONLY. "), bit(Role::Text, who)]
}

/// `, last key 12 s ago`; minutes once nobody counts seconds any more.
fn last_key(ago: Millis) -> String {
    match ago.secs() {
        secs @ ..60 => format!(", last key {secs} s ago"),
        secs @ 60..3600 => format!(", last key {} min ago", secs / 60),
        secs => format!(", last key {} h ago", secs / 3600),
    }
}

fn overview(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let run = &scene.seen.state.run;
    let right = [bit(Role::Asking, "NOT STARTED"), bit(Role::Text, " ")];
    let left = [
        bit(Role::Muted, " plan "),
        bit(Role::Text, file_name(&run.plan)),
        bit(Role::Muted, "   digest "),
        bit(Role::Text, run.plan_digest.to_string()),
    ];
    let room = pen.columns().saturating_sub(width(&right) + 2);
    pen.line_in(1, 0, room, &left);
    pen.right(1, &right);
}

/// The last part of a path.
fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn finished(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let state = scene.seen.state;
    let Some(finished) = &state.finished else {
        return;
    };
    let (role, word) = match &finished.result {
        RunResult::Done => (Role::Ok, "FINISHED"),
        RunResult::RolledBack => (Role::Undone, "ROLLED BACK"),
        RunResult::Stopped { .. } => (Role::Warn, "STOPPED"),
        RunResult::NeverStarted => (Role::Muted, "NEVER STARTED"),
        RunResult::Lost => (Role::Warn, "ENDED, NOBODY KNOWS HOW"),
    };
    let took = text::duration(finished.at.since(&state.began));
    pen.line(
        1,
        &[
            bit(role, format!(" {word} ")),
            bit(Role::Muted, "   started "),
            bit(Role::Text, state.began.wall.full()),
            bit(Role::Muted, "   ended "),
            bit(Role::Text, finished.at.wall.clock()),
            bit(Role::Muted, "   took "),
            bit(Role::Text, took),
        ],
    );
}

fn rolling_back(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let rollback = scene.seen.state.rollback.as_ref();
    let mut line = row(Role::Undone, " ROLLING BACK ");
    if let Some(rollback) = rollback {
        line.push(bit(Role::Muted, "   by "));
        line.push(bit(Role::Text, rollback.who.login.clone()));
        line.push(bit(Role::Muted, " at "));
        line.push(bit(Role::Text, rollback.at.wall.clock()));
        if let Some(because) = &rollback.because {
            line.push(bit(Role::Muted, "   reason: "));
            line.push(bit(Role::Text, because.clone()));
        }
    }
    pen.line(1, &line);
}

/// The phases with their marks, by name where there is room, else by number; and which step it is.
fn strip(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let seen = scene.seen;
    let right = row(Role::Muted, format!("{} ", step_number(scene)));
    let room = pen.columns().saturating_sub(width(&right) + 2);
    let mut names = Row::new();
    let mut numbers = row(Role::Text, " ");
    for (at, item) in seen.items().iter().enumerate() {
        let mark = seen.item_mark(item);
        let symbol = bit(mark.role(), scene.theme.glyphs.symbol(mark));
        let name_role = match mark {
            Mark::Pending => Role::Muted,
            _ => Role::Text,
        };
        names.push(bit(Role::Text, " "));
        names.push(symbol.clone());
        names.push(bit(name_role, format!(" {} ", seen.text(item.name()))));
        numbers.push(bit(Role::Muted, (at + 1).to_string()));
        numbers.push(symbol);
        numbers.push(bit(Role::Text, " "));
    }
    if width(&names) <= room {
        pen.line_in(1, 0, room, &names);
    } else {
        numbers.extend(phase(scene, room.saturating_sub(width(&numbers))));
        pen.line_in(1, 0, room, &numbers);
    }
    pen.right(1, &right);
}

/// So many columns of a name say something.
const SOME_OF_A_NAME: usize = 10;

/// `phase 3 of 7: Pre-migrate`, shorter where that does not fit.
fn phase(scene: &Scene<'_>, room: usize) -> Row {
    let seen = scene.seen;
    let place = engine::position(seen.plan, seen.state);
    let Some(item) = &place.item else {
        return Row::new();
    };
    let (at, all) = (place.item_number, seen.items().len());
    let said = |what: String| vec![bit(Role::Muted, what), bit(Role::Text, seen.name(item))];
    let bare = row(Role::Muted, format!("  phase {at}/{all}"));
    let all_forms = [
        said(format!("  phase {at} of {all}: ")),
        said(format!("  phase {at}/{all}: ")),
    ];
    let fits = |row: &Row| width(row) <= room;
    // A name may be cut, but not down to nothing.
    match all_forms.into_iter().find(fits) {
        Some(row) => row,
        None if width(&bare) + SOME_OF_A_NAME <= room => said(format!("  phase {at}/{all}: ")),
        None if fits(&bare) => bare,
        None => Row::new(),
    }
}

/// `step 6 of 13` where one is under way, asked about or next; else how many are done.
fn step_number(scene: &Scene<'_>) -> String {
    let seen = scene.seen;
    let next = engine::position(seen.plan, seen.state).step;
    let step = seen.current().or(seen.asked_about()).or(next.as_ref());
    let at = seen.walk().and_then(|walk| {
        let mut steps = walk.steps();
        steps.position(|(_, one)| Some(&one.id) == step)
    });
    let (done, all) = seen.steps_done();
    match at {
        Some(at) => format!("step {} of {all}", at + 1),
        None => format!("{done} of {all} done"),
    }
}
