//! A followed commit as occasions: which of its facts somebody is told of, in our own words.

use ids::Code;
use jiff::Timestamp;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{
    self as dispatch, Assigned, CityReminded, CityReturned, Clock, CloseReason, Closed, ColourRaised, Escalated,
    Overdue, RecurrenceFound, Reminded, Reopened, Resolved, Returned, Supervised, TaskPlanned, Transferred,
};
use proto::enforcement_center::v1::NoticeServed;
use proto::facts::{DispatchFacts, EnforcementCenterFacts, Facts, IntakeFacts, TriageFacts};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{CallerJoined, PollOutcome, Received};
use proto::record::v1::{Actor, Commit, Event};
use proto::triage::v1::Judged;
use record::WireError;
use station::wire;
use vocabulary::Outcome;

use crate::cases::reference;
use crate::domain::tellings::{Ending, Missed, Occasion, Vote};

/// The occasions of a commit, each with the position of its fact in the commit, counted from 1. `standing` is where dispatch is
/// with the case, needed where [`asks_who_has_it`].
///
/// # Errors
/// A fact does not have the form its type promises.
pub fn occasions(commit: &Commit, standing: Option<&Standing>) -> Result<Vec<(usize, Occasion)>, WireError> {
    let facts = commit
        .decisions
        .iter()
        .flat_map(|decision| decision.events.iter().map(|event| (decision.actor.as_ref(), event)));
    let mut occasions = Vec::new();
    for (position, (actor, fact)) in facts.enumerate() {
        if let Some(occasion) = occasion(actor, fact)? {
            occasions.push((position + 1, occasion));
        }
        if let Some(occasion) = standing.and_then(|standing| standing.told_of(actor, fact)) {
            occasions.push((position + 1, occasion));
        }
    }
    Ok(occasions)
}

/// Whether somebody who has the case should hear of a fact, whoever that is.
pub fn asks_who_has_it(commit: &Commit) -> bool {
    commit.intake_facts().any(|fact| matches!(fact, IntakeFact::Supplemented(_) | IntakeFact::CallerJoined(_)))
}

/// Who has a case, and what was answered, if it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    holder: Option<Code>,
    answer: Option<(Outcome, Timestamp)>,
    closed: bool,
}

impl Standing {
    /// After all that dispatch has recorded.
    ///
    /// # Errors
    /// A fact does not have the form its type promises.
    pub fn after<'f>(mut facts: impl Iterator<Item = &'f DispatchFact>) -> Result<Self, WireError> {
        let mut standing = Self::default();
        facts.try_for_each(|fact| fact.told_to(&mut standing))?;
        Ok(standing)
    }

    fn handed_to(&mut self, party: &str) -> Result<(), WireError> {
        self.holder = Some(wire::code("party", party)?);
        Ok(())
    }

    /// What nobody else tells whoever has the case: not their own words, and nothing about what is over.
    fn told_of(&self, actor: Option<&Actor>, event: &Event) -> Option<Occasion> {
        let holder = self.holder.clone().filter(|_| !self.closed)?;
        let fact = event.intake()?;
        if let IntakeFact::Supplemented(_) = fact {
            let own = actor.is_some_and(|actor| actor.party == holder.as_str());
            return (!own).then_some(Occasion::Supplemented { holder });
        }
        let (IntakeFact::CallerJoined(joined), Some((outcome, rating_due))) = (fact, self.answer) else { return None };
        Some(Occasion::SaidAgain { caller: reference(&joined.caller_ref), holder, outcome, rating_due })
    }
}

impl Facts for Standing {
    type Found = Result<(), WireError>;

    fn nothing() -> Self::Found {
        Ok(())
    }
}

impl DispatchFacts for Standing {
    fn assigned(&mut self, fact: &Assigned) -> Self::Found {
        self.handed_to(&fact.party)
    }

