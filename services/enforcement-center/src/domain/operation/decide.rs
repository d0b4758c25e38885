//! The table of a joint operation.

use std::collections::BTreeMap;

use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use vocabulary::Officer;

use super::{
    Action, Command, Event, Hazard, NOTICES_MAX, Notice, Opening, Operation, Order, Refusal, Stage, Standing, State,
    Verdict,
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
            (Stage::Opened | Stage::PathDecided(_) | Stage::OnSite { .. }, Command::Cancel) => {
                Ok(vec![Event::OperationCancelled])
            }
            (Stage::Opened | Stage::PathDecided(_) | Stage::OnSite { .. }, Command::CheckDeadlines { now }) => {
                Ok(run_out(operation, *now))
            }
            (_, Command::Act { centre, .. }) if *centre != operation.opening.centre => {
                Err(Refusal::AnotherCentre(operation.opening.centre.clone()))
            }
            (Stage::Concluded, Command::TakeSeat { .. } | Command::Act { .. }) => Err(Refusal::Concluded),
            (Stage::Cancelled, Command::TakeSeat { .. } | Command::Act { .. }) => Err(Refusal::Cancelled),
            (Stage::Opened | Stage::PathDecided(_) | Stage::OnSite { .. }, Command::TakeSeat { party, officer }) => {
                take_seat(operation, party, officer)
            }
            (Stage::Opened | Stage::PathDecided(_) | Stage::OnSite { .. }, Command::Act { action, .. }) => {
                act(operation, action)
            }
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        let mut operation = match (state.operation, event) {
            (Some(operation), _) => operation,
            (None, Event::OperationOpened(opening)) => first_round(opening),
            (None, _) => return State::default(),
        };
        remember(&mut operation, event);
        State { operation: Some(operation) }
    }
}

/// What the operation's own centre asks, while the operation is under way.
fn act(operation: &Operation, action: &Action) -> Result<Vec<Event>, Refusal> {
    match (&operation.stage, action) {
        (_, Action::CallSeat { party, seats }) => call_seat(operation, party, seats),

        (Stage::OnSite { .. }, Action::DecidePath(_)) => Err(Refusal::OnSiteAlready),
        (Stage::PathDecided(decided), Action::DecidePath(path)) if decided == path => Ok(vec![]),
        (_, Action::DecidePath(path)) => {
            all_take_part(operation, &path.parties)?;
            Ok(vec![Event::PathDecided(path.clone())])
        }

        (Stage::OnSite { parties: there, stop_order: standing }, Action::ArriveOnSite { parties, stop_order })
            if parties.iter().all(|party| there.contains(party))
                && (stop_order.is_empty() || stop_order == standing) =>
        {
            Ok(vec![])
        }
        (Stage::PathDecided(_) | Stage::OnSite { .. }, Action::ArriveOnSite { parties, stop_order }) => {
            all_take_part(operation, parties)?;
            Ok(vec![Event::OnSite { parties: parties.clone(), stop_order: stop_order.clone() }])
        }
        (_, Action::ArriveOnSite { .. }) => Err(Refusal::NoPathDecided),

        (Stage::OnSite { .. }, Action::ServeNotice(order)) => serve(operation, order),
        (Stage::OnSite { .. }, Action::SpawnRelatedCase(hazard)) => Ok(spawn(operation, hazard)),
        (_, Action::ServeNotice(_) | Action::SpawnRelatedCase(_)) => Err(Refusal::NotOnSite),

        (_, Action::Reinspect { notice, finding, verdict }) => reinspect(operation, *notice, finding, verdict),

        // Nobody is through with what nobody has looked at.
        (Stage::Opened, Action::Conclude { .. }) => Err(Refusal::NoPathDecided),
        (_, Action::Conclude { summary }) => {
            let open: Vec<u32> =
                operation.numbered().filter(|(_, notice)| notice.is_open()).map(|(number, _)| number).collect();
            if open.is_empty() {
                Ok(vec![Event::OperationConcluded { summary: summary.clone() }])
            } else {
                Err(Refusal::NoticesOpen(open))
            }
        }
    }
}

/// Each round of a case is opened once. A live operation stays with its centre.
fn open_again(operation: &Operation, opening: &Opening) -> Result<Vec<Event>, Refusal> {
    let known = &operation.opening;
    let new_round = opening.round > known.round;
    match (known.centre == opening.centre, new_round) {
        (true, false) => Ok(vec![]),
        (true, true) => Ok(vec![Event::OperationOpened(Box::new(opening.clone()))]),
        (false, true) if operation.is_over() => Ok(vec![Event::OperationOpened(Box::new(opening.clone()))]),
        (false, _) => Err(Refusal::AnotherCentre(known.centre.clone())),
    }
}

fn call_seat(operation: &Operation, party: &Code, seats: &[Code]) -> Result<Vec<Event>, Refusal> {
    if operation.opening.residents.contains(party) {
        return Err(Refusal::ResidentNeedsNoCall(party.clone()));
    }
    if operation.seats.contains_key(party) {
        return Ok(vec![]);
    }
    if !seats.contains(party) {
        return Err(Refusal::NoSeat { party: party.clone(), seats: seats.to_vec() });
    }
    Ok(vec![Event::SeatCalled { party: party.clone() }])
}

/// Somebody else from the same unit may take over.
fn take_seat(operation: &Operation, party: &Code, officer: &Officer) -> Result<Vec<Event>, Refusal> {
    match operation.seats.get(party) {
        None => Err(Refusal::NotAsked(party.clone())),
        Some(Some(there)) if there == officer => Ok(vec![]),
        Some(_) => Ok(vec![Event::SeatTaken { party: party.clone(), officer: officer.clone() }]),
    }
}

