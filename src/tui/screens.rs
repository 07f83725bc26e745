//! Tests of whole screens: what they show, what their keys do, and what they never do.

use super::input::{Key, Typed};
use super::log::Progress;
use super::model::{Msg, Order};
use super::testing::{PLAN, Run, Screen, asks, runs};
use super::theme::GlyphSet;
use crate::journal::{Decision, Evidence, Question};
use crate::types::Millis;
use proptest::prelude::*;

const STARTS: fn(&Question) -> bool = |q| matches!(q, Question::Start);
const FAILED: fn(&Question) -> bool = |q| matches!(q, Question::Failed { .. });
const BLOCKED: fn(&Question) -> bool = |q| matches!(q, Question::Blocked { .. });
const PAUSED: fn(&Question) -> bool = |q| matches!(q, Question::Paused { .. });
const HELD: fn(&Question) -> bool = |q| matches!(q, Question::PauseHeld { .. });
const UNDO_FAILED: fn(&Question) -> bool = |q| matches!(q, Question::UndoFailed { .. });
const ACK: fn(&Question) -> bool = |q| matches!(q, Question::Confirm { phrase: None, .. });
const TYPED: fn(&Question) -> bool = |q| {
    matches!(
        q,
        Question::Confirm {
            phrase: Some(_),
            ..
        }
    )
};

/// A run at the first question of this kind, with these steps failing.
fn at(question: fn(&Question) -> bool, failing: &[&'static str]) -> Run {
    let mut run = Run::of(PLAN);
    run.failing.extend(failing);
    run.until(asks(question))
}

/// A run with a step under way for a while.
fn under_way() -> Run {
    let mut run = Run::of(PLAN).until(runs("migrate-safe-half"));
    run.pass(Millis::from_secs(192));
    run
}

/// A run that turned around at the pause.
fn turned_around() -> Run {
    let mut run = at(PAUSED, &[]);
    let because = Some("login page answers 500".to_owned());
    run.decide(Decision::Rollback { because });
    run.failing.push("point");
    run
}

/// Every screen that comes up by itself, by name.
pub(super) fn every_screen() -> Vec<(&'static str, Run)> {
    let mut observed = under_way();
    observed.yours = false;
    let mut silent = under_way();
    silent.gone = true;
    let mut paused = at(PAUSED, &[]);
    paused.pass(Millis::from_secs(600));
    vec![
        ("overview", at(STARTS, &[])),
        ("running", under_way()),
        ("ack", at(ACK, &[])),
        ("typed", at(TYPED, &[])),
        ("failed", at(FAILED, &["migrate"])),
        ("blocked", at(BLOCKED, &["disk-space", "queue-is-empty"])),
        ("pause", paused),
        ("held", at(HELD, &["guard"])),
        (
            "rollback",
            turned_around().until(runs("point-at-the-new-code")),
        ),
        ("undo failed", turned_around().until(asks(UNDO_FAILED))),
        (
            "finished",
            Run::of(PLAN).until(|state| state.finished.is_some()),
        ),
        ("observer", observed),
        ("not live", silent),
    ]
}

#[test]
fn every_screen_looks_as_it_did() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        for (name, run) in every_screen() {
            let mut screen = Screen::new(run, columns, rows);
            if name == "running" {
                screen.model.log.progress = Some(Progress {
                    done: 8.0,
                    total: 34.0,
                });
            }
            let name = format!("{}-{columns}x{rows}", name.replace(' ', "-"));
            insta::assert_snapshot!(name, screen.text());
        }
    }
    let screen = Screen::new(under_way(), 80, 24);
    insta::assert_snapshot!("running-unicode", screen.text_with(GlyphSet::Unicode));
    let screen = Screen::new(Run::of(PLAN), 40, 6);
    insta::assert_snapshot!("too-small", screen.text());
}

#[test]
fn boxes_that_are_opened_look_as_they_did() {
    let mut screen = Screen::new(under_way(), 80, 24);
    screen.press(Key::Char('?'));
    insta::assert_snapshot!("help", screen.text());
    screen.press(Key::PageDown);
    insta::assert_snapshot!("help-page-2", screen.text());
    screen.press(Key::Esc);
    screen.press(Key::Char('c'));
    insta::assert_snapshot!("step", screen.text());
    screen.press(Key::Esc);
    screen.press(Key::Char('i'));
    insta::assert_snapshot!("warnings", screen.text());
    screen.press(Key::Esc);
    screen.press(Key::Ctrl('c'));
    screen.wait();
    insta::assert_snapshot!("interrupt", screen.text());
    let mut screen = Screen::new(at(PAUSED, &[]), 80, 24);
    screen.press(Key::Char('U'));
    screen.wait();
    screen.type_text("login page");
    insta::assert_snapshot!("roll-back", screen.text());
}

