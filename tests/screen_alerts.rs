//! How a screen calls a person: the bell once, the title, and what is configured beside them.
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

use support::pty::Pty;
use support::{Sandbox, wait_until};

/// A plan whose first step ends well, and whose second fails.
const PLAN: &str = r"
upwalk: 1
service: shop
up:
  - phase: Work
    role: stage
    steps:
      - { name: Ends well, run: echo well, undo: { none: harmless } }
      - { name: Fails, run: echo badly; exit 1, undo: { none: harmless } }
";

/// A sandbox with that plan and this configuration.
fn shop(config: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let write = |name, text: &str| {
        std::fs::write(sandbox.path(name), text).expect("the sandbox is ours");
    };
    write("shop.yaml", PLAN);
    write("config.yaml", config);
    sandbox
}

/// Walks to the failed step.
fn to_failure(sandbox: &Sandbox, term: &str) -> Pty {
    let args = ["up", "./shop.yaml", "--config", "./config.yaml"];
    let mut command = sandbox.upwalk(args);
    command.env("TERM", term);
    let screen = Pty::start(&command, 100, 30);
    screen.wait_for("NOT STARTED");
    screen.wait_idle();
    assert_eq!(count(&screen, "\x07"), 0, "nothing has begun");
    screen.send("S");
    screen.wait_for("FAILED");
    screen.wait_for("choose a letter");
    screen
}

/// How often this comes in everything that the program has written.
fn count(screen: &Pty, part: &str) -> usize {
    let bytes = screen.bytes();
    let part = part.as_bytes();
    bytes.windows(part.len()).filter(|at| *at == part).count()
}

/// Draws everything anew, and waits for it.
fn redraw(screen: &Pty) {
    let frames = count(screen, "\x1b[2J");
    screen.send("\x0c");
    wait_until("everything is drawn anew", || {
        count(screen, "\x1b[2J") > frames
    });
    screen.wait_idle();
}

#[test]
fn the_bell_rings_once_when_a_step_fails_and_not_when_one_ends_well() {
    let sandbox = shop("");
    let screen = to_failure(&sandbox, "xterm-256color");
    redraw(&screen);
    assert_eq!(count(&screen, "\x07"), 1);
    drop(screen);
    let again = Pty::start(&sandbox.upwalk(["attach"]), 100, 30);
    again.wait_for("FAILED");
    redraw(&again);
    assert_eq!(count(&again, "\x07"), 0, "whoever attaches sees it");
}

#[test]
fn the_title_says_how_the_run_is_and_is_given_back() {
    let sandbox = shop("");
    let mut screen = to_failure(&sandbox, "xterm-256color");
    let host = upwalk::shell::identity::host();
    for word in ["NOT STARTED", "FAILED 1.2"] {
        let title = format!("\x1b]2;{word} shop@{host}\x1b\\");
        assert_eq!(count(&screen, &title), 1, "{word}");
    }
    assert_eq!(
        (count(&screen, "\x1b[22;0t"), count(&screen, "\x1b[23;0t")),
        (1, 0)
    );
    screen.send("q");
    screen.wait();
    assert_eq!(
        (count(&screen, "\x1b[22;0t"), count(&screen, "\x1b[23;0t")),
        (1, 1)
    );
}

#[test]
fn a_terminal_without_a_title_gets_the_bell_alone() {
    for term in ["linux", "vt100"] {
        let sandbox = shop("");
        let screen = to_failure(&sandbox, term);
        redraw(&screen);
        assert_eq!(count(&screen, "\x07"), 1, "{term}");
        assert_eq!(count(&screen, "\x1b]"), 0, "{term}");
        assert_eq!(count(&screen, "\x1b[22;0t"), 0, "{term}");
    }
}

#[test]
fn messages_and_silence_are_by_choice() {
    let host = upwalk::shell::identity::host();
    let message = format!("\x07\x1b]9;upwalk: FAILED 1.2 shop@{host}\x1b\\");
    for (config, wanted, bells) in [
        ("notify: osc9\n", message.as_str(), 1),
        ("notify: osc777\n", "\x1b]777;notify;upwalk;FAILED 1.2 ", 1),
        ("notify: osc99\n", "\x1b]99;;upwalk: FAILED 1.2 ", 1),
        ("notify: none\n", "FAILED", 0),
    ] {
        let sandbox = shop(config);
        let screen = to_failure(&sandbox, "xterm-256color");
        redraw(&screen);
        assert!(count(&screen, wanted) > 0, "{config}");
        assert_eq!(count(&screen, "\x07"), bells, "{config}");
    }
}

#[test]
fn a_configured_command_is_run_once_and_nobody_waits_for_it() {
    let sandbox = shop("");
    let told = sandbox.path("told");
    let script = format!(
        "echo \"$UPWALK_MESSAGE in $UPWALK_RUN\" >>{}; exec sleep 300",
        told.display()
    );
    let config = format!("notify: {{ command: [sh, -c, '{script}'] }}\n");
    std::fs::write(sandbox.path("config.yaml"), config).expect("the sandbox is ours");
    let screen = to_failure(&sandbox, "xterm-256color");
    let read = || std::fs::read_to_string(&told).unwrap_or_default();
    wait_until("the command was run", || !read().is_empty());
    redraw(&screen);
    assert_eq!(count(&screen, "\x07"), 1);
    let host = upwalk::shell::identity::host();
    let lines = read();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(
        lines.starts_with(&format!("FAILED 1.2 shop@{host} in 2")),
        "{lines}"
    );
}
