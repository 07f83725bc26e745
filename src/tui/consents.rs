//! Tests of what it takes to answer: the arming of a screen that asks, and the key table as a whole.

use super::arming::{FENCE, Focus, Missing};
use super::bindings::bindings;
use super::input::{Key, Typed};
use super::model::{Mode, Model, Msg, Order};
use super::screens::every_screen;
use super::testing::{PLAN, Run, Screen, asks, runs};
use crate::journal::{Decision, Evidence, Filled, Question, RunState, StepRecord};
use crate::types::{Millis, Paste, StepId};

const ACK: fn(&Question) -> bool =
    |question| matches!(question, Question::Confirm { phrase: None, .. });
const TYPED: fn(&Question) -> bool = |question| {
    matches!(
        question,
        Question::Confirm {
            phrase: Some(_),
            ..
        }
    )
};

/// A screen at a question of this kind, where keys count.
fn at(question: fn(&Question) -> bool) -> Screen {
    Screen::new(Run::of(PLAN).until(asks(question)), 80, 24)
}

/// The last row but one.
fn sentence(screen: &Screen) -> String {
    let text = screen.text();
    text.lines().rev().nth(1).unwrap_or_default().to_owned()
}

fn missing(screen: &Screen) -> Option<Missing> {
    screen.model.missing(screen.run.now.up)
}

/// Asks the same once more, with the fence of the frame; gives the answer that the terminal will send.
fn draw(screen: &mut Screen) -> Typed {
    let fence = screen.model.arming.fence().expect("it has to be drawn");
    let place = fence.place();
    screen.tell(Msg::Shown);
    Typed::Cursor {
        row: place.y + 1,
        column: place.x + 1,
    }
}

#[test]
fn every_condition_is_named_in_its_turn_and_only_the_last_lets_a_key_through() {
    let mut screen = at(ACK);
    screen.tell(Msg::Resized(80, 24));
    let held_back = |screen: &mut Screen, wanted: Missing| {
        assert_eq!(missing(screen), Some(wanted));
        assert!(
            sentence(screen).contains(wanted.sentence()),
            "{}",
            screen.text()
        );
        assert!(
            screen
                .tell(Msg::Typed(Typed::Key(Key::Char('a'))))
                .is_empty()
        );
    };
    held_back(&mut screen, Missing::Frame);
    let answer = draw(&mut screen);
    held_back(&mut screen, Missing::Frame);
    assert_eq!(screen.tell(Msg::Typed(answer)), [Order::Drain]);
    screen.tell(Msg::Drained);
    held_back(&mut screen, Missing::Stillness);
    screen.run.pass(Millis(499));
    held_back(&mut screen, Missing::Stillness);
    screen.run.pass(Millis(500));
    held_back(&mut screen, Missing::Supervisor);
    screen.tell(Msg::Alive);
    assert_eq!(missing(&screen), None);
    let orders = screen.tell(Msg::Typed(Typed::Key(Key::Char('a'))));
    assert!(matches!(
        orders[..],
        [Order::Decide(Some(_), Decision::Confirm { .. })]
    ));
}

#[test]
fn without_the_focus_nothing_is_answered_but_all_can_be_read() {
    let mut screen = at(TYPED);
    screen.tell(Msg::Typed(Typed::Focus(Focus::Elsewhere)));
    screen.wait();
    assert_eq!(missing(&screen), Some(Missing::Focus));
    screen.press(Key::Char('d'));
    assert!(screen.model.consent.field.text.is_empty());
    assert!(sentence(&screen).contains("another window has the focus"));
    screen.press(Key::F1);
    assert_eq!(screen.model.mode(&screen.run.seen()), Mode::Reading);
    screen.press(Key::Esc);
    screen.tell(Msg::Typed(Typed::Focus(Focus::Here)));
    assert_eq!(missing(&screen), Some(Missing::Frame), "all over again");
    screen.wait();
    screen.press(Key::Char('d'));
    assert_eq!(screen.model.consent.field.text, "d");
}

