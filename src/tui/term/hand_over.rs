//! Handing the terminal over to another program, and taking it back. Nothing of ours reads or draws in
//! between: a single byte that the other program should have had would be one too many.

use super::{Terminal, give_back, leave_screen};
use rustix::termios::{QueueSelector, tcflush};
use std::io::Write as _;
use std::thread::JoinHandle;

/// What a program may have left behind that would spoil the screen: colours, line drawing, a scrolling
/// region, application keys, and the mouse.
const RESET: &[u8] =
    b"\x1b[0m\x1b(B\x1b[r\x1b[?1l\x1b>\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l";

/// How the other program finds the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handed {
    /// As this one found it.
    AsFound,
    /// Without an echo: it shows what it is told to, and a key may come before it does.
    Raw,
}

/// Starts the thread that reads keys.
type Start = Box<dyn Fn() -> JoinHandle<()> + Send>;

/// The thread that reads keys, which can be stopped and started again.
#[derive(Default)]
pub(super) struct Reader {
    start: Option<Start>,
    runs: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts it for the first time.
    pub(super) fn begin(&mut self, start: impl Fn() -> JoinHandle<()> + Send + 'static) {
        self.runs = Some(start());
        self.start = Some(Box::new(start));
    }
}

impl Terminal {
    /// Hands the terminal over, as it was found or still raw. Returns when nobody of us reads it any
    /// more; what was typed before this was meant for the screen, and is thrown away.
    pub(crate) fn hand_over(&mut self, left: Handed) {
        self.settle();
        let _ = rustix::io::write(&*self.ends, &1_u64.to_ne_bytes());
        if let Some(reader) = self.reader.runs.take() {
            // One that panicked reads nothing either.
            let _ = reader.join();
        }
        let _ = rustix::io::read(&*self.ends, &mut [0_u8; 8]);
        self.drain();
        match left {
            Handed::AsFound => {
                give_back();
            }
            Handed::Raw => leave_screen(),
        }
    }

    /// Takes the terminal back. What was typed in between was meant for somebody else.
    pub(crate) fn take_back(&mut self) {
        let mut out = std::io::stdout();
        // It fails where the terminal is gone, which the reader notices.
        let _ = out.write_all(RESET).and_then(|()| out.flush());
        let _ = tcflush(rustix::stdio::stdin(), QueueSelector::IFlush);
        self.resume();
        self.reader.runs = self.reader.start.as_ref().map(|start| start());
    }

    /// Writes a text to the terminal's clipboard (OSC 52), where it lets us.
    pub(crate) fn copy(&self, text: &str) {
        // Nothing may stand between its first byte and its last.
        self.settle();
        let mut out = std::io::stdout();
        let order = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
        let _ = out.write_all(order.as_bytes()).and_then(|()| out.flush());
    }
}

/// Bytes as base64, which is what terminals take.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            let letter = usize::try_from(index).map_or(b'=', |index| LETTERS[index]);
            out.push(if place <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_what_others_write() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in pairs {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }
}
