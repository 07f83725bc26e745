//! The dry run as a runbook: a procedure that can be read, reviewed and, without upwalk, followed
//! by hand. Commands are whole, each in a fenced block.

use super::dry_run::DryRun;
use super::fence::Runbook;
use super::items::{
    CommandShown, GuardShown, ItemShown, PauseShown, PhaseShown, StepShown, WarningShown,
};
use super::words;
use crate::engine::Back;
use std::collections::BTreeMap;

/// The dry run as a runbook in Markdown, to paste into a ticket.
pub fn markdown(of: &DryRun) -> String {
    let mut book = Runbook::default();
    head(&mut book, of);
    before(&mut book, of);
    book.heading(2, "Procedure");
    for item in &of.items {
        match item {
            ItemShown::Phase(shown) => phase(&mut book, of, shown),
            ItemShown::Pause(shown) => pause(&mut book, shown),
        }
    }
    after(&mut book, of);
    book.finish()
}

/// What it is about.
fn head(book: &mut Runbook, of: &DryRun) {
    let title = of
        .title
        .clone()
        .unwrap_or_else(|| format!("{} of {}", of.direction, of.service));
    book.heading(1, &title);
    book.item("Plan", &format!("{}, digest {}", of.plan, of.digest));
    book.item("Target", &words::target(of));
    book.item("Versions", &words::versions(&of.versions));
    book.items("Upstream procedure", &of.docs);
    for (what, text) in &of.provenance {
        book.item(what, text);
    }
    book.item("Dry run", words::executed(of));
    book.item("Downtime", "not declared");
    book.item("Questions", &words::questions(&of.questions));
}

/// Preflight, variables, environment.
fn before(book: &mut Runbook, of: &DryRun) {
    book.heading(2, "Preflight");
    let phases = of.items.iter().filter_map(|item| match item {
        ItemShown::Phase(phase) if phase.role == "preflight" => Some(phase),
        ItemShown::Phase(_) | ItemShown::Pause(_) => None,
    });
    let listed: Vec<_> = phases
        .map(|phase| format!("{} {}", phase.number, phase.name))
        .collect();
    if listed.is_empty() {
        book.paragraph("The plan has no preflight phase.");
    } else {
        let listed = listed.join(", ");
        book.paragraph(&format!(
            "{listed}: only looks. All its checks run even when one fails, and nothing is \
             changed before they hold."
        ));
    }
    if let Some(detect) = &of.versions.detect {
        book.paragraph("When a run starts, this prints the installed version:");
        book.fence("sh", detect);
    }
    if !of.variables.is_empty() {
        book.paragraph("Variables:");
        let lines: Vec<_> = of.variables.iter().map(words::variable).collect();
        book.fence("text", &lines.join("\n"));
    }
    book.paragraph("Every command sees this environment; steps say what differs:");
    let lines = of
        .environment_of_commands
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    book.fence("text", &lines.collect::<Vec<_>>().join("\n"));
    book.paragraph(words::OF_ITS_OWN);
    book.paragraph("Shell texts are the last argument of:");
    book.fence("text", &words::command_line(&of.shell));
    warnings(book, &of.own_warnings);
}

/// A phase with its steps.
fn phase(book: &mut Runbook, dry_run: &DryRun, of: &PhaseShown) {
    if dry_run.boundary.as_ref() == Some(&of.id) {
        book.rule(words::boundary(dry_run));
    }
    book.heading(3, &format!("{} {} ({})", of.number, of.name, of.role));
    book.quotes(&of.text);
    warnings(book, &of.warnings);
    for shown in &of.steps {
        if dry_run.point_of_no_return.as_ref() == Some(&shown.id) {
            book.rule(&words::no_return(&shown.number));
        }
        step(book, shown);
    }
}

/// A pause.
fn pause(book: &mut Runbook, of: &PauseShown) {
    book.heading(
        3,
        &format!("{} {} ({})", of.number, of.name, words::span(of)),
    );
    book.quotes(&of.text);
    book.items("Meanwhile", &of.meanwhile);
    for condition in &of.guards {
        book.item("Ends only if", &condition.name);
        guard(book, "Asked", &condition.guard, None);
        book.items("Where it does not hold", &condition.remedy);
    }
    warnings(book, &of.warnings);
}

