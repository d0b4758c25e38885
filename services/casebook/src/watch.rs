//! Facts as they happen, for whoever watches: from any position of the record on, so that a watcher that was cut off goes on
//! where it was. What was stored before is read for each, what comes then once for all ([`crate::news`]).

use std::collections::HashMap;
use std::sync::Arc;

use archive::Shelf;
use fair::{Bounds, TooMuch, Turn};
use ids::{Code, HistoryKey};
use proto::casebook::v1::WatchResponse;
use record::{Replay, Step, StoredCommit};
use station::access::{Publications, Scope};
use station::{Caller, History, Station, broker_status, role_name};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::news::{Joined, Wanted};
use crate::view::View;

/// Entries a slow watcher may lag behind before it holds up its own feed.
pub const QUEUE_MAX: usize = 1024;
/// Watchers of one process; each has a queue. One caller has an eighth of them, so that no one keeps the others from watching.
pub const WATCHERS: Bounds = Bounds { held_max: 128, of_one_max: 16, shared_max: 16 };
/// Cases of which a watcher's feed knows what came before. Of others it is read when they come up.
const REMEMBERED_MAX: usize = 500;

/// One who watches.
pub struct Watcher {
    pub caller: Caller,
    pub scope: Scope,
    pub published: Publications,
    pub answers: mpsc::Sender<Result<WatchResponse, Status>>,
    pub shelf: Shelf,
    pub wanted: Wanted,
    /// The same, as the record is asked for it.
    pub filters: Vec<String>,
    pub stop: CancellationToken,
    /// Their turn among the watchers.
    pub _turn: Turn<String>,
}

/// Whose watchers count together. Whether a receipt is one only its case knows, so all who show one are one.
pub fn who(caller: &Caller) -> String {
    if caller.shows_receipt() {
        return "receipts".to_owned();
    }
    let party = caller.party.as_ref().map(Code::as_str).unwrap_or_default();
    let district = caller.district.as_ref().map(Code::as_str).unwrap_or_default();
    format!("{}/{party}/{district}/{}", role_name(caller.role), caller.staff_ref)
}

/// RESOURCE_EXHAUSTED: there is no room for one more.
pub fn no_room(why: TooMuch) -> Status {
    Status::resource_exhausted(match why {
        TooMuch::OfOne => {
            format!(
                "you watch {} times already; end one of them, or ask for several cases at once",
                WATCHERS.of_one_max
            )
        }
        TooMuch::InAll => {
            format!("{} watch already; try again later, or at another replica", WATCHERS.held_max)
        }
    })
}

impl Watcher {
    /// Tells what the record says, until either goes away. `own` reads what was stored before the watcher came; then everybody's
    /// news go on, from position `next`.
    pub async fn feed(mut self, station: Station, mut own: Option<Replay>, joined: Joined, mut next: u64) {
        let mut views: HashMap<HistoryKey, View> = HashMap::new();
        let mut news = joined.news;
        loop {
            let stored = if let Some(record) = &mut own {
                let step = tokio::select! {
                    () = self.answers.closed() => return,
                    step = record.next() => step,
                };
                match step {
                    Ok(Some(Step::Commit(stored))) => Arc::from(stored),
                    Ok(Some(Step::Filed(_))) => continue,
                    Ok(Some(Step::LevelWithRecord)) => {
                        own = None;
                        continue;
                    }
                    Ok(None) => return self.end(leaving()).await,
                    Err(error) => return self.end(broker_status(&error)).await,
                }
            } else {
                let told = tokio::select! {
                    () = self.answers.closed() => return,
                    told = news.recv() => told,
                };
                match told {
                    Ok(stored) => stored,
                    Err(RecvError::Lagged(_)) => {
                        own = Some(station.broker.replay(self.filters.clone(), next, self.stop.clone()));
                        continue;
                    }
                    Err(RecvError::Closed) => return self.end(leaving()).await,
                }
            };
            if stored.sequence < next || !self.wanted.has(&stored.subject.key) {
                continue;
            }
            next = stored.sequence + 1;
            match self.tell(&station, &mut views, &stored).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(status) => return self.end(status).await,
            }
        }
    }

    async fn end(&self, status: Status) {
        let _gone = self.answers.send(Err(status)).await;
    }

    /// Whether the watcher is still there.
    async fn tell(
        &mut self,
        station: &Station,
        views: &mut HashMap<HistoryKey, View>,
        stored: &StoredCommit,
    ) -> Result<bool, Status> {
        let key = &stored.subject.key;
        if !views.contains_key(key) {
            if views.len() >= REMEMBERED_MAX {
                views.clear();
            }
            views.insert(key.clone(), before(station, &self.shelf, key, stored.sequence).await?);
        }
        let Some(view) = views.get_mut(key) else { return Ok(true) };
        let entries = view.add(stored);
        if !view.is_in(&self.scope) {
            return Ok(true);
        }
        let seen = entries.into_iter().filter_map(|entry| view.entry_for(&self.caller, &self.published, entry));
        for entry in seen {
            let (district, case_id) = (key.district.to_string(), key.id.clone());
            let told = WatchResponse { district, case_id, entry: Some(entry), position: stored.sequence };
            if self.answers.send(Ok(told)).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn leaving() -> Status {
    Status::unavailable("the casebook stops; watch again")
}

/// A case as it was before a position.
async fn before(station: &Station, shelf: &Shelf, key: &HistoryKey, position: u64) -> Result<View, Status> {
    let History { commits, .. } = History::of(station, shelf, key).await?;
    let mut view = View::new(key, station.charter(key.district.as_str()).ok());
    for stored in commits.iter().filter(|stored| stored.sequence < position) {
        view.add(stored);
    }
    Ok(view)
}
