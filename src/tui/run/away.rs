//! The terminal in other hands: a shell, a pager. The run is followed meanwhile, nothing is drawn and no
//! key is heard; afterwards the screen is drawn anew, and what asks something arms anew.

use super::{Dirty, Event, Session};
use crate::engine;
use crate::journal::Decision;
use crate::report;
use crate::supervisor::client::{self, Errand, log_path, now};
use crate::text;
use crate::tui::errands::{Loan, at_the_step, in_the_shell, prompt};
use crate::tui::model::Msg;
use crate::tui::seen::Seen;
use crate::tui::term::{Handed, Heard, Terminal};
use crate::types::{Exit, Millis, Seq};
use std::thread;
use std::time::Duration;

/// How long a program may take to notice that its terminal is gone.
const FAREWELL: Duration = Duration::from_secs(2);

/// Who has the terminal.
#[derive(Debug)]
pub(super) struct Away {
    loan: Loan,
    /// The first process of the group that has it.
    pid: i32,
    since: Millis,
}

impl Session<'_> {
    /// Lends the terminal, or says why not.
    pub(super) fn lend(&mut self, loan: Loan) {
        let errand = match self.errand(&loan) {
            Ok(errand) => errand,
            Err(why) => return self.not_lent(&loan, why),
        };
        self.term.hand_over(match loan {
            Loan::Step(_) => Handed::Raw,
            Loan::Shell { .. } | Loan::Log(_) | Loan::Report => Handed::AsFound,
        });
        match client::lend(&errand) {
            Ok(lent) => {
                let pid = lent.pid();
                let back = self.sender.clone();
                thread::spawn(move || {
                    // Nobody listens any more once the screen has been left.
                    let _ = back.send(Event::Returned(lent.wait()));
                });
                let since = now().up;
                self.away = Some(Away { loan, pid, since });
            }
            Err(error) => {
                self.term.take_back();
                self.not_lent(&loan, format!("It cannot be started: {error}."));
            }
        }
    }

    fn not_lent(&mut self, loan: &Loan, why: String) {
        if let Loan::Shell { opened, .. } = loan {
            self.shell_left(*opened, Exit::NotStarted(why.clone()), Millis(0));
        }
        self.tell(Msg::Returned(why));
        self.dirty = Dirty::Now;
    }

    /// What is to be started.
    fn errand(&self, loan: &Loan) -> Result<Errand, String> {
        let Some(seen) = Seen::of(&self.mirror) else {
            return Err("There is nothing to show yet.".to_owned());
        };
        let pager = || {
            let pager = client::pager(self.pager.as_deref());
            pager.ok_or_else(|| "No pager is installed here (less or more).".to_owned())
        };
        match loan {
            Loan::Shell { step, .. } => {
                let spec = engine::shell_spec(seen.plan, seen.state, step.as_ref());
                let mut errand = client::shell(&spec, &self.mirror.dir);
                let user = errand.user.as_deref();
                errand.say = in_the_shell(&seen, step.as_ref(), &spec, user);
                let label = step.as_ref().map(|step| seen.label(step));
                let prompt = prompt(label.as_deref());
                errand.set.insert("PS1".to_owned(), Some(prompt));
                Ok(errand)
            }
            Loan::Step(number) => {
                let (dir, say) = (&self.mirror.dir, at_the_step(&seen));
                let errand = client::join(dir, seen.state, *number, say);
                errand.ok_or_else(|| "That step is not known any more.".to_owned())
            }
            Loan::Log(number) => {
                let path = log_path(&self.mirror.dir, seen.state, *number);
                let path = path.filter(|path| path.exists());
                let path = path.ok_or_else(|| "There is no log yet.".to_owned())?;
                let mut errand = pager()?;
                errand.argv.push(path.display().to_string());
                Ok(errand)
            }
            Loan::Report => {
                let mut errand = pager()?;
                errand.input = Some(report::account(seen.plan, seen.state));
                Ok(errand)
            }
        }
    }

    /// The terminal is ours again.
    pub(super) fn returned(&mut self, exit: &Exit) {
        let Some(away) = self.away.take() else {
            return;
        };
        self.term.take_back();
        self.pace.lost();
        self.held
            .retain(|event| !matches!(event, Event::Heard(Heard::Typed(..))));
        let (columns, rows) = Terminal::size();
        self.pace.resized((columns, rows));
        self.tell(Msg::Resized(columns, rows));
        let took = now().up.since(away.since);
        let said = match &away.loan {
            Loan::Shell { opened, .. } => {
                self.shell_left(*opened, exit.clone(), took);
                let took = text::duration(took);
                Some(format!(
                    "Back from the shell after {took} ({exit}); it is in the record."
                ))
            }
            Loan::Step(_) if *exit == Exit::Code(client::WENT_BACK) => {
                Some("The step goes on with its own terminal. H gives it yours again.".to_owned())
            }
            Loan::Step(_) if *exit == Exit::Code(0) => None,
            Loan::Step(_) => Some(format!(
                "The step is without your terminal again ({exit}). H gives it yours anew."
            )),
            Loan::Log(_) | Loan::Report => match exit {
                Exit::Code(0) => None,
                Exit::Code(_)
                | Exit::Signal(_)
                | Exit::TimedOut
                | Exit::Cancelled
                | Exit::NotStarted(_) => Some(format!("The pager has ended: {exit}.")),
            },
        };
        self.tell(Msg::Returned(said.unwrap_or_default()));
        self.dirty = Dirty::Now;
    }

    /// Has the end of a shell recorded. Nobody waits for the answer.
    fn shell_left(&self, opened: Seq, exit: Exit, took: Millis) {
        let left = Decision::LeaveShell { opened, exit, took };
        // Where the supervisor is gone, the record has the opening alone.
        let _ = self.client.decide(None, left);
    }

    /// The screen is left while somebody else has the terminal: ends that as a closed window does.
    pub(super) fn call_back(&mut self) {
        let Some(away) = self.away.take() else {
            return;
        };
        client::hang_up(away.pid);
        while let Ok(event) = self.events.recv_timeout(FAREWELL) {
            if let Event::Returned(exit) = event {
                if let Loan::Shell { opened, .. } = away.loan {
                    self.shell_left(opened, exit, now().up.since(away.since));
                }
                return;
            }
        }
    }
}
