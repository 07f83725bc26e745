//! Steps, guards and warnings of the dry run's text.

use super::items::{CommandShown, GuardShown, LevelName, StepKind, StepShown, WarningShown};
use super::page::Page;
use super::words;
use crate::engine::Back;

/// A step with all that it runs and asks.
pub(super) fn step(page: &mut Page, of: &StepShown) {
    let tag = match of.kind {
        StepKind::Run | StepKind::Argv if of.read_only => "only looks",
        StepKind::Run | StepKind::Argv => "",
        StepKind::Check => "check *",
        StepKind::Manual => "by hand",
    };
    page.headline(2, &format!("{} {}", of.number, of.name), tag);
    page.each(6, "", &of.text);
    page.each(6, "do: ", &of.manual);
    if let Some(command) = &of.command {
        page.command(6, "$ ", &words::command(command));
        surroundings(page, 6, command);
    }
    if let Some(check) = &of.check {
        page.command(6, "* ", &check.asks);
        page.labelled(8, "holds when: ", &words::holds(check));
        if let Some(command) = &check.command {
            surroundings(page, 6, command);
        }
    }
    for (label, asked) in [
        ("only if", &of.only_if),
        ("done if", &of.unless),
        ("verify", &of.verify),
    ] {
        if let Some(asked) = asked {
            guard(page, 6, label, asked);
            let own = of.command.as_ref().map(|command| &command.env_changed);
            foreign_env(page, asked, own);
        }
    }
    if let Some(terminal) = words::terminal(of) {
        page.paragraph(6, &terminal);
    }
    if let Some(pending) = &of.pending {
        page.command(6, "counts what is left * ", &words::command(pending));
    }
    if let Some(facts) = words::step_facts(of) {
        page.paragraph(6, &facts);
    }
    if let Some(failing) = words::failing(of) {
        page.paragraph(6, &failing);
    }
    back(page, of);
    page.each(6, "if it fails: ", &of.remedy);
    warnings(page, 6, &of.warnings);
}

/// Where a command runs, as whom, with what environment, and for how long.
fn surroundings(page: &mut Page, indent: usize, of: &CommandShown) {
    page.paragraph(indent, &words::place(of));
    env(page, indent, of);
}

/// How a command's environment differs.
fn env(page: &mut Page, indent: usize, of: &CommandShown) {
    for (name, value) in &of.env_changed {
        page.labelled(indent, &format!("env {name}="), value);
    }
    for name in &of.env_unset {
        page.paragraph(indent, &format!("env {name} is not set"));
    }
}

/// The environment of a guard, where it is not that of its step.
fn foreign_env(
    page: &mut Page,
    of: &GuardShown,
    own: Option<&std::collections::BTreeMap<String, String>>,
) {
    if let Some(command) = &of.command
        && own.is_none_or(|own| *own != command.env_changed)
    {
        env(page, 10, command);
    }
}

/// A guard with a label.
pub(super) fn guard(page: &mut Page, indent: usize, label: &str, of: &GuardShown) {
    page.command(indent, &format!("{label} * "), &of.asks);
    page.labelled(indent + 4, "holds when: ", &words::holds(of));
}

/// How a step is taken back.
fn back(page: &mut Page, of: &StepShown) {
    let back = &of.back;
    if back.kind != Back::Nothing {
        page.labelled(6, "back: ", &words::back(back));
    }
    if let (Some(command), Back::Undo) = (&back.command, back.kind) {
        page.command(6, "undo $ ", &words::command(command));
        let own = of.command.as_ref().map(|own| &own.env_changed);
        if own != Some(&command.env_changed) {
            env(page, 10, command);
        }
    }
    for (label, asked) in [("undo if", &back.applies), ("undo verify", &back.verify)] {
        if let Some(asked) = asked {
            guard(page, 6, label, asked);
        }
    }
}

/// Warnings that stand before something.
pub(super) fn warnings(page: &mut Page, indent: usize, all: &[WarningShown]) {
    for of in all {
        let head = format!(
            "{} {}  {}:{}",
            of.number,
            words::level(of.level),
            of.id,
            of.digest
        );
        page.paragraph(indent, &head);
        page.paragraph(indent + 3, &of.text);
        if let Some(asked) = &of.only_if {
            guard(page, indent + 3, "shown only if", asked);
        }
        for fact in &of.facts {
            let command = fact.command.as_deref().unwrap_or_default();
            page.command(indent + 3, &format!("fact {} * ", fact.name), command);
            page.each(indent + 5, "= ", &fact.value);
            page.each(indent + 5, "unknown: ", &fact.unknown);
        }
        match (of.level, &of.phrase) {
            (LevelName::Type, Some(phrase)) => {
                page.labelled(indent + 3, "to type: ", phrase);
            }
            (LevelName::Type | LevelName::Ack | LevelName::Note, _) => {}
        }
    }
}
