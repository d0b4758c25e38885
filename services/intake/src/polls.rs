//! The desk of polls: a street asks its households, and what came of it goes on the record of the case.

use std::collections::HashSet;
use std::sync::Arc;

use charter::Charter;
use ids::{CaseId, Code, HistoryKey, Kind};
use jiff::{SignedDuration, Timestamp};
use proto::common::v1::Role;
use proto::intake::v1::poll_service_server::PollService;
use proto::intake::v1::{
    AttachPollRequest, AttachPollResponse, ClosePollRequest, ClosePollResponse, GetPollRequest, GetPollResponse,
    OpenPollRequest, OpenPollResponse, PollOutcome, RecordAnswersRequest, RecordAnswersResponse,
};
use proto::{FromWireTime, ToWireTime};
use record::StoredCommit;
use record::follow::Failure;
use station::desk::{case_key, command_id};
use station::{Caller, Desk, Violation, bad_field, not_found, optional_prose, prose, wire as shared};
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::domain::poll::{Command, HOUSEHOLDS_MAX, Opening, Rules, State};
use crate::domain::{self, NOTE_LENGTH_MAX, PollResult};
use crate::wire::poll::{from_answer, to_outcome, to_tally};

/// Characters of a household's reference.
const HOUSEHOLD_LENGTH_MAX: usize = 64;
/// Longest poll, in days: what is asked for longer has become another question.
const OPEN_DAYS_MAX: i64 = 366;
/// Those who ask households.
pub const ASKERS: [Role; 4] = [Role::Grid, Role::Community, Role::Street, Role::District];
const READERS: [Role; 6] =
    [Role::Grid, Role::Community, Role::Street, Role::District, Role::Department, Role::Operator];

pub struct PollDoor {
    app: Arc<App>,
    polls: Desk<Rules>,
}

/// One request about one poll.
struct Asked {
    charter: Arc<Charter>,
    key: HistoryKey,
    poll: Code,
}

impl PollDoor {
    pub fn new(app: Arc<App>, polls: Desk<Rules>) -> Self {
        Self { app, polls }
    }

    fn asked(&self, caller: &Caller, district: &str, poll: &str) -> Result<Asked, Status> {
        let code = |field, text: &str| shared::code(field, text).map_err(bad_field);
        let (district, poll) = (code("district", district)?, code("poll", poll)?);
        caller.require_district(&district)?;
        let charter = self.polls.station.charter(district.as_str())?;
        Ok(Asked { charter, key: key(district, &poll), poll })
    }

    async fn ask(&self, caller: &Caller, asked: &Asked, id: &str, command: Command) -> Result<u64, Status> {
        let answered = self.polls.ask(&asked.key, caller, command_id(id)?, &asked.charter, command).await;
        Ok(answered?.revision.0)
    }

    /// A case that is there.
    async fn case(&self, district: &str, case_id: &str) -> Result<CaseId, Status> {
        let (_, case, key) = case_key(district, case_id)?;
        let known = self.app.desk.read(&key).await?.state.received.is_some();
        if known { Ok(case) } else { Err(not_found(case.as_str())) }
    }
}

