//! Two screens on one run: who looks only, how the controls go from one to the other, and a
//! supervisor that does not answer.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

use rustix::process::Signal;
use std::time::{Duration, Instant};
use support::pty::Pty;
use support::{Sandbox, kill, wait_until};

/// A typed warning before the first step, then a step that waits at a gate.
const PLAN: &str = r#"
upwalk: 1
service: shop
vars: { here: { required: true, help: the directory of the test } }
up:
  - phase: Preparation
    role: stage
    steps:
      - name: Work
        run: |
          for n in $(seq 60); do echo "line $n"; done
          until test -e "$HERE/gate" || ! test -d "$HERE"; do sleep 0.05; done
        undo: { none: harmless }
        warn: [{ id: drop, text: It drops something., confirm: { type: drop it } }]
"#;

/// A sandbox with that plan.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("shop.yaml"), PLAN).expect("the sandbox is ours");
    sandbox
}

/// A screen of this person.
fn screen_of(sandbox: &Sandbox, who: &str, args: &[&str]) -> Pty {
    let mut command = sandbox.upwalk(args);
    command.env("SUDO_USER", who);
    Pty::start(&command, 100, 30)
}

/// Anna's screen, which stands at the typed warning.
fn at_the_phrase(sandbox: &Sandbox) -> Pty {
    let here = sandbox.path("").display().to_string();
    let here = format!("--set=here={}", here.trim_end_matches('/'));
    let first = screen_of(sandbox, "anna", &["up", "./shop.yaml", &here]);
    first.wait_for("NOT STARTED");
    first.send("S");
    first.wait_for("Nothing goes on until then.");
    first
}

/// The same with the step under way.
fn under_way(sandbox: &Sandbox) -> Pty {
    let first = at_the_phrase(sandbox);
    first.send_slowly("drop it");
    first.send("\r");
    first.wait_for("1.1 RUNNING");
    first.wait_for("line 60");
    first
}

/// Opens the box that asks for the controls, or takes them.
fn ask(screen: &Pty, title: &str) {
    // Keys right after something came up are thrown away, and nothing tells until when.
    wait_until("the box is open", || {
        screen.send("T");
        std::thread::park_timeout(Duration::from_millis(700));
        screen.screen().contains(title)
    });
}

/// Answers the box of whoever is asked, once keys count there.
fn answer(screen: &Pty, key: &str) {
    screen.wait_for("SOMEBODY ASKS FOR THE CONTROLS");
    wait_until("the box is answered", || {
        std::thread::park_timeout(Duration::from_millis(700));
        let open = screen.screen().contains("SOMEBODY ASKS FOR THE CONTROLS");
        if open {
            screen.send(key);
        }
        !open
    });
}

fn take_over_phrase() -> String {
    format!("take control of {}", upwalk::shell::identity::host())
}

#[test]
fn r39_who_looks_only_is_refused_each_changing_key_with_a_sentence_and_scrolls_alone() {
    let sandbox = shop();
    let first = at_the_phrase(&sandbox);
    let second = screen_of(&sandbox, "berta", &["attach"]);
    second.wait_for("berta OBSERVER");
    second.wait_for("LOOKING ONLY. anna has the controls since");
    second.wait_screen("when the last key was", |screen| {
        let row = screen.lines().nth(1).unwrap_or_default();
        row.contains("Z, last key ") && row.trim_end().ends_with(" s ago.")
    });
    let before = sandbox.journal();
    for key in ["X", "a"] {
        std::thread::park_timeout(Duration::from_millis(700));
        second.send(key);
        second.wait_for("You are looking only. T takes the controls.");
        second.send("?");
        second.wait_for("this help");
        second.send("q");
        second.wait_gone("this help");
    }
    // Nothing else of the keys that decide anything does more here.
    for key in ["R", "S", "U", "C", "D", "A"] {
        second.send(key);
    }
    std::thread::park_timeout(Duration::from_millis(700));
    second.send("?");
    second.wait_for("this help");
    second.send("q");
    second.wait_gone("this help");
    assert_eq!(sandbox.journal(), before);
    assert!(!second.screen().contains("> drop"), "{}", second.screen());

    first.send_slowly("drop it");
    first.send("\r");
    first.wait_for("line 60");
    second.wait_for("line 60");
    let before = sandbox.journal();
    std::thread::park_timeout(Duration::from_millis(700));
    second.send("p");
    second.wait_for("You are looking only. T takes the controls.");
    assert_eq!(sandbox.journal(), before);
    // Its log is its own.
    second.send("g");
    second.wait_gone("line 60");
    assert!(first.screen().contains("line 60"), "{}", first.screen());
}

