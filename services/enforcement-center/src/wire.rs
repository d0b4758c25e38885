//! Both rule books on the wire: their events are one proto message, told apart by what they are about. The
//! operation's facts are here, the longer ones in [`paper`]; the roster's in [`roster`].

pub(crate) mod paper;
mod refusal;
mod register;
mod roster;
pub(crate) mod staff;

use ids::Owner;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::enforcement_center::v1 as wire;
use proto::enforcement_center::v1::enforcement_center_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, WireError};
use station::wire as shared;

use crate::domain::operation::{
    self, Action, Command, Conclusion, Event, Hazard, Inspection, NextStep, Opening, Verdict,
};

pub(crate) use roster::{from_seat_kind, to_seat_kind};

impl Aggregate for operation::Rules {
    const OWNER: Owner = Owner::EnforcementCenter;
    const REVISIONS_MAX: u64 = 100;

    fn to_wire(event: &Event) -> AnyEvent {
        any(match event {
            Event::OperationOpened(opening) => WireEvent::OperationOpened(to_opening(opening)),
            Event::SeatCalled(call) => WireEvent::SeatCalled(paper::to_seat_call(call)),
            Event::SeatLapsed { party, officer, due } => WireEvent::SeatLapsed(wire::SeatLapsed {
                party: party.to_string(),
                officer: officer.as_ref().map(shared::to_officer),
                due: Some(due.to_wire()),
            }),
            Event::SeatEscalated { party, told } => {
                WireEvent::SeatEscalated(wire::SeatEscalated { party: party.to_string(), told: told.to_string() })
            }
            Event::MeetingHeld { meeting, held } => WireEvent::MeetingHeld(paper::to_meeting(*meeting, held)),
            Event::StopOrdered { number, order } => WireEvent::StopOrdered(paper::to_stop_order(*number, order)),
            Event::NextStepTaken { notice, step, text, to, at } => WireEvent::NextStepTaken(wire::NextStepTaken {
                notice: *notice,
                step: paper::to_next_step(*step).into(),
                text: text.clone(),
                to: to.to_string(),
                taken_at: Some(at.to_wire()),
            }),
            Event::SeatTaken { party, officer } => WireEvent::SeatTaken(wire::SeatTaken {
                party: party.to_string(),
                officer: Some(shared::to_officer(officer)),
            }),
            Event::PathDecided(path) => WireEvent::PathDecided(paper::to_path(path)),
            Event::OnSite { parties, stop_order } => {
                WireEvent::OnSite(wire::OnSite { parties: shared::texts(parties), stop_order: stop_order.clone() })
            }
            Event::NoticeServed { notice, order } => WireEvent::NoticeServed(paper::to_notice(*notice, order)),
            Event::ReinspectionDue { notice, due } => {
                WireEvent::ReinspectionDue(wire::ReinspectionDue { notice: *notice, due: Some(due.to_wire()) })
            }
            Event::Reinspected(inspection) => WireEvent::Reinspected(wire::Reinspected {
                notice: inspection.notice,
                passed: inspection.passed,
                finding: inspection.finding.clone(),
                party: inspection.party.to_string(),
                inspected_at: inspection.at.map(|at| at.to_wire()),
            }),
            Event::NoticeComplied { notice } => WireEvent::NoticeComplied(wire::NoticeComplied { notice: *notice }),
            Event::NoticeBreached { notice, step, next_step, due } => WireEvent::NoticeBreached(wire::NoticeBreached {
                notice: *notice,
                next_step: next_step.clone(),
                due: Some(due.to_wire()),
                step: paper::to_next_step(*step).into(),
            }),
            Event::RelatedCaseSpawned { reference, hazard } => {
                WireEvent::RelatedCaseSpawned(to_related_case(reference, hazard))
            }
            Event::OperationConcluded(conclusion) => WireEvent::OperationConcluded(wire::OperationConcluded {
                summary: conclusion.summary.clone(),
                concluded_at: conclusion.at.map(|at| at.to_wire()),
            }),
            Event::OperationCancelled => WireEvent::OperationCancelled(wire::OperationCancelled {}),
        })
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        Ok(match known(event)? {
            WireEvent::OperationOpened(fact) => Event::OperationOpened(Box::new(from_opening(fact)?)),
            WireEvent::SeatCalled(fact) => Event::SeatCalled(paper::from_seat_call(fact)?),
            WireEvent::SeatLapsed(fact) => Event::SeatLapsed {
                party: shared::code("party", &fact.party)?,
                officer: paper::optional_officer(fact.officer.as_ref())?,
                due: shared::time("due", fact.due.as_ref())?,
            },
            WireEvent::SeatEscalated(fact) => Event::SeatEscalated {
                party: shared::code("party", &fact.party)?,
                told: shared::code("told", &fact.told)?,
            },
            WireEvent::MeetingHeld(fact) => {
                Event::MeetingHeld { meeting: fact.meeting, held: paper::from_meeting(fact)? }
            }
            WireEvent::StopOrdered(fact) => {
                Event::StopOrdered { number: fact.order, order: paper::from_stop_order(fact)? }
            }
            WireEvent::NextStepTaken(fact) => Event::NextStepTaken {
                notice: fact.notice,
                step: paper::from_next_step(fact.step)?
                    .ok_or_else(|| WireError::new("step", "missing: what was done"))?,
                text: fact.text.clone(),
                to: shared::code("to", &fact.to)?,
                at: shared::time("taken_at", fact.taken_at.as_ref())?,
            },
            WireEvent::SeatTaken(fact) => Event::SeatTaken {
                party: shared::code("party", &fact.party)?,
                officer: shared::officer(fact.officer.as_ref())?,
            },
            WireEvent::PathDecided(fact) => Event::PathDecided(paper::from_path(fact)?),
            WireEvent::OnSite(fact) => {
                Event::OnSite { parties: shared::codes("parties", &fact.parties)?, stop_order: fact.stop_order.clone() }
            }
            WireEvent::NoticeServed(fact) => {
                Event::NoticeServed { notice: fact.notice, order: paper::from_notice(fact)? }
            }
            WireEvent::ReinspectionDue(fact) => {
                Event::ReinspectionDue { notice: fact.notice, due: shared::time("due", fact.due.as_ref())? }
            }
            WireEvent::Reinspected(fact) => Event::Reinspected(Inspection {
                notice: fact.notice,
                passed: fact.passed,
                finding: fact.finding.clone(),
                party: shared::code("party", &fact.party)?,
                at: optional_time("inspected_at", fact.inspected_at.as_ref())?,
            }),
            WireEvent::NoticeComplied(fact) => Event::NoticeComplied { notice: fact.notice },
            WireEvent::NoticeBreached(fact) => Event::NoticeBreached {
                notice: fact.notice,
                // Before steps had a kind, a breach was over only by a re-inspection that passed; that is still a way.
                step: paper::from_next_step(fact.step)?.unwrap_or(NextStep::NewNotice),
                next_step: fact.next_step.clone(),
                due: shared::time("due", fact.due.as_ref())?,
            },
            WireEvent::RelatedCaseSpawned(fact) => Event::RelatedCaseSpawned {
                reference: fact.reference.clone(),
                hazard: Box::new(Hazard {
                    title: fact.title.clone(),
                    text: fact.text.clone(),
                    place: shared::place(fact.place.as_ref())?,
                    category: shared::optional_code("category", &fact.category)?,
                }),
            },
            WireEvent::OperationConcluded(fact) => Event::OperationConcluded(Conclusion {
                summary: fact.summary.clone(),
                at: optional_time("concluded_at", fact.concluded_at.as_ref())?,
            }),
            WireEvent::OperationCancelled(wire::OperationCancelled {}) => Event::OperationCancelled,
            WireEvent::OfficerSeated(_)
            | WireEvent::OfficerUnseated(_)
            | WireEvent::OfficerAway(_)
            | WireEvent::OfficerRegistered(_)
            | WireEvent::OfficerSeconded(_)
            | WireEvent::SecondmentEnded(_)
            | WireEvent::DocumentNumbered(_) => {
                return Err(WireError::new("event", "about a roster, not an operation"));
            }
        })
    }

