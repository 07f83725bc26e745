//! Journal bytes to events and back: JSON lines, each with its number, its time, and a hash over
//! the hash of the line before and its own body.
//!
//! ```text
//! {"hash":"<64 hex digits>","n":1,"t":"2026-11-20T22:10:07.120Z","up":81234,"format":[1,1],"event":"RunStarted",…}
//! ```
//!
//! The events of one append stand or fall together: each but the last says how many `more` of them
//! follow (since 1.1). A disk may keep some lines of an append and lose the rest; half of what was
//! decided is not what was decided.
//!
//! The first line carries the format version. A new event kind or optional field is a new minor
//! version, which older readers read; anything else is a new major one, which they refuse. Pure:
//! the store reads and writes the bytes.

use super::event::{Event, Recorded};
use crate::types::{BootId, Millis, Moment, Seq, Timestamp};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The format that this upwalk writes: major and minor.
pub const FORMAT: (u32, u32) = (1, 2);

/// What the first line's hash builds on.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What stands before a line's hash, and between it and the body.
const HEAD: &str = "{\"hash\":\"";
const NECK: &str = "\",";

/// What a journal's bytes say.
#[derive(Debug, Clone)]
pub struct Journal {
    /// Its events.
    pub events: Vec<Recorded>,
    /// How many of the bytes are whole appends; what follows is a torn tail.
    pub good_bytes: u64,
    /// The hash that the next line builds on.
    pub hash: String,
    /// The newest minor version that any of it was written by.
    minor: u32,
    /// The boot that its events count from.
    boot: BootId,
}

/// Damage: which line, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Damage {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// Why a journal is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is not as it was written.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// It is of a newer major version, which is no damage.
    #[error("{0}")]
    Newer(String),
}

/// The frame around an event.
#[derive(Deserialize)]
struct Frame {
    n: Seq,
    t: Timestamp,
    up: Millis,
    #[serde(default)]
    format: Option<(u32, u32)>,
    #[serde(default)]
    more: u32,
    #[serde(flatten)]
    event: Event,
}

/// The format alone: read first, so that a newer journal is refused by its version and not by
/// whatever it has changed.
#[derive(Deserialize)]
struct Format {
    format: (u32, u32),
    #[serde(default)]
    upwalk: Option<String>,
}

/// Reads a whole journal. What follows the last whole append was torn by a crash and is left out; any
/// other damage is an error.
pub fn decode(bytes: &[u8]) -> Result<Journal, Unread> {
    match good_part(bytes)? {
        (journal, None) => Ok(journal),
        (_, Some(damage)) => Err(damage.into()),
    }
}

/// Reads a journal as far as it is good, and says what is wrong with the line behind that. What
/// follows the last whole append was torn by a crash, which is no damage.
pub fn good_part(bytes: &[u8]) -> Result<(Journal, Option<Damage>), Unread> {
    let mut journal = Journal {
        events: Vec::new(),
        good_bytes: 0,
        hash: GENESIS.to_owned(),
        minor: FORMAT.1,
        boot: BootId::default(),
    };
    let mut good = (0, GENESIS.to_owned());
    let (mut read, mut damage) = (0, None);
    for (index, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        let Some(whole) = line.strip_suffix(b"\n") else {
            break;
        };
        read += line.len() as u64;
        match journal.take(whole) {
            Ok(0) => {
                journal.good_bytes = read;
                good = (journal.events.len(), journal.hash.clone());
            }
            Ok(_) => {}
            Err(Refused::Newer(why)) => return Err(Unread::Newer(why)),
            Err(Refused::Wrong(why)) => {
                let line = index + 1;
                damage = Some(Damage { line, why });
                break;
            }
        }
    }
    journal.events.truncate(good.0);
    journal.hash = good.1;
    Ok((journal, damage))
}

/// The journal that the first `count` lines of a good one are.
pub fn first_lines(bytes: &[u8], count: usize) -> Result<Journal, Unread> {
    let lines = bytes.split_inclusive(|b| *b == b'\n').take(count);
    let length = lines.map(<[u8]>::len).sum();
    decode(bytes.get(..length).unwrap_or(bytes))
}

/// Why a line is not taken.
enum Refused {
    /// The journal is of a newer major version.
    Newer(String),
    /// What is wrong with the line.
    Wrong(String),
}

impl From<&str> for Refused {
    fn from(why: &str) -> Self {
        Self::Wrong(why.to_owned())
    }
}

