//! The supervisor: one loop over one channel, one process for each run.
//!
//! [`serve`] is the process; [`client`] finds or starts it and speaks [`wire`] with it. It decides
//! nothing (that is the engine's) and shows nothing (that is the front ends').

pub mod client;
mod clients;
mod load;
mod mirror;
mod outbox;
mod polling;
mod records;
pub mod salvage;
mod serve;
mod server;
mod service;
mod stem;
pub mod wire;
mod work;

pub use serve::serve;

use crate::shell::clock;
use std::io::Write as _;

/// Which upwalk this is.
const UPWALK: &str = env!("CARGO_PKG_VERSION");

/// Adds a line to the supervisor's log, which is its standard error.
fn log(text: &str) {
    // There is nowhere to say that the log cannot be written.
    let _ = writeln!(std::io::stderr(), "{} {text}", clock::now().wall);
}
