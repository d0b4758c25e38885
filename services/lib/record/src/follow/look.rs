//! How a consumer stands, said while it is followed.

use std::convert::Infallible;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Follower;

/// How often the broker is asked how a consumer stands: one that somebody has paused is as silent as one that is done.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Follower {
    /// Says how far behind the consumer is, and when somebody has paused it or lets it go on: whoever did may have
    /// forgotten, and until the pause is over nothing is followed.
    pub(super) async fn look_after(&self, found: &CancellationToken) -> Infallible {
        found.cancelled().await;
        let behind = metrics::gauge!("record_consumer_behind", "consumer" => self.consumer.clone());
        let paused = metrics::gauge!("record_consumer_paused", "consumer" => self.consumer.clone());
        let mut was_paused = false;
        loop {
            // A broker that is away is said by whoever pulls.
            if let Ok(consumer) = self.consumer(self.stream).await {
                let info = consumer.cached_info();
                #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
                behind.set(info.num_pending as f64 + info.num_ack_pending as f64);
                paused.set(if info.paused { 1.0 } else { 0.0 });
                let (consumer, stream) = (&self.consumer, self.stream);
                match (was_paused, info.paused) {
                    (false, true) => {
                        let left = info.pause_remaining.map(|left| format!("{}s", left.as_secs()));
                        tracing::warn!(
                            consumer,
                            stream,
                            left,
                            waiting = info.num_pending,
                            "somebody has paused this consumer: nothing is followed until that is over; `nats consumer resume` ends it"
                        );
                    }
                    (true, false) => tracing::info!(consumer, stream, "the consumer is no longer paused"),
                    (true, true) | (false, false) => {}
                }
                was_paused = info.paused;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
