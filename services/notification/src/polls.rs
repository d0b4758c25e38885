//! The unit that had households asked hears how it ended. The end of a poll does not say who opened it, nor what
//! was asked: its own record does.

use ids::{Code, HistoryKey, Kind, Owner, Revision};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{PollAttached, PollClosed, PollOpened};
use proto::record::v1::Commit;
use proto::subjects::CommitSubject;
use record::follow::Failure;
use record::{Broker, StoredCommit};
use station::wire;

use crate::cases::Case;
use crate::domain::tellings::{Ending, Recipient, Says, Telling, Text, Whom};
use crate::told::vote;

/// How a poll of this commit ended, its place in the commit, and what is asked of a poll that belongs to no case.
pub struct Ended {
    pub position: usize,
    pub telling: Telling,
    /// The question, where there is no case to name. Of a poll that belongs to a case it is told on the case's record.
    pub instead_of_case: Option<Case>,
}

/// # Errors
/// Transient: the record is out of reach. Permanent: a fact does not have the form its type promises.
pub async fn ended(broker: &Broker, stored: &StoredCommit) -> Result<Option<Ended>, Failure> {
    let Some((position, fact)) = end(&stored.commit) else { return Ok(None) };
    let key = match &fact {
        End::Closed(_) => stored.subject.key.clone(),
        End::Attached(attached) => {
            HistoryKey { kind: Kind::Poll, district: stored.subject.key.district.clone(), id: attached.poll.clone() }
        }
    };
    let commits = broker.load_owner(&key, Owner::Intake).await?;
    let opened = commits.iter().find_map(|stored| opening(&stored.commit));
    let Some((opener, opened)) = opened else {
        let opening = CommitSubject { key, owner: Owner::Intake, revision: Revision::NONE.next() };
        return Err(broker.not_found(&opening).await);
    };
    let (outcome, instead_of_case) = match fact {
        // It is told where it is attached.
        End::Closed(_) if !opened.case_id.is_empty() => return Ok(None),
        End::Closed(closed) => {
            (closed.outcome(), Some(Case { title: opened.question.clone(), callers: vec![], has_receipt: false }))
        }
        End::Attached(attached) => (attached.outcome(), None),
    };
    let party: Code = wire::code("actor.party", opener).map_err(Failure::permanent)?;
    let vote = vote(outcome).map_err(Failure::permanent)?;
    let says = Says { ending: Some(Ending::Voted(vote)), ..Says::default() };
    let telling = Telling { text: Text::PollEnded, whom: Whom::Opener, to: Recipient::Party(party), says };
    Ok(Some(Ended { position, telling, instead_of_case }))
}

enum End<'c> {
    Closed(&'c PollClosed),
    Attached(&'c PollAttached),
}

/// Cited somewhere else it is no news.
fn end(commit: &Commit) -> Option<(usize, End<'_>)> {
    (1..).zip(commit.facts()).find_map(|(position, event)| {
        let fact = event.intake()?;
        if let IntakeFact::PollClosed(fact) = fact {
            Some((position, End::Closed(fact)))
        } else if let IntakeFact::PollAttached(fact) = fact
            && fact.note.is_empty()
        {
            Some((position, End::Attached(fact)))
        } else {
            None
        }
    })
}

fn opening(commit: &Commit) -> Option<(&str, &PollOpened)> {
    commit.decisions.iter().find_map(|decision| {
        let opener = decision.actor.as_ref().map_or("", |actor| actor.party.as_str());
        let mut facts = decision.events.iter().filter_map(proto::record::v1::Event::intake);
        facts.find_map(|fact| if let IntakeFact::PollOpened(opened) = fact { Some((opener, opened)) } else { None })
    })
}

#[cfg(test)]
mod tests {
    use proto::intake::v1::IntakeEvent;
    use proto::record::v1::event::Of;
    use proto::record::v1::{Actor, Decision, Event};

    use super::*;

    fn commit(party: &str, facts: Vec<IntakeFact>) -> Commit {
        let actor = Some(Actor { party: party.to_owned(), ..Actor::default() });
        let event = |fact| Event { of: Some(Of::Intake(IntakeEvent { event: Some(fact) })) };
        let events = facts.into_iter().map(event).collect();
        Commit { decisions: vec![Decision { actor, events, ..Decision::default() }], ..Commit::default() }
    }

    #[test]
    fn the_end_of_a_poll_is_news_where_it_belongs_and_not_where_it_is_cited() {
        let attached = |note: &str| {
            IntakeFact::PollAttached(PollAttached {
                poll: "gas-2024".to_owned(),
                note: note.to_owned(),
                ..PollAttached::default()
            })
        };
        assert!(end(&commit("heping-quanyechang", vec![attached("years ago")])).is_none());
        let own = commit("heping-quanyechang", vec![attached("years ago"), attached("")]);
        assert!(matches!(end(&own), Some((2, End::Attached(_)))));
        let closed = commit("", vec![IntakeFact::PollClosed(PollClosed::default())]);
        assert!(matches!(end(&closed), Some((1, End::Closed(_)))));
    }

    #[test]
    fn whoever_opened_it_is_told() {
        let opened = PollOpened { question: "改管道吗".to_owned(), ..PollOpened::default() };
        let commit = commit("heping-quanyechang-command-centre", vec![IntakeFact::PollOpened(opened)]);
        assert_eq!(opening(&commit).unwrap().0, "heping-quanyechang-command-centre");
    }
}
