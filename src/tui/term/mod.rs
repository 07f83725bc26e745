//! The terminal: the only place that touches it. Raw mode and the alternate screen behind a guard
//! that gives them back, also after a panic; a thread that reads keys and notices a terminal that
//! went away (`read`), one that waits for signals, and the frames (`write`), which a thread of their
//! own brings to it (`send`).

mod hand_over;
mod mouse;
mod read;
mod send;
mod write;

pub(crate) use hand_over::Handed;
pub(crate) use send::Ask;

use super::TuiError;
use super::arming::Fence;
use super::input::{Parser, Typed};
use super::log::Mouse;
use crate::supervisor::client::now;
use crate::types::Millis;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
};
use crossterm::style::Print;
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{execute, queue};
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use rustix::event::{EventfdFlags, eventfd};
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{
    OptionalActions, QueueSelector, Termios, isatty, tcflush, tcgetattr, tcgetwinsize, tcsetattr,
};
use send::Sender;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::{Handle, Signals};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use write::Frames;

/// What the terminal says.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A key, a paste or a word of the terminal, and when it was read (`CLOCK_BOOTTIME`).
    Typed(Typed, Millis),
    /// The terminal took the frame that was drawn last.
    Written,
    /// The terminal has read everything that was drawn so far.
    Answered,
    /// The terminal is gone.
    HungUp,
    /// This signal came.
    Signal(i32),
}

/// Whether the terminal is in our hands: what a panic has to give back.
static HELD: AtomicBool = AtomicBool::new(false);
/// The terminal's modes as they were before it was taken.
static ORIGINAL: Mutex<Option<Termios>> = Mutex::new(None);
/// A thread beside the loop has panicked.
static BROKEN: AtomicBool = AtomicBool::new(false);
/// Whether the title is ours, and the one from before is kept by the terminal.
static TITLED: AtomicBool = AtomicBool::new(false);
/// The size that is taken where the terminal does not know its own.
const USUAL: (u16, u16) = (80, 24);
/// The largest frame that is drawn, in columns and rows.
const LARGEST: (u16, u16) = (500, 200);

/// The row in which a line is drawn at the start to see how wide it comes out; no fence asks there.
const RULER: u16 = 2;

/// Whether a place of the cursor tells that the line of [`Terminal::measure`] came out two columns
/// wide; rows and columns count from 1.
pub(crate) fn is_wide(row: u16, column: u16) -> bool {
    row == RULER + 1 && column > 2
}

/// A terminal in raw mode on its alternate screen. Dropping it gives it back.
pub(crate) struct Terminal {
    screen: Frames,
    /// What goes to the terminal before the next frame.
    before_frame: Vec<u8>,
    sender: Sender,
    parser: Arc<Mutex<Parser>>,
    ends: Arc<OwnedFd>,
    signals: Handle,
    reader: hand_over::Reader,
}

