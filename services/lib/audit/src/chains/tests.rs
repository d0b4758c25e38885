use ids::{HistoryKey, Kind, Owner};
use proptest::prelude::*;

use super::*;

fn subject(id: &str, revision: u64) -> CommitSubject {
    let key = HistoryKey { kind: Kind::Case, district: "wuchang".parse().unwrap(), id: id.to_owned() };
    CommitSubject { key, owner: Owner::Dispatch, revision: Revision(revision) }
}

/// A chain as it is written; its first `unlinked` commits from before there were chains.
fn written(id: &str, commits: u64, unlinked: u64) -> Vec<AsStored> {
    let mut chain: Vec<AsStored> = Vec::new();
    for revision in 1..=commits {
        let subject = subject(id, revision);
        let before = chain.last().map(|stored| Sha256Sum::of(&stored.payload));
        let before = before.unwrap_or_else(|| links::beginning(&subject.key, subject.owner));
        let commit = Commit {
            commit_id: format!("{id}-{revision}"),
            charter_version: "2026".to_owned(),
            previous_sha256: if revision <= unlinked { vec![] } else { before.0.to_vec() },
            ..Commit::default()
        };
        chain.push(AsStored { subject, sequence: 10 * revision, payload: commit.encode_to_vec().into() });
    }
    chain
}

fn breaks(chain: &[AsStored]) -> Vec<Break> {
    let mut tip = None;
    let mut breaks = Vec::new();
    for stored in chain {
        let (next, broken) = follow(tip.as_ref(), stored);
        tip = Some(next);
        breaks.extend(broken);
    }
    breaks
}

#[test]
fn a_chain_that_began_before_there_were_chains_is_whole_and_goes_on_as_one() {
    for unlinked in 0..=4 {
        assert_eq!(breaks(&written("a", 4, unlinked)), [], "{unlinked}");
    }
    let mut chain = written("a", 4, 1);
    chain[2] = AsStored { payload: written("a", 4, 4)[2].payload.clone(), ..chain[2].clone() };
    let found = breaks(&chain);
    assert_eq!((found[0].subject.as_str(), found[0].found.as_str()), ("case.wuchang.a.dispatch.3", "it names nothing"));
}

#[test]
fn one_commit_in_the_place_of_another_ones_is_found_even_when_it_is_alone() {
    let (one, other) = (written("a", 1, 0), written("b", 1, 0));
    let swapped = AsStored { payload: other[0].payload.clone(), ..one[0].clone() };
    let found = breaks(&[swapped]);
    assert_eq!(found[0].subject, "case.wuchang.a.dispatch.1");
    assert!(found[0].expected.contains("the beginning of its chain"), "{found:?}");
}

#[test]
fn a_commit_that_is_gone_or_put_in_between_is_named() {
    let whole = written("a", 5, 0);
    let mut gone = whole.clone();
    gone.remove(2);
    let found = breaks(&gone);
    assert_eq!((found.len(), found[0].subject.as_str(), found[0].position), (1, "case.wuchang.a.dispatch.3", None));
    // Somebody moves the later ones up to make room.
    let mut with_another = whole.clone();
    let forged = AsStored { payload: written("a", 9, 0)[2].payload.clone(), ..whole[2].clone() };
    with_another.insert(3, forged);
    for (revision, stored) in (1..).zip(&mut with_another) {
        stored.subject.revision = Revision(revision);
    }
    assert!(!breaks(&with_another).is_empty());
}

proptest! {
    /// Whatever is flipped in whichever commit but the last: it is found where it is.
    #[test]
    fn a_flipped_bit_is_found_where_it_is(at in 0usize..5, byte in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut chain = written("a", 6, 0);
        let mut payload = chain[at].payload.to_vec();
        payload[byte.index(chain[at].payload.len())] ^= 1 << bit;
        chain[at].payload = payload.into();
        let found = breaks(&chain);
        let subject = chain[at].subject.to_string();
        // Where the name of the one before it was hit, that one is named first.
        prop_assert!(found.iter().any(|broken| broken.subject == subject), "{:?}", found);
    }
}
