//! The desk of ballots: a street asks its communities, which mark departments.

use std::collections::BTreeSet;
use std::sync::Arc;

use charter::{Charter, PartyKind};
use ids::{Code, HistoryKey, Kind};
use jiff::{SignedDuration, Timestamp};
use proto::evaluation::v1::ballot_service_server::BallotService;
use proto::evaluation::v1::{
    self as wire, AnswerBallotAppealRequest, AnswerBallotAppealResponse, AppealBallotRequest, AppealBallotResponse,
    CastVoteRequest, CastVoteResponse, GetBallotRequest, GetBallotResponse, OpenBallotRequest, OpenBallotResponse,
    PublishBallotRequest, PublishBallotResponse,
};
use proto::{FromWireTime, ToWireTime};
use record::book::Snapshot;
use station::access::Matter;
use station::desk::named;
use station::{Caller, Desk, Named, Recorded, Violation, bad_field, line, optional_prose, prose, wire as shared};
use tonic::{Request, Response, Status};

use crate::domain::ballot::{Anew, Appeal, Command, Marks, Opening, Rules, State, UNITS_MAX};
use crate::domain::mark::says_why;
use crate::domain::{Mark, NOTE_LENGTH_MAX};
use crate::grpc::{bad_mark, ungrounded};
use crate::wire::ballot::{to_opened, to_published};

/// Characters of what is asked.
const TITLE_LENGTH_MAX: usize = 200;
/// Longest ballot, in days: one that is open for more than a season is not about one meeting.
const OPEN_DAYS_MAX: i64 = 92;
/// Characters of a ballot's name, so that it fits behind what sets it apart from a period.
const NAME_LENGTH_MAX: usize = 48;

pub struct BallotDoor {
    desk: Desk<Rules>,
}

/// One request about one ballot, of somebody who may make it.
struct Asked {
    caller: Caller,
    charter: Arc<Charter>,
    key: HistoryKey,
    snapshot: Snapshot<State>,
}

/// The methods as the table of who may do what names them.
macro_rules! method {
    ($name:literal) => {
        concat!("huying.evaluation.v1.BallotService/", $name)
    };
}

impl BallotDoor {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { desk }
    }

    async fn asked(&self, caller: Caller, action: &'static str, district: &str, ballot: &str) -> Result<Asked, Status> {
        let district = shared::code("district", district).map_err(bad_field)?;
        let name = shared::code("ballot", ballot).map_err(bad_field)?;
        if name.as_str().len() > NAME_LENGTH_MAX {
            let description = format!("{} characters, at most {NAME_LENGTH_MAX} fit", name.as_str().len());
            return Err(Violation::new("ballot", "text-length", description).into());
        }
        let charter = self.desk.station.charter(district.as_str())?;
        // No period is called so: each begins with its year.
        let key = HistoryKey { kind: Kind::Period, district, id: format!("ballot-{name}") };
        let snapshot = self.desk.read(&key).await?;
        // It is the district's, the street's, and everybody's who marks or is marked.
        let opening = snapshot.state.opening.as_ref();
        let of_it = opening.into_iter().flat_map(|it| it.units.iter().chain(&it.voters).chain([&it.street]));
        let centre = charter.district_centre().code.clone();
        let matter = Matter::of_parties(&key, of_it.cloned().chain([centre]));
        caller.may(action, &matter, &charter)?;
        Ok(Asked { caller, charter, key, snapshot })
    }

    async fn ask(&self, asked: &Asked, named: Named, command: Command) -> Result<Recorded, Status> {
        Ok(self.desk.ask(&asked.key, &asked.caller, named, &asked.charter, command).await?.into())
    }
}

impl Asked {
    /// The street that the asker belongs to.
    fn street(&self) -> Result<Code, Status> {
        let acting = self.caller.acting_party()?;
        let street = self.charter.street_of(acting).map(|street| street.code.clone());
        street.ok_or_else(|| {
            Status::permission_denied(format!("{acting} belongs to no street, and a ballot is a street's"))
        })
    }

    /// The street whose ballots the asker may go on with; none: the district's people, who may with any.
    fn own_street(&self) -> Result<Option<Code>, Status> {
        if self.caller.is_the_district(&self.charter) { Ok(None) } else { self.street().map(Some) }
    }
}

