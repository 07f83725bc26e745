//! When a frame may begin: never while the last one is on its way, and the less often the slower it
//! arrives, so that no terminal is ever sent what it cannot show at once. Pure; `run` says what
//! happened.
//!
//! A pseudo-terminal takes some twenty kilobytes before it makes anybody wait, and a connection
//! behind it far more. That a frame was written does not mean that it was seen, so each one ends
//! with a question that terminals answer (`ESC [ 5 n`), and the answer is the sign.

use crate::types::Millis;
use std::collections::VecDeque;

/// The least time between two frames that no key asked for, and between two looks at the log.
pub(crate) const FRAME: Millis = Millis(250);
/// The longest time between them.
const LONGEST: Millis = Millis(1000);
/// How long one frame takes on a slow link, at least; and below which a link is slow no longer.
const SLOW: Millis = Millis(2000);
const QUICK: Millis = Millis(1000);
/// How long a terminal that never answered may take for the first answer, and one that did.
const FIRST: Millis = Millis(500);
const LATER: Millis = Millis(60_000);
/// How much may be on its way where a key waits for its effect, in bytes: on 9600 a second nobody
/// waits longer than 150 ms for that. And for how long: what stands still gets nothing more.
const WINDOW: u64 = 1400;
const STALE: Millis = Millis(2000);
/// Frames shorter than this say nothing about how fast a terminal is, in bytes.
const TELLING: u64 = 512;

/// How soon a frame is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A key waits for its effect.
    Key,
    /// Something changed by itself.
    Change,
}

/// Whether the terminal answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// It has not been asked often enough to tell.
    Unknown,
    Yes,
    No,
}

/// A frame on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flight {
    began: Millis,
    bytes: u64,
    asked: bool,
    written: Option<Millis>,
    answered: bool,
}

impl Flight {
    /// Whether the terminal has it, as far as it will ever say so.
    fn has_arrived(&self, answers: Answers) -> bool {
        self.written.is_some() && (self.answered || !self.asked || answers == Answers::No)
    }
}

/// What is known of the way to the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pace {
    /// The most bytes a second that are sent unasked.
    cap: u64,
    /// Oldest first; terminals answer in order.
    flights: VecDeque<Flight>,
    /// When the last frame began and how many bytes it had.
    last: Option<(Millis, u64)>,
    answers: Answers,
    /// The shortest time that any answer took.
    quickest: Option<Millis>,
    /// How fast the terminal takes frames, bytes a second; none where it is too fast to tell.
    rate: Option<u64>,
    slow: bool,
}

impl Pace {
    /// For a terminal of so many columns and rows, of which nothing is known yet.
    pub(crate) fn new(size: (u16, u16)) -> Self {
        let mut pace = Self {
            cap: 0,
            flights: VecDeque::new(),
            last: None,
            answers: Answers::Unknown,
            quickest: None,
            rate: None,
            slow: false,
        };
        pace.resized(size);
        pace
    }

    /// The terminal has another size. Two bytes a second for each cell fill the screen anew with
    /// lines of a log four times a second (performance.md has the gates).
    pub(crate) fn resized(&mut self, (columns, rows): (u16, u16)) {
        let cells = u64::from(columns) * u64::from(rows);
        self.cap = (2 * cells).clamp(4000, 16_000);
    }

    /// Whether a frame should ask the terminal for an answer.
    pub(crate) fn asks(&self) -> bool {
        self.answers != Answers::No
    }

    /// Whether one frame takes seconds: then seconds are not worth showing.
    pub(crate) fn is_slow(&self) -> bool {
        self.slow
    }

    /// A frame of so many bytes was handed over.
    pub(crate) fn began(&mut self, now: Millis, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.last = Some((now, bytes));
        self.flights.push_back(Flight {
            began: now,
            bytes,
            asked: self.asks(),
            written: None,
            answered: false,
        });
    }

    /// The terminal's end of the line took the last frame.
    pub(crate) fn written(&mut self, now: Millis) {
        if let Some(flight) = self.flights.back_mut() {
            flight.written = Some(now);
        }
        self.land(now);
    }

    /// The terminal itself has read a frame: the first that it was asked about.
    pub(crate) fn answered(&mut self, now: Millis) {
        self.answers = Answers::Yes;
        let mut waiting = self.flights.iter_mut();
        if let Some(flight) = waiting.find(|flight| flight.asked && !flight.answered) {
            flight.answered = true;
        }
        self.land(now);
    }

