//! What a text needs of a case and later facts do not carry: its title, and who raised it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ids::{HistoryKey, Owner, Revision};
use proto::intake::v1::Received;
use proto::record::v1::cause;
use proto::subjects::CommitSubject;
use record::follow::Failure;
use record::{Broker, StoredCommit, WireError};

use crate::standing::Standing;
use crate::told;

/// Cases remembered; when it is full it is emptied. A district has about 13,000 a day, most of them done the same day.
const KNOWN_MAX: usize = 20_000;
/// Who is told when a case came without a reference to its caller.
const ANONYMOUS: &str = "caller";

#[derive(Debug, PartialEq, Eq)]
pub struct Case {
    pub title: String,
    /// Opaque references, never names (D8): who raised it, and those whose cases turned out to be this one.
    pub callers: Vec<String>,
    /// The first of them, and only they, can be sent the receipt of the case.
    pub has_receipt: bool,
}

pub struct Cases {
    broker: Broker,
    known: Mutex<HashMap<HistoryKey, Arc<Case>>>,
    /// After the latest commit of an owner that was followed without a gap.
    standings: Mutex<HashMap<(HistoryKey, Owner), (Revision, Standing)>>,
}

impl From<&Received> for Case {
    fn from(received: &Received) -> Self {
        Self {
            title: received.title.clone(),
            callers: vec![reference(&received.caller_ref)],
            has_receipt: !received.receipt_ref.is_empty(),
        }
    }
}

/// As somebody is told: by their reference, or all of those without one by the same word.
pub fn reference(caller_ref: &str) -> String {
    if caller_ref.is_empty() { ANONYMOUS.to_owned() } else { caller_ref.to_owned() }
}

impl Cases {
    pub fn new(broker: Broker) -> Self {
        Self { broker, known: Mutex::default(), standings: Mutex::default() }
    }

    /// Remembers a case whose receipt came by.
    pub fn learn(&self, key: &HistoryKey, received: &Received) {
        self.remember(key, Case::from(received));
    }

    /// A case, from memory or the record; of its callers only the first is certain.
    ///
    /// # Errors
    /// Transient: the record is out of reach, or a replica has not got the receipt yet. Permanent: there is none.
    pub async fn get(&self, key: &HistoryKey) -> Result<Arc<Case>, Failure> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        match known {
            Some(case) => Ok(case),
            None => self.with_every_caller(key).await,
        }
    }

    /// A case as the record has it now: another replica may have seen somebody join.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn with_every_caller(&self, key: &HistoryKey) -> Result<Arc<Case>, Failure> {
        let commits = self.broker.load_owner(key, Owner::Intake).await?;
        let received = commits.iter().find_map(|stored| told::received(&stored.commit));
        let Some(received) = received else {
            let receipt = CommitSubject { key: key.clone(), owner: Owner::Intake, revision: Revision::NONE.next() };
            return Err(self.broker.not_found(&receipt).await);
        };
        let mut case = Case::from(received);
        for joined in commits.iter().flat_map(|stored| told::joined(&stored.commit)) {
            if !case.callers.contains(&joined) {
                case.callers.push(joined);
            } else if joined == ANONYMOUS {
                // Of those who left no reference nobody can tell who was first.
                case.has_receipt = false;
            }
        }
        Ok(self.remember(key, case))
    }

    /// How things stood before a commit: with its own owner, or, before a commit of intake or evaluation, how they stand
    /// with dispatch, which has recorded at least what caused it.
    ///
    /// # Errors
    /// As [`get`](Self::get); permanent when a fact does not have the form its type promises.
    pub async fn before(&self, stored: &StoredCommit) -> Result<Standing, Failure> {
        let CommitSubject { key, owner, revision } = &stored.subject;
        let (owner, followed) = match owner {
            Owner::Triage | Owner::Dispatch | Owner::EnforcementCenter => (*owner, Some(*revision)),
            Owner::Intake | Owner::Evaluation | Owner::Notification | Owner::Powers => (Owner::Dispatch, None),
        };
        let until = followed.unwrap_or(Revision(u64::MAX));
        if until <= Revision::NONE.next() {
            return Ok(Standing::default());
        }
        let at_least = if followed.is_some() { None } else { caused_by(stored, owner) };
        let remembered = self.standings().get(&(key.clone(), owner)).cloned();
        if let Some((known, standing)) = remembered
            && (known.next() == until || at_least.is_some_and(|cause| known >= cause))
        {
            return Ok(standing);
        }
        let commits = self.broker.load_owner(key, owner).await?;
        let earlier: Vec<_> = commits.iter().filter(|known| known.subject.revision < until).collect();
        if followed.is_some() && earlier.last().is_none_or(|last| last.subject.revision.next() != until) {
            return Err(self.broker.not_found(&stored.subject).await);
        }
        let last = earlier.last().map_or(Revision::NONE, |last| last.subject.revision);
        let standing = Standing::after(earlier.into_iter().map(|known| &known.commit)).map_err(Failure::permanent)?;
        self.remember_standing(key, owner, last, &standing);
        Ok(standing)
    }

    /// Remembers how things stand after a commit, if those before it were followed.
    ///
    /// # Errors
    /// A fact does not have the form its type promises.
    pub fn follow(&self, stored: &StoredCommit) -> Result<(), WireError> {
        let CommitSubject { key, owner, revision } = &stored.subject;
        if !matches!(owner, Owner::Triage | Owner::Dispatch | Owner::EnforcementCenter) {
            return Ok(());
        }
        let before = self.standings().get(&(key.clone(), *owner)).cloned().unwrap_or_default();
        if before.0.next() != *revision {
            return Ok(());
        }
        let mut standing = before.1;
        stored.commit.facts().try_for_each(|fact| standing.learn(fact))?;
        self.remember_standing(key, *owner, *revision, &standing);
        Ok(())
    }

    fn remember_standing(&self, key: &HistoryKey, owner: Owner, after: Revision, standing: &Standing) {
        let mut standings = self.standings();
        if standings.len() >= KNOWN_MAX {
            standings.clear();
        }
        let known = standings.entry((key.clone(), owner)).or_default();
        if known.0 < after {
            *known = (after, standing.clone());
        }
    }

    fn standings(&self) -> MutexGuard<'_, HashMap<(HistoryKey, Owner), (Revision, Standing)>> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, key: &HistoryKey, case: Case) -> Arc<Case> {
        let case = Arc::new(case);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(key.clone(), Arc::clone(&case));
        case
    }
}

/// The latest revision of `owner` that led to a commit.
fn caused_by(stored: &StoredCommit, owner: Owner) -> Option<Revision> {
    let causes = stored.commit.decisions.iter().filter_map(|decision| decision.cause.as_ref()?.kind.as_ref());
    let commits = causes.filter_map(|cause| match cause {
        cause::Kind::Commit(subject) => subject.parse::<CommitSubject>().ok(),
        cause::Kind::Command(_) | cause::Kind::Deadline(_) => None,
    });
    commits.filter(|by| by.key == stored.subject.key && by.owner == owner).map(|by| by.revision).max()
}
