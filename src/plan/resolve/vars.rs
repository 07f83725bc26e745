//! Variables: names, sources, secrets.

use super::Resolver;
use super::names::{Declared, is_env_name, is_reserved, is_var_name};
use crate::plan::decode::{Map, Text};
use crate::plan::findings::quoted;
use crate::plan::model::{Var, VarSource};
use crate::plan::node::{Sp, Span};
use crate::plan::raw::RawVar;

impl Resolver<'_, '_> {
    /// The plan's variables.
    pub(super) fn vars(&mut self, raw: Option<&Sp<Map<RawVar>>>) -> Vec<Var> {
        let mut vars = Vec::new();
        for (name, var) in raw.iter().flat_map(|map| &map.value.0) {
            let resolved = self.var(name, &var.value);
            let env = resolved
                .pass_as
                .clone()
                .unwrap_or_else(|| resolved.name.to_uppercase());
            let twin = self.vars.iter().find(|(_, known)| known.env == env);
            if let Some((other, known)) = twin {
                let (title, span) = (
                    format!("`{other}` and {} are both `${env}`", quoted(&name.value)),
                    known.span.clone(),
                );
                self.out
                    .error(&name.span, title)
                    .label("the second")
                    .also(&span, "the first");
            }
            let declared = Declared {
                env,
                secret: resolved.secret,
                span: name.span.clone(),
            };
            self.vars.insert(resolved.name.clone(), declared);
            vars.push(resolved);
        }
        vars
    }

    fn var(&mut self, name: &Sp<String>, raw: &RawVar) -> Var {
        self.var_name(&name.value, &name.span);
        let pass_as = raw.pass_as.as_ref().map(|text| {
            self.env_name(text);
            text.value.0.clone()
        });
        let flag =
            |flag: &Option<Sp<crate::plan::decode::Flag>>| flag.as_ref().is_some_and(|f| f.value.0);
        let (required, secret) = (flag(&raw.required), flag(&raw.secret));
        let sources = self.sources(&name.value, raw);
        if sources.is_empty() && !required {
            self.out
                .error(
                    &name.span,
                    format!("{} may be left without a value", quoted(&name.value)),
                )
                .label("nothing gives it one")
                .help("add `default`, `command` or `env`, or `required: true`");
        }
        if let (Some(required), Some(_)) = (&raw.required, &raw.default)
            && required.value.0
        {
            self.out
                .error(
                    &required.key,
                    "a variable with a `default` is never missing",
                )
                .label("remove one of the two");
        }
        self.matches(raw);
        Var {
            name: name.value.clone(),
            help: raw.help.as_ref().map(|text| text.value.0.clone()),
            required,
            matches: raw.r#match.as_ref().map(|text| text.value.0.clone()),
            sources,
            secret,
            pass_as,
        }
    }

    /// Where a value comes from, in the order asked.
    fn sources(&mut self, name: &str, raw: &RawVar) -> Vec<VarSource> {
        let mut sources = Vec::new();
        if let Some(env) = &raw.env {
            if !is_env_name(&env.value.0) {
                let title = format!("{} names no environment variable", quoted(&env.value.0));
                self.out
                    .error(&env.span, title)
                    .label("letters, digits and `_`");
            }
            sources.push(VarSource::Env(env.value.0.clone()));
        }
        if let Some(command) = &raw.command {
            let around = self.around(&format!("command of variable {name}"));
            sources.push(VarSource::Command(self.shell_text(command, &around)));
        }
        if let Some(default) = &raw.default {
            sources.push(VarSource::Default(default.value.0.clone()));
        }
        sources
    }

    /// A variable's pattern compiles, and the default matches it.
    fn matches(&mut self, raw: &RawVar) {
        let Some(pattern) = &raw.r#match else { return };
        self.regex(pattern, 0..=usize::MAX);
        let whole = regex_lite::Regex::new(&format!("^(?:{})$", pattern.value.0));
        if let (Ok(regex), Some(default)) = (whole, &raw.default)
            && !regex.is_match(&default.value.0)
        {
            self.out
                .error(
                    &default.span,
                    "the default does not match the variable's own pattern",
                )
                .label("does not match")
                .also(&pattern.span, "the pattern");
        }
    }

    /// Checks the name of a variable or of an entry of `sets`.
    pub(super) fn var_name(&mut self, name: &str, span: &Span) -> bool {
        if !is_var_name(name) {
            self.out
                .error(span, format!("{} is no variable's name", quoted(name)))
                .label("a-z, 0-9 and `_`, beginning with a letter");
            return false;
        }
        if is_reserved(&name.to_uppercase()) {
            self.reserved(name, span);
            return false;
        }
        true
    }

    /// Checks a `pass_as`.
    fn env_name(&mut self, text: &Sp<Text>) {
        if !is_env_name(&text.value.0) {
            let title = format!("{} names no environment variable", quoted(&text.value.0));
            self.out
                .error(&text.span, title)
                .label("letters, digits and `_`");
        } else if is_reserved(&text.value.0) {
            self.reserved(&text.value.0, &text.span);
        }
    }
}
