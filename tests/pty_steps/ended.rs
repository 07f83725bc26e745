//! Steps with a terminal that are ended: by a person, or because their time is up.

use crate::support::wait_until;
use crate::walk::{BEGIN, Terminal, Walk, by, is_alive};
use std::time::{Duration, Instant};

/// Goes on whatever it is told, as does what it has begun; tells which signals it got.
fn stubborn() -> String {
    format!(
        r#"for signal in HUP INT TERM; do
  trap "echo $signal >>\"$HERE/signals\"; echo got $signal" "$signal"
done
(trap '' HUP TERM; while test -d "$HERE"; do sleep 0.1; done) &
echo $! >"$HERE/child"
{BEGIN}
while test -d "$HERE"; do sleep 0.1; done"#
    )
}

/// Both processes of the stubborn step.
fn processes(walk: &Walk) -> [i32; 2] {
    let child = walk.text("child").trim().parse().expect("it has a child");
    [walk.pid().expect("it has begun"), child]
}

/// A cancelled step: what happened then.
fn cancelled(terminal: Terminal) -> Vec<String> {
    let walk = Walk::new(terminal, &stubborn(), &[]);
    let screen = walk.under_way();
    let processes = processes(&walk);
    let asked = Instant::now();
    let said = by(&walk, "berta", &["cancel", "term"]);
    assert_eq!(said.code, Some(0), "{said}");
    wait_until("it is ended", || {
        !processes.iter().any(|pid| is_alive(*pid))
    });
    let took = asked.elapsed();
    assert!(took >= Duration::from_secs(1), "it had its grace: {took:?}");
    screen.wait_for("FAILED");
    screen.wait_for("berta had the command ended");
    assert_eq!(walk.text("signals"), "TERM\n");
    assert!(walk.log().ends_with("got TERM\n"), "{}", walk.log());
    assert_eq!(walk.sandbox.events("CancelRequested", &["\"berta\""]), 1);
    assert_eq!(walk.text("ran"), "run\n");
    assert_eq!(walk.file("keys"), None, "the pipe for keys is gone");
    walk.story()
}

#[test]
fn a_cancel_ends_a_step_with_a_terminal_as_it_ends_every_other() {
    let usual = cancelled(Terminal::None);
    let ended = |event: &String| event.contains("cancelled");
    assert!(usual.iter().any(ended), "{usual:?}");
    assert_eq!(cancelled(Terminal::Own), usual);
    assert_eq!(cancelled(Terminal::Admin), usual);
}

#[test]
fn what_a_cancelled_step_says_on_its_way_out_is_in_its_log() {
    let body = format!(
        "trap 'seq 20000; echo the end; exit 0' TERM\n{BEGIN}\nwhile test -d \"$HERE\"; do sleep 0.1; done"
    );
    for terminal in [Terminal::Own, Terminal::Admin] {
        let walk = Walk::new(terminal, &body, &[]);
        let screen = walk.under_way();
        let said = by(&walk, "berta", &["cancel", "term"]);
        assert_eq!(said.code, Some(0), "{said}");
        screen.wait_for("FAILED");
        let numbers: Vec<String> = (1..=20_000).map(|n| n.to_string()).collect();
        let end = format!("{}\nthe end\n", numbers.join("\n"));
        assert!(
            walk.log().ends_with(&end),
            "{terminal:?}: lines are missing"
        );
    }
}

#[test]
fn a_step_with_a_terminal_that_runs_out_of_time_is_unknown_and_the_run_asks() {
    for terminal in [Terminal::Own, Terminal::Admin] {
        let walk = Walk::new(terminal, &stubborn(), &["timeout: 1s"]);
        let screen = walk.under_way();
        let processes = processes(&walk);
        screen.wait_for("UNKNOWN");
        wait_until("it is ended", || {
            !processes.iter().any(|pid| is_alive(*pid))
        });
        assert_eq!(walk.text("signals"), "TERM\n", "{terminal:?}");
        let story = walk.story();
        assert!(
            story.iter().any(|event| event.contains("timed_out")),
            "{story:?}"
        );
        let asked = walk.sandbox.events("QuestionAsked", &["outcome_unknown"]);
        assert_eq!(asked, 1, "{story:?}");
        assert_eq!(walk.sandbox.events("StepStarted", &[]), 1, "{story:?}");
        walk.settle_done();
        screen.wait_for("FINISHED");
    }
}
