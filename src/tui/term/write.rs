//! Frames: what is on the screen, and the bytes that make it the next one. It decides nothing about
//! when a frame is due.

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::io::{self, BufWriter, Stdout};

/// The frames of a terminal.
pub(super) struct Frames {
    backend: CrosstermBackend<BufWriter<Stdout>>,
    /// What is on the screen.
    last: Buffer,
}

impl Frames {
    /// Nothing is on the screen yet.
    pub(super) fn new() -> Self {
        Self {
            backend: CrosstermBackend::new(BufWriter::with_capacity(64 << 10, io::stdout())),
            last: Buffer::empty(Rect::default()),
        }
    }

    /// Draws the difference to what is on the screen, in one write.
    pub(super) fn draw(&mut self, next: Buffer, cursor: Option<Position>) -> io::Result<()> {
        queue!(self.backend, BeginSynchronizedUpdate, Hide)?;
        if self.last.area != next.area {
            queue!(self.backend, Clear(ClearType::All))?;
            self.last = Buffer::empty(next.area);
        }
        let changes = self.last.diff(&next);
        self.backend.draw(changes.into_iter())?;
        if let Some(Position { x, y }) = cursor {
            queue!(self.backend, MoveTo(x, y), Show)?;
        }
        queue!(self.backend, EndSynchronizedUpdate)?;
        io::Write::flush(&mut self.backend)?;
        self.last = next;
        Ok(())
    }

    /// Forgets what is on the screen, so that the next frame draws everything.
    pub(super) fn forget(&mut self) {
        self.last = Buffer::empty(Rect::default());
    }
}
