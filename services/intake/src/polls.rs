//! The desk of polls: a street asks its households, and what came of it goes on the record of the case.

use std::collections::HashSet;
use std::sync::Arc;

use charter::Charter;
use ids::{Code, HistoryKey, Kind};
use jiff::{SignedDuration, Timestamp};
use proto::intake::v1::poll_service_server::PollService;
use proto::intake::v1::{
    AttachPollRequest, AttachPollResponse, ClosePollRequest, ClosePollResponse, GetPollRequest, GetPollResponse,
    OpenPollRequest, OpenPollResponse, PollOutcome, RecordAnswersRequest, RecordAnswersResponse,
};
use proto::{FromWireTime, ToWireTime};
use record::StoredCommit;
use record::book::Snapshot;
use record::follow::Failure;
use station::access::Matter;
use station::desk::{case_key, named};
use station::{Caller, Desk, Named, Recorded, Violation, bad_field, optional_prose, prose, wire as shared};
use tonic::{Request, Response, Status};
use vocabulary::reference::{NotOpaque, number_free};

use crate::app::App;
use crate::domain::poll::{Command, HOUSEHOLDS_MAX, Opening, Rules, State};
use crate::domain::{self, NOTE_LENGTH_MAX, PollResult};
use crate::wire::poll::{from_answer, to_outcome, to_tally};

/// Characters of a household's reference.
const HOUSEHOLD_LENGTH_MAX: usize = 64;
/// Longest poll, in days: what is asked for longer has become another question.
const OPEN_DAYS_MAX: i64 = 366;
const OPEN: &str = "huying.intake.v1.PollService/OpenPoll";
const ATTACH: &str = "huying.intake.v1.PollService/AttachPoll";

pub struct PollDoor {
    app: Arc<App>,
    polls: Desk<Rules>,
}

/// One request about one poll, of somebody who may make it.
struct Asked {
    caller: Caller,
    charter: Arc<Charter>,
    key: HistoryKey,
    poll: Code,
    snapshot: Snapshot<State>,
}

impl PollDoor {
    pub fn new(app: Arc<App>, polls: Desk<Rules>) -> Self {
        Self { app, polls }
    }

    async fn asked(&self, caller: Caller, action: &'static str, district: &str, poll: &str) -> Result<Asked, Status> {
        let code = |field, text: &str| shared::code(field, text).map_err(bad_field);
        let (district, poll) = (code("district", district)?, code("poll", poll)?);
        let charter = self.polls.station.charter(district.as_str())?;
        let key = key(district, &poll);
        let snapshot = self.polls.read(&key).await?;
        if action == OPEN {
            caller.may_in(action, &charter)?;
        } else {
            caller.may(action, &self.matter(&key, &snapshot.state).await?, &charter)?;
        }
        Ok(Asked { caller, charter, key, poll, snapshot })
    }

    /// A poll is its street's, and of everybody whom its case concerns.
    async fn matter(&self, key: &HistoryKey, state: &State) -> Result<Matter, Status> {
        let street = state.opening.as_ref().map(|opening| opening.street.clone());
        let mut matter = Matter::of_parties(key, street);
        if let Some(case) = state.opening.as_ref().and_then(|opening| opening.case) {
            let case = HistoryKey::case(key.district.clone(), &case);
            matter.concerns.extend(self.app.desk.matter(&case).await?.concerns.iter().cloned());
        }
        Ok(matter)
    }

    async fn ask(&self, asked: &Asked, named: Named, command: Command) -> Result<Recorded, Status> {
        Ok(self.polls.ask(&asked.key, &asked.caller, named, &asked.charter, command).await?.into())
    }
}

