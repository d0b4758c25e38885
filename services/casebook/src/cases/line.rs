//! One case as a line in a list: what every owner's facts make of it, whom it concerns, and what it is found by.

use ids::HistoryKey;
use jiff::Timestamp;
use prost::Message;
use proto::FromWireTime;
use proto::casebook::v1::CaseSummary;
use proto::common::v1::{Level, Outcome};
use proto::dispatch::v1::{
    Assigned, CallEnded, Called, CityReturned, Closed, Escalated, Reopened, Resolved, Transferred,
};
use proto::enforcement_center::v1::{OperationCancelled, OperationOpened};
use proto::facts::{DispatchFacts, EnforcementCenterFacts, Facts, IntakeFacts, TriageFacts};
use proto::intake::v1::{CallerJoined, ExclusionApproved, LinkedAsDuplicate, Received, WithdrawalAsked};
use proto::record::v1::{Commit, Filed, event::Of};
use proto::triage::v1::{Classified, Judged, Judgement, QueuedForJudgement, Regraded};
use station::access::Matter;

/// Characters of a text kept for comparing and for finding; the matter is said in the first sentences.
pub const WORDS_LENGTH_MAX: usize = 500;

/// A case while facts are added to it.
#[derive(Debug)]
pub struct Line {
    pub summary: CaseSummary,
    /// False once it can no longer be the one that others are part of.
    pub candidate: bool,
    /// What is found by, until it is written: it never changes.
    pub found_by: FoundBy,
    /// Whom it concerns.
    pub matter: Matter,
    /// When the commit that is being added was decided.
    at: Option<pbjson_types::Timestamp>,
}

/// Where and when it was, and in which words.
#[derive(Debug, Default)]
pub struct FoundBy {
    pub received_us: i64,
    pub party: String,
    pub address: String,
    pub longitude: Option<f64>,
    pub latitude: Option<f64>,
    pub words: String,
}

impl Line {
    pub fn of(key: &HistoryKey) -> Self {
        let summary =
            CaseSummary { case_id: key.id.clone(), district: key.district.to_string(), ..CaseSummary::default() };
        Self::read(key, summary, true)
    }

    /// As it was written. Whom it concerns is known only of what is added from now on.
    pub fn read(key: &HistoryKey, summary: CaseSummary, candidate: bool) -> Self {
        Self { summary, candidate, found_by: FoundBy::default(), matter: Matter::new(key), at: None }
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.summary.encode_to_vec()
    }

