//! A followed commit as occasions: which of its facts somebody is told of, in our own words.

use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{Clock, CloseReason, Closed, Overdue};
use proto::enforcement_center::v1::enforcement_center_event::Event as CenterFact;
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{PollOutcome, Received};
use proto::record::v1::{Actor, Commit, event::Of};
use proto::triage::v1::triage_event::Event as TriageFact;
use record::WireError;
use station::wire;

use crate::cases::reference;
use crate::domain::tellings::{Ending, Missed, Occasion, Vote};

/// The occasions of a commit, each with the position of its fact in the commit, counted from 1.
///
/// # Errors
/// A fact does not have the form its type promises.
pub fn occasions(commit: &Commit) -> Result<Vec<(usize, Occasion)>, WireError> {
    let facts = commit
        .decisions
        .iter()
        .flat_map(|decision| decision.events.iter().map(|event| (decision.actor.as_ref(), event.of.as_ref())));
    let mut occasions = Vec::new();
    for (position, (actor, fact)) in facts.enumerate() {
        if let Some(occasion) = occasion(actor, fact)? {
            occasions.push((position + 1, occasion));
        }
    }
    Ok(occasions)
}

/// The receipt of a case, if this commit holds it.
pub fn received(commit: &Commit) -> Option<&Received> {
    intake_facts(commit).find_map(|fact| if let IntakeFact::Received(received) = fact { Some(received) } else { None })
}

/// Who joined the case in this commit.
pub fn joined(commit: &Commit) -> impl Iterator<Item = String> {
    intake_facts(commit).filter_map(|fact| {
        if let IntakeFact::CallerJoined(joined) = fact { Some(reference(&joined.caller_ref)) } else { None }
    })
}

fn intake_facts(commit: &Commit) -> impl Iterator<Item = &IntakeFact> {
    let events = commit.decisions.iter().flat_map(|decision| &decision.events);
    events.filter_map(|event| if let Some(Of::Intake(fact)) = &event.of { fact.event.as_ref() } else { None })
}

/// Who is told of the end of a poll is on the record of the poll: see [`crate::polls`].
fn occasion(actor: Option<&Actor>, fact: Option<&Of>) -> Result<Option<Occasion>, WireError> {
    match fact {
        Some(Of::Intake(fact)) => Ok(match &fact.event {
            Some(IntakeFact::Received(_)) => Some(Occasion::Received),
            Some(IntakeFact::CallerJoined(fact)) => {
                Some(Occasion::CallerJoined { caller: reference(&fact.caller_ref) })
            }
            Some(
                IntakeFact::Supplemented(_)
                | IntakeFact::WithdrawalAsked(_)
                | IntakeFact::ExclusionProposed(_)
                | IntakeFact::ExclusionApproved(_)
                | IntakeFact::LinkedAsDuplicate(_)
                | IntakeFact::PollOpened(_)
                | IntakeFact::HouseholdAnswered(_)
                | IntakeFact::PollClosed(_)
                | IntakeFact::PollAttached(_),
            )
            | None => None,
        }),
        Some(Of::Triage(fact)) => match &fact.event {
            Some(TriageFact::Judged(fact)) => {
                let judgement = fact.judgement.as_ref().ok_or_else(|| WireError::new("judgement", "missing"))?;
                Ok(Some(Occasion::Judged { party: wire::code("judgement.party", &judgement.party)? }))
            }
            Some(
                TriageFact::Classified(_)
                | TriageFact::QueuedForJudgement(_)
                | TriageFact::Claimed(_)
                | TriageFact::Regraded(_)
                | TriageFact::JudgementOverdue(_)
                | TriageFact::Dismissed(_),
            )
            | None => Ok(None),
        },
        Some(Of::Dispatch(fact)) => fact.event.as_ref().map_or(Ok(None), dispatched),
        // Which other facts the enforcement centre has is of no concern here: it tells of its notices only.
        Some(Of::EnforcementCenter(fact)) => match &fact.event {
            Some(CenterFact::NoticeServed(fact)) => Ok(Some(Occasion::NoticeServed {
                party: wire::code("party", &fact.party)?,
                due: wire::time("due", fact.due.as_ref())?,
                // Only the operation's own centre serves notices.
                centre: wire::code("actor.party", actor.map_or("", |actor| &actor.party))?,
            })),
            Some(_) | None => Ok(None),
        },
        Some(Of::Evaluation(_) | Of::Notification(_)) | None => Ok(None),
    }
}

