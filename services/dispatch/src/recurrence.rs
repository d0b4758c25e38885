//! Whether a problem has come back to its place. What was handled where is kept as spots, one message for each
//! case at each place, which following dispatch's own commits keeps up to date: nothing is replayed, and a look-up is
//! one request.
//!
//! Everything is judged as of the commit that asks: what has changed since is read from the record as it was then, so
//! that following it again finds the same. Commits are followed in any order, so a case may ask while an earlier one's
//! end has yet to reach its spot. Therefore whoever asks and whoever was handled do the same: first write the own spot,
//! then read the others'. One of the two sees the other, whoever is first; and what was handled answers for those who
//! asked too early.

mod course;
mod spot;

use std::collections::HashSet;
use std::time::Duration;

use charter::{Charter, Recurrence};
use futures::{StreamExt, TryStreamExt};
use ids::{CaseId, Code, HistoryKey, Kind, Owner, Revision};
use jiff::{SignedDuration, Timestamp};
use proto::dispatch::v1::dispatch_event::Event as Fact;
use proto::subjects::{CommitSubject, SpotSubject};
use record::follow::Failure;
use record::spots::{Known, Spots};
use record::{Broker, Step, StoredCommit};
use tokio_util::sync::CancellationToken;

use self::course::{Course, Moment, Stay, moment};
use crate::above;
use crate::app::App;
use crate::domain::{Command, Recurrent, State, is_same_place};

/// Cases of one place that are looked at, the latest ones: far more than make a recurrence.
const REMEMBERED_MAX: usize = 1000;
/// Earlier cases that one recurrence names, and cases that one look-up reads from the record: the latest ones.
const EARLIER_MAX: usize = 50;
/// Longer than a commit that asks may be followed late and still find what it would have found.
const MARGIN: SignedDuration = SignedDuration::from_hours(24);
/// Cases whose spots are written at the same time when all are written anew.
const REWRITTEN_AT_ONCE: usize = 64;

#[derive(Clone)]
pub struct Recurrences {
    broker: Broker,
    spots: Spots,
}

/// A case that asks what came before it, and when it did.
struct Question<'q> {
    case: CaseId,
    district: &'q Code,
    category: &'q Code,
    place: &'q vocabulary::Place,
    asked: Moment,
    rule: Recurrence,
}

/// A case found at a place.
struct Neighbour {
    case: CaseId,
    stay: Stay,
}

impl Recurrences {
    /// # Errors
    /// The stream of spots is not there.
    pub async fn open(broker: &Broker) -> anyhow::Result<Self> {
        Ok(Self { broker: broker.clone(), spots: Spots::open(broker).await? })
    }

    /// What a commit of ours means for problems that come back: the case's spots are as it is now, and whoever should
    /// know of it finds it.
    ///
    /// # Errors
    /// Transient: the record, the spots or the charter are out of reach.
    pub async fn follow(&self, app: &App, stored: &StoredCommit, now: &State) -> Result<(), Failure> {
        if !concerns(stored) {
            return Ok(());
        }
        let key = &stored.subject.key;
        let charter = app.desk.station.charter_to_follow(&key.district)?;
        let course = self.course_as_it_is(stored).await?;
        let kept = self.keep(key, &course, &charter, app.now()).await?;
        let Some(stay) = course.present() else { return Ok(()) };
        let Some(rule) = charter.recurrence(stay.category.as_str()) else { return Ok(()) };

        let moment = moment(stored).map_err(Failure::permanent)?;
        let is_assigned = stored.commit.dispatch_facts().any(|fact| matches!(fact, Fact::Assigned(_)));
        // About something else or elsewhere by now, it asks anew by the commit that made it so.
        let asks = is_assigned && now.earlier.is_empty() && moment.position >= stay.assigned.position;
        let stands = stay.handled.is_some() && !stay.gone;
        if !asks && !stands {
            return Ok(());
        }
        let case = case_of(key)?;
        let question = Question {
            case,
            district: &key.district,
            category: &stay.category,
            place: &stay.place,
            asked: if asks { moment } else { stay.asked },
            rule,
        };
        let around = self.around(&question, app.now()).await?;
        is_level(&around, &kept)?;
        let neighbours = neighbours(around, &stay.category);
        if asks {
            self.answer(app, stored, &question, &charter, &neighbours).await?;
        }
        if let Some(handled) = stay.handled.filter(|_| stands) {
            self.answer_the_later(app, stored, &question, handled, &charter, &neighbours).await?;
        }
        Ok(())
    }

