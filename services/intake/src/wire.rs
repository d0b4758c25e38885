//! Intake's events and refusals on the wire; those of polls in `poll.rs`.

mod person;
pub(crate) mod poll;
#[cfg(test)]
mod tests;

use decider::Decider;
use ids::{CaseId, Owner};
use jiff::Timestamp;
use proto::ToWireTime;
use proto::intake::v1 as wire;
use proto::intake::v1::intake_event::Event as WireEvent;
use proto::record::v1::{Event as AnyEvent, event::Of};
use record::{Aggregate, StoredCommit, WireError};
use station::Refuse;
use station::wire as shared;
use tonic::{Code as StatusCode, Status};
use vocabulary::{CallerClass, CaseKind};

use crate::domain::{Command, Event, Joined, Received, Refusal, Rules, State};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Intake;
    const REVISIONS_MAX: u64 = 100;

    fn to_wire(event: &Event) -> AnyEvent {
        let event = match event {
            Event::Received(received) => WireEvent::Received(to_received(received)),
            Event::Supplemented { text, by } => {
                WireEvent::Supplemented(wire::Supplemented { text: text.clone(), by: by.clone() })
            }
            Event::WithdrawalAsked { reason } => {
                WireEvent::WithdrawalAsked(wire::WithdrawalAsked { reason: reason.clone() })
            }
            Event::ExclusionProposed { reason, by } => {
                WireEvent::ExclusionProposed(wire::ExclusionProposed { reason: reason.clone(), by: by.clone() })
            }
            Event::ExclusionApproved { by } => WireEvent::ExclusionApproved(wire::ExclusionApproved { by: by.clone() }),
            Event::CallerJoined(joined) => WireEvent::CallerJoined(to_joined(joined)),
            Event::LinkedAsDuplicate { into, reason, into_received_at } => {
                WireEvent::LinkedAsDuplicate(wire::LinkedAsDuplicate {
                    into: into.to_string(),
                    reason: reason.clone(),
                    into_received_at: Some(into_received_at.to_wire()),
                })
            }
            Event::PollAttached(result) => WireEvent::PollAttached(poll::to_attached(result)),
        };
        AnyEvent { of: Some(Of::Intake(wire::IntakeEvent { event: Some(event) })) }
    }

    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        let Some(Of::Intake(wire::IntakeEvent { event: Some(event) })) = &event.of else {
            return Err(WireError::new("event", "not one of intake"));
        };
        Ok(match event {
            WireEvent::Received(received) => Event::Received(Box::new(from_received(received)?)),
            WireEvent::Supplemented(wire::Supplemented { text, by }) => {
                Event::Supplemented { text: text.clone(), by: by.clone() }
            }
            WireEvent::WithdrawalAsked(wire::WithdrawalAsked { reason }) => {
                Event::WithdrawalAsked { reason: reason.clone() }
            }
            WireEvent::ExclusionProposed(wire::ExclusionProposed { reason, by }) => {
                Event::ExclusionProposed { reason: reason.clone(), by: by.clone() }
            }
            WireEvent::ExclusionApproved(wire::ExclusionApproved { by }) => Event::ExclusionApproved { by: by.clone() },
            WireEvent::CallerJoined(joined) => Event::CallerJoined(Box::new(from_joined(joined)?)),
            WireEvent::LinkedAsDuplicate(linked) => Event::LinkedAsDuplicate {
                into: case_id("into", &linked.into)?,
                reason: linked.reason.clone(),
                into_received_at: shared::time("into_received_at", linked.into_received_at.as_ref())?,
            },
            WireEvent::PollAttached(attached) => Event::PollAttached(Box::new(poll::from_attached(attached)?)),
            WireEvent::PollOpened(_) | WireEvent::HouseholdAnswered(_) | WireEvent::PollClosed(_) => {
                return Err(WireError::new("event", "about a poll, not a case"));
            }
            WireEvent::ContactKept(_) | WireEvent::ContactDisclosed(_) | WireEvent::PersonErased(_) => {
                return Err(WireError::new("event", "about a person, not a case"));
            }
        })
    }

    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::Withdraw { .. } | Command::ApproveExclusion { .. } | Command::Link { .. })
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchCase => StatusCode::NotFound,
            Self::DifferentContent | Self::IdTaken => StatusCode::AlreadyExists,
            Self::Withdrawn
            | Self::OthersJoined(_)
            | Self::Excluded
            | Self::Merged(_)
            | Self::NotEarlier
            | Self::NotFiled
            | Self::Answered
            | Self::Closed
            | Self::IntoClosed(_)
            | Self::ExclusionNotProposed
            | Self::SecondPersonNeeded(_) => StatusCode::FailedPrecondition,
            Self::StaffNumberNeeded => StatusCode::PermissionDenied,
            Self::TooManyPolls(_) | Self::TooManyNotes(_) => StatusCode::ResourceExhausted,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchCase => "no-such-case",
            Self::DifferentContent => "different-content",
            Self::IdTaken => "id-taken",
            Self::Withdrawn => "withdrawn",
            Self::OthersJoined(_) => "others-joined",
            Self::Excluded => "excluded",
            Self::Merged(_) => "merged",
            Self::NotEarlier => "not-earlier",
            Self::NotFiled => "not-filed",
            Self::Answered => "answered",
            Self::Closed => "closed",
            Self::IntoClosed(_) => "into-closed",
            Self::ExclusionNotProposed => "exclusion-not-proposed",
            Self::SecondPersonNeeded(_) => "second-person-needed",
            Self::StaffNumberNeeded => "staff-number-needed",
            Self::TooManyPolls(_) => "too-many-polls",
            Self::TooManyNotes(_) => "too-many-notes",
        }
    }
}