#[test]
fn row_1_says_where_one_is_on_every_screen() {
    for (columns, rows) in [(60, 16), (80, 24), (120, 40), (500, 200)] {
        for (name, run) in every_screen() {
            let text = Screen::new(run, columns, rows).text();
            let first = text.lines().next().unwrap_or_default();
            for word in ["PROD", "web01", "mastodon", "4.2.10", "4.3"] {
                assert!(first.contains(word), "{name} {columns}x{rows}: {first}");
            }
            let role = ["DRIVER", "OBSERVER", "READING"];
            assert!(
                role.iter().any(|role| first.contains(role)),
                "{name}: {first}"
            );
        }
    }
}

#[test]
fn row_1_keeps_the_versions_of_a_host_with_a_long_name() {
    let mut run = Run::of(PLAN);
    run.rename("web01.customers.example.org");
    let text = Screen::new(run, 60, 16).text();
    let first = text.lines().next().unwrap_or_default();
    for word in ["PROD", "web01", "4.2.10 -> 4.3", "DRIVER", "14:02"] {
        assert!(first.contains(word), "{first}");
    }
}

#[test]
fn starting_and_quitting_before_the_start_are_decisions() {
    let mut screen = Screen::new(Run::of(PLAN), 80, 24);
    let orders = screen.press(Key::Char('S'));
    assert!(matches!(
        orders[..],
        [Order::Decide(Some(_), Decision::Start)]
    ));
    let mut screen = Screen::new(Run::of(PLAN), 80, 24);
    let orders = screen.press(Key::Char('q'));
    assert!(matches!(
        orders[..],
        [Order::Decide(Some(_), Decision::Stop { because: None })]
    ));
    screen.run.decide(Decision::Stop { because: None });
    assert_eq!(
        screen.tell(Msg::Changed),
        [Order::Leave],
        "and then the screen ends"
    );
}

#[test]
fn a_phrase_is_compared_byte_for_byte_and_five_wrong_ones_set_it_aside() {
    let mut screen = Screen::new(at(TYPED, &[]), 80, 24);
    screen.type_text("Drop columns on web01");
    assert!(screen.press(Key::Enter).is_empty());
    assert!(
        screen.text().contains("at character 1 "),
        "{}",
        screen.text()
    );
    assert!(
        screen.text().contains("Drop columns on web01"),
        "the text stays"
    );
    for _ in 0..4 {
        assert!(screen.press(Key::Enter).is_empty());
    }
    assert!(screen.model.consent.aside, "{}", screen.text());
    screen.press(Key::Enter);
    screen.wait();
    screen.type_text(" drop columns on web01 ");
    let orders = screen.press(Key::Enter);
    let [Order::Decide(_, Decision::Confirm { evidence, .. })] = &orders[..] else {
        panic!("{orders:?}")
    };
    assert_eq!(*evidence, Evidence::Typed("drop columns on web01".into()));
    assert!(screen.press(Key::Enter).is_empty(), "it is sent once");
}

#[test]
fn a_burst_with_enter_at_its_end_and_a_paste_confirm_nothing() {
    let mut screen = Screen::new(at(TYPED, &[]), 80, 24);
    for c in "drop columns on web01".chars() {
        screen.tell(Msg::Typed(Typed::Key(Key::Char(c))));
    }
    assert!(screen.tell(Msg::Typed(Typed::Key(Key::Enter))).is_empty());
    assert!(
        screen.text().contains("press Enter once more"),
        "{}",
        screen.text()
    );
    assert!(!screen.press(Key::Enter).is_empty());

    let mut screen = Screen::new(at(TYPED, &[]), 80, 24);
    assert!(
        screen
            .tell(Msg::Typed(Typed::Paste("drop columns on web01\r".into())))
            .is_empty()
    );
    assert!(
        screen.text().contains("Paste is off here"),
        "{}",
        screen.text()
    );
    assert!(screen.model.consent.field.text.is_empty());
}

