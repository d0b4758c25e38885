//! What the district writes down of the city: a case handed over, and what the city says of it.

use ids::Code;
use proto::dispatch::v1::{
    RecordCityDoneRequest, RecordCityDoneResponse, RecordCityProgressRequest, RecordCityProgressResponse,
    RecordCityReturnRequest, RecordCityReturnResponse, TransferRequest, TransferResponse,
};
use station::{Caller, Recorded, Violation, bad_field, prose, wire as shared};
use tonic::{Request, Response, Status};

use super::Door;
use crate::above;
use crate::app::Asked;
use crate::domain::{Command, city_answer};
use crate::fields::NOTE_LENGTH_MAX;

/// Characters of the name under which the city has a case.
const REFERENCE_LENGTH_MAX: usize = 100;

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
        answer: city_answer(&asked.charter, door.app.now()),
        judged: door.app.judged(&asked).await?,
    };
    let Recorded { revision, position } = door.app.record(&asked, command).await?;
    Ok(Response::new(TransferResponse { revision, position }))
}

pub(super) async fn progress(
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

pub(super) async fn done(
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
        evidence: door.app.shown(&asked.charter, &request.evidence).await?,
        rating_due: door.app.rating_due(&asked.charter),
    };
    let Recorded { revision, position } = door.app.record(&asked, command).await?;
    Ok(Response::new(RecordCityDoneResponse { revision, position }))
}

pub(super) async fn hand_back(
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

fn city(asked: &Asked) -> Result<Code, Status> {
    let missing = || Violation::new("district", "has-city", "this charter names no city to hand a case to");
    above::city(&asked.charter).ok_or_else(|| missing().into())
}
