//! What an operation puts on paper, on the wire.

use jiff::Timestamp;
use proto::ToWireTime;
use proto::common::v1 as common;
use proto::enforcement_center::v1 as wire;
use record::WireError;
use station::wire as shared;
use vocabulary::Officer;

use super::optional_time;
use crate::domain::operation::{
    Decision, Meeting, NextStep, Order, Participant, Path, PathStep, Proof, SeatCall, StopOrder,
};

pub(crate) fn optional_officer(officer: Option<&common::Officer>) -> Result<Option<Officer>, WireError> {
    officer.map(|officer| shared::officer(Some(officer))).transpose()
}

pub(super) fn to_seat_call(call: &SeatCall) -> wire::SeatCalled {
    wire::SeatCalled {
        party: call.party.to_string(),
        officer: call.officer.as_ref().map(shared::to_officer),
        substitutes: call.substitutes.iter().map(shared::to_officer).collect(),
        due: call.due.map(|due| due.to_wire()),
    }
}

pub(super) fn from_seat_call(fact: &wire::SeatCalled) -> Result<SeatCall, WireError> {
    Ok(SeatCall {
        party: shared::code("party", &fact.party)?,
        officer: optional_officer(fact.officer.as_ref())?,
        substitutes: fact.substitutes.iter().map(|officer| shared::officer(Some(officer))).collect::<Result<_, _>>()?,
        due: optional_time("due", fact.due.as_ref())?,
    })
}

/// The older fields say the same with less, for whoever reads only those.
pub(super) fn to_path(path: &Path) -> wire::PathDecided {
    let participant = |participant: &Participant| wire::Participant {
        party: participant.party.to_string(),
        officer: participant.officer.as_ref().map(shared::to_officer),
        power: shared::text(participant.power.as_ref()),
    };
    let step = |step: &PathStep| wire::PathStep {
        action: step.action.clone(),
        power: shared::text(step.power.as_ref()),
        basis: step.basis.clone(),
    };
    wire::PathDecided {
        assessment: path.assessment.clone(),
        path: path.steps.iter().map(|step| step.action.clone()).collect(),
        parties: path.participants.iter().map(|participant| participant.party.to_string()).collect(),
        participants: path.participants.iter().map(participant).collect(),
        steps: path.steps.iter().map(step).collect(),
        decided_at: path.at.map(|at| at.to_wire()),
    }
}

pub(super) fn from_path(fact: &wire::PathDecided) -> Result<Path, WireError> {
    let bare_step = |action: &String| PathStep { action: action.clone(), power: None, basis: String::new() };
    let steps = if fact.steps.is_empty() {
        fact.path.iter().map(bare_step).collect()
    } else {
        fact.steps.iter().map(from_step).collect::<Result<_, _>>()?
    };
    let participants = if fact.participants.is_empty() {
        let parties = shared::codes("parties", &fact.parties)?;
        parties.into_iter().map(|party| Participant { party, officer: None, power: None }).collect()
    } else {
        fact.participants.iter().map(from_participant).collect::<Result<_, _>>()?
    };
    let at = optional_time("decided_at", fact.decided_at.as_ref())?;
    Ok(Path { assessment: fact.assessment.clone(), steps, participants, at })
}

fn from_step(step: &wire::PathStep) -> Result<PathStep, WireError> {
    Ok(PathStep {
        action: step.action.clone(),
        power: shared::optional_code("steps.power", &step.power)?,
        basis: step.basis.clone(),
    })
}

fn from_participant(participant: &wire::Participant) -> Result<Participant, WireError> {
    Ok(Participant {
        party: shared::code("participants.party", &participant.party)?,
        officer: optional_officer(participant.officer.as_ref())?,
        power: shared::optional_code("participants.power", &participant.power)?,
    })
}

pub(super) fn to_meeting(meeting: u32, held: &Meeting) -> wire::MeetingHeld {
    let decision =
        |decision: &Decision| wire::MeetingDecision { text: decision.text.clone(), party: decision.party.to_string() };
    wire::MeetingHeld {
        meeting,
        held_at: Some(held.held_at.to_wire()),
        venue: held.venue.clone(),
        present: shared::texts(&held.present),
        absent: shared::texts(&held.absent),
        decisions: held.decisions.iter().map(decision).collect(),
    }
}

