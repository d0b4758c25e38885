//! The table of intake.

use decider::Decider;
use ids::CaseId;
use vocabulary::Course;

use super::{Command, Event, Exclusion, Joined, Receipt, Received, Refusal, State};

#[cfg(test)]
pub(super) mod tests;

/// Polls on the record of one case: far more than a matter is asked about.
const POLLS_MAX: usize = 20;

/// Notes of one caller, bridge or desk on one case: a fifth of what intake records of it, so that nobody can fill its history.
pub(super) const NOTES_OF_ONE_MAX: usize = 20;

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
                | Command::ApproveExclusion { .. }
                | Command::Join { .. }
                | Command::Link { .. }
                | Command::AttachPoll(_) => Err(Refusal::NoSuchCase),
            };
        };
        match (command, &state.exclusion) {
            (Command::Receive(received), _) => receive_again(receipt, received),
            (Command::Supplement { course: Course::Closed, .. }, _) => Err(Refusal::Closed),
            (Command::Supplement { .. }, _) if state.withdrawal_asked => Err(Refusal::Withdrawn),
            (Command::Supplement { by, .. }, _)
                if state.notes.get(by).is_some_and(|notes| *notes >= NOTES_OF_ONE_MAX) =>
            {
                Err(Refusal::TooManyNotes(NOTES_OF_ONE_MAX))
            }
            (Command::Supplement { text, by, .. }, _) => {
                Ok(vec![Event::Supplemented { text: text.clone(), by: by.clone() }])
            }
            (Command::Withdraw { .. }, _) if state.withdrawal_asked => Ok(vec![]),
            (Command::Withdraw { .. }, _) if state.merged_into.is_some() => in_force(state).map(|()| vec![]),
            (Command::Withdraw { course: Course::Answered, .. }, _) => Err(Refusal::Answered),
            (Command::Withdraw { course: Course::Closed, .. }, _) => Err(Refusal::Closed),
            (Command::Withdraw { gone, .. }, _) if state.others(gone) > 0 => {
                Err(Refusal::OthersJoined(state.others(gone)))
            }
            (Command::Withdraw { reason, .. }, _) => Ok(vec![Event::WithdrawalAsked { reason: reason.clone() }]),
            (Command::ProposeExclusion { by, .. } | Command::ApproveExclusion { by, .. }, _) if by.is_empty() => {
                Err(Refusal::StaffNumberNeeded)
            }
            // What is closed is rated and scored, and stays so.
            (Command::ProposeExclusion { course: Course::Closed, .. }, Exclusion::None)
            | (Command::ApproveExclusion { course: Course::Closed, .. }, Exclusion::Proposed { .. }) => {
                Err(Refusal::Closed)
            }
            // What others raised too is no nuisance of one.
            (Command::ProposeExclusion { gone, .. }, Exclusion::None)
            | (Command::ApproveExclusion { gone, .. }, Exclusion::Proposed { .. })
                if state.others(gone) > 0 =>
            {
                Err(Refusal::OthersJoined(state.others(gone)))
            }
            (Command::ProposeExclusion { reason, by, .. }, Exclusion::None) => {
                Ok(vec![Event::ExclusionProposed { reason: reason.clone(), by: by.clone() }])
            }
            (Command::ProposeExclusion { .. }, Exclusion::Proposed { .. } | Exclusion::Approved) => Ok(vec![]),
            (Command::ApproveExclusion { .. }, Exclusion::None) => Err(Refusal::ExclusionNotProposed),
            (Command::ApproveExclusion { by, .. }, Exclusion::Proposed { by: first }) if by == first => {
                Err(Refusal::SecondPersonNeeded(first.clone()))
            }
            (Command::ApproveExclusion { by, .. }, Exclusion::Proposed { .. }) => {
                Ok(vec![Event::ExclusionApproved { by: by.clone() }])
            }
            (Command::ApproveExclusion { .. }, Exclusion::Approved) => Ok(vec![]),
            (Command::AttachPoll(result), _) if state.polls.contains(&result.poll) => Ok(vec![]),
            (Command::AttachPoll(_), _) if state.polls.len() >= POLLS_MAX => Err(Refusal::TooManyPolls(POLLS_MAX)),
            (Command::AttachPoll(result), _) => {
                in_force(state)?;
                Ok(vec![Event::PollAttached(result.clone())])
            }
            (Command::Join { case, callers }, _) => join(state, receipt, *case, callers),
            (Command::Link { into, .. }, _) if state.merged_into == Some(*into) => Ok(vec![]),
            (Command::Link { into, reason, into_received_at }, _) => {
                in_force(state)?;
                if *into_received_at > receipt.received_at {
                    return Err(Refusal::NotEarlier);
                }
                let (into, reason, into_received_at) = (*into, reason.clone(), *into_received_at);
                Ok(vec![Event::LinkedAsDuplicate { into, reason, into_received_at }])
            }
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
                    caller_ref: received.caller_ref.clone(),
                    caller_class: received.caller_class,
                    channel: received.channel.clone(),
                    category_hint: received.category_hint.clone(),
                    receipt_ref: received.receipt_ref.clone(),
                });
            }
            Event::Supplemented { by, .. } if by.is_empty() => {}
            Event::Supplemented { by, .. } => *state.notes.entry(by.clone()).or_default() += 1,
            Event::WithdrawalAsked { .. } => state.withdrawal_asked = true,
            Event::ExclusionProposed { by, .. } => state.exclusion = Exclusion::Proposed { by: by.clone() },
            Event::ExclusionApproved { .. } => state.exclusion = Exclusion::Approved,
            Event::CallerJoined(joined) => state.joined.push(Joined::clone(joined)),
            Event::LinkedAsDuplicate { into, .. } => state.merged_into = Some(*into),
            Event::PollAttached(result) => state.polls.push(result.poll.clone()),
        }
        state
    }
}

