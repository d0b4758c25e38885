//! The last commits of many chains, and the one hash that stands for all of them.

use std::collections::HashMap;

use proto::subjects::CommitSubject;
use record::objects::Sha256Sum;
use sha2::{Digest, Sha256};

/// A chain by the hash of its name: of all chains of a record at once, memory holds sixteen bytes each for it.
pub type ChainId = [u8; 16];

/// Which chain a commit is of.
pub fn chain_of(subject: &CommitSubject) -> ChainId {
    let mut id = [0; 16];
    id.copy_from_slice(&Sha256::digest(subject.chain().as_bytes())[..16]);
    id
}

/// A commit as a leaf of the tree: under its subject, so that it stands for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf([u8; 32]);

impl Leaf {
    pub fn of(subject: &CommitSubject, payload: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update([0]);
        hash.update(subject.to_string().as_bytes());
        hash.update([0]);
        hash.update(Sha256::digest(payload));
        Self(hash.finalize().into())
    }
}

/// A commit that a chain ends in, at least for a while.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub position: u64,
    pub chain: ChainId,
    pub leaf: Leaf,
}

impl End {
    pub fn of(subject: &CommitSubject, position: u64, payload: &[u8]) -> Self {
        Self { position, chain: chain_of(subject), leaf: Leaf::of(subject, payload) }
    }
}

/// What chains end in, as commits are added; they may come in any order.
#[derive(Debug, Default)]
pub struct Ends(HashMap<ChainId, (u64, Leaf)>);

impl Ends {
    pub fn add(&mut self, end: End) {
        let known = self.0.entry(end.chain).or_insert((end.position, end.leaf));
        if known.0 <= end.position {
            *known = (end.position, end.leaf);
        }
    }

    /// How many chains there are, and what stands for all of them. Nothing is left behind.
    pub fn close(&mut self) -> (u64, Sha256Sum) {
        let leaves: Vec<Leaf> = self.0.drain().map(|(_, (_, leaf))| leaf).collect();
        (leaves.len() as u64, root(leaves))
    }
}

/// The root of a Merkle tree as RFC 9162 has it, over leaves in the order of their hashes.
fn root(mut leaves: Vec<Leaf>) -> Sha256Sum {
    leaves.sort_unstable();
    let mut level: Vec<[u8; 32]> = leaves.into_iter().map(|leaf| leaf.0).collect();
    while level.len() > 1 {
        // One that is left over goes up as it is.
        level = level.chunks(2).map(node).collect();
    }
    level.first().map_or_else(|| Sha256Sum::of(&[]), |root| Sha256Sum(*root))
}

fn node(pair: &[[u8; 32]]) -> [u8; 32] {
    match pair {
        [left, right] => {
            let mut hash = Sha256::new();
            hash.update([1]);
            hash.update(left);
            hash.update(right);
            hash.finalize().into()
        }
        [alone, ..] => *alone,
        [] => [0; 32],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the RFC says it: the tree of n leaves is cut at the largest power of two below n.
    fn slow(leaves: &[Leaf]) -> [u8; 32] {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => leaf.0,
            leaves => {
                let half = leaves.len().next_power_of_two() / 2;
                node(&[slow(&leaves[..half]), slow(&leaves[half..])])
            }
        }
    }

    fn leaf(number: u8) -> Leaf {
        Leaf(Sha256::digest([number]).into())
    }

    proptest! {
        #[test]
        fn the_root_is_that_of_the_rfc(count in 0u8..70) {
            let mut leaves: Vec<Leaf> = (0..count).map(leaf).collect();
            let found = root(leaves.clone());
            leaves.sort();
            prop_assert_eq!(found.0, slow(&leaves));
        }
    }

    #[test]
    fn what_came_first_or_twice_does_not_matter() {
        let end = |position, chain: u8, content: u8| End { position, chain: [chain; 16], leaf: leaf(content) };
        let ends = [end(1, 1, 1), end(5, 1, 2), end(3, 2, 3), end(7, 1, 4)];
        let closed = |order: &[usize]| {
            let mut all = Ends::default();
            order.iter().for_each(|at| all.add(ends[*at]));
            all.close()
        };
        let whole = closed(&[0, 1, 2, 3]);
        assert_eq!(whole.0, 2);
        assert_eq!(closed(&[3, 2, 0, 1, 3, 3]), whole);
        assert_ne!(closed(&[0, 1, 2]), whole);
    }
}
