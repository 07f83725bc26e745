//! What it takes to confirm a warning: keys from before it was seen, pastes, bursts, held keys and
//! keys to a window that nobody looks at do not (requirements 3 to 9 and 11 to 13).
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
use support::pty::{Answers, Pty};
use support::{Sandbox, kill, wait_until};

/// A warning to acknowledge, one with a phrase and a step that fails, each behind a gate that the
/// test opens or that is open from the start.
const PLAN: &str = r#"
upwalk: 1
service: shop
up:
  - phase: Preparation
    role: stage
    steps:
      - name: First gate
        run: for i in $(seq 1200); do test -e "$HOME/gate1" && exit 0; sleep 0.05; done; exit 9
        undo: { none: harmless }
      - name: Restart it
        run: echo restarted
        undo: { none: harmless }
        warn: [{ id: away, text: Visitors wait for ten seconds., confirm: ack }]
      - name: Second gate
        run: for i in $(seq 1200); do test -e "$HOME/gate2" && exit 0; sleep 0.05; done; exit 9
        undo: { none: harmless }
      - name: Erase it
        run: echo erased
        undo: { none: harmless }
        warn: [{ id: erase, text: The old tables are lost., confirm: { type: erase it here } }]
      - name: Third gate
        run: for i in $(seq 1200); do test -e "$HOME/gate3" && exit 0; sleep 0.05; done; exit 9
        undo: { none: harmless }
      - name: Fail
        run: echo tried >>"$HOME/tries"; exit 7
        undo: { none: harmless }
  - pause: Rest
    id: rest
"#;

/// What the plan's phrase is.
const PHRASE: &str = "erase it here";
/// What the screen says when keys count: at a warning to acknowledge, at a phrase, at a failure.
const ACK_ARMED: &str = "Nothing goes on until you acknowledge.";
const PHRASE_ARMED: &str = "Type the phrase exactly, then Enter.";
const FAILED_ARMED: &str = "Waiting for you.";
/// What stands in the box of a phrase, armed or not.
const PHRASE_BOX: &str = "To go on, type exactly: erase it here";

/// A sandbox with the plan, some of its gates open.
fn shop(open: &[u8]) -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("shop.yaml"), PLAN).expect("the sandbox is ours");
    for gate in open {
        open_gate(&sandbox, *gate);
    }
    sandbox
}

fn open_gate(sandbox: &Sandbox, gate: u8) {
    let path = sandbox.path(format!("home/gate{gate}"));
    std::fs::write(path, "").expect("the sandbox is ours");
}

/// Has upwalk configured like this, without a flag.
fn configure(sandbox: &Sandbox, text: &str) {
    let dir = sandbox.path("home/.config/upwalk");
    std::fs::create_dir_all(&dir).expect("the sandbox is ours");
    std::fs::write(dir.join("config.yaml"), text).expect("the sandbox is ours");
}

/// A screen on which the run has been let begin.
fn begun(sandbox: &Sandbox, args: &[&str]) -> Pty {
    let args = [&["up", "./shop.yaml"], args].concat();
    let screen = Pty::start(&sandbox.upwalk(args), 80, 24);
    screen.wait_for("NOT STARTED");
    screen.send("S");
    screen
}

/// A screen that stands at the warning to acknowledge, where keys count.
fn at_ack(sandbox: &Sandbox) -> Pty {
    let screen = begun(sandbox, &[]);
    screen.wait_for(ACK_ARMED);
    screen
}

/// A screen that has come to the phrase, drawn but maybe not armed.
fn before_phrase(sandbox: &Sandbox, args: &[&str]) -> Pty {
    let screen = begun(sandbox, args);
    screen.wait_for(ACK_ARMED);
    screen.send("a");
    screen
}

/// A screen that stands at the phrase, where keys count.
fn at_phrase(sandbox: &Sandbox, args: &[&str]) -> Pty {
    let screen = before_phrase(sandbox, args);
    screen.wait_for(PHRASE_ARMED);
    screen
}

/// Types the phrase as a person does, and confirms by it.
fn confirm_by_phrase(sandbox: &Sandbox, screen: &Pty) {
    screen.send_slowly(PHRASE);
    screen.send("\r");
    wait_until("the phrase is confirmed", || phrases(sandbox) == 1);
}

/// How often the warning to acknowledge was confirmed.
fn acks(sandbox: &Sandbox) -> usize {
    sandbox.events("WarningConfirmed", &["away"])
}

