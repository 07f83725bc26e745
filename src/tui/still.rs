//! A screen that stands still: what it shows of a run at one moment, drawn by the same code as live,
//! without a terminal. Pictures are made of it, so that none is drawn by hand.
//!
//! It reads log files and nothing else; whoever has folded a journal calls it.

use super::Settings;
use super::input::Parser;
use super::log;
use super::model::{Model, Msg};
use super::seen::Seen;
use super::theme::{Theme, of_256};
use super::update::update;
use super::view::{self, Scene};
use crate::journal::RunState;
use crate::plan::Plan;
use crate::types::{ConsentRules, Millis, Moment, Seq};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How long each key of a still takes.
const KEY: Millis = Millis(200);

/// What is looked at, and how.
pub struct Sitting<'a> {
    /// The run's plan.
    pub plan: &'a Plan,
    /// The run, folded up to the moment.
    pub state: &'a RunState,
    /// The moment.
    pub now: &'a Moment,
    /// Where the log of an intent lies.
    pub logs: &'a dyn Fn(Seq) -> Option<PathBuf>,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Theme, colours and characters.
    pub settings: &'a Settings,
    /// What is typed before, as a terminal sends it.
    pub keys: &'a str,
}

/// One cell of a still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What stands in it; empty behind a character of two columns.
    pub text: String,
    /// The text's colour, `0xRRGGBB`; none: the terminal's own.
    pub front: Option<u32>,
    /// What is behind it, likewise.
    pub back: Option<u32>,
    /// Whether it is bold.
    pub bold: bool,
    /// Whether it is underlined.
    pub underlined: bool,
    /// Whether front and back change places.
    pub reversed: bool,
}

/// Draws the screen of whoever has the controls.
///
/// Gives its rows, from the top, each of as many cells as there are columns.
pub fn still(sitting: &Sitting<'_>) -> Vec<Vec<Cell>> {
    let (asking, still_running) = (BTreeMap::new(), BTreeMap::new());
    let seen = Seen {
        counted: None,
        plan: sitting.plan,
        state: sitting.state,
        asking: &asking,
        still_running: &still_running,
        controls: Some(&sitting.state.run.who),
        yours: true,
        observers: &[],
        held: None,
        asked_by: None,
        you_ask: false,
        gone: false,
        parting: None,
    };
    let mut model = Model::new(sitting.size);
    let settings = sitting.settings;
    model.zone = settings.zone.clone();
    model.looks.colours = settings.log_colours;
    look(&mut model, &seen, sitting);
    let theme = Theme::new(&settings.palette, settings.depth, settings.glyphs);
    let (columns, rows) = sitting.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    let scene = Scene {
        seen: &seen,
        model: &model,
        theme: &theme,
        now: sitting.now,
        login: &settings.login,
    };
    view::draw(&scene, &mut buffer);
    let line = |y| (0..columns).map(|x| cell(&buffer, x, y)).collect();
    (0..rows).map(line).collect()
}

/// What happens to a screen until the moment: it is shown, its log is read, keys are pressed.
fn look(model: &mut Model, seen: &Seen<'_>, sitting: &Sitting<'_>) {
    let typed = Parser::default().feed(sitting.keys.as_bytes());
    let each = ConsentRules::default().quiet.0 + KEY.0;
    let length = (typed.len() as u64 + 1) * each;
    let mut now = sitting.now.clone();
    now.up = Millis(now.up.0.saturating_sub(length));
    // Orders go nowhere: nothing is decided on a picture.
    let mut tell = |msg, now: &Moment| drop(update(model, seen, msg, now));
    let shown = || [Msg::Shown, Msg::Drained, Msg::Alive];
    tell(Msg::Changed, &now);
    for msg in shown() {
        tell(msg, &now);
    }
    for key in typed {
        now.up = Millis(now.up.0 + each);
        tell(Msg::Typed(key), &now);
        // After each a person looks at it for as long as it takes until keys count.
        for msg in shown() {
            tell(msg, &now);
        }
    }
    read_log(model, seen, sitting);
}

/// Reads what the log's pane shows.
fn read_log(model: &mut Model, seen: &Seen<'_>, sitting: &Sitting<'_>) {
    let theme = Theme::bare(sitting.settings.glyphs);
    let scene = Scene {
        seen,
        model,
        theme: &theme,
        now: sitting.now,
        login: "",
    };
    let size = view::log_size(&scene);
    if let Some(wanted) = log::wanted(seen, model, sitting.logs, size) {
        model.log = log::at_once(wanted);
    }
}

fn cell(buffer: &Buffer, x: u16, y: u16) -> Cell {
    let cell = &buffer[(x, y)];
    let behind = x > 0 && crate::text::width(buffer[(x - 1, y)].symbol()) > 1;
    let style = cell.style();
    let has = |modifier| style.add_modifier.contains(modifier);
    Cell {
        text: if behind { "" } else { cell.symbol() }.to_owned(),
        front: style.fg.and_then(hex),
        back: style.bg.and_then(hex),
        bold: has(Modifier::BOLD),
        underlined: has(Modifier::UNDERLINED),
        reversed: has(Modifier::REVERSED),
    }
}

/// A colour as a number; none for those that are the terminal's own business.
fn hex(colour: Color) -> Option<u32> {
    match colour {
        Color::Rgb(r, g, b) => Some(u32::from_be_bytes([0, r, g, b])),
        Color::Indexed(index) => of_256(index),
        _ => None,
    }
}
