//! Chains: each commit names the one before it by its hash (D18).
//!
//! A writer needs nothing for it but the bytes it has just stored or loaded. Nobody who decides looks at what a commit names;
//! whether the record still is what was written is for the crate `audit` to find out.

use bytes::Bytes;
use ids::{HistoryKey, Owner};
use proto::record::v1::Commit;
use proto::subjects::CommitSubject;

use crate::objects::Sha256Sum;

/// What the first commit of a chain names: the chain itself, so that no chain can be put in place of another.
#[must_use]
pub fn beginning(key: &HistoryKey, owner: Owner) -> Sha256Sum {
    Sha256Sum::of(CommitSubject::chain_of(key, owner).as_bytes())
}

/// The last commit of a chain, for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tip {
    pub sha256: Sha256Sum,
    /// It names the one before it.
    pub linked: bool,
}

impl Tip {
    pub fn of(bytes: &Bytes, linked: bool) -> Self {
        Self { sha256: Sha256Sum::of(bytes), linked }
    }

    pub fn stored(commit: &Commit, bytes: &Bytes) -> Self {
        Self::of(bytes, !commit.previous_sha256.is_empty())
    }
}