#[test]
fn keys_from_before_a_question_was_seen_do_not_answer_it() {
    for (question, failing, key) in [
        (ACK, None, Key::Char('a')),
        (FAILED, Some("migrate"), Key::Char('R')),
        (PAUSED, None, Key::Char('C')),
    ] {
        let mut screen = Screen::new(at(question, failing.as_slice()), 80, 24);
        // It comes up anew.
        screen.model.question = None;
        screen.tell(Msg::Changed);
        assert!(screen.press(key).is_empty(), "it has not been drawn yet");
        screen.shown();
        screen.run.pass(Millis(200));
        for _ in 0..5 {
            // Each key begins the quiet time again.
            assert!(screen.press(key).is_empty());
        }
        screen.run.pass(Millis(300));
        let orders = screen.press(key);
        let opened = screen.model.overlay.is_some();
        assert!(!orders.is_empty() || opened, "{key:?}");
    }
}

#[test]
fn a_new_size_throws_away_what_has_been_typed_meanwhile() {
    let mut screen = Screen::new(at(ACK, &[]), 80, 24);
    assert_eq!(screen.tell(Msg::Resized(50, 10)), [Order::Redraw]);
    screen.wait();
    assert!(
        screen.press(Key::Char('a')).is_empty(),
        "nothing is confirmed when too small"
    );
    screen.tell(Msg::Resized(80, 24));
    assert!(screen.press(Key::Char('a')).is_empty());
    screen.wait();
    assert!(!screen.press(Key::Char('a')).is_empty());
}

#[test]
fn a_long_warning_is_confirmed_from_its_last_page_only() {
    let long = "A line that is lost.\\n".repeat(60);
    let plan = PLAN.replace(
        "Browsers lose their live connection for about 10 s and reconnect by themselves.",
        &format!("\"{long}\""),
    );
    let mut screen = Screen::new(Run::of(&plan).until(asks(ACK)), 80, 24);
    assert!(screen.text().contains("part 1/4"), "{}", screen.text());
    assert!(screen.press(Key::Char('a')).is_empty());
    for _ in 0..9 {
        screen.press(Key::PageDown);
    }
    assert!(screen.text().contains("part 4/4"), "{}", screen.text());
    screen.press(Key::PageUp);
    assert!(screen.text().contains("part 3/4"), "{}", screen.text());
    assert!(screen.press(Key::Char('a')).is_empty());
    screen.press(Key::PageDown);
    assert!(!screen.press(Key::Char('a')).is_empty());
}

#[test]
fn a_rollback_shows_its_list_and_wants_a_reason() {
    let mut screen = Screen::new(at(FAILED, &["migrate"]), 80, 24);
    assert!(screen.press(Key::Char('U')).is_empty());
    screen.wait();
    assert!(
        screen.text().contains("bin/rails db:rollback"),
        "{}",
        screen.text()
    );
    assert!(
        screen.press(Key::Enter).is_empty(),
        "an empty line does nothing"
    );
    screen.type_text("the lock never comes");
    let orders = screen.press(Key::Enter);
    let [Order::Decide(Some(_), Decision::Rollback { because: Some(why) })] = &orders[..] else {
        panic!("{orders:?}")
    };
    assert_eq!(why, "the lock never comes");
}

#[test]
fn a_pause_before_its_time_wants_a_phrase_and_a_reason_and_afterwards_none() {
    let mut screen = Screen::new(at(PAUSED, &[]), 80, 24);
    assert!(screen.press(Key::Char('C')).is_empty());
    screen.wait();
    screen.type_text("nobody is here");
    assert!(screen.press(Key::Enter).is_empty());
    assert!(screen.text().contains("Not the same"), "{}", screen.text());
    for _ in 0.."nobody is here".len() {
        screen.press(Key::Backspace);
    }
    screen.wait();
    screen.type_text("continue early on web01");
    assert!(screen.press(Key::Enter).is_empty());
    screen.wait();
    screen.type_text("nobody is here");
    let orders = screen.press(Key::Enter);
    assert!(
        matches!(
            &orders[..],
            [Order::Decide(
                _,
                Decision::Continue {
                    early: true,
                    because: Some(_)
                }
            )]
        ),
        "{orders:?}"
    );
    let mut run = at(PAUSED, &[]);
    run.pass(Millis::from_secs(1800));
    let orders = Screen::new(run, 80, 24).press(Key::Char('C'));
    assert!(
        matches!(
            &orders[..],
            [Order::Decide(
                _,
                Decision::Continue {
                    early: false,
                    because: None
                }
            )]
        ),
        "{orders:?}"
    );
}

