//! The engine's behaviour as scenarios: `tests/scenarios/*.yaml`, each a plan, what the machine
//! does, what people say, and the story that must come out of it.

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test reads its own files, and fails by panicking"
)]

#[path = "support/scripted.rs"]
mod scripted;

use scripted::{Scenario, ScriptedHost};
use std::path::PathBuf;
use upwalk::journal::{RunState, codec};
use upwalk::plan::{Paint, Plan};

/// The scenarios' files.
fn files() -> Vec<PathBuf> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .expect("the scenarios' folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
        .collect();
    files.sort();
    files
}

/// A plan's text as a plan.
fn plan(text: &str) -> Plan {
    let draft = upwalk::plan::read("plan.yaml", text.as_bytes());
    draft
        .unwrap_or_else(|bad| panic!("{}", bad.render(Paint::Plain)))
        .seal(&[])
}

#[test]
fn every_scenario_tells_its_story() {
    let files = files();
    assert!(files.len() >= 12, "only {} scenarios", files.len());
    let mut wrong = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a scenario");
        let script: Scenario = serde_yaml::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let plan = plan(&script.plan);
        let about = script.about.clone();
        let expected = script.story.trim().to_owned();
        let (story, state, events) = ScriptedHost::new(&plan, script).play();
        if story.trim() != expected {
            wrong.push(format!(
                "{} ({about})
--- is
{story}--- must be
{expected}
",
                path.display()
            ));
        }
        // What is folded while it runs is what is read back from the journal.
        assert_eq!(RunState::of(&events).expect("a good run"), state);
        let mut bytes = Vec::new();
        let mut hash = codec::GENESIS.to_owned();
        for event in &events {
            let last = upwalk::types::Seq(event.n.0 - 1);
            let (line, next, _) =
                codec::encode(&hash, last, &event.at, std::slice::from_ref(&event.event));
            bytes.extend(line);
            hash = next;
        }
        assert_eq!(
            codec::decode(&bytes).expect("a good journal").events,
            events
        );
    }
    assert!(
        wrong.is_empty(),
        "{} scenarios differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
