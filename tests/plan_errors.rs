//! Plans that are wrong: every mistake is found, all of them in one go, each with its place.

#![expect(
    clippy::disallowed_methods,
    reason = "the table is written again where that is asked for"
)]

use std::fmt::Write as _;
use upwalk::plan::{self, Paint};

/// Cases: a headline, a plan, and after `---` every finding as `line:column title`. A headline
/// that ends in `@steps` is about the steps of a phase: six lines go before it, and it is indented
/// by two.
const CASES: &str = include_str!("plans/wrong.txt");
const BEFORE_STEPS: &str = "upwalk: 1\nservice: s\nup:\n- phase: P\n  role: deploy\n  steps:\n";

/// Every finding as `line:column title`.
fn findings(text: &str) -> String {
    let Err(found) = plan::read("plan.yaml", text.as_bytes()) else {
        return "nothing is wrong\n".to_owned();
    };
    let mut lines = String::new();
    for one in &found.found {
        let place = found.place(one);
        let _ = writeln!(lines, "{}:{} {}", place.line, place.column, one.title);
    }
    assert!(!found.render(Paint::Plain).is_empty() && !found.render(Paint::Colour).is_empty());
    lines
}

/// The whole table as it is now.
fn table() -> String {
    let mut table = String::new();
    for case in CASES.split("### ").skip(1) {
        let (headline, rest) = case.split_once('\n').expect("a headline");
        let text = rest.split("\n>>>\n").next().expect("a plan");
        let text = text.strip_suffix(">>>\n").unwrap_or(text);
        let whole = if headline.ends_with("@steps") {
            format!("{BEFORE_STEPS}  {}\n", text.replace('\n', "\n  "))
        } else {
            format!("{text}\n")
        };
        let found = findings(&whole);
        let _ = write!(table, "### {headline}\n{text}\n>>>\n{found}");
    }
    table
}

#[test]
fn every_mistake_is_found_at_its_place() {
    let table = table();
    if std::env::var_os("WRITE_TABLE").is_some() {
        std::fs::write("tests/plans/wrong.txt", &table).expect("the table is written");
    }
    for (is, wanted) in table.split("### ").zip(CASES.split("### ")) {
        assert_eq!(is, wanted);
    }
}