/// How often the phrase was taken.
fn phrases(sandbox: &Sandbox) -> usize {
    sandbox.events("WarningConfirmed", &["erase"])
}

/// How long nothing is pressed: the pause itself is what the screen gets to see.
fn pause(millis: u64) {
    std::thread::park_timeout(Duration::from_millis(millis));
}

/// The row of the field; empty where nothing is typed.
fn field(screen: &str) -> String {
    let row = screen.lines().find(|line| line.contains("  > "));
    let row = row.unwrap_or_else(|| panic!("there is no field:\n{screen}"));
    let text = row.split("  > ").nth(1).unwrap_or_default();
    text.trim_matches(|c: char| c == ' ' || c == '│' || c == '|')
        .to_owned()
}

/// Walks with keys that come so long after the gate was opened behind which a question waits: in
/// each case it is on its way, or was shown too short a while ago.
fn keys_from_before(millis: u64) {
    let sandbox = shop(&[]);
    // Much longer than the keys are early, so that a busy machine makes no difference.
    configure(&sandbox, "confirm: { quiet: 3s }\n");
    let screen = begun(&sandbox, &[]);
    screen.wait_for("1.1 RUNNING");
    open_gate(&sandbox, 1);
    pause(millis);
    screen.send("a");
    let shown = screen.wait_for(ACK_ARMED);
    assert!(shown.contains("Visitors wait"), "the box is open:\n{shown}");
    assert_eq!(acks(&sandbox), 0, "{}", sandbox.journal());
    screen.send("a");
    screen.wait_for("1.3 RUNNING");
    assert_eq!(acks(&sandbox), 1);

    open_gate(&sandbox, 2);
    pause(millis);
    screen.send(PHRASE);
    pause(200);
    screen.send("\r\x07");
    let shown = screen.wait_for(PHRASE_ARMED);
    assert_eq!(field(&shown), "", "{shown}");
    assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
    confirm_by_phrase(&sandbox, &screen);
    screen.wait_for("1.5 RUNNING");

    open_gate(&sandbox, 3);
    pause(millis);
    screen.send("RSU\r");
    let shown = screen.wait_for(FAILED_ARMED);
    assert!(shown.contains("FAILED"), "{shown}");
    assert!(!shown.contains("Why (kept"), "no box is open:\n{shown}");
    assert_eq!(sandbox.events("QuestionAnswered", &["retry"]), 0);
    assert_eq!(sandbox.events("StepStarted", &["\"fail\""]), 1);
    screen.send("R");
    wait_until("it was tried again", || {
        sandbox.events("StepStarted", &["\"fail\""]) == 2
    });
}

#[test]
fn r03_keys_from_before_a_question_is_drawn_do_not_answer_it() {
    std::thread::scope(|scope| {
        for millis in [0, 150, 400] {
            scope.spawn(move || keys_from_before(millis));
        }
    });
}

#[test]
fn r04_nothing_counts_until_the_terminal_has_drawn_the_question() {
    let sandbox = shop(&[1, 2]);
    let screen = begun(&sandbox, &[]);
    screen.wait_for(ACK_ARMED);
    screen.answer(Answers::After(Duration::from_millis(1500)));
    let before = screen.asked();
    screen.send("a");
    screen.wait_for(PHRASE_BOX);
    screen.wait_asked(before);
    // Longer than the quiet time: by that alone, keys would count now.
    pause(700);
    screen.send(PHRASE);
    pause(200);
    screen.send("\r");
    let shown = screen.wait_for(PHRASE_ARMED);
    assert_eq!(field(&shown), "", "{shown}");
    assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
    confirm_by_phrase(&sandbox, &screen);
}

#[test]
fn r04_an_answer_that_somebody_types_is_not_the_terminals() {
    let sandbox = shop(&[1, 2]);
    let screen = begun(&sandbox, &[]);
    screen.wait_for(ACK_ARMED);
    screen.answer(Answers::After(Duration::from_millis(1500)));
    let before = screen.asked();
    screen.send("a");
    screen.wait_asked(before);
    // From the first row, where F3 with Shift comes from, and from a place that was not asked for.
    screen.send("\x1b[1;2R\x1b[24;80R\x1b[2;1R");
    pause(700);
    screen.send(PHRASE);
    pause(200);
    screen.send("\r");
    let shown = screen.wait_for(PHRASE_ARMED);
    assert_eq!(field(&shown), "", "{shown}");
    assert_eq!(phrases(&sandbox), 0);
}

