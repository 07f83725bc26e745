//! Who is speaking, on which host, with which environment.

use super::users::User;
use crate::types::Who;
use std::path::PathBuf;

/// The audit uid of a process that nobody logged in to start.
const NO_LOGIN: u32 = u32::MAX;

/// The person behind this process: audit uid, else `SUDO_USER`, else the user's own name.
pub fn who() -> Who {
    let uid = uid();
    Who {
        login: login(uid),
        uid,
        ssh: ssh_peer(var("SSH_CONNECTION").or_else(|| var("SSH_CLIENT"))),
    }
}

/// The login name behind a process of this user.
fn login(uid: u32) -> String {
    let audit = std::fs::read_to_string("/proc/self/loginuid").ok();
    let audit = audit.and_then(|text| text.trim().parse().ok());
    let named = |uid| User::numbered(uid).map(|user| user.name);
    audit
        .filter(|uid| *uid != NO_LOGIN)
        .and_then(named)
        // Whoever is not root can set the variable to any name.
        .or_else(|| var("SUDO_USER").filter(|_| uid == 0))
        .or_else(|| named(uid))
        .unwrap_or_else(|| format!("uid {uid}"))
}

/// The other end's address: the first word of `SSH_CONNECTION`.
fn ssh_peer(connection: Option<String>) -> Option<String> {
    let text = connection?;
    let address: std::net::IpAddr = text.split_whitespace().next()?.parse().ok()?;
    Some(address.to_string())
}

/// The short host name (up to the first dot).
pub fn host() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// The user that this process acts as.
pub fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether this process acts as root.
pub fn is_root() -> bool {
    uid() == 0
}

/// An environment variable; none where it is unset, empty or no UTF-8.
pub fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The working directory; none where it is gone or unreadable.
pub fn cwd() -> Option<PathBuf> {
    std::env::current_dir().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ssh_peer_is_an_address_or_nothing() {
        let peer = |text: &str| ssh_peer(Some(text.to_owned()));
        assert_eq!(
            peer("203.0.113.9 50212 198.51.100.2 22").as_deref(),
            Some("203.0.113.9")
        );
        assert_eq!(peer("2001:db8::1 5 ::1 22").as_deref(), Some("2001:db8::1"));
        assert_eq!(peer("\u{1b}[2J"), None);
        assert_eq!(ssh_peer(None), None);
    }

    #[test]
    fn this_process_has_a_name_and_a_host() {
        assert!(!who().login.is_empty());
        assert_eq!(who().uid, uid());
        assert!(!host().is_empty() && !host().contains('.'));
    }
}
