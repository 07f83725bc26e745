//! A warning as it is read out: what will be lost, the exact command, what was measured, the way
//! back. Pure.

use super::names::Names;
use super::say::full;
use crate::engine::{self, Scope};
use crate::journal::{Fact, Question};
use crate::plan::{Item, Step, Undo};
use crate::text;
use crate::types::StepId;

/// The lines of a warning that waits to be confirmed; none for another question.
pub(super) fn read_out(names: &Names<'_>, question: &Question) -> Vec<String> {
    let Question::Confirm {
        warning,
        before,
        phrase,
        text: words,
        facts,
        remark,
        ..
    } = question
    else {
        return Vec::new();
    };
    let level = match phrase {
        Some(_) => "typed phrase",
        None => "acknowledge",
    };
    let before = before.as_ref();
    let place = before.map_or("the run as a whole".to_owned(), |id| names.place(id));
    let name = names.warning(warning);
    let no_return = if steps(names, before).into_iter().any(is_final) {
        " There is no undo after this."
    } else {
        ""
    };
    let mut lines = vec![format!(
        "upwalk: WARNING {name} ({warning}), level {level}, for {place}.{no_return}"
    )];
    lines.extend(words.lines().map(|line| format!("  {}", text::clean(line))));
    let remark = remark.iter();
    lines.extend(remark.map(|remark| format!("  {}", text::clean(remark))));
    lines.extend(commands(names, before));
    lines.extend(measured(facts));
    lines.extend(ways_back(names, before));
    lines
}

/// The step that a warning stands before, or all steps of its phase.
fn steps<'a>(names: &Names<'a>, before: Option<&StepId>) -> Vec<&'a Step> {
    let Some(before) = before else {
        return Vec::new();
    };
    if let Some(step) = names.find(before) {
        return vec![step];
    }
    let phase = names.items().iter().find_map(|item| match item {
        Item::Phase(phase) if phase.id == *before => Some(phase),
        Item::Phase(_) | Item::Pause(_) => None,
    });
    phase.map_or_else(Vec::new, |phase| phase.steps.iter().collect())
}

/// Whether nothing takes a step back.
fn is_final(step: &Step) -> bool {
    matches!(step.undo, Undo::Irreversible(_))
}

/// The exact command, with user and directory; of a phase, what its steps run.
fn commands(names: &Names<'_>, before: Option<&StepId>) -> Vec<String> {
    let Some(step) = before.and_then(|id| names.find(id)) else {
        let steps = steps(names, before);
        let what = |step: &&Step| {
            let command = names.command(step);
            let command = command.map_or_else(String::new, |command| format!(": {command}"));
            format!("  step {}{command}", names.item(&step.id))
        };
        let head = (!steps.is_empty()).then(|| "  Then these steps follow:".to_owned());
        return head.into_iter().chain(steps.iter().map(what)).collect();
    };
    exact(names, step)
}

/// The whole command of a step, with user and directory; none where it runs nothing.
pub(super) fn exact(names: &Names<'_>, step: &Step) -> Vec<String> {
    let scope = Scope::at(names.plan(), names.state(), &step.id);
    let Some(spec) = engine::step_command(&scope, step) else {
        return Vec::new();
    };
    let run = &names.state().run;
    let user = match &spec.user {
        Some(user) => user.clone(),
        None if run.who.uid == 0 => "root".to_owned(),
        None => run.who.login.clone(),
    };
    let dir = text::clean(&spec.dir.display().to_string());
    let mut lines = vec![format!("  It runs as {user}, in {dir}. Command:")];
    let whole = names.whole_command(step).unwrap_or_default();
    lines.extend(
        whole
            .lines()
            .map(|line| format!("    {}", text::clean(line))),
    );
    lines
}

/// Which facts of a warning are others than before, a sentence each.
pub(super) fn changed(before: &[Fact], question: &Question) -> Vec<String> {
    let Question::Confirm { warning, facts, .. } = question else {
        return Vec::new();
    };
    let others = facts.iter().zip(before).filter(|(now, was)| now != was);
    others
        .map(|(now, was)| {
            let value = |fact: &Fact| match &fact.value {
                Ok(value) => text::clean(value),
                Err(why) => format!("unknown ({})", text::clean(why)),
            };
            let name = text::clean(&now.name);
            let (now, was) = (value(now), value(was));
            format!("{warning}: \"{name}\" has changed to {now}; it was {was}.")
        })
        .collect()
}

/// What was measured.
fn measured(facts: &[Fact]) -> Vec<String> {
    let head = match facts.len() {
        0 => None,
        1 => Some("  1 fact, measured when this was asked:".to_owned()),
        many => Some(format!("  {many} facts, measured when this was asked:")),
    };
    head.into_iter().chain(facts.iter().map(fact)).collect()
}

/// A measured value.
fn fact(fact: &Fact) -> String {
    match &fact.value {
        Ok(value) => format!("    {}: {}", fact.name, text::clean(value)),
        Err(why) => format!("    {}: unknown, {}", fact.name, text::clean(why)),
    }
}

/// How the step is taken back; of a phase, what is not.
fn ways_back(names: &Names<'_>, before: Option<&StepId>) -> Vec<String> {
    let one = before.is_some_and(|id| names.find(id).is_some());
    let told = |step: &&Step| one || is_final(step);
    let steps = steps(names, before).into_iter().filter(told);
    let sentence = |step: &Step| {
        let back = engine::back_sentence(names.plan(), names.state(), &step.id);
        if one {
            full(&format!("  The way back: {}", text::clean(&back)))
        } else {
            let number = names.number(&step.id);
            full(&format!(
                "  The way back of step {number}: {}",
                text::clean(&back)
            ))
        }
    };
    steps.map(sentence).collect()
}
