//! The gRPC door: submissions with answers, and reading.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use decider::Decider;
use futures::{Stream, StreamExt};
use ids::{CaseId, Code, Kind, Owner};
use proto::FromWireTime;
use proto::common::v1::Role;
use proto::dispatch::v1::dispatch_event::Event as DispatchFact;
use proto::intake::v1::intake_service_server::IntakeService;
use proto::intake::v1::{
    ApproveExclusionRequest, ApproveExclusionResponse, CallerClass, Case, CaseSummary, GetRequest, GetResponse,
    ListRequest, ListResponse, MergeRequest, MergeResponse, ProposeExclusionRequest, ProposeExclusionResponse,
    Reporter, StatisticsRequest, StatisticsResponse, SubmitReply, SubmitRequest, SubmitResponse, SubmitStreamRequest,
    SubmitStreamResponse, SuggestDuplicatesRequest, SuggestDuplicatesResponse, SupplementRequest, SupplementResponse,
    WatchRequest, WatchResponse, WithdrawRequest, WithdrawResponse, intake_event, submit_reply,
};
use proto::record::v1::event::Of;
use proto::subjects::CommitSubject;
use record::{Step, StoredCommit};
use station::access::{Matter, table};
use station::desk::{case_key, events_of, named};
use station::{Caller, Recorded, Violation, broker_status, optional_prose, prose, refusal_of};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::app::App;
use crate::domain::allowed::{Act, Asker, allowed_actions};
use crate::domain::{Command, NOTE_LENGTH_MAX, Rules, State};
use crate::projection::Projection;
use crate::timeline::{Timeline, stage};
use crate::{reading, suggesting};

/// Submissions of one stream under way at the same time.
const STREAM_CONCURRENCY: usize = 256;
/// Entries a slow watcher may lag behind before it holds up its own feed.
const WATCH_QUEUE_MAX: usize = 1024;
/// Bridge name of what operators submit themselves.
const OPERATOR: &str = "operator";

pub struct Door {
    app: Arc<App>,
    projection: Projection,
    stop: CancellationToken,
}

impl Door {
    pub fn new(app: Arc<App>, projection: Projection, stop: CancellationToken) -> Self {
        Self { app, projection, stop }
    }
}

/// Under which name somebody submits: the party of the token; operators have none.
fn bridge_of(caller: &Caller) -> Result<Code, Status> {
    match &caller.party {
        Some(party) => Ok(party.clone()),
        None if caller.role == Role::Operator => Ok(code(OPERATOR)),
        None => Err(Status::permission_denied("the token names no party to submit for")),
    }
}

fn code(text: &'static str) -> Code {
    #[allow(clippy::unwrap_used, reason = "a constant that is a code")]
    text.parse().unwrap()
}

/// Reads caller and case of a request, and whether they may.
macro_rules! asked {
    ($self:ident, $request:ident, $method:literal) => {{
        let caller = Caller::of(&$request)?;
        let $request = $request.into_inner();
        let named = named(&$request.command_id, &$request)?;
        let action = concat!("huying.intake.v1.IntakeService/", $method);
        let asked = $self.app.asked(caller, action, &$request.district, &$request.case_id, named).await?;
        ($request, asked)
    }};
}

fn microseconds(field: &'static str, at: &impl FromWireTime) -> Result<i64, Violation> {
    at.time()
        .map(jiff::Timestamp::as_microsecond)
        .map_err(|error| Violation::new(field, "timestamp", error.to_string()))
}

#[tonic::async_trait]
impl IntakeService for Door {
    async fn submit(&self, request: Request<SubmitRequest>) -> Result<Response<SubmitResponse>, Status> {
        let caller = Caller::of(&request)?;
        let bridge = bridge_of(&caller)?;
        let action = "huying.intake.v1.IntakeService/Submit";
        Ok(Response::new(self.app.submit(&caller, action, &bridge, request.get_ref()).await?))
    }

    type SubmitStreamStream = Pin<Box<dyn Stream<Item = Result<SubmitStreamResponse, Status>> + Send>>;

