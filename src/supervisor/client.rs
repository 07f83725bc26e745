//! The front ends' side: find the run's supervisor or start it, attach, decide, look. It shows
//! nothing and decides nothing. Called by `cli`, `tui` and `plain`, which see nothing else of the
//! supervisor.

use super::load::LoadError;
use super::serve::{FAILED, READY, TAKEN};
use super::server;
use super::wire::{self, FrameError, FromServer, Part, ToServer};
use crate::journal::Decision;
use crate::shell::store::{RunDir, StateDir, StoreError};
use crate::shell::{clock, identity, os};
use crate::types::{Millis, RunId, Seq};
use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use super::mirror::{Mirror, log_path, now, read_run};
pub use crate::shell::tail::{Line, LogReader, MAX_LINE};

/// How long a supervisor may take to say hello.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// How long a supervisor may take to read its journal and to be ready.
const READY_WITHIN: Millis = Millis::from_secs(60);
/// How long another supervisor may take to open its socket, or to end and let go of its lock.
const PATIENCE: Millis = Millis::from_secs(10);

/// Why no supervisor can be spoken with.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct ClientError {
    /// What failed, one sentence.
    pub what: String,
    /// A command that helps.
    pub hint: Option<String>,
    /// The exit code that goes with it (1, 3, 7 or 8).
    pub code: u8,
    /// The run's supervisor is another upwalk, which speaks otherwise: the program it runs. Whoever
    /// replaces this process by that, with the same arguments, will be understood.
    pub other: Option<PathBuf>,
}

impl ClientError {
    /// An error outside upwalk.
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: None,
            code: 1,
            other: None,
        }
    }

    /// With a command that helps.
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<LoadError> for ClientError {
    fn from(LoadError { what, hint, code }: LoadError) -> Self {
        Self {
            what,
            hint,
            code,
            other: None,
        }
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        LoadError::from(error).into()
    }
}

/// News from the supervisor.
#[derive(Debug, Clone)]
pub enum Update {
    /// A frame.
    Frame(Box<FromServer>),
    /// The connection is gone: the supervisor ended or died. Comes once, as the last.
    Gone(String),
}

/// A connection to a run's supervisor; dropping it leaves.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    /// Held while a frame is written, so that frames arrive whole.
    writing: Mutex<()>,
    next: AtomicU64,
}

impl Client {
    /// Attaches to the run's supervisor, starting one where none lives. `on_update` is called on a
    /// thread of its own for every frame, in order.
    pub fn attach(
        state_dir: &StateDir,
        run: &RunId,
        part: Part,
        on_update: impl FnMut(Update) + Send + 'static,
    ) -> Result<Self, ClientError> {
        let dir = state_dir.run(run)?;
        let began = clock::up();
        loop {
            if let Some(connection) = Connection::open(&dir)? {
                return connection.join(part, on_update);
            }
            if clock::up().since(began) > PATIENCE {
                return Err(ClientError::new(format!(
                    "the supervisor of {run} does not open its socket, or that of an earlier run \
                     of the service does not end"
                ))
                .hint(format!("tail {}", dir.supervisor_log().display())));
            }
            start(&dir)?;
        }
    }

    /// Attaches to the run's supervisor; none where none lives.
    pub fn attach_existing(
        state_dir: &StateDir,
        run: &RunId,
        part: Part,
        on_update: impl FnMut(Update) + Send + 'static,
    ) -> Result<Option<Self>, ClientError> {
        let dir = state_dir.run(run)?;
        let connection = Connection::open(&dir)?;
        connection
            .map(|connection| connection.join(part, on_update))
            .transpose()
    }

    /// Sends a decision; the reply comes as an update with the returned id.
    pub fn decide(&self, at: Option<Seq>, decision: Decision) -> Result<u64, ClientError> {
        self.ask(|id| ToServer::Decide { id, at, decision })
    }

    /// Takes the controls; the reply comes as an update with the returned id.
    pub fn take_controls(&self) -> Result<u64, ClientError> {
        self.ask(|id| ToServer::TakeControls { id })
    }

    /// Asks whether the supervisor is alive; the pong comes as an update with the returned id.
    pub fn ping(&self) -> Result<u64, ClientError> {
        self.ask(|id| ToServer::Ping { id })
    }