/// A step.
fn step(book: &mut Runbook, of: &StepShown) {
    book.heading(4, &format!("{} {}", of.number, of.name));
    book.item("Id", &format!("{}, line {} of the plan", of.id, of.line));
    book.quotes(&of.text);
    warnings(book, &of.warnings);
    if let Some(manual) = &of.manual {
        book.item("By hand", manual);
    }
    if let Some(command) = &of.command {
        book.paragraph(&format!("Runs {}:", words::place(command)));
        book.fence("sh", &words::command(command));
        env(book, command);
    }
    let own = of.command.as_ref().map(|command| &command.env_changed);
    for (label, asked) in [
        ("Must hold", &of.check),
        ("Only if", &of.only_if),
        ("Already done if", &of.unless),
        ("Verified by", &of.verify),
    ] {
        if let Some(asked) = asked {
            guard(book, label, asked, own);
        }
    }
    book.items("Terminal", &words::terminal(of));
    if let Some(pending) = &of.pending {
        book.paragraph("What is left to do is counted before, while and after it runs:");
        book.fence("sh", &words::command(pending));
    }
    book.items("Rerun", &words::step_facts(of));
    book.items("Retries", &words::failing(of));
    back(book, of);
    book.items("If it fails", &of.remedy);
}

/// How a step is taken back.
fn back(book: &mut Runbook, of: &StepShown) {
    book.item("Rollback", &words::back(&of.back));
    let own = of.command.as_ref().map(|command| &command.env_changed);
    if let (Some(command), Back::Undo) = (&of.back.command, of.back.kind) {
        book.paragraph(&format!("Its undo runs {}:", words::place(command)));
        book.fence("sh", &words::command(command));
        if own != Some(&command.env_changed) {
            env(book, command);
        }
    }
    for (label, asked) in [
        ("Taken back only if", &of.back.applies),
        ("Taken back when", &of.back.verify),
    ] {
        if let Some(asked) = asked {
            guard(book, label, asked, own);
        }
    }
}

/// A guard with its command. Its environment is said where it is not that of its step.
fn guard(book: &mut Runbook, label: &str, of: &GuardShown, own: Option<&BTreeMap<String, String>>) {
    book.item(label, &words::holds(of));
    if let Some(command) = &of.command {
        book.paragraph(&format!("Asked {}:", words::place(command)));
    }
    let language = if of.command.is_some() { "sh" } else { "text" };
    book.fence(language, &of.asks);
    if let Some(command) = &of.command
        && own != Some(&command.env_changed)
    {
        env(book, command);
    }
}

/// How a command's environment differs.
fn env(book: &mut Runbook, of: &CommandShown) {
    let changed = of
        .env_changed
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let unset = of.env_unset.iter().map(|name| format!("{name} is not set"));
    let lines: Vec<_> = changed.chain(unset).collect();
    if !lines.is_empty() {
        book.paragraph("with this environment beside the common one:");
        book.fence("text", &lines.join("\n"));
    }
}

/// Warnings with their digests and what has to be typed.
fn warnings(book: &mut Runbook, all: &[WarningShown]) {
    for of in all {
        let head = format!("Warning {} ({})", of.number, words::level(of.level));
        book.item(&head, &format!("{}:{}", of.id, of.digest));
        book.quotes([&of.text]);
        if let Some(asked) = &of.only_if {
            guard(book, "Shown only if", asked, None);
        }
        for fact in &of.facts {
            let found = match (&fact.value, &fact.unknown) {
                (Some(value), _) => format!("{} = {value}", fact.name),
                (None, Some(why)) => format!("{} is unknown: {why}", fact.name),
                (None, None) => format!("{} (measured when it is shown)", fact.name),
            };
            book.item("Fact", &found);
            book.fence("sh", fact.command.as_deref().unwrap_or_default());
        }
        if let Some(phrase) = &of.phrase {
            book.paragraph("To type:");
            book.fence("text", phrase);
        }
    }
}

/// The way back, reruns, logs and the run without a person.
fn after(book: &mut Runbook, of: &DryRun) {
    book.heading(2, "Rollback");
    book.paragraph(&words::way_back(of));
    if let Some(id) = &of.point_of_no_return {
        let number = words::number_of(of, id);
        book.paragraph(&format!("{}.", words::no_return(&number)));
    }
    book.heading(2, "Running it again");
    book.paragraph(
        "A run that is interrupted goes on where it was: the same command attaches to it. A \
         command whose outcome nobody knows is run again only where its step says so; a step that \
         has ended well is not run again.",
    );
    book.heading(2, "Confirmations");
    if of.confirmations.is_empty() {
        book.paragraph("None.");
    }
    for warning in &of.confirmations {
        let before = warning.before.as_ref();
        let before = before.map_or("the run".to_owned(), |id| words::number_of(of, id));
        let level = words::level(warning.level);
        let text = format!(
            "{}:{} ({level}) before {before}",
            warning.id, warning.digest
        );
        book.item(&warning.number, &text);
    }
    book.heading(2, "Without a person");
    book.fence("sh", &of.unattended.words.join(" \\\n  "));
    book.items("Needs", &of.unattended.needs);
    for question in &of.unattended.parks_at {
        book.item("Still stops at", &words::stop(of, question));
    }
    book.heading(2, "Logs");
    book.paragraph(&words::logs(of));
    book.paragraph(&words::silence(of));
}
