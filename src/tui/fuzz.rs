//! Keys, pastes and sizes by chance over all screens of runs that really go on: nothing panics, and
//! nothing changes a run but the key that is said to. What may follow from which key is written down
//! here once more, apart from the key map, so that a mistake there is seen.
//!
//! `UPWALK_FUZZ_KEYS` says how many events (100000 for the long run), `UPWALK_FUZZ_SEED` which.

use super::arming::Focus;
use super::boxes;
use super::input::{Key, Typed};
use super::model::{Model, Msg, Order, Overlay, Purpose};
use super::screens::every_screen;
use super::testing::Screen;
use crate::journal::{Decision, Evidence, Question};
use crate::supervisor::client::Handover;
use crate::types::{Millis, Seq};

/// How many events one test feeds, where nobody says otherwise.
const USUAL: usize = 20_000;
/// How long no key may have come, and how long the last character must be ago (ux.md, section 3).
const QUIET: u64 = 500;
const GAP: u64 = 150;

/// Numbers by chance (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let limit = all.len() as u64;
        let at = usize::try_from(self.below(limit)).expect("it is below a length");
        all[at]
    }
}

/// What a watcher beside the screen knows: what was pressed and shown, and when.
#[derive(Default)]
struct Watcher {
    /// All of what is in front has been shown since anything changed.
    shown: bool,
    /// Nobody has typed since then for long enough.
    armed: bool,
    /// When the last key came, or the frame.
    quiet_from: u64,
    last_character: Option<u64>,
    /// Characters since the last Ctrl-U.
    written: String,
    /// The key that opened the box with a line of text, while it is open.
    opener: Option<char>,
    /// The phrase that it asked for was typed, and now it asks why.
    typed_out: bool,
    question: Option<Seq>,
}

impl Watcher {
    /// Something came up or changed: keys from before must not reach it.
    fn again(&mut self) {
        (self.shown, self.armed) = (false, false);
    }

    /// A key is about to come.
    fn before(&mut self, key: Key, now: u64) {
        if self.shown && now - self.quiet_from >= QUIET {
            self.armed = true;
        }
        // Drawing anew is no typing: it counts always.
        if key != Key::Ctrl('l') {
            self.quiet_from = now;
        }
        match key {
            Key::Char(c) => self.written.push(c),
            Key::Ctrl('u') => self.written.clear(),
            _ => {}
        }
    }
}

/// Whether this decision may follow from this key.
fn may_follow(decision: &Decision, key: Key, watcher: &Watcher, screen: &Screen) -> bool {
    let opened = |by: &[char]| {
        key == Key::Enter && watcher.opener.is_some_and(|opener| by.contains(&opener))
    };
    let question = screen.run.state.open.as_ref().map(|open| &open.question);
    let interrupted = screen.model.overlay == Some(Overlay::Interrupt);
    match decision {
        Decision::Start => key == Key::Char('S') && question == Some(&Question::Start),
        Decision::Retry => key == Key::Char('R') || opened(&['R']),
        Decision::Skip { .. } => opened(&['S']) && watcher.typed_out,
        Decision::Rollback { .. } => opened(&['U']),
        Decision::Continue { because: None, .. } => matches!(key, Key::Char('C' | 'D')),
        Decision::Continue { .. } => opened(&['C']) && watcher.typed_out,
        Decision::Settle { .. } => matches!(key, Key::Char('D' | 'A')) || opened(&['D', 'A']),
        Decision::Stop { .. } => {
            let quits = key == Key::Char('q') && question == Some(&Question::Start);
            quits || opened(&['X'])
        }
        Decision::Pause => key == Key::Char('p'),
        Decision::Cancel | Decision::LetGo => key == Key::Char('X') && interrupted,
        Decision::Note { .. } => opened(&['a']),
        Decision::OpenShell { .. } => key == Key::Char('!'),
        Decision::Confirm { evidence, .. } => match (evidence, question) {
            (Evidence::Acknowledged, Some(Question::Confirm { phrase, .. })) => {
                key == Key::Char('a') && phrase.is_none()
            }
            (
                Evidence::Typed(typed),
                Some(Question::Confirm {
                    phrase: Some(phrase),
                    ..
                }),
            ) => key == Key::Enter && typed == phrase && watcher.written.trim().ends_with(phrase),
            _ => false,
        },
        // Whoever was in the shell comes back by leaving it.
        Decision::LeaveShell { .. } => false,
    }
}

