//! What front ends and supervisor say to each other: JSON, one frame a line.
//!
//! The server's first frame names the wire version; so does the client's. After the hellos the
//! server sends every event of the journal from the first, `CaughtUp`, what is under way, who is
//! attached, and then what comes. Called by `server` and `client`; decides nothing.

use crate::engine::Refusal;
use crate::journal::{AskKey, Decision, Event, Recorded};
use crate::types::{Answer, BootId, Millis, Moment, Pending, RunId, Seq, StepId, Timestamp, Who};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read as _};
use std::path::PathBuf;

/// The version that this upwalk speaks.
pub const VERSION: u32 = 2;
/// The longest frame of a front end in bytes, its newline included.
pub const MAX_FRAME: usize = 1 << 20;
/// The longest frame of a supervisor in bytes: an event can carry a plan's longest text, escaped.
pub const MAX_SERVER_FRAME: usize = 64 << 20;

/// How long whoever has the controls may press no key before they can be taken without being asked.
pub const UNATTENDED: Millis = Millis::from_secs(60);

/// Handing the controls over from one screen to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handover {
    /// Ask whoever has them.
    Ask,
    /// Ask no longer.
    Withdraw,
    /// Whoever has them gives them to who asks.
    Give,
    /// Whoever has them keeps them.
    Keep,
}

/// How the controls are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Since when, by the wall clock of then.
    pub since: Timestamp,
    /// The last key there, by `CLOCK_BOOTTIME`; none where that front end tells of no keys.
    pub last_key: Option<Millis>,
}

impl Held {
    /// Whether nobody can be told to sit there: the controls can be taken without asking.
    pub fn is_unattended(&self, now: Millis) -> bool {
        self.last_key
            .is_none_or(|last| now.since(last) >= UNATTENDED)
    }
}

/// Somebody who looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observer {
    /// Who.
    #[serde(flatten)]
    pub who: Who,
    /// Since when, by the wall clock of then; none where the supervisor is older than this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// What a front end is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A screen that wants the controls; it looks only while another has them.
    Controls,
    /// A screen that looks only.
    Observe,
    /// A verb: it decides without the controls.
    Verb,
}

/// From a front end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum ToServer {
    /// The first frame.
    Hello {
        /// [`VERSION`].
        wire: u32,
        /// Who it is for; the server puts the kernel's uid in place of `who.uid`.
        who: Who,
        /// What it is there for.
        part: Part,
    },
    /// A decision.
    Decide {
        /// Comes back with the reply.
        id: u64,
        /// The question it answers.
        at: Option<Seq>,
        /// What.
        decision: Decision,
    },
    /// Is anybody there?
    Ping {
        /// Comes back with the pong.
        id: u64,
    },
    /// Take the controls from whoever has them.
    TakeControls {
        /// Comes back with the reply.
        id: u64,
    },
    /// Ask for the controls, or answer who asks.
    Handover {
        /// Comes back with the reply.
        id: u64,
        /// What.
        what: Handover,
    },
    /// A person has pressed a key at the screen that has the controls. Told now and then.
    Key,
}

/// From the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum FromServer {
    /// The first frame.
    Hello {
        /// [`VERSION`].
        wire: u32,
        /// Which upwalk it is.
        upwalk: String,
        /// Which run it serves.
        run: RunId,
        /// That run's directory.
        run_dir: PathBuf,
        /// Its process.
        pid: u32,
    },
    /// An event of the journal.
    Event {
        /// Its number.
        n: Seq,
        /// When, by the wall clock.
        wall: Timestamp,
        /// When, by which boot.
        boot: BootId,
        /// When, by `CLOCK_BOOTTIME`.
        up: Millis,
        /// What.
        event: Box<Event>,
    },
    /// All events so far have been sent.
    CaughtUp,
    /// Something under way that is no fact yet; replaces the last of its key.
    Live(Live),
    /// Who is attached and who has the controls; sent on every change.
    Attached {
        /// Who has the controls.
        controls: Option<Who>,
        /// Whether that is the receiver.
        yours: bool,
        /// The others that look.
        observers: Vec<Observer>,
        /// How they are held, where anybody has them.
        #[serde(default)]
        held: Option<Held>,
        /// Who asks for them.
        #[serde(default)]
        asked_by: Option<Who>,
        /// Whether that is the receiver.
        #[serde(default)]
        you_ask: bool,
    },
    /// The answer to `Decide`, `TakeControls` or `Handover`.
    Reply {
        /// The frame it answers.
        id: u64,
        /// Done and durable up to this number, or refused.
        result: Result<Seq, Refusal>,
    },
    /// The answer to `Ping`.
    Pong {
        /// The frame it answers.
        id: u64,
    },
    /// The supervisor ends; why.
    Bye {
        /// One sentence.
        why: String,
    },
}

