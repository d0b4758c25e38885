//! Whether every matter came to its right end: what the record says of each beside how it was to live.

use std::collections::{BTreeMap, BTreeSet};

use ids::Kind;
use proto::dispatch::v1::{Called, CloseReason, Closed, PartyDone, Reopened};
use proto::evaluation::v1::{Rated, RatingRequested, Scored};
use proto::facts::{DispatchFacts, EvaluationFacts, Facts};
use proto::intake::v1::intake_event::Event as IntakeFact;
use proto::notification::v1::notification_event::Event as NotificationFact;
use proto::record::v1::event::Of;
use record::StoredCommit;

use super::lives::{Life, number_in};

/// The text that asks a caller for a rating.
const ASKED: &str = "resolved";

/// What the record says of one case.
#[derive(Debug, Default)]
struct Told {
    closed: Vec<CloseReason>,
    reopened: usize,
    supplemented: usize,
    /// `call/party` of everybody who was called, and of everybody who was done.
    called: BTreeSet<String>,
    done: BTreeSet<String>,
    /// Ratings with their rounds, as often as they are there.
    rated: Vec<(u32, String)>,
    /// `round/party` of everybody who was scored, as often as it was.
    scored: Vec<String>,
    /// How often evaluation could be told a rating, and how often somebody was asked for one.
    could_be_rated: usize,
    asked: usize,
    /// Deliveries that reached somebody, and those that did not.
    sent: Vec<String>,
    undeliverable: usize,
}

/// What is not as it should be, each with the case's number; empty if all is well.
#[must_use]
pub fn complaints(record: &[StoredCommit], cases: u64) -> Vec<String> {
    let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
    let mut told: BTreeMap<u64, Told> = (0..cases).map(|number| (number, Told::default())).collect();
    for stored in record.iter().filter(|stored| stored.subject.key.kind == Kind::Case) {
        for event in stored.commit.facts() {
            if let Some(Of::Intake(fact)) = &event.of
                && let Some(IntakeFact::Received(fact)) = &fact.event
                && let Some(number) = number_in(&fact.title)
            {
                numbers.insert(&stored.subject.key.id, number);
            }
            let number = numbers.get(stored.subject.key.id.as_str());
            if let (Some(told), Some(of)) = (number.and_then(|number| told.get_mut(number)), &event.of) {
                told.take(of);
            }
        }
    }
    told.iter()
        .flat_map(|(number, told)| {
            let life = Life::of(*number);
            told.complaints(life).into_iter().map(move |wrong| format!("case {number}, {life:?}: {wrong}"))
        })
        .collect()
}

impl Told {
    fn take(&mut self, of: &Of) {
        match of {
            Of::Intake(fact) => {
                self.supplemented += usize::from(matches!(fact.event, Some(IntakeFact::Supplemented(_))));
            }
            Of::Dispatch(fact) => {
                if let Some(fact) = &fact.event {
                    fact.told_to(self);
                }
            }
            Of::Evaluation(fact) => {
                if let Some(fact) = &fact.event {
                    fact.told_to(self);
                }
            }
            Of::Notification(fact) => match &fact.event {
                Some(NotificationFact::Sent(fact)) => {
                    self.sent.push(fact.delivery_id.clone());
                    self.asked += usize::from(fact.text == ASKED);
                }
                Some(NotificationFact::Undeliverable(_)) => self.undeliverable += 1,
                None => {}
            },
            Of::Triage(_) | Of::EnforcementCenter(_) | Of::Powers(_) => {}
        }
    }

    fn complaints(&self, life: Life) -> Vec<String> {
        let mut found = Vec::new();
        let mut expect = |what: &str, is: String, should: String| {
            if is != should {
                found.push(format!("{what} {is}, not {should}"));
            }
        };
        let end = match life {
            Life::Withdrawn => CloseReason::Withdrawn,
            Life::Guest => CloseReason::Merged,
            Life::Plain | Life::TwoCalled | Life::Supplemented | Life::Redone | Life::Host => CloseReason::Rated,
        };
        expect("closed", format!("{:?}", self.closed), format!("{:?}", [end]));
        let ratings: &[(u32, &str)] = match life {
            Life::Withdrawn | Life::Guest => &[],
            Life::Redone => &[(1, "dissatisfied"), (2, "satisfied")],
            Life::Plain | Life::TwoCalled | Life::Supplemented | Life::Host => &[(1, "satisfied")],
        };
        let rated: Vec<_> = self.rated.iter().map(|(round, rating)| (*round, rating.as_str())).collect();
        expect("rated", format!("{rated:?}"), format!("{ratings:?}"));
        expect("reopened", self.reopened.to_string(), usize::from(life == Life::Redone).to_string());
        expect("asked to rate", self.asked.to_string(), self.could_be_rated.to_string());
        let supplements = if life == Life::Supplemented { 2 } else { 0 };
        // A guest's words may be noted at its host.
        if life != Life::Host {
            expect("supplemented", self.supplemented.to_string(), supplements.to_string());
        }
        let calls = match life {
            Life::Withdrawn | Life::Guest => 0,
            Life::TwoCalled | Life::Redone => 2,
            Life::Plain | Life::Supplemented | Life::Host => 1,
        };
        expect("called", self.called.len().to_string(), calls.to_string());
        expect("done", format!("{:?}", self.done), format!("{:?}", self.called));
        let scored: BTreeSet<&String> = self.scored.iter().collect();
        expect("scored", self.scored.len().to_string(), scored.len().to_string());
        expect("scored", scored.len().to_string(), self.called.len().to_string());
        let sent: BTreeSet<&String> = self.sent.iter().collect();
        expect("messages recorded", self.sent.len().to_string(), sent.len().to_string());
        expect("undeliverable", self.undeliverable.to_string(), "0".to_owned());
        if self.sent.is_empty() {
            found.push("nobody was told anything".to_owned());
        }
        found
    }
}

impl Facts for Told {
    type Found = ();

    fn nothing() -> Self::Found {}
}

impl DispatchFacts for Told {
    fn closed(&mut self, fact: &Closed) {
        self.closed.push(fact.reason());
    }

    fn reopened(&mut self, _: &Reopened) {
        self.reopened += 1;
    }

    fn called(&mut self, fact: &Called) {
        self.called.extend(fact.parties.iter().map(|called| format!("{}/{}", fact.call, called.party)));
    }

    fn party_done(&mut self, fact: &PartyDone) {
        self.done.insert(format!("{}/{}", fact.call, fact.party));
    }
}

impl EvaluationFacts for Told {
    fn rating_requested(&mut self, _: &RatingRequested) {
        self.could_be_rated += 1;
    }

    fn rated(&mut self, fact: &Rated) {
        self.rated.push((fact.round, fact.rating.clone()));
    }

    fn scored(&mut self, fact: &Scored) {
        self.scored.push(format!("{}/{}", fact.round, fact.party));
    }
}