impl Journal {
    /// Adds one line, given without its end, and says how many more of its append follow; leaves the
    /// journal as it was where it does not fit.
    fn take(&mut self, line: &[u8]) -> Result<u32, Refused> {
        let first = self.events.is_empty();
        let (hash, body) = unseal(line, &self.hash).map_err(Refused::Wrong)?;
        let body = format!("{{{body}");
        let mut minor = self.minor;
        if first {
            minor = checked_minor(&body)?;
        }
        let frame: Frame = serde_json::from_str(&body)
            .map_err(|error| Refused::Wrong(format!("it is not an event: {error}")))?;
        let last = self.events.last().map_or(Seq(0), |last| last.n);
        if !frame.event.may_follow(last, frame.n) {
            let why = format!("it has number {} instead of {}", frame.n, last.next());
            return Err(Refused::Wrong(why));
        }
        if frame.format.is_some() != first {
            return Err("the format stands in the first line and nowhere else".into());
        }
        if frame.event == Event::Unknown && minor <= FORMAT.1 {
            return Err("it is of no known kind".into());
        }
        if let Some(new) = boot_of(&frame.event) {
            self.boot = new.clone();
        }
        if let Event::SupervisorStarted {
            writes: Some((_, newer)),
            ..
        } = &frame.event
        {
            minor = minor.max(*newer);
        }
        let at = Moment {
            wall: frame.t,
            boot: self.boot.clone(),
            up: frame.up,
        };
        self.events.push(Recorded {
            n: frame.n,
            at,
            event: frame.event,
        });
        self.minor = minor;
        self.hash = hash;
        Ok(frame.more)
    }
}

/// Takes hash and body of a line apart, and holds the one to the other.
fn unseal<'a>(line: &'a [u8], before: &str) -> Result<(String, &'a str), String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    let rest = text
        .strip_prefix(HEAD)
        .ok_or("it does not begin with its hash")?;
    let (hash, rest) = rest.split_at_checked(64).ok_or("its hash is cut short")?;
    let body = rest
        .strip_prefix(NECK)
        .ok_or("its hash is not 64 digits long")?;
    if seal(before, body) != hash {
        return Err("its hash does not fit: it, or the line before it, was changed".to_owned());
    }
    Ok((hash.to_owned(), body))
}

