//! One chain: the commits of one owner about one history, each of which names the one before it.

use ids::Revision;
use prost::Message;
use proto::record::v1::Commit;
use proto::subjects::CommitSubject;
use record::objects::Sha256Sum;
use record::{AsStored, links};

/// A place where what is stored is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    pub subject: String,
    /// In the stream, where something is stored.
    pub position: Option<u64>,
    pub expected: String,
    pub found: String,
}

/// The last commit of a chain so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    revision: Revision,
    position: u64,
    sha256: Sha256Sum,
    /// It names the one before it. Whatever comes after it does so too.
    pub linked: bool,
}

/// Goes on from `before`, the commit before in the same chain, and says what is wrong between the two. What is wrong is
/// said once: from here on the chain is looked at as it is.
#[must_use]
pub fn follow(before: Option<&Tip>, stored: &AsStored) -> (Tip, Option<Break>) {
    let AsStored { subject, sequence, payload } = stored;
    let read = Commit::decode(payload.clone());
    let named = read.as_ref().map_or(&[][..], |commit| commit.previous_sha256.as_slice());
    let tip = Tip {
        revision: subject.revision,
        position: *sequence,
        sha256: Sha256Sum::of(payload),
        linked: !named.is_empty() || before.is_some_and(|before| before.linked),
    };
    let here = |expected: String, found: String| {
        Some(Break { subject: subject.to_string(), position: Some(*sequence), expected, found })
    };
    let next = before.map_or(Revision(1), |before| before.revision.next());
    let broken = match read {
        _ if subject.revision != next => Some(Break {
            subject: CommitSubject { revision: next, ..subject.clone() }.to_string(),
            position: None,
            expected: "a commit of this revision".to_owned(),
            found: format!("revision {} comes next", subject.revision),
        }),
        Err(error) => here("a commit".to_owned(), error.to_string()),
        Ok(Commit { previous_sha256: named, .. }) => match (before, named.as_slice()) {
            (Some(before), []) if before.linked => {
                here(format!("it names {}, which is before it", before.sha256), "it names nothing".to_owned())
            }
            (_, []) => None,
            (Some(before), named) if named == before.sha256.0 => None,
            (Some(before), named) => Some(Break {
                subject: CommitSubject { revision: before.revision, ..subject.clone() }.to_string(),
                position: Some(before.position),
                expected: format!("revision {} names {}", subject.revision, hex(named)),
                found: format!("its bytes hash to {}", before.sha256),
            }),
            (None, named) => {
                let beginning = links::beginning(&subject.key, subject.owner);
                (named != beginning.0)
                    .then(|| here(format!("it names the beginning of its chain, {beginning}"), hex(named)))
                    .flatten()
            }
        },
    };
    (tip, broken)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
