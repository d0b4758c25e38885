//! The clocks of one case that goes on, as the facts of its owners set, move and stop them.

use jiff::Timestamp;
use prost::Message;
use proto::FromWireTime;
use proto::dispatch::v1::{
    Assigned, CallEnded, Called, Closed, ColourRaised, Extended, PartyDone, Released, Reopened, ReportedIn, Resolved,
    Responded, Resumed, ReturnAdjudicated, Returned, Supervised, SupervisionAnswered, Suspended, Transferred,
    Unqualified,
};
use proto::facts::{DispatchFacts, Facts, IntakeFacts, TriageFacts};
use proto::intake::v1::Received;
use proto::record::v1::{Event, event::Of};
use proto::triage::v1::{Classified, Dismissed, Judged, QueuedForJudgement, Regraded};

/// What runs on a case. Kept as it is encoded here; a change of it is another form of the copy.
#[derive(Clone, PartialEq, Message)]
pub struct Clocks {
    #[prost(bool, tag = "1")]
    pub goes_on: bool,
    /// Who has it, and at which level: as its line says.
    #[prost(string, tag = "2")]
    pub owner: String,
    #[prost(string, tag = "3")]
    pub level: String,
    /// Until when it is judged; none once it is.
    #[prost(int64, optional, tag = "4")]
    judgement_us: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    case_us: Option<i64>,
    #[prost(bool, tag = "6")]
    provisional: bool,
    #[prost(bool, tag = "7")]
    pub suspended: bool,
    #[prost(message, repeated, tag = "8")]
    calls: Vec<OpenCall>,
    #[prost(message, repeated, tag = "9")]
    returns: Vec<Waiting>,
    #[prost(message, repeated, tag = "10")]
    orders: Vec<Waiting>,
}

#[derive(Clone, PartialEq, Message)]
struct OpenCall {
    #[prost(uint32, tag = "1")]
    number: u32,
    #[prost(int32, tag = "2")]
    colour: i32,
    #[prost(int64, optional, tag = "3")]
    completion_us: Option<i64>,
    #[prost(bool, tag = "4")]
    provisional: bool,
    #[prost(message, repeated, tag = "5")]
    parties: Vec<Expected>,
}

/// A called unit from which something is still expected.
#[derive(Clone, PartialEq, Message)]
struct Expected {
    #[prost(string, tag = "1")]
    party: String,
    #[prost(int64, optional, tag = "2")]
    response_us: Option<i64>,
    #[prost(int64, optional, tag = "3")]
    report_in_us: Option<i64>,
    #[prost(bool, tag = "4")]
    responded: bool,
    #[prost(bool, tag = "5")]
    reported_in: bool,
}

/// Something that one unit has to decide or to answer.
#[derive(Clone, PartialEq, Message)]
struct Waiting {
    /// Of the call or of the order.
    #[prost(uint32, tag = "1")]
    number: u32,
    /// Whom it is about.
    #[prost(string, tag = "2")]
    party: String,
    /// Who has to act.
    #[prost(string, tag = "3")]
    by: String,
    #[prost(int64, optional, tag = "4")]
    due_us: Option<i64>,
}

/// The clock that runs out next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    pub at_us: i64,
    pub party: String,
    pub clock: &'static str,
    pub provisional: bool,
}

