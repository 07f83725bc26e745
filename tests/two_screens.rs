//! Two screens on one run: who has the controls, taking them over while something is half typed,
//! taking them back, and what becomes of them when their holder dies.
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

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
#[path = "support/run.rs"]
mod run;

use run::Run;
use rustix::process::Signal;
use std::process::Command;
use std::sync::Barrier;
use std::time::Duration;
use support::pty::Pty;
use support::{Sandbox, kill, wait_until};
use upwalk::journal::Decision;
use upwalk::supervisor::wire::Part;

/// A typed warning before a step, and a pause.
const PLAN: &str = r"
upwalk: 1
service: shop
up:
  - phase: Preparation
    role: stage
    steps:
      - name: Work
        run: echo worked
        undo: { none: harmless }
        warn: [{ id: drop, text: It drops something., confirm: { type: drop it } }]
  - pause: Rest
    id: rest
";

/// A sandbox with that plan.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("shop.yaml"), PLAN).expect("the sandbox is ours");
    sandbox
}

/// A screen that stands at the typed warning.
fn at_the_phrase(sandbox: &Sandbox) -> Pty {
    let first = Pty::start(&sandbox.upwalk(["up", "./shop.yaml"]), 100, 30);
    first.wait_for("NOT STARTED");
    first.send("S");
    first.wait_for("Nothing goes on until then.");
    first
}

/// One more screen.
fn attach(sandbox: &Sandbox) -> Pty {
    Pty::start(&sandbox.upwalk(["attach"]), 100, 30)
}

/// What takes the controls.
fn take_over_phrase() -> String {
    format!("take control of {}", upwalk::shell::identity::host())
}

/// Takes the controls on a screen that looks only.
fn take_over(screen: &Pty) {
    // Keys right after a box was closed are thrown away, and nothing on the screen tells until when.
    wait_until("the box is open", || {
        screen.send("T");
        std::thread::park_timeout(Duration::from_millis(700));
        screen.screen().contains("To take them, type exactly:")
    });
    screen.wait_for("Type, then Enter.");
    screen.send("\u{15}");
    screen.send_slowly(&take_over_phrase());
    screen.send("\r");
    screen.wait_for("DRIVER");
}

/// Asks for the controls on one screen and gives them away on the other.
fn hand_over(from: &Pty, to: &Pty) {
    wait_until("the box is open", || {
        to.send("T");
        std::thread::park_timeout(Duration::from_millis(700));
        to.screen().contains("ASK FOR THE CONTROLS")
    });
    from.wait_for("SOMEBODY ASKS FOR THE CONTROLS");
    wait_until("the box is answered", || {
        std::thread::park_timeout(Duration::from_millis(700));
        let open = from.screen().contains("SOMEBODY ASKS FOR THE CONTROLS");
        if open {
            from.send("y");
        }
        !open
    });
    to.wait_for("DRIVER");
}

/// Presses keys that shall do nothing: once the help is shown, they were all seen.
fn press_in_vain(screen: &Pty, keys: &str) {
    screen.send(keys);
    std::thread::park_timeout(Duration::from_millis(700));
    screen.send("?");
    screen.wait_for("this help");
    screen.send("q");
    screen.wait_gone("this help");
}

fn confirmed(sandbox: &Sandbox) -> usize {
    sandbox.events("WarningConfirmed", &["typed"])
}

#[test]
fn a_half_typed_phrase_confirms_nothing_once_the_controls_are_taken_over() {
    let sandbox = shop();
    let first = at_the_phrase(&sandbox);
    first.send_slowly("drop i");
    first.wait_for("> drop i");

    let second = attach(&sandbox);
    second.wait_for("LOOKING ONLY.");
    second.wait_for("has the controls");
    second.wait_for("OBSERVER");
    // Whoever looks only neither confirms nor decides nor types.
    press_in_vain(&second, "drop it\raCRSUXb");
    assert_eq!(sandbox.events("WarningConfirmed", &[]), 0);
    assert_eq!(sandbox.events("QuestionAnswered", &["drop"]), 0);
    first.wait_for("> drop i");

    hand_over(&first, &second);
    assert_eq!(sandbox.events("ControlsTaken", &[]), 1);
    first.wait_for("OBSERVER");
    first.wait_for("has the controls since");
    first.wait_gone("> drop i");
    press_in_vain(&first, "t\r");
    press_in_vain(&first, "drop it\r");
    assert_eq!(confirmed(&sandbox), 0, "{}", sandbox.journal());

    hand_over(&second, &first);
    second.wait_for("OBSERVER");
    assert_eq!(sandbox.events("ControlsTaken", &[]), 2);
    // Nothing of what was typed before is left: the rest of it is not the phrase.
    first.wait_for("Nothing goes on until then.");
    assert!(!first.screen().contains("> drop i"), "{}", first.screen());
    first.send_slowly("t");
    first.send("\r");
    first.wait_for("Not the same");
    assert_eq!(confirmed(&sandbox), 0);
    first.send("\u{15}");
    first.send_slowly("drop it");
    first.send("\r");
    first.wait_for("You may continue");
    second.wait_for("It waits for whoever has the controls.");
    assert_eq!(confirmed(&sandbox), 1);
}

