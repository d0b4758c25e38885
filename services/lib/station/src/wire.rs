//! The shared words between the rule books and the wire. A value that does not fit is an error naming its field.

use charter::{Colour, Level};
use ids::Code;
use jiff::Timestamp;
use pbjson_types::Timestamp as WireTimestamp;
use proto::FromWireTime;
use proto::common::v1 as wire;
use record::WireError;
use vocabulary::{Duty, Officer, Outcome, Place, Point};

/// # Errors
/// Not a code.
pub fn code(field: &'static str, text: &str) -> Result<Code, WireError> {
    text.parse().map_err(|error| WireError::new(field, error))
}

/// Empty means none.
///
/// # Errors
/// Not a code.
pub fn optional_code(field: &'static str, text: &str) -> Result<Option<Code>, WireError> {
    if text.is_empty() { Ok(None) } else { code(field, text).map(Some) }
}

/// # Errors
/// One of them is not a code.
pub fn codes(field: &'static str, texts: &[String]) -> Result<Vec<Code>, WireError> {
    texts.iter().map(|text| code(field, text)).collect()
}

#[must_use]
pub fn texts(codes: &[Code]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}

/// None is the empty string on the wire.
#[must_use]
pub fn text(code: Option<&Code>) -> String {
    code.map(ToString::to_string).unwrap_or_default()
}

/// # Errors
/// Missing or out of range.
pub fn time(field: &'static str, time: Option<&WireTimestamp>) -> Result<Timestamp, WireError> {
    time.ok_or_else(|| WireError::new(field, "missing"))?.time().map_err(|error| WireError::new(field, error))
}

/// # Errors
/// One of them is outside what can be represented.
pub fn times(field: &'static str, times: &[WireTimestamp]) -> Result<Vec<Timestamp>, WireError> {
    times.iter().map(|at| time(field, Some(at))).collect()
}

/// A place of a fact, which was checked when it came in: [`crate::place`] reads one of a request.
///
/// # Errors
/// A party that is not a code, or half a coordinate.
pub fn place(place: Option<&wire::Place>) -> Result<Place, WireError> {
    let Some(place) = place else { return Ok(Place::default()) };
    let party = optional_code("place.party", &place.party)?;
    Ok(Place { party, address: place.address.clone(), point: point(place)? })
}

/// # Errors
/// Half a coordinate.
pub fn point(place: &wire::Place) -> Result<Option<Point>, WireError> {
    match (place.longitude, place.latitude) {
        (Some(longitude), Some(latitude)) => Ok(Some(Point { longitude, latitude })),
        (None, None) => Ok(None),
        _ => Err(WireError::new("place", "longitude and latitude come together")),
    }
}

#[must_use]
pub fn to_place(place: &Place) -> wire::Place {
    wire::Place {
        party: text(place.party.as_ref()),
        address: place.address.clone(),
        longitude: place.point.map(|point| point.longitude),
        latitude: place.point.map(|point| point.latitude),
    }
}

/// An officer of a fact, which was checked when it came in: [`crate::officer`] reads one of a request.
///
/// # Errors
/// Missing, or without a staff number.
pub fn officer(officer: Option<&wire::Officer>) -> Result<Officer, WireError> {
    let officer = officer.ok_or_else(|| WireError::new("officer", "missing: name the person by staff number"))?;
    if officer.staff_ref.is_empty() {
        return Err(WireError::new("officer.staff_ref", "missing"));
    }
    Ok(Officer { staff_ref: officer.staff_ref.clone(), post: officer.post.clone() })
}

#[must_use]
pub fn to_officer(officer: &Officer) -> wire::Officer {
    wire::Officer { staff_ref: officer.staff_ref.clone(), post: officer.post.clone() }
}

/// Declares a pair of functions between a wire enum and ours; UNSPECIFIED is none of ours.
macro_rules! enumeration {
    ($read:ident, $read_optional:ident, $write:ident, $field:literal, $ours:ident, $wire:ident { $($ours_variant:ident = $wire_variant:ident),+ $(,)? }) => {
        /// # Errors
        /// Unspecified, or not known here.
        pub fn $read(value: i32) -> Result<$ours, WireError> {
            $read_optional(value)?.ok_or_else(|| WireError::new($field, "missing"))
        }

        /// Unspecified means none.
        ///
        /// # Errors
        /// Not known here.
        pub fn $read_optional(value: i32) -> Result<Option<$ours>, WireError> {
            match wire::$wire::try_from(value) {
                Ok(wire::$wire::Unspecified) => Ok(None),
                $(Ok(wire::$wire::$wire_variant) => Ok(Some($ours::$ours_variant)),)+
                Err(_) => Err(WireError::new($field, format!("{value} is not known here"))),
            }
        }

        #[must_use]
        pub fn $write(value: $ours) -> i32 {
            match value { $($ours::$ours_variant => wire::$wire::$wire_variant,)+ }.into()
        }
    };
}

enumeration!(level, optional_level, to_level, "level", Level, Level { A = A, B1 = B1, B2 = B2, C = C, D = D });
enumeration!(colour, optional_colour, to_colour, "colour", Colour, Colour { Red = Red, Yellow = Yellow, Blue = Blue });
enumeration!(duty, optional_duty, to_duty, "duty", Duty, Duty { Lead = Lead, Organise = Organise, Assist = Assist });
enumeration!(outcome, optional_outcome, to_outcome, "outcome", Outcome, Outcome {
    Solved = Solved, Explained = Explained, NotAccepted = NotAccepted, NotSolved = NotSolved
});
