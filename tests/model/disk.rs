//! A disk that tells written from synced, and forgets what was not synced when the machine dies.

use std::collections::BTreeMap;
use upwalk::types::Seq;

/// What a file of an intent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suffix {
    Lock,
    Void,
    /// Holds the number of the boot its shim lived in.
    Pid,
    Exit,
    Cancel,
}

/// One file, which is there; whether its bytes and its name would outlive the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct File {
    holds: u32,
    synced: bool,
}

/// Whether a write waits until it would outlive the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    Yes,
    No,
}

/// What becomes of the last bytes that were not synced when the machine dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Torn {
    /// How many 256ths of them reach the disk.
    pub(crate) keeps: u8,
    /// Whether the rest is there as zeros.
    pub(crate) zeros: bool,
}

/// The run's directory.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    journal: Vec<u8>,
    synced: usize,
    files: BTreeMap<(Seq, Suffix), File>,
}

impl Disk {
    /// Appends to the journal.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.journal.extend_from_slice(bytes);
    }

    /// Makes durable what was appended.
    pub(crate) fn sync(&mut self) {
        self.synced = self.journal.len();
    }

    /// The journal as whoever reopens it finds it.
    pub(crate) fn journal(&self) -> &[u8] {
        &self.journal
    }

    /// Cuts a torn tail off, durably, as reopening does.
    pub(crate) fn cut(&mut self, good: usize) {
        self.journal.truncate(good);
        self.synced = good;
    }

    /// Writes a file.
    pub(crate) fn write(&mut self, number: Seq, suffix: Suffix, holds: u32, sync: Sync) {
        let synced = sync == Sync::Yes;
        self.files.insert((number, suffix), File { holds, synced });
    }

    /// What a file holds; none where it is not there.
    pub(crate) fn read(&self, number: Seq, suffix: Suffix) -> Option<u32> {
        self.files.get(&(number, suffix)).map(|file| file.holds)
    }

    /// The numbers above `last` that a shim has written a `.pid` for: the journal is shorter than
    /// the truth. Fences without one are removed.
    pub(crate) fn settle_fences(&mut self, last: Seq) -> Option<Seq> {
        let above = |number: &Seq| *number > last;
        let begun = self
            .files
            .keys()
            .find(|(number, suffix)| above(number) && *suffix == Suffix::Pid);
        let begun = begun.map(|(number, _)| *number);
        self.files.retain(|(number, _), _| !above(number));
        begun
    }

    /// The machine dies.
    pub(crate) fn lose_power(&mut self, torn: Torn) {
        let open = self.journal.len() - self.synced;
        let kept = self.synced + open * usize::from(torn.keeps) / 256;
        if torn.zeros {
            self.journal[kept..].fill(0);
        } else {
            self.journal.truncate(kept);
        }
        self.files.retain(|_, file| file.synced);
        // What has reached the disk is durable now.
        self.synced = self.journal.len();
    }
}
