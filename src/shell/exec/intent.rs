//! An intent's files: `NNNN-stem.{lock,void,pid,log,times,cancel,left,exit}` and its `$OUTPUT`.
//!
//! Shim and supervisor share these; who may write what, and when, is architecture.md, "The step
//! shim".

use crate::shell::clock;
use crate::shell::store::{RunDir, put_in_place, replace, sync_dir, unfinished};
use crate::types::{BootId, Exit, ExitRecord, Millis, Reach, Seq};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The most bytes of `$OUTPUT` that are read.
const MAX_OUTPUT: u64 = 64 << 10;

/// Where an intent's files lie.
#[derive(Debug, Clone)]
pub(in crate::shell) struct Intent {
    pub(in crate::shell) dir: RunDir,
    pub(in crate::shell) number: Seq,
    pub(in crate::shell) stem: String,
}

/// The first line of `.pid`: the shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::shell) struct ShimLine {
    pub(in crate::shell) boot: BootId,
    pub(in crate::shell) pid: i32,
    pub(in crate::shell) start: u64,
    pub(in crate::shell) up: Millis,
}

/// The second line of `.pid`: the command's first process, whose number is its group's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::shell) struct GroupLine {
    pub(in crate::shell) group: i32,
    pub(in crate::shell) start: u64,
}

/// What `.pid` says. A crash may have cut it off anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::shell) struct PidFile {
    pub(in crate::shell) shim: Option<ShimLine>,
    pub(in crate::shell) command: Option<GroupLine>,
}

/// The variables that a command wrote, or what is wrong with what it wrote.
type Written = Result<BTreeMap<String, String>, String>;

/// What `.cancel` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::shell) struct Cancel {
    /// Who asked, or why.
    pub(in crate::shell) why: String,
    /// When, by `CLOCK_BOOTTIME`.
    pub(in crate::shell) up: Millis,
    /// Whether the command alone is meant, or what outlives it too.
    #[serde(default)]
    pub(in crate::shell) reach: Reach,
}

/// What the `.pid` at this path says.
fn read_pid(path: &Path) -> io::Result<Option<PidFile>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    if !text.contains('\n') {
        return Ok(None);
    }
    let mut lines = text.lines();
    // A line that a crash has cut off says nothing.
    Ok(Some(PidFile {
        shim: lines
            .next()
            .and_then(|line| serde_json::from_str(line).ok()),
        command: lines
            .next()
            .and_then(|line| serde_json::from_str(line).ok()),
    }))
}

/// The first process of the command whose log this is, for people; none as long as it is not known.
pub fn command_pid(log: &Path) -> Option<i32> {
    let said = read_pid(&log.with_extension("pid")).ok().flatten()?;
    said.command.map(|command| command.group)
}

impl Intent {
    /// The name of the mark in the environment of everything that its command starts.
    pub(in crate::shell) const MARK: &str = "UPWALK_ATTEMPT";

    /// A file of it.
    pub(in crate::shell) fn file(&self, suffix: &str) -> PathBuf {
        self.dir.intent_file(self.number, &self.stem, suffix)
    }

    /// Whether it has this file.
    pub(in crate::shell) fn has(&self, suffix: &str) -> bool {
        self.file(suffix).exists()
    }

    /// The mark's value. The whole path: runs of two state directories may have the same name.
    pub(in crate::shell) fn mark(&self) -> String {
        format!("{}/{}", self.dir.path().display(), self.number)
    }

