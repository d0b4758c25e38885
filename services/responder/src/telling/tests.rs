//! A department's system on a real port, which is away while the responder is killed, and then does not take one order.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;
use webhook::{Guard, Secrets};

use super::*;
use crate::fixtures::{call, case, new, order, over, task};

const WAIT: Duration = Duration::from_secs(30);

#[derive(Default)]
struct System {
    is_back: AtomicBool,
    refuses_tasks: AtomicBool,
    tried: AtomicUsize,
    /// What it took: type, case and id.
    taken: Mutex<Vec<(String, String, String)>>,
}

impl System {
    fn of_case(&self, number: u64) -> Vec<String> {
        let name = case(number).to_string();
        let taken = self.taken.lock().unwrap();
        taken.iter().filter(|(_, case, _)| *case == name).map(|(kind, ..)| kind.clone()).collect()
    }
}

async fn take(State(system): State<Arc<System>>, body: Bytes) -> StatusCode {
    let event: Value = serde_json::from_slice(&body).unwrap();
    system.tried.fetch_add(1, Ordering::SeqCst);
    let text = |field: &str| event[field].as_str().unwrap().to_owned();
    let refuses = system.refuses_tasks.load(Ordering::SeqCst) && text("type") == "huying.order.task";
    if !system.is_back.load(Ordering::SeqCst) || refuses {
        return StatusCode::UNPROCESSABLE_ENTITY;
    }
    let mut taken = system.taken.lock().unwrap();
    let told = (text("type"), text("subject"), text("id"));
    // Taken, and the answer was lost with the process: a receiver knows it by its id.
    if !taken.contains(&told) {
        taken.push(told);
    }
    StatusCode::OK
}

async fn system() -> (Arc<System>, Target) {
    let system = Arc::new(System::default());
    let router = Router::new().route("/", post(take)).with_state(Arc::clone(&system));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Target::url(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    (system, Target::new(url, Secrets::of_lines("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()))
}

/// Tells until something is so; then everything is dropped as it is.
async fn told_until(store: &Store, target: &Target, what: &str, is_so: impl Fn() -> bool) {
    let poster = Poster::open(Guard::with(&["127.0.0.1/32".parse().unwrap()])).unwrap();
    let department = "wuchang-jsj".parse().unwrap();
    let telling = Telling { department, store: store.clone(), clock: Clock::real(), poster, target: target.clone() };
    let telling = telling.run(CancellationToken::new());
    let looking = async {
        let deadline = Instant::now() + WAIT;
        while !is_so() {
            assert!(Instant::now() < deadline, "still not: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        ended = telling => panic!("it ended by itself: {ended:?}"),
        () = looking => {}
    }
}

#[tokio::test]
async fn the_departments_system_is_told_once_and_in_order_whatever_happens_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("wuchang-jsj.sqlite");
    let store = Store::open(&file).unwrap();
    for (number, n, what) in [(1, "1-0", call(1)), (2, "1-0", call(1)), (1, "2-0", task(1, 1)), (1, "3-0", task(1, 2))]
    {
        store.take_order(new(&order(number, n, what))).await.unwrap();
    }
    let (system, target) = system().await;

    // It is away, and the responder is killed.
    told_until(&store, &target, "both are tried twice", || system.tried.load(Ordering::SeqCst) >= 4).await;
    assert_eq!(store.untold().await.unwrap().1.len(), 4, "all of it waits, on disk");
    let gone = store.ended();
    drop(store);
    gone.cancelled().await;
    let store = Store::open(&file).unwrap();

    // It is back, and does not take tasks: those of case 1 wait, and what comes after them.
    system.refuses_tasks.store(true, Ordering::SeqCst);
    system.is_back.store(true, Ordering::SeqCst);
    store.take_order(new(&order(1, "4-0", over(1)))).await.unwrap();
    store.take_order(new(&order(3, "1-0", call(1)))).await.unwrap();
    told_until(&store, &target, "others are told", || {
        system.of_case(3).len() == 1 && system.of_case(2).len() == 1 && system.of_case(1).len() == 1
    })
    .await;
    system.refuses_tasks.store(false, Ordering::SeqCst);
    told_until(&store, &target, "everything is told", || system.of_case(1).len() == 4).await;
    assert_eq!(system.of_case(1), ["huying.order.call", "huying.order.task", "huying.order.task", "huying.order.over"]);
    assert_eq!(system.taken.lock().unwrap().len(), 6);
}