#[tonic::async_trait]
impl BallotService for BallotDoor {
    async fn open_ballot(&self, request: Request<OpenBallotRequest>) -> Result<Response<OpenBallotResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("OpenBallot"), &request.district, &request.ballot).await?;
        let (street, opened_at) = (asked.street()?, self.desk.station.this_second());
        let formula = asked.charter.formula();
        let opening = Opening {
            title: line("title", &request.title, TITLE_LENGTH_MAX)?,
            units: units(&request.units, &asked.charter)?,
            voters: voters(&request.voters, &street, &asked.charter)?,
            parts: formula.components.iter().map(|part| (part.code.clone(), part.weight.normalize())).collect(),
            closes_at: within("closes_at", &request.closes_at, opened_at)?,
            opened_at,
            street,
        };
        let named = named(&request.command_id, &request)?;
        let Recorded { revision, position } = self.ask(&asked, named, Command::Open(Box::new(opening))).await?;
        Ok(Response::new(OpenBallotResponse { revision, position }))
    }

    async fn cast_vote(&self, request: Request<CastVoteRequest>) -> Result<Response<CastVoteResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("CastVote"), &request.district, &request.ballot).await?;
        let voter = asked.caller.acting_party()?.clone();
        counted("units", request.units.len())?;
        let marks: Vec<Marks> =
            request.units.iter().map(|said| marks(said, &asked.charter)).collect::<Result<_, Status>>()?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = marks.iter().find(|marks| !seen.insert(&marks.unit)) {
            return Err(Violation::new("units.party", "each-once", format!("{} stands there twice", twice.unit)).into());
        }
        let named = named(&request.command_id, &request)?;
        let command = Command::Vote { voter, marks, now: self.desk.station.this_second() };
        let Recorded { revision, position } = self.ask(&asked, named, command).await?;
        Ok(Response::new(CastVoteResponse { revision, position }))
    }

    async fn publish_ballot(
        &self,
        request: Request<PublishBallotRequest>,
    ) -> Result<Response<PublishBallotResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("PublishBallot"), &request.district, &request.ballot).await?;
        let (street, now) = (asked.own_street()?, self.desk.station.this_second());
        let appeals_until = asked.charter.deadline(now, &asked.charter.publishing().appeals).due;
        let named = named(&request.command_id, &request)?;
        let command = Command::Publish { street, now, appeals_until };
        let Recorded { revision, position } = self.ask(&asked, named, command).await?;
        Ok(Response::new(PublishBallotResponse { revision, position }))
    }

    async fn appeal_ballot(
        &self,
        request: Request<AppealBallotRequest>,
    ) -> Result<Response<AppealBallotResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("AppealBallot"), &request.district, &request.ballot).await?;
        let unit = asked.caller.acting_party()?.clone();
        let reason = a_reason("reason", &request.reason)?;
        let named = named(&request.command_id, &request)?;
        let command = Command::Appeal { unit, reason, now: self.desk.station.this_second() };
        let Recorded { revision, position } = self.ask(&asked, named, command).await?;
        Ok(Response::new(AppealBallotResponse { revision, position }))
    }

    async fn answer_ballot_appeal(
        &self,
        request: Request<AnswerBallotAppealRequest>,
    ) -> Result<Response<AnswerBallotAppealResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("AnswerBallotAppeal"), &request.district, &request.ballot).await?;
        let appeal = station::counted("appeal", request.appeal)?;
        let (street, answer) = (asked.own_street()?, a_reason("answer", &request.answer)?);
        let named = named(&request.command_id, &request)?;
        let now = self.desk.station.this_second();
        let anew_until = match &request.marks_until {
            Some(_) if !request.upheld => {
                let description = "marks are given anew where the appeal is upheld, and this one is not";
                return Err(Violation::new("marks_until", "only-upheld", description).into());
            }
            until @ Some(_) => within("marks_until", until, now)?,
            None => asked.charter.deadline(now, &asked.charter.publishing().appeals).due,
        };
        let command = Command::AnswerAppeal { street, appeal, upheld: request.upheld, answer, anew_until };
        let Recorded { revision, position } = self.ask(&asked, named, command).await?;
        Ok(Response::new(AnswerBallotAppealResponse { revision, position }))
    }

    async fn get_ballot(&self, request: Request<GetBallotRequest>) -> Result<Response<GetBallotResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, method!("GetBallot"), &request.district, &request.ballot).await?;
        let state = &*asked.snapshot.state;
        let Some(opening) = &state.opening else { return Err(Matter::new(&asked.key).not_there()) };
        let objection = |(number, it): (u32, &Appeal)| wire::BallotObjection {
            appealed: Some(wire::BallotAppealed {
                appeal: number,
                party: it.unit.to_string(),
                reason: it.reason.clone(),
                publication: it.publication,
            }),
            answered: it.answer.as_ref().map(|(upheld, answer)| wire::BallotAppealAnswered {
                appeal: number,
                upheld: *upheld,
                answer: answer.clone(),
                marks_until: it.anew_until.map(ToWireTime::to_wire),
            }),
        };
        let anew = |it: &Anew| wire::MarkedAnew {
            party: it.unit.to_string(),
            appeal: it.appeal,
            marks_until: Some(it.until.to_wire()),
            votes: u32::try_from(it.voters.len()).unwrap_or(u32::MAX),
        };
        let (last, corrected) = match state.publications.split_last() {
            None => (None, &[][..]),
            Some((last, corrected)) => (Some(to_published(last)), corrected),
        };
        Ok(Response::new(GetBallotResponse {
            revision: asked.snapshot.revision.0,
            opened: Some(to_opened(opening)),
            votes: u32::try_from(state.votes.len()).unwrap_or(u32::MAX),
            published: last,
            appeals: (1..).zip(&state.appeals).map(objection).collect(),
            corrected: corrected.iter().map(to_published).collect(),
            marked_anew: state.anew.iter().map(anew).collect(),
        }))
    }
}

