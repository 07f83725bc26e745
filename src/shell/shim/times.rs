//! `.times`: when each part of the log was written.
//!
//! A record is 16 bytes: the log's length in bytes and the wall clock in milliseconds since 1970
//! (UTC), both 64 bits, little-endian. What lies between the lengths of two records was written
//! between their clocks. While the log grows there are at most ten a second; a silent log adds
//! none, and nobody looks at it then. The command never waits for this.

use crate::shell::clock;
use crate::types::Millis;
use rustix::fs::inotify::{CreateFlags, WatchFlags};
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The length of a record in bytes.
pub(in crate::shell) const RECORD: usize = 16;
/// The least time between two records.
const PAUSE: Millis = Millis(100);

/// Writes the records of one log.
#[derive(Debug)]
pub(super) struct Times {
    file: File,
    log: PathBuf,
    inotify: OwnedFd,
    /// The length of the last record.
    known: u64,
    /// No record before this reading of `CLOCK_BOOTTIME`.
    quiet_until: Millis,
}

impl Times {
    /// Watches `log` and writes to `path`.
    pub(super) fn new(path: &Path, log: &Path) -> io::Result<Self> {
        let inotify = rustix::fs::inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        rustix::fs::inotify::add_watch(&inotify, log, WatchFlags::MODIFY)?;
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?;
        Ok(Self {
            file: File::from(file),
            log: log.to_owned(),
            inotify,
            known: 0,
            quiet_until: Millis(0),
        })
    }

    /// What to wait for: growth, or the end of the pause after a record.
    pub(super) fn awaits(&self) -> Result<BorrowedFd<'_>, Millis> {
        let left = self.quiet_until.since(clock::up());
        if left == Millis(0) {
            Ok(self.inotify.as_fd())
        } else {
            Err(left)
        }
    }

    /// Writes a record if the log has grown and the pause is over.
    pub(super) fn note(&mut self) {
        if self.awaits().is_ok() {
            self.drain();
            self.record();
        }
    }

    /// Writes a record if the log has grown.
    pub(super) fn record(&mut self) {
        let len = self.log.metadata().map_or(0, |meta| meta.len());
        if len > self.known {
            let mut bytes = [0; RECORD];
            bytes[..8].copy_from_slice(&len.to_le_bytes());
            bytes[8..].copy_from_slice(&clock::wall().as_millis().to_le_bytes());
            // Without room on the disk the line has no time, and the command goes on.
            let _ = self.file.write_all(&bytes);
            self.quiet_until = clock::up().plus(PAUSE);
        }
        self.known = len;
    }

    /// Forgets what inotify has to say: the length tells it all.
    fn drain(&self) {
        let mut buffer = [0_u8; 4096];
        while rustix::io::read(&self.inotify, &mut buffer).is_ok_and(|n| n > 0) {}
    }
}
