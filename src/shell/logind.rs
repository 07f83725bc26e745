//! Whether a login's end ends what was started in it: systemd-logind with `KillUserProcesses`, and
//! what keeps a process from that. Asks and reads only; `launch` starts supervisors by what it says.

use super::identity;
use super::users::User;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the end of a login does to a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logout {
    /// Nothing, as far as can be seen: logind leaves processes alone, or this one is of no login.
    Nothing,
    /// Nothing: logind ends what a login leaves, and this process is in a unit of its own.
    Outlived(String),
    /// It ends with its login, the session of this name.
    EndsWith(String),
    /// It ends some seconds after the last login of this user has, with the user's own manager.
    EndsWithLast(String),
}

impl Logout {
    /// Whether the process goes on after it.
    pub fn is_survived(&self) -> bool {
        match self {
            Self::Nothing | Self::Outlived(_) => true,
            Self::EndsWith(_) | Self::EndsWithLast(_) => false,
        }
    }

    /// The same of a run's supervisor for people, one or two sentences; none where there is nothing
    /// to say.
    pub fn sentence(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Outlived(unit) => Some(format!("It survives logout, in its own {unit}.")),
            Self::EndsWith(session) => Some(format!(
                "It does not survive logout: logind kills what {session} leaves behind \
                 (KillUserProcesses). Stay logged in until the run is done; after a logout, \
                 attaching again starts it anew."
            )),
            Self::EndsWithLast(user) => Some(format!(
                "It does not survive the last logout of {user}. Stay logged in, or type \
                 loginctl enable-linger {user} before you leave."
            )),
        }
    }
}

/// Where a process lives among systemd's units.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In the scope of a login.
    Session { uid: u32, scope: String },
    /// Under the manager of a user, in this unit.
    Manager { uid: u32, unit: String },
    /// Anywhere else; the last unit on its path.
    Elsewhere(String),
}

impl Place {
    /// Reads `/proc/PID/cgroup`: one path for each hierarchy, and systemd keeps one of them.
    fn parse(text: &str) -> Self {
        let paths = text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
        let mut places: Vec<Self> = paths.map(Self::of_path).collect();
        let in_login = |place: &Self| !matches!(place, Self::Elsewhere(_));
        let named = |place: &Self| *place != Self::Elsewhere(String::new());
        let best = places.iter().position(in_login);
        match best.or_else(|| places.iter().position(named)) {
            Some(at) => places.swap_remove(at),
            None => Self::Elsewhere(String::new()),
        }
    }

    fn of_path(path: &str) -> Self {
        let is_unit = |part: &&str| [".scope", ".service"].iter().any(|end| part.ends_with(end));
        let last = path
            .split('/')
            .rfind(is_unit)
            .unwrap_or_default()
            .to_owned();
        let uid_in = |part: &str, begin: &str, end: &str| -> Option<u32> {
            part.strip_prefix(begin)?.strip_suffix(end)?.parse().ok()
        };
        let slice = path
            .split('/')
            .find_map(|part| uid_in(part, "user-", ".slice"));
        let manager = path
            .split('/')
            .find_map(|part| uid_in(part, "user@", ".service"));
        let session = |part: &&str| {
            let name = part.strip_prefix("session-");
            name.is_some_and(|name| name.strip_suffix(".scope").is_some())
        };
        match (slice, manager, path.split('/').find(session)) {
            (_, Some(uid), _) => Self::Manager { uid, unit: last },
            (Some(uid), None, Some(scope)) => Self::Session {
                uid,
                scope: scope.to_owned(),
            },
            (_, None, _) => Self::Elsewhere(last),
        }
    }
}

/// Whose processes logind kills at logout, as it says itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Policy {
    kill: bool,
    only: Vec<String>,
    exclude: Vec<String>,
}

