//! Themes from outside: `upwalk theme`, a user's own theme, and what is refused.
#![expect(
    clippy::disallowed_methods,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    clippy::panic,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

use support::pty::Pty;
use support::{Said, Sandbox};

/// A theme of a user's own that builds on the dark one.
fn own(sandbox: &Sandbox, name: &str, rest: &str) {
    let dir = sandbox.path("home/.config/upwalk/themes");
    std::fs::create_dir_all(&dir).expect("the sandbox is writable");
    let text = format!("schema: 1\nname: {name}\nextends: dark\n{rest}");
    std::fs::write(dir.join(format!("{name}.yaml")), text).expect("the sandbox is writable");
}

fn check(sandbox: &Sandbox, name: &str) -> Said {
    sandbox.run(["theme", "check", name])
}

#[test]
fn the_five_themes_pass_their_check() {
    let sandbox = Sandbox::new();
    let said = sandbox.run(["theme", "check"]);
    assert_eq!(said.code, Some(0), "{said}");
    for name in ["dark", "light", "high-contrast", "cb-safe", "mono"] {
        assert!(said.out.contains(&format!("{name}: good")), "{said}");
    }
}

#[test]
fn a_theme_that_cannot_be_read_or_whose_states_look_alike_fails_its_check() {
    let sandbox = Sandbox::new();
    // A contrast of 3.9 on the lightest of the dark backgrounds.
    own(&sandbox, "faint", "roles: { muted: { fg: \"#83868c\" } }\n");
    let said = check(&sandbox, "faint");
    assert_eq!(said.code, Some(3), "{said}");
    assert!(
        said.out.contains("muted has a contrast of 3.9 on #282c34"),
        "{said}"
    );
    let alike = "roles:\n  state.ok: { fg: \"#7fd38a\" }\n  state.skipped: { fg: \"#7fd38a\" }\n\
                 symbols: { skipped: x }\n";
    own(&sandbox, "alike", alike);
    let said = check(&sandbox, "alike");
    assert_eq!(said.code, Some(3), "{said}");
    assert!(said.out.contains("`ok` and `skipped` look alike"), "{said}");
    // With another symbol the same colours will do.
    own(
        &sandbox,
        "alike",
        &alike.replace("skipped: x", "skipped: s"),
    );
    assert_eq!(check(&sandbox, "alike").code, Some(0));
    // The user's own are checked with all others.
    assert_eq!(sandbox.run(["theme", "check"]).code, Some(3));
}

#[test]
fn mistakes_in_a_theme_are_said_with_their_place() {
    let sandbox = Sandbox::new();
    for (text, code, words) in [
        (
            "roles: { state.okay: {} }\n",
            3,
            "there is no role `state.okay`",
        ),
        (
            "roles: { state.ok: { fg: green } }\n",
            3,
            "`fg` is a colour such as",
        ),
        ("colours: {}\n", 3, "a theme has no key `colours`"),
        ("symbols: { ok: yes }\n", 3, "one printable ASCII character"),
        ("extends: nobody\n", 3, "stands here twice"),
    ] {
        own(&sandbox, "wrong", text);
        let said = check(&sandbox, "wrong");
        assert_eq!(said.code, Some(code), "{said}");
        assert!(
            said.err.contains(words) && said.err.contains("wrong.yaml:4:"),
            "{said}"
        );
    }
    own(&sandbox, "one", "");
    let dir = sandbox.path("home/.config/upwalk/themes");
    let circle = |of: &str, on: &str| format!("schema: 1\nname: {of}\nextends: {on}\n");
    for (of, on) in [("a", "b"), ("b", "a")] {
        std::fs::write(dir.join(format!("{of}.yaml")), circle(of, on)).expect("it is ours");
    }
    let said = check(&sandbox, "a");
    assert_eq!(said.code, Some(2), "{said}");
    assert!(
        said.err.contains("builds on too many others, or on itself"),
        "{said}"
    );
    let said = check(&sandbox, "nobody");
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.err.contains("cb-safe"), "the names are said: {said}");
}

#[test]
fn an_unknown_theme_starts_nothing() {
    let sandbox = Sandbox::new();
    let demo = sandbox.demo().display().to_string();
    let command = sandbox.upwalk(["up", &demo, "--theme", "nobody"]);
    let mut screen = Pty::start(&command, 80, 24);
    screen.expect("there is no theme \"nobody\"");
    assert_eq!(screen.wait().code(), Some(2));
    // The same where the configuration names it.
    let config = sandbox.path("home/.config/upwalk");
    std::fs::create_dir_all(&config).expect("the sandbox is writable");
    std::fs::write(config.join("config.yaml"), "theme: nobody\n").expect("it is ours");
    let mut screen = Pty::start(&sandbox.upwalk(["up", &demo]), 80, 24);
    screen.expect("there is no theme \"nobody\"");
    assert_eq!(screen.wait().code(), Some(2));
    assert_eq!(sandbox.runs().len(), 0);
}

#[test]
fn a_screen_has_the_colours_of_its_theme_and_none_where_none_are_wanted() {
    let sandbox = Sandbox::new();
    own(
        &sandbox,
        "mine",
        "roles:\n  border: { fg: \"#123456\", c256: 99 }\n",
    );
    let demo = sandbox.demo().display().to_string();
    let bytes = |args: &[&str], no_colour: bool| {
        let mut command = sandbox.upwalk(["up", demo.as_str()].iter().chain(args));
        if no_colour {
            command.env("NO_COLOR", "1");
        }
        let mut screen = Pty::start(&command, 80, 24);
        screen.wait_for("S start");
        screen.wait_idle();
        screen.send("q");
        screen.wait();
        String::from_utf8_lossy(&screen.bytes()).into_owned()
    };
    // The dark theme's red and the border of our own.
    assert!(bytes(&[], false).contains("38;5;145"));
    assert!(bytes(&["--theme", "mine"], false).contains("38;5;99"));
    assert!(bytes(&["--theme", "high-contrast"], false).contains("48;5;16"));
    let colour = regex_lite::Regex::new("\x1b\\[[0-9;]*(3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m");
    let colour = colour.expect("it compiles");
    for bare in [bytes(&["--theme", "mono"], false), bytes(&[], true)] {
        assert!(bare.contains("\x1b[7m"), "reverse is left");
        assert_eq!(colour.find(&bare).map(|found| found.as_str()), None);
    }
}