fn dispatched(fact: &DispatchFact) -> Result<Option<Occasion>, WireError> {
    Ok(match fact {
        DispatchFact::Called(fact) => Some(Occasion::Called {
            by: wire::code("caller", &fact.caller)?,
            parties: fact
                .parties
                .iter()
                .map(|called| wire::code("parties", &called.party))
                .collect::<Result<_, _>>()?,
            colour: wire::colour(fact.colour)?,
            response_due: wire::time("response_due", fact.response_due.as_ref())?,
        }),
        // Before it was written down who is concerned, nobody is told.
        DispatchFact::ColourRaised(fact) if fact.caller.is_empty() => None,
        DispatchFact::ColourRaised(fact) => Some(Occasion::ColourRaised {
            by: wire::code("caller", &fact.caller)?,
            parties: wire::codes("parties", &fact.parties)?,
            colour: wire::colour(fact.to)?,
            response_due: wire::time("response_due", fact.response_due.as_ref())?,
            completion_due: wire::time("completion_due", fact.completion_due.as_ref())?,
        }),
        DispatchFact::RecurrenceFound(fact) => Some(Occasion::Recurred { parties: wire::codes("told", &fact.told)? }),
        DispatchFact::Admitted(fact) => Some(Occasion::Admitted { parties: wire::codes("told", &fact.told)? }),
        DispatchFact::Transferred(fact) => {
            Some(Occasion::Transferred { city: wire::code("to_party", &fact.to_party)? })
        }
        DispatchFact::CityReturned(fact) => {
            Some(Occasion::CityReturned { to: wire::code("to_party", &fact.to_party)? })
        }
        DispatchFact::CityReminded(fact) => Some(Occasion::CityReminded {
            city: wire::code("city", &fact.city)?,
            told: wire::code("told", &fact.told)?,
            due: wire::time("due", fact.due.as_ref())?,
        }),
        DispatchFact::TaskPlanned(fact) if fact.joint_meeting != 0 => Some(Occasion::TaskDecided {
            party: wire::code("party", &fact.party)?,
            due: wire::time("due", fact.due.as_ref())?,
        }),
        DispatchFact::Overdue(fact) if is_of_a_call(fact) => Some(Occasion::CallOverdue {
            party: wire::code("party", &fact.party)?,
            due: wire::time("due", fact.due.as_ref())?,
            told: wire::code("told", &fact.told)?,
        }),
        DispatchFact::Overdue(fact) => Some(Occasion::Overdue {
            of: missed(fact),
            party: wire::code("party", &fact.party)?,
            due: wire::time("due", fact.due.as_ref())?,
            told: wire::code("told", &fact.told)?,
        }),
        DispatchFact::Returned(fact) => Some(Occasion::Returned {
            party: wire::code("party", &fact.party)?,
            adjudicator: wire::code("adjudicator", &fact.adjudicator)?,
            due: wire::time("due", fact.due.as_ref())?,
        }),
        DispatchFact::Reminded(fact) => Some(Occasion::Reminded {
            party: wire::code("party", &fact.party)?,
            due: wire::time("due", fact.due.as_ref())?,
        }),
        DispatchFact::Supervised(fact) => Some(Occasion::Supervised {
            by: wire::code("by", &fact.by)?,
            party: wire::code("party", &fact.party)?,
            due: wire::time("due", fact.due.as_ref())?,
        }),
        DispatchFact::Reopened(fact) => Some(Occasion::Reopened {
            parties: wire::codes("told", &fact.told)?,
            due: wire::time("due", fact.due.as_ref())?,
        }),
        DispatchFact::Resolved(fact) => Some(Occasion::Resolved {
            outcome: wire::outcome(fact.outcome)?,
            rating_due: wire::time("rating_due", fact.rating_due.as_ref())?,
        }),
        // Whoever asked is told how the case ends that theirs became part of.
        DispatchFact::Closed(fact) if fact.reason() == CloseReason::Merged => None,
        DispatchFact::Closed(fact) => Some(Occasion::Closed { ending: ending(fact)? }),
        DispatchFact::Assigned(_)
        | DispatchFact::Escalated(_)
        | DispatchFact::Responded(_)
        | DispatchFact::ReportedIn(_)
        | DispatchFact::TaskPlanned(_)
        | DispatchFact::TaskDone(_)
        | DispatchFact::Progressed(_)
        | DispatchFact::MeasureAdopted(_)
        | DispatchFact::PartyDone(_)
        | DispatchFact::Released(_)
        | DispatchFact::CallEnded(_)
        | DispatchFact::ReturnAdjudicated(_)
        | DispatchFact::Unqualified(_)
        | DispatchFact::SupervisionAnswered(_)
        | DispatchFact::Extended(_)
        | DispatchFact::Suspended(_)
        | DispatchFact::Resumed(_)
        | DispatchFact::MeetingHeld(_)
        | DispatchFact::TaskForceFormed(_)
        | DispatchFact::AdmissionRefused(_)
        | DispatchFact::Concluded(_)
        | DispatchFact::RelatedCaseSpawned(_) => None,
    })
}

/// A call's clocks are told as such: whoever called has to look after whom it called.
fn is_of_a_call(fact: &Overdue) -> bool {
    match fact.clock() {
        Clock::Response | Clock::ReportIn | Clock::Completion => true,
        Clock::Task => fact.call != 0,
        Clock::Case | Clock::Adjudication | Clock::Supervision | Clock::Meeting | Clock::City | Clock::Unspecified => {
            false
        }
    }
}

