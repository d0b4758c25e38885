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

mod ballots;
mod center;
mod city;
mod department;
mod form;
mod handling;
mod meant;
mod polls;
mod powers;
mod staff;
mod supervision;
mod words;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use charter::Charter;
use chassis::{Authorised, Identity};
use proto::casebook::v1::casebook_service_client::CasebookServiceClient;
use proto::casebook::v1::{GetRequest, ListRequest};
use proto::common::v1::{Officer, Place};
use proto::evaluation::v1::evaluation_service_client::EvaluationServiceClient;
use proto::evaluation::v1::{self as evaluation};
use proto::intake::v1::intake_service_client::IntakeServiceClient;
use proto::intake::v1::{self as intake};
use proto::triage::v1::triage_service_client::TriageServiceClient;
use proto::triage::v1::{self as triage};
use proto::{ToWireTime, WireTimestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use station::explain;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::doors::{CURRENT, Stage, operator};
use crate::format::{ActorSpec, Step, Story, instant};
use crate::own_name;

pub(super) use form::{APART_VERBS, VERBS, form, words_of};
use words::{CALLBACKS, KINDS, LEVELS, WAYS};
pub(super) use words::{CLASSES, STAGES, word, word_of};

/// How long a step is tried while a service is away: it may be starting again.
const AWAY_S_MAX: u64 = 20;
/// Longest time in which a crowd of one caller gets its turns.
const CROWD_S_MAX: u64 = 120;
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
    way: String,
    class: String,
    caller: String,
    title: String,
    text: String,
    place: PlaceSpec,
    category: String,
    campaign: String,
    evidence: Vec<String>,
    attributes: BTreeMap<String, String>,
    occurred_at: String,
    recorded_at: String,
    related_case: String,
    external_ref: String
});
with!(Merging { into: String, reason: String });
with!(Text { text: String });
with!(Reason { reason: String });
with!(Judging { category: String, also: Vec<String>, level: String, situation: String, reason: String });
with!(Planned { party: String, title: String, due: String, after: Vec<u32>, root_cause: bool });
with!(Party { party: String, reason: String });
with!(Resolving { outcome: String, summary: String, evidence: Vec<String> });
with!(Coming { officer: String, post: String, owns_matter: Option<bool>, place: PlaceSpec, call: u32 });
with!(Completing { task: u32, note: String, call: u32, evidence: Vec<String> });
with!(Progressing { kind: String, note: String, call: u32, evidence: Vec<String> });
with!(Related { title: String, text: String, place: PlaceSpec, category: String, call: u32, helps: bool });
with!(Rating { rating: String, comment: String });
with!(PartyRating { party: String, rate: String, deduction_reason: String, grounds: Vec<String> });
with!(Callback { outcome: String, note: String, again_at: String });
with!(Finding { of: String });
with!(Nothing {});

/// What a service made of a request.
type Answer = Result<Option<String>, Status>;