/// Looks at what a screen wants done after a key.
fn check(orders: &[Order], key: Key, watcher: &Watcher, screen: &Screen, now: u64) {
    let run = &screen.run;
    for order in orders {
        match order {
            Order::Decide(at, decision) => {
                let open = run.state.open.as_ref();
                assert!(run.yours && !run.gone, "{decision:?} is not this screen's");
                assert_eq!(*at, open.map(|open| open.asked), "{decision:?}");
                assert!(
                    may_follow(decision, key, watcher, screen),
                    "{decision:?} after {key:?} (opened by {:?})",
                    watcher.opener
                );
                let asks = open.is_some_and(|open| open.question != Question::Start);
                assert!(
                    !asks || watcher.armed,
                    "{decision:?} after {key:?}: not seen for long enough"
                );
                let gap = watcher.last_character.map_or(GAP, |last| now - last);
                assert!(
                    key != Key::Enter || gap >= GAP,
                    "{decision:?} after a burst"
                );
            }
            Order::TakeControls => {
                let words = watcher.written.trim().ends_with("take control of web01");
                assert!(key == Key::Enter && watcher.opener == Some('T') && words);
            }
            Order::HandOver(Handover::Ask) => assert_eq!(key, Key::Char('T')),
            Order::HandOver(Handover::Keep | Handover::Withdraw) => {
                assert!(matches!(key, Key::Char('n') | Key::Esc | Key::Ctrl('g')));
            }
            Order::Mouse(_) => assert_eq!(key, Key::Char('m')),
            Order::Lend(_) => assert!(matches!(key, Key::Char('!' | 'o')), "{key:?} lends"),
            Order::Copy(_) | Order::HandOver(Handover::Give) => assert_eq!(key, Key::Char('y')),
            Order::Suspend => assert_eq!(key, Key::Ctrl('z')),
            Order::Leave => {
                assert!(
                    matches!(key, Key::Ctrl('c') | Key::Char('q' | 'd')),
                    "{key:?} leaves"
                );
            }
            Order::Redraw | Order::Drain | Order::Log(_) => {}
        }
    }
}

/// One run of events over screens that follow each other.
struct Fuzz {
    chance: Chance,
    watcher: Watcher,
    screen: Screen,
    /// What was decided, by kind, so that a fuzz that never gets anywhere is seen.
    decided: Vec<&'static str>,
    /// A shell was asked for, and opens once that is journalled.
    shell: bool,
    fed: usize,
}

impl Fuzz {
    fn new(seed: u64) -> Self {
        let mut fuzz = Self {
            chance: Chance(seed),
            watcher: Watcher::default(),
            screen: Screen::new(every_screen().swap_remove(0).1, 80, 24),
            decided: Vec::new(),
            shell: false,
            fed: 0,
        };
        fuzz.begin();
        fuzz
    }

    /// Some other screen.
    fn begin(&mut self) {
        let mut all = every_screen();
        let at = usize::try_from(self.chance.below(all.len() as u64)).expect("it is small");
        let mut run = all.swap_remove(at).1;
        run.failing = match self.chance.below(3) {
            0 => vec!["migrate"],
            1 => vec!["point", "guard"],
            _ => Vec::new(),
        };
        self.screen = Screen::new(run, 80, 24);
        // It has been looked at for a while.
        self.watcher = Watcher {
            shown: true,
            armed: true,
            quiet_from: self.now(),
            question: self.screen.run.state.open.as_ref().map(|open| open.asked),
            ..Watcher::default()
        };
    }

    fn now(&self) -> u64 {
        self.screen.run.now.up.0
    }

    /// The run's state may have changed.
    fn news(&mut self) {
        self.told(Msg::Changed);
        let question = self.screen.run.state.open.as_ref().map(|open| open.asked);
        if question != self.watcher.question {
            self.watcher.question = question;
            self.watcher.again();
        }
        self.boxes();
    }

    fn shown(&mut self) {
        for msg in [Msg::Shown, Msg::Drained, Msg::Alive] {
            self.told(msg);
        }
        if !self.watcher.shown {
            self.watcher.shown = true;
            self.watcher.quiet_from = self.now();
        }
    }

