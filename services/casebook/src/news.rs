//! What happens, read from the record once and told to all who watch: each watcher has a queue here, and not a consumer of its own
//! at the broker.

use std::sync::Arc;

use ids::{Code, HistoryKey, Kind};
use record::{Broker, BrokerError, Step, StoredCommit};
use tokio::sync::{Mutex, broadcast};
use tokio_util::sync::CancellationToken;

/// Commits that the slowest watcher may lag behind before it reads for itself what it has missed.
const LAG_MAX: usize = 4096;

/// One reading of the record for everybody. Clones are the same one.
#[derive(Clone)]
pub struct News(Arc<Shared>);

struct Shared {
    broker: Broker,
    stop: CancellationToken,
    /// None: nobody watches, so nothing is read.
    told: Mutex<Option<broadcast::Sender<Arc<StoredCommit>>>>,
}

/// Everything that is stored behind a position.
pub struct Joined {
    pub news: broadcast::Receiver<Arc<StoredCommit>>,
    pub after: u64,
}

impl News {
    pub fn new(broker: Broker, stop: CancellationToken) -> Self {
        Self(Arc::new(Shared { broker, stop, told: Mutex::new(None) }))
    }

    /// # Errors
    /// The broker does not answer.
    pub async fn join(&self) -> Result<Joined, BrokerError> {
        let mut told = self.0.told.lock().await;
        if let Some(sender) = &*told {
            let news = sender.subscribe();
            // Whatever comes behind this comes to the new one, too.
            return Ok(Joined { news, after: self.0.broker.end_of_record().await? });
        }
        let after = self.0.broker.end_of_record().await?;
        let (sender, news) = broadcast::channel(LAG_MAX);
        *told = Some(sender.clone());
        #[allow(clippy::disallowed_methods, reason = "ends with the last watcher, or with the service's token")]
        tokio::spawn(self.clone().spread(sender, after + 1));
        Ok(Joined { news, after })
    }

    async fn spread(self, sender: broadcast::Sender<Arc<StoredCommit>>, from: u64) {
        let everything = format!("{}.>", Kind::Case.as_str());
        let mut record = self.0.broker.replay(vec![everything], from, self.0.stop.clone());
        loop {
            match record.next().await {
                Ok(Some(Step::Commit(stored))) => {
                    if sender.send(Arc::from(stored)).is_ok() {
                        continue;
                    }
                    // Nobody hears it any more; unless somebody came in between, who hears everything that comes now.
                    let mut told = self.0.told.lock().await;
                    if sender.receiver_count() == 0 {
                        *told = None;
                        return;
                    }
                }
                Ok(Some(Step::Filed(_) | Step::LevelWithRecord)) => {}
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "the record cannot be read on for those who watch");
                    break;
                }
            }
        }
        *self.0.told.lock().await = None;
    }
}

/// Which cases somebody watches.
#[derive(Clone, Debug)]
pub enum Wanted {
    Everything,
    Districts(Vec<Code>),
    Case(HistoryKey),
}

impl Wanted {
    pub fn has(&self, key: &HistoryKey) -> bool {
        match self {
            Self::Everything => true,
            Self::Districts(districts) => districts.contains(&key.district),
            Self::Case(case) => case == key,
        }
    }
}
