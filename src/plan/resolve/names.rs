//! Names that texts and commands can use: which exist, which are reserved, which are secret.

use super::Resolver;
use crate::plan::Template;
use crate::plan::decode::Text;
use crate::plan::findings::quoted;
use crate::plan::node::{Sp, Span};
use crate::plan::shelltext;
use std::collections::BTreeSet;

/// What `${name}` can stand for besides variables.
const BUILT_IN: [&str; 7] = [
    "from",
    "to",
    "target",
    "service",
    "host",
    "direction",
    "run",
];

/// What every command gets in its environment.
const GIVEN: [&str; 20] = [
    "FROM",
    "TO",
    "FROM_EXACT",
    "TARGET",
    "SERVICE",
    "DIRECTION",
    "RUN_DIR",
    "FILES",
    "STEP",
    "ATTEMPT",
    "BACKUP",
    "OUTPUT",
    "PATH",
    "LANG",
    "TERM",
    "LC_ALL",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
];

/// What shells set themselves.
const OF_SHELLS: [&str; 16] = [
    "PWD",
    "OLDPWD",
    "PPID",
    "IFS",
    "UID",
    "EUID",
    "RANDOM",
    "SECONDS",
    "LINENO",
    "OPTARG",
    "OPTIND",
    "HOSTNAME",
    "BASHPID",
    "EPOCHSECONDS",
    "PIPESTATUS",
    "BASH_REMATCH",
];

/// Names that a plan cannot give to its own variables.
const RESERVED: [&str; 6] = ["IFS", "ENV", "BASH_ENV", "PS4", "HOST", "RUN"];
/// Beginnings of such names.
const RESERVED_BEGINNINGS: [&str; 8] = [
    "LC_", "LD_", "PYTHON", "PERL", "RUBY", "GIT_", "UPWALK_", "BACKUP_",
];

/// Whether an environment variable's name is upwalk's or the system's.
pub(super) fn is_reserved(name: &str) -> bool {
    GIVEN.contains(&name)
        || RESERVED.contains(&name)
        || RESERVED_BEGINNINGS
            .iter()
            .any(|start| name.starts_with(start))
}

