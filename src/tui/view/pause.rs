//! The screen of a pause, and of the stop at the boundary: since when, until when, what to watch,
//! what has to hold, what is still owed.

use super::decide::{answers, scrolled};
use super::pen::{Pen, Row, bit, row, wrapped};
use super::{Scene, panels};
use crate::engine;
use crate::journal::{AskKey, Question};
use crate::plan::{Item, Pause, Role as PhaseRole};
use crate::text;
use crate::tui::theme::{Mark, Role};
use crate::types::{Answer, StepId};

/// Draws the body: the answers stay in sight, what is above them scrolls.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut Pen<'_>) {
    let Some(open) = scene.seen.open() else {
        return;
    };
    let columns = pen.columns();
    let mut rows = match &open.question {
        Question::Paused { pause, overdue } => paused(scene, pause, *overdue, &[], columns),
        Question::PauseHeld { pause, why } => paused(scene, pause, false, why, columns),
        Question::Boundary { phase } => boundary(scene, phase, columns),
        _ => Vec::new(),
    };
    rows.extend(notes(scene, columns));
    rows.push(Row::new());
    let comes_back = format!(
        "{} comes back here from any login.",
        scene.seen.attach_command()
    );
    rows.extend(wrapped(Role::Muted, 1, &comes_back, columns));
    let answers = answers(scene, columns, &[]);
    let room = pen.rows().saturating_sub(answers.len());
    scrolled(scene, pen, &rows, room);
    pen.rows_from(room, &answers);
}

fn paused(
    scene: &Scene<'_>,
    id: &StepId,
    overdue: bool,
    held: &[String],
    columns: usize,
) -> Vec<Row> {
    let seen = scene.seen;
    let Some(pause) = seen.walk().and_then(|walk| walk.pause(id)) else {
        return Vec::new();
    };
    let mut rows = times(scene, pause, overdue);
    if !held.is_empty() {
        rows.push(Vec::new());
        rows.push(row(Role::Fail, " It cannot end yet:"));
        for why in held {
            rows.extend(bullet(scene, Role::Text, why, columns));
        }
        for guard in &pause.guards {
            if let Some(remedy) = &guard.remedy {
                rows.extend(wrapped(Role::Muted, 3, &seen.text(remedy), columns));
            }
        }
    }
    if let Some(text) = &pause.text {
        rows.push(Vec::new());
        rows.extend(wrapped(Role::Text, 1, &seen.text(text), columns));
    }
    rows.extend(owed(scene, columns));
    if !pause.meanwhile.is_empty() {
        rows.push(Vec::new());
        rows.push(row(Role::Muted, " While you wait, the plan says:"));
        for text in &pause.meanwhile {
            rows.extend(bullet(scene, Role::Text, &seen.text(text), columns));
        }
    }
    if !pause.guards.is_empty() {
        rows.push(Vec::new());
        rows.push(row(Role::Muted, " Has to hold before it ends:"));
        for (at, guard) in pause.guards.iter().enumerate() {
            rows.push(guard_line(scene, id, at, &seen.text(&guard.name)));
        }
    }
    rows
}

/// ` ~ 5 Soak   paused 22 m 14 s   earliest 15:17:53Z (in 7 m 46 s)`.
fn times(scene: &Scene<'_>, pause: &Pause, overdue: bool) -> Vec<Row> {
    let seen = scene.seen;
    let symbol = scene.theme.glyphs.symbol(Mark::Paused);
    let mut first = vec![
        bit(
            Role::Paused,
            format!(" {symbol} {} PAUSED", seen.label(&pause.id)),
        ),
        bit(Role::Strong, format!("  {}", seen.text(&pause.name))),
    ];
    let Some(record) = seen.state.pauses.get(&pause.id) else {
        return vec![first];
    };
    let since = text::duration(scene.now.since(&record.entered));
    first.push(bit(Role::Muted, "   for "));
    first.push(bit(Role::Text, since));
    first.push(bit(
        Role::Muted,
        format!("   since {}", record.entered.wall.full()),
    ));
    let mut rows = vec![first];
    if let Some(free) = seen.locked_until(scene.now) {
        let left = text::duration(free.wall.since(scene.now.wall));
        rows.push(vec![
            bit(Role::Muted, "   earliest  "),
            bit(Role::Text, format!("{} (in {left})", free.wall.full())),
        ]);
    } else if pause.min.is_some() {
        rows.push(row(Role::Ok, "   The shortest time has passed."));
    }
    if let Some(max) = pause.max {
        let end = record.entered.plus(max).as_of(scene.now).wall;
        rows.push(if overdue {
            row(Role::Warn, format!("   overdue since {}", end.full()))
        } else {
            let left = text::duration(end.since(scene.now.wall));
            vec![
                bit(Role::Muted, "   latest    "),
                bit(Role::Text, format!("{} (in {left})", end.full())),
                bit(Role::Muted, ", then it asks again"),
            ]
        });
    }
    rows
}

