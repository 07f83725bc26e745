//! The log on the screen: what it never lets through, that following never lies, searching in a
//! gigabyte, error lines, upwalk's own lines and times (ux.md, requirements 25, 29, 30 and 31).
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

use rustix::process::Signal;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::pty::{Pty, graphics, is_coloured};
use support::{Sandbox, kill, wait_until};
use upwalk::supervisor::client::LogReader;

/// A sandbox with a plan of one step that runs this.
struct Walk {
    sandbox: Sandbox,
}

/// Waits for a file of the sandbox, but not for ever.
const WAIT: &str =
    r#"await() { for _ in $(seq 1 2400); do test -e "$HERE/$1" && return; sleep 0.05; done; }"#;

impl Walk {
    fn of(script: &str) -> Self {
        Self::named("Work", script)
    }

    /// The name as it stands in the plan, quotes and all.
    fn named(name: &str, script: &str) -> Self {
        let sandbox = Sandbox::new();
        let lines: Vec<&str> = std::iter::once(WAIT).chain(script.lines()).collect();
        let lines = lines.join("\n          ");
        let plan = format!(
            "upwalk: 1\nservice: shop\ndefaults: {{ silence: 1s }}\nvars:\n  here: {{ required: true }}\n\
             up:\n  - phase: Change\n    role: stage\n    steps:\n      - name: {name}\n        \
             id: work\n        undo: {{ none: harmless }}\n        run: |\n          {lines}\n"
        );
        std::fs::write(sandbox.path("shop.yaml"), plan).expect("the sandbox is ours");
        Self { sandbox }
    }

    /// Its screen, once the step has begun.
    fn start(&self, columns: u16, rows: u16, env: &[(&str, &str)]) -> Pty {
        let here = format!("--set=here={}", self.sandbox.path("").display());
        let mut command = self.sandbox.upwalk(["up", "./shop.yaml", &here]);
        command.envs(env.iter().copied());
        let screen = Pty::start(&command, columns, rows);
        screen.wait_for("NOT STARTED");
        screen.wait_idle();
        screen.send("S");
        screen.wait_for("RUNNING");
        screen
    }

    /// One more screen.
    fn attach(&self, more: &[&str], env: &[(&str, &str)]) -> Pty {
        let mut command = self.sandbox.upwalk(["attach"].iter().chain(more));
        command.envs(env.iter().copied());
        Pty::start(&command, 80, 24)
    }

    /// Lets the step go on.
    fn open(&self, gate: &str) {
        std::fs::write(self.sandbox.path(gate), "").expect("the sandbox is ours");
    }

    /// The step's log file, once it is there.
    fn log(&self) -> PathBuf {
        let mut found = None;
        wait_until("the log is there", || {
            let listed = std::fs::read_dir(self.sandbox.run_dir()).expect("the run is there");
            let paths = listed.flatten().map(|entry| entry.path());
            found = paths
                .into_iter()
                .find(|path| path.to_string_lossy().ends_with("-work.1.log"));
            found.is_some()
        });
        found.expect("it was just found")
    }
}

/// The screen's rows with this text.
fn rows_with(screen: &str, text: &str) -> Vec<String> {
    let rows = screen.lines().filter(|row| row.contains(text));
    rows.map(str::to_owned).collect()
}

/// Whether a row is one of the log: a time, a mark, a text.
fn is_log_row(row: &str) -> bool {
    let bytes = row.as_bytes();
    let digits = [1, 2, 4, 5, 7, 8];
    bytes.len() > 11
        && digits.iter().all(|at| bytes[*at].is_ascii_digit())
        && (bytes[3], bytes[6], bytes[9]) == (b':', b':', b' ')
}

/// Waits until a row of the log is this line with this mark.
fn wait_line(screen: &Pty, mark: &str, text: &str) -> String {
    let wanted = format!(" {mark} {text}");
    let is_it = |row: &str| is_log_row(row) && row[9..].trim_end() == wanted;
    screen.wait_screen(&format!("the line {wanted:?}"), |screen| {
        screen.lines().any(is_it)
    })
}

