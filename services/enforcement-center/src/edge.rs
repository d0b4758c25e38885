//! What a request must look like before any rule sees it: each check names its field and its rule.

use charter::Charter;
use ids::Code;
use proto::common::v1 as common;
use station::{Violation, optional_prose, prose, wire};
use vocabulary::{Officer, Place};

/// Characters of an assessment, a finding, an order.
pub const TEXT_LENGTH_MAX: usize = 2000;
/// Characters of a title, as intake takes them.
pub const TITLE_LENGTH_MAX: usize = 200;
/// Characters of an address, as intake takes them.
pub const ADDRESS_LENGTH_MAX: usize = 500;
/// Characters of a staff number or a post.
const OFFICE_LENGTH_MAX: usize = 100;
/// Steps of a path: what a team can keep in mind on its way.
const STEPS_MAX: usize = 20;
/// Characters of one step.
const STEP_LENGTH_MAX: usize = 500;
/// Units named in one request; a centre has a dozen.
const PARTIES_MAX: usize = 50;

pub fn code(field: &'static str, code: &str) -> Result<Code, Violation> {
    if code.is_empty() {
        return Err(required(field));
    }
    code.parse().map_err(|error: ids::CodeError| Violation::new(field, "code", error.to_string()))
}

/// A unit that this charter knows.
pub fn party(field: &'static str, charter: &Charter, party: &str) -> Result<Code, Violation> {
    let code = code(field, party)?;
    if charter.party(party).is_none() {
        return Err(unknown_party(field, party));
    }
    Ok(code)
}

/// At least one, each once.
pub fn parties(field: &'static str, codes: &[String]) -> Result<Vec<Code>, Violation> {
    count(field, codes.len(), PARTIES_MAX)?;
    let mut parties = Vec::with_capacity(codes.len());
    for party in codes {
        let party = code(field, party)?;
        if !parties.contains(&party) {
            parties.push(party);
        }
    }
    Ok(parties)
}

/// At least one step.
pub fn path(field: &'static str, steps: &[String]) -> Result<Vec<String>, Violation> {
    count(field, steps.len(), STEPS_MAX)?;
    steps.iter().map(|step| prose(field, step, STEP_LENGTH_MAX)).collect()
}

/// Not masked: an official in office is named by number, and some numbers look like a telephone's.
pub fn officer(officer: Option<&common::Officer>) -> Result<Officer, Violation> {
    let officer = wire::officer(officer)?;
    Ok(Officer {
        staff_ref: staff_ref("officer.staff_ref", &officer.staff_ref)?,
        post: bounded("officer.post", &officer.post, OFFICE_LENGTH_MAX)?.to_owned(),
    })
}

pub fn staff_ref(field: &'static str, staff_ref: &str) -> Result<String, Violation> {
    match bounded(field, staff_ref, OFFICE_LENGTH_MAX)? {
        "" => Err(required(field)),
        staff_ref => Ok(staff_ref.to_owned()),
    }
}

/// Everything that intake will ask of it, so that a related case is refused here and not when it is submitted.
pub fn place(charter: &Charter, place: Option<&common::Place>) -> Result<Place, Violation> {
    let place = wire::place(place)?;
    if let Some(party) = place.party.as_ref().filter(|party| charter.party(party.as_str()).is_none()) {
        return Err(unknown_party("place.party", party.as_str()));
    }
    if let Some(point) = place.point {
        for (field, value, bound) in
            [("place.longitude", point.longitude, 180.0), ("place.latitude", point.latitude, 90.0)]
        {
            if !value.is_finite() || value.abs() > bound {
                let description = format!("{value} is not within ±{bound} degrees");
                return Err(Violation::new(field, "coordinate-range", description));
            }
        }
    }
    Ok(Place { address: optional_prose("place.address", &place.address, ADDRESS_LENGTH_MAX)?, ..place })
}

/// Empty means none: triage will find one.
pub fn category(charter: &Charter, category: &str) -> Result<Option<Code>, Violation> {
    if category.is_empty() {
        return Ok(None);
    }
    let known = charter.category(category).map(|known| known.code.clone());
    known.map(Some).ok_or_else(|| {
        Violation::new("category", "known-category", format!("{category:?} is not a category of this charter"))
    })
}

fn bounded<'t>(field: &'static str, text: &'t str, length_max: usize) -> Result<&'t str, Violation> {
    let text = text.trim();
    let length = text.chars().count();
    if length > length_max {
        let description = format!("it has {length} characters, at most {length_max} fit");
        return Err(Violation::new(field, "text-length", description));
    }
    Ok(text)
}

fn count(field: &'static str, count: usize, count_max: usize) -> Result<(), Violation> {
    match count {
        0 => Err(required(field)),
        _ if count > count_max => {
            Err(Violation::new(field, "count", format!("{count} are named, at most {count_max} fit")))
        }
        _ => Ok(()),
    }
}

fn required(field: &'static str) -> Violation {
    Violation::new(field, "required", "it must not be empty")
}

fn unknown_party(field: &'static str, party: &str) -> Violation {
    Violation::new(field, "known-party", format!("{party:?} is not a party of this charter"))
}
