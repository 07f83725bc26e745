//! A terminal of a test's own: a program runs on it, what it draws is read into a screen of memory,
//! keys are sent, and tests wait for words to appear.

use super::PATIENCE;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How this terminal answers when the program asks where the cursor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// As fast as it can.
    AtOnce,
    /// So long after it was asked: a slow connection.
    After(Duration),
    /// Never, as some do.
    Never,
}

/// How fast a terminal takes what the program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As fast as it comes.
    Free,
    /// At most so many bytes a second: a slow connection.
    Slow(usize),
    /// Not at all: one that stands still.
    Stopped,
}

/// How long a slow terminal waits between two looks.
const SLOW_TICK: Duration = Duration::from_millis(5);

/// What the program has written so far.
struct Seen {
    parser: vt100::Parser,
    /// Everything, as it came.
    bytes: Vec<u8>,
    /// How much of it [`Pty::expect`] has passed.
    passed: usize,
    /// Nobody has the terminal open any more.
    closed: bool,
    answers: Answers,
    reading: Reading,
    /// How often the program has asked where the cursor is.
    asked: usize,
    /// It draws a frame, which a terminal shows once it is whole.
    drawing: bool,
}

/// What goes before and behind a frame that is to be shown at once.
const FRAME_BEGINS: &[u8] = b"\x1b[?2026h";
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";

type Shared = Arc<(Mutex<Seen>, Condvar)>;

/// A program on a terminal.
pub(crate) struct Pty {
    child: Child,
    master: Option<std::fs::File>,
    shared: Shared,
    reader: Option<JoinHandle<()>>,
    /// Closed to end the reader.
    wake: Option<std::io::PipeWriter>,
}