#[test]
fn r39_who_is_asked_gives_the_controls_away_and_a_half_typed_phrase_is_gone() {
    let sandbox = shop();
    let first = at_the_phrase(&sandbox);
    first.send_slowly("drop i");
    first.wait_for("> drop i");
    let second = screen_of(&sandbox, "berta", &["attach"]);
    second.wait_for("LOOKING ONLY.");
    let mut looks = 0;
    wait_until("the first screen is asked", || {
        // Keys right after something came up are thrown away: it is pressed until it counts.
        if looks % 35 == 0 {
            second.send("T");
        }
        looks += 1;
        first.screen().contains("berta looks at this run")
    });
    // Keys from before the box was seen, and those that are reflexes, give nothing away.
    first.send("y\r y\r");
    std::thread::park_timeout(Duration::from_millis(200));
    assert!(second.screen().contains("OBSERVER"), "{}", second.screen());
    assert_eq!(sandbox.events("ControlsTaken", &[]), 0);
    answer(&first, "y");
    second.wait_for("berta DRIVER");
    first.wait_for("LOOKING ONLY. berta has the controls since");
    first.wait_for("anna OBSERVER");
    assert_eq!(sandbox.events("ControlsTaken", &["berta"]), 1);
    first.wait_gone("> drop i");
    assert_eq!(sandbox.events("WarningConfirmed", &[]), 0);

    // Back again: nothing of what was typed before is left, and the rest of it is no phrase.
    ask(&first, "ASK FOR THE CONTROLS");
    answer(&second, "y");
    first.wait_for("anna DRIVER");
    second.wait_for("anna has the controls");
    first.wait_for("Nothing goes on until then.");
    first.send_slowly("t");
    first.send("\r");
    first.wait_for("Not the same");
    assert_eq!(sandbox.events("WarningConfirmed", &[]), 0);
    assert_eq!(sandbox.events("ControlsTaken", &[]), 2);
}

#[test]
fn r39_who_is_asked_keeps_the_controls_and_the_other_is_told() {
    let sandbox = shop();
    let first = under_way(&sandbox);
    let second = screen_of(&sandbox, "berta", &["attach"]);
    second.wait_for("LOOKING ONLY.");
    ask(&second, "ASK FOR THE CONTROLS");
    second.wait_for("anna has been asked and answers with y or n.");
    // A phrase does not help while somebody sits there.
    for key in take_over_phrase().chars() {
        second.send(key.encode_utf8(&mut [0; 4]));
        std::thread::park_timeout(Duration::from_millis(30));
    }
    std::thread::park_timeout(Duration::from_millis(400));
    second.send("\r");
    answer(&first, "n");
    second.wait_for("anna keeps the controls.");
    first.wait_for("anna DRIVER");
    // Whoever asked may stop asking.
    ask(&second, "ASK FOR THE CONTROLS");
    first.wait_for("SOMEBODY ASKS FOR THE CONTROLS");
    second.send("\x07");
    first.wait_gone("SOMEBODY ASKS FOR THE CONTROLS");
    assert_eq!(sandbox.events("ControlsTaken", &[]), 0);
}

#[test]
fn r39_the_controls_of_a_terminal_that_is_gone_are_taken_by_the_phrase() {
    let sandbox = shop();
    let mut first = under_way(&sandbox);
    let second = screen_of(&sandbox, "berta", &["attach"]);
    second.wait_for("LOOKING ONLY.");
    ask(&second, "ASK FOR THE CONTROLS");
    first.hang_up();
    first.wait();
    second.wait_for("Nobody has the controls");
    second.wait_for("To take them, type exactly:");
    second.wait_for("Type, then Enter.");
    second.send("\x15");
    second.send_slowly(&take_over_phrase());
    second.send("\r");
    second.wait_for("berta DRIVER");
    assert_eq!(sandbox.events("ControlsTaken", &["berta"]), 1);
}

#[test]
fn r39_the_controls_of_who_presses_no_key_for_a_minute_are_taken_by_the_phrase() {
    let sandbox = shop();
    let first = under_way(&sandbox);
    let pressed = Instant::now();
    let second = screen_of(&sandbox, "berta", &["attach"]);
    second.wait_for("LOOKING ONLY.");
    ask(&second, "ASK FOR THE CONTROLS");
    second.wait_for("To take them, type exactly:");
    // The last key was told of at most two seconds before it was pressed.
    assert!(pressed.elapsed() > Duration::from_secs(56), "{pressed:?}");
    second.wait_for("Type, then Enter.");
    second.send("\x15");
    second.send_slowly(&take_over_phrase());
    second.send("\r");
    second.wait_for("berta DRIVER");
    first.wait_for("LOOKING ONLY. berta has the controls since");
    assert_eq!(sandbox.events("ControlsTaken", &["berta"]), 1);
}

#[test]
fn a_supervisor_that_hangs_is_shown_as_not_live_and_is_sent_nothing() {
    let sandbox = shop();
    let first = under_way(&sandbox);
    let supervisor = sandbox.supervisor();
    kill(supervisor, Signal::STOP);
    let stopped = Instant::now();
    std::thread::park_timeout(Duration::from_millis(700));
    assert!(
        !first.screen().contains("NOT LIVE"),
        "nothing was asked yet"
    );
    first.send("p");
    first.wait_for("NOT LIVE: last word from the supervisor");
    let took = stopped.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
    first.wait_screen("that time passes", |screen| {
        screen.contains("(5 s ago)") || screen.contains("(6 s ago)")
    });
    for key in ["p", "p", "\x03"] {
        first.send(key);
    }
    first.wait_for("What do you want?");
    first.wait_for("NOT LIVE");
    let before = sandbox.journal();
    kill(supervisor, Signal::CONT);
    first.wait_gone("NOT LIVE");
    first.wait_for("What do you want?");
    wait_until("the box is closed", || {
        std::thread::park_timeout(Duration::from_millis(700));
        first.send("\x07");
        !first.screen().contains("What do you want?")
    });
    assert_eq!(sandbox.journal(), before, "a key from then took effect");
    // It is heard again.
    std::thread::park_timeout(Duration::from_millis(700));
    first.send("p");
    wait_until("the pause is journalled", || {
        sandbox.events("PauseRequested", &[]) == 1
    });
}
