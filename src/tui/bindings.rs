//! The tables of the key map: which keys each mode has. Called by `keymap` alone, and by those who
//! print it.

use super::errands;
use super::input::Key::{self, Char, Ctrl};
use super::keymap::Group::{self, Log, Move, Upgrade, View};
use super::keymap::{Action, Binding, LogKey, choices, label, may_cancel, may_let_go};
use super::log::Way;
use super::model::Mode;
use super::seen::{Screen, Seen};
use crate::journal::Question;

/// What `o` does at a log.
const WHOLE_LOG: &str = "the whole log in a pager";

/// Every key that does something here, the most wanted first.
pub(crate) fn bindings(mode: Mode, seen: &Seen<'_>) -> Vec<Binding> {
    let mut all = match mode {
        Mode::Small => Vec::new(),
        Mode::Ack => ack(),
        Mode::Phrase => phrase(),
        Mode::Text => text_box(),
        Mode::Reading => reading(),
        Mode::Interrupt => interrupt(seen),
        Mode::Asked => asked(),
        Mode::Overview => overview(seen),
        Mode::Running | Mode::Rollback => running(mode, seen),
        Mode::Decide | Mode::Pause => asking(mode, seen),
        Mode::Finished => finished(),
        Mode::FullLog => full_log(),
        Mode::Search => search(),
    };
    if !seen.yours {
        // Who looks only is told so when pressing these; the last row has other things to name.
        for binding in all.iter_mut().filter(|b| b.group == Upgrade) {
            binding.footer.clear();
        }
    }
    match mode {
        Mode::Overview
        | Mode::Running
        | Mode::Decide
        | Mode::Pause
        | Mode::Rollback
        | Mode::Finished => all.extend(ends(mode, seen)),
        Mode::Small => all.push(leave("leave", "leave the screen")),
        Mode::FullLog
        | Mode::Search
        | Mode::Ack
        | Mode::Phrase
        | Mode::Text
        | Mode::Reading
        | Mode::Interrupt
        | Mode::Asked => {}
    }
    // Whoever looks only is told first how that can be changed.
    all.sort_by_key(|binding| binding.action != Action::TakeControls);
    all
}

fn bind(
    keys: &[Key],
    shown: &str,
    footer: &str,
    help: &str,
    group: Group,
    action: Action,
) -> Binding {
    Binding {
        keys: keys.to_vec(),
        shown: shown.to_owned(),
        footer: footer.to_owned(),
        help: help.to_owned(),
        group,
        action,
    }
}

#[rustfmt::skip]
fn decisions(seen: &Seen<'_>) -> Vec<Binding> {
    let begun = |verb: &str| !(seen.screen() == Screen::Overview && verb == "stop");
    choices(seen)
        .into_iter()
        .filter(|(_, choice)| begun(choice.verb))
        .map(|(letter, choice)| {
            let words = label(&choice, seen);
            bind(&[Char(letter)], &letter.to_string(), &words, &words, Upgrade,
                 Action::Choose(choice))
        })
        .collect()
}

fn leave(footer: &str, help: &str) -> Binding {
    bind(&[Char('q')], "q", footer, help, Upgrade, Action::Leave)
}

/// Of two keys that belong together the first one says what both do.
#[rustfmt::skip]
fn moves() -> Vec<Binding> {
    vec![
        bind(&[Char('j'), Key::Down], "j k", "", "one line (or the arrows)", Move, Action::Down),
        bind(&[Char('k'), Key::Up], "k", "", "", Move, Action::Up),
        bind(&[Key::PageDown], "PgDn", "", "one page down, PgUp up", Move, Action::PageDown),
        bind(&[Key::PageUp], "PgUp", "", "", Move, Action::PageUp),
        bind(&[Char('g'), Key::Home], "g G", "", "first, last (Home, End)", Move, Action::First),
        bind(&[Char('G'), Key::End], "G", "", "", Move, Action::Last),
        bind(&[Key::WheelUp], "", "", "", Move, Action::WheelUp),
        bind(&[Key::WheelDown], "", "", "", Move, Action::WheelDown),
    ]
}

#[rustfmt::skip]
fn log_keys(full: Binding) -> Vec<Binding> {
    vec![
        bind(&[Char('f')], "f", "follow", "follow, or stay here", Log, Action::Log(LogKey::Follow)),
        full,
        bind(&[Char('/')], "/", "search", "search; capitals count", Log, Action::Log(LogKey::Search)),
        bind(&[Char('n')], "n N", "", "next, previous match", Log, Action::Log(LogKey::Match(Way::Next))),
        bind(&[Char('N')], "N", "", "", Log, Action::Log(LogKey::Match(Way::Before))),
        next_error(),
        bind(&[Char('E')], "E", "", "", Log, Action::Log(LogKey::Error(Way::Before))),
        bind(&[Char('w')], "w", "wrap", "wrap long lines, or cut", Log, Action::Log(LogKey::Wrap)),
        bind(&[Char('s')], "s", "lines", "all, errors, upwalk's own", Log, Action::Log(LogKey::Streams)),
        bind(&[Char('t')], "t", "time", "clock, elapsed, off", Log, Action::Log(LogKey::Time)),
        bind(&[Key::Left], "Left", "", "half a page, Right too", Log, Action::Log(LogKey::Left)),
        bind(&[Key::Right], "Right", "", "", Log, Action::Log(LogKey::Right)),
    ]
}

