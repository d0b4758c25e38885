//! What streets do by a power of their district: every door that opens only with one asks here, and refuses by one rule.

use charter::{Charter, Instrument};
use ids::Code;
use record::Refused;
use tonic::{Code as StatusCode, Status};

use crate::refusal::{Refuse, status_of};

/// Why nothing is done at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    #[error("{district} has not given its streets the power {power}, which opens {instrument}")]
    NotGranted { district: Code, power: &'static str, instrument: &'static str },
}

impl Refuse for Withheld {
    fn code(&self) -> StatusCode {
        match self {
            Self::NotGranted { .. } => StatusCode::FailedPrecondition,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::NotGranted { .. } => "power-not-granted",
        }
    }
}

/// Whether the district has given its streets what this is done with.
///
/// # Errors
/// `power-not-granted`, naming the power.
pub fn granted(charter: &Charter, instrument: Instrument) -> Result<(), Status> {
    if charter.is_given(instrument) {
        return Ok(());
    }
    let (power, instrument) = (instrument.usual_power(), instrument.as_str());
    let district = charter.district.clone();
    Err(status_of(Refused::Rule(Withheld::NotGranted { district, power, instrument })))
}

/// Whether a unit may do this: one of a street only by a power of it, any other without.
///
/// # Errors
/// As [`granted`].
pub fn granted_to(charter: &Charter, instrument: Instrument, unit: &Code) -> Result<(), Status> {
    if charter.may_use(instrument, unit) { Ok(()) } else { granted(charter, instrument) }
}
