//! A followed commit as tellings: of its facts, in one case, who is told what. Which facts are told at all, and to whom by
//! what they have to do with them, is said in `table.rs`, and nothing is told here that does not stand there.

mod dispatched;

use std::collections::BTreeSet;

use ids::Code;
use proto::dispatch::v1::DroppedTask;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::enforcement_center::v1 as center;
use proto::evaluation::v1::RatingRequested;
use proto::evaluation::v1::evaluation_event::Event as EvaluationFact;
use proto::facts::{EnforcementCenterFacts, EvaluationFacts, Facts, IntakeFacts, TriageFacts};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::intake::v1::{CallerJoined, ExclusionProposed, PollOutcome, Received, Supplemented};
use proto::record::v1::{Commit, Event};
use proto::triage::v1::{Dismissed, Judged, JudgementOverdue, QueuedForJudgement};
use record::WireError;
use station::wire;

use crate::cases::reference;
use crate::domain::tellings::{Ending, Recipient, Says, Telling, Text, Vote, Whom};
use crate::standing::Standing;
use crate::table::row;

/// Everything that is told of a commit, each with the position of its fact in the commit, counted from 1. `before` is how
/// things stood before it; of a commit of intake or evaluation, how they stand with dispatch. Where nothing
/// [looks back](looks_back), it may be empty. Who is told of the end of a poll is on the record of the poll: see
/// [`crate::polls`].
///
/// # Errors
/// A fact does not have the form its type promises.
pub fn told(commit: &Commit, before: Standing) -> Result<Vec<(usize, Telling)>, WireError> {
    let mut standing = before;
    let facts = commit.decisions.iter().flat_map(|decision| {
        let actor = decision.actor.as_ref().map_or("", |actor| actor.party.as_str());
        decision.events.iter().map(move |event| (actor, event))
    });
    let mut all = Vec::new();
    for (position, (actor, fact)) in (1..).zip(facts) {
        let tellings = of(fact, &mut Teller { actor, standing: &standing, commit })?;
        debug_assert!(
            tellings.iter().all(|it| row(fact).is_some_and(|row| row.invites(it.text, it.whom).is_some())),
            "the table does not say so: {tellings:?}"
        );
        all.extend(tellings.into_iter().map(|telling| (position, telling)));
        standing.learn(fact)?;
    }
    Ok(all)
}

fn of(event: &Event, teller: &mut Teller<'_>) -> Result<Vec<Telling>, WireError> {
    if let Some(fact) = event.intake() {
        fact.told_to(teller)
    } else if let Some(fact) = event.triage() {
        fact.told_to(teller)
    } else if let Some(fact) = event.dispatch() {
        fact.told_to(teller)
    } else if let Some(fact) = event.enforcement_center() {
        fact.told_to(teller)
    } else if let Some(fact) = event.evaluation() {
        fact.told_to(teller)
    } else {
        Ok(Vec::new())
    }
}

/// Whether whom a fact of this commit concerns is found only in what was recorded before.
pub fn looks_back(commit: &Commit) -> bool {
    let past = |event: &Event| {
        // What is answered is with dispatch, and which centre an operation has, with the operation.
        let asks = matches!(event.evaluation(), Some(EvaluationFact::RatingRequested(_)));
        let messages = row(event).map_or(&[][..], |row| row.messages());
        asks || event.enforcement_center().is_some() || messages.iter().any(|message| is_remembered(message.whom))
    };
    commit.facts().any(past)
}

/// Whom the facts themselves do not name.
const fn is_remembered(whom: Whom) -> bool {
    match whom {
        Whom::Holder
        | Whom::FormerHolder
        | Whom::Supervisor
        | Whom::Waiting
        | Whom::Working
        | Whom::CommandCentre
        | Whom::Centre
        | Whom::Residents
        | Whom::Officer
        | Whom::Seats => true,
        Whom::Callers
        | Whom::NewCaller
        | Whom::District
        | Whom::Called
        | Whom::OnDuty
        | Whom::Unit
        | Whom::CallingStreet
        | Whom::Above
        | Whom::Adjudicator
        | Whom::TaskHolder
        | Whom::Came
        | Whom::Leading
        | Whom::Absent
        | Whom::Members
        | Whom::Refused
        | Whom::Opener => false,
    }
}

