//! The supervisor: one loop over one channel, one process for each run.
//!
//! [`serve`] is the process; [`client`] finds or starts it and speaks [`wire`] with it.

pub mod client;
pub mod wire;

/// The supervisor's main function for the run in this directory: says that it is ready on standard
/// output (one line, `ready`, or why not), serves until the run is finished or it is told to end,
/// and returns its exit status.
pub fn serve(_run_dir: &std::path::Path) -> u8 {
    todo!()
}
