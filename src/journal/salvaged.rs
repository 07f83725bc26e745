//! What happened to the journal itself, an end that was cut off or a part that was lost, and the
//! fold of it.

use super::asked::AskKey;
use super::event::{Outcome, RunResult};
use super::state::{Attempt, Facts, Finished, Remark, Word};
use crate::types::{BootId, Moment, Seq, StepId, Who};
use serde::{Deserialize, Serialize};

/// What was kept of a damaged journal, and what is known of the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salvaged {
    /// Who had it salvaged.
    pub who: Who,
    /// The boot that it happened in.
    pub boot: BootId,
    /// The damage, as it was told.
    pub damage: String,
    /// How many bytes at its end were not kept.
    pub lost_bytes: u64,
    /// The damaged journal's name in the run's directory.
    pub journal: String,
    /// Commands that had begun behind the kept part, in the order of their numbers.
    pub intents: Vec<LostIntent>,
    /// Names of files behind the kept part that fit no step of the plan.
    pub strange: Vec<String>,
    /// Whether the run was still open; else it had ended, nobody knows how.
    pub run: Standing,
}

/// Whether a salvaged run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is open.
    Open,
    /// It had ended.
    Ended,
}

/// A command that had begun and of which only files are left: its outcome is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostIntent {
    /// The number with which its files begin.
    pub number: Seq,
    /// Its step.
    pub step: StepId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Whether it did the step or took it back.
    pub way: Way,
    /// Why nobody knows its outcome, with what its files say.
    pub why: String,
}

/// Whether a command does a step or takes it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// It does the step.
    There,
    /// It takes the step back.
    Back,
}

impl Facts {
    /// What was no whole event was cut off the journal's end.
    pub(super) fn cut_off(&mut self, at: &Moment, bytes: u64, began: &str) {
        let bytes = match bytes {
            1 => "1 byte".to_owned(),
            many => format!("{many} bytes"),
        };
        let text = format!(
            "The journal ended in {bytes} that were no whole event, as a crash leaves them; they \
             were cut off. They began with: {began}"
        );
        self.remark(at, text);
    }

    /// The good part of a damaged journal was kept. What was asked at its end is asked anew: the
    /// answer may be among what is lost.
    pub(super) fn salvaged(&mut self, at: &Moment, salvaged: &Salvaged) {
        self.open = None;
        self.pause_requested = None;
        self.begun |= !salvaged.intents.is_empty();
        for lost in &salvaged.intents {
            self.lost(at, lost);
        }
        self.remark(at, story(salvaged));
        if salvaged.run == Standing::Ended && self.finished.is_none() {
            self.finished = Some(Finished {
                at: at.clone(),
                result: RunResult::Lost,
            });
        }
    }

    /// A command of which only files are left is an attempt of unknown outcome.
    fn lost(&mut self, at: &Moment, lost: &LostIntent) {
        let attempt = Attempt {
            ended: Some(at.clone()),
            unknown: Some(lost.why.clone()),
            ..Attempt::begun(lost.number, at, lost.attempt, true)
        };
        self.intents.insert(lost.number, lost.step.clone());
        match lost.way {
            Way::There => {
                self.forget_answers(&lost.step);
                let record = self.step(&lost.step);
                record.outcome = Some(Outcome::Unknown(lost.why.clone()));
                record.words.clear();
                record.attempts.push(attempt);
            }
            Way::Back => {
                self.answers.remove(&AskKey::UndoVerify(lost.step.clone()));
                let record = self.step(&lost.step);
                record.undo_outcome = Some(Outcome::Unknown(lost.why.clone()));
                record.words.remove(&Word::TakeBackAgain);
                record.undo_attempts.push(attempt);
            }
        }
    }

    fn remark(&mut self, at: &Moment, text: String) {
        let at = at.clone();
        self.remarks.push(Remark { at, text });
    }
}

/// What a salvage means for people.
fn story(salvaged: &Salvaged) -> String {
    let asked = match (salvaged.run, salvaged.intents.len()) {
        (Standing::Ended, _) => "how the run ended is not known".to_owned(),
        (Standing::Open, 0) => "no command had started in it".to_owned(),
        (Standing::Open, 1) => "1 command had started in it, and is asked about".to_owned(),
        (Standing::Open, many) => {
            format!("{many} commands had started in it, and are asked about")
        }
    };
    format!(
        "{} salvaged the journal ({}): the last {} bytes are lost to the run, {asked}. The damaged \
         journal is kept as {}.",
        salvaged.who, salvaged.damage, salvaged.lost_bytes, salvaged.journal
    )
}