impl Policy {
    /// Reads what `busctl get-property` prints for `KillUserProcesses`, `KillOnlyUsers` and
    /// `KillExcludeUsers`, a line each: `b true`, `as 0`, `as 1 "root"`.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let kill = match lines.next()? {
            "b true" => true,
            "b false" => false,
            _ => return None,
        };
        let mut list = || -> Option<Vec<String>> {
            let words = lines.next()?.strip_prefix("as ")?.split(' ').skip(1);
            Some(
                words
                    .map(|word| word.trim_matches('"').to_owned())
                    .collect(),
            )
        };
        Some(Self {
            kill,
            only: list()?,
            exclude: list()?,
        })
    }

    /// Asks logind; none where there is none.
    fn ask() -> Option<Self> {
        if !Path::new("/run/systemd/system").exists() {
            return None;
        }
        let output = Command::new("busctl")
            .args(["get-property", "org.freedesktop.login1"])
            .args(["/org/freedesktop/login1", "org.freedesktop.login1.Manager"])
            .args(["KillUserProcesses", "KillOnlyUsers", "KillExcludeUsers"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        Self::parse(&String::from_utf8_lossy(&output.stdout))
    }

    /// As logind decides it: without a list of exceptions, root is the exception.
    fn kills(&self, user: &str) -> bool {
        let excluded = if self.exclude.is_empty() {
            user == "root"
        } else {
            self.exclude.iter().any(|name| name == user)
        };
        let only = |name: &String| name == user;
        !excluded && (self.only.iter().any(only) || self.only.is_empty() && self.kill)
    }

    /// Whether anybody's processes are killed.
    fn kills_anybody(&self) -> bool {
        self.kill || !self.only.is_empty()
    }
}

/// What the end of a login does to a process in that place.
fn judge(
    place: Place,
    policy: &Policy,
    name: impl Fn(u32) -> Option<String>,
    lingers: impl Fn(&str) -> bool,
) -> Logout {
    let named = |uid: u32| name(uid).unwrap_or_else(|| uid.to_string());
    match place {
        Place::Session { uid, scope } if policy.kills(&named(uid)) => Logout::EndsWith(scope),
        Place::Session { .. } => Logout::Nothing,
        Place::Manager { uid, .. } if !lingers(&named(uid)) => Logout::EndsWithLast(named(uid)),
        Place::Manager { unit, .. } | Place::Elsewhere(unit) => {
            if policy.kills_anybody() && unit.starts_with("run-") {
                Logout::Outlived(unit)
            } else {
                Logout::Nothing
            }
        }
    }
}

/// What the end of a login does to the process of this number.
pub fn logout_of(pid: u32) -> Logout {
    let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/cgroup")) else {
        return Logout::Nothing;
    };
    let Some(policy) = Policy::ask() else {
        return Logout::Nothing;
    };
    let name = |uid| User::numbered(uid).map(|user| user.name);
    judge(Place::parse(&text), &policy, name, lingers)
}

/// Whether a user's manager stays without a login (`loginctl enable-linger`).
fn lingers(user: &str) -> bool {
    Path::new("/var/lib/systemd/linger").join(user).exists()
}

/// How a process is started so that it outlives this login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As it is: the end of the login does nothing to it, or nothing helps.
    Plainly,
    /// In a scope of the system's manager.
    SystemScope,
    /// In a scope of the user's manager.
    UserScope,
}

impl Way {
    /// The way out of here.
    pub(super) fn out() -> Self {
        let way = match logout_of(std::process::id()) {
            Logout::EndsWith(_) | Logout::EndsWithLast(_) if identity::is_root() => {
                Self::SystemScope
            }
            Logout::EndsWith(_) => Self::UserScope,
            // The user's manager is all that a user can ask, and ends with the last login itself.
            Logout::Nothing | Logout::Outlived(_) | Logout::EndsWithLast(_) => {
                return Self::Plainly;
            }
        };
        // A scope is refused where no manager answers: tried with a command that does nothing.
        let tried = way.command().map(|mut command| {
            let quiet = command.arg("true").stdin(Stdio::null());
            quiet.stdout(Stdio::null()).stderr(Stdio::null()).status()
        });
        match tried {
            Some(Ok(status)) if status.success() => way,
            Some(Ok(_) | Err(_)) | None => Self::Plainly,
        }
    }

    /// The beginning of a command that goes this way; none for the plain one.
    pub(super) fn command(self) -> Option<Command> {
        let mut command = Command::new("systemd-run");
        command.args(["--scope", "--collect", "--quiet"]);
        match self {
            Self::Plainly => return None,
            Self::SystemScope => {}
            Self::UserScope => {
                command.arg("--user");
                if identity::var("XDG_RUNTIME_DIR").is_none() {
                    let usual = PathBuf::from(format!("/run/user/{}", identity::uid()));
                    command.env("XDG_RUNTIME_DIR", usual);
                }
            }
        }
        command.arg("--");
        Some(command)
    }
}

