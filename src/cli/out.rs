//! Standard output and standard error, for verbs that print.
//!
//! A reader that went away (`| head`) is no error: the rest is simply not wanted.

use super::failure::{Code, Failure};
use std::io::{ErrorKind, Write as _};

/// Prints a text to standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(
            Failure::new(Code::Outside, "cannot write to standard output")
                .because(error.to_string()),
        ),
    }
}

/// Prints a value as indented JSON.
pub(super) fn json(value: &serde_json::Value) -> Result<(), Failure> {
    print(&format!("{value:#}\n"))
}

/// Says something on standard error; nobody can be told where that is gone too.
pub(super) fn say(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes());
}