#[rustfmt::skip]
fn next_error() -> Binding {
    bind(&[Char('e')], "e", "error", "error line (E: before)", Log, Action::Log(LogKey::Error(Way::Next)))
}

#[rustfmt::skip]
fn search() -> Vec<Binding> {
    vec![
        bind(&[Key::Enter], "Enter", "search", "look for it", Log, Action::Log(LogKey::Search)),
        bind(&[Key::Esc, Ctrl('g')], "Esc", "leave, look for nothing", "back", Log, Action::Back),
    ]
}

#[rustfmt::skip]
fn whole_log() -> Binding {
    bind(&[Char('l')], "l", "log", "log on the whole screen", Log, Action::Log(LogKey::Full))
}

#[rustfmt::skip]
fn command() -> Binding {
    bind(&[Char('c')], "c", "command", "exact command and user", View,
         Action::Command)
}

/// Keys that lend the terminal, and the clipboard.
#[rustfmt::skip]
fn lending(what: &str) -> Vec<Binding> {
    vec![
        bind(&[Char('!')], "!", "shell", "shell (recorded)", Upgrade,
             Action::Shell),
        bind(&[Char('o')], "o", "pager", what, Log, Action::Pager),
        bind(&[Char('y')], "y", "", "copy the command", View, Action::Copy),
    ]
}

#[rustfmt::skip]
fn overview(seen: &Seen<'_>) -> Vec<Binding> {
    let mut all = decisions(seen);
    all.push(bind(&[Key::Enter], "Enter", "open", "open what is marked", View,
         Action::Open));
    all.push(command());
    all.push(warnings());
    all.extend(moves());
    all
}

#[rustfmt::skip]
fn warnings() -> Binding {
    bind(&[Char('i')], "i", "warnings", "all warnings", View, Action::Warnings)
}

#[rustfmt::skip]
fn running(mode: Mode, seen: &Seen<'_>) -> Vec<Binding> {
    let mut all = decisions(seen);
    if errands::wanting(seen).is_some() {
        all.push(bind(&[Char('H')], "H", "give it your terminal",
             "give it your terminal", Upgrade, Action::Join));
    }
    if seen.open().is_none() {
        all.push(bind(&[Char('p')], "p", "pause after step", "pause after this step",
             Upgrade, Action::PauseRun));
    }
    all.extend(log_keys(whole_log()));
    all.push(command());
    all.extend(lending(WHOLE_LOG));
    if mode == Mode::Running {
        all.push(bind(&[Key::Tab], "Tab", "steps",
             "steps; there l: its log", Move, Action::NextPane));
    }
    all.push(warnings());
    all.extend(moves());
    all
}

#[rustfmt::skip]
fn asking(mode: Mode, seen: &Seen<'_>) -> Vec<Binding> {
    let mut all = decisions(seen);
    let question = seen.open().map(|open| &open.question);
    if matches!(question, Some(Question::Confirm { .. })) {
        all.push(bind(&[Key::Enter], "Enter", "read the warning", "open the warning that waits",
             View, Action::Open));
    }
    all.extend(lending(WHOLE_LOG));
    all.push(whole_log());
    all.push(bind(&[Char('a')], "a", "add note", "add a note (recorded)", Upgrade,
         Action::Note));
    if mode == Mode::Decide {
        all.push(command());
    }
    if mode == Mode::Decide {
        all.push(next_error());
    }
    all.push(warnings());
    all.extend(moves());
    all
}

#[rustfmt::skip]
fn finished() -> Vec<Binding> {
    let mut all = vec![
        bind(&[Char('o')], "o", "report", "the report in the pager", View, Action::Pager),
        whole_log(),
        bind(&[Char('y')], "y", "copy path", "copy the run's path", View, Action::Copy),
        warnings(),
    ];
    all.extend(moves());
    all
}