#[tonic::async_trait]
impl PollService for PollDoor {
    async fn open_poll(&self, request: Request<OpenPollRequest>) -> Result<Response<OpenPollResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&ASKERS)?;
        let request = request.into_inner();
        let asked = self.asked(&caller, &request.district, &request.poll)?;
        let case = match request.case_id.as_str() {
            "" => None,
            case_id => Some(self.case(&request.district, case_id).await?),
        };
        let opened_at = self.polls.station.now();
        let opening = Opening {
            case,
            street: street_of(&asked.charter, &caller)?,
            question: prose("question", &request.question, NOTE_LENGTH_MAX)?,
            households: households(&request.households)?,
            threshold_percent: percent("threshold_percent", request.threshold_percent, 1)?,
            quorum_percent: percent("quorum_percent", request.quorum_percent, 0)?,
            closes_at: closes_at(&request, opened_at)?,
            opened_at,
        };
        let revision = self.ask(&caller, &asked, &request.command_id, Command::Open(Box::new(opening))).await?;
        Ok(Response::new(OpenPollResponse { revision }))
    }

    async fn record_answers(
        &self,
        request: Request<RecordAnswersRequest>,
    ) -> Result<Response<RecordAnswersResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&ASKERS)?;
        let request = request.into_inner();
        let asked = self.asked(&caller, &request.district, &request.poll)?;
        counted("answers", request.answers.len())?;
        let answers = request.answers.iter().map(|said| {
            Ok((household("answers.household", &said.household)?, from_answer(said.answer).map_err(bad_field)?))
        });
        let command = Command::Answer {
            street: own_street(&asked.charter, &caller)?,
            answers: answers.collect::<Result<_, Status>>()?,
            now: self.polls.station.now(),
        };
        let revision = self.ask(&caller, &asked, &request.command_id, command).await?;
        Ok(Response::new(RecordAnswersResponse { revision }))
    }

    async fn close_poll(&self, request: Request<ClosePollRequest>) -> Result<Response<ClosePollResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&[Role::Street, Role::District])?;
        let request = request.into_inner();
        let asked = self.asked(&caller, &request.district, &request.poll)?;
        let command = Command::Close { street: own_street(&asked.charter, &caller)?, now: self.polls.station.now() };
        let revision = self.ask(&caller, &asked, &request.command_id, command).await?;
        Ok(Response::new(ClosePollResponse { revision }))
    }

    async fn get_poll(&self, request: Request<GetPollRequest>) -> Result<Response<GetPollResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&READERS)?;
        let request = request.into_inner();
        let asked = self.asked(&caller, &request.district, &request.poll)?;
        let snapshot = self.polls.read(&asked.key).await?;
        let Some(opening) = &snapshot.state.opening else { return Err(no_such_poll(&asked.poll)) };
        let outcome = snapshot.state.closed.map_or(PollOutcome::Unspecified, |closing| to_outcome(closing.outcome));
        Ok(Response::new(GetPollResponse {
            revision: snapshot.revision.0,
            case_id: opening.case.map(String::from).unwrap_or_default(),
            street: opening.street.to_string(),
            question: opening.question.clone(),
            threshold_percent: opening.threshold_percent,
            quorum_percent: opening.quorum_percent,
            opened_at: Some(opening.opened_at.to_wire()),
            closes_at: Some(opening.closes_at.to_wire()),
            tally: Some(to_tally(snapshot.state.tally())),
            outcome: outcome.into(),
        }))
    }

    async fn attach_poll(&self, request: Request<AttachPollRequest>) -> Result<Response<AttachPollResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.require(&ASKERS)?;
        let request = request.into_inner();
        let asked = self.asked(&caller, &request.district, &request.poll)?;
        let note = optional_prose("note", &request.note, NOTE_LENGTH_MAX)?;
        let state = self.polls.read(&asked.key).await?.state;
        if state.opening.is_none() {
            return Err(no_such_poll(&asked.poll));
        }
        let Some(result) = result(&asked.poll, &state, note) else {
            let description = format!("{} is still open; its outcome goes on the record when it closes", asked.poll);
            return Err(Violation::new("poll", "poll-open", description).into());
        };
        let command = domain::Command::AttachPoll(Box::new(result));
        let (district, case_id) = (&request.district, &request.case_id);
        let revision = self.app.ask(&caller, district, case_id, &request.command_id, command).await?;
        Ok(Response::new(AttachPollResponse { revision }))
    }
}

/// A poll's own commit was followed: its alarm is kept, and a poll that is over goes on the record of its case.
pub async fn follow(polls: &Desk<Rules>, cases: &Desk<domain::Rules>, stored: &StoredCommit) -> Result<(), Failure> {
    let state = polls.follow_own(stored).await?.state;
    let poll: Code = stored.subject.key.id.parse().map_err(|error: ids::CodeError| Failure::permanent(error))?;
    let case = state.opening.as_ref().and_then(|opening| opening.case);
    let (Some(case), Some(result)) = (case, result(&poll, &state, String::new())) else { return Ok(()) };
    let district = &stored.subject.key.district;
    let charter = polls.station.charter_to_follow(district)?;
    let key = HistoryKey::case(district.clone(), &case);
    cases.react(&key, &stored.subject, &charter, domain::Command::AttachPoll(Box::new(result))).await
}

