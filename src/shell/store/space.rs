//! How much room there is, and on what kind of filesystem.

use super::StoreError;
use crate::types::{Lack, Shortage};
use rustix::fs::StatVfsMountFlags;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Under this many free bytes people are warned.
const LOW: u64 = 1 << 30;

/// A filesystem that can hold fewer files more than this is full: a step makes about ten.
const FEW_FILES: u64 = 32;

/// Filesystems that lie in memory, by the magic number of `statfs(2)`.
const IN_MEMORY: [(u64, &str); 2] = [(0x0102_1994, "tmpfs"), (0x8584_58f6, "ramfs")];
/// Filesystems that lie on other machines.
const NETWORK: [(u64, &str); 8] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x0102_1997, "9P"),
    (0x0bd0_0bd0, "Lustre"),
];

/// What a directory lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    /// A disk, as far as anybody can tell.
    Disk,
    /// Memory: gone after a reboot.
    Memory(&'static str),
    /// Another machine.
    Network(&'static str),
}

/// What an open directory lies on.
pub(super) fn medium(dir: &File) -> std::io::Result<Medium> {
    let magic = rustix::fs::fstatfs(dir)?.f_type;
    // The field is a signed word on some machines; the magic numbers are 32 bits.
    let magic = u64::try_from(magic).unwrap_or_default() & 0xffff_ffff;
    let named = |list: &[(u64, &'static str)]| {
        let found = list.iter().find(|(number, _)| *number == magic);
        found.map(|(_, name)| *name)
    };
    Ok(match (named(&IN_MEMORY), named(&NETWORK)) {
        (Some(name), _) => Medium::Memory(name),
        (None, Some(name)) => Medium::Network(name),
        (None, None) => Medium::Disk,
    })
}

/// How many bytes this user can still write on the filesystem of `path`.
fn free_bytes(path: &Path) -> Result<u64, StoreError> {
    let stat = rustix::fs::statvfs(path)
        .map_err(|error| StoreError::io("cannot ask for the free space of", path, error))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// What the filesystem of `path` lacks for a step to begin; none where nothing is lacking, or where
/// the kernel does not tell.
pub(super) fn shortage(path: &Path) -> Option<Shortage> {
    let stat = rustix::fs::statvfs(path).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let lack = if stat.f_flag.contains(StatVfsMountFlags::RDONLY) {
        Lack::Writing
    } else if stat.f_blocks > 0 && free < Shortage::NEEDED {
        // Without blocks it is one that keeps no account, such as a tmpfs without a limit.
        Lack::Room(free)
    } else if stat.f_files > 0 && stat.f_favail < FEW_FILES {
        Lack::Files
    } else {
        return None;
    };
    Some(Shortage {
        dir: path.to_owned(),
        mounted: mounted(path),
        lack,
    })
}

/// Where the filesystem of `path` is mounted, and from what.
fn mounted(path: &Path) -> Option<(String, String)> {
    let path = path.canonicalize().ok()?;
    let table = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    // A later line is mounted over an earlier one of the same place.
    table
        .lines()
        .filter_map(mount_line)
        .filter(|(at, _)| path.starts_with(at))
        .max_by_key(|(at, _)| at.components().count())
        .map(|(at, from)| (at.display().to_string(), from))
}

/// Mount point and source of a line of `/proc/self/mountinfo` (proc(5)).
fn mount_line(line: &str) -> Option<(PathBuf, String)> {
    let at = line.split(' ').nth(4)?;
    let (_, rest) = line.split_once(" - ")?;
    let from = rest.split(' ').nth(1)?;
    Some((PathBuf::from(unescaped(at)), unescaped(from)))
}

/// A word of `/proc/self/mountinfo`, which writes blanks and backslashes as octal numbers.
fn unescaped(word: &str) -> String {
    let escapes = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    let mut text = word.to_owned();
    for (escape, meant) in escapes {
        text = text.replace(escape, meant);
    }
    text
}

/// Sentences about a state directory that people should know before they rely on it.
pub(super) fn warnings(path: &Path, medium: Medium) -> Vec<String> {
    let shown = path.display();
    let mut said = Vec::new();
    match medium {
        Medium::Disk => {}
        Medium::Memory(kind) => said.push(format!(
            "{shown} lies on {kind}: after a reboot nothing of the run is left."
        )),
        Medium::Network(kind) => said.push(format!(
            "{shown} lies on a network filesystem ({kind}): locks and syncs may not hold there."
        )),
    }
    if let Ok(free) = free_bytes(path)
        && free < LOW
    {
        let mib = free >> 20;
        said.push(format!(
            "Only {mib} MiB are free on the filesystem of {shown}, where logs and journal are to \
             find room."
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_network_are_warned_of_and_a_disk_is_not() {
        let path = Path::new("/");
        let about = |medium| {
            let said = warnings(path, medium);
            said.into_iter().find(|line| line.contains("lies on"))
        };
        assert_eq!(about(Medium::Disk), None);
        assert!(about(Medium::Memory("tmpfs")).is_some_and(|line| line.contains("reboot")));
        assert!(about(Medium::Network("NFS")).is_some_and(|line| line.contains("NFS")));
    }

    #[test]
    fn a_mount_is_named_by_place_and_source() {
        let line = "36 35 98:0 / /mnt/two\\040words rw,noatime master:1 - ext3 /dev/root rw";
        let expected = (PathBuf::from("/mnt/two words"), "/dev/root".to_owned());
        assert_eq!(mount_line(line), Some(expected));
        assert_eq!(
            mounted(Path::new("/proc")).map(|(at, _)| at),
            Some("/proc".to_owned())
        );
    }

    #[test]
    fn what_keeps_no_account_of_its_room_lacks_none() {
        assert_eq!(shortage(Path::new("/proc")), None);
        assert_eq!(shortage(Path::new("/no/such/place")), None);
    }

    #[test]
    fn proc_has_no_room_and_is_no_disk_of_memory() {
        assert_eq!(free_bytes(Path::new("/proc")).ok(), Some(0));
        assert!(free_bytes(Path::new("/no/such/place")).is_err());
    }
}
