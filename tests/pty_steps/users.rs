//! Steps with a terminal that another user runs.

use crate::support::skip_forbidden;
use crate::walk::{Terminal, Walk};

/// Who that is; every system has it.
const OTHER: &str = "nobody";

/// Tells who has its terminal, and uses that by all its names.
const USES: &str = r#"id -un
name=$(tty)
echo "it is $name"
stat -c 'it belongs to %U' "$name"
test -w "$name" && test -r "$name" && echo "it may be used"
echo "by its name" >"$name" || exit 3
echo "by /dev/tty" >/dev/tty || exit 4
"#;

/// A step of another user, which runs no program that may not be run by it.
fn walk(terminal: Terminal, more: &str) -> Option<Walk> {
    if !rustix::process::geteuid().is_root() {
        skip_forbidden("becoming another user");
        return None;
    }
    let body = format!("{USES}{more}");
    Some(Walk::new(
        terminal,
        &body,
        &[&format!("user: {OTHER}"), "dir: /"],
    ))
}

/// The log tells that the terminal was that user's.
fn expect_usable(walk: &Walk) {
    let log = walk.log();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], OTHER, "{log}");
    assert!(lines[1].starts_with("it is /dev/pts/"), "{log}");
    let uses = [
        "it belongs to nobody",
        "it may be used",
        "by its name",
        "by /dev/tty",
    ];
    assert_eq!(lines[2..6], uses, "{log}");
    assert_eq!(walk.sandbox.events("CommandEnded", &["\"code\":0"]), 2);
    assert_eq!(walk.text("ran"), "after\n");
}

#[test]
fn a_terminal_of_its_own_belongs_to_the_user_who_runs_the_step() {
    let Some(walk) = walk(Terminal::Own, "") else {
        return;
    };
    walk.begin().wait_for("FINISHED");
    expect_usable(&walk);
}

#[test]
fn another_user_reads_a_password_from_the_persons_terminal() {
    let asks = r#"stty -echo </dev/tty
printf 'Password: ' >/dev/tty
IFS= read -r word </dev/tty
stty echo </dev/tty
echo
echo "it has ${#word} letters""#;
    let Some(walk) = walk(Terminal::Admin, asks) else {
        return;
    };
    let screen = walk.begin();
    screen.wait_for("Password:");
    screen.send("s3cret word\r");
    screen.wait_for("FINISHED");
    expect_usable(&walk);
    let log = walk.log();
    assert!(log.ends_with("Password: \nit has 11 letters\n"), "{log}");
    assert!(!log.contains("s3cret"), "{log}");
}
