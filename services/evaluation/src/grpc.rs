//! The gRPC door: who may say what about an outcome.

use std::sync::Arc;

use charter::{Charter, Instrument, Ungrounded};
use ids::{Code, HistoryKey};
use jiff::Timestamp;
use proto::evaluation::v1::evaluation_service_server::EvaluationService;
use proto::evaluation::v1::{
    self as wire, AllowedAction, GetRequest, GetResponse, LogCallbackRequest, LogCallbackResponse, RatePartyRequest,
    RatePartyResponse, RateRequest, RateResponse,
};
use proto::{FromWireTime, ToWireTime};
use station::access::table;
use station::desk::{case_key, named};
use station::{Caller, Desk, Named, Recorded, Station, Violation, bad_field, optional_prose};
use tonic::{Request, Response, Status};

use crate::domain::allowed::{Act, Asker, allowed_actions};
use crate::domain::{Command, Formula, Mark, MarkProblem, NOTE_LENGTH_MAX, Rules};
use crate::wire::from_outcome;

#[derive(Clone)]
pub struct Door {
    desk: Desk<Rules>,
}

impl Door {
    pub fn new(desk: Desk<Rules>) -> Self {
        Self { desk }
    }

    pub fn station(&self) -> &Station {
        &self.desk.station
    }

    /// What a caller thinks of the outcome.
    ///
    /// # Errors
    /// A field does not fit, it is not the asker's, or a rule says no.
    pub async fn rate_as(
        &self,
        caller: Caller,
        action: &'static str,
        request: RateRequest,
    ) -> Result<RateResponse, Status> {
        let named = named(&request.command_id, &request)?;
        let asked = self.asked(caller, action, &request.district, &request.case_id, named).await?;
        let comment = optional_prose("comment", &request.comment, NOTE_LENGTH_MAX)?;
        let command = |charter: &Charter, now| {
            let step = charter.rating(&request.rating).ok_or_else(|| unknown_rating(charter, &request.rating))?;
            let formula = Formula::from(charter.formula());
            Ok(Command::Rate { rating: step.code.clone(), rate: step.rate, solved: step.solved, comment, now, formula })
        };
        let Recorded { revision, position } = self.ask(asked, command).await?;
        Ok(RateResponse { revision, position })
    }

    fn charter(&self, district: &Code) -> Result<Arc<Charter>, Status> {
        Ok(self.desk.station.charter(district.as_str())?)
    }

    /// Reads what every request about a case has, and whether the asker may. Who called, rates: the caller, also one of
    /// the grass-roots under their staff number, or the bridge that carried the case in, speaking for the caller.
    /// Operators rate what was said on the telephone.
    async fn asked(
        &self,
        caller: Caller,
        action: &'static str,
        district: &str,
        case_id: &str,
        named: Named,
    ) -> Result<Asked, Status> {
        let (district, _, key) = case_key(district, case_id)?;
        let charter = self.charter(&district)?;
        self.desk.may(&caller, action, &key, &charter).await?;
        Ok(Asked { caller, charter, key, named })
    }

    /// Asks the rules about one case; `command` is made from the charter in force and the time.
    async fn ask(
        &self,
        asked: Asked,
        command: impl FnOnce(&Charter, Timestamp) -> Result<Command, Status>,
    ) -> Result<Recorded, Status> {
        let Asked { caller, charter, key, named } = asked;
        let command = command(&charter, self.desk.station.this_second())?;
        Ok(self.desk.ask(&key, &caller, named, &charter, command).await?.into())
    }
}

/// One request about one case, of somebody who may make it.
struct Asked {
    caller: Caller,
    charter: Arc<Charter>,
    key: HistoryKey,
    named: Named,
}

/// Reads caller and case of a request, and whether they may.
macro_rules! asked {
    ($self:ident, $request:ident, $method:literal) => {{
        let caller = Caller::of(&$request)?;
        let $request = $request.into_inner();
        let named = named(&$request.command_id, &$request)?;
        let action = concat!("huying.evaluation.v1.EvaluationService/", $method);
        let asked = $self.asked(caller, action, &$request.district, &$request.case_id, named).await?;
        ($request, asked)
    }};
}

#[tonic::async_trait]
impl EvaluationService for Door {
    async fn rate(&self, request: Request<RateRequest>) -> Result<Response<RateResponse>, Status> {
        let caller = Caller::of(&request)?;
        let action = "huying.evaluation.v1.EvaluationService/Rate";
        Ok(Response::new(self.rate_as(caller, action, request.into_inner()).await?))
    }

