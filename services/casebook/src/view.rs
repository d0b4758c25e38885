//! One case as a whole: its line, what came in, who raised it, and every fact, from the commits of all owners.

use std::sync::Arc;

use charter::Charter;
use ids::{Code, HistoryKey, Owner};
use pbjson_types::Timestamp as WireTime;
use proto::casebook::v1::{Case, Reporter, TimelineEntry};
use proto::common::v1::Role;
use proto::dispatch::v1::RecurrenceFound;
use proto::facts::{DispatchFacts, Facts, IntakeFacts};
use proto::intake::v1::{CallerJoined, Received};
use record::StoredCommit;
use station::Caller;
use station::access::{Holds, Publications, Scope};

use crate::cases::Line;
use crate::timeline::{Entry, Timeline, reached};

/// A case while its commits are added, in the order of the record: what is shown of it, and to whom.
pub struct View {
    district: Code,
    charter: Option<Arc<Charter>>,
    line: Line,
    timeline: Timeline,
    said: Said,
}

/// What callers said, and what was found.
struct Said {
    case: Case,
    /// Of the history that is being read.
    case_id: String,
}

impl View {
    pub fn new(key: &HistoryKey, charter: Option<Arc<Charter>>) -> Self {
        Self {
            district: key.district.clone(),
            line: Line::of(key),
            timeline: Timeline::new(charter.clone()),
            charter,
            said: Said { case: Case::default(), case_id: key.id.clone() },
        }
    }

    /// Adds a commit, and returns its facts in words.
    pub fn add(&mut self, stored: &StoredCommit) -> Vec<Entry> {
        self.line.add(&stored.commit);
        for event in stored.commit.facts() {
            if let Some(fact) = event.intake() {
                fact.told_to(&mut self.said);
            }
            if let Some(fact) = event.dispatch() {
                fact.told_to(&mut self.said);
            }
        }
        self.timeline.entries(stored)
    }

    /// Where it lies changes nothing of what it was.
    pub fn filed(&mut self, at: Option<WireTime>) {
        self.line.summary.filed_at = at;
    }

    /// Whether a scope has it.
    pub fn is_in(&self, scope: &Scope) -> bool {
        scope.covers(&self.district, &self.line.matter.concerns)
    }

    /// One fact of it, as somebody may see it.
    pub fn entry_for(&self, caller: &Caller, published: &Publications, entry: Entry) -> Option<TimelineEntry> {
        self.without_votes(caller, published, entry).and_then(|entry| without_others(caller, entry))
    }

    /// A fact without the vote that somebody may not read.
    fn without_votes(&self, caller: &Caller, published: &Publications, entry: Entry) -> Option<TimelineEntry> {
        let Entry { mut shown, vote } = entry;
        let hidden = vote.filter(|vote| !caller.sees(vote, self.charter.as_deref(), published));
        match hidden.map(|vote| vote.holds) {
            None => Some(shown),
            Some(Holds::Vote) => None,
            Some(Holds::Words) => {
                "not over yet".clone_into(&mut shown.summary);
                shown.detail_json = String::new();
                shown.said = String::new();
                Some(shown)
            }
        }
    }

    /// The whole of it, as somebody may see it.
    pub fn shown_to(self, caller: &Caller, published: &Publications, timeline: Vec<Entry>) -> Case {
        let seen: Vec<TimelineEntry> =
            timeline.into_iter().filter_map(|entry| self.without_votes(caller, published, entry)).collect();
        let mut case = self.said.case;
        case.owner_name = crate::passages::name(self.charter.as_deref(), &self.line.summary.owner);
        case.summary = Some(self.line.summary);
        case.stages = reached(&seen);
        case.timeline = seen.into_iter().filter_map(|entry| without_others(caller, entry)).collect();
        if caller.role == Role::Caller {
            case.callers.retain(|reporter| reporter.caller_ref == caller.staff_ref);
        }
        case
    }
}

/// A fact as a caller may see it: they follow the matter in words. The facts as recorded name others who raised it too, and
/// who was told what is between them and whoever told them.
fn without_others(caller: &Caller, mut entry: TimelineEntry) -> Option<TimelineEntry> {
    if caller.role != Role::Caller {
        return Some(entry);
    }
    entry.detail_json = String::new();
    (entry.owner != Owner::Notification.as_str()).then_some(entry)
}

impl Facts for Said {
    type Found = ();

    fn nothing() {}
}

impl IntakeFacts for Said {
    fn received(&mut self, fact: &Received) {
        let case = &mut self.case;
        case.text.clone_from(&fact.text);
        case.attributes.clone_from(&fact.attributes);
        case.place.clone_from(&fact.place);
        case.kind = fact.kind;
        case.caller_class = fact.caller_class;
        case.related_case.clone_from(&fact.related_case);
        case.occurred_at = fact.occurred_at;
        case.recorded_at = fact.recorded_at;
        case.callers.push(Reporter {
            case_id: self.case_id.clone(),
            caller_ref: fact.caller_ref.clone(),
            caller_class: fact.caller_class,
            channel: fact.channel.clone(),
            category: fact.category_hint.clone(),
            received_at: fact.received_at,
        });
    }

    fn caller_joined(&mut self, fact: &CallerJoined) {
        self.case.callers.push(Reporter {
            case_id: fact.case_id.clone(),
            caller_ref: fact.caller_ref.clone(),
            caller_class: fact.caller_class,
            channel: fact.channel.clone(),
            category: fact.category.clone(),
            received_at: fact.received_at,
        });
    }
}

impl DispatchFacts for Said {
    fn recurrence_found(&mut self, fact: &RecurrenceFound) {
        self.case.earlier_cases.clone_from(&fact.earlier_cases);
    }
}
