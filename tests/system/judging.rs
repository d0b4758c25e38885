//! The judgement desk: what it shows somebody is what it takes from them, and what ended does not wait there.

use chassis::Identity;
use proto::casebook::v1::ListQueueRequest;
use proto::common::v1::{Level, Place};
use proto::intake::v1::{SubmitRequest, WithdrawRequest};
use proto::triage::v1::{ClaimRequest, GetRequest, GetResponse, JudgeRequest, RegradeRequest};
use tonic::Code;

use crate::support::installation::{CURRENT, Installation, acting, bridge, shared};
use crate::support::until;

const DISTRICT: &str = "jiangan";
/// Those who may look, and not judge.
const LOOKING_ON: [(&str, &str); 2] =
    [("community", "jiangan-yiyuan-tongxing"), ("enforcement-center", "jiangan-yiyuan-enforcement-centre")];
/// Those whom it does not concern.
const STRANGERS: [(&str, &str); 3] = [
    ("grid", "jiangan-yiyuan-tongxing-grid-1"),
    ("department", "jiangan-parks"),
    ("street", "jiangan-siwei-command-centre"),
];
const JUDGING: [(&str, &str); 2] = [("street", "jiangan-yiyuan-command-centre"), ("district", "jiangan-centre")];

/// A case of which no word is in the catalogue.
async fn unclear(installation: &Installation, reference: &str) -> String {
    let request = SubmitRequest {
        district: DISTRICT.to_owned(),
        external_ref: reference.to_owned(),
        title: "麻烦看一看".to_owned(),
        text: "跟上次说的那件事一样".to_owned(),
        place: Some(Place { party: "jiangan-yiyuan-tongxing".to_owned(), ..Place::default() }),
        ..SubmitRequest::default()
    };
    let mut door = installation.intake(&bridge("jiangan-board")).await;
    let case = door.submit(request).await.unwrap().into_inner().case_id;
    until("it waits for a person", async || {
        let found = seen(installation, "district", "jiangan-centre", &case).await;
        found.filter(|found| found.phase == "waiting")
    })
    .await;
    case
}

async fn seen(installation: &Installation, role: &str, party: &str, case: &str) -> Option<GetResponse> {
    let mut desk = installation.triage(&acting(role, party)).await;
    let request = GetRequest { district: DISTRICT.to_owned(), case_id: case.to_owned() };
    desk.get(request).await.ok().map(tonic::Response::into_inner)
}

