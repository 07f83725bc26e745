//! Who is attached, who has the controls, and what each of them is sent. Called by the loop; it
//! touches no socket and never waits.

use super::outbox::{Line, Outbox, Pushed};
use super::server::ClientId;
use super::wire::{self, FromServer, Live, Part};
use crate::engine::Refusal;
use crate::journal::{AskKey, Event, Recorded};
use crate::types::{Seq, Who};
use std::collections::BTreeMap;
use std::time::Duration;

/// Why a front end that reads too slowly is sent away.
const BEHIND: &str = "This screen was too far behind what happens; attach again to see all of it.";

/// The front ends, and what a new one has to be sent.
#[derive(Debug, Default)]
pub(super) struct Clients {
    seats: BTreeMap<ClientId, Seat>,
    controls: Option<ClientId>,
    /// The journal's events as frames.
    history: Vec<Line>,
    asking: BTreeMap<AskKey, Live>,
    still_running: BTreeMap<Seq, Live>,
    /// What the step that runs has left to do.
    counted: Option<Live>,
    /// Queues that were closed and may still be written.
    leaving: Vec<Outbox>,
}

#[derive(Debug)]
struct Seat {
    who: Who,
    part: Part,
    outbox: Outbox,
}

impl Clients {
    /// Lets a front end in: everything so far, then what is under way and who is there. A screen
    /// that wants the controls has them at once where nobody else does.
    pub(super) fn join(&mut self, id: ClientId, who: Who, part: Part, outbox: Outbox) {
        let mut lines = self.history.clone();
        lines.push(line(&FromServer::CaughtUp));
        let live = self.asking.values().chain(self.still_running.values());
        let live = live.chain(&self.counted);
        lines.extend(live.map(|live| line(&FromServer::Live(live.clone()))));
        outbox.load(&lines);
        self.seats.insert(id, Seat { who, part, outbox });
        if part == Part::Controls && self.controls.is_none() {
            self.controls = Some(id);
        }
        match part {
            Part::Controls | Part::Observe => self.tell_attached(),
            Part::Verb => self.tell_attached_to(id),
        }
    }

    /// Takes a front end out. Its controls go to nobody: whoever looks takes them on purpose, so
    /// that no key changes its meaning under a hand (ux.md 1.10).
    pub(super) fn leave(&mut self, id: ClientId) {
        let Some(seat) = self.seats.remove(&id) else {
            return;
        };
        self.leaving.push(seat.outbox);
        self.leaving
            .retain(|outbox| !outbox.flushed(Duration::ZERO));
        if self.controls == Some(id) {
            self.controls = None;
        }
        match seat.part {
            Part::Controls | Part::Observe => self.tell_attached(),
            Part::Verb => {}
        }
    }

    /// Whether nobody is attached.
    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Sends an event of the journal to all, now and later.
    pub(super) fn publish(&mut self, recorded: &Recorded) {
        if let Event::CommandEnded { number, .. }
        | Event::IntentVoided { number }
        | Event::StepOutcomeUnknown { number, .. } = &recorded.event
        {
            self.still_running.remove(number);
        }
        if recorded.event.outdates_counts() {
            self.counted = None;
        }
        let event = line(&FromServer::event(recorded));
        self.history.push(event.clone());
        self.tell_all(&event);
    }

    /// Sends what is under way to all, now and as long as it is.
    pub(super) fn live(&mut self, live: Live) {
        match &live {
            Live::Asking { key, .. } => {
                self.asking.insert(key.clone(), live.clone());
            }
            Live::Asked { key } => {
                self.asking.remove(key);
            }
            Live::Counted { .. } => self.counted = Some(live.clone()),
            Live::StillRunning { number, .. } => {
                self.still_running.insert(*number, live.clone());
            }
        }
        self.tell_all(&line(&FromServer::Live(live)));
    }

    /// Sends a frame to one.
    pub(super) fn tell(&mut self, id: ClientId, frame: &FromServer) {
        self.push(id, &line(frame));
    }

    /// Sends one away, after all that it is still to be sent.
    pub(super) fn dismiss(&mut self, id: ClientId, why: &str) {
        if let Some(seat) = self.seats.get(&id) {
            seat.outbox.finish(line(&FromServer::Bye {
                why: why.to_owned(),
            }));
            self.leave(id);
        }
    }

