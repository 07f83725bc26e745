//! What front ends say to the loop and what they hear from it.

use super::{End, Mode, Msg, Service};
use crate::engine::{Input, Refusal};
use crate::journal::Decision;
use crate::shell::clock;
use crate::supervisor::clients::refusal;
use crate::supervisor::server::ClientId;
use crate::supervisor::wire::{FromServer, Handover, ToServer};
use crate::types::{Seq, Who};
use std::time::Duration;

/// Why nothing is decided any more, whatever the run's state.
const ENDING: &str = "The supervisor is ending. Attach again; nothing was done.";
/// How long front ends may take to read the end.
const READ_THE_END: Duration = Duration::from_secs(3);

impl Service {
    /// Tells the front ends that are there, and those that come now, why it is over; waits a short
    /// while until they have read it.
    pub(in crate::supervisor) fn part(&mut self, end: &End) {
        self.work.drop_all();
        for msg in self.inbox.try_iter() {
            match msg {
                Msg::Joined {
                    id,
                    who,
                    part,
                    outbox,
                } => self.clients.join(id, who, part, outbox, &clock::now()),
                Msg::Frame {
                    id,
                    frame:
                        ToServer::Decide { id: reply, .. }
                        | ToServer::TakeControls { id: reply }
                        | ToServer::Handover { id: reply, .. },
                } => {
                    let result = Err(refusal(ENDING));
                    self.clients
                        .tell(id, &FromServer::Reply { id: reply, result });
                }
                Msg::Frame {
                    frame: ToServer::Hello { .. } | ToServer::Ping { .. } | ToServer::Key,
                    ..
                }
                | Msg::Left { .. }
                | Msg::Report(_)
                | Msg::Terminate
                | Msg::ChildEnded
                | Msg::Bug(_) => {}
            }
        }
        let attach = format!("upwalk attach {}", self.state.run.run);
        self.clients.bye(&match end {
            End::Finished | End::Looked => "The run is finished.".to_owned(),
            End::Told => format!(
                "The supervisor was told to end. The run stays as it is, and what runs goes on; \
                 go on with: {attach}"
            ),
            End::Short(short) => format!(
                "The run stops before its next step. {} {}",
                short.sentence(),
                short.advice(&format!("type: {attach}"))
            ),
            End::Failed(why) => format!(
                "The supervisor ends because it cannot keep what happens: {why}. What runs goes \
                 on; once that is mended, go on with: {attach}"
            ),
            End::Bug(_) => format!(
                "The supervisor ends because of a bug in upwalk; {} tells more. What runs goes \
                 on; go on with: {attach}",
                self.dir.supervisor_log().display()
            ),
        });
        self.clients.flush(READ_THE_END);
    }

    /// Answers a frame.
    pub(super) fn frame(&mut self, id: ClientId, frame: ToServer) -> Result<(), End> {
        let (reply, result) = match frame {
            ToServer::Hello { .. } => {
                self.clients
                    .dismiss(id, "The connection is closed: a hello is said only once.");
                return Ok(());
            }
            ToServer::Ping { id: reply } => {
                self.clients.tell(id, &FromServer::Pong { id: reply });
                return Ok(());
            }
            ToServer::Decide {
                id: reply,
                at,
                decision,
            } => (reply, self.decide(id, at, decision)?),
            ToServer::TakeControls { id: reply } => (reply, self.take_controls(id)?),
            ToServer::Handover { id: reply, what } => (reply, self.hand_over(id, what)?),
            ToServer::Key => {
                self.clients.key(id, clock::now().up);
                return Ok(());
            }
        };
        self.clients
            .tell(id, &FromServer::Reply { id: reply, result });
        Ok(())
    }

    fn decide(
        &mut self,
        id: ClientId,
        at: Option<Seq>,
        decision: Decision,
    ) -> Result<Result<Seq, Refusal>, End> {
        if self.mode == Mode::Draining {
            return Ok(Err(refusal(ENDING)));
        }
        match self.clients.decider(id) {
            Ok(who) => self.handle(&Input::Decided { at, decision, who }),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    fn take_controls(&mut self, id: ClientId) -> Result<Result<Seq, Refusal>, End> {
        match self.clients.taker(id, clock::now().up) {
            Ok(Some(who)) => self.give_controls(id, who),
            Ok(None) => Ok(Ok(self.state.last)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Gives the controls to this screen, which is journalled.
    fn give_controls(&mut self, id: ClientId, who: Who) -> Result<Result<Seq, Refusal>, End> {
        let result = self.handle(&Input::TookControls { who })?;
        if result.is_ok() {
            self.clients.give_controls(id, &clock::now());
        }
        Ok(result)
    }

    /// From screen to screen, with a word of whoever has them.
    fn hand_over(&mut self, id: ClientId, what: Handover) -> Result<Result<Seq, Refusal>, End> {
        match self.clients.hand_over(id, what) {
            Ok(Some((to, who))) => self.give_controls(to, who),
            Ok(None) => Ok(Ok(self.state.last)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }
}