    /// Answers may have been thrown away, and the terminal is asked once more for all of them.
    pub(crate) fn lost(&mut self) {
        if let Some(last) = self.flights.pop_back() {
            self.flights.clear();
            self.flights.push_back(last);
        }
    }

    /// Ends the flights of frames that have arrived.
    fn land(&mut self, now: Millis) {
        while let Some(flight) = self.flights.front().copied() {
            if !flight.has_arrived(self.answers) {
                return;
            }
            self.flights.pop_front();
            self.learn(&flight, now);
        }
    }

    /// Takes from a frame that has arrived how fast the way is.
    fn learn(&mut self, flight: &Flight, now: Millis) {
        let took = now.since(flight.began);
        if took >= SLOW {
            self.slow = true;
        } else if took < QUICK {
            self.slow = false;
        }
        if flight.answered {
            let quickest = self.quickest.map_or(took, |before| before.min(took));
            self.quickest = Some(quickest);
            // What any answer takes is the distance, not the width of the way.
            let Millis(pure) = took.since(quickest);
            if flight.bytes >= TELLING {
                self.rate = (pure >= 5).then(|| flight.bytes * 1000 / pure);
            }
        }
    }

    /// Gives up on answers that do not come.
    pub(crate) fn look(&mut self, now: Millis) {
        if self.gives_up_in(now) == Some(Millis(0)) {
            self.answers = Answers::No;
            self.land(now);
        }
    }

    /// When [`Pace::look`] has something to do.
    fn gives_up_in(&self, now: Millis) -> Option<Millis> {
        let flight = self.flights.front().filter(|flight| flight.asked)?;
        let patience = match self.answers {
            Answers::Unknown => FIRST,
            Answers::Yes => LATER,
            Answers::No => return None,
        };
        Some(patience.since(now.since(flight.written?)))
    }

    /// Whether a frame may begin.
    pub(crate) fn is_free(&self, now: Millis, urgency: Urgency) -> bool {
        self.free_in(now, urgency) == Some(Millis(0))
    }

    /// How long until a frame may begin; none where that is not a matter of time.
    fn free_in(&self, now: Millis, urgency: Urgency) -> Option<Millis> {
        let taken = self.flights.iter().all(|flight| flight.written.is_some());
        let under_way: u64 = self.flights.iter().map(|flight| flight.bytes).sum();
        let oldest = self.flights.front().map(|flight| now.since(flight.began));
        let may = match (urgency, oldest) {
            (_, None) => true,
            (Urgency::Change, Some(_)) => false,
            (Urgency::Key, Some(age)) => taken && under_way < WINDOW && age < STALE,
        };
        if !may {
            return None;
        }
        Some(match (urgency, self.last) {
            (Urgency::Key, _) | (_, None) => Millis(0),
            (Urgency::Change, Some((began, bytes))) => self.gap(bytes).since(now.since(began)),
        })
    }

    /// How long there is nothing to do here, if a frame is wanted this soon or not at all.
    pub(crate) fn wait(&self, now: Millis, wanted: Option<Urgency>) -> Option<Millis> {
        let free = wanted.and_then(|urgency| self.free_in(now, urgency));
        free.into_iter().chain(self.gives_up_in(now)).min()
    }

