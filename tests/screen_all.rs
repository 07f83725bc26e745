//! All screens of a walk on a real terminal: what each shows of where one is, which keys never decide
//! anything, two phrases in one plan, any size, and what fits into 80 columns.
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

#[path = "screen_all/chance.rs"]
mod chance;
#[path = "screen_all/cut.rs"]
mod cut;
#[path = "screen_all/shop.rs"]
mod shop;

use chance::Chance;
use shop::{PHRASES, PLACES, Place, Settle as _, Shop, USUAL};
use std::time::Duration;
use support::pty::Pty;

/// Every frame that was drawn, as text: what the screen showed at each end of a synchronized update.
fn frames(bytes: &[u8], (columns, rows): (u16, u16)) -> Vec<String> {
    const END: &[u8] = b"\x1b[?2026l";
    let mut parser = vt100::Parser::new(
        rows.try_into().expect("some rows"),
        columns.try_into().expect("some columns"),
        0,
    );
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(END.len()).position(|part| part == END) {
        let (frame, more) = rest.split_at(at + END.len());
        parser.process(frame);
        found.push(parser.screen().contents());
        rest = more;
    }
    found
}

/// Row 1 says where one is, whatever else is on the screen, and in every frame of a run that is not
/// over which part one has in it.
fn check_row_1(screen: &Pty, of: &str, size: (u16, u16), role: &str) {
    let host = upwalk::shell::identity::host();
    let short = host.split('.').next().unwrap_or_default();
    let all = frames(&screen.bytes(), size);
    assert!(all.len() > 2, "{of}: {} frames", all.len());
    for frame in &all {
        let first = frame.lines().next().unwrap_or_default();
        let says = |words: &[&str]| words.iter().any(|word| first.contains(word));
        let place = says(&["PROD"]) && says(&[short]);
        // During a rollback the versions change places.
        let versions = says(&["1 → 2", "2 → 1"]);
        let second = frame.lines().nth(1).unwrap_or_default();
        let over = ["FINISHED", "ROLLED BACK", "STOPPED"];
        let over = over.iter().any(|words| second.contains(words));
        let role = says(&[if over { "READING" } else { role }]);
        let clock = first.trim_end().ends_with('Z');
        assert!(
            place && versions && role && clock,
            "{of} at {size:?}: row 1 is \"{first}\" of:\n{frame}"
        );
    }
    assert!(
        all.iter().any(|frame| frame.contains(role)),
        "{of}: no frame is {role}'s"
    );
}

/// Walks all screens and looks at row 1 of every frame.
fn row_1_names_the_place(size: (u16, u16)) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let shop = Shop::at(Place::Overview, size);
            look_around(&shop);
            let go = |places: &[Place]| {
                for place in places {
                    shop.step(*place);
                    shop.wait(*place);
                    look_around(&shop);
                }
            };
            go(&[Place::Ack, Place::Phrase, Place::Running, Place::Failed]);
            let observer = Pty::start(&shop.sandbox.upwalk(["attach"]), size.0, size.1);
            observer.wait_for("LOOKING ONLY.");
            go(&[Place::Pause, Place::LastPhrase, Place::Finished]);
            check_row_1(&shop.screen, "the way up", size, "DRIVER");
            observer.wait_for(Place::Finished.words());
            check_row_1(&observer, "the observer", size, "OBSERVER");
        });
        scope.spawn(|| {
            let shop = Shop::at(Place::Pause, size);
            for place in [Place::Rollback, Place::UndoFailed] {
                shop.step(place);
                shop.wait(place);
                look_around(&shop);
            }
            check_row_1(&shop.screen, "the way back", size, "DRIVER");
        });
    });
}

/// Opens and closes what can be opened on any screen to read.
fn look_around(shop: &Shop) {
    let screen = &shop.screen;
    let shown = screen.whole("a whole frame", |_| true);
    let keys = shown.lines().last().unwrap_or_default();
    for (key, footer) in [("\x1bOP", "help"), ("i", "i warnings"), ("l", "l log")] {
        if !keys.contains(footer) {
            continue;
        }
        screen.send(key);
        assert!(screen.is_settled(), "{footer}: it goes on");
        assert_ne!(screen.screen(), shown, "{footer} shows something");
        screen.send("\x07");
        assert!(screen.is_settled(), "{footer}: it goes on");
        still(screen);
    }
}

/// Waits until keys count again.
fn still(screen: &Pty) {
    screen.whole("keys that count", |shown| {
        !shown.to_lowercase().contains("keep still")
    });
}

#[test]
fn r01_row_1_of_every_frame_names_environment_host_versions_and_role_at_80x24() {
    row_1_names_the_place(USUAL);
}

#[test]
fn r01_row_1_of_every_frame_names_environment_host_versions_and_role_at_60x16() {
    row_1_names_the_place((60, 16));
}

#[test]
fn r01_row_1_of_every_frame_names_environment_host_versions_and_role_at_120x40() {
    row_1_names_the_place((120, 40));
}

