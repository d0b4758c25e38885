//! Cases that have left the record for the archive, with their commits byte for byte.

use std::collections::HashSet;

use archive::{Shelf, ShelfError};
use ids::Code;
use record::{AsStored, Broker, StoredFiled, chain};

use crate::AuditError;
use crate::chains::Break;
use crate::ends::End;

/// The filed cases of a district.
#[derive(Debug, Default)]
pub struct Filed {
    /// Their ids.
    pub cases: HashSet<String>,
    /// Commits that chains end in, by position.
    pub ends: Vec<End>,
    /// Of the last tombstone, in the record.
    pub last_tombstone: u64,
    /// Files that cannot be read.
    pub damaged: Vec<Break>,
}

impl Filed {
    /// Reads those of which something lies after a position, each shown to `see`. Of a chain's commits in one window only
    /// the last counts; `window` says in which a position lies.
    pub async fn read(
        broker: &Broker,
        shelf: &Shelf,
        district: &Code,
        after: u64,
        window: impl Fn(u64) -> u64,
        mut see: impl FnMut(&[AsStored]) + Send,
    ) -> Result<Self, AuditError> {
        let mut filed = Self::default();
        let mut from = 1;
        loop {
            let (page, next) = broker.tombstones(Some(district), from).await?;
            for stored in &page {
                filed.last_tombstone = stored.sequence;
                if stored.filed.last_position <= after {
                    continue;
                }
                filed.cases.insert(stored.subject.case.clone());
                match shelf.as_stored(stored).await {
                    Ok(commits) => {
                        see(&commits);
                        filed.ends.extend(ends(&commits, after, &window));
                    }
                    Err(error) => filed.damaged.push(damaged(stored, error)?),
                }
            }
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
        filed.ends.sort_unstable_by_key(|end| end.position);
        Ok(filed)
    }

    /// Whether a case of this district was filed since, of which something lies after a position.
    pub async fn has_grown(&self, broker: &Broker, district: &Code, after: u64) -> Result<bool, AuditError> {
        let mut from = self.last_tombstone + 1;
        loop {
            let (page, next) = broker.tombstones(Some(district), from).await?;
            if page.iter().any(|stored| stored.filed.last_position > after) {
                return Ok(true);
            }
            match next {
                Some(next) => from = next,
                None => return Ok(false),
            }
        }
    }
}

/// The last commits of each chain in each window.
fn ends(commits: &[AsStored], after: u64, window: &impl Fn(u64) -> u64) -> Vec<End> {
    let mut ends: Vec<End> = Vec::new();
    for stored in commits.iter().filter(|stored| stored.sequence > after) {
        let end = End::of(&stored.subject, stored.sequence, &stored.payload);
        let same = |known: &&mut End| known.chain == end.chain && window(known.position) == window(end.position);
        match ends.iter_mut().find(same) {
            Some(known) => *known = if known.position < end.position { end } else { *known },
            None => ends.push(end),
        }
    }
    ends
}

/// Damage as a finding; a broker that does not answer is none.
fn damaged(stored: &StoredFiled, error: ShelfError) -> Result<Break, AuditError> {
    let found = match error {
        ShelfError::Damaged(damage) => damage.to_string(),
        ShelfError::Broker(error) if error.is_transient() => return Err(error.into()),
        ShelfError::Broker(error) => chain(&error),
    };
    let expected = "the file of the case, in the archive".to_owned();
    Ok(Break { subject: stored.subject.to_string(), position: Some(stored.sequence), expected, found })
}
