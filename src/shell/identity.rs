//! Who is speaking, on which host, with which environment.

use crate::types::Who;

/// The person behind this process: audit uid, else `SUDO_USER`, else the user's own name.
pub fn who() -> Who {
    todo!()
}

/// The short host name (up to the first dot).
pub fn host() -> String {
    todo!()
}
