//! One step: what an actor does, over the contract everybody has.

macro_rules! with {
    ($name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct $name { $($field: $type),* }
    };
}

/// Calls `$client.$method` with the request and drops the response.
macro_rules! call {
    ($client:expr, $method:ident, $request:expr) => {
        match $client.$method($request).await {
            Ok(_) => Ok(None),
            Err(status) => Err(status),
        }
    };
}

mod beyond;
mod polls;
mod staff;
mod supervision;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use charter::Charter;
use chassis::Identity;
use proto::common::v1::{Colour, Duty, Level, Officer, Outcome, Place};
use proto::dispatch::v1::dispatch_service_client::DispatchServiceClient;
use proto::dispatch::v1::{self as dispatch, ProgressKind};
use proto::enforcement_center::v1::enforcement_center_service_client::EnforcementCenterServiceClient;
use proto::enforcement_center::v1::{self as center, NextStep, SeatKind};
use proto::evaluation::v1::evaluation_service_client::EvaluationServiceClient;
use proto::evaluation::v1::{self as evaluation, CallbackOutcome};
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::intake::v1::{self as intake, CallerClass, CaseKind};
use proto::responder::v1::responder_service_client::ResponderServiceClient;
use proto::responder::v1::{self as responder, AnswerState, AnswerStatus};
use proto::triage::v1::triage_service_client::TriageServiceClient;
use proto::triage::v1::{self as triage};
use proto::{ToWireTime, WireTimestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::doors::Stage;
use super::format::{ActorSpec, Step, Story, instant};
use super::play::operator;
use crate::client::Authorised;

/// How long a step is tried while a service is away: it may be starting again.
const AWAY_S_MAX: u64 = 20;
const TRY_EVERY: Duration = Duration::from_millis(100);

/// A step with everything around it.
pub struct Act<'s> {
    pub stage: &'s Stage,
    pub story: &'s Story,
    pub charter: &'s Charter,
    pub number: usize,
    pub step: &'s Step,
    /// Which of many cases alike; `None` for a case by itself.
    pub item: Option<usize>,
}

