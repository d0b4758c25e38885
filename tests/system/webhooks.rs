//! Bridges are told by webhook: every event once by its id, of each case in order, whatever the receiver does meanwhile and
//! though whoever tells is killed; signed so that a library of others verifies it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use chassis::{Clock, Identity};
use huying::client::{Authorised, authorised};
use huying::data::DataFolder;
use huying::endpoints::Endpoints;
use proto::dispatch::v1::ResolveRequest;
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use serde_json::{Value, json};

use crate::support::installation::{acting, bridge, operator};
use crate::support::program::{Program, huying, huying_ok, was_killed};
use crate::support::{LOOK_EVERY, WAIT, python, submission, until};

const DISTRICT: &str = "heping";
const BRIDGE: &str = "heping-board";
const INSIDE: &str = "heping-weilinli";
/// Longest wait for anything here: another process takes over after 10 s, a silent receiver is given up after as long, and what is
/// refused after five tries.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits, in a thread that may be blocked.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// What a receiver does with the events of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Takes,
    LeadsElsewhereOnce,
    IsSilentOnce,
    RefusesAssigned,
}

#[derive(Default)]
struct Receiver {
    is_back: AtomicBool,
    manners: Mutex<HashMap<String, Manner>>,
    /// Everything that came, and what was answered.
    heard: Mutex<Vec<Heard>>,
    elsewhere: AtomicUsize,
}

#[derive(Clone, Debug)]
struct Heard {
    headers: HeaderMap,
    body: String,
    event: Value,
    taken: bool,
}

impl Heard {
    fn case_id(&self) -> &str {
        self.event["subject"].as_str().unwrap()
    }

    fn id(&self) -> &str {
        self.event["id"].as_str().unwrap()
    }

    fn kind(&self) -> &str {
        self.event["type"].as_str().unwrap()
    }
}

