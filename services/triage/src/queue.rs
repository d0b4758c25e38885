//! The cases that wait for a person: a list in memory, fed from triage's own commits, oldest first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chassis::Gate;
use ids::{HistoryKey, Kind, Owner};
use proto::record::v1::event::Of;
use proto::subjects::CommitSubject;
use proto::triage::v1::QueuedCase;
use proto::triage::v1::triage_event::Event;
use record::{Broker, Step, StoredCommit};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long a reader waits for the list to come level with the record.
const LEVEL_WITH_RECORD: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Queue {
    cases: Arc<Mutex<HashMap<HistoryKey, (u64, QueuedCase)>>>,
    position: watch::Sender<u64>,
}

impl Default for Queue {
    fn default() -> Self {
        Self { cases: Arc::default(), position: watch::Sender::new(0) }
    }
}

impl Queue {
    pub async fn feed(self, broker: Broker, stop: CancellationToken, gate: Gate) -> anyhow::Result<()> {
        let mut record = broker.replay(vec![filter()], 1, stop);
        while let Some(step) = record.next().await? {
            match step {
                Step::Commit(stored) => self.take(&stored),
                Step::LevelWithRecord => gate.open(),
            }
        }
        Ok(())
    }

    fn take(&self, stored: &StoredCommit) {
        let key = &stored.subject.key;
        let mut cases = self.cases.lock().unwrap_or_else(PoisonError::into_inner);
        for event in stored.commit.decisions.iter().flat_map(|decision| &decision.events) {
            let Some(Of::Triage(fact)) = &event.of else { continue };
            match &fact.event {
                Some(Event::QueuedForJudgement(queued)) => {
                    let case = QueuedCase {
                        case_id: key.id.clone(),
                        district: key.district.to_string(),
                        title: queued.title.clone(),
                        reason: queued.reason.clone(),
                        candidates: queued.candidates.clone(),
                        due: queued.due,
                        claimed_by: String::new(),
                    };
                    cases.insert(key.clone(), (stored.sequence, case));
                }
                Some(Event::Claimed(claimed)) => {
                    if let Some((_, case)) = cases.get_mut(key) {
                        case.claimed_by.clone_from(&claimed.by);
                    }
                }
                Some(Event::Judged(_) | Event::Classified(_) | Event::Regraded(_) | Event::Dismissed(_)) => {
                    cases.remove(key);
                }
                Some(Event::JudgementOverdue(_)) | None => {}
            }
        }
        drop(cases);
        self.position.send_replace(stored.sequence);
    }

    /// At most `limit` cases of a district (empty: of all), as the record has them now.
    pub async fn list(
        &self,
        broker: &Broker,
        district: &str,
        limit: usize,
    ) -> Result<Vec<QueuedCase>, record::BrokerError> {
        let last = broker.last_position(&filter()).await?;
        let mut seen = self.position.subscribe();
        let _ = tokio::time::timeout(LEVEL_WITH_RECORD, seen.wait_for(|at| *at >= last)).await;
        let cases = self.cases.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> =
            cases.values().filter(|(_, case)| district.is_empty() || case.district == district).cloned().collect();
        found.sort_by_key(|(position, _)| *position);
        Ok(found.into_iter().take(limit).map(|(_, case)| case).collect())
    }
}

fn filter() -> String {
    CommitSubject::all_of(Kind::Case, Owner::Triage)
}
