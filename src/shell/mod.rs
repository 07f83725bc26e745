//! The shell: the only module that touches processes, files, the clock and the environment.
//!
//! It knows commands, files and bytes; it knows no plan and no decision. The supervisor and the
//! verbs call it.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place where clocks, files, environment and processes are touched"
)]

pub mod ask;
pub mod clock;
pub mod exec;
pub mod identity;
pub mod os;
pub mod shim;
pub mod store;
pub mod tail;
