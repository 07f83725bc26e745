//! What `y` copies: to the clipboard of a terminal that takes it, and into a box to be marked by hand
//! for all the others.
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
use support::{Sandbox, skip_missing, wait_until};

/// What a step runs: several lines, quotes, and characters of more than one byte.
const COMMAND: &str = r#"printf '%s\n' "Größe: $HOME"
for n in $(seq 60); do echo "line $n"; done
until test -e "$HOME/gate" || ! test -d "$HOME"; do echo "still here"; sleep 0.02; done"#;

/// A sandbox with a plan of that step.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    // As deep as the plan below has it.
    let run = COMMAND.replace('\n', "\n          ");
    let plan = format!(
        "upwalk: 1\nservice: shop\nup:\n  - phase: Change\n    role: pre-deploy\n    steps:\n      - \
         name: Work\n        run: |\n          {run}\n        undo: {{ none: it changes nothing }}\n"
    );
    std::fs::write(sandbox.path("shop.yaml"), plan).expect("the sandbox is ours");
    sandbox
}

fn up(sandbox: &Sandbox) -> Command {
    sandbox.upwalk(["up", "./shop.yaml"])
}

/// Lets the step begin.
fn begin(screen: &Pty) {
    screen.wait_for("NOT STARTED");
    screen.send("S");
    screen.wait_for("1.1 RUNNING");
    screen.wait_for("still here");
}

/// The bytes that put a text on the clipboard of a terminal, as another program makes them.
fn order(text: &str) -> String {
    let mut base64 = Command::new("sh");
    base64.args(["-c", "printf %s \"$0\" | base64 -w 0", text]);
    let coded = base64
        .output()
        .expect("base64 belongs to every Debian")
        .stdout;
    format!("\x1b]52;c;{}\x07", String::from_utf8_lossy(&coded))
}

/// Everything that was meant for a clipboard so far, each in one piece.
fn copied(screen: &Pty) -> Vec<String> {
    let bytes = String::from_utf8_lossy(&screen.bytes()).into_owned();
    let orders = bytes.split("\x1b]52;").skip(1);
    let whole = orders.map(|rest| rest.split_inclusive('\x07').next().unwrap_or_default());
    whole.map(|order| format!("\x1b]52;{order}")).collect()
}

/// The box shows each line of the text, to be marked.
fn expect_box(screen: &Pty, text: &str) {
    screen.wait_for("then mark it here with the mouse");
    for line in text.lines() {
        screen.wait_for(line);
    }
    screen.send("q");
    screen.wait_gone("then mark it here with the mouse");
}

#[test]
fn y_copies_the_command_in_the_midst_of_a_log_and_the_runs_directory_at_the_end() {
    for term in ["xterm-256color", "screen", "linux"] {
        let sandbox = shop();
        let screen = Pty::start(up(&sandbox).env("TERM", term), 100, 30);
        begin(&screen);
        assert!(
            copied(&screen).is_empty(),
            "{term}: nobody has asked for that"
        );
        screen.send("y");
        expect_box(&screen, COMMAND);
        assert_eq!(copied(&screen), [order(COMMAND)], "{term}");
        std::fs::write(sandbox.path("home/gate"), "").expect("the sandbox is ours");
        screen.wait_for("FINISHED");
        screen.send("y");
        let dir = sandbox.run_dir().display().to_string();
        expect_box(&screen, &dir);
        screen.wait_for("FINISHED");
        assert_eq!(copied(&screen), [order(COMMAND), order(&dir)], "{term}");
    }
}

#[test]
fn y_shows_the_command_also_where_something_in_between_keeps_the_clipboard() {
    if Command::new("tmux").arg("-V").output().is_err() {
        skip_missing("tmux");
        return;
    }
    let sandbox = shop();
    let inner = up(&sandbox);
    let mut tmux = Command::new("tmux");
    let socket = sandbox.path("tmux");
    tmux.arg("-S")
        .arg(&socket)
        .args(["-f", "/dev/null", "new-session"]);
    tmux.arg(inner.get_program()).args(inner.get_args());
    sandbox.settle(&mut tmux);
    let screen = Pty::start(&tmux, 100, 30);
    begin(&screen);
    screen.send("y");
    expect_box(&screen, COMMAND);
    assert!(
        copied(&screen).is_empty(),
        "tmux lets it through; this test shows nothing"
    );
    // The screen in it goes on as before.
    std::fs::write(sandbox.path("home/gate"), "").expect("the sandbox is ours");
    screen.wait_for("FINISHED");
    screen.send("q");
    wait_until("tmux ends with its last program", || !is_open(&socket));
}

/// Whether a server listens there.
fn is_open(socket: &std::path::Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}