    fn escalated(&mut self, fact: &Escalated) -> Self::Found {
        self.handed_to(&fact.to_party)
    }

    fn transferred(&mut self, fact: &Transferred) -> Self::Found {
        self.handed_to(&fact.to_party)
    }

    fn city_returned(&mut self, fact: &CityReturned) -> Self::Found {
        self.handed_to(&fact.to_party)
    }

    fn resolved(&mut self, fact: &Resolved) -> Self::Found {
        self.answer = Some((wire::outcome(fact.outcome)?, wire::time("rating_due", fact.rating_due.as_ref())?));
        Ok(())
    }

    fn reopened(&mut self, _: &Reopened) -> Self::Found {
        self.answer = None;
        Ok(())
    }

    fn closed(&mut self, _: &Closed) -> Self::Found {
        self.closed = true;
        Ok(())
    }
}

/// The receipt of a case, if this commit holds it.
pub fn received(commit: &Commit) -> Option<&Received> {
    commit.intake_facts().find_map(|fact| if let IntakeFact::Received(received) = fact { Some(received) } else { None })
}

/// Who joined the case in this commit (R-25).
pub fn joined(commit: &Commit) -> impl Iterator<Item = String> {
    commit.intake_facts().filter_map(|fact| {
        if let IntakeFact::CallerJoined(joined) = fact { Some(reference(&joined.caller_ref)) } else { None }
    })
}

/// Who is told of the end of a poll is on the record of the poll: see [`crate::polls`].
fn occasion(actor: Option<&Actor>, event: &Event) -> Result<Option<Occasion>, WireError> {
    let mut telling = Telling { actor };
    if let Some(fact) = event.intake() {
        fact.told_to(&mut telling)
    } else if let Some(fact) = event.triage() {
        fact.told_to(&mut telling)
    } else if let Some(fact) = event.dispatch() {
        fact.told_to(&mut telling)
    } else if let Some(fact) = event.enforcement_center() {
        fact.told_to(&mut telling)
    } else {
        Ok(None)
    }
}

/// Which facts somebody is told of.
struct Telling<'c> {
    /// Who decided it.
    actor: Option<&'c Actor>,
}

impl Facts for Telling<'_> {
    type Found = Result<Option<Occasion>, WireError>;

    fn nothing() -> Self::Found {
        Ok(None)
    }
}

impl IntakeFacts for Telling<'_> {
    fn received(&mut self, _: &Received) -> Self::Found {
        Ok(Some(Occasion::Received))
    }

    fn caller_joined(&mut self, fact: &CallerJoined) -> Self::Found {
        Ok(Some(Occasion::CallerJoined { caller: reference(&fact.caller_ref) }))
    }
}

impl TriageFacts for Telling<'_> {
    fn judged(&mut self, fact: &Judged) -> Self::Found {
        let judgement = fact.judgement.as_ref().ok_or_else(|| WireError::new("judgement", "missing"))?;
        Ok(Some(Occasion::Judged { party: wire::code("judgement.party", &judgement.party)? }))
    }
}

impl EnforcementCenterFacts for Telling<'_> {
    fn notice_served(&mut self, fact: &NoticeServed) -> Self::Found {
        Ok(Some(Occasion::NoticeServed {
            party: wire::code("party", &fact.party)?,
            due: wire::time("due", fact.due.as_ref())?,
            // Only the operation's own centre serves notices.
            centre: wire::code("actor.party", self.actor.map_or("", |actor| &actor.party))?,
        }))
    }
}