    /// Tells the screen what no person did: nothing may be decided by it.
    fn told(&mut self, msg: Msg) {
        let what = format!("{msg:?}");
        for order in self.screen.tell(msg) {
            let harmless = matches!(
                order,
                Order::Redraw | Order::Drain | Order::Log(_) | Order::Leave
            );
            let shell = matches!(order, Order::Lend(_)) && std::mem::take(&mut self.shell);
            assert!(harmless || shell, "{order:?} after {what}");
            if order == Order::Leave {
                self.screen.model = Model::new((80, 24));
            }
            if shell {
                self.told(Msg::Returned(String::new()));
            }
        }
    }

    /// Whose box with a line of text is open.
    fn boxes(&mut self) {
        if !matches!(self.screen.model.overlay, Some(Overlay::Text(..))) {
            self.watcher.opener = None;
            self.watcher.typed_out = false;
        }
    }

    /// The phrase that the box in front asks for.
    fn wanted(&self) -> Option<String> {
        let Some(Overlay::Text(Purpose::Phrase { verb, early, .. }, ..)) =
            &self.screen.model.overlay
        else {
            return None;
        };
        boxes::phrase(&self.screen.run.seen(), verb, *early)
    }

    fn press(&mut self, key: Key) {
        let now = self.now();
        self.watcher.before(key, now);
        let was_open = matches!(self.screen.model.overlay, Some(Overlay::Text(..)));
        let before = self.screen.model.overlay.clone();
        let wanted = self.wanted();
        let orders = self.screen.tell(Msg::Typed(Typed::Key(key)));
        // What the key did to the screen does not matter for what it was allowed to do.
        let after = std::mem::replace(&mut self.screen.model.overlay, before);
        check(&orders, key, &self.watcher, &self.screen, now);
        self.screen.model.overlay = after;
        let asks_why = matches!(
            self.screen.model.overlay,
            Some(Overlay::Text(Purpose::Reason { .. }, ..))
        );
        if let (Some(phrase), true) = (wanted, asks_why) {
            self.watcher.typed_out = self.watcher.written.trim().ends_with(&phrase);
        }
        if let Key::Char(c) = key {
            self.watcher.last_character = Some(now);
            if !was_open {
                self.watcher.opener = Some(c);
            }
        }
        self.boxes();
        for order in orders {
            self.obey(order);
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Decide(_, decision) => {
                let kind = format!("{decision:?}");
                let word = kind.split(' ').next().unwrap_or_default();
                if let Some(known) = KINDS.iter().find(|kind| **kind == word) {
                    self.decided.push(known);
                }
                self.shell = matches!(decision, Decision::OpenShell { .. });
                let taken = self.screen.run.try_decide(decision);
                self.told(Msg::Replied(taken));
                self.news();
            }
            Order::TakeControls => {
                self.screen.run.yours = true;
                self.watcher.again();
                self.news();
            }
            Order::Lend(_) => self.told(Msg::Returned(String::new())),
            Order::Leave => {
                let size = self.screen.model.size;
                self.screen.model = Model::new(size);
                self.watcher.again();
                self.news();
            }
            Order::Suspend => {
                self.watcher.again();
                self.told(Msg::Resumed);
            }
            Order::Redraw
            | Order::Drain
            | Order::Log(_)
            | Order::Copy(_)
            | Order::HandOver(_)
            | Order::Mouse(_) => {}
        }
    }

    /// Types the line that is asked for, if any, as a person does.
    fn write(&mut self, mut words: String) {
        words.insert(0, '\u{15}');
        for c in words.chars() {
            self.screen.run.pass(Millis(160));
            self.press(if c == '\u{15}' {
                Key::Ctrl('u')
            } else {
                Key::Char(c)
            });
            self.shown();
        }
        self.screen.run.pass(Millis(700));
        self.press(Key::Enter);
    }

    /// Words that would confirm something if they were taken where they must not.
    fn words(&mut self) -> String {
        let open = self.screen.run.state.open.as_ref();
        let phrase = match open.map(|open| &open.question) {
            Some(Question::Confirm {
                phrase: Some(phrase),
                ..
            }) => phrase.clone(),
            _ => self
                .wanted()
                .unwrap_or_else(|| "continue early on web01".to_owned()),
        };
        let others = [
            "take control of web01",
            "because",
            "continue anyway on web01",
        ];
        match self.chance.below(4) {
            0 => self.chance.one_of(&others).to_owned(),
            _ => phrase,
        }
    }

