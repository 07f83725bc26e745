//! Points in time and lengths of it.
//!
//! Within one boot durations come from `CLOCK_BOOTTIME`; across boots from the wall clock.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A length of time, or a reading of `CLOCK_BOOTTIME`, in milliseconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// A whole number of seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1000)
    }

    /// Whole seconds, rounded down.
    pub const fn secs(self) -> u64 {
        self.0 / 1000
    }

    /// The length from `earlier` to here; zero where that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// This much later, at most the end of time.
    #[must_use]
    pub const fn plus(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }

    /// The same length for the standard library.
    pub const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }
}

/// A wall-clock time in UTC, kept to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The time `millis` after 1970-01-01T00:00Z; the end of jiff's time where that is beyond it.
    pub fn from_millis(millis: i64) -> Self {
        Self(jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX))
    }

    /// Milliseconds since 1970-01-01T00:00Z.
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The length from `earlier` to here; zero where that is later.
    pub fn since(self, earlier: Self) -> Millis {
        Millis(u64::try_from(self.as_millis() - earlier.as_millis()).unwrap_or(0))
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, more: Millis) -> Self {
        let more = i64::try_from(more.0).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_add(more))
    }

    /// `20261120T221007Z`, as run names have it.
    pub fn stamp(self) -> String {
        self.0.strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// `14:02:11Z`.
    pub fn clock(self) -> String {
        self.0.strftime("%H:%M:%SZ").to_string()
    }

    /// `14:02Z`.
    pub fn clock_minutes(self) -> String {
        self.0.strftime("%H:%MZ").to_string()
    }

    /// `2026-11-20 14:02:11Z`.
    pub fn full(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

/// The kernel's `random/boot_id`: two readings of `CLOCK_BOOTTIME` compare only under the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct BootId(pub String);

/// A point in time on both clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The wall clock.
    pub wall: Timestamp,
    /// Which boot `up` counts from.
    pub boot: BootId,
    /// `CLOCK_BOOTTIME`.
    pub up: Millis,
}

impl Moment {
    /// The length from `earlier` to here: by `CLOCK_BOOTTIME` within one boot, else by the wall.
    pub fn since(&self, earlier: &Self) -> Millis {
        if self.boot == earlier.boot {
            self.up.since(earlier.up)
        } else {
            self.wall.since(earlier.wall)
        }
    }

    /// The moment this much later, in the same boot.
    #[must_use]
    pub fn plus(&self, more: Millis) -> Self {
        Self {
            wall: self.wall.plus(more),
            boot: self.boot.clone(),
            up: self.up.plus(more),
        }
    }

    /// Whether `other` has come when it is now `self`.
    pub fn reached(&self, other: &Self) -> bool {
        if self.boot == other.boot {
            self.up >= other.up
        } else {
            self.wall >= other.wall
        }
    }
}
