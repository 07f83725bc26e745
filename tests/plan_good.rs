//! Plans that are valid: what they become.

use std::path::Path;
use upwalk::plan::{self, FileDigest, Kind, Level, Paint, Plan, Undo};
use upwalk::types::{Millis, StepId};

/// A plan with every key that is executed.
const EVERY_KEY: &str = include_str!("plans/every-key.yaml");

fn plan(text: &str) -> Plan {
    let draft = plan::read("plan.yaml", text.as_bytes());
    let found = draft.as_ref().err().map(|found| found.render(Paint::Plain));
    assert_eq!(found.as_deref(), None);
    draft.expect("nothing was found").seal(&[])
}

#[test]
fn a_plan_with_every_executed_key_can_be_walked() {
    let plan = plan(EVERY_KEY);
    assert_eq!(
        plan.not_yet.found,
        [],
        "{}",
        plan.not_yet.render(Paint::Plain)
    );
    assert_eq!(plan.service.as_str(), "guestbook");
    let up = plan.up.as_ref().expect("an upgrade");
    let ids: Vec<&str> = up.steps().map(|(_, step)| step.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "room",
            "port-open",
            "answers",
            "fetch",
            "columns",
            "backfill",
            "ask-them",
            "switch",
            "units-web-service",
            "units-verify",
            "start-jobs-timer",
            "drop",
            "forget"
        ]
    );
    let (_, room) = up.step(&StepId::from("room")).expect("a step");
    assert!(
        matches!(&room.kind, Kind::Check(polled) if polled.within == Some(Millis::from_secs(120)))
    );
    let (_, web) = up.step(&StepId::from("units-web-service")).expect("a step");
    assert_eq!(web.name.source(), "restart web.service");
    assert!(matches!(&web.undo, Undo::Again { follows: Some(id), .. } if id.as_str() == "switch"));
    let (_, timer) = up.step(&StepId::from("start-jobs-timer")).expect("a step");
    assert!(
        matches!(&timer.undo, Undo::Run { text, .. } if text.contains("systemctl stop jobs.timer"))
    );
    let (_, drop) = up.step(&StepId::from("drop")).expect("a step");
    assert!(matches!(&drop.undo, Undo::Irreversible(_)));
    assert!(
        matches!(&drop.warnings[0].level, Level::Type(phrase) if phrase.source() == "drop columns on ${host}")
    );
}

#[test]
fn the_demo_is_a_valid_plan() {
    let plan = plan(include_str!("../plans/demo.yaml"));
    assert_eq!(
        plan.not_yet.found,
        [],
        "{}",
        plan.not_yet.render(Paint::Plain)
    );
}

#[test]
fn the_walked_plans_of_the_tests_are_valid() {
    for text in [
        include_str!("postgres/plan.yaml"),
        include_str!("postgres/wrong-order.yaml"),
    ] {
        let plan = plan(text);
        assert_eq!(
            plan.not_yet.found,
            [],
            "{}",
            plan.not_yet.render(Paint::Plain)
        );
    }
}

#[test]
fn what_a_later_version_executes_is_read_and_named_with_its_place() {
    let plan = plan(include_str!("plans/later-keys.yaml"));
    let found = &plan.not_yet.found;
    let named: Vec<String> = found
        .iter()
        .map(|one| {
            let key = one.title.split('`').nth(1).expect("a key");
            format!("{} {key}", plan.not_yet.place(one).line)
        })
        .collect();
    assert_eq!(
        named,
        [
            "4 tested",
            "5 backups",
            "7 fresh",
            "8 path",
            "10 oldest_code",
            "13 probes",
            "17 hosts",
            "23 hop",
            "24 when",
            "25 downtime",
            "27 backup",
            "35 downtime",
            "37 hold",
            "43 restored_by",
            "44 restored_by_if",
            "51 on_failure: rollback",
            "52 hop",
            "53 when",
            "54 hosts",
            "55 rolling",
            "59 confirm_within",
            "60 on_failure: tolerate",
            "61 release",
            "62 reboot",
            "66 hop",
            "67 when",
            "68 downtime",
            "72 due",
            "73 down",
            "74 init",
        ]
    );
    assert!(found.iter().all(|one| {
        one.title
            .ends_with("is read but not executed by this version of upwalk")
    }));
}

#[test]
fn values_are_texts_as_they_are_written() {
    let plan = plan(EVERY_KEY);
    let env = &plan.defaults.env;
    let text = |name: &str| env[name].as_ref().map(|text| text.source().to_owned());
    assert_eq!(text("VERSION").as_deref(), Some("4.10"));
    assert_eq!(text("EMPTY").as_deref(), Some(""));
    assert_eq!(text("LC_ALL"), None);
    let odd = "upwalk: 1\nservice: s\nvars: { a: { default: 010 }, b: { default: yes }, c: { default: 4.10 } }\nup: [{ phase: P, role: verify, steps: [{ run: x, name: n }] }]\n";
    let defaults: Vec<String> = self::plan(odd)
        .vars
        .iter()
        .map(|var| format!("{:?}", var.sources))
        .collect();
    assert_eq!(
        defaults,
        [
            r#"[Default("010")]"#,
            r#"[Default("yes")]"#,
            r#"[Default("4.10")]"#
        ]
    );
}

