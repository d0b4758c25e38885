//! Both rule books on the wire: their events are one proto message, told apart by what they are about.

use ids::Owner;
use jiff::Timestamp;
use proto::ToWireTime;
use proto::enforcement_center::v1 as wire;
use proto::enforcement_center::v1::enforcement_center_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, WireError};
use station::Refuse;
use station::wire as shared;
use tonic::Code as StatusCode;

use crate::domain::operation::{self, Action, Command, Event, Hazard, Opening, Order, Path, Verdict};
use crate::domain::roster::{self, Entry, SeatKind};

impl Aggregate for operation::Rules {
    const OWNER: Owner = Owner::EnforcementCenter;
    const REVISIONS_MAX: u64 = 100;

    fn to_wire(event: &Event) -> AnyEvent {
        any(match event {
            Event::OperationOpened(opening) => WireEvent::OperationOpened(to_opening(opening)),
            Event::SeatCalled { party } => WireEvent::SeatCalled(wire::SeatCalled { party: party.to_string() }),
            Event::SeatTaken { party, officer } => WireEvent::SeatTaken(wire::SeatTaken {
                party: party.to_string(),
                officer: Some(shared::to_officer(officer)),
            }),
            Event::PathDecided(path) => WireEvent::PathDecided(wire::PathDecided {
                assessment: path.assessment.clone(),
                path: path.steps.clone(),
                parties: shared::texts(&path.parties),
            }),
            Event::OnSite { parties, stop_order } => {
                WireEvent::OnSite(wire::OnSite { parties: shared::texts(parties), stop_order: stop_order.clone() })
            }
            Event::NoticeServed { notice, order } => WireEvent::NoticeServed(to_notice_served(*notice, order)),
            Event::ReinspectionDue { notice, due } => {
                WireEvent::ReinspectionDue(wire::ReinspectionDue { notice: *notice, due: Some(due.to_wire()) })
            }
            Event::Reinspected { notice, passed, finding, party } => WireEvent::Reinspected(wire::Reinspected {
                notice: *notice,
                passed: *passed,
                finding: finding.clone(),
                party: party.to_string(),
            }),
            Event::NoticeComplied { notice } => WireEvent::NoticeComplied(wire::NoticeComplied { notice: *notice }),
            Event::NoticeBreached { notice, next_step, due } => WireEvent::NoticeBreached(wire::NoticeBreached {
                notice: *notice,
                next_step: next_step.clone(),
                due: Some(due.to_wire()),
            }),
            Event::RelatedCaseSpawned { reference, hazard } => {
                WireEvent::RelatedCaseSpawned(to_related_case(reference, hazard))
            }
            Event::OperationConcluded { summary } => {
                WireEvent::OperationConcluded(wire::OperationConcluded { summary: summary.clone() })
            }
            Event::OperationCancelled => WireEvent::OperationCancelled(wire::OperationCancelled {}),
        })
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        Ok(match known(event)? {
            WireEvent::OperationOpened(fact) => Event::OperationOpened(Box::new(from_opening(fact)?)),
            WireEvent::SeatCalled(fact) => Event::SeatCalled { party: shared::code("party", &fact.party)? },
            WireEvent::SeatTaken(fact) => Event::SeatTaken {
                party: shared::code("party", &fact.party)?,
                officer: shared::officer(fact.officer.as_ref())?,
            },
            WireEvent::PathDecided(fact) => Event::PathDecided(Path {
                assessment: fact.assessment.clone(),
                steps: fact.path.clone(),
                parties: shared::codes("parties", &fact.parties)?,
            }),
            WireEvent::OnSite(fact) => {
                Event::OnSite { parties: shared::codes("parties", &fact.parties)?, stop_order: fact.stop_order.clone() }
            }
            WireEvent::NoticeServed(fact) => Event::NoticeServed { notice: fact.notice, order: from_order(fact)? },
            WireEvent::ReinspectionDue(fact) => {
                Event::ReinspectionDue { notice: fact.notice, due: shared::time("due", fact.due.as_ref())? }
            }
            WireEvent::Reinspected(fact) => Event::Reinspected {
                notice: fact.notice,
                passed: fact.passed,
                finding: fact.finding.clone(),
                party: shared::code("party", &fact.party)?,
            },
            WireEvent::NoticeComplied(fact) => Event::NoticeComplied { notice: fact.notice },
            WireEvent::NoticeBreached(fact) => Event::NoticeBreached {
                notice: fact.notice,
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
            WireEvent::OperationConcluded(fact) => Event::OperationConcluded { summary: fact.summary.clone() },
            WireEvent::OperationCancelled(wire::OperationCancelled {}) => Event::OperationCancelled,
            WireEvent::OfficerSeated(_) | WireEvent::OfficerUnseated(_) => {
                return Err(WireError::new("event", "about a roster, not an operation"));
            }
        })
    }

    fn next_deadline(state: &operation::State) -> Option<Timestamp> {
        state.operation.as_ref().and_then(|operation| operation.next_deadline())
    }

    /// Everything on the way from an open notice to the end: a full history must not keep a notice open for ever.
    /// At most two more commits for each open notice, and one for the end.
    fn is_ending(command: &Command) -> bool {
        match command {
            Command::Cancel | Command::CheckDeadlines { .. } => true,
            Command::Act { action, .. } => match action {
                Action::Reinspect { verdict, .. } => *verdict == Verdict::Passed,
                Action::Conclude { .. } => true,
                Action::CallSeat { .. }
                | Action::DecidePath(_)
                | Action::ArriveOnSite { .. }
                | Action::ServeNotice(_)
                | Action::SpawnRelatedCase(_) => false,
            },
            Command::Open(_) | Command::TakeSeat { .. } => false,
        }
    }
}

impl Aggregate for roster::Rules {
    const OWNER: Owner = Owner::EnforcementCenter;
    /// A roster has no other owner, so it may fill one load alone: thirty years for a centre whose 22 officers
    /// change every other year.
    const REVISIONS_MAX: u64 = 700;

