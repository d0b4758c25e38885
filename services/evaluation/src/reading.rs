//! Reads what a period is counted from: every score that a district's record and archive have, up to a position.
//!
//! It is the one place where evaluation reads more than one history. A table of a period is made a few times a month, apart
//! from every case, and its figures have to come from the record and from nothing that was derived from it: nobody can hand one
//! in, and whoever reads the same record up to the same position gets the same table (I9). What is kept in memory is one score
//! for each case and unit of the period.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use archive::{Shelf, ShelfError};
use charter::{Charter, PartyKind};
use ids::{Code, HistoryKey, Kind, Owner};
use jiff::Timestamp;
use proto::FromWireTime;
use proto::dispatch::v1::CloseReason;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::subjects::{CommitSubject, FiledSubject};
use record::{Broker, BrokerError, Step, StoredCommit};
use tokio_util::sync::CancellationToken;

use crate::domain::Score;
use crate::domain::period::{Counted, Span};
use crate::wire::from_score;

/// Why a period cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error("a filed case cannot be read")]
    Archive(#[from] ShelfError),
    #[error("{0} has a fact that this version does not know: count with the newer one")]
    Newer(CommitSubject),
    #[error("stopped before everything was read")]
    Stopped,
}

/// When a period begins and ends in a district's time zone; none for days that there are not.
#[must_use]
pub fn window(span: Span, charter: &Charter) -> Option<Range<Timestamp>> {
    let begins = |day: jiff::civil::Date| day.to_zoned(charter.time_zone.clone()).ok().map(|zoned| zoned.timestamp());
    Some(begins(span.first())?..begins(span.after())?)
}

/// Where the record and the archive are, and how far to read them.
pub struct Reading<'r> {
    pub broker: &'r Broker,
    pub shelf: &'r Shelf,
    pub district: &'r Code,
    pub window: Range<Timestamp>,
    /// Position of the last commit that counts.
    pub until: u64,
}

/// What was found of a period.
#[derive(Debug, Default)]
struct Found {
    /// By case and unit: the score of the latest round that was given within the period.
    scores: BTreeMap<(String, Code), Score>,
    /// Cases that left the statistics, whenever they did.
    excluded: BTreeSet<String>,
    /// Those that did within the period.
    excluded_within: BTreeSet<String>,
}

impl Reading<'_> {
    /// Reads and adds up. `each` is shown every commit of evaluation as it comes, each case's in their order.
    ///
    /// # Errors
    /// Record or archive cannot be read, or have what this version does not know; or `stop` ended it.
    pub async fn count(
        &self,
        charter: &Charter,
        stop: CancellationToken,
        mut each: impl FnMut(&StoredCommit),
    ) -> Result<Counted, ReadError> {
        let of = |owner| CommitSubject::all_of_in(Kind::Case, self.district, owner);
        let filters = vec![of(Owner::Evaluation), of(Owner::Dispatch), FiledSubject::all_in(self.district)];
        let mut replay = self.broker.replay(filters, 1, stop);
        let mut found = Found::default();
        loop {
            match replay.next().await? {
                None => return Err(ReadError::Stopped),
                Some(Step::LevelWithRecord) => break,
                Some(Step::Commit(stored)) => self.take(&mut found, &stored, &mut each)?,
                // Nothing of a case that came in after the period counts in it.
                Some(Step::Filed(filed)) if filed.filed.received_at.time().is_ok_and(|at| at >= self.window.end) => {}
                Some(Step::Filed(filed)) => {
                    for stored in self.shelf.case(&filed).await?.commits {
                        self.take(&mut found, &stored, &mut each)?;
                    }
                }
            }
        }
        let is_external =
            |unit: &Code| charter.party(unit.as_str()).is_some_and(|party| party.kind == PartyKind::External);
        let mut counted = Counted::default();
        for ((case, unit), score) in &found.scores {
            if !found.excluded.contains(case) {
                counted.add(score, is_external(unit));
            }
        }
        for case in &found.excluded_within {
            let units = self.concerned(case).await?;
            counted.exclude(units.iter().filter(|unit| !is_external(unit)));
        }
        Ok(counted)
    }

    fn take(
        &self,
        found: &mut Found,
        stored: &StoredCommit,
        each: &mut impl FnMut(&StoredCommit),
    ) -> Result<(), ReadError> {
        let owner = stored.subject.owner;
        if stored.sequence > self.until || !matches!(owner, Owner::Evaluation | Owner::Dispatch) {
            return Ok(());
        }
        if stored.commit.facts().any(|fact| fact.name().is_empty()) {
            return Err(ReadError::Newer(stored.subject.clone()));
        }
        if owner == Owner::Evaluation {
            each(stored);
        }
        let case = &stored.subject.key.id;
        let within = stored.commit.at.time().is_ok_and(|at| self.window.contains(&at));
        for fact in stored.commit.evaluation_facts().filter(|_| within) {
            let EvaluationFact::Scored(scored) = fact else { continue };
            // What was recorded before decimals were checked counts for nothing, as in the league.
            let Ok(score) = from_score(scored) else { continue };
            let key = (case.clone(), score.party.clone());
            if found.scores.get(&key).is_none_or(|known| known.round <= score.round) {
                found.scores.insert(key, score);
            }
        }
        for fact in stored.commit.dispatch_facts() {
            let DispatchFact::Closed(closed) = fact else { continue };
            if closed.reason() == CloseReason::Excluded {
                found.excluded.insert(case.clone());
                if within {
                    found.excluded_within.insert(case.clone());
                }
            }
        }
        Ok(())
    }

    /// Whom a case that was excluded would have counted for: whoever was called, or had it last, where nobody was.
    async fn concerned(&self, case: &str) -> Result<BTreeSet<Code>, ReadError> {
        let key = HistoryKey { kind: Kind::Case, district: self.district.clone(), id: case.to_owned() };
        let commits = match self.broker.load(&key).await {
            Ok(commits) => commits,
            Err(BrokerError::Filed { key }) => match self.broker.filed(&key).await? {
                Some(filed) => self.shelf.case(&filed).await?.commits,
                None => return Err(BrokerError::Filed { key }.into()),
            },
            Err(error) => return Err(error.into()),
        };
        let (mut called, mut holder) = (BTreeSet::new(), None);
        let facts = commits.iter().filter(|stored| stored.sequence <= self.until);
        for fact in facts.flat_map(|stored| stored.commit.dispatch_facts()) {
            if let DispatchFact::Called(fact) = fact {
                called.extend(fact.parties.iter().filter_map(|called| called.party.parse::<Code>().ok()));
            } else if let DispatchFact::Assigned(fact) = fact {
                holder = fact.party.parse::<Code>().ok().or(holder);
            }
        }
        if called.is_empty() {
            called.extend(holder);
        }
        Ok(called)
    }
}
