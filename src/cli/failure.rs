//! What a verb fails with: what failed, why, and the next command to type; and the exit codes.
//!
//! Every verb returns `Result<Code, Failure>`; only `cli::run` prints a failure.

use super::context::Context;
use crate::engine::Refusal;
use crate::plan::{Diagnostics, Paint};
use crate::shell::store::StoreError;
use crate::supervisor::client::ClientError;
use std::error::Error;
use std::fmt::Write as _;

/// The exit codes of cli.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Done, or nothing to do.
    Done,
    /// A file, a disk, a permission.
    Outside,
    /// Usage; a variable missing or not matching; `--from` is needed.
    Usage,
    /// The plan is invalid, unsafe, not the one meant, or not for what is installed.
    Plan,
    /// A person is needed, or a decision was refused.
    Person,
    /// A failed step: the run waits there or was stopped.
    Failed,
    /// Rolled back.
    RolledBack,
    /// Another run of the service is open.
    OtherRun,
    /// The journal is damaged.
    Damaged,
    /// A bug in upwalk.
    Bug,
    /// A signal ended the front end; the run goes on.
    Signal(u8),
}

impl Code {
    /// The process's exit status.
    pub const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Outside => 1,
            Self::Usage => 2,
            Self::Plan => 3,
            Self::Person => 4,
            Self::Failed => 5,
            Self::RolledBack => 6,
            Self::OtherRun => 7,
            Self::Damaged => 8,
            Self::Bug => 70,
            Self::Signal(number) => 128 + number,
        }
    }
}

/// Why a verb could not do what it is for.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    what: String,
    details: Option<String>,
    causes: Vec<String>,
    hint: Option<Hint>,
}

/// What helps.
#[derive(Debug)]
enum Hint {
    /// Words, or a command that is fit to be pasted.
    Words(String),
    /// A command as it is typed where everything is usual.
    Command(String),
}

impl Hint {
    /// What modules below the command line suggest: they know nothing of its options.
    fn from_below(hint: String) -> Self {
        if hint.starts_with("upwalk ") {
            Self::Command(hint)
        } else {
            Self::Words(hint)
        }
    }
}

impl Failure {
    /// A failure of this kind; `what` is a lowercase fragment.
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            details: None,
            causes: Vec::new(),
            hint: None,
        }
    }

    /// Wrong usage.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Code::Usage, what)
    }

    /// Invalid, drawn with all its findings.
    pub fn diagnostics(what: impl Into<String>, found: &Diagnostics, paint: Paint) -> Self {
        let mut failure = Self::new(Code::Plan, what);
        failure.details = Some(found.render(paint));
        failure
    }

    /// The same with one more cause beneath.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// The same with a command or an action that helps.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(Hint::Words(hint.into()));
        self
    }

    /// The same with a command that helps, which is made fit to be pasted before it is printed.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.hint = Some(Hint::Command(command.into()));
        self
    }

    /// The same with its command fit to be pasted.
    #[must_use]
    pub(super) fn pasted(mut self, context: &Context) -> Self {
        if let Some(Hint::Command(command)) = &self.hint {
            self.hint = Some(Hint::Words(context.pasteable(command)));
        }
        self
    }

    /// The same with another code.
    #[must_use]
    pub fn with_code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// The same with lines that belong between what failed and why.
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    /// The exit code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The text for standard error, its last line ended.
    pub fn render(&self) -> String {
        let mut text = format!("upwalk: {}\n", self.what);
        if let Some(details) = &self.details {
            text.push_str(details.trim_end());
            text.push('\n');
        }
        for cause in &self.causes {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {cause}");
        }
        if let Some(Hint::Words(hint) | Hint::Command(hint)) = &self.hint {
            let _ = writeln!(text, "hint: {hint}");
        }
        text
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let mut failure = Self::new(Code::Outside, error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            failure.causes.push(error.to_string());
            cause = error.source();
        }
        failure.hint = error.hint.map(Hint::from_below);
        failure
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let code = match error.code {
            3 => Code::Plan,
            4 => Code::Person,
            7 => Code::OtherRun,
            8 => Code::Damaged,
            _ => Code::Outside,
        };
        let mut failure = Self::new(code, error.what);
        failure.hint = error.hint.map(Hint::from_below);
        failure
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let mut failure = Self::new(Code::Person, "the decision is refused; nothing was done");
        failure.causes.push(refusal.why);
        failure.hint = refusal.hint.map(Hint::from_below);
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_prints_what_why_and_the_next_step() {
        let failure = Failure::usage("the variable domain is missing")
            .because("the name users type")
            .hint("upwalk up plan.yaml --set domain=VALUE");
        assert_eq!(
            failure.render(),
            "upwalk: the variable domain is missing\n  the name users type\nhint: upwalk up plan.yaml --set domain=VALUE\n"
        );
        assert_eq!(failure.code().status(), 2);
        assert_eq!(Code::Signal(2).status(), 130);
    }
}
