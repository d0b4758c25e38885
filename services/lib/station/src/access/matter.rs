//! Whom a matter concerns, as its facts say it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ids::{Code, HistoryKey, Kind};
use proto::common::v1::Place;
use proto::dispatch::v1::dispatch_event::Event as Dispatched;
use proto::enforcement_center::v1::enforcement_center_event::Event as Joint;
use proto::intake::v1::intake_event::Event as Taken;
use proto::record::v1::Commit;
use proto::record::v1::event::Of;
use proto::triage::v1::triage_event::Event as Triaged;
use record::StoredCommit;
use tonic::Status;
use vocabulary::reference::RECEIPT;

use super::Concern;

/// Something that can be asked about: a case, or what belongs to a street, like a poll or a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    pub kind: Kind,
    pub district: Code,
    /// As people name it: the case id.
    pub id: String,
    pub concerns: Vec<Concern>,
}

/// Matters remembered; when it is full it is emptied.
const REMEMBERED_MAX: usize = 10_000;

/// Those that were asked about. Whom a case has concerned once, it concerns for good: what one that is remembered allows
/// is allowed, and what it refuses has to be looked up.
#[derive(Debug, Default)]
pub struct Remembered(Mutex<HashMap<HistoryKey, Arc<Matter>>>);

impl Remembered {
    pub fn get(&self, key: &HistoryKey) -> Option<Arc<Matter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub fn put(&self, key: &HistoryKey, matter: Matter) -> Arc<Matter> {
        let matter = Arc::new(matter);
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(key.clone(), Arc::clone(&matter));
        matter
    }
}

impl Matter {
    /// One of which nothing is known yet.
    #[must_use]
    pub fn new(key: &HistoryKey) -> Self {
        Self { kind: key.kind, district: key.district.clone(), id: key.id.clone(), concerns: Vec::new() }
    }

    /// A case, with everything that all owners have recorded about it.
    #[must_use]
    pub fn of_case(key: &HistoryKey, commits: &[StoredCommit]) -> Self {
        let mut matter = Self::new(key);
        commits.iter().for_each(|stored| matter.learn(&stored.commit));
        matter
    }

    /// What belongs to these units.
    #[must_use]
    pub fn of_parties(key: &HistoryKey, parties: impl IntoIterator<Item = Code>) -> Self {
        let concerns = parties.into_iter().map(Concern::Party).collect();
        Self { concerns, ..Self::new(key) }
    }

    /// Takes in one more commit of the case. Whom a case has concerned once, it concerns for good.
    pub fn learn(&mut self, commit: &Commit) {
        for event in commit.decisions.iter().flat_map(|decision| &decision.events) {
            match &event.of {
                Some(Of::Intake(fact)) => self.taken(fact.event.as_ref()),
                Some(Of::Triage(fact)) => self.triaged(fact.event.as_ref()),
                Some(Of::Dispatch(fact)) => self.dispatched(fact.event.as_ref()),
                Some(Of::EnforcementCenter(fact)) => self.joint(fact.event.as_ref()),
                // Ratings and tellings bring in nobody new, and powers are about no case.
                Some(Of::Evaluation(_) | Of::Notification(_) | Of::Powers(_)) | None => {}
            }
        }
    }

    /// The answer to whom it does not concern, and to who asks for what is not there.
    #[must_use]
    pub fn not_there(&self) -> Status {
        if self.kind == Kind::Case {
            return crate::not_found(&self.id);
        }
        Status::not_found(format!("there is no {} {} in this district", self.kind.as_str(), self.id))
    }

    /// Somebody raised it who left no reference, before there were receipts: the number of the case is all that shows it to
    /// be theirs.
    pub(super) fn is_known_by_number(&self) -> bool {
        let has_receipt = |concern: &Concern| matches!(concern, Concern::Caller(by) if by.starts_with(RECEIPT));
        self.concerns.contains(&Concern::Caller(String::new())) && !self.concerns.iter().any(has_receipt)
    }

