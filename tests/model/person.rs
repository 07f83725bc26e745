//! A person who answers every question with one of the offered answers.

use std::collections::BTreeMap;

/// What a person does when asked, as bytes; the usual answer for ever where there are none.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    script: Vec<u8>,
    manner: Manner,
    /// How often each question was answered.
    answered: BTreeMap<String, usize>,
}

/// Whether a person answers as they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Any answer that is offered, at any question.
    Free,
    /// The truth about unknown outcomes, and no other word about what crashes alone bring up.
    Truthful,
}

/// When a person ends a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// At once.
    None,
    /// Once the plan's `min` has passed.
    Min,
    /// After the plan's `max`.
    Max,
}

/// A step whose outcome nobody knows, as the person finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// It did its work.
    Done,
    /// It did not, or it may be run again anyway.
    NotDone,
}

/// Answers that get a run on, best first.
const ONWARDS: [&str; 7] = [
    "confirm",
    "start",
    "continue",
    "settle done",
    "skip",
    "retry",
    "stop",
];

impl Person {
    /// A person with this script.
    pub(crate) fn new(script: &[u8], manner: Manner) -> Self {
        Self {
            script: script.to_vec(),
            manner,
            answered: BTreeMap::new(),
        }
    }

    /// How this person behaves.
    pub(crate) fn manner(&self) -> Manner {
        self.manner
    }

    /// What is said at `question` (the kind and what it is about) of these offered answers, the
    /// usual one first. Pure: nothing counts as said before [`Person::has_said`].
    pub(crate) fn says(&self, question: &str, offered: &[&'static str]) -> &'static str {
        let times = self.answered.get(question).copied().unwrap_or(0);
        // A person asked again by what a crash has brought up says nothing new.
        let anew = self.manner == Manner::Truthful && asked_anew_by_a_rerun(question);
        if times >= if anew { 1 } else { 3 } {
            let onwards = ONWARDS.iter().find(|verb| offered.contains(verb));
            return onwards.expect("every question offers a way on");
        }
        let byte = usize::from(self.byte(question, times));
        let usual = byte < 150;
        offered[if usual { 0 } else { byte % offered.len() }]
    }

    /// What is said about an unknown outcome.
    pub(crate) fn settles(
        &self,
        question: &str,
        offered: &[&'static str],
        found: Found,
    ) -> &'static str {
        match (self.manner, found) {
            (Manner::Free, _) => self.says(question, offered),
            (Manner::Truthful, Found::Done) => "settle done",
            (Manner::Truthful, Found::NotDone) => "settle rerun",
        }
    }

    /// How long this person waits before ending a pause.
    pub(crate) fn patience(&self, pause: &str) -> Patience {
        match self.byte(&format!("patience {pause}"), 0) % 4 {
            1 => Patience::Min,
            2 => Patience::Max,
            _ => Patience::None,
        }
    }

    /// An answer was taken.
    pub(crate) fn has_said(&mut self, question: &str) {
        *self.answered.entry(question.to_owned()).or_default() += 1;
    }

    fn byte(&self, question: &str, times: usize) -> u8 {
        // FNV-1a: neighbouring questions get unlike answers.
        let hash = question.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| {
            (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
        });
        let count = self.script.len() as u64;
        let at = hash.wrapping_add(times as u64).checked_rem(count);
        let at = at.and_then(|at| usize::try_from(at).ok());
        at.map_or(0, |at| self.script[at])
    }
}

/// Questions before a step, which a run again after a crash asks once more.
fn asked_anew_by_a_rerun(question: &str) -> bool {
    ["confirm ", "next step ", "unsure "]
        .iter()
        .any(|kind| question.starts_with(kind))
}
