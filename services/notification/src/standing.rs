//! How things stood before a fact: who had the case, who was expected, what was left to do, who was asked to the joint
//! operation. Of facts that name whom they concern it is not needed.

use std::collections::BTreeMap;

use ids::Code;
use jiff::Timestamp;
use proto::dispatch::v1::{
    Assigned, CallEnded, Called, CityReturned, Closed, DroppedTask, Escalated, PartyDone, RatingOpened, Released,
    Reopened, Resolved, ReturnAdjudicated, Returned, Supervised, TaskDone, TaskPlanned, Transferred,
};
use proto::enforcement_center::v1::{NoticeServed, OperationOpened, SeatCalled, SeatEscalated, SeatTaken};
use proto::facts::{DispatchFacts, EnforcementCenterFacts, Facts, TriageFacts};
use proto::record::v1::{Commit, Event};
use proto::triage::v1::{Classified, Dismissed, Judged, QueuedForJudgement};
use record::WireError;
use station::wire;
use vocabulary::Outcome;

/// What the facts so far add up to, as far as it decides who is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub holder: Option<Code>,
    /// The holder is the city, for which the district writes.
    pub with_city: bool,
    /// Where the case lies, as dispatch or triage has it.
    pub place: Option<Code>,
    /// What was answered, and until when it can be rated, if that does not wait for help; none while the case is open.
    pub answer: Option<(Outcome, Option<Timestamp>)>,
    pub closed: bool,
    /// A person has it to judge.
    pub waits_for_judgement: bool,
    pub calls: Vec<Call>,
    pub tasks: Vec<Task>,
    /// Returns that nobody has decided on: call and unit, and who has to.
    pub returns: Vec<((u32, Code), Code)>,
    /// Who gave each order of supervision.
    pub supervisors: BTreeMap<u32, Code>,
    pub operation: Option<Operation>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub number: u32,
    /// Called, and neither done nor let go.
    pub expected: Vec<Code>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub number: u32,
    pub party: Code,
    pub after: Vec<u32>,
    pub call: u32,
    pub done: bool,
}

/// A joint operation of the enforcement centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub centre: Code,
    pub residents: Vec<Code>,
    /// Units that were asked, and whether somebody may still come or has.
    pub seats: BTreeMap<Code, bool>,
    /// Who issued each notice.
    pub notices: BTreeMap<u32, Code>,
}

impl Operation {
    /// Whether a unit is resident, or its seat is asked for or taken.
    pub fn keeps(&self, party: &Code) -> bool {
        self.residents.contains(party) || self.seats.get(party).is_some_and(|expected| *expected)
    }
}

impl Standing {
    /// After all of it.
    ///
    /// # Errors
    /// A fact does not have the form its type promises.
    pub fn after<'c>(commits: impl IntoIterator<Item = &'c Commit>) -> Result<Self, WireError> {
        let mut standing = Self::default();
        commits.into_iter().flat_map(Commit::facts).try_for_each(|fact| standing.learn(fact))?;
        Ok(standing)
    }

    /// # Errors
    /// As [`after`](Self::after).
    pub fn learn(&mut self, event: &Event) -> Result<(), WireError> {
        if let Some(fact) = event.dispatch() {
            fact.told_to(self)
        } else if let Some(fact) = event.triage() {
            fact.told_to(self)
        } else if let Some(fact) = event.enforcement_center() {
            fact.told_to(self)
        } else {
            Ok(())
        }
    }

    /// Who has the case and may still do something about it.
    pub fn live_holder(&self) -> Option<&Code> {
        self.holder.as_ref().filter(|_| !self.closed)
    }

    pub fn open_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| !task.done)
    }

    pub fn expected(&self, call: u32) -> impl Iterator<Item = &Code> {
        self.calls.iter().filter(move |known| known.number == call).flat_map(|known| &known.expected)
    }

    /// Whoever has something to do, each once.
    pub fn working(&self) -> Vec<Code> {
        let expected = self.calls.iter().flat_map(|call| &call.expected);
        let deciding = self.returns.iter().map(|(_, adjudicator)| adjudicator);
        let all = self.holder.iter().chain(expected).chain(self.open_tasks().map(|task| &task.party)).chain(deciding);
        let mut working: Vec<Code> = Vec::new();
        for party in all {
            if !working.contains(party) {
                working.push(party.clone());
            }
        }
        working
    }

    /// The tasks that waited for these alone, which are done or gone.
    pub fn waiting_for(&self, over: &[u32]) -> Vec<&Task> {
        let open = |first: &u32| !over.contains(first) && self.open_tasks().any(|task| task.number == *first);
        let waits = |task: &&Task| !over.contains(&task.number) && task.after.iter().any(|first| over.contains(first));
        self.open_tasks().filter(waits).filter(|task| !task.after.iter().any(open)).collect()
    }

    fn handed_to(&mut self, party: &str) -> Result<(), WireError> {
        self.holder = Some(wire::code("party", party)?);
        self.with_city = false;
        Ok(())
    }

    fn lies_at(&mut self, place: Option<&proto::common::v1::Place>) -> Result<(), WireError> {
        self.place = wire::optional_code("place.party", place.map_or("", |place| &place.party))?;
        Ok(())
    }

    /// Nobody waits for it any more on this call, and what it had left to do goes with it.
    fn no_longer_expects(&mut self, call: u32, party: &str, drops_tasks: bool) {
        for known in self.calls.iter_mut().filter(|known| known.number == call) {
            known.expected.retain(|known| known.as_str() != party);
        }
        self.returns.retain(|((number, unit), _)| *number != call || unit.as_str() != party);
        if drops_tasks {
            self.tasks.retain(|task| task.done || task.call != call || task.party.as_str() != party);
        }
    }

    fn drops(&mut self, dropped: &[DroppedTask]) {
        self.tasks.retain(|task| !dropped.iter().any(|gone| gone.task == task.number));
    }

    fn seat(&mut self, party: &str, is_expected: bool) -> Result<(), WireError> {
        if let Some(operation) = &mut self.operation {
            operation.seats.insert(wire::code("party", party)?, is_expected);
        }
        Ok(())
    }
}