    async fn submit_stream(
        &self,
        request: Request<Streaming<SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let caller = Caller::of(&request)?;
        let bridge = bridge_of(&caller)?;
        let app = Arc::clone(&self.app);
        let answers = request.into_inner().map(move |message| {
            let (app, caller, bridge) = (Arc::clone(&app), caller.clone(), bridge.clone());
            async move {
                let submission = message?.submission.unwrap_or_default();
                let action = "huying.intake.v1.IntakeService/SubmitStream";
                let result = match app.submit(&caller, action, &bridge, &submission).await {
                    Ok(response) => submit_reply::Result::Ok(response),
                    Err(status) => submit_reply::Result::Refusal(refusal_of(&status)),
                };
                Ok(SubmitStreamResponse { reply: Some(SubmitReply { result: Some(result) }) })
            }
        });
        Ok(Response::new(Box::pin(answers.buffered(STREAM_CONCURRENCY))))
    }

    async fn supplement(&self, request: Request<SupplementRequest>) -> Result<Response<SupplementResponse>, Status> {
        let (request, asked) = asked!(self, request, "Supplement");
        let command = Command::Supplement { text: prose("text", &request.text, NOTE_LENGTH_MAX)? };
        let Recorded { revision, position } = self.app.ask(asked, command).await?;
        Ok(Response::new(SupplementResponse { revision, position }))
    }

    async fn withdraw(&self, request: Request<WithdrawRequest>) -> Result<Response<WithdrawResponse>, Status> {
        let (request, asked) = asked!(self, request, "Withdraw");
        let command = Command::Withdraw { reason: optional_prose("reason", &request.reason, NOTE_LENGTH_MAX)? };
        let Recorded { revision, position } = self.app.ask(asked, command).await?;
        Ok(Response::new(WithdrawResponse { revision, position }))
    }

    async fn propose_exclusion(
        &self,
        request: Request<ProposeExclusionRequest>,
    ) -> Result<Response<ProposeExclusionResponse>, Status> {
        let (request, asked) = asked!(self, request, "ProposeExclusion");
        let reason = prose("reason", &request.reason, NOTE_LENGTH_MAX)?;
        let command = Command::ProposeExclusion { reason, by: asked.caller.staff_ref.clone() };
        let Recorded { revision, position } = self.app.ask(asked, command).await?;
        Ok(Response::new(ProposeExclusionResponse { revision, position }))
    }

    async fn approve_exclusion(
        &self,
        request: Request<ApproveExclusionRequest>,
    ) -> Result<Response<ApproveExclusionResponse>, Status> {
        let (_, asked) = asked!(self, request, "ApproveExclusion");
        let command = Command::ApproveExclusion { by: asked.caller.staff_ref.clone() };
        let Recorded { revision, position } = self.app.ask(asked, command).await?;
        Ok(Response::new(ApproveExclusionResponse { revision, position }))
    }