/// Opens the box of a warning once more and turns to its last page: elsewhere nothing confirms, so
/// keys that went there would show nothing.
fn open_again(shop: &Shop, place: Place) {
    let screen = &shop.screen;
    let is_box = matches!(place, Place::Ack | Place::Phrase | Place::LastPhrase);
    if is_box && !screen.screen().contains(place.words()) {
        // What lies over the box is closed first, then the box is set aside.
        for key in ["\x07", "\x07", "\r"] {
            screen.send(key);
            assert!(screen.is_settled(), "{place:?}: it has ended by itself");
            still(screen);
        }
        shop.wait(place);
    }
    still(screen);
}

/// How many keys each screen gets, and how many of them at once.
const KEYS: usize = 10_000;
const BURST: usize = 500;

/// Presses ten thousand keys that shall not change anything on one screen.
fn reflexes_decide_nothing(place: Place) {
    let mut shop = Shop::at(place, USUAL);
    let mut chance = Chance::seeded(&format!("{place:?}"));
    let before = shop.decided();
    let letters: Vec<char> = ('a'..='z').filter(|c| !"paq".contains(*c)).collect();
    let others = ["\r", " ", "\t", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"];
    for burst in 0..KEYS / BURST {
        open_again(&shop, place);
        let mut keys = String::new();
        for _ in 0..BURST {
            // Enter, Space and Tab are what a tired hand presses.
            if chance.below(4) == 0 {
                keys.push_str(others[chance.below(others.len())]);
            } else {
                keys.push(letters[chance.below(letters.len())]);
            }
        }
        shop.screen.send(&keys);
        assert!(
            shop.screen.is_settled(),
            "{place:?}: it has ended by itself"
        );
        still(&shop.screen);
        // `q` leaves what is in front, and then the screen: few of them, since each costs a start.
        // Before the start it ends the run, which is what it says there.
        if burst % 5 == 4 && place != Place::Overview {
            shop.screen.send("q");
            if !shop.screen.is_settled() {
                if place == Place::Finished {
                    break;
                }
                shop.attach();
                shop.screen.wait_for("DRIVER");
                still(&shop.screen);
            }
        }
        assert_eq!(shop.decided(), before, "{place:?}, seed {}", chance.seed());
    }
}

#[test]
fn r02_ten_thousand_reflexes_on_any_screen_decide_nothing() {
    // Each waits most of the time, so all at once take as long as one.
    std::thread::scope(|scope| {
        for place in PLACES {
            scope.spawn(move || reflexes_decide_nothing(place));
        }
    });
}

#[test]
fn r10_two_phrases_of_one_plan_never_accept_each_others_text() {
    let shop = Shop::at(Place::Phrase, USUAL);
    let [first, last] = PHRASES;
    let typed = |words: &str| shop.sandbox.events("WarningConfirmed", &["typed", words]);
    let wrong = |words: &str| {
        shop.phrase(words);
        shop.screen.wait_for("Not the same");
        shop.screen.send("\x15");
        shop.screen.wait_gone(words);
    };
    wrong(last);
    assert_eq!(
        (typed(first), typed(last)),
        (0, 0),
        "{}",
        shop.sandbox.journal()
    );
    for place in [
        Place::Running,
        Place::Failed,
        Place::Pause,
        Place::LastPhrase,
    ] {
        shop.step(place);
        shop.wait(place);
    }
    assert_eq!((typed(first), typed(last)), (1, 0));
    wrong(first);
    assert_eq!(
        (typed(first), typed(last)),
        (1, 0),
        "{}",
        shop.sandbox.journal()
    );
    shop.step(Place::Finished);
    shop.wait(Place::Finished);
    assert_eq!((typed(first), typed(last)), (1, 1));
}

/// What a screen says, without the figures of its clock.
fn without_figures(screen: &str) -> String {
    let trimmed: Vec<&str> = screen.lines().map(str::trim_end).collect();
    trimmed
        .join("\n")
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect()
}

/// Goes through odd sizes and two hundred by chance, and looks whether the screen is right again.
fn any_size_is_survived(place: Place) {
    let shop = Shop::at(place, USUAL);
    let before = without_figures(&shop.screen.wait_for(place.words()));
    let decided = shop.decided();
    let again = |what: &str| {
        shop.screen.resize(USUAL.0, USUAL.1);
        shop.screen
            .wait_screen(what, |shown| without_figures(shown) == before);
    };
    for (columns, rows) in [
        (1, 1),
        (2, 2),
        (5, 3),
        (0, 0),
        (500, 200),
        (60, 16),
        (59, 16),
    ] {
        shop.screen.resize(columns, rows);
        assert!(shop.screen.is_settled(), "it ended at {columns}x{rows}");
        if columns == 500 {
            shop.screen.wait_for(place.words());
        }
        again(&format!("the screen after {columns}x{rows}"));
    }
    let mut chance = Chance::seeded(&format!("sizes at {place:?}"));
    for _ in 0..200 {
        let size = (chance.below(200), chance.below(70));
        let small = |size: usize| u16::try_from(size).expect("it is small");
        shop.screen.resize(small(size.0), small(size.1));
        // Two hundred in five seconds are the stimulus.
        std::thread::park_timeout(Duration::from_millis(25));
    }
    again("the screen after two hundred sizes");
    assert_eq!(shop.decided(), decided);
}

#[test]
fn r14_any_size_of_the_terminal_is_survived_at_the_overview() {
    any_size_is_survived(Place::Overview);
}

#[test]
fn r14_any_size_of_the_terminal_is_survived_at_a_phrase() {
    any_size_is_survived(Place::Phrase);
}

#[test]
fn r14_any_size_of_the_terminal_is_survived_at_a_failed_step() {
    any_size_is_survived(Place::Failed);
}

/// All pages of what is on the screen.
fn pages(screen: &Pty) -> Vec<String> {
    let whole = || screen.whole("a whole frame", |_| true);
    let mut all = vec![whole()];
    let more = |shown: &str| {
        let marks = [
            "more lines, j or PgDn",
            "PgDn reads on",
            "page 1/",
            "more below",
        ];
        marks.iter().any(|mark| shown.contains(mark))
    };
    if more(&all[0]) {
        for _ in 0..6 {
            screen.send("\x1b[6~");
            assert!(screen.is_settled(), "it goes on");
            all.push(whole());
        }
        for _ in 0..6 {
            screen.send("\x1b[5~");
        }
        assert!(screen.is_settled(), "it goes on");
    }
    all
}

/// Holds the screen as it is against itself on a terminal that is wider by 29 columns; from 110 on
/// another layout begins.
fn fits(screen: &Pty, what: &str, words: &str) {
    let at = |columns: usize| {
        let of_it = |shown: &str| {
            let wide = shown
                .lines()
                .map(|row| row.trim_end().chars().count())
                .max();
            let fits = wide.is_some_and(|wide| (wide > 100) == (columns > 100));
            fits && shown.contains(words) && !shown.to_lowercase().contains("keep still")
        };
        screen.whole(&format!("{what} on {columns} columns"), of_it)
    };
    let narrow = {
        at(80);
        pages(screen)
    };
    let high = narrow[0].lines().count();
    assert!(high <= 24, "{what} has {high} rows");
    screen.resize(109, 24);
    assert!(screen.is_settled(), "it goes on");
    let wide = at(109);
    screen.resize(USUAL.0, USUAL.1);
    assert!(screen.is_settled(), "it goes on");
    at(80);
    let lost = cut::lost(&narrow, &wide);
    assert!(
        lost.is_empty(),
        "{what} leaves out {lost:#?} of:\n{wide}\nand shows:\n{}",
        narrow.join("\n")
    );
}

/// A screen and what can be opened on it.
fn fits_with_all_that_opens(place: Place, keys: &[(&str, &str)]) {
    let shop = Shop::at(place, USUAL);
    fits(&shop.screen, &format!("{place:?}"), place.words());
    for (key, words) in keys {
        // A key that comes too soon after a new size is thrown away.
        let press = |key: &str, words: &str| {
            let mut turn = 0;
            let shown = |shown: &str| shown.contains(words);
            support::wait_until(words, || {
                if turn % 50 == 0 {
                    shop.screen.send(key);
                }
                turn += 1;
                shown(&shop.screen.screen())
            });
        };
        press(key, words);
        fits(&shop.screen, &format!("{key} at {place:?}"), words);
        press("\x07", place.words());
    }
}

const HELP: (&str, &str) = ("\x1bOP", "keys on this screen");
const TEXT: &str = "Type, then Enter.";

#[test]
fn r15_every_screen_fits_and_cuts_nothing_without_a_mark() {
    let command = |words| ("c", words);
    let opened: [(Place, Vec<(&str, &str)>); 10] = [
        (
            Place::Overview,
            vec![HELP, command("way back"), ("i", "warnings of this run")],
        ),
        (Place::Ack, vec![HELP]),
        (Place::Phrase, vec![HELP]),
        (
            Place::Running,
            vec![HELP, command("if cut off"), ("\x03", "What do you want?")],
        ),
        (
            Place::Failed,
            vec![HELP, ("S", TEXT), ("U", TEXT), ("X", TEXT)],
        ),
        (Place::Pause, vec![HELP, ("U", TEXT), ("a", TEXT)]),
        (Place::LastPhrase, Vec::new()),
        (Place::Rollback, vec![HELP]),
        (Place::UndoFailed, vec![HELP]),
        (Place::Finished, vec![HELP]),
    ];
    std::thread::scope(|scope| {
        for (place, keys) in opened {
            scope.spawn(move || fits_with_all_that_opens(place, &keys));
        }
    });
}

#[test]
fn r15_nothing_is_cut_without_a_mark_for_who_looks_only() {
    let shop = Shop::at(Place::Running, USUAL);
    let observer = Pty::start(&shop.sandbox.upwalk(["attach"]), USUAL.0, USUAL.1);
    fits(&observer, "the observer's screen", "LOOKING ONLY.");
    observer.send("T");
    fits(
        &observer,
        "taking the controls",
        "To take them, type exactly:",
    );
}
