//! upwalk on a terminal of its own: what happens when the window closes, and what the screen shows.
#![expect(
    clippy::disallowed_methods,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    clippy::panic,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

use std::process::Command;
use support::pty::Pty;

#[test]
fn the_harness_shows_what_a_program_draws_and_sends_it_keys() {
    let mut command = Command::new("sh");
    command.env("PATH", "/usr/bin:/bin").args([
        "-c",
        r"printf '\033[2J\033[5;3Hhello'; stty size; test -t 0 && read -r word; printf '\033[6n'; echo got $word",
    ]);
    let mut pty = Pty::start(&command, 80, 24);
    let screen = pty.wait_for("24 80");
    assert_eq!(screen.lines().nth(4).map(|line| &line[2..7]), Some("hello"));
    pty.send("word\r");
    pty.wait_for("got word");
    assert!(pty.wait().success());
}

#[test]
fn the_harness_hangs_up_like_a_window_that_closes() {
    let mut command = Command::new("sh");
    command
        .env("PATH", "/usr/bin:/bin")
        .args(["-c", "echo ready; read -r word"]);
    let mut pty = Pty::start(&command, 80, 24);
    pty.expect("ready");
    pty.hang_up();
    let status = pty.wait();
    assert!(!status.success(), "{status}");
}
