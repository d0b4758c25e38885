//! Many submissions at the same time, each sent until it is answered.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use chassis::{Clock, Issuer};
use huying::client::{authorised, intake};
use proto::common::v1::Place;
use proto::intake::v1::SubmitRequest;
use tokio::task::JoinSet;
use tonic::Code;

use crate::support::city::City;
use crate::support::installation::bridge;
use crate::support::{WAIT, submission};
use huying_tests::checker::Acknowledged;

/// Senders that work at the same time. Few, so that the kill finds most of the work undone.
const SENDERS: usize = 4;
const TRY_EVERY: Duration = Duration::from_millis(50);
/// Its work has a week: no deadline of it falls into the story.
const CATEGORY: &str = "courtyard-parking";
const PLACE: &str = "jiangan-yiyuan-tongxing-grid-1";

pub struct Burst {
    senders: JoinSet<()>,
    answered: Arc<(Mutex<Vec<Acknowledged>>, Condvar)>,
}

impl Burst {
    /// Begins to send to a process. `name` sets this burst apart from others.
    pub fn begin(city: &City, to: &str, name: &str, submissions: usize) -> Self {
        let issuer =
            Issuer::from_pem(&std::fs::read_to_string(city.data().path().join("identity/private.pem")).unwrap());
        let token = issuer.unwrap().issue(&bridge("jiangan-board"), Clock::real().real_now(), 4 * WAIT);
        let url = city.grpc(to);
        let waiting: Vec<SubmitRequest> = (0..submissions)
            .map(|number| SubmitRequest {
                place: Some(Place { party: PLACE.to_owned(), ..Place::default() }),
                category: CATEGORY.to_owned(),
                ..submission("jiangan", &format!("burst-{name}-{number}"), &format!("burst around {name}, {number}"))
            })
            .collect();
        let waiting = Arc::new(Mutex::new(waiting));
        let answered = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            let (waiting, answered) = (Arc::clone(&waiting), Arc::clone(&answered));
            let (url, token) = (url.clone(), token.clone());
            senders.spawn(async move {
                loop {
                    let Some(next) = waiting.lock().unwrap().pop() else { return };
                    let case = send(&url, &token, &next).await;
                    answered.0.lock().unwrap().push(Acknowledged { title: next.title, case });
                    answered.1.notify_all();
                }
            });
        }
        Self { senders, answered }
    }

    /// Blocks until so many have been answered.
    pub fn until_answered(&self, count: usize) {
        let (answered, changed) = &*self.answered;
        let waited = changed.wait_timeout_while(answered.lock().unwrap(), WAIT, |answered| answered.len() < count);
        assert!(!waited.unwrap().1.timed_out(), "not even {count} submissions are answered");
    }

    /// Waits for the rest, and says what all were answered.
    pub async fn finish(mut self) -> Vec<Acknowledged> {
        while let Some(sender) = self.senders.join_next().await {
            sender.unwrap();
        }
        std::mem::take(&mut *self.answered.0.lock().unwrap())
    }
}

/// Until it is answered.
async fn send(url: &str, token: &str, submission: &SubmitRequest) -> String {
    let begun = Instant::now();
    loop {
        if let Some(case) = attempt(url, token, submission).await {
            return case;
        }
        assert!(begun.elapsed() < WAIT, "a submission is not answered after {WAIT:?}");
        tokio::time::sleep(TRY_EVERY).await;
    }
}

/// One attempt: the case, or nothing if it has to be sent again.
async fn attempt(url: &str, token: &str, submission: &SubmitRequest) -> Option<String> {
    // Nobody listens there at the moment.
    let channel = authorised(url, token).await.ok()?;
    match intake(channel).submit(submission.clone()).await {
        Ok(answer) => Some(answer.into_inner().case_id),
        Err(status) => {
            let refused = [Code::InvalidArgument, Code::AlreadyExists, Code::PermissionDenied, Code::Unauthenticated];
            assert!(!refused.contains(&status.code()), "{status}");
            None
        }
    }
}