impl Facts for Standing {
    type Found = Result<(), WireError>;

    fn nothing() -> Self::Found {
        Ok(())
    }
}

impl TriageFacts for Standing {
    fn queued_for_judgement(&mut self, fact: &QueuedForJudgement) -> Self::Found {
        self.waits_for_judgement = true;
        self.lies_at(fact.place.as_ref())
    }

    fn classified(&mut self, _: &Classified) -> Self::Found {
        self.waits_for_judgement = false;
        Ok(())
    }

    fn judged(&mut self, _: &Judged) -> Self::Found {
        self.waits_for_judgement = false;
        Ok(())
    }

    fn dismissed(&mut self, _: &Dismissed) -> Self::Found {
        self.waits_for_judgement = false;
        Ok(())
    }
}

impl DispatchFacts for Standing {
    fn assigned(&mut self, fact: &Assigned) -> Self::Found {
        self.drops(&fact.dropped);
        self.lies_at(fact.place.as_ref())?;
        self.handed_to(&fact.party)
    }

    fn escalated(&mut self, fact: &Escalated) -> Self::Found {
        self.drops(&fact.dropped);
        self.handed_to(&fact.to_party)
    }

    fn transferred(&mut self, fact: &Transferred) -> Self::Found {
        self.drops(&fact.dropped);
        self.handed_to(&fact.to_party)?;
        self.with_city = true;
        Ok(())
    }

    fn city_returned(&mut self, fact: &CityReturned) -> Self::Found {
        self.handed_to(&fact.to_party)
    }

    fn called(&mut self, fact: &Called) -> Self::Found {
        let expected = fact.parties.iter().map(|called| wire::code("parties", &called.party));
        self.calls.push(Call { number: fact.call, expected: expected.collect::<Result<_, _>>()? });
        Ok(())
    }

    fn returned(&mut self, fact: &Returned) -> Self::Found {
        let unit = wire::code("party", &fact.party)?;
        self.returns.push(((fact.call, unit), wire::code("adjudicator", &fact.adjudicator)?));
        Ok(())
    }

    fn return_adjudicated(&mut self, fact: &ReturnAdjudicated) -> Self::Found {
        self.returns.retain(|((call, unit), _)| *call != fact.call || unit.as_str() != fact.party);
        if fact.upheld {
            self.no_longer_expects(fact.call, &fact.party, true);
        }
        Ok(())
    }

    fn party_done(&mut self, fact: &PartyDone) -> Self::Found {
        self.no_longer_expects(fact.call, &fact.party, false);
        Ok(())
    }

    fn released(&mut self, fact: &Released) -> Self::Found {
        self.no_longer_expects(fact.call, &fact.party, true);
        Ok(())
    }

    fn call_ended(&mut self, fact: &CallEnded) -> Self::Found {
        let left: Vec<Code> = self.expected(fact.call).cloned().collect();
        left.iter().for_each(|party| self.no_longer_expects(fact.call, party.as_str(), true));
        self.calls.retain(|call| call.number != fact.call);
        Ok(())
    }

    fn task_planned(&mut self, fact: &TaskPlanned) -> Self::Found {
        let (party, after) = (wire::code("party", &fact.party)?, fact.after.clone());
        self.tasks.push(Task { number: fact.task, party, after, call: fact.call, done: false });
        Ok(())
    }

    fn task_done(&mut self, fact: &TaskDone) -> Self::Found {
        self.tasks.iter_mut().filter(|task| task.number == fact.task).for_each(|task| task.done = true);
        Ok(())
    }

    fn supervised(&mut self, fact: &Supervised) -> Self::Found {
        self.supervisors.insert(fact.order, wire::code("by", &fact.by)?);
        Ok(())
    }

    fn resolved(&mut self, fact: &Resolved) -> Self::Found {
        let due = match fact.waits_for_help_until {
            Some(_) => None,
            None => Some(wire::time("rating_due", fact.rating_due.as_ref())?),
        };
        self.answer = Some((wire::outcome(fact.outcome)?, due));
        Ok(())
    }

    fn rating_opened(&mut self, fact: &RatingOpened) -> Self::Found {
        let due = wire::time("rating_due", fact.rating_due.as_ref())?;
        self.answer = self.answer.map(|(outcome, _)| (outcome, Some(due)));
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

impl EnforcementCenterFacts for Standing {
    fn operation_opened(&mut self, fact: &OperationOpened) -> Self::Found {
        self.operation = Some(Operation {
            centre: wire::code("centre", &fact.centre)?,
            residents: wire::codes("residents", &fact.residents)?,
            seats: BTreeMap::new(),
            notices: BTreeMap::new(),
        });
        Ok(())
    }

    fn seat_called(&mut self, fact: &SeatCalled) -> Self::Found {
        self.seat(&fact.party, true)
    }

    fn seat_taken(&mut self, fact: &SeatTaken) -> Self::Found {
        self.seat(&fact.party, true)
    }

    fn seat_escalated(&mut self, fact: &SeatEscalated) -> Self::Found {
        self.seat(&fact.party, false)
    }

    fn notice_served(&mut self, fact: &NoticeServed) -> Self::Found {
        let party = wire::code("party", &fact.party)?;
        if let Some(operation) = &mut self.operation {
            operation.notices.insert(fact.notice, party);
        }
        Ok(())
    }
}
