//! Officers and their relations on the wire.

use ids::Owner;
use jiff::Timestamp;
use jiff::civil::Date;
use proto::enforcement_center::v1 as wire;
use proto::enforcement_center::v1::enforcement_center_event::Event as WireEvent;
use proto::record::v1::Event as AnyEvent;
use record::{Aggregate, WireError};
use station::Refuse;
use station::wire as shared;
use tonic::Code as StatusCode;
use vocabulary::staff::Relations;

use super::{any, known};
use crate::domain::staff::{Command, Event, Refusal, Registration, Rules, Secondment, State};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::EnforcementCenter;
    /// An officer has no other owner: two changes of every month of a career.
    const REVISIONS_MAX: u64 = 700;

    fn to_wire(event: &Event) -> AnyEvent {
        any(match event {
            Event::Registered(registration) => WireEvent::OfficerRegistered(wire::OfficerRegistered {
                officer: Some(shared::to_officer(&registration.officer)),
                relations: Some(to_relations(&registration.relations)),
                licence: shared::texts(&registration.licence),
            }),
            Event::Seconded(secondment) => WireEvent::OfficerSeconded(wire::OfficerSeconded {
                from: secondment.from.to_string(),
                to: secondment.to.to_string(),
                since: secondment.since.to_string(),
                until: day_text(secondment.until),
                reason: secondment.reason.clone(),
            }),
            Event::SecondmentEnded { since, last_day, reason } => WireEvent::SecondmentEnded(wire::SecondmentEnded {
                since: since.to_string(),
                last_day: last_day.to_string(),
                reason: reason.clone(),
            }),
        })
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "whatever is about operations or rosters is not about an officer"
    )]
    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        match known(event)? {
            WireEvent::OfficerRegistered(fact) => Ok(Event::Registered(Box::new(Registration {
                officer: shared::officer(fact.officer.as_ref())?,
                relations: from_relations(fact.relations.as_ref())?,
                licence: shared::codes("licence", &fact.licence)?,
            }))),
            WireEvent::OfficerSeconded(fact) => Ok(Event::Seconded(Box::new(Secondment {
                from: shared::code("from", &fact.from)?,
                to: shared::code("to", &fact.to)?,
                since: day("since", &fact.since)?,
                until: optional_day("until", &fact.until)?,
                reason: fact.reason.clone(),
            }))),
            WireEvent::SecondmentEnded(fact) => Ok(Event::SecondmentEnded {
                since: day("since", &fact.since)?,
                last_day: day("last_day", &fact.last_day)?,
                reason: fact.reason.clone(),
            }),
            _ => Err(WireError::new("event", "not about an officer's relations")),
        }
    }

    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::End { .. })
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NotRegistered => StatusCode::NotFound,
            Self::EndsBefore { .. } => StatusCode::InvalidArgument,
            Self::TooMany(_) => StatusCode::ResourceExhausted,
            Self::NotUsedThere { .. } | Self::UsedThere(_) | Self::SecondedAlready { .. } | Self::NotSeconded(_) => {
                StatusCode::FailedPrecondition
            }
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NotRegistered => "not-registered",
            Self::NotUsedThere { .. } => "not-used-there",
            Self::UsedThere(_) => "used-there",
            Self::SecondedAlready { .. } => "seconded-already",
            Self::EndsBefore { .. } => "ends-before",
            Self::NotSeconded(_) => "not-seconded",
            Self::TooMany(_) => "too-many-secondments",
        }
    }
}

pub(crate) fn to_relations(relations: &Relations) -> wire::Relations {
    wire::Relations {
        owned_by: relations.owned_by.to_string(),
        managed_by: relations.managed_by.to_string(),
        used_by: relations.used_by.to_string(),
        assessed_by: relations.assessed_by.to_string(),
    }
}

fn from_relations(relations: Option<&wire::Relations>) -> Result<Relations, WireError> {
    let relations = relations.ok_or_else(|| WireError::new("relations", "missing"))?;
    Ok(Relations {
        owned_by: shared::code("owned_by", &relations.owned_by)?,
        managed_by: shared::code("managed_by", &relations.managed_by)?,
        used_by: shared::code("used_by", &relations.used_by)?,
        assessed_by: shared::code("assessed_by", &relations.assessed_by)?,
    })
}

pub(crate) fn day(field: &'static str, text: &str) -> Result<Date, WireError> {
    text.parse().map_err(|_| WireError::new(field, format!("{text:?} is not a day like 2023-07-03")))
}

/// Empty means none.
pub(crate) fn optional_day(field: &'static str, text: &str) -> Result<Option<Date>, WireError> {
    if text.is_empty() { Ok(None) } else { day(field, text).map(Some) }
}

pub(crate) fn day_text(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}
