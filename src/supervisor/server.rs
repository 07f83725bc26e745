//! The socket: lets front ends in, checks who they are, carries their frames to the loop and the
//! loop's frames to them. It decides nothing and never makes the loop wait: each connection has a
//! reader and a writer thread of its own. Called by `serve`.

use super::outbox::{Line, Outbox};
use super::service::Msg;
use super::wire::{self, FrameError, FromServer, Part, ToServer};
use crate::shell::os;
use crate::shell::users::User;
use crate::types::Who;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType};
use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

/// The socket's name in the run's directory.
const NAME: &str = "supervisor.sock";
/// How many front ends may be connected.
const MOST: usize = 64;
/// How long a front end may take to say who it is.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// A front end, for as long as it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClientId(pub(super) u64);

/// What a new connection is told and held to.
#[derive(Debug, Clone)]
pub(super) struct Greeting {
    /// The server's first frame.
    pub(super) hello: Line,
    /// The uid that may connect besides root.
    pub(super) owner: u32,
}

/// Binds the socket in this directory in place of whatever lies there. Only the holder of the
/// service's lock may call this.
pub(super) fn bind(dir: BorrowedFd<'_>) -> io::Result<UnixListener> {
    unlink(dir)?;
    let socket = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    // The mode of a socket before it is bound is that of its file afterwards: nobody else ever
    // sees it with another one.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path(dir))?)?;
    rustix::net::listen(&socket, 64)?;
    Ok(socket.into())
}

/// Removes the socket's file, where there is one.
pub(super) fn unlink(dir: BorrowedFd<'_>) -> io::Result<()> {
    match rustix::fs::unlinkat(dir, NAME, rustix::fs::AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Opens a run's directory to reach its socket.
pub(super) fn open_dir(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?)
}

/// The socket's path by way of the open directory, since paths of sockets end at 107 bytes.
pub(super) fn path(dir: BorrowedFd<'_>) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{NAME}", dir.as_raw_fd()))
}

/// Accepts front ends for ever, each with threads of its own.
pub(super) fn accept(listener: &UnixListener, greeting: &Greeting, loop_: &SyncSender<Msg>) {
    let connected = Arc::new(AtomicUsize::new(0));
    for number in 0.. {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                super::log(&format!("cannot accept a connection: {error}"));
                // Out of descriptors or memory: the connections that are there go on, and closing
                // one of them makes room.
                std::thread::sleep(Duration::from_millis(200));
                continue;
            }
        };
        let place = Place::take(&connected);
        if let Err(why) = admit(&stream, greeting, place.as_ref()) {
            super::log(&format!("a connection was turned away: {why}"));
            // It may be gone already; there is nobody else to tell.
            let _ = send(&stream, &wire::encode(&FromServer::Bye { why }));
            continue;
        }
        if let Err(error) = converse(stream, ClientId(number), greeting, loop_, place) {
            super::log(&format!("cannot serve a connection: {error}"));
        }
    }
}