/// A condition with what it said last.
fn guard_line(scene: &Scene<'_>, pause: &StepId, at: usize, name: &str) -> Row {
    let watch = AskKey::PauseWatch(pause.clone(), at);
    let leaving = AskKey::PauseGuard(pause.clone(), at);
    let live = |key| {
        scene
            .seen
            .asking
            .get(key)
            .and_then(|(last, _)| last.as_ref())
    };
    let told = |key| scene.seen.state.answers.get(key).map(|told| &told.answer);
    let answer = live(&leaving)
        .or_else(|| live(&watch))
        .or_else(|| told(&leaving))
        .or_else(|| told(&watch));
    let (role, said, why) = match answer {
        None => (Role::Muted, "not asked yet", None),
        Some(Answer::Yes) => (Role::Ok, "holds", None),
        Some(Answer::No(why)) => (Role::Fail, "does not hold", Some(why)),
        Some(Answer::CouldNotTell(why)) => (Role::Warn, "could not tell", Some(why)),
    };
    let mut shown = vec![
        bit(role, format!("   {said:14}  ")),
        bit(Role::Text, name.to_owned()),
    ];
    if let Some(why) = why {
        shown.push(bit(Role::Muted, format!("  ({why})")));
    }
    shown
}

fn bullet(scene: &Scene<'_>, role: Role, text: &str, columns: usize) -> Vec<Row> {
    let bullet = bit(Role::Muted, format!("   {}", scene.theme.glyphs.bullet));
    super::pen::labelled(&bullet, 5, role, text, columns.saturating_sub(1))
}

fn boundary(scene: &Scene<'_>, phase: &StepId, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let symbol = scene.theme.glyphs.symbol(Mark::Asking);
    let mut rows = vec![vec![
        bit(
            Role::Paused,
            format!(" {symbol} STOP BEFORE {}", seen.label(phase)),
        ),
        bit(Role::Strong, format!("  {}", seen.name(phase))),
    ]];
    rows.push(Vec::new());
    let text = "The new code is live. What comes next changes what the old code needs: look at \
                the service first, for as long as you like.";
    rows.extend(wrapped(Role::Text, 1, text, columns));
    rows.extend(owed(scene, columns));
    rows
}

/// What is still to be done after this stop, and whether there is a way back.
fn owed(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let seen = scene.seen;
    let place = engine::position(seen.plan, seen.state);
    let from = place.item_number.saturating_sub(1);
    let left: Vec<String> = seen
        .items()
        .iter()
        .skip(from)
        .filter_map(|item| match item {
            Item::Phase(phase) if phase.role != PhaseRole::Verify => Some(format!(
                "{} {}",
                seen.label(&phase.id),
                seen.text(&phase.name)
            )),
            Item::Phase(_) | Item::Pause(_) => None,
        })
        .collect();
    let mut rows = vec![Vec::new()];
    if !left.is_empty() {
        let text = format!("STILL OWED: {}.", left.join(", "));
        rows.extend(wrapped(Role::Strong, 1, &text, columns));
    }
    let back = match engine::take_backs(seen.plan, seen.state) {
        Ok(_) => {
            let lines = super::rollback::order(scene);
            let steps: Vec<String> = lines.iter().map(|line| seen.label(&line.step)).collect();
            if steps.is_empty() {
                return rows;
            }
            format!("Rolling back is still possible ({}).", steps.join(", "))
        }
        Err(why) => why,
    };
    rows.extend(wrapped(Role::Text, 1, &back, columns));
    rows
}

/// Notes that people left.
fn notes(scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let notes = &scene.seen.state.notes;
    let mut rows = Vec::new();
    if !notes.is_empty() {
        rows.push(Vec::new());
    }
    for note in notes {
        let text = format!(
            "{} {}: {}",
            note.at.wall.clock_minutes(),
            note.who.login,
            note.text
        );
        rows.extend(wrapped(
            Role::Muted,
            1,
            &panels::sentence_case(&text),
            columns,
        ));
    }
    rows
}

/// What is the case at a pause.
pub(super) fn sentence(scene: &Scene<'_>) -> String {
    let held = matches!(
        scene.seen.open().map(|open| &open.question),
        Some(Question::PauseHeld { .. })
    );
    match scene.seen.locked_until(scene.now) {
        Some(free) => format!(
            "Continue is for {} and later. Before, it asks for a typed phrase.",
            free.wall.clock()
        ),
        None if held => "What the pause waits for does not hold yet.".into(),
        None => "You may continue whenever you are ready, or close this terminal.".into(),
    }
}
