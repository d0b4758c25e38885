//! What dispatch's commits cause outside the record: orders to departments (D2). Other matters found on the way, which go
//! to intake, are in `related.rs`.
//!
//! An order's subject says which fact ordered it, so a repeat is not stored again; and whether it is still wanted is
//! read from the state as it is now, so a late redelivery does not call back a department that may leave.

mod said;

use ids::{CaseId, Code};
use jiff::Timestamp;
use prost::Message;
use proto::dispatch::v1::{
    CallEnded, CallOrder, CallOver, Called, CalledParty, ColourRaised, Extended, Order, Released, Resumed,
    ReturnAdjudicated, Supervised, SupervisionOrder, TaskOrder, TaskPlanned, Unqualified, order,
};
use proto::facts::{DispatchFacts, Facts};
use proto::streams::CALLS;
use proto::subjects::OrderSubject;
use proto::{FromWireTime, ToWireTime};
use record::follow::Failure;
use record::{Appender, BrokerError, StoredCommit};
use station::Station;
use station::wire as shared;

use crate::domain::{self, Call, State};

#[derive(Clone)]
pub struct Effects {
    calls: Appender,
}

impl Effects {
    pub async fn open(station: &Station) -> anyhow::Result<Self> {
        Ok(Self { calls: Appender::start(&station.broker, CALLS).await? })
    }

    /// Sends what the facts of `stored` order, as far as the case still wants it. What fails is tried again, and what was sent
    /// is not sent twice.
    pub async fn of(&self, stored: &StoredCommit, now: &State, station: &Station) -> Result<(), Failure> {
        let facts = stored.commit.dispatch_facts().enumerate();
        let orders: Vec<(usize, String, order::Order)> = facts
            .flat_map(|(position, fact)| {
                let orders = fact.told_to(&mut Ordering { now });
                orders.into_iter().map(move |(party, order)| (position, party, order))
            })
            .collect();
        if orders.is_empty() {
            return Ok(());
        }
        let charter = station.charter_to_follow(&stored.subject.key.district)?;
        let case: CaseId = stored.subject.key.id.parse().map_err(Failure::permanent)?;
        let at = stored.commit.at.time().map_err(Failure::permanent)?;
        // Who runs no responder is reached by its contact card, not by an order.
        let runs_one = |party: &str| charter.party(party).is_some_and(|party| party.responder);
        let mut orders: Vec<_> = orders.into_iter().filter(|(_, party, _)| runs_one(party)).collect();
        if orders.iter().any(|(_, _, order)| matches!(order, order::Order::Call(_))) {
            let said = said::of(stored, station).await?;
            orders.iter_mut().for_each(|(_, _, order)| said.put_into(order));
        }
        for (position, party, order) in orders {
            let department: Code = party.parse().map_err(Failure::permanent)?;
            let n = format!("{}-{position}", stored.subject.revision);
            self.send(stored, OrderSubject { department, case, n }, at, order).await?;
        }
        Ok(())
    }

    async fn send(
        &self,
        stored: &StoredCommit,
        subject: OrderSubject,
        at: Timestamp,
        order: order::Order,
    ) -> Result<(), Failure> {
        let message = Order {
            district: stored.subject.key.district.to_string(),
            case_id: subject.case.to_string(),
            n: subject.n.clone(),
            at: Some(at.to_wire()),
            order: Some(order),
        };
        match self.calls.append(subject.to_string(), message.encode_to_vec()).await {
            Ok(_) | Err(BrokerError::Exists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Which facts order something, and of whom.
struct Ordering<'s> {
    now: &'s State,
}

impl Ordering<'_> {
    fn expects(&self, call: u32, party: &str) -> bool {
        party.parse().is_ok_and(|party| self.now.expects(call, &party))
    }

    /// Calls with what they leave now, to whoever is still expected.
    fn as_it_is(&self, of: impl Fn(&Call) -> bool) -> Vec<(String, order::Order)> {
        let calls = self.now.calls.iter().filter(|call| of(call));
        let working = calls.flat_map(|call| call.parties.iter().map(move |called| (call, called)));
        working
            .filter(|(call, called)| self.now.expects(call.number, &called.party))
            .map(|(call, called)| (called.party.to_string(), order::Order::Call(call_as_it_is(call, called, self.now))))
            .collect()
    }
}

impl Facts for Ordering<'_> {
    type Found = Vec<(String, order::Order)>;

    fn nothing() -> Self::Found {
        vec![]
    }
}

impl DispatchFacts for Ordering<'_> {
    fn called(&mut self, called: &Called) -> Self::Found {
        let expected = called.parties.iter().filter(|party| self.expects(called.call, &party.party));
        expected.map(|party| (party.party.clone(), order::Order::Call(call_order(called, party, self.now)))).collect()
    }

