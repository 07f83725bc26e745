//! The dry run as text for a terminal: at most 80 columns but for words that must not be broken.

use super::dry_run::DryRun;
use super::items::{ItemShown, LevelName, PauseShown, PhaseShown};
use super::page::Page;
use super::terminal_step::{guard, step, warnings};
use super::words;

/// The dry run as text of at most 80 columns.
pub fn text(dry_run: &DryRun) -> String {
    let mut page = Page::default();
    head(&mut page, dry_run);
    warnings(&mut page, 0, &dry_run.own_warnings);
    for item in &dry_run.items {
        page.gap();
        match item {
            ItemShown::Phase(of) => phase(&mut page, dry_run, of),
            ItemShown::Pause(of) => pause(&mut page, of),
        }
    }
    page.gap();
    end(&mut page, dry_run);
    environment(&mut page, dry_run);
    if page.broken {
        let remark = "A command broken with \\ is broken for reading. Copy commands from \
                      --plan=markdown.";
        page.gap();
        page.paragraph(0, remark);
    }
    page.finish()
}

/// What it is about.
fn head(page: &mut Page, of: &DryRun) {
    page.field(
        "PLAN",
        &format!("{}   digest {}   schema {}", of.plan, of.digest, of.schema),
    );
    for line in of.title.iter().chain(&of.docs) {
        page.field("", line);
    }
    for (what, text) in &of.provenance {
        page.field("", &format!("{what}: {text}"));
    }
    page.field("TARGET", &words::target(of));
    page.field("VERSIONS", &words::versions(&of.versions));
    let remark = "What is marked * only looks.";
    page.field("DRY RUN", &format!("{} {remark}", words::executed(of)));
}

/// A phase with its steps.
fn phase(page: &mut Page, dry_run: &DryRun, of: &PhaseShown) {
    let is_point = |step: Option<&super::items::StepShown>| {
        step.is_some_and(|step| dry_run.point_of_no_return.as_ref() == Some(&step.id))
    };
    if dry_run.boundary.as_ref() == Some(&of.id) {
        page.rule("-", words::boundary(dry_run));
    }
    let first = is_point(of.steps.first());
    if first {
        page.rule("=", &words::no_return(&of.steps[0].number));
    }
    page.headline(0, &format!("{} {}", of.number, of.name), &of.role);
    page.each(2, "", &of.text);
    warnings(page, 2, &of.warnings);
    for (index, shown) in of.steps.iter().enumerate() {
        if index > 0 && is_point(Some(shown)) {
            page.rule("=", &words::no_return(&shown.number));
        }
        step(page, shown);
    }
}

/// A pause.
fn pause(page: &mut Page, of: &PauseShown) {
    page.headline(0, &format!("{} {}", of.number, of.name), &words::span(of));
    page.each(2, "", &of.text);
    page.each(2, "meanwhile: ", &of.meanwhile);
    for condition in &of.guards {
        page.labelled(2, "ends only if ", &condition.name);
        guard(page, 4, "asks", &condition.guard);
        page.each(4, "remedy: ", &condition.remedy);
    }
    warnings(page, 2, &of.warnings);
}

/// Questions, confirmations, the way back, and the run without a person.
fn end(page: &mut Page, of: &DryRun) {
    page.field("WAY BACK", &words::way_back(of));
    page.field("QUESTIONS", &words::questions(&of.questions));
    let total = of.confirmations.len();
    let listed = of.confirmations.iter().map(|warning| {
        format!(
            "{} {} {}",
            warning.number,
            warning.id,
            words::level(warning.level)
        )
    });
    let listed: Vec<_> = listed.collect();
    let listed = if total == 0 {
        "none".to_owned()
    } else {
        listed.join(", ")
    };
    page.labelled(0, "CONFIRMATIONS  ", &format!("{total}: {listed}"));
    page.words("UNATTENDED     ", &of.unattended.words);
    page.each(15, "needs ", &of.unattended.needs);
    let stops = of.unattended.parks_at.iter();
    let stops: Vec<_> = stops.map(|question| words::stop(of, question)).collect();
    if stops.is_empty() {
        page.paragraph(15, "It runs to its end unless something fails.");
    } else {
        let stops = stops.join(", ");
        page.paragraph(15, &format!("It still stops, and exits 4, at: {stops}."));
    }
    if of
        .confirmations
        .iter()
        .any(|warning| warning.level == LevelName::Note)
    {
        page.paragraph(15, "Notes are shown and need no --accept.");
    }
    page.field("LOGS", &words::logs(of));
    page.field("SILENCE", &words::silence(of));
}

/// Variables, and what every command sees.
fn environment(page: &mut Page, of: &DryRun) {
    page.gap();
    if !of.variables.is_empty() {
        page.line("VARIABLES");
        for variable in &of.variables {
            page.paragraph(2, &words::variable(variable));
        }
    }
    page.field("SHELL", &words::command_line(&of.shell));
    page.line("ENVIRONMENT of every command (steps say what differs)");
    for (name, value) in &of.environment_of_commands {
        page.labelled(2, &format!("{name}="), value);
    }
    page.paragraph(2, words::OF_ITS_OWN);
}
