//! The table of a joint operation.

use std::collections::BTreeSet;

use decider::Decider;
use ids::Code;

use super::{
    Action, Command, Conclusion, Event, Hazard, MEETINGS_MAX, Meeting, NextStep, Opening, Operation, POWERS_MIN, Path,
    Refusal, STOP_ORDERS_MAX, Stage, State, StopOrder, evolve, notice, seat,
};

/// The rule book of a joint operation.
#[derive(Clone, Copy, Debug)]
pub struct Rules;

impl Decider for Rules {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        let Some(operation) = state.operation.as_deref() else {
            return match command {
                Command::Open(opening) => Ok(vec![Event::OperationOpened(opening.clone())]),
                // Most cases that close were never the centre's.
                Command::Cancel | Command::CheckDeadlines { .. } => Ok(vec![]),
                Command::TakeSeat { .. } | Command::Act { .. } => Err(Refusal::NoOperation),
            };
        };
        match (&operation.stage, command) {
            (_, Command::Open(opening)) => open_again(operation, opening),
            (Stage::Concluded | Stage::Cancelled, Command::Cancel | Command::CheckDeadlines { .. }) => Ok(vec![]),
            (Stage::Opened | Stage::PathDecided | Stage::OnSite { .. }, Command::Cancel) => {
                Ok(vec![Event::OperationCancelled])
            }
            (
                Stage::Opened | Stage::PathDecided | Stage::OnSite { .. },
                Command::CheckDeadlines { now, seat_due, told, away },
            ) => {
                let mut events = seat::lapse(operation, *now, *seat_due, told, away);
                events.extend(notice::run_out(operation, *now));
                Ok(events)
            }
            (_, Command::Act { centre, .. }) if *centre != operation.opening.centre => {
                Err(Refusal::AnotherCentre(operation.opening.centre.clone()))
            }
            (Stage::Concluded, Command::TakeSeat { .. } | Command::Act { .. }) => Err(Refusal::Concluded),
            (Stage::Cancelled, Command::TakeSeat { .. } | Command::Act { .. }) => Err(Refusal::Cancelled),
            (Stage::Opened | Stage::PathDecided | Stage::OnSite { .. }, Command::TakeSeat { party, officer }) => {
                seat::take(operation, party, officer)
            }
            (Stage::Opened | Stage::PathDecided | Stage::OnSite { .. }, Command::Act { action, .. }) => {
                act(operation, action)
            }
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        evolve::evolve(state, event)
    }
}

/// What the operation's own centre asks, while the operation is under way.
fn act(operation: &Operation, action: &Action) -> Result<Vec<Event>, Refusal> {
    match (&operation.stage, action) {
        (_, Action::CallSeat { call, seats }) => seat::call(operation, call, seats),
        (_, Action::HoldMeeting { held_at, venue, present, decisions }) => {
            let absent = operation.expected().filter(|party| !present.contains(party)).cloned().collect();
            meet(
                operation,
                Meeting {
                    held_at: *held_at,
                    venue: venue.clone(),
                    present: present.clone(),
                    absent,
                    decisions: decisions.clone(),
                },
            )
        }

        (Stage::OnSite { .. }, Action::DecidePath(_)) => Err(Refusal::OnSiteAlready),
        (Stage::PathDecided, Action::DecidePath(path))
            if operation.paths.last().is_some_and(|decided| decided.says_what(path)) =>
        {
            Ok(vec![])
        }
        (_, Action::DecidePath(path)) => {
            assess(operation, path)?;
            Ok(vec![Event::PathDecided(path.clone())])
        }

        (Stage::OnSite { parties: there, stop_order: standing }, Action::ArriveOnSite { parties, stop_order })
            if parties.iter().all(|party| there.contains(party))
                && (stop_order.is_empty() || stop_order == standing) =>
        {
            Ok(vec![])
        }
        (Stage::PathDecided | Stage::OnSite { .. }, Action::ArriveOnSite { parties, stop_order }) => {
            operation.take_part(parties)?;
            Ok(vec![Event::OnSite { parties: parties.clone(), stop_order: stop_order.clone() }])
        }
        (_, Action::ArriveOnSite { .. }) => Err(Refusal::NoPathDecided),

        (Stage::OnSite { .. }, Action::ServeNotice(order)) => notice::serve(operation, order),
        (Stage::OnSite { .. }, Action::OrderStop(order)) => order_stop(operation, order),
        (Stage::OnSite { .. }, Action::SpawnRelatedCase(hazard)) => Ok(spawn(operation, hazard)),
        (_, Action::ServeNotice(_) | Action::OrderStop(_) | Action::SpawnRelatedCase(_)) => Err(Refusal::NotOnSite),

        (_, Action::Reinspect { notice, finding, verdict, at }) => {
            notice::reinspect(operation, *notice, finding, verdict, *at)
        }
        (_, Action::TakeNextStep { notice, step, text, to, at }) => {
            notice::take_next_step(operation, *notice, *step, text, to, *at)
        }

        // Nobody is through with what nobody has looked at.
        (Stage::Opened, Action::Conclude(_)) => Err(Refusal::NoPathDecided),
        (_, Action::Conclude(conclusion)) => conclude(operation, conclusion),
    }
}

