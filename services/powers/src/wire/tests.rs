use ids::Code;
use jiff::Timestamp;
use record::Aggregate;

use crate::domain::allowance::{self, Assessment, Subject};
use crate::domain::consultation::{self, Advance, Opening, Phase, Question};
use crate::domain::funds::{self, Allotment};
use crate::domain::headcount::{self, PostKind};
use crate::domain::hundredths::Hundredths;
use crate::domain::personnel::{self, Decided, Finding, Letter, Matter, Number, Reply, Secrecy, Stance, Talk};
use crate::domain::sign_off::{self, Gate, Submission, Work};
use crate::domain::suggestion::{self, Suggestion};
use crate::domain::{Answer, Document, Verdict, letters};

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn at() -> Timestamp {
    Timestamp::new(1_680_000_000, 7).unwrap()
}

fn answer(verdict: Verdict) -> Answer {
    Answer { verdict, reason: "另有安排".to_owned() }
}

fn read_back<A: Aggregate<Event: PartialEq + std::fmt::Debug>>(events: &[A::Event]) {
    for event in events {
        assert_eq!(A::from_wire(&A::to_wire(event)).as_ref(), Ok(event));
    }
}

#[test]
fn every_fact_reads_back_as_it_was_written() {
    let street = code("heping-wudadao");
    read_back::<consultation::Rules>(&[
        consultation::Event::Opened(Box::new(Opening {
            item: code("key-projects-01"),
            title: "停车楼".to_owned(),
            asker: code("heping-planning"),
            opened_at: at(),
        })),
        consultation::Event::Asked {
            round: 2,
            phase: Phase::Changed,
            question: Box::new(Question {
                streets: vec![street.clone()],
                text: "请反馈".to_owned(),
                documents: vec![Document { name: "方案".to_owned(), sha256: "ab".repeat(32) }],
                due: at(),
                due_provisional: true,
            }),
        },
        consultation::Event::OpinionGiven { round: 1, street: street.clone(), text: "同意".to_owned(), at: at() },
        consultation::Event::OpinionAnswered { round: 1, street: street.clone(), answer: answer(Verdict::NotAdopted) },
        consultation::Event::Expired { round: 1, streets: vec![street.clone()], due: at() },
        consultation::Event::Advanced { from: Phase::DrawnUp, to: Advance::Dropped, reason: "缓建".to_owned() },
    ]);
    read_back::<personnel::Rules>(&[
        personnel::Event::Sent(Box::new(Letter {
            department: code("heping-market"),
            street: street.clone(),
            matter: Matter::Punishment,
            person: "scjg-017".to_owned(),
            unit: Some(code("heping-wudadao-squad-market")),
            secrecy: Secrecy::Confidential,
            text: "请研究".to_owned(),
            talk_with: None,
            due: at(),
            due_provisional: true,
            sent_at: at(),
        })),
        personnel::Event::Numbered(Number { year: 2023, number: 7 }),
        personnel::Event::TalkHeld(Talk { office: street.clone(), note: "谈话".to_owned(), at: at() }),
        personnel::Event::Replied(Reply { stance: Stance::Objection, text: "不同意".to_owned(), at: at() }),
        personnel::Event::Expired { due: at() },
        personnel::Event::Finalised(Finding { decided: Decided::Dropped, reason: "调离".to_owned(), at: at() }),
    ]);
    read_back::<suggestion::Rules>(&[
        suggestion::Event::Made(Box::new(Suggestion {
            street: street.clone(),
            title: "临时停车".to_owned(),
            text: "开放停车场".to_owned(),
            addressees: vec![code("heping-culture")],
            occasion: Some(code("crabapple-2023")),
            made_at: at(),
        })),
        suggestion::Event::Answered { addressee: code("heping-culture"), answer: answer(Verdict::Partly) },
        suggestion::Event::Withdrawn { reason: "取消".to_owned() },
    ]);
    let work = Work { department: code("wuchang-planning"), street: street.clone(), title: "公园".to_owned() };
    let submission = Submission {
        documents: vec![Document { name: "图纸".to_owned(), sha256: "cd".repeat(32) }],
        note: "请签署".to_owned(),
    };
    read_back::<sign_off::Rules>(&[
        sign_off::Event::Opened(work),
        sign_off::Event::Submitted { gate: Gate::Acceptance, submission },
        sign_off::Event::Signed { gate: Gate::Planning, note: "同意".to_owned() },
        sign_off::Event::Refused { gate: Gate::Building, reason: "噪声".to_owned() },
    ]);
    let amount: Hundredths = "120000.05".parse().unwrap();
    read_back::<funds::Rules>(&[
        funds::Event::Allotted(Allotment {
            fund: code("people"),
            title: "惠民资金".to_owned(),
            from: code("wuchang-finance"),
            amount,
            earmark: "扶贫".to_owned(),
        }),
        funds::Event::Pooled { fund: code("people"), amount },
        funds::Event::Spent { amount, purpose: "改造".to_owned() },
    ]);
    read_back::<headcount::Rules>(&[
        headcount::Event::Approved { kind: PostKind::Institution, posts: 7, basis: "编办".to_owned() },
        headcount::Event::Filled { kind: PostKind::Administrative, person: "zf-1".to_owned() },
        headcount::Event::Vacated { person: "zf-1".to_owned(), reason: "调出".to_owned() },
    ]);
    let assessment =
        Assessment { points: amount.minus("119990.05".parse().unwrap()).unwrap(), reason: "少".to_owned() };
    let subject = |person| Subject { unit: code("wuchang-jiyuqiao-squad-market"), person };
    read_back::<allowance::Rules>(&[
        allowance::Event::Assessed { subject: subject(None), assessment: assessment.clone() },
        allowance::Event::Assessed { subject: subject(Some("zf-1".to_owned())), assessment },
        allowance::Event::Closed,
    ]);
    read_back::<letters::Rules>(&[letters::Event::Registered { letter: code("letter-1"), number: 501 }]);
}

/// A fact of one rule book is not silently taken for one of another.
#[test]
fn no_rule_book_reads_the_facts_of_another() {
    let withdrawn = suggestion::Rules::to_wire(&suggestion::Event::Withdrawn { reason: "取消".to_owned() });
    assert!(consultation::Rules::from_wire(&withdrawn).is_err());
    assert!(personnel::Rules::from_wire(&withdrawn).is_err());
    assert!(letters::Rules::from_wire(&withdrawn).is_err());
    let numbered = personnel::Rules::to_wire(&personnel::Event::Numbered(Number { year: 2023, number: 1 }));
    assert!(suggestion::Rules::from_wire(&numbered).is_err());
}
