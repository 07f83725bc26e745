//! What happens in a run's directory, at the moment when it happens.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// Something that happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// It is there, under this name.
    Appeared,
    /// It was written to.
    Grew,
}

/// What a wait ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// To the file of this name.
    File(String, Happened),
    /// What was waited for beside the directory can be read: a process has ended.
    Ended,
    /// The time is over.
    Late,
}

/// The eyes on a directory.
pub(crate) struct Watch {
    inotify: OwnedFd,
    /// Seen, not told yet; the earliest last.
    seen: Vec<(String, Happened)>,
}

impl Watch {
    /// On this directory.
    pub(crate) fn on(dir: &Path) -> Self {
        let inotify = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).expect("inotify");
        let what = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::MODIFY;
        add_watch(&inotify, dir, what).expect("the directory can be watched");
        Self {
            inotify,
            seen: Vec::new(),
        }
    }

    /// Forgets what has been seen: it is the past.
    pub(crate) fn forget(&mut self) {
        self.look();
        self.seen.clear();
    }

    /// Takes in what the kernel has to tell.
    fn look(&mut self) {
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut reader = Reader::new(self.inotify.as_fd(), &mut buffer);
        let mut new = Vec::new();
        while let Ok(event) = reader.next() {
            let Some(name) = event.file_name() else {
                continue;
            };
            let happened = if event.events().contains(ReadFlags::MODIFY) {
                Happened::Grew
            } else {
                Happened::Appeared
            };
            new.push((name.to_string_lossy().into_owned(), happened));
        }
        new.reverse();
        new.append(&mut self.seen);
        self.seen = new;
    }

    /// Waits for what happens next, for the end of a process, or so long.
    pub(crate) fn next(&mut self, end: Option<BorrowedFd<'_>>, at_most: Duration) -> News {
        loop {
            self.look();
            if let Some((name, happened)) = self.seen.pop() {
                return News::File(name, happened);
            }
            let mut fds = vec![PollFd::new(&self.inotify, PollFlags::IN)];
            fds.extend(
                end.iter()
                    .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)),
            );
            let limit = at_most.try_into().expect("a short time");
            match poll(&mut fds, Some(&limit)) {
                Ok(0) => return News::Late,
                Ok(_) if !fds[0].revents().is_empty() => {}
                Ok(_) => return News::Ended,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("poll: {error}"),
            }
        }
    }
}