pub(super) fn from_meeting(fact: &wire::MeetingHeld) -> Result<Meeting, WireError> {
    let decision = |decision: &wire::MeetingDecision| -> Result<Decision, WireError> {
        Ok(Decision { text: decision.text.clone(), party: shared::code("decisions.party", &decision.party)? })
    };
    Ok(Meeting {
        held_at: shared::time("held_at", fact.held_at.as_ref())?,
        venue: fact.venue.clone(),
        present: shared::codes("present", &fact.present)?,
        absent: shared::codes("absent", &fact.absent)?,
        decisions: fact.decisions.iter().map(decision).collect::<Result<_, _>>()?,
    })
}

pub(super) fn to_stop_order(number: u32, order: &StopOrder) -> wire::StopOrdered {
    wire::StopOrdered {
        order: number,
        party: order.party.to_string(),
        subject: order.subject.clone(),
        address: order.address.clone(),
        service_proof: order.proof.how.clone(),
        served_by: order.proof.by.clone(),
        served_at: order.proof.at.map(|at| at.to_wire()),
        follows: order.follows.unwrap_or_default(),
    }
}

pub(super) fn from_stop_order(fact: &wire::StopOrdered) -> Result<StopOrder, WireError> {
    Ok(StopOrder {
        party: shared::code("party", &fact.party)?,
        subject: fact.subject.clone(),
        address: fact.address.clone(),
        proof: Proof {
            how: fact.service_proof.clone(),
            by: fact.served_by.clone(),
            at: optional_time("served_at", fact.served_at.as_ref())?,
        },
        follows: follows(fact.follows),
    })
}

pub(super) fn to_notice(notice: u32, order: &Order) -> wire::NoticeServed {
    wire::NoticeServed {
        notice,
        party: order.party.to_string(),
        subject: order.subject.clone(),
        address: order.address.clone(),
        due: Some(order.due.to_wire()),
        service_proof: order.proof.how.clone(),
        served_by: order.proof.by.clone(),
        served_at: order.proof.at.map(|at: Timestamp| at.to_wire()),
        follows: order.follows.unwrap_or_default(),
    }
}

pub(super) fn from_notice(fact: &wire::NoticeServed) -> Result<Order, WireError> {
    Ok(Order {
        party: shared::code("party", &fact.party)?,
        subject: fact.subject.clone(),
        address: fact.address.clone(),
        due: shared::time("due", fact.due.as_ref())?,
        proof: Proof {
            how: fact.service_proof.clone(),
            by: fact.served_by.clone(),
            at: optional_time("served_at", fact.served_at.as_ref())?,
        },
        follows: follows(fact.follows),
    })
}

/// Notices count from 1; 0 is none.
pub(crate) fn follows(notice: u32) -> Option<u32> {
    (notice > 0).then_some(notice)
}

pub(crate) fn to_next_step(step: NextStep) -> wire::NextStep {
    match step {
        NextStep::NewNotice => wire::NextStep::NewNotice,
        NextStep::StopOrder => wire::NextStep::StopOrder,
        NextStep::PenaltyProposal => wire::NextStep::PenaltyProposal,
        NextStep::Transfer => wire::NextStep::Transfer,
    }
}

/// Unspecified means none.
pub(crate) fn from_next_step(step: i32) -> Result<Option<NextStep>, WireError> {
    match wire::NextStep::try_from(step) {
        Ok(wire::NextStep::Unspecified) => Ok(None),
        Ok(wire::NextStep::NewNotice) => Ok(Some(NextStep::NewNotice)),
        Ok(wire::NextStep::StopOrder) => Ok(Some(NextStep::StopOrder)),
        Ok(wire::NextStep::PenaltyProposal) => Ok(Some(NextStep::PenaltyProposal)),
        Ok(wire::NextStep::Transfer) => Ok(Some(NextStep::Transfer)),
        Err(_) => Err(WireError::new("step", format!("{step} is not known here"))),
    }
}
