//! The two rows above every screen and the two below: where one is, how far, what is the case, and
//! which keys do something.

use super::pen::{Bit, Pen, Row, bit, row, width};
use super::{Scene, far, panels};
use crate::engine;
use crate::plan::Item;
use crate::text;
use crate::tui::arming::Missing;
use crate::tui::keymap::{Action, Binding};
use crate::tui::model::{Clocks, Mode, Overlay};
use crate::tui::seen::Screen;
use crate::tui::theme::Role;
use crate::tui::{bindings, controls, errands};
use crate::types::Millis;

/// Draws all four rows and their rules.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let last = pen.rows().saturating_sub(1);
    head(scene, pen);
    far::draw(scene, pen);
    pen.rule(2, &[]);
    pen.rule(last - 2, &[]);
    pen.line(last - 1, &sentence(scene));
    keys(scene, pen, last);
}

/// Row 1: environment, host, service, versions, user, role, clock.
fn head(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let run = &scene.seen.state.run;
    let environment = match &run.environment {
        Some((name, kind)) if kind == "prod" => bit(Role::EnvProd, format!(" {name} ")),
        Some((name, _)) => bit(Role::EnvOther, format!(" {name} ")),
        None => bit(Role::Muted, " NO ENV "),
    };
    let gap = if pen.columns() < 80 { "  " } else { "   " };
    let seen = scene.seen;
    let mut right = Row::new();
    if pen.columns() >= 100 && seen.screen() != Screen::Overview {
        right.push(bit(Role::Muted, format!("plan {}   ", run.plan_digest)));
    }
    let known = seen.controls.filter(|_| seen.yours);
    let login = known.map_or(scene.login, |who| who.login.as_str());
    if pen.columns() >= 80 {
        right.push(bit(Role::Text, format!("{login} ")));
    }
    right.push(match (seen.state.finished.is_some(), seen.yours) {
        (true, _) => bit(Role::Muted, "READING"),
        (false, true) => bit(Role::Driver, "DRIVER"),
        (false, false) => bit(Role::Observer, "OBSERVER"),
    });
    if !seen.observers.is_empty() && seen.yours {
        right.push(bit(
            Role::Muted,
            format!(" +{} looking", seen.observers.len()),
        ));
    }
    right.push(bit(
        Role::Text,
        format!("{gap}{} ", clock(scene, pen.columns())),
    ));
    let room = pen.columns().saturating_sub(width(&right) + 1);
    // Where not all of it fits, the domain is left out first, and then the service.
    let versions = versions(scene);
    let short = run.host.split('.').next().unwrap_or_default();
    let service = format!("{} ", run.service);
    let bare = versions.strip_prefix(service.as_str()).unwrap_or(&versions);
    let left = |host: &str, versions: &str| {
        let host = bit(Role::Strong, format!(" {host}{gap}"));
        [environment.clone(), host, bit(Role::Text, versions)]
    };
    let all = [
        (run.host.as_str(), versions.as_str()),
        (short, &versions),
        (short, bare),
    ];
    let all = all.map(|(host, versions)| left(host, versions));
    let fitting = all.iter().find(|left| width(*left) <= room);
    pen.line_in(0, 0, room, fitting.unwrap_or(&all[2]));
    pen.right(0, &right);
}

/// Seconds while they mean something; the local clock behind it by choice.
fn clock(scene: &Scene<'_>, columns: usize) -> String {
    let (now, zone) = (scene.now.wall, &scene.model.zone);
    let seconds = scene.seen.is_lively(scene.now) && !scene.model.slow_link;
    match (scene.model.clocks, seconds) {
        (Clocks::Utc, true) => now.clock(),
        (Clocks::Utc, false) => now.clock_minutes(),
        (Clocks::Both, true) if columns >= 80 => format!("{} {}", now.clock(), zone.clock(now)),
        // Two clocks with seconds would leave the narrowest screens no room for the versions.
        (Clocks::Both, _) => format!("{} {}", now.clock_minutes(), zone.clock_minutes(now)),
    }
}