    async fn suggest_duplicates(
        &self,
        request: Request<SuggestDuplicatesRequest>,
    ) -> Result<Response<SuggestDuplicatesResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(suggesting::suggest(&self.app, &self.projection, &caller, request.get_ref()).await?))
    }

    async fn merge(&self, request: Request<MergeRequest>) -> Result<Response<MergeResponse>, Status> {
        let (request, asked) = asked!(self, request, "Merge");
        Ok(Response::new(self.app.merge(asked, &request).await?))
    }

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<GetResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (district, case, key) = case_key(&request.get_ref().district, &request.get_ref().case_id)?;
        let station = &self.app.desk.station;
        let charter = station.charter(district.as_str())?;
        let commits = station.broker.load(&key).await.map_err(|error| broker_status(&error))?;
        let matter = Matter::of_case(&key, &commits);
        caller.may("huying.intake.v1.IntakeService/Get", &matter, &charter)?;
        if commits.is_empty() {
            return Err(matter.not_there());
        }
        let mut timeline = Timeline::new(Some(&charter));
        let mut view = Case {
            summary: Some(CaseSummary {
                case_id: case.to_string(),
                district: district.to_string(),
                ..CaseSummary::default()
            }),
            ..Case::default()
        };
        for stored in &commits {
            if let Some(summary) = &mut view.summary {
                reading::apply(summary, &stored.commit);
            }
            describe(&mut view, stored);
            view.timeline.extend(timeline.entries(stored));
        }
        view.stages = stage::reached(&view.timeline);
        view.allowed_actions = allowed(&caller, case, &commits)?;
        Ok(Response::new(GetResponse { case: Some(view) }))
    }

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let district = match (&caller.district, request.district.as_str()) {
            (Some(own), "") => own.to_string(),
            (Some(own), asked) if own.as_str() != asked => {
                return Err(Status::permission_denied(format!("the token is for district {own}, not {asked}")));
            }
            (_, asked) => asked.to_owned(),
        };
        let broker = &self.app.desk.station.broker;
        let listed = self.projection.read(broker, move |projection| projection.list(&request, &district)).await?;
        Ok(Response::new(listed))
    }

    async fn statistics(&self, request: Request<StatisticsRequest>) -> Result<Response<StatisticsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let district: Code = request
            .district
            .parse()
            .map_err(|error: ids::CodeError| Violation::new("district", "code", error.to_string()))?;
        caller.require_district(&district)?;
        let station = &self.app.desk.station;
        let charter = station.charter(district.as_str())?;
        let from = if request.from.is_some() { microseconds("from", &request.from)? } else { i64::MIN };
        let until = if request.until.is_some() { microseconds("until", &request.until)? } else { i64::MAX };
        let class = CallerClass::try_from(request.caller_class)
            .map_err(|_| Violation::new("caller_class", "known", "it is none of the classes of callers"))?;
        let counted = self
            .projection
            .read(&station.broker, move |projection| {
                projection.statistics(district.as_str(), &(from..until), class.into(), charter.containment())
            })
            .await?;
        Ok(Response::new(counted))
    }

    type WatchStream = ReceiverStream<Result<WatchResponse, Status>>;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let station = self.app.desk.station.clone();
        let filter = match (request.district.as_str(), request.case_id.as_str()) {
            ("", "") if caller.district.is_none() => format!("{}.>", Kind::Case.as_str()),
            ("", "") => CommitSubject::all_in(Kind::Case, caller.district.as_ref().unwrap_or(&code(OPERATOR))),
            (district, "") => {
                let district: Code = district
                    .parse()
                    .map_err(|error: ids::CodeError| Violation::new("district", "code", error.to_string()))?;
                caller.require_district(&district)?;
                CommitSubject::all_in(Kind::Case, &district)
            }
            (district, case) => {
                let (district, _, key) = case_key(district, case)?;
                caller.require_district(&district)?;
                CommitSubject::whole_history(&key)
            }
        };
        let from = if request.from_start {
            1
        } else {
            let all = format!("{}.>", Kind::Case.as_str());
            station.broker.last_position(&all).await.map_err(|error| broker_status(&error))? + 1
        };
        let (sender, receiver) = mpsc::channel(WATCH_QUEUE_MAX);
        let feed = feed(station.clone(), station.broker.replay(vec![filter], from, self.stop.clone()), sender);
        #[allow(
            clippy::disallowed_methods,
            reason = "lives as long as its watcher, and ends with the service's token"
        )]
        tokio::spawn(feed);
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// What the asker could do with a case here, as the rules have it and the doors let them.
fn allowed(caller: &Caller, case: CaseId, commits: &[StoredCommit]) -> Result<Vec<String>, Status> {
    let mut state = State::default();
    for stored in commits.iter().filter(|stored| stored.subject.owner == Owner::Intake) {
        let events = events_of::<Rules>(stored).map_err(|failure| {
            tracing::error!(%case, ?failure, "a commit of intake does not read");
            Status::internal("something is wrong here; it has been logged")
        })?;
        state = events.iter().fold(state, Rules::evolve);
    }
    // The case itself stands for any other, a name that is no poll's for any poll.
    let asker = Asker { staff_ref: caller.staff_ref.clone(), other: case, poll: code("any") };
    let actions = allowed_actions(&state, &asker).into_iter().filter(|act| may(*act, caller.role));
    Ok(actions.map(|act| act.as_str().to_owned()).collect())
}