fn to_received(received: &Received) -> wire::Received {
    wire::Received {
        kind: to_kind(received.kind).into(),
        caller_class: to_caller_class(received.caller_class).into(),
        caller_ref: received.caller_ref.clone(),
        channel: received.channel.to_string(),
        way: to_way(received.way).into(),
        bridge: received.bridge.to_string(),
        external_ref_hash: received.external_ref_hash.clone(),
        content_hash: received.content_hash.clone(),
        title: received.title.clone(),
        text: received.text.clone(),
        place: Some(shared::to_place(&received.place)),
        occurred_at: Some(received.occurred_at.to_wire()),
        category_hint: shared::text(received.category_hint.as_ref()),
        related_case: received.related_case.map(String::from).unwrap_or_default(),
        received_at: Some(received.received_at.to_wire()),
        campaign: shared::text(received.campaign.as_ref()),
        recorded_at: received.recorded_at.map(ToWireTime::to_wire),
        receipt_ref: received.receipt_ref.clone(),
    }
}

fn to_joined(joined: &Joined) -> wire::CallerJoined {
    wire::CallerJoined {
        case_id: joined.case.to_string(),
        caller_ref: joined.caller_ref.clone(),
        caller_class: to_caller_class(joined.caller_class).into(),
        channel: joined.channel.to_string(),
        category: shared::text(joined.category.as_ref()),
        received_at: Some(joined.received_at.to_wire()),
        reason: joined.reason.clone(),
        through: joined.through.map(String::from).unwrap_or_default(),
        receipt_ref: joined.receipt_ref.clone(),
    }
}

fn from_joined(joined: &wire::CallerJoined) -> Result<Joined, WireError> {
    Ok(Joined {
        case: case_id("case_id", &joined.case_id)?,
        caller_ref: joined.caller_ref.clone(),
        caller_class: from_caller_class(joined.caller_class())?,
        channel: shared::code("channel", &joined.channel)?,
        category: shared::optional_code("category", &joined.category)?,
        received_at: shared::time("received_at", joined.received_at.as_ref())?,
        reason: joined.reason.clone(),
        through: optional_case_id("through", &joined.through)?,
        receipt_ref: joined.receipt_ref.clone(),
    })
}

fn case_id(field: &'static str, text: &str) -> Result<CaseId, WireError> {
    text.parse().map_err(|error| WireError::new(field, error))
}

/// Empty means none.
fn optional_case_id(field: &'static str, text: &str) -> Result<Option<CaseId>, WireError> {
    if text.is_empty() { Ok(None) } else { case_id(field, text).map(Some) }
}

/// What came in once, among the commits of a case.
pub(crate) fn received_in(commits: &[StoredCommit]) -> Result<Option<Received>, Status> {
    let mut facts = commits.iter().flat_map(|stored| stored.commit.intake_facts());
    let found = facts.find_map(|fact| if let WireEvent::Received(received) = fact { Some(received) } else { None });
    found.map(from_received).transpose().map_err(|error| station::unreadable(&error))
}