    /// The lock's file; it was created before the intent was journalled.
    pub(in crate::shell) fn open_lock(&self) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::open(
            self.file("lock"),
            flags,
            Mode::empty(),
        )?))
    }

    /// Waits for the lock.
    pub(in crate::shell) fn wait_for(lock: &File) -> io::Result<()> {
        let wait = || rustix::fs::flock(lock, FlockOperation::LockExclusive);
        Ok(rustix::io::retry_on_intr(wait)?)
    }

    /// A line of `.pid`.
    pub(in crate::shell) fn line(said: &impl Serialize) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(said)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// What `.pid` says; none where the shim did not come so far as to have its first line durable:
    /// then it has started nothing.
    pub(in crate::shell) fn read_pid(&self) -> io::Result<Option<PidFile>> {
        read_pid(&self.file("pid"))
    }

    /// Writes `.exit`: all of it or nothing. Where the disk is full, the run's reserve is for this.
    pub(in crate::shell) fn write_exit(&self, record: &ExitRecord) -> io::Result<()> {
        let bytes = serde_json::to_vec(record)?;
        self.dir
            .with_reserve(|| replace(&self.file("exit"), &bytes))
    }

    /// Writes `.void`: nothing was started, and nothing ever will be.
    pub(in crate::shell) fn write_void(&self) -> io::Result<()> {
        self.dir.with_reserve(|| replace(&self.file("void"), b""))
    }

    /// What `.exit` says; none where there is no such file.
    pub(in crate::shell) fn read_exit(&self) -> io::Result<Option<ExitRecord>> {
        match std::fs::read(self.file("exit")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            bytes => Ok(Some(serde_json::from_slice(&bytes?)?)),
        }
    }

    /// Puts a status in its place that a killed shim had written in full, but not yet there. Needs no
    /// room, and leaves it as it was where it fails.
    pub(in crate::shell) fn finish_exit(&self) -> io::Result<()> {
        let path = self.file("exit");
        let bytes = match std::fs::read(unfinished(&path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            bytes => bytes?,
        };
        match serde_json::from_slice::<ExitRecord>(&bytes) {
            Ok(_) => put_in_place(&path),
            // The shim was killed while it wrote.
            Err(_) => Ok(()),
        }
    }

    /// Asks for the command's end, or says that what outlives it may stay; the later word counts.
    pub(in crate::shell) fn write_cancel(&self, why: &str, reach: Reach) -> io::Result<()> {
        let cancel = Cancel {
            why: why.to_owned(),
            up: clock::up(),
            reach,
        };
        replace(&self.file("cancel"), &serde_json::to_vec(&cancel)?)
    }

    /// What `.cancel` asks for; none where nobody has asked. A file that cannot be read asks for
    /// the end all the same: somebody wrote it.
    pub(in crate::shell) fn cancelled(&self) -> Option<Reach> {
        let bytes = std::fs::read(self.file("cancel")).ok()?;
        let cancel: Option<Cancel> = serde_json::from_slice(&bytes).ok();
        Some(cancel.map_or(Reach::Command, |cancel| cancel.reach))
    }

    /// Notes who outlives the ended command, for a supervisor that takes over.
    pub(in crate::shell) fn write_left(&self, left: &[String]) -> io::Result<()> {
        replace(&self.file("left"), &serde_json::to_vec(left)?)
    }

    /// Who outlives the ended command, as the shim last noted it; empty where it has noted nobody.
    pub(in crate::shell) fn read_left(&self) -> Vec<String> {
        let bytes = std::fs::read(self.file("left")).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// How long its log is.
    pub(in crate::shell) fn log_bytes(&self) -> u64 {
        self.file("log").metadata().map_or(0, |meta| meta.len())
    }

    /// `$OUTPUT`, as every command of a step sees it.
    pub(in crate::shell) fn output_file(&self) -> PathBuf {
        self.dir.output_dir(self.number).join("variables")
    }

    /// Makes durable what the command wrote to `$OUTPUT`, before anything says that it has ended. A
    /// file that cannot be synced, or is none any more, is read as it is.
    pub(in crate::shell) fn sync_output(&self) {
        let path = self.output_file();
        let written = |file: &File| {
            file.metadata()
                .is_ok_and(|meta| meta.is_file() && meta.len() > 0)
        };
        let Some(file) = open_foreign(&path).ok().flatten().filter(written) else {
            return;
        };
        let _ = file.sync_all();
        for dir in path.ancestors().skip(1).take(3) {
            let _ = sync_dir(dir);
        }
    }

    /// What the command wrote to `$OUTPUT`: `name=value` lines, nothing where there is no file; or
    /// what is wrong with that. A command that did not end by itself may have torn its last line,
    /// which is left out. Fails where it may be readable in a moment.
    pub(in crate::shell) fn read_output(&self, exit: Option<&Exit>) -> io::Result<Written> {
        let path = self.output_file();
        Ok(match read_foreign(&path) {
            Ok(None) => Ok(BTreeMap::new()),
            Ok(Some(bytes)) if bytes.len() as u64 > MAX_OUTPUT => Err(format!(
                "{} is longer than {} KiB",
                path.display(),
                MAX_OUTPUT >> 10
            )),
            Ok(Some(bytes)) if matches!(exit, Some(Exit::Code(_))) => variables(&bytes),
            Ok(Some(bytes)) => {
                let last = bytes.iter().rposition(|b| *b == b'\n');
                variables(&bytes[..last.map_or(0, |at| at + 1)])
            }
            Err(error) if is_passing(&error) => return Err(error),
            Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
        })
    }
}

/// Whether an error says something about this moment, and nothing about the file.
fn is_passing(error: &io::Error) -> bool {
    let passing = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO];
    let number = error.raw_os_error();
    passing
        .iter()
        .any(|errno| number == Some(errno.raw_os_error()))
}

/// A file that another user may have put anything in the place of; none where there is none.
fn open_foreign(path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => Ok(None),
        fd => Ok(Some(File::from(fd?))),
    }
}

/// Its first bytes.
fn read_foreign(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open_foreign(path)? else {
        return Ok(None);
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file any more"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_OUTPUT + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Reads `name=value` lines; empty lines are passed over, a later value replaces an earlier one.
fn variables(bytes: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|b| *b == b'\n').count();
        format!("line {line} is not UTF-8")
    })?;
    let mut found = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            continue;
        }
        let bad = |what: &str| Err(format!("line {} {what}", index + 1));
        let Some((name, value)) = line.split_once('=') else {
            return bad("has no \"=\": write name=value");
        };
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(word) {
            return bad("does not begin with a variable's name ([a-z][a-z0-9_]*)");
        }
        if value.contains('\0') {
            return bad("has a NUL byte in it");
        }
        found.insert(name.to_owned(), value.to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_name_and_value_and_errors_name_the_line() {
        let read = |text: &str| variables(text.as_bytes());
        let found = read("port=5433\n\nempty=\nurl=http://x/?a=b\n").expect("three variables");
        assert_eq!(found.len(), 3);
        assert_eq!(found["url"], "http://x/?a=b");
        assert_eq!(found["empty"], "");
        for (text, line) in [
            ("a=1\nnonsense\n", "line 2"),
            ("A=1", "line 1"),
            ("\n\n=1", "line 3"),
            ("a=\0", "line 1"),
        ] {
            assert!(read(text).is_err_and(|why| why.contains(line)), "{text}");
        }
        assert!(variables(b"a=1\nb=\xff").is_err_and(|why| why.contains("line 2")));
    }
}
