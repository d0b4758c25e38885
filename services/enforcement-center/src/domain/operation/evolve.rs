//! What an operation remembers of each fact.

use std::collections::{BTreeMap, BTreeSet};

use ids::Code;

use super::{Document, Event, Notice, Opening, Operation, Seat, Stage, Standing, State, Waiting};

pub(super) fn evolve(state: State, event: &Event) -> State {
    let mut operation = match (state.operation, event) {
        (Some(operation), _) => operation,
        (None, Event::OperationOpened(opening)) => first_round(opening),
        (None, _) => return State::default(),
    };
    remember(&mut operation, event);
    State { operation: Some(operation) }
}

fn first_round(opening: &Opening) -> Box<Operation> {
    Box::new(Operation {
        opening: opening.clone(),
        stage: Stage::Opened,
        seats: BTreeMap::new(),
        absent: BTreeSet::new(),
        meetings: Vec::new(),
        paths: Vec::new(),
        stop_orders: Vec::new(),
        notices: Vec::new(),
        inspections: Vec::new(),
        hazards: Vec::new(),
        conclusions: Vec::new(),
        documents: Vec::new(),
    })
}

fn remember(operation: &mut Operation, event: &Event) {
    match event {
        Event::OperationOpened(opening) => begin(operation, opening),
        Event::SeatCalled(call) => {
            let waiting =
                Waiting { officer: call.officer.clone(), substitutes: call.substitutes.clone(), due: call.due };
            operation.seats.insert(call.party.clone(), Seat::Waiting(waiting));
        }
        Event::SeatTaken { party, officer } => {
            operation.absent.remove(party);
            // A resident that comes back sits where it always sat.
            if operation.seats.contains_key(party) || !operation.opening.residents.contains(party) {
                operation.seats.insert(party.clone(), Seat::Taken(officer.clone()));
            }
        }
        // What follows from it is the next fact: somebody else is called, or told.
        Event::SeatLapsed { .. } => {}
        Event::SeatEscalated { party, told } => {
            operation.seats.insert(party.clone(), Seat::Escalated { told: told.clone() });
        }
        Event::MeetingHeld { held, .. } => {
            operation.absent = held.absent.iter().cloned().collect();
            operation.meetings.push(held.clone());
        }
        Event::PathDecided(path) => {
            operation.stage = Stage::PathDecided;
            operation.paths.push(path.clone());
            let made = Document::Assessment(count(operation.paths.len()));
            make(operation, made);
        }
        Event::OnSite { parties, stop_order } => arrive(operation, parties, stop_order),
        Event::StopOrdered { order, .. } => {
            operation.stop_orders.push(order.clone());
            let made = Document::StopOrder(count(operation.stop_orders.len()));
            make(operation, made);
            settle(operation, order.follows);
        }
        Event::NoticeServed { order, .. } => {
            operation.notices.push(Notice::served(order));
            let made = Document::Notice(count(operation.notices.len()));
            make(operation, made);
            settle(operation, order.follows);
        }
        Event::ReinspectionDue { notice, due } => change(operation, *notice, |known| {
            known.standing = Standing::ReinspectionDue;
            known.run_out = Some(*due);
        }),
        Event::Reinspected(inspection) => {
            change(operation, inspection.notice, |known| known.finding.clone_from(&inspection.finding));
            operation.inspections.push(inspection.clone());
            let made = Document::Reinspection(count(operation.inspections.len()));
            make(operation, made);
        }
        Event::NoticeComplied { notice } => change(operation, *notice, |known| known.standing = Standing::Complied),
        Event::NoticeBreached { notice, step, next_step, due } => change(operation, *notice, |known| {
            known.standing = Standing::Breached;
            known.next_step = Some((*step, next_step.clone()));
            known.due = *due;
        }),
        Event::NextStepTaken { notice, .. } => settle(operation, Some(*notice)),
        Event::RelatedCaseSpawned { hazard, .. } => operation.hazards.push((**hazard).clone()),
        Event::OperationConcluded(conclusion) => {
            operation.stage = Stage::Concluded;
            operation.conclusions.push(conclusion.clone());
            let made = Document::Conclusion(count(operation.conclusions.len()));
            make(operation, made);
        }
        Event::OperationCancelled => operation.stage = Stage::Cancelled,
    }
}

/// A new round starts from the assessment again; what was served and found stays, and so do the seats, unless
/// another centre has it now.
fn begin(operation: &mut Operation, opening: &Opening) {
    if operation.opening.centre != opening.centre {
        operation.seats.clear();
    }
    operation.absent.clear();
    operation.opening = opening.clone();
    operation.stage = Stage::Opened;
}

fn arrive(operation: &mut Operation, arriving: &[Code], ordered: &str) {
    let (mut parties, mut stop_order) = match std::mem::replace(&mut operation.stage, Stage::Opened) {
        Stage::OnSite { parties, stop_order } => (parties, stop_order),
        Stage::Opened | Stage::PathDecided | Stage::Concluded | Stage::Cancelled => (Vec::new(), String::new()),
    };
    for party in arriving {
        if !parties.contains(party) {
            parties.push(party.clone());
        }
    }
    if !ordered.is_empty() {
        ordered.clone_into(&mut stop_order);
    }
    operation.stage = Stage::OnSite { parties, stop_order };
}

fn make(operation: &mut Operation, document: Document) {
    operation.documents.push((document, operation.opening.centre.clone()));
}

fn settle(operation: &mut Operation, notice: Option<u32>) {
    if let Some(notice) = notice {
        change(operation, notice, |known| known.standing = Standing::Settled);
    }
}

fn change(operation: &mut Operation, notice: u32, change: impl FnOnce(&mut Notice)) {
    let position = usize::try_from(notice).ok().and_then(|notice| notice.checked_sub(1));
    if let Some(known) = position.and_then(|position| operation.notices.get_mut(position)) {
        change(known);
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
