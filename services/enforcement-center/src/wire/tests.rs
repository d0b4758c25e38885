use record::Aggregate;
use vocabulary::{Officer, Place, Point};

use super::*;
use crate::domain::operation::{Decision, Meeting, Order, Participant, Path, PathStep, Proof, SeatCall, StopOrder};
use crate::domain::roster::{self, Entry, SeatKind};

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
        proof: Proof { how: "张贴".to_owned(), by: "zf-1".to_owned(), at: Some(due) },
        follows: Some(3),
    };
    let stop = StopOrder {
        party: party.clone(),
        subject: "停止作业".to_owned(),
        address: place.address.clone(),
        proof: order.proof.clone(),
        follows: None,
    };
    let held = Meeting {
        held_at: due,
        venue: "会议室".to_owned(),
        present: vec![party.clone()],
        absent: vec![code("wuchang-water")],
        decisions: vec![Decision { text: "先断电".to_owned(), party: party.clone() }],
    };
    let call =
        SeatCall { party: party.clone(), officer: Some(officer()), substitutes: vec![officer()], due: Some(due) };
    let path = Path {
        assessment: "并查".to_owned(),
        steps: vec![PathStep { action: "停工".to_owned(), power: Some(code("fire")), basis: "消防法".to_owned() }],
        participants: vec![Participant { party: party.clone(), officer: Some(officer()), power: Some(code("fire")) }],
        at: Some(due),
    };
    let inspection =
        Inspection { notice: 1, passed: false, finding: "未整改".to_owned(), party: party.clone(), at: Some(due) };
    let hazard = Hazard { title: "隐患".to_owned(), text: String::new(), place, category: Some(code("fire")) };
    let facts = [
        Event::OperationOpened(Box::new(opening)),
        Event::SeatCalled(call.clone()),
        Event::SeatCalled(SeatCall { officer: None, substitutes: vec![], due: None, ..call }),
        Event::SeatLapsed { party: party.clone(), officer: Some(officer()), due },
        Event::SeatEscalated { party: party.clone(), told: code("wuchang-centre") },
        Event::MeetingHeld { meeting: 2, held },
        Event::StopOrdered { number: 1, order: stop },
        Event::NextStepTaken {
            notice: 1,
            step: NextStep::Transfer,
            text: "移送".to_owned(),
            to: party.clone(),
            at: due,
        },
        Event::SeatTaken { party: party.clone(), officer: officer() },
        Event::PathDecided(path),
        Event::OnSite { parties: vec![party.clone()], stop_order: "停止".to_owned() },
        Event::NoticeServed { notice: 1, order },
        Event::ReinspectionDue { notice: 1, due },
        Event::Reinspected(inspection),
        Event::NoticeComplied { notice: 1 },
        Event::NoticeBreached { notice: 1, step: NextStep::StopOrder, next_step: "查封".to_owned(), due },
        Event::RelatedCaseSpawned { reference: "related-1".to_owned(), hazard: Box::new(hazard) },
        Event::OperationConcluded(Conclusion { summary: "完成".to_owned(), at: Some(due) }),
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
        substitute: true,
    };
    let unseated = roster::Event::OfficerUnseated { party: entry.party.clone(), staff_ref: "420106-7".to_owned() };
    let away =
        |until| roster::Event::OfficerAway { party: code("wuchang-water"), staff_ref: "420106-7".to_owned(), until };
    let facts = [roster::Event::OfficerSeated(entry), unseated, away(None), away(Some(Timestamp::UNIX_EPOCH))];
    for fact in facts {
        let stored = roster::Rules::to_wire(&fact);
        assert_eq!(roster::Rules::from_wire(&stored), Ok(fact));
        assert!(operation::Rules::from_wire(&stored).is_err());
    }
}

#[test]
fn a_full_history_still_takes_what_ends_it() {
    let act = |action| Command::Act { centre: code("centre"), action };
    let due = Timestamp::UNIX_EPOCH;
    let reinspect = |verdict| act(Action::Reinspect { notice: 1, finding: String::new(), verdict, at: due });
    assert!(operation::Rules::is_ending(&reinspect(Verdict::Passed)));
    assert!(operation::Rules::is_ending(&act(Action::Conclude(Conclusion { summary: String::new(), at: None }))));
    let failed = Verdict::Failed { step: NextStep::Transfer, next_step: String::new(), due };
    assert!(!operation::Rules::is_ending(&reinspect(failed)));
}