#[test]
fn r05_a_terminal_that_never_answers_arms_within_three_seconds() {
    let sandbox = shop(&[1, 2]);
    let screen = Pty::start(&sandbox.upwalk(["up", "./shop.yaml"]), 80, 24);
    screen.answer(Answers::Never);
    screen.wait_for("NOT STARTED");
    screen.send("S");
    screen.wait_for(ACK_ARMED);
    let before = screen.asked();
    screen.send("a");
    screen.wait_for(PHRASE_BOX);
    screen.wait_asked(before);
    let asked = Instant::now();
    screen.wait_for(PHRASE_ARMED);
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(3), "it took {took:?}");
    assert!(
        took > Duration::from_millis(1900),
        "it had its time: {took:?}"
    );
    confirm_by_phrase(&sandbox, &screen);
}

#[test]
fn r06_a_paste_neither_fills_the_field_nor_confirms() {
    let sandbox = shop(&[1, 2]);
    let screen = at_phrase(&sandbox, &[]);
    screen.paste("erase it here\r");
    let shown = screen.wait_for("Paste is off here");
    assert_eq!(field(&shown), "", "{shown}");
    pause(300);
    screen.send("\r");
    screen.send("x");
    screen.wait_for("> x");
    assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
    screen.send("\x15");
    confirm_by_phrase(&sandbox, &screen);
}

#[test]
fn r07_a_burst_with_enter_at_its_end_does_not_confirm_and_one_enter_more_does() {
    let sandbox = shop(&[1, 2]);
    let screen = at_phrase(&sandbox, &[]);
    screen.send("erase it here\r");
    let shown = screen.wait_for("press Enter once more");
    assert!(field(&shown).starts_with(PHRASE), "{shown}");
    assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
    pause(400);
    assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
    screen.send("\r");
    wait_until("the phrase is confirmed", || phrases(&sandbox) == 1);
}

/// A paste fills the field where that is allowed, without its line end, and Enter is a key of its own.
fn pasted_and_confirmed(sandbox: &Sandbox, args: &[&str]) {
    let screen = at_phrase(sandbox, args);
    screen.paste("erase\x07 it here\r\n");
    let shown = screen.wait_for("> erase it here");
    assert!(field(&shown).starts_with(PHRASE), "{shown}");
    pause(400);
    assert_eq!(phrases(sandbox), 0, "{}", sandbox.journal());
    screen.send("\r");
    wait_until("the phrase is confirmed", || phrases(sandbox) == 1);
    let pasted = sandbox.events("WarningConfirmed", &["erase", "\"field\":\"pasted\""]);
    assert_eq!(pasted, 1, "{}", sandbox.journal());
}

#[test]
fn r08_where_pastes_are_allowed_one_fills_the_field_and_the_journal_says_so() {
    std::thread::scope(|scope| {
        scope.spawn(|| pasted_and_confirmed(&shop(&[1, 2]), &["--ui", "tui", "--accessible"]));
        scope.spawn(|| {
            let sandbox = shop(&[1, 2]);
            configure(&sandbox, "confirm: { paste: allow }\n");
            pasted_and_confirmed(&sandbox, &[]);
        });
    });
}

#[test]
fn r09_a_phrase_that_differs_keeps_the_box_open_and_the_place_is_named() {
    let sandbox = shop(&[1, 2]);
    let screen = at_phrase(&sandbox, &[]);
    for (typed, place) in [
        ("Erase it here", "at character 1 "),
        ("erase it her3", "at character 13 "),
        ("erase it her", "at character 13 "),
        ("erase it here!", "at character 14 "),
    ] {
        screen.send_slowly(typed);
        screen.send("\r");
        screen.wait_for("Not the same");
        let shown = screen.wait_for(place);
        assert!(field(&shown).starts_with(typed), "the text stays:\n{shown}");
        assert!(
            shown.contains("Nothing") || shown.contains("not"),
            "{shown}"
        );
        assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
        screen.send("\x15");
        screen.wait_screen("an empty field", |screen| field(screen).is_empty());
    }
    // The fifth sets it aside: nothing is done, and it can be opened again at once.
    screen.send_slowly("nonsense");
    screen.send("\r");
    screen.wait_for("wrong 5 times");
    screen.wait_gone(PHRASE_BOX);
    assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
    screen.wait_for("read the warning");
    wait_until("the box is open again", || {
        screen.send("\r");
        pause(700);
        screen.screen().contains("type exactly")
    });
    screen.wait_for(PHRASE_ARMED);
    confirm_by_phrase(&sandbox, &screen);
}

