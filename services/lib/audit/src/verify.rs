//! Everything of a district looked at: each chain, each filed case, each anchor.
//!
//! What is on the record is read once, in its order; of each chain its end is kept, some eighty bytes, and of each filed
//! chain and day one more of as much. A city of two million open chains takes a few hundred megabytes for it.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use archive::Shelf;
use ids::{Code, HistoryKey, Owner};
use proto::subjects::CommitSubject;
use record::objects::Sha256Sum;
use record::{AsStored, Broker, Found, StoredAnchor};
use tokio_util::sync::CancellationToken;

use crate::AuditError;
use crate::anchor::{self, TRIES_MAX, filters};
use crate::chains::{Break, Tip, follow};
use crate::ends::{ChainId, End, Ends, chain_of};
use crate::filed::Filed;

/// Breaks that are named; of more only the number is said.
const NAMED_MAX: usize = 100;
/// Volumes kept in memory while filed cases are read in the order of their tombstones.
const VOLUMES_KEPT: NonZeroUsize = NonZeroUsize::MIN;
/// How often it is told how far a look has come, in commits.
const TELL_EVERY: u64 = 10_000;

/// What was looked at, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Histories by owner: on the record and in the archive.
    pub chains: u64,
    pub commits: u64,
    /// Commits from before there were chains. They can be read, and nothing vouches for them but what names them.
    pub unchained: u64,
    pub filed_cases: u64,
    pub anchors: u64,
    /// The last day that has an anchor, and the position up to which anchors vouch for the record.
    pub anchored: Option<(String, u64)>,
    /// Commits after that.
    pub after_anchors: u64,
    /// In the order in which they were met, at most a hundred.
    pub breaks: Vec<Break>,
    /// How many there are.
    pub broken: u64,
}

/// How far a look has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many commits, in the archive or on the record.
    Commits(u64),
}

/// Looks at all of a district. What is wrong is in the findings; what cannot be looked at is an error.
///
/// # Errors
/// The broker does not answer; or cases were filed while it was read, again and again.
pub async fn verify(
    broker: &Broker,
    district: &Code,
    mut tell: impl FnMut(Progress) + Send,
) -> Result<Findings, AuditError> {
    let shelf = Shelf::open(broker, VOLUMES_KEPT).await?;
    for _ in 0..TRIES_MAX {
        let (findings, filed) = look(broker, &shelf, district, &mut tell).await?;
        // What was filed meanwhile is missing on the record and was not there yet in the archive.
        if findings.broken == 0 || !filed.has_grown(broker, district, 0).await? {
            return Ok(findings);
        }
    }
    Err(AuditError::Filing)
}

/// Looks at the chains of one case, on the record or in the archive. Anchors stand for a whole day, so they are not looked
/// at here. `None`: there is no such case.
///
/// # Errors
/// The broker does not answer, or the archive is damaged.
pub async fn verify_case(broker: &Broker, shelf: &Shelf, key: &HistoryKey) -> Result<Option<Findings>, AuditError> {
    let standing = broker.standing_of(key).await?;
    let mut look = Look::default();
    let (commits, filed) = match &standing.filed {
        Some(stored) => (shelf.as_stored(stored).await?, true),
        None => (standing.commits.clone(), false),
    };
    if commits.is_empty() {
        return Ok(None);
    }
    look.history(&commits);
    if filed {
        look.findings.filed_cases = 1;
        // What filing has not yet taken off is what lies in the archive.
        for left in &standing.commits {
            if !commits.contains(left) {
                look.broken(Break {
                    subject: left.subject.to_string(),
                    position: Some(left.sequence),
                    expected: "what lies in the archive".to_owned(),
                    found: format!("bytes that hash to {}", Sha256Sum::of(&left.payload)),
                });
            }
        }
    }
    let anchors = broker.anchors(&key.district).await?;
    look.findings.anchors = anchors.len() as u64;
    look.covered(&anchors);
    let to = anchors.last().map_or(0, |last| last.anchor.to);
    look.findings.after_anchors = commits.iter().filter(|stored| stored.sequence > to).count() as u64;
    Ok(Some(look.findings))
}

#[derive(Default)]
struct Look {
    findings: Findings,
    tips: HashMap<ChainId, Tip>,
}

async fn look(
    broker: &Broker,
    shelf: &Shelf,
    district: &Code,
    tell: &mut (impl FnMut(Progress) + Send),
) -> Result<(Findings, Filed), AuditError> {
    let mut look = Look::default();
    let anchors = broker.anchors(district).await?;
    look.row(district, &anchors);
    let window = |position: u64| anchors.partition_point(|stored| stored.anchor.to < position) as u64;
    let filed = Filed::read(broker, shelf, district, 0, window, |commits| {
        look.history(commits);
        tell(Progress::Commits(look.findings.commits));
    })
    .await?;
    filed.damaged.iter().for_each(|damaged| look.broken(damaged.clone()));
    look.findings.filed_cases = filed.cases.len() as u64;
    look.record(broker, district, &anchors, &filed, tell).await?;
    Ok((look.findings, filed))
}

impl Look {
    fn broken(&mut self, broken: Break) {
        self.findings.broken += 1;
        if self.findings.breaks.len() < NAMED_MAX {
            self.findings.breaks.push(broken);
        }
    }