/// Whether a text can name an environment variable.
pub(super) fn is_env_name(text: &str) -> bool {
    text.bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a text can name a variable: `[a-z][a-z0-9_]*`.
pub(super) fn is_var_name(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// What is known of a declared variable.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// The name commands see.
    pub(super) env: String,
    /// Whether its value is shown to nobody.
    pub(super) secret: bool,
    /// Where it is declared.
    pub(super) span: Span,
}

/// What surrounds a guard or another shell text of a step.
#[derive(Debug, Clone)]
pub(super) struct Around {
    /// What people call it, such as `step dump`.
    pub(super) what: String,
    /// Program and arguments that its shell texts are appended to.
    pub(super) shell: Vec<String>,
    /// Environment variables that it sets.
    pub(super) env: BTreeSet<String>,
}

impl Resolver<'_, '_> {
    /// Reads a text in which `${name}` expands, and checks the names.
    pub(super) fn template(&mut self, text: &Sp<Text>) -> Template {
        self.template_at(&text.value.0, &text.span)
    }

    /// A text where there is one.
    pub(super) fn template_of(&mut self, text: Option<&Sp<Text>>) -> Option<Template> {
        text.map(|text| self.template(text))
    }

    /// Reads a text that stands at `span`.
    pub(super) fn template_at(&mut self, text: &str, span: &Span) -> Template {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => {
                let at = self.nth_dollar(text, error.offset, span);
                self.out.error(&at, error.reason).label("here");
                return Template::literal(text);
            }
        };
        for (name, offset) in template.names() {
            self.template_name(name, text, offset, span);
        }
        template
    }

    /// Checks one `${name}`.
    fn template_name(&mut self, name: &str, text: &str, offset: usize, span: &Span) {
        let secret = self.vars.get(name).map(|var| var.secret);
        if secret == Some(false) || BUILT_IN.contains(&name) || self.sets.contains_key(name) {
            return;
        }
        if self.out.is_full() {
            return;
        }
        let start = self.nth_dollar(text, offset, span).start;
        let at = start..(start + name.len() + 3).min(span.end.max(start));
        if secret == Some(true) {
            self.out
                .error(
                    &at,
                    format!("`${{{name}}}` is a secret and would be shown here"),
                )
                .label("a secret")
                .help("let a command read it from its environment instead");
            return;
        }
        let known = self
            .vars
            .iter()
            .filter(|(_, var)| !var.secret)
            .map(|(name, _)| name.as_str());
        let known = known
            .chain(BUILT_IN)
            .chain(self.sets.keys().map(String::as_str));
        let close = self.out.closest(name, known);
        let found = self
            .out
            .error(&at, format!("`${{{name}}}` names no variable"));
        match close {
            Some(close) => found.label(format!("did you mean `${{{close}}}`?")),
            None => found
                .label("not declared")
                .help("declare it under `vars`, or write `$${` for a literal `${`"),
        };
    }

    /// Where the `${` at `offset` of a text stands in the file; escapes and indentation may have
    /// moved it, so it is counted.
    fn nth_dollar(&self, text: &str, offset: usize, span: &Span) -> Span {
        let before = text.get(..offset).unwrap_or_default().matches("${").count();
        let written = self.out.text.get(span.clone()).unwrap_or_default();
        match written.match_indices("${").nth(before) {
            Some((at, _)) => span.start + at..span.start + at + 2,
            None => span.clone(),
        }
    }

    /// Checks that a guard's text reads only variables that exist: an unset one would end it with
    /// the same status as a no.
    pub(super) fn guard_names(&mut self, text: &str, span: &Span, around: &Around) {
        if !shelltext::is_posix(&around.shell) {
            return;
        }
        let mut told = BTreeSet::new();
        for (name, _) in shelltext::look(text).reads {
            if self.out.is_full() || self.is_given(&name, around) || shelltext::assigns(text, &name)
            {
                continue;
            }
            if told.insert(name.clone()) {
                let at = self.find_inside(span, &name);
                let known: Vec<String> = self.env_names(around);
                let close = self.out.closest(&name, known.iter().map(String::as_str));
                let title = format!("{} is not declared", quoted(&format!("${name}")));
                let found = self.out.error(&at, title);
                found.help(
                    "an unset variable ends the guard like a no; declare it under `vars` or `env`",
                );
                match close {
                    Some(close) => found.label(format!("did you mean `${close}`?")),
                    None => found.label("no command sees such a variable"),
                };
            }
        }
    }

    /// Whether a command sees this environment variable.
    fn is_given(&self, name: &str, around: &Around) -> bool {
        let backup = name
            .strip_prefix("BACKUP_")
            .is_some_and(|id| self.backups.contains(id));
        backup
            || GIVEN.contains(&name)
            || OF_SHELLS.contains(&name)
            || around.env.contains(name)
            || self.env.contains(name)
            || self.vars.values().any(|var| var.env == name)
            || self.sets.keys().any(|set| set.to_uppercase() == name)
    }

    /// The plan's own environment variables.
    fn env_names(&self, around: &Around) -> Vec<String> {
        let vars = self.vars.values().map(|var| var.env.clone());
        let sets = self.sets.keys().map(|set| set.to_uppercase());
        let given = GIVEN.iter().map(|name| (*name).to_owned());
        let env = around.env.iter().chain(&self.env).cloned();
        vars.chain(sets).chain(env).chain(given).collect()
    }

    /// The first place of `$name` or `${name` in what is written at `span`; else all of it.
    pub(super) fn find_inside(&self, span: &Span, name: &str) -> Span {
        let written = self.out.text.get(span.clone()).unwrap_or_default();
        for needle in [format!("${name}"), format!("${{{name}")] {
            if let Some(at) = written.find(&needle) {
                return span.start + at..span.start + at + needle.len();
            }
        }
        span.clone()
    }
}
