//! The step shim (`upwalk __exec`): runs one command in a session of its own and keeps its end.
//!
//! The supervisor starts one for each intent and may die at any time after; the shim goes on, obeys
//! `timeout`, `grace` and `.cancel`, and leaves the status in `.exit`. It holds the intent's lock
//! until that is safe. It decides nothing else and reads no journal.

mod pty;
mod times;
mod transcript;
mod watch;

use super::command::{self, Output, Started};
use super::exec::{GroupLine, Intent, ShimLine};
use super::proc::Proc;
use super::store::{RunDir, create_new, open_new};
use super::tail::LogReader;
use super::users::User;
use super::{clock, identity, os};
use crate::types::{CommandSpec, EnvValue, Exit, ExitRecord, Millis, Seq};
use rustix::fs::{Mode, OFlags};
use rustix::process::Pid;
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pty::Pump;
pub(super) use pty::{KEYS, MAX_WORD, SIZE};
pub(super) use times::RECORD;
use watch::{End, Watch};

/// What the shim is told on standard input. Secrets are filled in: they stand on no command line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) run_dir: PathBuf,
    pub(super) number: Seq,
    pub(super) stem: String,
    pub(super) command: CommandSpec,
}

/// What the shim says on standard output, one JSON line each, as long as anybody listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Word {
    /// What it still waits for.
    Still(String),
    /// Who outlives the command that was ended, outside of its group, as `pid command`.
    Outlived(Vec<String>),
    /// `.exit` is written and durable.
    Done,
    /// Nobody can know how the command ended: why.
    Lost(String),
    /// Nothing was started, and why.
    NotStarted(String),
}

/// How long a status that cannot be written is kept before it is tried again.
const RETRY: Millis = Millis(2000);

/// The shim's main function: reads its job from standard input; returns its exit status.
pub fn main() -> u8 {
    os::become_session();
    let lock = match begin() {
        Ok(Some(begun)) => begun.keep(),
        // Voided, or started before: whoever listens finds that out from the files.
        Ok(None) => return 0,
        Err(why) => {
            say(&Word::NotStarted(why));
            return 1;
        }
    };
    drop(lock);
    0
}

/// Says a word; nobody may be listening any more.
fn say(word: &Word) {
    if let Ok(mut line) = serde_json::to_vec(word) {
        line.push(b'\n');
        // Unbuffered: standard output's own buffer would be flushed line by line all the same.
        let _ = rustix::io::write(rustix::stdio::stdout(), &line);
    }
}

/// An intent whose fence is closed behind this shim: it alone may start the command.
struct Begun {
    intent: Intent,
    command: CommandSpec,
    lock: File,
    pid_file: File,
    log: File,
    /// Kept until the status is safe: where this shim is killed before, its supervisor inherits it.
    started: Option<Started>,
}

/// Takes the lock and writes `.pid`. None where the intent is void or was begun before.
fn begin() -> Result<Option<Begun>, String> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    let order = read.and_then(|_| Ok(serde_json::from_slice::<Order>(&bytes)?));
    let order = order.map_err(|error| format!("the step shim got no order: {error}"))?;
    let intent = Intent {
        dir: RunDir::open(&order.run_dir).map_err(|error| error.to_string())?,
        number: order.number,
        stem: order.stem,
    };
    let dir = intent.dir.path().display();
    close_fence(&intent)
        .map_err(|error| format!("upwalk cannot write into {dir}: {error}"))?
        .map(|(lock, pid_file, log)| {
            let mut command = order.command;
            let mark = EnvValue::Plain(intent.mark());
            command.env.insert(Intent::MARK.to_owned(), mark);
            Ok(Begun {
                intent: intent.clone(),
                command,
                lock,
                pid_file,
                log,
                started: None,
            })
        })
        .transpose()
}

/// Lock, void, pid: in this order, so that whoever takes over knows whether anything was started.
fn close_fence(intent: &Intent) -> io::Result<Option<(File, File, File)>> {
    let lock = intent.open_lock()?;
    Intent::wait_for(&lock)?;
    if intent.has("void") || intent.has("pid") {
        return Ok(None);
    }
    // Before `.pid`: without it, nothing was started.
    let log = open_log(&intent.file("log"))?;
    let own = os::own_pid();
    bear_signals()?;
    let line = ShimLine {
        boot: clock::boot(),
        pid: own,
        start: Proc::read(own).map_or(0, |proc| proc.start),
        up: clock::up(),
    };
    let path = intent.file("pid");
    // It is left open for its second line.
    let pid_file = create_new(&path, &Intent::line(&line)?).inspect_err(|_| {
        // Nothing was started, and whoever takes over has to see that.
        let _ = std::fs::remove_file(&path);
    })?;
    Ok(Some((lock, pid_file, log)))
}

/// Whoever reads `.pid` may send a signal at once, and it must not end this process: a cancel is
/// looked for once the watch is set up.
fn bear_signals() -> io::Result<()> {
    for signal in [SIGTERM, SIGHUP, SIGINT, SIGUSR1] {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    Ok(())
}

/// The log: appended to by whoever writes, however many they are.
fn open_log(path: &Path) -> io::Result<File> {
    let flags =
        OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(
        path,
        flags,
        Mode::from_raw_mode(0o600),
    )?))
}