/// What the commits of a case add up to.
pub(crate) fn state_of(commits: &[StoredCommit]) -> Result<State, Status> {
    let facts = commits.iter().filter(|stored| stored.subject.owner == Owner::Intake);
    facts.flat_map(|stored| stored.commit.facts()).try_fold(State::default(), |state, fact| {
        let event = Rules::from_wire(fact).map_err(station::bad_field)?;
        Ok(Rules::evolve(state, &event))
    })
}

fn from_received(received: &wire::Received) -> Result<Received, WireError> {
    let related_case = optional_case_id("related_case", &received.related_case)?;
    Ok(Received {
        kind: from_kind(received.kind())?,
        caller_class: from_caller_class(received.caller_class())?,
        caller_ref: received.caller_ref.clone(),
        channel: shared::code("channel", &received.channel)?,
        way: from_way(received.way())?,
        bridge: shared::code("bridge", &received.bridge)?,
        external_ref_hash: received.external_ref_hash.clone(),
        content_hash: received.content_hash.clone(),
        content_hashes_before: Vec::new(),
        title: received.title.clone(),
        text: received.text.clone(),
        place: shared::place(received.place.as_ref())?,
        occurred_at: shared::time("occurred_at", received.occurred_at.as_ref())?,
        category_hint: shared::optional_code("category_hint", &received.category_hint)?,
        related_case,
        received_at: shared::time("received_at", received.received_at.as_ref())?,
        campaign: shared::optional_code("campaign", &received.campaign)?,
        recorded_at: received.recorded_at.as_ref().map(|at| shared::time("recorded_at", Some(at))).transpose()?,
        receipt_ref: received.receipt_ref.clone(),
    })
}

pub(crate) fn to_kind(kind: CaseKind) -> wire::CaseKind {
    match kind {
        CaseKind::Report => wire::CaseKind::Report,
        CaseKind::Service => wire::CaseKind::Service,
        CaseKind::Suggestion => wire::CaseKind::Suggestion,
        CaseKind::Consult => wire::CaseKind::Consult,
    }
}

/// Unspecified is an error on the record; in a request it leaves the choice to the channel.
pub(crate) fn from_kind(kind: wire::CaseKind) -> Result<CaseKind, WireError> {
    match kind {
        wire::CaseKind::Unspecified => Err(WireError::new("kind", "missing")),
        wire::CaseKind::Report => Ok(CaseKind::Report),
        wire::CaseKind::Service => Ok(CaseKind::Service),
        wire::CaseKind::Suggestion => Ok(CaseKind::Suggestion),
        wire::CaseKind::Consult => Ok(CaseKind::Consult),
    }
}

pub(crate) fn to_caller_class(class: CallerClass) -> wire::CallerClass {
    match class {
        CallerClass::Resident => wire::CallerClass::Resident,
        CallerClass::Grassroots => wire::CallerClass::Grassroots,
        CallerClass::Enterprise => wire::CallerClass::Enterprise,
    }
}

/// As [`from_kind`].
pub(crate) fn from_caller_class(class: wire::CallerClass) -> Result<CallerClass, WireError> {
    match class {
        wire::CallerClass::Unspecified => Err(WireError::new("caller_class", "missing")),
        wire::CallerClass::Resident => Ok(CallerClass::Resident),
        wire::CallerClass::Grassroots => Ok(CallerClass::Grassroots),
        wire::CallerClass::Enterprise => Ok(CallerClass::Enterprise),
    }
}

pub(crate) fn to_way(way: charter::Way) -> wire::Way {
    match way {
        charter::Way::Online => wire::Way::Online,
        charter::Way::Patrol => wire::Way::Patrol,
        charter::Way::Visit => wire::Way::Visit,
        charter::Way::Meeting => wire::Way::Meeting,
        charter::Way::Superior => wire::Way::Superior,
    }
}

/// As [`from_kind`].
pub(crate) fn from_way(way: wire::Way) -> Result<charter::Way, WireError> {
    match way {
        wire::Way::Unspecified => Err(WireError::new("way", "missing")),
        wire::Way::Online => Ok(charter::Way::Online),
        wire::Way::Patrol => Ok(charter::Way::Patrol),
        wire::Way::Visit => Ok(charter::Way::Visit),
        wire::Way::Meeting => Ok(charter::Way::Meeting),
        wire::Way::Superior => Ok(charter::Way::Superior),
    }
}
