//! A version that was rolled back finds facts of a newer one on the record: it sets aside what they are about, and goes on
//! with everything else.

use std::collections::BTreeSet;

use ids::{HistoryKey, Kind, Owner, Revision};
use prost::Message;
use proto::ToWireTime;
use proto::record::v1::{Commit, Decision, Event};
use proto::streams::{CASES, follows, record_consumer};
use proto::subjects::CommitSubject;
use record::Appender;
use record::dead_letters::DeadLetters;

use crate::support::installation::{Installation, bridge};
use crate::support::{submission, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_nobody_knows_is_set_aside_by_each_of_its_followers_and_stops_none() {
    let installation = Installation::start(&["heping"]);
    let broker = installation.broker("provision").await;
    let record = Appender::start(&broker, CASES).await.unwrap();
    // Each owner's newer version has written on a case of its own.
    for (number, owner) in Owner::ALL.into_iter().enumerate() {
        let key = HistoryKey { kind: Kind::Case, district: "heping".parse().unwrap(), id: format!("newer-{number}") };
        let subject = CommitSubject { key, owner, revision: Revision(1) };
        record.append(subject.to_string(), newer()).await.unwrap();
    }

    let expected: BTreeSet<(String, String)> = Owner::ALL
        .into_iter()
        .flat_map(|follower| follows(follower).iter().map(move |owner| (record_consumer(follower), owner.to_string())))
        .collect();
    let letters = DeadLetters::open(&broker).await.unwrap();
    let set_aside = until("every follower has set it aside", async || {
        let letters = letters.list().await.unwrap();
        let of = |subject: &str| subject.parse::<CommitSubject>().unwrap().owner.to_string();
        let set_aside: BTreeSet<_> =
            letters.iter().map(|it| (it.content.consumer.clone(), of(&it.content.subject))).collect();
        (set_aside.len() >= expected.len()).then_some((set_aside, letters))
    })
    .await;
    assert_eq!(set_aside.0, expected);
    let told = |error: &str| error.starts_with("newer-version: ") && error.contains("HY-012");
    assert!(set_aside.1.iter().all(|letter| told(&letter.content.error)), "{:?}", set_aside.1[0]);

    // The rest goes on, through the same followers and lists.
    let mut intake = installation.intake(&bridge("heping-board")).await;
    let answer = intake.submit(submission("heping", "rollback-1", "有人私占小院停车")).await.unwrap().into_inner();
    until("it is assigned", async || {
        let case = installation.case("heping", &answer.case_id).await;
        case.summary.filter(|summary| !summary.owner.is_empty())
    })
    .await;
}

/// A commit as an older version sees it: there is something in it, under a number that it has no name for.
fn newer() -> Vec<u8> {
    #[derive(Clone, PartialEq, Message)]
    struct Unknown {
        #[prost(string, tag = "999")]
        what: String,
    }
    let event = Event::decode(Unknown { what: "it came later".to_owned() }.encode_to_vec().as_slice()).unwrap();
    assert_eq!(event, Event::default(), "this version does not know it");
    let at = chassis::Clock::real().real_now().to_wire();
    let decisions = vec![Decision { events: vec![event], ..Decision::default() }];
    Commit { commit_id: "newer".to_owned(), at: Some(at), decisions, ..Commit::default() }.encode_to_vec()
}
