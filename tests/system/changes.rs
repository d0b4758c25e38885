//! What became of a bridge's cases: told since a cursor, over HTTP, gRPC and NATS the same, and nothing of anybody else's.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use proto::casebook::v1::{
    ChangedCase, GetReply, GetRequest, ListChangesReply, ListChangesRequest, ListChangesResponse, WatchChangesRequest,
    WatchChangesResponse, get_reply, list_changes_reply,
};
use proto::dispatch::v1::{RecordProgressRequest, ResolveRequest};
use proto::intake::v1::{FindReply, FindRequest, find_reply};
use proto::subjects::{BridgeSubject, BridgeVerb};
use serde_json::{Value, json};
use station::refusal_of;

use crate::http::Machine;
use crate::support::installation::{CURRENT, Installation, acting, bridge, operator};
use crate::support::{WAIT, submission, until};

const DISTRICT: &str = "heping";
const BRIDGE: &str = "heping-board";

async fn changes(installation: &Installation, request: ListChangesRequest) -> ListChangesResponse {
    let request = ListChangesRequest { freshness: Some(CURRENT), ..request };
    installation.casebook(&bridge(BRIDGE)).await.list_changes(request).await.unwrap().into_inner()
}

/// The names of what happened to each case, in order.
fn events(cases: &[ChangedCase]) -> BTreeMap<String, Vec<String>> {
    let of = |case: &ChangedCase| {
        let id = case.summary.clone().unwrap().case_id;
        (id, case.passages.iter().map(|passage| passage.event.clone()).collect())
    };
    cases.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_was_away_is_told_everything_once_it_asks() {
    let installation = Installation::start(&[DISTRICT]);
    let machine = Machine::new(&installation, &bridge(BRIDGE));
    let mut ids = Vec::new();
    for number in 1..=3 {
        let submission = submission(DISTRICT, &format!("c-{number}"), "小院停车");
        let brought = machine.post("/v1/cases", &serde_json::to_value(submission).unwrap()).await;
        ids.push(brought.body["case_id"].as_str().unwrap_or_else(|| panic!("{brought:?}")).to_owned());
    }
    let other = submission(DISTRICT, "not-ours", "别人的");
    installation.intake(&bridge("heping-weilinli")).await.submit(other).await.unwrap();

    // Page by page, and every case once it has somebody.
    let owner = until("the first case has somebody", async || {
        let case = installation.case(DISTRICT, &ids[0]).await;
        Some(case.summary.unwrap().owner).filter(|owner| !owner.is_empty())
    })
    .await;
    let first = changes(&installation, ListChangesRequest { page_size: 2, ..ListChangesRequest::default() }).await;
    assert!(first.more && first.cases.len() == 2, "{first:?}");
    let next = ListChangesRequest { cursor: first.next_cursor, page_size: 2, ..ListChangesRequest::default() };
    let second = changes(&installation, next).await;
    let told = events(&[first.cases, second.cases].concat());
    assert_eq!(told.keys().collect::<Vec<_>>(), {
        let mut sorted: Vec<_> = ids.iter().collect();
        sorted.sort();
        sorted
    });
    assert!(told.values().all(|events| events[0] == "Received"), "{told:?}");
    // Those that got somebody in between come now; then nothing is left.
    let mut cursor = second.next_cursor;
    until("everybody has somebody", async || {
        let asked = ListChangesRequest { cursor: cursor.clone(), ..ListChangesRequest::default() };
        let page = changes(&installation, asked).await;
        cursor = page.next_cursor;
        let mut owners = Vec::new();
        for id in &ids {
            owners.push(installation.case(DISTRICT, id).await.summary.unwrap().owner);
        }
        Some(()).filter(|()| page.cases.is_empty() && owners.iter().all(|owner| !owner.is_empty()))
    })
    .await;

    // A week passes: one is answered and resolved by whoever has it.
    let holder = acting("street", &owner);
    let mut dispatch = installation.dispatch(&holder).await;
    let (district, case_id) = (DISTRICT.to_owned(), ids[0].clone());
    let reply = RecordProgressRequest {
        district: district.clone(),
        case_id: case_id.clone(),
        kind: proto::dispatch::v1::ProgressKind::Reply.into(),
        note: "今晚清走".to_owned(),
        ..RecordProgressRequest::default()
    };
    dispatch.record_progress(reply).await.unwrap();
    let resolve = ResolveRequest {
        district,
        case_id,
        outcome: proto::common::v1::Outcome::Solved.into(),
        summary: "车已清走".to_owned(),
        evidence: vec!["sha256:77d6".to_owned()],
        ..ResolveRequest::default()
    };
    dispatch.resolve(resolve).await.unwrap();
    let asked = ListChangesRequest { cursor: cursor.clone(), ..ListChangesRequest::default() };
    let news = changes(&installation, asked.clone()).await;
    let [case] = news.cases.as_slice() else { panic!("{news:?}") };
    let line = case.summary.clone().unwrap();
    assert_eq!(
        (line.case_id.as_str(), line.state.as_str(), line.outcome.as_str()),
        (ids[0].as_str(), "resolved", "solved")
    );
    assert_ne!(case.owner_name, line.owner, "units go by their names");
    let said: Vec<_> = case.passages.iter().map(|it| (it.event.as_str(), it.answer.as_str())).collect();
    assert_eq!(said, [("Progressed", "今晚清走"), ("Resolved", "车已清走")]);
    assert_eq!(case.passages[1].words, "办理完毕：已解决");
    assert!(case.passages[0].position < case.passages[1].position);

    // At every door the same.
    let over_http = machine.get(&format!("/v1/cases?since={cursor}")).await;
    assert_eq!(over_http.body["cases"], serde_json::to_value(&news.cases).unwrap(), "{over_http:?}");
    assert_eq!(over_http.body["next_cursor"], news.next_cursor.as_str());
    let board = installation.broker(BRIDGE).await;
    let ask = |verb, payload: Vec<u8>| {
        let subject = BridgeSubject { bridge: BRIDGE.parse().unwrap(), verb }.to_string();
        let board = &board;
        async move { board.requester().request(subject, payload, WAIT).await.unwrap() }
    };
    let json = ask(BridgeVerb::Changes, json!({ "cursor": cursor }).to_string().into_bytes()).await;
    let Some(list_changes_reply::Result::Ok(in_json)) =
        serde_json::from_slice::<ListChangesReply>(&json).unwrap().result
    else {
        panic!("{}", String::from_utf8_lossy(&json))
    };
    let protobuf = ask(BridgeVerb::Changes, asked.encode_to_vec()).await;
    let Some(list_changes_reply::Result::Ok(in_protobuf)) = ListChangesReply::decode(protobuf).unwrap().result else {
        panic!("refused")
    };
    assert_eq!((&in_json.cases, &in_protobuf.cases), (&news.cases, &news.cases));

    // One of them, by its number and by the sender's own reference.
    let found =
        ask(BridgeVerb::Find, FindRequest { external_ref: "c-2".to_owned(), ..FindRequest::default() }.encode_to_vec())
            .await;
    let Some(find_reply::Result::Ok(found)) = FindReply::decode(found).unwrap().result else { panic!("refused") };
    assert_eq!((found.case_id.as_str(), found.district.as_str()), (ids[1].as_str(), DISTRICT));
    let get = |case_id: &str| {
        ask(BridgeVerb::Get, GetRequest { case_id: case_id.to_owned(), ..GetRequest::default() }.encode_to_vec())
    };
    let Some(get_reply::Result::Ok(shown)) = GetReply::decode(get(&ids[1]).await).unwrap().result else {
        panic!("refused")
    };
    assert_eq!(shown.case.unwrap().summary.unwrap().case_id, ids[1]);
    let by_reference = machine.get("/v1/cases?external_ref=c-2").await;
    assert_eq!(by_reference.body["summary"]["case_id"], ids[1].as_str(), "{by_reference:?}");

    watched(&installation, &cursor, &news.cases, &ids[2]).await;
    not_anothers(&installation, &machine, &cursor).await;
    resumed_by_time(&installation, &ids).await;
}

/// Who would rather be told than ask hears the same from the same cursor, and then what comes; and what its callers say goes the
/// other way, over NATS as at every door.
async fn watched(installation: &Installation, cursor: &str, known: &[ChangedCase], case_id: &str) {
    let watch = async |cursor: &str| {
        let request = WatchChangesRequest { cursor: cursor.to_owned(), ..WatchChangesRequest::default() };
        installation.casebook(&bridge(BRIDGE)).await.watch_changes(request).await.unwrap().into_inner()
    };
    let mut told = watch(cursor).await;
    let first = told.message().await.unwrap().unwrap();
    assert_eq!(first.cases, known);
    let names: BTreeSet<&str> = known.iter().flat_map(|case| &case.passages).map(|it| it.id.as_str()).collect();
    assert_eq!(names.len(), known.iter().map(|case| case.passages.len()).sum::<usize>(), "each has a name of its own");
    drop(told);

    let board = installation.broker(BRIDGE).await;
    let ask = async |verb, question: Value| -> Value {
        let subject = BridgeSubject { bridge: BRIDGE.parse().unwrap(), verb }.to_string();
        let reply = board.requester().request(subject, question.to_string().into_bytes(), WAIT).await.unwrap();
        serde_json::from_slice(&reply).unwrap()
    };
    let more = json!({ "case_id": case_id, "command_id": "more-1", "text": "今天又来了两辆" });
    let added = ask(BridgeVerb::Supplement, more.clone()).await;
    assert!(added["ok"]["position"].is_string(), "{added}");
    assert_eq!(ask(BridgeVerb::Supplement, more).await, added, "the same again");
    let rated = ask(BridgeVerb::Rate, json!({ "case_id": case_id, "rating": "satisfied", "command_id": "r-1" })).await;
    assert_eq!(rated["refusal"]["code"], "FAILED_PRECONDITION", "nothing was asked yet: {rated}");
    let back =
        ask(BridgeVerb::Withdraw, json!({ "case_id": case_id, "reason": "车已开走", "command_id": "w-1" })).await;
    assert!(back["ok"]["position"].is_string(), "{back}");
    let others = json!({ "case_id": "260101-000000e", "text": "别人的" });
    assert_eq!(ask(BridgeVerb::Supplement, others).await["refusal"]["code"], "NOT_FOUND");

    // Cut off, and on again from where it was.
    let mut told = watch(&first.next_cursor).await;
    let heard: WatchChangesResponse = told.message().await.unwrap().unwrap();
    let [case] = heard.cases.as_slice() else { panic!("{heard:?}") };
    assert_eq!(case.summary.as_ref().unwrap().case_id, case_id);
    assert_eq!(case.passages[0].event, "WithdrawalAsked", "{heard:?}");
}

/// A cursor, a reference and a case are their own bridge's.
async fn not_anothers(installation: &Installation, machine: &Machine, cursor: &str) {
    let mut casebook = installation.casebook(&bridge("heping-weilinli")).await;
    let stolen = ListChangesRequest { cursor: cursor.to_owned(), ..ListChangesRequest::default() };
    let refusal = refusal_of(&casebook.list_changes(stolen).await.unwrap_err());
    assert_eq!(refusal.violations[0].rule, "own-cursor", "{refusal:?}");
    let named = ListChangesRequest { bridge: BRIDGE.to_owned(), ..ListChangesRequest::default() };
    assert_eq!(casebook.list_changes(named.clone()).await.unwrap_err().code(), tonic::Code::NotFound);
    let of_operator = installation.casebook(&operator()).await.list_changes(named).await.unwrap().into_inner();
    assert_eq!(of_operator.cases.len(), 3, "who sees everything names a bridge");

    let unknown = machine.get("/v1/cases?external_ref=not-ours").await;
    assert_eq!((unknown.status.as_u16(), unknown.body["rule"].as_str()), (404, Some("not-found")), "{unknown:?}");
    let wrong = machine.get("/v1/cases?since=yesterday").await;
    assert_eq!(wrong.body["rule"], "known-cursor", "{wrong:?}");
    let neither = machine.get("/v1/cases").await;
    assert_eq!((&neither.body["rule"], &neither.body["field"]), (&json!("required"), &json!("since")));
    let catalogue = machine.get("/v1/catalogue").await;
    let places: Vec<&Value> = catalogue.body["places"].as_array().unwrap().iter().map(|place| &place["code"]).collect();
    assert!(places.contains(&&json!("heping-wudadao")), "{places:?}");
}

/// Who lost the cursor says since when.
async fn resumed_by_time(installation: &Installation, ids: &[String]) {
    let everything = changes(installation, ListChangesRequest::default()).await;
    let received = everything.cases.iter().flat_map(|case| &case.passages).map(|passage| passage.at.unwrap());
    let received = received.min_by_key(|at| (at.seconds, at.nanos));
    let from = |from| ListChangesRequest { from: Some(from), ..ListChangesRequest::default() };
    let again = changes(installation, from(received.unwrap())).await;
    assert_eq!(events(&again.cases), events(&everything.cases));
    assert_eq!(again.cases.len(), ids.len());
    let never = proto::WireTimestamp { seconds: 4_000_000_000, nanos: 0 };
    let told = changes(installation, from(never)).await;
    assert!(told.cases.iter().all(|case| case.passages.is_empty()), "{told:?}");
}