/// What people should know of this login's end before they start a run: nothing where the run's
/// supervisor will outlive it.
pub fn warning() -> Option<String> {
    let here = logout_of(std::process::id());
    let user = || User::numbered(identity::uid()).map_or("USER".to_owned(), |user| user.name);
    let linger = |who: &str| {
        format!(
            "The run's supervisor ends with the last login of {who}: logind stops what is left \
             then. Stay logged in until the run is done, or type this first: \
             loginctl enable-linger {who}"
        )
    };
    match (&here, Way::out()) {
        (Logout::Nothing | Logout::Outlived(_), _) | (_, Way::SystemScope) => None,
        (_, Way::UserScope) if lingers(&user()) => None,
        (_, Way::UserScope) => Some(linger(&user())),
        (Logout::EndsWithLast(user), Way::Plainly) => Some(linger(user)),
        (Logout::EndsWith(session), Way::Plainly) => Some(format!(
            "The run's supervisor ends with this login: logind kills what {session} leaves \
             behind (KillUserProcesses), and systemd-run, which would prevent it, fails here. \
             Stay logged in until the run is done."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As busctl of systemd 252 prints it.
    const KILLS: &str = "b true\nas 0\nas 0\n";

    fn policy(text: &str) -> Policy {
        Policy::parse(text).expect("three lines")
    }

    #[test]
    fn the_cgroup_says_where_a_process_lives() {
        let session = |uid, scope: &str| Place::Session {
            uid,
            scope: scope.to_owned(),
        };
        let v2 = "0::/user.slice/user-1001.slice/session-2.scope\n";
        assert_eq!(Place::parse(v2), session(1001, "session-2.scope"));
        let v1 = "4:memory:/some/where\n\
                  1:name=systemd:/user.slice/user-0.slice/session-c1.scope\n0::/\n";
        assert_eq!(Place::parse(v1), session(0, "session-c1.scope"));
        let manager = "0::/user.slice/user-1001.slice/user@1001.service/app.slice/run-r1.scope\n";
        let unit = "run-r1.scope".to_owned();
        assert_eq!(Place::parse(manager), Place::Manager { uid: 1001, unit });
        for (text, unit) in [
            ("0::/system.slice/run-r2.scope\n", "run-r2.scope"),
            ("0::/system.slice/ssh.service\n", "ssh.service"),
            ("0::/\n", ""),
            ("", ""),
        ] {
            assert_eq!(Place::parse(text), Place::Elsewhere(unit.to_owned()));
        }
    }

    #[test]
    fn logind_kills_whom_it_says_and_root_only_where_others_are_excepted() {
        let kills = |text: &str, user: &str| policy(text).kills(user);
        assert!(kills(KILLS, "ada") && !kills(KILLS, "root"));
        assert!(!kills("b false\nas 0\nas 0\n", "ada"));
        assert!(kills("b false\nas 1 \"ada\"\nas 0\n", "ada"));
        assert!(!kills("b true\nas 1 \"ada\"\nas 0\n", "bob"));
        assert!(!kills("b true\nas 0\nas 2 \"ada\" \"eve\"\n", "ada"));
        assert!(kills("b true\nas 0\nas 1 \"ada\"\n", "root"));
        assert_eq!(Policy::parse(""), None);
        assert_eq!(Policy::parse("Failed to get property\n"), None);
    }

    #[test]
    fn a_process_ends_with_its_login_its_user_or_not_at_all() {
        let name = |uid| (uid == 1001).then(|| "ada".to_owned());
        let judged = |path: &str, text: &str, linger: bool| {
            judge(Place::of_path(path), &policy(text), name, |_| linger)
        };
        let session = "/user.slice/user-1001.slice/session-2.scope";
        let ends = Logout::EndsWith("session-2.scope".to_owned());
        // Lingering keeps the user's manager, and no session.
        assert_eq!(judged(session, KILLS, true), ends);
        assert_eq!(
            judged(session, "b false\nas 0\nas 0\n", false),
            Logout::Nothing
        );
        let scope = "/user.slice/user-1001.slice/user@1001.service/app.slice/run-r1.scope";
        let last = Logout::EndsWithLast("ada".to_owned());
        assert_eq!(judged(scope, KILLS, false), last);
        let lives = Logout::Outlived("run-r1.scope".to_owned());
        assert_eq!(judged(scope, KILLS, true), lives);
        assert_eq!(judged("/system.slice/run-r1.scope", KILLS, false), lives);
        assert_eq!(
            judged("/system.slice/cron.service", KILLS, false),
            Logout::Nothing
        );
        assert!(!ends.is_survived() && !last.is_survived() && lives.is_survived());
    }
}
