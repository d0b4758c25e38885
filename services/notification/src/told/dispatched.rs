//! What is told of the facts of dispatch: who gets work, who loses it, and who is told that it is late.

use ids::Code;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{
    AdmissionRefused, Admitted, Assigned, CallEnded, CallEnding, Called, CityReminded, CityReturned, Clock,
    CloseReason, Closed, ColourRaised, Escalated, Extended, MeetingHeld, Overdue, ProgressKind, Progressed,
    RecurrenceFound, Released, Reminded, Reopened, Resolved, Resumed, ReturnAdjudicated, Returned, Supervised,
    SupervisionAnswered, Suspended, TaskDone, TaskForceFormed, TaskPlanned, Transferred, Unqualified,
};
use proto::facts::DispatchFacts;
use record::WireError;
use station::wire;

use super::{Teller, party, telling};
use crate::domain::tellings::{Ending, Recipient, Says, Telling, Text, Whom};
use crate::standing::Task;

impl DispatchFacts for Teller<'_> {
    fn assigned(&mut self, fact: &Assigned) -> Self::Found {
        let due = wire::time("due", fact.due.as_ref())?;
        let says = Says { provisional: fact.due_provisional, ..Says::default().due(due) };
        Ok([self.handed_on(&fact.party, says)?, self.dropped(&fact.dropped)?].concat())
    }

    fn escalated(&mut self, fact: &Escalated) -> Self::Found {
        Ok([self.handed_on(&fact.to_party, Says::default())?, self.dropped(&fact.dropped)?].concat())
    }

    fn transferred(&mut self, fact: &Transferred) -> Self::Found {
        let city = wire::code("to_party", &fact.to_party)?;
        let callers = telling(Text::Transferred, Whom::Callers, Recipient::Callers, Says::party(&city));
        let dropped = self.dropped(&fact.dropped)?;
        Ok([callers].into_iter().chain(self.taken_away(&city)).chain(dropped).collect())
    }

    fn city_returned(&mut self, fact: &CityReturned) -> Self::Found {
        let to = wire::code("to_party", &fact.to_party)?;
        let callers = telling(Text::CityReturned, Whom::Callers, Recipient::Callers, Says::party(&to));
        let holder = self.each(Text::Assigned, Whom::Holder, [&to], &Says::default());
        Ok([callers].into_iter().chain(holder).collect())
    }

    fn called(&mut self, fact: &Called) -> Self::Found {
        let by = wire::code("caller", &fact.caller)?;
        let parties = fact.parties.iter().map(|called| wire::code("parties", &called.party));
        let parties: Vec<Code> = parties.collect::<Result<_, _>>()?;
        let due = wire::time("response_due", fact.response_due.as_ref())?;
        let colour = wire::colour(fact.colour)?;
        let provisional = fact.due_provisional;
        let says = Says { colour: Some(colour), provisional, ..Says::default().street(&by).due(due) };
        let called = parties
            .iter()
            .map(|to| party(Text::Called, Whom::Called, to, Says { party: Some(to.clone()), ..says.clone() }));
        let mut all: Vec<Telling> = called.collect();
        all.push(telling(Text::Paged, Whom::OnDuty, Recipient::Pages { colour, by, parties }, says));
        Ok(all)
    }

    fn colour_raised(&mut self, fact: &ColourRaised) -> Self::Found {
        // Before it was written down who is concerned, nobody is told.
        if fact.caller.is_empty() {
            return Ok(Vec::new());
        }
        let (by, parties) = (wire::code("caller", &fact.caller)?, wire::codes("parties", &fact.parties)?);
        let colour = wire::colour(fact.to)?;
        let completion = wire::time("completion_due", fact.completion_due.as_ref())?;
        let says = Says { colour: Some(colour), ..Says::default().street(&by).due(completion) };
        let to = |to: &Code, whom, about: &Code| {
            party(Text::ColourRaised, whom, to, Says { party: Some(about.clone()), ..says.clone() })
        };
        let mut all: Vec<Telling> = parties.iter().map(|party| to(party, Whom::Called, party)).collect();
        // The street hears of the first of those it waits for.
        all.extend(parties.first().map(|party| to(&by, Whom::CallingStreet, party)));
        let response = wire::time("response_due", fact.response_due.as_ref())?;
        let page = Says { due: Some(response), ..says.clone() };
        all.push(telling(Text::Paged, Whom::OnDuty, Recipient::Pages { colour, by, parties }, page));
        Ok(all)
    }

    fn recurrence_found(&mut self, fact: &RecurrenceFound) -> Self::Found {
        let all = wire::codes("told", &fact.told)?;
        // What is answered already is nobody's to look into, unless it is opened again.
        let open = self.standing.answer.is_none();
        let is_holder = |party: &&Code| open && self.standing.holder.as_ref() == Some(*party);
        let holder = all.iter().filter(is_holder);
        let leading = all.iter().filter(|party| !is_holder(party));
        let mut told = self.each(Text::RecurrenceFound, Whom::Holder, holder, &Says::default());
        told.extend(self.each(Text::RecurrenceFound, Whom::Leading, leading, &Says::default()));
        Ok(told)
    }

    fn admitted(&mut self, fact: &Admitted) -> Self::Found {
        let refused = wire::codes("told", &fact.told)?;
        let mut all = self.each(Text::Admitted, Whom::Refused, &refused, &Says::default());
        if let (Some(holder), Some(community)) = (self.standing.live_holder(), refused.first())
            && !self.is_actor(holder)
            && !refused.contains(holder)
        {
            all.push(party(Text::Admitted, Whom::Holder, holder, Says::party(community)));
        }
        Ok(all)
    }

    fn admission_refused(&mut self, fact: &AdmissionRefused) -> Self::Found {
        // The judgement would have sent it there: it goes to the street, which is told that it has it.
        let Some(asked_by) = wire::optional_code("asked_by", &fact.asked_by)? else { return Ok(Vec::new()) };
        if self.is_actor(&asked_by) {
            return Ok(Vec::new());
        }
        let says = Says::party(&wire::code("party", &fact.party)?);
        Ok(vec![party(Text::AdmissionRefused, Whom::Holder, &asked_by, says)])
    }

    fn city_reminded(&mut self, fact: &CityReminded) -> Self::Found {
        let says = Says::party(&wire::code("city", &fact.city)?).due(wire::time("due", fact.due.as_ref())?);
        Ok(vec![party(Text::CityReminded, Whom::Above, &wire::code("told", &fact.told)?, says)])
    }

    fn task_planned(&mut self, fact: &TaskPlanned) -> Self::Found {
        let text = match (fact.joint_meeting, fact.after.is_empty()) {
            (0, true) => Text::TaskPlanned,
            (0, false) => Text::TaskWaits,
            (_, _) => Text::TaskDecided,
        };
        let says = Says::default().due(wire::time("due", fact.due.as_ref())?);
        Ok(self.each(text, Whom::TaskHolder, [&wire::code("party", &fact.party)?], &says))
    }

    fn task_done(&mut self, fact: &TaskDone) -> Self::Found {
        Ok(self.can_begin(&[fact.task]))
    }

    fn progressed(&mut self, fact: &Progressed) -> Self::Found {
        if fact.kind() != ProgressKind::Reply {
            return Ok(Vec::new());
        }
        let says = Says { note: Some(fact.note.clone()), ..Says::party(&wire::code("party", &fact.party)?) };
        Ok(vec![telling(Text::Replied, Whom::Callers, Recipient::Callers, says)])
    }

    fn released(&mut self, fact: &Released) -> Self::Found {
        let mut all = self.each(Text::CallOver, Whom::Unit, [&wire::code("party", &fact.party)?], &Says::default());
        let gone =
            self.standing.open_tasks().filter(|task| task.call == fact.call && task.party.as_str() == fact.party);
        all.extend(self.can_begin(&gone.map(|task| task.number).collect::<Vec<_>>()));
        Ok(all)
    }

    fn call_ended(&mut self, fact: &CallEnded) -> Self::Found {
        if fact.ending() == CallEnding::Cancelled {
            return Ok(self.each(Text::CallOver, Whom::Called, self.standing.expected(fact.call), &Says::default()));
        }
        let goes_on = self.standing.calls.iter().any(|call| call.number != fact.call);
        if goes_on || self.standing.open_tasks().next().is_some() || self.ends_here() {
            return Ok(Vec::new());
        }
        Ok(self.each(Text::CallEnded, Whom::Holder, self.standing.live_holder(), &Says::default()))
    }

    fn overdue(&mut self, fact: &Overdue) -> Self::Found {
        let says = Says::party(&wire::code("party", &fact.party)?).due(wire::time("due", fact.due.as_ref())?);
        let (unit, told) = (wire::code("party", &fact.party)?, wire::code("told", &fact.told)?);
        let mut all = vec![party(late(fact), Whom::Above, &told, says.clone())];
        // A task force that did not meet is told to its lead.
        if fact.clock() == Clock::Meeting && unit != told {
            all.push(party(Text::Overdue, Whom::Unit, &unit, says));
        }
        Ok(all)
    }

    fn returned(&mut self, fact: &Returned) -> Self::Found {
        let says = Says::party(&wire::code("party", &fact.party)?).due(wire::time("due", fact.due.as_ref())?);
        Ok(vec![party(Text::Returned, Whom::Adjudicator, &wire::code("adjudicator", &fact.adjudicator)?, says)])
    }

    fn return_adjudicated(&mut self, fact: &ReturnAdjudicated) -> Self::Found {
        let text = if fact.upheld { Text::CallOver } else { Text::ReturnRefused };
        Ok(self.each(text, Whom::Unit, [&wire::code("party", &fact.party)?], &Says::default()))
    }

    fn unqualified(&mut self, fact: &Unqualified) -> Self::Found {
        let says = Says::default().due(wire::time("response_due", fact.response_due.as_ref())?);
        Ok(self.each(Text::Unqualified, Whom::Unit, [&wire::code("party", &fact.party)?], &says))
    }

    fn reminded(&mut self, fact: &Reminded) -> Self::Found {
        let says = Says::default().due(wire::time("due", fact.due.as_ref())?);
        Ok(self.each(Text::Reminded, Whom::Unit, [&wire::code("party", &fact.party)?], &says))
    }

    fn supervised(&mut self, fact: &Supervised) -> Self::Found {
        let unit = wire::code("party", &fact.party)?;
        let says = Says::party(&unit).street(&wire::code("by", &fact.by)?).due(wire::time("due", fact.due.as_ref())?);
        Ok(vec![party(Text::Supervised, Whom::Unit, &unit, says)])
    }

    fn supervision_answered(&mut self, fact: &SupervisionAnswered) -> Self::Found {
        let by = self.standing.supervisors.get(&fact.order).filter(|by| !self.is_actor(by));
        let says = Says::party(&wire::code("party", &fact.party)?);
        Ok(by.map(|by| party(Text::SupervisionAnswered, Whom::Supervisor, by, says)).into_iter().collect())
    }

    fn extended(&mut self, fact: &Extended) -> Self::Found {
        let says = Says::default().due(wire::time("due", fact.due.as_ref())?);
        Ok(match (fact.call, fact.task) {
            (0, 0) => self.each(Text::Extended, Whom::Holder, self.standing.live_holder(), &says),
            (0, task) => {
                let holder = self.standing.open_tasks().filter(|known| known.number == task).map(|known| &known.party);
                self.each(Text::Extended, Whom::TaskHolder, holder, &says)
            }
            (call, _) => self.each(Text::Extended, Whom::Called, self.standing.expected(call), &says),
        })
    }

    fn suspended(&mut self, fact: &Suspended) -> Self::Found {
        let says = Says::default().due(wire::time("until", fact.until.as_ref())?);
        Ok(self.each(Text::Suspended, Whom::Working, &self.standing.working(), &says))
    }

    fn resumed(&mut self, fact: &Resumed) -> Self::Found {
        let due = fact.due.as_ref().map(|due| wire::time("due", Some(due))).transpose()?;
        let says = Says { due, ..Says::default() };
        Ok(self.each(Text::Resumed, Whom::Working, &self.standing.working(), &says))
    }

    fn meeting_held(&mut self, fact: &MeetingHeld) -> Self::Found {
        let says = Says::default().street(&wire::code("by", &fact.by)?);
        Ok(self.each(Text::MeetingMissed, Whom::Absent, &wire::codes("absent", &fact.absent)?, &says))
    }

    fn task_force_formed(&mut self, fact: &TaskForceFormed) -> Self::Found {
        let mut members = vec![wire::code("lead", &fact.lead)?];
        for member in wire::codes("members", &fact.members)? {
            if !members.contains(&member) {
                members.push(member);
            }
        }
        let says = Says::default().due(wire::time("meets_by", fact.meets_by.as_ref())?);
        Ok(self.each(Text::TaskForce, Whom::Members, &members, &says))
    }

    fn resolved(&mut self, fact: &Resolved) -> Self::Found {
        let mut all = self.each(Text::Answered, Whom::Holder, self.standing.live_holder(), &Says::default());
        if fact.waits_for_help_until.is_some() {
            let answer = Says { ending: Some(Ending::With(wire::outcome(fact.outcome)?)), ..Says::default() };
            all.push(telling(Text::HelpGoesOn, Whom::Callers, Recipient::Callers, answer));
        }
        Ok(all)
    }

    fn reopened(&mut self, fact: &Reopened) -> Self::Found {
        let says = Says::default().due(wire::time("due", fact.due.as_ref())?);
        let told = wire::codes("told", &fact.told)?;
        let is_holder = |party: &&Code| self.standing.holder.as_ref() == Some(*party);
        let mut all = vec![telling(Text::OpenAgain, Whom::Callers, Recipient::Callers, says.clone())];
        // The city has no desk here: the district asks it again.
        if let (Some(due), Some(city)) = (&fact.answer_due, &self.standing.holder) {
            let asks = Says::party(city).due(wire::time("answer_due", Some(due))?);
            all.push(telling(Text::CityReminded, Whom::District, Recipient::District, asks));
        }
        all.extend(self.each(Text::Reopened, Whom::Holder, told.iter().filter(is_holder), &says));
        all.extend(self.each(Text::Reopened, Whom::Came, told.iter().filter(|party| !is_holder(party)), &says));
        Ok(all)
    }

    fn closed(&mut self, fact: &Closed) -> Self::Found {
        let (callers, unfinished) = match fact.reason() {
            // Whoever asked is told how the case ends that theirs became part of.
            CloseReason::Merged => (None, true),
            CloseReason::Withdrawn => (Some(Ending::Withdrawn), true),
            CloseReason::Excluded => (Some(Ending::Excluded), true),
            CloseReason::Rated | CloseReason::Unrated => (Some(Ending::With(wire::outcome(fact.outcome)?)), false),
            CloseReason::Unspecified => return Err(WireError::new("reason", "missing")),
        };
        let closed = |ending| {
            telling(Text::Closed, Whom::Callers, Recipient::Callers, Says { ending: Some(ending), ..Says::default() })
        };
        let mut all: Vec<Telling> = callers.map(closed).into_iter().collect();
        if unfinished {
            all.extend(self.each(Text::CaseOver, Whom::Working, &self.standing.working(), &Says::default()));
        }
        Ok(all)
    }
}

impl Teller<'_> {
    /// Whose tasks waited for these alone, unless their holders are let go in the same breath.
    fn can_begin(&self, over: &[u32]) -> Vec<Telling> {
        let goes = |task: &Task| {
            self.commit.dispatch_facts().any(|fact| {
                matches!(fact, DispatchFact::Released(gone) if gone.call == task.call && gone.party == task.party.as_str())
            })
        };
        let waiting = self.standing.waiting_for(over).into_iter().filter(|task| !goes(task)).map(|task| &task.party);
        self.each(Text::TaskReady, Whom::Waiting, waiting, &Says::default())
    }
}

/// A call's clocks are told as such: whoever called has to look after whom it called.
fn late(fact: &Overdue) -> Text {
    match fact.clock() {
        Clock::Response | Clock::ReportIn | Clock::Completion => Text::CallOverdue,
        Clock::Task if fact.call != 0 => Text::CallOverdue,
        Clock::Adjudication => Text::AdjudicationOverdue,
        Clock::Supervision => Text::SupervisionOverdue,
        Clock::City => Text::CityOverdue,
        Clock::Task | Clock::Case | Clock::Meeting | Clock::Unspecified => Text::Overdue,
    }
}