#[test]
fn the_answer_to_an_earlier_fence_arms_nothing() {
    let mut screen = at(ACK);
    screen.tell(Msg::Resized(90, 24));
    let first = draw(&mut screen);
    screen.tell(Msg::Resized(80, 24));
    // It comes while nothing is asked any more, and after that was asked anew.
    assert!(screen.tell(Msg::Typed(first.clone())).is_empty());
    let second = draw(&mut screen);
    assert_ne!(first, second);
    assert!(screen.tell(Msg::Typed(first)).is_empty());
    assert_eq!(missing(&screen), Some(Missing::Frame));
    assert_eq!(screen.tell(Msg::Typed(second.clone())), [Order::Drain]);
    screen.tell(Msg::Drained);
    // A word of the terminal is no key: it does not disturb the quiet time either.
    screen.run.pass(Millis(400));
    assert!(screen.tell(Msg::Typed(second)).is_empty());
    screen.run.pass(Millis(100));
    assert_ne!(missing(&screen), Some(Missing::Stillness));
}

#[test]
fn an_answer_that_overtakes_the_word_of_the_writing_thread_is_not_lost() {
    let mut screen = at(ACK);
    screen.tell(Msg::Resized(90, 24));
    let place = screen.model.arming.fence().expect("a fence").place();
    let (row, column) = (place.y + 1, place.x + 1);
    let orders = screen.tell(Msg::Typed(Typed::Cursor { row, column }));
    assert_eq!(orders, [Order::Drain]);
    screen.tell(Msg::Drained);
    screen.tell(Msg::Shown);
    assert_eq!(missing(&screen), Some(Missing::Stillness));
}

#[test]
fn a_terminal_that_does_not_answer_has_two_seconds() {
    let mut screen = at(ACK);
    screen.tell(Msg::Resized(90, 24));
    draw(&mut screen);
    let left = |screen: &Screen| screen.model.arming.fence_left(screen.run.now.up);
    assert_eq!(left(&screen), Some(FENCE));
    screen.run.pass(FENCE);
    assert_eq!(left(&screen), Some(Millis(0)));
    screen.tell(Msg::Drained);
    assert_eq!(left(&screen), None);
}

#[test]
fn a_key_that_is_still_held_down_is_not_the_answer_to_what_it_opened() {
    let mut screen = at(ACK);
    assert!(!screen.press(Key::Char('a')).is_empty());
    // The next question is there at once.
    screen.model.sent = false;
    screen.tell(Msg::Resized(80, 24));
    screen.shown();
    screen.run.pass(Millis(400));
    assert!(
        screen.press(Key::Char('a')).is_empty(),
        "the first repetition, after 600 ms"
    );
    screen.run.pass(Millis(200));
    assert!(
        screen.press(Key::Char('a')).is_empty(),
        "the quiet time began anew"
    );
    screen.run.pass(Millis(500));
    assert!(
        !screen.press(Key::Char('a')).is_empty(),
        "pressed on purpose"
    );
}

#[test]
fn a_paste_fills_a_field_only_where_it_may_and_the_consent_says_so() {
    for (paste, wanted) in [(Paste::Refuse, None), (Paste::Allow, Some(Filled::Pasted))] {
        let mut screen = at(TYPED);
        screen.model.rules.paste = paste;
        let text = "drop columns on web01\r".to_owned();
        assert!(screen.tell(Msg::Typed(Typed::Paste(text))).is_empty());
        let orders = screen.press(Key::Enter);
        let filled = orders.iter().find_map(|order| match order {
            Order::Decide(_, Decision::Confirm { seeing, .. }) => seeing.as_ref()?.field,
            _ => None,
        });
        assert_eq!(filled, wanted, "{orders:?}");
    }
    let mut screen = at(TYPED);
    screen.type_text("drop columns on web01");
    let orders = screen.press(Key::Enter);
    let [
        Order::Decide(
            _,
            Decision::Confirm {
                seeing: Some(seeing),
                ..
            },
        ),
    ] = &orders[..]
    else {
        panic!("{orders:?}")
    };
    assert_eq!(seeing.field, Some(Filled::Typed));
    assert_eq!(seeing.armed.since(seeing.shown), screen.model.rules.quiet);
}

/// All keys that mean anything anywhere, and some that do not.
fn all_keys() -> Vec<Key> {
    let named = [
        Key::Enter,
        Key::Esc,
        Key::Tab,
        Key::Backspace,
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::PageUp,
        Key::PageDown,
        Key::Home,
        Key::End,
        Key::F1,
    ];
    let signs = (' '..='~').map(Key::Char);
    let controls = ('a'..='z').map(Key::Ctrl);
    named.into_iter().chain(signs).chain(controls).collect()
}

/// Whether anything of this decides.
fn decides(orders: &[Order]) -> bool {
    orders
        .iter()
        .any(|order| matches!(order, Order::Decide(..) | Order::TakeControls))
}