/// What each of them is refused or granted, in the order of the contract's methods.
async fn granted(installation: &Installation, role: &str, party: &str, case: &str) -> Vec<&'static str> {
    let mut desk = installation.triage(&acting(role, party)).await;
    let (district, case_id) = (DISTRICT.to_owned(), case.to_owned());
    let (category, level) = ("garbage".to_owned(), Level::A.into());
    let regrade = RegradeRequest {
        district: district.clone(),
        case_id: case_id.clone(),
        category: category.clone(),
        level,
        reason: "由社区先看".to_owned(),
        ..RegradeRequest::default()
    };
    let claim = ClaimRequest { district: district.clone(), case_id: case_id.clone(), ..ClaimRequest::default() };
    let judge = JudgeRequest { district, case_id, category, ..JudgeRequest::default() };
    let mut granted = Vec::new();
    // The case may only be changed by the last that is granted.
    granted.extend(desk.regrade(regrade).await.is_ok().then_some("Regrade"));
    granted.extend(desk.claim(claim).await.is_ok().then_some("Claim"));
    granted.extend(desk.judge(judge).await.is_ok().then_some("Judge"));
    granted.sort_unstable();
    granted
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_desk_shows_somebody_is_what_it_takes_from_them() {
    let installation = shared();
    for (number, (role, party)) in JUDGING.into_iter().enumerate() {
        let case = unclear(&installation, &format!("judging-{number}")).await;
        for (role, party) in LOOKING_ON {
            let shown = seen(&installation, role, party, &case).await.unwrap();
            assert!(shown.allowed_actions.is_empty(), "{role} {party}: {shown:?}");
            assert!(granted(&installation, role, party, &case).await.is_empty(), "{role} {party}");
        }
        for (role, party) in STRANGERS {
            assert!(seen(&installation, role, party, &case).await.is_none(), "{role} {party}");
            assert!(granted(&installation, role, party, &case).await.is_empty(), "{role} {party}");
        }
        let shown = seen(&installation, role, party, &case).await.unwrap();
        assert_eq!(shown.allowed_actions, ["Claim", "Judge"], "{role}");
        assert_eq!(granted(&installation, role, party, &case).await, ["Claim", "Judge"], "{role}");

        let judged = seen(&installation, role, party, &case).await.unwrap();
        let judgement = judged.judgement.clone().unwrap();
        assert_eq!(
            (judgement.party.as_str(), judgement.rule.as_str()),
            ("jiangan-yiyuan-public-management", "lowest-able")
        );
        let considered: Vec<_> = judgement.considered.iter().map(|one| (one.party.as_str(), one.able)).collect();
        assert_eq!(considered, [("jiangan-yiyuan-tongxing", false), ("jiangan-yiyuan-public-management", true)]);
        assert_eq!((judged.phase.as_str(), judged.allowed_actions), ("judged", vec!["Regrade".to_owned()]), "{role}");
        for (role, party) in LOOKING_ON {
            assert!(granted(&installation, role, party, &case).await.is_empty(), "{role} {party}");
        }
        assert_eq!(granted(&installation, role, party, &case).await, ["Regrade"], "{role}");
    }
    // Nobody is told more of a case there is not.
    assert!(seen(&installation, "district", "jiangan-centre", "191021-4489yvd").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_nobodys_but_the_one_who_made_it() {
    let installation = shared();
    let case = unclear(&installation, "judging-claimed").await;
    let claim = async |staff: &str| {
        let who = Identity { staff_ref: staff.to_owned(), ..acting("district", "jiangan-centre") };
        let (district, command_id) = (DISTRICT.to_owned(), "counter-1".to_owned());
        let request = ClaimRequest { district, case_id: case.clone(), command_id };
        installation.triage(&who).await.claim(request).await.map_err(|refused| refused.code())
    };
    let first = claim("ja-1").await.unwrap().into_inner();
    assert_eq!(claim("ja-1").await.unwrap().into_inner(), first, "the answer was lost, and asked for again");
    assert_eq!(claim("ja-2").await.unwrap_err(), Code::AlreadyExists, "a colleague under the same name");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_withdrawn_before_anybody_judged_it_leaves_the_queue() {
    let installation = shared();
    let case = unclear(&installation, "judging-withdrawn").await;
    let queued = async || {
        let mut desk = installation.casebook(&acting("street", "jiangan-yiyuan-command-centre")).await;
        let (district, freshness) = (DISTRICT.to_owned(), Some(CURRENT));
        let request = ListQueueRequest { district, page_size: 1000, freshness };
        desk.list_queue(request).await.unwrap().into_inner().cases.iter().any(|queued| queued.case_id == case)
    };
    assert!(queued().await);
    let withdraw = WithdrawRequest {
        district: DISTRICT.to_owned(),
        case_id: case.clone(),
        reason: "已经解决".to_owned(),
        ..WithdrawRequest::default()
    };
    installation.intake(&bridge("jiangan-board")).await.withdraw(withdraw).await.unwrap();
    until("it has left the queue", async || (!queued().await).then_some(())).await;
    let gone = seen(&installation, "street", "jiangan-yiyuan-command-centre", &case).await.unwrap();
    assert_eq!((gone.phase.as_str(), gone.allowed_actions.len()), ("dismissed", 0));
    let mut desk = installation.triage(&acting("district", "jiangan-centre")).await;
    let judge = JudgeRequest {
        district: DISTRICT.to_owned(),
        case_id: case,
        category: "garbage".to_owned(),
        ..JudgeRequest::default()
    };
    let refused = desk.judge(judge).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().ends_with("(case-ended)"), "{refused}");
}
