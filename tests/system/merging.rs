//! Two reports of one matter become one case, and a merge that stopped half way is finished.

use prost::Message;
use proto::casebook::v1::suggest_duplicates_request::Of;
use proto::casebook::v1::{ChangedCase, ListChangesRequest, SuggestDuplicatesRequest};
use proto::common::v1::{Outcome, Place};
use proto::dispatch::v1::ResolveRequest;
use proto::intake::v1::{
    CallerJoined, IntakeEvent, MergeRequest, ProposeExclusionRequest, SubmitRequest, WithdrawRequest, intake_event,
};
use proto::record::v1::{Cause, Commit, Decision, Event, cause, event};
use record::Appender;
use tonic::Code;

use crate::support::installation::{CURRENT, acting, bridge, shared};
use crate::support::{submission, until};

const DISTRICT: &str = "jiangan";

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_case_leaves_its_caller_with_the_earlier_one() {
    let installation = shared();
    let mut door = installation.intake(&bridge("jiangan-board")).await;
    let mut cases = Vec::new();
    for number in 0..3 {
        let caller_ref = format!("caller-{number}");
        let request = SubmitRequest {
            caller_ref,
            place: Some(Place {
                party: "jiangan-yiyuan".to_owned(), address: "院门口".to_owned(), ..Place::default()
            }),
            ..submission(DISTRICT, &format!("merge-{number}"), "胜利街夜间施工噪音扰民")
        };
        cases.push(door.submit(request).await.unwrap().into_inner().case_id);
    }
    let mut desk = installation.intake(&acting("street", "jiangan-yiyuan")).await;
    let asked = SuggestDuplicatesRequest {
        district: DISTRICT.to_owned(),
        of: Some(Of::CaseId(cases[1].clone())),
        freshness: Some(CURRENT),
        ..SuggestDuplicatesRequest::default()
    };
    let mut casebook = installation.casebook(&acting("street", "jiangan-yiyuan")).await;
    let suggested = casebook.suggest_duplicates(asked).await.unwrap().into_inner().suggestions;
    assert!(suggested.iter().any(|one| one.case.as_ref().is_some_and(|case| case.case_id == cases[0])));

    let merge = |case: &str, into: &str| MergeRequest {
        district: DISTRICT.to_owned(),
        case_id: case.to_owned(),
        into: into.to_owned(),
        reason: "同一工地".to_owned(),
        command_id: format!("{case}-into-{into}"),
    };
    assert_eq!(door.merge(merge(&cases[1], &cases[0])).await.unwrap_err().code(), Code::PermissionDenied);
    let mut elsewhere = installation.intake(&acting("street", "jiangan-siwei-command-centre")).await;
    assert_eq!(elsewhere.merge(merge(&cases[1], &cases[0])).await.unwrap_err().code(), Code::PermissionDenied);
    let backwards = desk.merge(merge(&cases[0], &cases[1])).await.unwrap_err();
    assert_eq!(backwards.code(), Code::FailedPrecondition, "{backwards}");
    let first = desk.merge(merge(&cases[1], &cases[0])).await.unwrap().into_inner();
    assert_eq!(desk.merge(merge(&cases[1], &cases[0])).await.unwrap().into_inner(), first, "the same answer again");

    let told = async |text: &str, case: &str| {
        let timeline = installation.case(DISTRICT, case).await.timeline;
        timeline.iter().filter(|entry| entry.event == "Sent" && entry.detail_json.contains(text)).count()
    };
    until("whoever joined is told", async || (told("\"joined\"", &cases[0]).await == 1).then_some(())).await;

    // What a crash between the two commits leaves: the earlier case knows the third caller, the third case nothing.
    let joined = CallerJoined {
        case_id: cases[2].clone(),
        caller_class: 1,
        channel: "message-board".to_owned(),
        received_at: installation.case(DISTRICT, &cases[2]).await.summary.unwrap().received_at,
        reason: "同一工地".to_owned(),
        ..CallerJoined::default()
    };
    let fact = IntakeEvent { event: Some(intake_event::Event::CallerJoined(joined)) };
    let decision = Decision {
        cause: Some(Cause { kind: Some(cause::Kind::Command("half".to_owned())) }),
        events: vec![Event { of: Some(event::Of::Intake(fact)) }],
        ..Decision::default()
    };
    let charter = charter::Charter::shipped(DISTRICT).unwrap();
    let commit = Commit {
        commit_id: "half".to_owned(),
        at: installation.case(DISTRICT, &cases[2]).await.summary.unwrap().received_at,
        charter_version: charter.version,
        decisions: vec![decision],
        ..Commit::default()
    };
    let appender = Appender::start(&installation.broker("intake").await, proto::streams::CASES).await.unwrap();
    let subject = format!("case.{DISTRICT}.{}.intake.{}", cases[0], first.into_revision + 1);
    appender.append(subject, commit.encode_to_vec()).await.unwrap();
    until("the half merge is finished", async || {
        let case = installation.case(DISTRICT, &cases[2]).await;
        (case.summary.unwrap().merged_into == cases[0]).then_some(())
    })
    .await;
    let earlier = installation.case(DISTRICT, &cases[0]).await;
    let callers: Vec<&str> = earlier.callers.iter().map(|caller| caller.case_id.as_str()).collect();
    assert_eq!(callers, cases, "each reporter is still there");
    assert_eq!(earlier.summary.unwrap().reports, 3);

    // The first caller cannot end it for the others, and each of them hears how it ends.
    let withdrawal = WithdrawRequest {
        district: DISTRICT.to_owned(),
        case_id: cases[0].clone(),
        command_id: "no-more".to_owned(),
        reason: "不用了".to_owned(),
    };
    let refused = door.withdraw(withdrawal).await.unwrap_err();
    assert!(refused.message().contains("others-joined"), "{refused}");
    // Nor is it excluded as the nuisance of one.
    let proposal = ProposeExclusionRequest {
        district: DISTRICT.to_owned(),
        case_id: cases[0].clone(),
        command_id: "propose".to_owned(),
        reason: "施工已获批准".to_owned(),
    };
    let refused = desk.propose_exclusion(proposal).await.unwrap_err();
    assert!(refused.message().contains("others-joined"), "{refused}");
    let owner = until("somebody has it", async || {
        let owner = installation.case(DISTRICT, &cases[0]).await.summary.unwrap().owner;
        (!owner.is_empty()).then_some(owner)
    })
    .await;
    let answer = ResolveRequest {
        district: DISTRICT.to_owned(),
        case_id: cases[0].clone(),
        command_id: "answer".to_owned(),
        outcome: Outcome::Explained.into(),
        summary: "施工已获批准，晚十点前停工".to_owned(),
        ..ResolveRequest::default()
    };
    installation.dispatch(&acting("street", &owner)).await.resolve(answer).await.unwrap();
    until("each of the three hears of the end", async || (told("\"resolved\"", &cases[0]).await == 3).then_some(()))
        .await;

    // So does the bridge that brought the others in, under the cases that it knows.
    let asked = ListChangesRequest { page_size: 200, freshness: Some(CURRENT), ..ListChangesRequest::default() };
    let changes = installation.casebook(&bridge("jiangan-board")).await.list_changes(asked).await.unwrap().into_inner();
    for joined in &cases[1..] {
        let one = |it: &&ChangedCase| it.summary.as_ref().is_some_and(|line| line.case_id == *joined);
        let passages = &changes.cases.iter().find(one).unwrap().passages;
        let events: Vec<&str> = passages.iter().map(|passage| passage.event.as_str()).collect();
        assert_eq!(events.iter().filter(|event| **event == "Received").count(), 1, "its own alone: {events:?}");
        let merged = events.iter().position(|event| *event == "LinkedAsDuplicate").unwrap();
        let resolved = passages.iter().position(|passage| passage.event == "Resolved").unwrap();
        assert!(merged < resolved && passages[resolved].answer.contains("晚十点前停工"), "{passages:?}");
    }
}
