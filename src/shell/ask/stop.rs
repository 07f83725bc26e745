//! Telling an ask that its answer is no longer wanted.

use crate::shell::os;
use crate::types::Millis;
use rustix::event::{EventfdFlags, eventfd};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// Tells asks, from any thread, that their answer is no longer wanted.
#[derive(Debug, Clone)]
pub struct Stop {
    told: Arc<OwnedFd>,
}

impl Stop {
    /// One that has not been told yet.
    pub fn new() -> std::io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self {
            told: Arc::new(eventfd(0, flags)?),
        })
    }

    /// Ends every ask that was given this, at once.
    pub fn stop(&self) {
        // Fails only where it has been told so often that the counter is full.
        let _ = rustix::io::write(&self.told, &1_u64.to_ne_bytes());
    }

    /// Whether it has been told.
    pub fn is_stopped(&self) -> bool {
        self.wait(Millis(0))
    }

    /// Waits so long, or until it is told; says whether it was.
    pub fn wait(&self, at_most: Millis) -> bool {
        os::wait_readable(&[self.as_fd()], Some(at_most)).is_ok_and(|ready| ready == [true])
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.told.as_fd()
    }
}
