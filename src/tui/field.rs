//! A line of text that is being typed or pasted. It decides nothing; `boxes` asks it.

use super::input::Key;

/// The longest text that is taken.
const LONGEST: usize = 200;

/// A line of text being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) text: String,
    /// Whether any of it came from a paste.
    pub(crate) pasted: bool,
}

impl Field {
    /// Takes an editing key; says whether it was one.
    pub(crate) fn take(&mut self, key: Key) -> bool {
        match key {
            Key::Char(c) => self.push(c),
            Key::Backspace => drop(self.text.pop()),
            Key::Ctrl('u') => self.text.clear(),
            Key::Ctrl('w') => {
                let kept = self.text.trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.text.truncate(kept);
            }
            Key::Ctrl(_)
            | Key::Enter
            | Key::Esc
            | Key::Tab
            | Key::Up
            | Key::Down
            | Key::Left
            | Key::Right
            | Key::PageUp
            | Key::PageDown
            | Key::Home
            | Key::End
            | Key::F1
            | Key::WheelUp
            | Key::WheelDown => return false,
        }
        self.pasted &= !self.text.is_empty();
        true
    }

    /// Takes a paste, without its line breaks and other control characters: none of them is a key.
    pub(crate) fn paste(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            self.push(c);
        }
        self.pasted |= !self.text.is_empty();
    }

    fn push(&mut self, c: char) {
        if self.text.chars().count() < LONGEST {
            self.text.push(c);
        }
    }

    /// The text without outer spaces.
    pub(crate) fn trimmed(&self) -> &str {
        self.text.trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_edits() {
        let mut field = Field::default();
        for c in "drop columns".chars() {
            assert!(field.take(Key::Char(c)));
        }
        assert!(!field.take(Key::Enter));
        field.take(Key::Ctrl('w'));
        assert_eq!(field.text, "drop ");
        field.take(Key::Backspace);
        assert_eq!(field.trimmed(), "drop");
        field.take(Key::Ctrl('u'));
        assert!(field.text.is_empty());
        for _ in 0..1000 {
            field.take(Key::Char('x'));
        }
        assert_eq!(field.text.len(), LONGEST);
    }

    #[test]
    fn a_paste_brings_neither_keys_nor_more_than_fits_and_is_remembered_until_the_field_is_empty() {
        let mut field = Field::default();
        field.paste("drop\x1b[A it\r\n");
        assert_eq!((field.text.as_str(), field.pasted), ("drop[A it", true));
        field.take(Key::Char('s'));
        assert!(field.pasted, "a typed letter more leaves it pasted");
        field.take(Key::Ctrl('u'));
        assert!(!field.pasted);
        field.paste("\r\n");
        assert!(!field.pasted, "nothing was pasted");
        field.paste(&"x".repeat(1000));
        assert_eq!(field.text.len(), LONGEST);
    }
}
