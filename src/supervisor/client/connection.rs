//! The client's end of the socket: connecting, the hellos, and the thread that reads.

use super::{Client, ClientError, Update};
use crate::shell::store::RunDir;
use crate::shell::{identity, os};
use crate::supervisor::server;
use crate::supervisor::wire::{self, FrameError, FromServer, Part, ToServer};
use std::io::{self, BufReader};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// How long a supervisor may take to say hello.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// A connection whose server has said hello.
pub(super) struct Connection {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
    hello: FromServer,
}

impl Connection {
    /// Connects to the run's supervisor and says hello; none where nobody listens.
    pub(super) fn open(dir: &RunDir, part: Part) -> Result<Option<Self>, ClientError> {
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
                return Err(silent(&stream, dir));
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
            Ok(hello @ FromServer::Hello { .. }) => match greet(&stream, part) {
                Ok(()) => Ok(Some(Self {
                    stream,
                    lines,
                    hello,
                })),
                // It ended after its hello: whoever looks again finds the run's end, or the next one.
                Err(error) if is_gone(&error) => Ok(None),
                Err(error) => Err(broken(error)),
            },
            Ok(_) => Err(broken(io::Error::other("its first frame is no hello"))),
            Err(error) => Err(broken(error.into())),
        }
    }

    /// Begins to read.
    pub(super) fn join(
        self,
        mut on_update: impl FnMut(Update) + Send + 'static,
    ) -> Result<Client, ClientError> {
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

/// Says who is there.
fn greet(stream: &UnixStream, part: Part) -> io::Result<()> {
    let hello = ToServer::Hello {
        wire: wire::VERSION,
        who: identity::who(),
        part,
    };
    server::send(stream, &wire::encode_to_server(&hello))
}

/// Whether the other end has closed the connection.
fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

/// The supervisor lives, but says nothing.
fn silent(stream: &UnixStream, dir: &RunDir) -> ClientError {
    match os::login_peer(stream) {
        Ok(peer) if os::is_stopped(peer.pid) => ClientError::new(format!(
            "the run's supervisor, process {}, was stopped by a signal; what runs goes on",
            peer.pid
        ))
        .hint(format!("kill -CONT {}", peer.pid)),
        Ok(_) | Err(_) => ClientError::new("the run's supervisor does not answer")
            .hint(format!("tail {}", dir.supervisor_log().display())),
    }
}

/// Connects by way of the open directory, since paths of sockets end at 107 bytes.
pub(super) fn connect(dir: &Path) -> io::Result<UnixStream> {
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
        hint: Some("use the upwalk that the run was started with, or root".to_owned()),
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
