//! The sheet of a street's assessments on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::powers::v1 as wire;
use proto::powers::v1::powers_event::Event as WireEvent;
use proto::record::v1::Event as AnyEvent;
use record::{Aggregate, WireError};
use station::{Refuse, wire as shared};
use tonic::Code as StatusCode;

use super::{any, from_hundredths, known};
use crate::domain::allowance::{Assessment, Command, Event, Refusal, Rules, State, Subject};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Powers;
    /// It has no other owner: every line of the longest sheet, some of them thought over.
    const REVISIONS_MAX: u64 = 900;

    fn to_wire(event: &Event) -> AnyEvent {
        any(match event {
            Event::Assessed { subject, assessment } => WireEvent::AssessmentRecorded(wire::AssessmentRecorded {
                unit: subject.unit.to_string(),
                person: subject.person.clone().unwrap_or_default(),
                points: assessment.points.to_string(),
                reason: assessment.reason.clone(),
            }),
            Event::Closed => WireEvent::SheetClosed(wire::SheetClosed {}),
        })
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not on a sheet")]
    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        Ok(match known(event)? {
            WireEvent::AssessmentRecorded(fact) => Event::Assessed {
                subject: Subject {
                    unit: shared::code("unit", &fact.unit)?,
                    person: (!fact.person.is_empty()).then(|| fact.person.clone()),
                },
                assessment: Assessment {
                    points: from_hundredths("points", &fact.points)?,
                    reason: fact.reason.clone(),
                },
            },
            WireEvent::SheetClosed(wire::SheetClosed {}) => Event::Closed,
            _ => return Err(WireError::new("event", "not on a sheet of assessments")),
        })
    }

    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::Close)
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::Points(_) | Self::PointsNeedReason => StatusCode::InvalidArgument,
            Self::SheetClosed | Self::SheetEmpty | Self::TooManyLines(_) => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::SheetClosed => "sheet-closed",
            Self::SheetEmpty => "sheet-empty",
            Self::Points(_) => "points",
            Self::PointsNeedReason => "points-need-reason",
            Self::TooManyLines(_) => "too-many-lines",
        }
    }
}