    /// Those who asked after `handled` and may not have seen it. Almost always nobody has: whoever comes to the same place
    /// later finds it there.
    async fn answer_the_later(
        &self,
        app: &App,
        stored: &StoredCommit,
        earlier: &Question<'_>,
        handled: Moment,
        charter: &Charter,
        neighbours: &[Neighbour],
    ) -> Result<(), Failure> {
        for Neighbour { case, stay } in neighbours {
            let is_later = *case != earlier.case && !stay.gone && stay.asked.position > handled.position;
            if !is_later || !is_one_place(earlier, stay, charter) {
                continue;
            }
            let question = Question { case: *case, place: &stay.place, asked: stay.asked, ..*earlier };
            let around = self.around(&question, app.now()).await?;
            self.answer(app, stored, &question, charter, &self::neighbours(around, &stay.category)).await?;
        }
        Ok(())
    }

    /// Says on the record of the case that asks what came before it, if that makes it one too many.
    async fn answer(
        &self,
        app: &App,
        stored: &StoredCommit,
        question: &Question<'_>,
        charter: &Charter,
        neighbours: &[Neighbour],
    ) -> Result<(), Failure> {
        let earlier = self.before(question, charter, neighbours).await?;
        if earlier.is_empty() {
            return Ok(());
        }
        let key = HistoryKey::case(question.district.clone(), &question.case);
        let state = app.desk.read_to_follow(&key).await?.state;
        let found = Recurrent { category: question.category.clone(), earlier, rule: question.rule };
        let command = Command::FoundRecurrent { found: Box::new(found), leading: above::leading(charter, &state) };
        app.desk.react(&key, &stored.subject, charter, command).await
    }

    /// What stood as handled at the same place when the question was asked, earliest first.
    async fn before(
        &self,
        question: &Question<'_>,
        charter: &Charter,
        neighbours: &[Neighbour],
    ) -> Result<Vec<CaseId>, Failure> {
        let from = question.asked.at.saturating_sub(days(question.rule.within_days)).unwrap_or(Timestamp::MIN);
        let candidates = neighbours.iter().filter(|Neighbour { case, stay }| {
            *case != question.case
                && stay.assigned.position < question.asked.position
                && stay.assigned.at >= from
                && is_one_place(question, stay, charter)
        });
        let (changed, as_it_was): (Vec<_>, Vec<_>) =
            candidates.partition(|neighbour| neighbour.stay.changed >= question.asked.position);
        let mut earlier: Vec<(u64, CaseId)> = as_it_was
            .into_iter()
            .filter(|neighbour| neighbour.stay.was_handled_before(question.asked))
            .map(|neighbour| (neighbour.stay.assigned.position, neighbour.case))
            .collect();
        for neighbour in changed.iter().rev().take(EARLIER_MAX) {
            if self.had_been_handled(question, neighbour).await? {
                earlier.push((neighbour.stay.assigned.position, neighbour.case));
            }
        }
        earlier.sort_unstable_by_key(|(position, _)| *position);
        earlier.dedup();
        Ok(earlier.iter().skip(earlier.len().saturating_sub(EARLIER_MAX)).map(|(_, case)| *case).collect())
    }

    /// Whether a case that has moved on since stood as handled when the question was asked.
    async fn had_been_handled(&self, question: &Question<'_>, neighbour: &Neighbour) -> Result<bool, Failure> {
        let key = HistoryKey::case(question.district.clone(), &neighbour.case);
        let commits = self.broker.load_owner(&key, Owner::Dispatch).await?;
        let then = commits.iter().filter(|stored| stored.sequence < question.asked.position);
        let course = Course::read(then).map_err(Failure::permanent)?;
        Ok(course.present().is_some_and(|stay| {
            stay.assigned.position == neighbour.stay.assigned.position && stay.was_handled_before(question.asked)
        }))
    }

    /// The course of a case as the record has it now, `stored` included.
    async fn course_as_it_is(&self, stored: &StoredCommit) -> Result<Course, Failure> {
        if stored.subject.revision == Revision::NONE.next() {
            return Course::read([stored]).map_err(Failure::permanent);
        }
        let commits = self.broker.load_owner(&stored.subject.key, Owner::Dispatch).await?;
        if commits.last().is_none_or(|last| last.subject.revision < stored.subject.revision) {
            return Err(self.broker.not_found(&stored.subject).await);
        }
        Course::read(&commits).map_err(Failure::permanent)
    }

    /// Makes the spots say what the record says. Returns those of the present stay, with where they are stored.
    async fn keep(
        &self,
        key: &HistoryKey,
        course: &Course,
        charter: &Charter,
        now: Timestamp,
    ) -> Result<Vec<(SpotSubject, u64)>, Failure> {
        let case = case_of(key)?;
        let mut kept = Vec::new();
        for stay in &course.0 {
            let Some(rule) = charter.recurrence(stay.category.as_str()) else { continue };
            let until = stay.assigned.at.saturating_add(days(rule.within_days) + MARGIN).unwrap_or(Timestamp::MAX);
            // What is too long ago for every question has gone or goes by itself.
            let Ok(left) = Duration::try_from(until.duration_since(now)) else { continue };
            for at in spot::kept_at(&stay.place) {
                let subject = SpotSubject {
                    district: key.district.clone(),
                    category: stay.category.clone(),
                    at,
                    day: day(stay.assigned.at),
                    case,
                };
                let sequence = self.spots.put(&subject, &stay.to_spot(), left).await?;
                if course.present() == Some(stay) {
                    kept.push((subject, sequence));
                }
            }
        }
        Ok(kept)
    }