/// What a command may write to get at the terminal of whoever looks.
fn hostile() -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(b"\x1b]52;c;RVZJTA==\x07 after-clipboard\n");
    bytes.extend(b"\x1b]0;EVIL-TITLE\x07 after-title\n");
    bytes.extend(b"\x1b[2J\x1b[H after-clear\n");
    bytes.extend(b"\x1b[6n after-question\n");
    bytes.extend(b"\x9b2J after-raw-c1\n");
    bytes.extend("\u{9b}2J after-c1\n".as_bytes());
    bytes.extend("\u{202e}\u{2066} after-bidi\n".as_bytes());
    bytes.extend(b"\x1bP+q544e\x1b\\\x1b_EVIL-APC\x1b\\ after-strings\n");
    bytes.extend(b"\x1b[3;1H+== W9 == STOP ==+\n");
    bytes.extend(b"\x1b[4;1H| To go on, type exactly:   give up |\n");
    bytes.extend(b"\x1b]0;never-closed\n");
    bytes.extend(b"the last line\n");
    bytes
}

#[test]
fn r25_nothing_that_a_command_writes_reaches_the_terminal_raw() {
    nothing_is_raw("strip");
}

#[test]
fn r25_nor_does_it_where_colours_are_kept() {
    nothing_is_raw("keep");
}

fn nothing_is_raw(color: &str) {
    let walk = Walk::of("await show\ncat \"$HERE/hostile\"\nawait end");
    let config = walk.sandbox.path("home/.config/upwalk");
    std::fs::create_dir_all(&config).expect("the sandbox is ours");
    let said = format!("log: {{ color: {color} }}\n");
    std::fs::write(config.join("config.yaml"), said).expect("the sandbox is ours");
    std::fs::write(walk.sandbox.path("hostile"), hostile()).expect("the sandbox is ours");
    let screen = walk.start(100, 30, &[]);
    let before = screen.bytes().len();
    walk.open("show");
    let shown = wait_line(&screen, " ", "the last line");
    screen.send("l");
    screen.wait_for("] later");
    let fresh = screen.bytes().split_off(before);
    let text = String::from_utf8(fresh).expect("only whole characters reach the terminal");
    for forbidden in [
        "\u{1b}]52",
        "\u{1b}]0;",
        "EVIL",
        "\u{1b}[2J",
        "\u{1b}[6n",
        "\u{1b}P",
        "\u{1b}_",
        "\u{9b}",
        "\u{202e}",
        "\u{2066}",
        "\u{1b}[3;1H+",
        "\u{1b}[4;1H|",
        "never-closed",
    ] {
        assert!(!text.contains(forbidden), "{forbidden:?} in {text:?}");
    }
    // All that is no text of it is shown as what it is, at its place and nowhere else.
    for words in [
        "after-clipboard",
        "after-clear",
        "after-c1",
        "after-bidi",
        "type exactly",
        "W9",
    ] {
        let rows = rows_with(&shown, words);
        assert_eq!(rows.len(), 1, "{words}:\n{shown}");
        assert!(is_log_row(&rows[0]), "{words}:\n{shown}");
        assert!(
            rows[0].contains("^[") || rows[0].contains("<U+"),
            "{words}:\n{shown}"
        );
    }
    assert!(
        shown
            .lines()
            .next()
            .is_some_and(|row| row.contains("DRIVER"))
    );
    let kept = std::fs::read(walk.log()).expect("the log is there");
    assert_eq!(kept, hostile(), "the log file has it all");
    walk.open("end");
}

#[test]
fn r25_nor_does_what_a_plan_says_or_a_program_answers() {
    let walk = Walk::named(
        r#""Evil \e]0;EVIL-NAME\a\e[2J\u009b2J\u202e name""#,
        "await end",
    );
    let screen = walk.start(100, 30, &[("LOGNAME", "x\u{1b}]0;EVIL-USER\u{7}")]);
    let before = screen.bytes().len();
    screen.send("c");
    screen.wait_for("may stay");
    screen.send("q?");
    screen.wait_for("this help");
    screen.send("ql");
    screen.wait_for("] later");
    let all = String::from_utf8(screen.bytes()).expect("only whole characters");
    for forbidden in ["\u{1b}]0;EVIL", "\u{9b}", "\u{202e}"] {
        assert!(!all.contains(forbidden), "{forbidden:?} in {all:?}");
    }
    // The first frame empties the screen; nobody else does.
    assert!(!all[before..].contains("\u{1b}[2J"));
    let status = walk.sandbox.run(["status"]);
    for said in [&status.out, &status.err] {
        assert!(
            !said.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}']),
            "{status}"
        );
    }
    walk.open("end");
}