    pub fn add(&mut self, commit: &Commit) {
        self.at = commit.at;
        self.matter.learn(commit);
        for event in commit.facts() {
            match &event.of {
                Some(Of::Intake(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
                Some(Of::Triage(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
                Some(Of::Dispatch(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
                Some(Of::EnforcementCenter(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
                Some(Of::Evaluation(_) | Of::Notification(_) | Of::Powers(_)) | None => None,
            };
        }
    }

    /// Its commits lie in the archive. It is shown and counted as before.
    pub fn file(&mut self, filed: &Filed) {
        self.summary.filed_at = filed.filed_at;
        self.candidate = false;
    }

    fn is(&mut self, state: &str) {
        state.clone_into(&mut self.summary.state);
    }

    /// Until somebody has it. From then on it is what dispatch says it is: a judgement that comes while departments are called,
    /// or after the answer, does not hold yet, and may never.
    fn judge(&mut self, judgement: Option<&Judgement>) {
        let line = &mut self.summary;
        let Some(judgement) = judgement.filter(|_| line.owner.is_empty()) else { return };
        line.category.clone_from(&judgement.category);
        line.level = level_name(judgement.level());
        line.judged_also.clone_from(&judgement.also);
        line.also.retain(|category| *category != judgement.category);
    }

    fn handed_to(&mut self, party: &str, level: Level) {
        party.clone_into(&mut self.summary.owner);
        self.summary.level = level_name(level);
    }
}

impl Facts for Line {
    type Found = ();

    fn nothing() {}
}

impl IntakeFacts for Line {
    fn received(&mut self, fact: &Received) {
        let line = &mut self.summary;
        line.title.clone_from(&fact.title);
        line.bridge.clone_from(&fact.bridge);
        line.received_at = fact.received_at;
        line.reports = 1;
        line.kind = fact.kind;
        line.caller_class = fact.caller_class;
        line.channel.clone_from(&fact.channel);
        line.way = fact.way;
        line.campaign.clone_from(&fact.campaign);
        self.is("received");
        let place = fact.place.clone().unwrap_or_default();
        self.found_by = FoundBy {
            received_us: fact.received_at.time().map_or(0, Timestamp::as_microsecond),
            party: place.party,
            address: place.address,
            longitude: place.longitude,
            latitude: place.latitude,
            words: fact.text.chars().take(WORDS_LENGTH_MAX).collect(),
        };
    }

    fn caller_joined(&mut self, fact: &CallerJoined) {
        let line = &mut self.summary;
        line.reports += 1;
        if !fact.category.is_empty() && !line.also.contains(&fact.category) {
            line.also.push(fact.category.clone());
        }
        let own = line.category.clone();
        line.also.retain(|category| *category != own);
    }

    fn linked_as_duplicate(&mut self, fact: &LinkedAsDuplicate) {
        self.summary.merged_into.clone_from(&fact.into);
        self.candidate = false;
    }

    fn withdrawal_asked(&mut self, _: &WithdrawalAsked) {
        self.candidate = false;
    }

    fn exclusion_approved(&mut self, _: &ExclusionApproved) {
        self.candidate = false;
    }
}

impl TriageFacts for Line {
    fn classified(&mut self, fact: &Classified) {
        self.judge(fact.judgement.as_ref());
    }

    fn queued_for_judgement(&mut self, _: &QueuedForJudgement) {
        self.is("queued");
    }

    fn judged(&mut self, fact: &Judged) {
        self.judge(fact.judgement.as_ref());
    }

    fn regraded(&mut self, fact: &Regraded) {
        self.judge(fact.judgement.as_ref());
    }
}

impl DispatchFacts for Line {
    fn assigned(&mut self, fact: &Assigned) {
        self.handed_to(&fact.party, fact.level());
        let line = &mut self.summary;
        line.category.clone_from(&fact.category);
        line.judged_also.clone_from(&fact.also);
        line.also.retain(|category| *category != fact.category);
        self.is("assigned");
    }

    fn escalated(&mut self, fact: &Escalated) {
        self.handed_to(&fact.to_party, fact.to());
    }

    fn transferred(&mut self, fact: &Transferred) {
        self.handed_to(&fact.to_party, Level::D);
    }

    fn city_returned(&mut self, fact: &CityReturned) {
        self.handed_to(&fact.to_party, Level::C);
    }

    fn called(&mut self, _: &Called) {
        // What somebody above the street has stays theirs, whomever they call.
        if ["", "A", "B1"].contains(&self.summary.level.as_str()) {
            self.summary.level = level_name(Level::B2);
        }
        self.summary.open_calls += 1;
        self.is("called");
    }

    /// Whoever has it has it alone again. What ends with its last call says so in the same commit.
    fn call_ended(&mut self, _: &CallEnded) {
        let line = &mut self.summary;
        line.open_calls = line.open_calls.saturating_sub(1);
        if line.open_calls == 0 && line.state == "called" {
            self.is("assigned");
        }
    }

    fn resolved(&mut self, fact: &Resolved) {
        self.is("resolved");
        self.summary.outcome = outcome_name(fact.outcome());
    }

    fn reopened(&mut self, _: &Reopened) {
        self.is("reopened");
        self.summary.outcome = String::new();
    }

    fn closed(&mut self, fact: &Closed) {
        self.is("closed");
        self.summary.outcome = outcome_name(fact.outcome());
        self.summary.closed_at = self.at;
    }
}

impl EnforcementCenterFacts for Line {
    /// Not when the centre hears late that the case is over.
    fn operation_opened(&mut self, _: &OperationOpened) {
        if !["resolved", "closed"].contains(&self.summary.state.as_str()) {
            self.is("joint-enforcement");
        }
    }

    /// The case went on elsewhere, or is over.
    fn operation_cancelled(&mut self, _: &OperationCancelled) {
        if self.summary.state == "joint-enforcement" {
            self.is("assigned");
        }
    }
}

/// A, B1, B2, C, D; empty when none.
pub fn level_name(level: Level) -> String {
    match level {
        Level::Unspecified => "",
        Level::A => "A",
        Level::B1 => "B1",
        Level::B2 => "B2",
        Level::C => "C",
        Level::D => "D",
    }
    .to_owned()
}

/// solved, explained, not-accepted, not-solved; empty when none.
pub fn outcome_name(outcome: Outcome) -> String {
    match outcome {
        Outcome::Unspecified => "",
        Outcome::Solved => "solved",
        Outcome::Explained => "explained",
        Outcome::NotAccepted => "not-accepted",
        Outcome::NotSolved => "not-solved",
    }
    .to_owned()
}
