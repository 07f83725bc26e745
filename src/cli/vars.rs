//! Variables, settled once before the run: `--set`, `--vars`, the variable's `env`, `command`,
//! `default`; in that order (plan-language, "Variables").

use super::args::UpArgs;
use super::failure::Failure;
use super::{context::Context, create, out};
use crate::engine::{self, Scope};
use crate::journal::{RunStarted, VarValue};
use crate::plan::{MapValue, Plan, Var, VarSource, read_map};
use crate::shell::ask::{Secrets, first_line};
use crate::shell::identity;
use crate::shell::store::read_small;
use crate::types::EnvValue;
use std::collections::BTreeMap;
use std::path::Path;

/// No file of variables is longer, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Values given on the command line, by name, with where they come from.
pub(super) type Given = BTreeMap<String, (String, &'static str)>;

/// Settled variables.
#[derive(Debug, Clone, Default)]
pub(super) struct Settled {
    /// As they are journalled.
    pub(super) vars: BTreeMap<String, VarValue>,
    /// The values of secret ones.
    pub(super) secrets: Secrets,
    /// Those whose `command` has to be asked, in the plan's order.
    pub(super) asked: Vec<String>,
}

/// Reads `--set` and `--vars`.
pub(super) fn given(context: &Context, plan: &Plan, args: &UpArgs) -> Result<Given, Failure> {
    let mut given = Given::new();
    if let Some(path) = &args.vars {
        let name = path.display().to_string();
        let bytes = read_small(path, MAX_FILE)?;
        let invalid = |found: &crate::plan::Diagnostics| {
            let what = format!("the variables in {name} cannot be used");
            Failure::diagnostics(what, found, context.paint())
                .with_code(super::failure::Code::Usage)
        };
        let map = read_map(&name, &bytes).map_err(|found| invalid(&found))?;
        for entry in &map.entries {
            let known = plan.vars.iter().any(|var| var.name == entry.key);
            match &entry.value {
                _ if !known => {
                    let title = format!("the plan has no variable `{}`", entry.key);
                    return Err(invalid(&map.finding(&entry.span, &title)));
                }
                MapValue::Text(text) => {
                    given.insert(entry.key.clone(), (text.clone(), "file"));
                }
                MapValue::Map(_) | MapValue::List(_) => {
                    let title = format!("the value of `{}` is a text", entry.key);
                    return Err(invalid(&map.finding(&entry.span, &title)));
                }
            }
        }
    }
    for text in &args.set {
        let Some((name, value)) = text.split_once('=') else {
            let what = format!("\"{text}\" is not NAME=VALUE");
            return Err(Failure::usage(what).hint("--set domain=example.org"));
        };
        match plan.vars.iter().find(|var| var.name == name) {
            None => return Err(unknown(plan, name)),
            Some(var) if var.secret => {
                let what = format!("the variable {name} is secret, and --set would show it to ps");
                return Err(Failure::usage(what).hint(elsewhere(var)));
            }
            Some(_) => given.insert(name.to_owned(), (value.to_owned(), "set")),
        };
    }
    Ok(given)
}

/// A name that the plan does not have.
fn unknown(plan: &Plan, name: &str) -> Failure {
    let known: Vec<_> = plan.vars.iter().map(|var| var.name.as_str()).collect();
    let failure = Failure::usage(format!("the plan has no variable \"{name}\""));
    if known.is_empty() {
        failure.because("it has no variables at all")
    } else {
        failure.because(format!("it has: {}", known.join(", ")))
    }
}

/// How a secret is given.
fn elsewhere(var: &Var) -> String {
    let env = var.sources.iter().find_map(|source| match source {
        VarSource::Env(name) => Some(name),
        VarSource::Command(_) | VarSource::Default(_) => None,
    });
    match env {
        Some(name) => {
            format!("set the environment variable {name}, or use --vars FILE (mode 0600)")
        }
        None => "use --vars FILE (mode 0600)".to_owned(),
    }
}

/// Settles everything that needs no command. Nothing is started.
pub(super) fn settle(plan: &Plan, given: &Given) -> Result<Settled, Failure> {
    let mut settled = Settled::default();
    for var in &plan.vars {
        if let Some((value, from)) = given.get(&var.name) {
            settled.put(var, value.clone(), from)?;
            continue;
        }
        for source in &var.sources {
            match source {
                VarSource::Env(name) => {
                    if let Some(value) = identity::var(name) {
                        settled.put(var, value, "env")?;
                        break;
                    }
                }
                VarSource::Command(_) => {
                    settled.asked.push(var.name.clone());
                    break;
                }
                VarSource::Default(value) => {
                    settled.put(var, value.clone(), "default")?;
                    break;
                }
            }
        }
    }
    Ok(settled)
}

impl Settled {
    /// Takes a value; fails where it does not match.
    fn put(&mut self, var: &Var, value: String, from: &str) -> Result<(), Failure> {
        let name = &var.name;
        if value.contains('\0') {
            return Err(Failure::usage(format!(
                "the variable {name} contains a NUL byte"
            )));
        }
        if let Some(pattern) = &var.matches {
            let whole = regex_lite::Regex::new(&format!("^(?:{pattern})$"));
            if !whole.is_ok_and(|whole| whole.is_match(&value)) {
                let shown = if var.secret {
                    "its value"
                } else {
                    value.as_str()
                };
                let what = format!("the variable {name} does not match: {shown}");
                let failure = Failure::usage(what).because(format!("it has to match {pattern}"));
                return Err(with_help(failure, var).hint(how_to_set(var)));
            }
        }
        let shown = if var.secret {
            self.secrets.insert(name.clone(), value);
            None
        } else {
            Some(value)
        };
        let value = VarValue {
            value: shown,
            from: from.to_owned(),
        };
        self.vars.insert(name.clone(), value);
        Ok(())
    }

    /// Asks the commands of variables that nobody has set, in the plan's order.
    pub(super) fn ask(
        &mut self,
        plan: &Plan,
        base: &RunStarted,
        files: &Path,
    ) -> Result<(), Failure> {
        for name in std::mem::take(&mut self.asked) {
            let Some(var) = plan.vars.iter().find(|var| var.name == name) else {
                continue;
            };
            let mut run = base.clone();
            run.vars.clone_from(&self.vars);
            let text = var.sources.iter().find_map(|source| match source {
                VarSource::Command(text) => Some(text),
                VarSource::Env(_) | VarSource::Default(_) => None,
            });
            let default = var.sources.iter().find_map(|source| match source {
                VarSource::Default(value) => Some(value),
                VarSource::Env(_) | VarSource::Command(_) => None,
            });
            let answer = match text {
                Some(text) => look(plan, &run, text, files, &self.secrets)?,
                None => continue,
            };
            match (answer, default) {
                (Ok(value), _) => self.put(var, value, "command")?,
                (Err(why), Some(default)) => {
                    out::say(&format!(
                        "upwalk: the command of variable {name} could not tell ({why}); its default is used\n"
                    ));
                    // Named after the command all the same: the dry run, which does not ask it, has
                    // to come to the same digests.
                    self.put(var, default.clone(), "command")?;
                }
                (Err(why), None) => {
                    let what =
                        format!("the variable {name} has no value: its command could not tell");
                    let failure = with_help(Failure::usage(what).because(why), var);
                    return Err(failure.hint(how_to_set(var)));
                }
            }
        }
        Ok(())
    }

    /// Fails where a required variable has no value, naming all of them.
    pub(super) fn complete(&self, plan: &Plan) -> Result<(), Failure> {
        let missing: Vec<_> = plan
            .vars
            .iter()
            .filter(|var| {
                var.required
                    && !self.vars.contains_key(&var.name)
                    && !self.asked.contains(&var.name)
            })
            .collect();
        let Some(first) = missing.first() else {
            return Ok(());
        };
        let names: Vec<_> = missing.iter().map(|var| var.name.as_str()).collect();
        let what = match names.as_slice() {
            [one] => format!("the variable {one} has no value"),
            many => format!("the variables {} have no value", many.join(", ")),
        };
        let failure = missing
            .iter()
            .fold(Failure::usage(what), |failure, var| with_help(failure, var));
        Err(failure.hint(how_to_set(first)))
    }
}

/// The first line that a read-only text of the plan prints; `$FILES` is where the files lie now.
pub(super) fn look(
    plan: &Plan,
    run: &RunStarted,
    text: &str,
    files: &Path,
    secrets: &Secrets,
) -> Result<Result<String, String>, Failure> {
    let state = create::pretend(&create::before(run))?;
    let mut command = engine::shell_command(&Scope::of(plan, &state), text);
    let files = EnvValue::Plain(files.display().to_string());
    command.env.insert("FILES".to_owned(), files);
    Ok(first_line(&command, secrets))
}

/// Adds what the variable is.
fn with_help(failure: Failure, var: &Var) -> Failure {
    match &var.help {
        Some(help) => failure.because(format!("{}: {help}", var.name)),
        None => failure,
    }
}

/// How a variable is given.
fn how_to_set(var: &Var) -> String {
    if var.secret {
        elsewhere(var)
    } else {
        format!("--set {}=VALUE", var.name)
    }
}