/// A line of each kind that colours make a difference to.
const COLOURED: &str = "a \x1b[31mred text\x1b[0m stops\n\
    the \x1b[38;2;10;200;30;4mgreen\x1b[m one\n\
    \x1b[8mnot hidden\x1b[m \x1b[31;41mnot the same\x1b[m \x1b[5;11mnot moving\x1b[m\n\
    ERROR: \x1b[44;97mon blue\x1b[m after it\n\
    \x1b[31mnever ended\n\
    the next one\n";

/// A run whose step has written that, on a screen as it is without any configuration.
fn coloured() -> (Walk, Pty) {
    let walk = Walk::of("cat \"$HERE/coloured\"\nawait end");
    std::fs::write(walk.sandbox.path("coloured"), COLOURED).expect("the sandbox is ours");
    let screen = walk.start(80, 24, &[]);
    wait_coloured(&screen);
    (walk, screen)
}

/// The same run on one more screen, whose configuration keeps colours.
fn keeping(walk: &Walk, more: &[&str], env: &[(&str, &str)]) -> Pty {
    let config = walk.sandbox.path("keep.yaml");
    std::fs::write(&config, "log: { color: keep }\n").expect("the sandbox is ours");
    let config = config.to_string_lossy().into_owned();
    let screen = walk.attach(&[&["--observe", "--config", &config], more].concat(), env);
    wait_coloured(&screen);
    screen
}

/// Waits until all of its lines are on the screen, each with its mark.
fn wait_coloured(screen: &Pty) {
    for (mark, line) in [
        (" ", "a red text stops"),
        (" ", "the green one"),
        (" ", "not hidden not the same not moving"),
        ("E", "ERROR: on blue after it"),
        (" ", "never ended"),
        (" ", "the next one"),
    ] {
        wait_line(screen, mark, line);
    }
}

#[test]
fn colours_of_a_command_are_shown_where_the_configuration_keeps_them() {
    use vt100::Color::{Default, Idx};
    let (walk, plain) = coloured();
    for words in ["red text", "green", "not the same", "never ended"] {
        assert_eq!(plain.colours_of(words), Some((Default, Default)), "{words}");
    }
    let error = plain.colours_of("ERROR: on");
    assert_eq!(plain.colours_of("on blue"), error);

    let kept = keeping(&walk, &[], &[]);
    let front = |index| Some((Idx(index), Default));
    assert_eq!(kept.colours_of("red text"), front(1));
    // The terminal has 256 colours.
    assert_eq!(kept.colours_of("green"), front(40));
    assert_eq!(kept.colours_of("never ended"), front(1));
    let own = ["a red", "stops", "not hidden", "not the same", "not moving"];
    for words in own.into_iter().chain(["the next one"]) {
        assert_eq!(kept.colours_of(words), Some((Default, Default)), "{words}");
    }
    assert_eq!(kept.colours_of("on blue"), Some((Idx(15), Idx(4))));
    for words in ["E ERROR: on", "ERROR: on", "after it"] {
        assert_eq!(kept.colours_of(words), error, "{words}");
    }
    let all = graphics(&kept.bytes());
    let forbidden = |sgr: &String| matches!(sgr.as_str(), "5" | "8" | "11" | "28");
    assert!(!all.iter().any(forbidden), "{all:?}");

    // Nothing looks like a match but a match. Keys count once the screen can have been read.
    kept.wait_for("Closing this terminal");
    kept.send("/");
    kept.wait_for("Enter search");
    kept.send("ed t");
    kept.wait_for("/ed t");
    kept.send("\r");
    kept.wait_for("Match 1 of 1");
    assert!(kept.has_reverse("ed t"), "{}", kept.screen());
    for words in ["red text", "ext stops", "t stops"] {
        assert_eq!(kept.colours_of(words), Some((Default, Default)), "{words}");
    }
    walk.open("end");
}

#[test]
fn r33_kept_colours_are_none_where_no_colours_are_wanted() {
    let (walk, _plain) = coloured();
    for (more, env) in [
        (&[][..], &[("NO_COLOR", "1")][..]),
        (&["--color", "never"], &[]),
    ] {
        let all = graphics(&keeping(&walk, more, env).bytes());
        let found: Vec<_> = all.iter().filter(|sgr| is_coloured(sgr)).collect();
        assert!(found.is_empty(), "{more:?} {env:?}: {found:?}");
        assert!(all.iter().any(|sgr| sgr == "4"), "attributes stay: {all:?}");
    }
    walk.open("end");
}

