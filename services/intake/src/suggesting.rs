//! Likely duplicates, looked up in the projection and judged by `domain/duplicates.rs`.

use ids::Code;
use jiff::{SignedDuration, Timestamp};
use proto::FromWireTime;
use proto::intake::v1::suggest_duplicates_request::Of;
use proto::intake::v1::{CaseSummary, Draft, SuggestDuplicatesRequest, SuggestDuplicatesResponse, Suggestion};
use station::desk::case_key;
use station::{BadInput, Caller, Violation, not_found, wire};
use tonic::Status;

use crate::app::App;
use crate::domain::duplicates::{Features, Likeness, Reach, compare};
use crate::domain::submission::{CLOCK_SKEW_MAX, TEXT_LENGTH_MAX, TITLE_LENGTH_MAX};
use crate::projection::{Projection, WORDS_LENGTH_MAX};

const LIMIT_DEFAULT: u32 = 10;
const LIMIT_MAX: u32 = 50;
const DISTANCE_M_DEFAULT: u32 = 200;
const DISTANCE_M_MAX: u32 = 5_000;
/// Two weeks: what nobody has repaired by then, people report again rather than anew.
const WINDOW_H_DEFAULT: u32 = 14 * 24;
const WINDOW_H_MAX: u32 = 90 * 24;
/// Metres of one degree of latitude, and of one of longitude at the equator; a little less than they are, so that the
/// rectangle holds the circle.
const DEGREE_M: f64 = 110_500.0;

/// What is asked, read and within its bounds.
struct Asked {
    features: Features,
    /// The case asked about, which is no duplicate of its own.
    case: Option<String>,
    /// Nothing received after it is earlier.
    until: Timestamp,
}

pub async fn suggest(
    app: &App,
    projection: &Projection,
    caller: &Caller,
    request: &SuggestDuplicatesRequest,
) -> Result<SuggestDuplicatesResponse, Status> {
    let district: Code = request
        .district
        .parse()
        .map_err(|error: ids::CodeError| Violation::new("district", "code", error.to_string()))?;
    caller.require_district(&district)?;
    let limit = bounded("limit", request.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let metres = bounded("distance_m_max", request.distance_m_max, DISTANCE_M_DEFAULT, DISTANCE_M_MAX)?;
    let hours = bounded("window_h_max", request.window_h_max, WINDOW_H_DEFAULT, WINDOW_H_MAX)?;
    let reach = Reach { distance_m_max: f64::from(metres), window: SignedDuration::from_hours(i64::from(hours)) };
    let asked = match &request.of {
        Some(Of::CaseId(case_id)) => of_case(app, projection, &district, case_id).await?,
        Some(Of::Draft(draft)) => of_draft(app, &district, draft)?,
        None => return Err(Violation::new("of", "required", "name a case, or say what the draft says").into()),
    };
    let broker = &app.desk.station.broker;
    let found = projection
        .read(broker, move |projection| {
            let window =
                asked.features.at.as_microsecond() - reach.window.as_secs() * 1_000_000..=asked.until.as_microsecond();
            let degrees = degrees(&asked.features, reach);
            let candidates = projection.candidates(district.as_str(), &asked.features, window, degrees)?;
            Ok(best(&asked, candidates, reach, limit))
        })
        .await?;
    Ok(SuggestDuplicatesResponse { suggestions: found })
}

/// Most alike first; of two alike, the earlier one, because others are merged into it.
fn best(asked: &Asked, candidates: Vec<(CaseSummary, Features)>, reach: Reach, limit: u32) -> Vec<Suggestion> {
    let earlier = |line: &CaseSummary, features: &Features| match &asked.case {
        // As the rules have it: of one instant, the smaller id.
        Some(case) => (features.at, line.case_id.as_str()) < (asked.until, case.as_str()),
        None => true,
    };
    let mut found: Vec<Suggestion> = candidates
        .into_iter()
        .filter(|(line, features)| earlier(line, features))
        .filter_map(|(line, features)| {
            let likeness = compare(&asked.features, &features, reach)?;
            Some(suggestion(line, likeness, asked.until.duration_since(features.at)))
        })
        .collect();
    found.sort_by(|one, other| other.score.total_cmp(&one.score).then(other.age_s.cmp(&one.age_s)));
    found.truncate(limit as usize);
    found
}

fn suggestion(line: CaseSummary, likeness: Likeness, age: SignedDuration) -> Suggestion {
    Suggestion {
        case: Some(line),
        score: likeness.score,
        distance_m: likeness.distance_m,
        age_s: age.as_secs(),
        text_similarity: likeness.text,
    }
}

async fn of_case(app: &App, projection: &Projection, district: &Code, case_id: &str) -> Result<Asked, Status> {
    let (_, case, _) = case_key(district.as_str(), case_id)?;
    let (place, id) = (district.clone(), case.to_string());
    let look = move |projection: &Projection| projection.features(place.as_str(), &id);
    let features = projection.read(&app.desk.station.broker, look).await?;
    let features = features.ok_or_else(|| not_found(case.as_str()))?;
    Ok(Asked { until: features.at, features, case: Some(case.to_string()) })
}

fn of_draft(app: &App, district: &Code, draft: &Draft) -> Result<Asked, Status> {
    let charter = app.desk.station.charter(district.as_str())?;
    let now = app.desk.station.now();
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
    let features = Features {
        party: place.party.or_else(|| lies_in.map(|party| party.code.clone())),
        address: place.address,
        point: place.point,
        category: draft.category.clone(),
        title: draft.title.clone(),
        text: draft.text.chars().take(WORDS_LENGTH_MAX).collect(),
        at,
    };
    Ok(Asked { features, case: None, until: now })
}

fn bounded(field: &'static str, value: u32, default: u32, max: u32) -> Result<u32, Violation> {
    match value {
        0 => Ok(default),
        value if value <= max => Ok(value),
        value => Err(Violation::new(field, "range", format!("{value} is more than {max}"))),
    }
}

/// How far the rectangle around the asked point reaches to the east and to the north. At the poles all longitudes
/// are near.
fn degrees(asked: &Features, reach: Reach) -> (f64, f64) {
    let north = reach.distance_m_max / DEGREE_M;
    let narrower = asked.point.map_or(1.0, |point| point.latitude.to_radians().cos());
    let east = if narrower > 0.01 { north / narrower } else { 360.0 };
    (east, north)
}
