//! Requests from outside: whoever was heard gets an answer.

use std::time::Duration;

use futures::future::join_all;
use record::{IN_HAND, IncomingRequest, Unhandled};
use tokio_util::sync::CancellationToken;

use crate::world::{WAIT, World, eventually, soon};

const SUBJECT: &str = "ans.*.call";
const GREETING: &[u8] = b"is anybody there?";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_in_hand_is_answered_after_the_stop() {
    let world = World::new().await;
    let (stop, release) = (CancellationToken::new(), CancellationToken::new());
    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let (broker, stopping, released) = (world.another().await, stop.clone(), release.clone());
    let serving = world.tasks.spawn(async move {
        let handler = move |request: IncomingRequest| {
            let (arrived, released) = (arrived.clone(), released.clone());
            async move {
                if request.payload != GREETING {
                    arrived.send(()).unwrap();
                    released.cancelled().await;
                }
                [b"answer to ".as_slice(), &request.payload].concat()
            }
        };
        broker.serve(SUBJECT, "dispatch", stopping, instead, handler).await
    });
    let requester = world.broker.requester();
    let ask = |payload: Vec<u8>| requester.request("ans.wuchang-jsj.call".to_owned(), payload, WAIT);
    eventually("somebody listens", async || ask(GREETING.to_vec()).await.ok()).await;

    let stop_in_the_middle = async {
        for _ in 0..200 {
            arrivals.recv().await.unwrap();
        }
        stop.cancel();
        release.cancel();
    };
    let asking = join_all((0..200).map(|n| ask(vec![n])));
    let (answers, ()) = soon("every answer", async { tokio::join!(asking, stop_in_the_middle) }).await;

    for (n, answer) in (0..200u8).zip(answers) {
        assert_eq!(answer.unwrap(), [b"answer to ".as_slice(), &[n]].concat());
    }
    soon("the end", serving).await.unwrap().unwrap();
}

fn instead(request: &IncomingRequest, why: Unhandled) -> Vec<u8> {
    let begin = match why {
        Unhandled::Panicked => b"no answer to ".as_slice(),
        Unhandled::Overloaded => b"later: ".as_slice(),
    };
    [begin, &request.payload].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_more_than_their_share_is_told_at_once_to_come_again_and_others_are_served_meanwhile() {
    let world = World::new().await;
    let (stop, release) = (CancellationToken::new(), CancellationToken::new());
    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let (broker, stopping, released) = (world.another().await, stop.clone(), release.clone());
    let serving = world.tasks.spawn(async move {
        let handler = move |request: IncomingRequest| {
            let (arrived, released) = (arrived.clone(), released.clone());
            async move {
                if request.payload == b"much"[..] {
                    arrived.send(()).unwrap();
                    released.cancelled().await;
                }
                request.payload.to_vec()
            }
        };
        broker.serve(SUBJECT, "dispatch", stopping, instead, handler).await
    });
    let requester = world.broker.requester();
    let ask = |who: &str, payload: &[u8]| requester.request(format!("ans.{who}.call"), payload.to_vec(), WAIT);
    eventually("somebody listens", async || ask("wuchang-jsj", GREETING).await.ok()).await;

    let flooded = async {
        for _ in 0..IN_HAND.of_one_max {
            arrivals.recv().await.unwrap();
        }
        let refused = ask("wuchang-jsj", b"one more").await;
        let neighbour = ask("wuchang-water", b"mine").await;
        release.cancel();
        (refused, neighbour)
    };
    let asking = join_all((0..IN_HAND.of_one_max).map(|_| ask("wuchang-jsj", b"much")));
    let (answers, (refused, neighbour)) = soon("every answer", async { tokio::join!(asking, flooded) }).await;
    assert_eq!(refused.unwrap(), &b"later: one more"[..]);
    assert_eq!(neighbour.unwrap(), &b"mine"[..], "it waited for nobody's flood");
    assert!(answers.into_iter().all(|answer| answer.is_ok_and(|answer| answer == b"much"[..])));
    assert_eq!(ask("wuchang-jsj", b"one more").await.unwrap(), &b"one more"[..], "there is room again");
    stop.cancel();
    soon("the end", serving).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_its_handler_dies_of_is_answered_and_so_is_the_next() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let (broker, stopping) = (world.another().await, stop.clone());
    let serving = world.tasks.spawn(async move {
        let handler = |request: IncomingRequest| async move {
            assert_ne!(request.payload, &b"poison"[..], "an invariant broke");
            request.payload.to_vec()
        };
        broker.serve(SUBJECT, "dispatch", stopping, instead, handler).await
    });
    let requester = world.broker.requester();
    let ask = |payload: &[u8]| requester.request("ans.wuchang-jsj.call".to_owned(), payload.to_vec(), WAIT);
    eventually("somebody listens", async || ask(GREETING).await.ok()).await;
    assert_eq!(ask(b"poison").await.unwrap(), &b"no answer to poison"[..]);
    assert_eq!(ask(GREETING).await.unwrap(), GREETING);
    stop.cancel();
    soon("the end", serving).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_nobody_hears_is_an_error_in_time() {
    let mut world = World::new().await;
    let requester = world.broker.requester();
    let large = requester.request("ans.wuchang-jsj.call".to_owned(), vec![0; 8 * 1024 * 1024], WAIT).await;
    assert!(large.is_err_and(|error| !error.is_transient()), "it is as large the next time");
    let unheard = requester.request("ans.wuchang-jsj.call".to_owned(), Vec::new(), WAIT).await;
    assert!(unheard.is_err_and(|error| error.is_transient()));

    world.nats.kill();
    eventually("the connection breaks", async || (!world.broker.is_connected()).then_some(())).await;
    let wait = Duration::from_millis(200);
    let late = soon("an answer", requester.request("ans.wuchang-jsj.call".to_owned(), Vec::new(), wait)).await;
    assert!(late.is_err_and(|error| error.is_transient()));
}
