//! Who is attached, who has the controls, and what each of them is sent. Called by the loop; it
//! touches no socket and never waits.

use super::outbox::{Line, Outbox, Pushed};
use super::server::ClientId;
use super::wire::{self, FromServer, Handover, Held, Live, Observer, Part, UNATTENDED};
use crate::engine::Refusal;
use crate::journal::{AskKey, Event, Recorded};
use crate::types::{Millis, Moment, Seq, Timestamp, Who};
use std::collections::BTreeMap;
use std::time::Duration;

/// Why a front end that reads too slowly is sent away.
const BEHIND: &str = "This screen was too far behind what happens; attach again to see all of it.";

/// The front ends, and what a new one has to be sent.
#[derive(Debug, Default)]
pub(super) struct Clients {
    seats: BTreeMap<ClientId, Seat>,
    controls: Option<Controls>,
    /// Who asks for them.
    asker: Option<ClientId>,
    /// The journal's events as frames.
    history: Vec<Line>,
    asking: BTreeMap<AskKey, Live>,
    still_running: BTreeMap<Seq, Live>,
    /// What the step that runs has left to do.
    counted: Option<Live>,
    /// Queues that were closed and may still be written.
    leaving: Vec<Outbox>,
}

/// Who has the controls.
#[derive(Debug)]
struct Controls {
    of: ClientId,
    held: Held,
}

#[derive(Debug)]
struct Seat {
    who: Who,
    part: Part,
    outbox: Outbox,
    since: Timestamp,
}

impl Seat {
    fn observer(&self) -> Observer {
        Observer {
            who: self.who.clone(),
            since: Some(self.since),
        }
    }
}

