//! What goes beyond one street: special groups, the city, admissions, and other matters found on the way.

use charter::Charter;
use ids::Code;
use proto::common::v1::Place as WirePlace;
use proto::dispatch::v1::{
    AdmitRequest, AdmitResponse, CallRequest, RecordCityDoneRequest, RecordCityDoneResponse, RecordCityProgressRequest,
    RecordCityProgressResponse, RecordCityReturnRequest, RecordCityReturnResponse, SpawnRelatedCaseRequest,
    SpawnRelatedCaseResponse, TransferRequest, TransferResponse,
};
use station::{Caller, Recorded, Violation, bad_field, optional_prose, prose, wire as shared};
use tonic::{Request, Response, Status};
use vocabulary::Place;

use super::{Door, NOTE_LENGTH_MAX};
use crate::app::{self, Asked};
use crate::domain::{Command, Related, Special};
use crate::evidence::evidence;

/// Characters of the name under which the city has a case.
const REFERENCE_LENGTH_MAX: usize = 100;
/// Characters of a title and an address, as intake takes them.
const TITLE_LENGTH_MAX: usize = 200;
const ADDRESS_LENGTH_MAX: usize = 500;

pub(super) async fn transfer(
    door: &Door,
    request: Request<TransferRequest>,
) -> Result<Response<TransferResponse>, Status> {
    let (request, asked) = asked!(door, request, "Transfer");
    let command = Command::Transfer {
        by: asked.caller.acting_party()?.clone(),
        above: true,
        city: city(&asked)?,
        reference: prose("reference", &request.reference, REFERENCE_LENGTH_MAX)?,
        reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
        answer: door.app.city_answer(&asked.charter),
    };
    let Recorded { revision, position } = door.app.record(&asked, command).await?;
    Ok(Response::new(TransferResponse { revision, position }))
}

pub(super) async fn city_progress(
    door: &Door,
    request: Request<RecordCityProgressRequest>,
) -> Result<Response<RecordCityProgressResponse>, Status> {
    let (request, asked) = asked!(door, request, "RecordCityProgress");
    let command = Command::CityProgress {
        by: asked.caller.acting_party()?.clone(),
        above: true,
        city: city(&asked)?,
        note: prose("note", &request.note, NOTE_LENGTH_MAX)?,
    };
    let Recorded { revision, position } = door.app.record(&asked, command).await?;
    Ok(Response::new(RecordCityProgressResponse { revision, position }))
}

pub(super) async fn city_done(
    door: &Door,
    request: Request<RecordCityDoneRequest>,
) -> Result<Response<RecordCityDoneResponse>, Status> {
    let (request, asked) = asked!(door, request, "RecordCityDone");
    let command = Command::CityDone {
        by: asked.caller.acting_party()?.clone(),
        above: true,
        city: city(&asked)?,
        outcome: shared::outcome(request.outcome).map_err(bad_field)?,
        summary: prose("summary", &request.summary, NOTE_LENGTH_MAX)?,
        evidence: evidence(&request.evidence)?,
        rating_due: door.app.rating_due(&asked.charter),
    };
    let Recorded { revision, position } = door.app.record(&asked, command).await?;
    Ok(Response::new(RecordCityDoneResponse { revision, position }))
}

pub(super) async fn city_return(
    door: &Door,
    request: Request<RecordCityReturnRequest>,
) -> Result<Response<RecordCityReturnResponse>, Status> {
    let (request, asked) = asked!(door, request, "RecordCityReturn");
    let command = Command::CityReturn {
        by: asked.caller.acting_party()?.clone(),
        above: true,
        city: city(&asked)?,
        centre: asked.charter.district_centre().code.clone(),
        reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
    };
    let Recorded { revision, position } = door.app.record(&asked, command).await?;
    Ok(Response::new(RecordCityReturnResponse { revision, position }))
}

pub(super) async fn admit(door: &Door, request: Request<AdmitRequest>) -> Result<Response<AdmitResponse>, Status> {
    let (request, asked) = asked!(door, request, "Admit");
    let command = Command::Admit {
        by: asked.caller.acting_party()?.clone(),
        above: true,
        reason: prose("reason", &request.reason, NOTE_LENGTH_MAX)?,
    };
    let Recorded { revision, position } = door.app.record(&asked, command).await?;
    Ok(Response::new(AdmitResponse { revision, position }))
}

