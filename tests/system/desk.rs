//! A department at its desk, each service a process of its own: what it knows of a call while the hub is away, what becomes of
//! answers that the hub refuses later.

use chassis::Identity;
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
use crate::support::program::get;
use crate::support::until;

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
    let added = SupplementRequest { district, case_id: case_id.clone(), command_id: String::new(), text };
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
    tokio::time::timeout(crate::support::WAIT, found).await.expect("nothing of it is told")
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

fn open_calls() -> ListCallsRequest {
    ListCallsRequest { open: true, ..ListCallsRequest::default() }
}
