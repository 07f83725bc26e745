//! The loop: one channel of keys, signals and updates; a frame only when something changed, at most
//! four a second while a log flows; no wake-up that changes nothing. Frames themselves are `draw`'s,
//! how many there may be is `pace`'s.

mod alert;
mod away;
mod draw;
mod live;
mod replies;

use super::input::Typed;
use super::log::{self, Blot, Feed, Growth, Haste, Mouse, Window};
use super::model::{Model, Msg, Order};
use super::pace::{FRAME, Pace};
use super::seen::Seen;
use super::term::{self, Heard, Terminal, is_wide};
use super::theme::{GlyphSet, Theme, in_ascii};
use super::update::update;
use super::view::{self, Scene};
use super::{Ending, Guess, Left, Settings, TuiError};
use crate::report;
use crate::supervisor::client::{Client, Mirror, Update, log_path, now};
use crate::types::{Exit, Millis, Moment};
use alert::Caller;
use draw::Dirty;
use live::{Pulse, Wish};
use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

/// How long a terminal without any event may be left alone.
const LONGEST_WAIT: Millis = Millis::from_secs(60);

/// Something that happened.
enum Event {
    Heard(Heard),
    Update(Update),
    /// What a log shows now.
    Log(Box<Window>, Haste),
    /// Whoever had the terminal has ended like this.
    Returned(Exit),
}

/// Shows a run on this terminal until a person leaves, the terminal goes away or a signal comes.
/// The run itself is not touched by any of these. `blot` takes secrets out of logs.
pub fn run(
    client: &Client,
    mirror: Mirror,
    updates: Receiver<Update>,
    settings: Settings,
    blot: Blot,
) -> Result<Ending, TuiError> {
    let (sender, events) = channel();
    let heard = sender.clone();
    let mut term = Terminal::open(move |what| {
        // Nobody listens any more once the screen has been left.
        let _ = heard.send(Event::Heard(what));
    })?;
    if settings.guess == Guess::Yes {
        Terminal::measure();
    }
    if settings.mouse == Mouse::On {
        term.mouse(settings.mouse);
    }
    let shown = sender.clone();
    let feed = Feed::new(blot, move |window, haste| {
        shown.send(Event::Log(window, haste)).is_ok()
    });
    forward(updates, sender.clone());
    let mut model = Model::new(Terminal::size());
    model.rules = settings.rules;
    model.mouse = settings.mouse;
    model.zone = settings.zone;
    model.looks.colours = settings.log_colours;
    let mut session = Session {
        client,
        model,
        pace: Pace::new(Terminal::size()),
        caller: Caller::new(settings.notify, settings.titles),
        theme: Theme::new(&settings.palette, settings.depth, settings.glyphs),
        plain: Theme::new(&settings.palette, settings.depth, GlyphSet::Ascii),
        login: settings.login,
        mirror,
        feed,
        term,
        events,
        sender,
        pager: settings.pager,
        away: None,
        held: VecDeque::new(),
        sent: Vec::new(),
        pinged: None,
        pulse: Pulse::new(now()),
        dirty: Dirty::Now,
        moved: false,
        looked: Millis(0),
        drawn: None,
        left: None,
    };
    let left = session.follow();
    session.call_back();
    let left = left?;
    if term::is_broken() {
        return Err(TuiError::Bug);
    }
    let summary = session.summary();
    Ok(Ending { left, summary })
}

/// Hands updates on to the one channel.
fn forward(updates: Receiver<Update>, sender: Sender<Event>) {
    thread::spawn(move || {
        for update in updates {
            if sender.send(Event::Update(update)).is_err() {
                return;
            }
        }
    });
}