/// Whether a role's token opens the door for this, as the table has it.
fn may(act: Act, role: Role) -> bool {
    let service = if act == Act::AttachPoll { "PollService" } else { "IntakeService" };
    let row = table::row(&format!("huying.intake.v1.{service}/{}", act.as_str()));
    row.is_some_and(|row| row.relation(role).is_some())
}

/// Tells a watcher what the record says, until either goes away.
async fn feed(
    station: station::Station,
    mut record: record::Replay,
    watcher: mpsc::Sender<Result<WatchResponse, Status>>,
) {
    let charters = station.charters.newest();
    let mut timelines: HashMap<String, Timeline<'_>> = HashMap::new();
    loop {
        let step = tokio::select! {
            () = watcher.closed() => return,
            step = record.next() => step,
        };
        let stored = match step {
            Ok(Some(Step::Commit(stored))) => stored,
            Ok(Some(Step::LevelWithRecord)) => continue,
            Ok(None) => return,
            Err(error) => {
                let _ = watcher.send(Err(broker_status(&error))).await;
                return;
            }
        };
        let key = &stored.subject.key;
        let charter = charters.iter().find(|charter| charter.district == key.district);
        let timeline = timelines.entry(key.id.clone()).or_insert_with(|| Timeline::new(charter.map(AsRef::as_ref)));
        for entry in timeline.entries(&stored) {
            let (district, case_id) = (key.district.to_string(), key.id.clone());
            if watcher.send(Ok(WatchResponse { district, case_id, entry: Some(entry) })).await.is_err() {
                return;
            }
        }
    }
}

fn describe(view: &mut Case, stored: &StoredCommit) {
    for event in stored.commit.decisions.iter().flat_map(|decision| &decision.events) {
        if let Some(Of::Dispatch(fact)) = &event.of
            && let Some(DispatchFact::RecurrenceFound(found)) = &fact.event
        {
            view.earlier_cases.clone_from(&found.earlier_cases);
        }
        let Some(Of::Intake(fact)) = &event.of else { continue };
        match &fact.event {
            Some(intake_event::Event::Received(received)) => {
                view.text.clone_from(&received.text);
                view.place.clone_from(&received.place);
                view.kind = received.kind;
                view.caller_class = received.caller_class;
                view.related_case.clone_from(&received.related_case);
                view.occurred_at = received.occurred_at;
                view.recorded_at = received.recorded_at;
                view.callers.push(Reporter {
                    case_id: stored.subject.key.id.clone(),
                    caller_ref: received.caller_ref.clone(),
                    caller_class: received.caller_class,
                    channel: received.channel.clone(),
                    category: received.category_hint.clone(),
                    received_at: received.received_at,
                });
            }
            Some(intake_event::Event::CallerJoined(joined)) => view.callers.push(Reporter {
                case_id: joined.case_id.clone(),
                caller_ref: joined.caller_ref.clone(),
                caller_class: joined.caller_class,
                channel: joined.channel.clone(),
                category: joined.category.clone(),
                received_at: joined.received_at,
            }),
            Some(
                intake_event::Event::Supplemented(_)
                | intake_event::Event::WithdrawalAsked(_)
                | intake_event::Event::ExclusionProposed(_)
                | intake_event::Event::ExclusionApproved(_)
                | intake_event::Event::LinkedAsDuplicate(_)
                | intake_event::Event::PollOpened(_)
                | intake_event::Event::HouseholdAnswered(_)
                | intake_event::Event::PollClosed(_)
                | intake_event::Event::PollAttached(_),
            )
            | None => {}
        }
    }
}
