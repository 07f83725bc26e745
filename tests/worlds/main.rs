//! The world changes under a run: the machine is restarted, its clock is set, plan, logs and claims
//! are edited or removed, the program is replaced, signals come from outside. Every time the run goes
//! on, or says exactly what is not known; and what `why` prints for typing is taken when it is typed.
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

mod binary;
mod clock;
mod files;
mod logs;
mod power;
mod signals;
mod truth;
mod world;