pub(super) async fn spawn_related_case(
    door: &Door,
    request: Request<SpawnRelatedCaseRequest>,
) -> Result<Response<SpawnRelatedCaseResponse>, Status> {
    let (request, asked) = asked!(door, request, "SpawnRelatedCase");
    let said = (request.title.as_str(), request.text.as_str(), request.category.as_str());
    let command = Command::SpawnRelated {
        by: asked.caller.acting_party()?.clone(),
        related: Box::new(related(&asked.charter, said, request.place.as_ref())?),
    };
    let Recorded { revision, position } = door.app.record(&asked, command).await?;
    Ok(Response::new(SpawnRelatedCaseResponse { revision, position }))
}

/// Another matter: a title is enough.
///
/// # Errors
/// A field has not the form, or names what the charter does not know.
pub fn related(
    charter: &Charter,
    (title, text, category): (&str, &str, &str),
    place: Option<&WirePlace>,
) -> Result<Related, Status> {
    if !category.is_empty() && charter.category(category).is_none() {
        let description = format!("{category:?} is not a category of this charter");
        return Err(Violation::new("category", "known-category", description).into());
    }
    let place = place.map_or_else(|| Ok(Place::default()), |place| shared::place(Some(place))).map_err(bad_field)?;
    if let Some(party) = place.party.as_ref().filter(|party| charter.party(party.as_str()).is_none()) {
        let description = format!("{party} is not a unit of this charter");
        return Err(Violation::new("place.party", "known-party", description).into());
    }
    if let Some(point) = place.point
        && !((-180.0..=180.0).contains(&point.longitude) && (-90.0..=90.0).contains(&point.latitude))
    {
        return Err(Violation::new("place", "wgs-84", "these are not degrees on the globe").into());
    }
    let address = optional_prose("place.address", &place.address, ADDRESS_LENGTH_MAX)?;
    Ok(Related {
        title: prose("title", title, TITLE_LENGTH_MAX)?,
        text: optional_prose("text", text, NOTE_LENGTH_MAX)?,
        place: Place { address, ..place },
        category: shared::optional_code("category", category).map_err(bad_field)?,
    })
}

/// A special group of the charter.
pub(super) fn group(charter: &Charter, field: &'static str, code: &str) -> Result<Code, Status> {
    let known = charter.group(code).map(|group| group.code.clone());
    let unknown = || Violation::new(field, "special-group", format!("{code:?} is no special group of this charter"));
    known.ok_or_else(|| unknown().into())
}

/// The group for which the district calls, and who is in the chair: an officer who holds the post that the charter has for
/// it, said by the post's code or its name.
pub(super) fn special(charter: &Charter, request: &CallRequest) -> Result<Option<Special>, Status> {
    if request.group.is_empty() {
        return Ok(None);
    }
    let group = group(charter, "group", &request.group)?;
    let chair = request.chair.as_ref().map(|chair| shared::officer(Some(chair))).transpose().map_err(bad_field)?;
    if let Some(chair) = &chair {
        chairs(charter, &group, &chair.post)?;
    }
    Ok(Some(Special { group, chair }))
}

/// # Errors
/// The charter has another post for the chair of this group.
fn chairs(charter: &Charter, group: &Code, post: &str) -> Result<(), Status> {
    let Some(group) = charter.group(group.as_str()) else { return Ok(()) };
    let role = charter.roles().iter().find(|role| role.code == group.chair);
    let name = role.map_or("", |role| role.name.zh.as_str());
    if post == group.chair.as_str() || !name.is_empty() && post.trim() == name {
        return Ok(());
    }
    let description = format!("{} is chaired by {} ({name}), and {post:?} is another post", group.code, group.chair);
    Err(Violation::new("chair.post", "chair-post", description).into())
}

fn city(asked: &Asked) -> Result<Code, Status> {
    let missing = || Violation::new("district", "has-city", "this charter names no city to hand a case to");
    app::city(&asked.charter).ok_or_else(|| missing().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_chaired_by_whoever_holds_the_post_the_charter_has_for_it() {
        let charter = Charter::shipped("jiangan").unwrap();
        let group: Code = "jiangan-group-livelihood-01".parse().unwrap();
        for post in ["district-leader", "分管区领导", " 分管区领导 "] {
            assert!(chairs(&charter, &group, post).is_ok(), "{post}");
        }
        for post in ["", "科长", "dispatcher", "调度员"] {
            assert!(chairs(&charter, &group, post).unwrap_err().message().contains("chair-post"), "{post}");
        }
    }
}