impl Operation {
    /// That each of them takes part.
    pub(super) fn take_part<'p>(&self, parties: impl IntoIterator<Item = &'p Code>) -> Result<(), Refusal> {
        let mut parties = parties.into_iter();
        let stranger = parties.find(|party| !self.parties().any(|known| known == *party));
        stranger.map_or(Ok(()), |stranger| Err(Refusal::TakesNoPart(stranger.clone())))
    }
}

/// Each round of a case is opened once, and a round that was under way ends with it.
fn open_again(operation: &Operation, opening: &Opening) -> Result<Vec<Event>, Refusal> {
    let known = &operation.opening;
    let opened = || Event::OperationOpened(Box::new(opening.clone()));
    match (known.centre == opening.centre, opening.round > known.round) {
        (true, false) => Ok(vec![]),
        (_, true) if operation.is_over() => Ok(vec![opened()]),
        (_, true) => Ok(vec![Event::OperationCancelled, opened()]),
        (false, false) => Err(Refusal::AnotherCentre(known.centre.clone())),
    }
}

/// What is decided is given to somebody who was there.
fn meet(operation: &Operation, held: Meeting) -> Result<Vec<Event>, Refusal> {
    let expected = |party: &Code| operation.expected().any(|known| known == party);
    if let Some(stranger) = held.present.iter().find(|party| !expected(party)) {
        return Err(Refusal::NotExpected(stranger.clone()));
    }
    if let Some(decision) = held.decisions.iter().find(|decision| !expected(&decision.party)) {
        return Err(Refusal::NotExpected(decision.party.clone()));
    }
    let told_before = |known: &Meeting| known.held_at == held.held_at && known.present == held.present;
    if operation.meetings.iter().any(told_before) {
        return Ok(vec![]);
    }
    let before = operation.meetings.len();
    if before >= MEETINGS_MAX {
        return Err(Refusal::TooManyMeetings);
    }
    Ok(vec![Event::MeetingHeld { meeting: u32::try_from(before + 1).unwrap_or(u32::MAX), held }])
}

/// Joint means two legal powers at least, and no step rests on a power that nobody there has.
fn assess(operation: &Operation, path: &Path) -> Result<(), Refusal> {
    operation.take_part(path.participants.iter().map(|participant| &participant.party))?;
    let powers: BTreeSet<&Code> =
        path.participants.iter().filter_map(|participant| participant.power.as_ref()).collect();
    if powers.len() < POWERS_MIN {
        return Err(Refusal::OnePowerAlone(powers.into_iter().cloned().collect()));
    }
    for step in &path.steps {
        match &step.power {
            Some(power) if powers.contains(power) => {}
            Some(power) => return Err(Refusal::NobodyHolds(power.clone())),
            None => return Err(Refusal::StepWithoutPower),
        }
    }
    Ok(())
}

/// The same order again changes nothing, unless it is what the breach of a notice asks for.
fn order_stop(operation: &Operation, order: &StopOrder) -> Result<Vec<Event>, Refusal> {
    operation.take_part(std::iter::once(&order.party))?;
    let same = |known: &StopOrder| {
        known.party == order.party
            && known.subject == order.subject
            && known.address == order.address
            && known.follows == order.follows
    };
    match order.follows {
        Some(breached) => notice::is_pending(operation, breached, NextStep::StopOrder)?,
        None if operation.stop_orders.iter().any(same) => return Ok(vec![]),
        None => {}
    }
    let before = operation.stop_orders.len();
    if before >= STOP_ORDERS_MAX {
        return Err(Refusal::TooManyStopOrders);
    }
    let number = u32::try_from(before + 1).unwrap_or(u32::MAX);
    Ok(vec![Event::StopOrdered { number, order: order.clone() }])
}

/// The reference is counted within the operation, so it is the same however often this commit is followed (D11).
/// A hazard without a place of its own lies where the operation is.
fn spawn(operation: &Operation, hazard: &Hazard) -> Vec<Event> {
    let mut hazard = hazard.clone();
    if hazard.place.party.is_none() {
        hazard.place.party.clone_from(&operation.opening.place.party);
    }
    if operation.hazards.contains(&hazard) {
        return vec![];
    }
    let reference = format!("related-{}", operation.hazards.len() + 1);
    vec![Event::RelatedCaseSpawned { reference, hazard: Box::new(hazard) }]
}

/// Every notice was complied with, or what its breach made mandatory was done.
fn conclude(operation: &Operation, conclusion: &Conclusion) -> Result<Vec<Event>, Refusal> {
    let open = || operation.numbered().filter(|(_, notice)| notice.is_open());
    let numbers = |pending: bool| -> Vec<u32> {
        open().filter(|(_, notice)| notice.pending().is_some() == pending).map(|(number, _)| number).collect()
    };
    let (uninspected, untaken) = (numbers(false), numbers(true));
    if !uninspected.is_empty() {
        return Err(Refusal::NoticesOpen(uninspected));
    }
    if !untaken.is_empty() {
        return Err(Refusal::NextStepsOpen(untaken));
    }
    Ok(vec![Event::OperationConcluded(conclusion.clone())])
}