impl Clients {
    /// Lets a front end in: everything so far, then what is under way and who is there. A screen
    /// that wants the controls has them at once where nobody else does.
    pub(super) fn join(
        &mut self,
        id: ClientId,
        who: Who,
        part: Part,
        outbox: Outbox,
        now: &Moment,
    ) {
        let mut lines = self.history.clone();
        lines.push(line(&FromServer::CaughtUp));
        let live = self.asking.values().chain(self.still_running.values());
        let live = live.chain(&self.counted);
        lines.extend(live.map(|live| line(&FromServer::Live(live.clone()))));
        outbox.load(&lines);
        let seat = Seat {
            who,
            part,
            outbox,
            since: now.wall,
        };
        self.seats.insert(id, seat);
        if part == Part::Controls && self.controls.is_none() {
            self.hold(id, now);
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
        if self.holder() == Some(id) {
            self.controls = None;
            self.asker = None;
        }
        self.asker = self.asker.filter(|asker| *asker != id);
        match seat.part {
            Part::Controls | Part::Observe => self.tell_attached(),
            Part::Verb => {}
        }
    }

    /// Whether a person has the run before them.
    pub(super) fn anybody_looks(&self) -> bool {
        let looks = |seat: &Seat| match seat.part {
            Part::Controls | Part::Observe => true,
            Part::Verb => false,
        };
        self.seats.values().any(looks)
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
        if self.holder() == Some(id) || seat.part == Part::Verb {
            return Ok(seat.who.clone());
        }
        Err(refusal(&match self.driver() {
            Some(other) => format!(
                "This screen looks only: {} has the controls. Take the controls first.",
                other.who
            ),
            None => "This screen looks only. Take the controls first.".to_owned(),
        }))
    }

    /// Who takes the controls, where that is a screen that does not have them yet; `Ok(None)` where it
    /// has them. Whoever sits at the screen that has them is asked instead.
    pub(super) fn taker(&self, id: ClientId, now: Millis) -> Result<Option<Who>, Refusal> {
        let seat = self.screen(id)?;
        if self.holder() == Some(id) {
            return Ok(None);
        }
        let attended = self.controls.as_ref().map(|controls| controls.held);
        let attended = attended.filter(|held| !held.is_unattended(now));
        if let (Some(held), Some(driver)) = (attended, self.driver()) {
            let ago = now.since(held.last_key.unwrap_or(now)).secs();
            return Err(refusal(&format!(
                "{} has the controls and pressed a key {ago} s ago: ask for them. Without a key for \
                 {} s they can be taken.",
                driver.who,
                UNATTENDED.secs()
            )));
        }
        Ok(Some(seat.who.clone()))
    }

    /// Asks for the controls, or answers who asks; says to whom they are to be given.
    pub(super) fn hand_over(
        &mut self,
        id: ClientId,
        what: Handover,
    ) -> Result<Option<(ClientId, Who)>, Refusal> {
        self.screen(id)?;
        let holds = self.holder() == Some(id);
        match what {
            Handover::Ask if holds => return Ok(None),
            Handover::Ask => {
                if self.driver().is_none() {
                    return Err(refusal("Nobody has the controls: take them."));
                }
                let other = self.asker.filter(|asker| *asker != id);
                if let Some(other) = other.and_then(|other| self.seats.get(&other)) {
                    let why = format!("{} asks for the controls already.", other.who);
                    return Err(refusal(&why));
                }
                self.asker = Some(id);
            }
            Handover::Withdraw => self.asker = self.asker.filter(|asker| *asker != id),
            Handover::Give | Handover::Keep if !holds => {
                return Err(refusal("This screen does not have the controls any more."));
            }
            Handover::Give => {
                let asker = self.asker.and_then(|id| Some((id, self.seats.get(&id)?)));
                let (to, seat) =
                    asker.ok_or_else(|| refusal("Nobody asks for the controls any more."))?;
                return Ok(Some((to, seat.who.clone())));
            }
            Handover::Keep => self.asker = None,
        }
        self.tell_attached();
        Ok(None)
    }

    /// A person has pressed a key at this screen; those that look are told where it has the controls.
    pub(super) fn key(&mut self, id: ClientId, now: Millis) {
        let Some(controls) = self.controls.as_mut().filter(|controls| controls.of == id) else {
            return;
        };
        controls.held.last_key = Some(now);
        let looks = |(other, seat): &(&ClientId, &Seat)| **other != id && seat.part != Part::Verb;
        let ids = self.seats.iter().filter(looks).map(|(other, _)| *other);
        for other in ids.collect::<Vec<_>>() {
            self.tell_attached_to(other);
        }
    }

    /// Gives the controls to this screen.
    pub(super) fn give_controls(&mut self, id: ClientId, now: &Moment) {
        self.hold(id, now);
        self.tell_attached();
    }

    fn hold(&mut self, id: ClientId, now: &Moment) {
        let held = Held {
            since: now.wall,
            last_key: None,
        };
        self.controls = Some(Controls { of: id, held });
        self.asker = None;
    }

    fn holder(&self) -> Option<ClientId> {
        self.controls.as_ref().map(|controls| controls.of)
    }

    /// The screen that has the controls.
    fn driver(&self) -> Option<&Seat> {
        self.seats.get(&self.holder()?)
    }

    /// A front end that can have the controls.
    fn screen(&self, id: ClientId) -> Result<&Seat, Refusal> {
        let seat = self.seats.get(&id);
        let seat = seat.ok_or_else(|| refusal("You are not attached any more."))?;
        match seat.part {
            Part::Verb => Err(refusal(
                "A command decides without the controls and cannot take them.",
            )),
            Part::Controls | Part::Observe => Ok(seat),
        }
    }

    /// Sends everybody away, each after all that it is still to be sent.
    pub(super) fn bye(&mut self, why: &str) {
        let bye = line(&FromServer::Bye {
            why: why.to_owned(),
        });
        self.controls = None;
        self.asker = None;
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
            self.holder() != Some(**other) && seat.part != Part::Verb
        };
        let asker = self.asker.and_then(|id| self.seats.get(&id));
        let frame = FromServer::Attached {
            controls: self.driver().map(|seat| seat.who.clone()),
            yours: self.holder() == Some(id),
            observers: self
                .seats
                .iter()
                .filter(looks)
                .map(|(_, seat)| seat.observer())
                .collect(),
            held: self.controls.as_ref().map(|controls| controls.held),
            asked_by: asker.map(|seat| seat.who.clone()),
            you_ask: self.asker == Some(id),
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
    use crate::types::{BootId, StepId};

    fn who(login: &str) -> Who {
        Who {
            login: login.to_owned(),
            uid: 0,
            ssh: None,
        }
    }

    fn looks(login: &str) -> Observer {
        Observer {
            who: who(login),
            since: Some(at(0).wall),
        }
    }

    fn join(clients: &mut Clients, id: u64, login: &str, part: Part) -> Outbox {
        let outbox = Outbox::new();
        clients.join(ClientId(id), who(login), part, outbox.clone(), &at(0));
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

    fn at(up: u64) -> Moment {
        Moment {
            wall: Timestamp::from_millis(0),
            boot: BootId::default(),
            up: Millis(up),
        }
    }

    fn held(last_key: Option<Millis>) -> Held {
        Held {
            since: Timestamp::from_millis(0),
            last_key,
        }
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
            observers: vec![looks("otto"), looks("berta")],
            held: None,
            asked_by: None,
            you_ask: false,
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
        assert!(clients.taker(ClientId(3), Millis(0)).is_err());
        assert_eq!(clients.taker(ClientId(1), Millis(0)), Ok(None));
        assert_eq!(
            clients.taker(ClientId(2), Millis(0)),
            Ok(Some(who("berta")))
        );
        read(&first);
        clients.give_controls(ClientId(2), &at(0));
        let attached = FromServer::Attached {
            controls: Some(who("berta")),
            yours: false,
            observers: vec![looks("anna")],
            held: Some(held(None)),
            asked_by: None,
            you_ask: false,
        };
        assert_eq!(read(&first), [attached]);
        assert!(clients.decider(ClientId(1)).is_err());
    }

    #[test]
    fn who_sits_there_is_asked_and_who_does_not_loses_the_controls_to_who_takes_them() {
        let mut clients = Clients::default();
        let first = join(&mut clients, 1, "anna", Part::Controls);
        join(&mut clients, 2, "berta", Part::Controls);
        join(&mut clients, 3, "cleo", Part::Controls);
        let (one, two, three) = (ClientId(1), ClientId(2), ClientId(3));
        clients.key(one, Millis(1000));
        clients.key(two, Millis(9000));
        let refused = clients
            .taker(two, Millis(60_999))
            .expect_err("anna is there");
        assert!(refused.why.contains("pressed a key 59 s ago"), "{refused}");
        assert_eq!(clients.taker(two, Millis(61_000)), Ok(Some(who("berta"))));

        assert_eq!(clients.hand_over(two, Handover::Ask), Ok(None));
        assert!(
            clients.hand_over(three, Handover::Ask).is_err(),
            "one at a time"
        );
        assert!(clients.hand_over(two, Handover::Give).is_err(), "not hers");
        let told = read(&first);
        let asked = told.iter().any(|frame| {
            matches!(frame, FromServer::Attached { asked_by: Some(by), .. } if *by == who("berta"))
        });
        assert!(asked, "{told:?}");
        assert_eq!(clients.hand_over(one, Handover::Keep), Ok(None));
        assert!(
            clients.hand_over(one, Handover::Give).is_err(),
            "nobody asks"
        );
        assert_eq!(clients.hand_over(three, Handover::Ask), Ok(None));
        assert_eq!(clients.hand_over(three, Handover::Withdraw), Ok(None));
        assert_eq!(clients.hand_over(two, Handover::Ask), Ok(None));
        let given = clients.hand_over(one, Handover::Give);
        assert_eq!(given, Ok(Some((two, who("berta")))));
        clients.give_controls(two, &at(70_000));
        assert_eq!(clients.decider(two), Ok(who("berta")));
        clients
            .hand_over(one, Handover::Ask)
            .expect("she may ask back");
        clients.leave(two);
        assert!(
            clients.hand_over(one, Handover::Ask).is_err(),
            "nobody is there"
        );
        assert_eq!(clients.taker(one, Millis(70_001)), Ok(Some(who("anna"))));
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
