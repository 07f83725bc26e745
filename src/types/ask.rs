//! Asking a question of the machine: what is asked, and how the reply is judged.
//!
//! The shell asks; judging is pure. Three answers exist, and *could not tell* is never taken for
//! either of the others (plan-language, "Guards").

use super::{CommandSpec, Exit, Millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a guard, a check or a probe said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not hold; why, in a few words.
    No(String),
    /// Nobody knows; why, in a few words.
    CouldNotTell(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => write!(f, "yes"),
            Self::No(why) => write!(f, "no: {why}"),
            Self::CouldNotTell(why) => write!(f, "could not tell: {why}"),
        }
    }
}

/// One question to the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Runs a command and judges how it ended and what it printed.
    Command {
        /// The command; its `timeout` is the guard's.
        spec: CommandSpec,
        /// How its end is judged.
        judge: Judge,
    },
    /// Fetches a URL.
    Http(HttpAsk),
    /// Opens a TCP connection to `host:port`.
    Tcp {
        /// Host and port.
        address: String,
        /// How long it may take.
        timeout: Millis,
    },
}

/// An HTTP request and what its answer must look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAsk {
    /// Where to ask.
    pub url: String,
    /// How long the whole exchange may take.
    pub timeout: Millis,
    /// Statuses that are a yes.
    pub status: Vec<u16>,
    /// A pattern the body must match.
    pub body: Option<String>,
    /// Patterns that headers must match, by name.
    pub header: BTreeMap<String, String>,
    /// A pattern whose first group is the version that answers.
    pub version: Option<String>,
    /// The version expected of it: a series (`$TO`).
    pub version_is: Option<String>,
    /// A file with the certificates to trust instead of the system's.
    pub ca_file: Option<String>,
    /// Whether any certificate will do.
    pub insecure: bool,
    /// How many redirects are followed; with none a 3xx is the answer.
    pub redirects: u32,
}

/// How the end of a command is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judge {
    /// 0 is yes, these are no, anything else could not tell.
    Code {
        /// Statuses that mean no.
        no: Vec<i32>,
    },
    /// It must exit 0, and then its output is compared.
    Output(Expect),
}

/// What a command's output (outer white space trimmed) is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// It is this text; where both are numbers, this number.
    Is(String),
    /// It is not this text.
    Not(String),
    /// The pattern is found in it.
    Matches(String),
    /// It is a number above this one.
    Above(Bound),
    /// It is a number below this one.
    Below(Bound),
    /// It is empty (`true`), or it is not (`false`).
    Empty(bool),
}

/// A number to compare with, kept as the plan writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bound(String);

impl Bound {
    /// Reads a decimal number; fails where the text is none.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        match number(&text) {
            Some(_) => Ok(Self(text)),
            None => Err(format!("\"{text}\" is not a number")),
        }
    }

    /// The number's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Bound {
    fn default() -> Self {
        Self("0".to_owned())
    }
}

impl TryFrom<String> for Bound {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(text)
    }
}

impl From<Bound> for String {
    fn from(bound: Bound) -> Self {
        bound.0
    }
}

/// A finite decimal number, or none.
fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

impl Judge {
    /// The plain form of a guard: 0 yes, 1 no.
    pub fn plain() -> Self {
        Self::Code { no: vec![1] }
    }

    /// Judges a command that ended with `exit` after printing `output`.
    pub fn judge(&self, exit: &Exit, output: &str) -> Answer {
        match (self, exit) {
            (Self::Code { .. }, Exit::Code(0)) => Answer::Yes,
            (Self::Code { no }, Exit::Code(code)) if no.contains(code) && *code != 126 => {
                Answer::No(said(exit, output))
            }
            (Self::Output(expect), Exit::Code(0)) => expect.judge(output.trim()),
            (Self::Code { .. } | Self::Output(_), _) => Answer::CouldNotTell(said(exit, output)),
        }
    }
}

/// The exit and the last line printed, in a few words.
fn said(exit: &Exit, output: &str) -> String {
    match output.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{exit}: {}", short(line.trim())),
        None => exit.to_string(),
    }
}

/// At most 200 characters of a text.
fn short(text: &str) -> String {
    if text.chars().count() <= 200 {
        return text.to_owned();
    }
    text.chars().take(199).chain(['>']).collect()
}

impl Expect {
    /// Compares trimmed output.
    fn judge(&self, output: &str) -> Answer {
        let holds = match self {
            Self::Is(text) => same(output, text),
            Self::Not(text) => !same(output, text),
            Self::Empty(yes) => output.is_empty() == *yes,
            Self::Matches(pattern) => match regex_lite::Regex::new(pattern) {
                Ok(regex) => regex.is_match(output),
                Err(error) => return Answer::CouldNotTell(format!("the pattern: {error}")),
            },
            Self::Above(bound) | Self::Below(bound) => {
                let (Some(found), Some(limit)) = (number(output), number(&bound.0)) else {
                    return Answer::CouldNotTell(format!("\"{}\" is not a number", short(output)));
                };
                if matches!(self, Self::Above(_)) {
                    found > limit
                } else {
                    found < limit
                }
            }
        };
        if holds {
            Answer::Yes
        } else {
            Answer::No(format!("it printed \"{}\"", short(output)))
        }
    }
}

/// Equal as texts, or as numbers where both are.
fn same(found: &str, wanted: &str) -> bool {
    let as_numbers = || Some(number(found)?.total_cmp(&number(wanted)?).is_eq());
    found == wanted.trim() || as_numbers().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn could_not_tell_is_never_a_no() {
        let plain = Judge::plain();
        assert_eq!(plain.judge(&Exit::Code(0), ""), Answer::Yes);
        assert_eq!(
            plain.judge(&Exit::Code(1), ""),
            Answer::No("exit code 1".into())
        );
        for exit in [
            Exit::Code(2),
            Exit::Code(127),
            Exit::Signal(9),
            Exit::TimedOut,
        ] {
            assert!(
                matches!(plain.judge(&exit, ""), Answer::CouldNotTell(_)),
                "{exit}"
            );
        }
        let listed = Judge::Code { no: vec![3] };
        assert!(matches!(
            listed.judge(&Exit::Code(1), ""),
            Answer::CouldNotTell(_)
        ));
        assert!(matches!(
            listed.judge(&Exit::Code(3), "inactive\n"),
            Answer::No(_)
        ));
    }

    #[test]
    fn output_is_judged_only_after_exit_0() {
        let zero = Judge::Output(Expect::Is("0".into()));
        assert_eq!(zero.judge(&Exit::Code(0), "0\n"), Answer::Yes);
        assert!(matches!(zero.judge(&Exit::Code(0), "2\n"), Answer::No(_)));
        assert!(matches!(
            zero.judge(&Exit::Code(1), "0\n"),
            Answer::CouldNotTell(_)
        ));
        let above = Judge::Output(Expect::Above(Bound::new("1000").expect("a number")));
        assert_eq!(above.judge(&Exit::Code(0), " 1001\n"), Answer::Yes);
        assert!(matches!(
            above.judge(&Exit::Code(0), "ten"),
            Answer::CouldNotTell(_)
        ));
        assert!(Bound::new("many").is_err());
    }
}
