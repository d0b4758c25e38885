//! The posts of a unit on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::powers::v1 as wire;
use proto::powers::v1::powers_event::Event as WireEvent;
use proto::record::v1::Event as AnyEvent;
use record::{Aggregate, WireError};
use station::Refuse;
use tonic::Code as StatusCode;

use super::{any, from_post_kind, known, to_post_kind};
use crate::domain::headcount::{Command, Event, Refusal, Rules, State};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Powers;
    /// It has no other owner: people who come and go for decades.
    const REVISIONS_MAX: u64 = 900;

    fn to_wire(event: &Event) -> AnyEvent {
        any(match event {
            Event::Approved { kind, posts, basis } => WireEvent::PostsApproved(wire::PostsApproved {
                kind: to_post_kind(*kind),
                posts: *posts,
                basis: basis.clone(),
            }),
            Event::Filled { kind, person } => {
                WireEvent::PostFilled(wire::PostFilled { kind: to_post_kind(*kind), person: person.clone() })
            }
            Event::Vacated { person, reason } => {
                WireEvent::PostVacated(wire::PostVacated { person: person.clone(), reason: reason.clone() })
            }
        })
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not about posts")]
    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        Ok(match known(event)? {
            WireEvent::PostsApproved(fact) => {
                Event::Approved { kind: from_post_kind(fact.kind)?, posts: fact.posts, basis: fact.basis.clone() }
            }
            WireEvent::PostFilled(fact) => {
                Event::Filled { kind: from_post_kind(fact.kind)?, person: fact.person.clone() }
            }
            WireEvent::PostVacated(fact) => Event::Vacated { person: fact.person.clone(), reason: fact.reason.clone() },
            _ => return Err(WireError::new("event", "not about the posts of a unit")),
        })
    }

    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(command: &Command) -> bool {
        matches!(command, Command::Vacate { .. })
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::TooManyPosts(_) => StatusCode::InvalidArgument,
            Self::OverHeadcount { .. } | Self::BelowUse { .. } | Self::FillsOneAlready | Self::FillsNone => {
                StatusCode::FailedPrecondition
            }
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::OverHeadcount { .. } => "over-headcount",
            Self::BelowUse { .. } => "below-use",
            Self::FillsOneAlready => "fills-one-already",
            Self::FillsNone => "fills-none",
            Self::TooManyPosts(_) => "too-many-posts",
        }
    }
}