#[test]
fn who_looks_only_decides_nothing_and_takes_the_controls_by_a_phrase() {
    for (name, mut run) in every_screen() {
        run.yours = false;
        if run.state.finished.is_some() {
            continue;
        }
        for key in "SCRXUDApa".chars() {
            let mut run = Screen::new(clone(&run), 80, 24);
            let orders = run.press(Key::Char(key));
            assert!(orders.is_empty(), "{name}: {key} {orders:?}");
        }
    }
    let mut run = under_way();
    run.yours = false;
    let mut screen = Screen::new(run, 80, 24);
    screen.press(Key::Char('T'));
    screen.wait();
    screen.type_text("take control of web02");
    assert!(screen.press(Key::Enter).is_empty());
    screen.press(Key::Backspace);
    screen.press(Key::Char('1'));
    assert_eq!(screen.press(Key::Enter), [Order::TakeControls]);
}

/// The same run once more: runs cannot be cloned, since plans cannot.
fn clone(run: &Run) -> Run {
    let mut other = Run::of(PLAN);
    other.state = run.state.clone();
    other.now = run.now.clone();
    other.yours = run.yours;
    other
}

#[test]
fn a_silent_supervisor_is_said_and_nothing_is_sent_to_it() {
    let mut run = at(FAILED, &["migrate"]);
    run.gone = true;
    let mut screen = Screen::new(run, 80, 24);
    assert!(
        screen.text().contains("NOT LIVE since 14:0"),
        "{}",
        screen.text()
    );
    for key in "RSUX".chars() {
        assert!(screen.press(Key::Char(key)).is_empty());
        screen.wait();
    }
    assert_eq!(screen.press(Key::Char('q')), [Order::Leave]);
}

#[test]
fn what_a_supervisor_says_of_its_end_can_be_read() {
    let mut run = under_way();
    run.gone = true;
    run.parting = Some("Only 12 MiB are free in /var/lib/upwalk.".to_owned());
    let screen = Screen::new(run, 80, 24);
    for words in ["the supervisor has ended", "Only 12 MiB", "NOT LIVE"] {
        assert!(screen.text().contains(words), "{}", screen.text());
    }
}

#[test]
fn ctrl_c_asks_first_and_detaches_when_pressed_twice() {
    let mut screen = Screen::new(under_way(), 80, 24);
    assert!(screen.press(Key::Ctrl('c')).is_empty());
    assert_eq!(screen.press(Key::Ctrl('c')), [Order::Leave]);
    let mut screen = Screen::new(under_way(), 80, 24);
    screen.press(Key::Ctrl('c'));
    screen.wait();
    screen.run.pass(Millis::from_secs(3));
    let orders = screen.press(Key::Char('X'));
    assert!(
        matches!(orders[..], [Order::Decide(None, Decision::Cancel)]),
        "{orders:?}"
    );
}