#[test]
fn no_key_both_opens_a_box_and_confirms_it() {
    for (name, run) in every_screen() {
        let mut screen = Screen::new(run, 80, 24);
        let mode = |screen: &Screen| screen.model.mode(&screen.run.seen());
        for (key, aside) in all_keys()
            .into_iter()
            .flat_map(|key| [(key, false), (key, true)])
        {
            // Keys change the looks and nothing else.
            screen.model = Model::new((80, 24));
            screen.settle();
            // A warning that was set aside is opened by a key.
            screen.model.consent.aside = aside;
            let before = mode(&screen);
            screen.press(key);
            if mode(&screen) == before {
                continue;
            }
            // Not even once nobody can be holding it down any more.
            screen.wait();
            screen.run.pass(Millis(2000));
            let orders = screen.press(key);
            let opened = mode(&screen);
            assert!(
                !decides(&orders),
                "{name}: {key:?} opens {opened:?} and answers it"
            );
        }
    }
}

#[test]
fn enter_space_and_y_never_confirm() {
    for (name, run) in every_screen() {
        let screen = Screen::new(run, 80, 24);
        let seen = screen.run.seen();
        for mode in [
            Mode::Overview,
            Mode::Running,
            Mode::Decide,
            Mode::Pause,
            Mode::Rollback,
            Mode::Finished,
            Mode::FullLog,
            Mode::Ack,
            Mode::Phrase,
            Mode::Text,
            Mode::Reading,
            Mode::Interrupt,
            Mode::Small,
        ] {
            let answering = bindings(mode, &seen).into_iter();
            for binding in answering.filter(|binding| binding.action.answers()) {
                for key in [
                    Key::Enter,
                    Key::Char(' '),
                    Key::Char('y'),
                    Key::Tab,
                    Key::Esc,
                ] {
                    assert!(
                        !binding.keys.contains(&key),
                        "{name} {mode:?}: {key:?} is {:?}",
                        binding.action
                    );
                }
            }
        }
    }
}

/// A plan with two phrases before one step.
fn two_phrases() -> String {
    PLAN.replace(
        "            confirm: { type: \"drop columns on ${host}\" }\n",
        "            confirm: { type: \"drop columns on ${host}\" }\n          - id: second\n            text: Something else is lost too.\n            confirm: { type: \"lose it on ${host}\" }\n",
    )
}

/// The warning that is asked about.
fn asked(state: &RunState) -> Option<String> {
    match &state.open.as_ref()?.question {
        Question::Confirm { warning, .. } => Some(warning.to_string()),
        _ => None,
    }
}

/// Answers the phrase that is asked for.
fn type_it(run: &mut Run) {
    let Some(Question::Confirm {
        warning,
        digest,
        phrase: Some(phrase),
        ..
    }) = run.state.open.as_ref().map(|open| open.question.clone())
    else {
        panic!("{:?}", run.state.open)
    };
    run.decide(Decision::Confirm {
        warning,
        digest,
        evidence: Evidence::Typed(phrase),
        seeing: None,
    });
}

#[test]
fn a_phrase_from_another_day_is_asked_for_again_where_its_step_has_not_begun() {
    let step = StepId::from("migrate-second-half");
    for (hours, again) in [(11, false), (13, true)] {
        let mut run = Run::of(&two_phrases());
        run.set_max_age(Millis::from_secs(12 * 3600));
        let mut run = run.until(asks(TYPED));
        assert_eq!(asked(&run.state).as_deref(), Some("drop-columns"));
        type_it(&mut run);
        assert_eq!(asked(&run.state).as_deref(), Some("second"));
        // The box stays open over night.
        run.pass(Millis::from_secs(hours * 3600));
        type_it(&mut run);
        let begun = |run: &Run| {
            run.state
                .steps
                .get(&step)
                .is_some_and(StepRecord::has_started)
        };
        assert_eq!(begun(&run), !again, "after {hours} h");
        if again {
            // Its facts are measured anew before it is.
            assert_eq!(asked(&run.state), None);
            let mut run = run.until(asks(TYPED));
            assert_eq!(asked(&run.state).as_deref(), Some("drop-columns"));
            type_it(&mut run);
            assert!(begun(&run), "the second is young enough");
            assert_eq!(run.state.consents.len(), 4);
            run.until(runs("migrate-second-half"));
        }
    }
}