    /// Sends a frame with an id of its own.
    fn ask(&self, frame: impl FnOnce(u64) -> ToServer) -> Result<u64, ClientError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let line = wire::encode_to_server(&frame(id));
        let _whole = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match send(&self.stream, &line) {
            Ok(()) => Ok(id),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Writes a frame; one that the supervisor would refuse is refused here.
fn send(stream: &UnixStream, line: &[u8]) -> Result<(), ClientError> {
    if line.len() > wire::MAX_FRAME {
        return Err(ClientError::new(format!(
            "this is too long to be sent: {} bytes, and {} are the most",
            line.len(),
            wire::MAX_FRAME
        )));
    }
    server::send(stream, line).map_err(|error| {
        ClientError::new(format!(
            "the supervisor cannot be reached any more: {error}"
        ))
        .hint("attach again; what runs goes on")
    })
}

/// Starts a supervisor for the run and waits until it is ready, or until it may be that another
/// one is.
fn start(dir: &RunDir) -> Result<(), ClientError> {
    let log = dir.supervisor_log();
    let tail = format!("tail {}", log.display());
    let line = os::spawn_supervisor(dir.path(), &log, READY_WITHIN).map_err(|error| {
        ClientError::new(format!("the run's supervisor cannot be started: {error}")).hint(&tail)
    })?;
    let line = line.trim_end();
    if line == READY {
        return Ok(());
    }
    if line == TAKEN {
        // Its socket, or the end of its lock, is a moment away; neither can be waited for.
        std::thread::sleep(Duration::from_millis(20));
        return Ok(());
    }
    let reason = line.strip_prefix(FAILED);
    let reason: Option<LoadError> = reason.and_then(|text| serde_json::from_str(text).ok());
    Err(match reason {
        Some(error) => error.into(),
        None if line.is_empty() => {
            ClientError::new("the run's supervisor ended before it was ready").hint(tail)
        }
        None => ClientError::new(format!("the run's supervisor said \"{line}\"")).hint(tail),
    })
}

/// A connection whose server has said hello.
struct Connection {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
    hello: FromServer,
}

impl Connection {
    /// Connects to the run's supervisor; none where nobody listens.
    fn open(dir: &RunDir) -> Result<Option<Self>, ClientError> {
        let socket = dir.socket_path();
        let broken = |error: io::Error| {
            ClientError::new(format!("cannot speak with {}: {error}", socket.display()))
                .hint(format!("tail {}", dir.supervisor_log().display()))
        };
        let stream = match connect(dir.path()) {
            Ok(stream) => stream,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(None),
                    _ => Err(broken(error)),
                };
            }
        };
        stream
            .set_read_timeout(Some(HELLO_WITHIN))
            .map_err(broken)?;
        let mut lines = BufReader::new(stream.try_clone().map_err(broken)?);
        let line = match wire::read_line(&mut lines, wire::MAX_SERVER_FRAME) {
            Ok(line) => line,
            // It ended between our connecting and its accepting.
            Err(FrameError::Closed | FrameError::Half) => return Ok(None),
            Err(FrameError::Broken(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(ClientError::new("the run's supervisor does not answer")
                    .hint(format!("tail {}", dir.supervisor_log().display())));
            }
            Err(FrameError::Broken(error)) if error.kind() == io::ErrorKind::ConnectionReset => {
                return Ok(None);
            }
            Err(error) => return Err(broken(io::Error::other(error))),
        };
        stream.set_read_timeout(None).map_err(broken)?;
        match wire::version_of(&line) {
            Some(wire::VERSION) | None => {}
            Some(other) => return Err(another(&stream, other)),
        }
        match serde_json::from_slice(&line) {
            Ok(FromServer::Bye { why }) => Err(ClientError::new(why)),
            Ok(hello @ FromServer::Hello { .. }) => Ok(Some(Self {
                stream,
                lines,
                hello,
            })),
            Ok(_) => Err(broken(io::Error::other("its first frame is no hello"))),
            Err(error) => Err(broken(error.into())),
        }
    }

    /// Says hello and begins to read.
    fn join(
        self,
        part: Part,
        mut on_update: impl FnMut(Update) + Send + 'static,
    ) -> Result<Client, ClientError> {
        let hello = ToServer::Hello {
            wire: wire::VERSION,
            who: identity::who(),
            part,
        };
        send(&self.stream, &wire::encode_to_server(&hello))?;
        let Self {
            stream,
            mut lines,
            hello,
        } = self;
        std::thread::Builder::new()
            .name("from-supervisor".to_owned())
            .spawn(move || {
                on_update(Update::Frame(Box::new(hello)));
                let why = read_all(&mut lines, &mut on_update);
                on_update(Update::Gone(why));
            })
            .map_err(|error| ClientError::new(format!("no thread can be started: {error}")))?;
        Ok(Client {
            stream,
            writing: Mutex::new(()),
            next: AtomicU64::new(1),
        })
    }
}

/// Connects by way of the open directory, since paths of sockets end at 107 bytes.
fn connect(dir: &Path) -> io::Result<UnixStream> {
    let dir = server::open_dir(dir)?;
    UnixStream::connect(server::path(dir.as_fd()))
}

/// The supervisor speaks another wire version. Its own program is worth naming only where nobody
/// but root and ourselves can have chosen it.
fn another(stream: &UnixStream, version: u32) -> ClientError {
    let peer = os::login_peer(stream).ok();
    let trusted = peer.filter(|peer| peer.uid == 0 || peer.uid == identity::uid());
    ClientError {
        what: format!(
            "the run's supervisor is another upwalk: it speaks wire version {version}, this one \
             {}",
            wire::VERSION
        ),
        hint: trusted.map(|peer| format!("/proc/{}/exe attach", peer.pid)),
        code: 1,
        other: trusted.map(|peer| PathBuf::from(format!("/proc/{}/exe", peer.pid))),
    }
}

/// Gives every frame to `on_update`; returns why there are no more.
fn read_all(lines: &mut BufReader<UnixStream>, on_update: &mut impl FnMut(Update)) -> String {
    let mut said = None;
    loop {
        let line = match wire::read_line(lines, wire::MAX_SERVER_FRAME) {
            Ok(line) => line,
            Err(FrameError::Closed | FrameError::Half | FrameError::Broken(_)) => {
                return said.unwrap_or_else(|| {
                    "The supervisor is gone. What runs goes on; attach again.".to_owned()
                });
            }
            Err(error @ FrameError::TooLong(_)) => {
                return format!("The supervisor cannot be understood: {error}.");
            }
        };
        match serde_json::from_slice(&line) {
            Ok(frame) => {
                if let FromServer::Bye { why } = &frame {
                    said = Some(why.clone());
                }
                on_update(Update::Frame(Box::new(frame)));
            }
            Err(error) => return format!("The supervisor cannot be understood: {error}."),
        }
    }
}

/// Whether a supervisor serves the run in this directory.
pub fn is_served(dir: &RunDir) -> bool {
    connect(dir.path()).is_ok()
}
