//! The gRPC door of webhooks, for operators: how far each bridge has been told, one try, and what is sent again.

use std::collections::VecDeque;
use std::time::Instant;

use futures::future::try_join_all;
use ids::Code;
use proto::notification::v1::webhook_service_server::WebhookService;
use proto::notification::v1::{
    DeadWebhook, ListWebhooksRequest, ListWebhooksResponse, ReplayWebhookRequest, ReplayWebhookResponse,
    TestWebhookRequest, TestWebhookResponse, WaitingCase, Webhook,
};
use proto::{FromWireTime, ToWireTime};
use record::{BrokerError, NO_NOTE, Refused};
use station::access::Scope;
use station::{Caller, Refuse, Violation, broker_status, status_of};
use tonic::{Code as Grpc, Request, Response, Status};
use webhook::{Attempt, Event, Target, Tries};

use super::News;
use super::documents::{Dead, Told, Waiting, key, read, written};

/// What is shown of a list at most: a receiver that refuses everything for weeks fills no answer.
const SHOWN_MAX: usize = 500;
/// How often a document is written anew when whoever tells wrote it meanwhile.
const WRITES_MAX: usize = 5;

/// None, when nobody is told by webhook here.
pub struct Door(Option<News>);

impl Door {
    pub fn new(news: Option<News>) -> Self {
        Self(news)
    }

    fn news(&self) -> Result<&News, Status> {
        self.0.as_ref().ok_or_else(|| status_of(Refused::Rule(No::Webhooks)))
    }

    /// A bridge that somebody named.
    fn target(&self, caller: &Caller, action: &'static str, bridge: &str) -> Result<(&News, Code, &Target), Status> {
        if bridge.is_empty() {
            return Err(Violation::new("bridge", "required", "name the bridge, by its code").into());
        }
        let code: Code =
            bridge.parse().map_err(|error: ids::CodeError| Violation::new("bridge", "code", error.to_string()))?;
        let news = self.news()?;
        let scope = caller.scope(action, &news.station.charters)?;
        match news.targets.get(&code).filter(|_| news.is_in(&scope, &code)) {
            Some(target) => Ok((news, code, target)),
            None => Err(status_of(Refused::Rule(No::Told(code)))),
        }
    }
}

/// Why not.
#[derive(Debug, thiserror::Error)]
enum No {
    #[error("nobody is told by webhook here: notification has no --webhooks-file")]
    Webhooks,
    #[error("{0} is not told by webhook here")]
    Told(Code),
    #[error("nothing under {0} was given up")]
    GivenUp(String),
    #[error("somebody else wrote at the same time; try again")]
    Turn,
}

impl Refuse for No {
    fn code(&self) -> Grpc {
        match self {
            Self::Webhooks => Grpc::FailedPrecondition,
            Self::Told(_) | Self::GivenUp(_) => Grpc::NotFound,
            Self::Turn => Grpc::Aborted,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::Webhooks => "no-webhooks",
            Self::Told(_) => "not-told",
            Self::GivenUp(_) => "none-given-up",
            Self::Turn => "written-meanwhile",
        }
    }
}

#[tonic::async_trait]
impl WebhookService for Door {
    async fn list_webhooks(
        &self,
        request: Request<ListWebhooksRequest>,
    ) -> Result<Response<ListWebhooksResponse>, Status> {
        let caller = Caller::of(&request)?;
        let news = self.news()?;
        let scope = caller.scope("huying.notification.v1.WebhookService/ListWebhooks", &news.station.charters)?;
        let wanted = request.into_inner().bridge;
        let meant = news.targets.iter().filter(|(bridge, _)| wanted.is_empty() || wanted == bridge.as_str());
        let meant = meant.filter(|(bridge, _)| news.is_in(&scope, bridge));
        let webhooks = try_join_all(meant.map(|(bridge, target)| news.described(bridge, target))).await?;
        Ok(Response::new(ListWebhooksResponse { webhooks }))
    }

