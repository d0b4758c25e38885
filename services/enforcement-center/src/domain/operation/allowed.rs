//! What somebody may do now, found out by offering it to the rule book: what a desk shows is what it takes.

use std::collections::BTreeSet;

use decider::Decider;
use ids::Code;
use jiff::Timestamp;
use vocabulary::{Officer, Place};

use super::{
    Action, Command, Conclusion, Hazard, NextStep, Operation, Order, Participant, Path, PathStep, Proof, Rules,
    SeatCall, Stage, State, StopOrder, Verdict,
};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'p> {
    Centre(&'p Code),
    /// A department.
    Unit(&'p Code),
    /// Looks on: a street, the district, an operator.
    Reader,
}

/// What an offer is made of that the state does not hold.
#[derive(Clone, Debug)]
pub struct Sample {
    pub now: Timestamp,
    /// Units that have a seat on call here.
    pub seats: Vec<Code>,
    /// Legal powers that an assessment may bring together.
    pub powers: Vec<Code>,
}

/// Names of calls, as the contract has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    pub operation: BTreeSet<&'static str>,
    /// By the notice they are about.
    pub notices: BTreeSet<(u32, &'static str)>,
}

/// Every call that would have an effect now.
#[must_use]
pub fn allowed(state: &State, who: Who<'_>, sample: &Sample) -> Allowed {
    let Some(operation) = state.operation.as_deref() else { return Allowed::default() };
    let takes = |command: &Command| Rules::decide(state, command).is_ok_and(|events| !events.is_empty());
    match who {
        Who::Reader => Allowed::default(),
        Who::Unit(party) => {
            let officer = Officer { staff_ref: unheard_of(operation), post: String::new() };
            let comes = Command::TakeSeat { party: party.clone(), officer };
            Allowed { operation: takes(&comes).then_some("take-seat").into_iter().collect(), ..Allowed::default() }
        }
        Who::Centre(centre) => {
            let accepted = |action: Action| takes(&Command::Act { centre: centre.clone(), action });
            let on_all = on_the_operation(operation, sample).into_iter();
            let on_each = on_the_notices(operation, sample).into_iter();
            Allowed {
                operation: on_all.filter_map(|(name, action)| accepted(action).then_some(name)).collect(),
                notices: on_each
                    .filter_map(|(notice, name, action)| accepted(action).then_some((notice, name)))
                    .collect(),
            }
        }
    }
}

fn on_the_operation(operation: &Operation, sample: &Sample) -> Vec<(&'static str, Action)> {
    let party = somebody(operation);
    let mut offers: Vec<_> = sample.seats.iter().map(|seat| ("call-seat", call(seat, sample))).collect();
    let steps = sample.powers.first().map(|power| PathStep {
        action: unheard_of(operation),
        power: Some(power.clone()),
        basis: String::new(),
    });
    let brings = |power: &Code| Participant { party: party.clone(), officer: None, power: Some(power.clone()) };
    let path = Path {
        assessment: unheard_of(operation),
        steps: steps.into_iter().collect(),
        participants: sample.powers.iter().map(brings).collect(),
        at: Some(sample.now),
    };
    let hazard = Hazard { title: unheard_of(operation), text: String::new(), place: Place::default(), category: None };
    offers.extend([
        (
            "hold-meeting",
            Action::HoldMeeting {
                held_at: sample.now,
                venue: String::new(),
                present: operation.expected().cloned().collect(),
                decisions: vec![],
            },
        ),
        ("decide-path", Action::DecidePath(path)),
        ("arrive-on-site", Action::ArriveOnSite { parties: vec![party.clone()], stop_order: unheard_of(operation) }),
        ("order-stop", stop(operation, &party, sample, None)),
        ("serve-notice", serve(operation, &party, sample, None)),
        ("spawn-related-case", Action::SpawnRelatedCase(Box::new(hazard))),
        ("conclude", Action::Conclude(Conclusion { summary: String::new(), at: Some(sample.now) })),
    ]);
    offers
}

fn on_the_notices(operation: &Operation, sample: &Sample) -> Vec<(u32, &'static str, Action)> {
    let party = somebody(operation);
    let of_one = |notice: u32| {
        let take = |step| Action::TakeNextStep { notice, step, text: String::new(), to: party.clone(), at: sample.now };
        let looked = Action::Reinspect { notice, finding: String::new(), verdict: Verdict::Passed, at: sample.now };
        [
            (notice, "reinspect", looked),
            (notice, "serve-notice", serve(operation, &party, sample, Some(notice))),
            (notice, "order-stop", stop(operation, &party, sample, Some(notice))),
            (notice, "take-next-step", take(NextStep::PenaltyProposal)),
            (notice, "take-next-step", take(NextStep::Transfer)),
        ]
    };
    operation.numbered().flat_map(|(notice, _)| of_one(notice)).collect()
}

fn call(party: &Code, sample: &Sample) -> Action {
    let call = SeatCall { party: party.clone(), officer: None, substitutes: vec![], due: Some(sample.now) };
    Action::CallSeat { call, seats: sample.seats.clone() }
}

fn stop(operation: &Operation, party: &Code, sample: &Sample, follows: Option<u32>) -> Action {
    Action::OrderStop(StopOrder {
        party: party.clone(),
        subject: unheard_of(operation),
        address: String::new(),
        proof: proof(sample),
        follows,
    })
}

fn serve(operation: &Operation, party: &Code, sample: &Sample, follows: Option<u32>) -> Action {
    Action::ServeNotice(Order {
        party: party.clone(),
        subject: unheard_of(operation),
        address: String::new(),
        due: sample.now,
        proof: proof(sample),
        follows,
    })
}

fn proof(sample: &Sample) -> Proof {
    Proof { how: String::new(), by: String::new(), at: Some(sample.now) }
}

/// A unit that takes part; the centre itself, which does not, when nobody does.
fn somebody(operation: &Operation) -> Code {
    operation.parties().next().unwrap_or(&operation.opening.centre).clone()
}

/// A text that is on none of the papers, so that an offer is never taken for a repeat.
fn unheard_of(operation: &Operation) -> String {
    let Operation { stage, seats, paths, stop_orders, notices, hazards, .. } = operation;
    let ordered = match stage {
        Stage::OnSite { stop_order, .. } => stop_order.len(),
        Stage::Opened | Stage::PathDecided | Stage::Concluded | Stage::Cancelled => 0,
    };
    let longest = [
        paths.iter().map(|path| path.assessment.len()).max(),
        stop_orders.iter().map(|order| order.subject.len()).max(),
        notices.iter().map(|notice| notice.order.subject.len()).max(),
        hazards.iter().map(|hazard| hazard.title.len()).max(),
        seats.values().map(|seat| seat.staff_length()).max(),
        Some(ordered),
    ];
    "…".repeat(longest.into_iter().flatten().max().unwrap_or_default() + 1)
}
