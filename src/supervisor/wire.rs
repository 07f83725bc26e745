//! What front ends and supervisor say to each other: JSON, one frame a line, at most 1 MiB.
//!
//! The server's first frame names the wire version; so does the client's. After the hellos the
//! server sends every event of the journal from the first, `CaughtUp`, and then what comes.

use crate::engine::Refusal;
use crate::journal::Decision;
use crate::journal::{AskKey, Event};
use crate::types::{Answer, BootId, Millis, RunId, Seq, Timestamp, Who};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The version that this upwalk speaks.
pub const VERSION: u32 = 1;
/// The longest frame in bytes, its newline included.
pub const MAX_FRAME: usize = 1 << 20;

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
        observers: Vec<Who>,
    },
    /// The answer to `Decide` or `TakeControls`.
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
    /// Something of a command outlives its shim and is waited for.
    StillRunning {
        /// The intent.
        number: Seq,
        /// What.
        what: String,
    },
}