    fn key(&mut self) -> Key {
        const SPECIAL: [Key; 14] = [
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
            Key::PageDown,
            Key::Home,
            Key::End,
            Key::F1,
        ];
        const CAPITALS: [char; 11] = ['S', 'C', 'R', 'U', 'X', 'T', 'D', 'A', 'M', 'G', 'N'];
        match self.chance.below(20) {
            0..=6 => {
                let letter = u8::try_from(self.chance.below(26)).expect("it is a letter");
                Key::Char(char::from(b'a' + letter))
            }
            7..=9 => Key::Char(self.chance.one_of(&CAPITALS)),
            10 => Key::Char(
                self.chance
                    .one_of(&['p', 'a', ' ', '!', '/', '?', '1', 'ß', '漢']),
            ),
            11 => {
                let letter = u8::try_from(self.chance.below(26)).expect("it is a letter");
                Key::Ctrl(char::from(b'a' + letter))
            }
            _ => self.chance.one_of(&SPECIAL),
        }
    }

    /// The next event.
    fn step(&mut self) {
        self.fed += 1;
        let wait = match self.chance.below(4) {
            0 => self.chance.below(40),
            1 => self.chance.below(400),
            _ => 500 + self.chance.below(700),
        };
        self.screen.run.pass(Millis(wait));
        match self.chance.below(100) {
            0..=69 => {
                let key = self.key();
                self.press(key);
            }
            70..=73 => {
                let words = self.words();
                self.write(words);
            }
            74..=77 => {
                let text = format!("{}\r", self.words());
                self.told(Msg::Typed(Typed::Paste(text)));
            }
            78..=82 => self.resize(),
            83..=84 => {
                let focus = self
                    .chance
                    .one_of(&[Focus::Here, Focus::Elsewhere, Focus::Here]);
                if focus == Focus::Here {
                    self.watcher.again();
                }
                self.told(Msg::Typed(Typed::Focus(focus)));
            }
            85 => {
                self.screen.run.yours = !self.screen.run.yours;
                self.watcher.again();
                self.news();
            }
            86 => self.told(Msg::Resumed),
            _ => {
                if self.screen.run.state.open.is_none() && self.screen.run.state.finished.is_none()
                {
                    self.screen.run.go_on();
                    self.news();
                }
            }
        }
        if self.chance.below(10) > 0 {
            self.shown();
        }
        if self.fed.is_multiple_of(8) {
            self.screen.text();
        }
        if self.screen.run.state.finished.is_some() && self.chance.below(30) == 0 {
            self.begin();
        }
        if self.chance.below(60) == 0 {
            self.begin();
        }
    }

    fn resize(&mut self) {
        let size = match self.chance.below(4) {
            0 => (self.chance.below(500), self.chance.below(200)),
            1 => (self.chance.below(25), self.chance.below(8)),
            _ => (60 + self.chance.below(80), 16 + self.chance.below(30)),
        };
        let small = |size: u64| u16::try_from(size).expect("it is small");
        self.watcher.again();
        self.told(Msg::Resized(small(size.0), small(size.1)));
        self.screen.text();
        // Keys at a terminal that is too small reach nobody.
        if self.chance.below(3) > 0 {
            self.told(Msg::Resized(80, 24));
        }
    }
}

/// The decisions that a fuzz of the usual length comes to.
const KINDS: [&str; 9] = [
    "Start", "Retry", "Skip", "Rollback", "Continue", "Stop", "Pause", "Note", "Confirm",
];

#[test]
fn nothing_panics_and_nothing_changes_a_run_but_its_key() {
    let wish = |name| {
        #[expect(clippy::disallowed_methods, reason = "a test reads its own wishes")]
        let value = std::env::var(name).ok();
        value.and_then(|value| value.parse().ok())
    };
    let events = wish("UPWALK_FUZZ_KEYS").map_or(USUAL, |count: u64| {
        usize::try_from(count).expect("a count that can be counted to")
    });
    let seed = wish("UPWALK_FUZZ_SEED").unwrap_or(20_261_120);
    println!("UPWALK_FUZZ_SEED={seed} UPWALK_FUZZ_KEYS={events}");
    let mut fuzz = Fuzz::new(seed);
    for _ in 0..events {
        fuzz.step();
    }
    for kind in KINDS {
        let count = fuzz.decided.iter().filter(|word| **word == kind).count();
        println!("{kind}: {count}");
        assert!(count > 0, "{kind} never came: the fuzz does not get there");
    }
}
