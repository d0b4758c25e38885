use charter::{Charter, Level, Way};
use jiff::Timestamp;
use vocabulary::{CallerClass, CaseKind, Place};

use super::*;
use crate::domain::{Source, Verdict};
use crate::grading;

/// What is read back is what was recorded, its proof and its source included: a replay decides as the first time.
#[test]
fn every_event_is_read_back_as_it_was() {
    let jiangan = Charter::shipped("jiangan").unwrap();
    let source = Source {
        channel: Some("instruction-city".parse().unwrap()),
        way: Some(Way::Superior),
        class: Some(CallerClass::Grassroots),
        kind: Some(CaseKind::Suggestion),
    };
    let place = Place { party: Some("jiangan-yiyuan-tongxing".parse().unwrap()), ..Place::default() };
    let subject = Subject { title: "危树".to_owned(), place, source, campaign: "summer-heat".parse().ok() };
    let now = Timestamp::from_second(1_600_000_000).unwrap();
    let Verdict::Sure { judgement, confidence } = grading::verdict(&jiangan, "dangerous-tree", "", &subject, now)
    else {
        panic!("the submitter named the category")
    };
    assert!(judgement.proof.rule.is_some() && !judgement.proof.considered.is_empty());
    let candidates = vec![Candidate { category: judgement.category.clone(), confidence }];
    let (reason, subject) = ("看不准".to_owned(), subject);
    let events = [
        Event::Classified { judgement: judgement.clone(), confidence, subject: subject.clone() },
        Event::QueuedForJudgement { reason: reason.clone(), candidates, due: now, subject: subject.clone() },
        Event::Claimed { by: "7".to_owned() },
        Event::Judged { judgement: judgement.clone(), reason: reason.clone(), subject: subject.clone() },
        Event::Regraded { judgement, from: Level::A, reason, subject },
        Event::JudgementOverdue { due: now },
        Event::Dismissed { reason: DismissReason::Withdrawn },
        Event::Dismissed { reason: DismissReason::Excluded },
        Event::Dismissed { reason: DismissReason::Merged },
    ];
    for event in events {
        assert_eq!(Rules::from_wire(&Rules::to_wire(&event)).unwrap(), event);
    }
}

/// A commit from before proof and source were recorded is as good as it was.
#[test]
fn a_judgement_without_proof_is_still_one() {
    let old = wire::Judgement {
        category: "noise".to_owned(),
        level: shared::to_level(Level::B1),
        party: "wuchang-yangyuan-squad-police".to_owned(),
        ..wire::Judgement::default()
    };
    let read = from_judgement(Some(&old)).unwrap();
    assert_eq!(read.proof, Proof::default());
    assert_eq!(from_source(None).unwrap(), Source::default());
}