/// The receipt of a case, if this commit holds it.
pub fn received(commit: &Commit) -> Option<&Received> {
    commit.intake_facts().find_map(|fact| if let IntakeFact::Received(received) = fact { Some(received) } else { None })
}

/// Who joined the case in this commit.
pub fn joined(commit: &Commit) -> impl Iterator<Item = String> {
    commit.intake_facts().filter_map(|fact| {
        if let IntakeFact::CallerJoined(joined) = fact { Some(reference(&joined.caller_ref)) } else { None }
    })
}

/// Finds out whom one fact concerns.
struct Teller<'c> {
    /// Party of whoever decided it; empty for the platform itself and for callers.
    actor: &'c str,
    standing: &'c Standing,
    /// What was decided in the same breath.
    commit: &'c Commit,
}

fn telling(text: Text, whom: Whom, to: Recipient, says: Says) -> Telling {
    Telling { text, whom, to, says }
}

/// To a party.
fn party(text: Text, whom: Whom, to: &Code, says: Says) -> Telling {
    telling(text, whom, Recipient::Party(to.clone()), says)
}

impl Teller<'_> {
    fn is_actor(&self, party: &Code) -> bool {
        party.as_str() == self.actor
    }

    /// The same to each of several, about themselves; nobody is told their own words. What the holder is told is told to
    /// the district where that is the city, which has no desk.
    fn each<'p>(
        &self,
        text: Text,
        whom: Whom,
        parties: impl IntoIterator<Item = &'p Code>,
        says: &Says,
    ) -> Vec<Telling> {
        let others = parties.into_iter().filter(|party| !self.is_actor(party));
        let told = |to: &Code| {
            let is_city = whom == Whom::Holder && self.standing.with_city && self.standing.holder.as_ref() == Some(to);
            let recipient = if is_city { Recipient::District } else { Recipient::Party(to.clone()) };
            telling(text, whom, recipient, Says { party: Some(to.clone()), ..says.clone() })
        };
        others.map(told).collect()
    }

    /// A new holder has it, and the one before has it no more.
    fn handed_on(&self, to: &str, says: Says) -> Result<Vec<Telling>, WireError> {
        let to = wire::code("party", to)?;
        let mut all = self.each(Text::Assigned, Whom::Holder, [&to], &says);
        all.extend(self.taken_away(&to));
        Ok(all)
    }

    fn taken_away(&self, to: &Code) -> Option<Telling> {
        let before = self.standing.holder.as_ref().filter(|before| *before != to && !self.is_actor(before))?;
        Some(party(Text::TakenAway, Whom::FormerHolder, before, Says::party(to)))
    }

    /// Whose tasks of a joint operation are nobody's any more. Who sits in it is told by the centre that it is over.
    fn dropped(&self, dropped: &[DroppedTask]) -> Result<Vec<Telling>, WireError> {
        let mut parties: Vec<Code> = Vec::new();
        for gone in dropped {
            let party = wire::code("dropped.party", &gone.party)?;
            let sits = self.standing.operation.as_ref().is_some_and(|operation| operation.keeps(&party));
            if !sits && !parties.contains(&party) {
                parties.push(party);
            }
        }
        Ok(self.each(Text::OperationOver, Whom::TaskHolder, &parties, &Says::default()))
    }

    /// Dispatch ends or answers the case in the same commit.
    fn ends_here(&self) -> bool {
        let ends = |fact: &DispatchFact| matches!(fact, DispatchFact::Resolved(_) | DispatchFact::Closed(_));
        self.commit.dispatch_facts().any(ends)
    }
}

impl Facts for Teller<'_> {
    type Found = Result<Vec<Telling>, WireError>;

    fn nothing() -> Self::Found {
        Ok(Vec::new())
    }
}