/// `mastodon 4.2.10 -> 4.3`, the other way round during a rollback.
fn versions(scene: &Scene<'_>) -> String {
    let run = &scene.seen.state.run;
    let from = run.from_exact.as_ref().map(ToString::to_string);
    let from = from.or_else(|| run.from.as_ref().map(ToString::to_string));
    let to = run.to.as_ref().map(ToString::to_string);
    let (from, to) = match scene.seen.state.rollback {
        Some(_) => (to, from),
        None => (from, to),
    };
    let arrow = scene.theme.glyphs.arrow;
    let service = &run.service;
    match (from, to) {
        (Some(from), Some(to)) => format!("{service} {from} {arrow} {to}"),
        (None, Some(to)) => format!("{service} {arrow} {to}"),
        (Some(from), None) => format!("{service} {from}"),
        (None, None) => service.to_string(),
    }
}

/// The last row but one: one sentence.
fn sentence(scene: &Scene<'_>) -> Row {
    let (seen, model) = (scene.seen, scene.model);
    if let Some(since) = model.silent_since
        && seen.state.finished.is_none()
    {
        return row(
            Role::Danger,
            format!(
                " NOT LIVE since {}: values above are old. q, then: {} ",
                since.clock(),
                seen.attach_command()
            ),
        );
    }
    if let Some(last) = model.hung
        && seen.state.finished.is_none()
    {
        let ago = text::duration(Millis::from_secs(scene.now.wall.since(last).secs()));
        let last = last.clock();
        return row(
            Role::Danger,
            format!(" NOT LIVE: last word from the supervisor {last} ({ago} ago). Values are old."),
        );
    }
    if let (Some(field), Mode::Search) = (&model.search, model.mode(seen)) {
        let typed = text::clean(&field.text);
        return vec![bit(Role::Key, " /"), bit(Role::Input, typed)];
    }
    let missing = model.missing_here(seen, scene.now.up);
    let sentence = |missing: Missing| row(Role::Muted, format!(" {}", missing.sentence()));
    if let Some(missing) = missing.filter(|missing| missing.drops_all()) {
        // Whoever presses a key in vain shall see why; what was said is still true in a moment.
        return sentence(missing);
    }
    if let Some(said) = &model.said {
        return row(Role::Warn, format!(" {said}"));
    }
    if model.sent {
        return row(Role::Muted, " Your answer is on its way.");
    }
    let mode = model.mode(seen);
    if let Some(missing) = missing {
        return sentence(missing);
    }
    row(Role::Text, format!(" {}", status(scene, mode)))
}

/// What is the case on this screen.
fn status(scene: &Scene<'_>, mode: Mode) -> String {
    let seen = scene.seen;
    match mode {
        Mode::Ack | Mode::Phrase | Mode::Text if has_more(scene) => {
            "There is more to read: PgDn shows the next page.".into()
        }
        Mode::Ack => "Nothing goes on until you acknowledge. Enter and Space do nothing.".into(),
        Mode::Phrase => "Type the phrase exactly, then Enter. Nothing goes on until then.".into(),
        Mode::Text if controls::waits(scene.model, seen, scene.now) => {
            "Waiting for their answer. Esc goes back and stops asking.".into()
        }
        // Nobody presses a key when this ends, so it is looked up each time and never remembered.
        Mode::Text if controls::waits(scene.model, seen, scene.now) => {
            "There is nothing to type yet: they have been asked. Esc goes back.".into()
        }
        Mode::Text => "Type, then Enter. An empty line does nothing.".into(),
        Mode::Asked => {
            "Nothing happens to the run, whatever you answer. Enter does nothing.".into()
        }
        Mode::Interrupt => "Nothing has been done. The run is not touched by Ctrl-C.".into(),
        Mode::Reading if seen.screen() == Screen::Running => {
            "The upgrade behind this box goes on. A question closes the box.".into()
        }
        Mode::Reading => "Nothing happens while you read.".into(),
        Mode::Overview if seen.yours => begins(scene).into(),
        Mode::FullLog | Mode::Search | Mode::Small => {
            engine::why(seen.plan, seen.state, scene.now).sentence
        }
        Mode::Overview | Mode::Decide | Mode::Pause if !seen.yours => {
            "It waits for whoever has the controls. You cannot answer from here.".into()
        }
        Mode::Overview | Mode::Decide => {
            if is_narrow(scene) {
                "Waiting for you: choose a letter (capitals act).".into()
            } else {
                "Waiting for you. Enter does nothing here: choose a letter (capitals act).".into()
            }
        }
        Mode::Pause => super::pause::sentence(scene),
        Mode::Running => running(scene),
        Mode::Rollback if seen.open().is_some() => {
            "The rollback waits for you: choose a letter (capitals act).".into()
        }
        Mode::Rollback => super::rollback::sentence(scene),
        Mode::Finished => "Leaving prints a summary into your scrollback.".into(),
    }
}

