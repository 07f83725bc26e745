//! Pieces that several screens show: commands, choices, progress, a step's line.

use super::Scene;
use super::pen::{Row, bit, labelled, row};
use crate::engine::{self, Back, Choice, Scope};
use crate::plan::{Kind, Step, Undo};
use crate::text;
use crate::tui::keymap;
use crate::tui::log::Progress;
use crate::tui::theme::{Mark, Role, Theme};
use crate::types::{CommandSpec, Millis, StepId};

/// What a step does, in one line as the plan writes it.
pub(super) fn what_runs(scene: &Scene<'_>, step: &Step) -> String {
    match &step.kind {
        Kind::Run(text) => first_line(text),
        Kind::Argv(argv) => {
            let scope = Scope::at(scene.seen.plan, scene.seen.state, &step.id);
            let words: Vec<String> = argv.iter().map(|word| quoted(&scope.text(word))).collect();
            words.join(" ")
        }
        Kind::Check(polled) => first_line(&polled.guard.source),
        Kind::Manual(_) => "you do this by hand".to_owned(),
    }
}

/// The first line of a text that says anything, marked where there are more.
pub(super) fn first_line(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default().trim();
    match lines.next() {
        Some(_) => format!("{first} ..."),
        None => first.to_owned(),
    }
}

/// A word of a command as a shell would want it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The command's text in full: a shell text as the plan writes it, else its words.
pub(super) fn command_text(scene: &Scene<'_>, step: &Step, undo: bool) -> Option<String> {
    let own = |kind: &Kind| match kind {
        Kind::Run(text) => Some(text.trim_end().to_owned()),
        Kind::Argv(_) => Some(what_runs(scene, step)),
        Kind::Check(_) | Kind::Manual(_) => None,
    };
    match (&step.undo, undo) {
        (Undo::Run { text, .. }, true) => Some(text.trim_end().to_owned()),
        (Undo::Again { .. }, true) | (_, false) => own(&step.kind),
        (Undo::Unsaid | Undo::Harmless(_) | Undo::Irreversible(_), true) => None,
    }
}

/// A step's command with user, directory and environment.
pub(super) fn command_of(scene: &Scene<'_>, step: &Step, undo: bool) -> Option<CommandSpec> {
    let scope = Scope::at(scene.seen.plan, scene.seen.state, &step.id);
    if undo {
        engine::undo_command(&scope, step)
    } else {
        engine::step_command(&scope, step)
    }
}

/// `as mastodon, in /opt/mastodon`.
pub(super) fn runs_as(scene: &Scene<'_>, spec: &CommandSpec) -> String {
    format!("as {}, in {}", user(scene, spec), spec.dir.display())
}

/// Whom a command runs as.
pub(super) fn user(scene: &Scene<'_>, spec: &CommandSpec) -> String {
    match &spec.user {
        Some(user) => user.clone(),
        None => match scene.seen.state.run.who.uid {
            0 => "root".to_owned(),
            _ => scene.seen.state.run.who.login.clone(),
        },
    }
}

/// How a step is taken back, in a word for a column and its role.
pub(super) fn back_word(back: Back) -> (&'static str, Role) {
    match back {
        Back::Nothing => ("-", Role::Muted),
        Back::Undo => ("undo", Role::Text),
        Back::Again => ("again", Role::Text),
        Back::Harmless => ("may stay", Role::Muted),
        Back::Unsaid => ("asks you", Role::Warn),
        Back::Never => ("NONE", Role::NoReturn),
    }
}

/// How a step is taken back, in a sentence.
pub(super) fn back_sentence(scene: &Scene<'_>, step: &Step) -> String {
    engine::back_sentence(scene.seen.plan, scene.seen.state, &step.id)
}

/// Something that can be done at a question.
pub(super) struct Offer {
    pub(super) key: char,
    /// Two or three words.
    pub(super) name: String,
    /// One sentence.
    pub(super) does: String,
}

/// The answers to the open question and `more`, one or two lines each: letter, words, what it does.
/// Without an answer there is nothing.
pub(super) fn choices(scene: &Scene<'_>, more: &[Offer], columns: usize) -> Vec<Row> {
    let lettered = keymap::choices(scene.seen);
    if lettered.is_empty() {
        return Vec::new();
    }
    let answers: Vec<Offer> = lettered
        .into_iter()
        .map(|(key, choice)| Offer {
            key,
            name: sentence_case(&with_box(
                scene,
                &choice,
                keymap::label(&choice, scene.seen),
            )),
            does: choice.does,
        })
        .collect();
    let offers = || answers.iter().chain(more);
    let wide = offers().map(|offer| text::width(&offer.name)).max();
    let wide = wide.unwrap_or(0) + 6;
    let mut rows = Vec::new();
    for offer in offers() {
        let name = bit(Role::Strong, format!(" {}  {}", offer.key, offer.name));
        let room = columns.saturating_sub(1);
        rows.extend(labelled(&name, wide, Role::Text, &offer.does, room));
    }
    rows
}

/// The words of a choice, which end in `...` where time alone has it open a box first: a pause that is
/// left before it has lasted long enough.
pub(super) fn with_box(scene: &Scene<'_>, choice: &Choice, words: String) -> String {
    let early = choice.verb == "continue" && scene.seen.locked_until(scene.now).is_some();
    if early && !keymap::opens_box(choice) {
        format!("{words} ...")
    } else {
        words
    }
}

/// A text with its first letter in upper case.
pub(super) fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// A progress bar with its figures.
pub(super) fn bar(theme: &Theme, progress: Progress, columns: usize) -> Row {
    let share = (progress.done / progress.total).clamp(0.0, 1.0);
    let figures = if (progress.total - 100.0).abs() < f64::EPSILON {
        format!(" {:3.0} %", share * 100.0)
    } else {
        format!(
            " {:3.0} %   {} of {}",
            share * 100.0,
            progress.done,
            progress.total
        )
    };
    let room = columns
        .saturating_sub(text::width(&figures) + 4)
        .clamp(1, 60);
    let full = (0..room)
        .filter(|cell| cells(*cell) + 0.5 <= share * cells(room))
        .count();
    vec![
        bit(Role::Text, "   "),
        bit(Role::Running, theme.glyphs.full.repeat(full)),
        bit(Role::Muted, theme.glyphs.empty.repeat(room - full)),
        bit(Role::Text, figures),
    ]
}

/// A small count as a number to calculate with.
fn cells(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// How long a step's latest attempt ran, or runs.
pub(super) fn took(scene: &Scene<'_>, step: &StepId) -> Option<Millis> {
    let record = scene.seen.record(step)?;
    let attempt = record.latest()?;
    let running = matches!(scene.seen.step_mark(step), Mark::Running);
    match (&attempt.end, &attempt.ended) {
        (Some(end), _) => Some(end.took),
        (None, Some(ended)) => Some(ended.since(&attempt.started)),
        (None, None) if running => Some(scene.now.since(&attempt.started)),
        (None, None) => None,
    }
}

/// A rule as a row, with a title in it where there is one.
pub(super) fn rule(theme: &Theme, title: &str, columns: usize) -> Row {
    let glyph = theme.glyphs.rule;
    if title.is_empty() {
        return row(Role::Border, glyph.repeat(columns));
    }
    let rest = columns.saturating_sub(text::width(title) + 4);
    vec![
        bit(Role::Border, glyph.repeat(2)),
        bit(Role::Title, format!(" {title} ")),
        bit(Role::Border, glyph.repeat(rest)),
    ]
}
