//! A receiver on a real port, which takes what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use webhook::Secrets;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What it got, and what it will answer; when that is used up, 200.
#[derive(Default)]
struct Receiver {
    posts: Mutex<Vec<(HeaderMap, Bytes)>>,
    answers: Mutex<VecDeque<u16>>,
}

impl Receiver {
    /// A receiver, and a courier that goes to it.
    async fn open(answers: &[u16]) -> (Arc<Self>, Courier) {
        let receiver = Arc::new(Self { answers: Mutex::new(answers.iter().copied().collect()), ..Self::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let courier = courier_to(&format!("http://{}/huying", listener.local_addr().unwrap()));
        let router = Router::new().route("/huying", post(take)).with_state(Arc::clone(&receiver));
        #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, courier)
    }

    fn header(&self, name: &str) -> Vec<String> {
        let posts = self.posts.lock().unwrap();
        posts.iter().map(|(headers, _)| headers[name].to_str().unwrap().to_owned()).collect()
    }
}

fn courier_to(url: &str) -> Courier {
    let target = Target::new(Target::url(url).unwrap(), Secrets::of_lines(SECRET).unwrap());
    let poster = Poster::open(Guard::with(&["127.0.0.1/32".parse().unwrap()])).unwrap();
    Courier::new(Some(target), Ways::default(), Some(poster), Clock::real())
}

async fn take(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    receiver.posts.lock().unwrap().push((headers, body));
    let answer = receiver.answers.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(answer).unwrap()
}

pub fn message(recipient: &str) -> Message {
    let about: CommitSubject = "case.wuchang.261121-7k3q9xf.dispatch.4".parse().unwrap();
    Message {
        delivery_id: delivery_id(&about, 1, "called", recipient),
        text: "called".to_owned(),
        recipient: recipient.to_owned(),
        case_id: "261121-7k3q9xf".to_owned(),
        district: "wuchang".parse().unwrap(),
        rendered: "积玉桥街道呼叫".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        urgency: None,
        way: Way::Otherwise,
    }
}

#[tokio::test]
async fn a_receiver_that_was_down_gets_the_same_delivery_again_signed() {
    let (receiver, courier) = Receiver::open(&[500]).await;
    let first = courier.carry(vec![message("wuchang-jsj")], 1).await;
    assert!(first.ended.is_empty() && first.failed.len() == 1, "{first:?}");
    let second = courier.carry(vec![message("wuchang-jsj")], 2).await.ended;

    let id = message("wuchang-jsj").delivery_id;
    assert!(matches!(&second[..], [Event::Sent(delivery)] if delivery.id == id && delivery.recipient == "wuchang-jsj"));
    assert_eq!(receiver.header("webhook-id"), [id.as_str(), id.as_str()]);

    let posts = receiver.posts.lock().unwrap();
    assert_eq!(posts[0].1, posts[1].1, "a repeat is the same bytes");
    let body: serde_json::Value = serde_json::from_slice(&posts[1].1).unwrap();
    assert_eq!(
        body["data"],
        serde_json::json!({
            "delivery_id": id,
            "text": "called",
            "recipient": "wuchang-jsj",
            "case_id": "261121-7k3q9xf",
            "district": "wuchang",
            "rendered": "积玉桥街道呼叫",
            "at": "1970-01-01T00:00:00Z",
        })
    );
    assert_eq!((&body["id"], &body["type"]), (&id.as_str().into(), &"huying.message.called".into()));
    let timestamp_s = posts[1].0["webhook-timestamp"].to_str().unwrap().parse().unwrap();
    let signed = Secrets::of_lines(SECRET).unwrap().sign(&id, timestamp_s, &posts[1].1);
    assert_eq!(posts[1].0["webhook-signature"], signed.as_str());
}

#[tokio::test]
async fn what_will_never_be_taken_is_not_tried_again() {
    let (receiver, courier) = Receiver::open(&[410]).await;
    let ended = courier.carry(vec![message("wuchang-jsj")], 1).await.ended;
    assert!(
        matches!(&ended[..], [Event::Undeliverable { error, attempts: 1, .. }] if error.contains("410")),
        "{ended:?}"
    );
    assert_eq!(receiver.posts.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn one_that_is_not_taken_holds_up_no_other() {
    let (receiver, courier) = Receiver::open(&[503]).await;
    let first = courier.carry(vec![message("wuchang-jsj")], 1).await;
    assert!(first.failed[0].1.contains("503"), "{first:?}");
    receiver.answers.lock().unwrap().extend([200, 503, 200]);
    let three = ["wuchang-jtdd", "wuchang-jsj", "wuchang-cgw"].map(message);
    // One after the other, so that the receiver's answers are theirs.
    let mut ended = Vec::new();
    let mut failed = Vec::new();
    for message in three {
        let carried = courier.carry(vec![message], 2).await;
        ended.extend(carried.ended.iter().map(|event| event.delivery().recipient.clone()));
        failed.extend(carried.failed.into_iter().map(|(message, _)| message.recipient));
    }
    assert_eq!(
        (ended.as_slice(), failed.as_slice()),
        (&["wuchang-jtdd".to_owned(), "wuchang-cgw".to_owned()][..], &["wuchang-jsj".to_owned()][..])
    );
}

#[tokio::test]
async fn nobody_listening_is_no_reason_to_give_up_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let courier = courier_to(&format!("http://{}/", listener.local_addr().unwrap()));
    drop(listener);
    let carried = courier.carry(vec![message("wuchang-jsj")], 1).await;
    assert!(carried.ended.is_empty() && carried.failed.len() == 1, "{carried:?}");
}

#[test]
fn a_delivery_id_depends_on_what_is_told_to_whom() {
    let about: CommitSubject = "case.wuchang.261121-7k3q9xf.dispatch.4".parse().unwrap();
    let id = delivery_id(&about, 1, "called", "wuchang-jsj");
    // printf 'case.wuchang.261121-7k3q9xf.dispatch.4|1|called|wuchang-jsj' | sha256sum | cut -c-32
    assert_eq!(id, "927e738bb9cae03887d0b0a23f5d09f3");
    assert_ne!(id, delivery_id(&about, 2, "called", "wuchang-jsj"));
    assert_ne!(id, delivery_id(&about, 1, "called", "wuchang-jtdd"));
}

#[test]
fn red_goes_first_and_what_has_no_colour_last() {
    let coloured = |colour: Option<&'static str>| Message {
        urgency: colour.map(|colour| Urgency { colour, means: vec!["sms"] }),
        ..message("wuchang-centre/district-leader")
    };
    let mut queue = [None, Some("blue"), Some("red"), Some("yellow")].map(coloured);
    queue.sort_by_key(Message::rank);
    let order: Vec<_> = queue.iter().map(|message| message.urgency.as_ref().map(|urgency| urgency.colour)).collect();
    assert_eq!(order, [Some("red"), Some("yellow"), Some("blue"), None]);
    assert!(queue[0].is_red() && !queue[1].is_red());
}
