//! The long pause on a real terminal: leaving it before its time takes a phrase, and when its latest
//! time has come it asks again and runs nothing by itself (ux.md, requirement 40 as far as it goes
//! without probes).
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

use support::Sandbox;
use support::pty::Pty;

/// New code, a pause, and the step that the old code could not live with.
const PLAN: &str = r"
upwalk: 1
service: shop
defaults: { shell: [sh, -c] }
up:
  - phase: Switch
    role: deploy
    steps:
      - { name: Point at it, run: echo new > HERE/code, undo: echo old > HERE/code }
  - pause: Soak
    LIMITS
  - phase: Clean up after it
    role: post-deploy
    steps:
      - { name: Drop, run: echo dropped > HERE/dropped, undo: { none: harmless } }
";

/// A screen that stands at the pause with these limits.
fn soaking(sandbox: &Sandbox, limits: &str) -> Pty {
    let here = sandbox.path("").display().to_string();
    let text = PLAN
        .replace("HERE", here.trim_end_matches('/'))
        .replace("LIMITS", limits);
    std::fs::write(sandbox.path("shop.yaml"), text).expect("the sandbox is ours");
    let screen = Pty::start(&sandbox.upwalk(["up", "./shop.yaml"]), 80, 24);
    screen.wait_for("NOT STARTED");
    screen.send("S");
    screen.wait_for("PAUSED Soak");
    screen
}

/// What is told to whoever asks without a screen.
fn status(sandbox: &Sandbox) -> String {
    sandbox.run(["status"]).out
}

#[test]
fn r40_continuing_before_the_earliest_time_needs_a_phrase_and_a_reason() {
    let sandbox = Sandbox::new();
    let mut screen = soaking(&sandbox, "min: 1h");
    screen.wait_for("earliest");
    screen.wait_for("STILL OWED");
    assert!(status(&sandbox).contains("Clean up after it"));
    screen.wait_for("Continue is for");
    screen.send("C");
    let phrase = format!("continue early on {}", upwalk::shell::identity::host());
    screen.wait_for(&format!("type exactly: {phrase}"));
    screen.wait_for("Type, then Enter.");
    screen.send_slowly("continue early");
    screen.send("\r");
    screen.wait_for("Not the same");
    assert_eq!(sandbox.events("QuestionAnswered", &["continue"]), 0);
    screen.send("\x15");
    screen.wait_gone("> continue early");
    screen.send_slowly(&phrase);
    screen.send("\r");
    screen.wait_gone("type exactly");
    assert_eq!(sandbox.events("QuestionAnswered", &["continue"]), 0);
    screen.wait_for("Type, then Enter.");
    screen.send_slowly("traffic is low");
    screen.send("\r");
    screen.wait_for("FINISHED");
    let said = ["continue", "\"early\":true", "traffic is low"];
    assert_eq!(sandbox.events("QuestionAnswered", &said), 1);
    assert!(sandbox.path("dropped").exists());
    screen.send("q");
    screen.wait();
}

#[test]
fn r40_after_the_latest_time_it_asks_again_and_runs_nothing_by_itself() {
    let sandbox = Sandbox::new();
    let mut screen = soaking(&sandbox, "max: 1s");
    screen.wait_for("overdue since");
    screen.wait_for("STILL OWED");
    // It asks as it did before, and again: the first question and the one that is overdue.
    assert_eq!(sandbox.events("QuestionAsked", &["\"overdue\":true"]), 1);
    let told = status(&sandbox);
    assert!(
        told.contains("owed") && told.contains("Clean up after it"),
        "{told}"
    );
    let code = sandbox.run(["status", "--exit-code"]).code;
    assert_eq!(code, Some(4));
    assert_eq!(sandbox.events("PauseLeft", &[]), 0);
    assert!(!sandbox.path("dropped").exists());
    screen.wait_gone("Keys count in a moment");
    screen.send("C");
    screen.wait_for("FINISHED");
    assert!(sandbox.path("dropped").exists());
    screen.send("q");
    screen.wait();
}
