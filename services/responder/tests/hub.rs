//! One department against a real broker, each in its own account as in operation, with a hub that only listens.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chassis::{CancellationToken, Clock, Service, ServiceParts};
use futures::StreamExt;
use ids::{CaseId, Code};
use nkeys::KeyPair;
use prost::Message;
use proto::common::v1::Officer;
use proto::dispatch::v1::{
    Answer, AnswerAccepted, AnswerReply, CallOrder, Order, Respond, answer, answer_reply, order,
};
use proto::responder::v1::AnswerState;
use proto::streams::CALLS;
use proto::subjects::{AnswerSubject, OrderSubject};
use rand::SeedableRng;
use record::{Appender, Broker};
use responder::{Department, DepartmentConfig, Policy};
use tempfile::TempDir;
use testkit::Nats;
use tokio::sync::mpsc;

/// Longest wait for anything to arrive.
const WAIT: Duration = Duration::from_secs(30);

struct Installation {
    nats: Nats,
    hub: String,
    department: String,
    data: TempDir,
    /// Its tasks end with the test.
    service: Service,
}

fn code() -> Code {
    "wuchang-jsj".parse().unwrap()
}

/// What the hub grants a department, and nothing else (D5).
fn accounts(hub: &KeyPair, department: &KeyPair) -> String {
    let d = code();
    let services = [
        (format!("$JS.API.CONSUMER.MSG.NEXT.CALLS.{d}"), Some(format!("HUB.API.CONSUMER.MSG.NEXT.CALLS.{d}"))),
        (format!("$JS.API.CONSUMER.INFO.CALLS.{d}"), Some(format!("HUB.API.CONSUMER.INFO.CALLS.{d}"))),
        (format!("$JS.ACK.CALLS.{d}.>"), None),
        (format!("$JS.ACK.*.*.CALLS.{d}.>"), None),
        (AnswerSubject { department: d.clone() }.to_string(), None),
    ];
    let (mut exports, mut imports, mut publish) = (String::new(), String::new(), Vec::new());
    for (subject, here) in &services {
        let answers = if subject.contains("MSG.NEXT") { ", response_type: stream" } else { "" };
        exports += &format!("{{service: \"{subject}\"{answers}, accounts: [D]}}\n");
        let to = here.as_ref().map(|here| format!(", to: \"{here}\"")).unwrap_or_default();
        imports += &format!("{{service: {{account: HUB, subject: \"{subject}\"}}{to}}}\n");
        publish.push(format!("\"{}\"", here.as_ref().unwrap_or(subject)));
    }
    publish.push(format!("\"_INBOX_{d}.>\""));
    format!(
        "accounts {{
           HUB {{ jetstream: enabled, users: [{{nkey: {}}}], exports: [{exports}] }}
           D {{ users: [{{nkey: {}, permissions: {{publish: {{allow: [{}]}}, subscribe: {{allow: [\"_INBOX_{d}.>\"]}}}}}}],
                imports: [{imports}] }}
         }}",
        hub.public_key(),
        department.public_key(),
        publish.join(", "),
    )
}

impl Installation {
    fn start() -> Self {
        let (hub, department) = (KeyPair::new_user(), KeyPair::new_user());
        Self {
            nats: Nats::start_with(&accounts(&hub, &department)).unwrap(),
            hub: hub.seed().unwrap(),
            department: department.seed().unwrap(),
            data: tempfile::tempdir().unwrap(),
            service: Service::new("responder", ServiceParts { clock: Clock::real(), verifier: None }),
        }
    }

    fn station(&self, seed: &str) -> station::Config {
        station::Config {
            nats_url: self.nats.url(),
            nats_nkey_file: None,
            nats_nkey_seed: Some(seed.to_owned()),
            play: false,
            writer: None,
        }
    }

    async fn hub(&self) -> Broker {
        self.station(&self.hub).connect("hub").await.unwrap()
    }

    async fn department(&self, auto: Option<Policy>) -> Department {
        let station = self.station(&self.department);
        let config = DepartmentConfig { station, data_dir: self.data.path().to_owned(), auto };
        Department::open(code(), config, &self.service).await.unwrap()
    }
}

/// Takes every answer, and tells what came.
fn listen(hub: &Broker) -> mpsc::UnboundedReceiver<Answer> {
    let (tell, told) = mpsc::unbounded_channel();
    let revisions = Arc::new(Mutex::new(0));
    let hub = hub.clone();
    let serving = async move {
        hub.serve(
            AnswerSubject::ALL,
            "dispatch",
            CancellationToken::new(),
            |_, _| Vec::new(),
            move |request| {
                let _ = tell.send(Answer::decode(request.payload).unwrap());
                let mut revision = revisions.lock().unwrap();
                *revision += 1;
                let accepted = AnswerAccepted { revision: *revision, at: None, position: 40 };
                std::future::ready(AnswerReply { result: Some(answer_reply::Result::Ok(accepted)) }.encode_to_vec())
            },
        )
        .await
        .unwrap();
    };
    #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(serving);
    told
}

fn case(number: u64) -> CaseId {
    let mut random = rand::rngs::StdRng::seed_from_u64(number);
    CaseId::draw(jiff::civil::date(2026, 11, 21), &mut random)
}

async fn call(orders: &Appender, number: u64) {
    let subject = OrderSubject { department: code(), case: case(number), n: "3-0".to_owned() };
    let order = Order {
        district: "wuchang".to_owned(),
        case_id: case(number).to_string(),
        n: subject.n.clone(),
        at: None,
        order: Some(order::Order::Call(CallOrder { call: 1, ..CallOrder::default() })),
    };
    orders.append(subject.to_string(), order.encode_to_vec()).await.unwrap();
}

fn response(number: u64) -> Answer {
    let officer = Some(Officer { staff_ref: "w-017".to_owned(), post: "duty officer".to_owned() });
    Answer {
        district: "wuchang".to_owned(),
        case_id: case(number).to_string(),
        call: 1,
        command_id: format!("c-{number}"),
        answer: Some(answer::Answer::Respond(Respond { officer })),
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(WAIT, work).await.expect("it does not come")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_works_while_the_hub_is_away_and_catches_up() {
    let mut installation = Installation::start();
    installation.hub().await.provision(1, &[code()]).await.unwrap();
    installation.nats.kill();

    // It opens and takes an answer without a hub.
    let department = installation.department(None).await;
    let answering = department.answer(response(1));
    let (status, mut heard, orders) = within(Box::pin(async {
        let mut answering = std::pin::pin!(answering);
        tokio::select! {
            status = &mut answering => panic!("{status:?} without a hub"),
            () = async { while department.waiting_answers() == 0 { tokio::task::yield_now().await } } => {}
        }
        installation.nats.kill_and_restart().unwrap();
        let hub = installation.hub().await;
        let heard = listen(&hub);
        (answering.await.unwrap(), heard, Appender::start(&hub, CALLS).await.unwrap())
    }))
    .await;
    // Whether it was taken within the five seconds is the machine's affair; that it comes is ours.
    assert_ne!(status.state(), AnswerState::Refused);
    assert_eq!(within(heard.recv()).await.unwrap().command_id, "c-1");

    // Orders come, and one that nobody can read stops none.
    let mut received = std::pin::pin!(department.orders());
    call(&orders, 1).await;
    let poison = OrderSubject { department: code(), case: case(2), n: "1".to_owned() };
    orders.append(poison.to_string(), b"not an order".to_vec()).await.unwrap();
    call(&orders, 3).await;
    let mut cases =
        vec![within(received.next()).await.unwrap().case_id, within(received.next()).await.unwrap().case_id];
    cases.sort();
    let mut expected = [1, 3].map(|number| case(number).to_string());
    expected.sort();
    assert_eq!(cases, expected);

    // The broker goes and comes in the middle of the work.
    installation.nats.kill_and_restart().unwrap();
    let hub = installation.hub().await;
    call(&Appender::start(&hub, CALLS).await.unwrap(), 4).await;
    assert_eq!(within(received.next()).await.unwrap().case_id, case(4).to_string());
    department.answer(response(4)).await.unwrap();
    assert_eq!(within(heard.recv()).await.unwrap().command_id, "c-4");
    within(async {
        while department.waiting_answers() > 0 {
            tokio::task::yield_now().await
        }
    })
    .await;
    let mut states: Vec<String> = department.calls(true).await.unwrap().into_iter().map(|call| call.state).collect();
    states.sort();
    assert_eq!(states, ["called", "responded", "responded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prompt_policy_responds_reports_in_and_is_done_in_this_order() {
    let installation = Installation::start();
    let hub = installation.hub().await;
    hub.provision(1, &[code()]).await.unwrap();
    let mut heard = listen(&hub);
    let department = installation.department(Some(Policy::Prompt)).await;
    call(&Appender::start(&hub, CALLS).await.unwrap(), 1).await;

    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(match within(heard.recv()).await.unwrap().answer.unwrap() {
            answer::Answer::Respond(respond) => format!("responds: {}", respond.officer.unwrap().staff_ref),
            answer::Answer::ReportIn(report) => format!("reports in: {}", report.owns_matter),
            answer::Answer::Done(done) => format!("done: {:?}", done.outcome()),
            other @ (answer::Answer::Progress(_)
            | answer::Answer::TaskDone(_)
            | answer::Answer::Return(_)
            | answer::Answer::AnswerSupervision(_)
            | answer::Answer::RelatedCase(_)) => format!("{other:?}"),
        });
    }
    assert_eq!(said, ["responds: auto-1", "reports in: true", "done: Solved"]);
    within(async {
        while department.waiting_answers() > 0 {
            tokio::task::yield_now().await
        }
    })
    .await;
    assert_eq!(department.calls(false).await.unwrap()[0].state, "done");
}
