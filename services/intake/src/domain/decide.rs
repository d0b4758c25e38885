//! The table of intake.

use decider::Decider;

use super::{Command, Event, Exclusion, Receipt, Received, Refusal, State};

/// Intake's rule book.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        let Some(receipt) = &state.received else {
            return match command {
                Command::Receive(received) => Ok(vec![Event::Received(received.clone())]),
                Command::Supplement { .. }
                | Command::Withdraw { .. }
                | Command::ProposeExclusion { .. }
                | Command::ApproveExclusion { .. } => Err(Refusal::NoSuchCase),
            };
        };
        match (command, &state.exclusion) {
            (Command::Receive(received), _) => receive_again(receipt, received),
            (Command::Supplement { .. }, _) if state.withdrawal_asked => Err(Refusal::Withdrawn),
            (Command::Supplement { text }, _) => Ok(vec![Event::Supplemented { text: text.clone() }]),
            (Command::Withdraw { .. }, _) if state.withdrawal_asked => Ok(vec![]),
            (Command::Withdraw { reason }, _) => Ok(vec![Event::WithdrawalAsked { reason: reason.clone() }]),
            (Command::ProposeExclusion { by, .. } | Command::ApproveExclusion { by }, _) if by.is_empty() => {
                Err(Refusal::StaffNumberNeeded)
            }
            (Command::ProposeExclusion { reason, by }, Exclusion::None) => {
                Ok(vec![Event::ExclusionProposed { reason: reason.clone(), by: by.clone() }])
            }
            (Command::ProposeExclusion { .. }, Exclusion::Proposed { .. } | Exclusion::Approved) => Ok(vec![]),
            (Command::ApproveExclusion { .. }, Exclusion::None) => Err(Refusal::ExclusionNotProposed),
            (Command::ApproveExclusion { by }, Exclusion::Proposed { by: first }) if by == first => {
                Err(Refusal::SecondPersonNeeded(first.clone()))
            }
            (Command::ApproveExclusion { by }, Exclusion::Proposed { .. }) => {
                Ok(vec![Event::ExclusionApproved { by: by.clone() }])
            }
            (Command::ApproveExclusion { .. }, Exclusion::Approved) => Ok(vec![]),
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Received(received) => {
                state.received = Some(Receipt {
                    bridge: received.bridge.clone(),
                    external_ref_hash: received.external_ref_hash.clone(),
                    content_hash: received.content_hash.clone(),
                    received_at: received.received_at,
                });
            }
            Event::Supplemented { .. } => {}
            Event::WithdrawalAsked { .. } => state.withdrawal_asked = true,
            Event::ExclusionProposed { by, .. } => state.exclusion = Exclusion::Proposed { by: by.clone() },
            Event::ExclusionApproved { .. } => state.exclusion = Exclusion::Approved,
        }
        state
    }
}

/// The same matter again is the same answer again (D10).
fn receive_again(receipt: &Receipt, received: &Received) -> Result<Vec<Event>, Refusal> {
    let same_reference = receipt.bridge == received.bridge && receipt.external_ref_hash == received.external_ref_hash;
    match (same_reference, receipt.content_hash == received.content_hash) {
        (true, true) => Ok(vec![]),
        (true, false) => Err(Refusal::DifferentContent),
        (false, _) => Err(Refusal::IdTaken),
    }
}