impl Pty {
    /// Starts a command on a terminal of `columns` by `rows`, as the leader of a session of its own.
    pub(crate) fn start(command: &Command, columns: u16, rows: u16) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("there are pseudo-terminals");
        grantpt(&master).expect("the terminal is ours");
        unlockpt(&master).expect("the terminal is ours");
        set_size(&master, columns, rows);
        let name = ptsname(&master, Vec::new()).expect("the terminal has a name");
        // Not for the programs that other tests start at this moment: they would hold it open.
        let alone = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave =
            rustix::fs::open(&name, alone, Mode::empty()).expect("the terminal can be opened");
        let twin = || Stdio::from(slave.try_clone().expect("descriptors are left"));
        // Giving a child a controlling terminal takes code between fork and exec; setsid(1) is that.
        let mut leader = Command::new("setsid");
        leader
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args());
        leader.env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                leader.env(name, value);
            }
        }
        if let Some(dir) = command.get_current_dir() {
            leader.current_dir(dir);
        }
        leader.stdin(twin()).stdout(twin()).stderr(twin());
        let child = leader.spawn().expect("setsid can be started");
        drop(leader);
        drop(slave);

        let seen = Seen {
            parser: vt100::Parser::new(cells(rows), cells(columns), 0),
            bytes: Vec::new(),
            passed: 0,
            closed: false,
            answers: Answers::AtOnce,
            reading: Reading::Free,
            asked: 0,
            drawing: false,
        };
        let shared: Shared = Arc::new((Mutex::new(seen), Condvar::new()));
        let (woken, wake) = std::io::pipe().expect("descriptors are left");
        let master = std::fs::File::from(master);
        let read_end = master.try_clone().expect("descriptors are left");
        let to_reader = Arc::clone(&shared);
        let reader = std::thread::spawn(move || read(read_end, &woken, &to_reader));
        Self {
            child,
            master: Some(master),
            shared,
            reader: Some(reader),
            wake: Some(wake),
        }
    }

    /// The program's process, which leads the terminal's session.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid is a small number")
    }

    /// Presses keys.
    pub(crate) fn send(&self, keys: &str) {
        let mut master = self.master.as_ref().expect("the terminal is still there");
        master
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
    }

    /// Types words as a person does, not as a paste: the last one is on the screen for a while
    /// before anything else is pressed.
    pub(crate) fn send_slowly(&self, words: &str) {
        let pause = Duration::from_millis(30);
        for key in words.chars() {
            self.send(key.encode_utf8(&mut [0; 4]));
            std::thread::park_timeout(pause);
        }
        self.wait_for(words);
        // Longer than the gap that tells a person's Enter from a paste's.
        std::thread::park_timeout(Duration::from_millis(400));
    }

    /// From now on answers questions for the cursor's place like this; those that wait for their
    /// answer keep their time.
    pub(crate) fn answer(&self, answers: Answers) {
        self.seen().answers = answers;
    }

    /// From now on takes what the program writes this fast; what it cannot take at once waits in
    /// the kernel, as it does with real terminals.
    pub(crate) fn read_at(&self, reading: Reading) {
        self.seen().reading = reading;
    }

    /// How often the program has asked where the cursor is.
    pub(crate) fn asked(&self) -> usize {
        self.seen().asked
    }

    /// Waits until the program has asked more often than `before` where the cursor is.
    pub(crate) fn wait_asked(&self, before: usize) -> usize {
        let unfit = |seen: &mut Seen| seen.asked <= before && !seen.closed;
        let (seen, _) = self
            .shared
            .1
            .wait_timeout_while(self.seen(), PATIENCE, unfit)
            .expect("the reader does not panic");
        assert!(seen.asked > before, "the program asks for no cursor");
        seen.asked
    }

    /// Pastes a text as terminals do for programs that want to tell a paste from keys.
    pub(crate) fn paste(&self, text: &str) {
        self.send(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// The window gets the focus.
    pub(crate) fn focus_in(&self) {
        self.send("\x1b[I");
    }

    /// The window loses the focus.
    pub(crate) fn focus_out(&self) {
        self.send("\x1b[O");
    }

    /// Changes the terminal's size, as a window does.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.seen()
            .parser
            .screen_mut()
            .set_size(cells(rows), cells(columns));
        set_size(
            self.master.as_ref().expect("the terminal is still there"),
            columns,
            rows,
        );
    }

    /// What the screen shows now.
    pub(crate) fn screen(&self) -> String {
        let half = |seen: &mut Seen| seen.drawing && !seen.closed;
        let (seen, _) = self
            .shared
            .1
            .wait_timeout_while(self.seen(), PATIENCE, half)
            .expect("the reader does not panic");
        seen.parser.screen().contents()
    }

    /// Whether these words are drawn in reverse somewhere.
    pub(crate) fn has_reverse(&self, words: &str) -> bool {
        let seen = self.seen();
        let screen = seen.parser.screen();
        let (rows, columns) = screen.size();
        let reverse = |row: u16| {
            let cells = (0..columns.get()).filter_map(|column| screen.cell(row, column));
            let marked = cells.filter(|cell| cell.inverse());
            marked.map(vt100::Cell::contents).collect::<String>()
        };
        (0..rows.get()).any(|row| reverse(row).contains(words))
    }

    /// Text and background of the place where these words begin, in a row of this screen; none where
    /// they are in none.
    pub(crate) fn colours_of(&self, words: &str) -> Option<(vt100::Color, vt100::Color)> {
        let seen = self.seen();
        let screen = seen.parser.screen();
        let (rows, columns) = screen.size();
        let cell = |row, column| screen.cell(row, column);
        (0..rows.get()).find_map(|row| {
            let cells = (0..columns.get()).filter_map(|column| cell(row, column));
            let text: String = cells.map(|cell| one_of(cell.contents())).collect();
            let before = text[..text.find(words)?].chars().count();
            let found = cell(row, u16::try_from(before).ok()?)?;
            Some((found.fgcolor(), found.bgcolor()))
        })
    }

    /// Waits until the screen shows these words, and returns it. Line breaks and borders between
    /// the words do not count.
    pub(crate) fn wait_for(&self, words: &str) -> String {
        let wanted = flat(words);
        self.wait_screen(&format!("\"{words}\""), |screen| {
            flat(screen).contains(&wanted)
        })
    }

    /// Waits until the screen no longer shows these words, and returns it.
    pub(crate) fn wait_gone(&self, words: &str) -> String {
        let unwanted = flat(words);
        self.wait_screen(&format!("no \"{words}\""), |screen| {
            !flat(screen).contains(&unwanted)
        })
    }

    /// Waits until the screen fulfils a condition, and returns it.
    pub(crate) fn wait_screen(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let now = |seen: &Seen| seen.parser.screen().contents();
        let unfit = |seen: &mut Seen| (seen.drawing || !holds(&now(seen))) && !seen.closed;
        let (seen, _) = self
            .shared
            .1
            .wait_timeout_while(self.seen(), PATIENCE, unfit)
            .expect("the reader does not panic");
        let screen = now(&seen);
        assert!(
            holds(&screen),
            "waited for {what} (closed: {}), saw:\n{screen}",
            seen.closed
        );
        screen
    }

    /// Waits until these words come behind those that were expected before, and returns everything
    /// up to and with them. For programs that print lines and draw no screens.
    pub(crate) fn expect(&self, words: &str) -> String {
        let found = |seen: &Seen| {
            let fresh = String::from_utf8_lossy(&seen.bytes[seen.passed..]).into_owned();
            fresh
                .find(words)
                .map(|at| fresh[..at + words.len()].to_owned())
        };
        let unfit = |seen: &mut Seen| found(seen).is_none() && !seen.closed;
        let (mut seen, _) = self
            .shared
            .1
            .wait_timeout_while(self.seen(), PATIENCE, unfit)
            .expect("the reader does not panic");
        let Some(text) = found(&seen) else {
            let fresh = String::from_utf8_lossy(&seen.bytes[seen.passed..]).into_owned();
            panic!(
                "waited for \"{words}\" (closed: {}), saw since:\n{fresh}",
                seen.closed
            );
        };
        seen.passed += text.len();
        text
    }

    /// Waits until the program waits itself: for keys, as it has nothing else to do. What is typed
    /// while it still draws a question is thrown away, and rightly so.
    pub(crate) fn wait_idle(&self) {
        wait_idle(self.pid());
    }

    /// Everything that came so far, escapes and all.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// Closes the terminal, as a window that is closed or a connection that drops does.
    pub(crate) fn hang_up(&mut self) {
        drop(self.wake.take());
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
        drop(self.master.take());
    }

    /// Waits for the program's end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        if self.master.is_some() {
            let open = |seen: &mut Seen| !seen.closed;
            let (seen, _) = self
                .shared
                .1
                .wait_timeout_while(self.seen(), PATIENCE, open)
                .expect("the reader does not panic");
            let screen = seen.parser.screen().contents();
            assert!(seen.closed, "the program goes on; it shows:\n{screen}");
        }
        self.child.wait().expect("the program is our child")
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.0.lock().expect("the reader does not panic")
    }
}