impl Terminal {
    /// Takes the terminal; `heard` is called on threads of its own.
    pub(crate) fn open(heard: impl Fn(Heard) + Clone + Send + 'static) -> Result<Self, TuiError> {
        if !isatty(rustix::stdio::stdin()) {
            return Err(TuiError::NoTerminal("input"));
        }
        if !isatty(rustix::stdio::stdout()) {
            return Err(TuiError::NoTerminal("output"));
        }
        let setup = |error: rustix::io::Errno| TuiError::Setup(error.into());
        let ends = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).map_err(setup)?);
        let mut signals =
            Signals::new([SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH])
                .map_err(TuiError::Setup)?;
        let handle = signals.handle();
        let parser = Arc::new(Mutex::new(Parser::default()));
        let sender = Sender::start(heard.clone()).map_err(setup)?;
        give_back_on_panic();
        let mut terminal = Self {
            screen: Frames::new(),
            before_frame: Vec::new(),
            sender: sender.clone(),
            parser: Arc::clone(&parser),
            ends: Arc::clone(&ends),
            signals: handle,
            reader: hand_over::Reader::default(),
        };
        // Colours are chosen by the theme; crossterm must not add its own opinion, which would
        // reset bold and reverse with every cell under NO_COLOR.
        crossterm::style::force_color_output(true);
        take().map_err(TuiError::Setup)?;
        let told = heard.clone();
        thread::spawn(move || {
            for signal in &mut signals {
                told(Heard::Signal(signal));
            }
        });
        terminal.reader.begin(move || {
            let (parser, ends) = (Arc::clone(&parser), Arc::clone(&ends));
            let (sender, heard) = (sender.clone(), heard.clone());
            thread::spawn(move || read::read_keys(&parser, &ends, &sender, &heard))
        });
        Ok(terminal)
    }

    /// Draws one line of a box, which the first frame wipes out, and asks where the cursor is behind
    /// it: terminals set up for Chinese, Japanese or Korean make it two columns wide. Nobody waits
    /// for the answer. Call it before the first frame.
    pub(crate) fn measure() {
        let mut out = io::stdout();
        // A terminal that is gone has its own thread to say so.
        let _ =
            queue!(out, MoveTo(0, RULER), Print("─"), Print("\x1b[6n")).and_then(|()| out.flush());
    }

    /// How many columns and rows there are.
    pub(crate) fn size() -> (u16, u16) {
        let known = tcgetwinsize(rustix::stdio::stdout()).ok();
        let (columns, rows) = known.map_or((0, 0), |size| (size.ws_col, size.ws_row));
        if columns == 0 || rows == 0 {
            return USUAL;
        }
        (columns.min(LARGEST.0), rows.min(LARGEST.1))
    }

    /// The bytes that set the title, for the end of a frame; the first ones also keep the title that
    /// was there.
    pub(crate) fn title(text: &str) -> String {
        let kept = TITLED.swap(true, Ordering::SeqCst);
        let keep = if kept { "" } else { "\x1b[22;0t" };
        format!("{keep}\x1b]2;{text}\x1b\\")
    }

    /// Whether the title is ours; it is not after somebody else had the terminal.
    pub(crate) fn is_titled() -> bool {
        TITLED.load(Ordering::SeqCst)
    }

    /// Has the terminal send the mouse's wheel, or keep it; with the next frame, since nothing may
    /// come between the bytes of one.
    pub(crate) fn mouse(&mut self, mouse: Mouse) {
        self.before_frame.extend_from_slice(mouse::switch(mouse));
    }

    /// Draws the difference to what is on the screen, in one write on a thread of its own, which
    /// says [`Heard::Written`] in the end, with a fence behind it where one is wanted, and whatever
    /// else (`more`); says how many bytes that takes. Nobody may draw in the meantime.
    pub(crate) fn draw(
        &mut self,
        next: Buffer,
        cursor: Option<Position>,
        fence: Option<Fence>,
        more: &str,
        ask: Ask,
    ) -> io::Result<usize> {
        let mut bytes = std::mem::take(&mut self.before_frame);
        bytes.extend(self.screen.next(next, cursor, fence)?);
        bytes.extend(more.as_bytes());
        if ask == Ask::Answer {
            bytes.extend(send::ASK);
        }
        let length = bytes.len();
        self.sender.put(bytes, ask);
        Ok(length)
    }

    /// Forgets what is on the screen, so that the next frame draws everything.
    pub(crate) fn forget(&mut self) {
        self.screen.forget();
    }

    /// Takes everything out of the kernel's queue that nobody has read yet, and gives the words of the
    /// terminal among it: they are no keys, and would be lost with the queue. A sequence that is half
    /// there stays: what was thrown away of it would leave letters behind. Whoever calls this also
    /// drops the keys that have been heard already.
    pub(crate) fn drain(&self) -> Vec<Heard> {
        let mut parser = self.parser.lock().unwrap_or_else(PoisonError::into_inner);
        let mut words = Vec::new();
        while let Some(typed) = read::read_waiting(&mut parser) {
            let at = now().up;
            let said = typed.into_iter().filter(Typed::is_kept);
            words.extend(said.map(|word| Heard::Typed(word, at)));
        }
        words.extend(read::answers(&mut parser, &self.sender));
        words
    }

    /// Throws away everything that nobody has read yet: it was meant for somebody else.
    fn flush(&self) {
        let mut parser = self.parser.lock().unwrap_or_else(PoisonError::into_inner);
        // A terminal that is gone has nothing to drain.
        let _ = tcflush(rustix::stdio::stdin(), QueueSelector::IFlush);
        parser.clear();
        self.sender.ask_again();
    }

    /// Gives the terminal back, stops this process until somebody continues it, and takes the
    /// terminal again.
    pub(crate) fn suspend(&mut self) {
        self.settle();
        give_back();
        // The shell has it now; its modes are the ones to go back to then.
        original().take();
        // SIGSTOP, since a TSTP of our own is dropped in an orphaned process group.
        let _ = kill_process(getpid(), Signal::STOP);
        self.resume();
    }

    /// Waits, within bounds, until nothing of ours is on its way to the terminal or back. Whoever is
    /// about to hand the terminal over calls this first, so that nobody else gets our answers.
    pub(crate) fn settle(&self) {
        self.sender.settle();
    }

    /// Takes the terminal again after somebody else had it.
    pub(crate) fn resume(&mut self) {
        let _ = take();
        self.flush();
        self.forget();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.signals.close();
        self.settle();
        self.sender.end();
        let _ = rustix::io::write(&*self.ends, &1_u64.to_ne_bytes());
        give_back();
    }
}

