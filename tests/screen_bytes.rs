//! The bytes of a screen: which colours and characters they hold, by what environment and terminal
//! say (requirements 33 to 35 of the screens).
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

use std::process::Command;
use support::Sandbox;
use support::pty::{Answers, Pty, graphics, is_coloured};

/// A plan with characters of many kinds in its texts and its log, whose last step fails.
const PLAN: &str = r"
upwalk: 1
service: büro
title: Größer → schöner
up:
  - phase: Vorbereitung
    role: stage
    steps:
      - name: Prüfen
        run: printf 'naïve “text” … 日本語 \033[31mred\033[0m ✓\nerror at the end\n'; exit 1
        undo: { none: harmless }
";

/// A sandbox with that plan.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("plan.yaml"), PLAN.replace("büro", "buero"))
        .expect("the sandbox is ours");
    sandbox
}

/// `upwalk up` with these variables instead of the sandbox's; none takes one away.
fn up(sandbox: &Sandbox, env: &[(&str, Option<&str>)]) -> Command {
    let mut command = sandbox.upwalk(["up", "./plan.yaml"]);
    for (name, value) in env {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Walks over the overview, the help, the step and its failure, and leaves; gives the screen and its
/// bytes.
fn walk(env: &[(&str, Option<&str>)]) -> Vec<u8> {
    let sandbox = sandbox();
    let mut screen = Pty::start(&up(&sandbox, env), 100, 30);
    screen.wait_for("NOT STARTED");
    screen.wait_idle();
    screen.send("?");
    screen.wait_for("this help");
    screen.send("q");
    screen.wait_gone("this help");
    screen.send("S");
    screen.wait_for("FAILED");
    screen.wait_for("error at the end");
    screen.wait_screen("the choices count", |screen| {
        screen.contains("choose a letter")
    });
    screen.send("q");
    screen.wait();
    screen.bytes()
}

/// Whether an SGR sequence names nothing at all. It undoes bold and reverse with everything else, and
/// is what comes of a colour where nothing but `NO_COLOR` was looked at.
fn is_bare(parameters: &str) -> bool {
    !parameters.contains(|c: char| c.is_ascii_digit())
}

/// What is left without control sequences, line ends and the bell.
fn drawn(bytes: &[u8]) -> Vec<u8> {
    let mut left = Vec::new();
    let mut rest = bytes;
    while let Some((first, more)) = rest.split_first() {
        rest = match (first, more.first()) {
            (0x1b, Some(b'[')) => {
                let end = more[1..].iter().position(|b| (0x40..=0x7e).contains(b));
                &more[end.map_or(more.len(), |end| end + 2)..]
            }
            (0x1b, Some(b']')) => {
                let end = more.iter().position(|b| *b == 0x07 || *b == b'\\');
                &more[end.map_or(more.len(), |end| end + 1)..]
            }
            (0x1b, Some(_)) => &more[1..],
            (b'\r' | b'\n' | 0x07, _) => more,
            _ => {
                left.push(*first);
                more
            }
        };
    }
    left
}

/// The bytes that are no ASCII text.
fn foreign(bytes: &[u8]) -> Vec<u8> {
    let text = drawn(bytes).into_iter();
    text.filter(|byte| !(0x20..=0x7e).contains(byte)).collect()
}

#[test]
fn r33_no_color_leaves_no_colour_and_keeps_reverse() {
    let coloured = walk(&[]);
    assert!(graphics(&coloured).iter().any(|sgr| is_coloured(sgr)));

    let sandbox = sandbox();
    let screen = Pty::start(&up(&sandbox, &[("NO_COLOR", Some("1"))]), 100, 30);
    screen.wait_for("NOT STARTED");
    screen.wait_idle();
    assert!(
        screen.has_reverse("Vorbereitung"),
        "the selected row is not reversed:\n{}",
        screen.screen()
    );
    let bytes = walk(&[("NO_COLOR", Some("1"))]);
    let found: Vec<String> = graphics(&bytes)
        .into_iter()
        .filter(|sgr| is_coloured(sgr))
        .collect();
    assert!(found.is_empty(), "{found:?}");
    let bare = graphics(&bytes).iter().filter(|sgr| is_bare(sgr)).count();
    assert_eq!(bare, 0, "resets that nobody asked for");
}

#[test]
fn r33_a_flag_over_no_color_brings_all_colours_and_keeps_reverse() {
    let sandbox = sandbox();
    let mut command = up(&sandbox, &[("NO_COLOR", Some("1"))]);
    command.args(["--color", "always"]);
    let screen = Pty::start(&command, 100, 30);
    screen.wait_for("NOT STARTED");
    screen.wait_idle();
    assert!(
        screen.has_reverse("Vorbereitung"),
        "the selected row is not reversed:\n{}",
        screen.screen()
    );
    let sequences = graphics(&screen.bytes());
    assert!(
        sequences.iter().any(|sgr| is_coloured(sgr)),
        "{sequences:?}"
    );
    let bare = sequences.iter().filter(|sgr| is_bare(sgr)).count();
    assert_eq!(bare, 0, "resets that nobody asked for");
}

#[test]
fn r34_a_poor_locale_or_terminal_starts_and_gets_only_ascii() {
    let runs: [&[(&str, Option<&str>)]; 4] = [
        &[("LANG", Some("C"))],
        &[("LC_ALL", Some("POSIX"))],
        &[("TERM", Some("vt100"))],
        &[("TERM", Some("linux")), ("LANG", Some("C"))],
    ];
    std::thread::scope(|threads| {
        for env in runs {
            threads.spawn(move || {
                let bytes = walk(env);
                let found = foreign(&bytes);
                assert!(
                    found.is_empty(),
                    "{env:?}: {}",
                    String::from_utf8_lossy(&found)
                );
            });
        }
    });
}

#[test]
fn r34_the_linux_console_gets_lines_and_no_other_symbols() {
    let bytes = walk(&[("TERM", Some("linux"))]);
    let text = String::from_utf8_lossy(&drawn(&bytes)).into_owned();
    assert!(text.contains('─'), "no line is drawn");
    assert!(!text.contains(['▸', '✗', '→', '░']), "{text}");
}

#[test]
fn r34_a_dumb_terminal_gets_prompts_without_any_escape() {
    for term in [Some("dumb"), None] {
        let sandbox = sandbox();
        let mut screen = Pty::start(&up(&sandbox, &[("TERM", term)]), 100, 30);
        screen.expect("start");
        screen.wait_idle();
        screen.send("start\r");
        screen.expect("failed");
        screen.wait_idle();
        screen.send("\x04");
        screen.wait();
        let bytes = screen.bytes();
        assert!(
            !bytes.contains(&0x1b),
            "{}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[test]
fn r35_the_first_variable_of_the_locale_that_is_set_decides() {
    let utf8 = Some("en_US.UTF-8");
    let shows = |env: &[(&str, Option<&str>)]| {
        let sandbox = sandbox();
        let screen = Pty::start(&up(&sandbox, env), 100, 30);
        screen.wait_for("NOT STARTED");
        screen.bytes()
    };
    let bytes = shows(&[("LC_ALL", Some("C")), ("LANG", utf8)]);
    assert!(foreign(&bytes).is_empty(), "LC_ALL=C is ASCII");
    let bytes = shows(&[("LC_CTYPE", utf8), ("LANG", None)]);
    let text = String::from_utf8_lossy(&drawn(&bytes)).into_owned();
    assert!(text.contains('─') && text.contains('▸'), "{text}");
}

#[test]
fn a_terminal_that_makes_lines_two_columns_wide_gets_ascii() {
    let sandbox = sandbox();
    let screen = Pty::start(&up(&sandbox, &[]), 100, 30);
    screen.answer(Answers::Never);
    screen.wait_screen("lines", |screen| screen.contains("────"));
    // What such a terminal says: one line was drawn, and the cursor stands behind two columns.
    screen.send("\x1b[3;3R");
    screen.wait_screen("ASCII", |screen| {
        screen.contains("----") && screen.is_ascii() && screen.contains("NOT STARTED")
    });
}

#[test]
fn the_configuration_and_a_flag_over_it_choose_the_glyphs() {
    let sandbox = sandbox();
    std::fs::write(sandbox.path("config.yaml"), "glyphs: ascii\n").expect("the sandbox is ours");
    let shows = |flags: &[&str]| {
        let args = ["up", "./plan.yaml", "--config", "./config.yaml"];
        let screen = Pty::start(&sandbox.upwalk(args.iter().chain(flags)), 100, 30);
        screen.wait_for("NOT STARTED");
        screen.bytes()
    };
    assert!(foreign(&shows(&[])).is_empty());
    assert!(!foreign(&shows(&["--glyphs", "unicode"])).is_empty());
}
