//! The machine's users: by number, by name, and the groups they are in.
//!
//! `/etc/passwd` is read first, so that nothing is started for local users; whoever is not in it
//! (LDAP and the like) is looked up through `getent`, which asks what the machine is set up to ask.

use std::process::{Command, Stdio};

/// A user as the machine knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Number.
    pub uid: u32,
    /// Primary group's number.
    pub gid: u32,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

impl User {
    /// The user of this name or, where the text is one, number; none where there is no such user.
    pub fn named(name: &str) -> Option<Self> {
        let number: Option<u32> = name.parse().ok();
        // A name comes before a number: a user may be called `1000`.
        find(name, |user| user.name == name).or_else(|| find(name, |user| Some(user.uid) == number))
    }

    /// The user of this number.
    pub fn numbered(uid: u32) -> Option<Self> {
        find(&uid.to_string(), |user| user.uid == uid)
    }

    /// All groups of the user, the primary one included, as `id -G` lists them.
    pub fn groups(&self) -> Result<Vec<u32>, String> {
        let text = output_of("id", &["-G", "--", &self.name])
            .ok_or_else(|| format!("the groups of {} cannot be listed (id -G)", self.name))?;
        Ok(text
            .split_whitespace()
            .filter_map(|n| n.parse().ok())
            .collect())
    }
}

/// The first user in `/etc/passwd` that fits, else what `getent passwd KEY` knows and fits.
fn find(key: &str, fits: impl Fn(&User) -> bool) -> Option<User> {
    let local = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let fitting = |text: &str| text.lines().filter_map(parse).find(|user| fits(user));
    // `getent` takes a leading dash for an option, and no user's name begins with one.
    let asked = || (!key.starts_with('-')).then(|| output_of("getent", &["passwd", key]))?;
    fitting(&local).or_else(|| fitting(&asked()?))
}

/// One line of a passwd file.
fn parse(line: &str) -> Option<User> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
    let home = fields.nth(1)?.to_owned();
    let shell = fields.next().filter(|text| !text.is_empty());
    Some(User {
        name,
        uid,
        gid,
        home,
        shell: shell.unwrap_or("/bin/sh").to_owned(),
    })
}

/// What a small command prints, where it exits 0.
fn output_of(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then_some(())?;
    String::from_utf8(output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_by_name_and_number() {
        let root = User::named("root").expect("every machine has one");
        assert_eq!((root.uid, root.home.as_str()), (0, "/root"));
        assert_eq!(User::numbered(0).as_ref(), Some(&root));
        assert_eq!(User::named("0"), Some(root.clone()));
        assert!(root.groups().expect("id knows root").contains(&0));
    }

    #[test]
    fn nobody_of_an_invented_name_is_found() {
        assert_eq!(User::named("no-such-user-of-upwalk"), None);
        assert_eq!(User::named("-G"), None);
        assert_eq!(parse("broken:line"), None);
    }
}
