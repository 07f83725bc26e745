//! Damaged journals: every byte cut and flipped, every form of damage, and what is salvaged.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test damages files and runs programs"
)]

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
#[path = "../support/mod.rs"]
mod support;

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
#[path = "../support/run.rs"]
mod run;

mod bytes;
mod drive;
mod fixture;
mod forms;
mod parked;
mod salvage;
mod sample;
mod walks;
