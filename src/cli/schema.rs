//! `upwalk schema`: the JSON Schema of the plan language.

use super::failure::{Code, Failure};
use super::out;

/// Prints it.
pub(super) fn run() -> Result<Code, Failure> {
    out::json(&crate::plan::schema())?;
    Ok(Code::Done)
}
