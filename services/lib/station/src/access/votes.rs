//! Who may see a vote: who said what of whose work.
//!
//! Those who are rated work with those who rate them. So before a period is published, only those read a vote whom
//! [`VOTES`] names, and whoever gave it; for everybody else it is not there, or, where a fact is more than the vote that led
//! to it, its words are not. This is the only place that decides it, and whatever shows facts to people asks here.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError, RwLock};

use charter::Charter;
use ids::{Code, Owner};
use jiff::Timestamp;
use proto::common::v1::Role;
use proto::dispatch::v1::dispatch_event::Event as Dispatched;
use proto::evaluation::v1::evaluation_event::Event as Evaluated;
use proto::record::v1::{Decision, Event, cause};
use proto::subjects::CommitSubject;

use super::is_the_district;
use super::table::VOTES;
use crate::Caller;

/// What of a vote a fact holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    pub district: Code,
    /// The unit that gave it; none: a caller.
    pub by: Option<Code>,
    pub at: Timestamp,
    pub holds: Holds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The fact is the vote, or what was made of it.
    Vote,
    /// It is something else that repeats the vote's words.
    Words,
}

impl Vote {
    /// Of a fact, if there is one in it.
    #[must_use]
    pub fn of(district: &Code, at: Timestamp, decision: &Decision, event: &Event) -> Option<Self> {
        let party = decision.actor.as_ref().and_then(|actor| actor.party.parse().ok());
        let vote = |by, holds| Some(Self { district: district.clone(), by, at, holds });
        if let Some(fact) = event.evaluation() {
            return match fact {
                Evaluated::Rated(_) | Evaluated::PartyRated(_) | Evaluated::CallbackLogged(_) => {
                    vote(party, Holds::Vote)
                }
                // Who is asked for a vote, and what the votes came to.
                Evaluated::RatingRequested(_) | Evaluated::Scored(_) => vote(None, Holds::Vote),
                // Of a community, in a ballot on the units of its street.
                Evaluated::BallotVoted(_) => vote(party, Holds::Vote),
                Evaluated::RatingLapsed(_)
                | Evaluated::RatingPutOff(_)
                | Evaluated::MarksImported(_)
                | Evaluated::PeriodPublished(_)
                | Evaluated::PeriodAppealed(_)
                | Evaluated::PeriodAppealAnswered(_)
                | Evaluated::BallotOpened(_)
                | Evaluated::BallotPublished(_)
                | Evaluated::BallotAppealed(_)
                | Evaluated::BallotAppealAnswered(_) => None,
            };
        }
        if let Some(Dispatched::Reopened(_)) = event.dispatch()
            && follows_a_vote(decision)
        {
            return vote(None, Holds::Words);
        }
        None
    }
}

/// Whether it was decided because of something that evaluation recorded.
fn follows_a_vote(decision: &Decision) -> bool {
    let Some(cause::Kind::Commit(commit)) = decision.cause.as_ref().and_then(|cause| cause.kind.as_ref()) else {
        return false;
    };
    commit.parse::<CommitSubject>().is_ok_and(|commit| commit.owner == Owner::Evaluation)
}

/// The periods whose results are published, by district: whoever follows their publication says so here, and until
/// somebody does, none is. Cheap to clone, and shared when cloned.
#[derive(Clone, Debug, Default)]
pub struct Publications(Arc<RwLock<BTreeMap<Code, Vec<RangeInclusive<Timestamp>>>>>);

impl Publications {
    /// A period was published.
    pub fn take(&self, district: &Code, period: RangeInclusive<Timestamp>) {
        let mut published = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let periods = published.entry(district.clone()).or_default();
        if !periods.contains(&period) {
            periods.push(period);
        }
    }

    /// Whether one published period has all of a time.
    #[must_use]
    pub fn have(&self, district: &Code, time: &RangeInclusive<Timestamp>) -> bool {
        let published = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let has = |period: &RangeInclusive<Timestamp>| period.contains(time.start()) && period.contains(time.end());
        published.get(district).is_some_and(|periods| periods.iter().any(has))
    }
}

impl Caller {
    /// Whether this caller may read a vote on a case that they may see.
    #[must_use]
    pub fn sees(&self, vote: &Vote, charter: Option<&Charter>, published: &Publications) -> bool {
        let own = vote.by.is_some() && vote.by == self.party;
        own || published.have(&vote.district, &(vote.at..=vote.at)) || self.sees_votes(charter)
    }

    /// Whether this caller may read all votes on what they may see, published or not.
    #[must_use]
    pub fn sees_votes(&self, charter: Option<&Charter>) -> bool {
        let charters: Vec<&Charter> = charter.into_iter().collect();
        match self.role {
            Role::System => true,
            // A special group calls departments and has the district's role; it is a unit like another.
            Role::District => is_the_district(self.role, self.party.as_ref(), &charters),
            role @ (Role::Unspecified
            | Role::Caller
            | Role::Bridge
            | Role::Grid
            | Role::Community
            | Role::Street
            | Role::Department
            | Role::EnforcementCenter
            | Role::Operator
            | Role::Auditor) => VOTES.iter().any(|(granted, _)| *granted == role),
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::common::v1::Role;

    use super::*;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    fn somebody(role: Role, party: &str) -> Caller {
        let party = (!party.is_empty()).then(|| code(party));
        Caller { role, party, district: Some(code("jiangan")), staff_ref: "s-1".to_owned() }
    }

    #[test]
    fn who_is_rated_reads_no_vote_until_its_period_is_published() {
        let jiangan = Charter::shipped("jiangan").unwrap();
        let at = Timestamp::constant(1_795_000_000, 0);
        let by = Some(code("jiangan-yiyuan-command-centre"));
        let vote = Vote { district: code("jiangan"), by, at, holds: Holds::Vote };
        let published = Publications::default();
        let sees = |caller: &Caller| caller.sees(&vote, Some(&jiangan), &published);
        let of_the_rated = [
            somebody(Role::Department, "jiangan-parks"),
            somebody(Role::Grid, "jiangan-yiyuan-tongxing-grid-1"),
            somebody(Role::Community, "jiangan-yiyuan-tongxing"),
            somebody(Role::EnforcementCenter, "jiangan-yiyuan-enforcement-centre"),
            somebody(Role::District, "jiangan-group-business"),
        ];
        let others = [
            somebody(Role::Caller, ""),
            somebody(Role::Street, "jiangan-yiyuan-command-centre"),
            somebody(Role::District, "jiangan-centre"),
            somebody(Role::District, ""),
            somebody(Role::Operator, ""),
            somebody(Role::Auditor, ""),
        ];
        assert!(!of_the_rated.iter().any(sees));
        assert!(others.iter().all(sees));
        // Whoever gave it knows it.
        let group = Vote { by: Some(code("jiangan-group-business")), ..vote.clone() };
        assert!(of_the_rated[4].sees(&group, Some(&jiangan), &published));

        let month = jiff::SignedDuration::from_hours(24 * 30);
        published.take(&code("jiangan"), at - month - month..=at - month);
        published.take(&code("wuchang"), at - month..=at + month);
        assert!(!of_the_rated.iter().any(sees), "another period, another district");
        published.take(&code("jiangan"), at - month..=at + month);
        assert!(of_the_rated.iter().all(sees));
        assert!(!published.have(&code("jiangan"), &(at..=at + month + month)), "half of it is not published");
    }
}