#[test]
fn at_the_prompts_a_phrase_without_its_enter_confirms_nothing_after_a_take_over() {
    let sandbox = shop();
    let plain = |args: &[&str]| {
        let args = [args, &["--ui", "plain"]].concat();
        Pty::start(&sandbox.upwalk(args), 100, 30)
    };
    let first = plain(&["up", "./shop.yaml"]);
    first.expect("as it is:");
    first.wait_idle();
    first.send("start\r");
    first.expect("drop it");
    first.expect("as it is:");
    first.wait_idle();
    first.send("drop it");
    let second = plain(&["attach"]);
    second.expect("has the controls");
    second.expect("as it is:");
    second.wait_idle();
    second.send("take the controls\r");
    first.expect("has the controls, and this one looks only");
    first.expect("as it is:");
    first.wait_idle();
    first.send("\r");
    first.wait_idle();
    first.send("drop it\r");
    first.expect("has the controls. Take the controls first.");
    assert_eq!(sandbox.events("WarningConfirmed", &[]), 0);
    assert_eq!(sandbox.events("ControlsTaken", &[]), 1);
    // Taken back, the phrase counts again.
    first.expect("as it is:");
    first.wait_idle();
    first.send("take the controls\r");
    second.expect("has the controls, and this one looks only");
    first.expect("as it is:");
    first.wait_idle();
    first.send("drop it\r");
    second.expect("Rest");
    assert_eq!(confirmed(&sandbox), 1);
}

#[test]
fn nobody_inherits_the_controls_of_a_screen_that_is_killed() {
    let sandbox = shop();
    let mut first = at_the_phrase(&sandbox);
    let second = attach(&sandbox);
    second.wait_for("has the controls");
    kill(first.pid(), Signal::KILL);
    first.wait();
    second.wait_for("LOOKING ONLY. Nobody has the controls: T takes them.");
    press_in_vain(&second, "drop it\r");
    assert_eq!(sandbox.events("WarningConfirmed", &[]), 0);

    // Whoever comes back finds them free; who looks is told whose they are.
    let mut third = attach(&sandbox);
    third.wait_for("DRIVER");
    third.wait_for("Nothing goes on until then.");
    second.wait_gone("Nobody has the controls");
    second.wait_for("has the controls");
    assert_eq!(sandbox.events("ControlsTaken", &[]), 0, "from nobody");
    kill(third.pid(), Signal::KILL);
    third.wait();
    second.wait_for("Nobody has the controls");
    take_over(&second);
    assert_eq!(sandbox.events("ControlsTaken", &[]), 1);
    second.wait_for("Nothing goes on until then.");
    second.send_slowly("drop it");
    second.send("\r");
    second.wait_for("You may continue");
    assert_eq!(confirmed(&sandbox), 1);
}

#[test]
fn at_the_prompts_it_is_said_that_nobody_has_the_controls_any_more() {
    let sandbox = shop();
    let mut first = at_the_phrase(&sandbox);
    let args = ["attach", "--ui", "plain"];
    let second = Pty::start(&sandbox.upwalk(args), 100, 30);
    second.expect("has the controls, and this one looks only");
    second.expect("as it is:");
    kill(first.pid(), Signal::KILL);
    first.wait();
    second.expect("nobody has the controls any more, and this one looks only");
    second.expect("\"take the controls\"");
    second.expect("as it is:");
    second.wait_idle();
    second.send("drop it\r");
    second.expect("This screen looks only. Take the controls first.");
    assert_eq!(sandbox.events("WarningConfirmed", &[]), 0);
}

/// Waits until the screen shows this pause and takes keys.
fn at_pause(screen: &Pty, number: u64) {
    screen.wait_for(&format!("PAUSED Rest {number} for"));
    // Keys right after a question are thrown away, and nothing on the screen tells until when.
    std::thread::park_timeout(Duration::from_millis(700));
}

#[test]
fn a_key_on_the_screen_and_a_verb_at_once_pass_one_pause() {
    const ROUNDS: u64 = 8;
    let pauses = (1..=ROUNDS + 1).map(|n| format!("  - {{ pause: Rest {n}, id: rest-{n} }}\n"));
    let plan = format!(
        "upwalk: 1\nservice: pauses\nup:\n{}",
        pauses.collect::<String>()
    );
    let run = Run::of(&plan);
    let _supervisor = run.serve();
    let mut verb = run.attach(Part::Verb);
    verb.start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_upwalk"));
    command
        .arg("attach")
        .env("UPWALK_STATE_DIR", run.state_dir.path())
        .env("TERM", "xterm-256color")
        .env("LANG", "C.UTF-8")
        .env("PATH", std::env::var_os("PATH").expect("a PATH"));
    let screen = Pty::start(&command, 100, 30);
    let mut won = 0;
    for round in 1..=ROUNDS {
        at_pause(&screen, round);
        verb.wait("the pause", |mirror| run::question(mirror).is_some());
        let asked = verb.state().open.as_ref().expect("it was just seen").asked;
        let barrier = Barrier::new(2);
        let reply = std::thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                screen.send("C");
            });
            barrier.wait();
            // A key takes longer to arrive than a frame, how long is not known: sometimes this
            // one is first, sometimes that one.
            std::thread::park_timeout(Duration::from_millis(15 * (round - 1)));
            let go_on = Decision::Continue {
                early: false,
                because: None,
            };
            verb.decide(Some(asked), go_on)
        });
        match reply {
            Ok(_) => won += 1,
            Err(refusal) => assert!(refusal.why.contains("answered already"), "{refusal}"),
        }
        verb.wait("the next pause", |mirror| {
            let open = mirror.state.as_ref().and_then(|state| state.open.as_ref());
            open.is_some_and(|open| open.asked > asked)
        });
    }
    at_pause(&screen, ROUNDS + 1);
    let state = run.state();
    let answered = u64::try_from(state.answered.len()).expect("a small number");
    assert_eq!(answered, ROUNDS + 1, "the start and one answer a pause");
    assert!(state.open.is_some() && state.finished.is_none());
    support::say(&format!("the verb was first {won} times of {ROUNDS}"));
}
