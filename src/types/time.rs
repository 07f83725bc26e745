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

    /// Reads what [`Self::stamp`] writes; none where it is no time.
    pub fn of_stamp(text: &str) -> Option<Self> {
        let read = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
        let at = read.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(at.timestamp()))
    }

    /// `14:02:11Z`.
    pub fn clock(self) -> String {
        self.0.strftime("%H:%M:%SZ").to_string()
    }

    /// `14:02Z`.
    pub fn clock_minutes(self) -> String {
        self.0.strftime("%H:%MZ").to_string()
    }

    /// `2026-11-20`.
    pub fn day(self) -> String {
        self.0.strftime("%Y-%m-%d").to_string()
    }

    /// `2026-11-20 14:02:11Z`.
    pub fn full(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
    }
}

/// A time zone with its rules, read once by whoever may look at the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    /// These rules.
    pub fn new(rules: jiff::tz::TimeZone) -> Self {
        Self(rules)
    }

    /// `15:02:11+01:00`.
    pub fn clock(&self, at: Timestamp) -> String {
        self.show("%H:%M:%S%:z", at)
    }

    /// `15:02+01:00`.
    pub fn clock_minutes(&self, at: Timestamp) -> String {
        self.show("%H:%M%:z", at)
    }

    fn show(&self, format: &str, at: Timestamp) -> String {
        let there = at.0.to_zoned(self.0.clone());
        there.strftime(format).to_string()
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

/// Two clocks that are kept right drift apart less than this, also over a long run.
const NOT_SET: Millis = Millis::from_secs(60);

/// The wall clock was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// To a later time, by this much.
    Forward(Millis),
    /// To an earlier time, by at least this much.
    Back(Millis),
}

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

    /// This moment as the wall clock of `now` has it: who has set the clock in between, in the same
    /// boot, has moved what it shows then. Without that, the same.
    #[must_use]
    pub fn as_of(&self, now: &Self) -> Self {
        if self.boot != now.boot {
            return self.clone();
        }
        let up = |moment: &Self| i64::try_from(moment.up.0).unwrap_or(i64::MAX);
        let apart = up(self).saturating_sub(up(now));
        Self {
            wall: Timestamp::from_millis(now.wall.as_millis().saturating_add(apart)),
            ..self.clone()
        }
    }

    /// How the wall clock was set between `earlier` and here, as far as the two tell. Across boots
    /// only a clock that went back is seen.
    pub fn jump_since(&self, earlier: &Self) -> Option<Jump> {
        let there = earlier.as_of(self).wall;
        let (forward, back) = (there.since(earlier.wall), earlier.wall.since(there));
        if self.boot != earlier.boot {
            let back = earlier.wall.since(self.wall);
            return (back >= NOT_SET).then_some(Jump::Back(back));
        }
        if forward >= NOT_SET {
            Some(Jump::Forward(forward))
        } else if back >= NOT_SET {
            Some(Jump::Back(back))
        } else {
            None
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

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(boot: &str, wall: i64, up: u64) -> Moment {
        Moment {
            wall: Timestamp::from_millis(wall * 1000),
            boot: BootId(boot.to_owned()),
            up: Millis::from_secs(up),
        }
    }

    #[test]
    fn a_zone_has_a_clock_with_its_offset() {
        let at = Timestamp::from_millis(1_795_212_820_000);
        assert_eq!(at.clock(), "22:13:40Z");
        assert_eq!(Zone::UTC.clock(at), "22:13:40+00:00");
        let east = Zone::new(jiff::tz::TimeZone::fixed(jiff::tz::offset(2)));
        assert_eq!(east.clock(at), "00:13:40+02:00");
        assert_eq!(east.clock_minutes(at), "00:13+02:00");
    }

    #[test]
    fn a_clock_that_was_set_in_one_boot_moves_no_length_and_is_told() {
        let began = moment("a", 1_000_000, 100);
        for (wall, jump) in [
            (1_000_010, None),
            (1_000_040, None),
            (1_086_410, Some(Jump::Forward(Millis::from_secs(86_400)))),
            (913_610, Some(Jump::Back(Millis::from_secs(86_400)))),
            (10, Some(Jump::Back(Millis::from_secs(1_000_000)))),
        ] {
            let now = moment("a", wall, 110);
            assert_eq!(now.since(&began), Millis::from_secs(10));
            assert_eq!(now.jump_since(&began), jump, "{wall}");
            let due = began.plus(Millis::from_secs(30));
            assert!(!now.reached(&due));
            assert_eq!(due.as_of(&now).wall, now.wall.plus(Millis::from_secs(20)));
            assert_eq!(began.as_of(&now).wall.plus(Millis::from_secs(10)), now.wall);
        }
    }

    #[test]
    fn across_boots_the_wall_clock_counts_and_only_a_step_back_shows() {
        let began = moment("a", 1_000_000, 100);
        let later = moment("b", 1_003_600, 5);
        assert_eq!(later.since(&began), Millis::from_secs(3600));
        assert_eq!(
            (later.jump_since(&began), began.as_of(&later)),
            (None, began.clone())
        );
        let before = moment("b", 996_400, 5);
        assert_eq!(before.since(&began), Millis(0));
        assert_eq!(
            before.jump_since(&began),
            Some(Jump::Back(Millis::from_secs(3600)))
        );
    }

    #[test]
    fn a_stamp_is_read_back() {
        let at = Timestamp::from_millis(1_795_216_207_000);
        assert_eq!(Timestamp::of_stamp(&at.stamp()), Some(at));
        assert_eq!(Timestamp::of_stamp("20261399T000000Z"), None);
        assert_eq!(Timestamp::of_stamp("yesterday"), None);
    }
}