    async fn test_webhook(
        &self,
        request: Request<TestWebhookRequest>,
    ) -> Result<Response<TestWebhookResponse>, Status> {
        let (caller, action) = (Caller::of(&request)?, "huying.notification.v1.WebhookService/TestWebhook");
        let (news, bridge, target) = self.target(&caller, action, &request.get_ref().bridge)?;
        let (clock, began) = (&news.station.clock, Instant::now());
        let webhook_id = format!("{:032x}", rand::random::<u128>());
        let data = serde_json::json!({ "bridge": bridge });
        let event = Event::new((&webhook_id, "huying.webhook.test"), "/huying", "test", clock.now(), data);
        let attempt = news.poster.post(target, &event, clock.real_now()).await;
        Ok(Response::new(TestWebhookResponse {
            taken: attempt == Attempt::Taken,
            error: attempt.error().unwrap_or_default().to_owned(),
            webhook_id,
            took_ms: u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX),
        }))
    }

    async fn replay_webhook(
        &self,
        request: Request<ReplayWebhookRequest>,
    ) -> Result<Response<ReplayWebhookResponse>, Status> {
        let (caller, action) = (Caller::of(&request)?, "huying.notification.v1.WebhookService/ReplayWebhook");
        let ReplayWebhookRequest { bridge, webhook_id, from } = request.into_inner();
        let (news, bridge, _) = self.target(&caller, action, &bridge)?;
        if from.is_some() {
            if !webhook_id.is_empty() {
                return Err(
                    Violation::new("from", "id-or-time", "either one event or everything from a time on").into()
                );
            }
            let from = from.time().map_err(|error| Violation::new("from", "instant", error.to_string()))?;
            let again = move |told: &mut Told| {
                (told.cursor, told.from) = (String::new(), Some(from));
            };
            news.rewrite(&bridge, again).await?;
            return Ok(Response::new(ReplayWebhookResponse { events: 0 }));
        }
        let ids = if webhook_id.is_empty() {
            news.notes.keys(&key::all_dead(&bridge)).await.map_err(|error| broker_status(&error))?
        } else if webhook_id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            vec![webhook_id.clone()]
        } else {
            return Err(Violation::new("webhook_id", "form", "an id is made of hexadecimal digits").into());
        };
        let mut events = 0;
        for id in ids {
            events += u32::from(news.revive(&bridge, &id).await?);
        }
        if events == 0 && !webhook_id.is_empty() {
            return Err(status_of(Refused::Rule(No::GivenUp(webhook_id))));
        }
        if events > 0 {
            // Whoever tells looks at what waits when this has changed.
            news.rewrite(&bridge, |told| told.asked += 1).await?;
        }
        Ok(Response::new(ReplayWebhookResponse { events }))
    }
}

impl News {
    /// Whether a bridge is of a district that somebody sees. One that no charter knows is seen by whoever sees everything.
    fn is_in(&self, scope: &Scope, bridge: &Code) -> bool {
        let charters = self.station.charters.newest();
        let mut of = charters.iter().filter(|charter| charter.bridges().iter().any(|known| known.code == *bridge));
        match (of.next(), scope) {
            (_, Scope::All) => true,
            (Some(charter), scope) => scope.covers(&charter.district, &[]),
            (None, _) => false,
        }
    }