/// The rows between the log's title and the rule below it, by their place on the screen.
fn places(screen: &str) -> BTreeMap<usize, String> {
    let rows: Vec<&str> = screen.lines().collect();
    let title = rows.iter().position(|row| row.contains(" follow O"));
    let title = title.unwrap_or_else(|| panic!("no log on:\n{screen}"));
    let lines = title + 1..rows.len() - 3;
    lines
        .map(|at| (at, rows[at].trim_end().to_owned()))
        .collect()
}

/// The same without the places.
fn log_rows(screen: &str) -> Vec<String> {
    places(screen).into_values().collect()
}

/// The number behind a word of the log's title.
fn counted(screen: &str, word: &str) -> Option<u64> {
    let title = screen.lines().find(|row| row.contains(" follow O"))?;
    let mut words = title.split_whitespace();
    words.find(|one| *one == word)?;
    words.next()?.parse().ok()
}

#[test]
fn r29_scrolling_up_turns_follow_off_and_keeps_the_line_still() {
    let walk = Walk::of(
        "for i in $(seq 1 200); do echo \"early line $i.\"; done\nawait more\n\
         for i in $(seq 1 2000); do echo \"late line $i.\"; test -e \"$HERE/end\" && break; sleep 0.02; done",
    );
    let screen = walk.start(80, 24, &[]);
    let shown = screen.wait_for("early line 200.");
    assert!(shown.contains("follow ON"), "{shown}");
    for (up, resume) in [("k", "G"), ("\u{1b}[5~", "f"), ("\u{1b}[A", "\u{1b}[F")] {
        screen.send(up);
        let before = screen.wait_for("follow OFF");
        let still = places(&before);
        let lines = counted(&before, "lines").expect("the lines are counted");
        walk.open("more");
        let after = screen.wait_screen("more lines", |screen| {
            counted(screen, "lines").is_some_and(|now| now >= lines + 20)
        });
        // What stands above the log may take rows of it, and give them back.
        let now = places(&after);
        let common = still.keys().filter(|at| now.contains_key(at)).count();
        assert!(common >= 10, "{after}");
        for (at, row) in still.iter().filter(|(at, _)| now.contains_key(at)) {
            // The time of a line comes a moment after it.
            assert_eq!(now[at][9..], row[9..], "row {at} moved:\n{before}\n{after}");
        }
        assert!(after.contains("follow OFF"));
        screen.send(resume);
        let newest = |screen: &str| {
            let rows = log_rows(screen);
            let last = rows.iter().rev().find(|row| row.contains("late line"))?;
            let number = last.rsplit(' ').next()?.trim_end_matches('.');
            number.parse::<u64>().ok()
        };
        let along = screen.wait_screen("follow ON", |screen| {
            screen.contains("follow ON") && newest(screen).is_some()
        });
        let number = newest(&along).expect("it was just seen");
        screen.wait_screen("it moves along", |screen| {
            newest(screen).is_some_and(|now| now > number)
        });
    }
    walk.open("end");
}

#[test]
fn r29_at_the_end_scrolling_down_follows_again_also_where_lines_are_wrapped() {
    let walk = Walk::of(
        "for i in $(seq 1 60); do echo \"line $i. $(printf 'word%.0s ' $(seq 1 40))\"; done\nawait end",
    );
    let screen = walk.start(80, 24, &[]);
    screen.wait_for("line 60.");
    screen.send("w");
    screen.wait_for("wrap ON");
    screen.wait_screen("the end", |screen| screen.contains("line 60."));
    screen.send("kkkkk");
    let up = screen.wait_for("follow OFF");
    screen.send("jjjj");
    let down = screen.wait_screen("four rows down", |screen| log_rows(screen) != log_rows(&up));
    assert!(down.contains("follow OFF"), "{down}");
    screen.send("j");
    screen.wait_for("follow ON");
    // Sideways, where lines are cut.
    screen.send("w");
    screen.wait_for("wrap off");
    screen.send("\u{1b}[C");
    let right = screen.wait_for("from column 41");
    assert!(!right.contains("line 60. word"), "{right}");
    screen.send("\u{1b}[D");
    screen.wait_for("line 60. word");
    walk.open("end");
}

/// Two steps, the first of which fails once, and a secret that the second one prints.
const STEPS: &str = r#"
upwalk: 1
service: shop
vars:
  here: { required: true }