    fn task_planned(&mut self, task: &TaskPlanned) -> Self::Found {
        if task.call == 0 || !self.expects(task.call, &task.party) {
            return vec![];
        }
        let order = TaskOrder {
            task: task.task,
            title: task.title.clone(),
            due: task.due,
            after: task.after.clone(),
            call: task.call,
        };
        vec![(task.party.clone(), order::Order::Task(order))]
    }

    /// Whoever was not qualified is called again, with the time it has now.
    fn unqualified(&mut self, sent: &Unqualified) -> Self::Found {
        if !self.expects(sent.call, &sent.party) {
            return vec![];
        }
        let call = self.now.calls.iter().find(|call| call.number == sent.call);
        let order = call.and_then(|call| {
            let called = call.parties.iter().find(|called| called.party.as_str() == sent.party)?;
            Some(CallOrder { note: sent.reason.clone(), again: true, ..call_as_it_is(call, called, self.now) })
        });
        order.into_iter().map(|order| (sent.party.clone(), order::Order::Call(order))).collect()
    }

    /// Whoever is still at work hears of the new colour, and until when it has now.
    fn colour_raised(&mut self, raised: &ColourRaised) -> Self::Found {
        self.as_it_is(|call| call.number == raised.call)
    }

    fn extended(&mut self, extended: &Extended) -> Self::Found {
        self.as_it_is(|call| call.number == extended.call)
    }

    /// Everything is due later by as long as it stood still.
    fn resumed(&mut self, _: &Resumed) -> Self::Found {
        self.as_it_is(|_| true)
    }

    fn supervised(&mut self, supervised: &Supervised) -> Self::Found {
        // Whoever is not called has a desk of its own.
        let call = self.now.calls.iter().rev().find(|call| self.expects(call.number, &supervised.party));
        let order = call.map(|call| SupervisionOrder {
            order: supervised.order,
            by: supervised.by.clone(),
            text: supervised.text.clone(),
            due: supervised.due,
            call: call.number,
        });
        order.into_iter().map(|order| (supervised.party.clone(), order::Order::Supervision(order))).collect()
    }

    fn return_adjudicated(&mut self, decided: &ReturnAdjudicated) -> Self::Found {
        if !decided.upheld {
            return vec![];
        }
        let over = CallOver { call: decided.call, reason: decided.reason.clone() };
        vec![(decided.party.clone(), order::Order::Over(over))]
    }

    fn released(&mut self, released: &Released) -> Self::Found {
        // Tasks of no call were no orders.
        if released.call == 0 {
            return vec![];
        }
        let over = CallOver { call: released.call, reason: released.reason.clone() };
        vec![(released.party.clone(), order::Order::Over(over))]
    }

    fn call_ended(&mut self, ended: &CallEnded) -> Self::Found {
        let call = self.now.calls.iter().find(|call| call.number == ended.call);
        let reason = proto::word(ended.ending().as_str_name(), "CALL_ENDING_");
        let over = CallOver { call: ended.call, reason };
        let parties = call.into_iter().flat_map(|call| &call.parties);
        parties.map(|called| (called.party.to_string(), order::Order::Over(over.clone()))).collect()
    }
}

fn call_order(called: &Called, party: &CalledParty, now: &State) -> CallOrder {
    let matter = now.matter.as_ref();
    CallOrder {
        call: called.call,
        caller: called.caller.clone(),
        duty: party.duty,
        colour: called.colour,
        situation: called.situation.clone(),
        title: matter.map(|matter| matter.title.clone()).unwrap_or_default(),
        place: matter.map(|matter| shared::to_place(&matter.place)),
        response_due: called.response_due,
        report_in_due: called.report_in_due,
        completion_due: called.completion_due,
        note: called.note.clone(),
        again: false,
        due_provisional: called.due_provisional,
        // What was said comes in when it is sent.
        text: String::new(),
        supplements: vec![],
    }
}

/// The call as it is now, to one party, with its own clocks.
fn call_as_it_is(call: &Call, called: &domain::CalledParty, now: &State) -> CallOrder {
    let matter = now.matter.as_ref();
    CallOrder {
        call: call.number,
        caller: call.caller.to_string(),
        duty: shared::to_duty(called.duty),
        colour: shared::to_colour(call.colour),
        situation: shared::text(matter.and_then(|matter| matter.situation.as_ref())),
        title: matter.map(|matter| matter.title.clone()).unwrap_or_default(),
        place: matter.map(|matter| shared::to_place(&matter.place)),
        response_due: Some(called.response_due.to_wire()),
        report_in_due: Some(called.report_in_due.to_wire()),
        completion_due: Some(call.completion_due.to_wire()),
        note: String::new(),
        again: false,
        due_provisional: call.due_provisional,
        text: String::new(),
        supplements: vec![],
    }
}