/// One of the places for connections, given back when dropped.
#[derive(Debug)]
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(connected: &Arc<AtomicUsize>) -> Option<Self> {
        let before = connected.fetch_add(1, Ordering::Relaxed);
        let place = Self(Arc::clone(connected));
        (before < MOST).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether the peer may connect; else why not.
fn admit(stream: &UnixStream, greeting: &Greeting, place: Option<&Place>) -> Result<(), String> {
    let uid =
        peer(stream).map_err(|error| format!("The kernel does not say who you are: {error}."))?;
    if uid != 0 && uid != greeting.owner {
        return Err(format!(
            "This run belongs to {}; only they and root may attach.",
            name_of(greeting.owner)
        ));
    }
    place
        .map(|_| ())
        .ok_or_else(|| format!("{MOST} front ends are attached already; leave one of them first."))
}

/// The uid at the other end, as the kernel says it.
fn peer(stream: &UnixStream) -> io::Result<u32> {
    Ok(os::login_peer(stream)?.uid)
}

/// A uid's name, or what there is of one.
fn name_of(uid: u32) -> String {
    User::numbered(uid).map_or_else(|| format!("uid {uid}"), |user| user.name)
}

/// Starts the two threads of a connection.
fn converse(
    stream: UnixStream,
    id: ClientId,
    greeting: &Greeting,
    loop_: &SyncSender<Msg>,
    place: Option<Place>,
) -> io::Result<()> {
    let outbox = Outbox::new();
    outbox.load(std::slice::from_ref(&greeting.hello));
    let writer = (stream.try_clone()?, outbox.clone());
    std::thread::Builder::new()
        .name(format!("to-{}", id.0))
        .spawn(move || write_all(&writer.0, &writer.1))?;
    let loop_ = loop_.clone();
    std::thread::Builder::new()
        .name(format!("from-{}", id.0))
        .spawn(move || {
            read_all(&stream, id, &outbox, &loop_);
            drop(place);
        })
        .map(drop)
}

/// The writer: sends what is queued until the queue is closed or nobody reads.
fn write_all(stream: &UnixStream, outbox: &Outbox) {
    while let Some(line) = outbox.next() {
        if send(stream, &line).is_err() {
            break;
        }
    }
    outbox.abandon();
    // What was sent stays readable at the other end; the reader thread ends by this.
    let _ = stream.shutdown(Shutdown::Both);
}

/// Writes all of it; a peer that is gone is an error, never a signal.
pub(super) fn send(stream: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::net::send(&stream, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The reader: hellos, then frames to the loop until the connection ends.
fn read_all(stream: &UnixStream, id: ClientId, outbox: &Outbox, loop_: &SyncSender<Msg>) {
    let mut lines = BufReader::new(stream);
    let why = match hello(stream, &mut lines) {
        Ok((who, part)) => {
            let joined = Msg::Joined {
                id,
                who,
                part,
                outbox: outbox.clone(),
            };
            if loop_.send(joined).is_err() {
                return;
            }
            let why = frames(&mut lines, id, loop_);
            // Where the loop has ended, nobody needs to know.
            let _ = loop_.send(Msg::Left { id });
            why
        }
        Err(why) => why,
    };
    match why {
        Farewell::Silent => outbox.abandon(),
        Farewell::Said(why) => {
            super::log(&format!("front end {} is sent away: {why}", id.0));
            outbox.finish(wire::encode(&FromServer::Bye { why }).into());
        }
    }
    // Wakes the writer where it waits for somebody who is gone.
    let _ = stream.shutdown(Shutdown::Read);
}

/// How a conversation ends.
enum Farewell {
    /// The other end is gone.
    Silent,
    /// The other end is told why.
    Said(String),
}

impl From<FrameError> for Farewell {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Closed => Self::Silent,
            FrameError::Half | FrameError::TooLong(_) | FrameError::Broken(_) => {
                Self::Said(format!("The connection is closed: {error}."))
            }
        }
    }
}

/// Reads the first frame: who it is, as far as the kernel bears that out.
fn hello(stream: &UnixStream, lines: &mut BufReader<&UnixStream>) -> Result<(Who, Part), Farewell> {
    let broken = |error| Farewell::from(FrameError::Broken(error));
    stream
        .set_read_timeout(Some(HELLO_WITHIN))
        .map_err(broken)?;
    let line = wire::read_line(lines, wire::MAX_FRAME)?;
    stream.set_read_timeout(None).map_err(broken)?;
    let uid = peer(stream).map_err(broken)?;
    if let Some(other) = wire::version_of(&line).filter(|version| *version != wire::VERSION) {
        return Err(Farewell::Said(format!(
            "You speak wire version {other}; this supervisor ({}) speaks {}.",
            super::UPWALK,
            wire::VERSION
        )));
    }
    match serde_json::from_slice(&line) {
        Ok(ToServer::Hello { who, part, .. }) => Ok((borne_out(who, uid), part)),
        Ok(
            ToServer::Decide { .. }
            | ToServer::Ping { .. }
            | ToServer::TakeControls { .. }
            | ToServer::Handover { .. }
            | ToServer::Key,
        ) => Err(Farewell::Said(
            "The first frame has to be a hello.".to_owned(),
        )),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Sends frames to the loop until the connection ends or a frame cannot be read.
fn frames(lines: &mut BufReader<&UnixStream>, id: ClientId, loop_: &SyncSender<Msg>) -> Farewell {
    loop {
        let line = match wire::read_line(lines, wire::MAX_FRAME) {
            Ok(line) => line,
            Err(error) => return error.into(),
        };
        let frame = match serde_json::from_slice::<ToServer>(&line) {
            Ok(frame) => frame,
            Err(error) => return unreadable(&error),
        };
        if loop_.send(Msg::Frame { id, frame }).is_err() {
            return Farewell::Silent;
        }
    }
}

fn unreadable(error: &serde_json::Error) -> Farewell {
    Farewell::Said(format!(
        "The connection is closed: a frame cannot be read: {error}."
    ))
}

/// What is believed of a hello: root may speak for whoever logged in, everybody else only for
/// themselves.
fn borne_out(claimed: Who, uid: u32) -> Who {
    let login = if uid == 0 && is_plain(&claimed.login, 64) {
        claimed.login
    } else {
        name_of(uid)
    };
    Who {
        login,
        uid,
        ssh: claimed.ssh.filter(|from| is_plain(from, 128)),
    }
}

/// A short text that may stand on any screen.
fn is_plain(text: &str, longest: usize) -> bool {
    !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(login: &str) -> Who {
        Who {
            login: login.to_owned(),
            uid: 4711,
            ssh: Some("192.0.2.7".to_owned()),
        }
    }

    #[test]
    fn root_may_speak_for_the_login_user_and_nobody_else_may() {
        assert_eq!(borne_out(who("anna"), 0).login, "anna");
        assert_eq!(borne_out(who("anna"), 0).uid, 0);
        assert_ne!(borne_out(who("anna"), 65_534).login, "anna");
        assert_eq!(borne_out(who("anna"), 65_534).uid, 65_534);
        assert_eq!(borne_out(who("an\x1b[2Jna"), 0).login, name_of(0));
        let mut noisy = who("anna");
        noisy.ssh = Some("\x07".to_owned());
        assert_eq!(borne_out(noisy, 0).ssh, None);
    }
}
