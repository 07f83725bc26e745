//! Umask, nice value and resource limits: read in the login that starts a run, taken on by each of
//! its supervisors, and handed down from there to every command.

use crate::types::Bearing;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::BTreeMap;

/// The resources, by the names that `prlimit` has for them.
const RESOURCES: [(&str, Resource); 16] = [
    ("as", Resource::As),
    ("core", Resource::Core),
    ("cpu", Resource::Cpu),
    ("data", Resource::Data),
    ("fsize", Resource::Fsize),
    ("locks", Resource::Locks),
    ("memlock", Resource::Memlock),
    ("msgqueue", Resource::Msgqueue),
    ("nice", Resource::Nice),
    ("nofile", Resource::Nofile),
    ("nproc", Resource::Nproc),
    ("rss", Resource::Rss),
    ("rtprio", Resource::Rtprio),
    ("rttime", Resource::Rttime),
    ("sigpending", Resource::Sigpending),
    ("stack", Resource::Stack),
];

/// What this process hands down. Where the nice value cannot be read it is taken for 0.
pub fn own() -> Bearing {
    let limit = |(name, resource): (&str, Resource)| {
        let limit = getrlimit(resource);
        (name.to_owned(), (limit.current, limit.maximum))
    };
    Bearing {
        umask: umask(),
        nice: rustix::process::getpriority_process(None).unwrap_or(0),
        limits: RESOURCES.into_iter().map(limit).collect(),
    }
}

/// This process's umask: the kernel tells it only to who sets another.
fn umask() -> u32 {
    let umask = rustix::process::umask(Mode::from_raw_mode(0o077));
    rustix::process::umask(umask);
    umask.as_raw_mode()
}

/// Takes on what another process handed down, for this thread and all that it starts. Says what was
/// refused: only root gets more than its login has.
pub fn take_on(bearing: &Bearing) -> Vec<String> {
    rustix::process::umask(Mode::from_raw_mode(bearing.umask));
    let mut refused = limits(&bearing.limits);
    let nice = rustix::process::getpriority_process(None);
    if nice != Ok(bearing.nice)
        && let Err(error) = rustix::process::setpriority_process(None, bearing.nice)
    {
        refused.push(format!("the nice value {}: {error}", bearing.nice));
    }
    refused
}

/// Takes on resource limits, as far as that is allowed.
fn limits(wanted: &BTreeMap<String, (Option<u64>, Option<u64>)>) -> Vec<String> {
    let mut refused = Vec::new();
    for (name, resource) in RESOURCES {
        let Some(&(current, maximum)) = wanted.get(name) else {
            continue;
        };
        let now = getrlimit(resource);
        if (now.current, now.maximum) == (current, maximum) {
            continue;
        }
        let Err(error) = setrlimit(resource, Rlimit { current, maximum }) else {
            continue;
        };
        refused.push(format!("the limit {name}: {error}"));
        // The soft limit alone, as far as the hard one of this login goes.
        let current = match (current, now.maximum) {
            (Some(current), Some(most)) => Some(current.min(most)),
            (current, most) => current.or(most),
        };
        let near = Rlimit {
            current,
            maximum: now.maximum,
        };
        // What is refused too stays as it was, which was said.
        let _ = setrlimit(resource, near);
    }
    refused
}