fn code(field: &'static str, text: &str) -> Result<Code, Status> {
    shared::code(field, text).map_err(bad_field)
}

fn counted(field: &'static str, count: usize) -> Result<(), Status> {
    if (1..=UNITS_MAX).contains(&count) {
        return Ok(());
    }
    Err(Violation::new(field, "list-length", format!("{count} are named; 1 to {UNITS_MAX} fit")).into())
}

/// Units of the district, each once. One from outside government has no result.
fn units(named: &[String], charter: &Charter) -> Result<Vec<Code>, Status> {
    counted("units", named.len())?;
    let mut units: Vec<Code> = Vec::new();
    for text in named {
        let unit = code("units", text)?;
        let known = charter.party(unit.as_str()).filter(|party| party.kind != PartyKind::External);
        if known.is_none() {
            let description = format!("{unit} is no unit of this charter that can be marked");
            return Err(Violation::new("units", "known-unit", description).into());
        }
        if units.contains(&unit) {
            return Err(Violation::new("units", "each-once", format!("{unit} stands there twice")).into());
        }
        units.push(unit);
    }
    Ok(units)
}

/// Communities of the street, each once; all of them, if none is named.
fn voters(named: &[String], street: &Code, charter: &Charter) -> Result<Vec<Code>, Status> {
    let of_street: Vec<&Code> = charter
        .find_parties(PartyKind::Community)
        .filter(|party| charter.street_of(&party.code).is_some_and(|known| known.code == *street))
        .map(|party| &party.code)
        .collect();
    if named.is_empty() {
        return Ok(of_street.into_iter().cloned().collect());
    }
    let mut voters: Vec<Code> = Vec::new();
    for text in named {
        let voter = code("voters", text)?;
        if !of_street.contains(&&voter) {
            let description = format!("{voter} is no community of {street}");
            return Err(Violation::new("voters", "known-community", description).into());
        }
        if voters.contains(&voter) {
            return Err(Violation::new("voters", "each-once", format!("{voter} stands there twice")).into());
        }
        voters.push(voter);
    }
    Ok(voters)
}

fn marks(said: &wire::UnitMarks, charter: &Charter) -> Result<Marks, Status> {
    let part = |mark: &wire::PartMark| {
        let reason = optional_prose("units.marks.deduction_reason", &mark.deduction_reason, NOTE_LENGTH_MAX)?;
        let fields = ["units.marks.rate", "units.marks.deduction_reason"];
        let value = Mark::new(&mark.rate, &reason).map_err(|problem| bad_mark(problem, fields))?;
        let grounds = charter.grounds(value.rate(), &mark.grounds);
        let grounds = grounds.map_err(|problem| ungrounded(&problem, "units.marks.grounds"))?;
        Ok((code("units.marks.part", &mark.part)?, value.on(grounds)))
    };
    Ok(Marks {
        unit: code("units.party", &said.party)?,
        parts: said.marks.iter().map(part).collect::<Result<_, Status>>()?,
        comment: optional_prose("units.comment", &said.comment, NOTE_LENGTH_MAX)?,
    })
}

/// What is held against somebody, or answered, is a text that says something.
fn a_reason(field: &'static str, text: &str) -> Result<String, Violation> {
    let reason = prose(field, text, NOTE_LENGTH_MAX)?;
    if says_why(&reason) {
        return Ok(reason);
    }
    Err(Violation::new(field, "reason-required", "it takes a reason in writing, and this says none"))
}

/// Until when communities mark.
fn within(field: &'static str, until: &impl FromWireTime, now: Timestamp) -> Result<Timestamp, Status> {
    let wrong = |description: String| Status::from(Violation::new(field, "ballot-period", description));
    let at = until.time().map_err(|error| wrong(error.to_string()))?;
    if at <= now || at.duration_since(now) > SignedDuration::from_hours(24 * OPEN_DAYS_MAX) {
        return Err(wrong(format!("{at} is not after now, {now}, within {OPEN_DAYS_MAX} days")));
    }
    Ok(at)
}
