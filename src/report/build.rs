//! The dry run from a plan and a hypothetical run: fills the data that all three forms show.

use super::build_step::Builder;
use super::command::Base;
use super::dry_run::{
    Confirmation, DryRun, EnvironmentName, FromSource, QuestionKind, Questions, Unattended,
    VariableShown, VersionsShown,
};
use super::items::{FactShown, ItemShown, LevelName, WarningShown};
use super::{Evaluated, SCHEMA, pretend, quote};
use crate::engine::{self, Scope};
use crate::journal::{RunStarted, StepMode};
use crate::plan::{Plan, Var, VarSource};
use crate::types::StepId;
use std::collections::BTreeMap;

/// What the run that `run` describes would do. `from` says where its version was taken from;
/// `evaluated` is what the read-only commands said (`--evaluate`).
pub fn dry_run(
    plan: &Plan,
    run: &RunStarted,
    from: FromSource,
    evaluated: Option<&Evaluated>,
) -> DryRun {
    let run = &without_secrets(plan, run);
    let state = pretend::hypothetical(run);
    let scope = Scope::of(plan, &state);
    let base = Base::of(&scope);
    let walk = engine::walk_of(plan, &state);
    let mut builder = Builder::new(plan, &state, &base, evaluated);
    let own_warnings = builder.own_warnings();
    let items: Vec<_> = walk
        .iter()
        .flat_map(|walk| &walk.items)
        .enumerate()
        .map(|(index, item)| builder.item(index + 1, item))
        .collect();
    let confirmations = confirmations(&own_warnings, &items);
    let pretended = pretend::drive(plan, run);
    DryRun {
        schema: SCHEMA,
        plan: run.plan.clone(),
        digest: run.plan_digest.clone(),
        title: plan.title.as_ref().map(|title| scope.text(title)),
        docs: plan.docs.clone(),
        provenance: provenance(plan, &scope),
        service: run.service.clone(),
        direction: run.direction.clone(),
        host: run.host.clone(),
        environment: run
            .environment
            .clone()
            .map(|(name, kind)| EnvironmentName { name, kind }),
        versions: versions(plan, run, from, evaluated),
        evaluated: evaluated.is_some(),
        variables: plan.vars.iter().map(|var| variable(var, run)).collect(),
        unattended: unattended(plan, run, from, &confirmations, &pretended.questions),
        environment_of_commands: base.env,
        shell: base.shell,
        silence_ms: engine::remarked_from(plan).0,
        own_warnings,
        items,
        boundary: walk
            .and_then(engine::boundary)
            .map(|(phase, _)| phase.id.clone()),
        point_of_no_return: walk
            .and_then(engine::point_of_no_return)
            .map(|s| s.id.clone()),
        way_back: pretended.way_back,
        questions: pretended.questions,
        confirmations,
        run: run.run.clone(),
        run_dir: run.run_dir.display().to_string(),
    }
}

/// The run without the values of secrets, which the caller should have left out.
fn without_secrets(plan: &Plan, run: &RunStarted) -> RunStarted {
    let mut run = run.clone();
    for var in plan.vars.iter().filter(|var| var.secret) {
        if let Some(settled) = run.vars.get_mut(&var.name) {
            settled.value = None;
        }
    }
    run
}

/// Where the plan comes from, as far as it says.
fn provenance(plan: &Plan, scope: &Scope<'_>) -> BTreeMap<String, String> {
    let Some(from) = &plan.provenance else {
        return BTreeMap::new();
    };
    let known = [
        (
            "source",
            from.source.as_ref().map(|source| scope.text(source)),
        ),
        ("checked", from.checked.clone()),
        ("confidence", from.confidence.clone()),
    ];
    let known = known
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), text?)));
    known.collect()
}

/// Where it comes from and goes.
fn versions(
    plan: &Plan,
    run: &RunStarted,
    from_source: FromSource,
    evaluated: Option<&Evaluated>,
) -> VersionsShown {
    let rules = plan.version.as_ref();
    let detect = rules.and_then(|rules| rules.detect.clone());
    let said = evaluated.and_then(|evaluated| evaluated.detected.clone());
    let detected = said.map(|said| {
        let (value, unknown) = match said {
            Ok(value) => (Some(value), None),
            Err(why) => (None, Some(why)),
        };
        FactShown {
            name: "detect".to_owned(),
            command: detect.clone(),
            value,
            unknown,
        }
    });
    VersionsShown {
        from: run.from_exact.as_ref().map(ToString::to_string),
        from_series: run.from.as_ref().map(ToString::to_string),
        from_source,
        serves: rules.and_then(|rules| Some(rules.from.as_ref()?.as_str().to_owned())),
        to: run.to.as_ref().map(ToString::to_string),
        detect,
        detected,
    }
}

