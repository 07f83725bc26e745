//! The log of a command with a terminal.
//!
//! What a terminal gets has to be taken from it, or the command waits. So where the disk has no room
//! it is kept in memory, as much as that may hold, and written down as soon as there is room again;
//! the log says where how much of it is missing.

use std::fs::File;
use std::io::{self, Write as _};

/// How many bytes may wait for room.
const MAX_WAITING: usize = 1 << 20;

/// A log, and what it has no room for.
pub(super) struct Transcript {
    file: File,
    waiting: Vec<u8>,
    /// How many bytes in front of those that wait are gone.
    lost: usize,
}

impl Transcript {
    /// The log in this file, which is appended to.
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            waiting: Vec::new(),
            lost: 0,
        }
    }

    /// The same log for somebody else, who has nothing waiting.
    pub(super) fn again(&self) -> io::Result<Self> {
        Ok(Self::new(self.file.try_clone()?))
    }

    /// Whether anything waits for room.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Adds what a command has written.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        self.catch_up();
        if self.waiting.len() > MAX_WAITING {
            self.forget_oldest();
        }
    }

    /// Writes down what waits, as far as there is room.
    pub(super) fn catch_up(&mut self) {
        if self.lost > 0 {
            let words = format!("\n[upwalk: {} bytes are missing here]\n", self.lost);
            let Ok(written) = written(&mut self.file, words.as_bytes()) else {
                return;
            };
            self.lost = 0;
            self.waiting.splice(..0, words.bytes().skip(written));
        }
        let mut done = 0;
        while let Some(rest) = self.waiting.get(done..).filter(|rest| !rest.is_empty()) {
            match written(&mut self.file, rest) {
                Ok(written) => done += written,
                Err(_) => break,
            }
        }
        self.waiting.drain(..done);
    }

    /// Makes room in memory: what came last tells more of a command than what came first. Half of it
    /// goes at once, so that bytes are not moved with each that comes.
    fn forget_oldest(&mut self) {
        let half = self.waiting.len() / 2;
        let end = self.waiting[half..].iter().position(|byte| *byte == b'\n');
        let gone = half + end.map_or(0, |end| end + 1);
        self.waiting.drain(..gone);
        self.lost += gone;
    }
}

/// Writes as much as there is room for now.
fn written(file: &mut File, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_WAITING, Transcript};
    use std::fs::File;
    use std::io::{Read as _, Seek as _};

    fn file() -> File {
        tempfile::tempfile().expect("a temporary file")
    }

    fn text(mut file: &File) -> String {
        let mut text = String::new();
        file.rewind().expect("it is a file");
        file.read_to_string(&mut text).expect("it is text");
        text
    }

    /// A log on a disk without room.
    fn full() -> Transcript {
        let options = File::options().append(true).open("/dev/full");
        Transcript::new(options.expect("every Linux has it"))
    }

    #[test]
    fn what_there_is_no_room_for_is_written_down_later() {
        let mut log = full();
        log.add(b"one\n");
        log.add(b"two\n");
        assert!(log.is_behind());
        log.file = file();
        log.add(b"three\n");
        assert!(!log.is_behind());
        assert_eq!(text(&log.file), "one\ntwo\nthree\n");
    }

    #[test]
    fn what_memory_cannot_hold_is_counted_and_the_latest_is_kept() {
        let mut log = full();
        let lines: Vec<String> = (0..400_000).map(|n| format!("line {n}\n")).collect();
        for line in &lines {
            log.add(line.as_bytes());
            assert!(log.waiting.len() <= MAX_WAITING);
        }
        log.file = file();
        log.catch_up();
        let written = text(&log.file);
        let (head, kept) = written.split_once("]\n").expect("it says what is missing");
        let all = lines.concat();
        assert!(all.ends_with(kept), "{kept:.80}");
        let missing = all.len() - kept.len();
        assert_eq!(head, format!("\n[upwalk: {missing} bytes are missing here"));
    }
}