impl Begun {
    /// Runs the command, keeps its end, and gives the lock back.
    fn keep(mut self) -> File {
        let began = clock::up();
        let end = self.run();
        let (exit, left_running) = match end {
            End::Known { exit, left_running } => (exit, left_running),
            End::Lost(why) => {
                say(&Word::Lost(why));
                return self.lock;
            }
        };
        let record = ExitRecord {
            exit,
            at: clock::wall(),
            took: clock::up().since(began),
            left_running,
            // Of the file that the command wrote, whatever lies at its place now.
            log_bytes: self.log.metadata().map_or(0, |meta| meta.len()),
        };
        self.take_output_back();
        self.save(&record);
        say(&Word::Done);
        // What the status says of the log is true in memory already, and nobody waits for this.
        let _ = self.log.sync_all();
        self.lock
    }

    /// Starts the command and waits for its end.
    fn run(&mut self) -> End {
        let not_started = |why: String| End::Known {
            exit: Exit::NotStarted(why),
            left_running: Vec::new(),
        };
        let setup = os::become_subreaper().and_then(|()| Watch::new(&self.intent));
        let watch = match setup {
            Ok(watch) => watch,
            Err(error) => return not_started(format!("it cannot be watched: {error}")),
        };
        if let Err(error) = self.make_output() {
            let path = self.intent.output_file();
            let path = path.display();
            return not_started(format!("upwalk cannot make its $OUTPUT {path}: {error}"));
        }
        if self.intent.has("cancel") {
            return End::Known {
                exit: Exit::Cancelled,
                left_running: Vec::new(),
            };
        }
        match self.start() {
            Ok((started, pump)) => {
                let started = self.started.insert(started);
                watch.until_end(started, &self.command, pump)
            }
            // What a refusing sudo said is in the log.
            Err(why) => not_started(match self.last_line() {
                Some(said) => format!("{why} ({said})"),
                None => why,
            }),
        }
    }

    /// Starts the command, with a terminal where it is to have one.
    fn start(&mut self) -> Result<(Started, Option<Pump>), String> {
        let log = self.log.try_clone().map_err(|error| error.to_string())?;
        let Some(terminal) = self.command.terminal else {
            let started = command::start(&self.command, Output::Log(log), &mut |_| {})?;
            self.note_group(started.pid);
            return Ok((started, None));
        };
        let failed = |error: io::Error| format!("it cannot be given a terminal: {error}");
        let (theirs, mut pump) = Pump::new(&self.intent, terminal, log).map_err(failed)?;
        pump.await_person();
        let command = self.command.clone();
        let output = Output::Terminal(theirs);
        let started = command::start(&command, output, &mut |pid| self.note_group(pid))?;
        let pump = pump.start().map_err(failed)?;
        Ok((started, Some(pump)))
    }

    /// The last line of the log, where there is one.
    fn last_line(&self) -> Option<String> {
        let log = LogReader::open(&self.intent.file("log")).ok()?;
        let lines = log.lines_before(log.len().ok()?, 1).ok()?;
        let text = String::from_utf8_lossy(&lines.first()?.bytes).into_owned();
        Some(text.trim().chars().take(200).collect())
    }

    /// The second line of `.pid`.
    fn note_group(&mut self, pid: Pid) {
        let group = pid.as_raw_nonzero().get();
        let line = GroupLine {
            group,
            start: Proc::read(group).map_or(0, |proc| proc.start),
        };
        // Where it cannot be written the mark in the environment still tells who belongs here. Not
        // synced: whoever reads it in another boot asks for the first line only.
        let _ = Intent::line(&line).and_then(|line| self.pid_file.write_all(&line));
    }

    /// Writes `.exit`. A full disk is waited out: the status is known here alone.
    fn save(&self, record: &ExitRecord) {
        let mut told = false;
        while let Err(error) = self.intent.write_exit(record) {
            if !self.intent.dir.path().exists() {
                // Somebody has removed the whole run: nobody can ever ask.
                return;
            }
            if !told {
                say(&Word::Still(format!(
                    "it has ended ({}), but that cannot be written down: {error}",
                    record.exit
                )));
                told = true;
            }
            let _ = os::wait_readable(&[], Some(RETRY));
        }
    }

    /// Creates `$OUTPUT` for the step's user, where the command has it.
    fn make_output(&self) -> io::Result<()> {
        use std::os::unix::fs::{DirBuilderExt, chown};
        let file = self.intent.output_file();
        let named = match self.command.env.get("OUTPUT") {
            Some(EnvValue::Plain(path)) => Path::new(path) == file,
            Some(EnvValue::Secret(_)) | None => false,
        };
        let dirs = file.parent().and_then(|dir| Some((dir.parent()?, dir)));
        let Some((above, dir)) = dirs.filter(|_| named) else {
            return Ok(());
        };
        let mut builder = std::fs::DirBuilder::new();
        for (path, mode) in [(above, 0o711), (dir, 0o700)] {
            match builder.mode(mode).create(path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        // A umask may have taken the way down from others.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(above, mode)?;
        // Not durable before anything is in it: an `$OUTPUT` that is missing is an empty one.
        open_new(&file, 0o600)?;
        let user = self.command.user.as_deref().and_then(User::named);
        if let Some(user) = user.filter(|_| identity::is_root()) {
            chown(&file, Some(user.uid), Some(user.gid))?;
            chown(dir, Some(user.uid), Some(user.gid))?;
        }
        Ok(())
    }

    /// Has `$OUTPUT`'s directory back before it is read, and what is in it durable.
    fn take_output_back(&self) {
        let dir = self.intent.dir.output_dir(self.intent.number);
        if identity::is_root() {
            // Where the step removed it there is nothing to take back.
            let _ = std::os::unix::fs::lchown(dir, Some(0), Some(0));
        }
        self.intent.sync_output();
    }
}