/// Whether the terminal is narrower than screens are made for, so that sentences are short.
fn is_narrow(scene: &Scene<'_>) -> bool {
    scene.model.size.0 < 80
}

/// Whether the box in front goes on behind its page.
fn has_more(scene: &Scene<'_>) -> bool {
    let page = match &scene.model.overlay {
        Some(Overlay::Text(_, _, page)) => *page,
        Some(_) => return false,
        None => scene.model.consent.page,
    };
    page < super::last_page(scene.model, scene.seen, scene.now)
}

fn begins(scene: &Scene<'_>) -> &'static str {
    let looks = |item: &Item| matches!(item, Item::Phase(p) if p.role.changes_nothing());
    if scene.seen.items().first().is_some_and(looks) {
        if is_narrow(scene) {
            "Nothing has been changed. First, checks only look."
        } else {
            "Nothing has been changed. Starting runs read-only checks first."
        }
    } else {
        "Nothing has been changed. S begins with the first phase."
    }
}

fn running(scene: &Scene<'_>) -> String {
    let seen = scene.seen;
    if let Some(who) = &seen.state.pause_requested {
        return format!("It stops after this step, as {who} asked.");
    }
    if let Some(subject) = errands::wanting(seen) {
        let label = seen.label(subject.step);
        return format!("{label} asks something and waits: H gives it your terminal, to type in.");
    }
    // A pid is for whoever looks for it from another terminal.
    let pid = seen.state.supervisor.filter(|_| scene.model.is_wide());
    let pid = pid.map_or_else(String::new, |pid| format!(" (pid {pid})"));
    match seen.current() {
        Some(step) => format!(
            "{} runs under the supervisor{pid}. Closing this terminal does not stop it.",
            seen.label(step)
        ),
        None => "The run goes on by itself. Closing this terminal does not stop it.".into(),
    }
}

/// The last row: the keys, made from the key map; help and leaving are always there.
fn keys(scene: &Scene<'_>, pen: &mut Pen<'_>, y: usize) {
    let bindings = bindings::bindings(scene.model.mode(scene.seen), scene.seen);
    let shown: Vec<&Binding> = bindings.iter().filter(|b| !b.footer.is_empty()).collect();
    let ends = |binding: &&Binding| matches!(binding.shown.as_str(), "?" | "q" | "F1");
    let (last, first): (Vec<&Binding>, Vec<&Binding>) = shown.into_iter().partition(ends);
    let entry = |binding: &Binding| {
        let words = match &binding.action {
            Action::Choose(choice) => panels::with_box(scene, choice, binding.footer.clone()),
            _ => binding.footer.clone(),
        };
        [
            bit(Role::Key, format!(" {}", binding.shown)),
            bit(Role::Muted, format!(" {words} ")),
        ]
    };
    let tail: Vec<Bit> = last.into_iter().flat_map(entry).collect();
    let room = pen.columns().saturating_sub(width(&tail));
    let mut line: Vec<Bit> = Vec::new();
    for binding in first {
        let next = entry(binding);
        if width(&line) + width(&next) > room {
            break;
        }
        line.extend(next);
    }
    line.extend(tail);
    pen.line(y, &line);
}