/// Those who are not here yet join, all or none of them.
fn join(state: &State, receipt: &Receipt, case: CaseId, callers: &[Joined]) -> Result<Vec<Event>, Refusal> {
    let news: Vec<&Joined> = callers.iter().filter(|joined| !state.knows(joined.case)).collect();
    if news.is_empty() {
        return Ok(vec![]);
    }
    in_force(state)?;
    // Of two received in the same instant the smaller id counts as the earlier one, so that no ring can form.
    let own = (receipt.received_at, case.as_str());
    if news.iter().any(|joined| (joined.received_at, joined.case.as_str()) <= own) {
        return Err(Refusal::NotEarlier);
    }
    Ok(news.into_iter().map(|joined| Event::CallerJoined(Box::new(joined.clone()))).collect())
}

/// A case that has left, or is part of another, neither takes callers nor becomes part of a third one.
fn in_force(state: &State) -> Result<(), Refusal> {
    match (&state.merged_into, state.withdrawal_asked, &state.exclusion) {
        (Some(into), _, _) => Err(Refusal::Merged(*into)),
        (None, true, _) => Err(Refusal::Withdrawn),
        (None, false, Exclusion::Approved) => Err(Refusal::Excluded),
        (None, false, Exclusion::None | Exclusion::Proposed { .. }) => Ok(()),
    }
}

/// The same matter again is the same answer again (D10).
fn receive_again(receipt: &Receipt, received: &Received) -> Result<Vec<Event>, Refusal> {
    let same_reference = receipt.bridge == received.bridge && receipt.external_ref_hash == received.external_ref_hash;
    let same_content =
        received.content_hash == receipt.content_hash || received.content_hashes_before.contains(&receipt.content_hash);
    match (same_reference, same_content) {
        (true, true) => Ok(vec![]),
        (true, false) => Err(Refusal::DifferentContent),
        (false, _) => Err(Refusal::IdTaken),
    }
}
