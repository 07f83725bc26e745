//! The dry run of a plan that uses what the plan language has: its text, JSON and Markdown, and
//! what the engine says to the same plan.

use crate::fixture::{NOTES, notes, plan_of, run_of};
use std::collections::BTreeMap;
use upwalk::engine;
use upwalk::journal::{AskKey, RunStarted, StepMode, VarValue};
use upwalk::plan::Plan;
use upwalk::report::{self, CommandShown, DryRun, Evaluated, FromSource, ItemShown, QuestionKind};
use upwalk::types::{Answer, Id, RunId};

/// What a secret variable is set to; it must show nowhere.
const SECRET: &str = "correct-horse-battery";

fn dry() -> (Plan, RunStarted, DryRun) {
    let plan = notes();
    let run = run_of(&plan);
    let shown = report::dry_run(&plan, &run, FromSource::Lowest, None);
    (plan, run, shown)
}

/// Every command and every question to the machine, as its plan writes it.
fn commands(of: &DryRun) -> Vec<String> {
    let mut found = Vec::new();
    let text = |command: &CommandShown| {
        let words: Vec<_> = command
            .argv
            .iter()
            .map(|word| report::quote(word))
            .collect();
        command.text.clone().unwrap_or_else(|| words.join(" "))
    };
    let warnings = |all: &[report::WarningShown], found: &mut Vec<String>| {
        for warning in all {
            found.extend(warning.only_if.iter().map(|guard| guard.asks.clone()));
            found.extend(warning.facts.iter().filter_map(|fact| fact.command.clone()));
            found.extend(warning.phrase.clone());
        }
    };
    for item in &of.items {
        match item {
            ItemShown::Phase(phase) => {
                warnings(&phase.warnings, &mut found);
                for step in &phase.steps {
                    warnings(&step.warnings, &mut found);
                    found.extend(step.command.as_ref().map(text));
                    found.extend(step.back.command.as_ref().map(text));
                    let guards = [&step.check, &step.only_if, &step.unless, &step.verify];
                    let back = [&step.back.applies, &step.back.verify];
                    let guards = guards.into_iter().chain(back).flatten();
                    found.extend(guards.map(|guard| guard.asks.clone()));
                }
            }
            ItemShown::Pause(pause) => {
                warnings(&pause.warnings, &mut found);
                found.extend(pause.guards.iter().map(|of| of.guard.asks.clone()));
            }
        }
    }
    found
}

#[test]
fn the_text_is_what_was_reviewed() {
    let (_, _, shown) = dry();
    let text = report::text(&shown);
    let widest = text
        .lines()
        .max_by_key(|line| upwalk::text::width(line))
        .unwrap_or_default();
    assert!(upwalk::text::width(widest) <= 80, "{widest}");
    insta::with_settings!({filters => vec![("[0-9a-f]{16}", "[DIGEST........]")]}, {
        insta::assert_snapshot!("text", text);
    });
}

#[test]
fn the_runbook_is_what_was_reviewed_and_has_every_command_whole() {
    let (_, _, shown) = dry();
    let book = report::markdown(&shown);
    let all = commands(&shown);
    assert!(all.len() > 15, "{all:?}");
    for command in &all {
        assert!(book.contains(command.trim_end()), "{command}\n{book}");
    }
    for warning in &shown.confirmations {
        assert!(book.contains(warning.digest.as_str()), "{}", warning.id);
    }
    for heading in [
        "Preflight",
        "Procedure",
        "Rollback",
        "Running it again",
        "Logs",
    ] {
        assert!(book.contains(&format!("\n## {heading}\n")), "{heading}");
    }
    assert!(book.contains("**Downtime**: not declared"));
    insta::with_settings!({filters => vec![("[0-9a-f]{16}", "[DIGEST........]")]}, {
        insta::assert_snapshot!("markdown", book);
    });
}

#[test]
fn the_keys_of_the_json_document_are_stable() {
    let (_, _, shown) = dry();
    let json: serde_json::Value = serde_json::from_str(&report::json(&shown)).expect("JSON");
    let mut keys = Vec::new();
    all_keys("", &json, &mut keys);
    keys.sort();
    keys.dedup();
    insta::assert_snapshot!("keys", keys.join("\n"));
    assert_eq!(json["schema"], 1);
}

/// The paths of a document, indices left out; what is below a map of names is left out too.
fn all_keys(path: &str, value: &serde_json::Value, keys: &mut Vec<String>) {
    const NAMES: [&str; 5] = [
        "env",
        "env_changed",
        "environment_of_commands",
        "by_kind",
        "provenance",
    ];
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let path = format!("{path}.{key}");
                if !NAMES.contains(&key.as_str()) {
                    all_keys(&path, value, keys);
                }
                keys.push(path);
            }
        }
        serde_json::Value::Array(items) => {
            let path = format!("{path}[]");
            for value in items {
                all_keys(&path, value, keys);
            }
        }
        _ => {}
    }
}