    /// All commits of one history, over all owners.
    fn history(&mut self, commits: &[AsStored]) {
        let mut tips: HashMap<Owner, Tip> = HashMap::new();
        for stored in commits {
            let owner = stored.subject.owner;
            let tip = self.commit(tips.get(&owner).copied(), stored);
            tips.insert(owner, tip);
        }
    }

    /// One more commit of a chain.
    fn commit(&mut self, before: Option<Tip>, stored: &AsStored) -> Tip {
        let (tip, broken) = follow(before.as_ref(), stored);
        self.findings.commits += 1;
        self.findings.chains += u64::from(before.is_none());
        self.findings.unchained += u64::from(!tip.linked);
        broken.into_iter().for_each(|broken| self.broken(broken));
        tip
    }

    fn covered(&mut self, anchors: &[StoredAnchor]) {
        self.findings.anchored = anchors.last().map(|last| (last.subject.day.clone(), last.anchor.to));
    }

    /// The anchors themselves: each names the one before it, goes on where that ended, and is of the next day.
    fn row(&mut self, district: &Code, anchors: &[StoredAnchor]) {
        self.findings.anchors = anchors.len() as u64;
        self.covered(anchors);
        let mut before: Option<&StoredAnchor> = None;
        for stored in anchors {
            let named = anchor::previous(district, before);
            let after = before.map_or(0, |before| before.anchor.to);
            let next = before.and_then(|before| anchor::day_of(before).ok()?.tomorrow().ok());
            let here = |expected: String, found: String| Break {
                subject: stored.subject.to_string(),
                position: None,
                expected,
                found,
            };
            if stored.anchor.previous_sha256 != named.0 {
                self.broken(here(format!("it names the one before it, {named}"), "it names another one".to_owned()));
            } else if stored.anchor.after != after {
                self.broken(here(
                    format!("it goes on after position {after}"),
                    format!("after {}", stored.anchor.after),
                ));
            } else if next.is_some_and(|next| next.to_string() != stored.subject.day) {
                let next = next.map(|next| next.to_string()).unwrap_or_default();
                self.broken(here(format!("an anchor of {next}"), format!("one of {}", stored.subject.day)));
            }
            before = Some(stored);
        }
    }

    /// What is on the record, and with the archive what the anchors say of it.
    async fn record(
        &mut self,
        broker: &Broker,
        district: &Code,
        anchors: &[StoredAnchor],
        filed: &Filed,
        tell: &mut (impl FnMut(Progress) + Send),
    ) -> Result<(), AuditError> {
        let mut windows =
            Windows { anchors: anchors.iter(), ends: Ends::default(), filed: filed.ends.iter().peekable() };
        let covered = anchors.last().map_or(0, |last| last.anchor.to);
        self.findings.after_anchors = filed.ends.iter().filter(|end| end.position > covered).count() as u64;
        let stop = CancellationToken::new();
        let mut record = broker.scan(filters(district), 1, stop.clone());
        while let Some(Found::Message { subject, sequence, payload, .. }) = record.next().await {
            windows.up_to(sequence, |broken| self.broken(broken));
            let Ok(subject) = subject.parse::<CommitSubject>() else {
                let expected = "the subject of a commit".to_owned();
                self.broken(Break { subject, position: Some(sequence), expected, found: "another one".to_owned() });
                continue;
            };
            windows.ends.add(End::of(&subject, sequence, &payload));
            self.findings.after_anchors += u64::from(sequence > covered);
            // What is filed was looked at in the archive, whatever filing has left of it here.
            if filed.cases.contains(&subject.key.id) && subject.key.kind == ids::Kind::Case {
                continue;
            }
            let chain = chain_of(&subject);
            let stored = AsStored { subject, sequence, payload };
            let tip = self.commit(self.tips.get(&chain).copied(), &stored);
            self.tips.insert(chain, tip);
            if self.findings.commits.is_multiple_of(TELL_EVERY) {
                tell(Progress::Commits(self.findings.commits));
            }
        }
        stop.cancel();
        windows.up_to(u64::MAX, |broken| self.broken(broken));
        Ok(())
    }
}

/// The days of the anchors, one after the other, as the record is read.
struct Windows<'a, F: Iterator<Item = &'a End>> {
    anchors: std::slice::Iter<'a, StoredAnchor>,
    ends: Ends,
    filed: std::iter::Peekable<F>,
}

impl<'a, F: Iterator<Item = &'a End>> Windows<'a, F> {
    /// Closes what ends before `position`.
    fn up_to(&mut self, position: u64, mut broken: impl FnMut(Break)) {
        while let Some(stored) = self.anchors.as_slice().first().filter(|stored| stored.anchor.to < position) {
            self.anchors.next();
            while let Some(end) = self.filed.next_if(|end| end.position <= stored.anchor.to) {
                self.ends.add(*end);
            }
            let (chains, root) = self.ends.close();
            if (chains, &root.0[..]) != (stored.anchor.chains, stored.anchor.root_sha256.as_slice()) {
                let named: String = stored.anchor.root_sha256.iter().map(|byte| format!("{byte:02x}")).collect();
                broken(Break {
                    subject: stored.subject.to_string(),
                    position: None,
                    expected: format!(
                        "{} chains that end in {named} within positions {} to {}",
                        stored.anchor.chains,
                        stored.anchor.after + 1,
                        stored.anchor.to
                    ),
                    found: format!("{chains} chains that end in {root}"),
                });
            }
        }
    }
}
