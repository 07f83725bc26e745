//! Whatever the bytes are, reading them ends with a plan or with findings that can be drawn.

use proptest::prelude::*;
use upwalk::plan::{self, Diagnostics, MAX_BYTES, Paint};

const PLANS: [&str; 4] = [
    include_str!("plans/every-key.yaml"),
    include_str!("plans/later-keys.yaml"),
    include_str!("plans/wrong.txt"),
    "{\"upwalk\": 1, \"service\": \"s\", \"up\": [{\"phase\": \"P\", \"role\": \"deploy\", \"steps\": []}]}",
];

/// Reads and draws; findings lie within the text, in order.
fn read(bytes: &[u8]) -> Option<Diagnostics> {
    let found = match plan::read("plan.yaml", bytes) {
        Ok(draft) => {
            let _ = draft.seal(&[]);
            return None;
        }
        Err(found) => found,
    };
    assert!(!found.found.is_empty(), "a refusal says why");
    assert!(
        found
            .found
            .iter()
            .all(|one| one.span.end <= found.text.len())
    );
    assert!(found.found.is_sorted_by_key(|one| one.span.start));
    assert!(found.render(Paint::Plain).contains("plan.yaml"));
    Some(found)
}

/// The only finding's title.
fn only(bytes: &[u8]) -> String {
    let found = read(bytes).expect("it is refused").found;
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].title.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        read(&bytes);
    }

    #[test]
    fn any_text_in_the_language_s_own_characters_is_read_to_an_end(
        text in "[a-z0-9:\\-\\[\\]{}\"'|>#!&*%@$,ä\\\\ \n]{0,200}"
    ) {
        read(text.as_bytes());
        read(format!("upwalk: 1\nservice: s\nup:\n- phase: P\n  role: deploy\n  steps:\n  - name: n\n    run: {text}\n").as_bytes());
        read(format!("{{{text}").as_bytes());
    }

    #[test]
    fn a_damaged_plan_is_read_to_an_end(
        which in 0..PLANS.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..40usize, "[a-z:{}\\[\\]|>\"'&*!$\\-\n ]{0,6}"), 1..6),
    ) {
        let mut bytes = PLANS[which].as_bytes().to_vec();
        for (at, len, put) in cuts {
            let at = at.index(bytes.len() + 1).min(bytes.len());
            let end = (at + len).min(bytes.len());
            bytes.splice(at..end, put.bytes());
        }
        read(&bytes);
    }
}

#[test]
fn too_much_and_too_deep_are_refused() {
    assert_eq!(
        only(&vec![b'#'; MAX_BYTES + 1]),
        "this file is larger than 4 MiB and is not read"
    );
    let deep = format!("upwalk: 1\nservice: {}", "[".repeat(100_000));
    assert_eq!(
        only(deep.as_bytes()),
        "the plan is nested deeper than 32 levels"
    );
    let deep = (0..1000).fold(String::new(), |text, depth| {
        text + &" ".repeat(depth) + "a:\n"
    });
    assert_eq!(
        only(deep.as_bytes()),
        "the plan is nested deeper than 32 levels"
    );
    let deep = format!(
        "{{\"upwalk\": {}{}}}",
        "[".repeat(90_000),
        "]".repeat(90_000)
    );
    assert_eq!(
        only(deep.as_bytes()),
        "the plan is nested deeper than 32 levels"
    );
    let many = format!("upwalk: 1\nfiles: [{}]", "a, ".repeat(300_000));
    assert_eq!(
        only(many.as_bytes()),
        "the plan has more than 200000 values"
    );
}

#[test]
fn what_is_not_text_is_refused_with_its_place() {
    let found = read(b"upwalk: 1\nservice: \xff\n").expect("it is refused");
    assert_eq!(found.found[0].title, "this file is not UTF-8 text");
    assert!(
        found.render(Paint::Plain).contains("plan.yaml:2:10"),
        "{}",
        found.render(Paint::Plain)
    );
}

#[test]
fn a_finding_is_drawn_with_its_line_and_what_to_do() {
    let text = "upwalk: 1\nservice: s\nup:\n- phase: P\n  role: deploy\n  steps:\n  - name: n\n    run: x\n    unles: test -e x\n";
    let found = read(text.as_bytes()).expect("it is refused");
    let drawn = "error: a step has no key `unles`
 --> plan.yaml:9:5
  |
9 |     unles: test -e x
  |     ^^^^^ did you mean `unless`?";
    assert_eq!(found.render(Paint::Plain).trim_end(), drawn);
    assert!(found.render(Paint::Colour).contains("\u{1b}["));
}

#[test]
fn a_line_that_no_terminal_can_show_is_named_and_not_drawn() {
    let long = format!(
        "{{\"upwalk\": 1, \"service\": \"s\", \"titel\": \"{}\", \"up\": []}}",
        "x".repeat(100_000)
    );
    let drawn = read(long.as_bytes())
        .expect("it is refused")
        .render(Paint::Plain);
    assert!(
        drawn.contains("plan.yaml:1:31") && drawn.len() < 1000,
        "{drawn}"
    );
}

#[test]
fn many_mistakes_and_many_steps_stay_in_bounds() {
    let steps = |each: &dyn Fn(usize) -> String| {
        let steps: Vec<String> = (0..10_000).map(each).collect();
        format!(
            "{{\"upwalk\": 1, \"service\": \"s\", \"up\": [{{\"phase\": \"P\", \"role\": \"deploy\", \"steps\": [{}]}}]}}",
            steps.join(",")
        )
    };
    let good = steps(&|n| format!("{{\"run\": \"x\", \"name\": \"n{n}\", \"undo\": \"y\"}}"));
    assert!(read(good.as_bytes()).is_none());
    let bad = steps(&|n| {
        format!(
            "{{\"run\": \"x\", \"name\": \"${{v{n}}} {n}\", \"undo\": \"again\", \"follows\": \"m{n}\"}}"
        )
    });
    let found = read(bad.as_bytes()).expect("it is refused");
    assert_eq!(found.found.len(), 1000);
    assert!(found.render(Paint::Plain).ends_with("... and 900 more"));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_no_mistake() {
    let text = "upwalk: 1\r\nservice: s\r\nup:\r\n- phase: P\r\n  role: verify\r\n  steps:\r\n  - name: n\r\n    run: |\r\n      a\r\n      b\r\n";
    assert_eq!(read(text.as_bytes()), None);
    assert_eq!(read(format!("\u{feff}{text}").as_bytes()), None);
    let draft = plan::read("plan.yaml", text.as_bytes()).expect("a plan");
    let plan = draft.seal(&[]);
    assert_eq!(plan.scripts()[0].text, "a\nb\n");
}