    /// The least time from the beginning of a frame of so many bytes to the next one that no key
    /// asked for.
    fn gap(&self, bytes: u64) -> Millis {
        if self.slow {
            return LONGEST;
        }
        // Half of what arrives is left for the effects of keys.
        let cap = self.rate.map_or(self.cap, |rate| self.cap.min(rate / 2));
        Millis(bytes * 1000 / cap.max(1)).clamp(FRAME, LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u16, u16) = (120, 40);

    fn free(pace: &Pace, now: u64, urgency: Urgency) -> bool {
        pace.is_free(Millis(now), urgency)
    }

    /// A frame that is written at once and answered after so many milliseconds.
    fn frame(pace: &mut Pace, began: u64, bytes: usize, took: u64) {
        pace.began(Millis(began), bytes);
        pace.written(Millis(began));
        pace.answered(Millis(began + took));
    }

    #[test]
    fn no_frame_begins_while_the_last_one_is_on_its_way() {
        let mut pace = Pace::new(SIZE);
        pace.began(Millis(0), 2000);
        assert!(!free(&pace, 5, Urgency::Key));
        pace.written(Millis(5));
        assert!(!free(&pace, 5, Urgency::Key), "it was not seen yet");
        pace.answered(Millis(9));
        assert!(free(&pace, 9, Urgency::Key));
        assert!(!free(&pace, 9, Urgency::Change), "four a second");
        assert!(free(&pace, 250, Urgency::Change));
        assert_eq!(
            pace.wait(Millis(9), Some(Urgency::Change)),
            Some(Millis(241))
        );
        // The answer may be heard before that the frame was written.
        pace.began(Millis(3000), 100);
        pace.answered(Millis(3001));
        assert!(!free(&pace, 3001, Urgency::Key));
        pace.written(Millis(3002));
        assert!(free(&pace, 3002, Urgency::Key) && pace.flights.is_empty());
    }

    #[test]
    fn a_key_may_be_answered_behind_a_little_that_is_still_on_its_way() {
        let mut pace = Pace::new(SIZE);
        frame(&mut pace, 0, 100, 1);
        pace.began(Millis(1000), 700);
        assert!(!free(&pace, 1001, Urgency::Key), "it is not even written");
        pace.written(Millis(1001));
        assert!(free(&pace, 1001, Urgency::Key));
        assert!(!free(&pace, 1500, Urgency::Change), "nobody waits for that");
        pace.began(Millis(1002), 700);
        pace.written(Millis(1003));
        assert!(!free(&pace, 1003, Urgency::Key), "that is enough");
        pace.answered(Millis(1100));
        assert!(free(&pace, 1100, Urgency::Key));
        assert!(!free(&pace, 3002, Urgency::Key), "it stands still");
        pace.lost();
        pace.answered(Millis(3010));
        assert!(free(&pace, 3010, Urgency::Key) && pace.flights.is_empty());
    }

    #[test]
    fn a_terminal_that_never_answers_is_believed_once_it_took_the_bytes() {
        let mut pace = Pace::new(SIZE);
        pace.began(Millis(0), 100);
        pace.written(Millis(1));
        assert_eq!(pace.wait(Millis(1), None), Some(FIRST));
        pace.look(Millis(500));
        assert!(!free(&pace, 500, Urgency::Change) && pace.asks());
        pace.look(Millis(501));
        assert!(free(&pace, 501, Urgency::Change) && !pace.asks());
        pace.began(Millis(2001), 100);
        assert_eq!(pace.wait(Millis(2001), None), None);
        pace.written(Millis(2002));
        assert!(free(&pace, 2002, Urgency::Key));
        pace.answered(Millis(3000));
        assert!(pace.asks(), "a late answer is one");
    }

    #[test]
    fn one_that_has_answered_is_waited_for_while_it_stands_still() {
        let mut pace = Pace::new(SIZE);
        frame(&mut pace, 0, 100, 1);
        pace.began(Millis(1000), 100);
        pace.written(Millis(1000));
        pace.look(Millis(31_000));
        assert!(!free(&pace, 31_000, Urgency::Key));
        pace.answered(Millis(31_000));
        assert!(free(&pace, 31_000, Urgency::Key) && pace.is_slow());
        assert!(!free(&pace, 1999, Urgency::Change), "one a second");
        frame(&mut pace, 32_000, 100, 1);
        assert!(!pace.is_slow());
    }

    #[test]
    fn large_frames_and_slow_links_get_fewer() {
        let mut pace = Pace::new(SIZE);
        let gap = |pace: &Pace| {
            let last = pace.last.map_or(Millis(0), |(began, _)| began);
            pace.wait(last, Some(Urgency::Change))
        };
        frame(&mut pace, 0, 2400, 1);
        assert_eq!(gap(&pace), Some(FRAME));
        frame(&mut pace, 1000, 4800, 2);
        assert_eq!(gap(&pace), Some(Millis(500)), "9600 bytes a second");
        // 1200 bytes in 125 ms and the way there and back.
        frame(&mut pace, 2000, 1200, 126);
        assert_eq!(pace.rate, Some(9600));
        assert_eq!(gap(&pace), Some(FRAME));
        frame(&mut pace, 3000, 2400, 251);
        assert_eq!(gap(&pace), Some(Millis(500)), "half of what arrives");
        pace.resized((20, 5));
        frame(&mut pace, 4000, 600, 1);
        assert_eq!(gap(&pace), Some(FRAME));
        pace.resized((500, 200));
        frame(&mut pace, 5000, 8000, 1);
        assert_eq!(gap(&pace), Some(Millis(500)));
    }
}