fn all_take_part(operation: &Operation, parties: &[Code]) -> Result<(), Refusal> {
    let stranger = parties.iter().find(|party| !operation.parties().any(|known| known == *party));
    stranger.map_or(Ok(()), |stranger| Err(Refusal::TakesNoPart(stranger.clone())))
}

fn serve(operation: &Operation, order: &Order) -> Result<Vec<Event>, Refusal> {
    all_take_part(operation, std::slice::from_ref(&order.party))?;
    let same = |notice: &Notice| {
        let known = &notice.order;
        notice.is_open()
            && known.party == order.party
            && known.subject == order.subject
            && known.address == order.address
    };
    if let Some((number, _)) = operation.numbered().find(|(_, notice)| same(notice)) {
        return Err(Refusal::ServedAlready(number));
    }
    let served = operation.notices.len();
    if served >= NOTICES_MAX {
        return Err(Refusal::TooManyNotices);
    }
    let notice = u32::try_from(served + 1).unwrap_or(u32::MAX);
    Ok(vec![Event::NoticeServed { notice, order: order.clone() }])
}

/// May come before or after the deadline. What does not pass is open again, under the law's next step.
fn reinspect(operation: &Operation, number: u32, finding: &str, verdict: &Verdict) -> Result<Vec<Event>, Refusal> {
    let Some((_, notice)) = operation.numbered().find(|(known, _)| *known == number) else {
        return Err(Refusal::NoSuchNotice(number));
    };
    let outcome = match (notice.standing, verdict) {
        (Standing::Complied, _) => return Err(Refusal::CompliedAlready(number)),
        // The same re-inspection told again, or one so old that its new deadline has come and gone.
        (Standing::Breached, Verdict::Failed { next_step, due })
            if *due == notice.due && *next_step == notice.next_step && finding == notice.finding =>
        {
            return Ok(vec![]);
        }
        (_, Verdict::Failed { due, .. }) if notice.run_out.is_some_and(|run_out| *due <= run_out) => {
            return Ok(vec![]);
        }
        (Standing::Served | Standing::Breached | Standing::ReinspectionDue, Verdict::Failed { next_step, due }) => {
            Event::NoticeBreached { notice: number, next_step: next_step.clone(), due: *due }
        }
        (Standing::Served | Standing::Breached | Standing::ReinspectionDue, Verdict::Passed) => {
            Event::NoticeComplied { notice: number }
        }
    };
    let inspected = Event::Reinspected {
        notice: number,
        passed: *verdict == Verdict::Passed,
        finding: finding.to_owned(),
        party: operation.opening.centre.clone(),
    };
    Ok(vec![inspected, outcome])
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

/// Every deadline that has come, once.
fn run_out(operation: &Operation, now: Timestamp) -> Vec<Event> {
    let due = |(notice, known): (u32, &Notice)| {
        known.coming_due().filter(|due| *due <= now).map(|due| Event::ReinspectionDue { notice, due })
    };
    operation.numbered().filter_map(due).collect()
}

fn first_round(opening: &Opening) -> Box<Operation> {
    Box::new(Operation {
        opening: opening.clone(),
        stage: Stage::Opened,
        seats: BTreeMap::new(),
        notices: Vec::new(),
        hazards: Vec::new(),
    })
}

fn remember(operation: &mut Operation, event: &Event) {
    match event {
        // A new round starts from the assessment again; what was served and found stays, and so do the seats, unless
        // another centre has it now.
        Event::OperationOpened(opening) => {
            if operation.opening.centre != opening.centre {
                operation.seats.clear();
            }
            operation.opening = (**opening).clone();
            operation.stage = Stage::Opened;
        }
        Event::SeatCalled { party } => {
            operation.seats.entry(party.clone()).or_default();
        }
        Event::SeatTaken { party, officer } => {
            operation.seats.insert(party.clone(), Some(officer.clone()));
        }
        Event::PathDecided(path) => operation.stage = Stage::PathDecided(path.clone()),
        Event::OnSite { parties, stop_order } => arrive(operation, parties, stop_order),
        Event::NoticeServed { order, .. } => operation.notices.push(Notice::served(order)),
        Event::ReinspectionDue { notice, due } => change(operation, *notice, |known| {
            known.standing = Standing::ReinspectionDue;
            known.run_out = Some(*due);
        }),
        Event::Reinspected { notice, finding, .. } => {
            change(operation, *notice, |known| known.finding.clone_from(finding));
        }
        Event::NoticeComplied { notice } => change(operation, *notice, |known| known.standing = Standing::Complied),
        Event::NoticeBreached { notice, next_step, due } => change(operation, *notice, |known| {
            known.standing = Standing::Breached;
            known.next_step.clone_from(next_step);
            known.due = *due;
        }),
        Event::RelatedCaseSpawned { hazard, .. } => operation.hazards.push((**hazard).clone()),
        Event::OperationConcluded { .. } => operation.stage = Stage::Concluded,
        Event::OperationCancelled => operation.stage = Stage::Cancelled,
    }
}

fn arrive(operation: &mut Operation, arriving: &[Code], ordered: &str) {
    let (mut parties, mut stop_order) = match std::mem::replace(&mut operation.stage, Stage::Opened) {
        Stage::OnSite { parties, stop_order } => (parties, stop_order),
        Stage::Opened | Stage::PathDecided(_) | Stage::Concluded | Stage::Cancelled => (Vec::new(), String::new()),
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

fn change(operation: &mut Operation, notice: u32, change: impl FnOnce(&mut Notice)) {
    let position = usize::try_from(notice).ok().and_then(|notice| notice.checked_sub(1));
    if let Some(known) = position.and_then(|position| operation.notices.get_mut(position)) {
        change(known);
    }
}
