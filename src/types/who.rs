//! Who did something.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A person or script as the machine knows it: the login user, never just `root` where sudo tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The login name (audit uid, else `SUDO_USER`, else the user's own).
    pub login: String,
    /// The uid of the process that spoke, as the kernel said it.
    pub uid: u32,
    /// The other end of its SSH connection, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<String>,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ssh {
            Some(from) => write!(f, "{} (ssh {from})", self.login),
            None => f.pad(&self.login),
        }
    }
}
