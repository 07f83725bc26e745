//! Steps and guards as commands: argv, directory, user and the whole environment.

use super::Scope;
use crate::plan::{Guard, Settings, Step, Warning};
use crate::types::{Ask, CommandSpec};

/// The command of a step's attempt; none for checks and manual steps.
pub fn step_command(_scope: &Scope<'_>, _step: &Step) -> Option<CommandSpec> {
    todo!()
}

/// The command that takes a step back (an `again` step's is the step's own); none without one.
pub fn undo_command(_scope: &Scope<'_>, _step: &Step) -> Option<CommandSpec> {
    todo!()
}

/// A guard as a question to the machine; `settings` are those of the step it belongs to.
pub fn ask_of(_scope: &Scope<'_>, _guard: &Guard, _settings: &Settings) -> Ask {
    todo!()
}

/// The commands of a warning's facts, by name.
pub fn fact_commands(
    _scope: &Scope<'_>,
    _warning: &Warning,
    _settings: &Settings,
) -> Vec<(String, CommandSpec)> {
    todo!()
}

/// A read-only shell text of the plan (`detect`, a variable's `command`) as a command.
pub fn shell_command(_scope: &Scope<'_>, _text: &str) -> CommandSpec {
    todo!()
}
