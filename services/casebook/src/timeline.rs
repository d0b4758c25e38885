//! A case as a story: every fact with who, when, how long after the start, and against which limit.
//!
//! What a fact says in words stands in the file of who owns it. One that nobody has put into words yet is shown all the
//! same, by its name.

mod center;
mod dispatch;
mod evaluation;
mod intake;
mod limits;
mod notification;
mod parts;
mod stages;
mod triage;

use std::collections::HashMap;
use std::sync::Arc;

use charter::Charter;
use pbjson_types::Timestamp as WireTime;
use proto::FromWireTime;
use proto::casebook::v1::{Limit, TimelineEntry};
use proto::common::v1::{Level, Role};
use proto::dispatch::v1::Called;
use proto::facts::Facts;
use proto::record::v1::{Event, event::Of};
use proto::triage::v1::Judgement;
use record::StoredCommit;
use station::access::Vote;

use limits::limit;
pub use stages::reached;

use crate::cases::level_name;

/// Writes entries for the commits of one case, given in the order of the record.
pub struct Timeline {
    /// For names; without it codes are shown.
    charter: Option<Arc<Charter>>,
    started: Option<i64>,
    calls: HashMap<u32, Called>,
    tasks: HashMap<u32, WireTime>,
    /// By which the time of the case is counted.
    case_limit: Option<charter::Limit>,
}

/// An entry, and what of a vote is in it.
pub struct Entry {
    pub shown: TimelineEntry,
    pub vote: Option<Vote>,
}

/// A fact in words, and the limit that it starts or answers.
#[derive(Default)]
pub struct Told {
    summary: String,
    limit: Option<Limit>,
}

impl Facts for Timeline {
    type Found = Told;

    fn nothing() -> Told {
        Told::default()
    }
}

impl Timeline {
    #[must_use]
    pub fn new(charter: Option<Arc<Charter>>) -> Self {
        Self { charter, started: None, calls: HashMap::new(), tasks: HashMap::new(), case_limit: None }
    }

    pub fn entries(&mut self, stored: &StoredCommit) -> Vec<Entry> {
        let at = stored.commit.at.unwrap_or_default();
        let started = *self.started.get_or_insert(at.seconds);
        let mut entries = Vec::new();
        for decision in &stored.commit.decisions {
            let actor = decision.actor.clone().unwrap_or_default();
            for event in &decision.events {
                let Told { summary, limit } = self.tell(event);
                let decided_at = stored.commit.at.time().unwrap_or_default();
                let parts = parts::of(event);
                let vote = Vote::of(&stored.subject.key.district, decided_at, decision, event);
                let shown = TimelineEntry {
                    at: Some(at),
                    owner: stored.subject.owner.to_string(),
                    revision: stored.subject.revision.0,
                    event: event.name().to_owned(),
                    role: Role::try_from(actor.role).unwrap_or_default().into(),
                    party: actor.party.clone(),
                    summary,
                    elapsed_s: at.seconds - started,
                    limit,
                    detail_json: detail(event).unwrap_or_default(),
                    stage: event.stage().into(),
                    units: parts.units,
                    said: parts.said,
                    evidence: station::shown_with(event).to_vec(),
                };
                entries.push(Entry { shown, vote });
            }
        }
        entries
    }

    fn tell(&mut self, event: &Event) -> Told {
        let told = match &event.of {
            Some(Of::Intake(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
            Some(Of::Triage(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
            Some(Of::Dispatch(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
            Some(Of::EnforcementCenter(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
            Some(Of::Evaluation(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
            Some(Of::Notification(fact)) => fact.event.as_ref().map(|fact| fact.told_to(self)),
            // No case has any.
            Some(Of::Powers(_)) | None => None,
        };
        told.unwrap_or_default()
    }

    fn judgement(&self, judgement: Option<&Judgement>) -> String {
        let Some(judgement) = judgement else { return String::new() };
        let categories: Vec<String> =
            std::iter::once(&judgement.category).chain(&judgement.also).map(|code| self.category(code)).collect();
        let comprehensive = if judgement.comprehensive { ", several powers" } else { "" };
        let proven = judgement.proven_level();
        let by = if proven == judgement.level() || proven == Level::Unspecified {
            prefixed(" by ", &judgement.rule)
        } else {
            format!(", where the table says {} by {}", level_name(proven), judgement.rule)
        };
        format!(
            "{}: level {}{comprehensive}, for {}{by}",
            categories.join(" + "),
            level_name(judgement.level()),
            self.name(&judgement.party),
        )
    }

    fn call(&self, call: u32) -> Called {
        self.calls.get(&call).cloned().unwrap_or_default()
    }

    /// Of a unit, or of a post in it: `unit/role`.
    fn name(&self, code: &str) -> String {
        let charter = self.charter.as_deref();
        if let Some((unit, role)) = code.split_once('/') {
            let known = charter.and_then(|charter| charter.roles().iter().find(|known| known.code.as_str() == role));
            let role = known.map_or(role, |known| known.name.zh.as_str());
            return format!("{} {role}", self.name(unit));
        }
        let known = charter.and_then(|charter| charter.party(code));
        known.map_or_else(|| code.to_owned(), |party| party.name.zh.clone())
    }

    fn names(&self, codes: &[String]) -> String {
        codes.iter().map(|code| self.name(code)).collect::<Vec<_>>().join(", ")
    }

    fn category(&self, code: &str) -> String {
        let known = self.charter.as_deref().and_then(|charter| charter.category(code));
        known.map_or_else(|| code.to_owned(), |category| category.name.zh.clone())
    }
}

fn told(summary: String) -> Told {
    Told { summary, limit: None }
}

/// The fact by itself as JSON: what stands in the envelope of its owner, an object with this one member.
fn detail(event: &Event) -> Option<String> {
    let envelope = match event.of.as_ref()? {
        Of::Intake(fact) => serde_json::to_string(fact),
        Of::Triage(fact) => serde_json::to_string(fact),
        Of::Dispatch(fact) => serde_json::to_string(fact),
        Of::EnforcementCenter(fact) => serde_json::to_string(fact),
        Of::Evaluation(fact) => serde_json::to_string(fact),
        Of::Notification(fact) => serde_json::to_string(fact),
        Of::Powers(fact) => serde_json::to_string(fact),
    };
    let envelope = envelope.ok()?;
    let (_, fact) = envelope.strip_suffix('}')?.split_once(':')?;
    Some(fact.to_owned())
}

fn officer(officer: Option<&proto::common::v1::Officer>) -> String {
    officer.map_or_else(String::new, |officer| format!("{}{}", officer.staff_ref, prefixed(", ", &officer.post)))
}

/// `text` after `prefix`, or nothing at all.
fn prefixed(prefix: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{prefix}{text}") }
}

fn join(separator: &str, parts: [String; 2]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(separator)
}
