//! An operation as it is shown, with what whoever looks may do.

use charter::Charter;
use ids::Code;
use proto::ToWireTime;
use proto::enforcement_center::v1::{self as wire, GetOperationResponse};
use station::wire as shared;

use crate::documents;
use crate::documents::Numbers;
use crate::domain::operation::allowed::{Allowed, Sample, Who, allowed};
use crate::domain::operation::{Notice, Operation, Seat, Stage, Standing, State};
use crate::wire::paper::to_next_step;

pub fn operation(
    charter: &Charter,
    operation: Operation,
    numbers: &Numbers,
    who: Who<'_>,
    sample: &Sample,
) -> GetOperationResponse {
    let state = State { operation: Some(Box::new(operation)) };
    let may = allowed(&state, who, sample);
    let State { operation: Some(operation) } = &state else { return GetOperationResponse::default() };
    let documents = operation.documents.iter().map(|(document, _)| wire::Document {
        document: documents::name(*document),
        number: documents::number(charter, operation, *document, numbers),
    });
    GetOperationResponse {
        centre: operation.opening.centre.to_string(),
        state: stage(&operation.stage).to_owned(),
        parties: operation.parties().map(ToString::to_string).collect(),
        notices: operation.numbered().map(|(number, known)| notice(number, known, &may)).collect(),
        seats: operation.seats.iter().map(|(party, known)| seat(party, known)).collect(),
        documents: documents.collect(),
        allowed_actions: may.operation.iter().map(ToString::to_string).collect(),
        absent: operation.absent.iter().map(ToString::to_string).collect(),
        round: operation.opening.round,
    }
}

fn stage(stage: &Stage) -> &'static str {
    match stage {
        Stage::Opened => "opened",
        Stage::PathDecided => "path-decided",
        Stage::OnSite { .. } => "on-site",
        Stage::Concluded => "concluded",
        Stage::Cancelled => "cancelled",
    }
}

fn notice(number: u32, notice: &Notice, may: &Allowed) -> wire::Notice {
    let standing = match notice.standing {
        Standing::Served => "served",
        Standing::Breached => "breached",
        Standing::ReinspectionDue => "reinspection-due",
        Standing::Complied => "complied",
        Standing::Settled => "settled",
    };
    let (step, text) = notice.next_step.clone().unzip();
    let allowed = may.notices.iter().filter(|(of, _)| *of == number).map(|(_, name)| (*name).to_owned());
    wire::Notice {
        notice: number,
        party: notice.order.party.to_string(),
        subject: notice.order.subject.clone(),
        address: notice.order.address.clone(),
        due: Some(notice.due.to_wire()),
        state: standing.to_owned(),
        next_step: step.map_or(wire::NextStep::Unspecified, to_next_step).into(),
        next_step_text: text.unwrap_or_default(),
        allowed_actions: allowed.collect(),
    }
}

fn seat(party: &Code, seat: &Seat) -> wire::Seat {
    let party = party.to_string();
    match seat {
        Seat::Waiting(waiting) => wire::Seat {
            party,
            state: "waiting".to_owned(),
            officer: waiting.officer.as_ref().map(shared::to_officer),
            due: waiting.due.map(|due| due.to_wire()),
            told: String::new(),
        },
        Seat::Taken(officer) => wire::Seat {
            party,
            state: "taken".to_owned(),
            officer: Some(shared::to_officer(officer)),
            ..wire::Seat::default()
        },
        Seat::Escalated { told } => {
            wire::Seat { party, state: "escalated".to_owned(), told: told.to_string(), ..wire::Seat::default() }
        }
    }
}
