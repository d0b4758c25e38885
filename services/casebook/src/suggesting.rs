//! What is asked about when likely duplicates are: a case that is there, or a draft that nobody has submitted yet, checked
//! and within its bounds.

use charter::Charter;
use jiff::{SignedDuration, Timestamp};
use proto::FromWireTime;
use proto::casebook::v1::{Draft, SuggestDuplicatesRequest};
use station::{BadInput, Violation, wire};
use tonic::Status;

use crate::cases::likeness::{Features, Reach};
use crate::cases::{WORDS_LENGTH_MAX, suggest::Asked};

const LIMIT_DEFAULT: u32 = 10;
const LIMIT_MAX: u32 = 50;
const DISTANCE_M_DEFAULT: u32 = 200;
const DISTANCE_M_MAX: u32 = 5_000;
/// Two weeks: what nobody has repaired by then, people report again rather than anew.
const WINDOW_H_DEFAULT: u32 = 14 * 24;
const WINDOW_H_MAX: u32 = 90 * 24;
/// As intake takes them.
const TITLE_LENGTH_MAX: usize = 200;
const TEXT_LENGTH_MAX: usize = 20_000;
/// How far the clock of a sender may be ahead.
const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_mins(2);

/// How near and how many.
#[derive(Clone, Copy)]
pub struct Bounds {
    reach: Reach,
    limit: usize,
}

/// # Errors
/// INVALID_ARGUMENT, naming the field.
pub fn bounds(request: &SuggestDuplicatesRequest) -> Result<Bounds, Status> {
    let limit = bounded("limit", request.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let metres = bounded("distance_m_max", request.distance_m_max, DISTANCE_M_DEFAULT, DISTANCE_M_MAX)?;
    let hours = bounded("window_h_max", request.window_h_max, WINDOW_H_DEFAULT, WINDOW_H_MAX)?;
    let reach = Reach { distance_m_max: f64::from(metres), window: SignedDuration::from_hours(i64::from(hours)) };
    Ok(Bounds { reach, limit: limit as usize })
}

impl Bounds {
    /// About a case, of which these are the features.
    pub fn of_case(self, case_id: String, features: Features) -> Asked {
        Asked { until: features.at, features, case: Some(case_id), reach: self.reach, limit: self.limit }
    }

    /// About a draft.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, naming every field that does not fit.
    pub fn of_draft(self, draft: &Draft, charter: &Charter, now: Timestamp) -> Result<Asked, Status> {
        Ok(Asked { features: read(draft, charter, now)?, case: None, until: now, reach: self.reach, limit: self.limit })
    }
}

fn read(draft: &Draft, charter: &Charter, now: Timestamp) -> Result<Features, Status> {
    let mut violations = Vec::new();
    for (field, text, max) in
        [("draft.title", &draft.title, TITLE_LENGTH_MAX), ("draft.text", &draft.text, TEXT_LENGTH_MAX)]
    {
        let length = text.chars().count();
        if length > max {
            violations.push(Violation::new(field, "text-length", format!("{length} characters, at most {max} fit")));
        }
    }
    if !draft.category.is_empty() && charter.category(&draft.category).is_none() {
        let description = format!("{:?} is not a category of this charter", draft.category);
        violations.push(Violation::new("draft.category", "known-category", description));
    }
    let at = match &draft.occurred_at {
        None => now,
        Some(at) => at.time().map_err(|error| Violation::new("draft.occurred_at", "instant", error.to_string()))?,
    };
    if at.duration_since(now) > CLOCK_SKEW_MAX {
        violations.push(Violation::new("draft.occurred_at", "not-in-the-future", format!("{at} is after now, {now}")));
    }
    let place = wire::place(draft.place.as_ref()).map_err(station::bad_field)?;
    if place.point.is_some_and(|point| !(point.longitude.abs() <= 180.0 && point.latitude.abs() <= 90.0)) {
        violations.push(Violation::new("draft.place", "coordinate-range", "not within ±180 and ±90 degrees"));
    }
    if !violations.is_empty() {
        return Err(BadInput(violations).into());
    }
    let lies_in = place.point.and_then(|point| charter.party_at(point.longitude, point.latitude));
    Ok(Features {
        party: place.party.or_else(|| lies_in.map(|party| party.code.clone())),
        address: place.address,
        point: place.point,
        category: draft.category.clone(),
        title: draft.title.clone(),
        text: draft.text.chars().take(WORDS_LENGTH_MAX).collect(),
        at,
    })
}

fn bounded(field: &'static str, value: u32, default: u32, max: u32) -> Result<u32, Violation> {
    match value {
        0 => Ok(default),
        value if value <= max => Ok(value),
        value => Err(Violation::new(field, "range", format!("{value} is more than {max}"))),
    }
}
