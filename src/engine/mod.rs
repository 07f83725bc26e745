//! The engine: what happens next, as pure functions of the plan and the folded state.
//!
//! [`decide`] turns an input into events or a refusal; [`due`] says what is to be done now and
//! [`deadline`] when to look again. What is to be done is derived, never remembered, so a restarted
//! supervisor does exactly what the old one would have done. Nothing here touches the world.

mod answer;
mod back;
mod choices;
mod command;
mod decide;
mod due;
mod next;
mod pending;
mod reopen;
mod retry;
mod running;
mod scope;
mod shells;
mod stops;
mod undo;
mod unknown;
mod walk;
mod warning;
mod why;

pub use choices::{Choice, choices, early_phrase};
pub use command::{
    ask_of, fact_commands, pending_command, shell_command, step_command, undo_command,
};
pub use decide::{Refusal, advance, decide};
pub use due::{Effect, Input, Rounds, deadline, due};
pub use pending::{Progress, counts, progress};
pub use reopen::{may_reopen, reopen};
pub use retry::{Retry, retry};
pub use running::{Silence, leftovers, remarked_from, running_command, silence};
pub use scope::Scope;
pub use shells::{shell_spec, wants_terminal};
pub use undo::{Back, TakeBack, back_of, back_sentence, point_of_no_return, take_backs};
pub use walk::{Position, Stop, boundary, position, walk_of};
pub use warning::{stopped_warning, warning_digest};
pub use why::{Why, why};
