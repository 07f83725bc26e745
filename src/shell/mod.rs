//! The shell: the only module that touches processes, files, the clock and the environment.
//!
//! It knows commands, files and bytes; it knows no plan and no decision. The supervisor and the
//! verbs call it.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place where clocks, files, environment and processes are touched"
)]

use std::ffi::OsStr;

pub mod announce;
pub mod ask;
pub mod bearing;
pub mod clock;
mod command;
pub mod exec;
pub mod foreground;
pub mod identity;
mod launch;
pub mod logind;
pub mod os;
mod proc;
pub mod relay;
mod run_as;
pub mod shim;
pub mod store;
pub mod tail;
pub mod users;

/// The modes that upwalk starts itself in, behind one word: `__exec` (step shim), `__ask` (guards),
/// `__as` (change of user), `__front` (whoever the terminal is lent to) and `__join` (a person's terminal
/// and a step's). None where `mode` is none of them; else the exit status.
pub fn hidden(mode: &OsStr) -> Option<u8> {
    match mode.to_str()? {
        "__exec" => Some(shim::main()),
        "__ask" => Some(ask::main()),
        "__as" => Some(run_as::main()),
        "__join" => Some(relay::main()),
        "__front" => Some(foreground::main()),
        _ => None,
    }
}