impl DispatchFacts for Telling<'_> {
    fn called(&mut self, fact: &dispatch::Called) -> Self::Found {
        let parties = fact.parties.iter().map(|called| wire::code("parties", &called.party));
        Ok(Some(Occasion::Called {
            by: wire::code("caller", &fact.caller)?,
            parties: parties.collect::<Result<_, _>>()?,
            colour: wire::colour(fact.colour)?,
            response_due: wire::time("response_due", fact.response_due.as_ref())?,
        }))
    }

    fn colour_raised(&mut self, fact: &ColourRaised) -> Self::Found {
        // Before it was written down who is concerned, nobody is told.
        if fact.caller.is_empty() {
            return Ok(None);
        }
        Ok(Some(Occasion::ColourRaised {
            by: wire::code("caller", &fact.caller)?,
            parties: wire::codes("parties", &fact.parties)?,
            colour: wire::colour(fact.to)?,
            response_due: wire::time("response_due", fact.response_due.as_ref())?,
            completion_due: wire::time("completion_due", fact.completion_due.as_ref())?,
        }))
    }

    fn recurrence_found(&mut self, fact: &RecurrenceFound) -> Self::Found {
        Ok(Some(Occasion::Recurred { parties: wire::codes("told", &fact.told)? }))
    }

    fn admitted(&mut self, fact: &dispatch::Admitted) -> Self::Found {
        Ok(Some(Occasion::Admitted { parties: wire::codes("told", &fact.told)? }))
    }

    fn transferred(&mut self, fact: &Transferred) -> Self::Found {
        Ok(Some(Occasion::Transferred { city: wire::code("to_party", &fact.to_party)? }))
    }

    fn city_returned(&mut self, fact: &CityReturned) -> Self::Found {
        Ok(Some(Occasion::CityReturned { to: wire::code("to_party", &fact.to_party)? }))
    }

    fn city_reminded(&mut self, fact: &CityReminded) -> Self::Found {
        Ok(Some(Occasion::CityReminded {
            city: wire::code("city", &fact.city)?,
            told: wire::code("told", &fact.told)?,
            due: wire::time("due", fact.due.as_ref())?,
        }))
    }

    fn task_planned(&mut self, fact: &TaskPlanned) -> Self::Found {
        if fact.joint_meeting == 0 {
            return Ok(None);
        }
        Ok(Some(Occasion::TaskDecided {
            party: wire::code("party", &fact.party)?,
            due: wire::time("due", fact.due.as_ref())?,
        }))
    }

    fn overdue(&mut self, fact: &Overdue) -> Self::Found {
        let party = wire::code("party", &fact.party)?;
        let due = wire::time("due", fact.due.as_ref())?;
        let told = wire::code("told", &fact.told)?;
        Ok(Some(if is_of_a_call(fact) {
            Occasion::CallOverdue { party, due, told }
        } else {
            Occasion::Overdue { of: missed(fact), party, due, told }
        }))
    }

    fn returned(&mut self, fact: &Returned) -> Self::Found {
        Ok(Some(Occasion::Returned {
            party: wire::code("party", &fact.party)?,
            adjudicator: wire::code("adjudicator", &fact.adjudicator)?,
            due: wire::time("due", fact.due.as_ref())?,
        }))
    }

    fn reminded(&mut self, fact: &Reminded) -> Self::Found {
        Ok(Some(Occasion::Reminded {
            party: wire::code("party", &fact.party)?,
            due: wire::time("due", fact.due.as_ref())?,
        }))
    }

    fn supervised(&mut self, fact: &Supervised) -> Self::Found {
        Ok(Some(Occasion::Supervised {
            by: wire::code("by", &fact.by)?,
            party: wire::code("party", &fact.party)?,
            due: wire::time("due", fact.due.as_ref())?,
        }))
    }

    fn reopened(&mut self, fact: &Reopened) -> Self::Found {
        Ok(Some(Occasion::Reopened {
            parties: wire::codes("told", &fact.told)?,
            due: wire::time("due", fact.due.as_ref())?,
        }))
    }

    fn resolved(&mut self, fact: &Resolved) -> Self::Found {
        Ok(Some(Occasion::Resolved {
            outcome: wire::outcome(fact.outcome)?,
            rating_due: wire::time("rating_due", fact.rating_due.as_ref())?,
        }))
    }

    fn closed(&mut self, fact: &Closed) -> Self::Found {
        match fact.reason() {
            // Whoever asked is told how the case ends that theirs became part of.
            CloseReason::Merged => Ok(None),
            CloseReason::Withdrawn => Ok(Some(Occasion::Closed { ending: Ending::Withdrawn })),
            CloseReason::Excluded => Ok(Some(Occasion::Closed { ending: Ending::Excluded })),
            CloseReason::Rated | CloseReason::Unrated => {
                Ok(Some(Occasion::Closed { ending: Ending::With(wire::outcome(fact.outcome)?) }))
            }
            CloseReason::Unspecified => Err(WireError::new("reason", "missing")),
        }
    }
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

