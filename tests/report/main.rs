//! What upwalk says about a plan or a run as a whole: dry run, status, summary.
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod dry_run;
mod fixture;
mod status;