    async fn described(&self, bridge: &Code, target: &Target) -> Result<Webhook, Status> {
        let away = |error: BrokerError| broker_status(&error);
        let note = self.notes.get(&key::told(bridge)).await.map_err(away)?;
        let told: Told = note.map(|note| read(&note.content)).transpose().map_err(unread)?.unwrap_or_default();
        let mut webhook = Webhook {
            bridge: bridge.to_string(),
            url: target.shown(),
            from: told.from.map(ToWireTime::to_wire),
            taken_at: told.taken_at.map(ToWireTime::to_wire),
            failed_at: told.failed_at.map(ToWireTime::to_wire),
            error: told.error,
            ..Webhook::default()
        };
        for case_id in self.notes.keys(&key::all_waiting(bridge)).await.map_err(away)?.into_iter().take(SHOWN_MAX) {
            let Some(note) = self.notes.get(&key::waiting(bridge, &case_id)).await.map_err(away)? else { continue };
            let waiting: Waiting = read(&note.content).map_err(unread)?;
            let Some(first) = waiting.items.front() else { continue };
            webhook.waiting.push(WaitingCase {
                district: first.district.to_string(),
                case_id,
                events: u32::try_from(waiting.items.len()).unwrap_or(u32::MAX),
                webhook_id: first.id.clone(),
                r#type: first.kind.clone(),
                tries: waiting.tries.count,
                since: Some(waiting.tries.since.to_wire()),
                next_at: Some(waiting.tries.next_at.to_wire()),
                error: waiting.tries.error,
            });
        }
        for id in self.notes.keys(&key::all_dead(bridge)).await.map_err(away)?.into_iter().take(SHOWN_MAX) {
            let Some(note) = self.notes.get(&key::dead(bridge, &id)).await.map_err(away)? else { continue };
            let Dead { item, tries, at, error } = read(&note.content).map_err(unread)?;
            webhook.dead.push(DeadWebhook {
                webhook_id: id,
                r#type: item.kind,
                district: item.district.to_string(),
                case_id: item.case_id,
                tries,
                at: Some(at.to_wire()),
                error,
            });
        }
        webhook.dead.sort_by_key(|dead| dead.at.map(|at| (at.seconds, at.nanos)));
        Ok(webhook)
    }

    /// Puts what was given up before what waits of its case. False: there is no such letter.
    async fn revive(&self, bridge: &Code, id: &str) -> Result<bool, Status> {
        let away = |error: BrokerError| broker_status(&error);
        let Some(letter) = self.notes.get(&key::dead(bridge, id)).await.map_err(away)? else { return Ok(false) };
        let Dead { item, .. } = read(&letter.content).map_err(unread)?;
        let place = key::waiting(bridge, &item.case_id);
        let now = self.station.clock.real_now();
        for _ in 0..WRITES_MAX {
            let note = self.notes.get(&place).await.map_err(away)?;
            let version = note.as_ref().map_or(NO_NOTE, |note| note.version);
            let waiting: Option<Waiting> = note.map(|note| read(&note.content)).transpose().map_err(unread)?;
            let mut items = waiting.map_or_else(VecDeque::new, |waiting| waiting.items);
            if items.iter().all(|known| known.id != item.id) {
                items.push_front(item.clone());
            }
            let waiting = Waiting { items, tries: Tries::none(now) };
            match self.notes.put(&place, written(&waiting).map_err(unread)?, version).await {
                Ok(_) => {
                    self.notes.forget(letter.version).await.map_err(away)?;
                    return Ok(true);
                }
                Err(BrokerError::Exists { .. }) => {}
                Err(error) => return Err(away(error)),
            }
        }
        Err(status_of(Refused::Rule(No::Turn)))
    }

    async fn rewrite(&self, bridge: &Code, change: impl Fn(&mut Told)) -> Result<(), Status> {
        let away = |error: BrokerError| broker_status(&error);
        for _ in 0..WRITES_MAX {
            let note = self.notes.get(&key::told(bridge)).await.map_err(away)?;
            let version = note.as_ref().map_or(NO_NOTE, |note| note.version);
            let mut told: Told = note.map(|note| read(&note.content)).transpose().map_err(unread)?.unwrap_or_default();
            change(&mut told);
            match self.notes.put(&key::told(bridge), written(&told).map_err(unread)?, version).await {
                Ok(_) => return Ok(()),
                Err(BrokerError::Exists { .. }) => {}
                Err(error) => return Err(away(error)),
            }
        }
        Err(status_of(Refused::Rule(No::Turn)))
    }
}

/// A later version wrote it.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn unread(error: anyhow::Error) -> Status {
    tracing::error!(error = format!("{error:#}"), "what is kept of a webhook cannot be read");
    Status::internal("what is kept of a webhook cannot be read; the log says why")
}