impl Receiver {
    fn manner(&self, case_id: &str, manner: Manner) -> Manner {
        self.manners.lock().unwrap().insert(case_id.to_owned(), manner).unwrap_or(Manner::Takes)
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The types of what was taken of a case, in order.
    fn taken_of(&self, case_id: &str) -> Vec<String> {
        let heard = self.heard();
        let of_case = heard.iter().filter(|it| it.taken && it.case_id() == case_id);
        of_case.map(|it| it.kind().strip_prefix("huying.case.").unwrap().to_owned()).collect()
    }
}

async fn take(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let event: Value = serde_json::from_str(&body).unwrap();
    let case_id = event["subject"].as_str().unwrap().to_owned();
    let manner = receiver.manners.lock().unwrap().get(&case_id).copied().unwrap_or(Manner::Takes);
    let heard = |taken| receiver.heard.lock().unwrap().push(Heard { headers, body, event: event.clone(), taken });
    if !receiver.is_back.load(Ordering::SeqCst) {
        heard(false);
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match manner {
        Manner::LeadsElsewhereOnce => {
            heard(false);
            receiver.manner(&case_id, Manner::Takes);
            (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response()
        }
        Manner::IsSilentOnce => {
            heard(false);
            receiver.manner(&case_id, Manner::Takes);
            std::future::pending().await
        }
        Manner::RefusesAssigned if event["type"] == "huying.case.Assigned" => {
            heard(false);
            StatusCode::UNPROCESSABLE_ENTITY.into_response()
        }
        Manner::Takes | Manner::RefusesAssigned => {
            heard(true);
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

async fn elsewhere(State(receiver): State<Arc<Receiver>>) {
    receiver.elsewhere.fetch_add(1, Ordering::SeqCst);
}

/// An installation of its own, that can be killed.
struct Up {
    program: Program,
    data: String,
    endpoints: Endpoints,
}

impl Up {
    fn start(folder: &Path) -> Self {
        let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let (data, settings) = (path("data"), path("webhooks.yaml"));
        let args = ["up", "--ports", "auto", "--charter", DISTRICT, "--data", &data, "--webhooks-file", &settings];
        let args: Vec<String> = args.iter().chain(&["--egress-allow", "127.0.0.1"]).map(ToString::to_string).collect();
        // That of a process that was killed says where it was.
        let _none = std::fs::remove_file(folder.join("data/endpoints.json"));
        let program = Program::start("huying up", "huying", &args, &folder.join("log"));
        let endpoints = wait_for("it says where it is", || Endpoints::of(&DataFolder::new(&data)).ok());
        Self { program, data, endpoints }
    }

    async fn channel(&self, identity: &Identity) -> Authorised {
        let token = DataFolder::new(&self.data).issuer().unwrap().issue(identity, Clock::real().real_now(), WAIT * 20);
        authorised(&self.endpoints.grpc, &token).await.unwrap()
    }

    /// What `huying webhook list` says of the bridge.
    fn listed(&self) -> Value {
        let listed = huying_ok(&["webhook", "list", BRIDGE, "--json", "--data", &self.data]);
        serde_json::from_str::<Value>(&listed).unwrap()[0].clone()
    }

    async fn submit(&self, reference: &str) -> String {
        let mut intake = huying::client::intake(self.channel(&bridge(BRIDGE)).await);
        let submitted = intake.submit(submission(DISTRICT, reference, "小院停车")).await.unwrap();
        submitted.into_inner().case_id
    }

    /// Whoever has a case solves it.
    async fn resolve(&self, case_id: &str) {
        let owner = until("it has somebody", async || {
            let request = proto::casebook::v1::GetRequest {
                district: DISTRICT.to_owned(),
                case_id: case_id.to_owned(),
                freshness: Some(huying::client::CURRENT),
            };
            let mut casebook = huying::client::casebook(self.channel(&operator()).await);
            let case = casebook.get(request).await.unwrap().into_inner().case.unwrap();
            Some(case.summary.unwrap().owner).filter(|owner| !owner.is_empty())
        })
        .await;
        let resolve = ResolveRequest {
            district: DISTRICT.to_owned(),
            case_id: case_id.to_owned(),
            outcome: proto::common::v1::Outcome::Solved.into(),
            summary: "车已清走".to_owned(),
            evidence: vec!["sha256:77d6".to_owned()],
            ..ResolveRequest::default()
        };
        DispatchServiceClient::new(self.channel(&acting("street", &owner)).await).resolve(resolve).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_is_told_everything_once_and_in_order_whatever_its_receiver_does() {
    let receiver = Arc::new(Receiver::default());
    let router = Router::new().route("/huying", post(take)).route("/elsewhere", post(elsewhere));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/huying", listener.local_addr().unwrap());
    let router = router.with_state(Arc::clone(&receiver));
    #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    let folder = tempfile::tempdir().unwrap();
    let secret = || huying_ok(&["webhook", "secret"]).trim().to_owned();
    let (new, old) = (secret(), secret());
    let settings = format!(
        "bridges:\n  {BRIDGE}:\n    url: {url}\n    secrets: [{new}, {old}]\n  {INSIDE}:\n    \
         url: https://169.254.169.254/latest\n    secrets: [{new}]\n"
    );
    std::fs::write(folder.path().join("webhooks.yaml"), settings).unwrap();
    let up = Up::start(folder.path());
    let await_one = |up: &Up, what: &str, look: &dyn Fn(&Value) -> bool| -> Value {
        wait_for(what, || Some(up.listed()).filter(|listed| look(listed)))
    };

    // From now on it is told.
    await_one(&up, "somebody tells", &|listed| listed["from"].is_string());
    let tested = huying(&["webhook", "test", INSIDE, "--data", &up.data]);
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.code() == Some(1) && said.contains("where nothing is sent to"), "{said}");
    let away = huying(&["webhook", "test", BRIDGE, "--data", &up.data]);
    assert!(String::from_utf8_lossy(&away.stdout).contains("503"), "{away:?}");

    // Its receiver is away, and whoever tells is killed meanwhile.
    let mut cases = Vec::new();
    for number in 1..=4 {
        cases.push(up.submit(&format!("w-{number}")).await);
    }
    await_one(&up, "all wait", &|listed| listed["waiting"].as_array().is_some_and(|waiting| waiting.len() == 4));
    let Up { program, .. } = up;
    assert!(was_killed(program.kill()));
    let up = Up::start(folder.path());
    let [good, led, silent, refusing] = [&cases[0], &cases[1], &cases[2], &cases[3]];
    receiver.manner(led, Manner::LeadsElsewhereOnce);
    receiver.manner(silent, Manner::IsSilentOnce);
    receiver.manner(refusing, Manner::RefusesAssigned);
    receiver.is_back.store(true, Ordering::SeqCst);
    up.resolve(good).await;
    let told = |case_id: &str| receiver.taken_of(case_id);
    let is_told = |case_id: &str, event: &str| {
        wait_for(&format!("{event} of {case_id} is told"), || told(case_id).contains(&event.to_owned()).then_some(()));
    };
    is_told(good, "Resolved");
    is_told(led, "Assigned");
    is_told(silent, "Assigned");
    assert_eq!(receiver.elsewhere.load(Ordering::SeqCst), 0, "nobody is led elsewhere");

    // One event is refused for good: it is given up, and what comes after it is told.
    assert_eq!(told(refusing), ["Received"]);
    up.resolve(refusing).await;
    let given_up = await_one(&up, "it is given up", &|listed| listed["dead"].is_array())["dead"][0].clone();
    assert_eq!((&given_up["type"], &given_up["case_id"]), (&json!("huying.case.Assigned"), &json!(refusing)));
    assert!(given_up["error"].as_str().unwrap().contains("422"), "{given_up}");
    is_told(refusing, "Resolved");
    assert_eq!(told(refusing), ["Received", "Resolved"]);
    receiver.manner(refusing, Manner::Takes);
    let id = given_up["webhook_id"].as_str().unwrap();
    huying_ok(&["webhook", "replay", BRIDGE, id, "--data", &up.data]);
    is_told(refusing, "Assigned");
    await_one(&up, "nothing is left", &|listed| listed["dead"].is_null() && listed["waiting"].is_null());

    once_in_order(&receiver);
    verified_by_others(&receiver, &[&new, &old]).await;

    // Asked for again, everything comes again, under the ids it had.
    let before = receiver.heard().len();
    huying_ok(&["webhook", "replay", BRIDGE, "--from", "2026-01-01T00:00:00Z", "--data", &up.data]);
    let again = wait_for("everything comes again", || {
        let again: Vec<Heard> = receiver.heard().split_off(before);
        Some(again).filter(|again| again.iter().filter(|it| it.kind().ends_with("Resolved")).count() == 2)
    });
    let known: Vec<String> = receiver.heard()[..before].iter().map(|it| it.id().to_owned()).collect();
    assert!(again.iter().all(|it| known.iter().any(|id| id == it.id())), "{again:?}");
    assert!(up.program.stop().success());
}

/// No event twice, and none of a case before the one before it was taken; but for the one that was given up.
fn once_in_order(receiver: &Receiver) {
    let heard: Vec<Heard> = receiver.heard().into_iter().filter(|it| it.kind() != "huying.webhook.test").collect();
    let mut taken: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut ids = Vec::new();
    for it in heard.iter().filter(|it| it.taken) {
        assert!(!ids.contains(&it.id()), "twice: {it:?}");
        ids.push(it.id());
        let position = it.event["data"]["position"].as_str().unwrap().parse().unwrap();
        taken.entry(it.case_id().to_owned()).or_default().push(position);
    }
    assert_eq!(taken.len(), 4);
    for (case_id, positions) in taken {
        let mut sorted = positions.clone();
        sorted.sort_unstable();
        let is_refusing = receiver.taken_of(&case_id) == ["Received", "Resolved", "Assigned"];
        assert!(positions == sorted || is_refusing, "{case_id}: {positions:?}");
    }
    for it in &heard {
        assert_eq!(it.headers["webhook-id"], it.id());
        let first = heard.iter().find(|other| other.id() == it.id()).unwrap();
        assert_eq!(first.body, it.body, "a repeat is the same bytes");
    }
}

async fn verified_by_others(receiver: &Receiver, secrets: &[&str]) {
    let heard = receiver.heard();
    let input = heard.iter().flat_map(|it| {
        let header = |name: &str| it.headers[name].to_str().unwrap().to_owned();
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let headers: BTreeMap<&str, String> = names.iter().map(|name| (*name, header(name))).collect();
        let body = it.body.clone();
        secrets.iter().map(move |secret| json!({ "secret": secret, "headers": headers, "body": body }))
    });
    let payloads = python::run("webhooks.py", &[], &Value::Array(input.collect())).await;
    let payloads = payloads.as_array().unwrap();
    assert_eq!(payloads.len(), heard.len() * secrets.len());
    assert_eq!(payloads[0], heard[0].event);
}
