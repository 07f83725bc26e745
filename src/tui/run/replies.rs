//! What became of what this screen sent.

use super::Session;
use crate::engine::Refusal;
use crate::supervisor::client::ClientError;
use crate::tui::model::Msg;

impl Session<'_> {
    /// Waits for the reply to something that was sent, or says why it could not be.
    pub(super) fn sent(&mut self, sent: Result<u64, ClientError>) {
        match sent {
            Ok(id) => self.sent.push(id),
            Err(error) => {
                let refusal = Refusal {
                    why: format!("It could not be sent: {error}."),
                    hint: error.hint,
                };
                self.tell(Msg::Replied(Err(refusal)));
            }
        }
    }
}

/// What a decision gets for an answer when nobody is there to give one.
pub(super) fn silent() -> Refusal {
    Refusal {
        why: "The supervisor is gone; whether your answer arrived shows when you attach again."
            .into(),
        hint: None,
    }
}