up:
  - phase: First
    role: stage
    steps:
      - name: Quick
        id: quick
        run: test -e "$HERE/again" && echo second try || { echo first try; touch "$HERE/again"; exit 3; }
        retries: { times: 1, wait: 1s }
        undo: { none: harmless }
      - name: Long
        id: long
        run: echo running on; for _ in $(seq 1 2400); do test -e "$HERE/end" && break; sleep 0.05; done
        undo: { none: harmless }
"#;

#[test]
fn the_log_of_any_earlier_command_can_be_read_while_another_runs() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("shop.yaml"), STEPS).expect("the sandbox is ours");
    let walk = Walk { sandbox };
    let screen = walk.start(80, 24, &[]);
    wait_line(&screen, " ", "running on");
    // From the list of steps: the newest log of the one under the cursor.
    screen.send("\t");
    screen.wait_for("all steps");
    screen.send("kl");
    let newest = wait_line(&screen, " ", "second try");
    assert!(newest.contains("log 1.1 attempt 2"), "{newest}");
    screen.send("[");
    let earlier = wait_line(&screen, " ", "first try");
    assert!(
        earlier.contains("log 1.1 ") && !earlier.contains("attempt 2  "),
        "{earlier}"
    );
    assert_eq!(
        rows_with(&earlier, "u ended: exit code 3").len(),
        1,
        "{earlier}"
    );
    screen.send("[");
    screen.wait_for("This is the log of the first command of the run.");
    screen.send("]]");
    wait_line(&screen, " ", "running on");
    screen.send("]");
    screen.wait_for("This is the log of the last command of the run.");
    // Somebody has removed one.
    let removed = std::fs::read_dir(walk.sandbox.run_dir()).expect("the run is there");
    let removed = removed.flatten().map(|entry| entry.path());
    let mut removed = removed.filter(|path| path.to_string_lossy().ends_with("-quick.1.log"));
    let removed = removed.next().expect("the log is there");
    std::fs::remove_file(&removed).expect("the sandbox is ours");
    screen.send("[[");
    let name = removed
        .file_name()
        .expect("it has a name")
        .to_string_lossy();
    screen.wait_for(&format!("The log file is gone: {name}"));
    // Back to what runs.
    screen.send("l");
    screen.wait_for("RUNNING");
    walk.open("end");
}

#[test]
fn the_mouse_scrolls_only_where_a_person_wants_it_and_is_given_back() {
    let walk = Walk::of("seq 1 100; await end");
    let mut screen = walk.start(80, 24, &[]);
    wait_line(&screen, " ", "100");
    let wheel_up = "\u{1b}[<64;10;12M";
    screen.send("m");
    screen.wait_for("The mouse wheel scrolls.");
    assert!(said(&screen).contains("\u{1b}[?1000h"));
    // A click is nothing; a notch is three lines.
    screen.send("\u{1b}[<0;5;20M\u{1b}[<0;5;20m");
    screen.send(wheel_up);
    let up = screen.wait_for("follow OFF");
    assert!(
        log_rows(&up).last().is_some_and(|row| row.ends_with(" 97")),
        "{up}"
    );
    screen.send("\u{1b}[<65;10;12M");
    screen.wait_for("follow ON");
    screen.send("q");
    assert!(screen.wait().success());
    let said = said(&screen);
    let off = said.rfind("\u{1b}[?1000l").expect("it is taken back");
    assert!(off > said.rfind("\u{1b}[?1000h").expect("it was on"));
    walk.open("end");
}

#[test]
fn the_mouse_is_the_terminals_unless_it_is_wanted() {
    let walk = Walk::of("seq 1 100; await end");
    let screen = walk.start(80, 24, &[]);
    let before = wait_line(&screen, " ", "100");
    screen.send("\u{1b}[<64;10;12M\u{1b}[<0;5;24M");
    screen.send("j?");
    screen.wait_for("this help");
    screen.send("q");
    screen.wait_gone("this help");
    assert!(!said(&screen).contains("\u{1b}[?1000h"), "{before}");
    // It may be wanted from the start.
    std::fs::write(walk.sandbox.path("config.yaml"), "mouse: on\n").expect("the sandbox is ours");
    let config = walk.sandbox.path("config.yaml").display().to_string();
    let other = walk.attach(&["--observe", "--config", &config], &[]);
    wait_line(&other, " ", "100");
    assert!(said(&other).contains("\u{1b}[?1000h"));
    walk.open("end");
}