impl Clocks {
    pub fn learn(&mut self, event: &Event) {
        match &event.of {
            Some(Of::Intake(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
            Some(Of::Triage(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
            Some(Of::Dispatch(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
            Some(Of::EnforcementCenter(_) | Of::Evaluation(_) | Of::Notification(_) | Of::Powers(_)) | None => None,
        };
    }

    /// Of all that run; none: none does.
    pub fn next(&self) -> Option<Next> {
        self.running().min_by_key(|next| next.at_us)
    }

    fn running(&self) -> impl Iterator<Item = Next> {
        let next = |at_us, party: &str, clock, provisional| {
            Option::<i64>::map(at_us, |at_us| Next { at_us, party: party.to_owned(), clock, provisional })
        };
        let judgement = next(self.judgement_us, "", "judgement", false);
        let standing = |due: Option<i64>| due.filter(|_| !self.suspended);
        let case = next(standing(self.case_us), &self.owner, "case", self.provisional);
        let calls = self.calls.iter().flat_map(move |call| {
            call.parties.iter().filter_map(move |expected| {
                let (due, clock) = match (expected.responded, expected.reported_in) {
                    (false, _) => (expected.response_us, "response"),
                    (true, false) => (expected.report_in_us, "report-in"),
                    (true, true) => (standing(call.completion_us), "completion"),
                };
                next(due, &expected.party, clock, call.provisional)
            })
        });
        let returns = self.returns.iter().filter_map(move |it| next(it.due_us, &it.by, "adjudication", false));
        let orders = self.orders.iter().filter_map(move |it| next(it.due_us, &it.by, "supervision", false));
        judgement.into_iter().chain(case).chain(calls).chain(returns).chain(orders)
    }

    /// The most urgent of the calls that go on; 0: none does.
    pub fn colour(&self) -> i32 {
        self.calls.iter().map(|call| call.colour).filter(|colour| *colour > 0).min().unwrap_or_default()
    }

    fn expected(&mut self, call: u32, party: &str) -> Option<&mut Expected> {
        let call = self.calls.iter_mut().find(|known| known.number == call)?;
        call.parties.iter_mut().find(|expected| expected.party == party)
    }

    /// Nothing more is expected of a unit on a call.
    fn free(&mut self, call: u32, party: &str) {
        for known in self.calls.iter_mut().filter(|known| known.number == call) {
            known.parties.retain(|expected| expected.party != party);
        }
        self.returns.retain(|it| it.number != call || it.party != party);
    }

    fn over(&mut self) {
        *self = Self::default();
    }
}

fn micros(at: Option<&pbjson_types::Timestamp>) -> Option<i64> {
    at.and_then(|at| Some(*at).time().ok()).map(Timestamp::as_microsecond)
}

impl Facts for Clocks {
    type Found = ();

    fn nothing() {}
}

impl IntakeFacts for Clocks {
    fn received(&mut self, _: &Received) {
        self.goes_on = true;
    }
}

impl TriageFacts for Clocks {
    fn queued_for_judgement(&mut self, fact: &QueuedForJudgement) {
        self.judgement_us = micros(fact.due.as_ref());
    }

    fn classified(&mut self, _: &Classified) {
        self.judgement_us = None;
    }

    fn judged(&mut self, _: &Judged) {
        self.judgement_us = None;
    }

    fn regraded(&mut self, _: &Regraded) {
        self.judgement_us = None;
    }

    fn dismissed(&mut self, _: &Dismissed) {
        self.judgement_us = None;
    }
}

impl DispatchFacts for Clocks {
    fn assigned(&mut self, fact: &Assigned) {
        self.case_us = micros(fact.due.as_ref()).or(self.case_us);
        self.provisional = fact.due_provisional;
    }

    fn transferred(&mut self, fact: &Transferred) {
        self.case_us = micros(fact.answer_due.as_ref()).or(self.case_us);
    }

    fn called(&mut self, fact: &Called) {
        let expected = |party: &String| Expected {
            party: party.clone(),
            response_us: micros(fact.response_due.as_ref()),
            report_in_us: micros(fact.report_in_due.as_ref()),
            ..Expected::default()
        };
        self.calls.push(OpenCall {
            number: fact.call,
            colour: fact.colour,
            completion_us: micros(fact.completion_due.as_ref()),
            provisional: fact.due_provisional,
            parties: fact.parties.iter().map(|called| expected(&called.party)).collect(),
        });
    }

    fn responded(&mut self, fact: &Responded) {
        if let Some(expected) = self.expected(fact.call, &fact.party) {
            expected.responded = true;
        }
    }

    fn reported_in(&mut self, fact: &ReportedIn) {
        if let Some(expected) = self.expected(fact.call, &fact.party) {
            (expected.responded, expected.reported_in) = (true, true);
        }
    }

    fn unqualified(&mut self, fact: &Unqualified) {
        if let Some(expected) = self.expected(fact.call, &fact.party) {
            *expected = Expected {
                party: fact.party.clone(),
                response_us: micros(fact.response_due.as_ref()),
                report_in_us: micros(fact.report_in_due.as_ref()),
                ..Expected::default()
            };
        }
    }

    fn party_done(&mut self, fact: &PartyDone) {
        self.free(fact.call, &fact.party);
    }

    fn released(&mut self, fact: &Released) {
        self.free(fact.call, &fact.party);
    }

    fn call_ended(&mut self, fact: &CallEnded) {
        self.calls.retain(|call| call.number != fact.call);
        self.returns.retain(|it| it.number != fact.call);
    }

    fn colour_raised(&mut self, fact: &ColourRaised) {
        let earlier = |held: &mut Option<i64>, raised: Option<i64>| {
            *held = match (*held, raised) {
                (Some(held), Some(raised)) => Some(held.min(raised)),
                (held, raised) => held.or(raised),
            };
        };
        for call in self.calls.iter_mut().filter(|call| call.number == fact.call) {
            call.colour = fact.to;
            earlier(&mut call.completion_us, micros(fact.completion_due.as_ref()));
            for expected in &mut call.parties {
                earlier(&mut expected.response_us, micros(fact.response_due.as_ref()));
                earlier(&mut expected.report_in_us, micros(fact.report_in_due.as_ref()));
            }
        }
    }

    fn extended(&mut self, fact: &Extended) {
        let due = micros(fact.due.as_ref());
        match (fact.call, fact.task) {
            (0, 0) => self.case_us = due,
            (call, 0) => {
                self.calls.iter_mut().filter(|known| known.number == call).for_each(|known| known.completion_us = due)
            }
            // Single tasks have no clock here.
            (_, _) => {}
        }
    }

    fn suspended(&mut self, _: &Suspended) {
        self.suspended = true;
    }

    /// The case's time is said, by the calendar; those of calls are later by as long as they stood.
    fn resumed(&mut self, fact: &Resumed) {
        self.suspended = false;
        self.case_us = micros(fact.due.as_ref()).or(self.case_us);
        let stood_us = fact.held_ms.saturating_mul(1000);
        for call in &mut self.calls {
            call.completion_us = call.completion_us.map(|due| due.saturating_add(stood_us));
        }
    }

    fn returned(&mut self, fact: &Returned) {
        let (number, party, by) = (fact.call, fact.party.clone(), fact.adjudicator.clone());
        self.returns.push(Waiting { number, party, by, due_us: micros(fact.due.as_ref()) });
    }

    fn return_adjudicated(&mut self, fact: &ReturnAdjudicated) {
        if fact.upheld {
            self.free(fact.call, &fact.party);
        } else {
            self.returns.retain(|it| it.number != fact.call || it.party != fact.party);
        }
    }

    fn supervised(&mut self, fact: &Supervised) {
        let (number, party, by) = (fact.order, fact.party.clone(), fact.party.clone());
        self.orders.push(Waiting { number, party, by, due_us: micros(fact.due.as_ref()) });
    }

    fn supervision_answered(&mut self, fact: &SupervisionAnswered) {
        self.orders.retain(|it| it.number != fact.order);
    }

    fn resolved(&mut self, _: &Resolved) {
        self.over();
    }

    fn reopened(&mut self, fact: &Reopened) {
        self.goes_on = true;
        self.case_us = micros(fact.due.as_ref()).or_else(|| micros(fact.answer_due.as_ref()));
    }

    fn closed(&mut self, _: &Closed) {
        self.over();
    }
}