impl IntakeFacts for Teller<'_> {
    fn received(&mut self, _: &Received) -> Self::Found {
        Ok(vec![telling(Text::Received, Whom::Callers, Recipient::Callers, Says::default())])
    }

    fn supplemented(&mut self, _: &Supplemented) -> Self::Found {
        Ok(self.each(Text::Supplemented, Whom::Holder, self.standing.live_holder(), &Says::default()))
    }

    fn exclusion_proposed(&mut self, _: &ExclusionProposed) -> Self::Found {
        Ok(vec![telling(Text::ExclusionProposed, Whom::District, Recipient::District, Says::default())])
    }

    fn caller_joined(&mut self, fact: &CallerJoined) -> Self::Found {
        let caller = reference(&fact.caller_ref);
        let newcomer = |text, says| telling(text, Whom::NewCaller, Recipient::Caller(caller.clone()), says);
        let mut all = vec![newcomer(Text::Joined, Says::default())];
        let (Some(holder), Some((outcome, due))) = (self.standing.live_holder(), self.standing.answer) else {
            return Ok(all);
        };
        let answer = Says { ending: Some(Ending::With(outcome)), due, ..Says::default() };
        // Nobody is asked before the help is over, and then whoever joined by then as well.
        all.push(newcomer(if due.is_some() { Text::Resolved } else { Text::HelpGoesOn }, answer));
        // Whoever answered looks again; only the street or the district can open it again.
        all.extend(self.each(Text::SaidAgain, Whom::Holder, [holder], &Says::default()));
        let centre = Recipient::CommandCentreAt(self.standing.place.clone());
        all.push(telling(Text::SaidAgain, Whom::CommandCentre, centre, Says::party(holder)));
        Ok(all)
    }
}

impl TriageFacts for Teller<'_> {
    fn queued_for_judgement(&mut self, fact: &QueuedForJudgement) -> Self::Found {
        let place = fact.place.as_ref().map_or("", |place| place.party.as_str());
        let centre = Recipient::CommandCentreAt(wire::optional_code("place.party", place)?);
        let says = Says::default().due(wire::time("due", fact.due.as_ref())?);
        Ok(vec![telling(Text::ToJudge, Whom::CommandCentre, centre, says)])
    }

    fn judged(&mut self, fact: &Judged) -> Self::Found {
        let judgement = fact.judgement.as_ref().ok_or_else(|| WireError::new("judgement", "missing"))?;
        let says = Says::party(&wire::code("judgement.party", &judgement.party)?);
        Ok(vec![telling(Text::Judged, Whom::Callers, Recipient::Callers, says)])
    }

    fn judgement_overdue(&mut self, fact: &JudgementOverdue) -> Self::Found {
        let says = Says::default().due(wire::time("due", fact.due.as_ref())?);
        Ok(vec![telling(Text::JudgementOverdue, Whom::District, Recipient::District, says)])
    }

    fn dismissed(&mut self, _: &Dismissed) -> Self::Found {
        if !self.standing.waits_for_judgement {
            return Ok(Vec::new());
        }
        let centre = Recipient::CommandCentreAt(self.standing.place.clone());
        Ok(vec![telling(Text::Dismissed, Whom::CommandCentre, centre, Says::default())])
    }
}