/// Holds a key down: it comes once, after a while again, and then thirty times a second.
fn hold(screen: &Pty, key: &str, first: u64, length: u64) {
    screen.send(key);
    pause(first);
    for _ in 0..length / 33 {
        screen.send(key);
        pause(33);
    }
}

#[test]
fn r11_a_key_that_is_held_down_answers_once() {
    std::thread::scope(|scope| {
        // At once, and after as long as desktops wait, which is longer than the quiet time.
        for first in [33, 660] {
            scope.spawn(move || {
                let sandbox = shop(&[1, 2, 3]);
                let screen = at_phrase(&sandbox, &[]);
                confirm_by_phrase(&sandbox, &screen);
                screen.wait_for(FAILED_ARMED);
                hold(&screen, "R", first, 2000);
                screen.wait_for(FAILED_ARMED);
                assert_eq!(
                    sandbox.events("QuestionAnswered", &["retry"]),
                    1,
                    "{}",
                    sandbox.journal()
                );
                screen.send("R");
                wait_until("it is tried once more", || {
                    sandbox.events("QuestionAnswered", &["retry"]) == 2
                });
            });
        }
    });
}

/// A sandbox that stands at the warning to acknowledge, with a quiet time longer than any delay of
/// a busy machine.
fn calm() -> (Sandbox, Pty) {
    let sandbox = shop(&[1]);
    configure(&sandbox, "confirm: { quiet: 2s }\n");
    let screen = at_ack(&sandbox);
    (sandbox, screen)
}

/// What was armed is so no longer: a key does not count until it says so again, and then it does.
fn expect_armed_anew(sandbox: &Sandbox, screen: &Pty, before: usize) {
    screen.wait_asked(before);
    screen.send("a");
    screen.wait_for("keep still");
    assert_eq!(acks(sandbox), 0, "{}", sandbox.journal());
    screen.wait_for(ACK_ARMED);
    assert_eq!(acks(sandbox), 0, "{}", sandbox.journal());
    screen.send("a");
    wait_until("it is acknowledged", || acks(sandbox) == 1);
}

#[test]
fn r12_a_new_size_disarms() {
    let (sandbox, screen) = calm();
    let before = screen.asked();
    screen.resize(90, 30);
    expect_armed_anew(&sandbox, &screen, before);
}

#[test]
fn r12_a_window_that_loses_the_focus_disarms_and_keys_count_some_time_after_it_is_back() {
    let (sandbox, screen) = calm();
    let before = screen.asked();
    screen.focus_out();
    let before = screen.wait_asked(before);
    screen.wait_for("another window has the focus");
    screen.send("a");
    screen.wait_for("another window has the focus");
    assert_eq!(acks(&sandbox), 0, "{}", sandbox.journal());
    // A person who only wants to read can.
    screen.send("?");
    screen.wait_for("this help");
    screen.send("q");
    screen.wait_gone("this help");
    screen.focus_in();
    expect_armed_anew(&sandbox, &screen, before);
}

#[test]
fn r12_a_screen_that_was_suspended_disarms() {
    let (sandbox, screen) = calm();
    let before = screen.asked();
    screen.send("\x1a");
    let stat = format!("/proc/{}/stat", screen.pid());
    wait_until("the screen is stopped", || {
        std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "))
    });
    screen.send("a");
    kill(screen.pid(), Signal::CONT);
    expect_armed_anew(&sandbox, &screen, before);
}

#[test]
fn r13_a_terminal_that_became_too_small_confirms_nothing_and_shows_the_box_when_it_has_grown() {
    let sandbox = shop(&[1, 2]);
    let screen = at_phrase(&sandbox, &[]);
    let before = screen.asked();
    screen.resize(59, 16);
    screen.wait_for("too small");
    screen.wait_asked(before);
    pause(700);
    screen.send(PHRASE);
    pause(300);
    screen.send("\r");
    pause(300);
    screen.send("a");
    assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
    screen.resize(60, 15);
    screen.wait_for("too small: 60x15");
    screen.resize(80, 24);
    screen.wait_for(PHRASE_BOX);
    let shown = screen.wait_for(PHRASE_ARMED);
    assert_eq!(field(&shown), "", "{shown}");
    assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
    confirm_by_phrase(&sandbox, &screen);
}

