//! What `status` and `why` say where the disk keeps a run from its next step. Worked out without any
//! supervisor, so that it is true also where none can be started.

use super::status::{Doing, Status};
use crate::types::{Lack, Shortage};
use serde::Serialize;

/// What a run's disk lacks. Field names are documented output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// `room`, `files` (it can hold no more of them) or `writing` (it is read-only).
    pub lacks: &'static str,
    /// The directory that has to be written.
    pub directory: String,
    /// Where its filesystem is mounted.
    pub mounted_at: Option<String>,
    /// What device that is.
    pub device: Option<String>,
    /// How many bytes are free, where room is lacking.
    pub free_bytes: Option<u64>,
    /// How many have to be.
    pub needed_bytes: u64,
}

impl Disk {
    fn of(short: &Shortage) -> Self {
        let (lacks, free_bytes) = match short.lack {
            Lack::Room(free) => ("room", Some(free)),
            Lack::Files => ("files", None),
            Lack::Writing => ("writing", None),
        };
        let (mounted_at, device) = short.mounted.clone().unzip();
        Self {
            lacks,
            directory: short.dir.display().to_string(),
            mounted_at,
            device,
            free_bytes,
            needed_bytes: Shortage::NEEDED,
        }
    }
}

impl Status {
    /// The same where the run's disk lacks this: no step begins, and a person has to see to it.
    #[must_use]
    pub fn short_of(mut self, short: &Shortage) -> Self {
        let advice = match self.doing {
            Doing::Finished => return self,
            Doing::NoSupervisor => short.advice("attach"),
            Doing::Running | Doing::WaitingForPerson => short.advice("the run can go on"),
        };
        self.needs_person = true;
        self.sentence = format!("{} {} {advice}.", self.sentence, short.sentence());
        self.disk = Some(Disk::of(short));
        self
    }
}
