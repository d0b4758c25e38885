use std::collections::VecDeque;
use std::path::Path;

use prost::Message;
use proto::common::v1::Refusal;
use proto::dispatch::v1::{Answer, AnswerAccepted, AnswerReply, answer_reply};
use proto::responder::v1::AnswerState;

use super::*;
use crate::fixtures::{answer, done, read, respond};

/// A hub that says what it is told to, in turn, and then accepts everything.
#[derive(Clone, Default)]
struct Hub {
    says: Arc<Mutex<VecDeque<Option<Vec<u8>>>>>,
    /// Command ids in the order in which they came.
    heard: Arc<Mutex<Vec<String>>>,
}

impl Hub {
    fn saying(says: impl IntoIterator<Item = Option<Vec<u8>>>) -> Self {
        Self { says: Arc::new(Mutex::new(says.into_iter().collect())), ..Self::default() }
    }

    fn hear(&self, payload: &[u8]) -> Option<Vec<u8>> {
        let mut heard = self.heard.lock().unwrap();
        heard.push(Answer::decode(payload).unwrap().command_id);
        let accepted = AnswerAccepted { revision: heard.len() as u64, at: None, position: 40 };
        self.says.lock().unwrap().pop_front().unwrap_or_else(|| reply(answer_reply::Result::Ok(accepted)))
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn reply(result: answer_reply::Result) -> Option<Vec<u8>> {
    Some(AnswerReply { result: Some(result) }.encode_to_vec())
}

fn refusal(code: &str) -> Option<Vec<u8>> {
    reply(answer_reply::Result::Refusal(Refusal { code: code.to_owned(), ..Refusal::default() }))
}

async fn open(directory: &Path) -> Outbox {
    let store = Store::open(&directory.join("wuchang-jsj.sqlite")).unwrap();
    Outbox::open("wuchang-jsj".parse().unwrap(), store, Clock::real()).await.unwrap()
}

/// Runs an outbox against a hub as long as `work` takes.
async fn with_hub<T>(outbox: &Outbox, hub: &Hub, work: impl Future<Output = T>) -> T {
    let stop = CancellationToken::new();
    let work = async {
        let result = work.await;
        stop.cancel();
        result
    };
    let (ran, result) = tokio::join!(outbox.run(|payload| std::future::ready(hub.hear(&payload)), stop.clone()), work);
    ran.unwrap();
    outbox.end().await;
    result
}

#[tokio::test]
async fn an_answer_is_accepted_and_the_same_command_again_gets_the_same_revision() {
    let directory = tempfile::tempdir().unwrap();
    let (outbox, hub) = (open(directory.path()).await, Hub::default());
    with_hub(&outbox, &hub, async {
        let first = outbox.answer(read(answer(1, "c-1", respond()))).await.unwrap();
        assert_eq!((first.state(), first.revision), (AnswerState::Accepted, 1));
        assert_eq!(outbox.answer(read(answer(1, "c-1", respond()))).await, Ok(first));
        assert_eq!(outbox.answer(read(answer(1, "c-1", done()))).await, Err(AnswerError::AnotherAnswer));
    })
    .await;
    assert_eq!(hub.heard(), ["c-1"]);
    assert_eq!(outbox.waiting(), 0);
}

#[tokio::test]
async fn a_busy_or_silent_hub_is_asked_again_and_a_refusal_is_final() {
    let directory = tempfile::tempdir().unwrap();
    let outbox = open(directory.path()).await;
    let hub = Hub::saying([None, refusal("UNAVAILABLE"), refusal("ABORTED"), refusal("FAILED_PRECONDITION")]);
    let status = with_hub(&outbox, &hub, outbox.answer(read(answer(1, "c-1", respond())))).await.unwrap();
    assert_eq!(status.state(), AnswerState::Refused);
    assert_eq!(status.refusal.unwrap().code, "FAILED_PRECONDITION");
    assert_eq!(hub.heard(), ["c-1"; 4]);
    assert_eq!(outbox.waiting(), 0);
}

#[tokio::test]
async fn without_a_hub_an_answer_is_kept_and_sent_when_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let outbox = open(directory.path()).await;
    // The service stops before the hub has come back: whoever waits is told what is true.
    let (kept, ()) = tokio::join!(outbox.answer(read(answer(1, "c-1", respond()))), async {
        while outbox.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        outbox.end().await;
    });
    assert_eq!(kept.unwrap().state(), AnswerState::Kept);
    let gone = outbox.store.ended();
    drop(outbox);
    gone.cancelled().await;

    let (outbox, hub) = (open(directory.path()).await, Hub::default());
    assert_eq!(outbox.waiting(), 1);
    let status = with_hub(&outbox, &hub, outbox.answer(read(answer(1, "c-1", respond())))).await.unwrap();
    assert_eq!((status.state(), status.revision), (AnswerState::Accepted, 1));
    assert_eq!(hub.heard(), ["c-1"], "sent once, although it was given twice");
}

#[tokio::test]
async fn an_answer_is_sent_even_if_whoever_gave_it_goes_away() {
    let directory = tempfile::tempdir().unwrap();
    let (outbox, hub) = (open(directory.path()).await, Hub::default());
    {
        let mut asking = std::pin::pin!(outbox.answer(read(answer(1, "c-1", respond()))));
        // Asked, and gone before anything is on disk.
        assert!(futures::poll!(&mut asking).is_pending());
    }
    with_hub(&outbox, &hub, async {
        outbox.answer(read(answer(1, "c-2", done()))).await.unwrap();
    })
    .await;
    assert_eq!(hub.heard(), ["c-1", "c-2"]);
}

#[tokio::test]
async fn a_refusal_is_seen_by_whoever_waited_for_it_and_by_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let outbox = open(directory.path()).await;
    let hub = Hub::saying([refusal("FAILED_PRECONDITION"), refusal("FAILED_PRECONDITION")]);
    {
        let mut asking = std::pin::pin!(outbox.answer(read(answer(1, "gone", respond()))));
        while outbox.waiting() == 0 {
            assert!(futures::poll!(&mut asking).is_pending());
            tokio::task::yield_now().await;
        }
    }
    let told = with_hub(&outbox, &hub, outbox.answer(read(answer(1, "waits", done())))).await.unwrap();
    assert_eq!(told.state(), AnswerState::Refused);
    let unseen = outbox.store.refused_after(0).await.unwrap();
    let unseen: Vec<String> = unseen.into_iter().map(|(_, refused)| refused.answer.unwrap().command_id).collect();
    assert_eq!(unseen, ["gone"]);
}
