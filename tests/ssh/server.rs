//! A real sshd of a test's own: throw-away keys, a free port of the loopback or a network of its
//! own, and the present user, who logs in by key.

use crate::support::pty::Pty;
use crate::support::{Sandbox, kill, skip_missing, wait_until};
use rustix::process::Signal;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// Where Debian has it; it wants to be started by its whole path.
const SSHD: &str = "/usr/sbin/sshd";

/// Whether sshd gives up a client that answers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alive {
    /// After two to three seconds (`ClientAliveInterval 1`, `ClientAliveCountMax 2`).
    Asked,
    /// Never: the session hangs.
    NotAsked,
}

/// Host key and user key, made once for all tests.
struct Keys {
    dir: TempDir,
}

impl Keys {
    fn get() -> &'static Self {
        static KEYS: OnceLock<Keys> = OnceLock::new();
        KEYS.get_or_init(|| {
            let dir = tempfile::tempdir().expect("there is a temporary directory");
            for name in ["host", "user"] {
                let made = Command::new("ssh-keygen")
                    .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                    .arg(dir.path().join(name))
                    .stdin(Stdio::null())
                    .status();
                assert!(made.expect("ssh-keygen comes with ssh").success());
            }
            Self { dir }
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// A network of its own, which goes with the last process in it.
struct Network(Child);

impl Network {
    /// None where the machine forbids it.
    fn new() -> Option<Self> {
        let mut holder = Command::new("unshare");
        // It ends when nobody holds its input any more: with the test, whatever becomes of that.
        holder.args(["--net", "sh", "-c", "echo made; exec cat"]);
        holder
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut network = Self(holder.spawn().ok()?);
        let mut said = String::new();
        let out = network.0.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut said).ok()?;
        (said == "made\n").then_some(network)
    }

    /// The words that begin a command in it.
    fn words(&self) -> [String; 4] {
        let target = format!("--target={}", self.0.id());
        [
            "nsenter".to_owned(),
            target,
            "--net".to_owned(),
            "--".to_owned(),
        ]
    }

    /// Runs ip(8) in it; whether it could do it.
    fn ip(&self, args: &[&str]) -> bool {
        let [program, words @ ..] = self.words();
        let mut command = Command::new(program);
        command
            .args(words)
            .arg("ip")
            .args(args)
            .stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It ends by itself where the machine forbids it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two networks with one cable between them and nothing else: the server's and the client's.
pub(crate) struct Cable {
    server: Network,
    client: Network,
}

impl Cable {
    /// None where the machine forbids networks of one's own.
    pub(crate) fn new() -> Option<Self> {
        let (server, client) = (Network::new()?, Network::new()?);
        let peer = client.0.id().to_string();
        let cable = "link add cable type veth peer name cable netns";
        let mut add: Vec<&str> = cable.split(' ').collect();
        add.push(&peer);
        let made = server.ip(&["link", "set", "lo", "up"])
            && server.ip(&add)
            && server.ip(&["addr", "add", "192.0.2.1/24", "dev", "cable"])
            && client.ip(&["addr", "add", "192.0.2.2/24", "dev", "cable"])
            && server.ip(&["link", "set", "cable", "up"])
            && client.ip(&["link", "set", "cable", "up"]);
        made.then_some(Self { server, client })
    }

    /// Cuts it: from now on nothing arrives, and nobody is told.
    pub(crate) fn cut(&self) {
        assert!(self.client.ip(&["link", "set", "cable", "down"]));
    }
}

/// An sshd that listens.
pub(crate) struct Server {
    dir: TempDir,
    child: Child,
    port: u16,
    pub(crate) cable: Option<Cable>,
}

/// Whether everything is there that these tests need; says so where it is not.
pub(crate) fn can_run() -> bool {
    let there = Path::new(SSHD).exists();
    if !there {
        skip_missing("openssh-server");
        return false;
    }
    if rustix::process::geteuid().is_root() {
        // Where sshd parts with its rights; the service makes it, and the service may never run.
        std::fs::create_dir_all("/run/sshd").expect("root can make it");
    }
    there
}

impl Server {
    /// Starts one and waits until it listens.
    pub(crate) fn start(alive: Alive, cable: Option<Cable>) -> Self {
        let dir = tempfile::tempdir().expect("there is a temporary directory");
        // The port may be taken in the moment between: then another one is.
        (0..20)
            .find_map(|_| listen(dir.path(), alive, cable.as_ref()))
            .map(|(child, port)| Self {
                dir,
                child,
                port,
                cable,
            })
            .expect("one of twenty ports is free")
    }

    /// The words of a client up to the command: from the far end of the cable where there is one.
    pub(crate) fn client(&self, from: From, tty: &str) -> Command {
        let keys = Keys::get();
        let (mut words, host) = match (&self.cable, from) {
            (Some(cable), From::Far) => (cable.client.words().to_vec(), "192.0.2.1"),
            (Some(cable), From::Near) => (cable.server.words().to_vec(), "127.0.0.1"),
            (None, From::Far | From::Near) => (Vec::new(), "127.0.0.1"),
        };
        words.extend(["ssh", tty, "-F", "none", "-p"].map(str::to_owned));
        words.push(self.port.to_string());
        let identity = format!("IdentityFile={}", keys.path("user").display());
        for option in [
            identity.as_str(),
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "BatchMode=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "EscapeChar=none",
        ] {
            words.extend(["-o".to_owned(), option.to_owned()]);
        }
        words.push(format!("{}@{host}", user()));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }

    /// The server's processes for the sessions that are open now.
    pub(crate) fn sessions(&self) -> Vec<i32> {
        let listener = i32::try_from(self.child.id()).expect("a pid is a small number");
        let all = processes();
        let mut found = vec![listener];
        let mut at = 0;
        while at < found.len() {
            let parent = found[at];
            let below = all.iter().filter(|process| process.parent == parent);
            let own = below.filter(|process| process.name.starts_with("sshd"));
            found.extend(own.map(|process| process.pid));
            at += 1;
        }
        found.split_off(1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for pid in self.sessions() {
            kill(pid, Signal::KILL);
        }
        // It listens until it is told to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A log that nobody asked about goes with its directory.
        let _ = &self.dir;
    }
}

/// From which end a client comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// Over the cable, where there is one.
    Far,
    /// From the server's own side.
    Near,
}

/// Starts sshd on a port that was free a moment ago; none where it is taken by now.
fn listen(dir: &Path, alive: Alive, cable: Option<&Cable>) -> Option<(Child, u16)> {
    let keys = Keys::get();
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = free.local_addr().expect("it is bound").port();
    drop(free);
    let (address, interval) = match (cable, alive) {
        (Some(_), Alive::Asked) => ("0.0.0.0", 1),
        (Some(_), Alive::NotAsked) => ("0.0.0.0", 0),
        (None, Alive::Asked) => ("127.0.0.1", 1),
        (None, Alive::NotAsked) => ("127.0.0.1", 0),
    };
    let config = format!(
        "ListenAddress {address}\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
         StrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n\
         PrintMotd no\nPrintLastLog no\nTCPKeepAlive no\nClientAliveInterval {interval}\n\
         ClientAliveCountMax 2\n",
        keys.path("host").display(),
        keys.path("user.pub").display(),
    );
    let (config_path, log) = (dir.join("config"), dir.join("log"));
    std::fs::write(&config_path, config).expect("the directory is ours");
    let _ = std::fs::remove_file(&log);
    let mut words = cable.map_or(Vec::new(), |cable| cable.server.words().to_vec());
    words.push(SSHD.to_owned());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
        .arg("-D")
        .arg("-f")
        .arg(&config_path)
        .arg("-E")
        .arg(&log);
    let mut child = command
        .stdin(Stdio::null())
        .spawn()
        .expect("sshd can be started");
    let mut taken = false;
    wait_until("sshd listens", || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        taken = child.try_wait().expect("it is our child").is_some();
        assert!(!taken || text.contains("in use"), "sshd has ended: {text}");
        taken || text.contains("Server listening on")
    });
    (!taken).then_some((child, port))
}

/// The present user's name.
fn user() -> String {
    let output = Command::new("id").arg("-un").output();
    let output = output.expect("id can be started");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A login with a terminal, in which a command of upwalk runs.
pub(crate) struct Login {
    pub(crate) pty: Pty,
    /// The command's process on the server's side writes its number there.
    pid_file: PathBuf,
}

impl Login {
    /// Logs in and runs `upwalk ARGS` in the place of the login shell.
    pub(crate) fn start(server: &Server, from: From, sandbox: &Sandbox, args: &[String]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let pid_file = sandbox.path(format!("front-end.{number}"));
        let mut command = server.client(from, "-tt");
        command.arg(remote(sandbox, Some(&pid_file), args));
        sandbox.settle(&mut command);
        Self {
            pty: Pty::start(&command, 80, 24),
            pid_file,
        }
    }

    /// The front end's process.
    pub(crate) fn front_end(&self) -> i32 {
        let mut pid = None;
        wait_until("the front end has begun", || {
            let text = std::fs::read_to_string(&self.pid_file).unwrap_or_default();
            pid = text.strip_suffix('\n').and_then(|text| text.parse().ok());
            pid.is_some()
        });
        pid.expect("it was waited for")
    }
}

/// `upwalk ARGS` with the sandbox's environment, as a line for the login shell.
pub(crate) fn remote(sandbox: &Sandbox, pid_file: Option<&Path>, args: &[String]) -> String {
    let mut like = Command::new("true");
    sandbox.settle(&mut like);
    let env = like
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_str()?, value?.to_str()?)));
    let words = env
        .chain([env!("CARGO_BIN_EXE_upwalk").to_owned()])
        .chain(args.iter().cloned())
        .map(|word| format!("'{}'", word.replace('\'', "'\\''")));
    let words: Vec<String> = words.collect();
    let begin = pid_file.map_or(String::new(), |path| {
        format!("echo $$ >'{}'; ", path.display())
    });
    format!(
        "{begin}exec env -i SSH_CONNECTION=\"$SSH_CONNECTION\" {}",
        words.join(" ")
    )
}

/// A process as `/proc/PID/stat` has it.
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) name: String,
    /// Ended, and not waited for by its parent.
    pub(crate) dead: bool,
    /// The processor time it has used, in ticks of 10 ms.
    pub(crate) ticks: u64,
}

impl Process {
    /// None where there is none of this number.
    pub(crate) fn read(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (head, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            name: head.split_once('(')?.1.to_owned(),
            dead: fields.first() == Some(&"Z"),
            ticks: ticks(11)? + ticks(12)?,
        })
    }

    /// Whether it has ended: gone, or dead and left to whoever inherited it.
    pub(crate) fn has_ended(pid: i32) -> bool {
        Self::read(pid).is_none_or(|process| process.dead)
    }
}

fn processes() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Process::read(entry.file_name().to_str()?.parse().ok()?))
        .collect()
}