/// A settled variable.
fn variable(var: &Var, run: &RunStarted) -> VariableShown {
    let settled = run.vars.get(&var.name);
    VariableShown {
        name: var.name.clone(),
        value: settled
            .and_then(|settled| settled.value.clone())
            .filter(|_| !var.secret),
        secret: var.secret,
        from: settled.map_or_else(|| "unset".to_owned(), |settled| settled.from.clone()),
        help: var.help.clone(),
    }
}

/// Every warning in one list, in the order they come up.
fn confirmations(own: &[WarningShown], items: &[ItemShown]) -> Vec<Confirmation> {
    let mut found = Vec::new();
    let mut add = |warnings: &[WarningShown], before: Option<&StepId>| {
        found.extend(warnings.iter().map(|warning| Confirmation {
            number: warning.number.clone(),
            id: warning.id.clone(),
            level: warning.level,
            digest: warning.digest.clone(),
            phrase: warning.phrase.clone(),
            before: before.cloned(),
        }));
    };
    add(own, None);
    for item in items {
        match item {
            ItemShown::Phase(phase) => {
                add(&phase.warnings, Some(&phase.id));
                for step in &phase.steps {
                    add(&step.warnings, Some(&step.id));
                }
            }
            ItemShown::Pause(pause) => add(&pause.warnings, Some(&pause.id)),
        }
    }
    found
}

/// The run without a person: its command line, what that cannot carry, and where it stops.
fn unattended(
    plan: &Plan,
    run: &RunStarted,
    from: FromSource,
    confirmations: &[Confirmation],
    questions: &Questions,
) -> Unattended {
    let mut words = vec!["upwalk".to_owned(), run.direction.clone(), quote(&run.plan)];
    let mut add = |flag: &str, value: &str| words.push(format!("{flag} {}", quote(value)));
    add("--ui", "none");
    add("--digest", run.plan_digest.as_str());
    if let (FromSource::Flag, Some(version)) = (from, &run.from_exact) {
        add("--from", version.as_str());
    }
    let usual = plan.version.as_ref().and_then(|rules| rules.to.as_ref());
    if let Some(to) = run.to.as_ref().filter(|to| Some(*to) != usual) {
        add("--to", to.as_str());
    }
    let mut needs = Vec::new();
    for var in &plan.vars {
        let Some(settled) = run.vars.get(&var.name) else {
            continue;
        };
        match (settled.from.as_str(), &settled.value) {
            ("set" | "file", Some(value)) => add("--set", &format!("{}={value}", var.name)),
            ("file", None) => needs.push(format!("--vars FILE with the secret {}", var.name)),
            ("env", _) => needs.push(in_environment(var)),
            (_, _) => {}
        }
    }
    if run.step_mode == StepMode::Stepping {
        words.push("--step".to_owned());
    }
    for warning in confirmations
        .iter()
        .filter(|warning| warning.level != LevelName::Note)
    {
        words.push(format!(
            "--accept {}",
            quote(&format!("{}:{}", warning.id, warning.digest))
        ));
    }
    let parks = questions
        .list
        .iter()
        .filter(|question| match question.kind {
            QuestionKind::Start | QuestionKind::Ack | QuestionKind::Type => false,
            QuestionKind::NextStep
            | QuestionKind::Manual
            | QuestionKind::Pause
            | QuestionKind::Boundary
            | QuestionKind::Trouble => true,
        });
    Unattended {
        words,
        needs,
        parks_at: parks.cloned().collect(),
    }
}

/// A variable that comes from the environment of `up`.
fn in_environment(var: &Var) -> String {
    let name = var.sources.iter().find_map(|source| match source {
        VarSource::Env(name) => Some(name.as_str()),
        VarSource::Command(_) | VarSource::Default(_) => None,
    });
    format!(
        "{} in the environment, for the variable {}",
        name.unwrap_or("its value"),
        var.name
    )
}
