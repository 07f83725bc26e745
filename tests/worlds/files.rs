//! Plan, claim, socket, notes and the run's whole directory are edited or removed under a run.

use crate::support::wait_until;
use crate::world::{World, run, wait_gone};
use rustix::process::Signal;

#[test]
fn the_run_has_its_own_copy_of_the_plan() {
    let world = World::new("");
    world.begin();
    let plan = world.text("shop.yaml");
    world.write("shop.yaml", &plan.replace("echo third", "echo edited"));
    let other = run(&mut world.up());
    assert_eq!(other.code, Some(7), "{other}");
    assert!(other.err.contains("hint: upwalk attach "), "{other}");
    std::fs::remove_file(world.path("shop.yaml")).expect("the sandbox is ours");
    let missing = run(&mut world.up());
    assert_eq!(missing.code, Some(1), "{missing}");
    world.finish();
}

#[test]
fn a_run_whose_copy_of_the_plan_was_edited_is_refused_until_it_is_put_back() {
    let world = World::new("");
    world.begin();
    world.end_supervisor(Signal::KILL);
    let path = world.sandbox.run_dir().join("plan.yaml");
    let plan = std::fs::read_to_string(&path).expect("the run has its plan");
    let before = world.sandbox.journal();
    std::fs::write(&path, plan.replace("echo third", "echo edited")).expect("it is ours");
    for verb in ["attach", "status", "why", "log"] {
        let refused = world.run(&[verb]);
        if verb != "status" {
            assert_eq!(refused.code, Some(3), "{verb}: {refused}");
        }
        assert!(refused.err.contains("its digest is"), "{verb}: {refused}");
        assert!(
            refused.err.contains("hint: put plan and files back"),
            "{verb}: {refused}"
        );
    }
    assert_eq!(world.sandbox.journal(), before);
    std::fs::write(&path, plan).expect("it is ours");
    world.finish();
}

#[test]
fn files_of_the_plan_are_those_that_were_confirmed() {
    let world = World::new("");
    let plan = world
        .text("shop.yaml")
        .replace("echo third", "sh \"$FILES/third.sh\"");
    world.write("shop.yaml", &format!("{plan}files: [third.sh]\n"));
    world.write("third.sh", "echo third\n");
    world.begin();
    world.write("third.sh", "echo edited\n");
    assert_eq!(run(&mut world.up()).code, Some(7));
    world.finish();
}

#[test]
fn without_its_claim_a_run_is_still_open_and_no_other_begins() {
    let world = World::new("");
    world.begin();
    world.end_supervisor(Signal::KILL);
    let claim = world.path("state/services/shop.open");
    std::fs::remove_file(&claim).expect("the sandbox is ours");
    let status = world.run(&["status", "--exit-code"]);
    assert_eq!(status.code, Some(4), "{status}");
    assert!(status.out.contains("-shop-up"), "{status}");
    let plan = world.text("shop.yaml");
    world.write("shop.yaml", &plan.replace("echo third", "echo edited"));
    let other = run(&mut world.up());
    assert_eq!(other.code, Some(7), "{other}");
    let all = world.run(&["attach", "--all"]);
    assert_eq!(all.code, Some(0), "{all}");
    assert!(claim.exists(), "it is claimed again");
    world.finish();
}

#[test]
fn socket_and_log_of_the_supervisor_may_be_missing_or_stale() {
    let world = World::new("");
    world.begin();
    let dir = world.sandbox.run_dir();
    world.end_supervisor(Signal::KILL);
    assert!(dir.join("supervisor.sock").exists(), "it is stale");
    std::fs::remove_file(dir.join("supervisor.log")).expect("it is ours");
    assert_eq!(world.run(&["attach", "--all"]).code, Some(0));
    world.end_supervisor(Signal::KILL);
    std::fs::remove_file(dir.join("supervisor.sock")).expect("it is ours");
    world.finish();
    assert!(dir.join("supervisor.log").exists());
}

#[test]
fn a_socket_that_was_removed_under_a_supervisor_is_said_and_the_run_goes_on() {
    let world = World::new("");
    world.begin();
    let dir = world.sandbox.run_dir();
    let supervisor = world.sandbox.supervisor();
    std::fs::remove_file(dir.join("supervisor.sock")).expect("it is ours");
    let attached = world.run(&["attach"]);
    assert_eq!(attached.code, Some(1), "{attached}");
    assert!(
        attached.err.contains("does not open its socket"),
        "{attached}"
    );
    world.open_gate();
    wait_gone(supervisor);
    assert_eq!(world.ran(), ["first", "second", "third"]);
    assert_eq!(world.run(&["attach"]).code, Some(0));
}

#[test]
fn a_status_that_cannot_be_read_is_unknown_and_asked() {
    let world = World::new("");
    world.begin();
    world.end_supervisor(Signal::KILL);
    world.open_gate();
    wait_until("the status is safe", || world.file("exit").is_some());
    let path = world.file("exit").expect("it was just seen");
    std::fs::write(&path, "{\"exit\":{\"co").expect("it is ours");
    let why = world.run(&["why"]);
    assert!(why.out.contains("its status cannot be read"), "{why}");
    let asked = world.run(&["attach"]);
    assert_eq!(asked.code, Some(4), "{asked}");
    assert!(
        asked.out.contains("its status cannot be understood"),
        "{asked}"
    );
    let settle = asked.line_to_type("settle shop done");
    let done = world.sandbox.type_line(&format!("{settle} --wait"));
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(world.ran(), ["first", "second", "third"]);
}

#[test]
fn without_its_directory_nothing_is_guessed_and_with_it_the_run_goes_on() {
    let world = World::new("");
    world.begin();
    let dir = world.sandbox.run_dir();
    let (shim, _) = world.shim_and_command();
    let away = world.path("away");
    std::fs::rename(&dir, &away).expect("the sandbox is ours");
    for verb in ["status", "why", "attach", "log"] {
        let said = world.run(&[verb]);
        assert!(said.err.contains("its directory is gone"), "{verb}: {said}");
        assert!(said.err.contains("hint: restore "), "{verb}: {said}");
    }
    assert_eq!(run(&mut world.up()).code, Some(8));
    world.open_gate();
    wait_gone(shim);
    // The status had nowhere to go.
    wait_until("the outcome is unknown", || {
        world
            .text("away/journal.jsonl")
            .contains("StepOutcomeUnknown")
    });
    assert_eq!(world.ran(), ["first", "second"]);
    std::fs::rename(&away, &dir).expect("the sandbox is ours");
    let asked = world.run(&["attach"]);
    assert_eq!(asked.code, Some(4), "{asked}");
    let settle = asked.line_to_type("settle shop done");
    let done = world.sandbox.type_line(&format!("{settle} --wait"));
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(world.ran(), ["first", "second", "third"]);
}
