//! Shell texts are given to `SHELL -n` before a run begins, so that a missing quote is found now
//! and not at three in the morning. The dry run does not: it starts no process.

use super::failure::{Code, Failure};
use crate::plan::{Asked, Guard, Item, Kind, Plan, Settings, Step, Undo, Walk, Warning};
use crate::shell::ask::{Secrets, ask};
use crate::types::{Answer, Ask, CommandSpec, EnvValue, Judge, Millis};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Shells whose `-n` reads and does not run.
const KNOWN: [&str; 5] = ["sh", "bash", "dash", "ksh", "zsh"];
/// How long reading one text may take.
const LONGEST: Millis = Millis::from_secs(30);

/// The shell texts of a plan, each with the shell it goes to and where it stands.
struct Texts<'a> {
    plan: &'a Plan,
    found: Vec<(&'a str, &'a [String], String)>,
}

/// Fails at the first text that its shell rejects, naming step and line.
pub(super) fn check(plan: &Plan, walk: &Walk) -> Result<(), Failure> {
    let mut texts = Texts {
        plan,
        found: Vec::new(),
    };
    texts.walk(walk);
    let mut seen = BTreeSet::new();
    for (text, shell, place) in &texts.found {
        let Some(program) = shell.first().filter(|program| is_known(program)) else {
            continue;
        };
        if !seen.insert((*text, program.as_str())) {
            continue;
        }
        if let Answer::No(why) | Answer::CouldNotTell(why) =
            ask(&reading(program, text), &Secrets::new())
        {
            let what = format!("{program} -n rejects the shell text of {place}");
            return Err(Failure::new(Code::Plan, what)
                .because(why)
                .hint("mend the text; nothing was started"));
        }
    }
    Ok(())
}

/// Whether a shell has an `-n` that can be relied on.
fn is_known(program: &str) -> bool {
    let name = Path::new(program)
        .file_name()
        .and_then(|name| name.to_str());
    name.is_some_and(|name| KNOWN.contains(&name))
}

/// The question whether a shell can read a text.
fn reading(program: &str, text: &str) -> Ask {
    let argv = [program, "-n", "-c", text].map(str::to_owned).to_vec();
    let path = crate::shell::identity::var("PATH").unwrap_or_else(|| "/usr/bin:/bin".to_owned());
    Ask::Command {
        spec: CommandSpec {
            argv,
            dir: PathBuf::from("/"),
            user: None,
            env: BTreeMap::from([
                ("PATH".to_owned(), EnvValue::Plain(path)),
                ("LC_ALL".to_owned(), EnvValue::Plain("C.UTF-8".to_owned())),
            ]),
            timeout: Some(LONGEST),
            grace: Millis::from_secs(1),
        },
        judge: Judge::plain(),
    }
}

impl<'a> Texts<'a> {
    /// One more text.
    fn add(&mut self, text: &'a str, settings: Option<&'a Settings>, place: &str) {
        let own = settings.and_then(|settings| settings.shell.as_deref());
        let shell = own.unwrap_or(&self.plan.defaults.shell);
        self.found.push((text, shell, place.to_owned()));
    }

    /// A guard's text, where it has one.
    fn guard(&mut self, guard: Option<&'a Guard>, settings: Option<&'a Settings>, place: &str) {
        match guard.map(|guard| &guard.asked) {
            Some(Asked::Command { text, .. }) => self.add(text, settings, place),
            Some(Asked::Http(_) | Asked::Tcp { .. }) | None => {}
        }
    }

    /// What a warning asks and measures.
    fn warnings(&mut self, warnings: &'a [Warning], settings: Option<&'a Settings>) {
        for warning in warnings {
            let place = format!("the warning {}", warning.id);
            self.guard(warning.only_if.as_ref(), settings, &place);
            for (_, text) in &warning.facts {
                self.add(text, settings, &place);
            }
        }
    }

    /// Everything in a walk.
    fn walk(&mut self, walk: &'a Walk) {
        for item in &walk.items {
            self.warnings(item.warnings(), None);
            match item {
                Item::Phase(phase) => phase.steps.iter().for_each(|step| self.step(step)),
                Item::Pause(pause) => {
                    let place = format!("the guard of the pause {}", pause.id);
                    for guard in &pause.guards {
                        self.guard(Some(&guard.guard), None, &place);
                    }
                }
            }
        }
    }

    /// Everything in a step.
    fn step(&mut self, step: &'a Step) {
        let own = Some(&step.settings);
        let place = format!("step {} (line {})", step.id, step.line);
        match &step.kind {
            Kind::Run(text) => self.add(text, own, &place),
            Kind::Check(polled) => self.guard(Some(&polled.guard), own, &place),
            Kind::Argv(_) | Kind::Manual(_) => {}
        }
        let verify = step.verify.as_ref().map(|polled| &polled.guard);
        for (name, guard) in [
            ("only_if", step.only_if.as_ref()),
            ("unless", step.unless.as_ref()),
            ("verify", verify),
        ] {
            self.guard(guard, own, &format!("{name} of {place}"));
        }
        self.undo(step, &place);
        self.warnings(&step.warnings, own);
    }

    /// Everything in the way back.
    fn undo(&mut self, step: &'a Step, place: &str) {
        let own = Some(&step.settings);
        let verify = match &step.undo {
            Undo::Run {
                text,
                applies,
                verify,
                ..
            } => {
                self.add(text, own, &format!("undo of {place}"));
                self.guard(applies.as_ref(), own, &format!("undo_if of {place}"));
                verify.as_ref()
            }
            Undo::Again { verify, .. } => verify.as_ref(),
            Undo::Unsaid | Undo::Harmless(_) | Undo::Irreversible(_) => None,
        };
        let guard = verify.map(|polled| &polled.guard);
        self.guard(guard, own, &format!("undo_verify of {place}"));
    }
}

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn only_shells_with_a_known_n_are_asked() {
        assert!(is_known("bash") && is_known("/bin/dash"));
        assert!(!is_known("python3") && !is_known("/usr/bin/env"));
    }
}