#[test]
fn the_last_screen_says_what_was_retried_and_what_is_left() {
    let mut run = at(FAILED, &["migrate"]);
    run.decide(Decision::Retry);
    let mut stopped = run.until(asks(FAILED));
    stopped.decide(Decision::Stop { because: None });
    let text = Screen::new(stopped.until(|state| state.finished.is_some()), 120, 40).text();
    for said in [
        "1 failed at the end, 1 retried (3.1 x2)",
        "mastodon was at 4.2.10 at the start; the ledger has not moved",
        "6 of 9 steps are neither done nor passed over",
        "Can be taken back with: upwalk rollback 20261120T140211Z-mastodon-up",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn p_stops_a_rollback_after_the_present_step_and_not_while_it_waits() {
    let mut screen = Screen::new(turned_around().until(runs("point-at-the-new-code")), 80, 24);
    let orders = screen.press(Key::Char('p'));
    assert_eq!(orders, vec![Order::Decide(None, Decision::Pause)]);
    screen.run.failing.clear();
    screen.run.decide(Decision::Pause);
    let text = Screen::new(clone(&screen.run), 80, 24).text();
    assert!(text.contains("It stops after this step, as anna"), "{text}");
    let run = clone(&screen.run).until(asks(|q| matches!(q, Question::Halted)));
    let text = Screen::new(run, 80, 24).text();
    assert!(text.contains("Stopped here, as was asked for"), "{text}");
    let mut screen = Screen::new(turned_around().until(asks(UNDO_FAILED)), 80, 24);
    assert_eq!(screen.press(Key::Char('p')), Vec::new());
}

#[test]
fn a_rollback_says_what_is_lost_or_that_the_plan_knows_of_nothing() {
    let cost = "        undo_text: Statuses written since then lose their language.\n";
    for (plan, said) in [
        (
            PLAN.to_owned(),
            "WHAT YOU LOSE: 3.1 Statuses written since then",
        ),
        (
            PLAN.replace(cost, ""),
            "WHAT YOU LOSE: nothing that the plan knows of.",
        ),
    ] {
        for (columns, rows) in [(60, 16), (80, 24), (120, 40)] {
            let mut run = Run::of(&plan).until(asks(PAUSED));
            run.decide(Decision::Rollback { because: None });
            let run = run.until(runs("point-at-the-new-code"));
            let text = Screen::new(run, columns, rows).text();
            assert!(text.contains(said), "{columns}x{rows}\n{text}");
            assert!(text.contains("8 of 34 migrations"), "no log\n{text}");
        }
    }
}

#[test]
fn scrolling_up_is_asked_of_the_log_and_p_pauses() {
    use super::log::LogMove;
    let mut screen = Screen::new(under_way(), 80, 24);
    assert_eq!(screen.press(Key::Up), [Order::Log(LogMove::Lines(-1))]);
    assert_eq!(screen.press(Key::Char('g')), [Order::Log(LogMove::First)]);
    assert_eq!(screen.press(Key::Char('G')), [Order::Log(LogMove::Follow)]);
    assert_eq!(screen.press(Key::Char('f')), [Order::Log(LogMove::Toggle)]);
    let orders = screen.press(Key::Char('p'));
    assert!(matches!(orders[..], [Order::Decide(None, Decision::Pause)]));
}

/// Keys that must never decide anything, and sizes.
fn harmless() -> impl Strategy<Value = Key> {
    let letters = prop::char::range('a', 'z')
        .prop_filter("p pauses, a acknowledges", |c| !"paq".contains(*c));
    prop_oneof![
        8 => letters.prop_map(Key::Char),
        1 => Just(Key::Char(' ')),
        1 => Just(Key::Enter),
        1 => Just(Key::Tab),
        1 => Just(Key::Esc),
        1 => prop_oneof![Just(Key::Up), Just(Key::Down), Just(Key::Left), Just(Key::Right)],
        1 => prop_oneof![Just(Key::PageUp), Just(Key::PageDown), Just(Key::Home), Just(Key::End)],
        1 => Just(Key::F1),
    ]
}

fn anything() -> impl Strategy<Value = Key> {
    prop_oneof![
        4 => harmless(),
        2 => prop::char::any().prop_filter("controls", |c| !c.is_control()).prop_map(Key::Char),
        2 => prop::sample::select(vec!['S', 'C', 'R', 'U', 'X', 'T', 'D', 'A', 'p', 'a', 'q', '?'])
            .prop_map(Key::Char),
        1 => prop::char::range('a', 'z').prop_map(Key::Ctrl),
        1 => Just(Key::Backspace),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn no_reflex_ever_decides(keys in prop::collection::vec(harmless(), 150)) {
        for (name, run) in every_screen() {
            let mut screen = Screen::new(run, 80, 24);
            for key in &keys {
                screen.run.pass(Millis(700));
                let orders = screen.press(*key);
                let decided = orders.iter().any(|order| matches!(
                    order,
                    Order::Decide(..) | Order::TakeControls
                ));
                prop_assert!(!decided, "{}: {:?} {:?}", name, key, orders);
                screen.shown();
            }
        }
    }

    #[test]
    fn nothing_panics(
        keys in prop::collection::vec((anything(), 0_u64..900), 60),
        sizes in prop::collection::vec((0_u16..140, 0_u16..60), 12),
    ) {
        for (_, run) in every_screen() {
            let mut screen = Screen::new(run, 80, 24);
            for (at, (key, wait)) in keys.iter().enumerate() {
                screen.run.pass(Millis(*wait));
                screen.press(*key);
                if at % 5 == 0 {
                    let (columns, rows) = sizes[at / 5];
                    screen.tell(Msg::Resized(columns, rows));
                    screen.text();
                }
                screen.shown();
                screen.tell(Msg::Replied(Ok(crate::types::Seq(1))));
            }
        }
    }
}

#[test]
fn any_size_is_drawn() {
    for (columns, rows) in [(0, 0), (1, 1), (2, 2), (5, 3), (19, 2), (20, 3), (500, 200)] {
        for (_, run) in every_screen() {
            let text = Screen::new(run, columns, rows).text();
            assert_eq!(text.lines().count(), usize::from(rows));
        }
    }
}
