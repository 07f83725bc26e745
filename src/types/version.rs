//! Versions and how they compare (plan-language, "Versions").

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// Why a text is no version, series or requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not {what}")]
pub struct VersionError {
    text: String,
    what: &'static str,
}

/// An exact version as a program prints it: `4.3.0-rc.1`, `v16.4`, `2023-04-07`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    text: String,
    parts: Vec<Part>,
}

/// One comparable part: a word stands before any number or the end, so that `rc1` precedes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Word(String),
    End,
    Number(u128),
}

impl Version {
    /// Reads a version: it begins with a digit, after a leading `v` that is ignored.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let text = text.trim();
        let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let fits = bare.starts_with(|c: char| c.is_ascii_digit())
            && bare
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._+-~".contains(&b));
        let parts = if fits { split(bare) } else { None };
        match parts {
            Some(parts) => Ok(Self {
                text: bare.to_owned(),
                parts,
            }),
            None => Err(VersionError {
                text: text.to_owned(),
                what: "a version such as 4.3.2",
            }),
        }
    }

    /// The text without its leading `v`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The numbers and words of a version; what follows `+` is build information and not compared.
fn split(text: &str) -> Option<Vec<Part>> {
    let text = text.split('+').next().unwrap_or(text);
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        if !first.is_ascii_alphanumeric() {
            rest = &rest[1..];
            continue;
        }
        let same = |c: char| c.is_ascii_alphanumeric() && c.is_ascii_digit() == digit;
        let end = rest.find(|c: char| !same(c)).unwrap_or(rest.len());
        let (part, tail) = rest.split_at(end);
        parts.push(if digit {
            Part::Number(part.parse().ok()?)
        } else {
            Part::Word(part.to_ascii_lowercase())
        });
        rest = tail;
    }
    Some(parts)
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let longest = self.parts.len().max(other.parts.len());
        let at = |v: &Self, i: usize| v.parts.get(i).cloned().unwrap_or(Part::End);
        for i in 0..longest {
            let (a, b) = (at(self, i), at(other, i));
            // `4.3` and `4.3.0` are the same version.
            let order = match (&a, &b) {
                (Part::End, Part::Number(0)) | (Part::Number(0), Part::End) => Ordering::Equal,
                _ => a.cmp(&b),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl TryFrom<String> for Version {
    type Error = VersionError;
    fn try_from(text: String) -> Result<Self, VersionError> {
        Self::parse(&text)
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.text
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A stop, a target or an entry of `tested`: `29` is reached by every `29.x`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Series(Version);

impl Series {
    /// Reads a series; `latest` and other words are none.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        Version::parse(text)
            .map(Self)
            .map_err(|error| VersionError {
                text: error.text,
                what: "a version to go to, such as 29 or 4.3 (there is no \"latest\")",
            })
    }

    /// Whether `version` is of this series: its leading parts are the series' parts.
    pub fn contains(&self, version: &Version) -> bool {
        if self.0 == *version {
            return true;
        }
        let (own, other) = (&self.0.parts, &version.parts);
        other.len() > own.len()
            && other[..own.len()] == own[..]
            && matches!(other[own.len()], Part::Number(_))
    }

    /// Whether `version` is of this series or later than all of it.
    pub fn reached_by(&self, version: &Version) -> bool {
        self.contains(version) || *version > self.0
    }

    /// The series' text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A requirement such as `>=25`, `>=4.2, <4.4` or `16` (a series).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionReq {
    text: String,
    bounds: Vec<(Cmp, Series)>,
}

/// A comparison of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cmp {
    AtLeast,
    Above,
    AtMost,
    Below,
    In,
}

impl VersionReq {
    /// Reads comparisons joined by commas; each is `>=`, `>`, `<=`, `<` or `=` and a version.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let bad = || VersionError {
            text: text.to_owned(),
            what: "a requirement such as \">=4.2, <4.4\"",
        };
        let mut bounds = Vec::new();
        for part in text.split(',') {
            let part = part.trim();
            let (cmp, rest) = [
                (">=", Cmp::AtLeast),
                ("<=", Cmp::AtMost),
                (">", Cmp::Above),
                ("<", Cmp::Below),
                ("=", Cmp::In),
            ]
            .into_iter()
            .find_map(|(sign, cmp)| part.strip_prefix(sign).map(|rest| (cmp, rest)))
            .unwrap_or((Cmp::In, part));
            bounds.push((cmp, Series::parse(rest).map_err(|_| bad())?));
        }
        Ok(Self {
            text: text.trim().to_owned(),
            bounds,
        })
    }

    /// Whether `version` meets every comparison. `<=29` and `>28` mean the series as a whole.
    pub fn matches(&self, version: &Version) -> bool {
        self.bounds.iter().all(|(cmp, series)| match cmp {
            Cmp::AtLeast => series.reached_by(version),
            Cmp::Above => series.reached_by(version) && !series.contains(version),
            Cmp::AtMost => !series.reached_by(version) || series.contains(version),
            Cmp::Below => !series.reached_by(version),
            Cmp::In => series.contains(version),
        })
    }

    /// The lowest version a requirement names as allowed, where it names one.
    pub fn lowest(&self) -> Option<&Series> {
        let floor = |(cmp, series): &'_ (Cmp, Series)| {
            matches!(cmp, Cmp::AtLeast | Cmp::In).then(|| series.clone())
        };
        let wanted = self.bounds.iter().filter_map(floor).max()?;
        self.bounds
            .iter()
            .map(|(_, series)| series)
            .find(|series| **series == wanted)
    }

    /// The requirement as the plan writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for VersionReq {
    type Error = VersionError;
    fn try_from(text: String) -> Result<Self, VersionError> {
        Self::parse(&text)
    }
}

impl From<VersionReq> for String {
    fn from(req: VersionReq) -> Self {
        req.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        Version::parse(text).expect("a version")
    }

    #[test]
    fn versions_compare_number_by_number() {
        let rising = [
            "3.3.0.beta2",
            "3.3.0",
            "4.2.10",
            "4.3.0-rc.1",
            "4.3.0rc2",
            "4.3.0",
            "4.3.1",
            "4.9",
            "4.10",
            "2023-04-07",
            "2023-04-10",
        ];
        for pair in rising.windows(2) {
            assert!(v(pair[0]) < v(pair[1]), "{} < {}", pair[0], pair[1]);
        }
        assert_eq!(v("v4.3"), v("4.3.0"));
        assert!(Version::parse("latest").is_err() && Version::parse("").is_err());
    }

    #[test]
    fn a_series_is_reached_by_every_version_of_it() {
        let series = Series::parse("29").expect("a series");
        assert!(series.contains(&v("29.0.4")) && series.contains(&v("29")));
        assert!(!series.contains(&v("290")) && !series.contains(&v("28.9")));
        assert!(!series.contains(&v("29-rc1")) && series.reached_by(&v("30.1")));
    }

    #[test]
    fn requirements_hold_for_series() {
        let req = VersionReq::parse(">=4.2, <4.4").expect("a requirement");
        assert!(req.matches(&v("4.2.0")) && req.matches(&v("4.3.9")));
        assert!(!req.matches(&v("4.1.9")) && !req.matches(&v("4.4.0")));
        assert_eq!(req.lowest().map(Series::as_str), Some("4.2"));
        assert!(VersionReq::parse(">= ").is_err() && VersionReq::parse("latest").is_err());
    }
}