#[cfg(test)]
mod tests {
    use proto::ToWireTime;
    use proto::dispatch::v1::{CalledParty, DispatchEvent};
    use proto::enforcement_center::v1::EnforcementCenterEvent;
    use proto::enforcement_center::v1::enforcement_center_event::Event as CenterFact;
    use proto::record::v1::Decision;
    use proto::record::v1::event::Of;

    use proto::intake::v1::{IntakeEvent, Supplemented};

    use super::*;
    use crate::domain::tellings::tellings;

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
        let told = occasions(&commit("", late), None).unwrap();
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
        let found = occasions(&commit("", facts), None).unwrap();
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
        let found = occasions(&commit("wuchang-jyq-enforcement-centre", vec![fact]), None).unwrap();
        assert!(
            matches!(&found[..], [(1, Occasion::NoticeServed { centre, .. })] if centre.as_str() == "wuchang-jyq-enforcement-centre"),
            "{found:?}"
        );
    }

    #[test]
    fn whoever_has_a_case_hears_what_is_added_to_it_and_that_it_was_raised_once_more() {
        let intake = |fact| Of::Intake(IntakeEvent { event: Some(fact) });
        let supplemented = || intake(IntakeFact::Supplemented(Supplemented { text: "还是黑的".to_owned() }));
        let joined = || {
            intake(IntakeFact::CallerJoined(CallerJoined { caller_ref: "c-2".to_owned(), ..CallerJoined::default() }))
        };
        let assigned = DispatchFact::Assigned(dispatch::Assigned {
            party: "wuchang-jsj".to_owned(),
            ..dispatch::Assigned::default()
        });
        let resolved = DispatchFact::Resolved(Resolved {
            outcome: proto::common::v1::Outcome::Solved.into(),
            rating_due: Some(DUE.to_wire()),
            ..Resolved::default()
        });
        let closed = DispatchFact::Closed(Closed::default());
        let at_work = Standing::after([&assigned].into_iter()).unwrap();
        let answered = Standing::after([&assigned, &resolved].into_iter()).unwrap();
        let over = Standing::after([&assigned, &resolved, &closed].into_iter()).unwrap();
        let told = |by: &str, standing: &Standing| {
            let found = occasions(&commit(by, vec![supplemented(), joined()]), Some(standing)).unwrap();
            let told = found.iter().flat_map(|(_, occasion)| tellings(occasion));
            told.map(|telling| format!("{:?} {}", telling.to, telling.text)).collect::<Vec<_>>()
        };
        let (holder, caller) = (r#"Party("wuchang-jsj")"#, r#"Caller("c-2")"#);
        let joins = format!("{caller} joined");
        assert_eq!(told("", &at_work), [format!("{holder} supplemented"), joins.clone()]);
        assert_eq!(told("wuchang-jsj", &at_work), std::slice::from_ref(&joins), "nobody is told their own words");
        let again = [
            format!("{holder} supplemented"),
            joins.clone(),
            format!("{caller} resolved"),
            format!("{holder} said-again"),
        ];
        assert_eq!(told("", &answered), again);
        assert_eq!(told("", &over), [joins]);
    }
}
