//! What commands have left in a run's directory: the files that begin with an intent's number.

use super::{RunDir, StoreError};
use crate::types::Seq;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The files of one intent, by what they are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remains {
    /// The number they begin with.
    pub number: Seq,
    /// What they are named after the number: `migrate.1`, `migrate.undo.1`.
    pub stem: String,
    /// What they end in: `lock`, `pid`, `log` …
    pub suffixes: BTreeSet<String>,
}

impl Remains {
    /// Whether there is only a lock, which a crash before the intent leaves: nothing was started.
    pub fn is_stray(&self) -> bool {
        self.suffixes.iter().all(|suffix| suffix == "lock")
    }

    /// Whether its command may have been started: nothing is written before `.pid` but the lock and
    /// the word that nothing shall be started.
    pub fn has_begun(&self) -> bool {
        let before = |suffix: &String| suffix == "lock" || suffix == "void" || suffix == "cancel";
        !self.suffixes.iter().all(before)
    }

    /// The name of the file that tells most.
    pub fn name(&self) -> String {
        let telling = ["exit", "log", "pid", "void", "lock"];
        let known = telling
            .iter()
            .find(|suffix| self.suffixes.contains(**suffix));
        let suffix = known.map(|suffix| (*suffix).to_owned());
        let suffix = suffix.or_else(|| self.suffixes.first().cloned());
        let suffix = suffix.unwrap_or_default();
        format!("{:04}-{}.{suffix}", self.number.0, self.stem)
    }
}

impl RunDir {
    /// What commands have left, in the order of their numbers.
    pub fn remains(&self) -> Result<Vec<Remains>, StoreError> {
        let listed = std::fs::read_dir(self.path())
            .map_err(|error| StoreError::io("cannot list", self.path(), error))?;
        let mut found: BTreeMap<(Seq, String), BTreeSet<String>> = BTreeMap::new();
        for entry in listed.flatten() {
            let name = entry.file_name();
            let Some((number, stem, suffix)) = name.to_str().and_then(parts) else {
                continue;
            };
            let key = (Seq(number), stem.to_owned());
            found.entry(key).or_default().insert(suffix.to_owned());
        }
        let trace = |((number, stem), suffixes)| Remains {
            number,
            stem,
            suffixes,
        };
        Ok(found.into_iter().map(trace).collect())
    }

    /// Where the file of remains lie that tells most.
    pub fn remains_path(&self, trace: &Remains) -> PathBuf {
        self.path().join(trace.name())
    }
}

/// `0042-migrate.1.log` taken apart: number, stem, suffix. A file that was being written counts as
/// the file it was to become.
fn parts(name: &str) -> Option<(u64, &str, &str)> {
    let (number, rest) = name.split_once('-')?;
    let rest = rest.strip_suffix(".tmp").unwrap_or(rest);
    let (stem, suffix) = rest.rsplit_once('.').unwrap_or((rest, ""));
    Some((number.parse().ok()?, stem, suffix))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_numbered_name_is_taken_apart_and_others_are_left() {
        assert_eq!(parts("0042-h2-a.1.log"), Some((42, "h2-a.1", "log")));
        assert_eq!(
            parts("10042-a.undo.2.exit.tmp"),
            Some((10042, "a.undo.2", "exit"))
        );
        for other in [
            "journal.jsonl",
            "plan.yaml",
            "journal.damaged-1.jsonl",
            "files",
        ] {
            assert_eq!(parts(other), None, "{other}");
        }
    }
}
