//! Calling a person, and the terminal's title.

use super::{Dirty, Session};
use crate::supervisor::client::{announce, now};
use crate::tui::Titles;
use crate::tui::alerts::{self, Alerts};
use crate::tui::seen::Seen;
use crate::tui::term::Terminal;
use crate::types::Notify;

/// What is said beside the frames, and how.
pub(super) struct Caller {
    alerts: Alerts,
    notify: Notify,
    titles: Titles,
    /// What the next frame brings with it.
    more: String,
}

impl Caller {
    /// Nothing has been said yet.
    pub(super) fn new(notify: Notify, titles: Titles) -> Self {
        Self {
            alerts: Alerts::default(),
            notify,
            titles,
            more: String::new(),
        }
    }

    /// What a frame brings with it: a title, a bell.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.more)
    }
}

impl Session<'_> {
    /// Says what is new: the title and the bell with the next frame, a command at once, since no
    /// frame may come for long.
    pub(super) fn alert(&mut self) {
        let Some(seen) = Seen::of(&self.mirror).filter(|_| self.mirror.is_whole()) else {
            return;
        };
        if self.away.is_none() && !Terminal::is_titled() {
            self.caller.alerts.untitled();
        }
        let alert = self.caller.alerts.look(&seen, &now());
        if let Some(title) = alert
            .title
            .filter(|_| self.caller.titles == Titles::Shown && self.away.is_none())
        {
            self.caller.more.push_str(&Terminal::title(&title));
            self.dirty = self.dirty.max(Dirty::Soon);
        }
        let Some(call) = alert.call else {
            return;
        };
        self.caller
            .more
            .push_str(&alerts::call(&self.caller.notify, &call));
        self.dirty = self.dirty.max(Dirty::Soon);
        if let Notify::Command(argv) = &self.caller.notify {
            let run = &seen.state.run;
            let vars = [
                ("UPWALK_MESSAGE", call.as_str()),
                ("UPWALK_RUN", run.run.as_str()),
                ("UPWALK_SERVICE", run.service.as_str()),
                ("UPWALK_HOST", run.host.as_str()),
            ];
            // One that cannot be started must not disturb whoever has to decide now; the bell rang.
            let _ = announce(argv, &vars);
        }
    }
}
