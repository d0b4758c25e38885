//! The door for machines, over HTTP: a program brings a matter in, once however often it sends it, follows it, and is told what is
//! wrong in the words of every other door.

use std::collections::BTreeSet;

use chassis::{Clock, Identity};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use station::refusal_of;

use crate::support::city::City;
use crate::support::installation::{Installation, bridge, shared};
use crate::support::{WAIT, submission, until};

const DISTRICT: &str = "jiangan";
const BRIDGE: &str = "jiangan-board";

/// A program with a bridge's token.
pub struct Machine {
    client: Client,
    door: String,
    token: String,
}

/// What it was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Machine {
    pub fn new(installation: &Installation, who: &Identity) -> Self {
        Self::at(&installation.endpoints.door, installation.token(who))
    }

    fn at(door: &str, token: String) -> Self {
        // Another test may have chosen it already.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { client, door: door.to_owned(), token }
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// As a page's form is sent, percent-encoded where it has to be.
    pub async fn form(&self, path: &str, said: &str) -> Answer {
        let form = "application/x-www-form-urlencoded";
        answer(self.ask(Method::POST, path).header("content-type", form).body(said.to_owned()).send().await.unwrap())
            .await
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.door)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.ask(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.ask(Method::POST, path).json(body).send().await.unwrap()).await
    }

    async fn post_named(&self, path: &str, name: &str, body: &Value) -> Answer {
        answer(self.ask(Method::POST, path).header("Idempotency-Key", name).json(body).send().await.unwrap()).await
    }
}

async fn answer(response: Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

impl Answer {
    fn says(&self, status: u16, rule: &str, field: &str) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let said = (self.body["rule"].as_str(), self.body["field"].as_str().unwrap_or_default());
        assert_eq!(said, (Some(rule), field), "{:#}", self.body);
        self
    }
}

