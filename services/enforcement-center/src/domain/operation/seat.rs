//! Seats on call: the named officer is called, then the substitute, and then somebody above is told.

use std::collections::BTreeSet;

use ids::Code;
use jiff::Timestamp;
use vocabulary::Officer;
use vocabulary::limit::late_from;

use super::{Event, Operation, Refusal};

/// Substitutes called one after the other for one seat, so that it is known before long that nobody comes.
pub const SUBSTITUTES_MAX: usize = 2;

/// A unit on call is asked to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatCall {
    pub party: Code,
    /// None when the roster names nobody: the unit itself is asked.
    pub officer: Option<Officer>,
    /// Who is called next when nobody comes, in order.
    pub substitutes: Vec<Officer>,
    /// None only on a record made before seats had a limit.
    pub due: Option<Timestamp>,
}

/// A unit on call that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seat {
    Waiting(Waiting),
    Taken(Officer),
    /// Nobody came, nobody is left to call, and `told` knows.
    Escalated {
        told: Code,
    },
}

/// Somebody was called and has until `due`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub officer: Option<Officer>,
    pub substitutes: Vec<Officer>,
    pub due: Option<Timestamp>,
}

impl Seat {
    #[must_use]
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Taken(_) => true,
            Self::Waiting(_) | Self::Escalated { .. } => false,
        }
    }

    /// Of the staff number of whoever sits there, in bytes.
    pub(super) fn staff_length(&self) -> usize {
        match self {
            Self::Taken(officer) => officer.staff_ref.len(),
            Self::Waiting(_) | Self::Escalated { .. } => 0,
        }
    }

    pub(super) fn coming_due(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting(waiting) => waiting.due.map(late_from),
            Self::Taken(_) | Self::Escalated { .. } => None,
        }
    }
}

/// Whom nobody came for may be called again.
pub(super) fn call(operation: &Operation, call: &SeatCall, seats: &[Code]) -> Result<Vec<Event>, Refusal> {
    let party = &call.party;
    if operation.opening.residents.contains(party) {
        return Err(Refusal::ResidentNeedsNoCall(party.clone()));
    }
    match operation.seats.get(party) {
        Some(Seat::Waiting(_) | Seat::Taken(_)) => Ok(vec![]),
        Some(Seat::Escalated { .. }) | None if seats.contains(party) => Ok(vec![Event::SeatCalled(call.clone())]),
        Some(Seat::Escalated { .. }) | None => Err(Refusal::NoSeat { party: party.clone(), seats: seats.to_vec() }),
    }
}

/// Also late, and also somebody else from the same unit. A resident takes its place again after it missed a meeting.
pub(super) fn take(operation: &Operation, party: &Code, officer: &Officer) -> Result<Vec<Event>, Refusal> {
    let absent = operation.absent.contains(party);
    let taken = || Ok(vec![Event::SeatTaken { party: party.clone(), officer: officer.clone() }]);
    match operation.seats.get(party) {
        Some(Seat::Taken(there)) if there == officer && !absent => Ok(vec![]),
        Some(_) => taken(),
        None if absent => taken(),
        None => Err(Refusal::NotAsked(party.clone())),
    }
}

/// Every seat that was not taken in time: the next one who is not away by now is called, or nobody is left and `told` hears
/// of it.
pub(super) fn lapse(
    operation: &Operation,
    now: Timestamp,
    seat_due: Timestamp,
    told: &Code,
    away: &BTreeSet<String>,
) -> Vec<Event> {
    let mut events = Vec::new();
    for (party, seat) in &operation.seats {
        let Seat::Waiting(waiting) = seat else { continue };
        let Some(due) = waiting.due.filter(|due| late_from(*due) <= now) else { continue };
        events.push(Event::SeatLapsed { party: party.clone(), officer: waiting.officer.clone(), due });
        let there = waiting.substitutes.iter().filter(|officer| !away.contains(&officer.staff_ref));
        let there: Vec<Officer> = there.cloned().collect();
        events.push(match there.split_first() {
            Some((next, rest)) => Event::SeatCalled(SeatCall {
                party: party.clone(),
                officer: Some(next.clone()),
                substitutes: rest.to_vec(),
                due: Some(seat_due),
            }),
            None => Event::SeatEscalated { party: party.clone(), told: told.clone() },
        });
    }
    events
}
