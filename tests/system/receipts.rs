//! A receipt opens one case for whoever raised it, without an account, and no other.

use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::casebook::v1::{Freshness, GetRequest, ListRequest};
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::intake::v1::{SubmitRequest, SubmitResponse, SupplementRequest};
use tonic::Code;

use crate::support::installation::{acting, bridge, shared};
use crate::support::submission;

const DISTRICT: &str = "heping";

fn about(case: &SubmitResponse) -> GetRequest {
    let freshness = Some(Freshness { at_least: case.position, current: false });
    GetRequest { district: DISTRICT.to_owned(), case_id: case.case_id.clone(), freshness }
}

fn more(case: &SubmitResponse, command: &str) -> SupplementRequest {
    SupplementRequest {
        district: DISTRICT.to_owned(),
        case_id: case.case_id.clone(),
        command_id: format!("{}-{command}", case.case_id),
        text: "又停水了".to_owned(),
        evidence: vec![],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_the_receipt_follows_and_supplements_that_case_alone() {
    let installation = shared();
    let mut carrier = installation.intake(&bridge("heping-board")).await;
    let of = |reference: &str| submission(DISTRICT, reference, "小区整栋楼停水");
    let own = carrier.submit(of("receipt-own")).await.unwrap().into_inner();
    let other = carrier.submit(of("receipt-other")).await.unwrap().into_inner();
    let again = carrier.submit(of("receipt-own")).await.unwrap().into_inner();
    assert_eq!((again.repeated, &again.receipt), (true, &own.receipt), "it is told again to who sends the same again");
    assert!(own.receipt.starts_with("hyr.heping.") && own.receipt != other.receipt, "{own:?}");

    let channel = installation.with_receipt(&own.receipt).await;
    let (mut casebook, mut intake) =
        (CasebookServiceClient::new(channel.clone()), IntakeServiceClient::new(channel.clone()));
    let seen = casebook.get(about(&own)).await.unwrap().into_inner().case.unwrap();
    assert_eq!(seen.summary.unwrap().case_id, own.case_id);
    intake.supplement(more(&own, "by-receipt")).await.unwrap();
    let freshness = Some(Freshness { at_least: other.position, current: false });
    let listed = casebook.list(ListRequest { freshness, ..ListRequest::default() }).await.unwrap().into_inner();
    let ids: Vec<_> = listed.cases.iter().map(|line| line.case_id.as_str()).collect();
    assert_eq!(ids, [own.case_id.as_str()], "of all lists it sees its own case");

    assert_eq!(casebook.get(about(&other)).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(intake.supplement(more(&other, "by-other")).await.unwrap_err().code(), Code::NotFound);
    let refused = intake.submit(of("receipt-submits")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "it is no account: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_receipt_does_not_even_say_that_there_is_such_a_case() {
    let installation = shared();
    let mut carrier = installation.intake(&bridge("heping-board")).await;
    // Nobody left a reference: the number alone opens nothing.
    let own = carrier.submit(submission(DISTRICT, "receipt-guessed", "路口红绿灯不亮")).await.unwrap().into_inner();
    let never = ids::CaseId::draw(jiff::civil::date(2001, 1, 1), &mut rand::rng());
    let missing = SubmitResponse { case_id: never.to_string(), ..own.clone() };
    let (head, secret) = own.receipt.rsplit_once('.').unwrap();
    let (first, rest) = secret.split_at(1);
    let other = if first == "a" { "b" } else { "a" };
    let wrong = installation.with_receipt(&format!("{head}.{other}{rest}")).await;
    let (mut casebook, mut intake) = (CasebookServiceClient::new(wrong.clone()), IntakeServiceClient::new(wrong));
    let mut said = Vec::new();
    for case in [&own, &missing] {
        let looked = casebook.get(about(case)).await.unwrap_err();
        let acted = intake.supplement(more(case, "guessed")).await.unwrap_err();
        assert_eq!((looked.code(), acted.code()), (Code::NotFound, Code::NotFound), "{looked} {acted}");
        said.push((looked.message().replace(&case.case_id, "…"), acted.message().replace(&case.case_id, "…")));
    }
    assert_eq!(said[0], said[1], "what is there and what is not are answered alike");

    let stranger = chassis::Identity { district: DISTRICT.to_owned(), ..acting("caller", "") };
    let refused = installation.intake(&stranger).await.supplement(more(&own, "by-number")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "its number is on every letter: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_submits_under_the_name_of_a_receipt() {
    let installation = shared();
    let mut carrier = installation.intake(&bridge("heping-board")).await;
    let request = SubmitRequest {
        caller_ref: "receipt:00000000000000000000000000000000".to_owned(),
        ..submission(DISTRICT, "receipt-forged", "路口红绿灯不亮")
    };
    let refused = carrier.submit(request).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().contains("caller_ref"), "{refused}");
}
