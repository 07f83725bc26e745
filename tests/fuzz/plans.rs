//! What was found in the plan reader, and its limits.

use upwalk::plan::{self, Diagnostics, MAX_BYTES, Paint};

/// The findings; none where there is a plan. What must hold of any input holds here too.
fn read(bytes: &[u8]) -> Option<Diagnostics> {
    super::targets::plan(bytes);
    plan::read("plan.yaml", bytes).err()
}

/// The only finding's title.
fn only(bytes: &[u8]) -> String {
    let found = read(bytes).expect("it is refused").found;
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].title.clone()
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

#[test]
fn a_finding_draws_no_control_character_of_any_kind() {
    // U+0084 moves the cursor of a terminal that understands C1, U+202E turns a line around.
    for foreign in ["\u{84}", "\u{9b}31m", "\u{202e}", "\u{1b}[2J"] {
        let text = format!("upwalk: 1\nservice: s\ntitel: x # {foreign}\n");
        let drawn = read(text.as_bytes())
            .expect("it is refused")
            .render(Paint::Plain);
        assert!(
            drawn.contains("titel") && !drawn.contains(foreign),
            "{drawn}"
        );
    }
}
