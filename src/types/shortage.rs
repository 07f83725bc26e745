//! Why the filesystem that a run's state lies on cannot carry its next step. Found by
//! `shell::store`; shown by whoever has to say it, always in these words.

use std::path::PathBuf;

/// What the filesystem of a run's state lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Room: so many bytes are free.
    Room(u64),
    /// Room for more files: every one that it can hold is there.
    Files,
    /// It is read-only.
    Writing,
}

/// Why a run begins no further step: where, and what is lacking there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The directory that has to be written.
    pub dir: PathBuf,
    /// Where its filesystem is mounted, and from what device; none where that cannot be told.
    pub mounted: Option<(String, String)>,
    /// What is lacking.
    pub lack: Lack,
}

impl Shortage {
    /// So many bytes have to be free before a step begins.
    pub const NEEDED: u64 = 256 << 20;

    /// What is the case, one full sentence.
    pub fn sentence(&self) -> String {
        let dir = self.dir.display();
        let place = self.mounted.as_ref().map_or(String::new(), |(at, device)| {
            format!(" (filesystem {at} on {device})")
        });
        match self.lack {
            Lack::Room(free) => format!(
                "Only {} MiB are free in {dir}{place}, and no step begins with less than {} MiB.",
                free >> 20,
                Self::NEEDED >> 20
            ),
            Lack::Files => format!(
                "No more files can be made in {dir}{place}: it holds as many as it can, whatever \
                 their size."
            ),
            Lack::Writing => {
                format!("Nothing can be written in {dir}{place}: it is mounted read-only.")
            }
        }
    }

    /// What a person has to do and, after that, `then`: one full sentence without its full stop,
    /// since it may end in a command to type.
    pub fn advice(&self, then: &str) -> String {
        let remedy = match (self.lack, &self.mounted) {
            (Lack::Room(free), _) => {
                let mib = Self::NEEDED.saturating_sub(free).div_ceil(1 << 20).max(1);
                format!("Free at least {mib} MiB there")
            }
            (Lack::Files, _) => "Delete files there that nobody needs".to_owned(),
            (Lack::Writing, Some((at, _))) => {
                format!("Make it writable again (mount -o remount,rw {at})")
            }
            (Lack::Writing, None) => "Make it writable again".to_owned(),
        };
        format!("{remedy}, then {then}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lack: Lack) -> Shortage {
        Shortage {
            dir: "/var/lib/upwalk".into(),
            mounted: Some(("/var".to_owned(), "/dev/vda3".to_owned())),
            lack,
        }
    }

    #[test]
    fn a_shortage_says_where_how_much_and_what_to_do() {
        let room = of(Lack::Room((12 << 20) + 1));
        assert_eq!(
            room.sentence(),
            "Only 12 MiB are free in /var/lib/upwalk (filesystem /var on /dev/vda3), and no step \
             begins with less than 256 MiB."
        );
        assert_eq!(
            room.advice("attach"),
            "Free at least 244 MiB there, then attach"
        );
        let nearly = of(Lack::Room(Shortage::NEEDED - 1));
        assert!(nearly.advice("attach").contains(" 1 MiB "));
        let read_only = of(Lack::Writing);
        assert!(read_only.sentence().contains("read-only"));
        assert!(
            read_only
                .advice("attach")
                .contains("remount,rw /var), then")
        );
    }
}
