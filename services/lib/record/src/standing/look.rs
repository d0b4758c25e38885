//! Looking at the streams that are appended to.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::Info;
use tokio_util::sync::CancellationToken;

use super::{Cause, Fill, SOMEBODY_WATCHES, Trouble, say};
use crate::broker::Broker;

/// How often each stream is looked at. With [`LOOK_MAX`] and [`PEER_SILENT`] every loss is known within five seconds.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a look may take. One that takes longer is repeated at once, and only the second counts: a broker that is busy
/// for a moment is not away.
const LOOK_MAX: Duration = Duration::from_millis(1500);
/// A replica that was not heard for so long is away: they speak every second.
const PEER_SILENT: Duration = Duration::from_secs(3);

impl Broker {
    /// Keeps [`standing`](Self::standing) true until `stop`. Services that write through one connection have one
    /// verdict, and it is enough that one of them watches.
    pub async fn watch_standing(&self, stop: CancellationToken) {
        if std::mem::replace(&mut self.standing.sources().is_watched, true) {
            return stop.cancelled().await;
        }
        SOMEBODY_WATCHES.store(true, Ordering::Relaxed);
        say(self.standing().borrow().as_ref());
        let mut last = BTreeMap::new();
        let mut was_late = false;
        loop {
            let mut is_late = false;
            if self.is_connected() {
                let looks = self.streams_appended_to().into_iter().map(|stream| async move {
                    let look = tokio::time::timeout(LOOK_MAX, self.jetstream_of_writer().get_stream(stream)).await;
                    (stream, look)
                });
                for (stream, look) in futures::future::join_all(looks).await {
                    let found = match look {
                        Ok(Ok(found)) => {
                            last.insert(stream, found.cached_info().config.num_replicas);
                            judge_stream(stream, found.cached_info())
                        }
                        Ok(Err(error)) => Err(unseen(stream, last.get(stream).copied(), &error.kind())),
                        Err(_late) if !was_late => {
                            is_late = true;
                            continue;
                        }
                        Err(_late) => Err(unseen(stream, last.get(stream).copied(), &GetStreamErrorKind::Request)),
                    };
                    if self.is_connected() {
                        self.standing.looked(stream, found);
                    }
                }
                if self.is_connected() && !is_late {
                    self.standing.looked_at_all();
                }
            }
            was_late = is_late;
            if is_late && !stop.is_cancelled() {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {
                    // What ends with the process is no loss to anybody.
                    self.standing.sources().is_watched = false;
                    return;
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.standing.look_now.notified() => {}
            }
        }
    }
}

fn judge_stream(stream: &str, info: &Info) -> Result<Fill, Trouble> {
    let no_quorum = |words| Err(Trouble { cause: Cause::NoQuorum, words });
    if let Some(cluster) = &info.cluster {
        let all = cluster.replicas.len() + 1;
        let there = 1 + cluster.replicas.iter().filter(|peer| !peer.offline && peer.active < PEER_SILENT).count();
        if cluster.leader.is_none() {
            return no_quorum(format!("stream {stream} has no leader"));
        }
        if there * 2 <= all {
            return no_quorum(format!("{there} of {all} replicas of stream {stream} are there, which is no majority"));
        }
    }
    Ok(Fill::of(info))
}

/// Why a stream could not be looked at. It had so many replicas when it could.
fn unseen(stream: &str, replicas: Option<usize>, error: &GetStreamErrorKind) -> Trouble {
    let (cause, words) = match error {
        GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => (
            Cause::NotProvisioned,
            format!("stream {stream} is not there: run `huying provision`, or see HY-002 if it was there before"),
        ),
        GetStreamErrorKind::JetStream(error) => {
            (Cause::NoQuorum, format!("the broker does not say how stream {stream} is: {error}"))
        }
        GetStreamErrorKind::Request | GetStreamErrorKind::EmptyName | GetStreamErrorKind::InvalidStreamName => {
            match replicas {
                Some(replicas) if replicas > 1 => (
                    Cause::NoQuorum,
                    format!("nobody answers for stream {stream}: most of its {replicas} replicas may be away"),
                ),
                Some(_) | None => (Cause::Silent, format!("nobody answers for stream {stream}: JetStream may be off")),
            }
        }
    };
    Trouble { cause, words }
}