    /// Who is, or was within the time that counts, where the question is about. Where that is more than one answer holds,
    /// it is asked day by day, the latest first.
    async fn around(&self, question: &Question<'_>, now: Timestamp) -> Result<Vec<Known>, Failure> {
        let Question { district, category, .. } = question;
        let places = spot::looked_for_at(question.place);
        if places.is_empty() {
            return Ok(vec![]);
        }
        let filters: Vec<_> = places.iter().map(|at| SpotSubject::all_at(district, category, at)).collect();
        if let Some(found) = self.spots.find(&filters).await? {
            return Ok(found);
        }
        let mut found = Vec::new();
        for back in 0..=question.rule.within_days {
            let day = day(now.saturating_sub(days(back)).unwrap_or(Timestamp::MIN));
            let filters: Vec<_> =
                places.iter().map(|at| SpotSubject::all_of_day(district, category, at, &day)).collect();
            match self.spots.find(&filters).await? {
                Some(of_the_day) => found.extend(of_the_day),
                None => {
                    tracing::warn!(%district, %category, day, "more cases at one place on one day than are looked at")
                }
            }
            if found.len() >= REMEMBERED_MAX {
                break;
            }
        }
        Ok(found)
    }
}

/// Whether a commit changes where a case is, or whether it is handled.
fn concerns(stored: &StoredCommit) -> bool {
    stored.commit.dispatch_facts().any(|fact| {
        matches!(fact, Fact::Assigned(_) | Fact::Resolved(_) | Fact::Reopened(_))
            || matches!(fact, Fact::Closed(closed) if course::is_left(closed))
    })
}

fn is_one_place(question: &Question<'_>, stay: &Stay, charter: &Charter) -> bool {
    let street = |place: &vocabulary::Place| {
        place.party.as_ref().and_then(|party| charter.street_of(party)).map(|street| &street.code)
    };
    let own = street(question.place);
    let same_street = own.is_some() && own == street(&stay.place);
    is_same_place(question.place, &stay.place, same_street, question.rule.distance_m)
}

/// An answer without what we have just written comes from a replica that lags, and may lack what others have written.
fn is_level(found: &[Known], kept: &[(SpotSubject, u64)]) -> Result<(), Failure> {
    let is_there = |(subject, sequence): &(SpotSubject, u64)| {
        found.iter().any(|known| known.subject == *subject && known.sequence >= *sequence)
    };
    match kept.iter().find(|own| !is_there(own)) {
        // Where there are more than one answer holds, not all of them are looked at.
        Some(_) if found.len() >= REMEMBERED_MAX => Ok(()),
        Some((subject, _)) => {
            Err(Failure::transient(format!("a replica lags that has no {subject} yet; trying again")))
        }
        None => Ok(()),
    }
}

/// By when they came to the place. What does not read is left out: one bad copy must not hide all others.
fn neighbours(found: Vec<Known>, category: &Code) -> Vec<Neighbour> {
    let read = |Known { subject, spot, .. }: Known| match Stay::of_spot(category, &spot) {
        Ok(stay) => Some(Neighbour { case: subject.case, stay }),
        Err(error) => {
            tracing::error!(%subject, %error, "a spot does not read and is left out");
            None
        }
    };
    let mut neighbours: Vec<Neighbour> = found.into_iter().filter_map(read).collect();
    neighbours.sort_by_key(|neighbour| neighbour.stay.assigned.position);
    neighbours
}

fn case_of(key: &HistoryKey) -> Result<CaseId, Failure> {
    key.id.parse().map_err(|error: ids::CaseIdError| Failure::permanent(error))
}

fn day(at: Timestamp) -> String {
    at.strftime("%y%m%d").to_string()
}

fn days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(days) * 24)
}