/// How a step went.
pub enum Done {
    AsSaid,
    /// A case has its id now.
    Named(String),
    /// Not as the story says: refused, or not refused.
    Unexpected(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct PlaceSpec {
    party: String,
    address: String,
    longitude: Option<f64>,
    latitude: Option<f64>,
}

impl From<PlaceSpec> for Place {
    fn from(place: PlaceSpec) -> Self {
        Self { party: place.party, address: place.address, longitude: place.longitude, latitude: place.latitude }
    }
}

with!(Submission {
    channel: String,
    kind: String,
    class: String,
    caller: String,
    title: String,
    text: String,
    place: PlaceSpec,
    category: String,
    campaign: String,
    occurred_at: String,
    recorded_at: String,
    external_ref: String
});
with!(Merging { into: String, reason: String });
with!(Text { text: String });
with!(Reason { reason: String });
with!(Judging { category: String, also: Vec<String>, level: String, situation: String, reason: String });
with!(Party { party: String, reason: String });
with!(Calling {
    situation: String,
    colour: String,
    parties: Vec<Called>,
    note: String,
    group: String,
    chair: Option<Chair>
});
with!(Chair { officer: String, post: String });
with!(Escalating { reason: String, to: String });
with!(Called { party: String, duty: String });
with!(Planning { tasks: Vec<Planned> });
with!(Planned { party: String, title: String, due: String, after: Vec<u32>, root_cause: bool });
with!(Completing { task: u32, note: String, call: u32, evidence: Vec<String> });
with!(Progressing { kind: String, note: String, call: u32 });
with!(Measure { measure: String, exceptions: Vec<String> });
with!(Resolving { outcome: String, summary: String, evidence: Vec<String> });
with!(Finishing { outcome: String, note: String, call: u32, evidence: Vec<String> });
with!(Coming { officer: String, post: String, owns_matter: Option<bool>, place: PlaceSpec, call: u32 });
with!(Seating {
    centre: String,
    party: String,
    officer: String,
    post: String,
    rank: String,
    kind: String,
    substitute: bool
});
with!(Path { assessment: String, path: Vec<PathStep>, parties: Vec<String>, participants: Vec<Participant> });
with!(PathStep { step: String, power: String, basis: String });
with!(Participant { party: String, power: String });
with!(Meeting { venue: String, present: Vec<String>, decisions: Vec<Decided> });
with!(Decided { text: String, party: String });
with!(Away { centre: String, party: String, officer: String, until: String });
with!(Site { parties: Vec<String>, stop_order: String });
with!(Notice { party: String, subject: String, address: String, service_proof: String, follows: u32 });
with!(Inspection { notice: u32, passed: bool, finding: String, step: String, next_step: String });
with!(Following { notice: u32, step: String, text: String, to: String });
with!(Related { title: String, text: String, place: PlaceSpec, category: String, call: u32 });
with!(Summary { summary: String });
with!(Rating { rating: String, comment: String });
with!(PartyRating { party: String, rate: String, deduction_reason: String });
with!(Callback { outcome: String, note: String });
with!(Finding { of: String });
with!(Nothing {});

/// The call or order a step means: the first, if it names none.
fn first(named: u32) -> u32 {
    named.max(1)
}

/// What a service made of a request.
type Answer = Result<Option<String>, Status>;

impl Act<'_> {
    /// Does the step, again while the service is away; the command id makes that harmless.
    pub async fn perform(&self, cases: &BTreeMap<String, String>) -> anyhow::Result<Done> {
        let deadline = Instant::now() + Duration::from_secs(AWAY_S_MAX);
        loop {
            let answer = match self.attempt(cases).await {
                Ok(answer) => answer,
                // Nobody listens there at the moment.
                Err(error) if Instant::now() < deadline && is_connection(&error) => {
                    tokio::time::sleep(TRY_EVERY).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            return match (answer, &self.step.refused) {
                (Err(status), _) if is_away(&status) && Instant::now() < deadline => {
                    tokio::time::sleep(TRY_EVERY).await;
                    continue;
                }
                (Ok(Some(case)), None) => Ok(Done::Named(case)),
                (Ok(None), None) => Ok(Done::AsSaid),
                (Ok(_), Some(rule)) => Ok(Done::Unexpected(format!("expected to be refused by {rule}, was accepted"))),
                (Err(status), Some(rule)) if rule_of(&status) == *rule => Ok(Done::AsSaid),
                (Err(status), Some(rule)) => Ok(Done::Unexpected(format!(
                    "expected to be refused by {rule}, was by {}: {}",
                    rule_of(&status),
                    status.message()
                ))),
                (Err(status), None) => Ok(Done::Unexpected(format!("refused: {}", status.message()))),
            };
        }
    }

    async fn attempt(&self, cases: &BTreeMap<String, String>) -> anyhow::Result<Answer> {
        let district = self.story.district.clone();
        let command_id = format!("story-{}", self.reference());
        let case_id = match self.step.action.as_str() {
            "submit" | "find-related" | "seat-officer" | "set-away" | "register-officer" | "second-officer"
            | "end-secondment" | "wait" => String::new(),
            "open-poll" | "answer-poll" | "close-poll" if self.step.case.is_empty() => String::new(),
            _ => cases
                .get(&self.step.case)
                .cloned()
                .with_context(|| format!("no step has named a case {:?}", self.step.case))?,
        };
        let department = self.actor().role == "department";
        match self.step.action.as_str() {
            "wait" => {
                self.with::<Nothing>()?;
                Ok(Ok(None))
            }
            "submit" => self.submit().await,
            "find-related" => self.find_related(cases).await,
            "supplement" => {
                let with: Text = self.with()?;
                let request = intake::SupplementRequest { district, case_id, command_id, text: with.text };
                Ok(call!(IntakeServiceClient::new(self.enter("intake").await?), supplement, request))
            }
            "withdraw" => {
                let with: Reason = self.with()?;
                let request = intake::WithdrawRequest { district, case_id, command_id, reason: with.reason };
                Ok(call!(IntakeServiceClient::new(self.enter("intake").await?), withdraw, request))
            }
            "propose-exclusion" => {
                let with: Reason = self.with()?;
                let request = intake::ProposeExclusionRequest { district, case_id, command_id, reason: with.reason };
                Ok(call!(IntakeServiceClient::new(self.enter("intake").await?), propose_exclusion, request))
            }
            "approve-exclusion" => {
                self.with::<Nothing>()?;
                let request = intake::ApproveExclusionRequest { district, case_id, command_id };
                Ok(call!(IntakeServiceClient::new(self.enter("intake").await?), approve_exclusion, request))
            }
            "merge" => {
                let Merging { into, reason } = self.with()?;
                let into = cases.get(&into).cloned().with_context(|| format!("no step has named a case {into:?}"))?;
                let request = intake::MergeRequest { district, case_id, into, reason, command_id };
                Ok(call!(IntakeServiceClient::new(self.enter("intake").await?), merge, request))
            }
            "claim" => {
                self.with::<Nothing>()?;
                let request = triage::ClaimRequest { district, case_id, command_id };
                Ok(call!(TriageServiceClient::new(self.enter("triage").await?), claim, request))
            }
            "judge" => {
                let Judging { category, also, level, situation, reason } = self.with()?;
                let level = word("level", &level, LEVELS)?;
                let request =
                    triage::JudgeRequest { district, case_id, command_id, category, also, level, situation, reason };
                Ok(call!(TriageServiceClient::new(self.enter("triage").await?), judge, request))
            }
            "regrade" => {
                let Judging { category, also, level, situation, reason } = self.with()?;
                let level = word("level", &level, LEVELS)?;
                let request =
                    triage::RegradeRequest { district, case_id, command_id, category, also, level, situation, reason };
                Ok(call!(TriageServiceClient::new(self.enter("triage").await?), regrade, request))
            }
            "rate" => {
                let Rating { rating, comment } = self.with()?;
                let request = evaluation::RateRequest { district, case_id, command_id, rating, comment };
                Ok(call!(EvaluationServiceClient::new(self.enter("evaluation").await?), rate, request))
            }
            "rate-party" => {
                let PartyRating { party, rate, deduction_reason } = self.with()?;
                let request =
                    evaluation::RatePartyRequest { district, case_id, command_id, party, rate, deduction_reason };
                Ok(call!(EvaluationServiceClient::new(self.enter("evaluation").await?), rate_party, request))
            }
            "callback" => {
                let Callback { outcome, note } = self.with()?;
                let outcome = word("outcome", &outcome, CALLBACKS)?;
                let request = evaluation::LogCallbackRequest { district, case_id, command_id, outcome, note };
                Ok(call!(EvaluationServiceClient::new(self.enter("evaluation").await?), log_callback, request))
            }
            "respond" | "report-in" | "done" => self.answer(district, case_id, command_id).await,
            "progress" | "complete-task" | "related-case" if department => {
                self.answer(district, case_id, command_id).await
            }
            "seat-officer" | "set-away" | "call-seat" | "take-seat" | "hold-joint-meeting" | "decide-path"
            | "on-site" | "order-stop" | "serve-notice" | "reinspect" | "take-next-step" | "conclude" => {
                self.at_the_centre(district, case_id, command_id).await
            }
            "related-case" if self.actor().role == "enforcement-center" => {
                self.at_the_centre(district, case_id, command_id).await
            }
            "transfer" | "city-progress" | "city-done" | "admit" | "related-case" => {
                self.beyond_the_street(district, case_id, command_id).await
            }
            "assign" | "escalate" | "call" | "plan-tasks" | "complete-task" | "progress" | "adopt-measure"
            | "release" | "resolve" | "reopen" => self.at_the_desk(district, case_id, command_id).await,
            "return" => self.object(district, case_id, command_id).await,
            "answer-supervision" if department => self.object(district, case_id, command_id).await,
            "adjudicate" | "disqualify" | "supervise" | "answer-supervision" | "extend" | "suspend" | "resume"
            | "hold-meeting" | "form-task-force" => self.oversee(district, case_id, command_id).await,
            "open-poll" | "answer-poll" | "close-poll" | "attach-poll" => {
                self.poll(district, case_id, command_id).await
            }
            "register-officer" | "second-officer" | "end-secondment" => self.staff(district, command_id).await,
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        }
    }

    async fn submit(&self) -> anyhow::Result<Answer> {
        let with: Submission = self.with()?;
        let channel = if with.channel.is_empty() { default_channel(self.actor()) } else { with.channel };
        let bridge = self
            .charter
            .bridges()
            .iter()
            .find(|bridge| bridge.channels.iter().any(|carried| carried.as_str() == channel))
            .with_context(|| format!("no bridge of {} carries the channel {channel:?}", self.story.district))?;
        // Callers reach the platform through a bridge; the bridge's account says which.
        let identity = Identity {
            role: "bridge".into(),
            party: bridge.code.to_string(),
            district: self.story.district.clone(),
            staff_ref: self.actor().staff.clone(),
        };
        let external_ref = if with.external_ref.is_empty() { self.reference() } else { with.external_ref };
        let request = intake::SubmitRequest {
            district: self.story.district.clone(),
            external_ref,
            channel,
            kind: word("kind", &with.kind, KINDS)?,
            caller_class: word("class", &with.class, CLASSES)?,
            caller_ref: if with.caller.is_empty() { self.step.actor.clone() } else { with.caller },
            title: with.title,
            text: with.text,
            place: Some(with.place.into()),
            category: with.category,
            campaign: with.campaign,
            occurred_at: self.moment(&with.occurred_at)?,
            recorded_at: self.moment(&with.recorded_at)?,
            ..intake::SubmitRequest::default()
        };
        let mut client = IntakeServiceClient::new(self.stage.enter("intake", &identity).await?);
        Ok(client.submit(request).await.map(|response| Some(response.into_inner().case_id)))
    }

    /// Waits for the case that was spawned on the site of another one.
    async fn find_related(&self, cases: &BTreeMap<String, String>) -> anyhow::Result<Answer> {
        let with: Finding = self.with()?;
        let parent = cases.get(&with.of).with_context(|| format!("no step has named a case {:?}", with.of))?;
        let mut client = IntakeServiceClient::new(self.stage.enter("intake", &operator()).await?);
        let district = self.story.district.clone();
        let list = intake::ListRequest { district: district.clone(), ..intake::ListRequest::default() };
        for summary in client.list(list).await.map_err(|status| crate::client::explain(&status))?.into_inner().cases {
            let request = intake::GetRequest { district: district.clone(), case_id: summary.case_id.clone() };
            let case = client.get(request).await.map_err(|status| crate::client::explain(&status))?.into_inner().case;
            if case.is_some_and(|case| case.related_case == *parent) {
                return Ok(Ok(Some(summary.case_id)));
            }
        }
        Ok(Err(Status::not_found(format!("no case was found on the site of {}", with.of))))
    }

    async fn answer(&self, district: String, case_id: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = ResponderServiceClient::new(self.enter("responder").await?);
        let status = match self.step.action.as_str() {
            "respond" => {
                let with: Coming = self.with()?;
                let officer = Some(self.officer(&with.officer, &with.post));
                let request =
                    responder::RespondRequest { district, case_id, call: first(with.call), command_id, officer };
                client.respond(request).await.map(|response| response.into_inner().status)
            }
            "report-in" => {
                let with: Coming = self.with()?;
                let request = responder::ReportInRequest {
                    district,
                    case_id,
                    call: first(with.call),
                    command_id,
                    officer: Some(self.officer(&with.officer, &with.post)),
                    owns_matter: with.owns_matter.unwrap_or(true),
                    check_in: Some(with.place.into()),
                };
                client.report_in(request).await.map(|response| response.into_inner().status)
            }
            "progress" => {
                let with: Progressing = self.with()?;
                let kind = word("kind", &with.kind, PROGRESS)?;
                let request = responder::ProgressRequest {
                    district,
                    case_id,
                    call: first(with.call),
                    command_id,
                    kind,
                    note: with.note,
                };
                client.progress(request).await.map(|response| response.into_inner().status)
            }
            "complete-task" => {
                let with: Completing = self.with()?;
                let request = responder::CompleteTaskRequest {
                    district,
                    case_id,
                    call: first(with.call),
                    command_id,
                    task: with.task,
                    note: with.note,
                    evidence: with.evidence,
                };
                client.complete_task(request).await.map(|response| response.into_inner().status)
            }
            "related-case" => {
                let Related { title, text, place, category, call } = self.with()?;
                let request = responder::SpawnRelatedCaseRequest {
                    district,
                    case_id,
                    call: first(call),
                    command_id,
                    title,
                    text,
                    place: Some(place.into()),
                    category,
                };
                client.spawn_related_case(request).await.map(|response| response.into_inner().status)
            }
            _ => {
                let with: Finishing = self.with()?;
                let outcome = word("outcome", &with.outcome, OUTCOMES)?;
                let request = responder::DoneRequest {
                    district,
                    case_id,
                    call: first(with.call),
                    command_id,
                    outcome: if outcome == 0 { Outcome::Solved.into() } else { outcome },
                    note: with.note,
                    evidence: with.evidence,
                };
                client.done(request).await.map(|response| response.into_inner().status)
            }
        };
        Ok(status.and_then(|status| settled(status.unwrap_or_default())))
    }

    fn planned(&self, tasks: Vec<Planned>) -> anyhow::Result<Vec<dispatch::PlannedTask>> {
        let planned = tasks.into_iter().map(|task| {
            let due = self.moment(&task.due)?;
            let Planned { party, title, after, root_cause, .. } = task;
            Ok(dispatch::PlannedTask { party, title, due, after, root_cause })
        });
        planned.collect()
    }

    async fn at_the_desk(&self, district: String, case_id: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = DispatchServiceClient::new(self.enter("dispatch").await?);
        Ok(match self.step.action.as_str() {
            "assign" => {
                let Party { party, reason } = self.with()?;
                call!(client, assign, dispatch::AssignRequest { district, case_id, command_id, party, reason })
            }
            "escalate" => {
                let Escalating { reason, to } = self.with()?;
                call!(client, escalate, dispatch::EscalateRequest { district, case_id, command_id, reason, to })
            }
            "call" => {
                let with: Calling = self.with()?;
                let parties = with
                    .parties
                    .iter()
                    .map(|called| {
                        let duty = word("duty", &called.duty, DUTIES)?;
                        Ok(dispatch::CalledParty { party: called.party.clone(), duty })
                    })
                    .collect::<anyhow::Result<_>>()?;
                let colour = word("colour", &with.colour, COLOURS)?;
                let request = dispatch::CallRequest {
                    district,
                    case_id,
                    command_id,
                    situation: with.situation,
                    parties,
                    colour,
                    note: with.note,
                    group: with.group,
                    chair: with.chair.map(|Chair { officer, post }| Officer { staff_ref: officer, post }),
                };
                call!(client, call, request)
            }
            "plan-tasks" => {
                let with: Planning = self.with()?;
                let tasks = self.planned(with.tasks)?;
                call!(client, plan_tasks, dispatch::PlanTasksRequest { district, case_id, command_id, tasks })
            }
            "complete-task" => {
                let Completing { task, note, evidence, .. } = self.with()?;
                call!(
                    client,
                    complete_task,
                    dispatch::CompleteTaskRequest { district, case_id, command_id, task, note, evidence }
                )
            }
            "progress" => {
                let Progressing { kind, note, .. } = self.with()?;
                let kind = word("kind", &kind, PROGRESS)?;
                let request = dispatch::RecordProgressRequest { district, case_id, command_id, kind, note };
                call!(client, record_progress, request)
            }
            "adopt-measure" => {
                let Measure { measure, exceptions } = self.with()?;
                let request = dispatch::AdoptMeasureRequest { district, case_id, command_id, measure, exceptions };
                call!(client, adopt_measure, request)
            }
            "release" => {
                let Party { party, reason } = self.with()?;
                call!(client, release, dispatch::ReleaseRequest { district, case_id, command_id, party, reason })
            }
            "resolve" => {
                let Resolving { outcome, summary, evidence } = self.with()?;
                let outcome = word("outcome", &outcome, OUTCOMES)?;
                let request = dispatch::ResolveRequest { district, case_id, command_id, outcome, summary, evidence };
                call!(client, resolve, request)
            }
            _ => {
                let Reason { reason } = self.with()?;
                call!(client, reopen, dispatch::ReopenRequest { district, case_id, command_id, reason })
            }
        })
    }

    async fn at_the_centre(&self, district: String, case_id: String, command_id: String) -> anyhow::Result<Answer> {
        let mut client = EnforcementCenterServiceClient::new(self.enter("enforcement-center").await?);
        Ok(match self.step.action.as_str() {
            "seat-officer" => {
                let with: Seating = self.with()?;
                let request = center::SeatOfficerRequest {
                    district,
                    centre: if with.centre.is_empty() { self.actor().party.clone() } else { with.centre },
                    command_id,
                    party: with.party,
                    officer: Some(self.officer(&with.officer, &with.post)),
                    rank: with.rank,
                    kind: word("kind", &with.kind, SEATS)?,
                    substitute: with.substitute,
                };
                call!(client, seat_officer, request)
            }
            "set-away" => {
                let Away { centre, party, officer, until } = self.with()?;
                let request = center::SetAwayRequest {
                    district,
                    centre: if centre.is_empty() { self.actor().party.clone() } else { centre },
                    command_id,
                    party,
                    staff_ref: officer,
                    until: self.moment(&until)?,
                };
                call!(client, set_away, request)
            }
            "hold-joint-meeting" => {
                let Meeting { venue, present, decisions } = self.with()?;
                let decisions =
                    decisions.into_iter().map(|Decided { text, party }| center::MeetingDecision { text, party });
                let request = center::HoldMeetingRequest {
                    district,
                    case_id,
                    command_id,
                    held_at: None,
                    venue,
                    present,
                    decisions: decisions.collect(),
                };
                call!(client, hold_meeting, request)
            }
            "call-seat" => {
                let Party { party, .. } = self.with()?;
                call!(client, call_seat, center::CallSeatRequest { district, case_id, command_id, party })
            }
            "take-seat" => {
                let with: Coming = self.with()?;
                let officer = Some(self.officer(&with.officer, &with.post));
                call!(client, take_seat, center::TakeSeatRequest { district, case_id, command_id, officer })
            }
            "decide-path" => {
                let Path { assessment, path, parties, participants } = self.with()?;
                let step = |PathStep { step, power, basis }| center::PathStep { action: step, power, basis };
                let participant = |Participant { party, power }| center::Participant { party, power, officer: None };
                let request = center::DecidePathRequest {
                    district,
                    case_id,
                    command_id,
                    assessment,
                    steps: path.into_iter().map(step).collect(),
                    parties,
                    participants: participants.into_iter().map(participant).collect(),
                };
                call!(client, decide_path, request)
            }
            "on-site" => {
                let Site { parties, stop_order } = self.with()?;
                let request = center::ArriveOnSiteRequest { district, case_id, command_id, parties, stop_order };
                call!(client, arrive_on_site, request)
            }
            "order-stop" => {
                let Notice { party, subject, address, service_proof, follows } = self.with()?;
                let request = center::OrderStopRequest {
                    district,
                    case_id,
                    command_id,
                    party,
                    subject,
                    address,
                    service_proof,
                    follows,
                    ..center::OrderStopRequest::default()
                };
                call!(client, order_stop, request)
            }
            "serve-notice" => {
                let Notice { party, subject, address, service_proof, follows } = self.with()?;
                let request = center::ServeNoticeRequest {
                    district,
                    case_id,
                    command_id,
                    party,
                    subject,
                    address,
                    service_proof,
                    follows,
                    ..center::ServeNoticeRequest::default()
                };
                call!(client, serve_notice, request)
            }
            "reinspect" => {
                let Inspection { notice, passed, finding, step, next_step } = self.with()?;
                let request = center::ReinspectRequest {
                    district,
                    case_id,
                    command_id,
                    notice,
                    passed,
                    finding,
                    next_step,
                    step: if passed { 0 } else { word("step", &step, NEXT_STEPS)? },
                };
                call!(client, reinspect, request)
            }
            "take-next-step" => {
                let Following { notice, step, text, to } = self.with()?;
                let step = word("step", &step, NEXT_STEPS)?;
                let request = center::TakeNextStepRequest { district, case_id, command_id, notice, step, text, to };
                call!(client, take_next_step, request)
            }
            "related-case" => {
                let Related { title, text, place, category, .. } = self.with()?;
                let place = Some(place.into());
                let request =
                    center::SpawnRelatedCaseRequest { district, case_id, command_id, title, text, place, category };
                call!(client, spawn_related_case, request)
            }
            _ => {
                let Summary { summary } = self.with()?;
                call!(client, conclude, center::ConcludeRequest { district, case_id, command_id, summary })
            }
        })
    }

    fn actor(&self) -> &ActorSpec {
        &self.story.actors[&self.step.actor]
    }

    /// This step's own, and this playing's: a story can be played twice on one installation.
    fn reference(&self) -> String {
        let item = self.item.map(|item| format!("-{item}")).unwrap_or_default();
        format!("{}-{}-{}{item}", self.story.story, self.number, self.stage.run())
    }

    /// An instant as a step says it; nothing when nothing is said.
    fn moment(&self, said: &str) -> anyhow::Result<Option<WireTimestamp>> {
        if said.is_empty() {
            return Ok(None);
        }
        Ok(Some(instant(self.story.begins()?, said)?.to_wire()))
    }

    async fn enter(&self, service: &str) -> anyhow::Result<Authorised> {
        let ActorSpec { role, party, staff } = self.actor().clone();
        // A caller's token carries the reference the case was raised under.
        let staff_ref = if role == "caller" && staff.is_empty() { self.step.actor.clone() } else { staff };
        let identity = Identity { role, party, district: self.story.district.clone(), staff_ref };
        self.stage.enter(service, &identity).await
    }

    fn officer(&self, named: &str, post: &str) -> Officer {
        let staff_ref = if named.is_empty() { self.actor().staff.clone() } else { named.to_owned() };
        Officer { staff_ref, post: post.to_owned() }
    }

    /// What the action needs, read from the step.
    fn with<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        let map: serde_json::Map<String, serde_json::Value> = self.step.with.clone().into_iter().collect();
        serde_json::from_value(map.into()).map_err(|error| anyhow!("with: {error}"))
    }
}

fn default_channel(actor: &ActorSpec) -> String {
    match actor.role.as_str() {
        "grid" | "community" => "grid-patrol",
        _ => "weilinli",
    }
    .to_owned()
}

/// What became of a department's answer.
fn settled(status: AnswerStatus) -> Answer {
    match status.state() {
        AnswerState::Accepted => Ok(None),
        AnswerState::Refused => {
            let refusal = status.refusal.unwrap_or_default();
            Err(Status::failed_precondition(refusal.message))
        }
        AnswerState::Kept | AnswerState::Unspecified => {
            Err(Status::unavailable("the hub has not taken the answer yet"))
        }
    }
}

fn is_away(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Aborted)
        || (status.code() == Code::Unknown && status.message().contains("transport"))
}

fn is_connection(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<tonic::transport::Error>())
}