/// One character for what stands in a cell, so that characters are columns.
fn one_of(cell: &str) -> char {
    cell.chars().next().unwrap_or(' ')
}

/// The parameters of every SGR sequence.
pub(crate) fn graphics(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\x1b[").skip(1);
    let sgr = sequences.filter_map(|rest| {
        let end = rest.find(|c: char| ('\x40'..='\x7e').contains(&c))?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    sgr.collect()
}

/// Whether an SGR sequence names a colour.
pub(crate) fn is_coloured(parameters: &str) -> bool {
    let numbers = parameters.split([';', ':']).filter_map(|n| n.parse().ok());
    let colour = |n: u32| matches!(n, 30..=38 | 40..=48 | 90..=107);
    numbers.into_iter().any(colour)
}

/// Waits until a process waits itself, be it on this terminal or behind a connection.
pub(crate) fn wait_idle(pid: i32) {
    let task = format!("/proc/{pid}/task/{pid}/status");
    let mut before = String::new();
    super::wait_until("the program waits for keys", || {
        // The state is part of the file, and so is how often it has waited so far.
        let now = std::fs::read_to_string(&task).unwrap_or_default();
        let idle = now == before && now.contains("State:\tS");
        before = now;
        idle
    });
}

impl Drop for Pty {
    fn drop(&mut self) {
        drop(self.wake.take());
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_size(terminal: impl std::os::fd::AsFd, columns: u16, rows: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).expect("the terminal takes a size");
}

/// The memory screen cannot be smaller than one cell, a terminal can.
fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap_or(NonZero::<u16>::MIN)
}

/// One space for whatever stands between words: spaces, line breaks, borders.
fn flat(text: &str) -> String {
    let gap = |c: char| c.is_whitespace() || "|│┃║".contains(c);
    text.split(gap)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// What asks a terminal where its cursor is.
const WHERE: &[u8] = b"\x1b[6n";
/// What asks it whether it is well, and what it says.
const WELL: &[u8] = b"\x1b[5n";
const YES: &str = "\x1b[0n";

/// How many bytes a slow terminal may take now; none where it takes them all.
fn room_to_read(shared: &Shared, last_read: &mut Instant) -> Option<usize> {
    let seen = shared
        .0
        .lock()
        .expect("tests do not panic with the screen in their hands");
    let reading = seen.reading;
    drop(seen);
    match reading {
        Reading::Free => None,
        Reading::Stopped => Some(0),
        Reading::Slow(rate) => {
            // What was not taken in good time is not made up for.
            let passed = last_read.elapsed().min(SLOW_TICK * 4);
            let room = rate * usize::try_from(passed.as_micros()).expect("it is short") / 1_000_000;
            if passed < SLOW_TICK {
                return Some(0);
            }
            *last_read = Instant::now();
            Some(room)
        }
    }
}

/// Whether the terminal takes nothing now.
fn stands_still(shared: &Shared) -> bool {
    let seen = shared.0.lock();
    let seen = seen.expect("tests do not panic with the screen in their hands");
    seen.reading == Reading::Stopped
}

/// Reads until the terminal or the test ends, and answers what terminals answer.
fn read(mut terminal: std::fs::File, woken: &std::io::PipeReader, shared: &Shared) {
    let mut buffer = [0; 16384];
    let mut torn = Vec::new();
    let mut last_read = Instant::now();
    let mut replies: VecDeque<(Instant, String)> = VecDeque::new();
    loop {
        let wait = replies
            .front()
            .map(|(due, _)| due.saturating_duration_since(Instant::now()));
        let room = room_to_read(shared, &mut last_read);
        let wait = match room {
            Some(0) => Some(wait.map_or(SLOW_TICK, |wait| wait.min(SLOW_TICK))),
            _ => wait,
        };
        let wait = wait.map(|wait| Timespec::try_from(wait).expect("answers come within a year"));
        let wanted = match room {
            Some(0) => PollFlags::empty(),
            _ => PollFlags::IN,
        };
        let mut fds = [
            PollFd::new(&terminal, wanted),
            PollFd::new(woken, PollFlags::IN),
        ];
        let polled = poll(&mut fds, wait.as_ref());
        if polled.is_err_and(|error| error != rustix::io::Errno::INTR)
            || !fds[1].revents().is_empty()
        {
            return;
        }
        // It may have been stopped while it waited.
        let readable = !fds[0].revents().is_empty() && !stands_still(shared);
        if readable {
            // A terminal that nobody has open any more gives an error, not an end.
            let most = room.map_or(buffer.len(), |room| room.min(buffer.len()));
            let length = terminal.read(&mut buffer[..most]).unwrap_or(0);
            let mut seen = shared
                .0
                .lock()
                .expect("tests do not panic with the screen in their hands");
            if length == 0 {
                seen.closed = true;
                shared.1.notify_all();
                return;
            }
            replies.extend(seen.take(&buffer[..length], &mut torn));
            shared.1.notify_all();
        }
        while replies
            .front()
            .is_some_and(|(due, _)| *due <= Instant::now())
        {
            if let Some((_, reply)) = replies.pop_front() {
                // The program may have left in the meantime.
                let _ = terminal.write_all(reply.as_bytes());
            }
        }
    }
}

impl Seen {
    /// Takes in what the program wrote and gives the answers to it, each with the place that the
    /// cursor had when it was asked for. A question may be torn over two reads: `torn` is its
    /// beginning.
    fn take(&mut self, fresh: &[u8], torn: &mut Vec<u8>) -> Vec<(Instant, String)> {
        // A mark may be torn over two reads.
        let from = (self.bytes.len() + 1).saturating_sub(FRAME_ENDS.len());
        self.bytes.extend_from_slice(fresh);
        for part in self.bytes[from..].windows(FRAME_ENDS.len()) {
            self.drawing = part == FRAME_BEGINS || self.drawing && part != FRAME_ENDS;
        }
        let mut replies = Vec::new();
        let mut drawn = 0;
        for (at, byte) in fresh.iter().enumerate() {
            torn.push(*byte);
            if torn == WHERE || torn == WELL {
                let reply = if torn == WHERE {
                    self.asked += 1;
                    self.parser.process(&fresh[drawn..=at]);
                    drawn = at + 1;
                    let (row, column) = self.parser.screen().cursor_position();
                    format!("\x1b[{};{}R", row + 1, column + 1)
                } else {
                    YES.to_owned()
                };
                torn.clear();
                match self.answers {
                    Answers::AtOnce => replies.push((Instant::now(), reply)),
                    Answers::After(wait) => replies.push((Instant::now() + wait, reply)),
                    Answers::Never => {}
                }
            } else if !WHERE.starts_with(torn) && !WELL.starts_with(torn) {
                torn.clear();
                if WHERE[0] == *byte {
                    torn.push(*byte);
                }
            }
        }
        self.parser.process(&fresh[drawn..]);
        replies
    }
}
