//! The mouse: whether the terminal sends us its wheel. It is off unless a person wants it, since a
//! terminal that sends it keeps nobody select text.

use crate::tui::log::Mouse;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal sends it now: what has to be taken back.
static SENT: AtomicBool = AtomicBool::new(false);
/// Presses and the wheel, with plain numbers.
const ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// The bytes that switch it.
pub(super) fn switch(mouse: Mouse) -> &'static [u8] {
    SENT.store(mouse == Mouse::On, Ordering::SeqCst);
    match mouse {
        Mouse::On => ON,
        Mouse::Off => OFF,
    }
}

/// The bytes that switch it on again on a terminal that was away, where it was on.
pub(super) fn again() -> &'static [u8] {
    if SENT.load(Ordering::SeqCst) { ON } else { b"" }
}

/// The bytes that take it back for a while, where it is on.
pub(super) fn back() -> &'static [u8] {
    if SENT.load(Ordering::SeqCst) {
        OFF
    } else {
        b""
    }
}