/// Raw mode, alternate screen, bracketed paste, word of the focus.
fn take() -> io::Result<()> {
    HELD.store(true, Ordering::SeqCst);
    raw_mode()?;
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
        Hide,
        Clear(ClearType::All)
    )?;
    io::stdout().write_all(mouse::again())?;
    io::stdout().flush()
}

/// Has every key come as it is typed. Modes that were found before are the ones to go back to: what a
/// stop from outside or a program that was lent the terminal left behind is nobody's wish.
fn raw_mode() -> io::Result<()> {
    let stdin = rustix::stdio::stdin();
    let found = tcgetattr(stdin)?;
    let mut raw = found.clone();
    raw.make_raw();
    original().get_or_insert(found);
    tcsetattr(stdin, OptionalActions::Now, &raw)?;
    Ok(())
}

fn original() -> MutexGuard<'static, Option<Termios>> {
    ORIGINAL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Undoes [`take`], once; says whether there was anything to undo. Errors mean that the terminal is
/// gone, and then nothing is to be undone.
fn give_back() -> bool {
    if !HELD.swap(false, Ordering::SeqCst) {
        return false;
    }
    leave_screen();
    let stdin = rustix::stdio::stdin();
    // What was typed at the screen is not meant for whoever reads next.
    let _ = tcflush(stdin, QueueSelector::IFlush);
    if let Some(original) = &*original() {
        let _ = tcsetattr(stdin, OptionalActions::Now, original);
    }
    true
}

/// Undoes all of [`take`] but for raw mode.
fn leave_screen() {
    let mut out = io::stdout();
    if TITLED.swap(false, Ordering::SeqCst) {
        let _ = queue!(out, Print("\x1b[23;0t"));
    }
    let _ = out.write_all(mouse::back());
    let _ = execute!(
        out,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = out.flush();
}

/// Has a panic give the terminal back before it says anything. One beside the loop ends the loop as
/// well: it must not go on drawing.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let held = give_back();
            before(info);
            if held && thread::current().name() != Some("main") {
                BROKEN.store(true, Ordering::SeqCst);
                let _ = kill_process(getpid(), Signal::TERM);
            }
        }));
    });
}

/// Whether a thread beside the loop has ended because of a bug.
pub(crate) fn is_broken() -> bool {
    BROKEN.load(Ordering::SeqCst)
}
