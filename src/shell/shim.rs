//! The step shim (`upwalk __exec`): runs one command in a session of its own and keeps its end.

/// The shim's main function: reads its job from standard input; returns its exit status.
pub fn main() -> u8 {
    todo!()
}
