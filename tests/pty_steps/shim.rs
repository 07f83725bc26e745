//! The shim of a step with a terminal is killed, and the terminal goes with it.

use crate::support::{kill, said, wait_until};
use crate::walk::{BEGIN, Terminal, Walk, is_alive};
use rustix::process::Signal;
use std::process::Stdio;

/// A step that waits at a gate.
fn waits(before: &str) -> String {
    format!(
        "{before}\n{BEGIN}\nuntil test -e \"$HERE/gate\" || ! test -d \"$HERE\"; do sleep 0.05; done"
    )
}

/// Nobody knows how the step ended, somebody is asked, and it ran once.
fn expect_unknown(walk: &Walk) {
    wait_until("the run asks", || {
        walk.sandbox.events("QuestionAsked", &["outcome_unknown"]) == 1
    });
    let story = walk.story();
    assert_eq!(
        walk.sandbox.events("StepOutcomeUnknown", &[]),
        1,
        "{story:?}"
    );
    assert_eq!(walk.sandbox.events("StepStarted", &[]), 1, "{story:?}");
    assert_eq!(walk.text("ran"), "run\n", "{story:?}");
    assert_eq!(walk.file("keys"), None, "the pipe for keys is gone");
}

#[test]
fn a_step_whose_terminal_goes_with_its_shim_is_hung_up_asked_about_and_not_run_again() {
    // Not even where a failure would be tried again, which this is not.
    let again = ["retries: { times: 2, wait: 1s }"];
    for terminal in [Terminal::Own, Terminal::Admin] {
        let walk = Walk::new(terminal, &waits(""), &again);
        let screen = walk.under_way();
        let pid = walk.pid().expect("it has begun");
        kill(walk.shim(), Signal::KILL);
        wait_until("it is hung up", || !is_alive(pid));
        screen.wait_for("UNKNOWN");
        expect_unknown(&walk);
        walk.settle_done();
    }
}

#[test]
fn a_step_that_fails_because_its_terminal_is_gone_is_asked_about_too() {
    let trap = "trap 'echo HUP >>\"$HERE/signals\"; echo lost || exit 5' HUP";
    let walk = Walk::new(Terminal::Own, &waits(trap), &[]);
    let screen = walk.under_way();
    kill(walk.shim(), Signal::KILL);
    screen.wait_for("UNKNOWN");
    expect_unknown(&walk);
    assert_eq!(walk.text("signals"), "HUP\n");
    walk.settle_done();
}

#[test]
fn a_step_that_bears_the_loss_of_its_terminal_is_waited_for_and_its_success_counts() {
    let walk = Walk::new(Terminal::Own, &waits("trap '' HUP"), &[]);
    let screen = walk.under_way();
    let pid = walk.pid().expect("it has begun");
    kill(walk.shim(), Signal::KILL);
    screen.wait_for("its shim is gone, but it still runs");
    assert!(is_alive(pid));
    walk.touch("gate");
    screen.wait_for("FINISHED");
    assert_eq!(walk.text("ran"), "run\nafter\n");
    assert_eq!(walk.sandbox.events("StepOutcomeUnknown", &[]), 0);
}

#[test]
fn without_shim_and_supervisor_a_step_that_had_a_terminal_is_asked_about_by_the_next() {
    let walk = Walk::new(Terminal::Own, &waits(""), &[]);
    let mut screen = walk.under_way();
    let (pid, shim) = (walk.pid().expect("it has begun"), walk.shim());
    screen.hang_up();
    screen.wait();
    kill(walk.sandbox.supervisor(), Signal::KILL);
    kill(shim, Signal::KILL);
    wait_until("it is hung up", || !is_alive(pid));
    let mut attach = walk.sandbox.upwalk(["attach"]);
    attach.stdin(Stdio::null()).stdout(Stdio::piped());
    let attach = attach.spawn().expect("upwalk can be started");
    expect_unknown(&walk);
    let asked = said(&attach.wait_with_output().expect("it ends"));
    assert_eq!(asked.code, Some(4), "{asked}");
    walk.settle_done();
}
