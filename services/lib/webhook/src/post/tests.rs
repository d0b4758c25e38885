//! Receivers on real ports: one that listens, one that sends elsewhere, one that never stops, one that never answers.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response as Answer};
use axum::routing::post;

use super::*;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

type Heard = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

async fn receiver() -> (Heard, String) {
    let heard = Heard::default();
    let take = |State(heard): State<Heard>, headers: HeaderMap, body: Bytes| async move {
        heard.lock().unwrap().push((headers, body));
    };
    let elsewhere = || async { Answer::builder().status(307).header("location", "/").body(Body::empty()).unwrap() };
    let busy = || async { Answer::builder().status(429).header("retry-after", "7").body(Body::empty()).unwrap() };
    let endless = || async {
        let bytes = Bytes::from_static(&[b'x'; 65_536]);
        Body::from_stream(futures_of(bytes))
    };
    let router = Router::new()
        .route("/", post(take))
        .route("/elsewhere", post(elsewhere))
        .route("/busy", post(busy))
        .route("/endless", post(endless))
        .with_state(Arc::clone(&heard));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    (heard, base)
}

/// The same chunk for ever.
fn futures_of(bytes: Bytes) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> {
    futures::stream::repeat_with(move || Ok(bytes.clone()))
}

fn target(url: &str) -> Target {
    Target::new(Target::url(url).unwrap(), Secrets::of_lines(KEY).unwrap())
}

fn event() -> Event {
    Event::new(("id-1", "huying.webhook.test"), "/huying", "test", Timestamp::UNIX_EPOCH, serde_json::json!({}))
}

fn poster(listed: &[&str]) -> Poster {
    let listed: Vec<crate::IpNet> = listed.iter().map(|net| net.parse().unwrap()).collect();
    Poster::open(Guard::with(&listed)).unwrap()
}

#[tokio::test]
async fn it_is_signed_for_the_moment_and_nobody_is_led_elsewhere() {
    let (heard, base) = receiver().await;
    let poster = poster(&["127.0.0.1/32"]);
    let now: Timestamp = "2026-11-21T06:30:00Z".parse().unwrap();
    assert_eq!(poster.post(&target(&base), &event(), now).await, Attempt::Taken);
    let (headers, body) = heard.lock().unwrap()[0].clone();
    assert_eq!(headers["content-type"], CLOUD_EVENT);
    assert_eq!(
        (&headers["webhook-id"], &headers["webhook-timestamp"]),
        (&"id-1".parse().unwrap(), &"1795242600".parse().unwrap())
    );
    let signed = Secrets::of_lines(KEY).unwrap().sign("id-1", 1_795_242_600, &body);
    assert_eq!(headers["webhook-signature"], signed.as_str());

    let led = poster.post(&target(&format!("{base}/elsewhere")), &event(), now).await;
    assert!(matches!(&led, Attempt::Failed(why, None) if why.contains("redirects are not followed")), "{led:?}");
    assert_eq!(heard.lock().unwrap().len(), 1, "nothing went there");
    let busy = poster.post(&target(&format!("{base}/busy")), &event(), now).await;
    assert!(matches!(busy, Attempt::Failed(_, Some(after)) if after == Duration::from_secs(7)), "{busy:?}");
    // Would never end if the answer were read to its end.
    assert_eq!(poster.post(&target(&format!("{base}/endless")), &event(), now).await, Attempt::Taken);
}

#[tokio::test]
async fn nothing_is_sent_to_what_only_we_can_reach() {
    let (heard, base) = receiver().await;
    let port = base.rsplit(':').next().unwrap();
    let poster = poster(&[]);
    // A name is looked up before; figures in every form that means the same; in the clear to nobody who is not listed.
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"] {
        for scheme in ["http", "https"] {
            let attempt =
                poster.post(&target(&format!("{scheme}://{host}:{port}/")), &event(), Timestamp::UNIX_EPOCH).await;
            let why = attempt.error().unwrap();
            assert!(why.contains("where nothing is sent to"), "{scheme}://{host}: {why}");
        }
    }
    let clear = poster.post(&target("http://1.1.1.1/"), &event(), Timestamp::UNIX_EPOCH).await;
    assert!(clear.error().unwrap().contains("without https"), "{clear:?}");
    assert!(heard.lock().unwrap().is_empty());
}

#[test]
fn only_what_can_change_is_tried_again() {
    for (status, again) in [
        (408, true),
        (425, true),
        (429, true),
        (500, true),
        (503, true),
        (301, true),
        (400, false),
        (404, false),
        (410, false),
    ] {
        let judged = judge(StatusCode::from_u16(status).unwrap(), None);
        assert_eq!(matches!(judged, Attempt::Failed(..)), again, "{status}");
        assert_eq!(matches!(judged, Attempt::Refused(_)), !again, "{status}");
    }
    assert_eq!(judge(StatusCode::ACCEPTED, None), Attempt::Taken);
}

#[test]
fn an_address_is_shown_without_what_opens_it() {
    let target = target("https://user:secret@board.example:8443/hooks?key=hidden");
    assert_eq!(target.shown(), "https://board.example:8443/hooks");
    assert_eq!(Target::url("ftp://example.org").unwrap_err(), BadAddress::Scheme);
    assert!(Target::url("example.org").is_err());
}