fn missed(fact: &Overdue) -> Missed {
    match fact.clock() {
        Clock::Adjudication => Missed::Adjudication,
        Clock::Supervision => Missed::Supervision,
        Clock::City => Missed::City,
        Clock::Response
        | Clock::ReportIn
        | Clock::Completion
        | Clock::Task
        | Clock::Case
        | Clock::Meeting
        | Clock::Unspecified => Missed::Work,
    }
}

/// How a poll ended.
///
/// # Errors
/// It has not.
pub fn vote(outcome: PollOutcome) -> Result<Vote, WireError> {
    match outcome {
        PollOutcome::Passed => Ok(Vote::Passed),
        PollOutcome::Failed => Ok(Vote::Failed),
        PollOutcome::NoQuorum => Ok(Vote::NoQuorum),
        PollOutcome::Unspecified => Err(WireError::new("outcome", "missing")),
    }
}

fn ending(fact: &Closed) -> Result<Ending, WireError> {
    match fact.reason() {
        CloseReason::Withdrawn => Ok(Ending::Withdrawn),
        CloseReason::Excluded => Ok(Ending::Excluded),
        CloseReason::Rated | CloseReason::Unrated => wire::outcome(fact.outcome).map(Ending::With),
        CloseReason::Unspecified | CloseReason::Merged => Err(WireError::new("reason", "missing")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proto::ToWireTime;
    use proto::dispatch::v1::{self as dispatch, CalledParty, DispatchEvent};
    use proto::enforcement_center::v1::{EnforcementCenterEvent, NoticeServed};
    use proto::record::v1::{Decision, Event};

    use super::*;

    const DUE: Timestamp = Timestamp::constant(1_795_000_000, 0);

    /// Clocks and the call they belong to; the last two belong to none.
    const CLOCKS: [(Clock, u32); 6] = [
        (Clock::Response, 1),
        (Clock::ReportIn, 1),
        (Clock::Completion, 1),
        (Clock::Task, 1),
        (Clock::Task, 0),
        (Clock::Case, 0),
    ];

    fn dispatched(fact: DispatchFact) -> Of {
        Of::Dispatch(DispatchEvent { event: Some(fact) })
    }

    fn overdue(clock: Clock, call: u32) -> Of {
        let (party, told) = ("wuchang-jsj".to_owned(), "wuchang-centre".to_owned());
        let due = Some(DUE.to_wire());
        dispatched(DispatchFact::Overdue(Overdue { clock: clock.into(), call, party, task: 0, order: 0, due, told }))
    }

    /// One decision by `party` for each fact.
    fn commit(party: &str, facts: Vec<Of>) -> Commit {
        let actor = Actor { party: party.to_owned(), ..Actor::default() };
        let decision =
            |of| Decision { actor: Some(actor.clone()), events: vec![Event { of: Some(of) }], ..Decision::default() };
        Commit { decisions: facts.into_iter().map(decision).collect(), ..Commit::default() }
    }

    #[test]
    fn only_what_is_late_on_a_call_is_told_as_such() {
        let late = CLOCKS.map(|(clock, call)| overdue(clock, call)).to_vec();
        let told = occasions(&commit("", late)).unwrap();
        let of_calls: Vec<bool> =
            told.iter().map(|(_, occasion)| matches!(occasion, Occasion::CallOverdue { .. })).collect();
        assert_eq!(of_calls, [true, true, true, true, false, false]);
        assert!(matches!(told[5], (6, Occasion::Overdue { .. })));
    }

    #[test]
    fn a_commit_of_several_facts_gives_each_its_place() {
        let party = |party: &str| CalledParty { party: party.to_owned(), duty: 1 };
        let called = dispatch::Called {
            caller: "wuchang-jyq-command-centre".to_owned(),
            parties: vec![party("wuchang-jsj"), party("wuchang-jtdd")],
            colour: 1,
            response_due: Some(DUE.to_wire()),
            ..dispatch::Called::default()
        };
        let withdrawn = Closed { reason: CloseReason::Withdrawn.into(), ..Closed::default() };
        let facts = vec![
            dispatched(DispatchFact::Progressed(dispatch::Progressed::default())),
            dispatched(DispatchFact::Called(called)),
            dispatched(DispatchFact::Closed(withdrawn)),
        ];
        let found = occasions(&commit("", facts)).unwrap();
        assert!(
            matches!(
                &found[..],
                [(2, Occasion::Called { parties, .. }), (3, Occasion::Closed { ending: Ending::Withdrawn })]
                    if parties.len() == 2
            ),
            "{found:?}"
        );
    }

    #[test]
    fn a_notice_is_told_to_the_centre_that_served_it() {
        let served =
            NoticeServed { party: "wuchang-xfjy".to_owned(), due: Some(DUE.to_wire()), ..NoticeServed::default() };
        let fact = Of::EnforcementCenter(EnforcementCenterEvent { event: Some(CenterFact::NoticeServed(served)) });
        let found = occasions(&commit("wuchang-jyq-enforcement-centre", vec![fact])).unwrap();
        assert!(
            matches!(&found[..], [(1, Occasion::NoticeServed { centre, .. })] if centre.as_str() == "wuchang-jyq-enforcement-centre"),
            "{found:?}"
        );
    }
}
