//! Tests of whole screens.

use super::input::Key;
use super::testing::{PLAN, Run, Screen, asks, runs};
use crate::journal::{Decision, Question};
use crate::types::Millis;

fn show(name: &str, screen: &Screen) {
    println!("##### {name}\n{}", screen.text());
}

#[test]
fn look() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let at = |run: Run| Screen::new(run, columns, rows);
        show("overview", &at(Run::of(PLAN)));
        let mut screen = at(Run::of(PLAN));
        for _ in 0..4 {
            screen.press(Key::Down);
        }
        screen.press(Key::Enter);
        show("overview unfolded", &screen);
        screen.press(Key::Down);
        screen.press(Key::Down);
        screen.press(Key::Enter);
        show("detail", &screen);
        let mut screen = at(Run::of(PLAN));
        screen.press(Key::Char('?'));
        show("help overview", &screen);
        let mut run = Run::of(PLAN).until(runs("migrate-safe-half"));
        run.pass(Millis(192_000));
        let mut screen = at(run);
        screen.model.log.progress = Some(super::log::Progress {
            done: 8.0,
            total: 34.0,
        });
        show("running", &screen);
        screen.press(Key::Tab);
        show("steps", &screen);
        screen.press(Key::Char('?'));
        show("help running", &screen);
        screen.press(Key::Esc);
        screen.press(Key::Ctrl('c'));
        screen.wait();
        show("interrupt", &screen);
        let confirm = asks(|q| matches!(q, Question::Confirm { phrase: None, .. }));
        show("ack", &at(Run::of(PLAN).until(confirm)));
        let typed = asks(|q| {
            matches!(
                q,
                Question::Confirm {
                    phrase: Some(_),
                    ..
                }
            )
        });
        let mut screen = at(Run::of(PLAN).until(typed));
        screen.type_text("drop colu");
        show("typed", &screen);
        screen.type_text("mns on web1");
        screen.press(Key::Enter);
        show("typed wrong", &screen);
        screen.press(Key::Esc);
        show("aside", &screen);
        let mut run = Run::of(PLAN);
        run.failing.push("migrate");
        let mut screen = at(run.until(asks(|q| matches!(q, Question::Failed { .. }))));
        show("failed", &screen);
        screen.press(Key::Char('U'));
        screen.wait();
        show("rollback box", &screen);
        screen.press(Key::Esc);
        screen.wait();
        screen.press(Key::Char('S'));
        screen.wait();
        screen.type_text("known to be harmless");
        show("skip box", &screen);
        screen.press(Key::Enter);
        let mut run = Run::of(PLAN);
        run.failing.extend(["disk-space", "queue-is-empty"]);
        show(
            "blocked",
            &at(run.until(asks(|q| matches!(q, Question::Blocked { .. })))),
        );
        let mut run = Run::of(PLAN).until(asks(|q| matches!(q, Question::Paused { .. })));
        run.pass(Millis(600_000));
        let mut screen = at(run);
        show("pause", &screen);
        screen.press(Key::Char('C'));
        screen.wait();
        show("early", &screen);
        let mut run = Run::of(PLAN).until(asks(|q| matches!(q, Question::Paused { .. })));
        run.decide(Decision::Rollback {
            because: Some("login page answers 500".into()),
        });
        let run = run.until(runs("point-at-the-new-code"));
        show("rollback", &at(run));
        let mut run = Run::of(PLAN).until(asks(|q| matches!(q, Question::Paused { .. })));
        run.decide(Decision::Rollback {
            because: Some("login page answers 500".into()),
        });
        run.failing.push("point");
        show(
            "undo failed",
            &at(run.until(asks(|q| matches!(q, Question::UndoFailed { .. })))),
        );
        show(
            "finished",
            &at(Run::of(PLAN).until(|s| s.finished.is_some())),
        );
        let mut run = Run::of(PLAN).until(runs("migrate-safe-half"));
        run.yours = false;
        let mut screen = at(run);
        show("observer", &screen);
        screen.press(Key::Char('T'));
        screen.wait();
        show("take", &screen);
        let mut run = Run::of(PLAN).until(runs("migrate-safe-half"));
        run.gone = true;
        show("gone", &at(run));
    }
    show("small", &Screen::new(Run::of(PLAN), 40, 6));
    show("60x16", &Screen::new(Run::of(PLAN), 60, 16));
}
