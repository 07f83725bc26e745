//! The clocks.

use crate::types::{BootId, Millis, Moment, Timestamp, Zone};
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now, on both clocks.
pub fn now() -> Moment {
    Moment {
        wall: wall(),
        boot: boot(),
        up: up(),
    }
}

/// The wall clock, in UTC. It is asked of the C library, where a test can stand in for it: nothing
/// of a run may lean on it within one boot.
pub fn wall() -> Timestamp {
    let now = SystemTime::now();
    let millis = |length: Duration| i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(match now.duration_since(UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    })
}

/// `CLOCK_BOOTTIME`: it goes on while the machine is suspended.
pub fn up() -> Millis {
    millis(clock_gettime(ClockId::Boottime))
}

/// Which boot [`up`] counts from; empty where the kernel does not say (no `/proc`).
pub fn boot() -> BootId {
    static BOOT: OnceLock<BootId> = OnceLock::new();
    BOOT.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        BootId(text.map(|id| id.trim().to_owned()).unwrap_or_default())
    })
    .clone()
}

/// The time zone of this login: `TZ`, else the machine's; UTC where neither can be read.
pub fn zone() -> Zone {
    Zone::new(jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC))
}

/// A reading of a clock that starts at zero.
fn millis(time: Timespec) -> Millis {
    let secs = u64::try_from(time.tv_sec).unwrap_or(0);
    let part = u64::try_from(time.tv_nsec / 1_000_000).unwrap_or(0);
    Millis(secs.saturating_mul(1000).saturating_add(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_go_forward_in_one_boot() {
        let (first, second) = (now(), now());
        assert_eq!(first.boot, second.boot);
        assert_eq!(first.boot.0.len(), 36, "a UUID");
        assert!(second.up >= first.up && second.wall >= first.wall);
        assert!(first.wall.as_millis() > 1_700_000_000_000, "{}", first.wall);
    }
}