    /// Whose decision it is, where this front end may decide; else why it may not.
    pub(super) fn decider(&self, id: ClientId) -> Result<Who, Refusal> {
        let seat = self
            .seats
            .get(&id)
            .ok_or_else(|| refusal("You are not attached any more."))?;
        if self.controls == Some(id) || seat.part == Part::Verb {
            return Ok(seat.who.clone());
        }
        Err(refusal(
            &match self.controls.and_then(|id| self.seats.get(&id)) {
                Some(other) => format!(
                    "This screen looks only: {} has the controls. Take the controls first.",
                    other.who
                ),
                None => "This screen looks only. Take the controls first.".to_owned(),
            },
        ))
    }

    /// Who asks for the controls, where that is a screen that does not have them yet; `Ok(None)`
    /// where it has them.
    pub(super) fn taker(&self, id: ClientId) -> Result<Option<Who>, Refusal> {
        let seat = self
            .seats
            .get(&id)
            .ok_or_else(|| refusal("You are not attached any more."))?;
        match seat.part {
            Part::Verb => Err(refusal(
                "A command decides without the controls and cannot take them.",
            )),
            Part::Controls | Part::Observe if self.controls == Some(id) => Ok(None),
            Part::Controls | Part::Observe => Ok(Some(seat.who.clone())),
        }
    }

    /// Gives the controls to this screen.
    pub(super) fn give_controls(&mut self, id: ClientId) {
        self.controls = Some(id);
        self.tell_attached();
    }

    /// Sends everybody away, each after all that it is still to be sent.
    pub(super) fn bye(&mut self, why: &str) {
        let bye = line(&FromServer::Bye {
            why: why.to_owned(),
        });
        self.controls = None;
        for seat in std::mem::take(&mut self.seats).into_values() {
            seat.outbox.finish(bye.clone());
            self.leaving.push(seat.outbox);
        }
    }

    /// Waits until everybody who was sent away has been sent everything, at most about this long.
    pub(super) fn flush(&mut self, at_most: Duration) {
        // One slow reader takes the time of all: what comes after it has had that time as well.
        let late = self.leaving.iter().find(|outbox| !outbox.flushed(at_most));
        if late.is_some() {
            self.leaving
                .retain(|outbox| !outbox.flushed(Duration::ZERO));
        }
    }

    fn tell_all(&mut self, line: &Line) {
        let ids: Vec<ClientId> = self.seats.keys().copied().collect();
        for id in ids {
            self.push(id, line);
        }
    }

    /// Queues a frame; who is too far behind loses the seat.
    fn push(&mut self, id: ClientId, line_: &Line) {
        let Some(seat) = self.seats.get(&id) else {
            return;
        };
        if seat.outbox.push(line_) == Pushed::Refused {
            seat.outbox.cut(line(&FromServer::Bye {
                why: BEHIND.to_owned(),
            }));
            self.leave(id);
        }
    }

    fn tell_attached(&mut self) {
        let ids: Vec<ClientId> = self.seats.keys().copied().collect();
        for id in ids {
            self.tell_attached_to(id);
        }
    }

    fn tell_attached_to(&mut self, id: ClientId) {
        let looks = |(other, seat): &(&ClientId, &Seat)| {
            self.controls != Some(**other) && seat.part != Part::Verb
        };
        let frame = FromServer::Attached {
            controls: self
                .controls
                .and_then(|id| self.seats.get(&id))
                .map(|seat| seat.who.clone()),
            yours: self.controls == Some(id),
            observers: self
                .seats
                .iter()
                .filter(looks)
                .map(|(_, seat)| seat.who.clone())
                .collect(),
        };
        self.push(id, &line(&frame));
    }
}

fn line(frame: &FromServer) -> Line {
    wire::encode(frame).into()
}

