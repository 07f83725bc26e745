//! Steps with a terminal, of their own or a person's, where something goes wrong: they are cancelled,
//! run out of time, lose their shim, run on a full disk; and steps of another user. What becomes of
//! them is what becomes of every other step.
#![expect(
    clippy::disallowed_methods,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    clippy::panic,
    reason = "the harness, of which each test file uses its part"
)]
#[path = "../support/mod.rs"]
mod support;

mod disk;
mod ended;
mod shim;
mod users;
mod walk;