fn lamp(reference: &str) -> Value {
    serde_json::to_value(submission(DISTRICT, reference, "路灯不亮")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matter_comes_in_once_over_http_and_is_followed_there() {
    let installation = shared();
    let board = Machine::new(&installation, &bridge(BRIDGE));

    let first = board.post("/v1/cases", &lamp("http-1")).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let case = first.body["case_id"].as_str().unwrap().to_owned();
    let place = first.headers["location"].to_str().unwrap().to_owned();
    let again = board.post("/v1/cases", &lamp("http-1")).await;
    assert_eq!((again.status, &again.body["repeated"]), (StatusCode::OK, &json!(true)), "{again:?}");
    assert_eq!(again.body["case_id"], case.as_str());
    // The same matter over gRPC is the same case.
    let request = submission(DISTRICT, "http-1", "路灯不亮");
    let over_grpc = installation.intake(&bridge(BRIDGE)).await.submit(request).await.unwrap().into_inner();
    assert_eq!((over_grpc.case_id.as_str(), over_grpc.repeated), (case.as_str(), true));
    let other = board.post("/v1/cases", &json!({ "external_ref": "http-1", "title": "井盖松动" })).await;
    assert_eq!(other.says(409, "already-exists", "").body["case_id"], case.as_str());

    // A header may name it, and says nothing else than the body does.
    let mut unnamed = lamp("");
    unnamed.as_object_mut().unwrap().remove("external_ref");
    let by_header = board.post_named("/v1/cases", "\"http-1\"", &unnamed).await;
    assert_eq!(by_header.body["case_id"], case.as_str(), "{by_header:?}");
    board.post_named("/v1/cases", "http-2", &lamp("http-1")).await.says(400, "said-twice", "external_ref");

    let shown = board.get(&place).await;
    assert_eq!((shown.status, &shown.body["summary"]["bridge"]), (StatusCode::OK, &json!(BRIDGE)), "{shown:?}");
    let alone = board.get(&format!("/v1/cases/{case}")).await;
    assert_eq!(alone.body["text"], shown.body["text"], "a bridge's own district goes without saying");

    let said = json!({ "text": "又暗了一盏" });
    let added = board.post_named(&format!("/v1/cases/{case}/supplements"), "more-1", &said).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    let repeated = board.post_named(&format!("/v1/cases/{case}/supplements"), "more-1", &said).await;
    assert_eq!(repeated.body, added.body, "it is said once");
    let withdrawn = board.post(&format!("/v1/cases/{case}/withdrawal"), &json!({ "reason": "已经好了" })).await;
    assert_eq!(withdrawn.status, StatusCode::CREATED, "{withdrawn:?}");
    let rated = board.post(&format!("/v1/cases/{case}/rating"), &json!({ "rating": "satisfied" })).await;
    assert_eq!(rated.status, StatusCode::CONFLICT, "nothing was resolved: {rated:?}");
    let shown = board.get(&place).await;
    let events: Vec<&str> =
        shown.body["timeline"].as_array().unwrap().iter().filter_map(|entry| entry["event"].as_str()).collect();
    for (event, times) in [("Supplemented", 1), ("WithdrawalAsked", 1)] {
        assert_eq!(events.iter().filter(|known| **known == event).count(), times, "{event}: {events:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_bridges_is_not_there_over_http() {
    let installation = shared();
    let board = Machine::new(&installation, &bridge(BRIDGE));
    let case = board.post("/v1/cases", &lamp("http-own")).await.body["case_id"].as_str().unwrap().to_owned();
    let other = Machine::new(&installation, &bridge("jiangan-weilinli"));
    other.get(&format!("/v1/cases/{case}")).await.says(404, "not-found", "");
    let taken = other.post(&format!("/v1/cases/{case}/withdrawal?district={DISTRICT}"), &json!({})).await;
    assert_eq!(taken.status, StatusCode::FORBIDDEN, "{taken:?}");
    let nobody = Machine { token: "x".to_owned(), ..Machine::new(&installation, &bridge(BRIDGE)) };
    let refused = nobody.post("/v1/cases", &lamp("http-nobody")).await;
    refused.says(401, "unauthenticated", "");
    assert!(refused.headers.contains_key("www-authenticate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resident_follows_their_own_case_with_its_receipt() {
    let installation = shared();
    let board = Machine::new(&installation, &bridge(BRIDGE));
    let own = board.post("/v1/cases", &lamp("http-receipt")).await.body;
    let other = board.post("/v1/cases", &lamp("http-no-receipt")).await.body;
    let receipt = own["receipt"].as_str().unwrap_or_else(|| panic!("{own:#}")).to_owned();
    let resident = Machine { token: receipt, ..board };
    let case = own["case_id"].as_str().unwrap();
    let shown = resident.get(&format!("/v1/cases/{case}")).await;
    assert_eq!(shown.body["summary"]["case_id"], case, "{shown:?}");
    let added = resident.post(&format!("/v1/cases/{case}/supplements"), &json!({ "text": "还是不亮" })).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    resident.get(&format!("/v1/cases/{}", other["case_id"].as_str().unwrap())).await.says(404, "not-found", "");
    assert_eq!(resident.get("/v1/cases?since=").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_answered_is_sent_again_and_is_one_case() {
    let city = City::start(&[]);
    let token = city.data().issuer().unwrap().issue(&bridge(BRIDGE), Clock::real().real_now(), WAIT * 20);
    let board = Machine::at(city.door(), token);
    let first = board.post("/v1/cases", &lamp("away-1")).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    tokio::task::block_in_place(|| city.kill("intake"));
    let away = board.post("/v1/cases", &lamp("away-2")).await;
    away.says(503, "unavailable", "");
    assert_eq!(away.headers["retry-after"], "3", "{away:?}");
    // Cases can be looked at meanwhile.
    let case = first.body["case_id"].as_str().unwrap();
    assert_eq!(board.get(&format!("/v1/cases/{case}")).await.status, StatusCode::OK);
    tokio::task::block_in_place(|| city.revive("intake"));
    let taken = until("intake is found again", async || {
        let answer = board.post("/v1/cases", &lamp("away-2")).await;
        Some(answer).filter(|answer| answer.status != StatusCode::SERVICE_UNAVAILABLE)
    })
    .await;
    assert_eq!(taken.status, StatusCode::CREATED, "{taken:?}");
    let again = board.post("/v1/cases", &lamp("away-1")).await;
    assert_eq!((again.status, &again.body["case_id"]), (StatusCode::OK, &json!(case)), "{again:?}");
    assert_eq!(tokio::task::block_in_place(|| city.stop()), Vec::<String>::new(), "the door stops politely, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_said_over_http_as_at_every_other_door() {
    let installation = shared();
    let board = Machine::new(&installation, &bridge(BRIDGE));
    let mut grpc = installation.intake(&bridge(BRIDGE)).await;
    let bad = proto::intake::v1::SubmitRequest {
        category: "ghosts".to_owned(),
        ..submission(DISTRICT, "http-bad", &"题".repeat(201))
    };
    let told = refusal_of(&grpc.submit(bad.clone()).await.unwrap_err());
    let over_http = board.post("/v1/cases", &serde_json::to_value(&bad).unwrap()).await;
    assert_eq!(over_http.body["violations"], json!(told.violations), "{over_http:?}");
    assert_eq!(over_http.body["detail"], told.message.as_str());

    let send = |body: &'static [u8], form: &'static str| {
        let request = board.ask(Method::POST, "/v1/cases").header("content-type", form).body(body);
        async move { answer(request.send().await.unwrap()).await }
    };
    send(br#"{"occurred_at": "gestern"}"#, "application/json").await.says(400, "instant", "occurred_at");
    send(br#"{"title": 7}"#, "application/json").await.says(400, "json", "title");
    send(b"{title:", "application/json").await.says(400, "json", "payload");
    send(b"[]", "application/json").await.says(400, "json", "payload");
    send(b"", "application/json").await.says(400, "json", "payload");
    send(b"\xff\xfe", "application/json").await.says(400, "utf-8", "payload");
    send(b"title=a", "application/x-www-form-urlencoded").await.says(415, "content-type", "");
    let large = lamp("http-large").as_object_mut().map(|it| {
        it.insert("text".to_owned(), json!("a".repeat(300_000)));
        Value::Object(it.clone())
    });
    board.post("/v1/cases", &large.unwrap()).await.says(413, "size", "payload");
    board.get("/v1/cases/nonsense").await.says(400, "case-id", "case_id");
    board.get("/v1/cases/261121-7k3q9xf?distrikt=jiangan").await.says(400, "known-parameter", "distrikt");
    board.get("/v2/cases").await.says(404, "known-path", "");
    let wrong = answer(board.ask(Method::DELETE, "/v1/cases").send().await.unwrap()).await;
    wrong.says(405, "known-method", "");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_described_can_be_asked() {
    let installation = shared();
    let board = Machine::new(&installation, &bridge(BRIDGE));
    let described = board.get("/openapi.json").await;
    assert_eq!(described.body["openapi"], "3.1.0");
    let mut asked = BTreeSet::new();
    for (path, methods) in described.body["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = path.replace("{case_id}", "261121-7k3q9xf");
            let said = answer(board.ask(method.clone(), &path).send().await.unwrap()).await;
            let rule = said.body["rule"].as_str().unwrap_or_default();
            assert!(!["known-path", "known-method"].contains(&rule), "{method} {path}: {said:?}");
            assert!(said.status.as_u16() < 500, "{method} {path}: {said:?}");
            asked.insert(path);
        }
    }
    assert!(asked.len() >= 5, "{asked:?}");
    let welcome = board.get("/").await;
    assert!(welcome.body.as_str().unwrap().contains("/openapi.json"), "{welcome:?}");
}
