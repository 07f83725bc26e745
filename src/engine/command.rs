//! Steps and guards as commands: argv, directory, user and the whole environment.
//!
//! Dry run, run and report all build commands here, so what is shown is what is run
//! (plan-language, "Variables").

use super::Scope;
use crate::plan::{Asked, Guard, Kind, Settings, Step, Template, Undo, Warning};
use crate::types::{Ask, CommandSpec, EnvValue, HttpAsk, Millis};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The time between TERM and KILL for what changes nothing.
const ASK_GRACE: Millis = Millis::from_secs(2);

/// The command of a step's present attempt; none for checks and manual steps.
pub fn step_command(scope: &Scope<'_>, step: &Step) -> Option<CommandSpec> {
    let mut spec = plain_command(scope, step)?;
    spec.terminal = step.terminal;
    if step.terminal.is_some() {
        // The plainest of those that can move their cursor: whose screen it will be, nobody knows.
        let plainest = || EnvValue::Plain("xterm".to_owned());
        spec.env.entry("TERM".to_owned()).or_insert_with(plainest);
    }
    Some(spec)
}

/// The same without its terminal.
fn plain_command(scope: &Scope<'_>, step: &Step) -> Option<CommandSpec> {
    match &step.kind {
        Kind::Run(text) => Some(shell(scope, text, &step.settings)),
        Kind::Argv(argv) => {
            let argv = argv.iter().map(|word| scope.text(word)).collect();
            Some(command(scope, argv, "", &step.settings))
        }
        Kind::Check(_) | Kind::Manual(_) => None,
    }
}

/// What a person's shell sees in the place of a step: all that its command sees, but no program.
pub(super) fn bare_command(scope: &Scope<'_>, step: Option<&Step>) -> CommandSpec {
    let usual = Settings::default();
    let settings = step.map_or(&usual, |step| &step.settings);
    let text = match step.map(|step| &step.kind) {
        Some(Kind::Run(text)) => text.as_str(),
        Some(Kind::Argv(_) | Kind::Check(_) | Kind::Manual(_)) | None => "",
    };
    command(scope, Vec::new(), text, settings)
}

/// The command that takes a step back (an `again` step's is the step's own); none without one.
pub fn undo_command(scope: &Scope<'_>, step: &Step) -> Option<CommandSpec> {
    match &step.undo {
        Undo::Run { text, .. } => Some(shell(scope, text, &step.settings)),
        Undo::Again { .. } => step_command(scope, step),
        Undo::Unsaid | Undo::Harmless(_) | Undo::Irreversible(_) => None,
    }
}

/// A guard as a question to the machine; `settings` are those of the step it belongs to.
pub fn ask_of(scope: &Scope<'_>, guard: &Guard, settings: &Settings) -> Ask {
    match &guard.asked {
        Asked::Command { text, judge } => Ask::Command {
            spec: question(scope, text, settings),
            judge: judge.clone(),
        },
        Asked::Tcp { address, timeout } => Ask::Tcp {
            address: scope.text(address),
            timeout: *timeout,
        },
        Asked::Http(request) => Ask::Http(HttpAsk {
            url: scope.text(&request.url),
            timeout: request.timeout,
            status: request.status.clone(),
            body: request.body.as_ref().map(|pattern| escaped(scope, pattern)),
            header: request.header.clone(),
            version: request
                .version
                .as_ref()
                .map(|pattern| escaped(scope, pattern)),
            version_is: request
                .version
                .as_ref()
                .and(scope.state.run.to.as_ref())
                .map(ToString::to_string),
            ca_file: request.ca_file.clone(),
            insecure: request.insecure,
            redirects: request.redirects,
        }),
    }
}

/// A pattern whose names stand for literal text.
fn escaped(scope: &Scope<'_>, pattern: &Template) -> String {
    pattern.render(&|name| scope.value(name).map(|value| regex_lite::escape(&value)))
}

/// The commands of a warning's facts, by name.
pub fn fact_commands(
    scope: &Scope<'_>,
    warning: &Warning,
    settings: &Settings,
) -> Vec<(String, CommandSpec)> {
    let fact = |(name, text): &(String, String)| (name.clone(), question(scope, text, settings));
    warning.facts.iter().map(fact).collect()
}

/// What counts how much a step has left to do; none where the plan does not say.
pub fn pending_command(scope: &Scope<'_>, step: &Step) -> Option<CommandSpec> {
    let text = step.pending.as_ref()?;
    Some(question(scope, text, &step.settings))
}

/// A read-only shell text of the plan (`detect`, a variable's `command`) as a command.
pub fn shell_command(scope: &Scope<'_>, text: &str) -> CommandSpec {
    question(scope, text, &Settings::default())
}

