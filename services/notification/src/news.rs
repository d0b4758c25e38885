//! Bridges are told by webhook what became of their cases, as they would hear it if they asked: this asks for them, on
//! `in.<bridge>.changes`, and posts what it hears. The record is the queue, and all that is kept is how far each bridge has
//! been told, and what it has not taken.
//!
//! Open `bridge.rs` first: one bridge. `documents.rs` is what is kept, `settings.rs` who is told where, `lease.rs` makes sure
//! that of several replicas one tells, and `door.rs` is for operators.
//!
//! Invariants: an event has one id, however often it is sent, and a receiver that remembers ids has each once; of one case
//! the next is sent when the one before was taken or given up; what waits for one case holds up no other, up to a bound;
//! and nothing is given up while the receiver takes nothing at all.

mod bridge;
mod documents;
mod door;
mod lease;
pub mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use ids::Code;
use record::Notes;
use station::Station;
use tokio_util::sync::CancellationToken;
use webhook::{Guard, IpNet, Poster, Target};

use bridge::Telling;
pub use door::Door;

/// Who is told, and by what.
#[derive(Clone)]
pub struct News {
    station: Station,
    notes: Notes,
    poster: Poster,
    targets: Arc<BTreeMap<Code, Target>>,
}

impl News {
    /// # Errors
    /// The bucket is not there, or the machine has no certificates.
    pub async fn open(
        station: &Station,
        targets: BTreeMap<Code, Target>,
        egress_allow: &[IpNet],
    ) -> anyhow::Result<Self> {
        Ok(Self {
            station: station.clone(),
            notes: Notes::of_webhooks(&station.broker).await?,
            poster: Poster::open(Guard::with(egress_allow))?,
            targets: Arc::new(targets),
        })
    }
}

/// Tells all of them, until `stop`.
///
/// # Errors
/// None: what fails is tried again.
pub async fn tell(news: News, stop: CancellationToken) -> anyhow::Result<()> {
    if news.targets.is_empty() {
        return Ok(());
    }
    let notes = news.notes.clone();
    let work = move |stop: CancellationToken| {
        let telling = news.targets.keys().map(|bridge| Telling::of(&news, bridge));
        let all: Vec<_> = telling.map(|telling| telling.run(stop.clone())).collect();
        async move {
            join_all(all).await;
        }
    };
    lease::hold(&notes, &stop, work).await;
    Ok(())
}