    fn to_wire(event: &roster::Event) -> AnyEvent {
        any(match event {
            roster::Event::OfficerSeated(entry) => WireEvent::OfficerSeated(wire::OfficerSeated {
                party: entry.party.to_string(),
                officer: Some(shared::to_officer(&entry.officer)),
                rank: entry.rank.to_string(),
                kind: to_seat_kind(entry.kind).into(),
            }),
            roster::Event::OfficerUnseated { party, staff_ref } => WireEvent::OfficerUnseated(wire::OfficerUnseated {
                party: party.to_string(),
                staff_ref: staff_ref.clone(),
            }),
        })
    }

    fn from_wire(event: &AnyEvent) -> Result<roster::Event, WireError> {
        match known(event)? {
            WireEvent::OfficerSeated(fact) => Ok(roster::Event::OfficerSeated(Entry {
                party: shared::code("party", &fact.party)?,
                officer: shared::officer(fact.officer.as_ref())?,
                rank: shared::code("rank", &fact.rank)?,
                kind: from_seat_kind(fact.kind)?,
            })),
            WireEvent::OfficerUnseated(fact) => Ok(roster::Event::OfficerUnseated {
                party: shared::code("party", &fact.party)?,
                staff_ref: fact.staff_ref.clone(),
            }),
            WireEvent::OperationOpened(_)
            | WireEvent::SeatCalled(_)
            | WireEvent::SeatTaken(_)
            | WireEvent::PathDecided(_)
            | WireEvent::OnSite(_)
            | WireEvent::NoticeServed(_)
            | WireEvent::ReinspectionDue(_)
            | WireEvent::Reinspected(_)
            | WireEvent::NoticeComplied(_)
            | WireEvent::NoticeBreached(_)
            | WireEvent::RelatedCaseSpawned(_)
            | WireEvent::OperationConcluded(_)
            | WireEvent::OperationCancelled(_) => Err(WireError::new("event", "about an operation, not a roster")),
        }
    }

    fn next_deadline(_: &roster::State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &roster::Command) -> bool {
        matches!(command, roster::Command::Unseat { .. })
    }
}

impl Refuse for operation::Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoOperation | Self::NoSuchNotice(_) => StatusCode::NotFound,
            Self::AnotherCentre(_) | Self::NotAsked(_) => StatusCode::PermissionDenied,
            Self::ServedAlready(_) => StatusCode::AlreadyExists,
            Self::Concluded
            | Self::Cancelled
            | Self::ResidentNeedsNoCall(_)
            | Self::NoSeat { .. }
            | Self::TakesNoPart(_)
            | Self::NoPathDecided
            | Self::OnSiteAlready
            | Self::NotOnSite
            | Self::TooManyNotices
            | Self::CompliedAlready(_)
            | Self::NoticesOpen(_) => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoOperation => "no-operation",
            Self::AnotherCentre(_) => "another-centre",
            Self::Concluded => "concluded",
            Self::Cancelled => "cancelled",
            Self::ResidentNeedsNoCall(_) => "resident-needs-no-call",
            Self::NoSeat { .. } => "no-seat",
            Self::NotAsked(_) => "not-asked",
            Self::TakesNoPart(_) => "takes-no-part",
            Self::NoPathDecided => "no-path-decided",
            Self::OnSiteAlready => "on-site-already",
            Self::NotOnSite => "not-on-site",
            Self::ServedAlready(_) => "served-already",
            Self::TooManyNotices => "too-many-notices",
            Self::NoSuchNotice(_) => "no-such-notice",
            Self::CompliedAlready(_) => "complied-already",
            Self::NoticesOpen(_) => "notices-open",
        }
    }
}

impl Refuse for roster::Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NotSeated { .. } => StatusCode::NotFound,
            Self::Rank { .. } | Self::IsResident(_) | Self::IsNotResident(_) | Self::SitsForAnother { .. } => {
                StatusCode::FailedPrecondition
            }
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::Rank { .. } => "rank",
            Self::IsResident(_) => "is-resident",
            Self::IsNotResident(_) => "is-not-resident",
            Self::SitsForAnother { .. } => "sits-for-another",
            Self::NotSeated { .. } => "not-seated",
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