struct Session<'a> {
    client: &'a Client,
    mirror: Mirror,
    model: Model,
    feed: Feed,
    theme: Theme,
    /// The same in ASCII, for a terminal that cannot draw the other.
    plain: Theme,
    login: String,
    term: Terminal,
    events: Receiver<Event>,
    /// The other end, for whoever waits for something else.
    sender: Sender<Event>,
    pager: Option<Vec<String>>,
    away: Option<away::Away>,
    /// Events that were set aside while keys were thrown away.
    held: VecDeque<Event>,
    /// Decisions whose replies are awaited.
    sent: Vec<u64>,
    /// What the supervisor was asked behind the last frame with a fence.
    pinged: Option<u64>,
    pulse: Pulse,
    dirty: Dirty,
    /// The last key asked for another part of the log.
    moved: bool,
    /// When the log was last looked at for what is new in it.
    looked: Millis,
    pace: Pace,
    caller: Caller,
    drawn: Option<draw::Drawn>,
    left: Option<Left>,
}

impl Session<'_> {
    /// Goes on until the screen is left.
    fn follow(&mut self) -> Result<Left, TuiError> {
        loop {
            let mut event = self.next();
            while let Some(one) = event {
                self.take(one)?;
                if let Some(left) = self.left {
                    return Ok(left);
                }
                event = self
                    .held
                    .pop_front()
                    .or_else(|| self.events.try_recv().ok());
            }
            self.look_at_pulse();
            self.alert();
            if self.away.is_some() {
                continue;
            }
            let now = now();
            self.pace.look(now.up);
            self.look_at_log(&now);
            self.look_at_fence(now.up);
            self.draw(&now);
        }
    }

    /// Waits for an event, or for the time at which the screen changes by itself.
    fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.held.pop_front() {
            return Some(event);
        }
        let wait = self.wait(&now());
        match self.events.recv_timeout(wait.duration()) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            // The terminal's thread holds a sender as long as it lives.
            Err(RecvTimeoutError::Disconnected) => Some(Event::Heard(Heard::HungUp)),
        }
    }

    fn take(&mut self, event: Event) -> Result<(), TuiError> {
        match event {
            Event::Update(update) => self.update(update)?,
            Event::Returned(exit) => self.returned(&exit),
            // Keys, sizes and stops are somebody else's now.
            Event::Heard(Heard::Typed(..) | Heard::Signal(SIGWINCH | SIGCONT | SIGTSTP))
                if self.away.is_some() => {}
            Event::Log(window, haste) => {
                self.tell(Msg::Log(window));
                self.dirty = self.dirty.max(match haste {
                    Haste::Now => Dirty::Now,
                    Haste::Soon => Dirty::Soon,
                });
            }
            Event::Heard(Heard::Typed(Typed::Cursor { row, column }, _))
                if is_wide(row, column) =>
            {
                self.draw_in_ascii();
            }
            Event::Heard(Heard::Typed(typed, at)) => {
                let before = self.dirty;
                self.moved = false;
                self.typed(typed, at);
                // What a movement shows comes from the log's thread, as soon as a frame would.
                self.dirty = if self.moved {
                    before.max(Dirty::Soon)
                } else {
                    Dirty::Now
                };
            }
            Event::Heard(Heard::Written) => self.written(now().up),
            Event::Heard(Heard::Answered) => self.pace.answered(now().up),
            Event::Heard(Heard::HungUp) => self.left = Some(Left::HungUp),
            Event::Heard(Heard::Signal(SIGWINCH)) => {
                let (columns, rows) = Terminal::size();
                self.pace.resized((columns, rows));
                self.tell(Msg::Resized(columns, rows));
            }
            Event::Heard(Heard::Signal(SIGCONT)) => {
                self.term.resume();
                self.pace.lost();
                self.tell(Msg::Resumed);
            }
            Event::Heard(Heard::Signal(SIGTSTP)) => self.suspend(),
            Event::Heard(Heard::Signal(signal)) => self.left = Some(Left::Signal(signal)),
        }
        Ok(())
    }

    /// A key before there is anything to see can only leave.
    fn typed(&mut self, typed: Typed, at: Millis) {
        use super::input::Key;
        let leaves = matches!(typed, Typed::Key(Key::Ctrl('c') | Key::Char('q')));
        if Seen::of(&self.mirror).is_some() && self.mirror.is_whole() {
            self.tell_at(Msg::Typed(typed), &Moment { up: at, ..now() });
        } else if leaves {
            self.left = Some(Left::Detached);
        }
    }

    fn update(&mut self, update: Update) -> Result<(), TuiError> {
        let gone = matches!(update, Update::Gone(_));
        self.hear(&update);
        let changed = self.mirror.apply(update)?;
        if self.pinged.is_some() && self.mirror.pong == self.pinged {
            self.pinged = None;
            self.tell(Msg::Alive);
        }
        if !changed {
            return Ok(());
        }
        let sent = std::mem::take(&mut self.sent);
        for id in sent {
            match self.mirror.replies.remove(&id) {
                Some(result) => self.tell(Msg::Replied(result)),
                None if gone => self.tell(Msg::Replied(Err(replies::silent()))),
                None => self.sent.push(id),
            }
        }
        if self.mirror.is_whole() || gone {
            self.tell(Msg::Changed);
            self.dirty = self.dirty.max(Dirty::Soon);
        }
        Ok(())
    }

    /// Gives the model a message, and does what follows.
    fn tell(&mut self, msg: Msg) {
        self.tell_at(msg, &now());
    }

    /// Gives the model a message of this moment.
    fn tell_at(&mut self, msg: Msg, at: &Moment) {
        let Some(seen) = Seen::of(&self.mirror) else {
            if let Msg::Resized(columns, rows) = msg {
                self.model.size = (columns, rows);
            }
            return;
        };
        let orders = update(&mut self.model, &seen, msg, at);
        for order in orders {
            self.obey(order);
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Decide(at, decision) => self.ask_first(Wish::Decide(at, decision)),
            Order::TakeControls => self.ask_first(Wish::TakeControls),
            Order::HandOver(what) => self.ask_first(Wish::HandOver(what)),
            Order::Leave => {
                let state = self.mirror.state.as_ref();
                let over = state.is_some_and(|state| state.finished.is_some());
                let finished = over && !self.model.quitting;
                self.left = Some(if finished {
                    Left::Finished
                } else {
                    Left::Detached
                });
            }
            Order::Suspend => self.suspend(),
            Order::Drain => self.throw_keys_away(),
            Order::Lend(loan) => self.lend(loan),
            Order::Copy(text) => self.term.copy(&text),
            Order::Redraw => {
                self.term.forget();
                self.dirty = Dirty::Now;
            }
            Order::Log(to) => {
                self.moved = true;
                self.feed.go(to);
            }
            Order::Mouse(mouse) => self.term.mouse(mouse),
        }
    }

    fn suspend(&mut self) {
        self.term.suspend();
        self.pace.lost();
        let (columns, rows) = Terminal::size();
        self.tell(Msg::Resized(columns, rows));
        self.dirty = Dirty::Now;
    }

    /// Says which part of which log is wanted, and has it looked at where it may have grown. The
    /// effect of a key does not wait for lines that nobody asked for.
    fn look_at_log(&mut self, now: &Moment) {
        let Some(seen) = Seen::of(&self.mirror).filter(|_| self.mirror.is_whole()) else {
            return;
        };
        // Also while a frame is on its way: the next one shall show what is the case then.
        let in_time = self.dirty != Dirty::Now && now.up.since(self.looked) >= FRAME;
        let growth = if in_time { Growth::Look } else { Growth::Leave };
        let path = |number| log_path(&self.mirror.dir, seen.state, number);
        let size = view::log_size(&self.scene(&seen, now));
        let wanted = log::wanted(&seen, &self.model, &path, size);
        self.feed.show(wanted, growth);
        if in_time {
            self.looked = now.up;
        }
    }

    /// All that a frame shows.
    fn scene<'a>(&'a self, seen: &'a Seen<'a>, now: &'a Moment) -> Scene<'a> {
        Scene {
            seen,
            model: &self.model,
            theme: &self.theme,
            now,
            login: &self.login,
        }
    }

    /// At most ten lines for the scrollback.
    fn summary(&self) -> Vec<String> {
        let Some(state) = &self.mirror.state else {
            return Vec::new();
        };
        let mut lines = report::finished_summary(&self.mirror.plan, state);
        if self.theme.is_ascii() {
            for line in &mut lines {
                *line = line.chars().map(in_ascii).collect();
            }
        }
        lines
    }
}
