//! A step's command to the letter: its words, its terminal, and all that it sees.

use super::{Scene, panels};
use crate::plan::{Kind, Step};
use crate::types::{CommandSpec, EnvValue, TerminalOf};

/// Label and text of each, for the box that shows a step in full.
pub(super) fn exact(
    scene: &Scene<'_>,
    step: &Step,
    spec: &CommandSpec,
) -> Vec<(&'static str, String)> {
    let words = match (&step.kind, spec.argv.split_last()) {
        (Kind::Run(_), Some((_, shell))) => format!("{} TEXT, the text above", joined(shell)),
        (Kind::Run(_) | Kind::Argv(_) | Kind::Check(_) | Kind::Manual(_), _) => joined(&spec.argv),
    };
    let mut facts = vec![("started as", words)];
    match spec.terminal {
        Some(TerminalOf::Own) => facts.push(("terminal", "one of its own".to_owned())),
        Some(TerminalOf::Admin) => facts.push(("terminal", "yours, to type in".to_owned())),
        None => {}
    }
    facts.push(("sees", environment(scene, step, spec)));
    facts
}

fn joined(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| panels::quoted(word)).collect();
    words.join(" ")
}

/// The whole environment, one variable a line, secrets as `***`.
fn environment(scene: &Scene<'_>, step: &Step, spec: &CommandSpec) -> String {
    let shown = |(name, value): (&String, &EnvValue)| match value {
        EnvValue::Plain(value) => format!("{name}={}", panels::quoted(value)),
        EnvValue::Secret(_) => format!("{name}=***"),
    };
    let of_user = ["HOME", "USER", "LOGNAME", "SHELL"];
    let theirs = |name: &str| spec.user.is_some() && of_user.contains(&name);
    let mut lines: Vec<String> = spec
        .env
        .iter()
        .filter(|(name, _)| !theirs(name))
        .map(shown)
        .collect();
    if let Some(user) = &spec.user {
        lines.push(format!("{} are those of {user}", of_user.join(", ")));
    }
    let latest = scene
        .seen
        .record(&step.id)
        .and_then(|record| record.latest());
    if let Some(attempt) = latest {
        // The mark by which everything that it starts is known again.
        let dir = scene.seen.state.run.run_dir.display().to_string();
        let mark = panels::quoted(&format!("{dir}/{}", attempt.number));
        lines.push(format!("UPWALK_ATTEMPT={mark}"));
    }
    lines.join("\n")
}
