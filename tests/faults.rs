//! The disk fails: full, nearly full, read-only; and system calls fail one after the other. The run
//! stops before its next step, says what to do and goes on after it; nothing is lost, nothing is
//! run twice.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test runs programs and looks at their files"
)]

#[path = "faults/calls.rs"]
mod calls;
#[path = "faults/disk.rs"]
mod disk;
#[allow(
    dead_code,
    clippy::panic,
    reason = "the harness, of which each test file uses its part"
)]
mod support;
#[path = "faults/walk.rs"]
mod walk;
