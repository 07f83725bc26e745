//! What one front end is still to be sent: a bounded queue between the loop, which never waits,
//! and the writer thread of the connection, which may. Called by `server`, `clients` and the loop.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many frames a front end may lie behind what it had to be sent when it came.
const PENDING: usize = 1024;

/// A frame as bytes, shared by all who are sent it.
pub(super) type Line = Arc<[u8]>;

/// Whether a frame was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It will be sent.
    Queued,
    /// The front end is too far behind, or gone.
    Refused,
}

/// The queue; clones are the same queue.
#[derive(Debug, Clone)]
pub(super) struct Outbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug)]
struct Queue {
    lines: VecDeque<Line>,
    limit: usize,
    /// Nothing is added any more; the writer ends when it is empty.
    closed: bool,
    /// The writer has ended.
    over: bool,
}

impl Outbox {
    /// An empty queue.
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared {
            queue: Mutex::new(Queue {
                lines: VecDeque::new(),
                limit: PENDING,
                closed: false,
                over: false,
            }),
            changed: Condvar::new(),
        }))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it holds the lock, and a queue is whole after every statement.
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what a front end is sent when it comes; how long that is does not count as lying
    /// behind.
    pub(super) fn load(&self, lines: &[Line]) {
        let mut queue = self.queue();
        if !queue.closed {
            queue.limit = lines.len() + PENDING;
            queue.lines.extend(lines.iter().cloned());
            self.0.changed.notify_all();
        }
    }

    /// Adds one frame.
    pub(super) fn push(&self, line: &Line) -> Pushed {
        let mut queue = self.queue();
        if queue.closed || queue.lines.len() >= queue.limit {
            return Pushed::Refused;
        }
        queue.lines.push_back(Arc::clone(line));
        self.0.changed.notify_all();
        Pushed::Queued
    }

    /// Adds a last frame behind all others and closes the queue.
    pub(super) fn finish(&self, line: Line) {
        self.close(line, |_| {});
    }

    /// Forgets what was not sent yet, adds a last frame and closes the queue.
    pub(super) fn cut(&self, line: Line) {
        self.close(line, |queue| queue.lines.clear());
    }

    fn close(&self, line: Line, before: impl FnOnce(&mut Queue)) {
        let mut queue = self.queue();
        if !queue.closed {
            before(&mut queue);
            queue.lines.push_back(line);
            queue.closed = true;
            self.0.changed.notify_all();
        }
    }

    /// Closes the queue because nobody reads any more.
    pub(super) fn abandon(&self) {
        let mut queue = self.queue();
        queue.lines.clear();
        queue.closed = true;
        queue.over = true;
        self.0.changed.notify_all();
    }

    /// The writer's next frame; waits for one. None once the queue is closed and empty.
    pub(super) fn next(&self) -> Option<Line> {
        let mut queue = self.queue();
        loop {
            if let Some(line) = queue.lines.pop_front() {
                return Some(line);
            }
            if queue.closed {
                return None;
            }
            queue = self
                .0
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the writer has ended, at most this long; says whether it has.
    pub(super) fn flushed(&self, at_most: Duration) -> bool {
        let queue = self.queue();
        let (queue, _) = self
            .0
            .changed
            .wait_timeout_while(queue, at_most, |queue| !queue.over)
            .unwrap_or_else(PoisonError::into_inner);
        queue.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        text.as_bytes().into()
    }

    #[test]
    fn a_front_end_that_reads_nothing_is_refused_after_a_bounded_backlog() {
        let outbox = Outbox::new();
        outbox.load(&vec![line("old"); 3]);
        for _ in 0..PENDING {
            assert_eq!(outbox.push(&line("new")), Pushed::Queued);
        }
        assert_eq!(outbox.push(&line("too much")), Pushed::Refused);
        outbox.cut(line("bye"));
        assert_eq!(outbox.next(), Some(line("bye")));
        assert_eq!(outbox.next(), None);
    }

    #[test]
    fn what_was_queued_is_sent_before_the_last_frame() {
        let outbox = Outbox::new();
        assert_eq!(outbox.push(&line("event")), Pushed::Queued);
        outbox.finish(line("bye"));
        assert_eq!(outbox.push(&line("late")), Pushed::Refused);
        assert_eq!(outbox.next(), Some(line("event")));
        assert_eq!(outbox.next(), Some(line("bye")));
        assert_eq!(outbox.next(), None);
        assert!(!outbox.flushed(Duration::ZERO));
        outbox.abandon();
        assert!(outbox.flushed(Duration::ZERO));
    }
}