fn key(district: Code, poll: &Code) -> HistoryKey {
    HistoryKey { kind: Kind::Poll, district, id: poll.to_string() }
}

/// What came of a poll; none while it is open.
fn result(poll: &Code, state: &State, note: String) -> Option<PollResult> {
    let (opening, closing) = (state.opening.as_ref()?, state.closed?);
    Some(PollResult {
        poll: poll.clone(),
        question: opening.question.clone(),
        outcome: closing.outcome,
        tally: closing.tally,
        threshold_percent: opening.threshold_percent,
        opened_at: opening.opened_at,
        closed_at: closing.at,
        note,
    })
}

fn no_such_poll(poll: &Code) -> Status {
    Status::not_found(format!("there is no poll {poll}"))
}

fn street_of(charter: &Charter, caller: &Caller) -> Result<Code, Status> {
    let acting = caller.acting_party()?;
    let street = charter.street_of(acting).map(|street| street.code.clone());
    street.ok_or_else(|| Status::permission_denied(format!("{acting} belongs to no street, and a poll is a street's")))
}

/// The street whose polls somebody may go on with; none: the district's people, who may with any.
fn own_street(charter: &Charter, caller: &Caller) -> Result<Option<Code>, Status> {
    if caller.role == Role::District { Ok(None) } else { street_of(charter, caller).map(Some) }
}

fn households(named: &[String]) -> Result<Vec<String>, Status> {
    counted("households", named.len())?;
    let mut seen = HashSet::new();
    if let Some(twice) = named.iter().find(|household| !seen.insert(household.as_str())) {
        return Err(Violation::new("households", "each-once", format!("{twice:?} stands there twice")).into());
    }
    named.iter().map(|name| household("households", name)).collect()
}

/// Opaque: what could be a name is none.
fn household(field: &'static str, reference: &str) -> Result<String, Status> {
    let fits = (1..=HOUSEHOLD_LENGTH_MAX).contains(&reference.len())
        && reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if fits {
        return Ok(reference.to_owned());
    }
    let description = format!("{reference:?}: 1 to {HOUSEHOLD_LENGTH_MAX} of A-Z, a-z, 0-9, - and _, never a name");
    Err(Violation::new(field, "household-reference", description).into())
}

fn counted(field: &'static str, count: usize) -> Result<(), Status> {
    if (1..=HOUSEHOLDS_MAX).contains(&count) {
        return Ok(());
    }
    Err(Violation::new(field, "list-length", format!("{count} are named; 1 to {HOUSEHOLDS_MAX} fit")).into())
}

fn percent(field: &'static str, value: u32, min: u32) -> Result<u32, Status> {
    if (min..=100).contains(&value) {
        return Ok(value);
    }
    Err(Violation::new(field, "percent", format!("{value} is not from {min} to 100")).into())
}

fn closes_at(request: &OpenPollRequest, now: Timestamp) -> Result<Timestamp, Status> {
    let wrong = |description: String| Status::from(Violation::new("closes_at", "poll-period", description));
    let at = request.closes_at.time().map_err(|error| wrong(error.to_string()))?;
    if at <= now || at.duration_since(now) > SignedDuration::from_hours(24 * OPEN_DAYS_MAX) {
        return Err(wrong(format!("{at} is not after now, {now}, within {OPEN_DAYS_MAX} days")));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot read its own data has failed")]
    use super::*;

    #[test]
    fn a_household_is_a_reference_and_never_a_name() {
        for good in ["1-101", "b2_0603", "A"] {
            assert_eq!(household("households", good).unwrap(), good);
        }
        for bad in ["", "陈先生", "1 101", &"x".repeat(65)] {
            assert!(household("households", bad).is_err(), "{bad:?}");
        }
        assert!(households(&["1-101".to_owned(), "1-101".to_owned()]).is_err(), "each once");
        assert!(households(&[]).is_err());
        assert!(percent("threshold_percent", 0, 1).is_err() && percent("quorum_percent", 0, 0).is_ok());
        assert!(percent("threshold_percent", 101, 1).is_err());
    }
}