/// The stable name of the rule that refused: from the details, or in parentheses at the end of the message.
fn rule_of(status: &Status) -> String {
    if let Some(info) = status.get_error_details().error_info() {
        return info.reason.clone();
    }
    let message = status.message();
    let in_parentheses = message.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    in_parentheses.map_or_else(|| format!("{:?}", status.code()), str::to_owned)
}

pub(super) type Words = &'static [(&'static str, i32)];

const LEVELS: Words = &[
    ("A", Level::A as i32),
    ("B1", Level::B1 as i32),
    ("B2", Level::B2 as i32),
    ("C", Level::C as i32),
    ("D", Level::D as i32),
];
const COLOURS: Words = &[("red", Colour::Red as i32), ("yellow", Colour::Yellow as i32), ("blue", Colour::Blue as i32)];
const DUTIES: Words =
    &[("lead", Duty::Lead as i32), ("organise", Duty::Organise as i32), ("assist", Duty::Assist as i32)];
const OUTCOMES: Words = &[
    ("solved", Outcome::Solved as i32),
    ("explained", Outcome::Explained as i32),
    ("not-accepted", Outcome::NotAccepted as i32),
    ("not-solved", Outcome::NotSolved as i32),
];
const PROGRESS: Words = &[
    ("reply", ProgressKind::Reply as i32),
    ("contact-failed", ProgressKind::ContactFailed as i32),
    ("finding", ProgressKind::Finding as i32),
    ("action", ProgressKind::Action as i32),
    ("note", ProgressKind::Note as i32),
];
const KINDS: Words = &[
    ("report", CaseKind::Report as i32),
    ("service", CaseKind::Service as i32),
    ("suggestion", CaseKind::Suggestion as i32),
    ("consult", CaseKind::Consult as i32),
];
pub(super) const CLASSES: Words = &[
    ("resident", CallerClass::Resident as i32),
    ("grassroots", CallerClass::Grassroots as i32),
    ("enterprise", CallerClass::Enterprise as i32),
];
const NEXT_STEPS: Words = &[
    ("new-notice", NextStep::NewNotice as i32),
    ("stop-order", NextStep::StopOrder as i32),
    ("penalty-proposal", NextStep::PenaltyProposal as i32),
    ("transfer", NextStep::Transfer as i32),
];
const SEATS: Words = &[("resident", SeatKind::Resident as i32), ("on-call", SeatKind::OnCall as i32)];
const CALLBACKS: Words = &[
    ("reached", CallbackOutcome::Reached as i32),
    ("no-answer", CallbackOutcome::NoAnswer as i32),
    ("refused", CallbackOutcome::Refused as i32),
];

/// A word of the format as the contract's number; empty is unspecified.
pub(super) fn word(field: &str, text: &str, words: Words) -> anyhow::Result<i32> {
    let known = words.iter().find(|(known, _)| *known == text).map(|(_, number)| *number);
    ensure!(
        text.is_empty() || known.is_some(),
        "with.{field}: {text:?} is none of {}",
        words.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ")
    );
    Ok(known.unwrap_or_default())
}
