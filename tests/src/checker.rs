//! Reads the whole record and says what of it cannot be: invariants I1 to I4.

use std::collections::{BTreeMap, HashMap, HashSet};

use ids::{HistoryKey, Kind, Owner};
use proto::FromWireTime;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::dispatch::v1::{
    CallEnded, Called, Closed, ColourRaised, PartyDone, Released, Reminded, ReportedIn, Responded, ReturnAdjudicated,
    Returned, Unqualified,
};
use proto::facts::{DispatchFacts, Facts};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::record::v1::{Decision, Event, cause, event::Of};
use record::StoredCommit;

/// A submission that was answered with a case id.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// No other submission has this one.
    pub title: String,
    pub case: String,
}

/// What is wrong with a record, each with the place; empty if it is in order.
pub fn complaints(record: &[StoredCommit], acknowledged: &[Acknowledged]) -> Vec<String> {
    let mut found = revisions(record);
    found.extend(causes(record));
    found.extend(cases(record));
    found.extend(submissions(record, acknowledged));
    found
}

/// I4: per history and owner without gaps from 1, and in this order.
fn revisions(record: &[StoredCommit]) -> Vec<String> {
    let mut last: HashMap<(&HistoryKey, Owner), u64> = HashMap::new();
    let mut found = Vec::new();
    for stored in record {
        let last = last.entry((&stored.subject.key, stored.subject.owner)).or_default();
        let is = stored.subject.revision.0;
        if is != *last + 1 {
            found.push(format!("I4: {} comes after revision {last}", stored.subject));
        }
        *last = is;
    }
    found
}

/// I2: every decision names its cause, and it was there before.
fn causes(record: &[StoredCommit]) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for stored in record {
        let subject = stored.subject.to_string();
        for Decision { cause, .. } in &stored.commit.decisions {
            let wrong = match cause.as_ref().and_then(|cause| cause.kind.as_ref()) {
                None => Some("names no cause".to_owned()),
                Some(cause::Kind::Commit(by)) => {
                    (!seen.contains(by)).then(|| format!("is caused by {by}, which is not there before it"))
                }
                Some(cause::Kind::Command(id)) => id.is_empty().then(|| "names a request without an id".to_owned()),
                Some(cause::Kind::Deadline(due)) => match (due.time(), stored.commit.at.time()) {
                    (Ok(due), Ok(at)) if due <= at => None,
                    _ => Some("was decided before its deadline".to_owned()),
                },
            };
            found.extend(wrong.map(|wrong| format!("I2: {subject} {wrong}")));
        }
        seen.insert(subject);
    }
    found
}

/// I3: every case begins with Received; a call ends once and nothing is done on it afterwards; after Closed only
/// notification and evaluation have something to say, and triage about what intake said before, unless it is reopened.
fn cases(record: &[StoredCommit]) -> Vec<String> {
    let mut states: BTreeMap<&HistoryKey, CaseState> = BTreeMap::new();
    let mut found = Vec::new();
    for stored in record.iter().filter(|stored| stored.subject.key.kind == Kind::Case) {
        let state = states.entry(&stored.subject.key).or_default();
        for decision in &stored.commit.decisions {
            let followed =
                matches!(decision.cause.as_ref().and_then(|by| by.kind.as_ref()), Some(cause::Kind::Commit(_)));
            let wrong = decision.events.iter().filter_map(|event| state.take(event, followed));
            found.extend(wrong.map(|wrong| format!("I3: {}: {wrong}", stored.subject)));
        }
    }
    for (key, state) in states.iter().filter(|(_, state)| state.closed) {
        let open = state.calls.iter().filter(|(_, ended)| **ended == 0);
        found.extend(open.map(|(call, _)| format!("I3: {key} is closed, and its call {call} has not ended")));
    }
    found
}

#[derive(Default)]
struct CaseState {
    received: bool,
    closed: bool,
    /// By number, how often each has ended.
    calls: BTreeMap<u32, usize>,
}