/// Something under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Live {
    /// A question is being asked of the machine, or is polled.
    Asking {
        /// Which.
        key: AskKey,
        /// What it said last.
        last: Option<Answer>,
        /// When polling ends, by the wall clock.
        until: Option<Timestamp>,
    },
    /// That question is no longer asked.
    Asked {
        /// Which.
        key: AskKey,
    },
    /// How much the step that runs has left to do, as it was counted last.
    Counted {
        /// Which step.
        step: StepId,
        /// How much.
        left: Pending,
    },
    /// Something of a command outlives its shim and is waited for.
    StillRunning {
        /// The intent.
        number: Seq,
        /// What.
        what: String,
    },
}

impl FromServer {
    /// An event of the journal as a frame.
    pub fn event(recorded: &Recorded) -> Self {
        Self::Event {
            n: recorded.n,
            wall: recorded.at.wall,
            boot: recorded.at.boot.clone(),
            up: recorded.at.up,
            event: Box::new(recorded.event.clone()),
        }
    }
}

/// The event that an `Event` frame carries.
pub fn recorded(n: Seq, wall: Timestamp, boot: BootId, up: Millis, event: Event) -> Recorded {
    Recorded {
        n,
        at: Moment { wall, boot, up },
        event,
    }
}

/// A supervisor's frame as a line.
pub fn encode(frame: &FromServer) -> Vec<u8> {
    let line = match frame {
        // The vocabulary refuses to write an event that it does not know; its number and time
        // still have to arrive, so that no number is missing.
        FromServer::Event {
            n,
            wall,
            boot,
            up,
            event,
        } if matches!(**event, Event::Unknown) => serde_json::to_vec(&serde_json::json!({
            "frame": "event", "n": n, "wall": wall, "boot": boot, "up": up,
            "event": { "event": "Unknown" },
        })),
        FromServer::Event { .. }
        | FromServer::Hello { .. }
        | FromServer::CaughtUp
        | FromServer::Live(_)
        | FromServer::Attached { .. }
        | FromServer::Reply { .. }
        | FromServer::Pong { .. }
        | FromServer::Bye { .. } => serde_json::to_vec(frame),
    };
    ended(line)
}

/// A front end's frame as a line.
pub fn encode_to_server(frame: &ToServer) -> Vec<u8> {
    ended(serde_json::to_vec(frame))
}

/// A line with its end.
fn ended(line: serde_json::Result<Vec<u8>>) -> Vec<u8> {
    // Frames have text keys only and no values that JSON lacks, so writing them cannot fail; a
    // line that nobody can read would be answered by a Bye.
    let mut line = line.unwrap_or_else(|error| error.to_string().into_bytes());
    line.push(b'\n');
    line
}

/// The wire version that a hello of any upwalk names; none where the line is no hello.
pub fn version_of(line: &[u8]) -> Option<u32> {
    /// What hellos of all versions have in common.
    #[derive(Deserialize)]
    struct AnyHello {
        frame: String,
        wire: u32,
    }
    let any: AnyHello = serde_json::from_slice(line).ok()?;
    (any.frame == "hello").then_some(any.wire)
}

