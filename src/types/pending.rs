//! How much a step has left to do, as its `pending` command counts it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How much there is left to do. What could not be counted is never taken for a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pending {
    /// So much: rows, migrations, jobs, whatever the plan counts.
    Known(u64),
    /// Nobody knows; why, in a few words.
    Unknown(String),
}

impl Pending {
    /// Reads the first line that the command printed, or why there is none.
    pub fn read(line: Result<String, String>) -> Self {
        match line {
            Ok(line) => {
                let shown: String = line.trim().chars().take(60).collect();
                let no_number = || format!("it printed \"{shown}\", which is no whole number");
                let number = line.trim().parse();
                number.map_or_else(|_| Self::Unknown(no_number()), Self::Known)
            }
            Err(why) => Self::Unknown(why),
        }
    }

    /// The number, where there is one.
    pub fn known(&self) -> Option<u64> {
        match self {
            Self::Known(number) => Some(*number),
            Self::Unknown(_) => None,
        }
    }
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(number) => write!(f, "{number}"),
            Self::Unknown(why) => write!(f, "unknown ({why})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_number_is_known() {
        let read = |line: &str| Pending::read(Ok(line.to_owned())).known();
        assert_eq!(read(" 12 "), Some(12));
        assert_eq!(read("0"), Some(0));
        for line in ["", "-1", "3.5", "1,200", "12 rows", "none"] {
            assert_eq!(read(line), None, "{line}");
        }
        let why = Pending::read(Err("exit code 1".into())).to_string();
        assert_eq!(why, "unknown (exit code 1)");
    }
}