    async fn rate_party(&self, request: Request<RatePartyRequest>) -> Result<Response<RatePartyResponse>, Status> {
        let (request, asked) = asked!(self, request, "RateParty");
        // Whoever called: a street, or the district for a special group; the rules know which it was.
        let by = asked.caller.acting_party()?.clone();
        station::granted_to(&asked.charter, Instrument::Assessing, &by)?;
        let code = |error: ids::CodeError| Violation::new("party", "code", error.to_string());
        let party: Code = request.party.parse().map_err(code)?;
        let reason = optional_prose("deduction_reason", &request.deduction_reason, NOTE_LENGTH_MAX)?;
        let mark = Mark::new(&request.rate, &reason);
        let mark = mark.map_err(|problem| bad_mark(problem, ["rate", "deduction_reason"]))?;
        let grounds = asked.charter.grounds(mark.rate(), &request.grounds);
        let mark = mark.on(grounds.map_err(|problem| ungrounded(&problem, "grounds"))?);
        let command = |charter: &Charter, now| {
            Ok(Command::RateParty { by, party, mark, now, formula: Formula::from(charter.formula()) })
        };
        let Recorded { revision, position } = self.ask(asked, command).await?;
        Ok(Response::new(RatePartyResponse { revision, position }))
    }

    async fn log_callback(
        &self,
        request: Request<LogCallbackRequest>,
    ) -> Result<Response<LogCallbackResponse>, Status> {
        let (request, asked) = asked!(self, request, "LogCallback");
        let unknown = |_| Violation::new("outcome", "known-outcome", format!("{} is not an outcome", request.outcome));
        let outcome = wire::CallbackOutcome::try_from(request.outcome).map_err(unknown)?;
        let outcome = from_outcome(outcome).map_err(bad_field)?;
        let note = optional_prose("note", &request.note, NOTE_LENGTH_MAX)?;
        let again_at = match &request.again_at {
            None => None,
            Some(_) => Some(
                request
                    .again_at
                    .time()
                    .map_err(|error| Status::from(Violation::new("again_at", "timestamp", error.to_string())))?,
            ),
        };
        let by = asked.caller.party.clone();
        let command = |charter: &Charter, now| {
            Ok(Command::LogCallback { by, outcome, note, again_at, most: charter.callbacks(), now })
        };
        let Recorded { revision, position } = self.ask(asked, command).await?;
        Ok(Response::new(LogCallbackResponse { revision, position }))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (district, _, key) = case_key(&request.get_ref().district, &request.get_ref().case_id)?;
        let charter = self.charter(&district)?;
        let matter = self.desk.matter(&key).await?;
        caller.may("huying.evaluation.v1.EvaluationService/Get", &matter, &charter)?;
        let snapshot = self.desk.read(&key).await?;
        let asker = Asker {
            party: caller.party.clone(),
            rating: charter.ratings().first().map(|step| step.code.clone()),
            most: charter.callbacks(),
            formula: Formula::from(charter.formula()),
            now: self.desk.station.this_second(),
        };
        let rates = caller.party.as_ref().is_none_or(|party| charter.may_use(Instrument::Assessing, party));
        let is_given = |act: &Act| rates || !matches!(act, Act::RateParty(_));
        // Sight of a case is not always enough to speak of it.
        let may = |act: &Act| {
            let row = table::row(&format!("huying.evaluation.v1.EvaluationService/{}", act.as_str()));
            row.is_some_and(|row| caller.may(row.action, &matter, &charter).is_ok()) && is_given(act)
        };
        let actions = allowed_actions(&snapshot.state, &asker).into_iter().filter(may).map(|act| AllowedAction {
            action: act.as_str().to_owned(),
            party: if let Act::RateParty(party) = &act { party.to_string() } else { String::new() },
        });
        let round = snapshot.state.round.as_ref();
        Ok(Response::new(GetResponse {
            revision: snapshot.revision.0,
            round: round.map_or(0, |round| round.asked.round),
            due: round.filter(|round| round.waits()).map(|round| round.asked.due.to_wire()),
            allowed_actions: actions.collect(),
        }))
    }
}

fn unknown_rating(charter: &Charter, rating: &str) -> Violation {
    let known: Vec<&str> = charter.ratings().iter().map(|step| step.code.as_str()).collect();
    let description = format!("{rating:?} is not a step of this charter's scale: {}", known.join(", "));
    Violation::new("rating", "known-rating", description)
}

/// `fields`: what the contract calls the rate and the reason.
pub(crate) fn bad_mark(problem: MarkProblem, [rate, reason]: [&'static str; 2]) -> Violation {
    let said = problem.to_string();
    let field = match problem {
        MarkProblem::Rate(_) => rate,
        MarkProblem::ReasonMissing | MarkProblem::ReasonTooLong(_) => reason,
    };
    match problem {
        MarkProblem::Rate(_) => Violation::new(field, "decimal-0-to-1", said),
        MarkProblem::ReasonMissing => Violation::new(field, "reason-required", said),
        MarkProblem::ReasonTooLong(_) => Violation::new(field, "text-length", said),
    }
}

/// What of the district's standard does not carry a deduction.
pub(crate) fn ungrounded(problem: &Ungrounded, field: &'static str) -> Violation {
    let said = problem.to_string();
    match problem {
        Ungrounded::Unknown(..) => Violation::new(field, "known-ground", said),
        Ungrounded::Twice(_) => Violation::new(field, "each-once", said),
        Ungrounded::NothingDeducted => Violation::new(field, "nothing-deducted", said),
        Ungrounded::TooMuch { .. } => Violation::new(field, "ground-limit", said),
    }
}