    fn next_deadline(state: &operation::State) -> Option<Timestamp> {
        state.operation.as_ref().and_then(|operation| operation.next_deadline())
    }

    /// Everything on the way from an open notice to the end: a full history must not keep a notice open for ever.
    /// At most two more commits for each open notice, three for each seat that is waited for, and one for the end.
    fn is_ending(command: &Command) -> bool {
        match command {
            Command::Cancel | Command::CheckDeadlines { .. } => true,
            Command::Act { action, .. } => match action {
                Action::Reinspect { verdict, .. } => *verdict == Verdict::Passed,
                Action::TakeNextStep { .. } | Action::Conclude(_) => true,
                Action::CallSeat { .. }
                | Action::HoldMeeting { .. }
                | Action::DecidePath(_)
                | Action::ArriveOnSite { .. }
                | Action::OrderStop(_)
                | Action::ServeNotice(_)
                | Action::SpawnRelatedCase(_) => false,
            },
            Command::Open(_) | Command::TakeSeat { .. } => false,
        }
    }
}

fn any(event: WireEvent) -> AnyEvent {
    AnyEvent { of: Some(Of::EnforcementCenter(wire::EnforcementCenterEvent { event: Some(event) })) }
}

pub(crate) fn known(event: &AnyEvent) -> Result<&WireEvent, WireError> {
    let Some(Of::EnforcementCenter(wire::EnforcementCenterEvent { event: Some(event) })) = &event.of else {
        return Err(WireError::new("event", "not one of the enforcement centre"));
    };
    Ok(event)
}

fn to_opening(opening: &Opening) -> wire::OperationOpened {
    wire::OperationOpened {
        centre: opening.centre.to_string(),
        categories: shared::texts(&opening.categories),
        residents: shared::texts(&opening.residents),
        title: opening.title.clone(),
        place: Some(shared::to_place(&opening.place)),
        round: opening.round,
    }
}

fn from_opening(fact: &wire::OperationOpened) -> Result<Opening, WireError> {
    Ok(Opening {
        // Missing means the first round.
        round: fact.round.max(1),
        centre: shared::code("centre", &fact.centre)?,
        categories: shared::codes("categories", &fact.categories)?,
        residents: shared::codes("residents", &fact.residents)?,
        title: fact.title.clone(),
        place: shared::place(fact.place.as_ref())?,
    })
}

pub(crate) fn optional_time(
    field: &'static str,
    time: Option<&pbjson_types::Timestamp>,
) -> Result<Option<Timestamp>, WireError> {
    time.map(|time| shared::time(field, Some(time))).transpose()
}

fn to_related_case(reference: &str, hazard: &Hazard) -> wire::RelatedCaseSpawned {
    wire::RelatedCaseSpawned {
        reference: reference.to_owned(),
        title: hazard.title.clone(),
        text: hazard.text.clone(),
        place: Some(shared::to_place(&hazard.place)),
        category: shared::text(hazard.category.as_ref()),
    }
}

#[cfg(test)]
mod tests;