impl Act<'_> {
    /// Does the step, again while the service is away, and again when it says that more comes than one caller may ask; the
    /// command id makes that harmless.
    pub async fn perform(&self, cases: &BTreeMap<String, String>) -> anyhow::Result<Done> {
        let deadline = Instant::now() + Duration::from_secs(AWAY_S_MAX);
        let (patience, mut held_up) = (Instant::now() + Duration::from_secs(CROWD_S_MAX), 0);
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
                // Of a crowd that stands for many, each comes a little later than told, or all would come at once again.
                (Err(status), None) if is_too_soon(&status) && Instant::now() < patience => {
                    held_up += 1;
                    tokio::time::sleep(TRY_EVERY * held_up).await;
                    continue;
                }
                (Ok(Some(case)), None) => Ok(Done::Named(case)),
                (Ok(None), None) => Ok(Done::AsSaid),
                (Ok(_), Some(rule)) => Ok(Done::Unexpected(format!("expected to be refused by {rule}, was accepted"))),
                (Err(status), Some(rule)) if is_refused_by(&status, rule) => Ok(Done::AsSaid),
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
            "submit" | "find-related" | "seat-officer" | "unseat-officer" | "set-away" => String::new(),
            apart if APART_VERBS.contains(&apart) => String::new(),
            "open-poll" | "answer-poll" | "close-poll" if self.step.case.is_empty() => String::new(),
            "open-ballot" | "cast-vote" | "publish-ballot" | "appeal-ballot" | "answer-ballot-appeal" => String::new(),
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
            "submit" => self.submit(cases).await,
            "find-related" => self.find_related(cases).await,
            "supplement" => {
                let with: Text = self.with()?;
                let request =
                    intake::SupplementRequest { district, case_id, command_id, text: with.text, evidence: vec![] };
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
                let PartyRating { party, rate, deduction_reason, grounds } = self.with()?;
                let request = evaluation::RatePartyRequest {
                    district,
                    case_id,
                    command_id,
                    party,
                    rate,
                    deduction_reason,
                    grounds,
                };
                Ok(call!(EvaluationServiceClient::new(self.enter("evaluation").await?), rate_party, request))
            }
            "callback" => {
                let Callback { outcome, note, again_at } = self.with()?;
                let outcome = word("outcome", &outcome, CALLBACKS)?;
                let again_at = self.moment(&again_at)?;
                let request = evaluation::LogCallbackRequest { district, case_id, command_id, outcome, note, again_at };
                Ok(call!(EvaluationServiceClient::new(self.enter("evaluation").await?), log_callback, request))
            }
            "respond" | "report-in" | "done" => self.answer(district, case_id, command_id).await,
            // A task that belongs to no call is done at the department's own desk.
            "complete-task" if department && self.is_of_no_call(&self.with()?, &case_id).await? => {
                self.handle(district, case_id, command_id).await
            }
            // What it has itself it works on at its own desk, too.
            "progress" | "related-case" if department && !self.is_called(&case_id).await? => {
                self.handle(district, case_id, command_id).await
            }
            "progress" | "complete-task" | "related-case" if department => {
                self.answer(district, case_id, command_id).await
            }
            "seat-officer" | "unseat-officer" | "set-away" | "call-seat" | "take-seat" | "hold-joint-meeting"
            | "decide-path" | "on-site" | "order-stop" | "serve-notice" | "reinspect" | "take-next-step"
            | "conclude" => self.at_the_centre(district, case_id, command_id).await,
            "related-case" if self.actor().role == "enforcement-center" => {
                self.at_the_centre(district, case_id, command_id).await
            }
            "transfer" | "city-progress" | "city-done" | "city-return" => {
                self.with_the_city(district, case_id, command_id).await
            }
            "assign" | "escalate" | "call" | "plan-tasks" | "complete-task" | "progress" | "adopt-measure"
            | "release" | "resolve" | "reopen" | "related-case" => self.handle(district, case_id, command_id).await,
            "return" => self.object(district, case_id, command_id).await,
            "answer-supervision" if department => self.object(district, case_id, command_id).await,
            "adjudicate" | "disqualify" | "supervise" | "answer-supervision" | "extend" | "suspend" | "resume"
            | "admit" | "hold-meeting" | "form-task-force" => self.oversee(district, case_id, command_id).await,
            "open-poll" | "answer-poll" | "close-poll" | "attach-poll" => {
                self.poll(district, case_id, command_id).await
            }
            "open-ballot" | "cast-vote" | "publish-ballot" | "appeal-ballot" | "answer-ballot-appeal" => {
                self.ballot(district, command_id).await
            }
            "register-officer" | "second-officer" | "end-secondment" => self.staff(district, command_id).await,
            apart if APART_VERBS.contains(&apart) => self.by_power(district, command_id).await,
            unknown => bail!("{unknown:?} is nothing anybody can do; the format's documentation lists what is"),
        }
    }

    async fn submit(&self, cases: &BTreeMap<String, String>) -> anyhow::Result<Answer> {
        let with: Submission = self.with()?;
        let related_case = match with.related_case.as_str() {
            "" => String::new(),
            name => cases.get(name).cloned().with_context(|| format!("no step has named a case {name:?}"))?,
        };
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
        let external_ref = if with.external_ref.is_empty() {
            self.reference()
        } else {
            own_name(&self.story.story, &with.external_ref, self.stage.run())
        };
        let request = intake::SubmitRequest {
            district: self.story.district.clone(),
            external_ref,
            channel,
            kind: word("kind", &with.kind, KINDS)?,
            way: word("way", &with.way, WAYS)?,
            caller_class: word("class", &with.class, CLASSES)?,
            caller_ref: if with.caller.is_empty() { self.own_reference() } else { with.caller },
            title: with.title,
            text: with.text,
            place: Some(with.place.into()),
            category: with.category,
            campaign: with.campaign,
            occurred_at: self.moment(&with.occurred_at)?,
            recorded_at: self.moment(&with.recorded_at)?,
            related_case,
            evidence: with.evidence,
            attributes: answers(with.attributes),
            contact: None,
        };
        let mut client = IntakeServiceClient::new(self.stage.enter("intake", &identity).await?);
        Ok(client.submit(request).await.map(|response| Some(response.into_inner().case_id)))
    }

    /// A case that was spawned on the site of another one, and that has no name yet.
    async fn find_related(&self, cases: &BTreeMap<String, String>) -> anyhow::Result<Answer> {
        let with: Finding = self.with()?;
        let parent = cases.get(&with.of).with_context(|| format!("no step has named a case {:?}", with.of))?;
        let mut client = CasebookServiceClient::new(self.stage.enter("casebook", &operator()).await?);
        let district = self.story.district.clone();
        let list = ListRequest { district: district.clone(), freshness: Some(CURRENT), ..ListRequest::default() };
        for summary in client.list(list).await.map_err(|status| explain(&status))?.into_inner().cases {
            let case_id = summary.case_id.clone();
            let request = GetRequest { district: district.clone(), case_id, freshness: None };
            let case = client.get(request).await.map_err(|status| explain(&status))?.into_inner().case;
            // One site may have shown more than one matter: the next name is for the next of them.
            let named = cases.values().any(|id| *id == summary.case_id);
            if !named && case.is_some_and(|case| case.related_case == *parent) {
                return Ok(Ok(Some(summary.case_id)));
            }
        }
        Ok(Err(Status::not_found(format!("no case was found on the site of {}", with.of))))
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
        let staff_ref = if role == "caller" { self.own_reference() } else { staff };
        let identity = Identity { role, party, district: self.story.district.clone(), staff_ref };
        self.stage.enter(service, &identity).await
    }

    /// Under what an actor raises a case who says nothing else: whoever acts in office rates it under the same.
    fn own_reference(&self) -> String {
        let staff = &self.actor().staff;
        if staff.is_empty() { self.step.actor.clone() } else { staff.clone() }
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

fn is_away(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Aborted)
        || (status.code() == Code::Unknown && status.message().contains("transport"))
}

/// Whoever asks is told when to come again.
fn is_too_soon(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && status.get_details_retry_info().is_some()
}

fn is_connection(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<tonic::transport::Error>())
}

/// A story names the rule, or the status when it is the status that matters.
fn is_refused_by(status: &Status, wanted: &str) -> bool {
    rule_of(status) == wanted || format!("{:?}", status.code()) == wanted
}

/// The stable name of the rule that refused: from the details, or in parentheses at the end of the message.
fn rule_of(status: &Status) -> String {
    if let Some(info) = status.get_error_details().error_info() {
        return info.reason.clone();
    }
    let message = status.message();
    let in_parentheses = message.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    // Some name the requirement they rest on instead; that is no rule.
    let rule =
        in_parentheses.filter(|rule| rule.chars().all(|c| c == '-' || c.is_ascii_lowercase() || c.is_ascii_digit()));
    rule.map_or_else(|| format!("{:?}", status.code()), str::to_owned)
}

/// One answer each.
fn answers(said: BTreeMap<String, String>) -> Vec<intake::Attribute> {
    said.into_iter().map(|(code, value)| intake::Attribute { code, values: vec![value] }).collect()
}
