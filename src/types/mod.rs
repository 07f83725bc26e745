//! Newtypes and small values that every module speaks in.
//!
//! Nothing here touches the world or knows of plans, journals or screens; everything may import it.

mod ask;
mod bearing;
mod command;
mod exit;
mod id;
mod pending;
mod screen;
mod shortage;
mod time;
mod version;
mod who;

pub use ask::{Answer, Ask, Bound, Expect, HttpAsk, Judge};
pub use bearing::Bearing;
pub use command::{CommandSpec, EnvValue, TerminalOf};
pub use exit::{Exit, ExitRecord, Reach};
pub use id::{Digest, Id, IdError, RunId, Seq, ServiceId, StepId, WarningId};
pub use pending::Pending;
pub use screen::{ConsentRules, Notify, Paste};
pub use shortage::{Lack, Shortage};
pub use time::{BootId, Jump, Millis, Moment, Timestamp, Zone};
pub use version::{Series, Version, VersionError, VersionReq};
pub use who::Who;