fn to_notice_served(notice: u32, order: &Order) -> wire::NoticeServed {
    wire::NoticeServed {
        notice,
        party: order.party.to_string(),
        subject: order.subject.clone(),
        address: order.address.clone(),
        due: Some(order.due.to_wire()),
        service_proof: order.service_proof.clone(),
    }
}

fn from_order(fact: &wire::NoticeServed) -> Result<Order, WireError> {
    Ok(Order {
        party: shared::code("party", &fact.party)?,
        subject: fact.subject.clone(),
        address: fact.address.clone(),
        due: shared::time("due", fact.due.as_ref())?,
        service_proof: fact.service_proof.clone(),
    })
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

pub(crate) fn to_seat_kind(kind: SeatKind) -> wire::SeatKind {
    match kind {
        SeatKind::Resident => wire::SeatKind::Resident,
        SeatKind::OnCall => wire::SeatKind::OnCall,
    }
}

pub(crate) fn from_seat_kind(kind: i32) -> Result<SeatKind, WireError> {
    match wire::SeatKind::try_from(kind) {
        Ok(wire::SeatKind::Unspecified) => Err(WireError::new("kind", "missing: resident or on call")),
        Ok(wire::SeatKind::Resident) => Ok(SeatKind::Resident),
        Ok(wire::SeatKind::OnCall) => Ok(SeatKind::OnCall),
        Err(_) => Err(WireError::new("kind", format!("{kind} is not known here"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::Aggregate;
    use vocabulary::{Officer, Place, Point};

    fn code(text: &str) -> ids::Code {
        text.parse().unwrap()
    }

    fn officer() -> Officer {
        Officer { staff_ref: "420106-7".to_owned(), post: "副所长".to_owned() }
    }

    #[test]
    fn every_fact_of_an_operation_reads_back_as_it_was_written() {
        let due = Timestamp::new(1_550_820_600, 5).unwrap();
        let place = Place {
            party: Some(code("wuchang-jiyuqiao")),
            address: "中山路308号".to_owned(),
            point: Some(Point { longitude: 114.3, latitude: 30.5 }),
        };
        let party = code("wuchang-fire");
        let opening = Opening {
            round: 2,
            centre: code("wuchang-jiyuqiao-enforcement-centre"),
            categories: vec![code("noise"), code("fire")],
            residents: vec![party.clone()],
            title: "四类并查".to_owned(),
            place: place.clone(),
        };
        let order = Order {
            party: party.clone(),
            subject: "限期整改".to_owned(),
            address: place.address.clone(),
            due,
            service_proof: "张贴".to_owned(),
        };
        let hazard = Hazard { title: "隐患".to_owned(), text: String::new(), place, category: Some(code("fire")) };
        let facts = [
            Event::OperationOpened(Box::new(opening)),
            Event::SeatCalled { party: party.clone() },
            Event::SeatTaken { party: party.clone(), officer: officer() },
            Event::PathDecided(Path {
                assessment: "并查".to_owned(),
                steps: vec!["停工".to_owned()],
                parties: vec![party.clone()],
            }),
            Event::OnSite { parties: vec![party.clone()], stop_order: "停止".to_owned() },
            Event::NoticeServed { notice: 1, order },
            Event::ReinspectionDue { notice: 1, due },
            Event::Reinspected { notice: 1, passed: false, finding: "未整改".to_owned(), party },
            Event::NoticeComplied { notice: 1 },
            Event::NoticeBreached { notice: 1, next_step: "查封".to_owned(), due },
            Event::RelatedCaseSpawned { reference: "related-1".to_owned(), hazard: Box::new(hazard) },
            Event::OperationConcluded { summary: "完成".to_owned() },
            Event::OperationCancelled,
        ];
        for fact in facts {
            let stored = operation::Rules::to_wire(&fact);
            assert_eq!(operation::Rules::from_wire(&stored), Ok(fact));
            assert!(roster::Rules::from_wire(&stored).is_err());
        }
    }

    #[test]
    fn every_fact_of_a_roster_reads_back_as_it_was_written() {
        let entry = Entry {
            party: code("wuchang-water"),
            officer: officer(),
            rank: code("deputy-head"),
            kind: SeatKind::OnCall,
        };
        let unseated = roster::Event::OfficerUnseated { party: entry.party.clone(), staff_ref: "420106-7".to_owned() };
        for fact in [roster::Event::OfficerSeated(entry), unseated] {
            let stored = roster::Rules::to_wire(&fact);
            assert_eq!(roster::Rules::from_wire(&stored), Ok(fact));
            assert!(operation::Rules::from_wire(&stored).is_err());
        }
    }

    #[test]
    fn a_full_history_still_takes_what_ends_it() {
        let act = |action| Command::Act { centre: code("centre"), action };
        let reinspect = |verdict| act(Action::Reinspect { notice: 1, finding: String::new(), verdict });
        assert!(operation::Rules::is_ending(&reinspect(Verdict::Passed)));
        assert!(operation::Rules::is_ending(&act(Action::Conclude { summary: String::new() })));
        let due = Timestamp::UNIX_EPOCH;
        assert!(!operation::Rules::is_ending(&reinspect(Verdict::Failed { next_step: String::new(), due })));
    }
}
