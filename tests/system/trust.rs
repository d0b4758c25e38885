//! What a bridge or a department with a key of its own and bad intentions can do: nothing that is not its own.

use std::time::Duration;

use prost::Message;
use proto::common::v1::Officer;
use proto::dispatch::v1::{Answer, AnswerReply, CallRequest, CalledParty, Respond, answer, answer_reply};
use proto::intake::v1::SubmitRequest;
use proto::responder::v1::ListCallsRequest;
use proto::subjects::AnswerSubject;
use serde_json::{Value, json};

use crate::support::installation::{Installation, acting, bridge, shared};
use crate::support::{python, submission, until};

const GRID: &str = "jiangan-yiyuan-tongxing-grid-1";
const STREET: &str = "jiangan-yiyuan-command-centre";

/// What neither a bridge nor a department has any business with.
const FORBIDDEN: [(&str, &str); 27] = [
    ("publish", "case.jiangan.261121-7k3q9x7.intake.1"),
    ("publish", "case.jiangan.261121-7k3q9x7.dispatch.99"),
    ("publish", "call.jiangan-parks.261121-7k3q9x7.1-0"),
    ("publish", "charter.jiangan.2099-1"),
    ("publish", "sched.dispatch.case.jiangan.261121-7k3q9x7"),
    ("publish", "timer.dispatch.case.jiangan.261121-7k3q9x7"),
    ("publish", "dlq.dispatch.1"),
    ("publish", "retry.dispatch.1-2"),
    ("publish", "$JS.API.STREAM.MSG.DELETE.DLQ"),
    ("publish", "vault.jiangan.0123"),
    ("publish", "key.jiangan.0123"),
    ("publish", "$JS.API.DIRECT.GET.VAULT"),
    ("publish", "$JS.API.DIRECT.GET.KEYS"),
    ("publish", "$JS.API.STREAM.MSG.GET.KEYS"),
    ("publish", "$JS.API.STREAM.MSG.DELETE.KEYS"),
    ("publish", "$KV.refs.0123"),
    ("publish", "$KV.clock.now"),
    ("publish", "clock.seen"),
    ("publish", "$JS.API.STREAM.PURGE.CASES"),
    ("publish", "$JS.API.STREAM.DELETE.CASES"),
    ("publish", "$JS.API.STREAM.INFO.CASES"),
    ("publish", "$JS.API.DIRECT.GET.CASES"),
    ("publish", "$JS.API.CONSUMER.CREATE.CALLS"),
    ("publish", "$JS.API.CONSUMER.DELETE.CASES.dispatch"),
    ("subscribe", "case.>"),
    ("subscribe", "in.>"),
    ("subscribe", ">"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_can_submit_for_itself_and_nothing_else() {
    let installation = shared();
    let own = [
        ("publish", "in.jiangan-hotline.submit"),
        ("publish", "in.wuchang-board.submit"),
        ("publish", "ans.jiangan-parks.call"),
        ("publish", "in.enforcement-center.submit"),
        ("subscribe", "in.jiangan-board.>"),
        ("subscribe", "_INBOX_jiangan-hotline.>"),
        ("subscribe", "_INBOX_intake.>"),
    ];
    refused(&installation, "jiangan-board", &[&FORBIDDEN[..], &own[..]].concat()).await;
    let allowed = [("publish", "in.jiangan-board.submit"), ("subscribe", "_INBOX_jiangan-board.>")];
    assert_eq!(attempt(&installation, "jiangan-board", &allowed).await, ["allowed", "allowed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_sees_and_answers_its_own_calls_and_no_others() {
    let installation = shared();
    let (called, thief) = ("jiangan-traffic-police", "jiangan-parks");
    let case = called_case(&installation, called).await;

    // I5: the call is with the one it is for, and nobody else.
    let mut desk = installation.desk_of(called).await;
    until("the call arrives", async || {
        let calls = desk
            .list_calls(ListCallsRequest { all: true, ..ListCallsRequest::default() })
            .await
            .unwrap()
            .into_inner()
            .calls;
        calls.iter().any(|received| received.case_id == case).then_some(())
    })
    .await;
    let mut other_desk = installation.desk_of(thief).await;
    let theirs = other_desk
        .list_calls(ListCallsRequest { all: true, ..ListCallsRequest::default() })
        .await
        .unwrap()
        .into_inner()
        .calls;
    assert!(theirs.iter().all(|received| received.case_id != case), "{thief} sees the call of {called}");

    // With its key it cannot reach the other's orders, nor speak in the other's name.
    let others = [
        format!("HUB.API.CONSUMER.MSG.NEXT.CALLS.{called}"),
        format!("HUB.API.CONSUMER.INFO.CALLS.{called}"),
        format!("HUB.API.CONSUMER.CREATE.CALLS.{thief}"),
        format!("$JS.API.CONSUMER.MSG.NEXT.CALLS.{called}"),
        format!("$JS.ACK.CALLS.{called}.1.1.1.1.0"),
        format!("ans.{called}.call"),
        "in.jiangan-board.submit".to_owned(),
    ];
    let mut attempts: Vec<(&str, &str)> = others.iter().map(|subject| ("publish", subject.as_str())).collect();
    let inbox = format!("_INBOX_{called}.>");
    attempts.extend([("subscribe", inbox.as_str()), ("subscribe", "call.>"), ("subscribe", "ans.>")]);
    refused(&installation, thief, &[&FORBIDDEN[..], &attempts[..]].concat()).await;
    let allowed = [format!("HUB.API.CONSUMER.INFO.CALLS.{thief}"), format!("ans.{thief}.call")];
    let allowed = allowed.each_ref().map(|subject| ("publish", subject.as_str()));
    assert_eq!(attempt(&installation, thief, &allowed).await, ["allowed", "allowed"]);

    // I6: an answer in its own name to a call that is not for it is refused, whatever it says.
    let refusal = answer_as(&installation, thief, &case).await.expect_err("the thief's answer was taken");
    assert!(refusal.contains("not-called"), "{refusal}");
    answer_as(&installation, called, &case).await.expect("the called department's own answer is taken");
    let shown = installation.case("jiangan", &case).await;
    let responses: Vec<_> = shown.timeline.iter().filter(|entry| entry.event == "Responded").collect();
    assert_eq!(responses.len(), 1, "{responses:#?}");
    assert_eq!(responses[0].party, called);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_does_what_is_its_own_and_no_more() {
    let installation = shared();
    let case = assigned_case(&installation, "roles").await;
    let call = CallRequest { district: "jiangan".to_owned(), case_id: case, ..CallRequest::default() };
    for role in ["bridge", "caller", "department", "operator"] {
        let refused = installation.dispatch(&acting(role, "jiangan-parks")).await.call(call.clone()).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{role}: {refused}");
    }
    // Another street's command centre has the role, and the case is not with it.
    let other = installation.dispatch(&acting("street", "jiangan-dazhi-command-centre")).await.call(call).await;
    assert!(other.is_err(), "another street called departments on this street's case");
}

/// A case of the street, with one department called.
async fn called_case(installation: &Installation, department: &str) -> String {
    let case = assigned_case(installation, department).await;
    let request = CallRequest {
        district: "jiangan".to_owned(),
        case_id: case.clone(),
        command_id: format!("call-{case}"),
        situation: "dangerous-tree".to_owned(),
        parties: vec![CalledParty { party: department.to_owned(), duty: 1 }],
        ..CallRequest::default()
    };
    installation.dispatch(&acting("street", STREET)).await.call(request).await.unwrap();
    case
}

/// A dangerous tree, with the command centre of its street.
async fn assigned_case(installation: &Installation, reference: &str) -> String {
    let request = SubmitRequest {
        category: "dangerous-tree".to_owned(),
        place: Some(proto::common::v1::Place { party: GRID.to_owned(), ..Default::default() }),
        ..submission("jiangan", &format!("trust-{reference}"), "一棵大树歪斜")
    };
    let submitted = installation.intake(&bridge("jiangan-board")).await.submit(request).await.unwrap();
    let case = submitted.into_inner().case_id;
    until("the street has it", async || {
        let shown = installation.case("jiangan", &case).await;
        (shown.summary.unwrap_or_default().owner == STREET).then_some(())
    })
    .await;
    case
}

/// Responds to call 1 over the department's own account: the revision, or the refusal in words.
async fn answer_as(installation: &Installation, department: &str, case: &str) -> Result<u64, String> {
    let answer = Answer {
        district: "jiangan".to_owned(),
        case_id: case.to_owned(),
        call: 1,
        command_id: format!("answer-{department}-{case}"),
        answer: Some(answer::Answer::Respond(Respond {
            officer: Some(Officer { staff_ref: "x-1".to_owned(), post: "队长".to_owned() }),
        })),
    };
    let broker = installation.broker(department).await;
    let subject = AnswerSubject { department: department.parse().unwrap() }.to_string();
    let reply = broker.requester().request(subject, answer.encode_to_vec(), Duration::from_secs(10)).await.unwrap();
    match AnswerReply::decode(reply).unwrap().result.unwrap() {
        answer_reply::Result::Ok(accepted) => Ok(accepted.revision),
        answer_reply::Result::Refusal(refusal) => Err(refusal.message),
    }
}

/// All of these are refused by the broker.
async fn refused(installation: &Installation, user: &str, attempts: &[(&str, &str)]) {
    let outcomes = attempt(installation, user, attempts).await;
    let allowed: Vec<_> = attempts.iter().zip(&outcomes).filter(|(_, outcome)| *outcome != "refused").collect();
    assert!(allowed.is_empty(), "{user} may do what it must not: {allowed:#?}");
}

/// What the broker says to each, `refused` or `allowed`, to an independent client with the user's key.
async fn attempt(installation: &Installation, user: &str, attempts: &[(&str, &str)]) -> Vec<String> {
    let key = installation.data().key_file(user);
    let args = [&installation.endpoints.nats, key.to_str().unwrap(), user];
    let attempts: Vec<Value> = attempts.iter().map(|(what, subject)| json!({ *what: *subject })).collect();
    let outcomes = python::run("attempts.py", &args, &attempts.into()).await;
    serde_json::from_value(outcomes).unwrap()
}
