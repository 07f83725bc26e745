//! What `status`, `runs` and the summary say of a run at its stops, driven through the engine.

use crate::fixture::{Drive, notes};
use upwalk::journal::{Decision, Question};
use upwalk::report::{self, Doing, Meanwhile, RunLine, Supervisor};

#[test]
fn a_run_that_was_not_started_waits_for_a_person() {
    let plan = notes();
    let drive = Drive::new(&plan);
    let status = report::status(&plan, &drive.state, &drive.now, &Supervisor::Alive);
    assert_eq!(status.doing, Doing::WaitingForPerson);
    assert!(status.needs_person && !status.failed && status.owed.is_empty());
    assert!(
        status
            .commands
            .iter()
            .all(|command| command.starts_with("upwalk "))
    );
    assert_eq!(
        status.at,
        drive.state.open.as_ref().map(|open| open.asked.0)
    );
}

#[test]
fn a_switched_run_owes_its_post_deployment_phases() {
    let plan = notes();
    let mut drive = Drive::new(&plan);
    drive.until(|question| matches!(question, Question::Paused { .. }));
    let status = report::status(&plan, &drive.state, &drive.now, &Supervisor::Alive);
    let owed: Vec<_> = status.owed.iter().map(|owed| owed.name.as_str()).collect();
    assert_eq!(owed, ["Narrow the tables"]);
    let place = status.position.as_ref().expect("a place");
    assert_eq!((place.number, place.of), (4, 6));
    assert_eq!(
        status.last_steps.last().map(|step| step.state),
        Some("done")
    );
    let text = report::statuses(std::slice::from_ref(&status));
    for line in text.lines().filter(|line| !line.starts_with("  upwalk ")) {
        assert!(upwalk::text::width(line) <= 80, "{line}");
    }
    for wanted in [
        "notes",
        "Soak",
        "Narrow the tables",
        "  upwalk continue notes --at ",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&report::status_json(&[status])).expect("JSON");
    assert_eq!(json["schema"], 1);
    assert_eq!(json["runs"][0]["doing"], "waiting_for_person");
}

#[test]
fn a_failed_step_is_said_to_have_failed() {
    let plan = notes();
    let mut drive = Drive::new(&plan);
    drive.fail_step("point-at-version-2-0", 7);
    drive.until(|question| matches!(question, Question::Failed { .. }));
    let status = report::status(&plan, &drive.state, &drive.now, &Supervisor::Alive);
    assert!(status.failed && status.needs_person);
    assert!(
        status.sentence.contains("exit code 7"),
        "{}",
        status.sentence
    );
    drive.decide(Decision::Stop {
        because: Some("the help desk\u{1b}[2J called".into()),
    });
    let lines = report::finished_summary(&plan, &drive.state);
    assert!(lines.len() <= 10, "{lines:?}");
    assert!(
        lines[0].contains("stopped at") && lines[0].contains("^[[2J"),
        "{}",
        lines[0]
    );
    let status = report::status(
        &plan,
        &drive.state,
        &drive.now,
        &Supervisor::Gone(Meanwhile::Nothing),
    );
    assert!(status.failed && status.doing == Doing::Finished);
}

#[test]
fn a_run_without_a_supervisor_says_how_to_get_one() {
    let plan = notes();
    let mut drive = Drive::new(&plan);
    drive.until_running();
    let status = report::status(
        &plan,
        &drive.state,
        &drive.now,
        &Supervisor::Gone(Meanwhile::Nothing),
    );
    assert_eq!(status.doing, Doing::NoSupervisor);
    assert!(status.needs_person);
    assert!(
        status.commands[0].starts_with("upwalk attach "),
        "{:?}",
        status.commands
    );
}

#[test]
fn a_finished_run_is_summed_up_in_ten_lines() {
    let plan = notes();
    let mut drive = Drive::new(&plan);
    drive.until(|_| false);
    let lines = report::finished_summary(&plan, &drive.state);
    assert!(lines.len() <= 10, "{lines:?}");
    let text = lines.join("\n");
    for wanted in [
        "done",
        "1.0 -> 2.0",
        "upwalk attach ",
        "/var/lib/upwalk/runs/",
        "2 warnings",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    let line = report::run_line(&drive.state, &drive.now);
    assert_eq!(line.state, "done");
    let damaged = RunLine::damaged(&drive.state.run.run, "line 3: \u{1b}]0;x\u{7}");
    let text = report::runs(&[line, damaged]);
    assert_eq!(text.lines().count(), 2);
    assert!(
        text.contains("damaged") && !text.contains('\u{1b}'),
        "{text}"
    );
}

#[test]
fn nothing_open_is_said() {
    assert!(report::statuses(&[]).contains("No run is open"));
    assert!(report::runs(&[]).contains("no runs"));
}
