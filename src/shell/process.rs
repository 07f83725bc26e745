//! This process as a whole.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Becomes another program with these arguments, in the same place and environment. Returns only
/// where that fails: why.
pub fn become_program<A: AsRef<OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = A>,
) -> io::Error {
    Command::new(program).args(args).exec()
}