#[tonic::async_trait]
impl PollService for PollDoor {
    async fn open_poll(&self, request: Request<OpenPollRequest>) -> Result<Response<OpenPollResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked = self.asked(caller, OPEN, &request.district, &request.poll).await?;
        let case = match request.case_id.as_str() {
            "" => None,
            case_id => {
                let (_, case, key) = case_key(&request.district, case_id)?;
                self.app.desk.may(&asked.caller, OPEN, &key, &asked.charter).await?;
                Some(case)
            }
        };
        let opened_at = self.polls.station.now();
        let opening = Opening {
            case,
            street: street_of(&asked.charter, &asked.caller)?,
            question: prose("question", &request.question, NOTE_LENGTH_MAX)?,
            households: households(&request.households)?,
            threshold_percent: percent("threshold_percent", request.threshold_percent, 1)?,
            quorum_percent: percent("quorum_percent", request.quorum_percent, 0)?,
            closes_at: closes_at(&request, opened_at)?,
            opened_at,
        };
        let Recorded { revision, position } =
            self.ask(&asked, named(&request.command_id, &request)?, Command::Open(Box::new(opening))).await?;
        Ok(Response::new(OpenPollResponse { revision, position }))
    }

    async fn record_answers(
        &self,
        request: Request<RecordAnswersRequest>,
    ) -> Result<Response<RecordAnswersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked =
            self.asked(caller, "huying.intake.v1.PollService/RecordAnswers", &request.district, &request.poll).await?;
        counted("answers", request.answers.len())?;
        let answers = request.answers.iter().map(|said| {
            Ok((household("answers.household", &said.household)?, from_answer(said.answer).map_err(bad_field)?))
        });
        let command = Command::Answer {
            street: own_street(&asked.charter, &asked.caller)?,
            answers: answers.collect::<Result<_, Status>>()?,
            now: self.polls.station.now(),
        };
        let Recorded { revision, position } = self.ask(&asked, named(&request.command_id, &request)?, command).await?;
        Ok(Response::new(RecordAnswersResponse { revision, position }))
    }

    async fn close_poll(&self, request: Request<ClosePollRequest>) -> Result<Response<ClosePollResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked =
            self.asked(caller, "huying.intake.v1.PollService/ClosePoll", &request.district, &request.poll).await?;
        let command =
            Command::Close { street: own_street(&asked.charter, &asked.caller)?, now: self.polls.station.now() };
        let Recorded { revision, position } = self.ask(&asked, named(&request.command_id, &request)?, command).await?;
        Ok(Response::new(ClosePollResponse { revision, position }))
    }

    async fn get_poll(&self, request: Request<GetPollRequest>) -> Result<Response<GetPollResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let asked =
            self.asked(caller, "huying.intake.v1.PollService/GetPoll", &request.district, &request.poll).await?;
        let snapshot = &asked.snapshot;
        let Some(opening) = &snapshot.state.opening else { return Err(Matter::new(&asked.key).not_there()) };
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
        let request = request.into_inner();
        let asked = self.asked(caller, ATTACH, &request.district, &request.poll).await?;
        let note = optional_prose("note", &request.note, NOTE_LENGTH_MAX)?;
        let state = &asked.snapshot.state;
        if state.opening.is_none() {
            return Err(Matter::new(&asked.key).not_there());
        }
        let Some(result) = result(&asked.poll, state, note) else {
            let description = format!("{} is still open; its outcome goes on the record when it closes", asked.poll);
            return Err(Violation::new("poll", "poll-open", description).into());
        };
        let command = domain::Command::AttachPoll(Box::new(result));
        let named = named(&request.command_id, &request)?;
        let case = self.app.asked(asked.caller, ATTACH, &request.district, &request.case_id, named).await?;
        let Recorded { revision, position } = self.app.ask(case, command).await?;
        Ok(Response::new(AttachPollResponse { revision, position }))
    }
}

/// A poll's own commit was followed: its alarm is kept, and a poll that is over goes on the record of its case.
pub async fn follow(polls: &Desk<Rules>, cases: &Desk<domain::Rules>, stored: &StoredCommit) -> Result<(), Failure> {
    let state = polls.after_own_commit(stored).await?.state;
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

fn street_of(charter: &Charter, caller: &Caller) -> Result<Code, Status> {
    let acting = caller.acting_party()?;
    let street = charter.street_of(acting).map(|street| street.code.clone());
    street.ok_or_else(|| Status::permission_denied(format!("{acting} belongs to no street, and a poll is a street's")))
}

/// The street whose polls somebody may go on with; none: the district's people, who may with any.
fn own_street(charter: &Charter, caller: &Caller) -> Result<Option<Code>, Status> {
    if caller.is_the_district(charter) { Ok(None) } else { street_of(charter, caller).map(Some) }
}

fn households(named: &[String]) -> Result<Vec<String>, Status> {
    counted("households", named.len())?;
    let mut seen = HashSet::new();
    if let Some(twice) = named.iter().find(|household| !seen.insert(household.as_str())) {
        return Err(Violation::new("households", "each-once", format!("{twice:?} stands there twice")).into());
    }
    let number = |wrong: NotOpaque| Violation::new("households", "opaque-reference", wrong.to_string());
    named.iter().try_for_each(|name| number_free(name)).map_err(number)?;
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
        assert!(households(&["1-101".to_owned(), "138-0013-8000".to_owned()]).is_err(), "a telephone");
        assert!(households(&[]).is_err());
        assert!(percent("threshold_percent", 0, 1).is_err() && percent("quorum_percent", 0, 0).is_ok());
        assert!(percent("threshold_percent", 101, 1).is_err());
    }
}