#[test]
fn json_reads_as_the_same_plan() {
    let yaml = plan(
        "upwalk: 1\nservice: s\nup:\n- phase: P\n  role: deploy\n  warn: [{ id: w, text: \"a\\tü\" }]\n  steps:\n  - { run: 'x: y', name: n }\n",
    );
    let json = plan(
        "{\"upwalk\": 1, \"service\": \"s\", \"up\": [{\"phase\": \"P\", \"role\": \"deploy\", \"warn\": [{\"id\": \"w\", \"text\": \"a\\t\\u00fc\"}], \"steps\": [{\"run\": \"x: y\", \"name\": \"n\"}]}]}",
    );
    let (yaml, json) = (yaml.up.as_ref().expect("up"), json.up.as_ref().expect("up"));
    let bare = |walk: &plan::Walk| {
        let warning = walk.warnings().next().expect("a warning").1.clone();
        let step = walk.steps().next().expect("a step").1.clone();
        (warning, step.kind, step.name)
    };
    assert_eq!(bare(yaml), bare(json));
}

#[test]
fn the_digest_is_over_the_plan_and_its_files_in_any_order() {
    let draft = || plan::read("plan.yaml", EVERY_KEY.as_bytes()).expect("a plan");
    let file = |name: &str, mode, text: &[u8]| FileDigest::of(Path::new(name), mode, text);
    let (a, b) = (file("lib/a", 0o644, b"a"), file("lib/b", 0o755, b"b"));
    let digest = draft().seal(&[a.clone(), b.clone()]).digest.clone();
    assert_eq!(draft().seal(&[b.clone(), a.clone()]).digest, digest);
    for other in [
        vec![a.clone()],
        vec![a.clone(), file("lib/b", 0o644, b"b")],
        vec![a.clone(), file("lib/b", 0o755, b"c")],
        vec![a.clone(), file("lib/c", 0o755, b"b")],
    ] {
        assert_ne!(draft().seal(&other).digest, digest);
    }
    let more = format!("{EVERY_KEY}#\n");
    assert_ne!(
        plan::read("plan.yaml", more.as_bytes())
            .expect("a plan")
            .seal(&[a, b])
            .digest,
        digest
    );
}

#[test]
fn every_shell_text_is_given_out_with_its_shell_and_line() {
    let plan = plan(EVERY_KEY);
    let line = |text: &str| {
        let script = plan
            .scripts()
            .iter()
            .find(|script| script.text.starts_with(text));
        script.map(|script| (script.what.as_str(), script.shell[0].as_str(), script.line))
    };
    assert_eq!(
        line("cat /srv/guestbook/VERSION"),
        Some(("version.detect", "bash", 9))
    );
    assert_eq!(
        line("cat /srv/guestbook/port"),
        Some(("command of variable port", "bash", 15))
    );
    assert_eq!(
        line("./migrate contract"),
        Some(("undo of step columns", "bash", 89))
    );
    assert_eq!(
        line("wc -l < entries"),
        Some(("only_if of warning long", "bash", 73))
    );
    let check = plan.scripts()[0].syntax_check().expect("bash knows -n");
    assert_eq!(check, ["bash", "-n", "-c", "cat /srv/guestbook/VERSION"]);
}

#[test]
fn the_schema_names_every_key_and_refuses_others() {
    let schema = plan::schema();
    let properties = schema["properties"].as_object().expect("properties");
    for key in ["upwalk", "service", "vars", "up", "down", "init", "probes"] {
        assert!(properties.contains_key(key), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
    let var = schema["$defs"]["RawVar"]["properties"]
        .as_object()
        .expect("a variable");
    assert!(
        var.contains_key("match") && var.contains_key("pass_as"),
        "{var:?}"
    );
}

#[test]
fn a_finding_at_a_file_points_at_its_entry() {
    let draft = plan::read("plan.yaml", EVERY_KEY.as_bytes()).expect("a plan");
    assert_eq!(
        draft.files(),
        [Path::new("scripts/backfill.sh"), Path::new("lib")]
    );
    let found = draft.file_error(Path::new("lib/a"), "lib/a cannot be read".to_owned());
    let place = found.place(&found.found[0]);
    assert_eq!((place.line, place.column), (17, 30));
    assert!(
        found.render(Paint::Plain).contains("plan.yaml:17:30"),
        "{}",
        found.render(Paint::Plain)
    );
}