/// Everything that was sent to a terminal.
fn said(screen: &Pty) -> String {
    String::from_utf8_lossy(&screen.bytes()).into_owned()
}

/// A gigabyte: plain lines, one of them with the needle, and at the end coloured ones, which take
/// long to look through.
const GIGABYTE: &str = r#"
line() { yes "2026-11-21T07:00:00Z shop[4711]: request $1 was answered in 12 ms by worker 7"; }
line one | head -c 900000000 || true; echo
echo "here lies the Needle of the haystack"
line two | sed "s/answered/$(printf '\033[1;32manswered\033[0m')/" | head -c 100000000 || true; echo
echo "the end of it"
await end"#;

#[test]
fn r30_a_gigabyte_is_searched_with_progress_and_the_search_can_be_cancelled() {
    let walk = Walk::of(GIGABYTE);
    let screen = walk.start(100, 24, &[]);
    wait_line(&screen, " ", "the end of it");
    assert!(std::fs::metadata(walk.log()).expect("it is there").len() > 1_000_000_000);
    // A key is answered as ever, whatever is being counted.
    screen.send("/");
    screen.wait_for("Enter search");
    screen.send("the needle");
    screen.wait_for("/the needle");
    let began = Instant::now();
    screen.send("\r");
    screen.wait_screen("a match or progress", |screen| {
        screen.contains("Match 1 of") || screen.contains("searching")
    });
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    let found = screen.wait_for("Match 1 of");
    assert_eq!(
        rows_with(&found, "the Needle of the haystack").len(),
        1,
        "{found}"
    );
    assert!(found.contains("follow OFF"), "{found}");

    // Nothing has this, so all of it is looked through; a person need not wait for that.
    screen.send("/");
    screen.send("nobody wrote this");
    screen.wait_for("/nobody wrote this");
    screen.send("\r");
    screen.wait_screen("progress", |screen| {
        screen.contains("/nobody wrote this")
            && screen.contains("searching")
            && screen.contains(" %")
    });
    let began = Instant::now();
    screen.send("\u{1b}");
    let given_up = screen.wait_for("The search was given up");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(!given_up.contains("searching"), "{given_up}");
    // The first error of a log without any is not waited for either.
    screen.send("e");
    screen.wait_for("follow OFF");
    screen.send("\u{7}");
    screen.send("G");
    screen.wait_for("follow ON");
    walk.open("end");
    std::fs::write(walk.log(), "").expect("the sandbox is ours");
}

#[test]
fn r30_e_goes_to_the_first_error_line_and_says_which_of_how_many() {
    let walk = Walk::of(
        "for i in $(seq 1 300); do echo \"line $i\"; case $i in 50|120|121) echo \"ERROR: number $i\";; esac; done\nexit 3",
    );
    let screen = walk.start(80, 24, &[]);
    let failed = screen.wait_for("FAILED");
    assert!(!failed.contains("number 50"), "{failed}");
    screen.wait_for("choose a letter");
    // On a failed screen, where only the last lines are shown.
    screen.send("e");
    let first = screen.wait_for("Error line 1 of 3.");
    let rows = rows_with(&first, "E ERROR: number 50");
    assert!(rows.len() == 1 && is_log_row(&rows[0]), "{first}");
    screen.send("e");
    screen.wait_for("Error line 2 of 3.");
    screen.send("e");
    let third = screen.wait_for("Error line 3 of 3.");
    assert_eq!(rows_with(&third, "E ERROR: number 121").len(), 1, "{third}");
    screen.send("e");
    screen.wait_for("Error line 1 of 3; from here on it begins again at the top.");
    screen.send("E");
    screen.wait_for("Error line 3 of 3; it went round to the end.");
    // Only error lines, then only upwalk's.
    screen.send("s");
    let errors = screen.wait_for("ERROR LINES ONLY");
    assert_eq!(rows_with(&errors, "E ERROR: number").len(), 3, "{errors}");
    assert!(!errors.contains(" line 119"), "{errors}");
    screen.send("s");
    let own = screen.wait_for("UPWALK'S LINES ONLY");
    assert_eq!(rows_with(&own, "u ended: exit code 3").len(), 1, "{own}");
    assert!(!own.contains("ERROR: number"), "{own}");
}