/// A shell text that changes nothing.
fn question(scope: &Scope<'_>, text: &str, settings: &Settings) -> CommandSpec {
    let spec = shell(scope, text, settings);
    CommandSpec {
        timeout: Some(scope.plan.defaults.guard_timeout),
        grace: spec.grace.min(ASK_GRACE),
        ..spec
    }
}

/// A text given to the shell.
fn shell(scope: &Scope<'_>, text: &str, settings: &Settings) -> CommandSpec {
    let shell = settings
        .shell
        .as_ref()
        .unwrap_or(&scope.plan.defaults.shell);
    let argv = shell.iter().cloned().chain([text.to_owned()]).collect();
    command(scope, argv, text, settings)
}

/// A command with all it sees; secrets are given to it where `text` names them.
fn command(scope: &Scope<'_>, argv: Vec<String>, text: &str, settings: &Settings) -> CommandSpec {
    let defaults = &scope.plan.defaults;
    let dir = settings.dir.as_ref().unwrap_or(&defaults.dir);
    let user = settings.user.as_ref().or(defaults.user.as_ref());
    CommandSpec {
        argv,
        dir: PathBuf::from(scope.text(dir)),
        user: user.map(|user| scope.text(user)),
        env: environment(scope, text, settings),
        timeout: settings.timeout.or(defaults.timeout),
        grace: defaults.grace,
        terminal: None,
    }
}

/// Everything a command sees, and nothing else.
fn environment(scope: &Scope<'_>, text: &str, settings: &Settings) -> BTreeMap<String, EnvValue> {
    let run = &scope.state.run;
    let mut env: BTreeMap<String, EnvValue> = BTreeMap::new();
    let mut put = |name: &str, value: String| {
        env.insert(name.to_owned(), EnvValue::Plain(value));
    };
    put("LC_ALL", "C.UTF-8".into());
    for (name, value) in &run.env {
        put(name, value.clone());
    }
    for name in ["from", "to", "target", "service", "direction"] {
        put(&name.to_uppercase(), scope.value(name).unwrap_or_default());
    }
    put(
        "FROM_EXACT",
        run.from_exact
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    );
    put("RUN_DIR", run.run_dir.display().to_string());
    put("FILES", run.run_dir.join("files").display().to_string());
    if let Some(step) = scope.step {
        let output = run
            .run_dir
            .join("output")
            .join(format!("{:04}", scope.number));
        put("STEP", step.to_string());
        put("ATTEMPT", scope.attempt.to_string());
        put("OUTPUT", output.join("variables").display().to_string());
    }
    for (name, value) in &scope.state.variables {
        put(&name.to_uppercase(), value.clone());
    }
    add_variables(scope, text, settings, &mut env);
    for (name, value) in overrides(scope, settings) {
        match value {
            Some(value) => env.insert(name.clone(), EnvValue::Plain(scope.text(value))),
            None => env.remove(name),
        };
    }
    env
}

/// What the plan's `env` and the step's say, in this order.
fn overrides<'a>(
    scope: &Scope<'a>,
    settings: &'a Settings,
) -> impl Iterator<Item = (&'a String, &'a Option<Template>)> {
    scope.plan.defaults.env.iter().chain(&settings.env)
}

/// The plan's variables; a secret only where something names it.
fn add_variables(
    scope: &Scope<'_>,
    text: &str,
    settings: &Settings,
    env: &mut BTreeMap<String, EnvValue>,
) {
    for var in &scope.plan.vars {
        let name = var
            .pass_as
            .clone()
            .unwrap_or_else(|| var.name.to_uppercase());
        let Some(known) = scope.state.run.vars.get(&var.name) else {
            continue;
        };
        if let Some(value) = &known.value {
            env.insert(name, EnvValue::Plain(value.clone()));
        } else if names(text, &name)
            || settings.secrets.contains(&var.name)
            || overrides(scope, settings).any(|(_, value)| is_named(value.as_ref(), &name))
        {
            env.insert(name, EnvValue::Secret(var.name.clone()));
        }
    }
}

/// Whether an override's text names a variable.
fn is_named(value: Option<&Template>, name: &str) -> bool {
    value.is_some_and(|value| names(value.source(), name))
}

/// Whether a text has this name in it as a whole word.
fn names(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(word) && !text[at + name.len()..].starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_name_is_a_whole_word() {
        assert!(names("psql \"$DB_PASSWORD\"", "DB_PASSWORD") && names("${TOKEN}", "TOKEN"));
        assert!(!names("$DB_PASSWORD_FILE", "DB_PASSWORD") && !names("", "X"));
    }
}
