//! What a text needs of a case and later facts do not carry: its title, and who raised it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ids::{HistoryKey, Owner};
use proto::intake::v1::Received;
use record::Broker;
use record::follow::Failure;

use crate::occasions;

/// Cases remembered; when it is full it is emptied. A district has about 13,000 a day, most of them done the same day.
const KNOWN_MAX: usize = 20_000;
/// Who is told when a case came without a reference to its caller.
const ANONYMOUS: &str = "caller";

#[derive(Debug, PartialEq, Eq)]
pub struct Case {
    pub title: String,
    /// The caller's opaque reference, never a name (D8).
    pub caller: String,
}

pub struct Cases {
    broker: Broker,
    known: Mutex<HashMap<HistoryKey, Arc<Case>>>,
}

impl From<&Received> for Case {
    fn from(received: &Received) -> Self {
        let caller = if received.caller_ref.is_empty() { ANONYMOUS } else { &received.caller_ref };
        Self { title: received.title.clone(), caller: caller.to_owned() }
    }
}

impl Cases {
    pub fn new(broker: Broker) -> Self {
        Self { broker, known: Mutex::default() }
    }

    /// Remembers a case whose receipt came by.
    pub fn learn(&self, key: &HistoryKey, received: &Received) -> Arc<Case> {
        let case = Arc::new(Case::from(received));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(key.clone(), Arc::clone(&case));
        case
    }

    /// A case, from memory or the record.
    ///
    /// # Errors
    /// Transient: the record is out of reach, or a replica has not got the receipt yet.
    pub async fn get(&self, key: &HistoryKey) -> Result<Arc<Case>, Failure> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        if let Some(case) = known {
            return Ok(case);
        }
        let commits = self.broker.load_owner(key, Owner::Intake).await?;
        let received = commits.iter().find_map(|stored| occasions::received(&stored.commit));
        let received = received.ok_or_else(|| Failure::transient(format!("{key} has no receipt yet")))?;
        Ok(self.learn(key, received))
    }
}
