//! A department at its desk, each service a process of its own: what it knows of a call while the hub is away, what becomes of
//! answers that the hub refuses later.

use std::path::Path;

use chassis::{Clock, Identity, Issuer};
use futures::StreamExt;
use huying::client::{Authorised, authorised};
use proto::common::v1::{Colour, Officer, Place};
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::dispatch::v1::{CallRequest, CalledParty};
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::intake::v1::{SubmitRequest, SupplementRequest};
use proto::responder::v1::responder_service_client::ResponderServiceClient;
use proto::responder::v1::{
    AnswerState, ListCallsRequest, ListCallsResponse, ReceivedCall, ReportInRequest, RespondRequest, SeeRefusedRequest,
    WatchOrdersRequest, WatchOrdersResponse,
};
use tonic::Code;

use crate::support::city::{City, NATS};
use crate::support::installation::{acting, bridge};
use crate::support::program::{get, huying_ok, run};
use crate::support::{WAIT, until};

const DISTRICT: &str = "jiangan";
const STREET: &str = "jiangan-yiyuan-command-centre";
const PARKS: &str = "jiangan-parks";

async fn door(city: &City, service: &str, identity: &Identity) -> Authorised {
    authorised(&city.doors_of(service).0, &city.token(identity)).await.unwrap()
}

async fn desk(city: &City) -> ResponderServiceClient<Authorised> {
    ResponderServiceClient::new(door(city, PARKS, &acting("department", PARKS)).await)
}

/// A tree over a transformer, with something added, for which the street calls the parks.
async fn called(city: &City, reference: &str) -> String {
    let mut intake = IntakeServiceClient::new(door(city, "intake", &bridge("jiangan-grid")).await);
    let request = SubmitRequest {
        district: DISTRICT.to_owned(),
        external_ref: reference.to_owned(),
        channel: "grid-patrol".to_owned(),
        category: "dangerous-tree".to_owned(),
        title: "路边大树歪斜".to_owned(),
        text: "树枝压向变压器，联系人 13807100000".to_owned(),
        place: Some(Place { party: "jiangan-yiyuan-tongxing-grid-1".to_owned(), ..Place::default() }),
        ..SubmitRequest::default()
    };
    let case_id = intake.submit(request).await.unwrap().into_inner().case_id;
    let (district, text) = (DISTRICT.to_owned(), "树根已经翘起".to_owned());
    let added =
        SupplementRequest { district, case_id: case_id.clone(), command_id: String::new(), text, evidence: vec![] };
    intake.supplement(added).await.unwrap();
    let mut dispatch = DispatchServiceClient::new(door(city, "dispatch", &acting("street", STREET)).await);
    let call = CallRequest {
        district: DISTRICT.to_owned(),
        case_id: case_id.clone(),
        situation: "dangerous-tree".to_owned(),
        parties: vec![CalledParty { party: PARKS.to_owned(), duty: proto::common::v1::Duty::Lead.into() }],
        note: "带上锯子".to_owned(),
        ..CallRequest::default()
    };
    // The street has it once triage has judged it and dispatch has followed.
    until("the street may call", async || dispatch.call(call.clone()).await.ok()).await;
    case_id
}

async fn listed(city: &City, request: ListCallsRequest) -> ListCallsResponse {
    desk(city).await.list_calls(request).await.unwrap().into_inner()
}

async fn received(city: &City, case: &str) -> ReceivedCall {
    until("the order arrives", async || {
        let calls = listed(city, ListCallsRequest::default()).await.calls;
        calls.into_iter().find(|call| call.case_id == case)
    })
    .await
}

fn officer() -> Option<Officer> {
    Some(Officer { staff_ref: "yl-0021".to_owned(), post: "科长".to_owned() })
}

/// Something that a watch tells, which is not always the next thing.
async fn told(
    watch: &mut tonic::Streaming<WatchOrdersResponse>,
    what: impl Fn(&WatchOrdersResponse) -> bool,
) -> WatchOrdersResponse {
    let found = async {
        loop {
            let told = watch.next().await.unwrap().unwrap();
            if what(&told) {
                return told;
            }
        }
    };
    tokio::time::timeout(WAIT, found).await.expect("nothing of it is told")
}