/// A refusal without a command to type.
pub(super) fn refusal(why: &str) -> Refusal {
    Refusal {
        why: why.to_owned(),
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{BootId, Millis, Moment, StepId, Timestamp};

    fn who(login: &str) -> Who {
        Who {
            login: login.to_owned(),
            uid: 0,
            ssh: None,
        }
    }

    fn join(clients: &mut Clients, id: u64, login: &str, part: Part) -> Outbox {
        let outbox = Outbox::new();
        clients.join(ClientId(id), who(login), part, outbox.clone());
        outbox
    }

    /// Everything queued so far.
    fn read(outbox: &Outbox) -> Vec<FromServer> {
        outbox.push(&line(&FromServer::Pong { id: 99 }));
        std::iter::from_fn(|| outbox.next())
            .map(|line| serde_json::from_slice(&line).expect("the server wrote it"))
            .take_while(|frame| *frame != FromServer::Pong { id: 99 })
            .collect()
    }

    fn note(n: u64) -> Recorded {
        Recorded {
            n: Seq(n),
            at: Moment {
                wall: Timestamp::from_millis(0),
                boot: BootId::default(),
                up: Millis(0),
            },
            event: Event::NoteAdded {
                who: who("anna"),
                text: "seen".to_owned(),
            },
        }
    }

    #[test]
    fn the_first_screen_has_the_controls_and_nobody_inherits_them() {
        let mut clients = Clients::default();
        join(&mut clients, 1, "otto", Part::Observe);
        join(&mut clients, 2, "anna", Part::Controls);
        let second = join(&mut clients, 3, "berta", Part::Controls);
        assert_eq!(clients.decider(ClientId(2)), Ok(who("anna")));
        let refused = clients.decider(ClientId(3)).expect_err("it looks only");
        assert!(
            refused.why.contains("anna has the controls"),
            "{}",
            refused.why
        );
        read(&second);
        clients.leave(ClientId(2));
        let attached = FromServer::Attached {
            controls: None,
            yours: false,
            observers: vec![who("otto"), who("berta")],
        };
        assert_eq!(read(&second), [attached]);
        for id in [1, 3] {
            let refused = clients.decider(ClientId(id)).expect_err("it looks only");
            assert!(refused.why.contains("Take the controls"), "{refused}");
        }
        join(&mut clients, 4, "cleo", Part::Observe);
        assert!(clients.decider(ClientId(4)).is_err());
        join(&mut clients, 5, "anna", Part::Controls);
        assert_eq!(clients.decider(ClientId(5)), Ok(who("anna")), "she is back");
    }

    #[test]
    fn a_screen_takes_the_controls_and_a_verb_needs_none() {
        let mut clients = Clients::default();
        let first = join(&mut clients, 1, "anna", Part::Controls);
        join(&mut clients, 2, "berta", Part::Observe);
        join(&mut clients, 3, "cron", Part::Verb);
        assert_eq!(clients.decider(ClientId(3)), Ok(who("cron")));
        assert!(clients.taker(ClientId(3)).is_err());
        assert_eq!(clients.taker(ClientId(1)), Ok(None));
        assert_eq!(clients.taker(ClientId(2)), Ok(Some(who("berta"))));
        read(&first);
        clients.give_controls(ClientId(2));
        let attached = FromServer::Attached {
            controls: Some(who("berta")),
            yours: false,
            observers: vec![who("anna")],
        };
        assert_eq!(read(&first), [attached]);
        assert!(clients.decider(ClientId(1)).is_err());
    }

    #[test]
    fn a_late_front_end_is_sent_everything_in_order() {
        let mut clients = Clients::default();
        clients.publish(&note(1));
        let key = AskKey::Check(StepId::from("up"));
        clients.live(Live::Asking {
            key: key.clone(),
            last: None,
            until: None,
        });
        clients.live(Live::StillRunning {
            number: Seq(4),
            what: "pid 9".to_owned(),
        });
        let late = read(&join(&mut clients, 1, "anna", Part::Verb));
        assert_eq!(late[0], FromServer::event(&note(1)));
        assert_eq!(late[1], FromServer::CaughtUp);
        assert!(matches!(late[2], FromServer::Live(Live::Asking { .. })));
        assert!(matches!(
            late[3],
            FromServer::Live(Live::StillRunning { .. })
        ));
        assert!(matches!(late[4], FromServer::Attached { .. }));
        clients.live(Live::Asked { key });
        assert_eq!(read(&join(&mut clients, 2, "anna", Part::Verb)).len(), 4);
    }

    #[test]
    fn whoever_reads_nothing_is_sent_away_and_holds_nobody_up() {
        let mut clients = Clients::default();
        let slow = join(&mut clients, 1, "anna", Part::Controls);
        for n in 1..3000 {
            clients.publish(&note(n));
        }
        assert!(clients.is_empty());
        let frames = std::iter::from_fn(|| slow.next()).count();
        assert_eq!(frames, 1, "only the bye is left");
    }
}
