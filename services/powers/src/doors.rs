//! The gRPC doors, one for each power: fields are read, the power and the matter looked at, the rule book asked.

pub mod allowances;
pub mod consultations;
pub mod funds;
pub mod headcount;
pub mod personnel;
pub mod sign_offs;
pub mod suggestions;

/// Reads the caller and the request out of its envelope.
macro_rules! taken {
    ($request:ident) => {{ (station::Caller::of(&$request)?, $request.into_inner()) }};
}

/// The answer of a request that recorded something.
macro_rules! recorded {
    ($response:ident, $recorded:expr) => {{
        let station::Recorded { revision, position } = $recorded;
        Ok(tonic::Response::new($response { revision, position }))
    }};
}

use {recorded, taken};
