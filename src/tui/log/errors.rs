//! Which lines look like errors, and how far a step is, read off its log. Nothing here touches a
//! file.

use super::Progress;
use crate::text;
use regex_lite::Regex;

/// Words that make a line look like an error.
const WORDS: [&str; 6] = [
    "error",
    "fatal",
    "panic",
    "exception",
    "traceback",
    "failed",
];

/// What makes a line of a step look like an error.
#[derive(Debug, Default)]
pub(super) struct ErrorLines {
    own: Option<Regex>,
}

impl ErrorLines {
    /// The usual words, and the step's own pattern.
    pub(super) fn new(own: Option<&str>) -> Self {
        Self {
            own: own.and_then(|pattern| Regex::new(pattern).ok()),
        }
    }

    /// Whether this line, made safe, looks like an error: one of the usual words, or the step's own
    /// pattern.
    pub(super) fn fits(&self, text: &str) -> bool {
        let word = |part: &str| WORDS.iter().any(|word| part.eq_ignore_ascii_case(word));
        let usual = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(word);
        usual || self.own.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// The first place from which on a line may look like an error; none where no line does.
    pub(super) fn first_candidate(&self, bytes: &[u8]) -> Option<usize> {
        if self.own.is_some() {
            // A pattern may fit any line.
            return (!bytes.is_empty()).then_some(0);
        }
        first_candidate(bytes)
    }
}

/// How many bytes are looked at together.
const LANES: usize = 64;

/// The first place where one of the words may begin, of any case: its first three letters stand
/// there. Written so that the compiler makes vectors of it; one place at a time would take longer
/// than reading the file.
fn first_candidate(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(part) = bytes.get(from..from + LANES + 2) {
        let (a, b, c) = (&part[..LANES], &part[1..=LANES], &part[2..]);
        let mut any = 0;
        for lane in 0..LANES {
            any |= begins(a[lane], b[lane], c[lane]);
        }
        if any != 0 {
            break;
        }
        from += LANES;
    }
    let rest = bytes.get(from..)?;
    let found = rest.windows(3).position(|w| begins(w[0], w[1], w[2]) != 0);
    found.map(|at| from + at)
}

/// 1 where a word begins with these letters, else 0.
fn begins(first: u8, second: u8, third: u8) -> u8 {
    let (first, second, third) = (first | 0x20, second | 0x20, third | 0x20);
    let all = |word: [u8; 3]| {
        u8::from(first == word[0]) & u8::from(second == word[1]) & u8::from(third == word[2])
    };
    all(*b"err") | all(*b"exc") | all(*b"fat") | all(*b"fai") | all(*b"pan") | all(*b"tra")
}

/// Two groups are done and total, one is percent.
pub(super) fn read_progress(regex: &Regex, line: &[u8]) -> Option<Progress> {
    let line = text::sanitise(line).text;
    let found = regex.captures(&line)?;
    let number = |at: usize| found.get(at)?.as_str().parse::<f64>().ok();
    let (done, total) = match (number(1)?, number(2)) {
        (done, Some(total)) => (done, total),
        (percent, None) => (percent, 100.0),
    };
    let usable = done.is_finite() && total.is_finite() && total > 0.0 && done >= 0.0;
    usable.then_some(Progress { done, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_lines_are_told_by_whole_words_of_any_case() {
        let usual = ErrorLines::default();
        for line in ["ERROR: no", "PG::Error: x", "it failed.", "Traceback (most"] {
            assert!(usual.fits(line), "{line}");
            assert!(usual.first_candidate(line.as_bytes()).is_some(), "{line}");
        }
        for line in ["errors_total 0", "no terror here", "unfailed", ""] {
            assert!(!usual.fits(line), "{line}");
        }
        let own = ErrorLines::new(Some("^NOTICE"));
        assert!(own.fits("NOTICE:  relation"));
        assert_eq!(own.first_candidate(b"anything"), Some(0));
    }

    proptest::proptest! {
        #[test]
        fn no_error_line_is_passed_over(
            before in "[ -~]{0,200}", at in 0..WORDS.len(), upper in proptest::bool::ANY,
        ) {
            let word = if upper { WORDS[at].to_uppercase() } else { WORDS[at].to_owned() };
            let line = format!("{before} {word}");
            let found = ErrorLines::default().first_candidate(line.as_bytes());
            proptest::prop_assert!(found.is_some_and(|found| found <= before.len() + 1));
        }
    }

    #[test]
    fn progress_is_done_and_total_or_percent() {
        let two = Regex::new(r"(\d+) of (\d+) rows").expect("a pattern");
        let some = read_progress(&two, b"moved 30 of 200 rows").expect("found");
        assert!((some.done - 30.0).abs() < 1e-9 && (some.total - 200.0).abs() < 1e-9);
        let one = Regex::new(r"(\d+)%").expect("a pattern");
        let some = read_progress(&one, b"at 45%").expect("found");
        assert!((some.done / some.total - 0.45).abs() < 1e-9);
        assert_eq!(read_progress(&two, b"3 of 0 rows"), None);
        assert_eq!(read_progress(&two, b"nothing"), None);
    }
}