#[test]
fn nothing_is_confirmed_towards_a_supervisor_that_does_not_answer() {
    let sandbox = shop(&[1]);
    let screen = at_ack(&sandbox);
    let supervisor = sandbox.supervisor();
    kill(supervisor, Signal::STOP);
    let before = screen.asked();
    screen.resize(90, 30);
    screen.wait_asked(before);
    screen.wait_for("the supervisor of the run has not answered");
    pause(700);
    screen.send("a");
    screen.wait_for("the supervisor of the run has not answered");
    kill(supervisor, Signal::CONT);
    screen.wait_for(ACK_ARMED);
    assert_eq!(acks(&sandbox), 0, "{}", sandbox.journal());
    screen.send("a");
    wait_until("it is acknowledged", || acks(&sandbox) == 1);
}

#[test]
fn what_is_longer_than_a_page_is_confirmed_from_its_last_page_only() {
    let sandbox = shop(&[1, 2]);
    let long = "Another table is lost. ".repeat(150);
    let plan = PLAN.replace("The old tables are lost.", &long);
    std::fs::write(sandbox.path("shop.yaml"), plan).expect("the sandbox is ours");
    let screen = before_phrase(&sandbox, &[]);
    screen.wait_for("There is more to read");
    screen.send("e");
    screen.wait_for("Read on first");
    screen.send("\r");
    let mut pages = 1;
    while !screen.screen().contains(PHRASE) {
        pages += 1;
        screen.send("\x1b[6~");
        screen.wait_for(&format!("part {pages}/"));
    }
    assert!(pages > 2, "{pages} pages");
    let shown = screen.wait_for(PHRASE_ARMED);
    assert_eq!(field(&shown), "", "{shown}");
    assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
    screen.send_slowly(PHRASE);
    // Back on an earlier page the phrase is complete and yet does not count.
    screen.send("\x1b[5~");
    screen.wait_for("There is more to read");
    screen.send("\r");
    screen.wait_for("Read on first");
    assert_eq!(phrases(&sandbox), 0, "{}", sandbox.journal());
    screen.send("\x1b[6~");
    screen.wait_for(PHRASE_ARMED);
    pause(300);
    screen.send("\r");
    wait_until("the phrase is confirmed", || phrases(&sandbox) == 1);
}

/// The value of a text in a line of JSON.
fn value<'a>(line: &'a str, key: &str) -> &'a str {
    let found = line.split(&format!("\"{key}\":\"")).nth(1);
    let rest = found.unwrap_or_else(|| panic!("no {key} in {line}"));
    rest.split('"').next().unwrap_or_default()
}

#[test]
fn a_consent_is_recorded_with_all_that_was_known_of_it() {
    let sandbox = shop(&[1, 2]);
    let screen = at_phrase(&sandbox, &[]);
    confirm_by_phrase(&sandbox, &screen);
    let journal = sandbox.journal();
    let lines = journal
        .lines()
        .filter(|line| line.contains("\"WarningConfirmed\""));
    let [ack, typed] = lines.collect::<Vec<_>>()[..] else {
        panic!("{journal}");
    };
    assert_eq!(value(ack, "level"), "ack");
    assert_eq!(value(typed, "level"), "type");
    assert_eq!(value(typed, "field"), "typed");
    assert_eq!(value(typed, "typed"), PHRASE);
    for line in [ack, typed] {
        // Shown, then armed after the quiet time, then answered; digest, who, and the question that
        // holds text and facts.
        let times = ["shown", "armed", "t"].map(|key| {
            let time = value(line, key).parse::<jiff::Timestamp>();
            time.unwrap_or_else(|error| panic!("{key} of {line}: {error}"))
        });
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(value(line, "digest").len(), 16, "{line}");
        assert!(line.contains("\"login\":"), "{line}");
        assert!(line.contains("\"seen\":\""), "{line}");
        let number = line.split("\"asked\":").nth(1).unwrap_or_default();
        let number: String = number.chars().take_while(char::is_ascii_digit).collect();
        let question = format!("\"n\":{number},");
        let asked = journal.lines().find(|line| line.contains(&question));
        let asked = asked.unwrap_or_else(|| panic!("no event {number} in {journal}"));
        assert!(asked.contains("\"QuestionAsked\""), "{asked}");
        assert!(asked.contains(value(line, "warning")), "{asked}");
    }
}