/// Writes the spots of every case on the record that may still matter: for a record that was written before there were
/// spots, and after a charter looks farther back than before. `charter` is the one in force in a district. Returns how
/// many cases were looked at.
///
/// # Errors
/// The broker does not answer or is not provisioned.
pub async fn write_spots(
    broker: &Broker,
    charter: impl Fn(&str) -> Option<std::sync::Arc<Charter>>,
    mut progress: impl FnMut(usize, usize),
) -> anyhow::Result<usize> {
    let recurrences = Recurrences::open(broker).await?;
    let mut assigned: Vec<(Timestamp, HistoryKey)> = Vec::new();
    // The record's own time, which is not ours where stories were played.
    let mut now = Timestamp::MIN;
    let all = CommitSubject::all_of(Kind::Case, Owner::Dispatch);
    let mut record = broker.replay(vec![all], 1, CancellationToken::new());
    while let Some(Step::Commit(stored)) = record.next().await? {
        let at = moment(&stored)?.at;
        now = now.max(at);
        let facts = stored.commit.dispatch_facts();
        let mut categories =
            facts.filter_map(|fact| if let Fact::Assigned(fact) = fact { Some(&fact.category) } else { None });
        let key = &stored.subject.key;
        let is_looked_at = |category: &String| {
            charter(key.district.as_str()).is_some_and(|charter| charter.recurrence(category).is_some())
        };
        if categories.any(is_looked_at) {
            assigned.push((at, key.clone()));
        }
    }
    let oldest = now.saturating_sub(days(charter::RECURRENCE_DAYS_MAX)).unwrap_or(Timestamp::MIN);
    let cases: HashSet<HistoryKey> = assigned.into_iter().filter(|(at, _)| *at >= oldest).map(|(_, key)| key).collect();
    let (all, recurrences, charter) = (cases.len(), &recurrences, &charter);
    let mut written = futures::stream::iter(cases)
        .map(|key| async move {
            let Some(charter) = charter(key.district.as_str()) else { return anyhow::Ok(()) };
            let commits = recurrences.broker.load_owner(&key, Owner::Dispatch).await?;
            let course = Course::read(&commits)?;
            match recurrences.keep(&key, &course, &charter, now).await {
                Ok(_) => Ok(()),
                Err(failure) => Err(anyhow::anyhow!(failure.into_error())),
            }
        })
        .buffer_unordered(REWRITTEN_AT_ONCE);
    let mut done = 0;
    while written.try_next().await?.is_some() {
        done += 1;
        progress(done, all);
    }
    Ok(all)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod samples {
    use proto::ToWireTime;
    use proto::common::v1::Outcome;
    use proto::dispatch::v1::{Assigned, CloseReason, Closed, DispatchEvent, Reopened, Resolved};
    use proto::record::v1::event::Of;
    use proto::record::v1::{Commit, Decision, Event};

    use super::*;

    const CASE: &str = "261121-7k3q9x7";

    pub fn day(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
    }

    pub fn commit(sequence: u64, on: i64, fact: Fact) -> StoredCommit {
        let key = HistoryKey { kind: Kind::Case, district: "wuchang".parse().unwrap(), id: CASE.to_owned() };
        let event = Event { of: Some(Of::Dispatch(DispatchEvent { event: Some(fact) })) };
        let decision = Decision { events: vec![event], ..Decision::default() };
        StoredCommit {
            subject: CommitSubject { key, owner: Owner::Dispatch, revision: Revision(sequence) },
            sequence,
            commit: Commit { at: Some(day(on).to_wire()), decisions: vec![decision], ..Commit::default() },
        }
    }

    pub fn assigned(category: &str) -> Fact {
        let place = proto::common::v1::Place { address: "橋梁村 路口".to_owned(), ..Default::default() };
        Fact::Assigned(Assigned { category: category.to_owned(), place: Some(place), ..Assigned::default() })
    }

    pub fn resolved() -> Fact {
        Fact::Resolved(Resolved { outcome: Outcome::Solved.into(), ..Resolved::default() })
    }

    pub fn reopened() -> Fact {
        Fact::Reopened(Reopened::default())
    }

    pub fn closed(reason: CloseReason) -> Fact {
        Fact::Closed(Closed { reason: reason.into(), ..Closed::default() })
    }

    #[test]
    fn only_what_moves_a_case_or_ends_it_is_looked_at() {
        assert!(concerns(&commit(1, 0, assigned("ponding"))) && concerns(&commit(2, 0, resolved())));
        assert!(concerns(&commit(3, 0, closed(CloseReason::Merged))));
        assert!(!concerns(&commit(3, 0, closed(CloseReason::Rated))), "rated, it was handled before");
    }

    #[test]
    fn an_answer_without_what_was_just_written_is_not_believed() {
        let subject = SpotSubject {
            district: "wuchang".parse().unwrap(),
            category: "ponding".parse().unwrap(),
            at: "abbc0876bd19bc70d".to_owned(),
            day: "700101".to_owned(),
            case: CASE.parse().unwrap(),
        };
        let known = |sequence| Known { subject: subject.clone(), sequence, spot: Default::default() };
        assert!(is_level(&[known(7)], &[(subject.clone(), 7)]).is_ok());
        assert!(is_level(&[known(6)], &[(subject.clone(), 7)]).is_err());
        assert!(is_level(&[], &[(subject.clone(), 7)]).is_err());
    }
}
