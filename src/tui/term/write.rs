//! Frames: what is on the screen, and the bytes that make it the next one. It decides nothing about
//! when a frame is due.

use crate::tui::arming::Fence;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::io;

/// The frames of a terminal.
pub(super) struct Frames {
    /// What is on the screen, once all frames so far have arrived.
    last: Buffer,
}

impl Frames {
    /// Nothing is on the screen yet.
    pub(super) fn new() -> Self {
        Self {
            last: Buffer::empty(Rect::default()),
        }
    }

    /// The bytes that make the screen the next one, to be written at once. Where a fence is wanted,
    /// the terminal is asked behind it for its cursor, at the fence's place: the answer means that it
    /// has drawn the frame.
    pub(super) fn next(
        &mut self,
        next: Buffer,
        cursor: Option<Position>,
        fence: Option<Fence>,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        queue!(bytes, BeginSynchronizedUpdate, Hide)?;
        if self.last.area != next.area {
            queue!(bytes, Clear(ClearType::All))?;
            self.last = Buffer::empty(next.area);
        }
        let changes = self.last.diff(&next);
        CrosstermBackend::new(&mut bytes).draw(changes.into_iter())?;
        queue!(bytes, EndSynchronizedUpdate)?;
        if let Some(Position { x, y }) = fence.map(Fence::place) {
            queue!(bytes, MoveTo(x, y), Print("\x1b[6n"))?;
        }
        if let Some(Position { x, y }) = cursor {
            queue!(bytes, MoveTo(x, y), Show)?;
        }
        self.last = next;
        Ok(bytes)
    }

    /// Forgets what is on the screen, so that the next frame draws everything.
    pub(super) fn forget(&mut self) {
        self.last = Buffer::empty(Rect::default());
    }
}