/// When each line of a log was there, as somebody sees it who looks every few milliseconds.
fn watch(log: PathBuf, over: Arc<AtomicBool>) -> std::thread::JoinHandle<BTreeMap<u64, i64>> {
    std::thread::spawn(move || {
        let mut seen = BTreeMap::new();
        let mut passed = 0;
        while !over.load(Ordering::SeqCst) {
            let bytes = std::fs::read(&log).unwrap_or_default();
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = i64::try_from(now.expect("it is later").as_millis()).expect("it fits");
            while let Some(end) = bytes[passed..].iter().position(|byte| *byte == b'\n') {
                seen.insert(passed as u64, now);
                passed += end + 1;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        seen
    })
}

#[test]
fn r31_times_are_those_of_an_independent_reader_also_while_no_supervisor_lived() {
    let walk = Walk::of(
        "await begin\nfor i in $(seq 1 40); do echo \"tick $i.\"; sleep 0.1; done\necho over\nawait end",
    );
    let screen = walk.start(80, 40, &[]);
    let over = Arc::new(AtomicBool::new(false));
    let watcher = watch(walk.log(), Arc::clone(&over));
    walk.open("begin");
    wait_line(&screen, " ", "tick 10.");
    kill(walk.sandbox.supervisor(), Signal::KILL);
    screen.wait_for("NOT LIVE");
    wait_until("lines that no supervisor has seen", || {
        std::fs::read_to_string(walk.log()).is_ok_and(|log| log.contains("tick 30."))
    });
    assert!(walk.sandbox.processes().is_empty(), "no supervisor lives");
    drop(screen);
    let again = Pty::start(&walk.sandbox.upwalk(["attach"]), 80, 60);
    let shown = wait_line(&again, " ", "over");
    over.store(true, Ordering::SeqCst);
    let seen = watcher.join().expect("the watcher does not panic");
    assert_eq!(seen.len(), 41, "{seen:?}");

    let mut log = LogReader::open(&walk.log()).expect("the log is there");
    let rows: Vec<String> = log_rows(&shown);
    for (nth, (offset, at)) in seen.iter().enumerate() {
        let noted = log
            .time_at(*offset)
            .expect("every line has its time")
            .as_millis();
        assert!(
            (noted - at).abs() <= 200,
            "line {}: {noted}, seen {at}",
            nth + 1
        );
        // What the screen shows is that, to the second.
        let text = format!("tick {}.", nth + 1);
        let Some(row) = rows.iter().find(|row| row.trim_end().ends_with(&text)) else {
            assert_eq!(nth, 40, "{text} is not on:\n{shown}");
            continue;
        };
        let second = |millis: i64| {
            let day = millis.div_euclid(1000).rem_euclid(86_400);
            format!(" {:02}:{:02}:{:02}", day / 3600, day / 60 % 60, day % 60)
        };
        let fits = [second(at - 200), second(at + 200)];
        assert!(
            fits.iter().any(|time| row.starts_with(time)),
            "{row}: {fits:?}"
        );
    }
    walk.open("end");
}

#[test]
fn r31_error_lines_and_own_lines_are_marked_in_every_theme_and_without_colours() {
    let walk = Walk::of("echo plain; echo 'ERROR: of it'; sleep 2; echo later; await end");
    let screen = walk.start(80, 24, &[]);
    wait_line(&screen, " ", "later");
    let themes = ["dark", "light", "high-contrast", "cb-safe", "mono"];
    let coloured = themes.iter().map(|name| (*name, ("LANG", "C.UTF-8")));
    for (theme, env) in coloured.chain([("dark", ("NO_COLOR", "1")), ("light", ("LANG", "C"))]) {
        let other = walk.attach(&["--observe", "--theme", theme], &[env]);
        let shown = wait_line(&other, " ", "later");
        for (mark, text) in [
            (" ", "plain"),
            ("E", "ERROR: of it"),
            ("u", "no output for "),
            ("u", "step 1.1 begins: Work"),
            ("u", "$ echo plain; echo 'ERROR: of it'"),
        ] {
            let wanted = format!(" {mark} {text}");
            let rows = rows_with(&shown, &wanted);
            assert!(
                rows.len() == 1 && is_log_row(&rows[0]) && rows[0][10..].starts_with(&wanted[1..]),
                "{theme} {env:?}: {wanted:?} in:\n{shown}"
            );
        }
    }
    // They are in no log file.
    let log = std::fs::read_to_string(walk.log()).expect("the log is there");
    assert_eq!(log, "plain\nERROR: of it\nlater\n");
    walk.open("end");
}