#[rustfmt::skip]
fn full_log() -> Vec<Binding> {
    let back = bind(&[Char('l'), Char('q'), Char('b'), Key::Esc, Ctrl('g')], "l q", "back",
         "back to the screen", Log, Action::Log(LogKey::Full));
    let mut all = log_keys(back);
    all.insert(2, bind(&[Char('[')], "[", "earlier", "log of the one before", Log,
         Action::Log(LogKey::Other(Way::Before))));
    all.insert(3, bind(&[Char(']')], "]", "later", "log of the one after", Log,
         Action::Log(LogKey::Other(Way::Next))));
    all.push(bind(&[Char('o')], "o", "pager", WHOLE_LOG, Log, Action::Pager));
    let mut movement = moves();
    for (at, words) in [(2, "page down"), (3, "page up"), (4, "first, last")] {
        words.clone_into(&mut movement[at].footer);
    }
    all.extend(movement);
    all.extend(looks());
    all
}

/// What every screen can do to the looks of itself.
#[rustfmt::skip]
fn looks() -> Vec<Binding> {
    vec![
        bind(&[Char('z')], "z", "", "local clock on, off", View, Action::Clock),
        bind(&[Char('m')], "m", "", "mouse wheel on, off", View, Action::Mouse),
        help(),
    ]
}

#[rustfmt::skip]
fn help() -> Binding {
    bind(&[Char('?'), Key::F1], "?", "help", "this help", View, Action::Help)
}

/// The keys at the end of every screen's list.
#[rustfmt::skip]
fn ends(mode: Mode, seen: &Seen<'_>) -> Vec<Binding> {
    let mut all = Vec::new();
    if !seen.yours && mode != Mode::Finished {
        all.push(bind(&[Char('T')], "T", "take controls ...",
             "take the controls", Upgrade, Action::TakeControls));
    }
    all.extend(looks());
    all.push(match mode {
        Mode::Overview if seen.yours => leave("quit", "quit, nothing changed"),
        Mode::Finished => leave("leave", "leave (prints a summary)"),
        _ if seen.yours => leave("detach", "detach, it goes on"),
        _ => leave("leave", "leave, it goes on"),
    });
    all
}

#[rustfmt::skip]
fn back(footer: &str) -> Binding {
    bind(&[Key::Esc, Ctrl('g'), Char('b')], "Esc", footer, "back, the safe direction", View,
         Action::Back)
}

fn pages() -> Vec<Binding> {
    let mut all = moves();
    all.drain(..2);
    all
}

#[rustfmt::skip]
fn ack() -> Vec<Binding> {
    let mut all = vec![
        bind(&[Char('a')], "a", "acknowledge and go on", "acknowledge and go on",
             Upgrade, Action::Acknowledge,),
        back("go back, stay here"),
        whole_help(),
    ];
    all.extend(pages());
    all
}

#[rustfmt::skip]
fn whole_help() -> Binding {
    bind(&[Key::F1, Char('?')], "F1", "help", "this help", View, Action::Help)
}

/// Letters are text here, so nothing is bound to one.
fn phrase() -> Vec<Binding> {
    let mut all = text_box();
    all.push(Binding {
        keys: vec![Key::F1],
        ..whole_help()
    });
    all
}

#[rustfmt::skip]
fn text_box() -> Vec<Binding> {
    let mut all = vec![bind(
        &[Key::Esc, Ctrl('g')],
        "Esc",
        "go back, nothing is done",
        "back, the safe direction",
        View,
        Action::Back,
    )];
    all.push(bind(&[Key::PageUp], "PgUp", "", "one page up", Move, Action::PageUp));
    all.push(bind(&[Key::PageDown], "PgDn", "", "one page down", Move, Action::PageDown));
    all
}

#[rustfmt::skip]
fn reading() -> Vec<Binding> {
    let mut close = back("close");
    close.keys.extend([Char('q'), Char('?'), Key::F1]);
    "q".clone_into(&mut close.shown);
    let mut all = vec![close];
    let mut movement = moves();
    "page down".clone_into(&mut movement[2].footer);
    "page up".clone_into(&mut movement[3].footer);
    all.extend(movement);
    all
}

#[rustfmt::skip]
fn interrupt(seen: &Seen<'_>) -> Vec<Binding> {
    let mut keep = back("keep watching");
    keep.keys.push(Char('k'));
    "k".clone_into(&mut keep.shown);
    let mut all = vec![
        keep,
        bind(&[Char('d')], "d", "detach", "detach; the upgrade goes on", Upgrade, Action::Leave,),
    ];
    if may_let_go(seen) {
        all.push(bind(&[Char('X')], "X", "let it stay", "wait no longer for what is left running",
             Upgrade, Action::LetGo));
    }
    if may_cancel(seen) {
        all.push(bind(&[Char('X')], "X", "end the command", "have the running command ended",
             Upgrade, Action::Cancel));
    }
    all
}

/// Somebody asks for the controls.
#[rustfmt::skip]
fn asked() -> Vec<Binding> {
    vec![
        bind(&[Char('y')], "y", "give them away", "give the controls to who asks", Upgrade,
             Action::GiveControls),
        bind(&[Char('n'), Key::Esc, Ctrl('g')], "n", "keep them", "keep the controls", Upgrade,
             Action::KeepControls),
    ]
}