impl EnforcementCenterFacts for Teller<'_> {
    fn operation_opened(&mut self, fact: &center::OperationOpened) -> Self::Found {
        let centre = wire::code("centre", &fact.centre)?;
        let says = Says::default().street(&centre);
        let mut all = self.each(Text::OperationOpened, Whom::Centre, [&centre], &says);
        let residents = wire::codes("residents", &fact.residents)?;
        all.extend(self.each(Text::OperationOpened, Whom::Residents, &residents, &says));
        Ok(all)
    }

    fn seat_called(&mut self, fact: &center::SeatCalled) -> Self::Found {
        let unit = wire::code("party", &fact.party)?;
        let due = fact.due.as_ref().map(|due| wire::time("due", Some(due))).transpose()?;
        let street = self.standing.operation.as_ref().map(|operation| operation.centre.clone());
        let says = Says { street, due, ..Says::party(&unit) };
        Ok(vec![telling(Text::SeatCalled, Whom::Officer, officer(unit, fact.officer.as_ref()), says)])
    }

    fn seat_lapsed(&mut self, fact: &center::SeatLapsed) -> Self::Found {
        let unit = wire::code("party", &fact.party)?;
        let says = Says::party(&unit).due(wire::time("due", fact.due.as_ref())?);
        Ok(vec![telling(Text::SeatLapsed, Whom::Officer, officer(unit, fact.officer.as_ref()), says)])
    }

    fn seat_escalated(&mut self, fact: &center::SeatEscalated) -> Self::Found {
        let says = Says::party(&wire::code("party", &fact.party)?);
        Ok(vec![party(Text::SeatEscalated, Whom::Above, &wire::code("told", &fact.told)?, says)])
    }

    fn notice_served(&mut self, fact: &center::NoticeServed) -> Self::Found {
        let says = Says::party(&wire::code("party", &fact.party)?).due(wire::time("due", fact.due.as_ref())?);
        // Only the operation's own centre serves notices, and it is reminded of the day.
        let centre = wire::code("actor.party", self.actor)?;
        Ok(vec![party(Text::NoticeServed, Whom::Centre, &centre, says)])
    }

    fn reinspection_due(&mut self, fact: &center::ReinspectionDue) -> Self::Found {
        let Some(operation) = &self.standing.operation else { return Ok(Vec::new()) };
        let issuer = operation.notices.get(&fact.notice).unwrap_or(&operation.centre);
        let says = Says::party(issuer).due(wire::time("due", fact.due.as_ref())?);
        Ok(vec![party(Text::ReinspectionDue, Whom::Centre, &operation.centre, says)])
    }

    fn meeting_held(&mut self, fact: &center::MeetingHeld) -> Self::Found {
        let street = self.standing.operation.as_ref().map(|operation| operation.centre.clone());
        let says = Says { street, ..Says::default() };
        Ok(self.each(Text::MeetingMissed, Whom::Absent, &wire::codes("absent", &fact.absent)?, &says))
    }

    fn operation_concluded(&mut self, _: &center::OperationConcluded) -> Self::Found {
        Ok(self.operation_over())
    }

    fn operation_cancelled(&mut self, _: &center::OperationCancelled) -> Self::Found {
        Ok(self.operation_over())
    }
}

impl Teller<'_> {
    fn operation_over(&self) -> Vec<Telling> {
        let Some(operation) = &self.standing.operation else { return Vec::new() };
        let seats = operation.seats.iter().filter(|(_, expected)| **expected).map(|(party, _)| party);
        let seats = seats.filter(|party| !operation.residents.contains(party));
        let mut all = self.each(Text::OperationOver, Whom::Residents, &operation.residents, &Says::default());
        all.extend(self.each(Text::OperationOver, Whom::Seats, seats, &Says::default()));
        all
    }
}

impl EvaluationFacts for Teller<'_> {
    fn rating_requested(&mut self, fact: &RatingRequested) -> Self::Found {
        // Of a case that has left nobody is asked any more.
        let lapsed = |fact: &EvaluationFact| matches!(fact, EvaluationFact::RatingLapsed(_));
        let Some((outcome, _)) = self.standing.answer.filter(|_| !self.commit.evaluation_facts().any(lapsed)) else {
            return Ok(Vec::new());
        };
        let due = wire::time("due", fact.due.as_ref())?;
        let answer = Says { ending: Some(Ending::With(outcome)), ..Says::default().due(due) };
        let mut all = vec![telling(Text::Resolved, Whom::Callers, Recipient::Callers, answer)];
        for calling in rating(fact)? {
            all.push(party(Text::RateParties, Whom::CallingStreet, &calling, Says::party(&calling).due(due)));
        }
        Ok(all)
    }
}

/// Everybody who called somebody that is measured and not rated yet, each once.
fn rating(fact: &RatingRequested) -> Result<BTreeSet<Code>, WireError> {
    let unrated = fact.performance.iter().filter(|performance| !fact.rated.contains(&performance.party));
    let own = unrated.map(|performance| performance.calling_party.as_str());
    let calling = own.map(|own| if own.is_empty() { fact.calling_party.as_str() } else { own });
    calling.filter_map(|calling| wire::optional_code("calling_party", calling).transpose()).collect()
}

fn officer(unit: Code, named: Option<&proto::common::v1::Officer>) -> Recipient {
    match named {
        Some(officer) if !officer.staff_ref.is_empty() => {
            Recipient::Officer { unit, staff_ref: officer.staff_ref.clone() }
        }
        Some(_) | None => Recipient::Party(unit),
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
pub mod samples;
#[cfg(test)]
mod tests;
