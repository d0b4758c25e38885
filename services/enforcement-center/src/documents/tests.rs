use decider::Decider;

use super::*;
use crate::domain::operation::{
    Conclusion, Event, Inspection, Opening, Order, Participant, Path, PathStep, Rules, StopOrder,
};

const EVIL: &str = "<script>alert('x')</script>";

/// Numbers as the register gave them, from 7 on.
fn numbers() -> Numbers {
    (7..).zip(ALL).map(|(number, (name, _))| (name.to_owned(), (2019, number))).collect()
}

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn at(time: &str) -> Timestamp {
    format!("2019-02-21T{time}+08:00").parse().unwrap()
}

/// Everything that somebody may write says the same.
fn operation(text: &str) -> Operation {
    let text = text.to_owned();
    let fire = code("wuchang-fire");
    let place = Place { party: None, address: text.clone(), point: None };
    let opening = Opening {
        round: 1,
        centre: code("wuchang-jiyuqiao-enforcement-centre"),
        categories: vec![],
        residents: vec![fire.clone()],
        title: text.clone(),
        place,
    };
    let officer = Officer { staff_ref: "xf-1".to_owned(), post: text.clone() };
    let path = Path {
        assessment: text.clone(),
        steps: vec![PathStep { action: text.clone(), power: Some(code("fire")), basis: text.clone() }],
        participants: vec![Participant { party: fire.clone(), officer: Some(officer), power: Some(code("fire")) }],
        at: Some(at("09:00:00")),
    };
    let proof = Proof { how: text.clone(), by: "xf-1".to_owned(), at: Some(at("15:10:00")) };
    let stop = StopOrder {
        party: fire.clone(),
        subject: text.clone(),
        address: text.clone(),
        proof: proof.clone(),
        follows: None,
    };
    let order = Order {
        party: fire.clone(),
        subject: text.clone(),
        address: text.clone(),
        due: at("23:59:00"),
        proof,
        follows: Some(1),
    };
    let inspection =
        Inspection { notice: 1, passed: true, finding: text.clone(), party: fire, at: Some(at("20:00:00")) };
    let facts = [
        Event::OperationOpened(Box::new(opening)),
        Event::PathDecided(path),
        Event::StopOrdered { number: 1, order: stop },
        Event::NoticeServed { notice: 1, order },
        Event::Reinspected(inspection),
        Event::NoticeComplied { notice: 1 },
        Event::OperationConcluded(Conclusion { summary: text, at: Some(at("21:00:00")) }),
    ];
    *Rules::replay(&facts).operation.unwrap()
}

const ALL: [(&str, &str); 5] = [
    ("assessment-1", "联合研判记录"),
    ("stop-order-1", "责令停止通知书"),
    ("notice-1", "整改通知书"),
    ("reinspection-1", "复查记录"),
    ("conclusion-1", "联合执法办结报告"),
];

#[test]
fn every_document_prints_on_a4_with_its_number_and_needs_nothing_from_elsewhere() {
    let charter = Charter::shipped("wuchang").unwrap();
    let operation = operation("占道经营");
    let words = ["研", "停", "整改", "复", "结"];
    for (place, (name, heading)) in ALL.iter().enumerate() {
        let Printed { number, html } = print(&charter, &operation, name, &numbers()).unwrap().unwrap();
        assert_eq!(number, format!("武积综执{}〔2019〕{:04}号", words[place], place + 7));
        for part in [&number, "size: A4", heading, "占道经营"] {
            assert!(html.contains(part), "{name} lacks {part}:\n{html}");
        }
        for elsewhere in ["http", "src=", "href=", "url(", "@import"] {
            assert!(!html.contains(elsewhere), "{name} asks for {elsewhere}");
        }
    }
    assert_eq!(print(&charter, &operation, "notice-2", &numbers()), Ok(None));
}

#[test]
fn a_notice_says_until_when_by_whom_and_how_it_was_served() {
    let charter = Charter::shipped("wuchang").unwrap();
    let html = print(&charter, &operation("当场送达"), "notice-1", &numbers()).unwrap().unwrap().html;
    for part in ["2019年02月21日23时59分", "2019年02月21日15时10分", "xf-1", "当场送达", "送达回证"] {
        assert!(html.contains(part), "{part} is missing:\n{html}");
    }
}

#[test]
fn what_somebody_wrote_stays_text() {
    let charter = Charter::shipped("wuchang").unwrap();
    let operation = operation(EVIL);
    for (name, _) in ALL {
        let html = print(&charter, &operation, name, &numbers()).unwrap().unwrap().html;
        assert!(!html.contains("<script"), "{name}:\n{html}");
        assert!(html.contains("&lt;script&gt;"), "{name} leaves it out");
    }
}