    fn taken(&mut self, fact: Option<&Taken>) {
        match fact {
            Some(Taken::Received(fact)) => {
                self.caller(&fact.caller_ref, &fact.receipt_ref);
                self.bridge(&fact.bridge);
                self.place(fact.place.as_ref());
            }
            Some(Taken::CallerJoined(fact)) => self.caller(&fact.caller_ref, &fact.receipt_ref),
            Some(_) | None => {}
        }
    }

    fn triaged(&mut self, fact: Option<&Triaged>) {
        let (judgement, place) = match fact {
            Some(Triaged::Classified(fact)) => (fact.judgement.as_ref(), fact.place.as_ref()),
            Some(Triaged::Judged(fact)) => (fact.judgement.as_ref(), fact.place.as_ref()),
            Some(Triaged::Regraded(fact)) => (fact.judgement.as_ref(), fact.place.as_ref()),
            Some(_) | None => return,
        };
        self.place(place);
        self.parties(judgement.map(|judgement| &judgement.party));
    }

    fn dispatched(&mut self, fact: Option<&Dispatched>) {
        match fact {
            Some(Dispatched::Assigned(fact)) => {
                self.parties([&fact.party]);
                self.place(fact.place.as_ref());
            }
            Some(Dispatched::Escalated(fact)) => self.parties([&fact.from_party, &fact.to_party]),
            Some(Dispatched::Transferred(fact)) => self.parties([&fact.from_party, &fact.to_party]),
            Some(Dispatched::CityReturned(fact)) => self.parties([&fact.from_party, &fact.to_party]),
            Some(Dispatched::Called(fact)) => {
                self.parties(fact.parties.iter().map(|called| &called.party).chain([&fact.caller]));
            }
            Some(Dispatched::TaskPlanned(fact)) => self.parties([&fact.party]),
            Some(Dispatched::Returned(fact)) => self.parties([&fact.adjudicator]),
            Some(Dispatched::Supervised(fact)) => self.parties([&fact.by, &fact.party]),
            Some(Dispatched::TaskForceFormed(fact)) => self.parties(fact.members.iter().chain([&fact.lead])),
            Some(_) | None => {}
        }
    }

    fn joint(&mut self, fact: Option<&Joint>) {
        match fact {
            Some(Joint::OperationOpened(fact)) => self.parties(fact.residents.iter().chain([&fact.centre])),
            Some(Joint::SeatCalled(fact)) => self.parties([&fact.party]),
            Some(Joint::PathDecided(fact)) => {
                self.parties(fact.participants.iter().map(|participant| &participant.party).chain(&fact.parties));
            }
            Some(Joint::OnSite(fact)) => self.parties(&fact.parties),
            Some(Joint::MeetingHeld(fact)) => self.parties(fact.decisions.iter().map(|decision| &decision.party)),
            Some(Joint::NextStepTaken(fact)) => self.parties([&fact.to]),
            Some(_) | None => {}
        }
    }

    fn place(&mut self, place: Option<&Place>) {
        self.parties(place.map(|place| &place.party));
    }

    /// Whoever raised or joined it, by the reference they left and by their receipt.
    fn caller(&mut self, reference: &str, receipt: &str) {
        self.add(Concern::Caller(reference.to_owned()));
        if !receipt.is_empty() {
            self.add(Concern::Caller(receipt.to_owned()));
        }
    }

    fn bridge(&mut self, code: &str) {
        if let Ok(code) = code.parse() {
            self.add(Concern::Bridge(code));
        }
    }

    /// Fields that name nobody are empty.
    fn parties<'f>(&mut self, codes: impl IntoIterator<Item = &'f String>) {
        codes.into_iter().filter_map(|code| code.parse().ok()).for_each(|code| self.add(Concern::Party(code)));
    }

    fn add(&mut self, concern: Concern) {
        if !self.concerns.contains(&concern) {
            self.concerns.push(concern);
        }
    }
}
