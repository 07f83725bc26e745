//! Commands and guards as a dry run shows them: secrets hidden, the environment compared with what
//! a plain command of the plan sees.

use super::items::{AnswerShown, CommandShown, GuardShown};
use super::quote;
use crate::engine::{self, Scope};
use crate::plan::{Asked, Guard, Polled, Settings};
use crate::types::{Answer, Ask, CommandSpec, EnvValue, Expect, Judge};
use std::collections::BTreeMap;

/// What every command has for itself, so that a difference in it says nothing.
const OWN: [&str; 3] = ["STEP", "ATTEMPT", "OUTPUT"];
/// What a `user` brings along; looked up when the command runs.
const OF_USER: [&str; 4] = ["HOME", "USER", "LOGNAME", "SHELL"];

/// What a plain command of the plan has: others are compared with it.
pub(super) struct Base {
    /// Its environment, secrets as `***`.
    pub(super) env: BTreeMap<String, String>,
    /// The shell its text is given to.
    pub(super) shell: Vec<String>,
}

/// The environment of a command as it is shown: secrets as `***`, and without what its user brings
/// along.
fn shown_env(env: BTreeMap<String, EnvValue>, user: Option<&String>) -> BTreeMap<String, String> {
    let value = |value: EnvValue| match value {
        EnvValue::Plain(text) => text,
        EnvValue::Secret(_) => "***".to_owned(),
    };
    let own = |name: &str| user.is_none() || !OF_USER.contains(&name);
    let own = env.into_iter().filter(|(name, _)| own(name));
    own.map(|(name, of)| (name, value(of))).collect()
}

impl Base {
    /// What a plain command has in this scope.
    pub(super) fn of(scope: &Scope<'_>) -> Self {
        let mut spec = engine::shell_command(scope, "");
        spec.argv.pop();
        Self {
            env: shown_env(spec.env, spec.user.as_ref()),
            shell: spec.argv,
        }
    }
}

/// A command. `text` is the shell text the plan wrote; `base` is what a plain command sees.
pub(super) fn command(spec: CommandSpec, text: Option<&str>, base: &Base) -> CommandShown {
    let env = shown_env(spec.env, spec.user.as_ref());
    let changed = env.iter().filter(|(name, value)| {
        !OWN.contains(&name.as_str()) && base.env.get(*name) != Some(*value)
    });
    let changed = changed.map(|(name, value)| (name.clone(), value.clone()));
    let unset = base.env.keys().filter(|name| {
        let of_user = spec.user.is_some() && OF_USER.contains(&name.as_str());
        !env.contains_key(*name) && !of_user
    });
    let shell = spec.argv.split_last().map_or(&[][..], |(_, shell)| shell);
    let own_shell = text.is_some() && *shell != *base.shell;
    CommandShown {
        shell: own_shell.then(|| shell.to_vec()),
        text: text.map(str::to_owned),
        dir: spec.dir.display().to_string(),
        env_changed: changed.collect(),
        env_unset: unset.cloned().collect(),
        env_of_user: match &spec.user {
            Some(_) => OF_USER.map(str::to_owned).to_vec(),
            None => Vec::new(),
        },
        env,
        argv: spec.argv,
        user: spec.user,
        timeout_ms: spec.timeout.map(|timeout| timeout.0),
        grace_ms: spec.grace.0,
    }
}

/// A guard with the answer it gave, where it was asked.
pub(super) fn guard(
    scope: &Scope<'_>,
    guard: &Guard,
    settings: &Settings,
    base: &Base,
    answer: Option<&Answer>,
) -> GuardShown {
    let ask = engine::ask_of(scope, guard, settings);
    let text = match &guard.asked {
        Asked::Command { text, .. } => Some(text.as_str()),
        Asked::Http(_) | Asked::Tcp { .. } => None,
    };
    let holds_when = holds_when(&ask);
    let (asks, shown) = match ask {
        Ask::Command { spec, .. } => {
            let words: Vec<_> = spec.argv.iter().map(|word| quote(word)).collect();
            let asks = text.map_or_else(|| words.join(" "), str::to_owned);
            (asks, Some(command(spec, text, base)))
        }
        Ask::Http(http) => (format!("GET {}", http.url), None),
        Ask::Tcp { address, .. } => (format!("connect to {address}"), None),
    };
    GuardShown {
        asks,
        holds_when,
        command: shown,
        within_ms: None,
        every_ms: None,
        answer: answer.map(answer_shown),
    }
}