impl CaseState {
    /// What is wrong with `event` at this point. `followed`: it was decided because of somebody's commit, not of a request.
    fn take(&mut self, event: &Event, followed: bool) -> Option<String> {
        let is_received =
            matches!(&event.of, Some(Of::Intake(fact)) if matches!(fact.event, Some(IntakeFact::Received(_))));
        if is_received && self.received {
            return Some("received a second time".to_owned());
        }
        if !is_received && !self.received {
            return Some("something happens before it is received".to_owned());
        }
        self.received = true;
        match &event.of {
            Some(Of::Dispatch(fact)) => fact.event.as_ref().and_then(|fact| self.dispatched(fact)),
            Some(Of::Evaluation(_) | Of::Notification(_) | Of::Powers(_)) => None,
            // Triage hears in its own time what intake said before the end; dispatch makes nothing of it.
            Some(Of::Triage(_)) if followed => None,
            Some(Of::Intake(_) | Of::Triage(_) | Of::EnforcementCenter(_)) | None => {
                self.closed.then(|| "something happens after it is closed".to_owned())
            }
        }
    }

    fn dispatched(&mut self, fact: &DispatchFact) -> Option<String> {
        if matches!(fact, DispatchFact::Reopened(_)) {
            self.closed = false;
            return None;
        }
        if self.closed {
            return Some("dispatch goes on after it is closed".to_owned());
        }
        fact.told_to(self)
    }

    fn answered(&self, call: u32) -> Option<String> {
        match self.calls.get(&call) {
            None => Some(format!("an answer to call {call}, which never was")),
            Some(0) => None,
            Some(_) => Some(format!("an answer to call {call} after its end")),
        }
    }
}

impl Facts for CaseState {
    /// What is wrong.
    type Found = Option<String>;

    fn nothing() -> Self::Found {
        None
    }
}

impl DispatchFacts for CaseState {
    fn closed(&mut self, _: &Closed) -> Self::Found {
        self.closed = true;
        None
    }

    fn called(&mut self, called: &Called) -> Self::Found {
        let again = self.calls.insert(called.call, 0).is_some();
        again.then(|| format!("call {} a second time", called.call))
    }

    fn call_ended(&mut self, ended: &CallEnded) -> Self::Found {
        let Some(times) = self.calls.get_mut(&ended.call) else {
            return Some(format!("call {} ends that never was", ended.call));
        };
        *times += 1;
        (*times > 1).then(|| format!("call {} ends a second time", ended.call))
    }

    fn responded(&mut self, fact: &Responded) -> Self::Found {
        self.answered(fact.call)
    }

    fn reported_in(&mut self, fact: &ReportedIn) -> Self::Found {
        self.answered(fact.call)
    }

    fn party_done(&mut self, fact: &PartyDone) -> Self::Found {
        self.answered(fact.call)
    }

    fn released(&mut self, fact: &Released) -> Self::Found {
        self.answered(fact.call)
    }

    fn returned(&mut self, fact: &Returned) -> Self::Found {
        self.answered(fact.call)
    }

    fn return_adjudicated(&mut self, fact: &ReturnAdjudicated) -> Self::Found {
        self.answered(fact.call)
    }

    fn unqualified(&mut self, fact: &Unqualified) -> Self::Found {
        self.answered(fact.call)
    }

    fn reminded(&mut self, fact: &Reminded) -> Self::Found {
        self.answered(fact.call)
    }

    fn colour_raised(&mut self, fact: &ColourRaised) -> Self::Found {
        self.answered(fact.call)
    }
}

/// I1: what was acknowledged is there once and under that id; what was not, at most once.
fn submissions(record: &[StoredCommit], acknowledged: &[Acknowledged]) -> Vec<String> {
    let mut received: HashMap<&str, Vec<&str>> = HashMap::new();
    for stored in record {
        for fact in stored.commit.intake_facts() {
            if let IntakeFact::Received(fact) = fact {
                received.entry(&fact.title).or_default().push(&stored.subject.key.id);
            }
        }
    }
    acknowledged
        .iter()
        .filter_map(|Acknowledged { title, case }| match received.get(title.as_str()).map(Vec::as_slice) {
            None => Some(format!("I1: {title:?} was acknowledged as {case} and is not there")),
            Some([one]) if one == case => None,
            Some([other]) => Some(format!("I1: {title:?} was acknowledged as {case} and is {other}")),
            Some(many) => Some(format!("I1: {title:?} is there {} times: {}", many.len(), many.join(", "))),
        })
        .collect()
}