/// Why a frame could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other end closed the connection between two frames.
    #[error("the connection was closed")]
    Closed,
    /// It closed it within a frame.
    #[error("the connection was closed within a frame")]
    Half,
    /// The frame is longer than allowed.
    #[error("a frame is longer than {0} bytes")]
    TooLong(usize),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
}

/// Reads one line of at most `limit` bytes, without its newline.
pub fn read_line(from: &mut impl BufRead, limit: usize) -> Result<Vec<u8>, FrameError> {
    let mut line = Vec::new();
    from.take(limit as u64).read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        Some(_) if line.len() + 1 >= limit => Err(FrameError::TooLong(limit)),
        Some(_) => Err(FrameError::Half),
        None => Err(FrameError::Closed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Who {
        Who {
            login: "anna".to_owned(),
            uid: 0,
            ssh: None,
        }
    }

    fn event(event: Event) -> FromServer {
        FromServer::Event {
            n: Seq(7),
            wall: Timestamp::from_millis(1_000),
            boot: BootId("b".to_owned()),
            up: Millis(5),
            event: Box::new(event),
        }
    }

    fn attached() -> FromServer {
        FromServer::Attached {
            controls: Some(who()),
            yours: true,
            observers: vec![Observer {
                who: who(),
                since: Some(Timestamp::from_millis(1)),
            }],
            held: Some(Held {
                since: Timestamp::from_millis(7),
                last_key: Some(Millis(3)),
            }),
            asked_by: Some(who()),
            you_ask: false,
        }
    }

    #[test]
    fn every_frame_of_a_supervisor_makes_the_round_trip() {
        let key = AskKey::PauseGuard(StepId::from("soak"), 0);
        let frames = [
            FromServer::Hello {
                wire: VERSION,
                upwalk: "0.1.0".to_owned(),
                run: RunId::parse("20261120T221007Z-demo-up").expect("it has the shape"),
                run_dir: PathBuf::from("/r"),
                pid: 5,
            },
            event(Event::NoteAdded {
                who: who(),
                text: "a\nb".to_owned(),
            }),
            event(Event::Unknown),
            FromServer::CaughtUp,
            FromServer::Live(Live::Asking {
                key: key.clone(),
                last: Some(Answer::No("exit code 1".to_owned())),
                until: Some(Timestamp::from_millis(9)),
            }),
            FromServer::Live(Live::Asked { key }),
            FromServer::Live(Live::Counted {
                step: StepId::from("fill"),
                left: Pending::Known(12),
            }),
            FromServer::Live(Live::StillRunning {
                number: Seq(3),
                what: "pid 7".to_owned(),
            }),
            attached(),
            FromServer::Reply {
                id: 1,
                result: Ok(Seq(9)),
            },
            FromServer::Reply {
                id: 2,
                result: Err(Refusal {
                    why: "No.".to_owned(),
                    hint: None,
                }),
            },
            FromServer::Pong { id: 4 },
            FromServer::Bye {
                why: "It ends.".to_owned(),
            },
        ];
        for frame in frames {
            let line = encode(&frame);
            assert_eq!(line.iter().position(|b| *b == b'\n'), Some(line.len() - 1));
            let back: FromServer = serde_json::from_slice(&line).expect("it was just written");
            assert_eq!(back, frame);
        }
    }

    #[test]
    fn hellos_of_any_version_name_it() {
        assert_eq!(
            version_of(br#"{"frame":"hello","wire":9,"part":{"new":1}}"#),
            Some(9)
        );
        assert_eq!(version_of(br#"{"frame":"ping","id":1}"#), None);
        assert_eq!(version_of(b"\xff"), None);
    }

    #[test]
    fn lines_end_where_they_may() {
        let read = |bytes: &[u8]| read_line(&mut io::BufReader::new(bytes), 8);
        assert_eq!(read(b"1234567\n").ok(), Some(b"1234567".to_vec()));
        assert!(matches!(read(b"12345678\n"), Err(FrameError::TooLong(8))));
        assert!(matches!(read(b"1234"), Err(FrameError::Half)));
        assert!(matches!(read(b""), Err(FrameError::Closed)));
    }
}