async fn watching(city: &City, request: WatchOrdersRequest) -> tonic::Streaming<WatchOrdersResponse> {
    desk(city).await.watch_orders(request).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn during_a_cut_the_desk_knows_what_it_is_about_and_a_later_refusal_stays_until_it_is_seen() {
    let city = City::start(&[PARKS]);
    let case = called(&city, "desk-1").await;
    received(&city, &case).await;
    let mut watch = watching(&city, WatchOrdersRequest { from_start: true, after: String::new() }).await;
    let first = told(&mut watch, |told| told.order.is_some()).await;

    city.kill(NATS);
    let order = received(&city, &case).await.call.unwrap();
    assert_eq!((order.title.as_str(), order.note.as_str()), ("路边大树歪斜", "带上锯子"));
    assert!(order.text.starts_with("树枝压向变压器") && !order.text.contains("13807100000"), "{}", order.text);
    assert_eq!(order.supplements, ["树根已经翘起"]);
    let open = ListCallsRequest { open: true, colour: order.colour, ..ListCallsRequest::default() };
    assert_eq!(listed(&city, open).await.calls.len(), 1);
    let another = [Colour::Red, Colour::Yellow, Colour::Blue].into_iter().find(|it| *it != order.colour()).unwrap();
    assert_eq!(listed(&city, ListCallsRequest { colour: another.into(), ..open_calls() }).await.calls, []);

    // The second of these is wrong, which only the hub can say.
    let (district, case_id) = (DISTRICT.to_owned(), case.clone());
    let respond = RespondRequest { district, case_id, call: 1, command_id: "p-1".to_owned(), officer: officer() };
    let (district, case_id) = (DISTRICT.to_owned(), case.clone());
    let report_in = ReportInRequest {
        district,
        case_id,
        call: 1,
        command_id: "p-2".to_owned(),
        officer: officer(),
        owns_matter: false,
        check_in: None,
    };
    let mut at_desk = desk(&city).await;
    let mut at_another = desk(&city).await;
    let (responded, reported) = tokio::join!(at_desk.respond(respond), at_another.report_in(report_in));
    let states = [responded.unwrap().into_inner().status, reported.unwrap().into_inner().status];
    assert!(states.iter().all(|status| status.as_ref().unwrap().state() == AnswerState::Kept), "{states:?}");

    city.revive(NATS);
    let refused = told(&mut watch, |told| told.refused.is_some()).await.refused.unwrap();
    assert_eq!(refused.answer.as_ref().unwrap().command_id, "p-2");
    assert!(refused.refused_at.is_some());
    let refusal = refused.refusal.clone().unwrap();
    assert_eq!(refusal.code, "FAILED_PRECONDITION");
    assert!(refusal.message.contains("must be in charge"), "{refusal:?}");
    let list = listed(&city, ListCallsRequest::default()).await;
    assert_eq!(list.refused_answers, std::slice::from_ref(&refused));
    assert_eq!(list.calls[0].state, "responded", "what was right was taken");
    let metrics = get(city.doors_of(PARKS).1, "/metrics").unwrap().1;
    assert!(metrics.contains("responder_answers_refused_unseen{department=\"jiangan-parks\"} 1"), "{metrics}");

    // A restart forgets neither; whoever comes back gets the orders after the cursor, and what is not seen.
    city.kill(PARKS);
    city.revive(PARKS);
    let mut watch = watching(&city, WatchOrdersRequest { after: first.cursor.clone(), from_start: false }).await;
    let again = told(&mut watch, |told| told.order.is_some() || told.refused.is_some()).await;
    assert_eq!(again.refused, Some(refused), "the first order is not told again");
    let wrong = WatchOrdersRequest { after: format!("{}1", first.cursor), from_start: false };
    assert_eq!(desk(&city).await.watch_orders(wrong).await.unwrap_err().code(), Code::OutOfRange);

    let mut see = SeeRefusedRequest { district: DISTRICT.to_owned(), case_id: case, command_id: "p-2".to_owned() };
    desk(&city).await.see_refused(see.clone()).await.unwrap();
    assert_eq!(listed(&city, ListCallsRequest::default()).await.refused_answers, []);
    see.command_id = "p-1".to_owned();
    assert_eq!(desk(&city).await.see_refused(see).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(city.stop(), Vec::<String>::new());
}

/// Runs the department's own program for a copy.
fn copying(city: &City, what: &str, file: &Path) -> (bool, String) {
    let data = city.data().path().join("departments");
    let (file, data) = (file.to_str().unwrap(), data.to_str().unwrap());
    let output = run("responder", &[what, file, "--department", PARKS, "--data-dir", data]);
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_department_keeps_is_copied_while_it_works_and_brought_back_after_its_disk_is_lost() {
    let city = City::start(&[PARKS]);
    let before = called(&city, "copy-1").await;
    received(&city, &before).await;
    let mut watch = watching(&city, WatchOrdersRequest { from_start: true, after: String::new() }).await;
    let cursor = told(&mut watch, |told| told.order.is_some()).await.cursor;
    city.kill(NATS);
    let (district, case_id) = (DISTRICT.to_owned(), before.clone());
    let respond = RespondRequest { district, case_id, call: 1, command_id: "c-1".to_owned(), officer: officer() };
    let status = desk(&city).await.respond(respond).await.unwrap().into_inner().status.unwrap();
    assert_eq!(status.state(), AnswerState::Kept, "the hub is away");

    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.sqlite");
    let (done, said) = copying(&city, "backup", &copy);
    assert!(done && said.contains("1 calls by 1 orders, 1 answers, of which the hub has not taken 1"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a copy is one file");
    let (done, said) = copying(&city, "backup", &copy);
    assert!(!done && said.contains("is not written over"), "{said}");
    let (done, said) = copying(&city, "restore", &copy);
    assert!(!done && said.contains("another process runs this department"), "{said}");

    // An order that came after the copy, and then the disk is gone.
    city.revive(NATS);
    let after = called(&city, "copy-2").await;
    received(&city, &after).await;
    city.kill(PARKS);
    city.kill(NATS);
    let (done, said) = copying(&city, "restore", &copy);
    assert!(!done && said.contains("move it away first"), "{said}");
    std::fs::remove_dir_all(city.data().path().join("departments")).unwrap();
    let damaged = folder.path().join("damaged.sqlite");
    let mut bytes = std::fs::read(&copy).unwrap();
    let end = bytes.len();
    bytes[4096..end].fill(0xA5);
    std::fs::write(&damaged, bytes).unwrap();
    let (done, said) = copying(&city, "restore", &damaged);
    assert!(!done && said.contains("reading"), "{said}");
    let (done, said) = copying(&city, "restore", &copy);
    assert!(done && said.contains("1 calls by 1 orders, 1 answers"), "{said}");

    city.revive(PARKS);
    let calls = listed(&city, ListCallsRequest::default()).await.calls;
    let known: Vec<_> = calls.iter().map(|call| (call.case_id.as_str(), call.waiting_answers)).collect();
    assert_eq!(known, [(before.as_str(), 1)], "what was kept before the copy waits for the hub again");
    let old = WatchOrdersRequest { after: cursor, from_start: false };
    assert_eq!(desk(&city).await.watch_orders(old).await.unwrap_err().code(), Code::OutOfRange);

    city.revive(NATS);
    let key = city.data().key_file("provision");
    let as_provision = ["--nats-url", city.nats_url(), "--nats-nkey-file", key.to_str().unwrap()];
    huying_ok(&[&["provision", "redeliver", PARKS][..], &as_provision[..]].concat());
    let again = received(&city, &after).await;
    assert_eq!(again.state, "called");
    until("the answer reaches the hub, once", async || {
        let call = received(&city, &before).await;
        (call.state == "responded" && call.waiting_answers == 0).then_some(())
    })
    .await;
    assert_eq!(listed(&city, ListCallsRequest { all: true, ..ListCallsRequest::default() }).await.calls.len(), 2);
    assert_eq!(city.stop(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_issues_tokens_to_its_own_people_and_a_wrong_key_says_so() {
    let mut city = City::start(&[PARKS]);
    let (people, folder) = (Issuer::generate(), tempfile::tempdir().unwrap());
    let key = folder.path().join("people.pem");
    std::fs::write(&key, people.public_pem()).unwrap();
    let by_people = |identity: &Identity| people.issue(identity, Clock::real().real_now(), WAIT * 60);
    let address = city.doors_of(PARKS).0;
    let listing = async |identity: &Identity| {
        let desk = authorised(&address, &by_people(identity)).await.unwrap();
        ResponderServiceClient::new(desk).list_calls(ListCallsRequest::default()).await.map_err(|status| status.code())
    };
    let officer = acting("department", PARKS);
    assert_eq!(listing(&officer).await.unwrap_err(), Code::Unauthenticated, "nobody has said that the key is good");
    city.restart_with(PARKS, &["--people-key-file", key.to_str().unwrap()]);
    assert!(listing(&officer).await.is_ok());
    assert_eq!(listing(&acting("department", "jiangan-traffic-police")).await.unwrap_err(), Code::Unauthenticated);
    assert!(desk(&city).await.list_calls(ListCallsRequest::default()).await.is_ok(), "the city's are good as before");
    let elsewhere = authorised(&city.doors_of("dispatch").0, &by_people(&officer)).await.unwrap();
    let refused = DispatchServiceClient::new(elsewhere).call(CallRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "it is good at this desk alone");

    city.give_the_key_of(PARKS, "jiangan-traffic-police");
    let http = city.doors_of(PARKS).1;
    until("readiness says that the key is another's", async || {
        let (status, body) = get(http, "/readyz").ok()?;
        (status != 200 && body.contains("this key is not that of jiangan-parks")).then_some(())
    })
    .await;
    let pem = key.to_str().unwrap();
    let wrong = ["--nats-nkey-file", pem, "--department", PARKS, "--data-dir", folder.path().to_str().unwrap()];
    let output = run("responder", &wrong);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains("--nats-nkey-file") && said.contains("PEM file"), "{said}");
    assert_eq!(city.stop(), Vec::<String>::new());
}

fn open_calls() -> ListCallsRequest {
    ListCallsRequest { open: true, ..ListCallsRequest::default() }
}