/// A guard that may be asked until it holds.
pub(super) fn polled(
    scope: &Scope<'_>,
    of: &Polled,
    settings: &Settings,
    base: &Base,
    answer: Option<&Answer>,
) -> GuardShown {
    GuardShown {
        within_ms: of.within.map(|within| within.0),
        every_ms: of.within.map(|_| of.every.0),
        ..guard(scope, &of.guard, settings, base, answer)
    }
}

/// An answer as data.
fn answer_shown(answer: &Answer) -> AnswerShown {
    let (said, why) = match answer {
        Answer::Yes => ("yes", None),
        Answer::No(why) => ("no", Some(why.clone())),
        Answer::CouldNotTell(why) => ("could_not_tell", Some(why.clone())),
    };
    AnswerShown { said, why }
}

/// What a yes looks like, in a few words.
fn holds_when(ask: &Ask) -> String {
    match ask {
        Ask::Command { judge, .. } => match judge {
            Judge::Code { no } if *no == [1] => "exit code 0 (1 means no)".to_owned(),
            Judge::Code { no } => {
                let codes: Vec<_> = no.iter().map(ToString::to_string).collect();
                format!("exit code 0 ({} means no)", codes.join(", "))
            }
            Judge::Output(expect) => expected(expect),
        },
        Ask::Http(http) => {
            let status: Vec<_> = http.status.iter().map(ToString::to_string).collect();
            let mut holds = format!("status {}", status.join(" or "));
            if let Some(pattern) = &http.body {
                holds.push_str(&format_args!(", the body matches {pattern}").to_string());
            }
            for (name, pattern) in &http.header {
                holds.push_str(&format_args!(", header {name} matches {pattern}").to_string());
            }
            if let (Some(pattern), Some(version)) = (&http.version, &http.version_is) {
                holds.push_str(&format_args!(", {pattern} finds {version}").to_string());
            }
            holds
        }
        Ask::Tcp { .. } => "the connection opens".to_owned(),
    }
}

/// What the output must be.
fn expected(expect: &Expect) -> String {
    match expect {
        Expect::Is(text) => format!("its output is {text}"),
        Expect::Not(text) => format!("its output is not {text}"),
        Expect::Matches(pattern) => format!("its output matches {pattern}"),
        Expect::Above(bound) => format!("its output is above {}", bound.as_str()),
        Expect::Below(bound) => format!("its output is below {}", bound.as_str()),
        Expect::Empty(true) => "its output is empty".to_owned(),
        Expect::Empty(false) => "its output is not empty".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Millis;

    #[test]
    fn secrets_are_hidden_and_differences_found() {
        let env = BTreeMap::from([
            ("PATH".to_owned(), EnvValue::Plain("/bin".into())),
            (
                "PGPASSWORD".to_owned(),
                EnvValue::Secret("db_password".into()),
            ),
            ("STEP".to_owned(), EnvValue::Plain("a".into())),
            ("HOME".to_owned(), EnvValue::Plain("/root".into())),
            ("X".to_owned(), EnvValue::Plain("new".into())),
        ]);
        let env_of_base = BTreeMap::from([
            ("HOME".to_owned(), "/root".to_owned()),
            ("PATH".to_owned(), "/bin".to_owned()),
            ("TERM".to_owned(), "xterm".to_owned()),
            ("X".to_owned(), "old".to_owned()),
        ]);
        let base = Base {
            env: env_of_base,
            shell: vec!["sh".into(), "-c".into()],
        };
        let spec = CommandSpec {
            argv: vec!["sh".into(), "-c".into(), "true".into()],
            dir: "/srv".into(),
            user: Some("mastodon".into()),
            env,
            timeout: None,
            grace: Millis::from_secs(10),
            terminal: None,
        };
        let shown = command(spec, Some("true"), &base);
        let changed: Vec<_> = shown
            .env_changed
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(changed, [("PGPASSWORD", "***"), ("X", "new")]);
        assert_eq!(shown.env_unset, ["TERM"]);
        assert_eq!(shown.shell, None);
        assert!(!shown.env.contains_key("HOME") && shown.env_of_user.len() == 4);
    }
}
