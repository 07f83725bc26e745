//! The thread that reads logs, and the loop's end of it: what is wanted goes there, windows come
//! back. It decides nothing about what is shown.

use super::book::Book;
use super::{Blot, LogMove, Wanted, Window};
use crate::supervisor::client::now;
use crate::types::{Millis, Seq};
use std::sync::mpsc::{Receiver, RecvError, Sender, TryRecvError, channel};
use std::thread;

/// The least time between two windows that only count further.
const PAUSE: Millis = Millis(250);

/// What is asked of the thread.
enum Ask {
    /// Show this log, or look whether it has grown.
    Show(Box<Wanted>),
    /// There is no log to show.
    Nothing,
    /// Move in this intent's log.
    Go(Seq, LogMove),
}

/// How soon a window is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Haste {
    /// It is what a key asked for.
    Now,
    /// The log has grown, or more of it has been counted.
    Soon,
}

/// Whether a log that is shown already is worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    /// It may have grown.
    Look,
    /// Nobody has time to see that now.
    Leave,
}

/// The loop's end.
pub(crate) struct Feed {
    asks: Sender<Ask>,
    shown: Option<Wanted>,
}

impl Feed {
    /// Starts the thread; `told` is called on it with every window. It ends with this.
    pub(crate) fn new(
        blot: Blot,
        told: impl Fn(Box<Window>, Haste) -> bool + Send + 'static,
    ) -> Self {
        let (asks, asked) = channel();
        thread::spawn(move || Worker::new(blot, told).serve(&asked));
        Self { asks, shown: None }
    }

    /// Shows this log, and looks whether it has grown.
    pub(crate) fn show(&mut self, wanted: Option<Wanted>, growth: Growth) {
        let grows = wanted.as_ref().is_some_and(|wanted| wanted.running);
        if wanted == self.shown && !(grows && growth == Growth::Look) {
            return;
        }
        let ask = match &wanted {
            Some(wanted) => Ask::Show(Box::new(wanted.clone())),
            None => Ask::Nothing,
        };
        self.shown = wanted;
        self.ask(ask);
    }

    /// Moves in the log that is shown.
    pub(crate) fn go(&self, to: LogMove) {
        if let Some(shown) = &self.shown {
            self.ask(Ask::Go(shown.of, to));
        }
    }

    fn ask(&self, ask: Ask) {
        // The thread ends before this does only where the loop is gone too.
        let _ = self.asks.send(ask);
    }
}

/// The thread's end.
struct Worker<T> {
    blot: Blot,
    told: T,
    book: Option<Book>,
    sent: Window,
    sent_at: Millis,
}

impl<T: Fn(Box<Window>, Haste) -> bool> Worker<T> {
    fn new(blot: Blot, told: T) -> Self {
        Self {
            blot,
            told,
            book: None,
            sent: Window::default(),
            sent_at: Millis(0),
        }
    }

    /// Answers what is asked, and counts in between, until nobody asks any more.
    fn serve(mut self, asked: &Receiver<Ask>) {
        loop {
            let behind = self.book.as_ref().is_some_and(Book::is_behind);
            let first = if behind {
                asked.try_recv()
            } else {
                asked.recv().map_err(|RecvError| TryRecvError::Disconnected)
            };
            let goes_on = match first {
                Ok(ask) => self.answer(ask, asked),
                Err(TryRecvError::Empty) => self.work(),
                Err(TryRecvError::Disconnected) => return,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Does all that has been asked by now, and shows what came of it; false where nobody listens.
    fn answer(&mut self, first: Ask, asked: &Receiver<Ask>) -> bool {
        let mut haste = Haste::Soon;
        let mut next = Some(first);
        while let Some(ask) = next {
            match ask {
                Ask::Nothing => self.book = None,
                Ask::Show(wanted) => {
                    if self.show(*wanted) {
                        haste = Haste::Now;
                    }
                }
                Ask::Go(of, to) => {
                    haste = Haste::Now;
                    if let Some(book) = self.book.as_mut().filter(|book| book.wanted().of == of) {
                        book.go(&to);
                    }
                }
            }
            next = asked.try_recv().ok();
        }
        self.send(haste)
    }

    /// Says whether it is to be seen otherwise than before.
    fn show(&mut self, wanted: Wanted) -> bool {
        match &mut self.book {
            Some(book) if book.wanted().path == wanted.path => {
                let before = book.wanted();
                let other = (before.looks, before.rows, before.columns)
                    != (wanted.looks, wanted.rows, wanted.columns);
                book.look_so(wanted);
                other
            }
            Some(_) | None => {
                self.book = Some(Book::new(wanted, self.blot.clone()));
                true
            }
        }
    }

    /// Counts on for a moment; shows what was found at once, and mere counts now and then.
    fn work(&mut self) -> bool {
        let Some(book) = &mut self.book else {
            return true;
        };
        let sought = book.is_sought();
        book.work();
        if sought && !book.is_sought() {
            return self.send(Haste::Now);
        }
        if !book.is_behind() || now().up.since(self.sent_at) >= PAUSE {
            return self.send(Haste::Soon);
        }
        true
    }

    /// Sends the window, where it is another than the last one.
    fn send(&mut self, haste: Haste) -> bool {
        let window = self.book.as_mut().map(Book::window).unwrap_or_default();
        if window == self.sent {
            return true;
        }
        self.sent_at = now().up;
        self.sent = Window {
            // A sentence is said once.
            said: None,
            ..window.clone()
        };
        (self.told)(Box::new(window), haste)
    }
}