#[test]
fn digests_are_those_that_the_engine_asks_for() {
    let (plan, run, shown) = dry();
    let walk = plan.up.as_ref().expect("the plan goes up");
    let expected: Vec<_> = walk
        .warnings()
        .map(|(_, warning)| {
            (
                warning.id.clone(),
                engine::warning_digest(&plan, &run, warning),
            )
        })
        .collect();
    let found: Vec<_> = shown
        .confirmations
        .iter()
        .map(|of| (of.id.clone(), of.digest.clone()))
        .collect();
    assert_eq!(found, expected);
    let line = shown.unattended.words.join(" ");
    for (id, digest) in &expected {
        let accept = format!("--accept {id}:{digest}");
        assert_eq!(line.contains(&accept), id.as_str() != "slow", "{line}");
    }
    assert!(
        line.starts_with("upwalk up plans/notes.yaml --ui none --digest "),
        "{line}"
    );
    assert!(line.contains(r"--set 'title=Tom'\''s notes'"), "{line}");
    assert!(!line.contains("db_password"), "{line}");
    assert_eq!(shown.unattended.needs.len(), 1);
}

#[test]
fn questions_are_those_that_the_engine_asks() {
    let (_, _, shown) = dry();
    assert_eq!(shown.questions.cut_short, None);
    let kinds: Vec<_> = shown
        .questions
        .list
        .iter()
        .map(|question| question.kind)
        .collect();
    let expected = [
        QuestionKind::Start,
        QuestionKind::Ack,
        QuestionKind::Manual,
        QuestionKind::Pause,
        QuestionKind::Type,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(shown.questions.total, 5);
    let parks: Vec<_> = shown
        .unattended
        .parks_at
        .iter()
        .map(|question| question.kind)
        .collect();
    assert_eq!(parks, [QuestionKind::Manual, QuestionKind::Pause]);
}

#[test]
fn without_a_pause_the_boundary_asks_and_step_mode_asks_before_each_step() {
    let text = NOTES;
    let start = text.find("  - pause: Soak").expect("the pause");
    let end = text.find("  - phase: Narrow").expect("the phase after it");
    let plan = plan_of(&format!("{}{}", &text[..start], &text[end..]));
    let mut run = run_of(&plan);
    let shown = report::dry_run(&plan, &run, FromSource::Ledger, None);
    assert_eq!(
        shown.questions.by_kind.get(&QuestionKind::Boundary),
        Some(&1)
    );
    assert!(report::text(&shown).contains("the run always stops here"));
    run.step_mode = StepMode::Stepping;
    let shown = report::dry_run(&plan, &run, FromSource::Flag, None);
    assert_eq!(
        shown.questions.by_kind.get(&QuestionKind::NextStep),
        Some(&9)
    );
    assert!(shown.unattended.words.contains(&"--from 1.0".to_owned()));
}

#[test]
fn an_earlier_run_that_was_left_open_is_a_warning_of_the_dry_run() {
    let plan = notes();
    let mut run = run_of(&plan);
    let earlier = RunId::new("20261101T000000Z", &plan.service, "up");
    run.after_stopped = Some((earlier, "add".into()));
    let shown = report::dry_run(&plan, &run, FromSource::Ledger, None);
    let first = shown.confirmations.first().expect("a warning");
    assert_eq!(
        (first.number.as_str(), first.id.as_str()),
        ("W1", "stopped")
    );
    assert!(
        shown
            .unattended
            .words
            .iter()
            .any(|word| word.starts_with("--accept stopped:"))
    );
    assert_eq!(shown.questions.by_kind.get(&QuestionKind::Type), Some(&2));
}

/// A plan whose one step says all that a step can say of how it runs and fails.
const ODD: &str = "upwalk: 1
service: notes
defaults: { silence: 90s }
up:
  - phase: Work
    role: stage
    steps:
      - run: notes-ctl import
        name: Import
        undo: { none: harmless }
        retries: { times: 2, wait: 30s }
        retry_codes: [75]
        required: true
        pending: notes-ctl left
        terminal: admin
";

#[test]
fn how_a_step_runs_and_fails_stands_in_all_three_forms() {
    let plan = plan_of(ODD);
    let run = run_of(&plan);
    let shown = report::dry_run(&plan, &run, FromSource::Nowhere, None);
    let said = [
        "it needs your terminal: you are asked to give it",
        "on exit code 75 it is tried up to 2 times more by itself, 30 s after each failure; nobody \
         can skip it",
        "notes-ctl left",
        "A command without output for 1 m 30 s is remarked on, and goes on.",
    ];
    let (text, markdown) = (report::text(&shown), report::markdown(&shown));
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in said {
        assert!(flat(&text).contains(words), "{words}\n{text}");
        assert!(flat(&markdown).contains(words), "{words}\n{markdown}");
    }
    let json: serde_json::Value = serde_json::from_str(&report::json(&shown)).expect("JSON");
    let step = &json["items"][0]["steps"][0];
    assert_eq!(step["terminal"], "admin");
    assert_eq!(step["required"], true);
    assert_eq!(step["pending"]["text"], "notes-ctl left");
    assert_eq!(step["retries"]["codes"], serde_json::json!([75]));
    assert_eq!(json["silence_ms"], 90_000);
    // Without a person there is nobody to give a terminal.
    assert!(text.contains("at: step 1.1."), "{text}");

    let own = plan_of(&ODD.replace("terminal: admin", "terminal: own"));
    let shown = report::dry_run(&own, &run_of(&own), FromSource::Nowhere, None);
    let said = "it has a terminal of its own, on which nobody types";
    for form in [report::text(&shown), report::markdown(&shown)] {
        assert!(flat(&form).contains(said), "{form}");
    }
    assert!(report::json(&shown).contains("\"terminal\": \"own\""));
}

#[test]
fn the_way_back_ends_at_the_point_of_no_return() {
    let (_, _, shown) = dry();
    assert_eq!(
        shown
            .point_of_no_return
            .as_ref()
            .map(upwalk::types::StepId::as_str),
        Some("drop")
    );
    let way: Vec<_> = shown
        .way_back
        .iter()
        .map(|line| line.step.as_str())
        .collect();
    assert!(!way.contains(&"drop"), "{way:?}");
    let at = |id: &str| {
        way.iter()
            .position(|step| *step == id)
            .unwrap_or(usize::MAX)
    };
    assert!(
        at("point-at-version-2-0") < at("restart") && at("restart") < at("add"),
        "{way:?}"
    );
    let text = report::text(&shown);
    let (line, drop) = (
        text.find("POINT OF NO RETURN"),
        text.find("5.1 Drop the old column"),
    );
    assert!(
        line.is_some() && line < drop.or(Some(0)).max(drop),
        "{text}"
    );
}

#[test]
fn secrets_show_nowhere() {
    let plan = notes();
    let mut run = run_of(&plan);
    // Even where a caller were to hand a secret's value over, it must not come out.
    run.vars.insert(
        "db_password".into(),
        VarValue {
            value: Some(SECRET.into()),
            from: "env".into(),
        },
    );
    let shown = report::dry_run(&plan, &run, FromSource::Lowest, None);
    assert!(
        shown
            .variables
            .iter()
            .any(|of| of.secret && of.value.is_none())
    );
    let (_, _, usual) = dry();
    let json = report::json(&usual);
    assert!(json.contains("\"PGPASSWORD\": \"***\""), "{json}");
    let mut hidden = 0;
    for item in &shown.items {
        if let ItemShown::Phase(phase) = item {
            for command in phase.steps.iter().filter_map(|step| step.command.as_ref()) {
                hidden += usize::from(command.env.contains_key("PGPASSWORD"));
            }
        }
    }
    assert_eq!(
        hidden, 1,
        "a secret is given to the step that names it, and to no other"
    );
}

#[test]
fn what_was_evaluated_stands_beside_what_was_asked() {
    let plan = notes();
    let run = run_of(&plan);
    let asks = report::read_only(&plan, &run, "/etc/upwalk/plans".as_ref());
    let keys: Vec<_> = asks.asks.iter().map(|(key, _)| key.clone()).collect();
    assert!(
        keys.contains(&AskKey::Check("there-is-room".into())),
        "{keys:?}"
    );
    assert!(keys.contains(&AskKey::WarningApplies(
        Id::new("reconnect").expect("an id")
    )));
    assert!(asks.detect.is_some() && asks.facts.len() == 1);
    let room = AskKey::Check("there-is-room".into());
    let evaluated = Evaluated {
        detected: Some(Ok("1.2".into())),
        answers: BTreeMap::from([(room, Answer::No("it printed \"12\"".into()))]),
        facts: BTreeMap::new(),
    };
    let shown = report::dry_run(&plan, &run, FromSource::Detected, Some(&evaluated));
    let text = report::text(&shown);
    assert!(text.contains("now: no (it printed \"12\")"), "{text}");
    assert!(text.contains("looked up now"), "{text}");
}

#[test]
fn hostile_text_does_not_reach_a_terminal() {
    let text = NOTES;
    let plan = plan_of(&text.replace("The old code runs on.", "\"a \\e[2J b \\u202e c\""));
    let shown = report::dry_run(&plan, &run_of(&plan), FromSource::Lowest, None);
    for out in [
        report::text(&shown),
        report::markdown(&shown),
        report::json(&shown),
    ] {
        let bad = out
            .chars()
            .find(|c| *c != '\n' && !upwalk::text::is_harmless(*c));
        assert_eq!(bad, None);
    }
}