/// The hash of a line.
fn seal(before: &str, body: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(before.as_bytes());
    hash.update(body.as_bytes());
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The minor version of a first line whose major version is ours.
fn checked_minor(body: &str) -> Result<u32, Refused> {
    let Format {
        format: (major, minor),
        upwalk,
    } = serde_json::from_str(body).map_err(|_| "it does not name the journal's format")?;
    if major == FORMAT.0 {
        return Ok(minor);
    }
    let by = upwalk.map_or_else(
        || "another upwalk".to_owned(),
        |version| format!("upwalk {version}"),
    );
    Err(Refused::Newer(format!(
        "it was written by {by} in format {major}.{minor}, and this upwalk reads {}.x",
        FORMAT.0
    )))
}

/// The boot that events count from after this one.
fn boot_of(event: &Event) -> Option<&BootId> {
    if let Event::RunStarted(run) = event {
        Some(&run.boot)
    } else if let Event::SupervisorStarted { boot, .. } | Event::RunReopened { boot, .. } = event {
        Some(boot)
    } else if let Event::JournalSalvaged(salvaged) = event {
        Some(&salvaged.boot)
    } else {
        None
    }
}

/// Writes events as the lines that follow the line of hash `hash` and number `last`: one append,
/// which is read back whole or not at all. Returns the bytes, the new hash, and the events with
/// their places.
pub fn encode(
    hash: &str,
    last: Seq,
    at: &Moment,
    events: &[Event],
) -> (Vec<u8>, String, Vec<Recorded>) {
    let mut bytes = Vec::new();
    let mut hash = hash.to_owned();
    let mut recorded = Vec::with_capacity(events.len());
    let mut n = last;
    for (event, more) in events.iter().zip((0..events.len()).rev()) {
        n = n.next();
        let body = body_of(n, at, event, more);
        hash = seal(&hash, &body);
        for part in [HEAD, &hash, NECK, &body, "\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
        recorded.push(Recorded {
            n,
            at: at.clone(),
            event: event.clone(),
        });
    }
    (bytes, hash, recorded)
}

/// A line after its hash.
fn body_of(n: Seq, at: &Moment, event: &Event, more: usize) -> String {
    let event = serde_json::to_string(event)
        .expect("events hold texts, numbers and maps with text keys, which JSON can carry");
    let format = match n {
        Seq(1) => format!("\"format\":[{},{}],", FORMAT.0, FORMAT.1),
        Seq(_) => String::new(),
    };
    let more = match more {
        0 => String::new(),
        more => format!("\"more\":{more},"),
    };
    let fields = event.trim_start_matches('{');
    format!(
        "\"n\":{n},\"t\":\"{}\",\"up\":{},{format}{more}{fields}",
        at.wall, at.up.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::samples;

    #[test]
    fn what_is_written_is_read_back() {
        let events = samples::finished_run();
        let bytes = samples::bytes(&events);
        let journal = decode(&bytes).expect("a good journal");
        assert_eq!(journal.events, events);
        assert_eq!(journal.good_bytes, bytes.len() as u64);
    }

    #[test]
    fn a_torn_tail_is_left_out() {
        let events = samples::finished_run();
        let bytes = samples::bytes(&events);
        let whole = decode(&bytes[..bytes.len() - 1]).expect("only the last line is torn");
        assert_eq!(whole.events.len(), events.len() - 1);
        let mut zeroed = bytes.clone();
        zeroed.extend([0; 512]);
        assert_eq!(
            decode(&zeroed).expect("zeros are a torn tail").events,
            events
        );
    }

    #[test]
    fn an_append_that_is_not_whole_is_left_out_whole() {
        let events = samples::finished_run();
        let mut bytes = samples::bytes(&events[..9]);
        let before = decode(&bytes).expect("a good journal");
        let last = events[9..].iter().map(|one| one.event.clone());
        let last: Vec<Event> = last.collect();
        let (append, hash, _) = encode(&before.hash, Seq(9), &events[9].at, &last);
        let good = usize::try_from(before.good_bytes).expect("a short journal");
        for kept in 0..append.len() {
            bytes.truncate(good);
            bytes.extend_from_slice(&append[..kept]);
            let read = decode(&bytes).expect("only its tail is torn");
            assert_eq!(read.events, before.events, "{kept} bytes of it were kept");
            assert_eq!(read.good_bytes, before.good_bytes);
            assert_eq!(read.hash, before.hash);
        }
        bytes.truncate(good);
        bytes.extend_from_slice(&append);
        let read = decode(&bytes).expect("all of it is there");
        assert_eq!((read.events.len(), read.hash), (events.len(), hash));
    }

    #[test]
    fn every_flipped_bit_is_refused_with_its_line() {
        let bytes = samples::bytes(&samples::finished_run());
        let last = bytes.len() - 1;
        for at in 0..last {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            let line = bytes[..at].split(|b| *b == b'\n').count();
            let Err(Unread::Damaged(damage)) = decode(&bad) else {
                panic!("byte {at}: a flip is damage");
            };
            // A flipped newline joins two lines, and a flip may split one in two.
            assert!(
                damage.line == line || damage.line == line + 1,
                "byte {at}: {damage}"
            );
        }
    }

    #[test]
    fn a_newer_major_format_is_refused_and_a_newer_minor_read() {
        let events = samples::finished_run();
        let text = String::from_utf8(samples::bytes(&events)).expect("a journal is UTF-8");
        let reseal = |text: String| {
            let mut hash = GENESIS.to_owned();
            let mut out = String::new();
            for line in text.lines() {
                let body = &line[HEAD.len() + 64 + NECK.len()..];
                hash = seal(&hash, body);
                out.extend([HEAD, &hash, NECK, body, "\n"]);
            }
            out.into_bytes()
        };
        let major = reseal(text.replace("\"format\":[1,2]", "\"format\":[2,0]"));
        let refused = decode(&major).expect_err("format 2");
        assert!(matches!(refused, Unread::Newer(_)), "{refused:?}");
        let said = refused.to_string();
        assert!(said.contains("by upwalk 0.1.0 in format 2.0"), "{said}");
        let strange = text.replace("\"event\":\"NoteAdded\"", "\"event\":\"SomethingNew\"");
        assert!(
            decode(&reseal(strange.clone())).is_err(),
            "foreign in our own minor"
        );
        let minor = reseal(strange.replace("\"format\":[1,2]", "\"format\":[1,7]"));
        let journal = decode(&minor).expect("a newer minor version is read");
        assert!(journal.events.iter().any(|e| e.event == Event::Unknown));
    }
}
