//! Secrets are shown as `***` wherever a log is shown; the raw bytes stay in the file.

use crate::shell::ask::Secrets;
use crate::shell::store::RunDir;

/// What stands in place of a secret.
const BLOT: &str = "***";

/// The secrets of one run.
#[derive(Debug)]
pub(super) struct Blot {
    values: Vec<String>,
}

impl Blot {
    /// The secrets of the run in this directory. Where they are gone, so are those in its logs: a
    /// run that ended has none to hide that anybody could still use.
    pub(super) fn of(dir: &RunDir) -> Self {
        Self::new(&dir.read_secrets().unwrap_or_default())
    }

    /// These secrets, the longest first, so that one that contains another goes as a whole.
    fn new(secrets: &Secrets) -> Self {
        let lines = secrets.values().flat_map(|value| value.lines());
        let mut values: Vec<_> = lines
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { values }
    }

    /// A text without them.
    pub(super) fn apply(&self, text: &str) -> String {
        let values = self.values.iter();
        values.fold(text.to_owned(), |text, value| {
            text.replace(value.as_str(), BLOT)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_is_blotted_out_and_the_longer_one_first() {
        let secrets = [("a", "hunter"), ("b", "hunter2"), ("c", "")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let blot = Blot::new(&Secrets::from(secrets));
        assert_eq!(blot.apply("user=hunter pass=hunter2"), "user=*** pass=***");
    }
}
