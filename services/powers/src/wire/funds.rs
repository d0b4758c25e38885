//! The ledger of a street's funds on the wire.

use ids::Owner;
use jiff::Timestamp;
use proto::powers::v1 as wire;
use proto::powers::v1::powers_event::Event as WireEvent;
use proto::record::v1::Event as AnyEvent;
use record::{Aggregate, WireError};
use station::{Refuse, wire as shared};
use tonic::Code as StatusCode;

use super::{any, from_hundredths, known};
use crate::domain::funds::{Allotment, Command, Event, Refusal, Rules, State};

impl Aggregate for Rules {
    const OWNER: Owner = Owner::Powers;
    /// It has no other owner: two bookings on each day of a year.
    const REVISIONS_MAX: u64 = 900;

    fn to_wire(event: &Event) -> AnyEvent {
        any(match event {
            Event::Allotted(Allotment { fund, title, from, amount, earmark }) => {
                WireEvent::FundAllotted(wire::FundAllotted {
                    fund: fund.to_string(),
                    title: title.clone(),
                    from: from.to_string(),
                    amount: amount.to_string(),
                    earmark: earmark.clone(),
                })
            }
            Event::Pooled { fund, amount } => {
                WireEvent::FundPooled(wire::FundPooled { fund: fund.to_string(), amount: amount.to_string() })
            }
            Event::Spent { amount, purpose } => {
                WireEvent::PooledSpent(wire::PooledSpent { amount: amount.to_string(), purpose: purpose.clone() })
            }
        })
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not in a ledger")]
    fn from_wire(event: &AnyEvent) -> Result<Event, WireError> {
        Ok(match known(event)? {
            WireEvent::FundAllotted(fact) => Event::Allotted(Allotment {
                fund: shared::code("fund", &fact.fund)?,
                title: fact.title.clone(),
                from: shared::code("from", &fact.from)?,
                amount: from_hundredths("amount", &fact.amount)?,
                earmark: fact.earmark.clone(),
            }),
            WireEvent::FundPooled(fact) => Event::Pooled {
                fund: shared::code("fund", &fact.fund)?,
                amount: from_hundredths("amount", &fact.amount)?,
            },
            WireEvent::PooledSpent(fact) => {
                Event::Spent { amount: from_hundredths("amount", &fact.amount)?, purpose: fact.purpose.clone() }
            }
            _ => return Err(WireError::new("event", "not in a ledger of funds")),
        })
    }

    fn next_deadline(_: &State) -> Option<Timestamp> {
        None
    }

    fn is_ending(_: &Command) -> bool {
        false
    }
}

impl Refuse for Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::NoSuchFund(_) => StatusCode::NotFound,
            Self::NoAmount => StatusCode::InvalidArgument,
            Self::TooManyFunds(_)
            | Self::TooMuch(_)
            | Self::Earmarked(_)
            | Self::FundExceeded { .. }
            | Self::PoolExceeded { .. }
            | Self::AnothersFund(_)
            | Self::EarmarkChanged => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchFund(_) => "no-such-fund",
            Self::Earmarked(_) => "earmarked",
            Self::FundExceeded { .. } => "fund-exceeded",
            Self::PoolExceeded { .. } => "pool-exceeded",
            Self::NoAmount => "no-amount",
            Self::AnothersFund(_) => "anothers-fund",
            Self::EarmarkChanged => "earmark-changed",
            Self::TooManyFunds(_) => "too-many-funds",
            Self::TooMuch(_) => "too-much-for-a-ledger",
        }
    }
}
